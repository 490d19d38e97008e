"""Strategies of seeding: a hundred (large: a thousand) people chosen on the graph of the cascades.

Small is a hundred thousand people, large a million.
"""

from __future__ import annotations

try:
    from koubei_sim.networks import seeding
except ImportError:  # a base of before the rooms were moved
    from koubei_sim import seeding

from . import sizes
from .cascades import PEOPLE, people

NUMBER = {sizes.SMALL: 100, sizes.LARGE: 1_000}
STRATEGIES = ["random", "degree", "kshell", "nomination", "community", "staff_friends"]


class Strategies:
    """A strategy called once."""

    params = (STRATEGIES, sizes.SIZES)
    param_names = ("strategy", "size")
    timer = sizes.cpu
    repeat = sizes.REPEAT

    def setup(self, strategy, size):
        """Make the network."""
        first = PEOPLE[size] if strategy == "random" else people(PEOPLE[size])
        choose = getattr(seeding, strategy)
        self.choose = lambda: choose(first, NUMBER[size], key=sizes.KEY)

    def time_choose(self, strategy, size):
        """Choose."""
        self.choose()

    def track_choose(self, strategy, size):
        """People looked at, a second."""
        return PEOPLE[size] / sizes.least(self.choose) / 1e6

    track_choose.unit = "M people/s"


class StrategyMemory:
    """Memory of the strategy that needs most: core numbers."""

    params = (["kshell"], sizes.SIZES)
    param_names = ("strategy", "size")
    quick = False

    def setup(self, strategy, size):
        """Make the network."""
        self.network = people(PEOPLE[size])
        getattr(seeding, strategy)(people(PEOPLE[size]), 1, key=sizes.KEY)

    def peakmem_choose(self, strategy, size):
        """Choose."""
        getattr(seeding, strategy)(self.network, NUMBER[size], key=sizes.KEY)
