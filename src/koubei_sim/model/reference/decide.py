"""decide: the claimed adopt or wait, the repelled turn away, the rival takes, some come back.

At the end those register who came to know the product and belong on a board.

Fifth step of the schedule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.core.codes import (
    AWARE,
    LOG_REJECT,
    REJECTED,
)
from koubei_sim.model.mechanisms.rejection import T_REJECTIONS
from koubei_sim.model.reference.observe import remember
from koubei_sim.model.reference.registration import register
from koubei_sim.model.reference.returns import returns, schedule_return
from koubei_sim.model.reference.rival import rival
from koubei_sim.model.reference.supply import adopt_or_wait

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day
    from koubei_sim.model.reference.state import Person, Pyramid


def decide(model: Pyramid, day: Day) -> None:
    """Settle claims, rejections, relays, offers, returns, registrations, each by number."""
    rules, t = model.rules, day.t
    for person in in_order(day.claimed):
        adopt_or_wait(model, day, person)
    for person in in_order(day.rejected):
        person.talk_until = t + rules.rejecter_days
        schedule_return(model, t, person, REJECTED, rules.rejected_return)
        remember(model, t, LOG_REJECT, person, person.product_heard)
        day.row[T_REJECTIONS] += 1
    if rules.relay_on:
        for person in in_order(day.newly_aware):
            if person.stage == AWARE:
                person.talk_until = t + rules.relay_days
    rival(model, day)
    returns(model, day)
    register(model, day)


def in_order(people: list[Person]) -> list[Person]:
    """Return people in ascending order of their numbers."""
    return sorted(people, key=lambda person: person.number)
