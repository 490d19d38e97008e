"""reinforcement: several people must have told before anybody is convinced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.block import Record
from koubei_sim.core.compiling import kernel
from koubei_sim.model.mechanisms.declaration import (
    Made,
    Mechanism,
    Module,
    Slot,
    arrays,
    by_person,
    of_world,
)
from koubei_sim.model.mechanisms.fields import Part, Real, Whole, fraction, parameter

MOST_NEED: Final = 65535


class Needs(Part):
    """Of a segment: how many tellings its people need."""

    reinforcement: Whole = parameter(
        1,
        "distinct tellings needed before adopting",
        unit="tellings",
        neutral=1,
        low=1,
        high=65535,
        source="Centola and Macy 2007, complex contagion; the value is an assumption",
    )
    reinforcement_share: Real = fraction(
        0.0,
        "share of the people heard (in-neighbours over all feeds) that must have told",
        source="Watts 2002, threshold rule; the value is an assumption",
    )


@dataclass(frozen=True)
class ReinforcementRules(Record):
    """Whether anybody needs more than one telling."""

    reinforcement_on: int


@arrays
class ReinforcementPeople(Record):
    """Distinct tellings that people need; one entry where reinforcement is off."""

    need: NDArray[np.uint16] = of_world(np.uint16)


@arrays
class ReinforcementState(ReinforcementPeople):
    """What people have met."""

    # Bit c: board of channel c; bit 8 + c: own media there.
    board_heard: NDArray[np.uint16] = by_person(np.uint16, fill=0, needed="reinforcement_on")


@kernel
def _needs(heard, segment, least, share, out):
    """``max(least, ceil(share heard))``; a billionth is taken off against rounding up 3.0."""
    for i in range(out.size):
        s = segment[i]
        asked = np.int64(np.ceil(share[s] * heard[i] - 1e-9))
        out[i] = min(max(least[s], asked), MOST_NEED)


def people(made: Made) -> dict[str, Any]:
    """Return how many distinct tellings each person needs, [N], or [1] where nobody needs two.

    ``max(reinforcement, ceil(reinforcement_share * in-neighbours over all feeds))``.
    """
    segments, drawn = list(made.scenario.segments.values()), made.population
    one = {"need": np.ones(1, dtype=np.uint16)}
    if all(s.reinforcement == 1 and s.reinforcement_share == 0 for s in segments):
        return one
    heard = np.zeros(drawn.n, dtype=np.int64)
    for indices in made.graphs.indices:
        if indices.size:
            heard += np.bincount(indices, minlength=drawn.n)
    out = np.empty(drawn.n, dtype=np.uint16)
    least = np.array([s.reinforcement for s in segments], dtype=np.int64)
    share = np.array([s.reinforcement_share for s in segments], dtype=np.float64)
    _needs(heard, drawn.segment, least, share, out)
    return {"need": out} if out.max(initial=1) > 1 else one


def numbers(made: Made) -> ReinforcementRules:
    """Return whether anybody needs more than one telling."""
    return ReinforcementRules(reinforcement_on=int(made.people["need"].size > 1))


REINFORCEMENT = Mechanism(
    "reinforcement",
    people=people,
    numbers=numbers,
    state=ReinforcementState,
    listener=(Slot("tellers", "u2"),),
    modules=(
        Module(
            "reinforcement",
            ("segments.*.reinforcement", "segments.*.reinforcement_share"),
            "several people must have told",
            "要多个人说过才信",
        ),
    ),
)
