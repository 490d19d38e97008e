"""dilution: replies fall with the share of enthusiasts among those who told in the last week."""

from __future__ import annotations

import numpy as np

from koubei_sim.core.codes import FULL16
from koubei_sim.core.compiling import part
from koubei_sim.core.draws import power_portable
from koubei_sim.model.mechanisms.dilution import T_TELLS_ENTHUSIAST, WEEK
from koubei_sim.model.mechanisms.telling import T_TELLS_NEGATIVE, T_TELLS_POSITIVE


@part
def look_back(s, r):
    """Reckon what is left of replies today, on each channel."""
    for c in range(r.n_channels):
        s.reply16[c] = FULL16
        told = s.told_in_week[c].sum()
        if r.dilution[c] > 0.0 and told > 0:
            share = np.float64(s.told_by_enthusiasts[c].sum()) / np.float64(told)
            s.reply16[c] = np.int64(power_portable(share, r.dilution[c]) * 65536.0)


@part
def remember(s, r, t, row):
    """Keep what users told today for a week."""
    for c in range(r.n_channels):
        s.told_in_week[c, t % WEEK] = row[T_TELLS_POSITIVE + c] + row[T_TELLS_NEGATIVE + c]
        s.told_by_enthusiasts[c, t % WEEK] = row[T_TELLS_ENTHUSIAST + c]
