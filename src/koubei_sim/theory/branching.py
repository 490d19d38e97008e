"""Branching processes: cascades while they are small against the population.

One kind of people: the law of cascade sizes and extinction.  Several kinds (enthusiasts and
newbies): growth, composition, extinction by kind of seed, and the head start that pure seeds
buy.  M is the mean matrix: ``M[a, b]`` users of kind b are won by one user of kind a.
Called by the tests of the branching limit and by studies of seed purity.

References
----------
[1] Harris, T. E. (1963), The Theory of Branching Processes, chapters I and II.
[2] Borel, E. (1942), Comptes rendus 214, 452-456; Tanner, J. C. (1961), Biometrika 48, 222-224.
[3] Mode, C. J. (1971), Multitype Branching Processes, chapter 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, lambertw

from koubei_sim.checks import number, whole
from koubei_sim.errors import KoubeiError
from koubei_sim.theory.checks import MOST, numbers, positive, real, rounds, square

FloatArray = NDArray[np.float64]
Pgf = Callable[[FloatArray], FloatArray]

# One kind ------------------------------------------------------------------------------------


def borel_pmf(size: ArrayLike, mean: float) -> FloatArray:
    """Probability that a cascade from one seed ends with `size` people, Poisson offspring [2].

    ``P(n) = e^{-R n} (R n)^{n-1} / n!``.  Sums to the probability of extinction.

    Parameters
    ----------
    size : array of int
        n, at least 1.
    mean : float
        R, mean number won by one user, above 0.

    Returns
    -------
    float array of the shape of `size`

    Examples
    --------
    >>> borel_pmf([1, 2, 3], 0.5).round(6).tolist()
    [0.606531, 0.18394, 0.083674]
    """
    n = numbers("size", size, 1, whole=True)
    r = number("mean", positive("mean", mean), 0.0, 1e100)
    return np.exp(-r * n + (n - 1.0) * np.log(r * n) - gammaln(n + 1.0))


def borel_tail(size: int, mean: float) -> float:
    """Probability that a subcritical cascade ends with at least `size` people.

    Summed term by term from `size` on, so that tiny tails keep their digits.

    Examples
    --------
    >>> round(borel_tail(10, 0.5), 6)
    0.013616
    """
    r = positive("mean", mean)
    if r >= 1.0:
        raise KoubeiError(
            "mean", "the tail of a cascade that may never end", got=r, allowed="below 1"
        )
    total, start, block = 0.0, whole("size", size, 1, MOST), 4096
    while True:
        terms = borel_pmf(np.arange(start, start + block), r)
        total += float(terms.sum())
        if terms[-1] * block <= 1e-17 * total or terms[-1] == 0.0:
            return total
        if start > MOST:
            raise KoubeiError("mean", "too near 1 to add up", got=r, fix="borel_mean")
        start, block = start + block, block * 2


def borel_mean(mean: float) -> float:
    """Mean size of a cascade from one seed, ``1/(1 - R)``; infinite where R >= 1."""
    r = real("mean", mean)
    return 1.0 / (1.0 - r) if r < 1.0 else math.inf


def borel_variance(mean: float) -> float:
    """Variance of that size, ``R/(1 - R)**3`` with Poisson offspring; infinite where R >= 1."""
    r = real("mean", mean)
    return r / (1.0 - r) ** 3 if r < 1.0 else math.inf


def poisson_extinction(mean: float) -> float:
    """Probability that the cascade of one seed dies out, Poisson offspring: q = e^{R(q-1)}.

    Examples
    --------
    >>> round(poisson_extinction(2.0), 6), poisson_extinction(0.7)
    (0.203188, 1.0)
    """
    r = real("mean", mean)
    return float(-lambertw(-r * math.exp(-r)).real / r) if r > 1.0 else 1.0


# Any offspring, any number of kinds ----------------------------------------------------------


def poisson_pgf(matrix: ArrayLike) -> Pgf:
    """Return the generating function of independent Poisson numbers of each kind.

    ``g_a(s) = exp(sum_b M[a, b] (s_b - 1))``.

    Parameters
    ----------
    matrix : (K, K) array
        Mean matrix.

    Returns
    -------
    callable
        From s, (K,) in [0, 1], to g(s), (K,).
    """
    m = square("matrix", matrix)
    return lambda s: np.exp(m @ (np.asarray(s, dtype=np.float64) - 1.0))


def _function(pgf: Pgf, kinds: int) -> int:
    """Return the number of kinds, after a look at whether the function takes so many."""
    if not callable(pgf):
        raise KoubeiError("pgf", "not a function", got=repr(pgf), fix="poisson_pgf([[2.0]])")
    kinds = whole("kinds", kinds, 1, 10_000)
    try:
        fits = np.shape(pgf(np.ones(kinds))) == (kinds,)
    except (TypeError, ValueError, IndexError):
        fits = False
    if not fits:
        raise KoubeiError("kinds", "the function is one of another number of kinds", got=kinds)
    return kinds


def extinct_by(pgf: Pgf, kinds: int, generations: int) -> FloatArray:
    """Probability that a cascade has died out by generation 0, 1, .., `generations`.

    Row t is the t-fold iterate g(g(..g(0))) [1, chapter I]: the probability that one seed of
    each kind has no descendant in generation t.

    Parameters
    ----------
    pgf : callable
        Offspring generating function, (K,) -> (K,).
    kinds : int
        K.
    generations : int
        At least 0.

    Returns
    -------
    (generations + 1, K) float array
    """
    kinds = _function(pgf, kinds)
    generations = rounds("generations", generations, 500 + kinds * kinds // 20)
    out = np.zeros((generations + 1, kinds))
    for t in range(generations):
        out[t + 1] = pgf(out[t])
    return out


def extinction(pgf: Pgf, kinds: int = 1) -> FloatArray:
    """Probability that the cascade of one seed dies out, by kind of the seed.

    The smallest fixed point q = g(q) in [0, 1]^K [3], by Newton steps from 0 (they rise to it,
    since g is increasing and convex); the slope of g is taken by differences.

    Parameters
    ----------
    pgf : callable
        Offspring generating function, (K,) -> (K,).
    kinds : int
        K.

    Returns
    -------
    (K,) float array
        All 1 where the growth rate is at most 1.

    Raises
    ------
    KoubeiError
        Where g is no generating function (outside [0, 1], or g(1) not 1).

    Examples
    --------
    >>> extinction(poisson_pgf([[2.0]])).round(6).tolist()
    [0.203188]
    """
    kinds = _function(pgf, kinds)
    ones = np.ones(kinds)
    if np.abs(pgf(ones) - 1.0).max() > 1e-9 or pgf(np.zeros(kinds)).min() < 0.0:
        raise KoubeiError(
            "pgf", "not a generating function", got=str(pgf(ones)), allowed="g(1) = 1, g(0) >= 0"
        )
    q, step = np.zeros(kinds), 1e-7
    for _ in range(500):
        value = pgf(q)
        slope = np.empty((kinds, kinds))
        for b in range(kinds):
            moved = q.copy()
            moved[b] -= step  # backwards: a smaller slope never oversteps the root
            slope[:, b] = (value - pgf(moved)) / step
        change = np.linalg.solve(np.eye(kinds) - slope, value - q)
        q = np.minimum(q + change, 1.0)
        if np.abs(change).max() < 1e-15:
            break
    return q


def take_off(extinct: ArrayLike, seeds: ArrayLike) -> float:
    """Probability that at least one of the seeds starts a lasting cascade: 1 - prod q_a**n_a.

    Parameters
    ----------
    extinct : (K,) array
        Probability of extinction of one seed, by kind.
    seeds : (K,) array of int
        Number of seeds of each kind.

    Examples
    --------
    >>> q = extinction(poisson_pgf([[0.9, 1.2], [0.05, 0.9]]), 2)
    >>> round(take_off(q, [5, 0]), 2), round(take_off(q, [0, 5]), 2)
    (0.91, 0.47)
    """
    q, n = numbers("extinct", extinct, 0.0, 1.0), numbers("seeds", seeds, 0, whole=True)
    if q.shape != n.shape:
        raise KoubeiError("seeds", "another number of kinds", got=n.size, allowed=str(q.size))
    return float(1.0 - np.prod(q**n))


# The linear regime ---------------------------------------------------------------------------


class Growth(NamedTuple):
    """What the mean matrix does in the long run: ``Z_t ~ (Z_0 . value) rate**t composition``."""

    rate: float  # lambda: growth per generation
    value: FloatArray  # (K,) v, M v = lambda v: reproductive value, scaled so that u . v = 1
    composition: FloatArray  # (K,) u, u M = lambda u: shares of the kinds, sums to 1


def mean_matrix(arcs: ArrayLike, persuasion: float, fit: ArrayLike) -> FloatArray:
    """Return the mean matrix of a cascade in which each user tells all listeners once.

    A message has the hazard -log(1 - persuasion), times the listener's fit, so an arc to a
    listener of kind b converts with probability ``1 - (1 - persuasion)**fit[b]`` (not
    persuasion * fit), and ``M[a, b] = arcs[a, b]`` times that.

    Parameters
    ----------
    arcs : (K, K) array
        Mean number of listeners of kind b of a user of kind a.
    persuasion : float
        Probability that one message convinces a listener of full fit, in [0, 1].
    fit : (K,) array
        In [0, 1].

    Examples
    --------
    >>> mean_matrix([[2.0, 4.0], [0.0, 4.0]], 0.19, [1.0, 0.5]).round(6).tolist()
    [[0.38, 0.4], [0.0, 0.4]]
    """
    met = square("arcs", arcs)
    persuasion = real("persuasion", persuasion, 0.0, 1.0)
    fits = numbers("fit", fit)
    if fits.shape != (met.shape[0],) or not ((fits >= 0) & (fits <= 1)).all():
        raise KoubeiError(
            "fit", "wrong", got=str(fits.tolist()), allowed=f"{met.shape[0]} numbers in 0..1"
        )
    return met * np.where(fits > 0, 1.0 - (1.0 - persuasion) ** fits, 0.0)


def growth(matrix: ArrayLike) -> Growth:
    """Return growth rate, reproductive values and stable composition of a mean matrix [3].

    Raises
    ------
    KoubeiError
        Where some kind never descends from another (no single growth rate for all seeds).

    Examples
    --------
    >>> found = growth([[0.9, 1.2], [0.05, 0.9]])
    >>> round(found.rate, 3), found.composition.round(4).tolist()
    (1.145, [0.1695, 0.8305])
    """
    m = square("matrix", matrix)
    kinds = m.shape[0]
    if not (np.linalg.matrix_power(np.eye(kinds) + m, kinds) > 0).all():
        raise KoubeiError(
            "matrix", "some kind never descends from another", allowed="an irreducible matrix"
        )
    values, right = np.linalg.eig(m)
    top = int(np.argmax(values.real))
    v = np.abs(right[:, top].real)
    lefts, left = np.linalg.eig(m.T)
    u = np.abs(left[:, int(np.argmax(lefts.real))].real)
    u = u / u.sum()
    return Growth(float(values[top].real), v / (u @ v), u)


def head_start(matrix: ArrayLike, ahead: int = 0, behind: int = 1) -> float:
    """Generations by which seeds of kind `ahead` lead seeds of kind `behind`.

    ``ln(v_ahead / v_behind) / ln(lambda)``: all that the kind of the seeds changes in the long
    run of a linear process, besides the chance of extinction.

    Examples
    --------
    >>> round(head_start([[0.9, 1.2], [0.05, 0.9]]), 1)
    11.7
    """
    found = growth(matrix)
    kinds = found.value.size
    ahead, behind = whole("ahead", ahead, 0, kinds - 1), whole("behind", behind, 0, kinds - 1)
    if found.rate == 1.0:
        raise KoubeiError("matrix", "no head start without growth", got=1.0)
    return float(math.log(found.value[ahead] / found.value[behind]) / math.log(found.rate))


def expected_counts(matrix: ArrayLike, seeds: ArrayLike, generations: int) -> FloatArray:
    """Return the expected numbers of each kind in generation t: ``Z_0 M**t`` [3].

    Returns
    -------
    (generations + 1, K) float array
    """
    m = square("matrix", matrix)
    generations = rounds("generations", generations, 100 + m.size // 20)
    out = np.zeros((generations + 1, m.shape[0]))
    begun = numbers("seeds", seeds, 0.0)
    if begun.shape != out[0].shape:
        raise KoubeiError(
            "seeds", "another number of kinds", got=begun.size, allowed=str(m.shape[0])
        )
    out[0] = begun
    for t in range(generations):
        out[t + 1] = out[t] @ m
    return out


def total_progeny(matrix: ArrayLike) -> FloatArray:
    """Return the expected final numbers from one seed: ``(I - M)**-1``, row a for a seed of kind a.

    The seed itself is counted.

    Raises
    ------
    KoubeiError
        Where the growth rate is at least 1.
    """
    m = square("matrix", matrix)
    rate = float(np.abs(np.linalg.eigvals(m)).max())
    if rate >= 1.0:
        raise KoubeiError(
            "matrix", "cascades that may never end", got=rate, allowed="growth rate below 1"
        )
    return np.asarray(np.linalg.inv(np.eye(m.shape[0]) - m), dtype=np.float64)
