"""Thresholds that are met arc by arc: by count, and by sum; and who convinced whom.

*By count* (fractional threshold, reinforcement): each person counts down from its need, modulo
256, as arcs from active people come in.  At 0 it adopts, unless its need was larger than 256 and
the byte has to come round again; so a byte always does, and the counters of a million people are
one megabyte.  *By sum* (linear threshold, for thresholds that `choice` cannot do): the widths of
arcs are added up.  An arc's word holds its target and its width, so a row is one stream of memory;
the threshold is a hash of the target.  The sum of a person is 32 bits: a full sum of 2**32 wraps
to 0, which does no harm, because all that a person can get has come in by then and it is active.

The rows of a step are copied into a buffer eight arcs at a time, because rows are short and the
branches at their ends cost more than the counting; then one loop without a branch counts or adds.
What is left over is put back arc by arc when few arcs were looked at, else by one copy.

Where it takes several arcs to convince, the parent is the first among equals of the arcs from
people who became active one step before (docs/cascades.md 1, 2).  Which arcs these are is known
only at the end of the step, so parents are found by a second walk over the rows of the step
(`convince`), and only where a forest is kept.

Measured on one core of a Zen 5 class machine, cascades of nearly everybody at mean degree 10, with
100 k people and 1 M: by count 1.8 and 3.4 ns an arc (a loop in rows: 3.6 and 5.0), by sum 2.8 and
5.1 (5.3 and 11).  The floor is one touch of a counter or sum an arc.

Called by `koubei_sim.cascades.rules.linear` and `counting`.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from koubei_sim.cascades.kernels.frame import forget, run_batch
from koubei_sim.core.bits import ONE, has, insert
from koubei_sim.core.codes import DRAW_ARC_TIE, DRAW_CHOICE
from koubei_sim.core.draws import GOLDEN, draw, mix64, stream
from koubei_sim.core.prefetch import prefetch

BLOCK: Final = 2048  # arcs that are collected before they are counted
GROUP: Final = 8  # arcs that are copied at a time
FAR: Final = 32  # frontier places ahead of which row starts are asked for
NEAR: Final = 12  # and the first lines of rows
NEAR_WORDS: Final = 16  # the same where an arc is a word
AHEAD: Final = 32  # arcs ahead of which counters are asked for
LINE: Final = 64  # bytes in a cache line
PUT_BACK: Final = 32  # copying 32 people's bytes costs what putting back one arc costs
CLEAR: Final = 8  # clearing 8 people's sums costs what clearing those of one arc's target costs
LISTED: Final = 2048  # arcs to newly active people that are collected before they are compared
LAST: Final = np.uint64(0xFFFFFFFFFFFFFFFF)  # a tie draw that every other comes before
NOBODY: Final = np.int32((1 << 31) - 1)
_TARGET, _S31, _S32 = np.uint64(0x7FFFFFFF), np.uint64(31), np.uint64(32)


class CountingRule(NamedTuple):
    """Needs, as `cascades.rules.counting.split_needs` makes them."""

    first: NDArray[np.uint8]  # (n,): the need modulo 256
    more: NDArray[np.int32]  # (n,) or (0,): zeros at which a person is not yet convinced
    large: NDArray[np.uint64]  # bitset of n, or (0,): who has such
    free: NDArray[np.int32]  # who adopt at step 1 by themselves, ascending
    horizon: int  # last step


class AddingRule(NamedTuple):
    """Widths of the arcs and where thresholds lie, all in units of 2**-32."""

    words: NDArray[np.uint64]  # (arcs + 8,): target in bits 0..30, width in bits 31..63
    fixed: NDArray[np.uint32]  # (n,): threshold less one unit; (0,) where they are drawn
    low: int  # drawn ones: T of the lowest, 0..2**32
    span: np.uint64  # and how far up they go, 0..2**32
    horizon: int  # last step


class ThresholdScratch(NamedTuple):
    """What one thread needs for cascades over n people."""

    recent: NDArray[np.uint64]  # bitset of n, or (0,): who became active in this step
    to: NDArray[np.int32]  # (LISTED,) or (0,): arcs to these: targets,
    arc: NDArray[np.int64]  # numbers,
    source: NDArray[np.int32]  # sources
    tie: NDArray[np.uint64]  # (n,) or (0,): smallest tie draw so far
    who: NDArray[np.int32]  # (n,) or (0,): the source that it belongs to
    left: NDArray[np.uint8]  # by count: (n,) counters; CountingRule.first when clean
    more: NDArray[np.int32]  # (n,) or (0,): zeros still to pass; CountingRule.more when clean
    targets: NDArray[np.int32]  # (BLOCK + AHEAD,): targets of the collected arcs, then person 0
    zeros: NDArray[np.int32]  # (BLOCK + 1,): targets whose counter came to 0
    total: NDArray[np.uint32]  # by sum: (n,) widths so far, modulo 2**32; 0 when clean
    block: NDArray[np.uint64]  # (BLOCK + AHEAD,): words of the collected arcs, then person 0
    theta: NDArray[np.int64]  # (BLOCK,): thresholds of their targets


def threshold_scratch(
    n: int, forest: bool, counting: CountingRule | None = None
) -> ThresholdScratch:
    """Make clean scratch space, by count with the needs of a rule, else by sum."""
    kept, listed = (n, LISTED) if forest else (0, 0)
    counted, added = (1, 0) if counting else (0, 1)
    return ThresholdScratch(
        recent=np.zeros((kept + 63) >> 6, np.uint64),
        to=np.empty(listed, np.int32),
        arc=np.empty(listed, np.int64),
        source=np.empty(listed, np.int32),
        tie=np.empty(kept, np.uint64),
        who=np.empty(kept, np.int32),
        left=counting.first.copy() if counting else np.empty(0, np.uint8),
        more=counting.more.copy() if counting else np.empty(0, np.int32),
        targets=np.zeros(counted * (BLOCK + AHEAD), np.int32),
        zeros=np.empty(counted * (BLOCK + 1), np.int32),
        total=np.zeros(added * n, np.uint32),
        block=np.zeros(added * (BLOCK + AHEAD), np.uint64),
        theta=np.empty(added * BLOCK, np.int64),
    )


# Who convinced whom ---------------------------------------------------------------------------


@njit(cache=True, nogil=True)
def compare(s, tie, listed):
    """Keep for each target the source of the arc with the smallest tie draw, of `listed` arcs."""
    for j in range(listed):
        v = s.to[j]
        bits = draw(tie, s.arc[j])
        # Equal draws: the smaller arc.  Arcs of a row come in order, rows are in order of source.
        if bits < s.tie[v] or (bits == s.tie[v] and s.source[j] < s.who[v]):
            s.tie[v] = bits
            s.who[v] = s.source[j]


@njit(cache=True, nogil=True)
def convince(rows, s, t, tie, begin, end, fresh, n):
    """Find the parents of the people at places ``fresh .. n - 1``.

    Parameters
    ----------
    rows, s, t : Block
        `Rows`, `ThresholdScratch`, `Track`.
    tie : uint64
        Stream of the tie draws.
    begin, end : int
        Places in ``t.order`` of those who became active one step before.
    """
    order, recent = t.order, s.recent
    for k in range(fresh, n):
        v = order[k]
        insert(recent, v)
        s.tie[v] = LAST
        s.who[v] = NOBODY
    indptr, indices = rows.indptr, rows.indices
    at_rows = indptr.ctypes.data
    at_targets = indices.ctypes.data
    at_ties = s.tie.ctypes.data
    to, arc, source = s.to, s.arc, s.source
    listed = 0
    for k in range(begin, end):
        if k + FAR < end:
            prefetch(np.uint64(at_rows + 8 * np.int64(order[k + FAR])))
        if k + NEAR_WORDS < end:
            line = at_targets + 4 * indptr[order[k + NEAR_WORDS]]
            prefetch(np.uint64(line))
            prefetch(np.uint64(line + LINE))
        u = order[k]
        e = indptr[u]
        while e < indptr[u + 1]:
            stop = min(indptr[u + 1], e + LISTED // 2)
            for a in range(e, stop):
                v = indices[a]
                to[listed] = v
                arc[listed] = a
                source[listed] = u
                prefetch(np.uint64(at_ties + 8 * np.int64(v)))
                listed += np.int64(has(recent, v))
            e = stop
            if listed > LISTED // 2:
                compare(s, tie, listed)
                listed = 0
    compare(s, tie, listed)
    for k in range(fresh, n):
        v = order[k]
        t.parent[k] = s.who[v]
        recent[v >> 6] = np.uint64(0)


# By count ------------------------------------------------------------------------------------


@intrinsic
def copy_eight(typingctx: Any, source: Any, target: Any) -> Any:
    """Copy 32 bytes (eight int32) from address to address, as one vector and without a loop."""
    signature = types.void(types.uintp, types.uintp)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        lanes = ir.VectorType(ir.IntType(32), GROUP).as_pointer()
        loaded = builder.load(builder.inttoptr(arguments[0], lanes))
        loaded.align = 4
        stored = builder.store(loaded, builder.inttoptr(arguments[1], lanes))
        stored.align = 4
        return context.get_dummy_value()

    return signature, codegen


@njit(cache=True, nogil=True)
def count_block(rule, s, t, arcs, n):
    """Count the collected arcs and activate those who are convinced; return the new number."""
    left, targets, zeros, visited, order = s.left, s.targets, s.zeros, t.visited, t.order
    at_left = left.ctypes.data
    found = 0
    for j in range(arcs):
        prefetch(np.uint64(at_left + np.int64(targets[j + AHEAD])))
        v = targets[j]
        count = np.uint8(left[v] - np.uint8(1))
        left[v] = count
        zeros[found] = v
        found += np.int64(count == 0)
    some_large = rule.large.size > 0
    for j in range(found):
        v = zeros[j]
        # Active people count on and pass 0 every 256 arcs.
        word = visited[v >> 6]
        bit = ONE << np.uint64(v & 63)
        if some_large and rule.large[v >> 6] & bit and s.more[v] > 0:
            s.more[v] -= 1
            continue
        order[n] = v
        n += np.int64((word & bit) == 0)
        visited[v >> 6] = word | bit
    return n


@njit(cache=True, nogil=True)
def count(rows, rule, s, t, begin, end, n):
    """Count all arcs of the people at places ``begin .. end - 1``; return (people, arcs)."""
    indptr, indices, order, targets = rows.indptr, rows.indices, t.order, s.targets
    at_rows = indptr.ctypes.data
    at_targets = indices.ctypes.data
    at_buffer = targets.ctypes.data
    whole = indices.size - GROUP  # last arc from which a whole group can be read
    looked = 0
    arcs = 0
    for k in range(begin, end):
        if k + FAR < end:
            prefetch(np.uint64(at_rows + 8 * np.int64(order[k + FAR])))
        if k + NEAR < end:
            line = at_targets + 4 * indptr[order[k + NEAR]]
            for _ in range(3):
                prefetch(np.uint64(line))
                line += LINE
        u = order[k]
        e = indptr[u]
        stop = indptr[u + 1]
        looked += stop - e
        while e < stop:
            if e <= whole:
                copy_eight(np.uint64(at_targets + 4 * e), np.uint64(at_buffer + 4 * arcs))
            else:
                for b in range(stop - e):
                    targets[arcs + b] = indices[e + b]
            arcs += min(GROUP, stop - e)
            e += GROUP
            if arcs > BLOCK - GROUP:
                n = count_block(rule, s, t, arcs, n)
                arcs = 0
    n = count_block(rule, s, t, arcs, n)
    return n, looked


@njit(cache=True, nogil=True)
def put_back(rows, rule, s, t, n, looked):
    """Make the counters clean after a replicate of `n` people and `looked` arcs."""
    if looked * PUT_BACK > s.left.size:
        s.left[:] = rule.first
        if s.more.size > 0:
            s.more[:] = rule.more
        return
    for k in range(n):
        u = t.order[k]
        for e in range(rows.indptr[u], rows.indptr[u + 1]):
            v = rows.indices[e]
            s.left[v] = rule.first[v]
            if s.more.size > 0:
                s.more[v] = rule.more[v]


@njit(cache=True, nogil=True)
def spread_counts(rows, rule, s, t, key, replicate, n):
    """Run one replicate of `n` seeds by count; see `frame`."""
    tie = stream(key, replicate, DRAW_ARC_TIE, 0, 0)
    forest = t.parent.size > 0
    step = 0
    begin = 0
    looked = 0
    t.starts[1] = n
    free = rule.free.size > 0  # some of them may be seeds
    while (begin < n or free) and step < rule.horizon:
        end = n
        if free:  # at step 1 only; active before arcs are counted, so no arc convinces them
            for v in rule.free:
                if not has(t.visited, v):
                    insert(t.visited, v)
                    t.order[n] = v
                    if forest:
                        t.parent[n] = -1
                    n += 1
            free = False
        fresh = n
        n, arcs = count(rows, rule, s, t, begin, end, n)
        looked += arcs
        if forest and n > fresh:
            convince(rows, s, t, tie, begin, end, fresh, n)
        begin = end
        if n > end:
            step += 1
            t.starts[step + 1] = n
    put_back(rows, rule, s, t, n, looked)
    forget(t.visited, t.order, n)
    return n, n, step


@njit(cache=True, nogil=True)
def counting_batch(rows, rule, s, t, seeds, out, lo, hi):
    """Run a batch; see `frame.run_batch`."""
    return run_batch(spread_counts, rows, rule, s, t, seeds, out, (lo, hi))


# By sum --------------------------------------------------------------------------------------


@njit(cache=True, nogil=True)
def add_block(rule, s, t, base, arcs, n):
    """Add up the collected arcs and activate those who are convinced; return the new number."""
    block, theta, fixed = s.block, s.theta, rule.fixed
    total, visited, order = s.total, t.visited, t.order
    at_totals = total.ctypes.data
    if fixed.size == 0:
        low, span = rule.low, rule.span
        for j in range(arcs):
            v = block[j] & _TARGET
            bits = mix64(base + GOLDEN * (v + ONE)) >> _S32
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
def add(rows, rule, s, t, base, begin, end, n):
    """Add up all arcs of the people at places ``begin .. end - 1``; return (people, arcs)."""
    indptr, order = rows.indptr, t.order
    at_rows = indptr.ctypes.data
    at_words = rule.words.ctypes.data
    at_block = s.block.ctypes.data
    looked = 0
    arcs = 0
    for k in range(begin, end):
        if k + FAR < end:
            prefetch(np.uint64(at_rows + 8 * np.int64(order[k + FAR])))
        if k + NEAR_WORDS < end:
            line = at_words + 8 * indptr[order[k + NEAR_WORDS]]
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
                n = add_block(rule, s, t, base, arcs, n)
                arcs = 0
    n = add_block(rule, s, t, base, arcs, n)
    return n, looked


@njit(cache=True, nogil=True)
def clear(rows, s, t, n, looked):
    """Set the sums to 0 after a replicate of `n` people and `looked` arcs."""
    if looked * CLEAR > s.total.size:
        s.total[:] = np.uint32(0)
        return
    for k in range(n):
        u = t.order[k]
        for e in range(rows.indptr[u], rows.indptr[u + 1]):
            s.total[rows.indices[e]] = np.uint32(0)


@njit(cache=True, nogil=True)
def spread_sums(rows, rule, s, t, key, replicate, n):
    """Run one replicate of `n` seeds by sum; see `frame`."""
    base = stream(key, replicate, DRAW_CHOICE, 0, 0)
    tie = stream(key, replicate, DRAW_ARC_TIE, 0, 0)
    step = 0
    begin = 0
    looked = 0
    t.starts[1] = n
    while begin < n and step < rule.horizon:
        end = n
        n, arcs = add(rows, rule, s, t, base, begin, end, n)
        looked += arcs
        if t.parent.size > 0 and n > end:
            convince(rows, s, t, tie, begin, end, end, n)
        begin = end
        if n > end:
            step += 1
            t.starts[step + 1] = n
    clear(rows, s, t, n, looked)
    forget(t.visited, t.order, n)
    return n, n, step


@njit(cache=True, nogil=True)
def adding_batch(rows, rule, s, t, seeds, out, lo, hi):
    """Run a batch; see `frame.run_batch`."""
    return run_batch(spread_sums, rows, rule, s, t, seeds, out, (lo, hi))
