"""What a report is made of: a page of sections; sentences, tables, charts, listings.

Plain data without a word of HTML.  Made by the rooms that know a result; read by `html`, which
makes a file to open in a browser, and by `workbook`, which makes sheets.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    name : str
        As in the data frame that it comes from: the head of the sheet.
    title : str
        As a person reads it.
    kind : str
        How its numbers are shown (`numbers.shown`).
    """

    name: str
    title: str
    kind: str = "text"


class Cell(NamedTuple):
    """A cell that is shown in another way than its column."""

    value: Any
    kind: str


@dataclass(frozen=True, eq=False)
class Table:
    """Rows to read, to copy, and to save as CSV; `kinds` where rows differ in how they are shown.

    Attributes
    ----------
    name : str
        Of files and sheets; one word.
    kinds : sequence of str, optional
        One a row: in the place of columns of the kind ``row``.
    """

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    note: str = ""
    kinds: Sequence[str] | None = None


@dataclass(frozen=True, eq=False)
class Line:
    """A line of a chart, with a band or without; `thin` ones stand behind, without a name.

    `faint` ones are drawn in grey: what did not take off.  Of `points` no line is drawn, only an
    open circle where a value is: what was seen in the world.
    """

    title: str
    values: FloatArray
    low: FloatArray | None = None
    high: FloatArray | None = None
    thin: bool = False
    faint: bool = False
    points: bool = False
    colour: int = 0


@dataclass(frozen=True, eq=False)
class Curves:
    """Lines over time, drawn in the browser, where they can be read off, zoomed and saved.

    Attributes
    ----------
    x : (T,) array
        Days (or steps).
    alternative : str
        What the picture shows, in a sentence, for those who do not see it.
    start : date, optional
        Date of day 0: then the axis shows dates.
    kind : str
        How numbers are shown (`numbers.shown`).
    log : bool
        Whether it opens with a logarithmic scale, which can be switched; None: never.
    """

    name: str
    title: str
    x: NDArray[Any]
    lines: Sequence[Line]
    y_title: str
    alternative: str
    note: str = ""
    start: datetime.date | None = None
    kind: str = "count"
    log: bool | None = None
    x_title: str = ""


@dataclass(frozen=True)
class Dot:
    """An estimate with its interval, and how it is said."""

    label: str
    estimate: float
    low: float
    high: float
    said: str


@dataclass(frozen=True, eq=False)
class Dots:
    """Estimates with intervals, one below the other; `reference` is where nothing differs.

    With `log` the scale is logarithmic (factors), and all numbers must be above 0 to be drawn.
    """

    name: str
    title: str
    dots: Sequence[Dot]
    kind: str = "number"
    reference: float | None = None
    log: bool = False
    note: str = ""


@dataclass(frozen=True)
class Listing:
    """Text to copy as it stands: a file, a command, code."""

    name: str
    title: str
    text: str


@dataclass(frozen=True)
class Sentences:
    """Plain sentences, one a line: findings, or what must be known before they are read."""

    texts: Sequence[str]
    warning: bool = False


@dataclass(frozen=True)
class Figures:
    """The few numbers that are read first: (name, number, interval or remark)."""

    entries: Sequence[tuple[str, str, str]]


Block = Table | Curves | Dots | Listing | Sentences | Figures


@dataclass(frozen=True, eq=False)
class Section:
    """A part of a page under one heading; a `folded` one is opened by who wants it."""

    title: str
    blocks: Sequence[Block]
    folded: bool = False


@dataclass(frozen=True, eq=False)
class Page:
    """A whole report.

    Attributes
    ----------
    title, lead : str
        What it is of; a second line.
    lang : {"en", "zh"}
    """

    title: str
    lead: str
    lang: str
    sections: Sequence[Section]

    def blocks(self, kind: type) -> list[Any]:
        """Return all blocks of a kind, in order."""
        return [block for part in self.sections for block in part.blocks if isinstance(block, kind)]


def table_of(
    name: str,
    title: str,
    frame: pd.DataFrame,
    columns: Sequence[tuple[str, str, str]],
    note: str = "",
    kinds: Sequence[str] | None = None,
) -> Table:
    """Return a table of a data frame.

    Parameters
    ----------
    columns : sequence of (name, title, kind)
        Which columns, in which order; those that the frame has not are left out.  The name of the
        index is one of them.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"n": [3]}, index=pd.Index(["users"], name="outcome"))
    >>> table_of("t", "T", frame, [("outcome", "outcome", "text"), ("n", "n", "count")]).rows
    [['users', 3]]
    """
    flat = frame.reset_index()
    kept = [column for column in columns if column[0] in flat.columns]
    rows = [list(row) for row in zip(*(flat[column].tolist() for column, _, _ in kept))]
    return Table(name, title, [Column(*column) for column in kept], rows, note, kinds)
