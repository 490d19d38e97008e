"""Closed forms on simple graphs: whom one seed reaches on paths, stars, cycles, trees, cliques.

`path`, `star`, `cycle`, `tree` and `complete` are for an Independent Cascade with one probability
p per tie; `threshold_cycle` and `threshold_complete` for the Linear Threshold model with equal
weights.  They hold for any number of people, so they also test fast code at scale.
Called by the tests of the cascade kernels; `verification.exact_laws` enumerates the same on
small graphs.

References
----------
[1] Kempe, D., Kleinberg, J. and Tardos, E. (2003), Maximizing the spread of influence through a
social network, KDD, 137-146 (reach = connection by live edges).
[2] Lefevre, C. and Picard, P. (1990), A non-standard family of polynomials and the final size
distribution of Reed-Frost epidemic processes, Advances in Applied Probability 22, 25-48.
[3] Flajolet, P. et al. (1995), On Ramanujan's Q-function, Journal of Computational and Applied
Mathematics 58, 103-116.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from koubei_sim.checks import whole
from koubei_sim.errors import KoubeiError
from koubei_sim.theory.checks import few, numbers, real

FloatArray = NDArray[np.float64]
MOST_CLIQUE = 500


class Reach(NamedTuple):
    """Whom a cascade reaches."""

    spread: float  # expected number of people reached, the seed included
    reach: FloatArray  # (n,) probability that each person is reached


class CliqueCascade(NamedTuple):
    """The law of a cascade among people who all know each other."""

    spread: float  # expected number of people reached, seeds included
    sizes: FloatArray  # (n + 1,) probability that 0, 1, .., n people are reached


def _seed(seed: int, n: int) -> int:
    found = whole("seed", seed)
    if found >= n:
        raise KoubeiError("seed", "no such person", got=seed, allowed=f"0..{n - 1}")
    return found


def _powers(p: float, last: int) -> float:
    """``p + p**2 + .. + p**last``, with all digits near p = 1 too."""
    if p == 0.0 or last == 0:
        return 0.0
    if p == 1.0:
        return float(last)
    return float(p * -np.expm1(last * np.log(p)) / (1.0 - p))


def path(n: int, p: float, seed: int = 0) -> Reach:
    """Return the reach along a path 0 - 1 - .. - (n - 1).

    ``reach_i = p**|i - seed|``; from an end, ``spread = (1 - p**n) / (1 - p)``; from a person with
    i others on the left and j on the right, ``1 + sum_{a=1..i} p**a + sum_{b=1..j} p**b``.

    Parameters
    ----------
    n : int
        People, at least 1.
    p : float
        Probability per tie, in [0, 1].
    seed : int
        Position of the seed.

    Returns
    -------
    Reach

    Examples
    --------
    >>> round(path(5, 0.3).spread, 4), round(path(5, 0.3, seed=2).spread, 4)
    (1.4251, 1.78)
    """
    n, p = few("n", n, 1), real("p", p, 0.0, 1.0)
    seed = _seed(seed, n)
    spread = 1.0 + _powers(p, seed) + _powers(p, n - 1 - seed)
    return Reach(spread, p ** np.abs(np.arange(n) - seed).astype(np.float64))


def star(n: int, p: float, seed: int = 0) -> Reach:
    """Return the reach in a star with hub 0 and n - 1 leaves.

    From the hub ``spread = 1 + (n - 1) p``; from a leaf ``1 + p + (n - 2) p**2``.

    Parameters
    ----------
    n : int
        People, at least 2.
    p : float
        Probability per tie, in [0, 1].
    seed : int
        0 for the hub, any other for a leaf.

    Returns
    -------
    Reach

    Examples
    --------
    >>> round(star(10, 0.3).spread, 12), round(star(10, 0.3, seed=1).spread, 12)
    (3.7, 2.02)
    """
    n, p = few("n", n, 2), real("p", p, 0.0, 1.0)
    seed = _seed(seed, n)
    reach = np.full(n, p if seed == 0 else p * p)
    reach[0] = p
    reach[seed] = 1.0
    return Reach(1.0 + (n - 1) * p if seed == 0 else 1.0 + p + (n - 2) * p * p, reach)


def cycle(n: int, p: float) -> Reach:
    """Return the reach from person 0 in a cycle.

    Person j is reached one way round, the other way, or both: ``p**j + p**(n-j) - p**n``, so
    ``spread = 1 + 2 (p + .. + p**(n-1)) - (n - 1) p**n``.

    Parameters
    ----------
    n : int
        People, at least 3.
    p : float
        Probability per tie, in [0, 1].

    Returns
    -------
    Reach

    Examples
    --------
    >>> round(cycle(4, 0.3).spread, 4), cycle(5, 0.5).spread
    (1.8097, 2.75)
    """
    n, p = few("n", n, 3), real("p", p, 0.0, 1.0)
    j = np.arange(n, dtype=np.float64)
    reach = p**j + p ** (n - j) - p**n
    reach[0] = 1.0
    return Reach(1.0 + 2.0 * _powers(p, n - 1) - (n - 1) * p**n, reach)


def tree(parents: Sequence[int], p: float, seed: int = 0) -> Reach:
    """Return the reach in any tree: ``reach_i = p**distance(seed, i)``.

    Parameters
    ----------
    parents : (n,) sequence of int
        Parent of each person, a smaller number; -1 for person 0, the root.
    p : float
        Probability per tie, in [0, 1].
    seed : int

    Returns
    -------
    Reach

    Examples
    --------
    >>> tree([-1, 0, 0, 1], 0.5, seed=1).reach.tolist()
    [0.5, 1.0, 0.25, 0.5]
    """
    above = numbers("parents", parents, -1, whole=True).astype(np.int64)
    n, p = above.size, real("p", p, 0.0, 1.0)
    if (
        above.ndim != 1
        or n == 0
        or above[0] != -1
        or not ((above[1:] >= 0) & (above[1:] < np.arange(1, n))).all()
    ):
        raise KoubeiError("parents", "no tree", allowed="-1 first, then smaller numbers")
    seed = _seed(seed, n)
    distance = np.full(n, -1, dtype=np.int64)
    person, steps = seed, 0
    while person >= 0:  # from the seed up to the root
        distance[person] = steps
        person, steps = int(above[person]), steps + 1
    for person in range(1, n):  # everybody else hangs below somebody already measured
        if distance[person] < 0:
            distance[person] = distance[above[person]] + 1
    reach = p ** distance.astype(np.float64)
    return Reach(float(reach.sum()), reach)


def complete(n: int, p: float, seeds: int = 1) -> CliqueCascade:
    """Return the law of a cascade in a clique (the Reed-Frost chain) [2].

    With s people inactive and f fresh adopters, Bin(s, 1 - (1 - p)**f) adopt in the next round.
    K3 has the spread ``1 + 2 (p + p**2 - p**3)``.

    Parameters
    ----------
    n : int
        People, 1 to 500; the time taken grows as n**3.
    p : float
        Probability per tie, in [0, 1].
    seeds : int
        0..n.

    Returns
    -------
    CliqueCascade

    Examples
    --------
    >>> round(complete(3, 0.3).spread, 12), round(complete(4, 0.3).spread, 12)
    (1.726, 2.316556)
    """
    n, p = whole("n", n, 1, MOST_CLIQUE), real("p", p, 0.0, 1.0)
    seeds = whole("seeds", seeds, 0, n)
    # weight[f]: probability of f fresh adopters while s people are inactive.
    weights = np.zeros((n + 1, n + 1))
    weights[n - seeds, seeds] = 1.0
    sizes = np.zeros(n + 1)
    fresh = np.arange(1, n + 1)
    won_by = -np.expm1(fresh * np.log1p(-p)) if p < 1.0 else np.ones(n)
    for inactive in range(n, -1, -1):
        now = weights[inactive]
        sizes[n - inactive] += now[0]
        busy = np.flatnonzero(now[1:])
        if busy.size == 0:
            continue
        law = now[1:][busy] @ binom.pmf(np.arange(inactive + 1), inactive, won_by[busy][:, None])
        sizes[n - inactive] += law[0]
        for gained in range(1, inactive + 1):
            weights[inactive - gained, gained] += law[gained]
    return CliqueCascade(float(sizes @ np.arange(n + 1)), sizes)


# Linear Threshold ----------------------------------------------------------------------------


def threshold_cycle(n: int, weight: float = 0.5) -> Reach:
    """Return the reach from person 0 in a cycle, Linear Threshold with equal weights w.

    Nobody keeps both arcs into it, so the two ways round exclude each other:
    ``reach_j = w**j + w**(n-j)`` [1] and ``spread = 1 + 2 (w + .. + w**(n-1))``.

    Parameters
    ----------
    n : int
        People, at least 3.
    weight : float
        Of each arc, in [0, 1/2].

    Returns
    -------
    Reach

    Examples
    --------
    >>> threshold_cycle(4).spread
    2.75
    """
    n, w = few("n", n, 3), real("weight", weight, 0.0, 0.5)
    j = np.arange(n, dtype=np.float64)
    reach = w**j + w ** (n - j)
    reach[0] = 1.0
    return Reach(1.0 + 2.0 * _powers(w, n - 1), reach)


def threshold_complete(n: int) -> float:
    """Return the spread from one seed in a clique, Linear Threshold with weights 1/(n - 1).

    The simple paths of length j from the seed number (n-1)(n-2)..(n-j), each of weight
    (n - 1)**-j, so ``spread = 1 + Q(n - 1)``, Q the function of Ramanujan [3], which grows as
    ``sqrt(pi n / 2)``.

    Parameters
    ----------
    n : int
        People, at least 2.

    Examples
    --------
    >>> threshold_complete(3), round(threshold_complete(1000), 6)
    (2.5, 40.283393)
    """
    n = few("n", n, 2)
    return float(1.0 + np.cumprod(1.0 - np.arange(n - 1) / (n - 1)).sum())
