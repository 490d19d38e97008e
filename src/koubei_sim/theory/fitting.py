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
from numpy.typing import NDArray

from koubei_sim.theory import bass

FloatArray = NDArray[np.float64]


class Fit(NamedTuple):
    """Estimates."""

    p: float
    q: float
    m: float
    error: float  # root mean square of the residuals, in units of sales


def fit_sales(sales: FloatArray) -> Fit:
    """Fit p, q, m to sales of periods 1, 2, ..: ``m (F(t) - F(t - 1))``, least squares.

    Parameters
    ----------
    sales : (T,) array
        New adoptions in each period, from the launch on.

    Returns
    -------
    Fit

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

    times = np.arange(sales.size + 1, dtype=np.float64)
    total = float(sales.sum())

    def gap(logs: FloatArray) -> FloatArray:
        p, q, m = np.exp(logs)
        return np.asarray((m * np.diff(bass.cumulative(times, p, q)) - sales) / total)

    # Parameters are positive: logarithms, within bounds far beyond any market.
    start = np.log([0.02, 0.4, 1.3 * total])
    limits = np.log([1e-6, 1e-4, 0.5 * total]), np.log([1.0, 5.0, 100.0 * total])
    found = least_squares(gap, start, bounds=limits, xtol=1e-14, ftol=1e-14, gtol=1e-14)
    p, q, m = (float(value) for value in np.exp(found.x))
    return Fit(p, q, m, total * float(np.sqrt(np.mean(found.fun**2))))


def fit_by_regression(sales: FloatArray) -> Fit:
    """Fit by the regression of 1969, ``S_t = a + b Y_(t-1) + c Y_(t-1)**2``.

    ``m`` is the positive root of the parabola, ``p = a / m``, ``q = -c m``; biased by the interval.
    """
    before = np.append(0.0, sales.cumsum()[:-1])
    terms = np.column_stack([np.ones(sales.size), before, before**2])
    (a, b, c), *_ = np.linalg.lstsq(terms, sales, rcond=None)
    m = float((-b - np.sqrt(b * b - 4.0 * a * c)) / (2.0 * c))
    error = float(np.sqrt(np.mean((terms @ [a, b, c] - sales) ** 2)))
    return Fit(float(a) / m, -float(c) * m, m, error)


def fit_logs(
    curve: Callable[[FloatArray, Any], FloatArray],
    times: FloatArray,
    counts: FloatArray,
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

    def gap(logs: FloatArray) -> FloatArray:
        return np.asarray(np.log(curve(times, np.exp(logs)) / counts))

    bounds = np.log(low), np.log(high)
    found = [least_squares(gap, np.log(start), bounds=bounds) for start in starts]
    best = min(found, key=lambda fit: float(fit.cost))
    return np.asarray(np.exp(best.x))


def one_wave(t: FloatArray, x: Any) -> FloatArray:
    """Return ``m F(t)`` with Bass's F and x = (p, q, m)."""
    return np.asarray(x[2] * bass.cumulative(t, x[0], x[1]))


def two_waves(t: FloatArray, x: Any) -> FloatArray:
    """Return ``m1 F(t) + m2 F(t - s)`` with Bass's F and x = (p, q, m1, m2, s)."""
    later = np.maximum(t - x[4], 0.0)
    return np.asarray(
        x[2] * bass.cumulative(t, x[0], x[1]) + x[3] * bass.cumulative(later, x[0], x[1])
    )


def logistic(t: FloatArray, m: float, rate: float, middle: float) -> FloatArray:
    """Return ``m / (1 + exp(-rate (t - middle)))``.

    Examples
    --------
    >>> logistic(np.array([3.0]), 10.0, 1.0, 3.0).tolist()
    [5.0]
    """
    from scipy.special import expit

    return np.asarray(m * expit(rate * (np.asarray(t, dtype=np.float64) - middle)))
