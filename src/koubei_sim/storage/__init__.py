"""The disk: what is written is written whole and flushed, or not at all.

Knows nothing of what is in the files.  Event logs are in `events`, which is opened by its own name:
the command line loads this room, and must not load numpy.  Called by whoever saves.

The things done to a disk stand in one place, so that tests can make each of them fail.
`whole_file` writes a file that is there whole or not at all, `whole_folder` the folder of a result;
whatever writes, comes by here.  Also the lock that the system drops when a process dies, by which
the work of the living is told from what the dead left behind: a lock that is a file (as `filelock`
has it where there is no other) would outlive its owner.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

from koubei_sim import checks
from koubei_sim.errors import KoubeiError

if TYPE_CHECKING:
    import xarray as xr


#: How the name of what is not whole yet ends; it begins with a dot.
PARTIAL: Final = ".partial"


class CannotWrite(KoubeiError):
    """A file or folder that could not be written; nothing of it was left behind.

    Parameters
    ----------
    goal : Path
    error : OSError

    Attributes
    ----------
    errno : int or None
        The number of the system's error.
    """

    def __init__(self, goal: Path, error: OSError) -> None:
        self.errno = error.errno
        super().__init__(str(goal), f"cannot be written ({_why(error)}), nothing was left behind")


def cannot_read(path: Path | str, error: BaseException) -> KoubeiError:
    """Return the one line for a file that the libraries refuse."""
    return KoubeiError(str(path), f"cannot be read ({_why(error)})")


def _why(error: BaseException) -> str:
    # Some libraries put a long story into the text; the system's number says it plainly.
    number = getattr(error, "errno", None) or 0
    lines = str(error).splitlines() or [type(error).__name__]
    return os.strerror(number) if number > 0 else lines[0]


class Disk:
    """The three things done to a disk."""

    def write(self, descriptor: int, content: Any) -> None:
        """Write all of `content`."""
        left = memoryview(content)
        while left:
            left = left[os.write(descriptor, left) :]

    def flush(self, descriptor: int) -> None:
        """Wait until what was written is on the disk."""
        os.fsync(descriptor)

    def rename(self, old: Path, new: Path) -> None:
        """Give a file its name at one stroke."""
        os.replace(old, new)

    def flush_file(self, path: Path) -> None:
        """Wait until a file that somebody else wrote is on the disk."""
        # Other systems than POSIX flush only what was opened for writing.
        descriptor = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
        try:
            self.flush(descriptor)
        finally:
            os.close(descriptor)

    def flush_folder(self, folder: Path) -> None:
        """Wait until the names in a folder are on the disk."""
        if os.name == "posix":  # other systems do not open folders
            self.flush_file(folder)


class DiskFile(io.RawIOBase):
    """A new file whose every write goes through a `Disk`.

    Parameters
    ----------
    path : Path
    disk : Disk
    """

    _descriptor = -1  # where the file could not be made, and Python closes what there is of it

    def __init__(self, path: Path, disk: Disk) -> None:
        super().__init__()
        self._disk = disk
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        self._at = 0

    def writable(self) -> bool:
        """Say that it is."""
        return True

    def write(self, content: Any) -> int:
        """Write all of `content`; never after closing.

        A writer that was given up writes its end once more when it is collected, and by then the
        number of the descriptor may be that of another file.
        """
        if self.closed:
            raise ValueError("write to a closed file")
        size = memoryview(content).nbytes
        self._disk.write(self._descriptor, content)
        self._at += size
        return size

    def tell(self) -> int:
        """Return the bytes written so far."""
        return self._at

    def close(self) -> None:
        """Close it; a second call does nothing."""
        if not self.closed:
            super().close()
            if self._descriptor >= 0:
                os.close(self._descriptor)


class WholeFile(DiskFile):
    """A new file that has its name only when it is complete and on the disk.

    Until then it has another name in the same folder, which is made where there is none.

    Parameters
    ----------
    goal : Path
    disk : Disk, optional
    """

    def __init__(self, goal: Path, disk: Disk | None = None) -> None:
        goal.parent.mkdir(parents=True, exist_ok=True)
        self._goal = goal
        self._partial = goal.with_name(f".{goal.name}.{secrets.token_hex(4)}{PARTIAL}")
        super().__init__(self._partial, disk or Disk())

    def finish(self, goal: Path | None = None) -> None:
        """Give it its name, or another one in the same folder; an older file goes then."""
        self._disk.flush(self._descriptor)
        self.close()
        self._disk.rename(self._partial, goal or self._goal)
        self._disk.flush_folder(self._goal.parent)

    def abandon(self) -> None:
        """Take it away, unless it was finished."""
        self.close()
        with contextlib.suppress(OSError):
            self._partial.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_file(goal: Path, disk: Disk | None = None) -> Iterator[BinaryIO]:
    """Yield a new file of bytes that becomes `goal` when the block ends well, else vanishes.

    An older file at `goal` stays as it was if anything goes wrong.

    Raises
    ------
    CannotWrite
        When the disk is full, or the folder not to be written to.

    Examples
    --------
    >>> import tempfile
    >>> goal = Path(tempfile.mkdtemp()) / "notes.txt"
    >>> with whole_file(goal) as file:
    ...     _ = file.write(b"complete")
    >>> goal.read_text(), len(list(goal.parent.iterdir()))
    ('complete', 1)
    """
    try:
        file = WholeFile(goal, disk)
        try:
            yield cast(BinaryIO, file)
            file.finish()
        finally:
            file.abandon()
    except OSError as error:
        raise CannotWrite(goal, error) from None


def lock(descriptor: int) -> bool | None:
    """Take the lock of an open file or folder; None where locks are not to be had."""
    try:
        import fcntl
    except ImportError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # file systems without locks
        return None
    return True


def lock_folder(folder: Path) -> tuple[int | None, bool | None]:
    """Open a folder and take its lock: the descriptor to close, and what `lock` says of it.

    Nothing and None where folders cannot be opened, or this is none.
    """
    descriptor = None
    with contextlib.suppress(OSError, AttributeError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        return descriptor, lock(descriptor)
    return descriptor, None


def take(path: Path, patience: float) -> int | None:
    """Take the lock of a file, made where there is none; return the descriptor to close.

    None where somebody else has it for all of `patience` seconds.  File systems without locks let
    everybody pass.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    until = time.monotonic() + patience
    while lock(descriptor) is False:
        if time.monotonic() > until:
            os.close(descriptor)
            return None
        time.sleep(0.05)
    return descriptor


def taken(path: Path) -> bool:
    """Return whether somebody has the lock of a file; it is not made."""
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            return lock(descriptor) is False
        finally:
            os.close(descriptor)
    return False


# Folders of results -----------------------------------------------------------------------------
#
# ``data.nc`` (tables, netCDF 4), ``events.parquet`` (event log), ``recipe.json`` (how to make it
# again), ``timing.json`` (wall time, kept apart so that the other three have the same bytes
# whenever the same run is made again with the same versions), and ``people.parquet``.
#
# Everything is first written into a workshop beside the goal, flushed and then renamed; a full disk
# or an interrupt leaves nothing behind.  A process that is killed leaves its workshop (a hidden
# folder ``.NAME.xxxxxxxx.partial``), which nobody takes for a result; the next one that writes into
# the same folder sees by the lock that its owner is dead, and clears it away.

DATA, EVENTS, RECIPE, TIMING = "data.nc", "events.parquet", "recipe.json", "timing.json"
PEOPLE: Final = "people.parquet"  # where people have names or came from a table
_OURS: Final = {DATA, EVENTS, RECIPE, TIMING, PEOPLE}
_NEW, _OLD = "result", "old"  # in a workshop: what is being made, what it has replaced


def is_result(path: Path | str) -> bool:
    """Return whether `path` is a result folder (or the recipe in one)."""
    path = checks.path("result", path)
    return (path / RECIPE).is_file() or (path.name == RECIPE and path.is_file())


def folder_of(path: Path | str) -> Path:
    """Return the folder of a result, given it or a file in it.

    Raises
    ------
    KoubeiError
        When there is no result.
    """
    path = checks.path("result", path)
    folder = path.parent if path.name in _OURS and path.is_file() else path
    if not folder.exists():
        raise KoubeiError(str(path), "no such folder", fix="the folder given to save() or --out")
    if not (folder / RECIPE).is_file():
        raise KoubeiError(
            str(path), f"not a result (no {RECIPE})", fix="the folder given to save() or --out"
        )
    return folder


def check_goal(goal: Path) -> None:
    """Refuse a goal that is not a result, or lies where nothing can be written; touches nothing.

    Raises
    ------
    KoubeiError
    """
    if goal.exists() and not goal.is_dir():
        raise KoubeiError(str(goal), "is a file, not a folder", fix="another name")
    if goal.is_dir() and any(goal.iterdir()) and not is_result(goal):
        raise KoubeiError(
            str(goal), "folder is not empty and holds no result", fix="a new or empty folder"
        )
    above = next((folder for folder in goal.absolute().parents if folder.exists()), None)
    if above is not None and not (above.is_dir() and os.access(above, os.W_OK)):
        why = "no permission to write" if above.is_dir() else "a file, not a folder"
        raise KoubeiError(str(goal), f"cannot be written ({above}: {why})", fix="another folder")


@contextlib.contextmanager
def whole_folder(goal: Path) -> Iterator[Path]:
    """Yield a temporary folder that becomes `goal` when the block ends well, else vanishes.

    An older result at `goal` is replaced, and lost only once the new one is complete; other files
    in that folder (figures, notes) are kept.  A goal that exists and is not a result is refused.
    What killed processes left beside it is cleared away first.
    """
    check_goal(goal)
    disk = Disk()
    try:
        goal.parent.mkdir(parents=True, exist_ok=True)
        clear_left_overs(goal)
        workshop, descriptor = _open_workshop(goal)
    except OSError as error:
        raise CannotWrite(goal, error) from None
    try:
        partial = workshop / _NEW
        partial.mkdir()
        yield partial
        for file in partial.iterdir():
            disk.flush_file(file)
        disk.flush_folder(partial)
        _replace(workshop, goal, disk)
        disk.flush_folder(goal.parent)
    except OSError as error:
        raise CannotWrite(goal, error) from None
    finally:
        if goal.exists() or not (workshop / _OLD).exists():  # else it is all that there is
            shutil.rmtree(workshop, ignore_errors=True)
        if descriptor is not None:
            os.close(descriptor)


def clear_left_overs(goal: Path) -> list[Path]:
    """Remove the workshops of dead processes beside a goal; return them.

    A result that was being replaced at the very moment gets its name back first.  Where the
    file system has no locks nobody can be known to be dead, and everything stays.
    """
    cleared = []
    for workshop in goal.parent.glob(f".{escape(goal.name)}.*{PARTIAL}"):
        descriptor, mine = lock_folder(workshop)
        try:
            if mine and {path.name for path in workshop.iterdir()} <= {_NEW, _OLD}:
                if (workshop / _OLD).is_dir() and not goal.exists():
                    (workshop / _OLD).rename(goal)
                shutil.rmtree(workshop, ignore_errors=True)
                cleared.append(workshop)
        except FileNotFoundError:  # somebody else has cleared it away meanwhile
            continue
        finally:
            if descriptor is not None:
                os.close(descriptor)
    return cleared


def _open_workshop(goal: Path) -> tuple[Path, int | None]:
    while True:
        workshop = Path(tempfile.mkdtemp(prefix=f".{goal.name}.", suffix=PARTIAL, dir=goal.parent))
        descriptor, mine = lock_folder(workshop)
        if mine is not False and workshop.exists():
            return workshop, descriptor
        if descriptor is not None:  # somebody who clears away was faster than our lock
            os.close(descriptor)


def _replace(workshop: Path, goal: Path, disk: Disk) -> None:
    partial, old = workshop / _NEW, workshop / _OLD
    if not goal.is_dir():
        disk.rename(partial, goal)
        return
    for kept in goal.iterdir():  # files that are not the result's own move along
        if kept.name not in _OURS:
            (shutil.copytree if kept.is_dir() else shutil.copy2)(kept, partial / kept.name)
    disk.rename(goal, old)
    try:
        disk.rename(partial, goal)
    except BaseException:
        old.rename(goal)
        raise


def write_tables(
    folder: Path, data: xr.Dataset, recipe: Mapping[str, Any], timing: Mapping[str, Any]
) -> None:
    """Write all files but the event log; the recipe, by which a folder is a result, at the end."""
    packing = {"zlib": True, "complevel": 1, "shuffle": True}
    encoding: dict[Any, dict[str, Any]] = {name: dict(packing) for name in data.data_vars}
    if "date" in data.coords:
        encoding["date"] = {"units": "days since 1970-01-01", "dtype": "int32"}
    try:
        data.to_netcdf(folder / DATA, format="NETCDF4", engine="netcdf4", encoding=encoding)
    except RuntimeError as error:  # the netCDF library reports a full disk as "HDF error"
        raise OSError(errno.ENOSPC, f"{error}") from error
    _write_json(timing, folder / TIMING)
    _write_json(recipe, folder / RECIPE)


def write_netcdf(goal: Path, data: xr.Dataset) -> None:
    """Write a dataset as one netCDF file, whole or not at all.

    Raises
    ------
    CannotWrite
        When the disk is full, or the folder not to be written to.
    """
    packing = {"zlib": True, "complevel": 1, "shuffle": True}
    encoding: dict[Any, dict[str, Any]] = {name: dict(packing) for name in data.data_vars}
    with tempfile.TemporaryDirectory() as place:  # the netCDF library writes to names only
        made = Path(place) / goal.name
        data.to_netcdf(made, format="NETCDF4", engine="netcdf4", encoding=encoding)
        with whole_file(goal) as file, made.open("rb") as content:
            shutil.copyfileobj(content, file)


def _write_json(content: Mapping[str, Any], path: Path) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True, default=str)
    with DiskFile(path, Disk()) as file:
        file.write((text + "\n").encode())


def read_recipe(path: Path | str, most: int) -> dict[str, Any]:
    """Return the recipe of a saved result, of a format up to `most`.

    Raises
    ------
    KoubeiError
        When there is none, it cannot be read, or its format is newer than this library.
    """
    file = folder_of(path) / RECIPE
    try:
        recipe: Any = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise KoubeiError(str(file), f"cannot be read ({error})") from None
    if not isinstance(recipe, dict):
        raise KoubeiError(str(file), "not a recipe of this library")
    if recipe.get("format", 0) > most:
        raise KoubeiError(
            str(file),
            "written by a newer koubei_sim",
            got=f"format {recipe['format']}",
            allowed=f"up to {most}",
            fix="a newer koubei_sim",
        )
    return recipe


def read_data(path: Path | str) -> xr.Dataset:
    """Return the tables of a saved result, read into memory."""
    return read_tables(folder_of(path) / DATA)


def read_tables(file: Path) -> xr.Dataset:
    """Return the tables of a netCDF file, read into memory."""
    import xarray as xr

    try:
        with xr.open_dataset(file, engine="netcdf4") as stored:
            return stored.load()
    except (OSError, ValueError, RuntimeError) as error:
        raise cannot_read(file, error) from None


def read_timing(path: Path | str) -> dict[str, Any]:
    """Return the wall time saved beside a result ({} where it is missing)."""
    file = folder_of(path) / TIMING
    try:
        timing: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return timing
