"""Who should start: the people who reach most, with a proof; and rankings without one.

`maximise` chooses on reverse reachable sets and says how near the best of any choice it comes;
`reverse_sets` hands the sets out.  The rankings (`degree`, `kshell`, ...) are those of
`koubei_sim.networks.seeding`, which need a bare network only.  docs/seeding.md is the norm.
"""

from __future__ import annotations

from koubei_sim.networks import seeding as rankings
from koubei_sim.networks.seeding import *  # noqa: F403
from koubei_sim.seeding.batches import Adaptive, Simulated, adaptive
from koubei_sim.seeding.classics import celf, imm
from koubei_sim.seeding.compromise import Compromise, fair, robust
from koubei_sim.seeding.loop import maximise
from koubei_sim.seeding.matching import Matching, matching_random
from koubei_sim.seeding.pool import reverse_sets
from koubei_sim.seeding.result import Reach, Seeds

__all__ = ["Reach", "Seeds", "maximise", "reverse_sets"]
__all__ += ["Adaptive", "Compromise", "Matching", "Simulated"]
__all__ += ["adaptive", "celf", "fair", "imm", "matching_random", "robust"]
__all__ += rankings.__all__
