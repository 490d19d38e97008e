"""Event logs of replicates that run side by side, written into one file while they run.

The file lists replicates in order.  The one whose turn it is writes straight into it; those ahead
of their turn put their lines into a file of their own (a spool) beside it, which is poured in when
the turn comes.  So memory holds one row group, whatever the number of events or of threads.
Called by `simulate.run`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.model.world.arrays import LOG_COLUMNS, canonical_order
from koubei_sim.runs.archive.writing import LINE, EventWriter, Frame
from koubei_sim.storage.disk import Disk, DiskFile

#: Lines of a spool that are read together.
POURED = 1 << 16

Sink = Callable[[NDArray[Any]], None]


class EventStream:
    """One file for the events of several replicates, fed by all of them at once.

    A context manager: closes at the end of the block, gives up when it fails.

    Parameters
    ----------
    path : Path
        The file; spools lie beside it.
    frame : callable
        As in `EventWriter`.
    disk : Disk, optional

    Attributes
    ----------
    rows : int
        Lines taken so far.
    most_held : int
        The most lines that were in memory together, apart from those being handed over.
    """

    def __init__(self, path: Path, frame: Frame, disk: Disk | None = None) -> None:
        self._path = path
        self._disk = disk or Disk()
        self._writer = EventWriter(path, frame, self._disk)
        self._lock = threading.Lock()
        self._turn = 0
        self._done: set[int] = set()
        self._spools: dict[int, DiskFile] = {}
        self.rows = 0

    @property
    def most_held(self) -> int:
        """The most lines in memory together."""
        return self._writer.most_held

    def sink(self, replicate: int) -> Sink:
        """Return where the engine hands the lines of a replicate over, whole ticks at a time."""

        def take(lines: NDArray[Any]) -> None:
            order = canonical_order(lines["tick"], lines["kind"], lines["agent"])
            ordered = lines[order]
            with self._lock:
                self.rows += ordered.size
                if replicate == self._turn:
                    self._writer.append(replicate, ordered)
                else:
                    self._spool(replicate, ordered)

        return take

    def finish(self, replicate: int) -> None:
        """Say that a replicate is over: the turn goes to the next."""
        with self._lock:
            self._done.add(replicate)
            while self._turn in self._done:
                self._turn += 1
                self._pour(self._turn)

    def _spool(self, replicate: int, lines: NDArray[Any]) -> None:
        if replicate not in self._spools:
            self._spools[replicate] = DiskFile(self._spool_path(replicate), self._disk)
        plain = np.empty(lines.size, LINE)
        plain["replicate"] = replicate
        for column in LOG_COLUMNS:
            plain[column] = lines[column]
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
            while content := file.read(POURED * LINE.itemsize):
                self._writer.append(replicate, np.frombuffer(content, LINE))
        path.unlink()

    def close(self) -> None:
        """Finish the file, once all replicates are over."""
        self._writer.close()

    def __enter__(self) -> EventStream:
        """Return the stream itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close after a block that ended well, else give up."""
        for spool in self._spools.values():
            spool.close()
        self._writer.__exit__(kind, error, trace)
