"""From parameters to integers: the few formulas by which every mechanism makes its tables.

Probabilities become thresholds ``floor(p 2**32)``, factors 16.16 fixed point, hazards integers in
units of 2**-32 (`core.draws.hazard_units`).  Logarithms and powers go through the portable
functions of `core.draws`, so a table has the same bytes on every processor.
Called by the mechanisms.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.compiling import kernel
from koubei_sim.core.draws import exp_neg_portable

UNIT32: Final = 4294967296.0

Table = NDArray[np.int64]


def threshold(probability: float) -> int:
    """Return ``floor(p 2**32)``, what a 32-bit draw must stay below.

    Examples
    --------
    >>> threshold(1.0) == 2**32, threshold(0.0)
    (True, 0)
    """
    return int(min(max(probability, 0.0), 1.0) * UNIT32)


def fixed16(factor: float) -> int:
    """Return ``floor(x 65536)``, a factor in 16.16 fixed point."""
    return int(factor * 65536.0)


def lasting_days(half_life: float, ticks: int) -> float:
    """Return the days that something counts in all until the horizon, as it fades.

    The integral of ``0.5 ** (t / half_life)`` over ``ticks`` days.

    Examples
    --------
    >>> lasting_days(math.inf, 30), round(lasting_days(7.0, 10_000), 3)
    (30.0, 10.099)
    """
    if math.isinf(half_life):
        return float(ticks)
    mean = half_life / math.log(2.0)
    return mean * (1.0 - math.exp(-ticks / mean)) if mean else 0.0


@kernel
def halving(half_life, size):
    """Return ``0.5 ** (d / half_life)`` for d = 0 .. size-1 days (ones where it is infinite)."""
    out = np.ones(size)
    if half_life < np.inf:
        rate = 0.6931471805599453 / half_life
        for d in range(size):
            out[d] = exp_neg_portable(d * rate)
    return out


def geometric(ratio: float, size: int) -> NDArray[np.float64]:
    """Return ``ratio ** k`` for k = 0 .. size-1 by repeated multiplication."""
    out = np.ones(size)
    for k in range(1, size):
        out[k] = out[k - 1] * ratio
    return out


def floor16(values: NDArray[np.float64]) -> Table:
    """Return `fixed16` of each value."""
    return np.floor(values * 65536.0).astype(np.int64)


def scaled(number: float, people_per_agent: float, most: int = 2**31 - 1) -> int:
    """Return a number of people as simulated people: divided, rounded half up, at least 1 if any.

    Examples
    --------
    >>> scaled(100, 30), scaled(1, 30), scaled(0, 30)
    (3, 1, 0)
    """
    if number <= 0:
        return 0
    return (
        most if number / people_per_agent >= most else max(1, int(number / people_per_agent + 0.5))
    )


def weighted_mean(values: Sequence[float], weights: Sequence[float]) -> float:
    """Return the mean of `values`, weighted.

    Examples
    --------
    >>> weighted_mean((1.0, 3.0), (3.0, 1.0))
    1.5
    """
    return sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights)


def whole(numbers: Any) -> Table:
    """Return whole numbers as an array."""
    return np.array(list(numbers), dtype=np.int64)


# Classes of equal probability ----------------------------------------------------------------


def bounds(classes: int) -> NDArray[np.float64]:
    """Return the bounds of classes of the normal law that are equally likely [classes + 1]."""
    from scipy.special import ndtri

    return ndtri(np.arange(classes + 1) / classes)


def _between(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float64]:
    """Normal probability of [low, high], without cancellation in the upper tail."""
    from scipy.special import ndtr

    return np.where(low > 0, ndtr(-low) - ndtr(-high), ndtr(high) - ndtr(low))


def stable(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round to 12 digits: another release of the maths library must not move a bit."""
    found = np.array([float(f"{v:.12g}") for v in values])
    found.flags.writeable = False  # they are kept, see below
    return found


# Kept: made anew they would be a third of the time of a short run, and most runs of a study ask for
# the same ones.
@lru_cache(maxsize=64)
def lognormal_classes(classes: int, sigma: float) -> NDArray[np.float64]:
    """Return conditional means of a log-normal law of mean 1 in classes of equal probability.

    ``E[a | class k] = classes (Phi(z_{k+1} - sigma) - Phi(z_k - sigma))``.

    Examples
    --------
    >>> float(round(lognormal_classes(4096, 1.0).mean(), 9))
    1.0
    """
    if sigma == 0.0:
        return stable(np.ones(classes))
    z = bounds(classes)
    return stable(classes * _between(z[:-1] - sigma, z[1:] - sigma))
