"""The things done to a disk, in one place, so that tests can make each of them fail.

`whole_file` writes a file that is there whole or not at all; whatever writes, comes by here or by
`folders.whole_folder`.  Also the lock that the system drops when a process dies, by which the work
of the living is told from what the dead left behind: a lock that is a file (as `filelock` has it
where there is no other) would outlive its owner.
"""

from __future__ import annotations

import contextlib
import io
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from koubei_sim.errors import KoubeiError

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
