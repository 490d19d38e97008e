"""Workers that are killed: the sweep goes on, and only what kills them fails."""

from __future__ import annotations

import importlib.util
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from koubei_sim import studies
from koubei_sim.model.scenario import Scenario
from koubei_sim.studies.sweep import backends, journal, work

SMALL = Scenario.load("tiny").replace(n_agents=300, ticks=10, **{"seeding.number": 10})
GRID = {"seeding.purity": [p / 20 for p in range(20)]}
WORDS = dict(replicates=2, rng=7, outcomes=["users", "take_off"])

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
needs_dask = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="dask is not installed"
)


def same(one: Any, other: Any) -> bool:
    """Whether two tables are equal bit for bit."""
    return journal.parquet_bytes(one) == journal.parquet_bytes(other)


@pytest.fixture(scope="module")
def table() -> Any:
    """The tidy table of an undisturbed sweep."""
    return studies.sweep(SMALL, GRID, workers=1, **WORDS).arrow()


def deadly(fatal: set[int], marks: Path, times: int) -> Callable[..., Any]:
    """Return a `run_batch` that kills its process at some runs, each `times` times at most.

    A function in a function travels to the workers as it is.
    """

    def run_batch(task: Any, given: Any = None) -> Any:
        for run, _, _ in task.runs:
            deaths = len(list(marks.glob(f"{run}-*")))
            if run in fatal and deaths < times:
                # Half of the batch is done by then.
                work.run_batch(task._replace(runs=task.runs[: len(task.runs) // 2]), given)
                (marks / f"{run}-{deaths}").touch()
                os.kill(os.getpid(), signal.SIGKILL)
        return work.run_batch(task, given)

    return run_batch


def marks_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def check_failure(found: studies.SweepResult, table: Any, run: int) -> None:
    """One run failed at the stage ``worker``; all others are what they would have been."""
    failures = found.failures()
    assert failures["run"].tolist() == [run]
    assert failures["failed"].tolist() == ["worker"]
    assert failures["message"].tolist() == [work.KILLED]
    made = found.arrow()
    assert made["run_key"] == table["run_key"]
    for part in (slice(0, run), slice(run + 1, None)):
        rows = range(made.num_rows)[part]
        assert same(made.take(list(rows)), table.take(list(rows)))


# ---------------------------------------------------------------- processes


def processes() -> list[psutil.Process]:
    """The worker processes of loky."""
    found = psutil.Process().children(recursive=True)
    return [child for child in found if "popen_loky_posix" in " ".join(child.cmdline())]


def test_a_process_killed_by_somebody_is_replaced(table: Any, tmp_path: Path) -> None:
    """Catches a sweep that ends with its worker, loses a batch with it, or does one twice."""
    killed = []

    def kill(now: studies.Progress) -> None:
        if now.done >= 4 and not killed:
            victim = processes()[0]
            victim.send_signal(signal.SIGKILL)
            killed.append(victim.pid)

    found = studies.sweep(
        SMALL, GRID, backend="loky", workers=2, out=tmp_path, progress=kill, batch_seconds=0.01,
        **WORDS,
    )  # fmt: skip
    assert killed
    assert same(found.arrow(), table)
    assert not any(psutil.pid_exists(pid) and pid in [p.pid for p in processes()] for pid in killed)


@pytest.mark.slow
def test_a_run_that_kills_every_worker_is_one_failed_row(
    table: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catches a guilty run that takes others along, or is tried without end."""
    marks = tmp_path / "marks"
    marks.mkdir()
    monkeypatch.setattr(backends, "run_batch", deadly({21}, marks, 99))
    found = studies.sweep(SMALL, GRID, backend="loky", workers=2, out=tmp_path / "made", **WORDS)
    # Once in its batch, once by itself, three times alone.
    assert marks_in(marks) == [f"21-{n}" for n in range(5)]
    check_failure(found, table, 21)
    assert studies.status(tmp_path / "made").failures == {f"worker: {work.KILLED}": 1}
    monkeypatch.undo()
    mended = studies.sweep(tmp_path / "made", workers=1, retry=True)
    assert same(mended.arrow(), table)


@pytest.mark.slow
def test_runs_that_kill_only_sometimes_are_done_in_the_end(
    table: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catches an innocent run, or one that fits once it is alone, given up with the others."""
    monkeypatch.setattr(backends, "run_batch", deadly({3, 4, 30}, tmp_path, 3))
    found = studies.sweep(SMALL, GRID, backend="loky", workers=2, **WORDS)
    assert same(found.arrow(), table)
    assert len(marks_in(tmp_path)) == 9


# ---------------------------------------------------------------- the rules, without processes


class Paper:
    """A pool on paper: tasks are done when asked for, and some take all others along."""

    def __init__(self, fatal: set[int], workers: int, together: bool, most: int = 10**9) -> None:
        self.fatal, self.workers, self.together = fatal, workers, together
        self.ahead, self.most = 2 * workers, most
        self.tried: list[list[int]] = []
        self.renewed = 0
        self.closed: list[Any] | None = None

    def submit(self, task: Any) -> Any:
        pool, runs = self, [run for run, _, _ in task.runs]
        self.tried.append(runs)

        class Future:
            def add_done_callback(self, call: Callable[[Any], None]) -> None:
                call(self)

            def result(self) -> Any:
                if self.broken():
                    raise RuntimeError("killed\nand a long story")
                rows = [work.Row(*run, (1.0, 1.0), None, None, "") for run in task.runs]
                return rows, 0.0

            def broken(self) -> bool:
                return bool(pool.fatal & set(runs)) and len(pool.tried) < pool.most

        return Future()

    def died(self, error: BaseException) -> int:
        return 1

    def renew(self) -> None:
        self.renewed += 1

    def close(self, flying: Any) -> None:
        self.closed = list(flying)


def through(pool: Paper, plan: Any) -> Iterator[Any]:
    cut = backends.Batches(range(plan.runs), plan.replicates, pool.workers, 1.0)
    work_ = backends._Work(pool, cut, lambda b: backends.task_of(plan, b, {}), "loky")
    for rows in work_.rows():
        yield from rows


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("fatal", [set(), {0}, {39}, {7, 8, 9}, {0, 13, 26, 39}])
def test_every_run_comes_back_once_and_the_guilty_ones_fail(
    fatal: set[int], workers: int, together: bool
) -> None:
    """Catches a run lost between two pools, one done twice, and an innocent one given up."""
    plan = studies.make_sweep(SMALL, GRID, **WORDS)
    pool = Paper(fatal, workers, together)
    rows = list(through(pool, plan))
    assert sorted(row.run for row in rows) == list(range(40))
    assert {row.run for row in rows if row.failed == "worker"} == fatal
    for run in fatal:
        alone = [runs for runs in pool.tried if runs == [run]]
        assert len(alone) >= backends.STRIKES


def test_workers_that_never_live_end_the_sweep_in_one_line() -> None:
    """Catches pools that are started without end where no worker can live."""
    plan = studies.make_sweep(SMALL, GRID, **WORDS)
    pool = Paper(set(range(40)), 2, True)
    with pytest.raises(studies.SweepStopped, match=r"died 20 times.*killed") as caught:
        list(through(pool, plan))
    assert "\n" not in str(caught.value) and pool.renewed == backends.BARREN - 1


def test_a_fault_of_the_pool_itself_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catches a cluster without the library taken for one whose workers die, and a traceback."""
    pool = Paper({5}, 2, True)
    monkeypatch.setattr(pool, "died", lambda error: 0)
    monkeypatch.setattr(backends, "open_pool", lambda *_: pool)
    with pytest.raises(studies.SweepStopped, match=r"cannot do it.*RuntimeError: killed") as caught:
        studies.sweep(SMALL, GRID, backend="loky", workers=2, out=tmp_path, **WORDS)
    assert "\n" not in str(caught.value)
    assert pool.closed is not None
    assert 0 < studies.status(tmp_path).done < 40


def test_a_worker_of_another_version_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches numbers of another version in the table of this one."""
    monkeypatch.setattr(work, "__version__", "0.0.1")
    with pytest.raises(studies.SweepStopped, match=r"has another koubei_sim, got 0\.0\.1"):
        studies.sweep(SMALL, GRID, workers=2, **WORDS)


# ---------------------------------------------------------------- a cluster


@pytest.fixture
def cluster() -> Iterator[Any]:
    """Two worker processes, replaced when they die; a task is given up after its second death."""
    dask, distributed = pytest.importorskip("dask"), pytest.importorskip("distributed")
    quick = {
        "distributed.scheduler.allowed-failures": 1,
        "distributed.comm.retry.count": 0,
    }
    with (
        dask.config.set(quick),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0",
            silence_logs=50,
        ) as made,
    ):  # fmt: skip
        yield made


@pytest.mark.slow
@needs_dask
@pytest.mark.filterwarnings("ignore")
def test_a_worker_of_a_cluster_killed_by_somebody(table: Any, cluster: Any, tmp_path: Path) -> None:
    """Catches a cluster sweep that ends with a worker, or counts its runs twice."""
    killed: list[int] = []

    def kill(now: studies.Progress) -> None:
        if now.done >= 4 and not killed:
            pid = next(iter(cluster.workers.values())).process.pid
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    found = studies.sweep(
        SMALL, GRID, backend="dask", scheduler=cluster.scheduler_address, out=tmp_path,
        progress=kill, batch_seconds=0.01, **WORDS,
    )  # fmt: skip
    assert killed
    assert same(found.arrow(), table)


@needs_dask
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_run_that_kills_workers_of_a_cluster(
    table: Any, cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catches a scheduler's KilledWorker that ends the sweep or fails a whole batch."""
    monkeypatch.setattr(backends, "run_batch", deadly({21}, tmp_path, 99))
    found = studies.sweep(SMALL, GRID, backend="dask", scheduler=cluster.scheduler_address, **WORDS)
    check_failure(found, table, 21)
