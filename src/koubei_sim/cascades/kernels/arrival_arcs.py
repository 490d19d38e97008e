"""Which arcs of the people of a moment carry the word further, and when it arrives.

One block of groups of eight arcs goes through five short loops, each of which the compiler can
turn into vector instructions or which only touches memory asked for before:

1. the shared draws of the groups, and the arcs whose top byte does not rule them out;
2. those arcs one by one, and a hint for the arrival time known so far of their targets;
3. those that could still be early enough, by a lower bound of their delay from the byte alone
   (arcs back to where the word came from go without their other 24 bits or a logarithm);
4. the exact delays, in the order of operations of docs/cascades.md;
5. better arrival times, put into the calendar.

Loops 1 to 3 only ever discard what 4 and 5 would discard too.  Called by `arrival`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from koubei_sim.cascades.kernels.coins import (
    BYTES,
    GROUP,
    exponential_of,
    first_among_equals,
    members,
    not_above,
)
from koubei_sim.cascades.kernels.queue import EMPTY, FREE, FRESH, bucket_of, put
from koubei_sim.core.bits import ONE, lowest_bit
from koubei_sim.core.draws import draw, log_portable, unit_open
from koubei_sim.core.prefetch import prefetch

SIR: Final = 0  # modes
SIR_STEPS: Final = 1
DELAYED: Final = 2
CONSTANT: Final = 0  # laws of latencies and durations
GIVEN: Final = 1
EXPONENTIAL: Final = 2
GEOMETRIC: Final = 3

BLOCK: Final = 256  # groups looked at together
GRID: Final = 1024  # cells of the table of byte bounds ...
GRID_END: Final = 5.6  # ... over rate x duration; -log(1 - 255/256) is 5.55
ORIGIN, PER_WIDTH = 0, 1  # places in `clock`
_S40, _BYTE = np.uint64(40), np.uint64(255)


def byte_tables() -> tuple[np.ndarray, np.ndarray]:
    """Return what a top byte says about the exponential variable of its coin.

    Returns
    -------
    least : (256,) float64
        A lower bound of ``-log(1 - u)`` over all coins with that byte, safe from rounding.
    bound : (GRID + 1,) int32
        For a cell of ``rate * duration``: how many bytes an arc that transmits could have (1..256).
    """
    least = -np.log1p(-np.arange(256) / 256.0) * (1.0 - 1e-12)
    least[0] = 0.0
    edges = (np.arange(GRID + 1) + 1.0) * (GRID_END / GRID) * (1.0 + 1e-9)
    return least, np.searchsorted(least, edges, side="left").astype(np.int32)


@njit(cache=True)
def rates_of_chances(chances):
    """``c(p) = -log_portable(1 - p)`` of an array of probabilities: infinite at 1, 0 at 0."""
    rates = np.empty(chances.size)
    for i in range(chances.size):
        p = chances[i]
        if p >= 1.0:
            rates[i] = np.inf
        elif p <= 0.0:
            rates[i] = 0.0
        else:
            rates[i] = -log_portable(1.0 - p)
    return rates


@njit(cache=True)
def _words(s, base, m):
    """Loop 1: draws of `m` groups, and who among them the byte does not rule out."""
    first, keep, top = s.group_first, s.group_keep, s.group_top
    word, live = s.group_word, s.group_live
    for i in range(m):
        x = draw(base, first[i])
        word[i] = x
        live[i] = not_above(x, top[i]) & keep[i]


@njit(cache=True)
def _list_uniform(rows, s, m):
    """Loop 2, one rate for all arcs: the byte has said all that can be said."""
    indices = rows.indices
    first, row = s.group_first, s.group_row
    word, live = s.group_word, s.group_live
    arc, target = s.try_arc, s.try_target
    from_row, byte = s.try_row, s.try_byte
    best_at = s.best.ctypes.data
    e = 0
    for i in range(m):
        left, x, g, k = live[i], word[i], first[i], row[i]
        while left:
            b = lowest_bit(left) >> 3
            left &= left - ONE
            v = indices[g + b]
            prefetch(np.uint64(best_at + 8 * np.int64(v)))
            arc[e] = g + b
            target[e] = v
            from_row[e] = k
            byte[e] = np.int32((x >> np.uint64(8 * b)) & _BYTE)
            e += 1
    return e


@njit(cache=True, error_model="numpy")
def _list_rates(rows, rule, s, t, m):
    """Loop 2, a rate per arc: the byte against the rate; then the least delays."""
    indices, rates, least = rows.indices, rule.rates, s.least
    first, row, span = s.group_first, s.group_row, t.until
    word, live = s.group_word, s.group_live
    arc, target = s.try_arc, s.try_target
    from_row, byte, delay = s.try_row, s.try_byte, s.try_delay
    best_at = s.best.ctypes.data
    steps = rule.mode == SIR_STEPS
    e = 0
    for i in range(m):
        left, x, g, k = live[i], word[i], first[i], row[i]
        duration = span[k]
        while left:
            b = lowest_bit(left) >> 3
            left &= left - ONE
            value = np.int32((x >> np.uint64(8 * b)) & _BYTE)
            rate = rates[g + b]
            v = indices[g + b]
            prefetch(np.uint64(best_at + 8 * np.int64(v)))
            arc[e] = g + b
            target[e] = v
            from_row[e] = k
            byte[e] = value
            delay[e] = rate
            e += np.int64(least[value] < duration * rate)
    for i in range(e):
        shortest = least[byte[i]] / delay[i]
        delay[i] = 1.0 + np.floor(shortest) if steps else shortest
    return e


@njit(cache=True)
def _list_coins(rows, rule, s, low, m):
    """Loop 2, delayed cascade: whole coins against thresholds, and the least delay."""
    indices, thresholds, latencies = rows.indices, rule.thresholds, rule.latencies
    first, row = s.group_first, s.group_row
    word, live = s.group_word, s.group_live
    arc, target = s.try_arc, s.try_target
    from_row, delay = s.try_row, s.try_delay
    best_at = s.best.ctypes.data
    threshold = rule.threshold
    own = thresholds.size > 0
    given = rule.latency_law == GIVEN
    shortest = 0.0
    if rule.latency_law == CONSTANT:
        shortest = rule.latency
    elif rule.latency_law == GEOMETRIC:
        shortest = 1.0
    e = 0
    for i in range(m):
        left, x, g, k = live[i], word[i], first[i], row[i]
        while left:
            b = lowest_bit(left) >> 3
            left &= left - ONE
            if own:
                threshold = thresholds[g + b]
            value = np.int64((x >> np.uint64(8 * b)) & _BYTE)
            top = threshold >> 24
            if value > top:
                continue
            if value == top and np.int64(draw(low, g + b) >> _S40) >= (threshold & 0xFFFFFF):
                continue
            v = indices[g + b]
            prefetch(np.uint64(best_at + 8 * np.int64(v)))
            arc[e] = g + b
            target[e] = v
            from_row[e] = k
            delay[e] = latencies[g + b] if given else shortest
            e += 1
    return e


@njit(cache=True)
def _early_uniform(s, t, e, ties):
    """Loop 3, one rate: drop what must come too late to be the first word."""
    arc, target = s.try_arc, s.try_target
    from_row, byte = s.try_row, s.try_byte
    shortest, best, time = s.shortest, s.best, t.time
    f = 0
    for i in range(e):
        k, v, b = from_row[i], target[i], byte[i]
        soonest = time[k] + shortest[b]
        known = abs(best[v])
        arc[f] = arc[i]
        target[f] = v
        from_row[f] = k
        byte[f] = b
        f += np.int64((soonest < known) | (ties & (soonest == known)))
    return f


@njit(cache=True)
def _early(s, t, e, ties):
    """Loop 3, least delays as listed."""
    arc, target = s.try_arc, s.try_target
    from_row, byte, delay = s.try_row, s.try_byte, s.try_delay
    best, time = s.best, t.time
    f = 0
    for i in range(e):
        k, v, x = from_row[i], target[i], delay[i]
        soonest = time[k] + x
        known = abs(best[v])
        arc[f] = arc[i]
        target[f] = v
        from_row[f] = k
        byte[f] = byte[i]
        delay[f] = x
        f += np.int64((soonest < known) | (ties & (soonest == known)))
    return f


@njit(cache=True, error_model="numpy")
def _delays(rule, s, low, late, f):
    """Loop 4: the exact delays of `f` arcs."""
    arc, byte, delay = s.try_arc, s.try_byte, s.try_delay
    if rule.mode == DELAYED:
        if rule.latency_law >= EXPONENTIAL:
            mean = rule.latency
            geometric = rule.latency_law == GEOMETRIC
            for i in range(f):
                x = -log_portable(unit_open(draw(late, arc[i])))
                delay[i] = 1.0 + np.floor(x / mean) if geometric else x * mean
        return
    if rule.rates.size > 0:
        rates = rule.rates
        for i in range(f):
            coin = (np.int64(byte[i]) << 24) | np.int64(draw(low, arc[i]) >> _S40)
            delay[i] = exponential_of(coin) / rates[arc[i]]
    else:
        rate = rule.rate
        for i in range(f):
            coin = (np.int64(byte[i]) << 24) | np.int64(draw(low, arc[i]) >> _S40)
            delay[i] = exponential_of(coin) / rate
    if rule.mode == SIR_STEPS:
        for i in range(f):
            delay[i] = 1.0 + np.floor(delay[i])


@njit(cache=True)
def rebuild(s):
    """Put everybody who waits into an empty calendar: chunks of old entries are free again."""
    tails, marks, pool, places = s.tails, s.marks, s.pool, s.places
    best, clock = s.best, s.clock
    tails[:] = EMPTY
    marks[:] = 0
    places[FREE] = 0
    places[FRESH] = 1
    for v in range(best.size):
        now = best[v]
        if now < np.inf and np.copysign(1.0, now) > 0.0:
            put(tails, marks, pool, places, bucket_of(now, clock[ORIGIN], clock[PER_WIDTH]), v)


@njit(cache=True)
def _arrive(rule, s, t, tie, f):
    """Loop 5: keep what is earlier than all that is known, or first among equals."""
    arc, target = s.try_arc, s.try_target
    from_row, delay = s.try_row, s.try_delay
    best, time, span, order = s.best, t.time, t.until, t.order
    via, source = s.via, s.source
    tails, marks, pool, places = s.tails, s.marks, s.pool, s.places
    origin, per_width = s.clock[ORIGIN], s.clock[PER_WIDTH]
    horizon = rule.horizon
    steps = rule.mode == SIR_STEPS
    forest = via.size > 0
    for i in range(f):
        k, v, x = from_row[i], target[i], delay[i]
        now = time[k] + x
        known = abs(best[v])
        if now < known and (x < span[k] or (steps and x == span[k])) and now <= horizon:
            best[v] = now  # positive: to be passed on (again)
            if forest:
                via[v] = arc[i]
                source[v] = order[k]
            if not put(tails, marks, pool, places, bucket_of(now, origin, per_width), v):
                rebuild(s)
        elif forest and now == known and (x < span[k] or (steps and x == span[k])):
            old = via[v]
            if old >= 0 and now < np.inf and first_among_equals(tie, arc[i], old):
                via[v] = arc[i]
                source[v] = order[k]


@njit(cache=True)
def _block(rows, rule, s, t, coins, late, m):
    """Take `m` groups through the five loops."""
    _words(s, coins.base, m)
    ties = s.via.size > 0
    if rule.mode == DELAYED:
        e = _list_coins(rows, rule, s, coins.low, m)
        f = _early(s, t, e, ties)
    elif rule.rates.size > 0:
        e = _list_rates(rows, rule, s, t, m)
        f = _early(s, t, e, ties)
    else:
        e = _list_uniform(rows, s, m)
        f = _early_uniform(s, t, e, ties)
    _delays(rule, s, coins.low, late, f)
    _arrive(rule, s, t, coins.tie, f)


@njit(cache=True)
def pass_on(rows, rule, s, t, coins, late, lo, hi):
    """Try all arcs of the people ``order[lo:hi]``; `time` is when they became active.

    `until` still holds for how long they pass on; streams are those of the replicate.
    """
    indptr, order, span, bound = rows.indptr, t.order, t.until, s.bound
    first, keep = s.group_first, s.group_keep
    top, row = s.group_top, s.group_row
    indices_at = rows.indices.ctypes.data
    rate = rule.rate
    by_rate = rule.mode != DELAYED
    if by_rate and rate == 0.0:
        return
    highest = np.int64(255)  # no byte above this one can belong to an arc that counts
    if rule.mode == DELAYED and rule.thresholds.size == 0:
        highest = min(highest, rule.threshold >> 24)
    m = 0
    for k in range(lo, hi):
        if k + 8 < hi:
            prefetch(np.uint64(indices_at + 4 * indptr[order[k + 8]]))
        u = order[k]
        if by_rate:
            product = span[k] * rate
            cell = np.int64(product * (GRID / GRID_END)) if product < GRID_END else GRID
            highest = np.int64(bound[cell]) - 1
        word = np.uint64(highest) * BYTES
        arc = indptr[u]
        end = indptr[u + 1]
        while arc < end:
            first[m] = arc
            keep[m] = members(end - arc)
            top[m] = word
            row[m] = np.int32(k)
            m += 1
            arc += GROUP
            if m == BLOCK:
                _block(rows, rule, s, t, coins, late, m)
                m = 0
    if m > 0:
        _block(rows, rule, s, t, coins, late, m)
