"""One huge cascade on several threads, step by step.

In every step each thread lets its share of the frontier try its arcs, on a copy of the bitset of
those who were active before, and lists whom it reached; then each thread owns a range of people
and takes those of its range from all lists.  Sets do not depend on order, so the people active at
each step, and with them all totals, are those of `independent_batch`.

Called by `koubei_sim.cascades.single`, which holds the threads.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from koubei_sim.cascades.kernels.coins import ONE
from koubei_sim.cascades.kernels.independent import expand
from koubei_sim.core.codes import DRAW_ARC
from koubei_sim.core.draws import stream


@njit(cache=True, nogil=True)
def reach(rows, rule, s, visited, key, replicate, frontier, begin, end):
    """Let ``frontier[begin:end]`` try their arcs; list the reached in ``s.order``.

    Parameters
    ----------
    visited : uint64 bitset
        Everybody active before the step; not written.

    Returns
    -------
    int
        How many were found: all different, none of them active before.
    """
    base = stream(key, replicate, DRAW_ARC, 0, 0)
    low = stream(key, replicate, DRAW_ARC, 0, 1)
    s.visited[:] = visited
    return expand(rows, rule, s, base, low, np.uint64(0), frontier, begin, end, 0)


@njit(cache=True, nogil=True)
def claim(found, count, low_person, high_person, visited, taken, n):
    """Take the people of ``low_person .. high_person - 1`` from ``found[:count]`` into `taken`.

    `low_person` is a multiple of 64, so that no two threads write one word of `visited`.
    Returns the new length of `taken`.
    """
    # Half of the people belong to somebody else, at random: no branch, but a write of nothing to
    # a word of one's own.
    if low_person >= high_person:
        return n
    own = low_person >> 6
    for k in range(count):
        v = np.int64(found[k])
        mine = v >= low_person and v < high_person
        at = v >> 6 if mine else own
        bit = (ONE if mine else np.uint64(0)) << np.uint64(v & 63)
        word = visited[at]
        taken[n] = v
        n += np.int64(mine and (word & bit) == 0)
        visited[at] = word | bit
    return n
