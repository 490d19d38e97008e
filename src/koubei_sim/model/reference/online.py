"""online: who can act in this tick.

The only place where activity enters the model: acts of one person are correlated in time
because one coin opens the door to all of them.  Called by the schedule before participate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.core.codes import AWARE, DRAW_ONLINE, REJECTED, USER, WAITING

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day
    from koubei_sim.model.reference.state import Person, Pyramid


def is_talker(model: Pyramid, day: Day, person: Person) -> bool:
    """Say whether a person could tell anything in this tick, were it online.

    Parameters
    ----------
    model : Pyramid
    day : Day
    person : Person

    Returns
    -------
    bool
        True for users, for waiting people where `waiting_tells`, for rejecters in their
        talking days, and for aware people in theirs where `relay_on`.
    """
    rules = model.rules
    if person.stage == USER:
        return True
    if person.stage == WAITING:
        return bool(rules.waiting_tells)
    if person.stage == REJECTED:
        return day.t <= person.talk_until
    if person.stage == AWARE:
        return bool(rules.relay_on) and day.t <= person.talk_until
    return False


def online(model: Pyramid, day: Day) -> list[Person]:
    """Return all talkers who are online in this tick, in ascending order.

    ``(ONLINE, t, 0)[i] <= online_threshold[i]``: at most, not below, so that the largest
    threshold is certainty.
    """
    return [
        person
        for person in model.people
        if is_talker(model, day, person)
        and model.coins.coin(DRAW_ONLINE, day.t, 0, person.number) <= person.online_threshold
    ]


def users(day: Day) -> list[Person]:
    """Return the online users, in ascending order."""
    return [person for person in day.online if person.stage == USER]
