"""Hurdle outcomes: whether a market takes off, and how large it is where it does.

Outcomes of word of mouth have two humps: most people, or next to nobody.  A mean over both says
what happens nowhere, and its interval misses (with one market in ten taking off, a nominal 95 %
interval from 8 runs held the true mean in half of all cases).  So every outcome is told in two
parts (Mullahy 1986, Journal of Econometrics 33:341-365): the chance of take-off, and what is so
given that.  Pure functions of arrays with one entry a replicate; called by `overview`, by
comparisons and by studies.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import whole
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics.intervals import Interval, mean_interval, wilson

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

#: Fewer values than this have no interval that says anything.
LEAST: Final = 3
#: From so many trials on, Wilson's interval covers .92 or more whatever the share; below, not.
LEAST_FOR_WILSON: Final = 20
NORMAL: Final = 1.959963984540054  # quantile .975


def chance(taken: object, trials: int | None = None) -> Interval:
    """Return a share with its 95 % interval: how often something happened in so many trials.

    The score interval of Wilson from `LEAST_FOR_WILSON` trials on; below, where that one covers as
    little as .875, the exact interval of Clopper and Pearson (1934, Biometrika 26:404-413).

    Parameters
    ----------
    taken : int, or array of bool
        How often; or whether, one entry a trial (NaN: not known, left out).
    trials : int, optional
        Where `taken` is a number.

    Returns
    -------
    Interval
        ``method``: ``wilson``, ``binomial``, or ``none`` without a trial.

    Examples
    --------
    >>> found = chance(3, 8)
    >>> found.mean, round(found.low, 2), round(found.high, 2), found.method
    (0.375, 0.09, 0.76, 'binomial')
    >>> chance(30, 80).method
    'wilson'
    """
    if trials is None:
        given = np.asarray(taken, dtype=np.float64).ravel()
        given = given[np.isfinite(given)]
        taken, trials = int((given != 0.0).sum()), int(given.size)
    successes, trials = whole("taken", taken), whole("trials", trials)
    if successes > trials:
        raise KoubeiError("taken", "more than trials", got=successes, allowed=f"0..{trials}")
    if trials == 0:
        return Interval(math.nan, math.nan, math.nan, "none")
    share = successes / trials
    if trials >= LEAST_FOR_WILSON:
        return Interval(share, *wilson(successes, trials), "wilson")
    from scipy.special import betaincinv

    lost = trials - successes
    low = float(betaincinv(successes, lost + 1, 0.025)) if successes else 0.0
    high = float(betaincinv(successes + 1, lost, 0.975)) if lost else 1.0
    return Interval(share, low, high, "binomial")


def paired_chances(one: object, other: object) -> Interval:
    """Return by how much two chances differ that were seen on the same trials, with 95 % interval.

    ``mean``: share of trials with `one` minus that with `other`.  The interval is the adjusted one
    of Bonett and Price (2012, Journal of Educational and Behavioral Statistics 37:479-488): one
    pair is added to either kind of pair that differs.  Over all shares of these it covers .92 and
    more from 6 pairs on, also where luck is shared so well that only one kind occurs, which is
    where intervals made of two single ones (Newcombe's) fall to .85.

    Parameters
    ----------
    one, other : array of bool, shape [n]
        One entry a trial; trials in which either is NaN are left out.

    Examples
    --------
    >>> found = paired_chances([1, 1, 1, 0, 1, 0, 1, 1], [1, 0, 0, 0, 1, 0, 0, 1])
    >>> found.mean, round(found.low, 2), round(found.high, 2)
    (0.375, -0.1, 0.7)
    """
    first, second = (np.asarray(values, dtype=np.float64).ravel() for values in (one, other))
    if first.size != second.size:
        raise KoubeiError("other", "not as many as one", got=second.size, allowed=str(first.size))
    gaps = (first != 0.0) * 1.0 - (second != 0.0)
    return mean_of_gaps(gaps[np.isfinite(first) & np.isfinite(second)])


def mean_of_gaps(gaps: FloatArray, reach: float = 1.0) -> Interval:
    """Return the mean of differences of chances, one a trial, with its 95 % interval.

    Differences are -1, 0 or 1; between these where they are shared out (`shapley`), and up to a
    `reach` of 2 where two of them are compared.  The interval is that of `paired_chances`, written
    for any such numbers: Wald's, after one trial at either end of the reach has been added.
    """
    gaps = gaps[np.isfinite(gaps)]
    n = gaps.size
    if not n:
        return Interval(math.nan, math.nan, math.nan, "none")
    sides = np.maximum(gaps, 0.0), np.maximum(-gaps, 0.0)
    here, there = ((float(side.sum()) + reach) / (n + 2.0) for side in sides)
    square = sum((float((side**2).sum()) + reach**2) / (n + 2.0) for side in sides)
    gap = here - there
    arm = NORMAL * math.sqrt((square - gap * gap) / (n + 2.0))
    low, high = max(-reach, gap - arm), min(reach, gap + arm)
    return Interval(float(gaps.mean()), low, high, "paired shares")


def log_interval(values: FloatArray, plus: float = 1.0) -> Interval:
    """Return the geometric mean of counts with its 95 % interval, Student's t on the log scale.

    ``exp(mean(log(x + plus))) - plus``: what is typical of numbers that differ by factors.

    Parameters
    ----------
    values : array of float
        0 or more; NaN are left out.
    plus : float
        Added before the logarithm, so that 0 has one: 1 for counts, 0 for what is above 0.

    Examples
    --------
    >>> found = log_interval(np.array([9.0, 99.0, 999.0]))
    >>> round(found.mean, 6), found.method
    (99.0, 'log t')
    """
    finite = np.asarray(values, dtype=np.float64)
    finite = finite[np.isfinite(finite)]
    if finite.size < 2 or float(finite.std()) == 0.0:
        return mean_interval(finite)  # nothing, one value, or one value many times: exactly that
    found = mean_interval(np.log(finite + plus), skewed=math.inf)
    # Beyond what a float holds there is no bound: two values that differ by many factors.
    mean, low, high = (float(np.exp(min(end, 700.0))) - plus for end in found[:3])
    return Interval(mean, max(0.0, low), high, "log t")


class Kept(NamedTuple):
    """Which replicates an outcome is told of: those that took off, where any did."""

    rows: BoolArray  # [R]
    of: str  # "taken off", "all" (every one took off) or "none took off"


def kept(taken: object) -> Kept:
    """Return the replicates of which outcomes are told.

    Examples
    --------
    >>> kept([True, False]).of, kept([True, True]).of, kept([False]).of
    ('taken off', 'all', 'none took off')
    """
    rows = np.asarray(taken, dtype=np.float64) == 1.0
    if rows.all():
        return Kept(rows, "all")
    return Kept(rows, "taken off") if rows.any() else Kept(~rows, "none took off")


def enough(interval: Interval, n: int) -> Interval:
    """Return an interval of `n` values; without its bounds where these are too few to say anything.

    Examples
    --------
    >>> enough(Interval(5.0, -400.0, 410.0, "t"), 2)
    Interval(mean=5.0, low=nan, high=nan, method='few')
    """
    if 1 < n < LEAST and interval.method != "exact":
        return Interval(interval.mean, math.nan, math.nan, "few")
    return interval


def more(n: int, kept: int) -> int:
    """Return how many more replicates are needed, by the share kept of `n` so far.

    Examples
    --------
    >>> more(8, 2), more(8, 3), more(4, 0)
    (4, 0, 12)
    """
    if kept >= LEAST:
        return 0
    return math.ceil((LEAST - kept) * n / kept) if kept else LEAST * max(n, 1)
