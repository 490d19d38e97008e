"""A history whose log stays in its file: what a streamed run gives back.

It has the attributes of `world.History`, so that metrics and figures take it.  The daily tables
are in memory; a column of the log is read whenever it is asked for, and not kept; whoever can
work piece by piece goes through `pieces` (by `world.log_pieces`) and needs no memory to speak of.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.errors import KoubeiError
from koubei_sim.model.world.arrays import LOG_COLUMNS, LOG_TYPES, History
from koubei_sim.runs.archive.reading import EventFile

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
        return self.file.pieces(self.replicate, columns, backward=backward, ticks=ticks)

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
