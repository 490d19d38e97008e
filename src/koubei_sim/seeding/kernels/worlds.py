"""Worlds of live arcs, and greedy on them: who reaches most people not reached yet, on average.

A world is drawn once and judges every choice (Chen, Wang and Yang 2009): world r has the coins of
replicate r of `cascade`.  Person u of world i stands at ``i n + u``.  docs/seeding.md (other aims)
is the norm.

Called by `seeding.classics`.
"""

from __future__ import annotations

from heapq import heapify, heappop, heapreplace
from typing import Final

import numpy as np
from numba import njit

from koubei_sim.seeding.kernels.live import live_arcs
from koubei_sim.seeding.kernels.search import streams_of

_LAST: Final = (1 << 31) - 1


@njit(cache=True, nogil=True)
def draw_worlds(h, key, first, many, found, cursor, targets):
    """Draw the live arcs of worlds ``first``, ..., `many` of them.

    Without `targets` the arcs out of each person are counted in `cursor`; with them they are
    written from `cursor` on, which moves to their ends.
    """
    n = h.indptr.size - 1
    for i in range(many):
        one, two = streams_of(h, key, first + i, 0)
        for v in range(n):
            for m in range(live_arcs(h, v, one, two, found)):
                at = i * n + h.source[found[m]]
                if targets.size:
                    targets[cursor[at]] = v
                cursor[at] += 1


@njit(cache=True)
def _reach(starts, targets, n, v, reached, queue, keep, sizes):
    """Return how many people `v` adds over all worlds; `keep` leaves them reached."""
    gain = np.int64(0)
    for i in range(sizes.size):
        base = i * n
        if reached[base + v]:
            continue
        queue[0], done, size = v, 0, 1
        reached[base + v] = True
        while done < size:
            u = queue[done]
            done += 1
            for e in range(starts[base + u], starts[base + u + 1]):
                w = targets[e]
                if not reached[base + w]:
                    reached[base + w] = True
                    queue[size] = w
                    size += 1
        gain += size
        if keep:
            sizes[i] += size
        else:
            for x in range(size):
                reached[base + queue[x]] = False
    return gain


@njit(cache=True, nogil=True)
def lazy_greedy(starts, targets, n, allowed, seeds, sizes):
    """Fill `seeds` with the people who add most, and `sizes` with who is reached in each world.

    Equal gains: the smaller number first.  A gain counted earlier bounds the present one (Leskovec
    et al. 2007), so only the top is counted again.
    """
    reached = np.zeros(n * sizes.size, np.bool_)
    queue = np.empty(n, np.int32)
    step = np.zeros(n, np.int32)  # how many seeds there were when the gain was counted
    heap = [  # minus (gain, then who): the smallest entry is the best
        -((_reach(starts, targets, n, v, reached, queue, False, sizes) << 31) | (_LAST - v))
        for v in np.flatnonzero(allowed)
    ]
    heapify(heap)
    for k in range(seeds.size):
        while True:
            v = _LAST - (-heap[0] & _LAST)
            if step[v] == k:
                break
            gain = _reach(starts, targets, n, v, reached, queue, False, sizes)
            step[v] = k
            heapreplace(heap, -((gain << 31) | (_LAST - v)))
        seeds[k] = v
        _reach(starts, targets, n, v, reached, queue, True, sizes)
        heappop(heap)


@njit(cache=True, nogil=True)
def judge(starts, targets, n, seeds, sizes, gains):
    """Write what each seed adds over all worlds, and who is reached in each world."""
    reached = np.zeros(n * sizes.size, np.bool_)
    queue = np.empty(n, np.int32)
    for k in range(seeds.size):
        gains[k] = _reach(starts, targets, n, seeds[k], reached, queue, True, sizes)
