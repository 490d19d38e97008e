"""Cascades: the classic rules of diffusion on any network, many replicates at a time.

`cascade` runs a rule; rules are small classes (`IndependentCascade`, `LinearThreshold`, `SIR`,
...); what comes back is a `CascadeResult`.  docs/cascades.md is the norm for what each rule does.
This package lies beside `simulate`: it uses networks and kernels, and knows nothing of the
pyramid model.
"""

from __future__ import annotations

from koubei_sim.cascades.paired import PairedCascades, paired
from koubei_sim.cascades.result import CascadeResult
from koubei_sim.cascades.rules import (
    SIR,
    SIS,
    Bass,
    CompetingCascades,
    DelayedCascade,
    FractionalSIR,
    FractionalThreshold,
    IndependentCascade,
    LinearThreshold,
    NegativeCascade,
    Reinforcement,
    Rule,
)
from koubei_sim.cascades.run import cascade
from koubei_sim.cascades.seeds import RandomSeeds
from koubei_sim.cascades.statistics import Budget, Precision
from koubei_sim.errors import old_names

__all__ = [
    "SIR",
    "SIS",
    "Bass",
    "Budget",
    "CascadeResult",
    "CompetingCascades",
    "DelayedCascade",
    "FractionalSIR",
    "FractionalThreshold",
    "IndependentCascade",
    "LinearThreshold",
    "NegativeCascade",
    "PairedCascades",
    "Precision",
    "RandomSeeds",
    "Reinforcement",
    "Rule",
    "cascade",
    "paired",
]

__getattr__ = old_names(__name__, {"load_cascade": "koubei_sim.loading.load"})
