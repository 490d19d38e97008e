"""Addressed draws for the reference engine: the address in, the bits out.

A thin face over `core.draws`, the only source of randomness.  It keeps the stream bases of
one tick, because all agents share them; nothing else is remembered, so a draw is still a pure
function of its address.  Called by every submodel.
"""

from __future__ import annotations

import numpy as np

from koubei_sim.core.draws import draw, stream


class Coins:
    """Draws of one replicate by address ``(purpose, tick, j)[i]``.

    Parameters
    ----------
    key : int
        Key of the run, a 64-bit word.
    replicate : int
        Number of the replicate.

    Examples
    --------
    >>> coins = Coins(7, 0)
    >>> coins.word(20, 3, 0, 5) >> 32 == coins.coin(20, 3, 0, 5)
    True
    """

    def __init__(self, key: int, replicate: int) -> None:
        self.key = key
        self.replicate = replicate
        # Bases stay unsigned words: the compiled draw takes a large Python int for a signed one.
        self._bases: dict[tuple[int, int, int], np.uint64] = {}

    def forget(self) -> None:
        """Drop the bases of the tick before (they would only fill memory)."""
        self._bases.clear()

    def word(self, purpose: int, tick: int, j: int, i: int) -> int:
        """Return the 64 bits at an address, as an int of at least 0."""
        address = (purpose, tick, j)
        base = self._bases.get(address)
        if base is None:
            key = np.uint64(self.key)
            base = np.uint64(stream(key, self.replicate, purpose, tick, j))
            self._bases[address] = base
        return int(draw(base, i))

    def coin(self, purpose: int, tick: int, j: int, i: int) -> int:
        """Return the upper 32 bits at an address; an event happens when this is below T."""
        return self.word(purpose, tick, j, i) >> 32

    def nested(self, purpose: int, tick: int, j: int, other: int, i: int) -> int:
        """Return 32 bits that belong to two people: ``(purpose, tick, j)[other][i]``."""
        return int(draw(np.uint64(self.word(purpose, tick, j, other)), i)) >> 32


def pick(bits32: int, count: int) -> int:
    """Map 32 bits to ``0 .. count - 1`` by multiply and shift.

    Examples
    --------
    >>> pick(0, 3), pick(2**31, 3), pick(2**32 - 1, 3)
    (0, 1, 2)
    """
    return (bits32 * count) >> 32
