"""Edges in tables with named columns: CSV files with a header, and parquet.

Whole numbers are read by several threads into arrays made once; a table that holds anything else
goes through pyarrow whole.  Called by `readers`, `contacts` and `adapters` (names of columns).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.networks import text_blocks
from koubei_sim.networks.row_blocks import in_order, thread_count
from koubei_sim.networks.text_edges import Edges, column_array, read_pairs

SOURCE_NAMES = ("source", "src", "from", "u", "i", "node1")
TARGET_NAMES = ("target", "dst", "to", "v", "j", "node2")
WEIGHT_NAMES = ("weight", "w", "strength")
TIME_NAMES = ("time", "t", "timestamp", "when", "time_s")
USUAL = {
    "source": SOURCE_NAMES,
    "target": TARGET_NAMES,
    "time": TIME_NAMES,
    "weight": WEIGHT_NAMES,
}
ROWS = 1 << 19  # rows of a parquet file decoded at a time


def _first_line(path: Path) -> str:
    for block in text_blocks.blocks(path):
        for raw in block.split(b"\n"):
            line = raw.removeprefix(b"\xef\xbb\xbf").strip()
            if line and line[:1] != b"#":
                return line.decode("utf-8", "replace")
    raise KoubeiError(str(path), "no edges in it", allowed="a header line and edges")


def has_header(path: Path) -> bool:
    """A CSV file whose first line is all numbers has no header."""
    cells = _first_line(path).split(",")
    return not all(cell.strip().replace(".", "", 1).isdigit() for cell in cells)


def column(
    where: str, given: str | None, usual: tuple[str, ...], names: list[str], needed: bool
) -> str | None:
    """Return the column to use: the one given, else the first usual name that is there."""
    if given is not None:
        if given not in names:
            raise KoubeiError(
                where,
                "no such column",
                got=given,
                allowed=", ".join(names),
                fix=nearest(str(given), names),
            )
        return given
    lower = {name.strip().lower(): name for name in reversed(names)}
    for word in usual:
        if word in lower:
            return lower[word]
    if needed:
        raise KoubeiError(
            where, f"no {usual[0]} column", got=", ".join(names), fix=f"{usual[0]}='{names[0]}'"
        )
    return None


def _chosen(
    where: str, names: list[str], wanted: tuple[str, ...], given: Mapping[str, str | None]
) -> dict[str, str]:
    """Return which column holds the source, the target, ... (the weight may be missing)."""
    found = {
        role: column(where, given.get(role), USUAL[role], names, role != "weight")
        for role in wanted
    }
    return {role: name for role, name in found.items() if name is not None}


def read_csv(
    path: Path, wanted: tuple[str, ...], given: Mapping[str, str | None], ids: str
) -> Edges:
    """Read a CSV file with a header.

    Parameters
    ----------
    path : Path
    wanted : tuple of str
        `text_edges.EDGE` or `CONTACT`.
    given : mapping
        Names of columns, where they are not the usual ones.
    ids : {"auto", "integer", "text"}
        See `read_network`.
    """
    import pyarrow as pa
    from pyarrow import csv

    names = [cell.strip().strip('"') for cell in _first_line(path).split(",")]
    chosen = _chosen(str(path), names, wanted, given)
    skipped = 1  # the header
    for raw in next(text_blocks.blocks(path)).split(b"\n"):
        if raw.strip() and raw.lstrip()[:1] != b"#":
            break
        skipped += 1
    if list(chosen) == ["source", "target"] and sorted(chosen.values()) == sorted(names):
        pairs = None if ids == "text" else read_pairs(_below(path, skipped), ",")
        if pairs is not None:
            return Edges(*(pairs if names[0] == chosen["source"] else pairs[::-1]), None)
    types = {chosen["weight"]: pa.float64()} if "weight" in chosen else {}
    if ids == "text":
        types |= {chosen[end]: pa.string() for end in ("source", "target")}
    try:
        table = csv.read_csv(
            path,
            read_options=csv.ReadOptions(skip_rows=skipped, column_names=names, block_size=1 << 23),
            convert_options=csv.ConvertOptions(
                include_columns=list(chosen.values()), column_types=types, null_values=[""]
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError, OSError) as error:
        heavy = names.index(chosen["weight"]) if "weight" in chosen else None
        raise _wrong_row(path, len(names), heavy, error) from None
    return _from_table(path, table, chosen)


def _below(path: Path, skipped: int) -> Iterator[bytes]:
    """The blocks of a text file without its first lines."""
    for number, block in enumerate(text_blocks.blocks(path)):
        if number == 0:
            block = block.split(b"\n", skipped)[-1]
        yield block


def _wrong_row(path: Path, columns: int, weight: int | None, error: BaseException) -> KoubeiError:
    """Go through a CSV file that pyarrow refused, only to say which line is wrong."""
    import csv
    import gzip

    opener = gzip.open if path.name.lower().endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8", errors="replace") as file:
        reader = csv.reader(file)
        header = True
        for cells in reader:
            if not cells or cells[0].startswith("#"):
                continue
            where = f"{path}, line {reader.line_num}"
            if len(cells) != columns:
                shown = ",".join(cells)
                return KoubeiError(where, "ragged line", got=shown, allowed=f"{columns} columns")
            if weight is not None and not header:
                try:
                    float(cells[weight])
                except ValueError:
                    return KoubeiError(where, "weight is not a number", got=cells[weight])
            header = False
    return KoubeiError(str(path), f"not a table ({short(error)})")


def read_parquet(path: Path, wanted: tuple[str, ...], given: Mapping[str, str | None]) -> Edges:
    """Read a parquet file; the arguments are those of `read_csv`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            chosen = _chosen(str(path), names, wanted, given)
            marks = file.schema_arrow.metadata or {}
            named = marks.get(b"koubei.people") == b"rows without target"
            found = None if named else _numbers(path, file, chosen)
            table: Any = None if found is not None else file.read(list(chosen.values()))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise KoubeiError(str(path), f"not a parquet file ({short(error)})") from None
    labels = None
    if found is None:
        if named:
            # The people, in order, are the rows that have no target.
            import pyarrow.compute as pc

            alone = pc.is_null(table.column(chosen["target"]))
            labels = column_array(table.filter(alone).column(chosen["source"]))
            table = table.filter(pc.invert(alone))
        found = _from_table(path, table, chosen)
    said = marks.get(b"koubei.directed")
    people = marks.get(b"koubei.n")
    return found._replace(
        directed=None if said is None else said == b"true",
        n=None if people is None else int(people),
        labels=labels,
    )


def _numbers(path: Path, file: Any, chosen: Mapping[str, str]) -> Edges | None:
    """Read columns of numbers into arrays made once; None if they are not that plain."""
    import pyarrow as pa

    for role, name in chosen.items():
        kind = file.schema_arrow.field(name).type
        if not (
            pa.types.is_integer(kind) or (role in ("time", "weight") and pa.types.is_floating(kind))
        ):
            return None
    rows = file.metadata.num_rows
    for ids in (np.int32, np.int64):
        arrays = {
            role: np.empty(
                rows,
                dtype=ids
                if role in ("source", "target")
                else file.schema_arrow.field(name).type.to_pandas_dtype(),
            )
            for role, name in chosen.items()
        }
        if rows and _fill(path, file, chosen, arrays):
            return Edges(
                arrays["source"], arrays["target"], arrays.get("weight"), time=arrays.get("time")
            )
    return None


def _fill(
    path: Path, file: Any, chosen: Mapping[str, str], arrays: Mapping[str, NDArray[Any]]
) -> bool:
    """Copy a parquet file into `arrays`, a few groups of rows at a time; False: it does not fit."""
    import pyarrow.parquet as pq

    groups = file.metadata.num_row_groups
    starts = np.cumsum([0] + [file.metadata.row_group(g).num_rows for g in range(groups)])
    alone = groups < 2 * thread_count()  # too few groups for the threads: columns share them
    own = threading.local()

    def copy(group: int) -> bool:
        if alone:
            reader = file
        else:
            if not hasattr(own, "file"):  # a file has one place, so each thread opens it
                own.file = pq.ParquetFile(path, metadata=file.metadata)
                opened.append(own.file)
            reader = own.file
        at = int(starts[group])
        for batch in reader.iter_batches(ROWS, [group], list(chosen.values()), use_threads=alone):
            for role, name in chosen.items():
                cells = batch.column(name)
                if cells.null_count:
                    return False
                values = cells.to_numpy(zero_copy_only=False)
                into = arrays[role][at : at + values.size]
                if into.dtype.itemsize < values.dtype.itemsize or values.dtype.kind == "u":
                    limit = np.iinfo(into.dtype)
                    if int(values.min()) < limit.min or int(values.max()) > limit.max:
                        return False
                into[:] = values
            at += len(batch)
        return at == starts[group + 1]

    opened: list[Any] = []
    try:
        return all(map(copy, range(groups)) if alone else in_order(copy, range(groups)))
    finally:
        for reader in opened:
            reader.close()


def _from_table(path: Path, table: Any, chosen: Mapping[str, str]) -> Edges:
    import pyarrow as pa
    import pyarrow.compute as pc

    ends = []
    for name in (chosen["source"], chosen["target"]):
        cells = table.column(name)
        kind = cells.type.value_type if pa.types.is_dictionary(cells.type) else cells.type
        if cells.null_count:
            row = pc.index(pc.is_null(cells), True).as_py()
            raise KoubeiError(f"{path}, row {row + 1}, column {name}", "no id in it")
        if not (
            pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind)
        ):
            if not (pa.types.is_null(kind) and len(table) == 0):
                raise KoubeiError(
                    f"{path}, column {name}",
                    "ids are neither whole numbers nor text",
                    got=str(kind),
                )
            cells = cells.cast(pa.int64())
        ends.append(column_array(cells))
    if ends[0].dtype.kind != ends[1].dtype.kind:
        ends = [end.astype(np.str_) for end in ends]
    weights = times = None
    if "weight" in chosen:
        cells = table.column(chosen["weight"])
        if cells.null_count or not (
            pa.types.is_floating(cells.type) or pa.types.is_integer(cells.type)
        ):
            raise KoubeiError(
                f"{path}, column {chosen['weight']}",
                "weights are not all numbers",
                got=str(cells.type),
            )
        weights = cells.to_numpy()
    if "time" in chosen:
        cells = table.column(chosen["time"])
        if cells.null_count:
            row = pc.index(pc.is_null(cells), True).as_py()
            raise KoubeiError(f"{path}, row {row + 1}, column {chosen['time']}", "no time in it")
        if len(table) and not (
            pa.types.is_floating(cells.type)
            or pa.types.is_integer(cells.type)
            or pa.types.is_timestamp(cells.type)
            or pa.types.is_date(cells.type)
        ):
            raise KoubeiError(
                f"{path}, column {chosen['time']}",
                "times are neither numbers nor dates",
                got=str(cells.type),
            )
        times = cells.to_numpy() if len(table) else np.empty(0)
    return Edges(ends[0], ends[1], weights, time=times)


def short(error: BaseException) -> str:
    """Return the first line of another library's message."""
    return str(error).split("\n")[0][:120]
