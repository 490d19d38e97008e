"""Streamed runs against everything that can happen to a process and to a disk."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from koubei_sim import storage
from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import Scenario
from koubei_sim.runs import simulate
from koubei_sim.runs.loading import load_result
from koubei_sim.storage import Disk, DiskFile, events

ROOT = Path(__file__).resolve().parents[2]
SMALL = Scenario.load("tiny").replace(n_agents=400, ticks=40, **{"seeding.number": 10})
GROUP = 60
FEW = SMALL.replace(ticks=10)  # a run of some hundred operations
#: The n-th operation of a kind kills the process, as the system would.
CHILD = """
import os, signal, sys
from koubei_sim.runs import archive, simulate
from koubei_sim.storage import Disk, events
from koubei_sim.model.scenario import Scenario
events.GROUP_ROWS = 60
kind, at, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
real, count = getattr(Disk, kind), [0]
def fatal(*words):
    count[0] += 1
    if count[0] == at:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*words)
setattr(Disk, kind, fatal)
small = Scenario.load("tiny").replace(n_agents=400, ticks=40, **{"seeding.number": 10})
simulate.run(small, 3, rng=7, threads=2, out=folder, stream=True)
"""


@pytest.fixture(autouse=True)
def groups(monkeypatch):
    """Row groups of 60 lines, so that a small run writes often."""
    monkeypatch.setattr(events, "GROUP_ROWS", GROUP)


def run(folder, rng=7, scenario=SMALL, **words):
    return simulate.run(scenario, 3, rng=rng, out=folder, stream=True, **words)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# Faults of the disk ---------------------------------------------------------------------------


class Fault:
    """The n-th operation on the disk fails; counts them all."""

    def __init__(self, monkeypatch, at: int, how: str) -> None:
        self.at, self.how, self.count, self.struck = at, how, 0, False
        self.lock = threading.Lock()
        for kind in ("write", "flush", "rename"):
            real = getattr(Disk, kind)
            monkeypatch.setattr(Disk, kind, self._wrapped(kind, real))

    def _wrapped(self, kind, real):
        def operation(disk, *words):
            with self.lock:  # two threads may be at it
                number, self.count = self.count, self.count + 1
            if number == self.at:
                self.struck = True
                if kind == "write":  # half of it is on the disk when it happens
                    real(disk, words[0], bytes(words[1])[: len(words[1]) // 2])
                if self.how == "interrupt":
                    raise KeyboardInterrupt
                raise OSError(
                    errno.ENOSPC if self.how == "full" else errno.EIO, os.strerror(errno.EIO)
                )
            return real(disk, *words)

        return operation


@pytest.mark.sampled(6)
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("how", ["full", "error", "interrupt"])
def test_a_fault_at_any_operation_leaves_the_old_result_or_nothing(
    how, threads, tmp_path, monkeypatch
):
    """Catches half a folder under the right name, an old result that is lost, and leftovers."""
    wanted = run(tmp_path / "wanted", scenario=FEW).digest()
    (tmp_path / "place").mkdir()
    for replacing in (False, True):
        at, step = int(replacing), 2 if threads == 1 and how == "full" else 9
        while True:
            goal = tmp_path / "place" / f"{how}{at}"
            if replacing:
                old = run(goal, rng=8, scenario=FEW).digest()
            with monkeypatch.context() as patch:
                fault = Fault(patch, at, how)
                try:
                    result = run(goal, scenario=FEW, threads=threads)
                except KoubeiError as error:
                    assert how != "interrupt"
                    assert "\n" not in str(error)
                    assert "cannot be written" in str(error)
                    assert ("No space left" in str(error)) == (how == "full")
                except KeyboardInterrupt:
                    assert how == "interrupt"
                else:
                    assert result.digest() == wanted
                    assert not fault.struck
                    break  # the fault lies beyond the last operation
            # The last flush comes when the new name is given: then it is there, and whole.
            found = load_result(goal).digest() if goal.exists() else None
            allowed = (None, wanted) if not replacing else (old, wanted)
            assert found in allowed
            assert names(tmp_path / "place") == ([goal.name] if goal.exists() else [])
            if goal.exists():
                for file in goal.iterdir():
                    file.unlink()
                goal.rmdir()
            at += step
        for file in goal.iterdir():
            file.unlink()
        goal.rmdir()
        assert at > 10


def test_a_closed_file_is_never_written_to(tmp_path):
    """Catches bytes of a writer that was given up in a file that has got its descriptor since."""
    given_up = DiskFile(tmp_path / "one", Disk())
    number = given_up._descriptor
    given_up.close()
    with (tmp_path / "two").open("wb") as other:
        assert other.fileno() == number
        with pytest.raises(ValueError, match="closed file"):
            given_up.write(b"late")
    assert (tmp_path / "two").read_bytes() == b""


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of file size")
def test_a_real_limit_of_file_size_is_one_line_and_leaves_nothing(tmp_path):
    """Catches a full disk that ends as a traceback; the kernel refuses here, deep in a library."""
    code = (
        "import resource, signal, sys\n"
        "from koubei_sim.cli import main\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))\n"
        "sys.exit(main(['run', 'tiny', '--rng', '7', '--ticks', '40', '--stream',\n"
        "               '--out', sys.argv[1]]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "made")],
        capture_output=True, text=True, env=surroundings(), check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode in (1, 2), done.stderr
    assert done.stderr.count("\n") == 1
    assert "cannot be written (File too large)" in done.stderr
    assert names(tmp_path) == []


# Killed ---------------------------------------------------------------------------------------


def surroundings() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT / "src")}


def kill(kind: str, at: int, folder: Path) -> None:
    words = [sys.executable, "-c", CHILD, kind, str(at), str(folder)]
    done = subprocess.run(words, env=surroundings(), check=False, timeout=300)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.sampled(3)
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
@pytest.mark.parametrize(("kind", "at"), [("write", 9), ("flush", 2), ("rename", 1)])
def test_a_killed_run_leaves_nothing_that_loads(kind, at, tmp_path):
    """Catches half a result that passes for whole, and rubbish that stays for ever."""
    pytest.importorskip("fcntl")
    goal = tmp_path / "run"
    kill(kind, at, goal)
    assert not goal.exists()
    (workshop,) = tmp_path.iterdir()
    assert workshop.name.startswith(".run.")
    with pytest.raises(KoubeiError, match="no such folder"):
        load_result(goal)
    with pytest.raises(KoubeiError, match="not a result"):
        load_result(workshop)
    if kind == "write":  # it died while it ran: its log is torn, and no recipe says otherwise
        with pytest.raises(KoubeiError, match="not a result"):
            load_result(workshop / "result")
    run(goal)
    assert names(tmp_path) == ["run"]
    assert load_result(goal).digest() == simulate.run(SMALL, 3, rng=7).digest()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_a_result_being_replaced_when_the_process_dies_comes_back(tmp_path):
    """Catches the one moment in which the old result has lost its name and the new has none."""
    pytest.importorskip("fcntl")
    goal = tmp_path / "run"
    old = run(goal, rng=8)
    kill("rename", 2, goal)
    assert not goal.exists()
    # The next one gets the old result back first, and loses it only once its own is whole.
    with pytest.raises(KeyboardInterrupt), storage.whole_folder(goal):
        assert load_result(goal).digest() == old.digest()
        raise KeyboardInterrupt
    assert names(tmp_path) == ["run"]
    assert load_result(goal).digest() == old.digest()


def test_the_work_of_the_living_is_left_alone(tmp_path):
    """Catches a second run that clears away the first one's work, and files of other people."""
    pytest.importorskip("fcntl")
    goal = tmp_path / "run"
    mine = [tmp_path / name for name in (".run.notes", ".runs.abc.partial", ".run.ab.partial")]
    for folder in mine:
        folder.mkdir()
        (folder / "notes.txt").write_text("x")
    mine.append(tmp_path / ".run.file.partial")
    mine[-1].write_text("x")
    with storage.whole_folder(goal) as partial:
        (partial / "half").write_text("x")
        assert storage.clear_left_overs(goal) == []
        run(goal)
        assert (partial / "half").exists()
    assert all((path / "notes.txt").exists() for path in mine[:-1])
    assert mine[-1].exists()
    assert names(goal) == ["half"]
