"""How far a cascade goes on a large random graph: percolation by generating functions.

An Independent Cascade with one probability T per tie keeps each tie with probability T; those
whom a seed reaches are its component.  Degrees are given as a law (`theory.degrees`).

References
----------
[1] Newman, M. E. J. (2002), Spread of epidemic disease on networks, Physical Review E 66, 016128.
[2] Bollobas, B. (2001), Random Graphs, 2nd ed., chapter 6 (the giant component).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import lambertw

from koubei_sim.errors import KoubeiError
from koubei_sim.theory.checks import law, real

FloatArray = NDArray[np.float64]


class Outbreak(NamedTuple):
    """A cascade above the threshold."""

    size: float  # S: share of people it reaches, and probability that one seed starts it
    miss: float  # u: probability that a tie does not lead to it


def giant_component(mean_degree: float) -> float:
    """Share of people in the giant component of an Erdos-Renyi graph: S = 1 - e^{-cS} [2].

    Also the final size of a cascade in a mixed population with `mean_degree` converting contacts
    each, and the probability that one seed starts it.

    Parameters
    ----------
    mean_degree : float
        c, at least 0.

    Examples
    --------
    >>> round(giant_component(2.0), 6), giant_component(1.0)
    (0.796812, 0.0)
    """
    c = real("mean_degree", mean_degree)
    if c <= 1.0:
        return 0.0
    # The other solution of x e^x = -c e^-c besides x = -c, on the principal branch.
    return float(1.0 + lambertw(-c * math.exp(-c)).real / c)


def finite_component_mean(mean_degree: float) -> float:
    """Mean size of the component of a person who is not in the giant one: 1/(1 - c(1 - S)) [2].

    Infinite at c = 1.

    Examples
    --------
    >>> round(finite_component_mean(2.0), 3)
    1.685
    """
    c = real("mean_degree", mean_degree)
    left = 1.0 - c * (1.0 - giant_component(c))
    return 1.0 / left if left > 0 else math.inf


def transmission_threshold(degrees: ArrayLike) -> float:
    """Probability per tie above which large cascades exist: <k> / (<k^2> - <k>) [1].

    Parameters
    ----------
    degrees : (most + 1,) array
        Law of degrees.

    Returns
    -------
    float
        May exceed 1 (then there is none even at T = 1), infinite where nobody has two ties.

    Examples
    --------
    >>> transmission_threshold([0, 0, 0, 1])
    0.5
    """
    first, second = _moments(law("degrees", degrees))
    return first / second if second > 0 else math.inf


def _moments(degrees: FloatArray) -> tuple[float, float]:
    """``G0'(1) = <k>`` and ``G0''(1) = <k (k - 1)>``."""
    k = np.arange(degrees.size)
    return float(degrees @ k), float(degrees @ (k * (k - 1)))


def mean_outbreak(degrees: ArrayLike, transmission: float) -> float:
    """Mean number reached from one random seed, itself included, below the threshold.

    ``1 + T G0'(1) / (1 - T G1'(1))`` [1], G1'(1) = <k (k - 1)> / <k>.

    Parameters
    ----------
    degrees : (most + 1,) array
    transmission : float
        T in [0, 1].

    Returns
    -------
    float
        Infinite at and above the threshold.

    Examples
    --------
    >>> round(mean_outbreak([0, 0, 0, 1], 0.2), 12)
    2.0
    """
    transmission = real("transmission", transmission, 0.0, 1.0)
    first, second = _moments(law("degrees", degrees))
    if first == 0.0:
        return 1.0
    left = 1.0 - transmission * second / first
    return 1.0 + transmission * first / left if left > 0 else math.inf


def outbreak(degrees: ArrayLike, transmission: float) -> Outbreak:
    """Share reached by a large cascade, and the probability that a tie does not lead to it.

    ``u = 1 - T + T G1(u)``, ``S = 1 - G0(u)`` [1], u the smallest root in [0, 1].

    Parameters
    ----------
    degrees : (most + 1,) array
    transmission : float
        T in [0, 1].

    Returns
    -------
    Outbreak
        Size 0 and miss 1 at and below the threshold.

    Examples
    --------
    >>> round(outbreak([0, 0, 0, 1], 0.6).size, 6)
    0.703704
    """
    p = law("degrees", degrees)
    transmission = real("transmission", transmission, 0.0, 1.0)
    first, second = _moments(p)
    if first == 0.0 or transmission * second <= first:
        return Outbreak(0.0, 1.0)
    g0 = np.polynomial.Polynomial(p)
    g1 = g0.deriv() / first
    slope = g1.deriv()
    # Newton from 0 rises to the smallest root, since u - (1 - T + T G1(u)) is concave there.
    u = 0.0
    for _ in range(200):
        gap = 1.0 - transmission + transmission * float(g1(u)) - u
        change = gap / (1.0 - transmission * float(slope(u)))
        u += change
        # At the root the gap is a few roundings of numbers near 1, not zero.
        if abs(gap) < 1e-15:
            break
    else:  # pragma: no cover - Newton is quadratic at a simple root
        raise KoubeiError("transmission", "too near the threshold to solve", got=transmission)
    return Outbreak(1.0 - float(g0(u)), u)
