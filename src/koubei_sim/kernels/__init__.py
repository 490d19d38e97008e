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


def _discard_stale_cache(*roots: Path) -> None:
    """Delete compiled functions below `roots` that were made from other sources."""
    stamp = hashlib.sha256()
    folders = []
    for root in roots:
        for folder, names, files in os.walk(root):
            names[:] = sorted(name for name in names if name != "__pycache__")
            folders.append(Path(folder) / "__pycache__")
            for name in sorted(files):
                if name.endswith(".py"):
                    status = os.stat(os.path.join(folder, name))
                    stamp.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    mark = roots[0] / "__pycache__" / _MARK
    with contextlib.suppress(OSError):
        if mark.exists() and mark.read_text() == stamp.hexdigest():
            return
        for cache in folders:
            for old in [*cache.glob("*.nbi"), *cache.glob("*.nbc")]:
                old.unlink(missing_ok=True)
        mark.parent.mkdir(exist_ok=True)
        mark.write_text(stamp.hexdigest())


_discard_stale_cache(Path(__file__).parent, Path(__file__).parent.parent / "networks")
