"""accounts: posts of a campaign, and those who follow it no more."""

from __future__ import annotations

import numpy as np

from koubei_sim.core.bits import has, insert
from koubei_sim.core.codes import AWARE
from koubei_sim.core.compiling import part
from koubei_sim.core.draws import draw32, pick, power_portable, stream
from koubei_sim.model.mechanisms.accounts import (
    CLASSES,
    DRAW_TOLERANCE,
    DRAW_UNFOLLOW,
    T_UNFOLLOWS,
)

UNIT32 = 1 << 32


@part
def any_post32(r, m, visible):
    """Return the chance of seeing one post at least of today's, from that of each."""
    if r.media_posts[m] == 1.0:
        return visible
    unseen = power_portable(1.0 - np.float64(visible) / 4294967296.0, r.media_posts[m])
    return np.int64((1.0 - unseen) * 4294967296.0)


@part
def followers(s, r, t, c, m, seers, row):
    """Keep who of the collected follows campaign `m`, on channel `c`; some leave it after this."""
    if r.unfollow_on == 0 or r.unfollow32[m, 0] == 0:
        return seers
    block, left, limit = s.block_listener, s.left[m], r.unfollow32[m]
    base = stream(r.key, r.replicate, DRAW_UNFOLLOW, t, m)
    patience = stream(r.key, r.replicate, DRAW_TOLERANCE, 0, m)
    kept = 0
    for k in range(seers):
        i = block[k]
        if has(left, i):
            continue
        block[kept] = i
        kept += 1
        coin = draw32(base, i)
        if s.listener[i].stage > AWARE:  # won today already, so it sees nothing
            continue
        if coin < limit[0] and coin < limit[pick(draw32(patience, i), CLASSES)]:
            insert(left, i)
            row[T_UNFOLLOWS + c] += 1
    return kept
