"""Linear threshold by sum: the widths of the arcs from active people are added up.

The textbook form, for thresholds that `choice` cannot do: drawn from a part of 0..1, or fixed for
each person.  An arc's word holds its target and its width (`cascades.threshold_tables`
`width_words`), so a row is one stream of memory; the threshold is a hash of the target.  As in
`counting`, the rows of a step are copied into a buffer, eight arcs at a time; then thresholds are
found in one loop that the compiler makes vectors of, and added up in one without a branch.  The sum
of a person is 32 bits: a full sum of 2**32 wraps to 0, which does no harm, because all that a
person can get has come in by then and it is active.

Measured on one core of a Zen 5 class machine, cascades of nearly everybody at mean degree 10:
2.8 ns an arc with 100 k people, 5.1 ns with 1 M (a loop in rows: 5.3 and 11).  The sums of a
million people are four megabytes, so the floor is a touch of the third-level cache an arc.

Called through `adding_batch` by `koubei_sim.cascades`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from koubei_sim.cascades.kernels.convince import FAR, LINE, LISTED, NEAR, convince, start
from koubei_sim.cascades.kernels.counting import AHEAD, BLOCK, GROUP, copy_eight
from koubei_sim.cascades.kernels.independent import forget, record_steps
from koubei_sim.cascades.kernels.record import FIT
from koubei_sim.core.codes import DRAW_ARC_TIE, DRAW_CHOICE
from koubei_sim.core.draws import GOLDEN, mix64, stream
from koubei_sim.core.prefetch import prefetch

CLEAR: Final = 8  # clearing 8 people's sums costs what clearing those of one arc's target costs
_TARGET, _S31, _S32 = np.uint64(0x7FFFFFFF), np.uint64(31), np.uint64(32)
_ONE = np.uint64(1)


class AddingRule(NamedTuple):
    """Widths of the arcs and where thresholds lie, all in units of 2**-32."""

    words: NDArray[np.uint64]  # (arcs + 8,): target in bits 0..30, width in bits 31..63
    fixed: NDArray[np.uint32]  # (n,): threshold less one unit; (0,) where they are drawn
    low: int  # drawn ones: T of the lowest, 0..2**32
    span: np.uint64  # and how far up they go, 0..2**32
    horizon: int  # last step


class AddingScratch(NamedTuple):
    """What one thread needs for cascades over n people."""

    order: NDArray[np.int32]  # (n + 1,)
    time: NDArray[np.float64]  # (n + 1,) or (1,)
    parent: NDArray[np.int32]  # (n + 1,) or (0,)
    kind: NDArray[np.int8]  # (0,)
    until: NDArray[np.float64]  # (0,)
    starts: NDArray[np.int64]  # (n + 2,): order[starts[t]:starts[t + 1]] came at step t
    visited: NDArray[np.uint64]  # bitset of n
    recent: NDArray[np.uint64]  # bitset of n, or (0,): who became active in this step
    to: NDArray[np.int32]  # (LISTED,) or (0,): arcs to these: targets,
    arc: NDArray[np.int64]  # (LISTED,) or (0,): numbers,
    source: NDArray[np.int32]  # (LISTED,) or (0,): sources
    tie: NDArray[np.uint64]  # (n,) or (0,): smallest tie draw so far
    who: NDArray[np.int32]  # (n,) or (0,): the source that it belongs to
    total: NDArray[np.uint32]  # (n,): widths so far, modulo 2**32; 0 when clean
    block: NDArray[np.uint64]  # (BLOCK + AHEAD,): words of the collected arcs, then person 0
    theta: NDArray[np.int64]  # (BLOCK,): thresholds of their targets


def adding_scratch(n: int, forest: bool, people: bool) -> AddingScratch:
    """Make clean scratch space; `people` says that single people are recorded."""
    kept, listed = (n, LISTED) if forest else (0, 0)
    return AddingScratch(
        order=np.empty(n + 1, np.int32),
        time=np.empty(n + 1 if forest or people else 1, np.float64),
        parent=np.empty(n + 1 if forest else 0, np.int32),
        kind=np.empty(0, np.int8),
        until=np.empty(0, np.float64),
        starts=np.empty(n + 2, np.int64),
        visited=np.zeros((n + 63) >> 6, np.uint64),
        recent=np.zeros((kept + 63) >> 6, np.uint64),
        to=np.empty(listed, np.int32),
        arc=np.empty(listed, np.int64),
        source=np.empty(listed, np.int32),
        tie=np.empty(kept, np.uint64),
        who=np.empty(kept, np.int32),
        total=np.zeros(n, np.uint32),
        block=np.zeros(BLOCK + AHEAD, np.uint64),
        theta=np.empty(BLOCK, np.int64),
    )


@njit(cache=True, nogil=True)
def add_block(rule, s, base, arcs, n):
    """Add up the collected arcs and activate those who are convinced; return the new number."""
    block, theta, fixed = s.block, s.theta, rule.fixed
    total, visited, order = s.total, s.visited, s.order
    at_totals = total.ctypes.data
    if fixed.size == 0:
        low, span = rule.low, rule.span
        for j in range(arcs):
            v = block[j] & _TARGET
            bits = mix64(base + GOLDEN * (v + _ONE)) >> _S32
            theta[j] = low + np.int64((bits * span) >> _S32)
    else:
        for j in range(arcs):
            theta[j] = np.int64(fixed[np.int64(block[j] & _TARGET)])
    for j in range(arcs):
        prefetch(np.uint64(at_totals + 4 * np.int64(block[j + AHEAD] & _TARGET)))
        word = block[j]
        v = np.int64(word & _TARGET)
        now = np.int64(total[v]) + np.int64(word >> _S31)
        total[v] = np.uint32(now)
        seen = visited[v >> 6]
        bit = np.uint64(now > theta[j]) << np.uint64(v & 63)
        order[n] = v
        n += np.int64((bit & ~seen) != 0)
        visited[v >> 6] = seen | bit
    return n


@njit(cache=True, nogil=True)
def collect(rows, rule, s, base, begin, end, n):
    """Add up all arcs of the people at places ``begin .. end - 1``; return (people, arcs)."""
    indptr, order = rows.indptr, s.order
    at_rows = indptr.ctypes.data
    at_words = rule.words.ctypes.data
    at_block = s.block.ctypes.data
    looked = 0
    arcs = 0
    for k in range(begin, end):
        if k + FAR < end:
            prefetch(np.uint64(at_rows + 8 * np.int64(order[k + FAR])))
        if k + NEAR < end:
            line = at_words + 8 * indptr[order[k + NEAR]]
            for _ in range(4):
                prefetch(np.uint64(line))
                line += LINE
        u = order[k]
        e = indptr[u]
        stop = indptr[u + 1]
        looked += stop - e
        while e < stop:
            here, there = at_words + 8 * e, at_block + 8 * arcs
            copy_eight(np.uint64(here), np.uint64(there))
            copy_eight(np.uint64(here + 32), np.uint64(there + 32))
            arcs += min(GROUP, stop - e)
            e += GROUP
            if arcs > BLOCK - GROUP:
                n = add_block(rule, s, base, arcs, n)
                arcs = 0
    n = add_block(rule, s, base, arcs, n)
    return n, looked


@njit(cache=True, nogil=True)
def cascade(rows, rule, s, key, replicate, n):
    """Run one replicate whose `n` seeds stand in ``s.order``; return (people, last step, arcs)."""
    base = stream(key, replicate, DRAW_CHOICE, 0, 0)
    tie = stream(key, replicate, DRAW_ARC_TIE, 0, 0)
    step = 0
    begin = 0
    looked = 0
    s.starts[0] = 0
    s.starts[1] = n
    while begin < n and step < rule.horizon:
        end = n
        n, arcs = collect(rows, rule, s, base, begin, end, n)
        looked += arcs
        if s.parent.size > 0 and n > end:
            convince(rows, s, tie, begin, end, end, n)
        begin = end
        if n > end:
            step += 1
            s.starts[step + 1] = n
    return n, step, looked


@njit(cache=True, nogil=True)
def clear(rows, s, n, looked):
    """Set the sums to 0 after a replicate of `n` people and `looked` arcs."""
    if looked * CLEAR > s.total.size:
        s.total[:] = np.uint32(0)
        return
    for k in range(n):
        u = s.order[k]
        for e in range(rows.indptr[u], rows.indptr[u + 1]):
            s.total[rows.indices[e]] = np.uint32(0)


@njit(cache=True, nogil=True)
def adding_batch(rows, rule, scratch, seeds, out, key, first, lo, hi):
    """Run replicates ``first + lo .. first + hi - 1``; return `hi`, or the first that did not fit.

    All arguments but the last four are blocks: `Rows`, `AddingRule`, `AddingScratch`, `Seeds`,
    `Output`.
    """
    for i in range(lo, hi):
        n = start(scratch, seeds, i)
        n, last, looked = cascade(rows, rule, scratch, key, first + i, n)
        fit = record_steps(out, scratch, i, first + i, n, last)
        clear(rows, scratch, n, looked)
        forget(scratch.visited, scratch.order, n)
        if fit != FIT:
            return i
    return hi
