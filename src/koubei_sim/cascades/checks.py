"""Checks of the arguments of rules and cascades: each returns the value, tidy, or refuses it.

People are named by labels where there are labels, else by rows: a label is what the user calls a
person, a row its place in the network.  Lists, sets, ranges, arrays and series of other libraries
are taken; what could be read in two ways is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import number, path, path_of, scalar, whole, word, yes_no
from koubei_sim.checks import progress as check_progress
from koubei_sim.core.draws import key_from
from koubei_sim.core.progress import CASCADE, progress_bar
from koubei_sim.core.workers import cores
from koubei_sim.errors import KoubeiError
from koubei_sim.networks import labelling

WORDS = ("weights", "weighted", "trivalency")  # what `p` can be by itself
MOST_THREADS = 1024
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
    """Return the key of 64 bits that `rng` stands for; 7.0 is 7."""
    found = scalar(rng)
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    try:
        return key_from(found)
    except (ValueError, TypeError) as error:
        raise KoubeiError("rng", str(error).removeprefix("rng: ")) from None


def threads(given: Any) -> int:
    """Return a number of threads: all cores unless one is given."""
    return cores() if given is None else whole("threads", given, 1, MOST_THREADS)


@contextmanager
def told(progress: Any, total: int | None) -> Iterator[Any]:
    """Give what is to be called with (done, in all): a bar's, a caller's, or None."""
    check_progress(progress)
    with progress_bar(progress, total, "replicate", CASCADE) as bar:
        if bar is None:
            yield progress or None
            return
        bar.say("running")
        yield lambda done, _: bar.move(done)


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


# People and values by the names of people ------------------------------------------------------


def rows_of(where: str, value: Any, n: int, labels: NDArray[Any] | None) -> NDArray[np.int64]:
    """Return the rows of people in the order given.

    Examples
    --------
    >>> rows_of("people", {"wang"}, 2, np.array(["li", "wang"])).tolist()
    [1]
    """
    return labelling.index_of(labels, n, _names(where, listed(where, value, n, labels)), where)


def listed(where: str, value: Any, n: int, labels: NDArray[Any] | None) -> Any:
    """Return a list or an array of what was given; a single person or a table is refused."""
    if value is None:
        return []
    if hasattr(value, "columns"):
        raise KoubeiError(
            where, "a table, not a list of people", fix=f"the column that names them: {where}['id']"
        )
    single = isinstance(value, (str, bytes)) or not hasattr(value, "__iter__")
    if single or (isinstance(value, np.ndarray) and value.ndim == 0):
        raise KoubeiError(
            where, "not a list of people", got=repr(value), fix=_single(value, n, labels)
        )
    if isinstance(value, np.ndarray):
        return value
    if hasattr(value, "to_numpy"):  # series and indices of pandas, series of polars
        return value.to_numpy()
    return list(value)


def _single(value: Any, n: int, labels: NDArray[Any] | None) -> str | None:
    """What a single value may have been meant for."""
    plain = value.item() if isinstance(value, (np.generic, np.ndarray)) else value
    ways = []
    if isinstance(plain, (int, str)) and not isinstance(plain, bool):
        try:
            rows_of("one", [plain], n, labels)
            ways.append(repr([plain]))
        except KoubeiError:
            pass
    if type(plain) is int and 0 < plain <= n:
        ways.append(f"RandomSeeds({plain})")
    return " or ".join(ways) or "RandomSeeds(1)"


def is_list_of_lists(found: Any, labels: NDArray[Any] | None) -> bool:
    """Whether there is a list for each replicate, rather than people whose names are tuples."""
    if isinstance(found, np.ndarray) and found.dtype.kind != "O":
        return found.ndim > 1
    if not len(found) or isinstance(found[0], (str, bytes)) or not hasattr(found[0], "__iter__"):
        return False
    first = found[0]
    if labels is None or not isinstance(first, (tuple, frozenset)):
        return True
    return not (labels.dtype.kind == "U" and str(first) in set(labels.tolist()))


def _names(where: str, found: Any) -> NDArray[Any]:
    """Return names as int64 or text (m,); numbers and text stay apart, tuples are written out."""
    if isinstance(found, np.ndarray):
        if found.ndim != 1:
            raise KoubeiError(where, "not a list of people", got=f"array of shape {found.shape}")
        if found.size == 0:
            return np.empty(0, np.int64)
        if found.dtype.kind in "iuU":
            return found
        found = found.tolist()
    if not found:
        return np.empty(0, np.int64)
    plain = [one.item() if isinstance(one, np.generic) else one for one in found]
    kinds = {type(one) for one in plain}
    if bool in kinds:
        raise KoubeiError(
            where,
            "a mask, not a list of people",
            got=repr(plain[plain.index(True) if True in plain else 0]),
            fix="network.people(np.flatnonzero(mask))",
        )
    missing = [k for k, one in enumerate(plain) if one is None or _absent(one) or one != one]
    if missing:
        raise KoubeiError(f"{where}[{missing[0]}]", "names nobody", got=repr(plain[missing[0]]))
    if float in kinds:  # what a column of whole numbers becomes where a cell was empty
        wrong = [one for one in plain if isinstance(one, float) and not one.is_integer()]
        if wrong:
            raise KoubeiError(where, "not a label of a person", got=repr(wrong[0]))
        plain = [int(one) if isinstance(one, float) else one for one in plain]
        kinds = {type(one) for one in plain}
    texts = [one for one in plain if isinstance(one, str)]
    numbers = [one for one in plain if isinstance(one, int)]
    if texts and numbers:
        raise KoubeiError(
            where, "numbers beside text", got=f"{numbers[0]!r} and {texts[0]!r}", allowed="one kind"
        )
    odd = [one for one in plain if isinstance(one, (list, dict, set, np.ndarray))]
    odd += [one for one in plain if numbers and not isinstance(one, int)]
    if odd:
        raise KoubeiError(where, "not a label of a person", got=repr(odd[0]))
    return labelling.as_labels(plain, where)


def by_name(where: str, value: Any) -> dict[Any, Any] | None:
    """Return values given by the names of people as a dict; None where they stand in order.

    A mapping, or a series of pandas: its index says whose a value is, whatever the order.
    """
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "columns"):
        names = [repr(name) for name in value.columns]
        fix = f"the column that holds them: {where}[{names[0]}]" if names else None
        raise KoubeiError(where, "a table, not one column of values", fix=fix)
    index = getattr(value, "index", None)
    if index is None or callable(index) or not hasattr(value, "to_numpy"):
        return None
    names = index.tolist()
    found = dict(zip(names, value.tolist(), strict=True))
    if len(found) != len(names):
        raise KoubeiError(
            where, "names a person twice", got=repr(index[index.duplicated()][0]), fix="one value"
        )
    return found


def aligned(
    where: str, values: Mapping[Any, Any], n: int, labels: NDArray[Any] | None
) -> NDArray[Any]:
    """Return values given by the names of people in the order of the rows.

    Examples
    --------
    >>> aligned("q", {"wang": 0.3, "li": 0.1}, 2, np.array(["li", "wang"])).tolist()
    [0.1, 0.3]
    """
    try:
        rows = rows_of(where, list(values), n, labels)
    except KoubeiError as error:
        raise KoubeiError(
            error.where, error.what, got=error.got, fix="values keyed by network.people(range(n))"
        ) from None
    missing = np.ones(n, bool)
    missing[rows] = False
    if missing.any():
        first = np.flatnonzero(missing)[0]
        name = first if labels is None else labels[first]
        raise KoubeiError(where, "no value for a person", got=repr(name.item()))
    found = np.array(list(values.values()))
    out = np.empty(n, found.dtype)
    out[rows] = found
    return out


def row_of(where: str, person: Any, n: int, labels: NDArray[Any] | None, by: str) -> int:
    """Return the row of one person, named by label or (``by="row"``) by row."""
    word("by", by, ("label", "row"))
    if isinstance(person, np.ndarray) or not isinstance(person, (str, int, np.generic, tuple)):
        raise KoubeiError(where, "not a person", got=repr(person))
    return int(rows_of(where, [person], n, labels if by == "label" else None)[0])


def called(rows: NDArray[Any], labels: NDArray[Any]) -> Any:
    """Return the labels of rows, as a column for a table; missing where the row is -1."""
    import pandas as pd

    found = labels[np.maximum(rows, 0)]
    nobody = rows < 0
    if not nobody.any():
        return found
    if labels.dtype.kind == "U":
        return np.where(nobody, None, found.astype(object))
    return pd.arrays.IntegerArray(found.astype(np.int64), nobody)


def _absent(one: Any) -> bool:
    """Whether it is pandas.NA or NaT, which answer no comparison or differ from themselves."""
    return type(one).__name__ in ("NAType", "NaTType")
