"""Where compiled functions are kept on disk, and when what is kept is out of date.

numba asks only whether the *file* of a function has changed, not whether a function that it calls
lies in a file that has; so an edited kernel would give the old numbers.  And where neither the
package nor a home folder can be written to, it gives up.  Here one folder holds all that this
package compiles.  It is named by a digest of every source that has to do with compiling and of
the versions of the compilers: other sources, another folder, and nothing is ever out of date.
The folder lies in the first of these places that can be written to: ``NUMBA_CACHE_DIR``, the
package itself, the cache folder of the user, a temporary folder (with one note, once).

Only functions of this package are looked at; those of other packages go where numba puts them.
Called once, by `core.compiling`, before anything is compiled.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import platform
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

PACKAGE: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NAME: Final = "kernels-"  # of the folders, before the digest
KEPT: Final = 5  # folders of other sources that stay beside the present one
IN_USE: Final = 6 * 3600.0  # seconds in which a folder may still be written to by its process
WORDS: Final = (b"numba", b"core.compiling")  # every file that compiles something has one


def sources(package: str, folder: str = "", all_of_them: bool = False) -> Iterator[bytes]:
    """Yield what lies in files that compile something, or are used by those that do."""
    folder = folder or package
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        if entry.name.endswith(".py"):
            with open(entry.path, "rb", buffering=0) as file:
                text = file.read()
            if all_of_them or any(word in text for word in WORDS):
                yield f"{entry.path[len(package) :]} {len(text)}\n".encode() + text
        elif entry.is_dir() and entry.name != "__pycache__":
            inside = all_of_them or entry.name in ("core", "kernels", "mechanisms")
            yield from sources(package, entry.path, inside)


@cache
def digest() -> str:
    """Return the name of the present sources and compilers; some milliseconds."""
    import llvmlite
    import numba
    import numpy

    plain = os.environ.get("KOUBEI_PLAIN_NUMBA", "")
    versions = f"{numba.__version__} {llvmlite.__version__} {numpy.__version__} {plain}"
    found = hashlib.sha256(f"{platform.python_version()} {versions}\n".encode())
    with contextlib.suppress(OSError):  # a package inside an archive has no files
        for text in sources(PACKAGE):
            found.update(text)
    return found.hexdigest()[:16]


def _can_hold(folder: str) -> bool:
    """Make a folder, and say whether files can be written into it."""
    try:
        os.makedirs(folder, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


@cache
def temporary() -> str | None:
    """Return a folder for this person among the temporary ones; None where none can be made.

    What is compiled is run: a folder that somebody else made, or may write to, is not taken.
    """
    person = os.getuid() if hasattr(os, "getuid") else None
    try:
        place = os.path.join(tempfile.gettempdir(), f"koubei_sim-{person or 0}")
        new = not os.path.lexists(place)
        if new:
            os.mkdir(place, 0o700)
        found = os.lstat(place)
        others = person is not None and (found.st_uid != person or found.st_mode & 0o022)
        if others or not stat.S_ISDIR(found.st_mode) or not _can_hold(place):
            place, new = tempfile.mkdtemp(prefix="koubei_sim-"), True
    except OSError:
        return None
    if new:  # said once, by the process that makes it
        _say(f"what is compiled is kept in {place}")
    return place


def _say(what: str) -> None:
    """Give the one note of this file."""
    logging.getLogger("koubei_sim").warning(
        "koubei: note: neither the package nor a home folder can be written to, so %s "
        "(NUMBA_CACHE_DIR names another folder)",
        what,
    )


def is_shut(folder: str) -> bool:
    """Return whether a folder can neither be written to nor be made."""
    while not os.path.lexists(folder) and os.path.dirname(folder) != folder:
        folder = os.path.dirname(folder)
    return not (os.path.isdir(folder) and os.access(folder, os.W_OK))


def _places() -> Iterator[str]:
    """Yield the folders that may be the one, best first."""
    from numba import config

    name = NAME + digest()
    if config.CACHE_DIR:
        asked = os.path.abspath(os.path.expanduser(config.CACHE_DIR))
        yield os.path.join(asked, "koubei_sim", name)
    yield os.path.join(PACKAGE, "__pycache__", name)
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    if os.path.isabs(home):  # "~" stays where nobody knows the home folder
        yield os.path.join(home, "koubei_sim", name)
    last = temporary()
    if last is not None:
        yield os.path.join(last, name)


@cache
def folder() -> str | None:
    """Return the folder of the present sources, made where it is not there; None: nowhere."""
    found = next((place for place in _places() if _can_hold(place)), None)
    if found is None:
        _say("every process compiles anew")
        return None
    with contextlib.suppress(OSError):
        os.utime(found)  # in use
    _prune(os.path.dirname(found), keep=os.path.basename(found))
    return found


def _prune(place: str, keep: str) -> None:
    """Remove folders of other sources: all but the newest few, and none that may be in use."""
    with contextlib.suppress(OSError), os.scandir(place) as entries:
        others = [
            (entry.stat().st_mtime, entry.path)
            for entry in entries
            if entry.name.startswith(NAME) and entry.name != keep
        ]
        for used, path in sorted(others, reverse=True)[KEPT:]:
            if time.time() - used > IN_USE:
                shutil.rmtree(path, ignore_errors=True)


class _Locator:
    """What numba asks where a function is kept and what it was made from."""

    def __init__(self, function: Any, file: str) -> None:
        self._py_file = file  # numba names it in a warning
        room = os.path.relpath(os.path.dirname(os.path.abspath(file)), PACKAGE)
        self._room = room.replace(os.sep, ".").strip(".")
        self._line = function.__code__.co_firstlineno

    def get_cache_path(self) -> str:
        return folder() or ""

    def ensure_cache_path(self) -> None:
        os.makedirs(self.get_cache_path(), exist_ok=True)  # somebody may have cleared it away

    def get_source_stamp(self) -> str:
        return digest()

    def get_disambiguator(self) -> str:
        return f"{self._room}-{self._line}"  # files of two rooms may have one name

    @classmethod
    def from_function(cls, function: Any, file: str) -> _Locator:
        return cls(function, file)


def install() -> None:
    """Let numba keep the functions of this package here."""
    from numba.core import caching
    from numba.core import dispatcher as numbas

    dispatcher: Any = numbas
    theirs = dispatcher.FunctionCache
    if getattr(theirs, "_of_koubei_sim", False):
        return

    class Kept(caching.FunctionCache):
        """numba's own, but a full disk or a damaged file costs time and nothing else."""

        class _impl_class(caching.CompileResultCacheImpl):
            _locator_classes = (_Locator,)

        def save_overload(self, sig: Any, data: Any) -> None:
            with contextlib.suppress(OSError):
                super().save_overload(sig, data)

        def load_overload(self, sig: Any, target_context: Any) -> Any:
            try:
                return super().load_overload(sig, target_context)
            except Exception:  # whatever half a pickle raises
                with contextlib.suppress(OSError):
                    self.flush()
                return None

    def chosen(function: Any) -> Any:
        file = os.path.abspath(function.__code__.co_filename)
        if not file.startswith(PACKAGE + os.sep) or not os.path.isfile(file):
            return theirs(function)
        return caching.NullCache() if folder() is None else Kept(function)

    dispatcher.FunctionCache = chosen
    dispatcher.FunctionCache._of_koubei_sim = True
