"""copying: others who do the same take room on all channels."""

from __future__ import annotations

import numpy as np
from numba import njit

from koubei_sim.core.codes import USER
from koubei_sim.core.compiling import part
from koubei_sim.model.mechanisms.population import T_STAGE


@part
def look(s, r):
    """Let others follow the share of users, and reckon what room they leave today."""
    if r.copied > 0.0:
        share = np.float64(s.stocks[T_STAGE + USER]) / np.float64(r.n)
        s.followed[0] += (share - s.followed[0]) * r.copied_step
    # Said anew where nobody copies, too: a fork may have sent them away.
    s.room16[0] = np.int64(65536.0 / (1.0 + r.copied * s.followed[0]))


@njit(cache=True, inline="always")
def crowded(s, hazard):
    """Return what is left of a hazard, or of a chance, of being seen."""
    return (hazard * s.room16[0]) >> 16
