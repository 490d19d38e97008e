"""belonging: once a week everybody looks how many of those whom it hears on a feed are fans."""

from __future__ import annotations

import numpy as np
from numba import njit

from koubei_sim.core.bits import ONE, lowest_bit
from koubei_sim.core.block import view_int32, view_int64
from koubei_sim.core.compiling import part
from koubei_sim.core.prefetch import prefetch
from koubei_sim.model.mechanisms.belonging import WEEK


@part
def look_around(s, r, t):
    """Let everybody look around; whom it hears is counted once, at the first look."""
    if r.tribe < 0 or t % WEEK != 0:
        return
    indptr = view_int64(s.graph_at[r.tribe, 0], s.graph_size[r.tribe, 0])
    indices = view_int32(s.graph_at[r.tribe, 1], s.graph_size[r.tribe, 1])
    # Taken out of their block, or every store would have them read again.
    heard_there, fans_there, fans8 = s.heard_there, s.fans_there, s.fans8
    if heard_there[0] < 0:
        heard_there[:] = 0
        for e in range(indices.size):
            heard_there[indices[e]] += 1
    fans_there[:] = 0
    for w in range(s.raised.size):
        word = s.raised[w]
        while word != 0:
            fan = (w << 6) + lowest_bit(word)
            word &= word - ONE
            for e in range(indptr[fan], indptr[fan + 1]):
                fans_there[indices[e]] += 1
    for i in range(r.n):
        fans8[i] = 0
        if fans_there[i] > 0:
            fans8[i] = np.uint8(255 * np.int64(fans_there[i]) // np.int64(heard_there[i]))


@njit(cache=True, inline="always")
def fetch(s, r, i):
    """Have the share of fans around `i` brought into the cache: it hears something soon."""
    if r.tribe >= 0:
        prefetch(s.fans8.ctypes.data + np.uintp(i))


@njit(cache=True, inline="always")
def pulled(s, r, i, hazard):
    """Return the hazard of praise for one among fans."""
    if r.tribe < 0:
        return hazard
    return (hazard * r.pull16[s.fans8[i]]) >> 16


@part
def contented(s, r, i):
    """Return what being among fans adds to the satisfaction of `i`."""
    return 0.0 if r.tribe < 0 else r.belonging * (np.float64(s.fans8[i]) / 255.0)


@part
def wanted(s, r, i):
    """Return what being among fans adds to the utility of a good of ours."""
    return 0.0 if r.tribe < 0 else r.tribe_weight * (np.float64(s.fans8[i]) / 255.0)
