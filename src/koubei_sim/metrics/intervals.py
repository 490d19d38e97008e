"""Intervals over replicates: Student's t, bootstrap for skewed outcomes, Wilson for shares.

Pure functions of one-dimensional arrays; called by `overview`, and by figures that show a band.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import whole
from koubei_sim.core import draws
from koubei_sim.errors import KoubeiError

#: Purpose code of resampling draws (the model uses codes below 100, networks 200 and above).
DRAW_BOOTSTRAP: Final = 190
RESAMPLES: Final = 2000
#: Bootstrap instead of t beyond this absolute sample skewness ...
SKEWED: Final = 1.0
#: ... given at least this many values; fewer carry too little of the tail to be resampled.
LEAST_FOR_BOOTSTRAP: Final = 8


class Interval(NamedTuple):
    """An estimate with its 95 % interval and the name of the method."""

    mean: float
    low: float
    high: float
    method: str  # "t", "bootstrap", "exact" (no spread at all) or "none" (fewer than two values)


def cut(low: float, high: float, least: float, most: float) -> tuple[float, float]:
    """Return the ends of an interval, cut where a mean cannot lie; NaN stay.

    The cut interval holds the mean exactly as often as the whole one.

    Examples
    --------
    >>> cut(-0.2, 0.6, 0.0, 1.0), cut(float("nan"), 2.0, 0.0, 1.0)
    ((0.0, 0.6), (nan, 1.0))
    """
    return float(np.clip(low, least, most)), float(np.clip(high, least, most))


def numbers(where: str, values: object) -> NDArray[np.float64]:
    """Return values of replicates as one column of floats; what is missing is NaN.

    Raises
    ------
    KoubeiError
        For what holds no numbers, or rows and columns.
    """
    given = values if hasattr(values, "__array__") or hasattr(values, "__len__") else None
    if given is None and isinstance(values, Iterable):
        given = list(values)
    try:
        found = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        found = np.empty((0, 0))
    if isinstance(values, (str, bytes)) or found.ndim != 1:
        raise KoubeiError(
            where,
            "not numbers in one row",
            got=repr(values),
            allowed="a list, an array or a column",
        )
    return found


def skewness(values: NDArray[np.float64]) -> float:
    """Return the sample skewness m3 / m2**1.5 (0 where the values do not vary).

    Examples
    --------
    >>> skewness(np.array([1.0, 2.0, 3.0]))
    0.0
    """
    centred = values - values.mean()
    second = float(np.mean(centred**2))
    return float(np.mean(centred**3)) / second**1.5 if second > 0 else 0.0


def mean_interval(
    values: NDArray[np.float64],
    key: int = 0,
    outcome: int = 0,
    skewed: float = SKEWED,
    within: tuple[float, float] = (-np.inf, np.inf),
) -> Interval:
    """Return the mean of `values` over replicates with a 95 % interval.

    Student's t, ``mean +- t(0.975, n-1) s / sqrt(n)``; where the skewness exceeds `SKEWED` and n
    is at least `LEAST_FOR_BOOTSTRAP`, the bias-corrected and accelerated bootstrap of the mean
    (Efron 1987, JASA 82:171-185) with `RESAMPLES` resamples, addressed by ``(key, outcome)``.

    Parameters
    ----------
    values : array of float
        One value a replicate; NaN are left out.
    key : int
        Key of the run.
    outcome : int
        Number of the outcome, so that outcomes are resampled independently.
    skewed : float
        Skewness from which on values are resampled; never with infinity.
    within : (float, float)
        Between which numbers a value can lie; the interval is cut there (`cut`).

    Examples
    --------
    >>> found = mean_interval(np.array([1.0, 2.0, 3.0]))
    >>> found.method, round(found.low, 3), round(found.high, 3)
    ('t', -0.484, 4.484)
    >>> mean_interval(np.array([5.0])).method
    'none'
    """
    finite = numbers("values", values)
    finite = finite[np.isfinite(finite)]
    n = finite.size
    if n == 0:
        return Interval(np.nan, np.nan, np.nan, "none")
    mean = float(finite.mean())
    if n == 1:
        return Interval(mean, np.nan, np.nan, "none")
    spread = float(finite.std(ddof=1))
    if spread == 0.0:
        return Interval(mean, mean, mean, "exact")
    if n >= LEAST_FOR_BOOTSTRAP and abs(skewness(finite)) > skewed:
        ends = _accelerated_bootstrap(finite, key, outcome)
        return Interval(mean, *cut(*ends, *within), "bootstrap")
    from scipy.special import stdtrit

    half = float(stdtrit(n - 1, 0.975)) * spread / float(np.sqrt(n))
    return Interval(mean, *cut(mean - half, mean + half, *within), "t")


def _accelerated_bootstrap(
    values: NDArray[np.float64], key: int, outcome: int
) -> tuple[float, float]:
    from scipy.special import ndtr, ndtri

    n = values.size
    bits = draws.drawn(RESAMPLES * n, key, DRAW_BOOTSTRAP, tick=outcome)
    # pick(): multiply and shift, so every index is equally likely up to n / 2**32.
    index = ((bits >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32)
    means = np.sort(values[index.astype(np.intp)].reshape(RESAMPLES, n).mean(axis=1))
    below = (means < values.mean()).mean() + 0.5 * (means == values.mean()).mean()
    bias = ndtri(min(max(below, 0.5 / RESAMPLES), 1 - 0.5 / RESAMPLES))
    left_out = (values.sum() - values) / (n - 1)  # jackknife means
    centred = left_out.mean() - left_out
    square = float((centred**2).sum()) ** 1.5
    if square == 0.0:  # they differ by less than their sum is rounded to
        return float(values.mean()), float(values.mean())
    acceleration = (centred**3).sum() / (6.0 * square)
    normal = ndtri(np.array([0.025, 0.975]))
    level = ndtr(bias + (bias + normal) / (1.0 - acceleration * (bias + normal)))
    low, high = np.quantile(means, level)
    return float(low), float(high)


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Return the 95 % score interval of a share (Wilson 1927, JASA 22:209-212).

    ``(p + z^2/2n +- z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n)`` with z = 1.959964; sensible at
    0 of n and n of n, where the textbook interval has no width.

    Examples
    --------
    >>> low, high = wilson(0, 10)
    >>> low, round(high, 4)
    (0.0, 0.2775)
    """
    successes, trials = whole("successes", successes), whole("trials", trials)
    if trials == 0:
        return (np.nan, np.nan)
    if successes > trials:
        raise KoubeiError("successes", "more than trials", got=successes, allowed=f"0..{trials}")
    z = 1.959963984540054
    share = successes / trials
    centre = share + z * z / (2 * trials)
    half = z * np.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    low = 0.0 if successes == 0 else (centre - half) / scale
    high = 1.0 if successes == trials else (centre + half) / scale
    return float(low), float(high)
