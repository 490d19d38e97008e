"""age: what the day leaves behind - meetings, contests, events, and the weekly review of tiers.

Eighth step of the schedule.  Promotion happens at the tick of a gain (`engagement.promote`),
demotion only here: nobody falls and rises within a week for the noise of a day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.core.codes import CASUAL, USER
from koubei_sim.model.reference import contests, events, forgetting, goods, meetings
from koubei_sim.model.reference.engagement import present_engagement

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day
    from koubei_sim.model.reference.state import Pyramid

WEEK = 7


def age(model: Pyramid, day: Day) -> None:
    """Settle meeting, contests, events and, once a week, tiers, accessories, forgetting."""
    meetings.settle(model, day)
    contests.settle_contests(model, day)
    events.settle_events(model, day)
    if (day.t + 1) % WEEK == 0:
        review_tiers(model, day)
        goods.accessories(model, day)
        forgetting.forget(model, day)


def review_tiers(model: Pyramid, day: Day) -> None:
    """Demote every user, core seeds too, whose engagement no longer keeps its tier."""
    keep = model.rules.tier_keep
    for user in model.people:
        if user.stage != USER:
            continue
        present = present_engagement(model, day.t, user)
        while user.tier > CASUAL and present < keep[user.tier]:
            user.tier -= 1
