"""Up to 64 settings of an independent cascade at once, on the same coins.

A setting is a probability, or a set of seeds, or both; it is a bit of a word per person.  A row
is walked once a step for all settings that reached the person in that step, and a coin, which does
not depend on the probability, is tossed once for all: it is live in the settings whose
threshold lies above it.  Equal in bits to running the settings one by one with the same key.

Idea: multiple-source breadth-first search (Then et al. 2014) over live edges.

Called by `koubei_sim.cascades.paired`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from koubei_sim.cascades.kernels.coins import (
    BYTES,
    below_and_level,
    bits_set,
    coins_of,
    load_bytes,
    low_bits,
    members,
)
from koubei_sim.cascades.kernels.independent import BLOCK, FAR
from koubei_sim.core.bits import ONE, lowest_bit
from koubei_sim.core.draws import GOLDEN, mix64
from koubei_sim.core.prefetch import prefetch

PLANES = 32  # bit planes of the counters of a step


class PairedRule(NamedTuple):
    """Settings in ascending order of their thresholds (with arrays all have the same)."""

    tops: NDArray[np.uint8]  # (arcs + 8,) or (0,): thresholds by arc, the same in all settings
    rests: NDArray[np.uint32]  # (arcs,) or (0,)
    limits: NDArray[np.int64]  # (64,) ascending thresholds, where tops is empty
    sure: NDArray[np.uint64]  # (256,): settings in which every coin with this top byte is live
    maybe: NDArray[np.uint64]  # (256,): settings in which some coins with this top byte are
    horizon: int


class PairedRuns(NamedTuple):
    """Replicates ``first + i`` of a key: who starts them, and what comes out, for 64 settings."""

    key: np.uint64
    first: int
    starts: NDArray[np.int64]  # (R + 1,): seeds of row i are people[starts[i]:starts[i + 1]], ...
    people: NDArray[np.int32]
    lanes: NDArray[np.uint64]  # ... in the settings of these bits
    sizes: NDArray[np.int64]  # (R, 64), written: people reached
    steps: NDArray[np.int64]  # (R, 64), written: last step


class PairedScratch(NamedTuple):
    """What one thread needs."""

    state: NDArray[np.uint64]  # (n, 2): settings that reached a person before / in this step
    now: NDArray[np.int32]  # (n + 1,): people reached in the last step ...
    fresh: NDArray[np.uint64]  # (n + 1,): ... and in which settings
    after: NDArray[np.int32]  # (n + 1,)
    touched: NDArray[np.int32]  # (n + 1,): all people reached in any setting
    first: NDArray[np.int64]  # (BLOCK,)
    lanes: NDArray[np.uint64]  # (BLOCK,): settings for which this group is walked
    keep: NDArray[np.uint64]
    against: NDArray[np.uint64]
    word: NDArray[np.uint64]
    below: NDArray[np.uint64]
    level: NDArray[np.uint64]
    live: NDArray[np.int64]  # (8 BLOCK,)
    mask: NDArray[np.uint64]  # (8 BLOCK,): settings in which the arc is live
    planes: NDArray[np.uint64]  # (PLANES,)


def paired_scratch(n: int) -> PairedScratch:
    """Make clean scratch space for n people."""
    return PairedScratch(
        state=np.zeros((n, 2), np.uint64),
        now=np.empty(n + 1, np.int32),
        fresh=np.empty(n + 1, np.uint64),
        after=np.empty(n + 1, np.int32),
        touched=np.empty(n + 1, np.int32),
        first=np.empty(BLOCK, np.int64),
        lanes=np.empty(BLOCK, np.uint64),
        keep=np.empty(BLOCK, np.uint64),
        against=np.empty(BLOCK, np.uint64),
        word=np.empty(BLOCK, np.uint64),
        below=np.empty(BLOCK, np.uint64),
        level=np.empty(BLOCK, np.uint64),
        live=np.empty(8 * BLOCK, np.int64),
        mask=np.empty(8 * BLOCK, np.uint64),
        planes=np.zeros(PLANES, np.uint64),
    )


@njit(cache=True, nogil=True)
def _toss(rows, rule, s, coins, groups, count):
    """Toss the coins of a block and hand on the word; return the length of ``after``."""
    for i in range(groups):
        x = mix64(coins.base + GOLDEN * np.uint64(s.first[i] + 1))
        lower, equal = below_and_level(x, s.against[i])
        s.word[i] = x
        s.below[i] = lower & s.keep[i]
        s.level[i] = equal & s.keep[i]
    address = rows.indices.ctypes.data
    by_arc = rule.tops.size > 0
    found = 0
    for i in range(groups):
        hit = s.below[i] | s.level[i]
        while hit:
            bit = hit & (~hit + ONE)
            hit ^= bit
            b = lowest_bit(bit) >> 3
            e = s.first[i] + b
            lanes = s.lanes[i]
            if by_arc:
                if s.level[i] & bit and low_bits(coins.low, e) >= np.int64(rule.rests[e]):
                    lanes = np.uint64(0)
            else:
                byte = np.int64(s.word[i] >> np.uint64(8 * b)) & 255
                doubt = lanes & rule.maybe[byte]
                lanes &= rule.sure[byte]
                if doubt:
                    coin = (byte << 24) | low_bits(coins.low, e)
                    while doubt:
                        lane = doubt & (~doubt + ONE)
                        doubt ^= lane
                        if coin < rule.limits[lowest_bit(lane)]:
                            lanes |= lane
            prefetch(np.uint64(address + 4 * e))
            s.live[found] = e
            s.mask[found] = lanes
            found += np.int64(lanes != 0)
    at_state = s.state.ctypes.data
    for i in range(found):
        v = rows.indices[s.live[i]]
        s.live[i] = v
        prefetch(np.uint64(at_state + 16 * np.int64(v)))
    for i in range(found):
        v = s.live[i]
        add = s.mask[i] & ~s.state[v, 0]
        if add:
            if s.state[v, 1] == 0:
                s.after[count] = v
                count += 1
            s.state[v, 1] |= add
    return count


@njit(cache=True, nogil=True)
def _count(planes, mask):
    """Add one to the counter of every setting in `mask` (counters lie across the planes)."""
    k = 0
    while mask:
        carry = planes[k] & mask
        planes[k] ^= mask
        mask = carry
        k += 1


@njit(cache=True, nogil=True)
def _totals(planes, sizes, i):
    """Read the counters of all settings off the planes, into row `i`."""
    for lane in range(64):
        total = np.int64(0)
        for k in range(PLANES):
            total |= np.int64((planes[k] >> np.uint64(lane)) & ONE) << k
        sizes[i, lane] = total


@njit(cache=True, nogil=True)
def _highest(limits, mask):
    """Threshold of the highest of the settings: it decides which arcs can matter."""
    for shift in (1, 2, 4, 8, 16, 32):
        mask |= mask >> np.uint64(shift)
    return limits[bits_set(mask) - 1]


@njit(cache=True, nogil=True)
def paired_batch(rows, rule, s, runs):
    """Run all replicates: blocks of `Rows`, `PairedRule`, `PairedScratch`, `PairedRuns`."""
    by_arc = rule.tops.size > 0
    at_rows = rows.indptr.ctypes.data
    at_tops = rule.tops.ctypes.data
    people, lanes = runs.people, runs.lanes
    for i in range(runs.sizes.shape[0]):
        coins = coins_of(runs.key, runs.first + i, 0)
        now = 0
        reached = 0
        s.planes[:] = np.uint64(0)
        for k in range(runs.starts[i], runs.starts[i + 1]):
            v = people[k]
            s.now[now] = v
            s.fresh[now] = lanes[k]
            s.state[v, 0] = lanes[k]
            s.touched[now] = v
            _count(s.planes, lanes[k])
            now += 1
        reached = now
        step = 0
        while now > 0 and step < rule.horizon:
            after = 0
            groups = 0
            for k in range(now):
                if k + FAR < now:
                    prefetch(np.uint64(at_rows + 8 * np.int64(s.now[k + FAR])))
                u = s.now[k]
                mask = s.fresh[k]
                against = np.uint64(0)
                if not by_arc:
                    against = np.uint64(min(_highest(rule.limits, mask) >> 24, 255)) * BYTES
                g = rows.indptr[u]
                stop = rows.indptr[u + 1]
                while g < stop:
                    s.first[groups] = g
                    s.lanes[groups] = mask
                    s.keep[groups] = members(stop - g)
                    s.against[groups] = load_bytes(np.uint64(at_tops + g)) if by_arc else against
                    groups += 1
                    g += 8
                    if groups == BLOCK:
                        after = _toss(rows, rule, s, coins, groups, after)
                        groups = 0
            after = _toss(rows, rule, s, coins, groups, after)
            step += 1
            arrived = np.uint64(0)
            for k in range(after):
                v = s.after[k]
                add = s.state[v, 1]
                if s.state[v, 0] == 0:
                    s.touched[reached] = v
                    reached += 1
                s.state[v, 0] |= add
                s.state[v, 1] = np.uint64(0)
                s.now[k] = v
                s.fresh[k] = add
                arrived |= add
                _count(s.planes, add)
            while arrived:
                runs.steps[i, lowest_bit(arrived)] = step
                arrived &= arrived - ONE
            now = after
        _totals(s.planes, runs.sizes, i)
        for k in range(reached):
            s.state[s.touched[k], 0] = np.uint64(0)
