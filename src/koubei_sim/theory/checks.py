"""The few checks of input that the closed forms share.  Called by the modules beside it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koubei_sim.errors import KoubeiError

FloatArray = NDArray[np.float64]


def real(where: str, value: float, low: float = 0.0, high: float = np.inf) -> float:
    """Return `value` as a float in [low, high] (an infinite value only where high is infinite).

    Examples
    --------
    >>> real("p", 2, high=1.0)
    Traceback (most recent call last):
    ...
    koubei_sim.errors.KoubeiError: p: out of range, got 2.0, allowed 0..1
    """
    number = float(value)
    if not low <= number <= high:
        raise KoubeiError(where, "out of range", got=number, allowed=f"{low:g}..{high:g}")
    return number


def positive(where: str, value: float) -> float:
    """Return `value` as a finite float above 0."""
    number = float(value)
    if not 0.0 < number < np.inf:
        raise KoubeiError(where, "out of range", got=number, allowed="above 0, finite")
    return number


def law(where: str, values: ArrayLike) -> FloatArray:
    """Return probabilities of 0, 1, 2, .. that are at least 0 and sum to 1 (to 1e-9)."""
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1 or found.size == 0 or not (found >= 0).all():
        raise KoubeiError(where, "not a law of whole numbers", allowed="probabilities of 0, 1, ..")
    if abs(found.sum() - 1.0) > 1e-9:
        raise KoubeiError(where, "the probabilities must add up to 1", got=float(found.sum()))
    return found


def square(where: str, values: ArrayLike) -> FloatArray:
    """Return a square matrix of finite numbers that are at least 0."""
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 2 or found.shape[0] != found.shape[1] or found.size == 0:
        raise KoubeiError(where, "not a square matrix", got=f"shape {found.shape}")
    if not (np.isfinite(found) & (found >= 0)).all():
        raise KoubeiError(where, "out of range", allowed="finite numbers of at least 0")
    return found
