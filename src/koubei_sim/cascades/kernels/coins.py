"""The coin of an arc: eight neighbouring arcs of a row share one draw (docs/cascades.md 1).

The top byte of each coin is a byte of the shared draw, which decides all but one arc in 256;
the other 24 bits are drawn only where the byte equals that of the threshold.  So a row of eight
arcs costs one draw and a few vector instructions, and an arc that is not live costs no memory
access at all.  Coins do not depend on the probability: settings are paired coin by coin.

Used by all cascade kernels.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from llvmlite import ir
from numba import int64, njit, types, uint64
from numba.extending import intrinsic

from koubei_sim.core.bits import ONE
from koubei_sim.core.codes import DRAW_ARC, DRAW_ARC_TIE
from koubei_sim.core.draws import draw, log_portable, stream

GROUP: Final = 8  # arcs that share a draw
BYTES: Final = np.uint64(0x0101010101010101)  # a byte repeated eight times, when multiplied
HIGH: Final = np.uint64(0x8080808080808080)  # top bit of every byte: how a choice of arcs is held
LOW7: Final = np.uint64(0x7F7F7F7F7F7F7F7F)
_S40 = np.uint64(40)


class Coins(NamedTuple):
    """Streams of the arcs' draws, of a replicate or of one step of it."""

    base: np.uint64  # shared draws of groups: the top byte of each coin
    low: np.uint64  # the other 24 bits
    tie: np.uint64  # who comes first among equals


@njit(cache=True, nogil=True)
def coins_of(key, replicate, tick):
    """Return the `Coins` of a replicate; `tick` 0 where an arc is tried once."""
    base = stream(key, replicate, DRAW_ARC, tick, 0)
    low = stream(key, replicate, DRAW_ARC, tick, 1)
    tie = stream(key, replicate, DRAW_ARC_TIE, tick, 0)
    return Coins(base, low, tie)


@njit(cache=True, nogil=True)
def first_among_equals(tie, arc, held):
    """Whether `arc` comes before the arc `held`: the smaller tie draw, then the smaller number."""
    ours, theirs = draw(tie, arc), draw(tie, held)
    return ours < theirs or (ours == theirs and arc < held)


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


@njit(cache=True, inline="always")
def below_and_level(x, y):
    """Bytes of `x` below those of `y` (unsigned), and equal to them: look at the HIGH of each.

    Subtraction in every byte without borrows between them (Warren 2012, *Hacker's Delight*, 2-18),
    then the borrow out of each.
    """
    d = ((x | HIGH) - (y & LOW7)) ^ ((x ^ ~y) & HIGH)
    z = x ^ y
    return (~x & y) | (~z & d), ~(((z & LOW7) + LOW7) | z)


@njit(cache=True, inline="always")
def not_above(x, y):
    """Bytes of `x` that are at most those of `y`: look at the HIGH of each."""
    return ~below_and_level(y, x)[0]


@njit(int64(uint64, int64), cache=True, inline="always")
def low_bits(low, arc):
    """The lower 24 bits of the coin of an arc; `low` is the stream with j = 1."""
    return np.int64(draw(low, arc) >> _S40)


@njit(cache=True, inline="always")
def exponential_of(coin32):
    """``E = -log(1 - u)`` of a coin: the exponential variable that belongs to an arc."""
    return -log_portable(1.0 - (np.float64(coin32) + 0.5) * 2.3283064365386963e-10)
