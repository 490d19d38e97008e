"""Cascades in which the word needs time: SIR, SIR by steps, fractional SIR, delayed cascade.

How long an arc takes, and how long a person passes on, do not depend on when it begins: all are
addressed by arc or person alone.  So the times of activation are shortest paths, and need no
queue in exact order.  People wait in a calendar by the earliest arrival known; all
who are in its first bucket pass on together, so that their draws and logarithms come in
long vectors; one whose time improves while its bucket is open passes on once more (few do:
a bucket is 1/32 of a typical delay); what is left when the bucket stays empty is final.  Sums of
floats rise with their terms, so the times are to the last bit those of events taken one by one.

The rules are SIR (`mode` 0), SIR by steps (1) and the delayed cascade (2) of docs/cascades.md;
fractional SIR is SIR with a rate per arc.  Called by `koubei_sim.cascades.rules`: `epidemics`,
`delayed`.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from koubei_sim.cascades.kernels.arrival_arcs import (
    BLOCK,
    CONSTANT,
    ORIGIN,
    PER_WIDTH,
    SIR_STEPS,
    byte_tables,
    pass_on,
    rebuild,
)
from koubei_sim.cascades.kernels.coins import GROUP, coins_of
from koubei_sim.cascades.kernels.frame import run_batch
from koubei_sim.cascades.kernels.queue import (
    BUCKETS,
    EMPTY,
    FREE,
    FRESH,
    LATER,
    before,
    bucket_of,
    calendar_arrays,
    heap_drop,
    heap_push,
    next_bucket,
    put,
)
from koubei_sim.core.bits import ONE
from koubei_sim.core.codes import DRAW_DURATION, DRAW_LATENCY
from koubei_sim.core.draws import draw, log_portable, stream, unit_open

SLACK: Final = 1024  # room for people who pass on once more
PASSED, AGAIN = 0, 1  # places in `work`


NO_RATES: Final = np.empty(0, np.float64)
NO_UNITS: Final = np.empty(0, np.int64)


class ArrivalRule(NamedTuple):
    """Numbers of one rule; made by its family."""

    mode: int  # SIR, SIR_STEPS, DELAYED
    horizon: float  # last time at which something happens; inf if none
    width: float  # a good width of buckets; changes no result
    rate: float = 1.0  # beta per unit of time; by steps c(beta); the largest of `rates`
    rates: NDArray[np.float64] = NO_RATES  # (arcs,) or (0,): the same per arc
    threshold: int = 0  # delayed: T, 0..2**32; not used if `thresholds` has entries
    thresholds: NDArray[np.int64] = NO_UNITS  # (arcs,) or (0,)
    latency_law: int = CONSTANT  # delayed: CONSTANT, GIVEN, EXPONENTIAL, GEOMETRIC
    latency: float = 0.0  # the constant; the mean m; or c(1/m)
    latencies: NDArray[np.float64] = NO_RATES  # (arcs,) or (0,)
    duration_law: int = CONSTANT  # or EXPONENTIAL (geometric by steps)
    recovery: float = math.inf  # the constant duration; gamma; or c(gamma) by steps


class ArrivalScratch(NamedTuple):
    """Space of one thread for n people."""

    best: NDArray[np.float64]  # (n,) earliest arrival known; negated once it is passed on
    via: NDArray[np.int64]  # (n,) or (0,): arc of that arrival, -1 for seeds
    source: NDArray[np.int32]  # (n,) or (0,): its source
    tails: NDArray[np.int32]  # the calendar, see `queue`
    marks: NDArray[np.uint64]
    pool: NDArray[np.int32]
    places: NDArray[np.int64]
    clock: NDArray[np.float64]  # start of bucket 0; 1 / width
    work: NDArray[np.int64]  # people who passed on since the calendar was moved; once more
    spare_order: NDArray[np.int32]  # (n + SLACK,) each
    spare_time: NDArray[np.float64]
    spare_until: NDArray[np.float64]
    holes: NDArray[np.int32]
    group_first: NDArray[np.int64]  # (BLOCK,) each: first arc of a group of eight,
    group_keep: NDArray[np.uint64]  # which of the eight belong to the row,
    group_top: NDArray[np.uint64]  # highest byte that may count, eight times,
    group_row: NDArray[np.int32]  # place of the source in `order`,
    group_word: NDArray[np.uint64]  # the shared draw,
    group_live: NDArray[np.uint64]  # who is not ruled out
    try_arc: NDArray[np.int64]  # (8 BLOCK + 1,) each: arcs not ruled out
    try_target: NDArray[np.int32]
    try_row: NDArray[np.int32]
    try_byte: NDArray[np.int32]
    try_delay: NDArray[np.float64]
    least: NDArray[np.float64]  # (256,) see `byte_tables`
    shortest: NDArray[np.float64]  # (256,) the same as a delay, where there is one rate
    bound: NDArray[np.int32]


def arrival_scratch(n: int, forest: bool) -> ArrivalScratch:
    """Return clean scratch space for `n` people; `forest` says whether parents are kept."""
    room = n + SLACK
    tries = GROUP * BLOCK + 1
    least, bound = byte_tables()
    tails, marks, pool, places = calendar_arrays(2 * n)
    return ArrivalScratch(
        best=np.full(n, np.inf),
        via=np.empty(n if forest else 0, np.int64),
        source=np.empty(n if forest else 0, np.int32),
        tails=tails,
        marks=marks,
        pool=pool,
        places=places,
        clock=np.zeros(2),
        work=np.zeros(2, np.int64),
        spare_order=np.empty(room, np.int32),
        spare_time=np.empty(room),
        spare_until=np.empty(room),
        holes=np.empty(room + 1, np.int32),
        group_first=np.empty(BLOCK, np.int64),
        group_keep=np.empty(BLOCK, np.uint64),
        group_top=np.empty(BLOCK, np.uint64),
        group_row=np.empty(BLOCK, np.int32),
        group_word=np.empty(BLOCK, np.uint64),
        group_live=np.empty(BLOCK, np.uint64),
        try_arc=np.empty(tries, np.int64),
        try_target=np.empty(tries, np.int32),
        try_row=np.empty(tries, np.int32),
        try_byte=np.zeros(tries, np.int32),
        try_delay=np.empty(tries),
        least=least,
        shortest=np.empty(256),
        bound=bound,
    )


@njit(cache=True, error_model="numpy")
def _durations(rule, t, base, lo, hi):
    """How long the people ``order[lo:hi]`` pass on, into `until` for the time being."""
    until, order = t.until, t.order
    recovery = rule.recovery
    if rule.duration_law == CONSTANT:
        until[lo:hi] = recovery
        return
    for k in range(lo, hi):
        until[k] = -log_portable(unit_open(draw(base, np.int64(order[k])))) / recovery
    if rule.mode == SIR_STEPS:
        for k in range(lo, hi):
            until[k] = 1.0 + np.floor(until[k])


@njit(cache=True)
def _gather(s, t, bucket, at):
    """Append to `order` those of a bucket who have something to pass on; return the new end."""
    tails, pool, places, best = s.tails, s.pool, s.places, s.best
    order, time = t.order, t.time
    place = np.int64(tails[bucket])
    while place != EMPTY and at < order.size:
        v = pool[place]
        place = before(pool, places, place)
        now = best[v]
        if np.copysign(1.0, now) > 0.0:  # else it has, and the entry is an old one
            best[v] = -now
            order[at] = v
            time[at] = now
            at += 1
    tails[bucket] = place
    return at


@njit(cache=True)
def _drop_old(s, t, lo, hi):
    """Keep of ``order[lo:hi]`` whose time was not improved later; return the new end."""
    order, time, until, best = t.order, t.time, t.until, s.best
    at = lo
    for k in range(lo, hi):
        v, now = order[k], time[k]
        order[at] = v
        time[at] = now
        until[at] = until[k]
        at += np.int64(now == abs(best[v]))
    s.work[AGAIN] += hi - at
    return at


@njit(cache=True)
def _move(s):
    """Begin the calendar anew at the earliest of those who wait beyond it; False if nobody does.

    The width is changed where the last calendar shows that it was bad: too narrow if few passed
    on and many wait, too wide if many passed on more than once.
    """
    tails, marks, pool, places = s.tails, s.marks, s.pool, s.places
    best, clock, work = s.best, s.clock, s.work
    earliest = np.inf
    waiting = 0
    place = np.int64(tails[LATER])
    while place != EMPTY:
        due = best[pool[place]]
        if np.copysign(1.0, due) > 0.0:
            earliest = min(earliest, due)
            waiting += 1
        place -= 1
        if place & EMPTY == 0:
            place = np.int64(pool[place])
    if waiting > 2 * work[PASSED] + 64:
        clock[PER_WIDTH] *= 0.25
    elif 4 * work[AGAIN] > work[PASSED]:
        clock[PER_WIDTH] *= 4.0
    work[:] = 0
    clock[ORIGIN] = earliest
    place = np.int64(tails[LATER])
    tails[LATER] = EMPTY
    while place != EMPTY:
        v = pool[place]
        place = before(pool, places, place)
        due = best[v]
        if np.copysign(1.0, due) < 0.0:
            continue
        if not put(tails, marks, pool, places, bucket_of(due, earliest, clock[PER_WIDTH]), v):
            rebuild(s)
            break
    return waiting > 0


@njit(cache=True)
def _into_holes(s, t, lo, hi, first, scale):
    """Spread the people at places ``lo .. hi - 1`` over pigeonholes, into the spare arrays.

    False, and nothing done, where moments crowd together.
    """
    time, holes, size = t.time, s.holes, hi - lo
    if not scale < 1e300:
        return False
    holes[: size + 1] = 0
    for k in range(lo, hi):
        holes[np.int64((time[k] - first) * scale) + 1] += 1
    most = 0
    for h in range(1, size + 1):
        most = max(most, holes[h])
        holes[h] += holes[h - 1]
    if most > 64:
        return False
    for k in range(lo, hi):
        h = np.int64((time[k] - first) * scale)
        at = holes[h]
        holes[h] = at + 1
        s.spare_time[at] = time[k]
        s.spare_order[at] = t.order[k]
        s.spare_until[at] = t.until[k]
    return True


@njit(cache=True)
def _by_heap(s, t, lo, hi):
    """Order the people at places ``lo .. hi - 1`` of the track: a heap minds no crowd."""
    size = hi - lo
    for k in range(size):
        heap_push(s.spare_time, s.holes, k, t.time[lo + k], np.int32(k))
        s.spare_until[k] = t.until[lo + k]
        s.spare_order[k] = t.order[lo + k]
    for k in range(size):
        t.time[lo + k] = s.spare_time[0]
        t.order[lo + k] = s.spare_order[s.holes[0]]
        t.until[lo + k] = s.spare_until[s.holes[0]]
        heap_drop(s.spare_time, s.holes, size - k)


@njit(cache=True)
def sort_moments(s, t, lo, hi):
    """Order the people at places ``lo .. hi - 1`` of the track by time.

    They are spread evenly over as many pigeonholes as there are people, which puts nearly all in
    their place; an insertion sort does the rest.
    """
    time, person, span = t.time, t.order, t.until
    size = hi - lo
    first, last, rising = time[lo], time[lo], True
    for k in range(lo + 1, hi):
        rising &= time[k] >= time[k - 1]
        first = min(first, time[k])
        last = max(last, time[k])
    if rising:
        return
    if size > 16:
        if not _into_holes(s, t, lo, hi, first, (size - 0.5) / (last - first)):
            _by_heap(s, t, lo, hi)
            return
        time[lo:hi] = s.spare_time[:size]
        person[lo:hi] = s.spare_order[:size]
        span[lo:hi] = s.spare_until[:size]
    for k in range(lo + 1, hi):
        now = time[k]
        if now < time[k - 1]:
            p, d = person[k], span[k]
            j = k
            while j > lo and time[j - 1] > now:
                time[j], person[j], span[j] = time[j - 1], person[j - 1], span[j - 1]
                j -= 1
            time[j], person[j], span[j] = now, p, d


@njit(cache=True)
def _spread(rows, rule, s, t, key, replicate):
    """Run one replicate whose seeds are in bucket 0; return how many people were activated."""
    coins = coins_of(key, replicate, 0)
    late = stream(key, replicate, DRAW_LATENCY, 0, 0)
    lasting = stream(key, replicate, DRAW_DURATION, 0, 0)
    order, time, until = t.order, t.time, t.until
    tails, marks = s.tails, s.marks
    count = 0
    bucket = 0
    while True:
        bucket = next_bucket(marks, bucket)
        if bucket == BUCKETS:
            if tails[LATER] == EMPTY or not _move(s):
                return count
            bucket = 0
            continue
        lo = count
        while tails[bucket] != EMPTY:
            hi = _gather(s, t, bucket, lo)
            _durations(rule, t, lasting, lo, hi)
            pass_on(rows, rule, s, t, coins, late, lo, hi)
            s.work[PASSED] += hi - lo
            lo = hi if hi < order.size else _drop_old(s, t, count, hi)
        marks[bucket >> 6] &= ~(ONE << np.uint64(bucket & 63))
        end = _drop_old(s, t, count, lo)
        for k in range(count, end):
            until[k] = time[k] + until[k]
        sort_moments(s, t, count, end)
        if t.parent.size > 0:
            for k in range(count, end):
                t.parent[k] = s.source[order[k]]
        count = end


@njit(cache=True, nogil=True, error_model="numpy")
def spread(rows, rule, s, t, key, replicate, n):
    """Run one replicate of `n` seeds; see `frame`."""
    best = s.best
    s.places[FREE] = 0
    s.places[FRESH] = 1
    s.clock[ORIGIN] = 0.0
    s.clock[PER_WIDTH] = 1.0 / rule.width
    s.work[:] = 0
    for k in range(n):
        v = t.order[k]
        best[v] = 0.0
        if s.via.size > 0:
            s.via[v] = -1
            s.source[v] = -1
        put(s.tails, s.marks, s.pool, s.places, 0, v)
    count = _spread(rows, rule, s, t, key, replicate)
    if 16 * count > rows.n:
        best[:] = np.inf
    else:
        for k in range(count):
            best[t.order[k]] = np.inf
    return count, count, -1


@njit(cache=True, nogil=True, error_model="numpy")
def arrival_batch(rows, rule, s, t, seeds, out, lo, hi):
    """Run a batch; see `frame.run_batch`."""
    for b in range(256):
        shortest = s.least[b] / rule.rate
        s.shortest[b] = 1.0 + np.floor(shortest) if rule.mode == SIR_STEPS else shortest
    return run_batch(spread, rows, rule, s, t, seeds, out, (lo, hi))
