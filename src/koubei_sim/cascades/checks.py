"""Checks of the arguments of rules and cascades: each returns the value, tidy, or refuses it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.kernels.draws import key_from


def _shown(low: float, high: float) -> str:
    return f"{low:g}..{high:g}" if np.isfinite(high) else f"{low:g} or more"


def number(where: str, value: Any, low: float, high: float) -> float:
    """Return a finite float of ``low..high``."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.number)):
        raise KoubeiError(where, "not a number", got=value, allowed=_shown(low, high))
    if not (low <= value <= high) or not np.isfinite(value):
        raise KoubeiError(where, "out of range", got=value, allowed=_shown(low, high))
    return float(value)


def positive(where: str, value: Any) -> float:
    """Return a finite float above 0."""
    found = number(where, value, 0.0, np.inf)
    if found <= 0.0:
        raise KoubeiError(where, "must be above 0", got=value)
    return found


def whole(where: str, value: Any, low: int, high: int | None = None) -> int:
    """Return an int of ``low..high``."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise KoubeiError(where, "not a whole number", got=value, allowed=f"{low} or more")
    if value < low or (high is not None and value > high):
        allowed = f"{low} or more" if high is None else f"{low}..{high}"
        raise KoubeiError(where, "out of range", got=value, allowed=allowed)
    return int(value)


def key(rng: Any) -> int:
    """Return the key of 64 bits that `rng` stands for."""
    try:
        return key_from(rng)
    except (ValueError, TypeError) as error:
        raise KoubeiError("rng", str(error).removeprefix("rng: ")) from None


def word(where: str, value: Any, allowed: Sequence[str]) -> str:
    """Return one of the allowed words."""
    if not isinstance(value, str) or value not in allowed:
        raise KoubeiError(
            where,
            "unknown",
            got=value,
            allowed=", ".join(allowed),
            fix=nearest(value, allowed) if isinstance(value, str) else None,
        )
    return value


def values(where: str, value: Any, low: float, high: float) -> np.ndarray:
    """Return a float64 array of one or more dimensions with entries of ``low..high``."""
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise KoubeiError(where, "not numbers", got=type(value).__name__) from error
    if array.ndim == 0 or array.size == 0:
        raise KoubeiError(where, "no values", got=value, allowed=_shown(low, high))
    bad = ~((array >= low) & (array <= high) & np.isfinite(array))
    if bad.any():
        at = tuple(int(k) for k in np.argwhere(bad)[0])
        place = ", ".join(map(str, at))
        raise KoubeiError(
            f"{where}[{place}]", "out of range", got=float(array[at]), allowed=_shown(low, high)
        )
    array = array.copy()
    array.flags.writeable = False
    return array


def probability(
    where: str, value: Any, words: Sequence[str], *, matrix: bool = False, top: float = 1.0
) -> Any:
    """Return a float, a mapping of floats, an array or one of `words`."""
    if isinstance(value, str):
        return word(where, value, words)
    if isinstance(value, Mapping):
        if not value:
            raise KoubeiError(where, "names no layer", allowed="layer = number")
        return {str(k): number(f"{where}[{k}]", v, 0.0, top) for k, v in value.items()}
    if np.ndim(value) == 0:
        return number(where, value, 0.0, top)
    array = values(where, value, 0.0, top)
    if array.ndim > (2 if matrix else 1):
        raise KoubeiError(where, "has too many dimensions", got=array.shape)
    if array.ndim == 2 and array.shape[0] != array.shape[1]:
        raise KoubeiError(where, "matrix by kinds is not square", got=array.shape)
    return array


def per_person(where: str, value: Any, low: float, high: float) -> Any:
    """Return a float or a float64 array of one dimension."""
    if np.ndim(value) == 0:
        return number(where, value, low, high)
    array = values(where, value, low, high)
    if array.ndim != 1:
        raise KoubeiError(where, "has too many dimensions", got=array.shape, allowed="one")
    return array


def whole_per_person(where: str, value: Any) -> Any:
    """Return an int or an int64 array of one dimension, at least 0."""
    if np.ndim(value) == 0:
        return whole(where, value, 0)
    array = np.asarray(value)
    if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "iu":
        raise KoubeiError(where, "not whole numbers", got=array.dtype.name, allowed="0 or more")
    if (array < 0).any():
        at = int(np.flatnonzero(array < 0)[0])
        raise KoubeiError(f"{where}[{at}]", "out of range", got=int(array[at]), allowed="0 or more")
    array = array.astype(np.int64)
    array.flags.writeable = False
    return array


def kinds_of(kinds: Any, value: Any) -> np.ndarray | None:
    """Return kinds as int64 (n,), which must fit the values that go by kind; None without."""
    by_kind = isinstance(value, np.ndarray) and value.ndim == 2
    if kinds is None:
        if by_kind:
            raise KoubeiError("kinds", "missing", allowed="(n,) ints, for a matrix by kinds")
        return None
    if not isinstance(value, np.ndarray):
        raise KoubeiError("kinds", "given, but nothing goes by kind", fix="one value a kind")
    array = np.asarray(kinds)
    if array.ndim != 1 or array.dtype.kind not in "iub":
        raise KoubeiError("kinds", "not whole numbers", got=array.dtype.name, allowed="(n,) ints")
    array = array.astype(np.int64)
    if array.size == 0 or array.min() < 0 or array.max() >= value.shape[0]:
        raise KoubeiError(
            "kinds",
            "out of range",
            got=f"{array.min()}..{array.max()}" if array.size else "none",
            allowed=f"0..{value.shape[0] - 1}",
        )
    array.flags.writeable = False
    return array
