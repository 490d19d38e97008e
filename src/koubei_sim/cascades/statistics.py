"""Statistics of cascade sizes, honest about heavy tails, and rules for when to stop.

Sizes of cascades are rarely normal: near the critical point a few replicates hold most of the
mean.  So means come with a bootstrap interval where the sizes are skewed, quantiles with an
interval that assumes nothing, and a run can go on until the mean is known well enough
(`Precision`) or the time is up (`Budget`).

Pure functions; called by `result` and, for the stopping rules, by the driver of cascades.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koubei_sim.cascades.outcome import Activations, Outcome
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics.intervals import SKEWED, Interval, cut, mean_interval, skewness

#: Beyond so many values the bootstrap resamples means of blocks instead of single values.
MOST_RESAMPLED: Final = 2000
#: Cochran's rule: the normal interval is taken for good when n > 25 skewness**2.
COCHRAN: Final = 25.0
GROWTH: Final = 1.5  # replicates are added by half as many as there are


def size_interval(
    values: ArrayLike, key: int = 0, outcome: int = 0, most: float = math.inf
) -> Interval:
    """Return the mean over replicates with a 95 % interval that minds the tail.

    As `koubei_sim.metrics.mean_interval` (Student's t, or the accelerated bootstrap where the
    skewness exceeds 1) up to `MOST_RESAMPLED` values.  Beyond, the values are cut into that many
    blocks of neighbours, which are independent of each other as replicates are; where the means
    of blocks are still skewed they are resampled, else Student's t on the single values is sound.
    No size is below 0 or above `most`, so the interval ends there.

    Parameters
    ----------
    values : (R,) array
        One value a replicate, 0 or more; NaN are left out.
    key, outcome : int
        Address of the resampling draws.
    most : float
        What no value exceeds: people, of sizes.

    Returns
    -------
    Interval
        ``mean, low, high, method``; `method` is "t", "bootstrap", "exact" or "none".

    Examples
    --------
    >>> size_interval([1, 1, 1, 2, 1, 1, 1, 60]).method
    'bootstrap'
    >>> size_interval(np.arange(5000) % 10).method
    't'
    """
    finite = np.asarray(values, dtype=np.float64).ravel()
    finite = finite[np.isfinite(finite)]
    found = _interval_of(finite, key, outcome)
    low, high = cut(found.low, found.high, 0.0, most)
    return found._replace(low=low, high=high)


def _interval_of(finite: NDArray[np.float64], key: int, outcome: int) -> Interval:
    if finite.size <= MOST_RESAMPLED:
        return mean_interval(finite, key, outcome)
    if abs(skewness(finite)) > SKEWED:
        edges = np.arange(MOST_RESAMPLED) * finite.size // MOST_RESAMPLED
        lengths = np.diff(np.append(edges, finite.size))
        blocks = np.add.reduceat(finite, edges) / lengths
        found = mean_interval(blocks, key, outcome)
        if found.method == "bootstrap":
            # Blocks differ in length by one value at most: put the interval round the true mean.
            shift = float(finite.mean()) - found.mean
            return Interval(found.mean + shift, found.low + shift, found.high + shift, "bootstrap")
    half = _half_width(finite, 0.95)
    mean = float(finite.mean())
    return Interval(mean, mean - half, mean + half, "t" if half > 0 else "exact")


def _half_width(values: NDArray[np.float64], confidence: float) -> float:
    from scipy.special import stdtrit

    spread = float(values.std(ddof=1))
    quantile = float(stdtrit(values.size - 1, (1.0 + confidence) / 2.0))
    return quantile * spread / math.sqrt(values.size)


def quantile_interval(values: ArrayLike, q: float) -> tuple[float, float, float]:
    """Return a quantile of the sizes with a 95 % interval, whatever their law.

    The value is the smallest of the sample with at least a share q at or below it.  The interval
    runs between two order statistics: the number of values below the true quantile is binomial,
    so ``P(X_(l) <= x_q <= X_(u)) >= 0.95`` (Conover 1999, *Practical Nonparametric Statistics*,
    3.2).  Where so few values cannot bound it, the end is NaN.

    Parameters
    ----------
    values : (R,) array
    q : float
        In 0..1.

    Returns
    -------
    value, low, high : float

    Examples
    --------
    >>> quantile_interval(np.arange(100), 0.5)
    (49.0, 39.0, 60.0)
    >>> quantile_interval([3, 4, 5], 0.5)
    (4.0, nan, nan)
    """
    from scipy.special import bdtr

    ordered = np.sort(np.asarray(values, dtype=np.float64).ravel())
    n = ordered.size
    if not 0.0 <= q <= 1.0:
        raise KoubeiError("q", "out of range", got=q, allowed="0..1")
    if n == 0:
        return math.nan, math.nan, math.nan
    # Rounding must not push a whole number n q over the next: 0.07 * 100 is 7.000000000000001.
    value = float(ordered[max(0, math.ceil(n * q - 1e-9) - 1)])
    if q in (0.0, 1.0):
        return value, math.nan, math.nan
    reach = 10.0 + 8.0 * math.sqrt(n * q * (1.0 - q))
    count = np.arange(max(0, math.floor(n * q - reach)), min(n, math.ceil(n * q + reach)) + 1)
    law = bdtr(count, n, q)
    below = np.searchsorted(law, 0.025, side="right") - 1  # largest count with P(B <= it) <= .025
    above = np.searchsorted(law, 0.975, side="left")  # smallest with P(B <= it) >= .975
    low = float(ordered[count[below]]) if below >= 0 else math.nan
    high = float(ordered[count[above]]) if above < count.size and count[above] < n else math.nan
    return value, low, high


def tail(values: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the different sizes, and the share of replicates that are at least so large.

    Examples
    --------
    >>> [x.tolist() for x in tail([1, 1, 4, 9])]
    [[1.0, 4.0, 9.0], [1.0, 0.5, 0.25]]
    """
    found, counts = np.unique(np.asarray(values, dtype=np.float64), return_counts=True)
    return found, counts[::-1].cumsum()[::-1] / max(1, counts.sum())


def wilson_intervals(
    successes: ArrayLike, trials: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the 95 % score intervals of many shares (`koubei_sim.metrics.wilson`, vectorised).

    Examples
    --------
    >>> low, high = wilson_intervals([0, 10], 10)
    >>> low.round(4).tolist(), high.round(4).tolist()
    ([0.0, 0.7225], [0.2775, 1.0])
    """
    count = np.asarray(successes, dtype=np.float64)
    if trials <= 0:
        return np.full(count.shape, np.nan), np.full(count.shape, np.nan)
    z = 1.959963984540054
    share = count / trials
    centre = share + z * z / (2 * trials)
    half = z * np.sqrt(share * (1 - share) / trials + z * z / (4.0 * trials * trials))
    scale = 1 + z * z / trials
    low = np.where(count == 0, 0.0, (centre - half) / scale)
    high = np.where(count == trials, 1.0, (centre + half) / scale)
    return low, high


def people_counts(
    outcome: Outcome, parts: Callable[[], Iterable[Activations]], n: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return in how many replicates each person was active, and the sum of the first times.

    Parameters
    ----------
    outcome : Outcome
        Its per-person sums are taken where it has them, else its first times.
    parts : callable
        Gives the log in pieces of whole replicates; called where the outcome holds neither.
    n : int
        People.

    Returns
    -------
    count : (n,) int64
    total : (n,) float64
    """
    if outcome.node_count is not None and outcome.node_time is not None:
        return outcome.node_count, outcome.node_time
    if outcome.times is not None:
        sums: NDArray[np.float64] = np.nansum(outcome.times, axis=0, dtype=np.float64)
        return np.isfinite(outcome.times).sum(axis=0), sums
    again = bool((outcome.events > outcome.sizes).any())
    count, total = np.zeros(n, np.int64), np.zeros(n, np.float64)
    for log in parts():
        person, time = log.person, log.time
        if again:  # a log is sorted by time: the first row of a person is the first activation
            address = log.replicate.astype(np.int64) * n + person
            first = np.unique(address, return_index=True)[1]
            person, time = person[first], time[first]
        count += np.bincount(person, minlength=n)
        total += np.bincount(person, time, minlength=n)
    return count, total


def notes(sizes: ArrayLike, asked: float | None, time: NDArray[np.float64]) -> tuple[str, ...]:
    """Return `size_notes`, and what became of the width of bins that was asked for.

    Examples
    --------
    >>> notes([5, 6, 7, 5, 6, 7, 5, 6, 7], 0.1, np.array([0.0, 0.4, 0.8]))
    ('tick = 0.1 would make too many bins: those of the curves are 0.4 wide',)
    """
    found = size_notes(sizes)
    if asked is None or time.size < 2:
        return found
    width = float(time[1] - time[0])
    if width < 1.5 * asked:  # they only ever become twice as wide
        return found
    note = f"tick = {asked:g} would make too many bins: those of the curves are {width:g} wide"
    return (note, *found)


def size_notes(values: ArrayLike) -> tuple[str, ...]:
    """Return what a reader of the mean must know about the tail; nothing where all is well.

    Examples
    --------
    >>> size_notes([5, 6, 7, 5, 6, 7, 5, 6, 7])
    ()
    >>> size_notes([1] * 60 + [900] * 3)[0]
    'sizes are skewed (4.2): 63 replicates are few for a normal interval (452 needed)'
    """
    sizes = np.asarray(values, dtype=np.float64)
    sizes = sizes[np.isfinite(sizes)]
    if sizes.size < 2 or sizes.sum() <= 0:
        return ()
    notes = []
    skew = skewness(sizes)
    needed = math.ceil(COCHRAN * skew * skew)
    if abs(skew) > SKEWED and sizes.size < needed:
        notes.append(
            f"sizes are skewed ({skew:.1f}): {sizes.size:,} replicates are few for a normal "
            f"interval ({needed:,} needed)"
        )
    largest = float(sizes.max() / sizes.sum())
    if sizes.size >= 20 and largest > max(0.1, 5.0 / sizes.size):
        notes.append(f"the largest replicate holds {largest:.0%} of all: the mean rests on it")
    return tuple(notes)


@dataclass(frozen=True, slots=True)
class Precision:
    """Go on until the mean size is known to a relative precision.

    Replicates are added in fixed steps (`next_total`: half as many as there are), and after each
    the rule looks at the sizes so far: enough when the half-width of Student's interval is at
    most `relative` times the mean, and the sizes are not too skewed for that interval to be
    trusted (n >= 25 skewness^2, Cochran's rule).  It looks at nothing else, so the number
    of replicates depends on the key and the model only, not on the clock or the threads.

    Parameters
    ----------
    relative : float
        Half-width over mean, above 0 and at most 1: 0.05 for 5 %.
    confidence : float
        Of the interval, in (0, 1).
    least, most : int
        Replicates at least (2 or more) and at most.

    Warnings
    --------
    Stopping where the interval happens to be short picks lucky moments: the interval at the stop
    covers the mean somewhat less often than its name says, most so for a small `least` and
    skewed sizes (Chow and Robbins 1965, Annals of Mathematical Statistics 36:457-462: exact only
    as `relative` goes to 0).  For a figure that must hold, take the number of replicates found
    here and run as many again with another key.  With sizes of unbounded variance no number
    is enough, and `most` ends the run.

    Examples
    --------
    >>> rule = Precision(relative=0.1, least=4, most=20)
    >>> rule.next_total(0), rule.next_total(4), rule.next_total(15), rule.next_total(20)
    (4, 6, 20, 20)
    >>> rule.enough([10, 11, 10, 9, 10, 10]), rule.enough([10, 30, 1, 9])
    (True, False)
    """

    relative: float = 0.01
    confidence: float = 0.95
    least: int = 100
    most: int = 1_000_000

    def __post_init__(self) -> None:
        """Refuse numbers that no run could meet."""
        _positive("until.relative", self.relative)
        if self.relative > 1.0:  # 5 for five per cent would stop at once
            raise KoubeiError(
                "until.relative", "a share of the mean", got=self.relative, allowed="above 0..1",
                fix=f"{self.relative / 100:g} for {self.relative:g} %",
            )  # fmt: skip
        if not 0.0 < self.confidence < 1.0:
            raise KoubeiError(
                "until.confidence", "out of range", got=self.confidence, allowed="0..1, ends not"
            )
        _least_most(self.least, self.most, 2)

    @property
    def word(self) -> str:
        """What `CascadeResult.stopped` says when this rule ends a run."""
        return "precision"

    def next_total(self, done: int, elapsed: float = 0.0) -> int:
        """Return how many replicates there are to be at the next look; `done` at the end."""
        if done < self.least:
            return self.least
        return max(done, min(self.most, math.ceil(done * GROWTH)))

    def enough(self, sizes: Sequence[Any] | NDArray[Any], elapsed: float = 0.0) -> bool:
        """Return whether the sizes so far settle the mean; `elapsed` is not looked at.

        Parameters
        ----------
        sizes : (R,) array
            Sizes of all replicates so far.
        """
        values = np.asarray(sizes, dtype=np.float64)
        if values.size < self.least:
            return False
        half = _half_width(values, self.confidence)
        if half == 0.0:
            return True
        skew = skewness(values)
        return half <= self.relative * abs(float(values.mean())) and (
            values.size >= COCHRAN * skew * skew
        )


@dataclass(frozen=True, slots=True)
class Budget:
    """Go on until the wall clock says stop.

    The number of replicates depends on the machine and its load; each replicate does not.  The
    same result comes again with the key and the number of replicates that it reports.  The time
    is overdrawn by about one replicate at most, unless the first `least` take longer.

    Parameters
    ----------
    seconds : float
        Wall time, above 0.
    least, most : int
        Replicates at least and at most.

    Examples
    --------
    >>> rule = Budget(seconds=10)
    >>> rule.next_total(0), rule.next_total(1, elapsed=0.01), rule.next_total(100, elapsed=9.0)
    (1, 8, 110)
    >>> rule.enough([3, 4], elapsed=9.9), rule.enough([3, 4], elapsed=10.1)
    (False, True)
    """

    seconds: float
    least: int = 1
    most: int = 1_000_000

    def __post_init__(self) -> None:
        """Refuse a budget that buys nothing."""
        _positive("until.seconds", self.seconds)
        _least_most(self.least, self.most, 1)

    @property
    def word(self) -> str:
        """What `CascadeResult.stopped` says when this rule ends a run."""
        return "seconds"

    def next_total(self, done: int, elapsed: float = 0.0) -> int:
        """Return how many replicates there are to be at the next look; `done` at the end.

        Eight times as many as there are, but no more than fit into nine tenths of the time left
        at the pace so far.
        """
        if done < self.least:
            return self.least
        fit = math.floor(0.9 * max(0.0, self.seconds - elapsed) * done / max(elapsed, 1e-9))
        more = min(max(1, fit), 7 * done)
        return max(done, min(self.most, done + more))

    def enough(self, sizes: Sequence[Any] | NDArray[Any], elapsed: float) -> bool:
        """Return whether the time is up and the least number is done."""
        return len(sizes) >= self.least and elapsed >= self.seconds


def _positive(where: str, value: float) -> None:
    if not (isinstance(value, (int, float)) and math.isfinite(value) and value > 0):
        raise KoubeiError(where, "out of range", got=value, allowed="above 0")


def _least_most(least: int, most: int, floor: int) -> None:
    if not (isinstance(least, int) and least >= floor):
        raise KoubeiError("until.least", "out of range", got=least, allowed=f"{floor} or more")
    if not (isinstance(most, int) and most >= least):
        raise KoubeiError("until.most", "out of range", got=most, allowed=f"{least} or more")
