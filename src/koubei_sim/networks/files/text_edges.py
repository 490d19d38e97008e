"""Edge lists as text: one edge a line, in whatever layout `layout` found.

The file is read in blocks cut at line ends, which several threads parse.  A block that cannot be
parsed is gone through line by line, only to say which line is wrong.  Called by `readers` and
`contacts`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim import checks
from koubei_sim.errors import KoubeiError
from koubei_sim.networks.files import text_blocks
from koubei_sim.networks.files.column_roles import Asked, split
from koubei_sim.networks.files.layout import Layout, find_layout, sign_in_doubt
from koubei_sim.networks.files.table_edges import EDGE, Edges, column_array
from koubei_sim.networks.row_blocks import in_order

_NUMBER = re.compile(r"[0-9]+\Z")
_INEXACT = 2**53  # whole numbers above it are not all floats
TYPES = ("undirected", "directed", "person")  # words of a column Type, those of Gephi and ours
Columns = dict[str, NDArray[Any]]


class _OtherwiseError(Exception):
    """A later line shows that the layout is another: read again with these changes."""

    def __init__(self, **changes: Any) -> None:
        super().__init__()
        self.changes = changes


def read_text(path: Path, wanted: tuple[str, ...] = EDGE, asked: Asked | None = None) -> Edges:
    """Read an edge list.

    Parameters
    ----------
    path : Path
    wanted : tuple of str
        `EDGE` or `CONTACT`.
    asked : Asked, optional
        What the caller says about the file.
    """
    layout = find_layout(path, wanted, asked or Asked({}))
    if layout.attributes:
        return _with_attributes(path, layout)
    for _ in range(4):  # each change is made once
        try:
            return _read(path, layout)
        except _OtherwiseError as other:
            layout = layout._replace(**other.changes)
    raise KoubeiError(str(path), "cannot be read")  # pragma: no cover


def _read(path: Path, layout: Layout) -> Edges:
    def parse(task: tuple[int, bytes]) -> Columns | None:
        return _parse(path, task[0], task[1], layout)

    parts = [part for part in in_order(parse, _edge_blocks(path, layout)) if part is not None]
    if not parts:
        fix = "comment='' if names begin with # or %"
        raise KoubeiError(str(path), "no edges in it", got="a header only", fix=fix)
    found = {name: _joined(parts, name) for name in layout.places}
    notes, directed, alone = list(layout.notes), layout.directed, None
    if "type" in found:
        found, alone, said = _by_type(path, found)
        if said is not None:
            directed = said
            notes.append(f"{'directed' if said else 'undirected'} by the column of types")
    if layout.alone:
        kind = np.str_ if layout.text else np.int64
        alone = np.array(layout.alone).astype(kind)
    return Edges(
        found["source"],
        found["target"],
        found.get("weight"),
        directed,
        layout.n,
        time=found.get("time"),
        note="; ".join(notes),
        alone=alone,
        dates=layout.dates,
        counts=layout.counts,
    )


def _edge_blocks(path: Path, layout: Layout) -> Iterator[tuple[int, bytes]]:
    """The blocks of a file by number, without its header line."""
    header = bool(layout.header)
    for number, block in enumerate(text_blocks.blocks(path, layout.encoding)):
        if header:
            at = 0
            while at < len(block):
                end = block.index(b"\n", at) + 1
                if not text_blocks.is_remark(block[at:end], layout.remark):
                    header = False
                    # The lines before stay as empty ones, so that lines can be counted.
                    block = b"\n" * block.count(b"\n", 0, end) + block[end:]
                    break
                at = end
            else:
                continue
        yield number, block


def _joined(parts: list[Columns], name: str) -> NDArray[Any]:
    """Join one column of all parts and let go of the pieces."""
    return np.concatenate([part.pop(name) for part in parts])


def _by_type(path: Path, found: Columns) -> tuple[Columns, NDArray[Any] | None, bool | None]:
    """Take a column of the words Directed, Undirected, Person out: (columns, people, directed)."""
    kinds = found.pop("type")
    directed, person = kinds == TYPES.index("directed"), kinds == TYPES.index("person")
    if (kinds < 0).any():
        raise KoubeiError(
            f"{path}, column Type", "unknown word in it", allowed="Directed, Undirected"
        )
    ties = ~person
    if directed.any() and not directed[ties].all():
        raise KoubeiError(
            f"{path}, column Type",
            "some edges are directed and some are not",
            fix="two files, or the column taken out and each undirected edge in both directions",
        )
    alone = found["source"][person] if person.any() else None
    said = bool(directed.any()) if ties.any() else None
    return {name: cells[ties] for name, cells in found.items()}, alone, said


def _parse(path: Path, number: int, block: bytes, layout: Layout) -> Columns | None:
    """Parse a block by the quickest parser that takes it; None if it holds no edge.

    A doubled separator, a comment or a blank at an end makes a cell too many or one that is no
    number, so the parsers that do not expect them refuse, and nothing is misread.
    """
    import pyarrow as pa

    plain = not (layout.text or layout.floats or layout.quoted)
    if plain and "type" not in layout.places:
        if layout.cells == 2 and set(layout.places) == {"source", "target"}:
            names = sorted(layout.places, key=layout.places.__getitem__)
            quick = whole_columns(block, _sign(block, layout), names[0], names[1])
            if quick is not None:
                return quick
        elif not (layout.exact and text_blocks.leading_zero(np.frombuffer(block, np.uint8))):
            try:
                return _arrow_columns(block, _sign(block, layout), layout)
            except (pa.ArrowInvalid, _NegativeError, _EmptyError):
                pass
    if (
        layout.guarded
        and layout.remark == text_blocks.ANY_REMARK
        and (b"#" in block or b"%" in block)
    ):
        _refuse_doubtful_signs(path, number, block, layout)
    tidy = text_blocks.tidy(block, layout.separator, layout.quoted, layout.remark)
    if tidy.isspace() or not tidy:
        return None
    if layout.exact and text_blocks.leading_zero(np.frombuffer(tidy, np.uint8)):
        _look_for_zeros(tidy, layout)
    try:
        return _arrow_columns(tidy, layout.separator, layout)
    except (pa.ArrowInvalid, _NegativeError, _EmptyError) as error:
        if plain and "type" not in layout.places:
            try:  # lines with other separators than the first
                mixed = text_blocks.clean(block, layout.remark)
                return _arrow_columns(mixed, ",", layout)
            except (pa.ArrowInvalid, _NegativeError, _EmptyError):
                pass
        if "UTF8" in str(error) and layout.encoding == "utf-8":
            with text_blocks.opened(path) as file:
                found = checks.decoded(str(path), file.read())[1]
            raise _OtherwiseError(
                encoding=found, notes=(*layout.notes, f"text in {found}")
            ) from None
        raise _wrong_line(path, number, block, layout, str(error)) from None


def _sign(block: bytes, layout: Layout) -> str:
    """The one sign between cells: a blank where the layout means blanks or tabs."""
    if layout.separator == " " and b"\t" in block and b" " not in block:
        return "\t"
    return layout.separator


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


class _EmptyError(Exception):
    """A cell without an id."""


def _cells(block: bytes, separator: str, layout: Layout, types: dict[str, Any]) -> Any:
    """Let pyarrow cut a block into columns of these types."""
    import pyarrow as pa
    from pyarrow import csv

    names = [f"cell {place}" for place in range(layout.cells)]
    for name, place in layout.places.items():
        names[place] = name
    return csv.read_csv(
        pa.BufferReader(block),
        read_options=csv.ReadOptions(
            column_names=names, block_size=max(len(block), 1 << 16), use_threads=False
        ),
        parse_options=csv.ParseOptions(
            delimiter=separator, quote_char='"' if layout.quoted else False
        ),
        convert_options=csv.ConvertOptions(
            column_types=types,
            include_columns=list(types),
            null_values=[""] if "type" in types else [],
            strings_can_be_null=False,
        ),
    )


def _arrow_columns(block: bytes, separator: str, layout: Layout) -> Columns:
    import pyarrow as pa
    import pyarrow.compute as pc

    ids = pa.string() if layout.text else pa.float64() if layout.floats else pa.int64()
    zone = "UTC" if layout.dates == "zoned" else None
    times = pa.timestamp("ns", zone) if layout.dates else pa.float64()
    kinds = {
        "source": ids,
        "target": ids,
        "time": times,
        "weight": pa.float64(),
        "type": pa.dictionary(pa.int32(), pa.string()),
    }
    table = _cells(block, separator, layout, {name: kinds[name] for name in layout.places})
    if "type" in layout.places:  # a person without ties has neither target nor weight
        kind = table.column("type").cast(pa.string())
        alone = pc.equal(pc.utf8_lower(kind), "person")
        nobody = pa.scalar("-" if layout.text else 0, ids)
        table = table.set_column(
            table.schema.get_field_index("target"),
            "target",
            pc.if_else(alone, nobody, table.column("target")),
        )
        if "weight" in layout.places:
            one = pc.if_else(alone, 1.0, table.column("weight"))
            table = table.set_column(table.schema.get_field_index("weight"), "weight", one)
        known = pc.index_in(pc.utf8_lower(kind), pa.array(TYPES))
        table = table.set_column(
            table.schema.get_field_index("type"), "type", pc.fill_null(known, -1).cast(pa.int8())
        )
        if any(column.null_count for column in table.columns):
            raise _EmptyError("an empty cell")
    cells = {name: column_array(table.column(name)) for name in layout.places}
    ends = [cells["source"], cells["target"]]
    if layout.text:
        if any((end == "").any() for end in ends):
            raise _EmptyError("an empty cell")
        return cells
    if layout.floats and ends[0].size:
        for end in ends:
            if not ((end == np.floor(end)) & (np.abs(end) < _INEXACT)).all():
                raise _NegativeError("a fraction")
        cells |= {name: cells[name].astype(np.int64) for name in ("source", "target")}
        ends = [cells["source"], cells["target"]]
    if ends[0].size:
        if min(int(ends[0].min()), int(ends[1].min())) < 0:
            raise _NegativeError("a negative id")
        if max(int(ends[0].max()), int(ends[1].max())) < 2**31:  # half the memory
            cells |= {name: cells[name].astype(np.int32) for name in ("source", "target")}
    return cells


def _look_for_zeros(tidy: bytes, layout: Layout) -> None:
    """Read the file again as text if an id begins with a zero: '01' is not '1'."""
    import pyarrow as pa

    ends = {"source": pa.string(), "target": pa.string()}
    try:
        table = _cells(tidy, layout.separator, layout, ends)
    except pa.ArrowInvalid:
        return  # the parser says what is wrong
    for name in ends:
        if any(re.match("0[0-9]", cell) for cell in table.column(name).to_pylist()):
            raise _OtherwiseError(
                text=True,
                exact=False,
                notes=(*layout.notes, "ids with leading zeros are text"),
            )


def _refuse_doubtful_signs(path: Path, number: int, block: bytes, layout: Layout) -> None:
    """Refuse a comment line that might be the edge of somebody called #this."""
    if number == 0:
        return  # the layout has looked at the head
    for offset, raw in enumerate(block.split(b"\n")):
        line = raw.decode("utf-8", "replace").strip()
        if (
            line[:1] in ("#", "%")
            and line[1:2].strip()
            and len(split([line], layout.separator, False)[0]) == layout.cells
        ):
            raise sign_in_doubt(path, _line_before(path, number, layout) + offset, line)


def _line_before(path: Path, number: int, layout: Layout) -> int:
    """Number of the first line of a block.  Counted only when a message needs it."""
    before = zip(range(number), text_blocks.blocks(path, layout.encoding), strict=False)
    return 1 + sum(block.count(b"\n") for _, block in before)


def _wrong_line(path: Path, number: int, block: bytes, layout: Layout, reason: str) -> Exception:
    """Find the first line that is no edge and say what is wrong with it."""
    block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    loose = re.compile(r"[ \t]*[,;][ \t]*|[ \t]+")
    for offset, raw in enumerate(block.split(b"\n")):
        if text_blocks.is_remark(raw, layout.remark):
            continue
        line = raw.decode("utf-8", "replace").strip(" \r")
        cells = split([line], layout.separator, layout.quoted)[0]
        if len(cells) != layout.cells and not (layout.text or layout.quoted):
            other = loose.split(line.strip(" \t,;"))
            cells = other if len(other) == layout.cells else cells
        where = f"{path}, line {_line_before(path, number, layout) + offset}"
        if len(cells) != layout.cells:
            fix = "as_network(networkx.read_adjlist(path)) if it is a list of neighbours"
            return KoubeiError(
                where,
                "ragged line",
                got=line.strip(),
                allowed=f"{layout.cells} columns",
                fix=fix if not layout.header and layout.separator == " " else None,
            )
        if "type" in layout.places and cells[layout.places["type"]].lower() == "person":
            continue
        for name, place in layout.places.items():
            fault = _wrong_cell(name, cells[place], layout)
            if isinstance(fault, _OtherwiseError):
                return fault
            if fault is not None:
                called = f", column {layout.header[place]}" if layout.header else ""
                return KoubeiError(where + called, fault[0], got=fault[1], fix=fault[2])
    return KoubeiError(str(path), f"cannot be read ({reason})")


def _wrong_cell(
    name: str, cell: str, layout: Layout
) -> tuple[str, str | None, str | None] | _OtherwiseError | None:
    """What is wrong with a cell (what, got, fix), if anything is."""
    if name in ("source", "target"):
        if cell == "":
            return "no id in it", None, None
        if layout.text:
            return None
        if _NUMBER.match(cell):
            if int(cell) < 2**63:
                return None
            if layout.exact:
                return _OtherwiseError(
                    text=True,
                    exact=False,
                    notes=(*layout.notes, "ids of more than 63 bits are text"),
                )
        elif re.match(r"[0-9]+\.0*\Z", cell):
            if float(cell) >= _INEXACT:
                return "id is too large for a number with a point", cell, None
            if not layout.floats:
                note = "ids written like 1.0 are whole numbers"
                return _OtherwiseError(floats=True, notes=(*layout.notes, note))
            return None
        return "id is not a whole number from 0", cell, "ids='text'"
    if cell == "" and name == "time":
        return "no time in it", None, None
    if name == "type":
        return None
    try:
        if layout.dates and name == "time":
            datetime.fromisoformat(cell)
        else:
            float(cell)
    except ValueError:
        if name == "time" and layout.header:
            return "times are neither numbers nor dates", cell, None
        decimal = re.match(r"[0-9]+,[0-9]+\Z", cell)
        return f"{name} is not a number", cell, "a point for the decimal comma" if decimal else None
    return None


def _with_attributes(path: Path, layout: Layout) -> Edges:
    """Read lines ``u v {'weight': 3}``, which `networkx.write_edgelist` writes."""
    import ast

    ends: list[list[str]] = []
    weights: list[float | None] = []
    for number, block in enumerate(text_blocks.blocks(path, layout.encoding)):
        for offset, raw in enumerate(block.split(b"\n")):
            if text_blocks.is_remark(raw, layout.remark):
                continue
            line = raw.decode("utf-8", "replace").strip()
            where = f"{path}, line {_line_before(path, number, layout) + offset}"
            start = line.find("{")
            cells = line[: max(start, 0)].replace(",", " ").split()
            try:
                data = ast.literal_eval(line[start:]) if start > 0 else None
                weight = data.get("weight") if isinstance(data, dict) else None
                weights.append(None if weight is None else float(weight))
            except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
                data = None
            if len(cells) != 2 or not isinstance(data, dict):
                raise KoubeiError(
                    where,
                    "not an edge as networkx writes it",
                    got=line,
                    allowed="source target {...}",
                    fix="networkx.write_edgelist(..., data=False) when it is written",
                )
            ends.append(cells)
    names = np.array(ends, dtype=np.str_)
    canonical = all(re.match(r"(?:0|[1-9][0-9]*)\Z", cell) for pair in ends for cell in pair)
    if canonical and all(int(cell) < 2**63 for pair in ends for cell in pair):
        names = names.astype(np.int64)
    values = None
    if any(weight is not None for weight in weights):
        values = np.array([1.0 if weight is None else weight for weight in weights])
    note = "; ".join((*layout.notes, "source, target and attributes as networkx writes them"))
    return Edges(names[:, 0], names[:, 1], values, layout.directed, layout.n, note=note)
