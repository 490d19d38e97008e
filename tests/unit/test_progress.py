"""What a person sees while a long call works: when it is shown, what it says, and where."""

from __future__ import annotations

import sys
import threading
import types

import pytest
from numba.core import event

import koubei_sim as kb
from koubei_sim.core import progress, workers

NAMES = ("CI", "KOUBEI_PROGRESS")


class Screen:
    """A stderr that may be a terminal."""

    def __init__(self, terminal: bool) -> None:
        self.terminal, self.text = terminal, ""

    def isatty(self) -> bool:
        return self.terminal

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        pass


def terminal(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """A terminal on which bars appear at once; put in place by the test, after those of pytest."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    screen = Screen(True)
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(progress, "SOON", 0.0)
    return screen


def test_shown_where_somebody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches a bar in a pipe, in continuous integration, or from a thread; and none here."""
    terminal(monkeypatch)
    assert progress.watched()
    found: list[bool] = []
    thread = threading.Thread(target=lambda: found.append(progress.watched()))
    thread.start()
    thread.join()
    assert found == [False], "threads show nothing by themselves"
    for name, value in (("CI", "true"), ("KOUBEI_PROGRESS", "0")):
        monkeypatch.setenv(name, value)
        assert not progress.watched(), name
        monkeypatch.delenv(name)
    monkeypatch.setattr(sys, "stderr", Screen(False))
    assert not progress.watched()
    shell = types.SimpleNamespace(config={"IPKernelApp": {}})
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    assert progress.watched(), "a notebook"
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: None))
    assert not progress.watched()


def test_a_run_says_what_it_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Catches a bar on stdout, a stage that is not said, and a result that hangs on it."""
    screen = terminal(monkeypatch)
    shown = kb.run("tiny", 3, rng=7, ticks=20, n_agents=300, threads=1)
    assert "building the world" in screen.text
    assert "running 3 replicates" in screen.text
    assert "/60 [" in screen.text
    said = screen.text
    quiet = kb.run("tiny", 3, rng=7, ticks=20, n_agents=300, threads=1, progress=False)
    assert screen.text == said
    assert shown.digest() == quiet.digest()
    assert capsys.readouterr().out == ""


def test_a_call_inside_a_call_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches two bars that overwrite each other, and an inner one where no was said."""
    terminal(monkeypatch)
    with progress.progress_bar(None, 3, "day") as outer:
        assert outer is not None
        with progress.progress_bar(None, 3, "day") as inner:
            assert inner is None
        with progress.progress_bar(True, 3, "day") as asked:
            assert asked is not None
    for told in (False, lambda done, total: None):
        with progress.progress_bar(told, 3, "day"), progress.progress_bar(None, 3, "d") as inner:
            assert inner is None
    with progress.progress_bar(None, 3, "day") as again:
        assert again is not None


def compile_some(count: int) -> None:
    """Send the events that are sent while something is compiled."""
    for _ in range(count):
        with event.trigger_event("numba:compile"), event.trigger_event("numba:compile"):
            pass


def test_compiling_is_said_when_it_takes_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches words about compiling where all comes from disk, and words that stay."""
    screen = terminal(monkeypatch)
    with progress.progress_bar(None, 3, "day", 12) as bar:
        bar.say("running")
        compile_some(3)
        assert "compiling" not in screen.text, "next to nothing is not worth a word"
        monkeypatch.setattr(progress, "PATIENCE", -1.0)
        compile_some(2)
        assert "compiling kernels, once, about 12 s" in screen.text
        assert bar.line.desc.startswith("running"), "it is over"
        bar.move(3)
    before = screen.text
    compile_some(1)  # nobody listens any more
    assert screen.text == before


def test_short_calls_leave_no_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches a bar that flashes up in a call of milliseconds."""
    screen = terminal(monkeypatch)
    monkeypatch.setattr(progress, "SOON", 60.0)
    kb.run("tiny", 1, rng=7, ticks=5, n_agents=300)
    assert screen.text == ""


# Threads ------------------------------------------------------------------------------------------


def test_all_cores_but_one_thread_in_a_pool(fresh_python, monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches as many threads as cores in each of as many processes as cores."""
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    alone = workers.cores()
    assert alone >= 1
    monkeypatch.setenv("NUMBA_NUM_THREADS", "1")
    assert workers.cores() == 1
    monkeypatch.setenv("NUMBA_NUM_THREADS", "100000")
    assert workers.cores() == alone
    code = (
        "import multiprocessing as m\n"
        "from koubei_sim.core.workers import cores\n"
        "if __name__ == '__main__':\n"
        "    with m.get_context('fork').Pool(1) as pool: print(pool.apply(cores))\n"
    )
    assert fresh_python(code).strip() == "1"


def test_every_door_takes_all_cores_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches a door with a number of threads of its own where none is given."""
    from koubei_sim.cascades import checks
    from koubei_sim.model.scenario import Scenario
    from koubei_sim.networks import row_blocks
    from koubei_sim.runs import fitting
    from koubei_sim.runs.options import options_from
    from koubei_sim.studies.design.plan import make_sweep
    from koubei_sim.studies.sweep.engine import Cells, SweepMeter, execution_from

    for room in (checks, row_blocks, fitting):
        monkeypatch.setattr(room, "cores", lambda: 7)
    small = Scenario.load("tiny").replace(n_agents=300, ticks=5)
    assert checks.threads(None) == row_blocks.thread_count() == 7
    assert options_from(1).simulation(small).shared_out(7) == (7, 1)
    assert options_from(1).simulation(small).shared_out(1) == (1, 7)
    planned = make_sweep(small, {"ticks": [5]}, 20, 1)
    assert Cells(planned, execution_from(), SweepMeter(False))._shared_out(20) == (7, 1)


def test_threads_change_no_byte() -> None:
    """Catches a default that is faster and gives other numbers."""
    runs = {"replicates": 3, "rng": 7, "ticks": 20, "n_agents": 300}
    assert kb.run("tiny", **runs).digest() == kb.run("tiny", threads=1, **runs).digest()
    ring = kb.networks.small_world(100, 4, key=1)
    one, many = (
        kb.cascade(ring, kb.IndependentCascade(0.3), kb.RandomSeeds(2), 40, 1, threads=number)
        for number in (1, None)
    )
    assert one.outcome.sizes.tobytes() == many.outcome.sizes.tobytes()
