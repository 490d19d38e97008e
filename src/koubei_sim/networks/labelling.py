"""Names of people: from arbitrary ids to numbers 0..n-1 and back.

Called by `Network`, the readers and the adapters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koubei_sim.core import csr as graphs
from koubei_sim.errors import KoubeiError, nearest


def as_labels(values: ArrayLike, where: str = "labels") -> NDArray[Any]:
    """Return labels as an int64 or a str array; anything else is written out by ``str``.

    Whole numbers that a table holds as floats (because a cell is empty, mostly) are whole numbers;
    columns of pandas and polars are taken as they are; a missing name is refused.

    Examples
    --------
    >>> as_labels([3, 1]).dtype.kind, as_labels([(0, 1), (0, 2)]).tolist()
    ('i', ['(0, 1)', '(0, 2)'])
    """
    if isinstance(values, np.ma.MaskedArray):
        _refuse_missing(np.ma.getmaskarray(values), where)
    if isinstance(values, np.ndarray):
        kind = values.dtype.kind
        if kind == "u" and values.size and int(values.max()) >= 2**63:
            return values.astype(np.str_)
        if kind in "iu":
            return values.astype(np.int64, copy=False)
        if kind == "U":
            return values
        if kind == "f":
            return _whole(values, where)
        if kind == "M":
            _refuse_missing(np.isnat(values), where)
            return values.astype(np.str_)
    items = _listed(values, where)
    _refuse_missing([is_missing(item) for item in items], where)
    if all(isinstance(item, (int, np.integer)) and not isinstance(item, bool) for item in items):
        try:
            return np.array(items, dtype=np.int64)
        except OverflowError:
            return np.array([str(item) for item in items], dtype=np.str_)
    if all(isinstance(item, (float, np.floating)) for item in items):
        numbers = np.array(items, dtype=np.float64)
        if (numbers == np.floor(numbers)).all():
            return _whole(numbers, where)
    return np.array([_written(item, where) for item in items], dtype=np.str_)


def numbers(values: NDArray[Any], where: str) -> NDArray[Any]:
    """Return an array of objects (nullable columns of pandas) as numbers, none of them missing."""
    _refuse_missing([is_missing(item) for item in values], where, "a number")
    if any(isinstance(item, (str, bytes, bool)) for item in values):
        return values.astype(np.str_)
    try:
        return np.array(values.tolist())
    except ValueError:
        return values


def _listed(values: Any, where: str) -> list[Any]:
    """Return the items of a list, an array or a column."""
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
        raise KoubeiError(where, "not a list of names", got=repr(values), fix=f"[{values!r}]")
    if isinstance(values, (Mapping, Set)) and not isinstance(values, Sequence):
        kind = "a mapping" if isinstance(values, Mapping) else "a set has no order"
        fix = (
            "list(names.values()), in the order of rows" if kind == "a mapping" else "sorted(names)"
        )
        raise KoubeiError(where, f"not a list of names ({kind})", got=repr(values), fix=fix)
    if getattr(values, "ndim", 1) != 1:
        raise KoubeiError(where, "not one list of names", got=f"shape {np.shape(values)}")
    return list(values.to_list() if hasattr(values, "to_list") else values)


def is_missing(item: Any) -> bool:
    """Whether a cell is empty: None, NaN, NaT or pandas.NA."""
    return (
        item is None
        or type(item).__name__ in ("NAType", "NaTType")
        or item is np.ma.masked
        or (isinstance(item, (float, np.floating)) and item != item)
    )


def _refuse_missing(missing: Any, where: str, what: str = "a name") -> None:
    found = np.flatnonzero(missing)
    if found.size:
        raise KoubeiError(f"{where}[{found[0]}]", f"not {what}", got="an empty cell")


def _whole(numbers: NDArray[np.floating[Any]], where: str) -> NDArray[np.int64]:
    """Return whole numbers that are held as floats."""
    _refuse_missing(np.isnan(numbers), where)
    wrong = (numbers != np.floor(numbers)) | (np.abs(numbers) > 2.0**53)
    if wrong.any():
        raise KoubeiError(
            where, "labels are neither whole numbers nor text", got=float(numbers[wrong][0])
        )
    return numbers.astype(np.int64)


def _written(item: Any, where: str) -> str:
    if isinstance(item, bytes):
        try:
            return item.decode()
        except UnicodeDecodeError:
            raise KoubeiError(where, "a name is not UTF-8", got=repr(item)) from None
    return str(item)


def checked_labels(values: ArrayLike, n: int) -> NDArray[Any]:
    """Return labels for `n` people, refusing a wrong number of them or repeats."""
    labels = as_labels(values)
    if labels.shape != (n,):
        raise KoubeiError(
            "labels", "not one for each person", got=f"shape {labels.shape}", allowed=f"({n},)"
        )
    ordered = labels if _ascending(labels) else np.sort(labels)
    same = np.flatnonzero(ordered[1:] == ordered[:-1])
    if same.size:
        raise KoubeiError("labels", "two people have the same label", got=str(ordered[same[0]]))
    return labels


def number_labels(
    src: ArrayLike, dst: ArrayLike
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Number the distinct ids in ascending order; return (src, dst, labels).

    Examples
    --------
    >>> src, dst, labels = number_labels([7, 5], [5, 9])
    >>> src.tolist(), dst.tolist(), labels.tolist()
    ([1, 0], [0, 2], [5, 7, 9])
    """
    first, second = _ids(src, "src"), _ids(dst, "dst")
    if first.ndim != 1 or first.shape != second.shape:
        raise KoubeiError("src, dst", "lengths differ", got=f"{first.shape} and {second.shape}")
    if first.dtype.kind != second.dtype.kind:
        first, second = first.astype(np.str_), second.astype(np.str_)
    if first.dtype.kind == "i" and first.size:
        low = min(int(first.min()), int(second.min()))
        span = max(int(first.max()), int(second.max())) - low + 1
        if span <= 8 * first.size:  # a table is faster than a sort
            if low:
                first, second = first - low, second - low
            seen = np.zeros(span, dtype=bool)
            seen[first] = True
            seen[second] = True
            numbers = np.cumsum(seen, dtype=np.int32 if span < 2**31 else np.int64)
            np.subtract(numbers, 1, out=numbers)
            return numbers[first], numbers[second], np.flatnonzero(seen) + low
    labels, inverse = np.unique(np.concatenate((first, second)), return_inverse=True)
    if labels.dtype.kind == "i":
        labels = labels.astype(np.int64, copy=False)
    return inverse[: first.size], inverse[first.size :], labels


def _ids(values: ArrayLike, where: str) -> NDArray[Any]:
    """`as_labels`, but int32 stays as it is: edge lists are large."""
    if isinstance(values, np.ndarray) and values.dtype == np.int32:
        return values
    return as_labels(values, where)


def with_labels(
    src: ArrayLike, dst: ArrayLike, n: int | None, labels: ArrayLike | str | None
) -> tuple[ArrayLike, ArrayLike, int | None, NDArray[Any] | None]:
    """Do what the argument `labels` of `Network.from_edges` says: (src, dst, n, labels)."""
    found: NDArray[Any] | None
    for where, ends in (("src", src), ("dst", dst)):
        if isinstance(ends, np.ma.MaskedArray):
            _refuse_missing(np.ma.getmaskarray(ends), where)
    if isinstance(labels, str):
        if labels != "auto":
            raise KoubeiError(
                "labels", "unknown word", got=repr(labels), allowed="'auto', an array or None"
            )
        src, dst, found = number_labels(src, dst)
    elif labels is None:
        return compact(src, dst, n)
    else:
        found = as_labels(labels)
        found = found.copy() if found is labels else found  # its owner may write to it
    if n is not None and n != found.size:
        raise KoubeiError("n", "does not fit the labels", got=n, allowed=str(found.size))
    return src, dst, found.size, found


def compact(
    src: ArrayLike, dst: ArrayLike, n: int | None
) -> tuple[ArrayLike, ArrayLike, int | None, NDArray[np.int64] | None]:
    """Make nobody up: whole numbers that are not just 0..max become labels where `n` is None.

    Arrays of anything but whole numbers from 0 come back as they are, for others to judge.

    Examples
    --------
    >>> compact([1, 2], [2, 3], None)[3].tolist(), compact([1, 2], [2, 0], None)[3]
    ([1, 2, 3], None)
    """
    if n is not None:
        return src, dst, n, None
    first, second = np.asarray(src), np.asarray(dst)
    if first.shape != second.shape or first.ndim != 1 or first.size == 0:
        return src, dst, n, None
    if first.dtype.kind == "f" or second.dtype.kind == "f":
        whole = [np.isfinite(ids) & (ids == np.floor(ids)) for ids in (first, second)]
        if not (whole[0].all() and whole[1].all()):
            return src, dst, n, None
        first, second = first.astype(np.int64), second.astype(np.int64)
    if first.dtype.kind not in "iu" or second.dtype.kind not in "iu":
        return src, dst, n, None
    high = max(int(first.max()), int(second.max()))
    if min(int(first.min()), int(second.min())) < 0:
        return src, dst, n, None
    if all_occur(first, second):
        return first, second, high + 1, None
    first, second, labels = number_labels(first, second)
    return first, second, labels.size, labels


def all_occur(src: NDArray[Any], dst: NDArray[Any]) -> bool:
    """Whether the ids (0 or more) are 0..max with none left out."""
    high = max(int(src.max()), int(dst.max()))
    if high >= 2 * src.size:
        return False
    return bool(graphs.all_occur(src, dst, np.zeros(high + 1, dtype=np.bool_)))


def told(labels: NDArray[Any]) -> str:
    """Return the note on whole numbers that are kept as labels."""
    kind = "from 1" if labels[0] == 1 and labels[-1] == labels.size else "with gaps"
    return f"{labels.size:,} ids {kind} are kept as labels; n= takes them for rows"


def index_of(
    labels: NDArray[Any] | None, n: int, wanted: ArrayLike, where: str = "index_of"
) -> NDArray[np.int64]:
    """Return the rows of the labels `wanted` (rows themselves without labels); refuse others."""
    given = wanted if isinstance(wanted, np.ndarray) else np.asarray(wanted)
    shape = given.shape
    asked = np.empty(0, np.int64) if given.size == 0 else as_labels(np.ravel(given), where)
    if labels is None:
        if asked.dtype.kind != "i":
            raise KoubeiError(
                where,
                "people of this network have no labels, only rows",
                got=repr(str(asked[0])),
                allowed=f"0..{n - 1}",
            )
        wrong = (asked < 0) | (asked >= n)
        if wrong.any():
            raise KoubeiError(
                where, "no such person", got=int(asked[wrong][0]), allowed=f"0..{n - 1}"
            )
        return asked.reshape(shape)
    if labels.dtype.kind != asked.dtype.kind and asked.size:
        # A name is not a number: '01' is not 1, and 7 is not '7' where people have names.
        kind = "text" if labels.dtype.kind == "U" else "whole numbers"
        raise KoubeiError(
            where,
            f"labels of this network are {kind}",
            got=repr(asked[0].item()),
            fix=repr(labels[0].item()) + " is one",
        )
    order = None if _ascending(labels) else np.argsort(labels, kind="stable")
    place = np.searchsorted(labels, asked, sorter=order)
    found = np.minimum(place, n - 1)
    found = found if order is None else order[found]
    wrong = labels[found] != asked
    if wrong.any():
        word = asked[wrong][0].item()
        near = None
        if labels.dtype.kind == "U":
            close = nearest(word, map(str, labels[:2000]))
            near = None if close is None else repr(close)
        raise KoubeiError(
            where, "no person has this label", got=repr(word), fix=near or "by='row' for a row"
        )
    return found.astype(np.int64, copy=False).reshape(shape)


def rows_in(rows: ArrayLike, n: int) -> NDArray[Any]:
    """Return rows as an array of whole numbers of ``0..n-1``, as they are where they are sound."""
    found = np.asarray(rows)
    if found.dtype.kind in "iu" and (found.size == 0 or (found.min() >= 0 and found.max() < n)):
        return found
    return index_of(None, n, rows, "people")


def _ascending(labels: NDArray[Any]) -> bool:
    return bool(np.all(labels[1:] >= labels[:-1]))
