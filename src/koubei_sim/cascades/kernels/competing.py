"""Competing cascades and negative word of mouth: who convinced decides what one becomes.

An independent cascade in which every person reached needs a winner among the arcs that reached
it in the same step.  People whose step is over are a bitset, those reached in this step another;
the place of a person in ``order`` is looked up, and tie draws are made, only where a second live
arc meets somebody reached in this step.  A frontier is gone through brand by brand, so that a
block of arc groups has one threshold and its coins are tossed in vectors, as in `independent`.

Measured on one core of a Zen 5 class machine, 1 M people, 10 M arcs, p = .1, 344 k reached: 20 ms
a cascade, as the independent cascade that keeps parents (13 without).

Called by `koubei_sim.cascades.rules.competing`; contacts are walked in `contacts`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from koubei_sim.cascades.kernels.coins import (
    BYTES,
    below_and_level,
    coins_of,
    first_among_equals,
    load_bytes,
    low_bits,
    members,
)
from koubei_sim.cascades.kernels.frame import forget, run_batch
from koubei_sim.core.bits import ONE, has, insert, lowest_bit
from koubei_sim.core.codes import DRAW_SIGN
from koubei_sim.core.draws import GOLDEN, draw32, mix64, stream
from koubei_sim.core.prefetch import prefetch

BLOCK: Final = 1024  # groups in a block
FAR: Final = 24  # frontier places ahead of which row starts are asked for
RANDOM: Final = 0  # modes: competing, the first among equals wins
PRIORITY: Final = 1  # competing, the lowest brand wins, then the first among equals
NEGATIVE: Final = 2  # kind 0 positive, 1 negative, by the sign draw and the parent


class CompetingRule(NamedTuple):
    """Thresholds of K brands (K = 1 in mode NEGATIVE), as the top byte and the rest of ``T``."""

    top: NDArray[np.int64]  # (K,): 0..255
    rest: NDArray[np.int64]  # (K,): 0..2**24
    tops: NDArray[np.uint8]  # (K, arcs + 8), or (0, 0) where all arcs of a brand have one
    rests: NDArray[np.uint32]  # (K, arcs) or (0, 0)
    mode: int
    quality: int  # mode NEGATIVE: T(quality), else 0
    horizon: int  # last step


class CompetingScratch(NamedTuple):
    """What one thread needs for cascades over n people."""

    reached: NDArray[np.uint64]  # bitset of n: reached in this step
    place: NDArray[np.int32]  # (n,): place in order of those reached
    through: NDArray[np.int64]  # (n + 1,): by place, the arc that convinces so far
    giver: NDArray[np.int32]  # (n + 1,): by place, the place of its source
    first: NDArray[np.int64]  # (BLOCK,): first arc of each group
    source: NDArray[np.int32]  # (BLOCK,): place of its source
    keep: NDArray[np.uint64]  # (BLOCK,): which bytes are arcs of the row
    below: NDArray[np.uint64]  # (BLOCK,)
    level: NDArray[np.uint64]  # (BLOCK,)
    live: NDArray[np.int64]  # (8 BLOCK,): live arcs
    of: NDArray[np.int32]  # (8 BLOCK,): places of their sources


def competing_scratch(n: int) -> CompetingScratch:
    """Make clean scratch space for n people."""
    return CompetingScratch(
        reached=np.zeros((n + 63) >> 6, np.uint64),
        place=np.empty(n, np.int32),
        through=np.empty(n + 1, np.int64),
        giver=np.empty(n + 1, np.int32),
        first=np.empty(BLOCK, np.int64),
        source=np.empty(BLOCK, np.int32),
        keep=np.empty(BLOCK, np.uint64),
        below=np.empty(BLOCK, np.uint64),
        level=np.empty(BLOCK, np.uint64),
        live=np.empty(8 * BLOCK, np.int64),
        of=np.empty(8 * BLOCK, np.int32),
    )


@njit(cache=True, nogil=True)
def sign_of(rule, sign, v):
    """Whether person `v` is displeased (kind 1) by what it was told to be good."""
    return np.int8(draw32(sign, v) >= rule.quality)


@njit(cache=True, nogil=True)
def sign_seeds(rule, t, sign, n):
    """In mode NEGATIVE, draw the signs of the `n` seeds."""
    if rule.mode == NEGATIVE:
        for k in range(n):
            t.kind[k] = sign_of(rule, sign, t.order[k])


@njit(cache=True, nogil=True)
def beats(rule, s, t, tie, arc, of, k):
    """Whether live `arc` from place `of` convinces before the arc that holds place `k`."""
    if rule.mode == PRIORITY:
        ours = t.kind[of]
        theirs = t.kind[s.giver[k]]
        if ours != theirs:
            return ours < theirs
    return first_among_equals(tie, arc, s.through[k])


@njit(cache=True, nogil=True)
def take_kind(rule, s, t, sign, k):
    """Person at place `k` takes the kind of its giver, and it as parent."""
    of = s.giver[k]
    kind = t.kind[of]
    if rule.mode == NEGATIVE and kind == 0:
        kind = sign_of(rule, sign, t.order[k])
    t.kind[k] = kind
    if t.parent.size > 0:
        t.parent[k] = t.order[of]


@njit(cache=True, nogil=True)
def _toss(rows, rule, s, coins, brand, groups):
    """List the live arcs of the block's first `groups` groups; return their number."""
    first, keep, below, level = s.first, s.keep, s.below, s.level
    one = rule.tops.size == 0
    if one:
        top = np.uint64(rule.top[brand]) * BYTES
        for i in range(groups):
            level[i] = top
    else:
        address = rule.tops.ctypes.data + brand * rule.tops.shape[1]
        for i in range(groups):
            level[i] = load_bytes(np.uint64(address + first[i]))
    for i in range(groups):
        x = mix64(coins.base + GOLDEN * np.uint64(first[i] + 1))
        lower, equal = below_and_level(x, level[i])
        below[i] = lower & keep[i]
        level[i] = equal & keep[i]
    at_targets = rows.indices.ctypes.data
    rest = rule.rest[brand] if one else np.int64(0)
    count = 0
    for i in range(groups):
        hit = below[i]
        undecided = level[i]
        g = first[i]
        while undecided:
            bit = undecided & (~undecided + ONE)
            e = g + (lowest_bit(undecided) >> 3)
            undecided ^= bit
            if low_bits(coins.low, e) < (rest if one else np.int64(rule.rests[brand, e])):
                hit |= bit
        while hit:
            e = g + (lowest_bit(hit) >> 3)
            hit &= hit - ONE
            prefetch(np.uint64(at_targets + 4 * e))
            s.live[count] = e
            s.of[count] = s.source[i]
            count += 1
    return count


@njit(cache=True, nogil=True)
def _visit(rows, rule, s, t, tie, count, n):
    """Reach the targets of the `count` live arcs; return the new number of people."""
    done, reached = t.visited, s.reached
    live, of = s.live, s.of
    left = 0
    for i in range(count):  # most targets of a large cascade are old acquaintances: drop those
        v = rows.indices[live[i]]
        live[left] = live[i]
        of[left] = of[i]
        left += np.int64(not has(done, v))
    for i in range(left):
        e = live[i]
        v = rows.indices[e]
        bit = ONE << np.uint64(v & 63)
        if reached[v >> 6] & bit:
            k = s.place[v]
            if beats(rule, s, t, tie, e, of[i], k):
                s.through[k] = e
                s.giver[k] = of[i]
        else:
            reached[v >> 6] |= bit
            s.place[v] = n
            t.order[n] = v
            s.through[n] = e
            s.giver[n] = of[i]
            n += 1
    return n


@njit(cache=True, nogil=True)
def spread(rows, rule, s, t, key, replicate, n):
    """Run one replicate of `n` seeds; see `frame`."""
    coins = coins_of(key, replicate, 0)
    sign = stream(key, replicate, DRAW_SIGN, 0, 0)
    sign_seeds(rule, t, sign, n)
    indptr, order = rows.indptr, t.order
    at_rows = indptr.ctypes.data
    first, source, keep = s.first, s.source, s.keep
    brands = 1 if rule.mode == NEGATIVE else rule.top.size
    step = 0
    begin = 0
    while begin < n and step < rule.horizon:
        step += 1
        end = n
        for brand in range(brands):
            groups = 0
            for k in range(begin, end):
                if k + FAR < end:
                    prefetch(np.uint64(at_rows + 8 * np.int64(order[k + FAR])))
                if brands > 1 and t.kind[k] != brand:
                    continue
                u = order[k]
                g = indptr[u]
                stop = indptr[u + 1]
                while g < stop:
                    first[groups] = g
                    source[groups] = k
                    keep[groups] = members(stop - g)
                    groups += 1
                    g += 8
                    if groups == BLOCK:
                        count = _toss(rows, rule, s, coins, brand, groups)
                        n = _visit(rows, rule, s, t, coins.tie, count, n)
                        groups = 0
            if groups > 0:
                count = _toss(rows, rule, s, coins, brand, groups)
                n = _visit(rows, rule, s, t, coins.tie, count, n)
        for k in range(end, n):
            take_kind(rule, s, t, sign, k)
            t.time[k] = np.float64(step)
            insert(t.visited, order[k])
            s.reached[order[k] >> 6] = np.uint64(0)
        begin = end
    forget(t.visited, order, n)
    return n, n, -1


@njit(cache=True, nogil=True)
def competing_batch(rows, rule, s, t, seeds, out, lo, hi):
    """Run a batch; see `frame.run_batch`."""
    return run_batch(spread, rows, rule, s, t, seeds, out, (lo, hi))
