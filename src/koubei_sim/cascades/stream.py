"""Logs of activations too long for memory: written to a parquet file while a run goes on.

`ActivationWriter` appends whole replicates to a file that gets its name only when the run is over;
`read_activations` reads all or one replicate back, and `activation_parts` walks through a log of
any length in bounded memory.

Called by the driver of cascades (writer) and by `result` (readers).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim import checks, storage
from koubei_sim.cascades.outcome import Activations
from koubei_sim.errors import KoubeiError
from koubei_sim.storage import events
from koubei_sim.storage.events import Column

if TYPE_CHECKING:
    import pyarrow as pa

#: Rows gathered by `activation_parts`, unless one replicate has more.
PART_ROWS: Final = 1 << 22
_COLUMNS: Final = {
    "replicate": Column(np.int32),
    "person": Column(np.int32),
    "parent": Column(np.int32),
    "time": Column(np.float64),
    "until": Column(np.float64),
    "kind": Column(np.int8),
}


class ActivationWriter:
    """Append activations to a parquet file that appears only when it is whole.

    Also a context manager: closes at the end of the block, aborts when it fails.

    Parameters
    ----------
    path : str or Path
        The file to be; its folder must exist.  An older file is replaced at the end.
    labels : (n,) array, optional
        What the people are called: written beside their rows as ``label`` and ``parent_label``.

    Attributes
    ----------
    path : Path

    Raises
    ------
    KoubeiError
        When the folder is missing or the disk is full; nothing is left behind then.
    """

    def __init__(self, path: str | Path, labels: NDArray[Any] | None = None) -> None:
        self.path = checks.path("log", path)
        self.labels = labels
        if not self.path.parent.is_dir():
            raise KoubeiError(str(self.path), "no such folder", got=str(self.path.parent))
        if self.path.is_dir():
            raise KoubeiError(str(self.path), "is a folder, not a file", fix="another name")
        try:
            self._file = storage.WholeFile(self.path)
        except OSError as error:
            raise storage.CannotWrite(self.path, error) from None
        self._log = events.EventWriter(
            self._file,
            _COLUMNS,
            self._table,
            what="activations",
            whole=True,
            compression_level=1,
            # `until` and `kind` are mostly one value, `replicate` has long runs.
            use_dictionary=["replicate", "until", "kind", "label", "parent_label"],
            write_page_checksum=True,
        )

    @property
    def rows(self) -> int:
        """Rows appended so far."""
        return self._log.rows

    def _table(self, log: Mapping[str, NDArray[Any]]) -> pa.Table:
        import pyarrow as pa

        columns, fields = [], []
        for name, column in _COLUMNS.items():
            columns.append(pa.array(np.ascontiguousarray(log[name], dtype=column.kind)))
            fields.append(pa.field(name, columns[-1].type, False))
        if self.labels is not None:
            kind = pa.int64() if self.labels.dtype.kind == "i" else pa.string()
            nobody = log["parent"] < 0
            columns.append(pa.array(self.labels[log["person"]]))
            columns.append(pa.array(self.labels[np.maximum(log["parent"], 0)], mask=nobody))
            fields += [pa.field("label", kind, False), pa.field("parent_label", kind)]
        return pa.Table.from_arrays(columns, schema=pa.schema(fields))

    def append(self, log: Activations) -> None:
        """Append whole replicates.

        Parameters
        ----------
        log : Activations
            Sorted by replicate, time, person; replicates beyond those appended before.

        Raises
        ------
        KoubeiError
            When replicates are out of order, the file is closed, or the disk is full (the file is
            given up then).
        """
        try:
            self._log.append(log._asdict())
        except OSError as error:
            self.abort()
            raise storage.CannotWrite(self.path, error) from None

    def close(self) -> Path:
        """Finish the file, give it its name, and return its path; a second call does nothing.

        Raises
        ------
        KoubeiError
            When it cannot be finished; it is given up then.
        """
        try:
            if not self._log.closed:
                self._log.close()
                self._file.finish(self.path)
        except OSError as error:
            raise storage.CannotWrite(self.path, error) from None
        finally:
            self.abort()
        return self.path

    def keep(self, error: BaseException) -> None:
        """Keep what is finished under a name of its own, and say so beside the error."""
        self.path = self.path.with_name(f"{self.path.stem}.interrupted{self.path.suffix}")
        self.close()
        error.add_note(f"{self.path}: what was finished, up to replicate {self._log.last}")

    def abort(self) -> None:
        """Give the file up: nothing is left behind, an older file stays as it was."""
        self._log.give_up()
        self._file.abandon()

    def __enter__(self) -> ActivationWriter:
        """Return the writer itself."""
        return self

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        """Close after a block that ended well, keep what an interrupt left, else abort."""
        if kind is None:
            self.close()
        elif isinstance(error, KeyboardInterrupt) and self.rows:
            self.keep(error)
        else:
            self.abort()


def joined(parts: list[Activations]) -> Activations:
    """Return logs, one after the other, as one."""
    if len(parts) == 1:
        return parts[0]
    columns: list[Any] = [
        np.concatenate([np.empty(0, column.kind), *(part[place] for part in parts)])
        for place, column in enumerate(_COLUMNS.values())
    ]
    return Activations(*columns)


def empty_log() -> Activations:
    """Return a log without rows."""
    return joined([])


def rows_between(log: Activations, begin: int, stop: int) -> Activations:
    """Return some rows of a log, as views."""
    columns: list[Any] = [column[begin:stop] for column in log]
    return Activations(*columns)


def _pieces(path: str | Path, within: tuple[str, int, int] | None = None) -> Iterator[Activations]:
    file = events.EventFile(Path(path), _COLUMNS, what="activations")
    for columns in file.pieces(tuple(_COLUMNS), within=within):
        yield Activations(*columns)


def read_activations(path: str | Path, replicate: int | None = None) -> Activations:
    """Read a log that `ActivationWriter` wrote.

    Parameters
    ----------
    path : str or Path
    replicate : int, optional
        Only this one: row groups without it are not read.

    Returns
    -------
    Activations
        Empty where nobody became active in the replicate.

    Raises
    ------
    KoubeiError
        When there is no such file, it is damaged, or it is something else.
    """
    within = None if replicate is None else ("replicate", replicate, replicate)
    return joined(list(_pieces(path, within)))


def one_replicate(log: Activations, replicate: int) -> Activations:
    """Return the rows of one replicate of a sorted log, as views."""
    begin, stop = np.searchsorted(log.replicate, [replicate, replicate + 1])
    return rows_between(log, int(begin), int(stop))


def activation_parts(path: str | Path, rows: int = PART_ROWS) -> Iterator[Activations]:
    """Walk through a log, whole replicates at a time.

    Parameters
    ----------
    path : str or Path
    rows : int
        About so many rows a part; a replicate with more makes a larger part.

    Yields
    ------
    Activations
        Non-empty.
    """
    waiting: list[Activations] = []
    number = 0
    for piece in _pieces(path):
        waiting.append(piece)
        number += piece.person.size
        # The last replicate may go on in the next group: it waits.
        if number >= rows and piece.replicate[-1] != waiting[0].replicate[0]:
            log = joined(waiting)
            cut = int(np.searchsorted(log.replicate, log.replicate[-1]))
            yield rows_between(log, 0, cut)
            waiting, number = [rows_between(log, cut, log.person.size)], log.person.size - cut
    if number:
        yield joined(waiting)
