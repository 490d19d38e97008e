"""reinforcement: distinct tellers are counted, and enough of them are needed."""

from __future__ import annotations

import numpy as np
from numba import njit

from koubei_sim.core.compiling import part
from koubei_sim.core.prefetch import prefetch


@njit(cache=True, inline="always")
def needed(s, r):
    """Return whether tellers count, and how many each person needs: to be asked before a loop."""
    return r.reinforcement_on == 1, s.need


@njit(cache=True, inline="always")
def count_teller(v):
    """Count one more teller of listener `v`."""
    if v.tellers < 65535:
        v.tellers += 1


@njit(cache=True, inline="always")
def fetch_sources(s, i):
    """Have the boards and campaigns that `i` has met brought into the cache."""
    prefetch(s.board_heard.ctypes.data + np.uintp(i) * np.uintp(s.board_heard.itemsize))


@njit(cache=True, inline="always")
def count_source(s, i, v, mark):
    """Count a board or a campaign as one teller, the first time it is met."""
    if s.board_heard[i] & mark == 0:
        s.board_heard[i] |= mark
        count_teller(v)


@njit(cache=True, inline="always")
def enough_tellers(v, reinforcement, need, i):
    """Return whether enough have told listener `v`, who is agent `i`."""
    return not reinforcement or v.tellers >= need[i]


@part
def forget_tellers(s, r, i):
    """Let an agent begin anew."""
    s.listener[i].tellers = 0
    if r.reinforcement_on == 1:
        s.board_heard[i] = np.uint16(0)
