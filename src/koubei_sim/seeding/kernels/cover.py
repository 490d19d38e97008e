"""Maximum cover over reverse sets: greedy with lazy gains, hits, and an upper bound by duality.

A choice of people covers the sets that hold one of them.  Only the inverse index is kept - the sets
of each person - and gains are counted against a bitmap of covered sets.  All sums are integers, so
every number is exact and has no order.  docs/seeding.md 3 and 4 are the norm.

Called by `seeding.loop`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from koubei_sim.core.bits import has, insert
from koubei_sim.core.csr import FAR, NEAR
from koubei_sim.core.prefetch import prefetch

UNIT: Final = 1 << 20  # weights of sets in the bound are in units of 2**-20
_LAST: Final = (1 << 31) - 1


class Index(NamedTuple):
    """Which sets hold each person."""

    starts: NDArray[np.int64]  # (n + 1,)
    sets: NDArray[np.int32]  # (pairs,): batch after batch within a person
    number: int  # of sets in all


@njit(cache=True, nogil=True)
def invert(pairs, ends, first, cursor, sets):
    """Write the sets of a chunk to where the cursor of each of their people stands.

    `first` is the number of its first batch.  Places are random, so memory is asked for ahead.
    """
    who, of = pairs.who, pairs.of
    at_cursor, at_sets = cursor.ctypes.data, sets.ctypes.data
    last = ends[ends.size - 1]
    for b in range(ends.size - 1):
        for i in range(ends[b], ends[b + 1]):
            if i + FAR < last:
                prefetch(np.uint64(at_cursor + 8 * np.int64(who[i + FAR])))
                prefetch(np.uint64(at_sets + 4 * cursor[who[i + NEAR]]))
            v = who[i]
            sets[cursor[v]] = 64 * (first + b) + of[i]
            cursor[v] += 1


@njit(cache=True, nogil=True)
def take(index, v, covered):
    """Mark the sets of `v` as covered and return how many were not."""
    gain = np.int64(0)
    for i in range(index.starts[v], index.starts[v + 1]):
        s = index.sets[i]
        gain += np.int64(not has(covered, s))
        insert(covered, s)
    return gain


@njit(cache=True)
def _gain(index, v, covered):
    gain = np.int64(0)
    for i in range(index.starts[v], index.starts[v + 1]):
        gain += np.int64(not has(covered, index.sets[i]))
    return gain


@njit(cache=True)
def _sift(heap, at, size):
    """Put the entry at `at` of a heap (largest first) where it belongs, downwards."""
    entry = heap[at]
    while True:
        below = 2 * at + 1
        if below >= size:
            break
        if below + 1 < size and heap[below + 1] > heap[below]:
            below += 1
        if heap[below] <= entry:
            break
        heap[at] = heap[below]
        at = below
    heap[at] = entry


@njit(cache=True, nogil=True)
def greedy(index, allowed, covered, seeds, gains):
    """Fill `seeds` with the people who add most sets, one after the other, and `gains` beside.

    Equal gains: the smaller number first; so those who add nothing come last, by number.  A gain
    counted earlier is an upper bound (Minoux 1978): only who stands at the top is counted again.
    """
    n = allowed.size
    heap = np.empty(n, np.int64)  # gain, then who: the larger entry is the better person
    step = np.zeros(n, np.int32)  # how many seeds there were when the gain was counted
    size = 0
    for v in range(n):
        if allowed[v]:
            heap[size] = ((index.starts[v + 1] - index.starts[v]) << 31) | (_LAST - v)
            step[v] = -1
            size += 1
    for at in range(size // 2 - 1, -1, -1):
        _sift(heap, at, size)
    for k in range(seeds.size):
        while True:
            gain, v = heap[0] >> 31, _LAST - (heap[0] & _LAST)
            if step[v] == k or gain == 0:
                break
            heap[0] = (_gain(index, v, covered) << 31) | (_LAST - v)
            step[v] = k
            _sift(heap, 0, size)
        seeds[k] = v
        gains[k] = take(index, v, covered)
        size -= 1
        heap[0] = heap[size]
        if size:
            _sift(heap, 0, size)


@njit(cache=True, nogil=True)
def hits(pairs, ends, rank, out):
    """Count sets by the least rank among their people: ``out[r]``; rank ``out.size``: no seed."""
    least = np.empty(64, np.int64)
    for b in range(ends.size - 1):
        least[:] = out.size
        for i in range(ends[b], ends[b + 1]):
            r = rank[pairs.who[i]]
            s = pairs.of[i]
            least[s] = min(least[s], r)
        for s in range(64):
            if least[s] < out.size:
                out[least[s]] += 1


@njit(cache=True, nogil=True)
def dual_bound(index, allowed, before, seeds, cover, goal, steps):
    """Return an upper bound on the sets that any ``seeds.size`` allowed people cover, in `UNIT`.

    Weak duality of the linear programme of maximum cover: for any weights y of the sets in [0, 1],
    no k people cover more than the k largest sums of y over the sets of a person, plus the sum of
    1 - y.  Subgradient steps with Polyak's length lower it until it is at most `goal` or `steps`
    are done; every y on the way is a proof.  `before` are the sets covered at the start by others
    (their y is 0), `cover` is what they and `seeds` cover.  Sums are int64.
    """
    n, number = allowed.size, index.number
    y = np.empty(number, np.int64)
    count = np.zeros(number, np.int64)
    for v in seeds:
        for i in range(index.starts[v], index.starts[v + 1]):
            count[index.sets[i]] += 1
    for j in range(number):
        y[j] = 0 if count[j] > 1 or has(before, j) else UNIT
    most = np.empty(n, np.int64)  # sets of each, negative for sorting
    some = 0
    for v in range(n):
        if allowed[v] and index.starts[v + 1] > index.starts[v]:
            most[some] = v
            some += 1
    people = most[:some].copy()
    for x in range(some):
        most[x] = index.starts[people[x]] - index.starts[people[x] + 1]
    people = people[np.argsort(most[:some], kind="mergesort")]
    k = min(seeds.size, some)
    sums = np.empty(some, np.int64)
    best = number * UNIT
    for _ in range(steps):
        done, limit = 0, np.int64(0)
        while done < some and k > 0:
            # Whoever is left lies in too few sets to be among the k.
            top = people[done]
            if done >= k and (index.starts[top + 1] - index.starts[top]) * UNIT <= limit:
                break
            upto = min(some, max(4 * k, 2 * done))
            for x in range(done, upto):
                v = people[x]
                total = np.int64(0)
                for i in range(index.starts[v], index.starts[v + 1]):
                    total += y[index.sets[i]]
                sums[x] = total
            done = upto
            limit = np.partition(sums[:done], done - k)[done - k]
        total = np.int64(0)
        for j in range(number):
            total += UNIT - y[j]
            count[j] = 0
        taken = 0
        for equal in range(2):  # those above the limit, then those at it, up to k
            for x in range(done):
                if taken == k:
                    break
                if (sums[x] == limit) if equal else (sums[x] > limit):
                    taken += 1
                    total += sums[x]
                    v = people[x]
                    for i in range(index.starts[v], index.starts[v + 1]):
                        count[index.sets[i]] += 1
        best = min(best, total)
        if best <= goal or total <= cover * UNIT:
            break
        norm = np.int64(0)
        for j in range(number):
            g = 1 - count[j]
            if not has(before, j) and not ((y[j] == 0 and g < 0) or (y[j] == UNIT and g > 0)):
                norm += g * g
        if norm == 0:
            break
        length = max(1, (total - cover * UNIT) // norm)
        for j in range(number):
            if not has(before, j):
                y[j] = min(UNIT, max(0, y[j] + length * (1 - count[j])))
    return best
