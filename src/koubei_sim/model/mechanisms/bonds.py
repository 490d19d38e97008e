"""bonds: replies and answers tie a user to the place; who is tied convinces more, and buys.

A bond is a number between 0 and 1 of each person.  Every reply takes it a share of what is missing
nearer to 1; without any it fades.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.block import Record
from koubei_sim.model.mechanisms.declaration import (
    FloatArray,
    Made,
    Mechanism,
    Module,
    arrays,
    by_person,
)
from koubei_sim.model.mechanisms.fields import (
    Part,
    Real,
    factor,
    fraction,
    infinite,
    only_with,
)
from koubei_sim.model.mechanisms.numbers import halving


class Bonds(Part):
    """Of telling: how replies tie users, and what that is worth."""

    bond: Real = fraction(
        0.0,
        "share of what is missing of a full bond that a reply to a user, or an answer, adds",
        source="Granovetter 1973 on ties that grow with time and favours; form and value are "
        "assumptions",
    )
    bond_half_life: Real = infinite("days", "half-life of a bond without replies")
    bond_gain: Real = factor(
        0.0, "by how much more praise of a fully bound user convinces", high=7.0
    )


class BondWeight(Part):
    """Of buying: what it is worth to be bound."""

    bond_weight: Real = factor(0.0, "utility of a good of ours for who is fully bound")


class Visit(Part):
    """Of an event: what visitors see."""

    visit: Real = only_with(
        "offline",
        fraction(
            0.0,
            "how far a visit takes the bond of who comes towards what the product is worth to them",
        ),
    )


@dataclass(frozen=True)
class BondRules(Record):
    """How bonds grow and fade, and what they are worth."""

    bonds_on: int
    bond_growth: float
    bond_left: FloatArray  # [T + 1] by days
    bond_gain: float
    bond_weight: float
    meeting_visit: FloatArray  # [M]


@arrays
class BondState(Record):
    """Bonds as they were at their last change."""

    bond: FloatArray = by_person(np.float64, fill=0, needed="bonds_on", travels=True)
    bound_at: NDArray[np.int32] = by_person(np.int32, fill=0, needed="bonds_on", travels=True)


def numbers(made: Made) -> BondRules:
    """Return how bonds grow and fade, and what they are worth."""
    scenario = made.scenario
    telling, weight = scenario.telling, scenario.buying.bond_weight
    visits = [event.visit for event in scenario.events.values() if event.offline]
    made_by: Any = telling.bond > 0.0 or any(visit > 0.0 for visit in visits)
    return BondRules(
        bonds_on=int(bool(made_by) and (telling.bond_gain > 0.0 or weight > 0.0)),
        bond_growth=telling.bond,
        bond_left=np.array(halving(telling.bond_half_life, scenario.ticks + 1)),
        bond_gain=telling.bond_gain,
        bond_weight=weight,
        meeting_visit=np.array(visits, dtype=np.float64),
    )


BONDS = Mechanism(
    "bonds",
    numbers=numbers,
    state=BondState,
    modules=(
        Module(
            "bonds",
            ("telling.bond", "events.*.visit"),
            "replies and visits bind users",
            "回复与探访加深关系",
        ),
    ),
)
