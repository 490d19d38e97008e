"""fatigue: how often one has told and joined is forgotten with a half-life, as far as it tires."""

from __future__ import annotations

import numpy as np

from koubei_sim.core.compiling import part
from koubei_sim.core.draws import draw32, stream
from koubei_sim.model.mechanisms.fatigue import DRAW_RECOVER

BASE_RECOVER = 6


@part
def prepare(s, r, t):
    """Compute the base of today's roundings."""
    s.bases[BASE_RECOVER] = stream(r.key, r.replicate, DRAW_RECOVER, t, 0)


@part
def faded(counts, left16, chance16):
    """Return eight counters of one byte each, of which a part is left, rounded by chance."""
    kept = np.uint64(0)
    for byte in range(8):
        count = np.int64((counts >> np.uint64(8 * byte)) & np.uint64(255))
        if count > 0:
            kept |= np.uint64((count * left16 + chance16) >> 16) << np.uint64(8 * byte)
    return kept


@part
def recover(s, r, i, t):
    """Let agent `i` recover up to tick `t`: one chance rounds all its counters."""
    a = s.actor[i]
    if r.recovery_on == 1 and t > a.rested and (a.told != 0 or a.joined != 0):
        left16 = r.recovery16[t - np.int64(a.rested)]
        chance16 = draw32(s.bases[BASE_RECOVER], i) >> 16
        a.told = faded(a.told, left16, chance16)
        a.joined = faded(a.joined, left16, chance16)
    a.rested = t
