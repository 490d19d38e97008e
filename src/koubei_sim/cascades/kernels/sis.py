"""SIS: people who can be infected again and again, in continuous time and by steps.

*In continuous time* contacts are taken one by one, in order of time.  Each arc of an infected
person has at most one contact waiting: the next one at which its target could be susceptible.
Contacts before the target's recovery are skipped by drawing their gaps and adding them up, as if
they had been waited for.  Contacts wait in a calendar of buckets (`queue`); those of the open
bucket are in a heap small enough for the first cache.

*By steps* everybody who is infected tries each arc at every step, then may recover.  A step is one
sweep over the arcs of the infected, in blocks of groups of eight: shared draws as vectors, live
arcs listed, their targets looked at last.  Coins have the step as their tick.

The rules are those of docs/cascades.md.  Called by `koubei_sim.cascades.rules.epidemics`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from koubei_sim.cascades.kernels.coins import (
    BYTES,
    GROUP,
    coins_of,
    first_among_equals,
    members,
    not_above,
)
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
from koubei_sim.core.bits import ONE, lowest_bit
from koubei_sim.core.codes import DRAW_ARC_TIE, DRAW_CONTACT, DRAW_DURATION, DRAW_RECOVERY
from koubei_sim.core.draws import (
    draw,
    draw32,
    exp_neg_portable,
    log_portable,
    stream,
    unit_open,
)
from koubei_sim.core.prefetch import prefetch

BLOCK: Final = 256  # arcs of a person, or groups of arcs, looked at together
MOST_NAMED: Final = 127  # infections are numbered up to this in the results
COUNT, DISTINCT = 0, 1  # places in `tally`
HEAP, BUCKET, SLOT_FREE, SLOT_FRESH, DONE = range(2, 7)  # in continuous time
START = 2  # by steps: first activation of this step
ORIGIN, PER_WIDTH = 0, 1  # places in `clock`
# Columns of `slot_who`; NEXT is the number of the contact after the waiting one, or, of a free
# slot, the next free slot.
SOURCE, TARGET, NEXT = 0, 1, 2
_S40, _BYTE = np.uint64(40), np.uint64(255)


class SisRule(NamedTuple):
    """Numbers of one rule; made by its family."""

    rate: float  # beta per unit of time; not used if `rates` has entries
    rates: NDArray[np.float64]  # (arcs,) or (0,)
    recovery: float  # gamma; 0: never
    horizon: float  # last time at which something happens; inf if none
    width: float  # a good width of buckets; changes no result


class SisScratch(NamedTuple):
    """Space of one thread for n people and `room` waiting contacts."""

    ends: NDArray[np.float64]  # (n,) end of the newest infection; -inf before the first
    number: NDArray[np.int32]  # (n,) infections so far
    slot_time: NDArray[np.float64]  # (room,) each: time of a waiting contact,
    slot_arc: NDArray[np.int64]  # its arc,
    slot_who: NDArray[np.int32]  # (room, 4), see SOURCE, TARGET, NEXT
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


def sis_scratch(n: int, room: int) -> SisScratch:
    """Return clean scratch space; double `room` when it did not suffice."""
    tails, marks, pool, places = calendar_arrays(room)
    return SisScratch(
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
def _wait(s, slot):
    """Put a slot where it waits: the heap of the open bucket, another bucket, or beyond."""
    tally, clock = s.tally, s.clock
    time = s.slot_time[slot]
    bucket = bucket_of(time, clock[ORIGIN], clock[PER_WIDTH])
    if bucket == tally[BUCKET]:
        heap_push(s.heap_time, s.heap_slot, tally[HEAP], time, np.int32(slot))
        tally[HEAP] += 1
        return True
    return put(s.tails, s.marks, s.pool, s.places, bucket, slot)


@njit(cache=True, error_model="numpy")
def _next_contact(rule, s, draws, source, target, arc, time, m):
    """First contact of an arc, from number `m` on, that could infect; the one before was at `time`.

    `draws` is (key, replicate); the source is in its newest infection.

    Returns
    -------
    tuple of (float, int)
        Its time, inf if there is none before the source recovers or up to the horizon; the
        number of the contact after it.
    """
    end, healthy = s.ends[source], s.ends[target]
    infection = np.int64(s.number[source]) - 1
    if healthy >= end or healthy > rule.horizon:
        return np.inf, m
    rate = rule.rates[arc] if rule.rates.size > 0 else rule.rate
    while True:
        base = stream(draws[0], draws[1], DRAW_CONTACT, infection, m)
        time = time + -log_portable(unit_open(draw(base, arc))) / rate
        m += 1
        if not (time < end and time <= rule.horizon):
            return np.inf, m
        if time >= healthy:
            return time, m


@njit(cache=True, error_model="numpy")
def _infect(rows, rule, s, t, draws, v, time, source):
    """Infect a person and let its contacts wait; False if there is no room."""
    tally = s.tally
    count = tally[COUNT]
    if count == t.order.size:
        return False
    n = np.int64(s.number[v])
    lasting = stream(draws[0], draws[1], DRAW_DURATION, n, 0)
    end = time + -log_portable(unit_open(draw(lasting, np.int64(v)))) / rule.recovery
    t.order[count] = v
    t.time[count] = time
    t.until[count] = end
    t.kind[count] = np.int8(min(n, MOST_NAMED))
    if t.parent.size > 0:
        t.parent[count] = source
    tally[COUNT] = count + 1
    tally[DISTINCT] += np.int64(n == 0)
    s.number[v] += 1
    s.ends[v] = end
    bits, gap, gap_arc = s.bits, s.gap, s.gap_arc
    base = stream(draws[0], draws[1], DRAW_CONTACT, n, 0)
    own = rule.rates.size > 0
    indices, ends_at = rows.indices, s.ends.ctypes.data
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
                if first < s.ends[rows.indices[e]]:
                    first, after = _next_contact(
                        rule, s, draws, v, rows.indices[e], e, first, after
                    )
                    if first == np.inf:
                        continue
                slot = tally[SLOT_FREE]
                if slot >= 0:
                    tally[SLOT_FREE] = s.slot_who[slot, NEXT]
                else:
                    slot = tally[SLOT_FRESH]
                    if slot == s.slot_time.size:
                        return False
                    tally[SLOT_FRESH] = slot + 1
                s.slot_time[slot] = first
                s.slot_arc[slot] = e
                s.slot_who[slot, SOURCE] = v
                s.slot_who[slot, TARGET] = rows.indices[e]
                s.slot_who[slot, NEXT] = np.int32(after)
                if not _wait(s, slot):
                    return False
        arc += m
    return True


@njit(cache=True)
def _open(rows, s):
    """Fill the heap from the next bucket in which contacts wait; False if there is none."""
    tails, marks, pool, places = s.tails, s.marks, s.pool, s.places
    tally, clock = s.tally, s.clock
    bucket = next_bucket(marks, tally[BUCKET])
    if bucket == BUCKETS:
        place = np.int64(tails[LATER])
        if place == EMPTY:
            return False
        earliest, waiting = np.inf, 0
        while place != EMPTY:
            earliest = min(earliest, s.slot_time[pool[place]])
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
            bucket = bucket_of(s.slot_time[slot], earliest, clock[PER_WIDTH])
            put(tails, marks, pool, places, bucket, slot)
        bucket = next_bucket(marks, 0)
    tally[BUCKET] = bucket
    place = np.int64(tails[bucket])
    tails[bucket] = EMPTY
    marks[bucket >> 6] &= ~(ONE << np.uint64(bucket & 63))
    # Four passes over the bucket, each asking for the memory that the next one reads.
    slots, size = s.heap_slot, 0
    time_at, arc_at = s.slot_time.ctypes.data, s.slot_arc.ctypes.data
    who_at, ends_at = s.slot_who.ctypes.data, s.ends.ctypes.data
    number_at, indptr_at = s.number.ctypes.data, rows.indptr.ctypes.data
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
        u = np.int64(s.slot_who[slots[k], SOURCE])
        v = np.int64(s.slot_who[slots[k], TARGET])
        prefetch(np.uint64(ends_at + 8 * u))
        prefetch(np.uint64(number_at + 4 * u))
        prefetch(np.uint64(ends_at + 8 * v))
        prefetch(np.uint64(number_at + 4 * v))
        prefetch(np.uint64(indptr_at + 8 * v))
    for k in range(size):
        v = s.slot_who[slots[k], TARGET]
        if s.ends[v] <= s.slot_time[slots[k]]:
            prefetch(np.uint64(indices_at + 4 * rows.indptr[v]))
    for k in range(size):  # in place: entry k is read before the heap of k entries grows over it
        heap_push(s.heap_time, slots, k, s.slot_time[slots[k]], slots[k])
    tally[HEAP] = size
    return True


@njit(cache=True)
def _parent(s, tie, slot):
    """Source of the first among equals of the contacts with one person at one moment."""
    time, winner = s.slot_time[slot], s.slot_arc[slot]
    source, v = s.slot_who[slot, SOURCE], s.slot_who[slot, TARGET]
    for h in range(s.tally[HEAP]):
        if s.heap_time[h] == time:
            place = s.heap_slot[h]
            other = s.slot_arc[place]
            if s.slot_who[place, TARGET] == v and first_among_equals(tie, other, winner):
                winner = other
                source = s.slot_who[place, SOURCE]
    return source


@njit(cache=True)
def _run(rows, rule, s, t, draws):
    """Take contacts in order of time until none waits; False if there is no room."""
    tally = s.tally
    heap_time, heap_slot = s.heap_time, s.heap_slot
    tie = stream(draws[0], draws[1], DRAW_ARC_TIE, 0, 0)
    while True:
        if tally[HEAP] == 0:
            if not _open(rows, s):
                return True
            continue
        slot = np.int64(heap_slot[0])
        heap_drop(heap_time, heap_slot, tally[HEAP])
        tally[HEAP] -= 1
        tally[DONE] += 1
        time, arc = s.slot_time[slot], s.slot_arc[slot]
        u, v = s.slot_who[slot, SOURCE], s.slot_who[slot, TARGET]
        if time >= s.ends[v]:
            parent = u
            if tally[HEAP] > 0 and heap_time[0] == time:
                parent = _parent(s, tie, slot)
            if not _infect(rows, rule, s, t, draws, v, time, parent):
                return False
        # The contact happened while its source was infected, so this is that infection's end.
        after = np.int64(s.slot_who[slot, NEXT])
        time, after = _next_contact(rule, s, draws, u, v, arc, time, after)
        if time < np.inf:
            s.slot_time[slot] = time
            s.slot_who[slot, NEXT] = np.int32(after)
            if not _wait(s, slot):
                return False
        else:
            s.slot_who[slot, NEXT] = np.int32(tally[SLOT_FREE])
            tally[SLOT_FREE] = slot


@njit(cache=True, nogil=True)
def spread(rows, rule, s, t, key, replicate, n):
    """Run one replicate of `n` seeds; see `frame`."""
    tally, draws = s.tally, (key, replicate)
    tally[:] = 0
    tally[SLOT_FREE] = -1
    s.places[FREE] = 0
    s.places[FRESH] = 1
    s.clock[ORIGIN] = 0.0
    s.clock[PER_WIDTH] = 1.0 / rule.width
    fits = True
    # Whoever is a seed is infected before the first contact.
    for k in range(n):
        fits = fits and _infect(rows, rule, s, t, draws, t.order[k], 0.0, np.int32(-1))
    fits = fits and _run(rows, rule, s, t, draws)
    count = tally[COUNT]
    if not fits:
        s.tails[:] = EMPTY
        s.marks[:] = 0
    for k in range(count):
        s.ends[t.order[k]] = -np.inf
        s.number[t.order[k]] = 0
    return count, tally[DISTINCT] if fits else -1, -1


@njit(cache=True, nogil=True)
def sis_batch(rows, rule, s, t, seeds, out, lo, hi):
    """Run a batch; see `frame.run_batch`."""
    return run_batch(spread, rows, rule, s, t, seeds, out, (lo, hi))


# By steps --------------------------------------------------------------------------------------


class SisStepsRule(NamedTuple):
    """Numbers of one rule; made by its family."""

    threshold: int  # T(beta), 0..2**32; not used if `thresholds` has entries
    thresholds: NDArray[np.int64]  # (arcs,) or (0,)
    recover: int  # T(gamma), 0..2**32
    horizon: int  # last step


class SisStepsScratch(NamedTuple):
    """Space of one thread for n people."""

    via: NDArray[np.int64]  # (n,) or (0,): arc of the newest infection of a person
    place: NDArray[np.int32]  # (n,) place of the present infection in `order`, -1: susceptible
    number: NDArray[np.int32]  # (n,) infections so far
    infected: NDArray[np.int32]  # (n,) list of the infected
    tally: NDArray[np.int64]  # (3,)
    group_first: NDArray[np.int64]  # (BLOCK,) each
    group_keep: NDArray[np.uint64]
    group_row: NDArray[np.int32]
    group_word: NDArray[np.uint64]
    group_live: NDArray[np.uint64]
    try_arc: NDArray[np.int64]  # (8 BLOCK + 1,) each
    try_target: NDArray[np.int32]
    try_source: NDArray[np.int32]


def sis_steps_scratch(n: int, forest: bool) -> SisStepsScratch:
    """Return clean scratch space."""
    tries = GROUP * BLOCK + 1
    return SisStepsScratch(
        via=np.empty(n if forest else 0, np.int64),
        place=np.full(n, -1, np.int32),
        number=np.zeros(n, np.int32),
        infected=np.empty(n, np.int32),
        tally=np.zeros(3, np.int64),
        group_first=np.empty(BLOCK, np.int64),
        group_keep=np.empty(BLOCK, np.uint64),
        group_row=np.empty(BLOCK, np.int32),
        group_word=np.empty(BLOCK, np.uint64),
        group_live=np.empty(BLOCK, np.uint64),
        try_arc=np.empty(tries, np.int64),
        try_target=np.empty(tries, np.int32),
        try_source=np.empty(tries, np.int32),
    )


@njit(cache=True)
def _infect_at(s, t, v, step, source, arc):
    """Write down an infection; False if there is no room."""
    tally = s.tally
    count = tally[COUNT]
    if count == t.order.size:
        return False
    t.order[count] = v
    t.time[count] = np.float64(step)
    t.until[count] = np.inf
    t.kind[count] = np.int8(min(s.number[v], MOST_NAMED))
    if s.via.size > 0:
        t.parent[count] = source
        s.via[v] = arc
    tally[DISTINCT] += np.int64(s.number[v] == 0)
    s.number[v] += 1
    s.place[v] = np.int32(count)
    tally[COUNT] = count + 1
    return True


@njit(cache=True)
def _block(rows, rule, s, t, coins, step, m):
    """Try the arcs of `m` groups; False if there is no room."""
    indices, thresholds = rows.indices, rule.thresholds
    first, keep, row = s.group_first, s.group_keep, s.group_row
    word, live = s.group_word, s.group_live
    arc, target, source = s.try_arc, s.try_target, s.try_source
    place_at = s.place.ctypes.data
    own = thresholds.size > 0
    threshold = rule.threshold
    top = np.uint64(255 if own else min(threshold >> 24, 255)) * BYTES
    for i in range(m):
        x = draw(coins.base, first[i])
        word[i] = x
        live[i] = not_above(x, top) & keep[i]
    e = 0
    for i in range(m):
        left, x, g = live[i], word[i], first[i]
        while left:
            b = lowest_bit(left) >> 3
            left &= left - ONE
            if own:
                threshold = thresholds[g + b]
            value = np.int64((x >> np.uint64(8 * b)) & _BYTE)
            if value > threshold >> 24:
                continue
            rest = threshold & 0xFFFFFF
            if value == threshold >> 24 and np.int64(draw(coins.low, g + b) >> _S40) >= rest:
                continue
            v = indices[g + b]
            prefetch(np.uint64(place_at + 4 * np.int64(v)))
            arc[e] = g + b
            target[e] = v
            source[e] = row[i]
            e += 1
    start = s.tally[START]
    forest = s.via.size > 0
    for i in range(e):
        v = target[i]
        at = s.place[v]
        if at < 0:
            if not _infect_at(s, t, v, step, source[i], arc[i]):
                return False
        elif forest and at >= start and first_among_equals(coins.tie, arc[i], s.via[v]):
            s.via[v] = arc[i]
            t.parent[at] = source[i]
    return True


@njit(cache=True)
def _attempts(rows, rule, s, t, coins, step, size):
    """All attempts of one step by the `size` people in `infected`; False if there is no room."""
    indptr, infected = rows.indptr, s.infected
    first, keep, row = s.group_first, s.group_keep, s.group_row
    m = 0
    for k in range(size):
        u = infected[k]
        arc = indptr[u]
        end = indptr[u + 1]
        while arc < end:
            first[m] = arc
            keep[m] = members(end - arc)
            row[m] = u
            m += 1
            arc += GROUP
            if m == BLOCK:
                if not _block(rows, rule, s, t, coins, step, m):
                    return False
                m = 0
    return m == 0 or _block(rows, rule, s, t, coins, step, m)


@njit(cache=True)
def _run_steps(rows, rule, s, t, draws):
    """Run one replicate whose seeds are written down; False if there is no room."""
    order, place, until = t.order, s.place, t.until
    infected, tally = s.infected, s.tally
    size = tally[COUNT]
    for k in range(size):
        infected[k] = order[k]
    step = 0
    while size > 0 and step < rule.horizon:
        step += 1
        tally[START] = tally[COUNT]
        if rule.threshold > 0 or rule.thresholds.size > 0:
            coins = coins_of(draws[0], draws[1], step)
            if not _attempts(rows, rule, s, t, coins, step, size):
                return False
        elif rule.recover == 0:
            return True  # nothing can happen any more
        ending = stream(draws[0], draws[1], DRAW_RECOVERY, step, 0)
        kept = 0
        for k in range(size):
            v = infected[k]
            infected[kept] = v
            if draw32(ending, np.int64(v)) < rule.recover:
                until[place[v]] = np.float64(step)
                place[v] = -1
            else:
                kept += 1
        for k in range(tally[START], tally[COUNT]):
            infected[kept] = order[k]
            kept += 1
        size = kept
    return True


@njit(cache=True, nogil=True)
def spread_steps(rows, rule, s, t, key, replicate, n):
    """Run one replicate of `n` seeds by steps; see `frame`."""
    s.tally[:] = 0
    for k in range(n):
        _infect_at(s, t, t.order[k], 0, -1, np.int64(-1))
    fits = _run_steps(rows, rule, s, t, (key, replicate))
    count = s.tally[COUNT]
    for k in range(count):
        s.place[t.order[k]] = -1
        s.number[t.order[k]] = 0
    return count, s.tally[DISTINCT] if fits else -1, -1


@njit(cache=True, nogil=True)
def sis_steps_batch(rows, rule, s, t, seeds, out, lo, hi):
    """Run a batch; see `frame.run_batch`."""
    return run_batch(spread_steps, rows, rule, s, t, seeds, out, (lo, hi))
