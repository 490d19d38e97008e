"""Cover of sets of several kinds at once: greedy for what the kinds are worth, and its bound.

A kind is a group of people (roots drawn from it) or a rule; all kinds have the same number of
sets, set s being of kind ``s // each``.  What covering c sets of a kind is worth stands in a table
of whole numbers, concave in c: a line for a weighted sum, cut off for a worst case, a root for
welfare.  docs/seeding.md (other aims) is the norm.

Called by `seeding.compromise`.
"""

from __future__ import annotations

from heapq import heapify, heappop, heapreplace
from typing import Final

import numpy as np
from numba import njit

from koubei_sim.core.bits import has, insert

_LAST: Final = (1 << 31) - 1


@njit(cache=True)
def _gain(index, each, worth, v, covered, counts, fresh):
    """What `v` adds; `fresh` is left with the sets of each kind that it adds."""
    fresh[:] = 0
    for i in range(index.starts[v], index.starts[v + 1]):
        s = index.sets[i]
        fresh[s // each] += np.int64(not has(covered, s))
    gain = np.int64(0)
    for i in range(fresh.size):
        gain += worth[i, counts[i] + fresh[i]] - worth[i, counts[i]]
    return gain


@njit(cache=True, nogil=True)
def greedy_worth(index, each, worth, allowed, seeds, counts):
    """Fill `seeds` with the people who add most worth, and `counts` with the sets covered by kind.

    ``worth[i, c]``: int64, from 0, below 2**32 over all kinds.  Equal gains: the smaller number
    first.  A gain counted earlier bounds the present one (but for rounding), so only the top is
    counted again.
    """
    covered = np.zeros((index.number + 63) >> 6, np.uint64)
    fresh = np.zeros(counts.size, np.int64)
    counts[:] = 0
    step = np.zeros(allowed.size, np.int32)  # how many seeds there were when the gain was counted
    heap = [  # minus (gain, then who): the smallest entry is the best
        -((_gain(index, each, worth, v, covered, counts, fresh) << 31) | (_LAST - v))
        for v in np.flatnonzero(allowed)
    ]
    heapify(heap)
    for k in range(seeds.size):
        while True:
            v = _LAST - (-heap[0] & _LAST)
            if step[v] == k or -heap[0] >> 31 == 0:
                break
            gain = _gain(index, each, worth, v, covered, counts, fresh)
            step[v] = k
            heapreplace(heap, -((gain << 31) | (_LAST - v)))
        seeds[k] = v
        for i in range(index.starts[v], index.starts[v + 1]):
            s = index.sets[i]
            counts[s // each] += np.int64(not has(covered, s))
            insert(covered, s)
        heappop(heap)


@njit(cache=True, nogil=True)
def weighted_bound(index, each, weight, allowed, seeds, cover, steps):
    """Return an upper bound on the weight of the sets that any ``seeds.size`` allowed people cover.

    As `cover.dual_bound`, with y of a set between 0 and the weight of its kind: no k people cover
    more than the k largest sums of y over the sets of a person, plus the sum of weight - y.
    `cover` is the weight that `seeds` cover.  All sums are int64.
    """
    n, number = allowed.size, index.number
    y = np.empty(number, np.int64)
    count = np.zeros(number, np.int64)
    for v in seeds:
        for i in range(index.starts[v], index.starts[v + 1]):
            count[index.sets[i]] += 1
    best = np.int64(0)
    for j in range(number):
        y[j] = 0 if count[j] > 1 else weight[j // each]
        best += weight[j // each]
    k = seeds.size
    sums = np.empty(n, np.int64)
    for _ in range(steps):
        some = 0
        for v in range(n):
            sums[v] = -1
            if allowed[v]:
                some += 1
                sums[v] = 0
                for i in range(index.starts[v], index.starts[v + 1]):
                    sums[v] += y[index.sets[i]]
        k = min(k, some)
        limit = np.partition(sums, n - k)[n - k] if k > 0 else np.int64(0)
        total = np.int64(0)
        for j in range(number):
            total += weight[j // each] - y[j]
            count[j] = 0
        taken = 0
        for equal in range(2):  # those above the limit, then those at it, up to k
            for v in range(n):
                if taken == k:
                    break
                if (sums[v] == limit) if equal else (sums[v] > limit):
                    taken += 1
                    total += sums[v]
                    for i in range(index.starts[v], index.starts[v + 1]):
                        count[index.sets[i]] += 1
        best = min(best, total)
        if total <= cover:
            break
        norm = 0.0
        for j in range(number):
            g = 1 - count[j]
            if not ((y[j] == 0 and g < 0) or (y[j] == weight[j // each] and g > 0)):
                norm += np.float64(g * g)
        if norm == 0.0:
            break
        length = max(np.int64(1), np.int64((total - cover) / norm))
        for j in range(number):
            y[j] = min(weight[j // each], max(np.int64(0), y[j] + length * (1 - count[j])))
    return best
