"""Tables that a person can read: `Table`, a DataFrame that prints whole in 80 columns.

Pandas hides columns behind ``...`` and writes 1.08e+05; a `Table` is the same DataFrame with
another look.  Every number stays as it is, and ``to_string`` is that of pandas.  Kept apart from
`looks`, because pandas is slow to import.  Called by whatever returns a table of a result.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

from koubei_sim.looks.text import WIDTH, columns, count_text, html_table, span_text, wrapped

#: Rows that are printed at most; of longer tables the first and the last ones.
MOST_PRINTED: Final = 60
FIRST, LAST = 20, 5
#: A text in the last column is broken to what is left of the line, but not below this.
LEAST_TEXT: Final = 16
#: Whole numbers with thousands marked from here on: years and ticks are no counts.
MARKED: Final = 10_000


class Table(pd.DataFrame):
    """A DataFrame that prints whole in 80 columns, with plain thousands.

    Attributes
    ----------
    shown : list of str or None
        Columns that are printed, all without it; the others are named below.
    note : str
        A sentence below the table.
    apart : list of str
        Columns that are no end of an interval, whatever their names.

    Examples
    --------
    >>> Table({"low": [0.123456, 1e5], "high": [1.0, 2345678.9]}, index=["share", "users"])
                  low .. high
    share          0.123 .. 1
    users  100,000 .. 2,345,679
    """

    _metadata = ["shown", "note", "apart"]  # noqa: RUF012 - what pandas reads, and carries over
    shown: list[str] | None = None
    note: str = ""
    apart: Sequence[str] = ()

    @property
    def _constructor(self) -> Any:
        return Table

    def told(
        self, shown: Sequence[str] | None = None, note: str = "", apart: Sequence[str] = ()
    ) -> Table:
        """Return the table with the columns that are printed, and a sentence below them."""
        self.shown, self.note = None if shown is None else list(shown), note
        self.apart = list(apart)
        return self

    def __repr__(self) -> str:
        """Return the table as text of at most 80 columns."""
        return text_of(self)

    def _repr_html_(self) -> str:
        return html_of(self, MOST_PRINTED)


class _Column(NamedTuple):
    """A column as it is shown."""

    head: str
    cells: list[str]
    text: bool


def text_of(table: pd.DataFrame) -> str:
    """Return a table as text; columns that do not fit stand in a further block below."""
    if table.empty:
        return f"no rows; columns {', '.join(map(str, table.columns))}"
    part, cut = _cut(table, MOST_PRINTED)
    index, body, left = _view(part)
    if cut:
        for column in (*index, *body):
            column.cells.insert(FIRST, "..")
    begin = sum(_width(column) + 2 for column in index) - 2
    blocks: list[list[_Column]] = [[]]
    used = begin
    for k, column in enumerate(body):
        broken = column.text and k == len(body) - 1  # the last text is broken to what is left
        wide = 2 + (min(LEAST_TEXT, _width(column)) if broken else _width(column))
        if blocks[-1] and used + wide > WIDTH:
            blocks.append([])
            used = begin
        blocks[-1].append(column)
        used += wide
    said = "\n\n".join("\n".join(_laid([*index, *block])) for block in blocks)
    below = [f"{len(table):,} rows"] if cut else []
    below += [wrapped(f"more columns: {', '.join(left)}")] if left else []
    below += [wrapped(note)] if (note := getattr(table, "note", "")) else []
    return "\n".join([said, *below])


def _width(column: _Column) -> int:
    return max(map(columns, (column.head, *column.cells)))


def _view(table: pd.DataFrame) -> tuple[list[_Column], list[_Column], list[str]]:
    """Return index and columns as they are shown, and the names of those that are not.

    The two ends of an interval stand in one column.
    """
    heads = [_head(name) for name in table.columns]
    wanted = [name for name in getattr(table, "shown", None) or heads if name in heads] or heads
    index = [_Column(head, cells, True) for head, cells in _index_cells(table)]
    ends_only = [name for name in wanted if name not in getattr(table, "apart", ())]
    floats = {name for name in ends_only if _is_float(table.iloc[:, heads.index(name)])}
    paired = {name: f"{name[:-3]}high" for name in floats
              if name.endswith("low") and f"{name[:-3]}high" in floats}  # fmt: skip
    body: list[_Column] = []
    for name in wanted:
        values = table.iloc[:, heads.index(name)]
        if name in paired:
            ends = table.iloc[:, heads.index(paired[name])]
            cells = [span_text(*pair) for pair in zip(values, ends, strict=True)]
            of = name[:-3].rstrip("_")  # said where it is not the column before
            head = (
                "low .. high" if not of or (body and body[-1].head == of) else f"{of} low .. high"
            )
            body.append(_Column(head, cells, False))
        elif name not in paired.values():
            body.append(_Column(name, _cells(values), _is_text(values)))
    return index, body, [name for name in heads if name not in wanted]


def _is_float(column: pd.Series) -> bool:
    return bool(pd.api.types.is_float_dtype(column))


def _laid(parts: list[_Column]) -> list[str]:
    """Return the lines of one block: texts to the left, numbers to the right."""
    widths = [_width(column) for column in parts]
    room = WIDTH - sum(width + 2 for width in widths[:-1])
    if parts[-1].text and widths[-1] > room >= LEAST_TEXT:
        widths[-1] = room
    lines = []
    for row in range(-1, len(parts[0].cells)):
        texts = [column.head if row < 0 else column.cells[row] for column in parts]
        broken = textwrap.wrap(texts[-1], widths[-1]) if columns(texts[-1]) > widths[-1] else []
        texts[-1] = broken[0] if broken else texts[-1]
        padded = []
        for text, width, column in zip(texts, widths, parts, strict=True):
            pad = " " * (width - columns(text))
            padded.append(text + pad if column.text else pad + text)
        lines.append("  ".join(padded).rstrip())
        start = " " * (sum(widths[:-1]) + 2 * (len(widths) - 1))
        lines += [start + more for more in broken[1:]]
    return lines


def html_of(table: pd.DataFrame, most: int) -> str:
    """Return a table as HTML with the same texts, all of them escaped; no column is left out."""
    part, cut = _cut(table, most)
    index, body, left = _view(part)
    shown = [*index, *body]
    for place, head in enumerate(map(_head, part.columns)):  # a name need not be text
        if head in left:
            values = part.iloc[:, place]
            shown.append(_Column(head, _cells(values), _is_text(values)))
    rows = list(zip(*(column.cells for column in shown), strict=True))
    below = f"<small>{len(table):,} rows, {len(part):,} shown</small>" if cut else ""
    return html_table([column.head for column in shown], rows, len(index)) + below


def _cut(table: pd.DataFrame, most: int) -> tuple[pd.DataFrame, bool]:
    if len(table) <= most:
        return table, False
    ends = pd.concat([table.iloc[:FIRST], table.iloc[-LAST:]])
    return (Table(ends).told(table.shown) if isinstance(table, Table) else ends), True


def _head(name: Any) -> str:
    return ", ".join(map(str, name)) if isinstance(name, tuple) else str(name)


def _index_cells(table: pd.DataFrame) -> list[tuple[str, list[str]]]:
    index = table.index
    if index.nlevels == 1:
        return [("" if index.name is None else str(index.name), _cells(index.to_series()))]
    return [
        ("" if index.names[k] is None else str(index.names[k]),
         _cells(index.get_level_values(k).to_series()))
        for k in range(index.nlevels)
    ]  # fmt: skip


def _is_text(column: pd.Series) -> bool:
    return not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_dtype(column))


def _cells(column: pd.Series) -> list[str]:
    return [_text(value) for value in column.array]


def _text(value: Any) -> str:
    if value is None or value is pd.NaT or value is pd.NA:
        return "-"
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (int, np.integer)):
        return f"{value:,}" if abs(int(value)) >= MARKED else str(int(value))
    if isinstance(value, (float, np.floating)):
        return count_text(float(value))
    if isinstance(value, pd.Timestamp) and value == value.normalize():
        return str(value.date())
    return str(value)
