"""Linear threshold by choice: every person picks one arc into it, or none, and follows its source.

Kempe, Kleinberg and Tardos (2003, claim 2.6): when the arcs into a person own intervals and one
uniform draw says which of them the person picks, the cascade along picked arcs has, step by step,
the law of linear threshold.  So nothing has to be added up, and an arc can be judged alone: its
target's draw is a hash of the target's number, and the interval stands beside the target in
one word of 64 bits (`choice_words` of the rule).  Eight arcs are judged by some 25
vector instructions, and no memory but the row itself is touched until an arc is picked.

A person picks at most one arc, so it is reached at most once: the only people who have to be known
as active are the seeds, and the parent is the source of the arc.

Measured on one core of a Zen 5 class machine, 1 M people, 10 M arcs, 1,000 seeds (10,500 people
reached): 0.39 ms a cascade; a loop over arcs one by one 3.9 ms.  The floor is memory: per person
reached one line of row starts and the two to four lines of its row.

Called by `koubei_sim.cascades.rules.linear`.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from koubei_sim.cascades.kernels.frame import forget, run_batch
from koubei_sim.core.bits import ONE, has, lowest_bit
from koubei_sim.core.codes import DRAW_CHOICE
from koubei_sim.core.draws import GOLDEN, draw32, stream
from koubei_sim.core.prefetch import prefetch

LANES: Final = 8  # arcs judged at a time
BLOCK: Final = 2048  # groups with a picked arc that are collected before they are followed
FAR: Final = 32  # frontier places ahead of which row starts are asked for
NEAR: Final = 16  # and the first lines of rows
LINE: Final = 64  # bytes in a cache line
_TARGET, _LOW16 = np.uint64(0xFFFFFFFF), np.uint64(0xFFFF)
_S16, _S32, _S48 = np.uint64(16), np.uint64(32), np.uint64(48)


class ChoiceRule(NamedTuple):
    """Intervals of the arcs, as `cascades.rules.linear.choice_words` makes them."""

    words: NDArray[np.uint64]  # (arcs + 8,): target, top half of first draw, reach to the last
    ends: NDArray[np.uint32]  # (arcs,): lower halves of the first draw and the last
    horizon: int  # last step


class ChoiceScratch(NamedTuple):
    """What one thread needs."""

    first: NDArray[np.int64]  # (BLOCK,): first arc of each group
    picked: NDArray[np.uint64]  # (BLOCK,): bit b: arc first + b may be picked
    source: NDArray[np.int32]  # (BLOCK,)


def choice_scratch() -> ChoiceScratch:
    """Make scratch space."""
    return ChoiceScratch(
        first=np.empty(BLOCK, np.int64),
        picked=np.empty(BLOCK, np.uint64),
        source=np.empty(BLOCK, np.int32),
    )


@intrinsic
def picked_of_eight(typingctx: Any, address: Any, base: Any) -> Any:
    """Judge the eight words at `address`: bit b says that word b's arc may be picked.

    True for every arc that is picked, and for those whose target's draw shares its upper 16 bits
    with the first or the last draw of the interval but lies outside.  Written as vector
    instructions because rows are too short for the compiler to make vectors of a loop over them; it
    is ``draw32(base, target)``, SplitMix64 as in `core.draws`.
    """
    signature = types.uint64(types.uintp, types.uint64)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word = ir.IntType(64)
        lanes = ir.VectorType(word, LANES)
        i32 = ir.IntType(32)

        def all_(number: int) -> Any:
            return ir.Constant(lanes, [ir.Constant(word, number)] * LANES)

        nothing = ir.Constant(lanes, ir.Undefined)
        first = builder.insert_element(nothing, arguments[1], ir.Constant(i32, 0))
        zeros = ir.Constant(ir.VectorType(i32, LANES), [ir.Constant(i32, 0)] * LANES)
        base_of_all = builder.shuffle_vector(first, nothing, zeros)
        w = builder.load(builder.inttoptr(arguments[0], lanes.as_pointer()))
        w.align = 8
        golden = all_(int(GOLDEN))
        x = builder.mul(builder.and_(w, all_(0xFFFFFFFF)), golden)
        x = builder.add(x, builder.add(base_of_all, golden))
        x = builder.mul(builder.xor(x, builder.lshr(x, all_(30))), all_(0xBF58476D1CE4E5B9))
        x = builder.mul(builder.xor(x, builder.lshr(x, all_(27))), all_(0x94D049BB133111EB))
        x = builder.xor(x, builder.lshr(x, all_(31)))
        above = builder.sub(builder.lshr(x, all_(48)), builder.lshr(w, all_(32)))
        inside = builder.icmp_unsigned(
            "<=", builder.and_(above, all_(0xFFFF)), builder.lshr(w, all_(48))
        )
        return builder.zext(builder.bitcast(inside, ir.IntType(LANES)), word)

    return signature, codegen


@njit(cache=True, nogil=True)
def follow(rule, s, t, base, groups, n):
    """Activate the targets of the picked arcs of the block; return the new number of people."""
    words, ends, order, seeds = rule.words, rule.ends, t.order, t.visited
    forest = t.parent.size > 0
    for i in range(groups):
        picked = s.picked[i]
        while picked:
            e = s.first[i] + lowest_bit(picked)
            picked &= picked - ONE
            word = words[e]
            v = np.int64(word & _TARGET)
            draw = np.uint64(draw32(base, v))
            above = ((draw >> _S16) - (word >> _S32)) & _LOW16
            # The lower halves decide only where the upper ones are those of an end.
            if above == 0 and (draw & _LOW16) < (np.uint64(ends[e]) >> _S16):
                continue
            if above == word >> _S48 and (draw & _LOW16) > (np.uint64(ends[e]) & _LOW16):
                continue
            order[n] = v
            if forest:
                t.parent[n] = s.source[i]
            n += np.int64(not has(seeds, v))
    return n


@njit(cache=True, nogil=True)
def spread(rows, rule, s, t, key, replicate, n):
    """Run one replicate of `n` seeds; see `frame`."""
    planted = n
    base = stream(key, replicate, DRAW_CHOICE, 0, 0)
    indptr, order = rows.indptr, t.order
    at_rows = indptr.ctypes.data
    at_words = rule.words.ctypes.data
    first, picked, source = s.first, s.picked, s.source
    step = 0
    begin = 0
    t.starts[1] = n
    while begin < n and step < rule.horizon:
        end = n
        groups = 0
        for k in range(begin, end):
            if k + FAR < end:
                prefetch(np.uint64(at_rows + 8 * np.int64(order[k + FAR])))
            if k + NEAR < end:
                line = at_words + 8 * indptr[order[k + NEAR]]
                for _ in range(4):
                    prefetch(np.uint64(line))
                    line += LINE
            u = order[k]
            g = indptr[u]
            stop = indptr[u + 1]
            while g < stop:
                bits = picked_of_eight(np.uint64(at_words + 8 * g), base)
                if stop - g < LANES:
                    bits &= (ONE << np.uint64(stop - g)) - ONE
                first[groups] = g
                picked[groups] = bits
                source[groups] = u
                groups += np.int64(bits != 0)
                g += LANES
                if groups == BLOCK:
                    n = follow(rule, s, t, base, groups, n)
                    groups = 0
        n = follow(rule, s, t, base, groups, n)
        begin = end
        if n > end:
            step += 1
            t.starts[step + 1] = n
    forget(t.visited, order, planted)
    return n, n, step


@njit(cache=True, nogil=True)
def choice_batch(rows, rule, s, t, seeds, out, lo, hi):
    """Run a batch; see `frame.run_batch`."""
    return run_batch(spread, rows, rule, s, t, seeds, out, (lo, hi))
