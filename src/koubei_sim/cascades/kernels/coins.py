"""The coin of an arc: eight neighbouring arcs of a row share one draw (docs/cascades.md 1).

The top byte of each coin is a byte of the shared draw, which decides all but one arc in 256;
the other 24 bits are drawn only where the byte equals that of the threshold.  So a row of eight
arcs costs one draw and a few vector instructions, and an arc that is not live costs no memory
access at all.  Coins do not depend on the probability: settings are paired coin by coin.

Used by all cascade kernels.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from llvmlite import ir
from numba import int64, njit, types, uint64
from numba.extending import intrinsic

from koubei_sim.core.draws import draw, log_portable

GROUP: Final = 8  # arcs that share a draw
BYTES: Final = np.uint64(0x0101010101010101)  # a byte repeated eight times, when multiplied
HIGH: Final = np.uint64(0x8080808080808080)  # top bit of every byte: how a choice of arcs is held
LOW7: Final = np.uint64(0x7F7F7F7F7F7F7F7F)
ONE: Final = np.uint64(1)
_S40, _TOP = np.uint64(40), np.uint64(0x80)


@intrinsic
def lowest_bit(typingctx, word):
    """Return the number of the lowest set bit of a word that is not 0 (int64)."""
    signature = types.int64(types.uint64)

    def codegen(context, builder, signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return signature, codegen


@intrinsic
def bits_set(typingctx, word):
    """Return the number of set bits of a word (int64)."""
    signature = types.int64(types.uint64)

    def codegen(context, builder, signature, arguments):
        return builder.ctpop(arguments[0])

    return signature, codegen


@intrinsic
def load_bytes(typingctx, address):
    """Return the eight bytes at an address (any alignment) as a word, lowest byte first."""
    signature = types.uint64(types.uintp)

    def codegen(context, builder, signature, arguments):
        word = ir.IntType(64)
        pointer = builder.inttoptr(arguments[0], word.as_pointer())
        loaded = builder.load(pointer)
        loaded.align = 1
        return loaded

    return signature, codegen


@njit(uint64(int64), cache=True, inline="always")
def members(count):
    """The first `count` arcs of a group (1..8, more counts as 8), as high bits of bytes."""
    return HIGH if count >= GROUP else HIGH & ((ONE << np.uint64(8 * count)) - ONE)


@njit(uint64(uint64, uint64), cache=True, inline="always")
def bytes_below(x, y):
    """High bits of the bytes of `x` that are smaller than those of `y` (unsigned).

    Subtraction in every byte without borrows between them (Warren 2012, *Hacker's Delight*, 2-18),
    then the borrow out of each.
    """
    d = ((x | HIGH) - (y & LOW7)) ^ ((x ^ ~y) & HIGH)
    return ((~x & y) | (~(x ^ y) & d)) & HIGH


@njit(uint64(uint64, uint64), cache=True, inline="always")
def bytes_equal(x, y):
    """High bits of the bytes that are equal."""
    z = x ^ y
    return ~(((z & LOW7) + LOW7) | z) & HIGH


@njit(int64(uint64, int64), cache=True, inline="always")
def low_bits(low, arc):
    """The lower 24 bits of the coin of an arc; `low` is the stream with j = 1."""
    return np.int64(draw(low, arc) >> _S40)


@njit(int64(uint64, uint64, int64, int64), cache=True)
def coin(base, low, row_start, arc):
    """The whole coin of one arc, 32 bits: the plain way, for rules that need its value.

    Parameters
    ----------
    base, low : uint64
        ``stream(key, replicate, DRAW_ARC, tick, 0)`` and the same with j = 1.
    row_start, arc : int
        Number of the first arc of the row, and of the arc.
    """
    place = (arc - row_start) & (GROUP - 1)
    byte = np.int64(draw(base, arc - place) >> np.uint64(8 * place)) & 255
    return (byte << 24) | low_bits(low, arc)


@njit(uint64(uint64, uint64, int64, int64, int64), cache=True, inline="always")
def live_group(base, low, first, count, threshold):
    """Which of the arcs ``first .. first + count - 1`` (one group) are live at one threshold.

    Parameters
    ----------
    first, count : int
        First arc of the group; how many arcs of the row it holds (more than 8 counts as 8).
    threshold : int
        ``T`` in units of 2**-32, 0..2**32.

    Returns
    -------
    uint64
        The high bit of byte b says that arc ``first + b`` is live.
    """
    keep = members(count)
    if threshold > 0xFFFFFFFF:
        return keep
    word = draw(base, first)
    top = np.uint64(threshold >> 24) * BYTES
    live = bytes_below(word, top) & keep
    level = bytes_equal(word, top) & keep
    rest = threshold & 0xFFFFFF
    while level:
        b = lowest_bit(level) >> 3
        level &= level - ONE
        if low_bits(low, first + b) < rest:
            live |= _TOP << np.uint64(8 * b)
    return live


@njit(cache=True, inline="always")
def exponential_of(coin32):
    """``E = -log(1 - u)`` of a coin: the exponential variable that belongs to an arc."""
    return -log_portable(1.0 - (np.float64(coin32) + 0.5) * 2.3283064365386963e-10)
