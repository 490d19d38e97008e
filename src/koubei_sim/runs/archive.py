"""A result on disk: its folder, its event log, its people, and a history whose log stays in a file.

`storage` makes the folder whole and knows how a log is written and read; here is what is in them:
the columns of the log of a run and the table of people.  Called by `simulate`, `result` and
`loading`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim import storage
from koubei_sim.core.codes import LOG_KINDS
from koubei_sim.errors import KoubeiError
from koubei_sim.model.mechanisms import TABLE_WIDTH
from koubei_sim.model.world.arrays import (
    LOG_COLUMNS,
    LOG_TYPES,
    History,
    canonical_order,
    events_in,
    is_stored,
    log_pieces,
)
from koubei_sim.model.world.population import Who
from koubei_sim.storage import (
    EVENTS,
    PEOPLE,
    RECIPE,
    Disk,
    DiskFile,
    cannot_read,
    events,
    folder_of,
    whole_folder,
)
from koubei_sim.storage.events import Column
from koubei_sim.storage.provenance import FORMAT, add_array

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    import xarray as xr


#: Makes the rows of ``events.parquet`` of the columns of a log.
Rows = Callable[[Mapping[str, NDArray[Any]]], "pd.DataFrame"]


def write_result(
    goal: Path,
    data: xr.Dataset,
    histories: Sequence[History],
    rows: Rows,
    recipe: dict[str, Any],
    timing: dict[str, Any],
    who: Who | None = None,
) -> None:
    """Write a result folder, whole or not at all.

    Parameters
    ----------
    goal : Path
    data : Dataset
        Daily tables.
    histories : sequence of History
        Where the logs are.
    rows : callable
        Puts names on lines of logs, see `dataset.rows_of`.
    recipe, timing : dict
    who : Who, optional
        What people are called, and their table.

    Raises
    ------
    KoubeiError
        When the folder cannot be written (disk full, no permission) or is not ours to replace.
    """
    with whole_folder(goal) as partial:
        with (
            DiskFile(partial / EVENTS, Disk()) as file,
            events.EventWriter(file, _LOG, _table(rows)) as log,
        ):
            for replicate, history in enumerate(histories):
                for piece in log_pieces(history, *LOG_COLUMNS):
                    log.append(dict(zip(LOG_COLUMNS, piece)), replicate)
        write_tables(partial, data, recipe, timing, who)


def write_tables(
    folder: Path,
    data: xr.Dataset,
    recipe: dict[str, Any],
    timing: dict[str, Any],
    who: Who | None = None,
) -> None:
    """Write all files but the event log."""
    if who is not None and (who.names is not None or who.table is not None):
        write_people(who, folder / PEOPLE)
    storage.write_tables(folder, data, recipe, timing)


def read_recipe(path: Path | str) -> dict[str, Any]:
    """Return the recipe of a saved result.

    Raises
    ------
    KoubeiError
        When there is none, it cannot be read, or its format is newer than this library.
    """
    recipe = storage.read_recipe(path, FORMAT)
    if "scenario" not in recipe or "key" not in recipe:
        cascade = recipe.get("what") == "cascade"
        raise KoubeiError(
            str(folder_of(path) / RECIPE),
            "holds a cascade, not a run" if cascade else "not a recipe of this library",
            fix="koubei_sim.load" if cascade else None,
        )
    return recipe


# The log ----------------------------------------------------------------------------------------

#: Columns of the log; in the file kinds are words, and the names of channels and products stand
#: beside their numbers.
_LOG: Final = {"replicate": Column(np.int32)} | {
    name: Column(kind, {"channel": "channel_number", "product": "product_number"}.get(name, ""))
    for name, kind in LOG_TYPES.items()
}
_LOG["kind"] = Column(LOG_TYPES["kind"], words=LOG_KINDS)


def _table(rows: Rows) -> events.Frame:
    """Return what makes the table of the file of columns of numbers."""

    def table(columns: Mapping[str, NDArray[Any]]) -> pa.Table:
        import pyarrow as pa

        found = pa.Table.from_pandas(rows(columns), preserve_index=False)
        return found.replace_schema_metadata(None)

    return table


def _order(lines: NDArray[Any]) -> NDArray[np.intp]:
    return canonical_order(lines["tick"], lines["kind"], lines["agent"])


class EventStream(events.EventStream):
    """The events of runs that go on, on their way into ``events.parquet``.

    Parameters
    ----------
    path : Path
    rows : callable
        Puts names on lines of logs, see `dataset.rows_of`.
    """

    def __init__(self, path: Path, rows: Rows) -> None:
        super().__init__(path, _LOG, _table(rows), _order)


class EventFile(events.EventFile):
    """The events of all replicates of a saved result, left in their file.

    Parameters
    ----------
    path : Path
        ``events.parquet`` of a result.
    replicates : int
        How many there are (the last ones may have no events).
    """

    def __init__(self, path: Path, replicates: int) -> None:
        super().__init__(path, _LOG, replicates)


# People -----------------------------------------------------------------------------------------

_LABEL: Final = "label"
_NOTE: Final = b"koubei_sim"


def write_people(who: Who, path: Path) -> None:
    """Write names and table; columns of cells of mixed kinds are written as JSON."""
    import pandas as pd
    import pyarrow as pa
    from pyarrow import parquet

    frame = pd.DataFrame() if who.table is None else who.table
    columns: dict[str, Any] = {}
    for name in frame.columns:
        try:
            columns[f"table.{name}"] = pa.Array.from_pandas(frame[name])
        except (pa.ArrowException, TypeError, ValueError):
            cells = frame[name].astype(object).tolist()
            columns[f"mixed.{name}"] = pa.array([json.dumps(cell, default=str) for cell in cells])
    if who.names is not None:
        columns = {_LABEL: pa.array(who.names.tolist()), **columns}
    kinds = {str(name): _name_of(frame[name].dtype) for name in frame.columns}
    kept = json.dumps({"table": who.table is not None, "kinds": kinds})
    table = pa.table(columns).replace_schema_metadata({_NOTE: kept.encode()})
    with DiskFile(path, Disk()) as file:
        parquet.write_table(table, file, compression="zstd")


def _name_of(dtype: Any) -> Any:
    """What `_kind` makes a dtype of: its name, or the categories and whether they have an order."""
    import pandas as pd

    if isinstance(dtype, pd.CategoricalDtype):
        names = dtype.categories.tolist()
        if all(isinstance(name, (str, int, float)) for name in names):
            return [names, bool(dtype.ordered)]
    return str(dtype)


def _frame(table: Any, kinds: dict[str, Any]) -> pd.DataFrame:
    """The table of people, each column of the kind that it was: 2**60 + 1 is no float."""
    import pandas as pd

    columns: dict[str, Any] = {}
    for full in table.column_names:
        form, _, name = full.partition(".")
        cells = table.column(full)
        kind = _kind(kinds.get(name))
        if form == "mixed":
            read = [json.loads(cell) for cell in cells.to_pylist()]
            columns[name] = pd.Series(read, dtype=object)
        elif hasattr(kind, "__from_arrow__"):
            columns[name] = pd.Series(kind.__from_arrow__(cells), dtype=kind)
        elif isinstance(kind, np.dtype) and kind.kind == "O":
            columns[name] = pd.Series(cells.to_pylist(), dtype=object)
        elif isinstance(kind, pd.CategoricalDtype) and kind.categories is not None:
            columns[name] = pd.Series(cells.to_pylist(), dtype=kind)
        else:
            columns[name] = cells.to_pandas()
    return pd.DataFrame(columns, index=pd.RangeIndex(table.num_rows))


def _kind(name: Any) -> Any:
    """The dtype of a name; None for one that this pandas does not have."""
    import pandas as pd
    from pandas.api.types import pandas_dtype

    try:
        if isinstance(name, list):
            return pd.CategoricalDtype(name[0], ordered=name[1])
        return None if name is None else pandas_dtype(name)
    except TypeError:
        return None


def read_people(path: Path | str) -> Who:
    """Return the names and the table of a saved result, nothing where it has none."""
    import pyarrow as pa
    from pyarrow import parquet

    file = folder_of(path) / PEOPLE
    if not file.is_file():
        return Who()
    try:
        table = parquet.read_table(file)
        kept = json.loads((table.schema.metadata or {})[_NOTE])
        names = None
        if _LABEL in table.column_names:
            labels = table.column(_LABEL).to_pylist()
            names = np.array(labels, dtype=np.int64 if isinstance(labels[0], int) else np.str_)
            table = table.drop_columns([_LABEL])
        frame = None
        if kept["table"]:
            frame = _frame(table, kept.get("kinds", {}))
        return Who(names, frame)
    except (OSError, KeyError, ValueError, pa.ArrowException) as error:
        raise cannot_read(file, error) from None


# Histories --------------------------------------------------------------------------------------

#: Memory that somebody who asks for columns of the log will need for each event, about: a handful
#: of columns, and what is computed of them.
_EVENT_BYTES: Final = 64


def check_room(events: int, what: str, fix: str, each: int = _EVENT_BYTES) -> None:
    """Refuse to read so many events into memory, where they would not fit.

    Raises
    ------
    KoubeiError
    """
    import psutil

    needed, available = events * each, psutil.virtual_memory().available
    if needed > 0.9 * available:
        raise KoubeiError(
            what,
            "does not fit into memory",
            got=f"{events:,} events, about {needed / 2**30:.1f} GiB",
            allowed=f"{available / 2**30:.1f} GiB available",
            fix=fix,
        )


#: Columns of the daily table that every digest covers.
_FIRST_COLUMNS: Final = 201


def history_digest(histories: Iterable[History]) -> str:
    """Return the digest of daily tables and event logs of all replicates in order.

    It covers every field of `History` and nothing else: not the scenario, not
    versions, not times.  Columns at the end of the table in which nothing happens are left out, so
    that a mechanism that is off gives the digest of a library without it.  A log that lies in a
    file is read column by column, in pieces.
    """
    total = hashlib.sha256()
    for history in histories:
        table = _counted(history.table)
        for array in (table, history.quality, history.difficulty):
            add_array(total, [array], array.shape)
        for column in LOG_COLUMNS:
            pieces = (piece for (piece,) in log_pieces(history, column))
            # An empty piece first, so that a log without lines has its dtype in the digest, too.
            add_array(total, chain([_nothing(history, column)], pieces), (events_in(history),))
    return total.hexdigest()


def _counted(table: np.ndarray) -> np.ndarray:
    """Return the table up to the last of the library's columns that is used, and the user's own."""
    used = np.flatnonzero(table[:, _FIRST_COLUMNS:TABLE_WIDTH].any(axis=0))
    width = _FIRST_COLUMNS + (int(used[-1]) + 1 if used.size else 0)
    return np.ascontiguousarray(np.concatenate([table[:, :width], table[:, TABLE_WIDTH:]], axis=1))


def _nothing(history: Any, column: str) -> np.ndarray:
    if is_stored(history):
        return np.empty(0, LOG_TYPES[column])
    nothing: np.ndarray = getattr(history, f"log_{column}")[:0]
    return nothing


class StoredHistory:
    """Tables of one replicate in memory, its log on disk.

    Parameters
    ----------
    table, quality, difficulty : array
        As in `world.History`.
    file : EventFile
    replicate : int

    Attributes
    ----------
    events : int
        Lines of the log.
    log_tick, log_agent, log_kind, log_recruiter, log_channel, log_product, log_generation : array
        Columns of the log as in `world.History`, read anew each time.
    """

    _fields = History._fields

    def __init__(
        self,
        table: NDArray[np.int64],
        quality: NDArray[np.float64],
        difficulty: NDArray[np.float64],
        file: EventFile,
        replicate: int,
    ) -> None:
        self.table, self.quality, self.difficulty = table, quality, difficulty
        self.file, self.replicate = file, replicate

    @property
    def events(self) -> int:
        """Lines of the log."""
        return self.file.events_of(self.replicate)

    def pieces(
        self, *columns: str, backward: bool = False, ticks: tuple[int, int] | None = None
    ) -> Iterator[tuple[NDArray[Any], ...]]:
        """Yield columns of the log a row group at a time, see `world.log_pieces`."""
        within = None if ticks is None else ("tick", *ticks)
        return self.file.pieces(columns, self.replicate, backward=backward, within=within)

    def column(self, name: str) -> NDArray[Any]:
        """Return a whole column of the log.

        Raises
        ------
        KoubeiError
            When the log would not fit into memory.
        """
        check_room(self.events, f"log_{name}", "world.log_pieces, or Result.event_batches")
        pieces = [piece for (piece,) in self.pieces(name)]
        return np.concatenate([np.empty(0, LOG_TYPES[name]), *pieces], dtype=LOG_TYPES[name])

    def __getattr__(self, name: str) -> NDArray[Any]:
        """Return ``log_tick`` and the other columns."""
        if name.startswith("log_") and name[4:] in LOG_COLUMNS:
            return self.column(name[4:])
        raise AttributeError(name)

    def in_memory(self) -> History:
        """Return an ordinary history, with the log read whole."""
        log = {f"log_{name}": self.column(name) for name in LOG_COLUMNS}
        return History(self.table, self.quality, self.difficulty, **log)
