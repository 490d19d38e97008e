"""The things done to a disk, in one place, so that tests can make each of them fail.

Also the lock that the system drops when a process dies, by which the work of the living is told
from what the dead left behind.  Used here and by the journal of sweeps.
"""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path
from typing import Any


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
