"""The two trees: the base checked out beside the working tree, and compiled kernels shared.

The base is a temporary git worktree, taken away at the end whatever happens.  Compiled kernels of
the head are copied to a base of which every file under ``src`` that is equal gets the head's time
stamp: numba and `koubei_sim.core` go by size and time, and throw away what was made from other
files.  So a change that leaves kernels alone costs no compilation.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path


class NoBase(Exception):
    """There is no base to compare with; the text says why."""


def git(root: Path, *words: str) -> str:
    """Run git and return what it says; NoBase where it cannot."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *words], capture_output=True, text=True, check=False
        )
    except OSError:
        raise NoBase("git is not installed") from None
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise NoBase(said[0] if said else f"git {words[0]} failed")
    return done.stdout.strip()


def parent(root: Path) -> str:
    """Return what to compare the working tree with: HEAD where it has changes, else HEAD^."""
    if Path(git(root, "rev-parse", "--show-toplevel")).resolve() != root.resolve():
        raise NoBase("this folder is no repository of its own")
    dirty = git(root, "status", "--porcelain", "--", "src")
    base = "HEAD" if dirty else "HEAD^"
    try:
        return git(root, "rev-parse", "--short", "--verify", "--quiet", f"{base}^{{commit}}")
    except NoBase:
        raise NoBase(
            f"there is no {base} (a first commit, or a shallow clone: git fetch --deepen 1)"
        ) from None


@contextlib.contextmanager
def checked_out(root: Path, revision: str) -> Iterator[Path]:
    """Give a temporary worktree of a revision."""
    commit = git(root, "rev-parse", "--verify", f"{revision}^{{commit}}")
    with tempfile.TemporaryDirectory(
        prefix="koubei-compare-", ignore_cleanup_errors=True
    ) as folder:
        tree = Path(folder) / "tree"
        try:
            git(root, "worktree", "add", "--detach", "--force", str(tree), commit)
            yield tree
        finally:
            shutil.rmtree(tree, ignore_errors=True)
            with contextlib.suppress(NoBase):
                git(root, "worktree", "prune")


@contextlib.contextmanager
def copied(root: Path) -> Iterator[Path]:
    """Give a temporary copy of the library as it is in the working tree, caches included."""
    with tempfile.TemporaryDirectory(
        prefix="koubei-compare-", ignore_cleanup_errors=True
    ) as folder:
        shutil.copytree(root / "src", Path(folder) / "src")  # keeps time stamps
        yield Path(folder)


def same_kernels(head: Path, base: Path) -> bool:
    """Whether both trees hold the same files where a change asks for compiling anew."""
    from koubei_sim.core import store

    found = [list(store.sources(str(tree / "src" / "koubei_sim"))) for tree in (head, base)]
    return found[0] == found[1]


def is_cold() -> bool:
    """Whether nothing is compiled of the library that is imported, wherever that is kept."""
    from koubei_sim.core import store

    folder = store.folder()
    return folder is None or next(Path(folder).rglob("*.nbi"), None) is None


def share_caches(head: Path, base: Path) -> int:
    """Copy compiled kernels of the head to the base where they hold; return how many files."""
    source, target = head / "src" / "koubei_sim", base / "src" / "koubei_sim"
    for file in source.rglob("*.py"):
        twin = target / file.relative_to(source)
        if twin.is_file() and twin.read_bytes() == file.read_bytes():
            status = file.stat()
            os.utime(twin, ns=(status.st_atime_ns, status.st_mtime_ns))
    copies = 0
    for pattern in ("*.nbi", "*.nbc"):
        for file in source.rglob(pattern):
            twin = target / file.relative_to(source)
            beside = next(folder for folder in twin.parents if "__pycache__" not in folder.parts)
            if beside.is_dir():
                twin.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(file, twin)
                copies += 1
    return copies
