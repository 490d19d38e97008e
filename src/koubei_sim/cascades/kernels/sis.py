"""SIS in continuous time: contacts one by one, in order of time.

Each arc of an infected person has at most one contact waiting: the next one at which its target
could be susceptible.  Contacts before the target's recovery are skipped by drawing their gaps
and adding them up, as if they had been waited for.  Contacts wait in a calendar of buckets
(`queue`); those of the open bucket are in a heap small enough for the first cache.

The rule is SIS of docs/cascades.md.  Called by `koubei_sim.cascades`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from koubei_sim.cascades.kernels.coins import ONE
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
from koubei_sim.cascades.kernels.record import FIT, SCRATCH_FULL, record
from koubei_sim.core.codes import DRAW_ARC_TIE, DRAW_CONTACT, DRAW_DURATION
from koubei_sim.core.draws import draw, exp_neg_portable, log_portable, stream, unit_open
from koubei_sim.core.prefetch import prefetch

BLOCK: Final = 256  # arcs of a person looked at together
COUNT, DISTINCT, HEAP, BUCKET, SLOT_FREE, SLOT_FRESH, DONE = range(7)  # places in `tally`
ORIGIN, PER_WIDTH = 0, 1  # places in `clock`
# Columns of `slot_who`; NEXT is the number of the contact after the waiting one, or, of a free
# slot, the next free slot.
SOURCE, TARGET, NEXT = 0, 1, 2


class SisRule(NamedTuple):
    """Numbers of one rule; made by `cascades.arrival_tables.sis_rule`."""

    rate: float  # beta per unit of time; not used if `rates` has entries
    rates: NDArray[np.float64]  # (arcs,) or (0,)
    recovery: float  # gamma; 0: never
    horizon: float  # last time at which something happens; inf if none
    width: float  # a good width of buckets; changes no result


class SisScratch(NamedTuple):
    """Space of one thread for n people, `capacity` activations and as many waiting contacts."""

    order: NDArray[np.int32]  # (capacity,) each
    time: NDArray[np.float64]
    parent: NDArray[np.int32]  # or (0,)
    kind: NDArray[np.int8]
    until: NDArray[np.float64]
    ends: NDArray[np.float64]  # (n,) end of the newest infection; -inf before the first
    number: NDArray[np.int32]  # (n,) infections so far
    slot_time: NDArray[np.float64]  # (capacity,) each: time of a waiting contact,
    slot_arc: NDArray[np.int64]  # its arc,
    slot_who: NDArray[np.int32]  # (capacity, 4), see SOURCE, TARGET, NEXT
    heap_time: NDArray[np.float64]
    heap_slot: NDArray[np.int32]
    tails: NDArray[np.int32]  # the calendar of slots, see `queue`
    marks: NDArray[np.uint64]
    pool: NDArray[np.int32]
    places: NDArray[np.int64]
    clock: NDArray[np.float64]  # start of bucket 0; 1 / width
    tally: NDArray[np.int64]
    bits: NDArray[np.uint64]  # (BLOCK,) each
    gap_arc: NDArray[np.int64]
    gap: NDArray[np.float64]


def sis_scratch(n: int, arcs: int, forest: bool, capacity: int | None = None) -> SisScratch:
    """Return clean scratch space; double `capacity` (default 4 n) when it did not suffice."""
    room = max(4 * n, 1024) if capacity is None else max(int(capacity), n)
    tails, marks, pool, places = calendar_arrays(room)
    return SisScratch(
        order=np.empty(room, np.int32),
        time=np.empty(room),
        parent=np.empty(room if forest else 0, np.int32),
        kind=np.empty(room, np.int8),
        until=np.empty(room),
        ends=np.full(n, -np.inf),
        number=np.zeros(n, np.int32),
        slot_time=np.empty(room),
        slot_arc=np.empty(room, np.int64),
        slot_who=np.empty((room, 4), np.int32),
        heap_time=np.empty(room + 1),
        heap_slot=np.empty(room + 1, np.int32),
        tails=tails,
        marks=marks,
        pool=pool,
        places=places,
        clock=np.zeros(2),
        tally=np.zeros(7, np.int64),
        bits=np.empty(BLOCK, np.uint64),
        gap_arc=np.empty(BLOCK, np.int64),
        gap=np.empty(BLOCK),
    )


@njit(cache=True)
def _wait(scratch, slot):
    """Put a slot where it waits: the heap of the open bucket, another bucket, or beyond."""
    tally, clock = scratch.tally, scratch.clock
    time = scratch.slot_time[slot]
    bucket = bucket_of(time, clock[ORIGIN], clock[PER_WIDTH])
    if bucket == tally[BUCKET]:
        heap_push(scratch.heap_time, scratch.heap_slot, tally[HEAP], time, np.int32(slot))
        tally[HEAP] += 1
        return True
    return put(scratch.tails, scratch.marks, scratch.pool, scratch.places, bucket, slot)


@njit(cache=True, error_model="numpy")
def _next_contact(rule, scratch, key, replicate, infection, arc, target, end, time, m):
    """First contact of an arc, from number `m` on, that could infect; the one before was at `time`.

    Returns
    -------
    tuple of (float, int)
        Its time, inf if there is none before the source recovers or up to the horizon; the
        number of the contact after it.
    """
    healthy = scratch.ends[target]
    if healthy >= end or healthy > rule.horizon:
        return np.inf, m
    rate = rule.rates[arc] if rule.rates.size > 0 else rule.rate
    while True:
        base = stream(key, replicate, DRAW_CONTACT, infection, m)
        time = time + -log_portable(unit_open(draw(base, arc))) / rate
        m += 1
        if not (time < end and time <= rule.horizon):
            return np.inf, m
        if time >= healthy:
            return time, m


@njit(cache=True, error_model="numpy")
def _infect(rows, rule, scratch, key, replicate, v, time, source):
    """Infect a person and let its contacts wait; False if there is no room."""
    tally = scratch.tally
    count = tally[COUNT]
    if count == scratch.order.size:
        return False
    n = np.int64(scratch.number[v])
    lasting = stream(key, replicate, DRAW_DURATION, n, 0)
    end = time + -log_portable(unit_open(draw(lasting, np.int64(v)))) / rule.recovery
    scratch.order[count] = v
    scratch.time[count] = time
    scratch.until[count] = end
    scratch.kind[count] = np.int8(min(n, 127))
    if scratch.parent.size > 0:
        scratch.parent[count] = source
    tally[COUNT] = count + 1
    tally[DISTINCT] += np.int64(n == 0)
    scratch.number[v] += 1
    scratch.ends[v] = end
    bits, gap, gap_arc = scratch.bits, scratch.gap, scratch.gap_arc
    base = stream(key, replicate, DRAW_CONTACT, n, 0)
    own = rule.rates.size > 0
    indices, ends_at = rows.indices, scratch.ends.ctypes.data
    last = min(end, rule.horizon)
    # Draws up to `least` mean a first contact after `last`, on the safe side of rounding.
    least = np.uint64(0)
    if not own:
        reach = ((last - time) * (1.0 + 1e-9) + 1e-15 * last) * rule.rate
        if reach < 600.0:
            least = np.uint64(max(exp_neg_portable(reach) * 4503599627370496.0 - 8.0, 0.0))
    arc = rows.indptr[v]
    stop = rows.indptr[v + 1]
    while arc < stop:
        m = min(BLOCK, stop - arc)
        for i in range(m):
            bits[i] = draw(base, arc + i)
        f = 0
        for i in range(m):
            gap_arc[f] = arc + i
            bits[f] = bits[i]
            prefetch(np.uint64(ends_at + 8 * np.int64(indices[arc + i])))
            f += np.int64((bits[i] >> np.uint64(12)) >= least)
        for i in range(f):
            gap[i] = -log_portable(unit_open(bits[i]))
        for i in range(f):
            e = gap_arc[i]
            first = time + gap[i] / (rule.rates[e] if own else rule.rate)
            if first < end and first <= rule.horizon:
                after = np.int64(1)
                if first < scratch.ends[rows.indices[e]]:
                    first, after = _next_contact(
                        rule, scratch, key, replicate, n, e, rows.indices[e], end, first, after
                    )
                    if first == np.inf:
                        continue
                slot = tally[SLOT_FREE]
                if slot >= 0:
                    tally[SLOT_FREE] = scratch.slot_who[slot, NEXT]
                else:
                    slot = tally[SLOT_FRESH]
                    if slot == scratch.slot_time.size:
                        return False
                    tally[SLOT_FRESH] = slot + 1
                scratch.slot_time[slot] = first
                scratch.slot_arc[slot] = e
                scratch.slot_who[slot, SOURCE] = v
                scratch.slot_who[slot, TARGET] = rows.indices[e]
                scratch.slot_who[slot, NEXT] = np.int32(after)
                if not _wait(scratch, slot):
                    return False
        arc += m
    return True


@njit(cache=True)
def _open(rows, scratch):
    """Fill the heap from the next bucket in which contacts wait; False if there is none."""
    tails, marks, pool, places = scratch.tails, scratch.marks, scratch.pool, scratch.places
    tally, clock = scratch.tally, scratch.clock
    bucket = next_bucket(marks, tally[BUCKET])
    if bucket == BUCKETS:
        place = np.int64(tails[LATER])
        if place == EMPTY:
            return False
        earliest, waiting = np.inf, 0
        while place != EMPTY:
            earliest = min(earliest, scratch.slot_time[pool[place]])
            waiting += 1
            place -= 1
            if place & EMPTY == 0:
                place = np.int64(pool[place])
        if waiting > 2 * tally[DONE] + 64:  # too narrow: many wait for few that happen
            clock[PER_WIDTH] *= 0.25
        tally[DONE] = 0
        clock[ORIGIN] = earliest
        tally[BUCKET] = -1
        place = np.int64(tails[LATER])
        tails[LATER] = EMPTY
        while place != EMPTY:
            slot = pool[place]
            place = before(pool, places, place)
            bucket = bucket_of(scratch.slot_time[slot], earliest, clock[PER_WIDTH])
            put(tails, marks, pool, places, bucket, slot)
        bucket = next_bucket(marks, 0)
    tally[BUCKET] = bucket
    place = np.int64(tails[bucket])
    tails[bucket] = EMPTY
    marks[bucket >> 6] &= ~(ONE << np.uint64(bucket & 63))
    # Four passes over the bucket, each asking for the memory that the next one reads.
    slots, size = scratch.heap_slot, 0
    time_at, arc_at = scratch.slot_time.ctypes.data, scratch.slot_arc.ctypes.data
    who_at, ends_at = scratch.slot_who.ctypes.data, scratch.ends.ctypes.data
    number_at, indptr_at = scratch.number.ctypes.data, rows.indptr.ctypes.data
    indices_at = rows.indices.ctypes.data
    while place != EMPTY:
        slot = np.int64(pool[place])
        place = before(pool, places, place)
        prefetch(np.uint64(time_at + 8 * slot))
        prefetch(np.uint64(arc_at + 8 * slot))
        prefetch(np.uint64(who_at + 16 * slot))
        slots[size] = slot
        size += 1
    for k in range(size):
        u = np.int64(scratch.slot_who[slots[k], SOURCE])
        v = np.int64(scratch.slot_who[slots[k], TARGET])
        prefetch(np.uint64(ends_at + 8 * u))
        prefetch(np.uint64(number_at + 4 * u))
        prefetch(np.uint64(ends_at + 8 * v))
        prefetch(np.uint64(number_at + 4 * v))
        prefetch(np.uint64(indptr_at + 8 * v))
    for k in range(size):
        v = scratch.slot_who[slots[k], TARGET]
        if scratch.ends[v] <= scratch.slot_time[slots[k]]:
            prefetch(np.uint64(indices_at + 4 * rows.indptr[v]))
    for k in range(size):  # in place: entry k is read before the heap of k entries grows over it
        heap_push(scratch.heap_time, slots, k, scratch.slot_time[slots[k]], slots[k])
    tally[HEAP] = size
    return True


@njit(cache=True)
def _parent(scratch, tie, slot):
    """Source of the first among equals of the contacts with one person at one moment."""
    time, winner = scratch.slot_time[slot], scratch.slot_arc[slot]
    source, v = scratch.slot_who[slot, SOURCE], scratch.slot_who[slot, TARGET]
    for h in range(scratch.tally[HEAP]):
        if scratch.heap_time[h] == time:
            place = scratch.heap_slot[h]
            other = scratch.slot_arc[place]
            if scratch.slot_who[place, TARGET] == v:
                ours, theirs = draw(tie, other), draw(tie, winner)
                if ours < theirs or (ours == theirs and other < winner):
                    winner = other
                    source = scratch.slot_who[place, SOURCE]
    return source


@njit(cache=True)
def _run(rows, rule, scratch, key, replicate):
    """Take contacts in order of time until none waits; False if there is no room."""
    tally = scratch.tally
    heap_time, heap_slot = scratch.heap_time, scratch.heap_slot
    tie = stream(key, replicate, DRAW_ARC_TIE, 0, 0)
    while True:
        if tally[HEAP] == 0:
            if not _open(rows, scratch):
                return True
            continue
        slot = np.int64(heap_slot[0])
        heap_drop(heap_time, heap_slot, tally[HEAP])
        tally[HEAP] -= 1
        tally[DONE] += 1
        time, arc = scratch.slot_time[slot], scratch.slot_arc[slot]
        u, v = scratch.slot_who[slot, SOURCE], scratch.slot_who[slot, TARGET]
        if time >= scratch.ends[v]:
            parent = u
            if tally[HEAP] > 0 and heap_time[0] == time:
                parent = _parent(scratch, tie, slot)
            if not _infect(rows, rule, scratch, key, replicate, v, time, parent):
                return False
        # The contact happened while its source was infected, so this is that infection's end.
        time, after = _next_contact(
            rule, scratch, key, replicate, np.int64(scratch.number[u]) - 1, arc, v,
            scratch.ends[u], time, np.int64(scratch.slot_who[slot, NEXT]),
        )  # fmt: skip
        if time < np.inf:
            scratch.slot_time[slot] = time
            scratch.slot_who[slot, NEXT] = np.int32(after)
            if not _wait(scratch, slot):
                return False
        else:
            scratch.slot_who[slot, NEXT] = np.int32(tally[SLOT_FREE])
            tally[SLOT_FREE] = slot


@njit(cache=True, nogil=True)
def sis_batch(rows, rule, scratch, seeds, out, key, first, lo, hi):
    """Run replicates ``first + lo .. first + hi - 1``; return `hi`, or the one that did not fit.

    Parameters
    ----------
    rows, rule, scratch, seeds, out : Block
        Of `Rows`, `SisRule`, `SisScratch`, `Seeds`, `Output`.
    key : uint64
    first, lo, hi : int
        Number of the replicate of row 0 of the batch; rows to run.
    """
    order, tally = scratch.order, scratch.tally
    for i in range(lo, hi):
        tally[:] = 0
        tally[SLOT_FREE] = -1
        scratch.places[FREE] = 0
        scratch.places[FRESH] = 1
        scratch.clock[ORIGIN] = 0.0
        scratch.clock[PER_WIDTH] = 1.0 / rule.width
        fits = True
        # Whoever is a seed is infected before the first contact.
        for j in range(seeds.starts[i], seeds.starts[i + 1]):
            fits = fits and _infect(
                rows, rule, scratch, key, first + i, seeds.people[j], 0.0, np.int32(-1)
            )
        fits = fits and _run(rows, rule, scratch, key, first + i)
        count = tally[COUNT]
        if fits:
            fits = record(out, scratch, i, first + i, count, tally[DISTINCT]) == FIT
        else:
            scratch.tails[:] = EMPTY
            scratch.marks[:] = 0
            out.state[1] = SCRATCH_FULL
        for k in range(count):
            scratch.ends[order[k]] = -np.inf
            scratch.number[order[k]] = 0
        if not fits:
            return i
    return hi
