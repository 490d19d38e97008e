"""surprises: presents to some of the users who tell, by lot."""

from __future__ import annotations

import numpy as np

from koubei_sim.core.compiling import part
from koubei_sim.core.draws import draw32, stream
from koubei_sim.model.kernels.engagement import add_engagement
from koubei_sim.model.mechanisms.dilution import WEEK
from koubei_sim.model.mechanisms.surprises import DRAW_SURPRISE, T_SURPRISES


@part
def wrap(s, r, t):
    """Reckon the chance of a present on each channel, from what users told yesterday."""
    for c in range(r.n_channels):
        if r.surprises[c] > 0.0:
            told = s.told_in_week[c, (t + WEEK - 1) % WEEK]
            chance = min(1.0, r.surprises[c] / np.float64(told)) if told > 0 else 0.0
            s.surprise32[c] = np.int64(chance * 4294967296.0)


@part
def surprised(s, r, t, i, c, row):
    """Give user `i`, who tells on channel `c`, a present or none; say which."""
    if r.surprises[c] <= 0.0:
        return False
    if draw32(stream(r.key, r.replicate, DRAW_SURPRISE, t, c), i) >= s.surprise32[c]:
        return False
    row[T_SURPRISES + c] += 1
    add_engagement(s, r, i, t, r.surprise_gain[c])
    return True
