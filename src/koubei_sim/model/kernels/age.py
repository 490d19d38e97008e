"""age: once a week tiers are looked at again."""

from __future__ import annotations

import numpy as np

from koubei_sim.core.bits import ONE, lowest_bit
from koubei_sim.core.compiling import part
from koubei_sim.core.prefetch import prefetch
from koubei_sim.model.kernels.engagement import move_tier, present


@part
def review(s, r, t):
    """Once a week demote every user whose present engagement no longer keeps the tier."""
    if (t + 1) % 7 != 0:
        return
    actors = s.actor.ctypes.data
    width = np.uintp(s.actor.itemsize)
    raised = s.raised
    end = (s.last + 63) >> 6
    for w in range(s.first >> 6, end):
        word = raised[w]
        ahead = raised[w + 1] if w + 1 < end else np.uint64(0)
        while ahead != 0:
            i = ((w + 1) << 6) + lowest_bit(ahead)
            prefetch(actors + np.uintp(i) * width)
            ahead &= ahead - ONE
        while word != 0:
            i = (w << 6) + lowest_bit(word)
            word &= word - ONE
            a = s.actor[i]
            e = present(a, r, t)
            tier = a.tier
            while tier > 0 and e < r.tier_keep[tier]:
                tier -= 1
            if tier != a.tier:
                move_tier(s, r, i, a, tier)
