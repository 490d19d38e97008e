"""Reverse sets of laws with time: who reaches the root of a set soon enough.

A person is known by its *latest start*: the largest time at which it may become active so that the
root still is in time.  People are settled in order of it, latest first, so that each asks for the
arcs into it once.  Latest starts are found such that adding the delays forwards, as a cascade does,
ends in time: rounded sums too are those of the cascade, to the last bit.  docs/seeding.md 7 is the
norm.

Laws without time are searched by `search`, 64 sets at once.  Called by `seeding.pool`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from koubei_sim.cascades.kernels.coins import exponential_of, low_bits
from koubei_sim.core.codes import DRAW_DURATION, DRAW_LATENCY, DRAW_SET_LAWS
from koubei_sim.core.draws import draw, draw32, log_portable, stream, unit_open
from koubei_sim.seeding.kernels.live import live_arcs
from koubei_sim.seeding.kernels.search import BATCH, root_of, streams_of

STEPS: Final = 0  # every live arc takes one step
DELAYS: Final = 1  # a live arc takes its latency
INFECTION: Final = 2  # an arc takes its time, if its source is infectious for so long
CONTACTS: Final = 3  # a live arc is used at its time
CONSTANT: Final = 0  # laws of latencies and durations
EXPONENTIAL: Final = 1
GEOMETRIC: Final = 2  # latencies; durations of infections by steps
NEVER: Final = -np.inf
SETTLED: Final = -1


class Timing(NamedTuple):
    """When the word passes along an arc; beside `live.Heard`, which says whether it does."""

    kind: int  # STEPS, DELAYS, INFECTION or CONTACTS
    limit: float  # latest start of a root; contacts: they must come before it
    quality: int  # STEPS: chance that a person is pleased, in units of 2**-32
    law: int  # of latencies, or of durations
    number: float  # DELAYS: the constant, the mean m, or c(1/m); INFECTION: rate of an arc
    each: NDArray[np.float64]  # (arcs,) or (0,), by place: latencies, rates, times of contacts
    ending: float  # INFECTION: the constant duration, gamma, or c(gamma) by steps
    steps: int  # INFECTION: 1 by steps


class TimedScratch(NamedTuple):
    """What a search needs; `due` is clean before and after."""

    due: NDArray[np.float64]  # (n,): latest start known; NEVER: not met
    place: NDArray[np.int32]  # (n,): place in the heap, or SETTLED; of those met
    heap: NDArray[np.int32]  # (n,): those met and not settled, latest start first
    found: NDArray[np.int64]  # (most arcs into a person + 1,)


class Luck(NamedTuple):
    """Streams of one set."""

    one: np.uint64  # live arcs
    two: np.uint64
    late: np.uint64  # latencies
    lasting: np.uint64  # durations


@njit(cache=True)
def latest_start(by, delay):
    """Return the largest time that, with the delay added in floats, is `by` or before.

    `delay` is at least 0; below 0 where there is none.  Both loops end after a step or two: where
    the delay is at most half of `by`, the difference is off by as much; where it is more, the
    difference is exact, and all that rounds down to `by` lies within half its last bit.
    """
    if not delay <= by:
        return -1.0
    if by == np.inf:
        return by
    at = by - delay
    if delay >= 0.5 * by:
        at += 0.5 * (np.nextafter(by, np.inf) - by)
    while at + delay > by:
        at = np.nextafter(at, -np.inf)
    above = np.nextafter(at, np.inf)
    while above + delay <= by:
        at = above
        above = np.nextafter(at, np.inf)
    return at


@njit(cache=True)
def _lift(t, at, v):
    """Put `v` at the free place `at` of the heap or above, where it belongs."""
    due, place, heap = t.due, t.place, t.heap
    while at > 0:
        above = (at - 1) >> 1
        u = heap[above]
        if due[u] >= due[v]:
            break
        heap[at] = u
        place[u] = at
        at = above
    heap[at] = v
    place[v] = at


@njit(cache=True)
def _take(t, size):
    """Take the top of a heap of `size` people."""
    due, place, heap = t.due, t.place, t.heap
    v = heap[0]
    place[v] = SETTLED
    last = heap[size - 1]
    size -= 1
    at = 0
    while 2 * at + 1 < size:
        below = 2 * at + 1
        if below + 1 < size and due[heap[below + 1]] > due[heap[below]]:
            below += 1
        u = heap[below]
        if due[last] >= due[u]:
            break
        heap[at] = u
        place[u] = at
        at = below
    if size > 0:
        heap[at] = last
        place[last] = at
    return v


@njit(cache=True)
def _luck(h, key, number, collection):
    """Return the streams of a set."""
    one, two = streams_of(h, key, number, collection)
    if h.forward:
        late = stream(key, number, DRAW_LATENCY, 0, 0)
        return Luck(one, two, late, stream(key, number, DRAW_DURATION, 0, 0))
    late = stream(key, number, DRAW_SET_LAWS, collection, 2)
    return Luck(one, two, late, stream(key, number, DRAW_SET_LAWS, collection, 3))


@njit(cache=True, error_model="numpy")
def _lasts(w, lasting, u):
    """How long a person is infectious: a function of the person alone, whichever arc asks."""
    if w.law == CONSTANT:
        return w.ending
    found = -log_portable(unit_open(draw(lasting, u))) / w.ending
    return 1.0 + np.floor(found) if w.steps else found


@njit(cache=True, error_model="numpy")
def _lasts_at_most(w, lasting, u):
    """Return a bound of `_lasts` without a logarithm: -log(u) <= (1 - u) / u."""
    if w.law == CONSTANT:
        return w.ending
    low = draw32(lasting, u) * 2.3283064365386963e-10
    return (1.0 - low) / (low * w.ending) + w.steps


@njit(cache=True, error_model="numpy")
def _start(h, w, luck, by, e):
    """Return the latest start of the source of the live arc at place `e`; below 0: none.

    `by` is that of its target.
    """
    if w.kind == STEPS:
        return by - 1.0
    if w.kind == CONTACTS:
        return w.each[e] if w.each[e] < by else NEVER
    number = w.each[e] if w.each.size else w.number
    if w.kind == DELAYS:
        if w.law == CONSTANT:
            return latest_start(by, number)
        x = -log_portable(unit_open(draw(luck.late, h.arc[e])))
        return latest_start(by, 1.0 + np.floor(x / number) if w.law == GEOMETRIC else x * number)
    arc, first = h.arc[e], h.group[e]
    byte = np.int64((draw(luck.one, first) >> np.uint64(8 * (arc - first))) & np.uint64(255))
    # E is at least the coin as a fraction: most arcs that fail do so without a logarithm.
    least = byte * 0.00390625
    if least > number * by or least > number * _lasts_at_most(w, luck.lasting, h.source[e]):
        return NEVER
    x = exponential_of((byte << 24) | low_bits(luck.two, arc)) / number
    if w.steps:
        x = 1.0 + np.floor(x)
    if not x <= by or x == np.inf:
        return NEVER
    lasts = _lasts(w, luck.lasting, h.source[e])
    return latest_start(by, x) if x < lasts or (w.steps and x == lasts) else NEVER


@njit(cache=True)
def _limit(w, key, number, collection):
    """Return the latest start of a root: in a negative cascade all between must be pleased."""
    if w.quality >= 1 << 32:
        return w.limit
    base = stream(key, number, DRAW_SET_LAWS, collection, 4)
    pleased = 0
    while pleased <= w.limit and draw32(base, pleased) < w.quality:
        pleased += 1
    return pleased - 1.0


@njit(cache=True)
def _search_one(h, w, roots, t, pairs, number, j, at):
    """Make set `number`, the j-th of its batch, and append its pairs at `at`.

    Returns the new place, or -1 if the pairs do not fit.
    """
    due, place, found = t.due, t.place, t.found
    who, of = pairs.who, pairs.of
    luck = _luck(h, roots.key, number, roots.collection)
    root = root_of(roots, number, h.indptr.size - 1)
    by = _limit(w, roots.key, number, roots.collection)
    begin = at
    size = 0
    if w.kind == CONTACTS or by >= 0.0:
        due[root] = by
        _lift(t, 0, root)
        size = 1
    while size > 0 and at < who.size:
        v = np.int64(_take(t, size))
        size -= 1
        who[at] = v
        of[at] = j
        at += 1
        by = due[v]
        if w.kind == STEPS and by < 1.0:
            continue
        start, end = h.indptr[v], h.indptr[v + 1]
        count = end - start if w.kind == INFECTION else live_arcs(h, v, luck.one, luck.two, found)
        for m in range(count):
            e = start + m if w.kind == INFECTION else found[m]
            u = np.int64(h.source[e])
            if due[u] >= by:  # settled, or waiting with the best there can be
                continue
            then = _start(h, w, luck, by, e)
            if then == NEVER or (w.kind != CONTACTS and then < 0.0) or then <= due[u]:
                continue
            if due[u] == NEVER:
                place[u] = size
                size += 1
            due[u] = then
            _lift(t, place[u], u)
    for m in range(begin, at):
        due[who[m]] = NEVER
    for m in range(size):
        due[t.heap[m]] = NEVER
    return at if size == 0 else np.int64(-1)


@njit(cache=True, nogil=True)
def search_timed(h, w, roots, t, pairs, first, number, ends):
    """Make batches until `number` sets from `first` are made or the pairs are full.

    ``ends[b]`` is where the pairs of batch b begin, as in `search.search_many`.
    """
    batches = (number + BATCH - 1) // BATCH
    for b in range(batches):
        at = ends[b]
        for j in range(min(BATCH, number - BATCH * b)):
            at = _search_one(h, w, roots, t, pairs, first + BATCH * b + j, j, at)
            if at < 0:
                return b
        ends[b + 1] = at
    return batches
