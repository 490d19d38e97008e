"""returns: the one way back into the market.

Called by decide, supply and leaving.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from koubei_sim.core.codes import AWARE, UNAWARE
from koubei_sim.core.draws import RESISTANCE_BITS, exponential_units
from koubei_sim.model.mechanisms.returns import DRAW_RETURN, T_RETURNS, T_RETURNS_UNAWARE
from koubei_sim.model.reference.state import NEVER

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day
    from koubei_sim.model.reference.state import Person, Pyramid


def returns(model: Pyramid, day: Day) -> None:
    """Let those come back whose day it is, in ascending order."""
    t = day.t
    for person in model.people:
        if person.return_at == t:
            come_back(t, person, person.returns_as)
            person.talk_until = t  # nothing new to relay
            person.return_at = NEVER
            person.returns_as = AWARE
            day.row[T_RETURNS] += 1
            day.row[T_RETURNS_UNAWARE] += int(person.stage == UNAWARE)


def schedule_return(model: Pyramid, t: int, person: Person, reason: int, mean_days: int) -> None:
    """Set the tick on which one who left the market comes back; mean 0: never."""
    if mean_days == 0:
        person.return_at = NEVER
        return
    bits = model.coins.word(DRAW_RETURN, t, reason, person.number)
    person.return_at = t + 1 + (exponential(bits) * mean_days >> RESISTANCE_BITS)


def exponential(bits: int) -> int:
    """Return an Exp(1) variable in units of 2**-26 from 64 bits."""
    return int(exponential_units(np.uint64(bits)))


def come_back(t: int, person: Person, stage: int) -> None:
    """Put a person back into the market, with nothing heard yet."""
    person.stage = stage
    person.hazard = 0
    person.tellers = 0
    person.board_heard.clear()
    person.touched = t
