"""SIS by steps: everybody who is infected tries each arc at every step, then may recover.

A step is one sweep over the arcs of the infected, in blocks of groups of eight: shared draws as
vectors, live arcs listed, their targets looked at last.  Coins have the step as their tick.

The rule is SIS by steps of docs/cascades.md.  Called by `koubei_sim.cascades`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from koubei_sim.cascades.kernels.coins import BYTES, GROUP, ONE, bytes_below, lowest_bit, members
from koubei_sim.cascades.kernels.record import FIT, SCRATCH_FULL, record
from koubei_sim.core.codes import DRAW_ARC, DRAW_ARC_TIE, DRAW_RECOVERY
from koubei_sim.core.draws import draw, draw32, stream
from koubei_sim.core.prefetch import prefetch

BLOCK: Final = 256  # groups looked at together
COUNT, DISTINCT, START = 0, 1, 2  # places in `tally`; START: first activation of this step
_S40, _BYTE = np.uint64(40), np.uint64(255)


class SisStepsRule(NamedTuple):
    """Numbers of one rule; made by `cascades.arrival_tables.sis_steps_rule`."""

    threshold: int  # T(beta), 0..2**32; not used if `thresholds` has entries
    thresholds: NDArray[np.int64]  # (arcs,) or (0,)
    recover: int  # T(gamma), 0..2**32
    horizon: int  # last step


class SisStepsScratch(NamedTuple):
    """Space of one thread for n people and `capacity` activations; `sis_steps_scratch` makes it."""

    order: NDArray[np.int32]  # (capacity,) each
    time: NDArray[np.float64]
    parent: NDArray[np.int32]  # or (0,)
    kind: NDArray[np.int8]
    until: NDArray[np.float64]
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


def sis_steps_scratch(
    n: int, arcs: int, forest: bool, capacity: int | None = None
) -> SisStepsScratch:
    """Return clean scratch space; double `capacity` (default 4 n) when it did not suffice."""
    room = max(4 * n, 1024) if capacity is None else max(int(capacity), n)
    tries = GROUP * BLOCK + 1
    return SisStepsScratch(
        order=np.empty(room, np.int32),
        time=np.empty(room),
        parent=np.empty(room if forest else 0, np.int32),
        kind=np.empty(room, np.int8),
        until=np.empty(room),
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
def _infect(scratch, v, step, source, arc):
    """Write down an infection; False if there is no room."""
    tally = scratch.tally
    count = tally[COUNT]
    if count == scratch.order.size:
        return False
    scratch.order[count] = v
    scratch.time[count] = np.float64(step)
    scratch.until[count] = np.inf
    scratch.kind[count] = np.int8(min(scratch.number[v], 127))
    if scratch.via.size > 0:
        scratch.parent[count] = source
        scratch.via[v] = arc
    tally[DISTINCT] += np.int64(scratch.number[v] == 0)
    scratch.number[v] += 1
    scratch.place[v] = np.int32(count)
    tally[COUNT] = count + 1
    return True


@njit(cache=True)
def _block(rows, rule, scratch, step, base, low, tie, m):
    """Try the arcs of `m` groups; False if there is no room."""
    indices, thresholds = rows.indices, rule.thresholds
    first, keep, row = scratch.group_first, scratch.group_keep, scratch.group_row
    word, live = scratch.group_word, scratch.group_live
    arc, target, source = scratch.try_arc, scratch.try_target, scratch.try_source
    place_at = scratch.place.ctypes.data
    own = thresholds.size > 0
    threshold = rule.threshold
    top = np.uint64(255 if own else min(threshold >> 24, 255)) * BYTES
    for i in range(m):
        x = draw(base, first[i])
        word[i] = x
        live[i] = ~bytes_below(top, x) & keep[i]
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
            if value == threshold >> 24 and np.int64(draw(low, g + b) >> _S40) >= rest:
                continue
            v = indices[g + b]
            prefetch(np.uint64(place_at + 4 * np.int64(v)))
            arc[e] = g + b
            target[e] = v
            source[e] = row[i]
            e += 1
    start = scratch.tally[START]
    forest = scratch.via.size > 0
    for i in range(e):
        v = target[i]
        at = scratch.place[v]
        if at < 0:
            if not _infect(scratch, v, step, source[i], arc[i]):
                return False
        elif forest and at >= start:
            ours, theirs = draw(tie, arc[i]), draw(tie, scratch.via[v])
            if ours < theirs or (ours == theirs and arc[i] < scratch.via[v]):
                scratch.via[v] = arc[i]
                scratch.parent[at] = source[i]
    return True


@njit(cache=True)
def _attempts(rows, rule, scratch, key, replicate, step, size):
    """All attempts of one step by the `size` people in `infected`; False if there is no room."""
    base = stream(key, replicate, DRAW_ARC, step, 0)
    low = stream(key, replicate, DRAW_ARC, step, 1)
    tie = stream(key, replicate, DRAW_ARC_TIE, step, 0)
    indptr, infected = rows.indptr, scratch.infected
    first, keep, row = scratch.group_first, scratch.group_keep, scratch.group_row
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
                if not _block(rows, rule, scratch, step, base, low, tie, m):
                    return False
                m = 0
    return m == 0 or _block(rows, rule, scratch, step, base, low, tie, m)


@njit(cache=True)
def _run(rows, rule, scratch, key, replicate):
    """Run one replicate whose seeds are written down; False if there is no room."""
    order, place, until = scratch.order, scratch.place, scratch.until
    infected, tally = scratch.infected, scratch.tally
    size = tally[COUNT]
    for k in range(size):
        infected[k] = order[k]
    step = 0
    while size > 0 and step < rule.horizon:
        step += 1
        tally[START] = tally[COUNT]
        if rule.threshold > 0 or rule.thresholds.size > 0:
            if not _attempts(rows, rule, scratch, key, replicate, step, size):
                return False
        elif rule.recover == 0:
            return True  # nothing can happen any more
        ending = stream(key, replicate, DRAW_RECOVERY, step, 0)
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
def sis_steps_batch(rows, rule, scratch, seeds, out, key, first, lo, hi):
    """Run replicates ``first + lo .. first + hi - 1``; return `hi`, or the one that did not fit.

    Parameters
    ----------
    rows, rule, scratch, seeds, out : Block
        Of `Rows`, `SisStepsRule`, `SisStepsScratch`, `Seeds`, `Output`.
    key : uint64
    first, lo, hi : int
        Number of the replicate of row 0 of the batch; rows to run.
    """
    order, tally = scratch.order, scratch.tally
    for i in range(lo, hi):
        tally[:] = 0
        for j in range(seeds.starts[i], seeds.starts[i + 1]):
            _infect(scratch, seeds.people[j], 0, -1, np.int64(-1))
        fits = _run(rows, rule, scratch, key, first + i)
        count = tally[COUNT]
        if fits:
            fits = record(out, scratch, i, first + i, count, tally[DISTINCT]) == FIT
        else:
            out.state[1] = SCRATCH_FULL
        for k in range(count):
            scratch.place[order[k]] = -1
            scratch.number[order[k]] = 0
        if not fits:
            return i
    return hi
