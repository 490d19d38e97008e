"""Cascades: the classic rules of diffusion on any network, many replicates at a time.

`cascade` runs a rule; rules are small classes (`IndependentCascade`, `LinearThreshold`, `SIR`,
...), a family a file in `rules`; what comes back is a `CascadeResult`.  docs/cascades.md is the
norm for what each rule does.  This package uses networks and knows nothing of the pyramid model.
"""

from __future__ import annotations

from koubei_sim.cascades import rules
from koubei_sim.cascades.appeal import Appeal
from koubei_sim.cascades.groups import GroupLaunch, Groups, group_launch, random_groups
from koubei_sim.cascades.paired import PairedCascades, paired
from koubei_sim.cascades.result import CascadeResult
from koubei_sim.cascades.rules import *  # noqa: F403
from koubei_sim.cascades.run import cascade
from koubei_sim.cascades.seeds import RandomSeeds
from koubei_sim.cascades.start import Start
from koubei_sim.cascades.statistics import Budget, Precision
from koubei_sim.errors import old_names

__all__ = [
    "Appeal",
    "Budget",
    "CascadeResult",
    "GroupLaunch",
    "Groups",
    "PairedCascades",
    "Precision",
    "RandomSeeds",
    "Start",
    "cascade",
    "group_launch",
    "paired",
    "random_groups",
]
__all__ += rules.__all__

__getattr__ = old_names(__name__, {"load_cascade": "koubei_sim.load"})
