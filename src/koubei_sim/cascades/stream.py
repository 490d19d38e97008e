"""Logs of activations too long for memory: written to a parquet file while a run goes on.

`ActivationWriter` appends whole replicates, row group by row group, to a temporary file that gets
its name only when the run is over; `read_activations` reads all or one replicate back, and
`activation_parts` walks through a log of any length in bounded memory.

Called by the driver of cascades (writer) and by `result` (readers).
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim import checks
from koubei_sim.cascades.outcome import Activations
from koubei_sim.errors import KoubeiError

if TYPE_CHECKING:
    import pyarrow as pa

#: Rows of one row group: small enough that one replicate is found without reading much else.
GROUP_ROWS: Final = 1 << 20
#: Rows gathered by `activation_parts`, unless one replicate has more.
PART_ROWS: Final = 1 << 22
_TYPES: Final = {
    "replicate": np.int32,
    "person": np.int32,
    "parent": np.int32,
    "time": np.float64,
    "until": np.float64,
    "kind": np.int8,
}


def _schema(labels: NDArray[Any] | None = None) -> pa.Schema:
    import pyarrow as pa

    fields = [pa.field(name, pa.from_numpy_dtype(kind), False) for name, kind in _TYPES.items()]
    if labels is not None:
        kind = pa.int64() if labels.dtype.kind == "i" else pa.string()
        fields += [pa.field("label", kind, False), pa.field("parent_label", kind)]
    return pa.schema(fields)


def _cannot(path: Path | str, error: BaseException, doing: str) -> KoubeiError:
    number = getattr(error, "errno", None)
    lines = str(error).splitlines()
    why = os.strerror(number) if number else lines[0] if lines else type(error).__name__
    return KoubeiError(str(path), f"cannot be {doing} ({why})")


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
    rows : int
        Rows appended so far.

    Raises
    ------
    KoubeiError
        When the folder is missing or the disk is full; nothing is left behind then.
    """

    def __init__(self, path: str | Path, labels: NDArray[Any] | None = None) -> None:
        self.path = checks.path("log", path)
        self.labels = labels
        self.rows = 0
        self._last = -1  # largest replicate so far
        self._writer: Any = None
        if not self.path.parent.is_dir():
            raise KoubeiError(str(self.path), "no such folder", got=str(self.path.parent))
        if self.path.is_dir():
            raise KoubeiError(str(self.path), "is a folder, not a file", fix="another name")
        from pyarrow import parquet

        try:
            handle, name = tempfile.mkstemp(
                prefix=f".{self.path.name}.", suffix=".part", dir=self.path.parent
            )
            os.close(handle)
        except OSError as error:
            raise _cannot(self.path, error, "written") from None
        self._partial = Path(name)
        self._writer = parquet.ParquetWriter(
            checks.absolute(name),
            _schema(labels),
            compression="zstd",
            compression_level=1,
            # `until` and `kind` are mostly one value, `replicate` has long runs.
            use_dictionary=["replicate", "until", "kind", "label", "parent_label"],
            write_page_checksum=True,
        )

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
        import pyarrow as pa

        if self._writer is None:
            raise KoubeiError(str(self.path), "the log is closed")
        if not log.replicate.size:
            return
        if log.replicate[0] <= self._last or (np.diff(log.replicate) < 0).any():
            raise KoubeiError(
                "activations",
                "replicates out of order",
                got=int(log.replicate[0]),
                allowed=f"above {self._last}, ascending",
            )
        columns = [
            pa.array(np.ascontiguousarray(column, dtype=kind))
            for column, kind in zip(log, _TYPES.values(), strict=True)
        ]
        if self.labels is not None:
            nobody = log.parent < 0
            columns.append(pa.array(self.labels[log.person]))
            columns.append(pa.array(self.labels[np.maximum(log.parent, 0)], mask=nobody))
        try:
            self._writer.write_table(
                pa.Table.from_arrays(columns, schema=_schema(self.labels)),
                row_group_size=GROUP_ROWS,
            )
        except (OSError, pa.ArrowException) as error:
            self.abort()
            raise _cannot(self.path, error, "written") from None
        self._last = int(log.replicate[-1])
        self.rows += int(log.replicate.size)

    def close(self) -> Path:
        """Finish the file, give it its name, and return its path; a second call does nothing.

        Raises
        ------
        KoubeiError
            When it cannot be finished; it is given up then.
        """
        if self._writer is None:
            return self.path
        import pyarrow as pa

        try:
            self._writer.close()
            mask = os.umask(0o022)  # mkstemp makes private files; give this one the usual rights
            os.umask(mask)
            os.chmod(self._partial, 0o666 & ~mask)
            os.replace(self._partial, self.path)
        except (OSError, pa.ArrowException) as error:
            self.abort()
            raise _cannot(self.path, error, "written") from None
        self._writer = None
        return self.path

    def keep(self, error: BaseException) -> None:
        """Keep what is finished under a name of its own, and say so beside the error."""
        self.path = self.path.with_name(f"{self.path.stem}.interrupted{self.path.suffix}")
        self.close()
        error.add_note(f"{self.path}: what was finished, up to replicate {self._last}")

    def abort(self) -> None:
        """Give the file up: nothing is left behind, an older file stays as it was."""
        if self._writer is not None:
            # Closing writes the footer, which a full disk refuses once more.
            with contextlib.suppress(Exception):
                self._writer.close()
            self._writer = None
            self._partial.unlink(missing_ok=True)

    def __enter__(self) -> ActivationWriter:
        """Return the writer itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close after a block that ended well, keep what an interrupt left, else abort."""
        if kind is None:
            self.close()
        elif isinstance(error, KeyboardInterrupt) and self.rows:
            self.keep(error)
        else:
            self.abort()


def _opened(path: str | Path) -> Any:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(checks.absolute(path), page_checksum_verification=True)
    except (OSError, pa.ArrowException) as error:
        raise _cannot(path, error, "read") from None
    missing = [name for name in _TYPES if name not in file.schema_arrow.names]
    if missing:
        file.close()
        raise KoubeiError(str(path), "not a log of activations", got=f"no {', '.join(missing)}")
    return file


def _group(file: Any, number: int, path: str | Path) -> Activations:
    import pyarrow as pa

    try:
        table = file.read_row_group(number, columns=list(_TYPES))
        columns: list[Any] = [
            table.column(name).to_numpy().astype(kind, copy=False) for name, kind in _TYPES.items()
        ]
        return Activations(*columns)
    except (OSError, pa.ArrowException) as error:
        raise _cannot(path, error, "read") from None


def empty_log() -> Activations:
    """Return a log without rows."""
    columns: list[Any] = [np.empty(0, kind) for kind in _TYPES.values()]
    return Activations(*columns)


def _joined(parts: list[Activations]) -> Activations:
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return empty_log()
    return Activations(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def rows_between(log: Activations, begin: int, stop: int) -> Activations:
    """Return some rows of a log, as views."""
    columns: list[Any] = [column[begin:stop] for column in log]
    return Activations(*columns)


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
    with contextlib.closing(_opened(path)) as file:
        groups = list(range(file.num_row_groups))
        if replicate is not None:
            groups = [g for g in groups if _holds(file, g, replicate)]
        log = _joined([_group(file, number, path) for number in groups])
    return log if replicate is None else one_replicate(log, replicate)


def one_replicate(log: Activations, replicate: int) -> Activations:
    """Return the rows of one replicate of a sorted log, as views."""
    begin, stop = np.searchsorted(log.replicate, [replicate, replicate + 1])
    return rows_between(log, int(begin), int(stop))


def _holds(file: Any, group: int, replicate: int) -> bool:
    found = file.metadata.row_group(group).column(0).statistics
    return found is None or not found.has_min_max or found.min <= replicate <= found.max


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
    with contextlib.closing(_opened(path)) as file:
        waiting: list[Activations] = []
        number = 0
        for group in range(file.num_row_groups):
            waiting.append(_group(file, group, path))
            number += waiting[-1].person.size
            # The last replicate may go on in the next group: it waits.
            if number >= rows and waiting[-1].replicate[-1] != waiting[0].replicate[0]:
                log = _joined(waiting)
                cut = int(np.searchsorted(log.replicate, log.replicate[-1]))
                yield rows_between(log, 0, cut)
                waiting, number = [rows_between(log, cut, log.person.size)], log.person.size - cut
        if number:
            yield _joined(waiting)
