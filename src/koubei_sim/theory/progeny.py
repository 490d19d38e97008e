"""Sizes and depths of cascades while they are small, for any law of offspring.

`branching` has the closed law for Poisson offspring; here the law of offspring is any array, whose
entry j is the probability that one user wins j others.  Includes offspring thinned from a law of
followers, the size law of small outbreaks on random graphs, and the follower tree: the directed,
heavy-tailed cascade of broadcast media.
Called by the tests of cascade kernels and by studies of cascade shape.

References
----------
[1] Otter, R. (1949), The multiplicative process, Annals of Mathematical Statistics 20, 206-224.
[2] Dwass, M. (1969), The total progeny in a branching process and a related random walk, Journal
of Applied Probability 6, 682-686.
[3] Henrici, P. (1974), Applied and Computational Complex Analysis I, theorem 1.6c (powers of a
series by the recurrence of Miller).
[4] Newman, M. E. J. (2007), Component sizes in networks with arbitrary degree distributions,
Physical Review E 76, 045101.
[5] Goel, S., Anderson, A., Hofman, J. and Watts, D. J. (2016), The structural virality of online
diffusion, Management Science 62, 180-196 (follower trees with heavy tails).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koubei_sim.checks import whole
from koubei_sim.errors import KoubeiError
from koubei_sim.theory.checks import MOST, few, law, numbers, real, rounds

FloatArray = NDArray[np.float64]


def thinned(degrees: ArrayLike, transmission: float, most: int | None = None) -> FloatArray:
    """Return the law of offspring Bin(k, T) where k followers have the law `degrees`.

    Parameters
    ----------
    degrees : (K + 1,) array
        Law of the number of followers.
    transmission : float
        T in [0, 1], probability that a follower is won.
    most : int, optional
        Largest number of offspring wanted; by default K.  A shorter array does not sum to 1, but
        is all that sizes up to `most` + 1 need.

    Returns
    -------
    (min(most, K) + 1,) float array

    Examples
    --------
    >>> thinned([0.0, 0.0, 1.0], 0.5).round(12).tolist()
    [0.25, 0.5, 0.25]
    """
    p = law("degrees", degrees)
    t = real("transmission", transmission, 0.0, 1.0)
    last = p.size - 1 if most is None else min(whole("most", most), p.size - 1)
    if t in (0.0, 1.0):
        return p[: last + 1].copy() if t == 1.0 else np.eye(1, last + 1)[0]
    # Logarithm of Bin(k, t) at j for all k at once; log(k - j) is a shifted table of logarithms.
    logs = np.concatenate([[0.0], np.log(np.arange(1, p.size, dtype=np.float64))])
    log_law = np.arange(p.size) * math.log1p(-t)
    out = np.zeros(last + 1)
    for j in range(last + 1):
        out[j] = p[j:] @ np.exp(log_law[j:])
        log_law[j + 1 :] += logs[1 : p.size - j] + math.log(t / (1.0 - t) / (j + 1.0))
    return out


def _offspring(values: ArrayLike) -> FloatArray:
    """Return probabilities of 0, 1, .. offspring; the array may stop early (see `thinned`)."""
    found = numbers("offspring", values)
    if found.ndim != 1 or found.size == 0 or not (found >= 0).all() or found.sum() > 1 + 1e-9:
        raise KoubeiError("offspring", "no law", allowed="probabilities of 0, 1, 2, ..")
    return found


def _power(series: FloatArray, power: int, term: int) -> float:
    """Return the coefficient of ``x**term`` in ``series(x)**power``, for term < power.

    ``a_k = sum_j (power j - k + j) f_j a_{k-j} / (k f_0)`` [3]: for term < power no term is
    negative, so nothing cancels.  Carried as a number times e**scale against underflow.
    """
    if series[0] == 0.0:
        return 0.0
    f = series[: term + 1] / series[0]
    j = np.arange(f.size, dtype=np.float64)
    a = np.zeros(term + 1)
    a[0], scale = 1.0, power * math.log(series[0])
    for k in range(1, term + 1):
        last = min(k, f.size - 1)
        factors = (power + 1.0) * j[1 : last + 1] - k
        a[k] = (factors * f[1 : last + 1]) @ a[k - last : k][::-1] / k
        if a[k] > 1e200:
            a *= 1e-200
            scale += 200.0 * math.log(10.0)
    return float(a[term] * math.exp(scale)) if a[term] > 0.0 else 0.0


def size_pmf(size: ArrayLike, offspring: ArrayLike, seeds: int = 1) -> FloatArray:
    """Probability that a cascade ends with `size` people, seeds included.

    ``P(n) = (r / n) P(X_1 + .. + X_n = n - r)`` for r seeds, X independent numbers of offspring
    [1, 2].  Sums to the probability of extinction.

    Parameters
    ----------
    size : array of int
        n, at least 1; the time taken grows as n**2 for each.
    offspring : (J + 1,) array
        Probability of 0, 1, .., J offspring.
    seeds : int
        r, at least 1.

    Returns
    -------
    float array of the shape of `size`

    Examples
    --------
    >>> size_pmf([1, 2, 3], [0.5, 0.0, 0.5]).round(12).tolist()
    [0.5, 0.0, 0.125]
    """
    f, r = _offspring(offspring), few("seeds", seeds, 1)
    n = numbers("size", size, 1, MOST, whole=True)
    values = [r / m * _power(f, m, m - r) if m >= r else 0.0 for m in n.ravel().astype(int)]
    return np.array(values, dtype=np.float64).reshape(n.shape)


def depth_cdf(offspring: ArrayLike, generations: int, seeds: int = 1) -> FloatArray:
    """Probability that a cascade has no user beyond generation 0, 1, .., `generations`.

    The iterates ``f(0), f(f(0)), ..`` of the generating function, to the power of the seeds.
    P(nobody won) is entry 0, P(depth > 1) is 1 minus entry 1.

    Parameters
    ----------
    offspring : (J + 1,) array
        Sums to 1.
    generations : int
        At least 0.
    seeds : int
        In generation 0.

    Returns
    -------
    (generations + 1,) float array

    Examples
    --------
    >>> depth_cdf([0.5, 0.0, 0.5], 2).tolist()
    [0.5, 0.625, 0.6953125]
    """
    f = np.polynomial.Polynomial(law("offspring", offspring))
    last, r = rounds("generations", generations, 400 + 50 * f.coef.size), few("seeds", seeds, 1)
    out, value = np.zeros(last + 1), 0.0
    for t in range(last + 1):
        value = float(f(value))
        out[t] = value**r
    return out


def mean_size(offspring: ArrayLike, seeds: int = 1) -> float:
    """Mean size of a cascade, ``r / (1 - R)`` with R the mean offspring; infinite for R >= 1.

    Examples
    --------
    >>> mean_size([0.75, 0.0, 0.25])
    2.0
    """
    f = law("offspring", offspring)
    left = 1.0 - float(f @ np.arange(f.size))
    return few("seeds", seeds, 1) / left if left > 0 else math.inf


def outbreak_sizes(size: ArrayLike, degrees: ArrayLike, transmission: float) -> FloatArray:
    """Probability that a random person's cascade on a large random graph ends with `size` people.

    The seed wins Bin(k, T) of its k neighbours, and everybody won Bin(k - 1, T), k then having
    the law ``k p_k / z``.  ``P(1) = G0(1 - T)``, and for n > 1 ``P(n) = T z / (n - 1)`` times the
    coefficient of ``x**(n-2)`` in ``G1(1 - T + T x)**n`` [4].

    Parameters
    ----------
    size : array of int
        n, at least 1.
    degrees : (K + 1,) array
    transmission : float
        T in [0, 1].

    Returns
    -------
    float array of the shape of `size`
        Sums to 1 minus the probability of a large cascade (`percolation.outbreak`).

    Examples
    --------
    >>> outbreak_sizes([1, 2, 3], [0.0, 0.0, 1.0], 0.5).round(12).tolist()  # on a long cycle
    [0.25, 0.25, 0.1875]
    """
    p = law("degrees", degrees)
    t = real("transmission", transmission, 0.0, 1.0)
    n = numbers("size", size, 1, MOST, whole=True)
    k = np.arange(p.size)
    mean = float(p @ k)
    alone = float(p @ (1.0 - t) ** k)
    if mean == 0.0:
        return np.where(n == 1, alone, 0.0)
    excess = thinned((k * p / mean)[1:], t, int(n.max(initial=1)))
    values = [
        alone if m == 1 else t * mean / (m - 1) * _power(excess, m, m - 2)
        for m in n.ravel().astype(int)
    ]
    return np.array(values, dtype=np.float64).reshape(n.shape)


class FollowerTree(NamedTuple):
    """What a cascade along followers looks like before it is simulated."""

    transmission: float  # T = R / <k>: probability that a follower is won
    mean: float  # people per cascade, the seed included: 1 / (1 - R)
    alone: float  # P(nobody is won), f(0)
    deeper: float  # P(somebody is won by somebody won), 1 - f(f(0))
    near: float  # adoptions at most one step from the seed, as a share: (1 + R)(1 - R)


def follower_tree(degrees: ArrayLike, reproduction: float) -> FollowerTree:
    """Return closed forms of a directed cascade in which each wins Bin(k, R / <k>) followers [5].

    Everybody has a number of followers k with the law `degrees`, whoever won it: following is
    one-way, so there is no bias towards the popular.  ``f(s) = sum_k p_k (1 - T + T s)**k``.

    Parameters
    ----------
    degrees : (K + 1,) array
        Law of the number of followers, for example ``degrees.power_law(2.3, 1, 1_000_000)``.
    reproduction : float
        R, mean number won by one user, in [0, 1).

    Returns
    -------
    FollowerTree

    Examples
    --------
    >>> found = follower_tree([0.0, 0.0, 1.0], 0.5)
    >>> found.transmission, found.mean, found.alone, found.near
    (0.25, 2.0, 0.5625, 0.75)
    """
    p = law("degrees", degrees)
    r = real("reproduction", reproduction, 0.0, 1.0)
    k = np.flatnonzero(p)
    mean = float(p[k] @ k)
    if r == 1.0 or r > mean:
        raise KoubeiError(
            "reproduction", "out of range", got=r, allowed=f"below 1, at most {min(mean, 1.0):g}"
        )
    t = r / mean if mean > 0 else 0.0
    weights, held = p[k], k.astype(np.float64)

    def generating(s: float) -> float:
        return float(weights @ (1.0 - t + t * s) ** held)

    alone = generating(0.0)
    deeper = 1.0 - generating(alone)
    return FollowerTree(t, 1.0 / (1.0 - r), alone, deeper, (1.0 + r) * (1.0 - r))
