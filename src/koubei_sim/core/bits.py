"""Sets of agents as bits in id order: 125 kB per million agents, walked 64 at a time."""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

ONE = np.uint64(1)


@intrinsic
def lowest_bit(typingctx, word):
    """Return the number of trailing zeros of a non-zero 64-bit word."""
    signature = types.int64(types.uint64)

    def codegen(context, builder, signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return signature, codegen


@intrinsic
def number_of_bits(typingctx, word):
    """Return how many bits of a 64-bit word are set."""
    signature = types.int64(types.uint64)

    def codegen(context, builder, signature, arguments):
        return builder.ctpop(arguments[0])

    return signature, codegen


@njit(cache=True, inline="always")
def has(bits, i):
    """Tell whether agent `i` is in the set."""
    return (bits[i >> 6] >> np.uint64(i & 63)) & ONE != 0


@njit(cache=True, inline="always")
def insert(bits, i):
    """Put agent `i` into the set."""
    bits[i >> 6] |= ONE << np.uint64(i & 63)


@njit(cache=True, inline="always")
def remove(bits, i):
    """Take agent `i` out of the set."""
    bits[i >> 6] &= ~(ONE << np.uint64(i & 63))
