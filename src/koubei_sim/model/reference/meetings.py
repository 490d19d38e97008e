"""meetings: users come together offline, are moved by it, and leave with new ties.

`gather` runs after tell and finds who comes; `settle` runs in age, when the meeting has its
effect.  A cap on places is filled by keyed lot, so more places never change who had one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.core.codes import USER
from koubei_sim.model.mechanisms.meetings import DRAW_ATTEND, DRAW_MEET, T_MEETING_ATTENDEES
from koubei_sim.model.reference import bonds
from koubei_sim.model.reference.engagement import add_engagement
from koubei_sim.model.reference.online import users

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day
    from koubei_sim.model.reference.state import Pyramid

FULL_TIE = 255  # tie byte of people who have met


def gather(model: Pyramid, day: Day) -> None:
    """Find the attendees of today's meeting, in ascending order of their draws."""
    rules, t = model.rules, day.t
    m = rules.meeting_at[t]
    if m < 0:
        return
    candidates = [
        user
        for user in users(day)
        if rules.meeting_channel[m] in user.channels
        and model.coins.coin(DRAW_ATTEND, t, m, user.number) < rules.meeting_attend32[m]
    ]
    candidates.sort(key=lambda user: model.coins.word(DRAW_MEET, t, m, user.number))
    day.attendees = candidates[: rules.meeting_cap[m]]
    day.row[T_MEETING_ATTENDEES] += len(day.attendees)


def settle(model: Pyramid, day: Day) -> None:
    """Give attendees their gain and tie each to the next ones of the circle they stand in.

    One who has left meanwhile gains nothing but was there: its ties are made.
    """
    rules = model.rules
    m = rules.meeting_at[day.t]
    if m < 0:
        return
    for attendee in day.attendees:
        if attendee.stage == USER:
            add_engagement(model, day.t, attendee, rules.meeting_gain[m])
    bonds.visit(model, day, m)

    c = rules.meeting_channel[m]
    if rules.is_board[c]:
        return
    present = len(day.attendees)
    # At most half of the circle on each side: no pair is tied twice.
    reach = min(rules.meeting_ties[m], (present - 1) // 2)
    for k in range(present):
        for r in range(1, reach + 1):
            one = day.attendees[k].number
            other = day.attendees[(k + r) % present].number
            model.listeners[c][one].append((other, FULL_TIE))
            model.listeners[c][other].append((one, FULL_TIE))
