"""Scenarios against each other on the same luck, and what their difference comes from."""

from koubei_sim.studies.compare.attribution import Attribution, KnockOut, attribution, knock_out
from koubei_sim.studies.compare.breakeven import BreakEven, break_even
from koubei_sim.studies.compare.compare import Comparison, Difference, compare, paired
from koubei_sim.studies.compare.shapley import Shapley, shapley

__all__ = [
    "Attribution",
    "BreakEven",
    "Comparison",
    "Difference",
    "KnockOut",
    "Shapley",
    "attribution",
    "break_even",
    "compare",
    "knock_out",
    "paired",
    "shapley",
]
