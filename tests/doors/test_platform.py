"""The machine as it is: no home folder, kernels kept on disk, consoles of other code pages."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import koubei_sim
from koubei_sim.core import store

PACKAGE = Path(koubei_sim.__file__).parent
NO_HOME = {
    "HOME": "/dev/null/none",
    "XDG_CACHE_HOME": "",
    "XDG_CONFIG_HOME": "",
    "MPLCONFIGDIR": "",
}


def python(
    code: str, *words: str, cwd: Path | None = None, **env: str | None
) -> tuple[int, str, str]:
    """Run code in a process of its own; None takes a variable away.  (status, output, errors)."""
    merged = {**os.environ, "PYTHONPATH": str(PACKAGE.parent), **env}
    given = {name: value for name, value in merged.items() if value is not None}
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        capture_output=True,
        env=given,
        timeout=300,
        cwd=cwd,
        check=False,
    )
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode()


# What is compiled ------------------------------------------------------------------------------

CALLEE = """from koubei_sim.core.compiling import part
@part
def one(x):
    return x + 1
"""
CALLER = """from koubei_sim.core.compiling import kernel
from koubei_sim.core.callee import one
@kernel
def asked(x):
    return one(x)
"""
SHOW = "from koubei_sim.{room}.caller import asked; print(asked(1), asked.stats.cache_hits.total())"


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with nothing compiled, to be edited; the folder to import from."""
    folder = tmp_path_factory.mktemp("copied")
    clean = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, folder / "koubei_sim", ignore=clean)
    return folder


@pytest.mark.parametrize("room", ["core", "apart"])
@pytest.mark.parametrize(
    "named",
    [True, pytest.param(False, marks=pytest.mark.slow)],
    ids=["NUMBA_CACHE_DIR", "beside the sources"],
)
def test_an_edited_callee_gives_new_numbers(
    copied: Path, tmp_path: Path, room: str, named: bool
) -> None:
    """Catches a caller kept on disk that outlives a change of what it calls."""
    callee = copied / "koubei_sim" / "core" / "callee.py"
    (copied / "koubei_sim" / room).mkdir(exist_ok=True)
    (copied / "koubei_sim" / room / "caller.py").write_text(CALLER)
    env = {"PYTHONPATH": str(copied), "NUMBA_CACHE_DIR": str(tmp_path) if named else None}
    code = SHOW.format(room=room).replace(".total()", "")
    callee.write_text(CALLEE)
    assert python(code, **env)[1] == "2 Counter()\n"
    assert python(code, **env)[1].startswith("2 Counter({")  # it is kept, all the same
    # As long and as old as it was: what an archive, or a checkout that keeps times, puts there.
    before = callee.stat()
    callee.write_text(CALLEE.replace("x + 1", "x + 7"))
    os.utime(callee, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert python(code, **env)[1] == "8 Counter()\n"


@pytest.mark.slow
def test_damaged_files_are_compiled_anew(copied: Path, tmp_path: Path) -> None:
    """Catches EOFError from a run because the machine went down while kernels were stored."""
    (copied / "koubei_sim" / "core" / "callee.py").write_text(CALLEE)
    (copied / "koubei_sim" / "core" / "caller.py").write_text(CALLER)
    env = {"PYTHONPATH": str(copied), "NUMBA_CACHE_DIR": str(tmp_path)}
    code = SHOW.format(room="core").replace(".total()", "")
    assert python(code, **env)[1] == "2 Counter()\n"
    for ending in ("nbi", "nbc"):
        found = list(tmp_path.rglob(f"caller.asked*.{ending}"))
        assert found
        for path in found:
            path.write_bytes(path.read_bytes()[:20])
        assert python(code, **env)[1] == "2 Counter()\n", ending
        assert python(code, **env)[1].startswith("2 Counter({"), ending


def test_every_compiled_function_is_kept_here() -> None:
    """Catches a function whose cache numba places, and so takes for fresh when it is not."""
    code = """
import importlib, pkgutil, sys, koubei_sim
from numba.core.dispatcher import Dispatcher
for module in pkgutil.walk_packages(koubei_sim.__path__, "koubei_sim."):
    if ".app" not in module.name and "__main__" not in module.name:
        importlib.import_module(module.name)
from koubei_sim.core import store
found = [(f.py_func.__qualname__, f._cache.cache_path) for m in list(sys.modules.values())
         if m.__name__.startswith("koubei_sim.") for f in vars(m).values()
         if isinstance(f, Dispatcher) and f.py_func.__module__.startswith("koubei_sim")]
print(len(found), {path for _, path in found} - {None, store.folder()})
"""
    count, others = python(code)[1].split(maxsplit=1)
    assert int(count) > 200
    assert others.strip() == "set()"


def test_functions_of_other_packages_stay_where_numba_puts_them(tmp_path: Path) -> None:
    """Catches a library that moves the caches of its users about."""
    (tmp_path / "mine.py").write_text(
        "from numba import njit\n@njit(cache=True)\ndef f(x): return x\n"
    )
    code = "import koubei_sim.core.draws, mine; mine.f(1); print(mine.f._cache.cache_path)"
    path = f"{PACKAGE.parent}{os.pathsep}{tmp_path}"
    _, out, err = python(code, PYTHONPATH=path, NUMBA_CACHE_DIR=None)
    assert out.strip() == str(tmp_path / "__pycache__"), err


def test_old_folders_go_away(tmp_path: Path) -> None:
    """Catches a folder of compiled kernels for every edit, for ever; or one lost while in use."""
    for age in range(12):
        place = tmp_path / f"{store.NAME}{age:02d}"
        place.mkdir()
        when = time.time() - age * 3600
        os.utime(place, (when, when))
    (tmp_path / "other").mkdir()
    store._prune(str(tmp_path), keep=f"{store.NAME}11")
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == [*[f"{store.NAME}{k:02d}" for k in (0, 1, 2, 3, 4, 5, 11)], "other"]


# Nowhere to write -------------------------------------------------------------------------------


def shut(folder: Path, code: str, **env: str | None) -> tuple[int, str, str]:
    """Run code with the package in `folder` where nobody can write to it."""
    merged = {**os.environ, "PYTHONPATH": str(folder), "NUMBA_CACHE_DIR": None, **NO_HOME, **env}
    given = {name: value for name, value in merged.items() if value is not None}
    words = [sys.executable, "-c", code]
    if os.geteuid() == 0:
        if shutil.which("unshare") is None:
            pytest.skip("nothing is shut to root here, and there is no unshare")
        bind = (
            'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" || exit 77; exec "$2" -c "$3"'
        )
        words = ["unshare", "-m", "sh", "-c", bind, "sh", str(folder), sys.executable, code]
    else:
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, env=given, timeout=300, check=False
        )
    finally:
        if os.geteuid() != 0:
            for path in [folder, *folder.rglob("*")]:
                path.chmod(0o755)
    if done.returncode == 77:
        pytest.skip("this machine mounts nothing")
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def readonly(copied: Path) -> Path:
    for path in copied.rglob("__pycache__"):
        shutil.rmtree(path, ignore_errors=True)
    return copied


@pytest.mark.slow
def test_runs_without_a_home(readonly: Path, tmp_path: Path) -> None:
    """Catches a read-only installation on which nothing runs, and one that notes it every time."""
    code = """
import koubei_sim as kb, koubei_sim.plots
net = kb.Network.from_edges([0], [1])
from koubei_sim.plots.style import axes_for
axes_for(None)
print(net)
"""
    first = shut(readonly, code, TMPDIR=str(tmp_path))
    assert first[0] == 0, first[2]
    assert first[2].count("\n") == 1 and "koubei: note: " in first[2]
    again = shut(readonly, code, TMPDIR=str(tmp_path))
    assert again[0] == 0 and again[2] == ""
    (place,) = tmp_path.glob("koubei_sim-*")
    assert place.stat().st_mode & 0o077 == 0  # what is compiled is run: nobody else may write it


def test_a_folder_of_somebody_else_is_not_trusted(readonly: Path, tmp_path: Path) -> None:
    """Catches code taken from a folder that others can write to."""
    planted = tmp_path / f"koubei_sim-{os.getuid()}"
    planted.mkdir()
    planted.chmod(0o777)
    code = "from koubei_sim.core import store; print(store.folder())"
    status, out, err = shut(readonly, code, TMPDIR=str(tmp_path))
    assert status == 0, err
    assert not out.startswith(f"{planted}{os.sep}")
    assert out.startswith(str(tmp_path))


def test_nowhere_at_all(readonly: Path) -> None:
    """Catches RuntimeError from numba where not even a temporary folder can be written to."""
    code = """
import tempfile; tempfile.gettempdir = lambda: "/dev/null/none"
import koubei_sim as kb
print(kb.Network.from_edges([0], [1]).n_nodes)
"""
    status, out, err = shut(readonly, code)
    assert (status, out) == (0, "2\n"), err
    assert err.count("\n") == 1 and "every process compiles anew" in err


def test_no_folder_named_tilde(tmp_path: Path) -> None:
    """Catches a folder called ~ in the working folder, where no home is known or so asked."""
    code = """
import os
from koubei_sim.core import store
print([place for place in store._places() if "~" in place])
"""
    env = {"HOME": str(tmp_path), "NUMBA_CACHE_DIR": "~/kept"}
    assert python(code, cwd=tmp_path, **env)[1] == "[]\n"
    assert (
        python(
            code.replace("import os", "import os; os.path.expanduser = str"),
            cwd=tmp_path,
            HOME=None,
            XDG_CACHE_HOME=None,
            NUMBA_CACHE_DIR=None,
        )[1]
        == "[]\n"
    )
