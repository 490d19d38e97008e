"""Cascades in which the word needs time: SIR, SIR by steps, fractional SIR, delayed cascade.

How long an arc takes, and how long a person passes on, do not depend on when it begins: all are
addressed by arc or person alone.  So the times of activation are shortest paths, and need no
queue in exact order.  People wait in a calendar by the earliest arrival known; all
who are in its first bucket pass on together, so that their draws and logarithms come in
long vectors; one whose time improves while its bucket is open passes on once more (few do:
a bucket is 1/32 of a typical delay); what is left when the bucket stays empty is final.  Sums of
floats rise with their terms, so the times are to the last bit those of events taken one by one.

The rules are SIR (`mode` 0), SIR by steps (1) and the delayed cascade (2) of docs/cascades.md;
fractional SIR is SIR with a rate per arc.  Called by `koubei_sim.cascades`.
"""

from __future__ import annotations

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
from koubei_sim.cascades.kernels.coins import GROUP, ONE
from koubei_sim.cascades.kernels.queue import (
    BUCKETS,
    EMPTY,
    FREE,
    FRESH,
    LATER,
    before,
    bucket_of,
    calendar_arrays,
    next_bucket,
    put,
    sort_moments,
)
from koubei_sim.cascades.kernels.record import FIT, record
from koubei_sim.core.codes import DRAW_ARC, DRAW_ARC_TIE, DRAW_DURATION, DRAW_LATENCY
from koubei_sim.core.draws import draw, log_portable, stream, unit_open

SLACK: Final = 1024  # room for people who pass on once more
PASSED, AGAIN = 0, 1  # places in `scratch.work`


class ArrivalRule(NamedTuple):
    """Numbers of one rule; made by `cascades.arrival_tables`."""

    mode: int  # SIR, SIR_STEPS, DELAYED
    rate: float  # beta per unit of time; by steps c(beta); the largest of `rates` if it has entries
    rates: NDArray[np.float64]  # (arcs,) or (0,): the same per arc
    threshold: int  # delayed: T, 0..2**32; not used if `thresholds` has entries
    thresholds: NDArray[np.int64]  # (arcs,) or (0,)
    latency_law: int  # delayed: CONSTANT, GIVEN, EXPONENTIAL, GEOMETRIC
    latency: float  # the constant; the mean m; or c(1/m)
    latencies: NDArray[np.float64]  # (arcs,) or (0,)
    duration_law: int  # CONSTANT or EXPONENTIAL (geometric by steps)
    recovery: float  # the constant duration; gamma; or c(gamma) by steps
    horizon: float  # last time at which something happens; inf if none
    width: float  # a good width of buckets; changes no result


class ArrivalScratch(NamedTuple):
    """Space of one thread for n people; `arrival_scratch` makes it."""

    order: NDArray[np.int32]  # (n + SLACK,) each
    time: NDArray[np.float64]
    parent: NDArray[np.int32]  # or (0,)
    kind: NDArray[np.int8]  # (0,)
    until: NDArray[np.float64]  # a duration until the bucket is closed, then the time of recovery
    best: NDArray[np.float64]  # (n,) earliest arrival known; negated once it is passed on
    via: NDArray[np.int64]  # (n,) or (0,): arc of that arrival, -1 for seeds
    source: NDArray[np.int32]  # (n,) or (0,): its source
    tails: NDArray[np.int32]  # the calendar, see `queue`
    marks: NDArray[np.uint64]
    pool: NDArray[np.int32]
    places: NDArray[np.int64]
    clock: NDArray[np.float64]  # start of bucket 0; 1 / width
    work: NDArray[np.int64]  # people who passed on since the calendar was moved; once more
    spare_order: NDArray[np.int32]
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


def arrival_scratch(n: int, arcs: int, forest: bool) -> ArrivalScratch:
    """Return clean scratch space for `n` people; `forest` says whether parents are kept."""
    room = n + SLACK
    tries = GROUP * BLOCK + 1
    least, bound = byte_tables()
    tails, marks, pool, places = calendar_arrays(2 * n)
    return ArrivalScratch(
        order=np.empty(room, np.int32),
        time=np.empty(room),
        parent=np.empty(room if forest else 0, np.int32),
        kind=np.empty(0, np.int8),
        until=np.empty(room),
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
def _durations(rule, scratch, base, lo, hi):
    """How long the people ``order[lo:hi]`` pass on, into `until`."""
    until, order = scratch.until, scratch.order
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
def _gather(scratch, bucket, at):
    """Append to `order` those of a bucket who have something to pass on; return the new end."""
    tails, pool, places, best = scratch.tails, scratch.pool, scratch.places, scratch.best
    order, time = scratch.order, scratch.time
    place = np.int64(tails[bucket])
    while place != EMPTY and at < order.size:
        v = pool[place]
        place = before(pool, places, place)
        t = best[v]
        if np.copysign(1.0, t) > 0.0:  # else it has, and the entry is an old one
            best[v] = -t
            order[at] = v
            time[at] = t
            at += 1
    tails[bucket] = place
    return at


@njit(cache=True)
def _drop_old(scratch, lo, hi):
    """Keep of ``order[lo:hi]`` whose time was not improved later; return the new end."""
    order, time, until, best = scratch.order, scratch.time, scratch.until, scratch.best
    at = lo
    for k in range(lo, hi):
        v, t = order[k], time[k]
        order[at] = v
        time[at] = t
        until[at] = until[k]
        at += np.int64(t == abs(best[v]))
    scratch.work[AGAIN] += hi - at
    return at


@njit(cache=True)
def _move(scratch):
    """Begin the calendar anew at the earliest of those who wait beyond it; False if nobody does.

    The width is changed where the last calendar shows that it was bad: too narrow if few passed
    on and many wait, too wide if many passed on more than once.
    """
    tails, marks, pool, places = scratch.tails, scratch.marks, scratch.pool, scratch.places
    best, clock, work = scratch.best, scratch.clock, scratch.work
    earliest = np.inf
    waiting = 0
    place = np.int64(tails[LATER])
    while place != EMPTY:
        t = best[pool[place]]
        if np.copysign(1.0, t) > 0.0:
            earliest = min(earliest, t)
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
        t = best[v]
        if np.copysign(1.0, t) < 0.0:
            continue
        if not put(tails, marks, pool, places, bucket_of(t, earliest, clock[PER_WIDTH]), v):
            rebuild(scratch)
            break
    return waiting > 0


@njit(cache=True)
def _spread(rows, rule, scratch, key, replicate):
    """Run one replicate whose seeds are in bucket 0; return how many people were activated."""
    base = stream(key, replicate, DRAW_ARC, 0, 0)
    low = stream(key, replicate, DRAW_ARC, 0, 1)
    late = stream(key, replicate, DRAW_LATENCY, 0, 0)
    tie = stream(key, replicate, DRAW_ARC_TIE, 0, 0)
    lasting = stream(key, replicate, DRAW_DURATION, 0, 0)
    order, time, until = scratch.order, scratch.time, scratch.until
    tails, marks = scratch.tails, scratch.marks
    count = 0
    bucket = 0
    while True:
        bucket = next_bucket(marks, bucket)
        if bucket == BUCKETS:
            if tails[LATER] == EMPTY or not _move(scratch):
                return count
            bucket = 0
            continue
        lo = count
        while tails[bucket] != EMPTY:
            hi = _gather(scratch, bucket, lo)
            _durations(rule, scratch, lasting, lo, hi)
            pass_on(rows, rule, scratch, base, low, late, tie, lo, hi)
            scratch.work[PASSED] += hi - lo
            lo = hi if hi < order.size else _drop_old(scratch, count, hi)
        marks[bucket >> 6] &= ~(ONE << np.uint64(bucket & 63))
        end = _drop_old(scratch, count, lo)
        for k in range(count, end):
            until[k] = time[k] + until[k]
        sort_moments(
            time, order, until, count, end,
            scratch.spare_time, scratch.spare_order, scratch.spare_until, scratch.holes,
        )  # fmt: skip
        if scratch.parent.size > 0:
            for k in range(count, end):
                scratch.parent[k] = scratch.source[order[k]]
        count = end


@njit(cache=True, nogil=True, error_model="numpy")
def arrival_batch(rows, rule, scratch, seeds, out, key, first, lo, hi):
    """Run replicates ``first + lo .. first + hi - 1``; return `hi`, or the one that did not fit.

    Parameters
    ----------
    rows, rule, scratch, seeds, out : Block
        Of `Rows`, `ArrivalRule`, `ArrivalScratch`, `Seeds`, `Output`.
    key : uint64
    first, lo, hi : int
        Number of the replicate of row 0 of the batch; rows to run.
    """
    best, order = scratch.best, scratch.order
    for b in range(256):
        shortest = scratch.least[b] / rule.rate
        scratch.shortest[b] = 1.0 + np.floor(shortest) if rule.mode == SIR_STEPS else shortest
    for i in range(lo, hi):
        scratch.places[FREE] = 0
        scratch.places[FRESH] = 1
        scratch.clock[ORIGIN] = 0.0
        scratch.clock[PER_WIDTH] = 1.0 / rule.width
        scratch.work[:] = 0
        for j in range(seeds.starts[i], seeds.starts[i + 1]):
            v = seeds.people[j]
            best[v] = 0.0
            if scratch.via.size > 0:
                scratch.via[v] = -1
                scratch.source[v] = -1
            put(scratch.tails, scratch.marks, scratch.pool, scratch.places, 0, v)
        count = _spread(rows, rule, scratch, key, first + i)
        why = record(out, scratch, i, first + i, count, count)
        if 16 * count > rows.n:
            best[:] = np.inf
        else:
            for k in range(count):
                best[order[k]] = np.inf
        if why != FIT:
            return i
    return hi
