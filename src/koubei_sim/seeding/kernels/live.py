"""Which arcs into a person are live in a set: by skipping, by forward coins, or the one picked.

A set asks for the arcs into a person once.  By *count* their number comes from one draw against a
table of binomial thresholds, then which they are: no coin per arc, no logarithm but in rows where
more than 15 may be live.  By *coins* each arc has the coin that it has in the cascade of a
replicate.  docs/seeding.md 2 is the norm.

Called by `search`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from koubei_sim.cascades.kernels.coins import low_bits
from koubei_sim.core.draws import GOLDEN, draw, draw32, log_portable, mix64, pick, unit_open

COUNT: Final = 0  # independent arcs, skipped
COINS: Final = 1  # independent arcs, with the coins of a cascade
CHOICE: Final = 2  # one arc, or none
WIDTH: Final = 16  # thresholds in a row of the table: 0 to 15 live arcs
ONE32: Final = 1 << 32
_LOW32, _S32 = np.uint64(0xFFFFFFFF), np.uint64(32)


class Heard(NamedTuple):
    """The arcs into each person and what says which are live, as `seeding.rows` makes them."""

    kind: int  # COUNT, COINS or CHOICE
    forward: int  # 1: draws are those of a cascade
    indptr: NDArray[np.int64]  # (n + 1,)
    source: NDArray[np.int32]  # (arcs,): in order of arc number within a person
    row: NDArray[np.int32]  # COUNT (n,): row of the table; -1: jump from arc to arc
    table: NDArray[np.int64]  # COUNT (rows, WIDTH): P(at most c live), in units of 2**-32
    ceiling: NDArray[np.int64]  # COUNT (n,): chance of a candidate, in units of 2**-32
    accept: NDArray[np.int64]  # COUNT (arcs,) or (0,): chance that a candidate is live
    bound: NDArray[np.int64]  # COINS (arcs,): threshold; CHOICE (arcs,) or (0,): end of interval
    arc: NDArray[np.int64]  # COINS (arcs,): number of the arc
    group: NDArray[np.int64]  # COINS (arcs,): first arc of its group of eight


@njit(cache=True)
def _candidates(h, v, a, d, base, found):
    """Draw the candidates among the `d` arcs from place `a`; return how many, and draws used."""
    row = h.row[v]
    bits = draw(base, 0)
    c = 0
    if row >= 0:
        u = np.int64(bits >> _S32)
        while u >= h.table[row, c]:
            c += 1
        if c == 1:  # the lower half of the same draw says which
            found[0] = a + pick(bits & _LOW32, d)
        elif c == d:
            for i in range(d):
                found[i] = a + i
        elif c > 1:  # Floyd 1987: a uniform choice of c among d
            for i in range(c):
                at = a + pick(draw32(base, i + 1), d - c + i + 1)
                for s in range(i):
                    if found[s] == at:
                        at = a + d - c + i
                        break
                found[i] = at
            return c, c + 1
        return c, 1
    q = h.ceiling[v]
    if q >= ONE32:
        for i in range(d):
            found[i] = a + i
        return d, 0
    per = 1.0 / log_portable(1.0 - np.float64(q) * 2.3283064365386963e-10)
    at = -1.0
    k = 0
    while True:  # geometric jumps
        at += 1.0 + np.floor(log_portable(unit_open(draw(base, k))) * per)
        k += 1
        if at >= d:
            return c, k
        found[c] = a + np.int64(at)
        c += 1


@njit(cache=True)
def _picked(h, a, d, threshold, found):
    """Write the arc whose interval holds `threshold`, if any does."""
    if h.bound.size == 0:  # equal shares: bounds floor(m 2**32 / d)
        found[0] = a + (((threshold + 1) * d - 1) >> 32)
        return 1
    low, high = a, a + d  # the first arc whose interval ends above it
    while low < high:
        middle = (low + high) >> 1
        if h.bound[middle] > threshold:
            high = middle
        else:
            low = middle + 1
    found[0] = low
    return np.int64(low < a + d)


@njit(cache=True)
def live_arcs(h, v, one, two, found):
    """Write the places of the live arcs into `v` to `found` and return how many there are.

    `one` and `two` are the streams of the set (`search.streams_of`).
    """
    a = h.indptr[v]
    d = h.indptr[v + 1] - a
    if d == 0:
        return 0
    if h.kind == COINS:
        c = 0
        for e in range(a, a + d):
            arc, first = h.arc[e], h.group[e]
            byte = np.int64((draw(one, first) >> np.uint64(8 * (arc - first))) & np.uint64(255))
            top = min(h.bound[e] >> 24, 255)
            if byte < top or (byte == top and low_bits(two, arc) < h.bound[e] - (top << 24)):
                found[c] = e
                c += 1
        return c
    if h.kind == CHOICE:
        if h.forward:
            return _picked(h, a, d, draw32(one, v), found)
        return _picked(h, a, d, draw32(mix64(one + GOLDEN * np.uint64(v + 1)), 0), found)
    base = mix64(one + GOLDEN * np.uint64(v + 1))
    c, k = _candidates(h, v, a, d, base, found)
    if h.accept.size == 0 or c == 0:
        return c
    kept = 0
    for i in range(c):
        accept = h.accept[found[i]]
        if accept < ONE32:
            k += 1
            if draw32(base, k - 1) >= accept:
                continue
        found[kept] = found[i]
        kept += 1
    return kept
