"""Events out of their parquet file: columns, windows and pieces, in bounded memory.

A file lists replicates in order, each by tick, and row groups say which replicates and ticks they
hold, so that a window is found without reading the rest.
Called by `stored` and by `results`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim import checks
from koubei_sim.core.codes import LOG_KINDS
from koubei_sim.errors import KoubeiError
from koubei_sim.model.world.arrays import LOG_COLUMNS, LOG_TYPES

#: Column of the file for each column of the log; kinds are written out.
_STORED: Final = {
    **{column: column for column in LOG_COLUMNS},
    "channel": "channel_number",
    "product": "product_number",
    "replicate": "replicate",
}


class EventFile:
    """The events of all replicates of a saved result, left in their file.

    Parameters
    ----------
    path : Path
        ``events.parquet`` of a result.
    replicates : int
        How many there are (the last ones may have no events).

    Attributes
    ----------
    path : Path
    rows : int
        Events of all replicates.

    Raises
    ------
    KoubeiError
        When it cannot be read, or is another file than it was when this was made.
    """

    def __init__(self, path: Path, replicates: int) -> None:
        self.path = path
        self.replicates = replicates
        self._stamp: tuple[int, ...] | None = None
        with self._opened() as file:
            self._metadata = file.metadata
            names = file.schema_arrow.names
        missing = [name for name in _STORED.values() if name not in names]
        if missing:
            raise KoubeiError(str(path), f"cannot be read (no column {', '.join(missing)})")
        self.rows = int(self._metadata.num_rows)
        sizes = [self._metadata.row_group(g).num_rows for g in range(self._metadata.num_row_groups)]
        self._begins = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
        self._place = {name: names.index(name) for name in ("replicate", "tick")}

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
            return parquet.ParquetFile(checks.absolute(self.path), metadata=known)
        except (OSError, pa.ArrowException) as error:
            raise cannot_read(self.path, error) from None

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        """First row of each replicate, and the end; groups with one replicate are not read."""
        counts = np.zeros(self.replicates, np.int64)
        for group in range(self._metadata.num_row_groups):
            size = int(self._begins[group + 1] - self._begins[group])
            known = self._range(group, "replicate")
            if known is not None and known[0] == known[1] and known[0] < self.replicates:
                counts[known[0]] += size
            elif size:
                with self._opened() as file:
                    (found,) = self._group(file, group, ("replicate",))
                if found.min() < 0 or found.max() >= self.replicates or (np.diff(found) < 0).any():
                    raise KoubeiError(
                        str(self.path), "cannot be read (replicates are not those of its recipe)"
                    )
                counts += np.bincount(found, minlength=self.replicates)
        return np.concatenate([[0], np.cumsum(counts)])

    def _range(self, group: int, name: str) -> tuple[int, int] | None:
        found = self._metadata.row_group(group).column(self._place[name]).statistics
        if found is None or not found.has_min_max:
            return None
        return int(found.min), int(found.max)

    def events_of(self, replicate: int) -> int:
        """Return the number of events of a replicate."""
        return int(self._starts[replicate + 1] - self._starts[replicate])

    def pieces(
        self,
        replicate: int | None,
        columns: tuple[str, ...],
        *,
        backward: bool = False,
        ticks: tuple[int, int] | None = None,
    ) -> Iterator[tuple[NDArray[Any], ...]]:
        """Yield columns of the log, a row group at a time.

        Parameters
        ----------
        replicate : int or None
            Only this one; None for all.
        columns : tuple of str
            Of `world.LOG_COLUMNS`, or ``replicate``.
        backward : bool
            From the last group to the first.
        ticks : (int, int), optional
            Only events from the first to the last of these.
        """
        whole = (0, self.rows)
        begin, stop = whole if replicate is None else self._starts[replicate : replicate + 2]
        groups: Any = range(self._metadata.num_row_groups)
        with self._opened() as file:
            for group in reversed(groups) if backward else groups:
                low, high = self._begins[group : group + 2]
                if high <= begin or low >= stop or not self._has(group, ticks):
                    continue
                part = slice(int(max(begin - low, 0)), int(min(stop, high) - low))
                if ticks is None:
                    yield tuple(column[part] for column in self._group(file, group, columns))
                    continue
                found = self._group(file, group, ("tick", *columns))
                tick = found[0][part]
                inside = (tick >= ticks[0]) & (tick <= ticks[1])
                yield tuple(column[part][inside] for column in found[1:])

    def _has(self, group: int, ticks: tuple[int, int] | None) -> bool:
        known = None if ticks is None else self._range(group, "tick")
        if ticks is None or known is None:
            return True
        return known[0] <= ticks[1] and known[1] >= ticks[0]

    def _group(self, file: Any, group: int, columns: tuple[str, ...]) -> list[NDArray[Any]]:
        import pyarrow as pa

        try:
            table = file.read_row_group(group, columns=[_STORED[name] for name in columns])
            return [_numbers(table, name) for name in columns]
        except (OSError, KeyError, ValueError, AttributeError, pa.ArrowException) as error:
            raise cannot_read(self.path, error) from None


def _numbers(table: Any, name: str) -> NDArray[Any]:
    column = table.column(_STORED[name])
    kind = np.dtype(np.int32 if name == "replicate" else LOG_TYPES[name])
    if name == "kind":
        column = column.combine_chunks()
        codes = [LOG_KINDS.index(word) for word in column.dictionary.to_pylist()]
        numbers: NDArray[Any] = np.array(codes, dtype=kind)[column.indices.to_numpy()]
        return numbers
    return np.ascontiguousarray(column.to_numpy(), dtype=kind)


def cannot_read(path: Path, error: BaseException) -> KoubeiError:
    """Return the one line for a file that the libraries refuse."""
    lines = str(error).splitlines()
    return KoubeiError(str(path), f"cannot be read ({lines[0] if lines else type(error).__name__})")
