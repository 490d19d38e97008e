"""rival: offers that take people who have not decided.

Called by decide; who gives up waiting may go to the rival too (supply).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.core.codes import AWARE, LOG_RIVAL, RIVAL, UNAWARE
from koubei_sim.model.mechanisms.rival import DRAW_RIVAL, T_RIVAL_TAKEN, T_RIVAL_TAKEN_UNAWARE
from koubei_sim.model.reference.observe import remember
from koubei_sim.model.reference.returns import exponential, schedule_return

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day
    from koubei_sim.model.reference.state import Person, Pyramid


def rival(model: Pyramid, day: Day) -> None:
    """Let today's offers reach people, in ascending order."""
    if model.rules.rival_on:
        for person in model.people:
            rival_offer(model, day, person)


def rival_offer(model: Pyramid, day: Day, person: Person) -> None:
    """Let today's offer of the rival reach a person, if one falls today.

    Offers form a Poisson process in cumulative hazard, at most one a tick; those to people
    who are neither unaware nor aware pass.
    """
    rules, t = model.rules, day.t
    if person.offer_at_hazard is None:
        person.offer_at_hazard = offer_gap(model, person)
    if rules.rival_cumulative[t] < person.offer_at_hazard:
        return
    person.offers += 1
    person.offer_at_hazard += offer_gap(model, person)
    if person.stage in (UNAWARE, AWARE):
        person.returns_as = person.stage  # who had never heard of it will not have heard then
        day.row[T_RIVAL_TAKEN_UNAWARE] += int(person.stage == UNAWARE)
        person.stage = RIVAL
        schedule_return(model, t, person, RIVAL, rules.replacement_days)
        remember(model, t, LOG_RIVAL, person)
        day.row[T_RIVAL_TAKEN] += 1


def offer_gap(model: Pyramid, person: Person) -> int:
    """Return the hazard between the last offer to a person and its next, units of 2**-26."""
    bits = model.coins.word(DRAW_RIVAL, person.offers, 0, person.number)
    return max(1, exponential(bits))
