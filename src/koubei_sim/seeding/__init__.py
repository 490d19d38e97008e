"""Who should start: the people who reach most, with a proof; and rankings without one.

`maximise` chooses on reverse reachable sets and says how near the best of any choice it comes;
`reverse_sets` hands the sets out.  The rankings (`degree`, `kshell`, ...) are those of
`koubei_sim.networks.seeding`, which need a bare network only.  docs/seeding.md is the norm.
"""

from __future__ import annotations

from koubei_sim.networks import seeding as rankings
from koubei_sim.networks.seeding import *  # noqa: F403
from koubei_sim.seeding.fastest import Fastest, fastest
from koubei_sim.seeding.fewest_seeds import fewest
from koubei_sim.seeding.loop import maximise
from koubei_sim.seeding.pool import reverse_sets
from koubei_sim.seeding.result import Fewest, Reach, Seeds

__all__ = ["Fastest", "Fewest", "Reach", "Seeds", "fastest", "fewest", "maximise", "reverse_sets"]
__all__ += rankings.__all__
