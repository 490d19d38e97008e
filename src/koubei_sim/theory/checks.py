"""The few checks of input that the closed forms share.  Called by the modules beside it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koubei_sim.checks import number, shown, whole
from koubei_sim.errors import KoubeiError

FloatArray = NDArray[np.float64]
#: Numbers that an answer may hold: 2 GB of them.
MOST = 250_000_000


def real(where: str, value: float, low: float = 0.0, high: float = np.inf) -> float:
    """Return `value` as a float in [low, high] (an infinite value only where high is infinite).

    Examples
    --------
    >>> real("p", 2, high=1.0)
    Traceback (most recent call last):
    ...
    koubei_sim.errors.KoubeiError: p: out of range, got 2.0, allowed 0..1
    """
    found = _scalar(value)
    if high == np.inf and isinstance(found, float) and found == np.inf:
        return found
    return number(where, found, low, high)


def positive(where: str, value: float) -> float:
    """Return `value` as a finite float above 0."""
    found = number(where, _scalar(value))
    if not found > 0.0:
        raise KoubeiError(where, "out of range", got=found, allowed="above 0, finite")
    return found


def _scalar(value: Any) -> Any:
    """Return the Python number of a numpy one."""
    return value.item() if isinstance(value, np.generic) else value


def few(where: str, value: Any, least: int = 0, each: int = 1) -> int:
    """Return a whole number from `least` on, of which an answer can hold `each` numbers."""
    return whole(where, value, least, max(least, MOST // each))


def rounds(where: str, value: Any, each: int) -> int:
    """Return a whole number of rounds that Python does in seconds, `each` of some 20 ns."""
    return whole(where, value, 0, max(1, MOST // each))


def numbers(
    where: str, values: Any, low: float = -math.inf, high: float = math.inf, *, whole: bool = False
) -> FloatArray:
    """Return an array of numbers in [low, high] from lists, columns, arrays or one number.

    Text, dates, yes and no, and what is missing are refused, not taken for numbers.

    Examples
    --------
    >>> numbers("t", [1, 2.5]).tolist()
    [1.0, 2.5]
    >>> numbers("t", [1.0, None])
    Traceback (most recent call last):
    ...
    koubei_sim.errors.KoubeiError: t: number 2 is missing, got None
    """
    try:
        found = np.asarray(values)
    except (ValueError, TypeError):  # lists of several lengths
        raise KoubeiError(where, "rows of several lengths", got=shown(values)) from None
    if found.dtype.kind == "O" and found.size:
        flat = found.ravel()
        plain = [_entry(where, entry, place) for place, entry in enumerate(flat, 1)]
        found = np.array(plain, dtype=np.float64).reshape(found.shape)
    if found.dtype.kind not in "iuf":
        raise KoubeiError(where, "not numbers", got=shown(values), allowed="numbers")
    found = found.astype(np.float64, copy=False)
    if whole:  # those beyond are not exact, nor any number of people
        low, high = max(low, -(2.0**53)), min(high, 2.0**53)
    wrong = ~((found >= low) & (found <= high))
    if whole:
        wrong |= found != np.floor(found)
    if wrong.any():
        place = int(np.flatnonzero(wrong.ravel())[0])
        value = float(found.ravel()[place])
        at = "" if found.ndim == 0 else f"number {place + 1} is "
        if math.isnan(value):
            raise KoubeiError(where, f"{at}missing", got="nan")
        kind = "whole numbers, " if whole else ""
        ends = f"{low:g} or more" if high == math.inf else f"{low:g}..{high:g}"
        raise KoubeiError(where, f"{at}out of range", got=value, allowed=kind + ends)
    return found


def _entry(where: str, entry: Any, place: int) -> float:
    """Return a number of a column of mixed things."""
    if entry is None or type(entry).__name__ in ("NAType", "NaTType"):
        raise KoubeiError(where, f"number {place} is missing", got=shown(entry))
    # Fractions and decimals are numbers too; text is none, though float() reads it.
    if isinstance(entry, (bool, str, bytes)) or not hasattr(entry, "__float__"):
        raise KoubeiError(where, "not a number", got=shown(entry))
    try:
        return float(entry)
    except (TypeError, ValueError, OverflowError):
        raise KoubeiError(where, "not a number", got=shown(entry)) from None


def column(where: str, values: Any, low: float = -math.inf, high: float = math.inf) -> FloatArray:
    """Return one column of at least one number in [low, high]."""
    found = numbers(where, values, low, high)
    if found.ndim != 1 or found.size == 0:
        raise KoubeiError(
            where, "not one column of numbers", got=f"shape {found.shape}", allowed="[1, 2, 3]"
        )
    return found


def law(where: str, values: ArrayLike) -> FloatArray:
    """Return probabilities of 0, 1, 2, .. that are at least 0 and sum to 1 (to 1e-9)."""
    found = numbers(where, values)
    if found.ndim != 1 or found.size == 0 or not (found >= 0).all():
        raise KoubeiError(where, "not a law of whole numbers", allowed="probabilities of 0, 1, ..")
    if abs(found.sum() - 1.0) > 1e-9:
        raise KoubeiError(where, "the probabilities must add up to 1", got=float(found.sum()))
    return found


def square(where: str, values: ArrayLike) -> FloatArray:
    """Return a square matrix of finite numbers that are at least 0."""
    found = numbers(where, values)
    if found.ndim != 2 or found.shape[0] != found.shape[1] or found.size == 0:
        raise KoubeiError(where, "not a square matrix", got=f"shape {found.shape}")
    if not (np.isfinite(found) & (found >= 0)).all():
        raise KoubeiError(where, "out of range", allowed="finite numbers of at least 0")
    return found
