"""Event logs on their way into a parquet file, in memory that does not grow with them.

Lines are gathered in a buffer of one row group; when it is full they get their names and go to
the disk.  A file written in many steps therefore has the bytes of one written at once.
Called by `files` (logs that are in memory) and `streams` (logs of runs that go on).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.errors import KoubeiError
from koubei_sim.model.world.arrays import LOG_COLUMNS, LOG_TYPES
from koubei_sim.storage.disk import Disk, DiskFile

if TYPE_CHECKING:
    import pandas as pd

#: Lines of a row group, and so the most that is held: 24 MB, and some 150 MB for a moment while
#: they get their names.  A choice of the format: other groups are other bytes.
GROUP_ROWS: int = 1 << 20
#: Makes the rows of the file of columns of numbers (`world.LOG_COLUMNS` and ``replicate``).
Frame = Callable[[Mapping[str, NDArray[Any]]], "pd.DataFrame"]
#: One line: a replicate's number and `world.LOG_COLUMNS`.
LINE: Final = np.dtype([("replicate", np.int32), *((c, LOG_TYPES[c]) for c in LOG_COLUMNS)])


class EventWriter:
    """Append events to a new parquet file, replicate by replicate, each in canonical order.

    Also a context manager: closes at the end of the block, gives up when it fails.

    Parameters
    ----------
    path : Path
        The file, which must not exist.  It lies in a folder that is not a result yet.
    frame : callable
        Given columns of numbers (`world.LOG_COLUMNS` and ``replicate``), returns the data frame
        with names that is written.
    disk : Disk, optional

    Attributes
    ----------
    rows : int
        Lines appended so far.
    most_held : int
        The most lines that were in memory together: never more than a row group.

    Raises
    ------
    OSError
        When the disk is full; `folders.whole_folder` makes one line of it.
    """

    def __init__(self, path: Path, frame: Frame, disk: Disk | None = None) -> None:
        self._frame = frame
        self._disk = disk or Disk()
        self._buffer = np.empty(GROUP_ROWS, LINE)  # touched, and so in memory, only as filled
        self._held = 0
        self._last = 0  # replicate of the last line
        self._writer: Any = None
        self.rows = self.most_held = 0
        self._file = DiskFile(path, self._disk)

    def append(self, replicate: int, lines: Mapping[str, NDArray[Any]] | NDArray[Any]) -> None:
        """Append lines of a replicate, in canonical order, after all that it has already.

        Parameters
        ----------
        replicate : int
            Not below that of the lines before.
        lines : mapping or structured array
            With `world.LOG_COLUMNS`.
        """
        if self._file.closed:
            raise KoubeiError("events", "the log is closed")
        if replicate < self._last:
            raise KoubeiError(
                "events", "replicates out of order", got=replicate, allowed=f"{self._last} or more"
            )
        self._last = replicate
        size, done = len(lines["tick"]), 0
        while done < size:
            count = min(size - done, self._buffer.size - self._held)
            room = self._buffer[self._held : self._held + count]
            room["replicate"] = replicate
            for column in LOG_COLUMNS:
                room[column] = lines[column][done : done + count]
            done += count
            self._held += count
            self.most_held = max(self.most_held, self._held)
            if self._held == self._buffer.size:
                self._write()
        self.rows += size

    def _write(self) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        lines = self._buffer[: self._held]
        # Copies: columns of a buffer of lines are not contiguous, and it is filled again.
        rows = self._frame({name: lines[name].copy() for name in LINE.names or ()})
        table = pa.Table.from_pandas(rows, preserve_index=False).replace_schema_metadata(None)
        if self._writer is None:
            self._writer = parquet.ParquetWriter(self._file, table.schema, compression="zstd")
        self._writer.write_table(table, row_group_size=GROUP_ROWS)
        self._held = 0

    def close(self) -> None:
        """Write what is held and finish the file; a second call does nothing."""
        if self._file.closed:
            return
        if self._held or self._writer is None:
            self._write()
        self._writer.close()
        self._file.close()

    def give_up(self) -> None:
        """Close the file as it is: nothing of it can be read."""
        if not self._file.closed:
            self._file.close()
        if self._writer is not None:
            # Its end cannot be written any more, which it would try again when it is collected.
            with contextlib.suppress(Exception):
                self._writer.close()

    def __enter__(self) -> EventWriter:
        """Return the writer itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close after a block that ended well, else give up."""
        if kind is None:
            try:
                self.close()
            except BaseException:
                self.give_up()
                raise
        else:
            self.give_up()
