"""The journal against everything that can happen to a process and to a disk."""

from __future__ import annotations

import dataclasses
import errno
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from koubei_sim import load, studies
from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import Scenario
from koubei_sim.studies.sweep import journal

ROOT = Path(__file__).resolve().parents[2]
SMALL = Scenario.load("tiny").replace(n_agents=300, ticks=10, **{"seeding.number": 10})
GRID = {"seeding.purity": [0.2, 0.5, 0.8], "telling.relay": [0.0, 0.4]}
CHILD = """
import sys
from koubei_sim import studies
from koubei_sim.model.scenario import Scenario
small = Scenario.load("tiny").replace(n_agents=300, ticks=10, **{"seeding.number": 10})
points = {"seeding.purity": [p / %(points)d for p in range(%(points)d)]}
studies.sweep(small, points, replicates=2, rng=7, out=sys.argv[1], workers=2,
              backend=sys.argv[2], scheduler=sys.argv[3] or None, batch_seconds=%(seconds)g)
"""


def bytes_of(folder: Path) -> bytes:
    """The bytes of the exported tidy table."""
    return studies.export(folder, folder.parent / f"{folder.name}.parquet")[0].read_bytes()


def runs_in(folder: Path) -> list[int]:
    """All run numbers in all shards; every file must be readable."""
    found = []
    for path in (folder / "runs").glob("*.parquet"):
        found += pq.read_table(path, columns=["run"])["run"].to_pylist()
    return found


# ---------------------------------------------------------------- killed


def start(
    folder: Path, points: int, backend: str, seconds: float, scheduler: str
) -> subprocess.Popen:
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    code = CHILD % {"points": points, "seconds": seconds}
    words = [sys.executable, "-c", code, str(folder), backend, scheduler]
    return subprocess.Popen(words, env=surroundings)


def killed_again_and_again(
    tmp_path: Path, points: int, kills: int, backend: str, seconds: float, scheduler: str = ""
):
    """Kill a sweep at random moments, resume each time, and compare with an undisturbed one."""
    folder, chance, killed, earlier = tmp_path / "killed", random.Random(20100816), 0, {}
    runs = 2 * points
    for kill in range(kills):
        child = start(folder, points, backend, seconds, scheduler)
        goal = runs * (kill + 1) // (kills + 2)
        until = time.monotonic() + 240
        while child.poll() is None and time.monotonic() < until:
            if earlier and not (folder / "runs").is_dir():
                pytest.fail("the journal has vanished")
            done = sum(int(path.stat().st_size > 0) for path in folder.glob("runs/*.parquet"))
            if done and len(runs_in(folder)) >= goal:
                break
            time.sleep(0.002)
        time.sleep(chance.random() * 0.05)
        if child.poll() is None:
            child.send_signal(signal.SIGKILL)
            killed += 1
        child.wait()
        for path, (content, number) in earlier.items():  # nothing finished is touched again
            assert (path.read_bytes(), path.stat().st_ino) == (content, number)
        found = runs_in(folder)
        assert len(found) == len(set(found))
        shards = (folder / "runs").glob("*.parquet")
        earlier = {path: (path.read_bytes(), path.stat().st_ino) for path in shards}
    child = start(folder, points, backend, seconds, scheduler)
    assert child.wait(timeout=600) == 0
    for path, (content, number) in earlier.items():
        assert (path.read_bytes(), path.stat().st_ino) == (content, number)
    assert sorted(runs_in(folder)) == list(range(runs))
    assert not list(folder.rglob(".*.partial"))
    grid = {"seeding.purity": [p / points for p in range(points)]}
    studies.sweep(SMALL, grid, replicates=2, rng=7, out=tmp_path / "whole")
    assert bytes_of(folder) == bytes_of(tmp_path / "whole")
    return killed


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_a_sweep_killed_twice_ends_with_the_same_bytes(tmp_path):
    """Catches a torn shard, a run done twice, and a table that remembers the interruptions."""
    assert killed_again_and_again(tmp_path, 50, 2, "threads", 0.01) == 2


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["threads", "loky"])
def test_a_sweep_killed_ten_times_ends_with_the_same_bytes(tmp_path, backend):
    """Catches what three kills miss: 2,000 runs, ten kills."""
    assert killed_again_and_again(tmp_path, 1000, 10, backend, 0.05) >= 9


@pytest.fixture
def scheduler():
    """The address of a cluster of two worker processes."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", silence_logs=50
    ) as cluster:
        yield cluster.scheduler_address


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_sweep_whose_caller_is_killed_ends_with_the_same_bytes(tmp_path, scheduler):
    """Catches batches of a dead caller that are written, or keep the workers from the next one."""
    assert killed_again_and_again(tmp_path, 100, 2, "dask", 0.02, scheduler) >= 1


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_sweep_killed_ten_times_ends_with_the_same_bytes(tmp_path, scheduler):
    """The same over 2,000 runs and ten kills."""
    assert killed_again_and_again(tmp_path, 1000, 10, "dask", 0.05, scheduler) >= 9


# ---------------------------------------------------------------- faults of the disk


class Faulty(journal.Disk):
    """A disk whose n-th operation fails: with an error, halfway, or as if the process died."""

    def __init__(self, at: int, how: str) -> None:
        self.at, self.how, self.count = at, how, 0

    def _fail(self, before=lambda: None, after=lambda: None) -> None:
        self.count += 1
        if self.count - 1 != self.at:
            return
        before()
        if self.how == "dies":
            raise SystemExit("as if killed")
        raise OSError(errno.ENOSPC if self.how == "full" else errno.EIO, os.strerror(errno.EIO))

    def write(self, descriptor, content):
        # Half of the content is on the disk when it happens.
        self._fail(before=lambda: os.write(descriptor, content[: len(content) // 2]))
        super().write(descriptor, content)

    def flush(self, descriptor):
        self._fail()
        super().flush(descriptor)

    def rename(self, old, new):
        self._fail()
        super().rename(old, new)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("how", ["error", "full", "dies"])
def test_a_fault_at_every_operation_leaves_a_journal_that_resumes(how, tmp_path, monkeypatch):
    """Catches any order of write, flush and rename in which a fault tears or loses a run."""
    words = dict(replicates=1, rng=7, workers=1)
    few = {"seeding.purity": [0.2, 0.5, 0.8]}
    studies.sweep(SMALL, few, out=tmp_path / "whole", **words)
    wanted, runs = bytes_of(tmp_path / "whole"), 3
    real = journal.Disk
    at = 0
    while True:
        disk = Faulty(at, how)
        monkeypatch.setattr(journal, "Disk", lambda disk=disk: disk)
        folder = tmp_path / f"{how}{at}"
        try:
            studies.sweep(SMALL, few, out=folder, batch_seconds=1e-6, **words)
            break  # the fault lies beyond the last operation
        except studies.SweepStopped as stopped:
            assert how != "dies"
            assert "\n" not in str(stopped)
            assert ("disk full" in str(stopped)) == (how == "full")
            kept = int(re.search(rf"(\d+) of {runs} runs are kept", str(stopped))[1])
            # The last flush comes after the rename: that shard is there, but not yet sure.
            assert kept in (len(runs_in(folder)), len(runs_in(folder)) - 1)
            assert kept == max(0, at // 4 - 1)
            assert not list(folder.rglob("*.partial"))
        except SystemExit:
            assert how == "dies"
        found = runs_in(folder)
        assert len(found) == len(set(found))
        monkeypatch.setattr(journal, "Disk", real)
        studies.sweep(SMALL, few, out=folder, **words)
        assert sorted(runs_in(folder)) == list(range(runs))
        assert bytes_of(folder) == wanted
        assert not list(folder.rglob(".*.partial"))
        at += 1
    # 1 plan and 3 shards: write, flush, rename, flush of the folder.
    assert at == 4 * 4


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of file size")
def test_a_real_limit_of_file_size_is_one_line_and_status_1(tmp_path):
    """Catches a full disk that ends as a traceback or as wrong use; the kernel refuses here."""
    code = (
        "import resource, signal, sys\n"
        "from koubei_sim.cli import main\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))\n"
        "sys.exit(main(['sweep', sys.argv[1], '--workers', '1']))\n"
    )
    file = tmp_path / "study.toml"
    file.write_text(
        f'scenario = "tiny"\nrng = 7\nreplicates = 2\nout = "{tmp_path / "made"}"\n'
        "[set]\nticks = 10\nn_agents = 300\nseeding.number = 10\n"
        "[grid]\nseeding.purity = [0.2, 0.5]\n"
    )
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "NUMBA_CACHE_DIR": ""}
    done = subprocess.run(
        [sys.executable, "-c", code, str(file)],
        capture_output=True, text=True, env=surroundings, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert done.stderr.count("\n") == 1
    assert "disk full (File too large), 0 of 4 runs are kept" in done.stderr


# ---------------------------------------------------------------- folders


def test_shards_that_interleave_give_the_same_bytes(tmp_path):
    """Catches a table in the order of files: a resumed batch may reach across an older shard."""
    made = tmp_path / "made"
    studies.sweep(SMALL, GRID, rng=7, workers=1, out=made, batch_seconds=1e-6)
    before = bytes_of(made)
    for path in journal.shards(made)[::2]:
        path.unlink()
    studies.sweep(SMALL, GRID, rng=7, workers=1, out=made, batch_seconds=100.0)
    assert [pq.read_table(path)["run"].to_pylist() for path in journal.shards(made)][2] == [2, 4]
    assert bytes_of(made) == before


def test_two_processes_cannot_write_one_journal(tmp_path, monkeypatch):
    """Catches two writers, who would both do every run."""
    pytest.importorskip("fcntl")
    monkeypatch.setattr(journal, "_PATIENCE", 0.05)
    plan = studies.make_sweep(SMALL, GRID, rng=7)
    with journal.Journal(tmp_path, plan):
        assert studies.status(tmp_path).running
        with pytest.raises(KoubeiError, match="another process is running this sweep"):
            studies.sweep(plan, out=tmp_path)
    assert not studies.status(tmp_path).running
    studies.sweep(plan, out=tmp_path, workers=1)


def test_the_key_of_a_resumed_sweep_is_that_of_the_folder(tmp_path):
    """Catches a sweep without rng that can never be resumed."""
    first = studies.sweep(SMALL, {"ticks": [5]}, out=tmp_path, workers=1)
    assert studies.sweep(SMALL, {"ticks": [5]}, out=tmp_path).sweep.key == first.sweep.key
    assert studies.sweep(tmp_path).sweep == first.sweep


def test_a_sweep_of_another_version_is_not_gone_on_with(tmp_path, monkeypatch):
    """Catches numbers of two versions in one table, by the folder's name or by the same call."""
    plan = studies.make_sweep(SMALL, GRID, rng=7)
    old = dataclasses.replace(plan, version="0.0.1")
    with journal.Journal(tmp_path, old):
        pass
    with pytest.raises(KoubeiError, match=r"another koubei_sim.*got 0\.0\.1"):
        studies.sweep(tmp_path)
    with pytest.raises(KoubeiError, match=r"another sweep \(version 0\.0\.1 there"):
        studies.sweep(SMALL, GRID, rng=7, out=tmp_path)


def test_a_plan_survives_the_trip_through_its_file(tmp_path):
    """Catches infinities, dates, None and tables that come back as something else."""
    points = [
        {"hearing.memory_half_life": float("inf"), "nodes.vote": None, "start_date": None},
        {"hearing.memory_half_life": 5, "nodes.vote": None, "start_date": "2011-01-01"},
    ]
    points = [{**point, "supply.invites": [0, 1, 2, 4]} for point in points]
    plan = studies.make_sweep(SMALL, points, rng=7, outcomes=["users"])
    plan.check()
    with journal.Journal(tmp_path, plan):
        pass
    stored = load(tmp_path).sweep
    assert stored == plan
    assert stored.digest() == plan.digest()


def test_damaged_and_foreign_files_are_named(tmp_path):
    """Catches a torn or foreign shard that is counted as done."""
    made = tmp_path / "made"
    studies.sweep(SMALL, GRID, rng=7, workers=1, out=made, batch_seconds=1e-6)
    first, *others = journal.shards(made)
    content = first.read_bytes()
    first.write_bytes(content[:-20])
    with pytest.raises(KoubeiError, match=r"cannot be read.*its runs are made again"):
        studies.sweep(SMALL, GRID, rng=7, workers=1, out=made)
    first.unlink()
    assert studies.status(made).done == 5
    studies.sweep(SMALL, GRID, rng=7, workers=1, out=made)
    assert studies.status(made).done == 6
    copy = others[0].with_name("99999999-copy.parquet")
    copy.write_bytes(others[0].read_bytes())
    with pytest.raises(KoubeiError, match="holds runs that another file holds"):
        studies.sweep(SMALL, GRID, rng=7, workers=1, out=made)
    studies.sweep(SMALL, GRID, rng=8, workers=1, out=tmp_path / "other")
    copy.write_bytes(journal.shards(tmp_path / "other")[0].read_bytes())
    with pytest.raises(KoubeiError, match="belongs to another sweep"):
        studies.sweep(SMALL, GRID, rng=7, workers=1, out=made)


def test_a_table_of_half_a_sweep_can_be_exported(tmp_path):
    """Catches an export that needs the end, or counts runs that are not there."""
    studies.sweep(SMALL, GRID, rng=7, workers=1, out=tmp_path / "made", batch_seconds=1e-6)
    for path in journal.shards(tmp_path / "made")[3:]:
        path.unlink()
    path, rows, runs = studies.export(tmp_path / "made", tmp_path / "half.csv")
    assert (rows, runs) == (3, 6)
    assert path.read_text().count("\n") == 4
    assert "3 of 6 runs" in " ".join(repr(load(tmp_path / "made")).split())
