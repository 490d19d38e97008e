"""team: minutes that complaints leave the staff answer what users tell on the day after.

Called by the schedule in the morning, by tell and by serve.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.model.mechanisms.team import DRAW_STAFF_REPLY, T_STAFF_REPLIES

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day
    from koubei_sim.model.reference.state import Person, Pyramid


def plan(model: Pyramid) -> None:
    """Reckon what share of tellings staff will reply to today, on each channel."""
    channels = range(model.rules.n_channels)
    model.staff_reply32 = [reply_chance32(model, c) for c in channels]


def reply_chance32(model: Pyramid, c: int) -> int:
    """Return the chance of a reply by staff on channel c today, in units of 2**-32."""
    each = model.rules.minutes_per_reply
    told = model.week[-1][0][c] if model.week else 0
    if each <= 0.0 or told == 0:
        return 0
    return int(min(1.0, model.spare[c] / (each * told)) * 4294967296.0)


def staff_reply(model: Pyramid, day: Day, user: Person, c: int) -> bool:
    """Toss the coin of a reply by staff to what a user told on channel c, and count it."""
    if model.coins.coin(DRAW_STAFF_REPLY, day.t, c, user.number) >= model.staff_reply32[c]:
        return False
    day.row[T_STAFF_REPLIES + c] += 1
    return True


def count_minutes(model: Pyramid, c: int, handled: int) -> None:
    """Note what so many complaints on channel c have left of the minutes of today."""
    rules = model.rules
    model.spare[c] = max(0.0, rules.staff_minutes[c] - rules.minutes_per_answer * handled)
