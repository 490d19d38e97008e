"""Sensitivity indices as pure functions of a design and the outcomes at its points.

Morris' elementary effects, Sobol's indices, and a split of the variance into parameters, luck and
both.  All take outcomes of shape [points, replicates]: replicate r of every point has the same
luck, so an index is one of the outcome *given the luck*, and the replicates are averaged over.
Intervals hold two kinds of chance: which trajectories or rows were drawn, and which replicates.
Called by `sensitivity`; the formulas know nothing of scenarios, so theory can test them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core import draws

Array = NDArray[np.float64]

#: Purpose of the resampling draws here (the model uses codes below 100); tick: number of the
#: outcome; channel: 0 rows of the design, 1 replicates.
DRAW_RESAMPLE_DESIGN: Final = 184
#: Resamples, fewer where a design has very many rows.
RESAMPLES: Final = 1000
_LEAST_RESAMPLES: Final = 200
_MOST_DRAWS: Final = 4_000_000


class Estimate(NamedTuple):
    """Indices with 95 % intervals; all arrays have one shape.

    `design` and `luck` are standard errors: what would change with other trajectories or rows,
    and what with other replicates (NaN with one replicate: the interval then holds the first
    only).
    """

    value: Array
    low: Array
    high: Array
    design: Array
    luck: Array

    def at(self, *index: int | slice) -> Estimate:
        """Return a part of the indices."""
        return Estimate(*(np.asarray(part[index]) for part in self))


class Morris(NamedTuple):
    """Morris' measures, each [K]; `kept` is the share of elementary effects that are defined."""

    mu: Estimate
    mu_star: Estimate
    sigma: Estimate
    kept: float


class Sobol(NamedTuple):
    """Sobol's indices: `first`, `total` [K]; `second` [K, K], NaN where j >= k; or None.

    `kept` is the share of rows of the design that are defined.
    """

    first: Estimate
    total: Estimate
    second: Estimate | None
    kept: float


class Split(NamedTuple):
    """Parts of the variance of an outcome over points and replicates; they add up to 1.

    `parameters`: between points, whatever the luck.  `luck`: between replicates, the same at all
    points; common random numbers take it out of every difference.  `both`: the rest, luck that
    works differently at different points; nothing takes it out but more replicates.
    """

    parameters: float
    luck: float
    both: float


def elementary_effects(shares: Array, values: Array) -> Array:
    """Return the elementary effects of Morris (1991, Technometrics 33:161-174).

    Parameters
    ----------
    shares : (T * (K + 1), K) array
        Trajectories one after the other; each step changes one parameter.  In shares of the
        ranges, so an effect is per whole range.
    values : (T * (K + 1), R) array
        Outcomes, NaN where undefined.

    Returns
    -------
    (T, R, K) array

    Examples
    --------
    >>> import numpy as np
    >>> path = np.array([[0.0, 1.0], [0.5, 1.0], [0.5, 0.5]])
    >>> elementary_effects(path, 3.0 * path[:, :1] - path[:, 1:]).tolist()
    [[[3.0, -1.0]]]
    """
    parameters = shares.shape[1]
    steps = np.diff(shares.reshape(-1, parameters + 1, parameters), axis=1)
    moved = np.abs(steps).argmax(axis=2)  # [T, K]: the parameter that step s changed
    size = np.take_along_axis(steps, moved[:, :, None], axis=2)[:, :, 0]
    gaps = np.diff(values.reshape(steps.shape[0], parameters + 1, -1), axis=1)
    found = np.empty((steps.shape[0], values.shape[1], parameters))
    rows = np.arange(steps.shape[0])
    for step in range(parameters):
        found[rows, :, moved[:, step]] = gaps[:, step] / size[:, step, None]
    return found


def morris_indices(shares: Array, values: Array, key: int = 0, number: int = 0) -> Morris:
    """Return mu, mu* and sigma with intervals, averaged over replicates.

    Parameters
    ----------
    shares, values : arrays
        As in `elementary_effects`.
    key, number : int
        Address of the resampling draws; `number` is that of the outcome.

    Notes
    -----
    mu* is the mean of absolute effects (Campolongo, Cariboni and Saltelli 2007, Environmental
    Modelling and Software 22:1509-1518), sigma the standard deviation over trajectories.
    Undefined effects are left out.
    """
    effects = elementary_effects(shares, values)
    known = np.isfinite(effects)
    clean = np.where(known, effects, 0.0)
    with np.errstate(invalid="ignore"):
        middle = clean.sum(axis=0) / known.sum(axis=0)  # [R, K]; sums around it do not cancel
    centre = np.where(np.isfinite(middle), middle, 0.0)
    around = np.where(known, effects - centre, 0.0)
    terms = np.stack([known.astype(np.float64), around, np.abs(clean), around**2], axis=2)

    def index(sums: Array, weights: Array) -> Array:
        n, first, absolute, second = np.moveaxis(sums, 2, 0)  # each [B, R, K]
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = first / n
            spread = np.sqrt(np.maximum(second / n - mean**2, 0.0) * n / (n - 1.0))
            each = np.stack([mean + centre, absolute / n, spread], axis=2)
        fine = np.isfinite(each)
        heavy = weights[:, :, None, None] * fine
        start = np.where(fine[:, :1], each[:, :1], 0.0)  # equal replicates have exactly one mean
        gaps = np.where(fine, each - start, 0.0)
        with np.errstate(invalid="ignore"):
            mean_over: Array = start[:, 0] + (heavy * gaps).sum(axis=1) / heavy.sum(axis=1)
        return mean_over

    found = _estimate(terms, index, key, number)
    star, sigma = found.at(1), found.at(2)
    positive = [e._replace(low=np.maximum(e.low, 0.0)) for e in (star, sigma)]
    return Morris(found.at(0), positive[0], positive[1], float(known.mean()))


def sobol_indices(
    values: Array, parameters: int, second: bool = True, key: int = 0, number: int = 0
) -> Sobol:
    """Return first, total and second order indices with intervals.

    Parameters
    ----------
    values : (N * (2 K + 2), R) or (N * (K + 2), R) array
        Outcomes at the rows of Saltelli's design: A, AB_1 .. AB_K, (BA_1 .. BA_K,) B for each of
        N base rows.  A base row of which any value is undefined is left out, for that replicate.
    parameters : int
        K.
    second : bool
        Whether the design has BA, and so second order indices.
    key, number : int
        Address of the resampling draws; `number` is that of the outcome.

    Notes
    -----
    First order ``mean(B (AB_j - A)) / V`` and total ``mean((A - AB_j)^2) / 2V`` as Saltelli et
    al. 2010 (Computer Physics Communications 181:259-270), on outcomes from which the mean is
    taken off, with V the variance of A and B together.  Second order: the mean of
    ``(BA_j - B)(AB_k - A)`` and the same with j and k exchanged, over V.  Multiplied out it is
    the estimator of Saltelli 2002 (CPC 145:280-297) with ``BA_j A`` and ``B AB_k`` for the first
    order terms; as a product of differences it is exactly 0 for a parameter that does nothing,
    and luck that is common to the four runs has left it.

    Over replicates, numerators and V are averaged apart, so replicates weigh by their variance
    and one in which nothing ever happens does no harm.  With one replicate `first` and `total`
    are SALib's.
    """
    width = (2 if second else 1) * parameters + 2
    table = values.reshape(-1, width, values.shape[1]).transpose(0, 2, 1)  # [N, R, width]
    known: NDArray[np.bool_] = np.asarray(np.isfinite(table).all(axis=2))
    table = np.where(known[:, :, None], table, 0.0)
    with np.errstate(invalid="ignore"):
        middle = table.sum(axis=(0, 2)) / (known.sum(axis=0) * width)
    table = np.where(known[:, :, None], table - middle[None, :, None], 0.0)
    a, b = table[:, :, 0], table[:, :, -1]
    ab = table[:, :, 1 : parameters + 1]
    terms = [known.astype(np.float64), (a + b) / 2.0, (a**2 + b**2) / 2.0]
    terms += [b * (ab[:, :, j] - a) for j in range(parameters)]
    terms += [(a - ab[:, :, j]) ** 2 / 2.0 for j in range(parameters)]
    pairs = [(j, k) for j in range(parameters) for k in range(j + 1, parameters)] * second
    if second:
        to, fro = ab - a[:, :, None], table[:, :, parameters + 1 : -1] - b[:, :, None]
        terms += [(fro[..., j] * to[..., k] + fro[..., k] * to[..., j]) / 2.0 for j, k in pairs]

    def index(sums: Array, weights: Array) -> Array:
        with np.errstate(invalid="ignore", divide="ignore"):
            means = sums[:, :, 1:] / sums[:, :, :1]
            variance = means[:, :, 1] - means[:, :, 0] ** 2
            heavy = np.where(np.isfinite(variance), weights, 0.0)
            tops = (heavy[:, :, None] * np.nan_to_num(means[:, :, 2:])).sum(axis=1)
            below = (heavy * np.nan_to_num(variance)).sum(axis=1)
            part: Array = np.where(below[:, None] > 0.0, tops / below[:, None], np.nan)
        return part

    found = _estimate(np.stack(terms, axis=2), index, key, number)
    first, total = found.at(slice(parameters)), found.at(slice(parameters, 2 * parameters))
    total = total._replace(low=np.maximum(total.low, 0.0))
    between = None
    if second:
        between = Estimate(*(np.full((parameters, parameters), np.nan) for _ in found))
        for at, pair in enumerate(pairs):
            for matrix, part in zip(between, found):
                matrix[pair] = part[2 * parameters + at]
    return Sobol(first, total, between, float(known.mean()))


def split_variance(values: Array) -> Split:
    """Split the variance of outcomes [points, replicates] in two-way analysis of variance.

    Components of a random two-way layout with one value a cell, from mean squares (Searle,
    Casella and McCulloch 1992, Variance Components, chapter 4); negative ones count as 0.  Points
    at which any replicate is undefined are left out; NaN with fewer than two points or replicates.

    Examples
    --------
    >>> import numpy as np
    >>> split_variance(np.array([[0.0, 1.0], [2.0, 3.0]]))
    Split(parameters=0.8, luck=0.2, both=0.0)
    """
    values = values[np.isfinite(values).all(axis=1)]
    points, replicates = values.shape
    if min(points, replicates) < 2:
        return Split(math.nan, math.nan, math.nan)
    rows, columns = values.mean(axis=1), values.mean(axis=0)
    rest = values - rows[:, None] - columns[None, :] + values.mean()
    both = float((rest**2).sum()) / ((points - 1) * (replicates - 1))
    parameters = max(0.0, float(rows.var(ddof=1)) - both / replicates)
    luck = max(0.0, float(columns.var(ddof=1)) - both / points)
    whole = parameters + luck + both
    if whole == 0.0:
        return Split(math.nan, math.nan, math.nan)
    return Split(parameters / whole, luck / whole, both / whole)


# Intervals --------------------------------------------------------------------------------------


def _estimate(
    terms: Array, index: Callable[[Array, Array], Array], key: int, number: int
) -> Estimate:
    """Return ``index(sums of terms, weights of replicates)`` with its interval.

    `terms` is [rows, replicates, ...].  Rows and replicates are resampled apart (their luck is
    crossed: every row meets every replicate), each variance takes n / (n - 1), and their sum
    gives a Student interval with the degrees of freedom of Satterthwaite (1946, Biometrics
    Bulletin 2:110-114).  What rows and replicates have together is counted twice, on the safe
    side, as Owen 2007 (Annals of Applied Statistics 1:386-411) shows for the like bootstrap.
    """
    from scipy.special import stdtrit

    rows, replicates = terms.shape[:2]
    flat = terms.reshape(rows, -1)
    shape = terms.shape[1:]
    ones = np.ones((1, replicates))
    whole = flat.sum(axis=0).reshape(1, *shape)
    value = index(whole, ones)[0]
    design = luck = np.full(value.shape, np.nan)
    if rows > 1:
        counts = _resamples(key, number, 0, rows)
        drawn = (counts @ flat).reshape(-1, *shape)
        found = index(drawn, np.broadcast_to(ones, (drawn.shape[0], replicates)))
        design = _variance(found, value) * rows / (rows - 1.0)
    if replicates > 1:
        counts = _resamples(key, number, 1, replicates)
        found = index(np.broadcast_to(whole, (counts.shape[0], *shape)), counts)
        luck = _variance(found, value) * replicates / (replicates - 1.0)
    known = np.where(np.isfinite(luck), luck, 0.0)
    variance = design + known
    with np.errstate(invalid="ignore", divide="ignore"):
        freedom = variance**2 / (design**2 / max(rows - 1, 1) + known**2 / max(replicates - 1, 1))
    arm = np.where(
        variance > 0.0,
        stdtrit(np.where(freedom > 0.0, freedom, 1.0), 0.975) * np.sqrt(variance),
        variance,  # 0, or NaN
    )
    return Estimate(value, value - arm, value + arm, np.sqrt(design), np.sqrt(luck))


def _variance(found: Array, value: Array) -> Array:
    """Return the variance over resamples; those in which an index is undefined are left out.

    Sums are taken around `value`, so that resamples which all give it have a variance of 0.
    """
    known = np.isfinite(found)
    n = known.sum(axis=0)
    gaps = np.where(known, found - value, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = gaps.sum(axis=0) / n
        gaps = np.where(known, gaps - mean, 0.0)
        variance: Array = np.where(n > 1, (gaps**2).sum(axis=0) / (n - 1), np.nan)
    return variance


def _resamples(key: int, number: int, what: int, size: int) -> Array:
    """Return how often each of `size` things is drawn in each resample, [resamples, size]."""
    resamples = max(_LEAST_RESAMPLES, min(RESAMPLES, _MOST_DRAWS // size))
    bits = draws.drawn(resamples * size, key, DRAW_RESAMPLE_DESIGN, 0, number, what)
    index = ((bits >> np.uint64(32)) * np.uint64(size)) >> np.uint64(32)
    place = np.repeat(np.arange(resamples) * size, size) + index.astype(np.intp)
    counts = np.bincount(place, minlength=resamples * size)
    return counts.reshape(resamples, size).astype(np.float64)
