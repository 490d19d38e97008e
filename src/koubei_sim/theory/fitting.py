"""Fits of growth curves to counts: Bass's by the two estimators of the field, others in logarithms.

Deterministic: the same numbers give the same estimates, from fixed starting points.  Called by the
replications of published fits and by the baselines of calibrations.

References
----------
Bass, F. M. (1969), A new product growth for model consumer durables, Management Science 15.
Srinivasan, V. and Mason, C. H. (1986), Nonlinear least squares estimation of new product diffusion
models, Marketing Science 5, 169-178.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koubei_sim.checks import number
from koubei_sim.errors import KoubeiError
from koubei_sim.theory import bass
from koubei_sim.theory.checks import column, numbers

FloatArray = NDArray[np.float64]
#: Periods below which three parameters go through all points.
LEAST_PERIODS = 4
#: Sales above this have squares that no number holds.
MOST_SOLD = 1e100


class Fit(NamedTuple):
    """Estimates."""

    p: float
    q: float
    m: float
    error: float  # root mean square of the residuals, in units of sales


def _sales(given: Any) -> FloatArray:
    """Return sales of periods that follow each other, of which Bass's curve can say something."""
    if getattr(given, "ndim", 1) == 2 and 1 in np.shape(given):  # a frame of one column
        given = np.asarray(given).ravel()
    found = numbers("sales", given, 0.0, MOST_SOLD)
    if found.ndim != 1:
        raise KoubeiError("sales", "not one column of numbers", got=f"shape {found.shape}")
    if found.size < LEAST_PERIODS:
        raise KoubeiError(
            "sales", "too few periods for three parameters", got=str(found.size),
            allowed=f"{LEAST_PERIODS} or more",
        )  # fmt: skip
    if not found.any():
        raise KoubeiError("sales", "nothing was sold", allowed="a number above 0 in some period")
    return found


def fit_sales(sales: ArrayLike) -> Fit:
    """Fit p, q, m to sales of periods 1, 2, ..: ``m (F(t) - F(t - 1))``, least squares.

    Parameters
    ----------
    sales : (T,) array
        New adoptions in each period, from the launch on: a list, an array or a column of at least
        4 numbers of at least 0, without gaps.

    Returns
    -------
    Fit

    Raises
    ------
    KoubeiError
        Sales that are missing, negative or no numbers, that are too few, or all 0.

    References
    ----------
    Srinivasan, V. and Mason, C. H. (1986), Marketing Science 5, 169-178.

    Examples
    --------
    >>> curve = bass.cumulative(np.arange(13), 0.01, 0.4)
    >>> found = fit_sales(1000.0 * np.diff(curve))
    >>> round(found.p, 6), round(found.q, 6), round(found.m, 3)
    (0.01, 0.4, 1000.0)
    """
    from scipy.optimize import least_squares

    sold = _sales(sales)
    times = np.arange(sold.size + 1, dtype=np.float64)
    total = float(sold.sum())

    def gap(logs: FloatArray) -> FloatArray:
        p, q, m = np.exp(logs)
        return np.asarray((m * np.diff(bass.cumulative(times, p, q)) - sold) / total)

    # Parameters are positive: logarithms, within bounds far beyond any market.
    start = np.log([0.02, 0.4, 1.3 * total])
    limits = np.log([1e-6, 1e-4, 0.5 * total]), np.log([1.0, 5.0, 100.0 * total])
    found = least_squares(gap, start, bounds=limits, xtol=1e-14, ftol=1e-14, gtol=1e-14)
    p, q, m = (float(value) for value in np.exp(found.x))
    return Fit(p, q, m, total * float(np.sqrt(np.mean(found.fun**2))))


def fit_by_regression(sales: ArrayLike) -> Fit:
    """Fit by the regression of 1969, ``S_t = a + b Y_(t-1) + c Y_(t-1)**2``.

    ``m`` is the positive root of the parabola, ``p = a / m``, ``q = -c m``; biased by the interval.

    Parameters
    ----------
    sales : (T,) array
        As for `fit_sales`.

    Raises
    ------
    KoubeiError
        As for `fit_sales`, and where the parabola has no positive root: sales that do not slow
        down yet.

    Examples
    --------
    >>> found = fit_by_regression([3, 8, 16, 25, 25, 15, 6, 2])
    >>> round(found.p, 4), round(found.q, 4), round(found.m, 1)
    (0.0545, 0.9595, 98.4)
    """
    sold = _sales(sales)
    before = np.append(0.0, sold.cumsum()[:-1])
    terms = np.column_stack([np.ones(sold.size), before, before**2])
    (a, b, c), *_ = np.linalg.lstsq(terms, sold, rcond=None)
    inner = b * b - 4.0 * a * c
    # `c` of a rounding error is none: a line has no second root.
    if not (c * float(sold.sum()) ** 2 < -1e-9 * float(sold.max()) and inner > 0.0):
        raise KoubeiError(
            "sales", "the parabola has no market: sales do not slow down", fix="fit_sales"
        )
    m = float((-b - np.sqrt(inner)) / (2.0 * c))
    error = float(np.sqrt(np.mean((terms @ [a, b, c] - sold) ** 2)))
    return Fit(float(a) / m, -float(c) * m, m, error)


def fit_logs(
    curve: Callable[[FloatArray, Any], FloatArray],
    times: ArrayLike,
    counts: ArrayLike,
    starts: Sequence[Sequence[float]],
    low: Sequence[float],
    high: Sequence[float],
) -> FloatArray:
    """Fit positive parameters of a curve by least squares of the logarithms of counts.

    Parameters
    ----------
    curve : callable
        ``curve(times, parameters)``, above 0.
    times, counts : (T,) arrays
    starts : sequence of parameter sets
        Where to look from; the best end is taken (the earlier of equal ones).
    low, high : sequences of float
        Bounds of the parameters, above 0.

    Raises
    ------
    KoubeiError
        Counts that are not above 0, lengths that differ, or a start outside its bounds.

    Returns
    -------
    (parameters,) float array

    Examples
    --------
    >>> def line(t, x):
    ...     return x[0] * np.exp(x[1] * t)
    >>> days = np.array([0.0, 1.0, 2.0])
    >>> fit_logs(line, days, 3.0 * np.exp(days), [(1, 0.5)], (0.1, 0.1), (9, 9)).round(6).tolist()
    [3.0, 1.0]
    """
    from scipy.optimize import least_squares

    when, seen = column("times", times), column("counts", counts, 0.0)
    if not callable(curve):
        raise KoubeiError("curve", "not a function", got=repr(curve), fix="one_wave")
    if when.shape != seen.shape:
        raise KoubeiError(
            "counts", "another number than times", got=str(seen.size), allowed=str(when.size)
        )
    if not ((seen > 0.0) & np.isfinite(seen)).all():
        raise KoubeiError("counts", "out of range", got="0 or inf", allowed="above 0, finite")
    least, most, begun = column("low", low), column("high", high), numbers("starts", starts)
    if begun.ndim != 2 or not begun.shape[1] == least.size == most.size:
        raise KoubeiError(
            "starts", "not one number a bound", got=f"shape {begun.shape}",
            allowed=f"(sets, {least.size})",
        )  # fmt: skip
    if not ((least > 0.0) & (least < most)).all():
        raise KoubeiError("low", "out of range", got=str(least.tolist()), allowed="0 < low < high")
    if not ((begun >= least) & (begun <= most)).all() or not begun.size:
        raise KoubeiError("starts", "outside the bounds", allowed="low..high of each parameter")

    def gap(logs: FloatArray) -> FloatArray:
        return np.asarray(np.log(curve(when, np.exp(logs)) / seen))

    bounds = np.log(least), np.log(most)
    found = [least_squares(gap, np.log(start), bounds=bounds) for start in begun]
    best = min(found, key=lambda fit: float(fit.cost))
    return np.asarray(np.exp(best.x))


def one_wave(t: ArrayLike, x: Any) -> FloatArray:
    """Return ``m F(t)`` with Bass's F and x = (p, q, m)."""
    _parts(x, 3)
    return np.asarray(x[2] * bass.cumulative(t, x[0], x[1]))


def two_waves(t: ArrayLike, x: Any) -> FloatArray:
    """Return ``m1 F(t) + m2 F(t - s)`` with Bass's F and x = (p, q, m1, m2, s)."""
    _parts(x, 5)
    later = np.maximum(numbers("t", t) - x[4], 0.0)
    return np.asarray(
        x[2] * bass.cumulative(t, x[0], x[1]) + x[3] * bass.cumulative(later, x[0], x[1])
    )


def _parts(x: Any, wanted: int) -> None:
    if np.shape(numbers("x", x)) != (wanted,):
        raise KoubeiError("x", "wrong length", got=repr(x), allowed=f"{wanted} numbers")


def logistic(t: ArrayLike, m: float, rate: float, middle: float) -> FloatArray:
    """Return ``m / (1 + exp(-rate (t - middle)))``.

    Examples
    --------
    >>> logistic(np.array([3.0]), 10.0, 1.0, 3.0).tolist()
    [5.0]
    """
    from scipy.special import expit

    m, rate, middle = number("m", m), number("rate", rate), number("middle", middle)
    with np.errstate(over="ignore"):  # far away it is 0 or m
        return np.asarray(m * expit(rate * (numbers("t", t) - middle)))
