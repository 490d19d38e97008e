"""events: participants gain from what they achieved themselves.

Called by age; that more is told and noticed while an event runs stands in tell and hear.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.core.codes import USER
from koubei_sim.model.reference.engagement import add_engagement

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day
    from koubei_sim.model.reference.state import Pyramid


def lifted(model: Pyramid, much: int, c: int, t: int) -> int:
    """Return what an amount on channel c is worth while its events run."""
    return int(much * model.rules.lift_visibility16[c][t] >> 16)


def settle_events(model: Pyramid, day: Day) -> None:
    """Give participants of events their gain from what they themselves achieved today.

    n = own replies on the channel + own recruits of the day; the gain saturates in n.
    """
    rules, t = model.rules, day.t
    for part in day.event_tellings:
        user, c = part.teller, part.channel
        if user.stage != USER:
            continue
        n = part.replies + day.recruits[user.number]
        if n > 0:
            share = n / (n + rules.event_saturation[c][t])
            add_engagement(model, t, user, rules.event_gain[c][t] * share)
