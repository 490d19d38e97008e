"""Racing: a design is run in no more worlds than it takes to see that it is not the best.

Designs share their luck, so in each world they are compared pair by pair.  Each design bets against
itself: that in the next world it does worse than the leader so far.  If it truly is the best, the
stake of such a bet grows with no more chance than in a fair game, so that it ever reaches twenty
times itself in one of twenty games at most, however often one looks and whatever the outcomes are
(Ville 1939; betting on bounded means: Waudby-Smith and Ramdas 2024, Journal of the Royal
Statistical Society B 86:1-27).  Why not Student's t with Bonferroni over looks and designs: it
dropped the best of 64 designs in 40 % of races in which that one pays rarely and much, though it
needs half the runs where outcomes are bell-shaped.
Called by `plan`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.errors import KoubeiError

#: Worlds of the first round, and how much longer each round makes the race.
FIRST: Final = 8
GROWTH: Final = 1.25
#: Stakes as shares of the one that could be lost whole, and how much is laid on each: bounds are
#: mostly far from what happens, where the highest stake grows fastest.
STAKES: Final = 0.95 * 0.5 ** np.arange(5.0)
WEIGHTS: Final = np.array([0.5, 0.2, 0.1, 0.1, 0.1])


class Race:
    """Designs in the race, world after world.

    Parameters
    ----------
    number : int
        Designs.
    low, high : float
        Bounds of the outcome.
    error : float
        Chance at most that the best design is dropped, over all looks and designs.

    Attributes
    ----------
    evidence : (D,) array
        The most that the bet of each design ever grew to; it is dropped at ``1 / error``.
    dropped_at : (D,) array of int
        Worlds that it was run in when it was dropped; 0: it is still in.

    Notes
    -----
    The outcome x of a design, less that of another, is at most ``high - low``; a stake of a share s
    of that cannot be lost whole for s < 1.  The bet of a design is the mean, by `WEIGHTS`, over
    `STAKES` of ``prod(1 - s (x - x_leader) / (high - low))``, each against the design that led
    before the world (in the first, against the mean of the others), which is a supermartingale if
    the design is the best in expectation, worlds being drawn independently.

    Examples
    --------
    >>> race = Race(3, 0.0, 1.0, 0.05)
    >>> race.take(np.tile([0.9, 0.5, 0.1], (20, 1)))
    >>> race.running.tolist(), race.dropped_at.tolist()
    ([True, False, False], [0, 13, 7])
    """

    def __init__(self, number: int, low: float, high: float, error: float) -> None:
        self.low, self.high, self.error = low, high, error
        self.evidence = np.ones(number)
        self.dropped_at = np.zeros(number, dtype=np.int64)
        self._wealth = np.ones((number, STAKES.size))
        self._total = np.zeros(number)
        self.worlds = 0

    @property
    def running(self) -> NDArray[np.bool_]:
        """Which designs are still in the race."""
        return self.dropped_at == 0

    def next_look(self, worlds: int) -> int:
        """Return after how many worlds to look again, of so many in all."""
        longer = max(self.worlds + 4, int(self.worlds * GROWTH))
        return min(worlds, FIRST if self.worlds == 0 else longer)

    def take(self, values: NDArray[np.float64]) -> None:
        """Take the outcomes of the next worlds, [worlds, D]; those of dropped designs mean nothing.

        Raises
        ------
        KoubeiError
            For an outcome outside the bounds, with which the error would not hold.
        """
        begun = self.running.copy()
        seen = values[:, begun]
        if not np.isfinite(seen).all():
            raise KoubeiError(
                "outcome", "is not defined in every run, so that designs cannot race",
                fix="outcome='users'",
            )  # fmt: skip
        slack = 1e-9 * (self.high - self.low)
        if (seen < self.low - slack).any() or (seen > self.high + slack).any():
            least, most = float(seen.min()), float(seen.max())
            raise KoubeiError(
                "bounds", "an outcome lies outside, so that the error would not hold",
                got=f"{least:.6g} to {most:.6g}", allowed=f"{self.low:.6g}..{self.high:.6g}",
                fix=f"bounds=({min(least, self.low):.6g}, {max(most, self.high):.6g})",
            )  # fmt: skip
        for row in values:
            self._one(np.where(begun, row, 0.0), begun)

    def _one(self, row: NDArray[np.float64], begun: NDArray[np.bool_]) -> None:
        """Settle the bets of one world; `begun`: who was run in it."""
        if self.worlds == 0:
            other = (row[begun].sum() - row) / max(1, int(begun.sum()) - 1)
        else:
            order = np.argsort(np.where(self.running, -self._total, np.inf), kind="stable")
            other = np.full(row.size, row[order[0]])
            if int(self.running.sum()) > 1:
                other[order[0]] = row[order[1]]
        lost = (other - row) / (self.high - self.low)
        self._wealth[begun] *= 1.0 + STAKES[None, :] * lost[begun, None]
        self.worlds += 1
        self._total[begun] += row[begun]
        now = self._wealth @ WEIGHTS
        self.evidence = np.maximum(self.evidence, np.where(begun, now, 0.0))
        out = self.running & (self.evidence >= 1.0 / self.error)
        if out.any() and (out == self.running).all():  # one is always left
            out[int(np.argmax(np.where(self.running, self._total, -np.inf)))] = False
        self.dropped_at[out] = self.worlds
