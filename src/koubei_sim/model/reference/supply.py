"""supply: where units are scarce, people wait for one.

Units come in rounds; what is in stock sells every day, to those first who have an invite of their
recruiter, then by lot; who waits may give up, to the rival or for good.  Sixth step of the
schedule, only where `supply_on`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.core.codes import AWARE, LOG_GIVE_UP, LOG_RIVAL, RIVAL, USER, WAITING
from koubei_sim.model.mechanisms.supply import (
    DRAW_GIVE_UP,
    DRAW_GIVE_UP_RIVAL,
    DRAW_INVITE,
    DRAW_LOTTERY,
    T_GIVE_UPS,
    T_GIVE_UPS_RIVAL,
    T_INVITED,
    T_LOTTERY,
    T_STOCK,
    T_WAITS,
)
from koubei_sim.model.reference.adoption import adopt
from koubei_sim.model.reference.observe import remember
from koubei_sim.model.reference.returns import come_back, schedule_return

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day
    from koubei_sim.model.reference.state import Person, Pyramid


def supply(model: Pyramid, day: Day) -> None:
    """Hand out invites and units, then let those who wait give up."""
    if not model.rules.supply_on:
        return
    hand_out_invites(model, day)
    model.stock += model.rules.units[day.t]
    sell(model, day)
    day.row[T_STOCK] = model.stock
    for person in waiting(model):
        if person.waits_since < day.t:
            consider_giving_up(model, day, person)


def adopt_or_wait(model: Pyramid, day: Day, person: Person) -> None:
    """Let a claimed person adopt or, where units are scarce, begin to wait (step decide)."""
    if not model.rules.supply_on:
        adopt(model, day, person)
        return
    person.stage = WAITING
    person.invited = False
    person.waits_since = day.t
    day.row[T_WAITS] += 1


def waiting(model: Pyramid) -> list[Person]:
    """Return all who wait, in ascending order."""
    return [person for person in model.people if person.stage == WAITING]


def hand_out_invites(model: Pyramid, day: Day) -> None:
    """Give those who started to wait today an invite, in keyed order, while recruiters have any."""
    t = day.t
    started = [person for person in waiting(model) if person.waits_since == t]
    started.sort(key=lambda person: model.coins.word(DRAW_INVITE, t, 0, person.number))
    for person in started:
        if person.recruiter < 0:
            continue
        recruiter = model.people[person.recruiter]
        if recruiter.stage == USER and recruiter.invites > 0:
            recruiter.invites -= 1
            person.invited = True


def sell(model: Pyramid, day: Day) -> None:
    """Sell what is in stock: to the invited first, then to the others, by lot among themselves."""
    t = day.t
    line = waiting(model)
    line.sort(key=lambda person: model.coins.word(DRAW_LOTTERY, t, 0, person.number))
    line.sort(key=lambda person: not person.invited)
    for person in line[: model.stock]:
        adopt(model, day, person)
        model.stock -= 1
        day.row[T_INVITED if person.invited else T_LOTTERY] += 1


def consider_giving_up(model: Pyramid, day: Day, person: Person) -> None:
    """Toss the coins of one who has waited since an earlier day."""
    rules, t = model.rules, day.t
    if model.coins.coin(DRAW_GIVE_UP, t, 0, person.number) >= rules.give_up32:
        return
    if model.coins.coin(DRAW_GIVE_UP_RIVAL, t, 0, person.number) < rules.give_up_rival32:
        person.stage = RIVAL
        schedule_return(model, t, person, RIVAL, rules.replacement_days)
        day.row[T_GIVE_UPS_RIVAL] += 1
        remember(model, t, LOG_RIVAL, person, person.product)
    else:
        come_back(t, person, AWARE)
        day.row[T_GIVE_UPS] += 1
        remember(model, t, LOG_GIVE_UP, person, person.product)
