"""Competing cascades and negative word of mouth: who convinced decides what one becomes.

An independent cascade in which every person reached needs a winner among the arcs that reached
it in the same step.  People whose step is over are a bitset, those reached in this step another;
the place of a person in ``order`` is looked up, and tie draws are made, only where a second live
arc meets somebody reached in this step.  A frontier is gone through brand by brand, so that a
block of arc groups has one threshold and its coins are tossed in vectors, as in `independent`.

Measured on one core of a Zen 5 class machine, 1 M people, 10 M arcs, p = .1, 344 k reached: 20 ms
a cascade, as the independent cascade that keeps parents (13 without).

Called through `rivals_batch` by `koubei_sim.cascades`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from koubei_sim.cascades.kernels.coins import (
    BYTES,
    HIGH,
    LOW7,
    ONE,
    load_bytes,
    low_bits,
    lowest_bit,
    members,
)
from koubei_sim.cascades.kernels.record import FIT, record
from koubei_sim.core.codes import DRAW_ARC, DRAW_ARC_TIE, DRAW_SIGN
from koubei_sim.core.draws import GOLDEN, draw, draw32, mix64, stream
from koubei_sim.core.prefetch import prefetch

BLOCK: Final = 1024  # groups in a block
FAR: Final = 24  # frontier places ahead of which row starts are asked for
RANDOM: Final = 0  # modes: competing, the first among equals wins
PRIORITY: Final = 1  # competing, the lowest brand wins, then the first among equals
NEGATIVE: Final = 2  # kind 0 positive, 1 negative, by the sign draw and the parent


class RivalsRule(NamedTuple):
    """Thresholds of K brands (K = 1 in mode NEGATIVE), as the top byte and the rest of ``T``."""

    top: NDArray[np.int64]  # (K,): 0..255
    rest: NDArray[np.int64]  # (K,): 0..2**24
    tops: NDArray[np.uint8]  # (K, arcs + 8), or (0, 0) where all arcs of a brand have one
    rests: NDArray[np.uint32]  # (K, arcs) or (0, 0)
    mode: int
    quality: int  # mode NEGATIVE: T(quality), else 0
    horizon: int  # last step


class RivalsScratch(NamedTuple):
    """What one thread needs for cascades over n people."""

    order: NDArray[np.int32]  # (n + 1,)
    time: NDArray[np.float64]  # (n + 1,)
    parent: NDArray[np.int32]  # (n + 1,) or (0,)
    kind: NDArray[np.int8]  # (n + 1,)
    until: NDArray[np.float64]  # (0,)
    done: NDArray[np.uint64]  # bitset of n: active before this step
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


def rivals_scratch(n: int, forest: bool) -> RivalsScratch:
    """Make clean scratch space for n people."""
    return RivalsScratch(
        order=np.empty(n + 1, np.int32),
        time=np.empty(n + 1, np.float64),
        parent=np.empty(n + 1 if forest else 0, np.int32),
        kind=np.empty(n + 1, np.int8),
        until=np.empty(0, np.float64),
        done=np.zeros((n + 63) >> 6, np.uint64),
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
def _toss(rows, rule, s, base, low, brand, groups):
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
        x = mix64(base + GOLDEN * np.uint64(first[i] + 1))
        y = level[i]
        d = ((x | HIGH) - (y & LOW7)) ^ ((x ^ ~y) & HIGH)
        z = x ^ y
        below[i] = ((~x & y) | (~z & d)) & keep[i]
        level[i] = ~(((z & LOW7) + LOW7) | z) & keep[i]
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
            if low_bits(low, e) < (rest if one else np.int64(rule.rests[brand, e])):
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
def _beats(rule, s, tie, e, of, k):
    """Whether live arc `e` from place `of` convinces before the arc that holds place `k`."""
    held = s.through[k]
    if rule.mode == PRIORITY:
        ours = s.kind[of]
        theirs = s.kind[s.giver[k]]
        if ours != theirs:
            return ours < theirs
    a = draw(tie, e)
    b = draw(tie, held)
    return a < b or (a == b and e < held)


@njit(cache=True, nogil=True)
def _visit(rows, rule, s, tie, count, n):
    """Reach the targets of the `count` live arcs; return the new number of people."""
    done, reached = s.done, s.reached
    live, of = s.live, s.of
    left = 0
    for i in range(count):  # most targets of a large cascade are old acquaintances: drop those
        v = rows.indices[live[i]]
        old = (done[v >> 6] >> np.uint64(v & 63)) & ONE
        live[left] = live[i]
        of[left] = of[i]
        left += 1 - np.int64(old)
    for i in range(left):
        e = live[i]
        v = rows.indices[e]
        bit = ONE << np.uint64(v & 63)
        if reached[v >> 6] & bit:
            k = s.place[v]
            if _beats(rule, s, tie, e, of[i], k):
                s.through[k] = e
                s.giver[k] = of[i]
        else:
            reached[v >> 6] |= bit
            s.place[v] = n
            s.order[n] = v
            s.through[n] = e
            s.giver[n] = of[i]
            n += 1
    return n


@njit(cache=True, nogil=True)
def _settle(rule, s, sign, begin, end, step):
    """End a step: those at places ``begin .. end - 1`` take the kind of who convinced them."""
    forest = s.parent.size > 0
    for k in range(begin, end):
        v = s.order[k]
        giver = s.giver[k]
        kind = s.kind[giver]
        if rule.mode == NEGATIVE and kind == 0:
            kind = np.int8(draw32(sign, v) >= rule.quality)
        s.kind[k] = kind
        s.time[k] = np.float64(step)
        if forest:
            s.parent[k] = s.order[giver]
        s.done[v >> 6] |= ONE << np.uint64(v & 63)
        s.reached[v >> 6] = np.uint64(0)


@njit(cache=True, nogil=True)
def _cascade(rows, rule, s, key, replicate, n):
    """Run one replicate whose `n` seeds are planted; return the number of people."""
    base = stream(key, replicate, DRAW_ARC, 0, 0)
    low = stream(key, replicate, DRAW_ARC, 0, 1)
    tie = stream(key, replicate, DRAW_ARC_TIE, 0, 0)
    sign = stream(key, replicate, DRAW_SIGN, 0, 0)
    indptr, order = rows.indptr, s.order
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
                if brands > 1 and s.kind[k] != brand:
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
                        count = _toss(rows, rule, s, base, low, brand, groups)
                        n = _visit(rows, rule, s, tie, count, n)
                        groups = 0
            if groups > 0:
                count = _toss(rows, rule, s, base, low, brand, groups)
                n = _visit(rows, rule, s, tie, count, n)
        _settle(rule, s, sign, end, n, step)
        begin = end
    return n


@njit(cache=True, nogil=True)
def _plant(rule, s, seeds, i, sign):
    """Make the seeds of replicate `i` of the batch active; return their number."""
    n = 0
    for k in range(seeds.starts[i], seeds.starts[i + 1]):
        v = seeds.people[k]
        s.done[v >> 6] |= ONE << np.uint64(v & 63)
        s.order[n] = v
        s.time[n] = 0.0
        s.kind[n] = seeds.kinds[k]
        if rule.mode == NEGATIVE:
            s.kind[n] = np.int8(draw32(sign, v) >= rule.quality)
        if s.parent.size > 0:
            s.parent[n] = -1
        n += 1
    return n


@njit(cache=True, nogil=True)
def rivals_batch(rows, rule, scratch, seeds, out, key, first, lo, hi):
    """Run replicates ``first + lo .. first + hi - 1``; return `hi`, or the first that did not fit.

    All arguments but the last four are blocks: `Rows`, `RivalsRule`, `RivalsScratch`, `Seeds`,
    `Output`.  Kinds of seeds are brands; in mode NEGATIVE they are not looked at.
    """
    for i in range(lo, hi):
        n = _plant(rule, scratch, seeds, i, stream(key, first + i, DRAW_SIGN, 0, 0))
        n = _cascade(rows, rule, scratch, key, first + i, n)
        fit = record(out, scratch, i, first + i, n, n)
        if n > scratch.done.size // 2:
            scratch.done[:] = np.uint64(0)
        else:
            for k in range(n):
                scratch.done[scratch.order[k] >> 6] = np.uint64(0)
        if fit != FIT:
            return i
    return hi
