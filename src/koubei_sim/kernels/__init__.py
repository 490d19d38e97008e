"""The numba floor: plain functions on arrays, compiled once and cached on disk.

numba notices when the file of a cached function changes, but not when a function *called* by
it does.  So on import the newest change of any kernel file is compared with the one the cache
was made from, and a stale cache is thrown away; this costs a directory listing.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

_MARK = "kernels.stamp"


def _discard_stale_cache(package: Path) -> None:
    """Delete all compiled functions of the package that were made from other kernels."""
    stamp = hashlib.sha256()
    for room in ("kernels", "networks"):
        for folder, names, files in os.walk(package / room):
            names[:] = sorted(name for name in names if name != "__pycache__")
            for name in sorted(files):
                if name.endswith(".py"):
                    status = os.stat(os.path.join(folder, name))
                    stamp.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    mark = package / "kernels" / "__pycache__" / _MARK
    with contextlib.suppress(OSError):
        if mark.exists() and mark.read_text() == stamp.hexdigest():
            return
        for old in [*package.rglob("*.nbi"), *package.rglob("*.nbc")]:
            old.unlink(missing_ok=True)
        mark.parent.mkdir(exist_ok=True)
        mark.write_text(stamp.hexdigest())


_discard_stale_cache(Path(__file__).parent.parent)
