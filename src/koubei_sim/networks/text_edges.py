"""Edge lists as text: one edge a line, ids and perhaps more numbers, comments, any separator.

The file is read in blocks cut at line ends, which several threads parse.  A block that cannot be
parsed is gone through line by line, only to say which line is wrong.  Called by `readers` and
`contacts`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.errors import KoubeiError
from koubei_sim.networks import text_blocks
from koubei_sim.networks.row_blocks import in_order

_NUMBER = re.compile(rb"[0-9]+\Z")
_DIRECTED = re.compile(rb"^[#%]\s*directed\s*:\s*(true|yes|false|no)\b", re.I | re.M)
_NODES = re.compile(rb"^[#%]\s*nodes\s*:\s*(\d+)\s*$", re.I | re.M)
# The columns of a line, of which the last may be missing, and how a refusal calls such a line.
EDGE = ("source", "target", "weight")
CONTACT = ("source", "target", "time", "weight")
CALLED = {EDGE: "an edge", CONTACT: "a contact"}
Columns = dict[str, NDArray[Any]]


class Edges(NamedTuple):
    """What a file says: two arrays of ids (int or str), further columns, and its own remarks."""

    src: NDArray[Any]
    dst: NDArray[Any]
    weight: NDArray[Any] | None
    directed: bool | None = None
    n: int | None = None
    labels: NDArray[Any] | None = None
    time: NDArray[Any] | None = None


class _Layout(NamedTuple):
    """What the first edge of a file shows about all its lines."""

    cells: int  # number of cells in a line
    places: dict[str, int]  # which cell is the source, the target, ...
    text: bool  # ids are names
    separator: str | None  # the one sign between cells, if there is one


def read_text(
    path: Path,
    ids: str,
    columns: tuple[str, ...] = EDGE,
    places: Mapping[str, int] | None = None,
) -> Edges:
    """Read an edge list.

    Parameters
    ----------
    path : Path
    ids : {"auto", "integer", "text"}
        See `read_network`.
    columns : tuple of str
        `EDGE` or `CONTACT`.
    places : mapping, optional
        Which cell of a line (from 0) is which column.  None: in the order of `columns`, and no
        cell beyond them.
    """
    directed: bool | None = None
    n: int | None = None
    layout: _Layout | None = None
    source = enumerate(text_blocks.blocks(path))
    head: list[Columns] = []
    for number, block in source:  # up to the first block that holds an edge
        if number == 0:
            block = block.removeprefix(b"\xef\xbb\xbf")
            remarks = block[: text_blocks.HEAD]
            if said := _DIRECTED.search(remarks):
                directed = said[1].lower() in (b"true", b"yes")
            if said := _NODES.search(remarks):
                n = int(said[1])
        cleaned = text_blocks.clean(block)
        if not cleaned.isspace():
            layout = _layout(path, ids, columns, places, number, block, cleaned)
            head.append(_parse_clean(path, number, block, cleaned, layout))
            break
    if layout is None:
        raise KoubeiError(
            str(path), "no edges in it", allowed=f"lines: {' '.join(columns[:-1])} [{columns[-1]}]"
        )
    known = layout

    def parse(task: tuple[int, bytes]) -> Columns | None:
        return _parse(path, task[0], task[1], known)

    parts = head + [part for part in in_order(parse, source) if part is not None]
    found = {name: _joined(parts, name) for name in layout.places}
    return Edges(
        found["source"],
        found["target"],
        found.get("weight"),
        directed,
        n,
        time=found.get("time"),
    )


def read_pairs(parts: Iterable[bytes], separator: str) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """Parse blocks that hold nothing but two whole numbers a line; None if they hold more."""

    def parse(block: bytes) -> Columns | None:
        return whole_columns(block, separator, "first", "second")

    found = []
    for part in in_order(parse, parts):
        if part is None:
            return None
        found.append(part)
    return (_joined(found, "first"), _joined(found, "second")) if found else None


def _joined(parts: list[Columns], name: str) -> NDArray[Any]:
    """Join one column of all parts and let go of the pieces."""
    return np.concatenate([part.pop(name) for part in parts])


def _layout(
    path: Path,
    ids: str,
    columns: tuple[str, ...],
    places: Mapping[str, int] | None,
    number: int,
    block: bytes,
    cleaned: bytes,
) -> _Layout:
    first = text_blocks.first_edges(cleaned)
    cells = len(first[0])
    if places is None:
        wrong = cells not in (len(columns) - 1, len(columns))
        allowed = f"{' '.join(columns[:-1])}, or {' '.join(columns)}"
        places = {name: place for place, name in enumerate(columns[:cells])}
    else:
        wrong = cells <= max(places.values())
        allowed = f"{max(places.values()) + 1} or more"
    if wrong:
        offset = next(
            (k for k, raw in enumerate(block.split(b"\n")) if not text_blocks.is_remark(raw)), 0
        )
        raise KoubeiError(
            f"{path}, line {_line_before(path, number) + offset}",
            f"not {CALLED[columns]}",
            got=f"{cells} columns",
            allowed=allowed,
        )
    ends = (places["source"], places["target"])
    text = _ids_are_text(path, first, ends) if ids == "auto" else ids == "text"
    return _Layout(cells, dict(places), text, text_blocks.separator_of(block))


def _ids_are_text(path: Path, lines: list[list[bytes]], ends: tuple[int, int]) -> bool:
    """Decide from the first two lines whether ids are names; refuse a lone header line."""
    numeric = [
        all(end < len(cells) and _NUMBER.match(cells[end]) for end in ends) for cells in lines
    ]
    if not numeric[0] and len(numeric) == 2 and numeric[1]:
        raise KoubeiError(
            str(path),
            "the first line is not an edge between numbers like the others",
            got=b" ".join(lines[0]).decode("utf-8", "replace"),
            fix="a .csv suffix if it is a header, or ids='text'",
        )
    return not numeric[0]


def _parse(path: Path, number: int, block: bytes, layout: _Layout) -> Columns | None:
    """Parse a block by the quickest parser that takes it; None if it holds no edge.

    A doubled separator, a comment or a blank at an end makes a cell too many or one that is no
    number, so the parsers that do not expect them refuse, and nothing is misread.
    """
    import pyarrow as pa

    if layout.separator is not None and not layout.text:
        if layout.places == {"source": 0, "target": 1} and layout.cells == 2:
            quick = whole_columns(block, layout.separator, "source", "target")
            if quick is not None:
                return quick
        else:
            try:
                return _arrow_columns(block, layout.separator, layout)
            except (pa.ArrowInvalid, _NegativeError):
                pass
    cleaned = text_blocks.clean(block)
    return None if cleaned.isspace() else _parse_clean(path, number, block, cleaned, layout)


def whole_columns(block: bytes, separator: str, first: str, second: str) -> Columns | None:
    """Parse lines of two whole numbers, int32 where they fit; None if there is anything else."""
    for kind in (np.int32, np.int64):
        ends = np.empty((2, len(block) // 4 + 1), dtype=kind)
        found = text_blocks.whole_pairs(
            np.frombuffer(block, dtype=np.uint8), ord(separator), ends[0], ends[1]
        )
        if found != text_blocks.TOO_LARGE:
            break
    if found < 0:
        return None
    return {first: ends[0, :found].copy(), second: ends[1, :found].copy()}


class _NegativeError(Exception):
    """An id below 0."""


def _parse_clean(path: Path, number: int, block: bytes, cleaned: bytes, layout: _Layout) -> Columns:
    import pyarrow as pa

    try:
        return _arrow_columns(cleaned, ",", layout)
    except (pa.ArrowInvalid, _NegativeError) as error:
        raise _wrong_line(path, number, block, layout, str(error)) from None


def _arrow_columns(block: bytes, separator: str, layout: _Layout) -> Columns:
    import pyarrow as pa
    from pyarrow import csv

    names = [f"cell {place}" for place in range(layout.cells)]
    for name, place in layout.places.items():
        names[place] = name
    ids = pa.string() if layout.text else pa.int64()
    types = {name: ids if name in ("source", "target") else pa.float64() for name in layout.places}
    table = csv.read_csv(
        pa.BufferReader(block),
        read_options=csv.ReadOptions(
            column_names=names, block_size=max(len(block), 1 << 16), use_threads=False
        ),
        parse_options=csv.ParseOptions(delimiter=separator, quote_char=False),
        convert_options=csv.ConvertOptions(
            column_types=types,
            include_columns=list(layout.places),
            null_values=[],
            strings_can_be_null=False,
        ),
    )
    cells = {name: column_array(table.column(name)) for name in layout.places}
    ends = [cells["source"], cells["target"]]
    if not layout.text and ends[0].size:
        if min(int(ends[0].min()), int(ends[1].min())) < 0:
            raise _NegativeError("a negative id")
        if max(int(ends[0].max()), int(ends[1].max())) < 2**31:  # half the memory
            cells |= {name: cells[name].astype(np.int32) for name in ("source", "target")}
    return cells


def column_array(column: Any) -> NDArray[Any]:
    """Return an arrow column as a numpy array (text as numpy strings)."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return np.array(column.to_pylist(), dtype=np.str_)
    return column.to_numpy()  # type: ignore[no-any-return]


def _line_before(path: Path, number: int) -> int:
    """Number of the first line of a block.  Counted only when a message needs it."""
    before = zip(range(number), text_blocks.blocks(path), strict=False)
    return 1 + sum(block.count(b"\n") for _, block in before)


def _wrong_line(path: Path, number: int, block: bytes, layout: _Layout, reason: str) -> KoubeiError:
    """Find the first line that is no edge and say what is wrong with it."""
    for offset, raw in enumerate(block.split(b"\n")):
        if text_blocks.is_remark(raw):
            continue
        stripped = raw.strip()
        cells = text_blocks.SPACES.split(stripped.strip(b",;"))
        where = f"{path}, line {_line_before(path, number) + offset}"
        shown = stripped.decode("utf-8", "replace")
        if len(cells) != layout.cells:
            return KoubeiError(where, "ragged line", got=shown, allowed=f"{layout.cells} columns")
        for name, place in layout.places.items():
            cell = cells[place]
            shown = cell.decode("utf-8", "replace")
            if name not in ("source", "target"):
                try:
                    float(cell)
                except ValueError:
                    return KoubeiError(where, f"{name} is not a number", got=shown)
            elif not layout.text and (not _NUMBER.match(cell) or int(cell) >= 2**63):
                fix = None if cell.startswith(b"-") else "ids='text'"
                return KoubeiError(where, "id is not a whole number from 0", got=shown, fix=fix)
    return KoubeiError(str(path), f"cannot be read ({reason})")
