"""talking points: an online user may have something new to tell today."""

from __future__ import annotations

from koubei_sim.core.compiling import part
from koubei_sim.core.draws import draw32, stream
from koubei_sim.model.mechanisms.talking_points import DRAW_TALKING_POINT


@part
def hear_news(s, r, i, t):
    """Give online user `i` something new to tell, if a channel of its has any today."""
    if r.news_on == 0:
        return
    a = s.actor[i]
    limit = 0
    for c in range(r.n_channels):
        if (a.channels >> c) & 1 and t >= r.channel_opens[c]:
            limit = max(limit, r.news32[c, t])
    if limit > 0 and draw32(stream(r.key, r.replicate, DRAW_TALKING_POINT, t, 0), i) < limit:
        a.last_story = t
