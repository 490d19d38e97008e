"""A log of events as one parquet file, written and read piece by piece in bounded memory.

A log lists replicates in order, each by time.  `EventWriter` appends to it, `EventStream` does so
while several replicates run side by side, `EventFile` takes columns, windows and pieces out of it
again.  What its columns are, and which names stand beside the numbers, the caller says.
Used for the events of runs and for the activations of cascades.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from koubei_sim import checks
from koubei_sim.errors import KoubeiError
from koubei_sim.storage import Disk, DiskFile, cannot_read

if TYPE_CHECKING:
    import pyarrow as pa

#: Lines of a row group, and so the most that is held: 24 MB, and some 150 MB for a moment while
#: they get their names.  A choice of the format: other groups are other bytes.
GROUP_ROWS: int = 1 << 20
#: Lines of a spool that are read together.
POURED: int = 1 << 16

#: Makes the rows of the file of columns of numbers.
Frame = Callable[[Mapping[str, NDArray[Any]]], "pa.Table"]
Sink = Callable[[NDArray[Any]], None]


class Column(NamedTuple):
    """A column of a log: its type, and how it stands in the file."""

    kind: Any  # dtype in memory
    stored: str = ""  # its name in the file, where that is another one
    words: Sequence[str] = ()  # what its numbers stand for, where the file has words


class EventWriter:
    """Append events to a new parquet file, replicate by replicate.

    Also a context manager: closes at the end of the block, gives up when it fails.

    Parameters
    ----------
    file : file open for bytes
        `close` finishes the log, and leaves it to the owner to close the file.
    columns : mapping of str to Column
        With ``replicate``.
    frame : callable
        Given these columns as numbers, returns the table that is written.
    what : str
        What it is a log of, for refusals.
    whole : bool
        True: every piece holds whole replicates, and row groups of its own.  False: lines are
        gathered until a row group is full, so that a file written in many steps has the bytes of
        one written at once.
    **options : object
        Of `pyarrow.parquet.ParquetWriter`.

    Attributes
    ----------
    rows : int
        Lines appended so far.
    last : int
        Replicate of the last line; -1 before the first.
    most_held : int
        The most lines that were gathered: never more than a row group.
    closed : bool

    Raises
    ------
    OSError
        When the disk is full.
    """

    def __init__(
        self,
        file: BinaryIO | DiskFile,
        columns: Mapping[str, Column],
        frame: Frame,
        *,
        what: str = "events",
        whole: bool = False,
        **options: Any,
    ) -> None:
        self._file, self._frame, self._what, self._whole = file, frame, what, whole
        self._options = {"compression": "zstd", **options}
        # Touched, and so in memory, only as filled.
        self._buffer = np.empty(0 if whole else GROUP_ROWS, line_of(columns))
        self._held = 0
        self._writer: Any = None
        self.closed = False
        self.rows = self.most_held = 0
        self.last = -1

    def append(self, lines: Any, replicate: int | None = None) -> None:
        """Append lines after all that are there already.

        Parameters
        ----------
        lines : mapping of str to array, or structured array
            The columns of the log.
        replicate : int, optional
            The replicate of all these lines, which then need no such column.

        Raises
        ------
        KoubeiError
            When replicates are out of order, or the log is closed.
        """
        if self.closed:
            raise KoubeiError(self._what, "the log is closed")
        numbers = lines["replicate"] if replicate is None else np.array([replicate])
        if not numbers.size:
            return
        if numbers[0] < self.last + self._whole or (np.diff(numbers) < 0).any():
            allowed = f"above {self.last}" if self._whole else f"{self.last} or more"
            raise KoubeiError(
                self._what,
                "replicates out of order",
                got=int(numbers[0]),
                allowed=f"{allowed}, ascending",
            )
        if self._whole:
            self._write(lines)
            self.rows += numbers.size
        else:
            self._gather(lines, replicate)
        self.last = int(numbers[-1])

    def _gather(self, lines: Any, replicate: int | None) -> None:
        names = list(self._buffer.dtype.names or ())
        size, done = len(lines[names[-1]]), 0
        while done < size:
            count = min(size - done, self._buffer.size - self._held)
            room = self._buffer[self._held : self._held + count]
            for name in names:
                fixed = replicate is not None and name == "replicate"
                room[name] = replicate if fixed else lines[name][done : done + count]
            done += count
            self._held += count
            self.most_held = max(self.most_held, self._held)
            if self._held == self._buffer.size:
                self._pour()
        self.rows += size

    def _pour(self) -> None:
        lines = self._buffer[: self._held]
        # Copies: columns of a buffer of lines are not contiguous, and it is filled again.
        self._write({name: lines[name].copy() for name in lines.dtype.names or ()})
        self._held = 0

    def _write(self, columns: Mapping[str, NDArray[Any]]) -> None:
        table = self._frame(columns)
        self._begin(table.schema)
        self._writer.write_table(table, row_group_size=GROUP_ROWS)

    def _begin(self, schema: pa.Schema) -> None:
        from pyarrow import parquet

        if self._writer is None:
            self._writer = parquet.ParquetWriter(self._file, schema, **self._options)

    def close(self) -> None:
        """Write what is held and finish the log; a second call does nothing."""
        if self.closed:
            return
        if self._held or (self._writer is None and not self._whole):
            self._pour()
        elif self._writer is None:
            nothing = self._buffer[:0]
            self._begin(self._frame({n: nothing[n] for n in nothing.dtype.names or ()}).schema)
        self._writer.close()
        self.closed = True

    def give_up(self) -> None:
        """Leave the log as it is: nothing of it can be read."""
        self.closed = True
        self._file.close()
        if self._writer is not None:
            # Its end cannot be written any more, which it would try again when it is collected.
            with contextlib.suppress(Exception):
                self._writer.close()

    def __enter__(self) -> Self:
        """Return the writer itself."""
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        """Close after a block that ended well, else give up."""
        if kind is None:
            try:
                self.close()
            except BaseException:
                self.give_up()
                raise
        else:
            self.give_up()


def line_of(columns: Mapping[str, Column]) -> np.dtype[Any]:
    """Return the dtype of one line of a log."""
    return np.dtype([(name, column.kind) for name, column in columns.items()])


class EventStream:
    """One file for the events of several replicates, fed by all of them at once.

    The replicate whose turn it is writes straight into the file; those ahead of their turn put
    their lines into a file of their own (a spool) beside it, which is poured in when the turn
    comes.  So memory holds one row group, whatever the number of events or of threads.
    A context manager: closes at the end of the block, gives up when it fails.

    Parameters
    ----------
    path : Path
        The new file; it lies in a folder that is not whole yet, and spools lie beside it.
    columns, frame
        As in `EventWriter`.
    order : callable
        Given lines as they were handed over, the order in which they are written.

    Attributes
    ----------
    rows : int
        Lines taken so far.
    """

    def __init__(
        self,
        path: Path,
        columns: Mapping[str, Column],
        frame: Frame,
        order: Callable[[NDArray[Any]], NDArray[np.intp]],
    ) -> None:
        self._path, self._order, self._disk = path, order, Disk()
        self._line = line_of(columns)
        self._file = DiskFile(path, self._disk)
        self._writer = EventWriter(self._file, columns, frame)
        self._lock = threading.Lock()
        self._failed: BaseException | None = None
        self._turn = 0
        self._done: set[int] = set()
        self._spools: dict[int, DiskFile] = {}
        self.rows = 0

    @property
    def most_held(self) -> int:
        """The most lines in memory together, apart from those being handed over."""
        return self._writer.most_held

    def sink(self, replicate: int) -> Sink:
        """Return where the engine hands the lines of a replicate over, whole ticks at a time."""

        def take(lines: NDArray[Any]) -> None:
            ordered = lines[self._order(lines)]
            with self._writing():
                self.rows += ordered.size
                if replicate == self._turn:
                    self._writer.append(ordered, replicate)
                else:
                    self._spool(replicate, ordered)

        return take

    def finish(self, replicate: int) -> None:
        """Say that a replicate is over: the turn goes to the next."""
        with self._writing():
            self._done.add(replicate)
            while self._turn in self._done:
                self._turn += 1
                self._pour(self._turn)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Let one thread write; after a failure all others fail alike.

        What is on the disk then may be half a line, which nobody is to read.
        """
        with self._lock:
            if self._failed is not None:
                raise self._failed
            try:
                yield
            except BaseException as error:
                self._failed = error
                raise

    def _spool(self, replicate: int, lines: NDArray[Any]) -> None:
        if replicate not in self._spools:
            self._spools[replicate] = DiskFile(self._spool_path(replicate), self._disk)
        plain = np.empty(lines.size, self._line)
        for name in self._line.names or ():
            plain[name] = replicate if name == "replicate" else lines[name]
        self._spools[replicate].write(plain.view(np.uint8))

    def _spool_path(self, replicate: int) -> Path:
        return self._path.with_name(f".{self._path.name}.{replicate}.spool")

    def _pour(self, replicate: int) -> None:
        spool = self._spools.pop(replicate, None)
        if spool is None:
            return
        spool.close()
        path = self._spool_path(replicate)
        with path.open("rb") as file:
            while content := file.read(POURED * self._line.itemsize):
                self._writer.append(np.frombuffer(content, self._line), replicate)
        path.unlink()

    def __enter__(self) -> Self:
        """Return the stream itself."""
        return self

    def __exit__(self, *failed: object) -> None:
        """Close after a block that ended well, else give up."""
        for spool in self._spools.values():
            spool.close()
        self._writer.__exit__(*failed)
        self._file.close()


class EventFile:
    """A log left in its file.

    Parameters
    ----------
    path : Path
    columns : mapping of str to Column
        Those of the log, with ``replicate``.
    replicates : int, optional
        How many there are, numbered from 0 (the last ones may have no events).  Without it,
        `events_of` cannot be asked.
    what : str
        What it is a log of, for refusals.

    Attributes
    ----------
    path : Path
    rows : int
        Events of all replicates.

    Raises
    ------
    KoubeiError
        When it cannot be read, holds something else, or is another file than it was when this was
        made.
    """

    def __init__(
        self,
        path: Path,
        columns: Mapping[str, Column],
        replicates: int | None = None,
        what: str = "events",
    ) -> None:
        self.path, self.replicates = path, replicates
        self._columns = {n: c if c.stored else c._replace(stored=n) for n, c in columns.items()}
        self._stamp: tuple[int, ...] | None = None
        with self._opened() as file:
            self._metadata = file.metadata
            names = file.schema_arrow.names
        missing = [c.stored for c in self._columns.values() if c.stored not in names]
        if missing:
            raise KoubeiError(str(path), f"not a log of {what}", got=f"no {', '.join(missing)}")
        self.rows = int(self._metadata.num_rows)
        sizes = [self._metadata.row_group(g).num_rows for g in range(self._metadata.num_row_groups)]
        self._begins = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
        self._place = {name: names.index(c.stored) for name, c in self._columns.items()}

    def _opened(self) -> Any:
        import pyarrow as pa
        from pyarrow import parquet

        try:
            found = os.stat(self.path)
            stamp = (found.st_ino, found.st_size, found.st_mtime_ns)
            if self._stamp not in (None, stamp):
                raise KoubeiError(
                    str(self.path),
                    "is no longer the file that the result was read from",
                    fix="koubei_sim.load on it",
                )
            known = None if self._stamp is None else self._metadata
            self._stamp = stamp
            return parquet.ParquetFile(
                checks.absolute(self.path), metadata=known, page_checksum_verification=True
            )
        except (OSError, pa.ArrowException) as error:
            raise cannot_read(self.path, error) from None

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        """First row of each replicate, and the end; groups with one replicate are not read."""
        number = self.replicates or 0
        counts = np.zeros(number, np.int64)
        for group in range(self._metadata.num_row_groups):
            size = int(self._begins[group + 1] - self._begins[group])
            known = self._range(group, "replicate")
            if known is not None and known[0] == known[1] and known[0] < number:
                counts[int(known[0])] += size
            elif size:
                with self._opened() as file:
                    (found,) = self._group(file, group, ("replicate",))
                if found.min() < 0 or found.max() >= number or (np.diff(found) < 0).any():
                    raise KoubeiError(
                        str(self.path), "cannot be read (replicates are not those of its recipe)"
                    )
                counts += np.bincount(found, minlength=number)
        return np.concatenate([[0], np.cumsum(counts)])

    def _range(self, group: int, name: str) -> tuple[float, float] | None:
        """The least and the largest of a column in a group, where the file says so of numbers."""
        if self._columns[name].words:
            return None
        found = self._metadata.row_group(group).column(self._place[name]).statistics
        return None if found is None or not found.has_min_max else (found.min, found.max)

    def events_of(self, replicate: int) -> int:
        """Return the number of events of a replicate."""
        return int(self._starts[replicate + 1] - self._starts[replicate])

    def pieces(
        self,
        columns: Sequence[str],
        replicate: int | None = None,
        *,
        backward: bool = False,
        within: tuple[str, float, float] | None = None,
    ) -> Iterator[tuple[NDArray[Any], ...]]:
        """Yield columns of the log, a row group at a time.

        Parameters
        ----------
        columns : sequence of str
        replicate : int, optional
            Only this one of those counted.
        backward : bool
            From the last group to the first.
        within : (str, float, float), optional
            Only events whose value in that column lies from the first to the last; groups that
            hold none are not read.
        """
        begin, stop = 0, self.rows
        if replicate is not None:
            begin, stop = self._starts[replicate : replicate + 2]
        groups: Any = range(self._metadata.num_row_groups)
        with self._opened() as file:
            for group in reversed(groups) if backward else groups:
                low, high = self._begins[group : group + 2]
                if high <= begin or low >= stop:
                    continue
                part = slice(int(max(begin - low, 0)), int(min(stop, high) - low))
                if within is None:
                    yield tuple(column[part] for column in self._group(file, group, columns))
                    continue
                name, least, most = within
                known = self._range(group, name)
                if known is not None and (known[0] > most or known[1] < least):
                    continue
                found = self._group(file, group, (name, *columns))
                values = found[0][part]
                inside = (values >= least) & (values <= most)
                yield tuple(column[part][inside] for column in found[1:])

    def _group(self, file: Any, group: int, columns: Sequence[str]) -> list[NDArray[Any]]:
        import pyarrow as pa

        try:
            stored = dict.fromkeys(self._columns[name].stored for name in columns)
            table = file.read_row_group(group, columns=list(stored))
            return [_numbers(table, self._columns[name]) for name in columns]
        except (OSError, KeyError, ValueError, AttributeError, pa.ArrowException) as error:
            raise cannot_read(self.path, error) from None


def _numbers(table: Any, column: Column) -> NDArray[Any]:
    cells = table.column(column.stored)
    if column.words:
        cells = cells.combine_chunks()
        codes = [column.words.index(word) for word in cells.dictionary.to_pylist()]
        numbers: NDArray[Any] = np.array(codes, dtype=column.kind)[cells.indices.to_numpy()]
        return numbers
    return np.ascontiguousarray(cells.to_numpy(), dtype=column.kind)
