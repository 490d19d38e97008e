"""expectations: who is served well comes to expect it, and who is surprised tells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from koubei_sim.core.block import Record
from koubei_sim.model.mechanisms.declaration import (
    FloatArray,
    Made,
    Mechanism,
    Module,
    Purpose,
    arrays,
    by_person,
)
from koubei_sim.model.mechanisms.fields import Part, Real, factor, fraction

DRAW_DELIGHT = Purpose(52, "tick, 0")


class Expectations(Part):
    """Of loyalty: expectations follow what is experienced."""

    bar_rise: Real = fraction(
        0.0, "share of the way from what was expected to what was found, a day of use", unit="1/day"
    )
    delight: Real = factor(
        0.0, "probability of a story for each unit of satisfaction above what was expected"
    )


@dataclass(frozen=True)
class ExpectationRules(Record):
    """How fast expectations follow, and what surprise is worth."""

    expectations_on: int
    bar_rise: float
    delight: float


@arrays
class ExpectationState(Record):
    """What each user has come to expect."""

    expected: FloatArray = by_person(np.float64, fill=0, needed="expectations_on", travels=True)


def numbers(made: Made) -> ExpectationRules:
    """Return how fast expectations follow, and what surprise is worth."""
    loyalty = made.scenario.loyalty
    return ExpectationRules(
        expectations_on=int(loyalty.bar_rise > 0.0 or loyalty.delight > 0.0),
        bar_rise=loyalty.bar_rise,
        delight=loyalty.delight,
    )


EXPECTATIONS = Mechanism(
    "expectations",
    numbers=numbers,
    state=ExpectationState,
    purposes=(DRAW_DELIGHT,),
    modules=(
        Module(
            "expectations",
            ("loyalty.bar_rise", "loyalty.delight"),
            "expectations follow what is experienced",
            "期望会随体验上升",
        ),
    ),
)
