"""How deep a tree of recommendations is: the Wiener index and structural virality.

The Wiener index W is the sum of the distances of all pairs of people in a tree; structural
virality is the mean distance of a pair, ``2 W / (n (n - 1))``: 2 - 2/n for a broadcast (star),
(n + 1)/3 for a chain.  Parents are numbers below their children's, -1 for person 0, the root.
Called by the tests of `metrics` and by studies of cascade shape.

References
----------
[1] Wiener, H. (1947), Structural determination of paraffin boiling points, Journal of the American
Chemical Society 69, 17-20 (the sum over ties).
[2] Goel, S., Anderson, A., Hofman, J. and Watts, D. J. (2016), The structural virality of online
diffusion, Management Science 62, 180-196.
[3] Neininger, R. (2002), The Wiener index of random trees, Combinatorics, Probability and
Computing 11, 587-597.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma

from koubei_sim.checks import whole
from koubei_sim.errors import KoubeiError
from koubei_sim.theory.checks import numbers

#: People of whom every number is one of floating point.
MOST_PEOPLE = 10**15
#: Generations, or terms of a sum, that are gone through one by one; bits of a number of people.
MOST_HEIGHT, MOST_BITS = 100_000, 20_000


def _parents(parents: Sequence[int]) -> NDArray[np.int64]:
    above = numbers("parents", parents, -1, whole=True).astype(np.int64)
    if above.ndim != 1 or above.size == 0 or above[0] != -1:
        raise KoubeiError("parents", "no tree", allowed="-1 first, then smaller numbers")
    if not ((above[1:] >= 0) & (above[1:] < np.arange(1, above.size))).all():
        raise KoubeiError("parents", "no tree", allowed="-1 first, then smaller numbers")
    return above


def subtree_sizes(parents: Sequence[int]) -> NDArray[np.int64]:
    """Return how many people hang below each person, itself included.

    Examples
    --------
    >>> subtree_sizes([-1, 0, 0, 1]).tolist()
    [4, 2, 1, 1]
    """
    above = _parents(parents)
    sizes = np.ones(above.size, dtype=np.int64)
    for person in range(above.size - 1, 0, -1):
        sizes[above[person]] += sizes[person]
    return sizes


def depths(parents: Sequence[int]) -> NDArray[np.int64]:
    """Return the distance of each person from the root.

    Examples
    --------
    >>> depths([-1, 0, 0, 1]).tolist()
    [0, 1, 1, 2]
    """
    above = _parents(parents)
    out = np.zeros(above.size, dtype=np.int64)
    for person in range(1, above.size):
        out[person] = out[above[person]] + 1
    return out


def wiener(parents: Sequence[int]) -> int:
    """Return the sum of the distances of all pairs: ``W = sum over ties of s (n - s)`` [1].

    A tie is on the paths of the s people below it to the n - s others.  Equal to
    ``n sum_i depth_i - sum_{i not root} s_i**2``, since depths add up to the sizes s.

    Parameters
    ----------
    parents : (n,) sequence of int
        Parent of each person, a smaller number; -1 for person 0.

    Returns
    -------
    int

    Examples
    --------
    >>> wiener([-1, 0, 0, 0]), wiener([-1, 0, 1, 2])
    (9, 10)
    """
    below = subtree_sizes(parents)[1:].tolist()
    n = len(below) + 1
    return sum(s * (n - s) for s in below)


def virality(parents: Sequence[int]) -> float:
    """Return structural virality, the mean distance of two people of the tree [2].

    NaN for a single person, who is in no pair.

    Examples
    --------
    >>> virality([-1, 0, 0, 0]), round(virality([-1, 0, 1, 2]), 6)
    (1.5, 1.666667)
    """
    n = _parents(parents).size
    w = wiener(parents)
    return 2.0 * w / (n * (n - 1)) if n > 1 else math.nan


def star_virality(n: int) -> float:
    """Return the least virality of n people, that of a broadcast: ``2 - 2/n`` [2].

    Examples
    --------
    >>> star_virality(4), star_virality(100)
    (1.5, 1.98)
    """
    return 2.0 - 2.0 / whole("n", n, 2, MOST_PEOPLE)


def path_virality(n: int) -> float:
    """Return the greatest virality of n people, that of a chain: ``(n + 1)/3``.

    W is C(n + 1, 3) [2].

    Examples
    --------
    >>> path_virality(5)
    2.0
    """
    return (whole("n", n, 2, MOST_PEOPLE) + 1) / 3.0


def balanced_wiener(branches: int, height: int) -> int:
    """Return W of the tree in which everybody above the last generation has b children.

    ``W = sum_{j=1..h} b**j s_j (n - s_j)`` with ``s_j = 1 + b + .. + b**(h - j)`` and n = s_0.
    For b = 2: ``W = (h - 2) 4**(h + 1) + (h + 4) 2**(h + 1)``.

    Parameters
    ----------
    branches : int
        b, at least 1 (a chain).
    height : int
        h, generations below the root, at least 0.

    Returns
    -------
    int

    Examples
    --------
    >>> balanced_wiener(2, 1), balanced_wiener(2, 2), balanced_wiener(3, 1)
    (4, 48, 9)
    """
    b, h = _balanced(branches, height, 0)
    below = [1]
    for _ in range(h):  # from the last generation up
        below.append(1 + b * below[-1])
    n, total = below[-1], 0
    for size in below[:-1]:  # sum of b**j s_j (n - s_j), by Horner's rule from j = h on
        total = b * (total + size * (n - size))
    return total


def _balanced(branches: int, height: int, least: int) -> tuple[int, int]:
    """Return b and h of a tree whose people can be counted."""
    b, h = whole("branches", branches, 1, MOST_PEOPLE), whole("height", height, least)
    if h > MOST_HEIGHT or h * math.log2(b) > MOST_BITS:
        raise KoubeiError(
            "height", "more people than can be counted", got=str(h),
            allowed=f"{least}..{MOST_HEIGHT if b == 1 else int(MOST_BITS / math.log2(b))}",
        )  # fmt: skip
    return b, h


def balanced_virality(branches: int, height: int) -> float:
    """Return the virality of that tree, which tends to ``2 h - 4/(b - 1)`` for b > 1.

    Parameters
    ----------
    branches, height : int
        As for `balanced_wiener`, height at least 1.

    Examples
    --------
    >>> round(balanced_virality(2, 2), 6)
    2.285714
    """
    b, h = _balanced(branches, height, 1)
    n = 1
    for _ in range(h):
        n = 1 + b * n
    return 2 * balanced_wiener(b, h) / (n * (n - 1))


def recursive_wiener(n: int) -> float:
    """Return the expected W of a random recursive tree: ``n (n + 1) H_n - 2 n**2`` [3].

    Each new person is won by one of those before with equal probability, so
    ``E W_{n+1} = (1 + 2/n) E W_n + n``; H_n is the n-th harmonic number.

    Parameters
    ----------
    n : int
        People, at least 1.

    Examples
    --------
    >>> round(recursive_wiener(3), 12), round(recursive_wiener(4), 12)
    (4.0, 9.666666666667)
    """
    n = whole("n", n, 1, MOST_PEOPLE)
    if n <= MOST_HEIGHT:
        harmonic = math.fsum(1.0 / k for k in range(1, n + 1))
    else:
        harmonic = float(digamma(n + 1.0)) + float(np.euler_gamma)
    return n * (n + 1) * harmonic - 2.0 * n * n


def recursive_virality(n: int) -> float:
    """Return the expected virality of a random recursive tree, about ``2 ln n - 2.85``.

    ``2 ((n + 1) H_n - 2 n) / (n - 1)``.

    Examples
    --------
    >>> recursive_virality(2), round(recursive_virality(1000), 4)
    (1.0, 10.9969)
    """
    n = whole("n", n, 2, MOST_PEOPLE)
    return 2.0 * recursive_wiener(n) / (n * (n - 1))
