"""Checks of the arguments of rules and cascades: each returns the value, tidy, or refuses it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from koubei_sim.cascades.people import by_name
from koubei_sim.checks import number, path, path_of, whole, word, yes_no
from koubei_sim.core.draws import key_from
from koubei_sim.errors import KoubeiError

WORDS = ("weights", "weighted", "trivalency")  # what `p` can be by itself
FEW = 8  # values by name up to this number are written out

__all__ = ["number", "path", "path_of", "whole", "word", "yes_no"]


def _shown(low: float, high: float) -> str:
    return f"{low:g}..{high:g}" if np.isfinite(high) else f"{low:g} or more"


def positive(where: str, value: Any) -> float:
    """Return a finite float above 0."""
    found = number(where, value, 0.0, np.inf)
    if found <= 0.0:
        raise KoubeiError(where, "must be above 0", got=value)
    return found


def key(rng: Any) -> int:
    """Return the key of 64 bits that `rng` stands for."""
    try:
        return key_from(rng)
    except (ValueError, TypeError) as error:
        raise KoubeiError("rng", str(error).removeprefix("rng: ")) from None


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


def by_pair(value: Any) -> bool:
    """Whether values are keyed by pairs of people: ``{(u, v): x}`` or a frame of edges."""
    if isinstance(value, Mapping):
        return bool(value) and all(isinstance(pair, tuple) for pair in value)
    return hasattr(value, "columns")


def probability(
    where: str, value: Any, words: Sequence[str], *, matrix: bool = False, top: float = 1.0
) -> Any:
    """Return a float, a mapping of floats, an array, a frame, one of `words` or an attribute.

    A word that is none of `words` may be an edge attribute; the graph will tell (`arcs.per_arc`).
    """
    if isinstance(value, str) and value and (value in words or value not in WORDS):
        try:
            float(value)
        except ValueError:
            return value
        raise KoubeiError(where, "text, not a number", got=repr(value), fix=value)
    if by_pair(value):
        if not isinstance(value, Mapping):
            return value
        return {pair: number(f"{where}[{pair}]", x, 0.0, top) for pair, x in value.items()}
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
    """Return a float, a float64 array of one dimension, or floats keyed by the names of people."""
    named = by_name(where, value)
    if named is not None:
        return {who: number(f"{where}[{who!r}]", one, low, high) for who, one in named.items()}
    if np.ndim(value) == 0:
        return number(where, value, low, high)
    array = values(where, value, low, high)
    if array.ndim != 1:
        raise KoubeiError(where, "has too many dimensions", got=array.shape, allowed="one")
    return array


def whole_per_person(where: str, value: Any, high: int | None = None) -> Any:
    """Return an int, an int64 array of one dimension, or ints keyed by people; all at least 0."""
    named = by_name(where, value)
    if named is not None:
        return {who: whole(f"{where}[{who!r}]", one, 0, high) for who, one in named.items()}
    if np.ndim(value) == 0:
        return whole(where, value, 0, high)
    try:
        array = np.asarray(value)
    except ValueError:
        raise KoubeiError(where, "rows of different lengths", allowed="one number each") from None
    if array.dtype.kind in "fOb" and array.ndim == 1:  # whole numbers of other libraries
        array = np.array([whole(f"{where}[{k}]", one, 0, high) for k, one in enumerate(array)])
    if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "iu":
        raise KoubeiError(where, "not whole numbers", got=array.dtype.name, allowed="0 or more")
    wrong = (array < 0) | (array > (np.iinfo(np.int64).max if high is None else high))
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        whole(f"{where}[{at}]", array[at], 0, high)
    array = array.astype(np.int64)
    array.flags.writeable = False
    return array


def kinds_of(kinds: Any, value: Any) -> Any:
    """Return kinds as int64 (n,), or ints keyed by people, which must fit the values by kind.

    None without.
    """
    by_kind = isinstance(value, np.ndarray) and value.ndim == 2
    if kinds is None:
        if by_kind:
            raise KoubeiError("kinds", "missing", allowed="(n,) ints, for a matrix by kinds")
        return None
    if not isinstance(value, np.ndarray):
        raise KoubeiError("kinds", "given, but nothing goes by kind", fix="one value a kind")
    if np.ndim(kinds) == 0 and by_name("kinds", kinds) is None:
        raise KoubeiError("kinds", "not one a person", got=repr(kinds), allowed="(n,) ints")
    if isinstance(kinds, np.ndarray) and kinds.dtype.kind == "b":
        kinds = kinds.astype(np.int64)
    return whole_per_person("kinds", kinds, value.shape[0] - 1)


def noted(value: Any) -> Any:
    """Return a value as it is, an array or values by name as a note."""
    if isinstance(value, Mapping):
        if len(value) <= FEW and all(isinstance(name, (str, int)) for name in value):
            return {name: noted(one) for name, one in value.items()}
        return f"{len(value)} values by name, mean {float(np.mean(list(value.values()))):.6g}"
    if isinstance(value, np.ndarray):
        return f"array of shape {value.shape}, mean {float(np.mean(value)):.6g}"
    if hasattr(value, "columns"):
        return f"table of {len(value)} edges"
    return value
