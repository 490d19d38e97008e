"""The journal of a sweep: a folder that survives being killed at any moment.

``sweep.json`` holds the plan; ``runs/*.parquet`` hold finished runs, a batch in each, with the
columns of the tidy table, so that pandas, polars and DuckDB read the folder as it is.  Every file
is written under a temporary name, flushed to the disk and renamed: a name that ends in
``.parquet`` is whole.  A shard is named by the keys of its runs; which runs are done is read from
the shards alone, whatever batches an earlier process made.  One process writes at a time (a lock
that the system drops when the process dies).  Called by `sweep` and `status`.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim import checks, storage
from koubei_sim.errors import KoubeiError
from koubei_sim.model.world.arrays import History
from koubei_sim.storage import PARTIAL, CannotWrite, Disk, whole_file
from koubei_sim.studies.design.plan import FORMAT, Sweep, difference, plan_digest
from koubei_sim.studies.design.values import cell
from koubei_sim.studies.sweep.work import Row

if TYPE_CHECKING:
    import pyarrow as pa

PLAN, RUNS, HISTORIES, LOCK = "sweep.json", "runs", "histories", ".lock"
_MARK: Final = b"koubei_sweep"  # where a shard says to which sweep it belongs
#: Seconds that a second process waits for the lock (a glance of `status` holds it briefly).
_PATIENCE: Final = 1.0


class SweepStopped(KoubeiError):
    """A sweep that could not go on; what was finished is kept."""


class Journal:
    """An open journal; use it in a `with` block.

    Parameters
    ----------
    folder : Path
        New, empty, or the journal of the same sweep.
    sweep : Sweep
    disk : Disk, optional

    Attributes
    ----------
    done : array of bool
        Shape [runs]: which runs have a row.
    failed : int
        How many of them failed.

    Raises
    ------
    KoubeiError
        For a folder that holds something else or another sweep, is in use, or cannot be written.
    """

    def __init__(self, folder: Path, sweep: Sweep, disk: Disk | None = None) -> None:
        self.folder, self.sweep, self._disk = folder, sweep, disk or Disk()
        self._digest = sweep.digest()
        self._schema = sweep.schema(curves=True).with_metadata({_MARK: self._digest.encode()})
        self.done: NDArray[np.bool_] = np.zeros(sweep.runs, dtype=bool)
        self.failed = 0
        self._lock: int | None = None

    def __enter__(self) -> Journal:
        check_folder(self.folder, self.sweep)
        try:
            (self.folder / RUNS).mkdir(parents=True, exist_ok=True)
            self._lock = storage.take(self.folder / LOCK, _PATIENCE)
            if self._lock is None:
                raise KoubeiError(
                    str(self.folder),
                    "another process is running this sweep",
                    fix="koubei status FOLDER",
                )
            if self.sweep.keep:
                (self.folder / HISTORIES).mkdir(exist_ok=True)
            for place in (self.folder, self.folder / RUNS, self.folder / HISTORIES):
                for left_over in place.glob(f".*{PARTIAL}"):
                    left_over.unlink()
            if not (self.folder / PLAN).is_file():
                text = json.dumps(self.sweep.plan(), ensure_ascii=False, sort_keys=True)
                self._write(self.folder / PLAN, (text + "\n").encode())
            self._read()
        except (OSError, CannotWrite) as error:
            self.close()
            raise self._stopped(error) from None
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let another process have the folder."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def add(self, rows: Sequence[Row]) -> None:
        """Write the rows of a batch as one shard.

        Raises
        ------
        SweepStopped
            When it cannot be written; everything before it is kept.
        """
        rows = sorted(rows, key=lambda row: row.run)
        name = shard_name(rows)
        content = parquet_bytes(table_of(rows, self.sweep, self._schema))
        try:
            for row in rows:  # before the row that says that the run is done
                if row.history is not None:
                    self._write(history_file(self.folder, row.run), packed(row.history))
            self._write(self.folder / RUNS / name, content)
        except (OSError, CannotWrite) as error:
            raise self._stopped(error) from None
        self.done[[row.run for row in rows]] = True
        self.failed += sum(row.failed is not None for row in rows)

    def forget_failures(self) -> None:
        """Take failed runs out of the journal, so that they are run again."""
        import pyarrow.compute as pc

        try:
            for path in shards(self.folder):
                table = read_shard(path)
                good = table.filter(pc.is_null(table["failed"]))
                if good.num_rows == table.num_rows:
                    continue
                if good.num_rows:
                    self._write(path, parquet_bytes(good))
                else:
                    path.unlink()
        except (OSError, CannotWrite) as error:
            raise self._stopped(error) from None
        self.done[:] = False
        self.failed = 0
        self._read()

    def _read(self) -> None:
        for path, table in batches_of(self.folder, ["run", "failed"]):
            runs = table["run"].to_numpy()
            if self.done[runs].any() or len(np.unique(runs)) < len(runs):
                raise KoubeiError(
                    str(path), "holds runs that another file holds", fix="removing it"
                )
            self.done[runs] = True
            self.failed += table.num_rows - table["failed"].null_count

    def _write(self, path: Path, content: bytes) -> None:
        with whole_file(path, self._disk) as file:
            file.write(content)

    def _stopped(self, error: OSError | CannotWrite) -> SweepStopped:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        why = os.strerror(error.errno) if error.errno else str(error)
        return SweepStopped(
            str(self.folder),
            f"{'disk full' if full else 'cannot be written'} ({why}), {int(self.done.sum())} of "
            f"{self.sweep.runs} runs are kept",
            fix="making room, then the same again" if full else "the same again once it can be",
        )


# Folders --------------------------------------------------------------------------------------


def check_folder(folder: Path, sweep: Sweep) -> None:
    """Refuse a folder that is not new, empty, or this sweep's journal; touches nothing."""
    try:
        _check_folder(folder, sweep)
    except OSError as error:
        raise KoubeiError(
            str(folder), f"cannot be looked into ({error.strerror})", fix="another folder"
        ) from None


def _check_folder(folder: Path, sweep: Sweep) -> None:
    if folder.exists() and not folder.is_dir():
        raise KoubeiError(str(folder), "is a file, not a folder", fix="another name")
    if (folder / PLAN).is_file():
        stored, wanted = read_plan(folder), sweep.plan()
        if plan_digest(stored) != plan_digest(wanted):
            raise KoubeiError(
                str(folder),
                f"holds another sweep ({difference(stored, wanted)})",
                fix="another folder",
            )
    elif folder.is_dir():
        # What a process that was killed while it made the folder can have left.
        others = [entry for entry in folder.iterdir() if entry.name not in (RUNS, HISTORIES, LOCK)]
        others = [entry for entry in others if not entry.name.endswith(PARTIAL)]
        if (folder / RUNS).is_dir():
            others += list((folder / RUNS).iterdir())
        if others:
            raise KoubeiError(
                str(folder), "is not empty and holds no sweep", fix="a new or empty folder"
            )


def is_journal(folder: str | os.PathLike[str]) -> bool:
    """Return whether a folder is the journal of a sweep."""
    try:
        return (checks.path("folder", folder) / PLAN).is_file()
    except OSError as error:  # a name that is too long, or a folder that may not be looked into
        raise KoubeiError(str(folder), f"cannot be read ({error.strerror})") from None


def read_plan(folder: Path) -> dict[str, Any]:
    """Return the plan of a journal.

    Raises
    ------
    KoubeiError
        When there is none, it cannot be read, or it is of a newer version.
    """
    file = folder / PLAN
    if not is_journal(folder):
        raise KoubeiError(
            str(folder), f"not the folder of a sweep (no {PLAN})", fix="the folder given as out"
        )
    try:
        plan: Any = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise KoubeiError(
            str(file), f"cannot be read ({type(error).__name__})", allowed="the plan of a sweep",
            fix="another folder",
        ) from None  # fmt: skip
    if isinstance(plan, dict) and isinstance(plan.get("format"), int) and plan["format"] > FORMAT:
        raise KoubeiError(
            str(file), "written by a newer koubei_sim", got=f"format {plan['format']}"
        )
    if not _is_plan(plan):
        raise KoubeiError(str(file), "not the plan of a sweep, or edited", fix="another folder")
    return plan


def _is_plan(plan: Any) -> bool:
    """Whether this has the layout of `Sweep.plan`."""
    kinds = {"format": int, "key": int, "replicates": int, "paths": list, "points": dict,
             "outcomes": list, "scenario": dict, "engine": str, "version": str}  # fmt: skip
    if not isinstance(plan, dict) or any(
        not isinstance(plan.get(name), kind) for name, kind in kinds.items()
    ):
        return False
    columns = [plan["points"].get(path) for path in plan["paths"] if isinstance(path, str)]
    return (
        plan["replicates"] >= 1
        and len(columns) == len(plan["points"]) == len(plan["paths"]) > 0
        and all(isinstance(column, list) and column for column in columns)
        and len({len(column) for column in columns}) == 1
        and all(isinstance(name, str) for name in plan["outcomes"])
        and len(plan.get("variants", columns[0])) == len(columns[0])
    )


def shards(folder: Path) -> list[Path]:
    """Return the files of finished runs, sorted by name."""
    return sorted((folder / RUNS).glob("[0-9]*.parquet"))


def read_shard(path: Path, columns: list[str] | None = None) -> pa.Table:
    """Return a shard, or some columns of it."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(checks.absolute(path)) as file:
            table = file.read(columns)
            return table.replace_schema_metadata(file.schema_arrow.metadata)
    except (pa.ArrowException, OSError) as error:
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise KoubeiError(
            str(path), f"cannot be read ({said})", fix="removing it: its runs are made again"
        ) from None


def in_use(folder: Path) -> bool:
    """Return whether a process is writing the journal now."""
    return storage.taken(folder / LOCK)


# Histories ---------------------------------------------------------------------------------------


def history_file(folder: Path, run: int) -> Path:
    """Return where the history of a run lies, in a journal that keeps histories."""
    return folder / HISTORIES / f"{run:08d}.npz"


def packed(history: History) -> bytes:
    """Return a history as the bytes of a file of arrays, the same for the same history."""
    sink = io.BytesIO()
    np.savez_compressed(sink, **history._asdict())  # numbers only: nothing is pickled
    return sink.getvalue()


def read_history(folder: Path, run: int) -> History:
    """Return the history of a run.

    Raises
    ------
    KoubeiError
        Where it is not there or cannot be read.
    """
    file = history_file(folder, run)
    try:
        with np.load(file, allow_pickle=False) as arrays:
            return History(**{name: arrays[name] for name in History._fields})
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise KoubeiError(
            str(file), f"cannot be read ({type(error).__name__})", fix="another folder"
        ) from None


# Rows to columns --------------------------------------------------------------------------------


def table_of(rows: Sequence[Row], sweep: Sweep, schema: pa.Schema | None = None) -> pa.Table:
    """Return rows as a table with the columns of `Sweep.schema`."""
    import pyarrow as pa

    columns: list[Any] = [[getattr(row, name) for row in rows] for name in ("run", "point")]
    columns.append([row.replicate for row in rows])
    for path, values in sweep.points.columns.items():
        columns.append([cell(values[row.point], sweep.kinds[path]) for row in rows])
    numbers = np.array([row.values for row in rows], dtype=np.float64)
    numbers = numbers.reshape(len(rows), len(sweep.outcomes))
    columns += [np.ascontiguousarray(numbers[:, c]) for c in range(numbers.shape[1])]
    for name in ("failed", "message", "run_key"):
        columns.append([getattr(row, name) for row in rows])
    schema = sweep.schema() if schema is None else schema
    for at in range(len(schema) - len(columns)):  # curves, where the schema has them
        columns.append([None if row.curves is None else row.curves[at] for row in rows])
    arrays = [pa.array(column, type=field.type) for column, field in zip(columns, schema)]
    return pa.Table.from_arrays(arrays, schema=schema)


def parquet_bytes(table: pa.Table) -> bytes:
    """Return a table as the bytes of a parquet file."""
    import pyarrow as pa
    from pyarrow import parquet

    sink = pa.BufferOutputStream()
    parquet.write_table(table, sink, compression="zstd")
    content: bytes = sink.getvalue().to_pybytes()
    return content


def shard_name(rows: Sequence[Row]) -> str:
    """Return the name of a shard: its first run, and a hash of the keys of all its runs."""
    text = ",".join(f"{row.run}:{row.run_key}" for row in rows)
    return f"{rows[0].run:08d}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.parquet"


def batches_of(folder: Path, columns: list[str] | None = None) -> Iterator[tuple[Path, pa.Table]]:
    """Yield the shards of a journal one by one, with their files.

    Raises
    ------
    KoubeiError
        For a shard of another sweep: it was put there, or the plan was edited.
    """
    digest = plan_digest(read_plan(folder))
    for path in shards(folder):
        table = read_shard(path, columns)
        _check_mark(path, table, digest)
        yield path, table


def _check_mark(path: Path, table: pa.Table, digest: str) -> None:
    if (table.schema.metadata or {}).get(_MARK) != digest.encode():
        raise KoubeiError(
            str(path), f"belongs to another sweep, or {PLAN} was edited",
            fix="taking it away, or the plan as it was",
        )  # fmt: skip
