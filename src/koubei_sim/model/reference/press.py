"""press: the attention of campaigns to what people say, and what it makes of their visibility.

Visibility is asked for by hear; attention is settled in the evening, called by the schedule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.core.draws import log_portable
from koubei_sim.model.mechanisms.press import T_PRESS
from koubei_sim.model.reference.accounts import by_posts
from koubei_sim.model.reference.copying import with_room
from koubei_sim.model.reference.events import lifted

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day
    from koubei_sim.model.reference.state import Pyramid

CERTAIN = 4294967296.0


def is_running(model: Pyramid, m: int, t: int) -> bool:
    """Say whether campaign m can be seen on day t."""
    rules = model.rules
    c = rules.media_channel[m]
    return bool(rules.media_start[m] <= t < rules.media_end[m] and t >= rules.channel_opens[c])


def visibility(model: Pyramid, m: int, t: int) -> int:
    """Return the chance that a member sees campaign m on day t, times 2**32."""
    rules = model.rules
    much = float(rules.media_see32[m]) * (rules.media_lead[m] + model.attention[m])
    seen = int(min(CERTAIN, much))
    if rules.media_lifted[m]:
        seen = min(1 << 32, lifted(model, seen, rules.media_channel[m], t))
    return with_room(model, by_posts(model, m, seen))


def listen(model: Pyramid, day: Day) -> None:
    """Close the day of the campaigns: write down how much they were, then heed what was told."""
    rules = model.rules
    if not rules.press_on:
        return
    told = float(len(day.tellings)) * rules.media_scale
    for m in range(len(rules.media_channel)):
        if not is_running(model, m, day.t):
            continue
        before = model.attention[m]
        day.row[T_PRESS] += int((rules.media_lead[m] + before) * 65536.0)
        loud = float(log_portable((told + 1.0) / (rules.media_notice[m] + 1.0)))
        kept = (1.0 - rules.media_forget[m]) * before
        model.attention[m] = kept + rules.media_follow[m] * max(0.0, loud)
