"""The draws of one replicate, by address (docs/cascades.md 1): bits, coins, first among equals.

The coin of an arc is written anew here from the text.  Shared with the library: `stream`, `draw`
and the portable logarithm, whose own tests stand in tests/unit/test_draws.py.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np

from koubei_sim.core import codes
from koubei_sim.core.draws import draw, log_portable, stream, unit_open

ONE = 1 << 32


class Numbered(Protocol):
    """Arcs or contacts: anything that knows where the row of an arc starts."""

    @property
    def row_start(self) -> list[int]:
        """Number of the first arc of the row of each arc."""


def units(p: float) -> int:
    """T(p), a probability in units of 2**-32."""
    return math.floor(p * 4294967296.0 + 0.5)


def minus_log(x: float) -> float:
    """-log x by the portable logarithm."""
    return -float(log_portable(x))


def c(x: float) -> float:
    """c(x) = -log(1 - x), the hazard of a step with chance x."""
    return minus_log(1.0 - x)


class Luck:
    """All random numbers of one replicate.

    Parameters
    ----------
    key, replicate : int
    """

    def __init__(self, key: int, replicate: int) -> None:
        self.key = np.uint64(key)
        self.replicate = replicate
        self.bases: dict[tuple[int, int, int], np.uint64] = {}

    def bits(self, purpose: int, tick: int, j: int, i: int) -> int:
        """Return 64 bits."""
        address = (purpose, tick, j)
        if address not in self.bases:
            self.bases[address] = np.uint64(stream(self.key, self.replicate, *address))
        return int(draw(self.bases[address], i))

    def bits32(self, purpose: int, tick: int, j: int, i: int) -> int:
        """Return their upper 32."""
        return self.bits(purpose, tick, j, i) >> 32

    def exponential(self, purpose: int, tick: int, j: int, i: int) -> float:
        """Return ``-log_portable(unit_open(bits))``."""
        return minus_log(float(unit_open(np.uint64(self.bits(purpose, tick, j, i)))))

    def coin(self, arcs: Numbered, arc: int, tick: int = 0) -> int:
        """Return the coin of an arc, 32 bits."""
        group = arc - (arc - arcs.row_start[arc]) % 8
        shared = self.bits(codes.DRAW_ARC, tick, 0, group).to_bytes(8, "little")
        rest = self.bits(codes.DRAW_ARC, tick, 1, arc) // 2**40
        return shared[arc - group] * 2**24 + rest

    def arc_exponential(self, arcs: Numbered, arc: int) -> float:
        """Return E(e), the exponential variable made of the coin of an arc."""
        return minus_log(1.0 - (self.coin(arcs, arc) + 0.5) * 2.0**-32)

    def first_among_equals(self, arcs: list[int], tick: int = 0) -> int:
        """Return the arc that convinced, of those that reach a person at one moment."""
        return min(arcs, key=lambda arc: (self.bits(codes.DRAW_ARC_TIE, tick, 0, arc), arc))
