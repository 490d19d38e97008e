"""Edge lists as text: one edge a line, ids and perhaps a weight, comments, any usual separator.

The file is read in blocks cut at line ends; pyarrow's parser does the numbers.  A block that it
refuses is gone through line by line, only to say which line is wrong.  Called by `readers`.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.errors import KoubeiError

BLOCK = 1 << 25  # bytes read at a time
HEAD = 1 << 16  # bytes in which the remarks of a file and its first edges must lie
_NUMBER = re.compile(rb"[0-9]+\Z")
_SPACES = re.compile(rb"[ \t]*[,;][ \t]*|[ \t]+")
_DIRECTED = re.compile(rb"^[#%]\s*directed\s*:\s*(true|yes|false|no)\b", re.I | re.M)
_NODES = re.compile(rb"^[#%]\s*nodes\s*:\s*(\d+)\s*$", re.I | re.M)


class Edges(NamedTuple):
    """What a file says: two arrays of ids (int64 or str), weights, and remarks of its own."""

    src: NDArray[Any]
    dst: NDArray[Any]
    weight: NDArray[np.float64] | None
    directed: bool | None = None
    n: int | None = None
    labels: NDArray[Any] | None = None


def blocks(path: Path) -> Iterator[bytes]:
    """Yield the file (unzipped where it is gzip by content) in blocks that end with a line."""
    with path.open("rb") as raw:
        zipped = raw.read(2) == b"\x1f\x8b"
    rest = b""
    try:
        with gzip.open(path, "rb") if zipped else path.open("rb") as file:
            while True:
                block = file.read(BLOCK)
                if not block:
                    break
                if b"\0" in block[:4096]:
                    raise KoubeiError(str(path), "not text", allowed="an edge list")
                cut = block.rfind(b"\n") + 1
                if cut == 0:
                    rest += block
                    continue
                yield rest + block[:cut]
                rest = block[cut:]
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise KoubeiError(str(path), f"broken gzip file ({error})") from None
    if rest.strip():
        yield rest + b"\n"


def read_text(path: Path, ids: str) -> Edges:
    """Read an edge list; `ids` is "auto", "integer" or "text" (see `read_network`)."""
    parts: list[tuple[NDArray[Any], NDArray[Any], NDArray[np.float64] | None]] = []
    line = 1  # number of the first line of the block
    columns = 0
    text = ids == "text"
    separator: str | None = None
    directed: bool | None = None
    n: int | None = None
    for block in blocks(path):
        if line == 1:
            block = block.removeprefix(b"\xef\xbb\xbf")
            head = block[:HEAD]
            if said := _DIRECTED.search(head):
                directed = said[1].lower() in (b"true", b"yes")
            if said := _NODES.search(head):
                n = int(said[1])
        part = _parse_as_it_is(block, separator, columns) if separator and not text else None
        if part is None:
            clean = _clean(block)
            if columns == 0 and not clean.isspace():
                first = _first_edges(clean)
                columns = len(first[0])
                if ids == "auto":
                    text = _ids_are_text(path, first)
                separator = _separator(block)
                if columns not in (2, 3):
                    raise KoubeiError(
                        f"{path}, line {_line_of(block, line)}",
                        "not an edge",
                        got=f"{columns} columns",
                        allowed="source target, or source target weight",
                    )
            if not clean.isspace():
                part = _parse(path, block, clean, line, columns, text)
        if part is not None:
            parts.append(part)
        line += block.count(b"\n")
    if not parts:
        raise KoubeiError(str(path), "no edges in it", allowed="lines: source target [weight]")
    src = np.concatenate([part[0] for part in parts])
    dst = np.concatenate([part[1] for part in parts])
    weights = [part[2] for part in parts if part[2] is not None]
    return Edges(src, dst, np.concatenate(weights) if weights else None, directed, n)


def _clean(block: bytes) -> bytes:
    """Bring a block to ``a,b`` lines: no comments, carriage returns or padding."""
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"#" in block or b"%" in block:
        block = re.sub(rb"^[ \t]*[#%][^\n]*", b"", block, flags=re.M)
    if (
        b"  " in block
        or b", " in block
        or b" ," in block
        or b"\t " in block
        or b" \t" in block
        or b"; " in block
    ):
        block = _SPACES.sub(b",", block)
    block = block.translate(_SEPARATORS)
    if b"\n," in block or b",\n" in block or block.startswith(b","):
        block = re.sub(rb"^,+|,+$", b"", block, flags=re.M)
    return block


_SEPARATORS = bytes.maketrans(b" \t;", b",,,")


def _first_edges(clean: bytes) -> list[list[bytes]]:
    """The cells of the first two lines that are not empty (of a clean block)."""
    start = len(clean) - len(clean.lstrip(b"\n")) if clean[:1] == b"\n" else 0
    return [line.split(b",") for line in clean[start : start + HEAD].split(b"\n") if line][:2]


def _separator(block: bytes) -> str | None:
    """The one sign between the cells of the first edge, or None if there are several."""
    for raw in block.split(b"\n", 1000):
        found = raw.strip()
        if found and found[:1] not in (b"#", b"%"):
            signs = [sign for sign in " \t,;" if sign.encode() in found]
            return signs[0] if len(signs) == 1 else None
    return None


def _ids_are_text(path: Path, lines: list[list[bytes]]) -> bool:
    """Decide from the first two lines whether ids are names; refuse a lone header line."""
    numeric = [all(_NUMBER.match(cell) for cell in cells[:2]) for cells in lines]
    if not numeric[0] and len(numeric) == 2 and numeric[1]:
        raise KoubeiError(
            str(path),
            "the first line is not an edge between numbers like the others",
            got=b" ".join(lines[0]).decode("utf-8", "replace"),
            fix="a .csv suffix if it is a header, or ids='text'",
        )
    return not numeric[0]


def _parse_as_it_is(
    block: bytes, separator: str, columns: int
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.float64] | None] | None:
    """Parse a block of numbers without cleaning it; None if anything in it is not plain.

    A doubled separator, a comment or a blank at an end makes a cell too many or one that is no
    number, so nothing is misread.
    """
    import pyarrow as pa

    try:
        return _columns(block, separator, columns, text=False)
    except (pa.ArrowInvalid, _NegativeError):
        return None


class _NegativeError(Exception):
    """An id below 0."""


def _parse(
    path: Path, block: bytes, clean: bytes, line: int, columns: int, text: bool
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.float64] | None]:
    import pyarrow as pa

    try:
        return _columns(clean, ",", columns, text)
    except (pa.ArrowInvalid, _NegativeError) as error:
        raise _wrong_line(path, block, line, columns, text, str(error)) from None


def _columns(
    block: bytes, separator: str, columns: int, text: bool
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.float64] | None]:
    import pyarrow as pa
    from pyarrow import csv

    names = ["source", "target", "weight"][:columns]
    kind = pa.string() if text else pa.int64()
    types = {"source": kind, "target": kind, "weight": pa.float64()}
    table = csv.read_csv(
        pa.BufferReader(block),
        read_options=csv.ReadOptions(column_names=names, block_size=1 << 22),
        parse_options=csv.ParseOptions(delimiter=separator, quote_char=False),
        convert_options=csv.ConvertOptions(
            column_types=types, null_values=[], strings_can_be_null=False
        ),
    )
    cells = [column_array(table.column(name)) for name in names]
    if not text and cells[0].size:
        if min(int(cells[0].min()), int(cells[1].min())) < 0:
            raise _NegativeError("a negative id")
        if max(int(cells[0].max()), int(cells[1].max())) < 2**31:
            cells[:2] = [ends.astype(np.int32) for ends in cells[:2]]  # half the memory
    return cells[0], cells[1], cells[2] if columns == 3 else None


def column_array(column: Any) -> NDArray[Any]:
    """Return an arrow column as a numpy array (text as numpy strings)."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return np.array(column.to_pylist(), dtype=np.str_)
    return column.to_numpy()  # type: ignore[no-any-return]


def _line_of(block: bytes, line: int) -> int:
    """Number of the first line of a block that holds an edge."""
    for offset, raw in enumerate(block.split(b"\n")):
        if raw.strip() and raw.lstrip()[:1] not in (b"#", b"%"):
            return line + offset
    return line


def _wrong_line(
    path: Path, block: bytes, line: int, columns: int, text: bool, reason: str
) -> KoubeiError:
    """Find the first line that is no edge and say what is wrong with it."""
    for offset, raw in enumerate(block.split(b"\n")):
        stripped = raw.strip()
        if not stripped or stripped[:1] in (b"#", b"%"):
            continue
        cells = _SPACES.split(stripped.strip(b",;"))
        where = f"{path}, line {line + offset}"
        shown = stripped.decode("utf-8", "replace")
        if len(cells) != columns:
            return KoubeiError(where, "ragged line", got=shown, allowed=f"{columns} columns")
        if not text:
            for cell in cells[:2]:
                if not _NUMBER.match(cell) or int(cell) >= 2**63:
                    fix = None if cell.startswith(b"-") else "ids='text'"
                    return KoubeiError(
                        where,
                        "id is not a whole number from 0",
                        got=cell.decode("utf-8", "replace"),
                        fix=fix,
                    )
        if columns == 3:
            try:
                float(cells[2])
            except ValueError:
                return KoubeiError(
                    where, "weight is not a number", got=cells[2].decode("utf-8", "replace")
                )
    return KoubeiError(str(path), f"cannot be read ({reason})")
