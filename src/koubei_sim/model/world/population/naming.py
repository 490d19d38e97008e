"""Which row of a table is whom: by the names that people have, or by place where they have none.

A table names its people by its index or by a column.  Where the graphs of a run have labels, the
names must be these labels, each once; where graphs only number people, the numbers are meant;
where every graph is drawn, the table itself says what people are called.
Called by `build`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.model.world.noted import note
from koubei_sim.model.world.population.reading import COLUMNS, TEXT, WHERE
from koubei_sim.networks import labelling

if TYPE_CHECKING:
    import pandas as pd

#: Columns that are taken for the names of people, the likeliest first; case does not matter.
WORDS: Final = (
    "label", "person", "person_id", "id", "user_id", "userid", "uid", "user", "agent", "agent_id",
    "node", "node_id", "name", "用户", "用户id", "编号", "姓名",
)  # fmt: skip
_BY_ROW: Final = "agents_by='row'"


class Who(NamedTuple):
    """The people of a run: what they are called, and what a table says of them."""

    names: NDArray[Any] | None = None  # [N] labels, in the order of rows; None: rows are names
    table: pd.DataFrame | None = None  # one row a person, in the order of rows
    notes: tuple[str, ...] = ()  # what was guessed, for the result to say


def match(
    table: pd.DataFrame,
    labels: NDArray[Any] | None,
    known: int,
    numbered: bool,
    by: str | None = None,
) -> Who:
    """Put a table into the order of the people of a run.

    Parameters
    ----------
    table : DataFrame
        As `as_table` gives it.
    labels : (N,) array or None
        What the people of the graphs are called.
    known : int
        How many of `labels` stand in a graph; the others are people without ties, whom the table
        may call as it likes.
    numbered : bool
        There is a graph, and it has no labels.
    by : str, optional
        The column that names people, ``"index"``, or ``"row"``; found out without it.

    Returns
    -------
    Who

    Raises
    ------
    KoubeiError
        Where the table does not say who is who, or names others than the graphs do.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"segment": ["newbie", "enthusiast"]}, index=["li", "an"])
    >>> match(table, np.array(["an", "li"]), 2, False).table["segment"].tolist()
    ['enthusiast', 'newbie']
    """
    where = table.attrs.get(WHERE, "agents")
    if by == "row":
        return Who(labels, table.reset_index(drop=True))
    candidates = list(_candidates(table, by, where))
    if not candidates:
        if labels is None:
            return Who(None, table.reset_index(drop=True))
        raise KoubeiError(
            where,
            f"does not say who is who, and the graph has labels such as {labels[0].item()!r}",
            allowed="labels as the index or in a column id, label, name, user or person",
            fix=f"{_BY_ROW} where row i is person i of the graph",
        )
    first: KoubeiError | None = None
    for name, values in candidates:
        try:
            names = _names(values, where, name)
            if labels is not None:
                return _by_label(table, name, names, labels, known, where)
            return _without_labels(table, name, names, numbered, where)
        except KoubeiError as error:
            first = first or error
    assert first is not None
    raise first


def _candidates(
    table: pd.DataFrame, by: str | None, where: str
) -> Iterator[tuple[str | None, Any]]:
    """Yield the index (None) and columns that may name people."""
    if by is not None and by != "index":
        if by not in table.columns:
            raise KoubeiError(
                "agents_by",
                f"no such column in {where}",
                got=repr(by),
                allowed=", ".join(["row", "index", *map(str, table.columns)]),
                fix=nearest(by, map(str, table.columns)),
            )
        yield by, table[by]
        return
    index = table.index
    if index.nlevels > 1:
        raise KoubeiError(where, "an index of several levels", fix="agents.reset_index()")
    trivial = index.dtype.kind in "iu" and np.array_equal(index, np.arange(len(index)))
    if by == "index" or (not trivial) or (index.name is not None):
        yield None, index
    if by is None:
        places = {str(column).strip().lower(): str(column) for column in table.columns}
        for word in WORDS:
            if word in places:
                yield places[word], table[places[word]]


def _names(values: Any, where: str, column: str | None) -> NDArray[Any]:
    """Return names as int64 or text; none may be absent, each stands once."""
    import pandas as pd

    series = pd.Series(values).reset_index(drop=True)
    absent = series.isna() | series.map(lambda name: isinstance(name, str) and not name.strip())
    empty = np.flatnonzero(absent.to_numpy(dtype=bool))
    called = "index" if column is None else f"column {column!r}"
    if empty.size:
        raise KoubeiError(
            f"{where} row {int(empty[0]) + 1}", f"names nobody (its {called} is empty)", fix=_BY_ROW
        )
    if series.dtype.kind == "f" and (series == series.round()).all():
        series = series.astype(np.int64)
    # Objects first: a nullable column would come out as text or as floats.
    names = labelling.as_labels(series.astype(object).tolist(), f"{where} {called}")
    again = np.flatnonzero(pd.Series(names).duplicated().to_numpy())
    if again.size:
        row = int(again[0])
        other = int(np.flatnonzero(names == names[row])[0])
        raise KoubeiError(
            f"{where} row {row + 1}",
            f"a person who stands in row {other + 1} already ({called})",
            got=repr(names[row].item()),
            fix=f"one row a person, or {_BY_ROW}",
        )
    return names


def _by_label(
    table: pd.DataFrame,
    column: str | None,
    names: NDArray[Any],
    labels: NDArray[Any],
    known: int,
    where: str,
) -> Who:
    ties = labels[:known]
    if ties.dtype.kind == "U" and names.dtype.kind == "i" and table.attrs.get(TEXT):
        names = names.astype(np.str_)  # in a file of text we only took them for numbers
    if ties.dtype.kind != names.dtype.kind:
        labelling.index_of(labels, labels.size, names[:1], f"{where} row 1")  # refuses
    order = np.argsort(names, kind="stable")
    at = np.minimum(np.searchsorted(names, ties, sorter=order), names.size - 1)
    place = order[at]
    missing = np.flatnonzero(names[place] != ties)
    more = f" ({missing.size:,} such people)" if missing.size > 1 else ""
    if missing.size:
        raise KoubeiError(
            where,
            f"says nothing of somebody in the graph{more}",
            got=repr(ties[missing[0]].item()),
            fix="a row for each person of the graph",
        )
    others = np.ones(names.size, dtype=bool)
    others[place] = False
    rest = np.flatnonzero(others)
    if rest.size != labels.size - known:
        row = int(rest[0])
        labelling.index_of(labels, labels.size, names[row : row + 1], f"{where} row {row + 1}")
    rest = rest[np.argsort(names[rest], kind="stable")]
    rows = np.concatenate([place, rest])
    return Who(names[rows], _in_order(table, rows, column), _note(where, column))


def _without_labels(
    table: pd.DataFrame, column: str | None, names: NDArray[Any], numbered: bool, where: str
) -> Who:
    how = "by index" if column is None else f"by column {column!r}"
    rows = np.argsort(names, kind="stable")
    if names.dtype.kind == "i" and np.array_equal(names[rows], np.arange(names.size)):
        moved = not np.array_equal(rows, np.arange(rows.size))
        note = _note(where, column) if moved else ()
        return Who(None, _in_order(table, rows, column), note)
    if numbered:
        raise KoubeiError(
            where,
            f"names people ({how}), and the graph has numbers 0..{names.size - 1} only",
            got=repr(names[0].item()),
            fix=f"a graph with labels, or {_BY_ROW} where row i is person i",
        )
    return Who(names, _in_order(table, np.arange(names.size), column), _note(where, column))


def _note(where: str, column: str | None) -> tuple[str, ...]:
    if column is None:
        return (note("by_index", where=where),)
    return (note("by_column", where=where, column=column),)


def _in_order(table: pd.DataFrame, rows: NDArray[np.intp], column: str | None) -> pd.DataFrame:
    kept = table if column is None or column in COLUMNS else table.drop(columns=column)
    ordered = kept.iloc[rows].reset_index(drop=True)
    ordered.attrs = dict(table.attrs)
    return ordered
