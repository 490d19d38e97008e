"""Every study killed in the middle, and every study on a cluster: the same bytes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.killed_studies import ARMS, CAMPAIGN, STUDIES, TINY, profit

import koubei_sim as kb
from koubei_sim.errors import KoubeiError
from koubei_sim.runs.archive import history_digest
from koubei_sim.studies.sweep import backends
from koubei_sim.studies.sweep.engine import Cells
from koubei_sim.studies.sweep.result import open_sweep

ROOT = Path(__file__).resolve().parents[2]


#: Those that are killed in every run of the tests; the others where slow tests are asked for.
FIRST = ("compare", "knock_out", "shapley", "sensitivity", "claim")


def child(folder: Path, names: Sequence[str]) -> subprocess.Popen[bytes]:
    surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    words = [sys.executable, "-m", "tests.killed_studies", str(folder), *names]
    return subprocess.Popen(words, env=surroundings)


def shards(out: Path) -> dict[Path, tuple[bytes, int]]:
    """All finished runs, by file: what is in it, and which file it is."""
    return {path: (path.read_bytes(), path.stat().st_ino) for path in out.rglob("runs/*.parquet")}


def whole(name: str, tmp_path: Path) -> bytes:
    """The study undisturbed: in memory, but for a claim, which has a folder always."""
    return STUDIES[name](**({"out": tmp_path / "whole"} if name == "claim" else {}))


def killed_in_each(folder: Path, names: Sequence[str], kills: int) -> None:
    """Kill a process in the middle of each study, at random moments, and let another go on."""
    chance = random.Random(20100816)
    for name in names:
        out = folder / name
        for kill in range(kills):
            earlier, process, until = shards(out), child(folder, names), time.monotonic() + 300
            while process.poll() is None and time.monotonic() < until:
                if len(list(out.rglob("runs/*.parquet"))) >= len(earlier) + 4 + 3 * kill:
                    break
                time.sleep(0.002)
            time.sleep(chance.random() * 0.02)
            process.send_signal(signal.SIGKILL)
            process.wait()
            assert not out.with_suffix(".bytes").exists(), "it ended before it could be killed"
            now = shards(out)
            assert len(now) > len(earlier)
            # What is finished is not touched again.
            assert all(now[path] == earlier[path] for path in earlier)
    finished = {name: shards(folder / name) for name in names}
    assert child(folder, names).wait(timeout=600) == 0
    for name in names:
        now = shards(folder / name)
        assert all(now[path] == found for path, found in finished[name].items())
        assert not list((folder / name).rglob(".*.partial"))
        assert (folder / name).with_suffix(".bytes").read_bytes() == whole(name, folder / "whole")


needs_kill = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")


@needs_kill
def test_studies_killed_in_the_middle_end_with_the_same_bytes(tmp_path: Path) -> None:
    """Catches a study that begins anew, does a run twice, or remembers that it was interrupted."""
    (tmp_path / "whole").mkdir()
    killed_in_each(tmp_path, FIRST, 1)


@needs_kill
@pytest.mark.slow
def test_all_studies_killed_twice_end_with_the_same_bytes(tmp_path: Path) -> None:
    """The same for functions as outcomes, sampled orders, `attribution` and `break_even`."""
    (tmp_path / "whole").mkdir()
    killed_in_each(tmp_path, [*STUDIES], 2)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", STUDIES)
def test_a_finished_study_runs_nothing_again(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catches a study whose second call finds the folder and does its runs all the same."""
    first = STUDIES[name](out=tmp_path / "study")
    monkeypatch.setattr(backends, "execute", lambda *_: pytest.fail("something ran"))
    assert STUDIES[name](out=tmp_path / "study") == first


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """The address of a cluster of two worker processes."""
    distributed: Any = pytest.importorskip("distributed")
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    try:
        with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0",
            silence_logs=50,
        ) as cluster:  # fmt: skip
            yield cluster.scheduler_address
    finally:
        os.environ.pop("PYTHONPATH")
        if before is not None:
            os.environ["PYTHONPATH"] = before


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", STUDIES)
def test_a_study_on_a_cluster_gives_the_same_bytes(
    name: str, tmp_path: Path, scheduler: str
) -> None:
    """Catches an argument that does not reach the workers, or work that needs this process."""
    out = {"out": tmp_path / "study"} if name == "claim" else {}
    assert STUDIES[name](scheduler=scheduler, **out) == whole(name, tmp_path)


def test_the_key_of_a_study_goes_on_with_its_folder(tmp_path: Path) -> None:
    """Catches a killed study without `rng` that cannot be gone on with, as its key is lost."""
    one = kb.compare(ARMS, 3, out=tmp_path / "a")
    two = kb.compare(ARMS, 3, out=tmp_path / "a")
    assert one.key == two.key
    for name, run in one.runs.items():
        assert history_digest(run.histories) == history_digest(two.runs[name].histories)
    cost = "media.account.cost_per_day"
    asked: dict[str, Any] = {"replicates": 2, "tolerance": 1e6, "out": tmp_path / "b"}
    found = [kb.break_even(TINY, CAMPAIGN, cost, 0.0, 1e6, profit, **asked) for _ in range(2)]
    assert found[0].key == found[1].key


def test_another_study_in_the_folder_is_refused(tmp_path: Path) -> None:
    """Catches runs of two studies mixed in one folder, or a folder that is said to be damaged."""
    kb.knock_out(TINY, ["relays"], "users", 2, rng=7, out=tmp_path / "a")
    with pytest.raises(KoubeiError, match="holds another sweep"):
        kb.knock_out(TINY, ["events"], "users", 2, rng=7, out=tmp_path / "a")
    with pytest.raises(KoubeiError, match="holds another study, try another folder"):
        kb.break_even(TINY, {"telling.relay": 0.9}, "telling.waiting", 0.0, 1.0,
                      out=tmp_path / "a")  # fmt: skip
    with pytest.raises(KoubeiError, match="out: means nothing where all runs are finished"):
        kb.compare([kb.run(TINY, rng=1), kb.run(TINY, rng=1)], out=tmp_path / "b")


def test_the_folder_of_a_study_is_one_of_a_sweep(tmp_path: Path) -> None:
    """Catches a plan of whole scenarios that does not come back out of its file as it was."""
    found = kb.knock_out(TINY, ["relays", "events"], "users", 3, rng=7, out=tmp_path / "a")
    stored = open_sweep(tmp_path / "a")
    assert [variant.digest() for variant in stored.sweep.variants] == [
        TINY.neutral(*off).digest() for off in ((), ("relays",), ("events",), ("relays", "events"))
    ]
    assert (stored.values("users")[0] == found.whole).all()
    table = stored.table()
    assert table["variant"].unique().tolist()[:2] == ["as it is", "without relays"]
    keys = kb.sweep(TINY, {"ticks": [TINY.ticks]}, replicates=3, rng=7, outcomes=["users"]).table()
    assert table["run_key"].tolist()[:3] == keys["run_key"].tolist()


def test_the_error_of_a_function_is_its_own_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Catches a failed run of a study that is kept as if it were done, or told as another error."""

    def wrong(history: Any, scenario: kb.Scenario) -> float:
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        kb.knock_out(TINY, ["relays"], wrong, 2, rng=7)
    monkey = pytest.MonkeyPatch()
    with monkey.context() as patched:
        patched.setattr("koubei_sim.runs.simulation.Simulation.world", lambda *_: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            kb.knock_out(TINY, ["relays"], "users", 2, rng=7, out=tmp_path / "a")
    assert not list(tmp_path.rglob("runs/*.parquet"))
    again = kb.knock_out(TINY, ["relays"], "users", 2, rng=7, out=tmp_path / "a")
    assert (again.whole == kb.knock_out(TINY, ["relays"], "users", 2, rng=7).whole).all()


def test_equal_scenarios_are_run_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches a study that pays for the same runs under two names."""
    asked: list[int] = []
    plain = Cells.do

    def counted(self: Cells, runs: Any = None) -> None:
        asked.append(self.planned.runs if runs is None else len(runs))
        plain(self, runs)

    monkeypatch.setattr(Cells, "do", counted)
    base = TINY.neutral("returns")
    found = kb.knock_out(base, ["returns", "relays"], "users", 2, rng=7)
    assert asked == [2 * 2]  # as it is = without returns; without relays = without both
    assert (found.alone[0] == found.whole).all() and (found.alone[1] == found.ladder[1]).all()
