"""The rules that `cascade` runs, one file a family; docs/cascades.md is the norm for each."""

from __future__ import annotations

from koubei_sim.cascades.rules.base import Rule
from koubei_sim.cascades.rules.bass import Bass
from koubei_sim.cascades.rules.competing import CompetingCascades, NegativeCascade
from koubei_sim.cascades.rules.counting import FractionalThreshold, Reinforcement
from koubei_sim.cascades.rules.delayed import DelayedCascade
from koubei_sim.cascades.rules.epidemics import SIR, SIS, FractionalSIR
from koubei_sim.cascades.rules.independent import IndependentCascade
from koubei_sim.cascades.rules.linear import LinearThreshold

__all__ = [
    "SIR",
    "SIS",
    "Bass",
    "CompetingCascades",
    "DelayedCascade",
    "FractionalSIR",
    "FractionalThreshold",
    "IndependentCascade",
    "LinearThreshold",
    "NegativeCascade",
    "Reinforcement",
    "Rule",
]

#: In the order of the command line and of docs/cascades.md.
FAMILIES: tuple[type[Rule], ...] = (
    IndependentCascade,
    LinearThreshold,
    FractionalThreshold,
    Reinforcement,
    CompetingCascades,
    NegativeCascade,
    DelayedCascade,
    Bass,
    SIR,
    FractionalSIR,
    SIS,
)
