"""Edges in columns with names: what columns are usually called, and parquet files.

Whole numbers are read by several threads into arrays made once; a table that holds anything else
goes through pyarrow whole.  Called by `layout`, `text_edges`, `readers` and `adapters`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim import checks
from koubei_sim.errors import KoubeiError
from koubei_sim.networks.plain_edges import (
    SOURCE_NAMES,
    TARGET_NAMES,
    WEIGHT_NAMES,
    column,
    direction_of,
)
from koubei_sim.networks.row_blocks import in_order, thread_count

TIME_NAMES = (
    "time", "t", "timestamp", "when", "time_s", "created_at", "datetime", "date", "unixts", "ts",
    "unix_time", "unixtime",
)  # fmt: skip
USUAL = {
    "source": SOURCE_NAMES,
    "target": TARGET_NAMES,
    "time": TIME_NAMES,
    "weight": WEIGHT_NAMES,
}
# The columns of a line, of which the last may be missing, and how a refusal calls such a line.
EDGE = ("source", "target", "weight")
CONTACT = ("source", "target", "time", "weight")
CALLED = {EDGE: "an edge", CONTACT: "a contact"}


class Edges(NamedTuple):
    """What a file says: two arrays of ids (int or str), further columns, and its own remarks."""

    src: NDArray[Any]
    dst: NDArray[Any]
    weight: NDArray[Any] | None
    directed: bool | None = None
    n: int | None = None
    labels: NDArray[Any] | None = None  # all people in order, where the file lists them
    time: NDArray[Any] | None = None
    note: str = ""  # what was guessed
    alone: NDArray[Any] | None = None  # people whom the file names beside those with ties
    counts: tuple[int, int] | None = None  # people and edges that the file says it has
    dates: str = ""  # "zoned" or "plain" where times are dates


ROWS = 1 << 19  # rows of a parquet file decoded at a time


def chosen_columns(
    where: str, names: list[str], wanted: tuple[str, ...], given: Mapping[str, str]
) -> dict[str, str]:
    """Return which column holds the source, the target, ... (the weight may be missing)."""
    found = {
        role: column(where, given.get(role), USUAL[role], names, role != "weight")
        for role in wanted
    }
    ends = [name for role, name in found.items() if role != "weight"]
    if "weight" not in given and found.get("weight") in ends:
        found["weight"] = None  # named as an end, whatever it is called
    return {role: name for role, name in found.items() if name is not None}


def read_parquet(path: Path, wanted: tuple[str, ...], given: Mapping[str, str | int]) -> Edges:
    """Read a parquet file; `given` says which column (by name or number) is the source, ..."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(checks.absolute(path)) as file:
            names = file.schema_arrow.names
            by_name = {
                role: names[name] if isinstance(name, int) and name < len(names) else str(name)
                for role, name in given.items()
            }
            chosen = chosen_columns(str(path), names, wanted, by_name)
            marks = file.schema_arrow.metadata or {}
            named = marks.get(b"koubei.people") == b"rows without target"
            found = None if named else _numbers(path, file, chosen)
            table: Any = None if found is not None else file.read(list(chosen.values()))
            types = next((name for name in names if name.strip().lower() == "type"), None)
            own = None
            if types is not None and types not in chosen.values():
                cells = file.read([types]).column(0)
                if pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type):
                    own = direction_of(f"{path}, column {types}", cells.unique().to_pylist())
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
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
        directed=own if said is None else said == b"true",
        n=int(people) if people is not None and people.isdigit() else None,
        labels=labels,
        note="columns: " + ", ".join(f"{role} {name!r}" for role, name in chosen.items()),
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
                own.file = pq.ParquetFile(checks.absolute(path), metadata=file.metadata)
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
        if (
            pa.types.is_floating(kind)
            and pc.all(pc.equal(pc.floor(cells), cells)).as_py()
            and (pc.max(pc.abs(cells)).as_py() < 2**53)
        ):
            cells, kind = cells.cast(pa.int64()), pa.int64()  # pandas, where a cell was empty once
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
    dates = ""
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
        if not (pa.types.is_floating(cells.type) or pa.types.is_integer(cells.type)):
            dates = "zoned" if getattr(cells.type, "tz", None) else "plain"
    return Edges(ends[0], ends[1], weights, time=times, dates=dates)


def short(error: BaseException) -> str:
    """Return the first line of another library's message."""
    return str(error).split("\n")[0][:120]


def column_array(column: Any) -> NDArray[Any]:
    """Return an arrow column as a numpy array (text as numpy strings)."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return np.array(column.to_pylist(), dtype=np.str_)
    return column.to_numpy()  # type: ignore[no-any-return]
