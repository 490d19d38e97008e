"""A page as a workbook: one sheet a table or chart, and one with the recipe.

openpyxl writes the clock into a workbook; it is taken out, so that the same page gives the same
bytes.  Text that begins with a sign of a formula stays text.  Called by `door`.
"""

from __future__ import annotations

import importlib.util
import io
import re
import zipfile
from typing import Any, Final

import numpy as np

from koubei_sim.errors import KoubeiError
from koubei_sim.reports.page import (
    Cell,
    Column,
    Curves,
    Dots,
    Figures,
    Listing,
    Page,
    Sentences,
    Table,
)
from koubei_sim.reports.words import Words

#: What a sheet can hold.
_MOST_ROWS: Final = 1_048_575
_MOST_SIGNS: Final = 32_767
_LONGEST_NAME: Final = 31
_DATE: Final = (1980, 1, 1, 0, 0, 0)
_ILLEGAL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_CLOCK: Final = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(</dcterms:)")


def check() -> None:
    """Refuse to begin where openpyxl is not installed.

    Raises
    ------
    KoubeiError
    """
    if importlib.util.find_spec("openpyxl") is None:
        raise KoubeiError(
            "to_excel", "needs openpyxl, which is not installed",
            fix="pip install 'koubei-sim[excel]'",
        )  # fmt: skip


def bytes_of(page: Page) -> bytes:
    """Return a page as the bytes of an ``.xlsx`` file.

    Raises
    ------
    KoubeiError
        Where openpyxl is not installed.
    """
    check()
    import pandas as pd

    sink = io.BytesIO()
    tables = [*map(_plain, _tables(page)), _recipe(page)]  # a writer left early hides what failed
    with pd.ExcelWriter(sink, engine="openpyxl") as writer:
        used: set[str] = set()
        for table in tables:
            columns = [_clean(column.name) for column in table.columns]
            frame = pd.DataFrame(table.rows[:_MOST_ROWS], columns=columns, dtype=object)
            frame.to_excel(writer, sheet_name=_sheet(table.name, used), index=False)
        for sheet in writer.book.worksheets:
            sheet.freeze_panes = "B2"
            for column in sheet.columns:
                longest = max(len(str(cell.value or "")) for cell in column[:200])
                sheet.column_dimensions[column[0].column_letter].width = min(60, longest + 2)
                for cell in column:
                    if cell.data_type == "f":
                        cell.data_type = "s"
    return _without_clock(sink.getvalue())


def _tables(page: Page) -> list[Table]:
    """Return what becomes a sheet: tables, lines of charts, estimates that no table has."""
    found: list[Table] = []
    named = {table.name for table in page.blocks(Table)}
    for part in page.sections:
        for block in part.blocks:
            if isinstance(block, Table):
                found.append(block)
            elif isinstance(block, Curves):
                found.append(_of_curves(block))
            elif isinstance(block, Dots) and block.dots and block.name not in named:
                names = ("name", "estimate", "low", "high")
                rows = [(dot.label, dot.estimate, dot.low, dot.high) for dot in block.dots]
                found.append(
                    Table(block.name, block.title, [Column(name, name) for name in names], rows)
                )
    return found


def _of_curves(curves: Curves) -> Table:
    names: list[str] = [curves.x_title or "day"]
    columns: list[Any] = [np.asarray(curves.x).tolist()]
    if curves.start is not None:
        start = np.datetime64(curves.start, "D")
        names.append("date")
        columns.append((start + np.asarray(curves.x).astype("m8[D]")).astype(str).tolist())
    for line in curves.lines:
        names.append(line.title)
        columns.append(np.asarray(line.values).tolist())
        if line.low is not None and line.high is not None:
            names += [f"{line.title} low", f"{line.title} high"]
            columns += [np.asarray(line.low).tolist(), np.asarray(line.high).tolist()]
    rows = [list(row) for row in zip(*columns)]
    return Table(curves.name, curves.title, [Column(name, name) for name in names], rows)


def _recipe(page: Page) -> Table:
    """Return sentences and listings, a line each."""
    say = Words(page.lang)
    rows: list[tuple[str, str]] = [(page.title, page.lead)]
    for part in page.sections:
        for block in part.blocks:
            if isinstance(block, Sentences):
                rows += [(part.title, text) for text in block.texts]
            elif isinstance(block, Figures):
                rows += [(name, f"{value} {rest}".strip()) for name, value, rest in block.entries]
            elif isinstance(block, Listing):
                rows += [(block.title, line) for line in block.text.splitlines()]
    columns = [Column(say("name"), say("name")), Column(say("value"), say("value"))]
    return _plain(Table("recipe", say("recipe"), columns, rows))


def _plain(table: Table) -> Table:
    """Return a table with what a sheet can hold."""
    rows = [[_cell(value) for value in row] for row in table.rows[:_MOST_ROWS]]
    return Table(table.name, table.title, table.columns, rows)


def _cell(value: Any) -> Any:
    value = value.value if isinstance(value, Cell) else value
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float) and not np.isfinite(value):
        return None if np.isnan(value) else str(value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return _clean(str(value))


def _clean(text: str) -> str:
    return _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", text)[:_MOST_SIGNS]


def _sheet(name: str, used: set[str]) -> str:
    """Return a name that a sheet can have, and that no other has.

    Examples
    --------
    >>> _sheet("a/b", {"a b"}), _sheet("x" * 40, set()) == "x" * 31
    ('a b 2', True)
    """
    plain = re.sub(r"[\[\]:*?/\\']", " ", _clean(name)).strip() or "table"
    found, number = plain[:_LONGEST_NAME], 1
    while found.casefold() in used:
        number += 1
        found = f"{plain[: _LONGEST_NAME - len(str(number)) - 1]} {number}"
    used.add(found.casefold())
    return found


def _without_clock(content: bytes) -> bytes:
    """Return an archive with all dates fixed."""
    sink = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            part = old.read(name)
            if name == "docProps/core.xml":
                part = _CLOCK.sub(rb"\g<1>1980-01-01T00:00:00Z\g<3>", part)
            info = zipfile.ZipInfo(name, _DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, part)
    return sink.getvalue()
