"""Reverse sets, 64 at a time: who reaches the root of each along live arcs.

One word a person says which of the 64 sets have met it, so one queue serves all of them and always
holds work whose memory can be asked for ahead; a delay line asks for sources and marks some arcs
before they are used.  What comes out is a list of pairs (person, set): 5 bytes each.  A set is a
pure function of its address, so neither the order of the search nor the batch changes it.

Called by `seeding.pool`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from koubei_sim.core.bits import ONE, number_of_bits
from koubei_sim.core.codes import (
    DRAW_ARC,
    DRAW_CHOICE,
    DRAW_SET_ARCS,
    DRAW_SET_LAWS,
    DRAW_SET_ROOT,
)
from koubei_sim.core.draws import GOLDEN, draw, mix64, pick, stream
from koubei_sim.core.prefetch import prefetch
from koubei_sim.seeding.kernels.live import CHOICE, COINS, live_arcs

BATCH: Final = 64  # sets searched together: bits of a word
AHEAD: Final = 12  # pairs ahead of which row starts are asked for
DELAY: Final = 16  # arcs between asking for a line and using it
_S12, _S32 = np.uint64(12), np.uint64(32)


class Roots(NamedTuple):
    """Where sets begin: a person drawn uniformly, by weights, or the one given for each set."""

    key: np.uint64
    collection: int
    given: NDArray[np.int64]  # (sets,): the root of each, from set `first` on; or (0,)
    first: int
    weighted: NDArray[np.int64]  # (m,): people with a weight; or (0,)
    cut: NDArray[np.int64]  # (m,): sums of their weights up to each, in units of 2**-52


class Scratch(NamedTuple):
    """What a search needs; `marks` is clean before and after."""

    marks: NDArray[np.uint64]  # (n,): which sets of the batch hold the person
    found: NDArray[np.int64]  # (most arcs into a person + 1,)
    ring: NDArray[np.int64]  # (2, a power of two): arcs, then people, on their way; their sets
    seeds: NDArray[np.bool_]  # (n,): people at whom a set may end; or (0,)
    ended: NDArray[np.int64]  # (2,): how many sets ended so far, and pairs of all


class Pairs(NamedTuple):
    """Who is in which set of its batch."""

    who: NDArray[np.int32]  # (room,)
    of: NDArray[np.uint8]  # (room,)


@njit(cache=True)
def streams_of(h, key, number, collection):
    """Return the two streams of a set; `stream` of a person follows from the first by one step."""
    if h.forward:
        if h.kind == CHOICE:
            base = stream(key, number, DRAW_CHOICE, 0, 0)
            return base, base
        return stream(key, number, DRAW_ARC, 0, 0), stream(key, number, DRAW_ARC, 0, 1)
    if h.kind == COINS:
        one = stream(key, number, DRAW_SET_LAWS, collection, 0)
        return one, stream(key, number, DRAW_SET_LAWS, collection, 1)
    s = mix64(key + GOLDEN * np.uint64(number + 1))
    s = mix64(s + GOLDEN * np.uint64(DRAW_SET_ARCS + 1))
    s = mix64(s + GOLDEN * np.uint64(collection + 1))
    return s, s


@njit(cache=True)
def root_of(roots, number, n):
    """Return the root of a set."""
    if roots.given.size:
        return roots.given[number - roots.first]
    bits = draw(stream(roots.key, number, DRAW_SET_ROOT, roots.collection, 0), 0)
    if roots.cut.size == 0:
        return pick(bits >> _S32, n)
    at = np.searchsorted(roots.cut, np.int64(bits >> _S12), side="right")
    return roots.weighted[at]


@njit(cache=True, nogil=True)
def search(h, roots, t, pairs, first, number, at):
    """Make sets ``first .. first + number - 1`` (at most 64) and append their pairs at `at`.

    Where there are seeds, a set is left as it stands once it holds one of them.  Returns the new
    place, or -1 if the pairs do not fit.
    """
    n = h.indptr.size - 1
    ending = t.seeds.size > 0
    over = np.uint64(0)  # sets that hold a seed
    who, of, marks, found = pairs.who, pairs.of, t.marks, t.found
    begin = at
    room = who.size - BATCH
    if at > room:
        return np.int64(-1)
    ones, twos = np.empty(BATCH, np.uint64), np.empty(BATCH, np.uint64)
    for j in range(number):
        ones[j], twos[j] = streams_of(h, roots.key, first + j, roots.collection)
        v = root_of(roots, first + j, n)
        marks[v] |= ONE << np.uint64(j)
        if ending and t.seeds[v]:
            over |= ONE << np.uint64(j)
        who[at] = v
        of[at] = j
        at += 1
    at_rows, at_sources, at_marks = h.indptr.ctypes.data, h.source.ctypes.data, marks.ctypes.data
    at_table = h.row.ctypes.data  # of which row; of no use, and no harm, where there is no table
    arcs, sets = t.ring[0], t.ring[1]
    mask = arcs.size - 1
    # People become arcs (head), arcs sources (mid), sources pairs (tail).
    head, mid, tail = 0, 0, 0
    i = begin
    while i < at or tail < head:
        if i < at and head - tail + found.size < mask:
            if i + AHEAD < at:
                prefetch(np.uint64(at_rows + 8 * np.int64(who[i + AHEAD])))
                prefetch(np.uint64(at_table + 4 * np.int64(who[i + AHEAD])))
            s = np.int64(of[i])
            i += 1
            if ending and (over >> np.uint64(s)) & ONE:
                continue
            c = live_arcs(h, np.int64(who[i - 1]), ones[s], twos[s], found)
            for m in range(c):
                arcs[head & mask] = found[m]
                sets[head & mask] = s
                prefetch(np.uint64(at_sources + 4 * found[m]))
                head += 1
        drained = i >= at
        while mid < head and (drained or head - mid > DELAY):
            u = np.int64(h.source[arcs[mid & mask]])
            arcs[mid & mask] = u
            prefetch(np.uint64(at_marks + 8 * u))
            mid += 1
        while tail < mid and ((drained and mid == head) or mid - tail > DELAY):
            u = arcs[tail & mask]
            s = sets[tail & mask]
            tail += 1
            bit = ONE << np.uint64(s)
            if marks[u] & bit == 0:
                marks[u] |= bit
                if ending and t.seeds[u]:
                    over |= bit
                who[at] = u
                of[at] = s
                at += 1
                if at > room:
                    for m in range(begin, at):
                        marks[who[m]] = np.uint64(0)
                    return np.int64(-1)
    for m in range(begin, at):
        marks[who[m]] = np.uint64(0)
    if ending:
        t.ended[0] += np.int64(number_of_bits(over))
        t.ended[1] += at - begin
    return at


@njit(cache=True, nogil=True)
def search_many(h, roots, t, pairs, first, number, ends):
    """Make batches until `number` sets from `first` are made or the pairs are full.

    ``ends[b]`` is where the pairs of batch b begin; it grows by one for each batch.  Sets that may
    end at a seed are counted and not kept: all begin at ``ends[0]``.  Returns the number of batches
    made.
    """
    batches = (number + BATCH - 1) // BATCH
    for b in range(batches):
        some = min(BATCH, number - BATCH * b)
        at = search(h, roots, t, pairs, first + BATCH * b, some, ends[b])
        if at < 0:
            return b
        ends[b + 1] = ends[0] if t.seeds.size else at
    return batches
