"""forgetting: once a week, of those who know of the product, some no longer do."""

from __future__ import annotations

import numpy as np

from koubei_sim.core.bits import ONE, lowest_bit
from koubei_sim.core.codes import AWARE, UNAWARE
from koubei_sim.core.compiling import part
from koubei_sim.core.draws import draw32, stream
from koubei_sim.model.kernels.appeal import drop
from koubei_sim.model.kernels.returns import back_to_market
from koubei_sim.model.kernels.sets import thinned
from koubei_sim.model.mechanisms.forgetting import DRAW_FORGET, T_FORGOT, WEEK
from koubei_sim.model.mechanisms.returns import KNEW


@part
def forget(s, r, t, row):
    """Make those unaware again who forget; the coin comes first, for few records are looked at."""
    if r.forget_on == 0 or (t + 1) % WEEK != 0:
        return
    base, most = stream(r.key, r.replicate, DRAW_FORGET, t, 0), r.forget32[WEEK]
    for w in range(s.first >> 6, (s.last + 63) >> 6):
        word = thinned(s.hearing[w], base, w, most)
        while word != 0:
            i = (w << 6) + lowest_bit(word)
            word &= word - ONE
            if s.stage[i] != AWARE:
                continue
            v = s.listener[i]
            if draw32(base, i) < r.forget32[min(WEEK, t - np.int64(v.touched))]:
                back_to_market(s, r, i, t, UNAWARE)
                drop(s, r, i)
                v.heard &= np.uint8(KNEW - 1)  # what the rival takes now knows nothing
                row[T_FORGOT] += 1
