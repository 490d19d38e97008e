"""Racing: a design is run in no more worlds than it takes to see that it is not the best.

`Race` drops a design when the worlds say so, and `Halving` the worse half when its runs are spent.

Designs share their luck, so in each world they are compared pair by pair.  Each design bets against
itself: that in the next world it does worse than the leader so far.  If it truly is the best, the
stake of such a bet grows with no more chance than in a fair game, so that it ever reaches twenty
times itself in one of twenty games at most, however often one looks and whatever the outcomes are
(Ville 1939; betting on bounded means: Waudby-Smith and Ramdas 2024, Journal of the Royal
Statistical Society B 86:1-27).  Why not Student's t with Bonferroni over looks and designs: it
dropped the best of 64 designs in 40 % of races in which that one pays rarely and much, though it
needs half the runs where outcomes are bell-shaped.
Called by `plan` and `choose`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import number as number_of
from koubei_sim.errors import KoubeiError

#: Worlds of the first round, and how much longer each round makes the race.
FIRST: Final = 8
GROWTH: Final = 1.25
#: Stakes as shares of the one that could be lost whole, and how much is laid on each: bounds are
#: mostly far from what happens, where the highest stake grows fastest.
STAKES: Final = 0.95 * 0.5 ** np.arange(5.0)
WEIGHTS: Final = np.array([0.5, 0.2, 0.1, 0.1, 0.1])
#: Fewer pairs than this have no interval that holds for shares (`metrics.paired_chances`).
LEAST_PAIRS: Final = 6


def error_from(given: object) -> float:
    """Return the chance with which the best may be dropped, checked."""
    error = number_of("error", given, 0.0, 0.5)
    if not error > 0.0:
        raise KoubeiError("error", "out of range", got=error, allowed="above 0, to 0.5", fix="0.05")
    return error


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
        self._drop()

    def _drop(self) -> None:
        """Drop who is surely not the best, after a world."""
        out = self.running & (self.evidence >= 1.0 / self.error)
        if out.any() and (out == self.running).all():  # one is always left
            out[int(np.argmax(np.where(self.running, self._total, -np.inf)))] = False
        self.dropped_at[out] = self.worlds


class Halving(Race):
    """Sequential halving: after each round the worse half is dropped, and two meet in fresh worlds.

    Every policy of a round is run in the same worlds, and keeps those of the rounds before.  The
    last round is between two, in worlds that had no part in finding them: its differences are
    those of any two policies, not of the best of many.

    Parameters
    ----------
    number : int
        Policies, two or more.
    runs : int
        Runs in all.
    confirm : float
        Share of them for the last round.
    low, high : float
        Bounds of the outcome; between infinite ones bets win and lose nothing: none is ruled out.
    error : float
        Chance at most that the best policy is ruled out (`evidence` reaches ``1 / error``).

    Raises
    ------
    KoubeiError
        For fewer runs than every round needs.

    Attributes
    ----------
    rounds : list of (int, int)
        Policies of each round, and worlds up to its end.

    Notes
    -----
    Rounds before the last have equal runs, as far as these are whole numbers (Karnin, Koren and
    Somekh 2013, Proceedings of Machine Learning Research 28:1238-1246).

    Examples
    --------
    >>> Halving(24, 192, 0.25, 0.0, 1.0, 0.05).rounds
    [(24, 1), (12, 4), (6, 11), (3, 25), (2, 49)]
    """

    def __init__(
        self,
        number: int,
        runs: int,
        confirm: float,
        low: float,
        high: float,
        error: float,
    ) -> None:
        super().__init__(number, low, high, error)
        sizes = [number]
        while sizes[-1] > 2:
            sizes.append((sizes[-1] + 1) // 2)
        before = sizes[:-1]
        pairs = int(confirm * runs) // 2 if before else runs // 2
        least = max(2.0 * LEAST_PAIRS / (confirm if before else 1.0), sum(before) / (1.0 - confirm))
        if runs < least:
            raise KoubeiError(
                "runs", f"too few to halve {number} policies", got=runs,
                allowed=f"{int(np.ceil(least)):,} or more", fix=f"runs={int(np.ceil(least))}",
            )  # fmt: skip
        self.rounds, worlds, left = [], 0, runs - 2 * pairs
        for at, size in enumerate(before):
            more = max(1, left // (size * (len(before) - at)))
            worlds, left = worlds + more, left - more * size
            self.rounds.append((size, worlds))
        self.rounds.append((2, worlds + pairs + left // 2))

    @property
    def fresh(self) -> slice:
        """The worlds of the last round, which had no part in finding the two."""
        return slice(self.rounds[-2][1] if len(self.rounds) > 1 else 0, self.rounds[-1][1])

    def next_look(self, worlds: int) -> int:
        """Return after how many worlds the round ends, of so many in all."""
        return min(worlds, next(end for _, end in self.rounds if end > self.worlds))

    def take(self, values: NDArray[np.float64]) -> None:
        """Take the outcomes of a round, [worlds, D], and drop the worse half."""
        super().take(values)
        after = [size for size, end in self.rounds if end > self.worlds]
        if after:
            order = np.argsort(np.where(self.running, -self._total, np.inf), kind="stable")
            self.dropped_at[order[after[0] : int(self.running.sum())]] = self.worlds

    def _drop(self) -> None:
        """Drop nobody after a single world: who has bad luck in it may be the best."""
