"""Draws: numbers from addresses, coins, and exponential times, many in a row.

Everything random in the library is made of these, so a slower draw is a slower everything.  Small
is a million, large twenty million (beyond the caches).
"""

from __future__ import annotations

import numpy as np
from numba import njit

try:
    from koubei_sim.core.draws import draw, draw32, draw_many, exponential_units
except ModuleNotFoundError:  # a base of before the rooms were moved
    from koubei_sim.kernels.draws import draw, draw32, draw_many, exponential_units

from . import sizes

NUMBER = {sizes.SMALL: 1_000_000, sizes.LARGE: 20_000_000}


@njit
def _heads(number, base):
    heads = 0
    for i in range(number):
        heads += draw32(base, i) < 1 << 30
    return heads


@njit
def _units(number, base):
    total = 0
    for i in range(number):
        total += exponential_units(draw(base, i))
    return total


class Draws:
    """So many draws."""

    params = (sizes.SIZES,)
    param_names = ("size",)
    timer = sizes.cpu
    repeat = sizes.REPEAT

    def setup(self, size):
        """Make room, and compile the two loops of this file."""
        self.draws, self.base = NUMBER[size], np.uint64(sizes.KEY)
        self.out = np.empty(self.draws, np.uint64)
        draw_many(self.base, 0, self.out)
        _heads(1, self.base)
        _units(1, self.base)

    def time_many(self, size):
        """Fill an array (vectors of eight)."""
        draw_many(self.base, 0, self.out)

    def time_coins(self, size):
        """Toss coins of probability 1/4."""
        _heads(self.draws, self.base)

    def time_exponential(self, size):
        """Draw exponential times (the logarithm of our own)."""
        _units(self.draws, self.base)

    def track_many(self, size):
        """Draws into an array, a second."""
        return self.draws / sizes.least(lambda: self.time_many(size)) / 1e6

    def track_coins(self, size):
        """Coins, a second."""
        return self.draws / sizes.least(lambda: self.time_coins(size)) / 1e6

    track_many.unit = track_coins.unit = "M/s"
