"""Who should start: the people who reach most, with a proof; and rankings without one.

`maximise` chooses on reverse reachable sets and says how near the best of any choice it comes;
`reverse_sets` hands the sets out.  The rankings (`degree`, `kshell`, ...) are those of
`koubei_sim.networks.seeding`, which need a bare network only.  `choose` tries policies on the whole
model.  docs/seeding.md is the norm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from koubei_sim.networks import seeding as rankings
from koubei_sim.networks.seeding import *  # noqa: F403
from koubei_sim.seeding.batches import Adaptive, Simulated, adaptive
from koubei_sim.seeding.classics import celf, imm
from koubei_sim.seeding.compromise import Compromise, fair, robust
from koubei_sim.seeding.fastest import Fastest, fastest
from koubei_sim.seeding.fewest_seeds import fewest
from koubei_sim.seeding.improving import Improved, improve
from koubei_sim.seeding.loop import maximise
from koubei_sim.seeding.matching import Matching, matching_random
from koubei_sim.seeding.off_policy import OffPolicy, off_policy
from koubei_sim.seeding.pool import reverse_sets
from koubei_sim.seeding.result import Fewest, Reach, Seeds

if TYPE_CHECKING:
    from koubei_sim.studies.decide.choice import Choice
    from koubei_sim.studies.decide.choose import choose

__all__ = ["Adaptive", "Choice", "Compromise", "Fastest", "Fewest", "Improved", "Matching"]
__all__ += ["OffPolicy", "Reach", "Seeds", "Simulated", "adaptive", "celf", "choose", "fair"]
__all__ += ["fastest", "fewest", "imm", "improve", "matching_random", "maximise", "off_policy"]
__all__ += ["reverse_sets", "robust"]
__all__ += rankings.__all__


def __getattr__(name: str) -> Any:
    """Load what stands in the studies when it is asked for: they take as long as all the rest."""
    if name == "choose":
        from koubei_sim.studies.decide.choose import choose

        return choose
    if name == "Choice":
        from koubei_sim.studies.decide.choice import Choice

        return Choice
    return getattr(rankings, name)
