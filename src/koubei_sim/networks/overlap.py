"""The loops behind `tie_strength`: common members of two sorted rows, for every arc.

Two ideas make them fast.  The longer row of a pair is prepared once (copied into a padded buffer
that fits the vector registers, or marked in a bitmap) and the shorter is read against it without
a branch.  And rows of far people are asked for from memory some arcs before they are used.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from koubei_sim.core.compiling import kernel, part
from koubei_sim.core.csr import find

SHORT = 64  # rows up to this length are compared all with all
AHEAD = 8  # arcs between asking for a row and reading it


def _prefetch(typing_context, array, place):
    """Ask the processor to fetch ``array[place]``; a hint without effect on values."""

    def generate(context, builder, signature, arguments):
        values = context.make_array(signature.args[0])(context, builder, arguments[0])
        address = builder.bitcast(
            builder.gep(values.data, [arguments[1]]), ir.IntType(8).as_pointer()
        )
        word = ir.IntType(32)
        function_type = ir.FunctionType(
            ir.VoidType(), [ir.IntType(8).as_pointer(), word, word, word]
        )
        function = builder.module.declare_intrinsic(
            "llvm.prefetch", [ir.IntType(8).as_pointer()], function_type
        )
        builder.call(function, [address, word(0), word(3), word(1)])  # read, keep, data
        return context.get_dummy_value()

    return types.void(array, types.intp), generate


prefetch: Any = intrinsic(_prefetch)


@part
def quantise(common, union):
    """``255 common / union`` rounded half up, in integers; 0 where the union is empty."""
    if union <= 0:
        return np.uint8(0)
    if union < 4_000_000:  # 32-bit division is several times faster
        return np.uint8((np.uint32(510 * common) + np.uint32(union)) // np.uint32(2 * union))
    return np.uint8((510 * common + union) // (2 * union))


@part
def mark(indices, a, b, bits):
    """Set the bits of the members of a row."""
    for k in range(a, b):
        x = np.uint32(indices[k])
        bits[x >> np.uint32(5)] |= np.uint32(1) << (x & np.uint32(31))


@part
def unmark(indices, a, b, bits):
    """Clear the words that `mark` touched."""
    for k in range(a, b):
        bits[np.uint32(indices[k]) >> np.uint32(5)] = np.uint32(0)


@part
def count_marked(indices, a, b, bits):
    """Count the members of a row whose bit is set."""
    common = np.uint32(0)
    for k in range(a, b):
        x = np.uint32(indices[k])
        common += (bits[x >> np.uint32(5)] >> (x & np.uint32(31))) & np.uint32(1)
    return np.int64(common)


@part
def pad_row(indices, a, b, padded):
    """Copy a short row into `padded`, filled with -1; return the width to compare."""
    length = b - a
    for k in range(length):
        padded[k] = indices[a + k]
    for k in range(length, SHORT):
        padded[k] = -1
    return length


@part
def count_compared(indices, a, b, padded, length):
    """Count common members, all with all; fixed widths so that the inner loop is unrolled."""
    common = np.int32(0)
    if length <= 8:
        for k in range(a, b):
            x = indices[k]
            for j in range(8):
                common += np.int32(padded[j] == x)
    elif length <= 16:
        for k in range(a, b):
            x = indices[k]
            for j in range(16):
                common += np.int32(padded[j] == x)
    elif length <= 24:
        for k in range(a, b):
            x = indices[k]
            for j in range(24):
                common += np.int32(padded[j] == x)
    elif length <= 32:
        for k in range(a, b):
            x = indices[k]
            for j in range(32):
                common += np.int32(padded[j] == x)
    else:
        for k in range(a, b):
            x = indices[k]
            for j in range(64):
                common += np.int32(padded[j] == x)
    return np.int64(common)


@part
def count_searched(indices, a, b, c, d):
    """Common members of a short row ``a:b`` and a far longer one ``c:d``, by binary search."""
    common = 0
    for k in range(a, b):
        c = find(indices, c, d, indices[k])
        if c == d:
            break
        if indices[c] == indices[k]:
            common += 1
            c += 1
    return common


@part
def count_below(indices, a, b, x):
    """Number of members of a short sorted row below `x`, without branches."""
    below = np.int32(0)
    for k in range(a, b):
        below += np.int32(indices[k] < x)
    return np.int64(below)


@part
def count_equal(indices, a, b, x):
    """1 if a short row without repeats holds `x`, else 0, without branches."""
    same = np.int32(0)
    for k in range(a, b):
        same += np.int32(indices[k] == x)
    return np.int64(same)


@kernel
def overlap_mutual(lo, hi, indptr, indices, out):
    """Overlap of every tie of a mutual graph whose better-connected end lies in ``lo..hi-1``.

    Both arcs of the tie are written.  Returns the first row with an arc that has no arc back,
    or -1.
    """
    n = indptr.size - 1
    bits = np.zeros((n >> 5) + 1, dtype=np.uint32)
    padded = np.empty(SHORT, dtype=np.int32)
    end = indices.size
    for u in range(lo, hi):
        a, b = indptr[u], indptr[u + 1]
        degree = b - a
        if degree == 0:
            continue
        short = degree <= SHORT
        length = 0
        if short:
            length = pad_row(indices, a, b, padded)
        else:
            mark(indices, a, b, bits)
        for k in range(a, b):
            if k + AHEAD < end:
                start = indptr[indices[k + AHEAD]]
                prefetch(indices, start)
                prefetch(indices, start + 16)
                prefetch(out, start)
            v = indices[k]
            c, d = indptr[v], indptr[v + 1]
            other = d - c
            if other > degree or (other == degree and v > u):
                continue  # the other end does this tie
            if short:
                common = count_compared(indices, c, d, padded, length)
                back = c + count_below(indices, c, d, u)
            else:
                common = count_marked(indices, c, d, bits)
                back = find(indices, c, d, u)
            if back == d or indices[back] != u:
                return u
            value = quantise(common, degree + other - 2 - common)
            out[k] = value
            out[back] = value
        if not short:
            unmark(indices, a, b, bits)
    return -1


@kernel
def overlap_directed(lo, hi, indptr, indices, out):
    """Overlap of the audiences of the two ends of every arc out of rows ``lo..hi-1``."""
    n = indptr.size - 1
    bits = np.zeros((n >> 5) + 1, dtype=np.uint32)
    padded = np.empty(SHORT, dtype=np.int32)
    end = indices.size
    for u in range(lo, hi):
        a, b = indptr[u], indptr[u + 1]
        degree = b - a
        if degree == 0:
            continue
        short = degree <= SHORT
        length = 0
        if short:
            length = pad_row(indices, a, b, padded)
        else:
            mark(indices, a, b, bits)
        for k in range(a, b):
            if k + AHEAD < end:
                start = indptr[indices[k + AHEAD]]
                prefetch(indices, start)
            v = indices[k]
            c, d = indptr[v], indptr[v + 1]
            other = d - c
            if other == 0:
                out[k] = 0
                continue
            if other > 16 * degree:
                common = count_searched(indices, a, b, c, d)
            elif short:
                common = count_compared(indices, c, d, padded, length)
            else:
                common = count_marked(indices, c, d, bits)
            if other <= SHORT:
                answered = count_equal(indices, c, d, u)
            else:
                back = find(indices, c, d, u)
                answered = 1 if back < d and indices[back] == u else 0
            out[k] = quantise(common, degree - 1 + other - answered - common)
        if not short:
            unmark(indices, a, b, bits)
    return -1
