"""`matching_random`: how many people at random reach as much as the seeds that were chosen.

"Just a few seeds more" (Akbarpour, Malladi and Saberi) is true above the outbreak threshold and
false below it; this is the number.  Reverse sets answer for all numbers at once: m people drawn
without repeats miss a set of s people with chance ``C(n - s, m) / C(n, m)``, so only the sizes of
sets are kept.  docs/seeding.md (other aims) is the norm.

Called by users.
"""

from __future__ import annotations

import math
import time as clock
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import checks
from koubei_sim.cascades.rules.base import Rule
from koubei_sim.checks import Naming
from koubei_sim.errors import KoubeiError
from koubei_sim.looks import wrapped
from koubei_sim.seeding.kernels.search import BATCH, Roots
from koubei_sim.seeding.pool import MOST_SETS, Pool, checked_graph
from koubei_sim.seeding.result import Reach
from koubei_sim.seeding.rows import heard

COLLECTION: Final = 2  # 0 and 1 are those of `maximise`: seeds chosen with the same key knew them
LEAST: Final = 1 << 12  # sets in the first round
ENOUGH: Final = 100  # sets that hold a seed, before a normal interval is believed
NORMAL: Final = 1.959963984540054
NONE = np.empty(0, np.int64)


@dataclass(frozen=True, eq=False, repr=False)
class Matching:
    """How many random people do as well as some who were chosen.

    Parameters
    ----------
    number : int
        The least number of people, drawn uniformly and without repeats, whose expected reach is at
        least `share` of that of the seeds.
    low, high : int
        95 % interval: numbers at which the difference of the two is within its error.
    seeds : int
        How many were chosen; ``number - seeds`` is how many more are needed.
    share : float
        Part of the reach of the seeds that is to be matched.
    reach : Reach
        Expected reach of the seeds, with its 95 % interval.
    random : Reach
        The same of as many random people as there are seeds.
    stopped : {"precision", "sets"}
        Whether the interval is as narrow as asked, or the sets ran out.
    sets, key, seconds
        Reverse sets made, key, wall time.

    Notes
    -----
    These are expectations.  Where a cascade either dies at once or takes off they mix the two: see
    in how many runs the random people take off at all,
    ``kb.cascade(network, rule, kb.RandomSeeds(found.number)).sizes``.
    """

    number: int
    low: int
    high: int
    seeds: int
    share: float
    reach: Reach
    random: Reach
    stopped: str
    sets: int
    key: int
    seconds: float

    def __repr__(self) -> str:
        """Say both numbers in one line."""
        part = "" if self.share == 1.0 else f"{self.share:.0%} of "
        short = "" if self.stopped == "precision" else " (precision not reached)"
        return wrapped(
            f"Matching({self.number:,} random people ({self.low:,} .. {self.high:,}) reach "
            f"{part}what {self.seeds:,} chosen do, {self.reach.mean:,.6g}{short})"
        )


def matching_random(
    network: Any,
    rule: Rule,
    seeds: Any,
    *,
    share: float = 1.0,
    precision: float = 0.05,
    sets: int = 1 << 24,
    rng: Any = None,
    by: Naming = "label",
) -> Matching:
    """Find how many people at random reach as much as the seeds that were chosen.

    Parameters
    ----------
    network : Network, or a graph of another library
    rule : IndependentCascade or LinearThreshold
        Rules with live edges.
    seeds : list of people
        Who was chosen, at least one: ``maximise(...).seeds``, or a ranking.
    share : float
        Part of their reach that is to be matched, above 0 and at most 1.  Above the outbreak
        threshold a last per cent may cost as many people as it is worth: ask for .99 too.
    precision : float
        Sets are doubled until the interval is at most this share of the number, or one person, to
        either side.
    sets : int
        Most sets.
    rng : int, SeedSequence, Generator or None
        Source of the key.  That of `maximise` may be used again: these sets are others.
    by : {"label", "row"}
        How people are named.

    Returns
    -------
    Matching

    Raises
    ------
    KoubeiError
        In one line, before anything runs.

    Notes
    -----
    Seeds and random people are judged on the same sets, so that the interval is one of paired
    differences.  Source of the question: Akbarpour, Malladi and Saberi, *Just a few seeds more*.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> star = kb.Network.from_edges([0] * 99, list(range(1, 100)))
    >>> found = matching_random(star, kb.IndependentCascade(1.0), [0], rng=1)
    >>> found.number, found.reach.mean  # the hub is among so many, or they are all
    (100, 100.0)
    """
    started = clock.perf_counter()
    arcs, _ = checked_graph(network, rule, by)
    n = arcs.n
    chosen = np.unique(checks.rows_of("seeds", seeds, n, arcs.network.labels))
    if chosen.size == 0:
        raise KoubeiError("seeds", "nobody", allowed="at least one person")
    share = checks.number("share", share, 1e-6, 1.0)
    precision = checks.number("precision", precision, 1e-4, 1.0)
    most = checks.whole("sets", sets, LEAST, MOST_SETS)
    key = checks.key(rng)
    sample = _Sample(heard(rule, arcs, key, False), n, key, chosen)
    sample.grow(LEAST)
    while True:
        number, low, high = sample.match(share)
        narrow = max(number - low, high - number) <= max(1.0, precision * number)
        if narrow or 2 * sample.made > most:
            break
        sample.grow(2 * sample.made)
    return Matching(
        number=number,
        low=low,
        high=high,
        seeds=chosen.size,
        share=share,
        reach=sample.reach(sample.hit.astype(np.float64)),
        random=sample.reach(1.0 - sample.missed(chosen.size)),
        stopped="precision" if narrow else "sets",
        sets=sample.made,
        key=key,
        seconds=clock.perf_counter() - started,
    )


class _Sample:
    """Sizes of sets, whether each holds a seed, and how many are alike."""

    def __init__(self, rows: Any, n: int, key: int, chosen: NDArray[Any]) -> None:
        self.rows, self.n, self.key = rows, n, key
        self.chosen = np.zeros(self.n, np.bool_)
        self.chosen[chosen] = True
        self.made = 0
        self._kinds = np.zeros(2 * self.n + 2, np.int64)  # 2 size + whether it holds a seed
        # Above the threshold a set may hold everybody, so few are searched at a time.
        self._chunk = BATCH * max(1, min(64, (1 << 20) // self.n))

    def grow(self, number: int) -> None:
        """Make sets up to `number` in all; only their sizes are kept."""
        while self.made < number:
            some = min(self._chunk, number - self.made)
            roots = Roots(np.uint64(self.key), COLLECTION, NONE, self.made, NONE, NONE)
            pool = Pool(self.rows, roots)
            pool.grow(some)
            who, which = pool.members()
            size = np.bincount(which, minlength=some)
            held = np.bincount(which[self.chosen[who]], minlength=some) > 0
            self._kinds += np.bincount(2 * size + held, minlength=self._kinds.size)
            self.made += some
        kinds = np.flatnonzero(self._kinds)
        self.size, self.hit = kinds >> 1, (kinds & 1).astype(np.bool_)
        self.count = self._kinds[kinds]

    def missed(self, number: int) -> NDArray[np.float64]:
        """Chance that `number` random people miss a set of each size."""
        from scipy.special import gammaln

        n, fits = self.n, self.size <= self.n - number
        left = np.where(fits, n - self.size, number) + 1.0
        log = (
            gammaln(left) - gammaln(left - number) - (gammaln(n + 1.0) - gammaln(n - number + 1.0))
        )
        return np.where(fits, np.exp(np.minimum(log, 0.0)), 0.0)

    def mean(self, values: NDArray[np.float64]) -> tuple[float, float]:
        """Return the mean over sets and its standard error, from a value a kind of set."""
        mean = float(self.count @ values) / self.made
        square = float(self.count @ (values - mean) ** 2) / (self.made - 1)
        return mean, math.sqrt(square / self.made)

    def reach(self, values: NDArray[np.float64]) -> Reach:
        """Return expected people reached with a normal interval of 95 %."""
        mean, error = self.mean(values)
        low, high = mean - NORMAL * error, mean + NORMAL * error
        return Reach(self.n * mean, self.n * max(0.0, low), self.n * min(1.0, high))

    def match(self, share: float) -> tuple[int, int, int]:
        """Return the number at which the mean difference vanishes, and where it may."""

        def least(errors: float) -> int:
            def enough(number: int) -> bool:
                mean, error = self.mean(1.0 - self.missed(number) - share * self.hit)
                return mean >= errors * error - 1e-12  # rounding of the logarithms

            return _first(enough, self.n)

        number = least(0.0)
        if int(self.count @ self.hit) < ENOUGH:
            return number, 0, self.n
        return number, least(-NORMAL), least(NORMAL)


def _first(enough: Callable[[int], bool], n: int) -> int:
    """Return the least number of 0..n that is enough, or n."""
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        if enough(middle):
            high = middle
        else:
            low = middle + 1
    return low
