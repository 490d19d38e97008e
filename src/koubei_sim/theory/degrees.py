"""Laws of degrees: arrays whose entry k is the probability of having k neighbours.

`percolation` and `threshold` take any such array; these are the ones that recur.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from koubei_sim.checks import number, whole
from koubei_sim.errors import KoubeiError
from koubei_sim.theory.checks import MOST, few, positive, real
from koubei_sim.theory.checks import law as law_of

FloatArray = NDArray[np.float64]


def poisson(mean: float) -> FloatArray:
    """Return the Poisson law of an Erdos-Renyi graph, cut far beyond the last digit.

    Parameters
    ----------
    mean : float
        Mean degree, above 0.

    Returns
    -------
    (most + 1,) float array
        Sums to 1.

    Examples
    --------
    >>> float(poisson(4.0) @ range(poisson(4.0).size)).__round__(12)
    4.0
    """
    mean = number("mean", positive("mean", mean), high=MOST / 2)
    most = int(np.ceil(mean + 12.0 * np.sqrt(mean) + 30.0))  # leaves less than 1e-17
    p: FloatArray = stats.poisson.pmf(np.arange(most + 1), mean)
    return p / p.sum()


def regular(degree: int) -> FloatArray:
    """Return the law of a graph in which everybody has the same degree.

    Examples
    --------
    >>> regular(2).tolist()
    [0.0, 0.0, 1.0]
    """
    p = np.zeros(few("degree", degree) + 1)
    p[-1] = 1.0
    return p


def power_law(
    exponent: float, least: int = 1, most: int = 1000, cutoff: float = np.inf
) -> FloatArray:
    """Return ``p_k ~ k**-exponent exp(-k / cutoff)`` for least <= k <= most.

    Parameters
    ----------
    exponent : float
        Above 0.
    least, most : int
        Range of degrees, 1 <= least <= most.
    cutoff : float
        Degree at which an exponential cut sets in; infinite: none.

    References
    ----------
    Newman, M. E. J. (2002), Spread of epidemic disease on networks, Physical Review E 66,
    016128 (the exponential cut).

    Examples
    --------
    >>> law = power_law(2.5, 2, 100)
    >>> float(law @ range(101)).__round__(5)
    4.14545
    """
    exponent = positive("exponent", exponent)
    most = few("most", most, 1)
    least = whole("least", least, 1, most)
    cutoff = real("cutoff", cutoff)
    if not cutoff > 0:
        raise KoubeiError("cutoff", "out of range", got=cutoff, allowed="above 0")
    p = np.zeros(most + 1)
    k = np.arange(least, most + 1, dtype=np.float64)
    p[least:] = k**-exponent * np.exp(-k / cutoff)
    return p / p.sum()


def mean(law: ArrayLike) -> float:
    """Return the mean degree ``<k>``."""
    found = law_of("law", law)
    return float(found @ np.arange(found.size))
