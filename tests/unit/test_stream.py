"""Streamed runs: the same result to the byte, in memory that does not grow with events."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from tests.strategies import scenarios

from koubei_sim import storage
from koubei_sim.errors import KoubeiError
from koubei_sim.model.compiled import run_compiled
from koubei_sim.model.mechanisms.observe import LOG
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world import build
from koubei_sim.model.world.arrays import LOG_COLUMNS, History
from koubei_sim.runs import archive, dataset, simulate
from koubei_sim.runs.loading import load_result
from koubei_sim.runs.simulation import Simulation
from koubei_sim.storage import events

SMALL = Scenario.load("tiny").replace(n_agents=400, ticks=40, **{"seeding.number": 10})
#: People who leave within days and come back within days: some fifteen events a person.
BUSY = Scenario.load("tiny").replace(
    n_agents=400,
    ticks=100,
    **{
        "service.churn": 0.5,
        "service.lapsed_return": 1,
        "supply.enabled": False,
        "market.rival": [],
        "market.rejection": False,
        "participation.online": 1.0,
        "media.always": {"channel": "forum", "start": 0, "visibility": 1.0, "persuasion": 1.0},
    },
)
XIAOMI = Scenario.load("xiaomi").replace(n_agents=1500, ticks=200)
GROUP = 200
FILES = (storage.DATA, storage.EVENTS, storage.RECIPE)


@pytest.fixture
def groups(monkeypatch):
    """Row groups of 200 lines, so that small runs fill many of them."""
    monkeypatch.setattr(events, "GROUP_ROWS", GROUP)


def same_bytes(one, two):
    for name in FILES:
        assert (one / name).read_bytes() == (two / name).read_bytes(), name


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("scenario", [SMALL, BUSY, XIAOMI], ids=["small", "busy", "xiaomi"])
def test_a_streamed_run_is_the_saved_run_to_the_byte(scenario, threads, groups, tmp_path):
    """Catches lines lost, doubled or out of order, at the seams of groups, ticks, replicates."""
    kept = simulate.run(scenario, 4, rng=5)
    kept.save(tmp_path / "kept")
    streamed = simulate.run(
        scenario, 4, rng=5, threads=threads, out=tmp_path / "streamed", stream=True
    )
    same_bytes(tmp_path / "kept", tmp_path / "streamed")
    assert len(kept.events) > 2 * GROUP
    assert streamed.digest() == kept.digest()
    assert streamed.stored == tmp_path / "streamed"
    assert kept.stored is None
    pd.testing.assert_frame_equal(streamed.events, kept.events)
    pd.testing.assert_frame_equal(streamed.summary(), kept.summary())
    pd.testing.assert_frame_equal(streamed.pyramid(), kept.pyramid())
    assert streamed.data.identical(kept.data)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["kept", "streamed"]
    assert sorted(p.name for p in streamed.stored.iterdir()) == sorted((*FILES, storage.TIMING))


@settings(
    max_examples=12,
    deadline=None,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(scenarios(n_max=120))
def test_every_module_streams(groups, tmp_path_factory, scenario):
    """Catches a mechanism whose events come in another order, or with fields of their own."""
    if scenario.start_date is not None and not 1700 < scenario.start_date.year < 2200:
        scenario = scenario.replace(start_date=None)  # files of tables begin in 1678, end in 2262
    folder = tmp_path_factory.mktemp("drawn")
    kept = simulate.run(scenario, 2, rng=3)
    streamed = simulate.run(scenario, 2, rng=3, out=folder / "streamed", stream=True)
    kept.save(folder / "kept")
    same_bytes(folder / "kept", folder / "streamed")
    pd.testing.assert_frame_equal(streamed.summary(), kept.summary())


def test_a_streamed_folder_loads_repeats_and_saves(groups, tmp_path):
    """Catches a folder that only the run which made it understands."""
    kept = simulate.run(BUSY, 2, rng=5)
    simulate.run(BUSY, 2, rng=5, out=tmp_path / "streamed", stream=True)
    back = load_result(tmp_path / "streamed")
    assert back.stored == tmp_path / "streamed"
    assert back.digest() == kept.digest()
    assert simulate.run(tmp_path / "streamed").digest() == kept.digest()
    again = simulate.run(back, out=tmp_path / "again", stream=True)
    assert (again.digest(), again.key) == (kept.digest(), kept.key)
    back.save(tmp_path / "copy")
    same_bytes(tmp_path / "copy", tmp_path / "streamed")
    assert load_result(tmp_path / "copy").stored is not None
    for one, two in zip(back.in_memory().histories, kept.histories):
        assert isinstance(one, History)
        for name in History._fields:
            assert getattr(one, name).dtype == getattr(two, name).dtype
            assert np.array_equal(getattr(one, name), getattr(two, name)), name


def test_loading_leaves_the_log_or_takes_it_as_told(groups, tmp_path):
    """Catches `stream` of load that is not heeded, and a digest that is not looked at."""
    kept = simulate.run(SMALL, 2, rng=5, out=tmp_path / "kept")
    simulate.run(SMALL, 2, rng=5, out=tmp_path / "streamed", stream=True)
    for name in ("kept", "streamed"):
        for stream in (None, True, False):
            back = load_result(tmp_path / name, stream=stream)
            assert (back.stored is not None) == (name == "streamed" if stream is None else stream)
            assert back.digest() == kept.digest()
    other = simulate.run(SMALL, 2, rng=6, out=tmp_path / "other")
    log = (other.save(tmp_path / "other") / storage.EVENTS).read_bytes()
    (tmp_path / "streamed" / storage.EVENTS).write_bytes(log)
    with pytest.raises(KoubeiError, match="do not hold the result"):
        load_result(tmp_path / "streamed")


def test_replaced_files_are_not_read_as_if_they_were_the_old(groups, tmp_path):
    """Catches a result that speaks of one run with the numbers of another."""
    first = simulate.run(SMALL, rng=5, out=tmp_path / "run", stream=True)
    simulate.run(SMALL, rng=6, out=tmp_path / "run", stream=True)
    with pytest.raises(KoubeiError, match="no longer the file") as caught:
        len(first.events)
    assert "\n" not in str(caught.value)


# Memory ---------------------------------------------------------------------------------------


def test_the_lines_held_are_bounded_whatever_their_number(groups, tmp_path):
    """Catches a log that is gathered and written at the end (planted: a buffer that grows)."""
    world = build.build_world(BUSY, 5, 0)
    handed = []
    with archive.EventStream(tmp_path / "log", dataset.rows_of(BUSY)) as log:
        take = log.sink(0)

        def sink(lines):
            handed.append(np.unique(lines["tick"]).size)
            take(lines)

        history = run_compiled(world, sink=sink)
        log.finish(0)
    assert log.rows == archive.EventFile(tmp_path / "log", 1).rows > 15 * GROUP
    assert log.most_held <= GROUP
    assert history.log_tick.size == 0
    # The engine hands a tick over at once; only the seeds wait for the first.
    assert handed[0] == 2
    assert set(handed[1:]) == {1}


def lines_of(tick, size):
    lines = np.zeros(size, LOG)
    lines["tick"], lines["agent"] = tick, np.arange(size)[::-1]
    return lines


def peak_of_writing(path, ticks):
    with archive.EventStream(path, dataset.rows_of(SMALL)) as log:
        take = [log.sink(r) for r in range(2)]
        tracemalloc.start()
        for tick in range(ticks):
            for replicate in range(2):  # the second one is always ahead of its turn
                take[replicate](lines_of(tick, 500))
        log.finish(0)
        log.finish(1)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak, log.rows


def test_memory_as_the_interpreter_counts_it_does_not_grow(groups, tmp_path, monkeypatch):
    """Catches lines kept anywhere: eight times the events may not cost one of them more bytes."""
    monkeypatch.setattr(events, "GROUP_ROWS", 2000)
    monkeypatch.setattr(events, "POURED", 1000)
    peak_of_writing(tmp_path / "warm", 2)
    few, rows = peak_of_writing(tmp_path / "few", 10)
    many, more = peak_of_writing(tmp_path / "many", 80)
    assert (rows, more) == (10_000, 80_000)
    assert many - few < 5 * (more - rows)  # a line has 20 bytes


def test_what_is_read_is_a_row_group_at_a_time(groups, tmp_path, monkeypatch):
    """Catches summary, digest, tables or saving that pull whole columns into memory."""
    kept = simulate.run(BUSY, 2, rng=5)
    streamed = simulate.run(BUSY, 2, rng=5, out=tmp_path / "run", stream=True)

    def refused(*_):
        pytest.fail("a whole column was read")

    monkeypatch.setattr(archive.StoredHistory, "column", refused)
    seen = []
    real = archive.EventFile._group

    def group(self, *words):
        found = real(self, *words)
        seen.append(found[0].size)
        return found

    monkeypatch.setattr(archive.EventFile, "_group", group)
    back = load_result(tmp_path / "run")
    assert back.digest() == kept.digest()
    pd.testing.assert_frame_equal(back.summary(), kept.summary())
    assert streamed.data.identical(kept.data)
    assert repr(back) == repr(kept)
    back.save(tmp_path / "copy")
    assert max(len(batch) for batch in back.event_batches()) <= GROUP
    assert 0 < max(seen) <= GROUP


def test_a_log_too_long_for_memory_is_refused_in_one_line(groups, tmp_path, monkeypatch):
    """Catches a machine that is driven into its swap: whoever asks for all is told the way."""
    import psutil

    streamed = simulate.run(BUSY, out=tmp_path / "run", stream=True)
    left = type("Left", (), {"available": 2**14})
    monkeypatch.setattr(psutil, "virtual_memory", lambda: left)
    for ask in (
        lambda: streamed.events,
        streamed.in_memory,
        lambda: streamed.histories[0].log_agent,
        lambda: load_result(tmp_path / "run", stream=False),
    ):
        with pytest.raises(KoubeiError, match="does not fit into memory") as caught:
            ask()
        assert "event_batches" in str(caught.value)
    assert len(streamed.events_of(ticks=(-1, -1))) == 20  # a window still fits
    assert streamed.summary().loc["users", "n"] == 1


# Windows --------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [True, False])
def test_events_by_replicate_and_days(stream, groups, tmp_path):
    """Catches windows off by one, and frames of another shape than `events`."""
    result = simulate.run(BUSY, 3, rng=5, out=tmp_path / "run", stream=stream)
    events = result.events
    for replicate in (None, 0, 2):
        for ticks in (None, (-1, -1), (0, 0), (17, 31), (99, 99), (100, 999)):
            wanted = events if replicate is None else events[events.replicate == replicate]
            if ticks is not None:
                wanted = wanted[wanted.tick.between(*ticks)]
            wanted = wanted.reset_index(drop=True)
            pd.testing.assert_frame_equal(result.events_of(replicate, ticks), wanted)
            parts = list(result.event_batches(replicate, ticks))
            assert sum(map(len, parts)) == len(wanted)
            assert all(map(len, parts))


def test_a_window_reads_only_its_row_groups(groups, tmp_path, monkeypatch):
    """Catches a day that costs a pass over the whole log."""
    result = simulate.run(BUSY, 2, rng=5, out=tmp_path / "run", stream=True)
    wanted = len(result.events_of(1, (60, 61)))
    read = []
    real = archive.EventFile._group
    monkeypatch.setattr(
        archive.EventFile, "_group", lambda *words: read.append(words[2]) or real(*words)
    )
    assert len(result.events_of(1, (60, 61))) == wanted > 0
    assert (
        len(read) <= wanted // GROUP + 3
    )  # one more at each end, and the one that two replicates share


def test_replicates_that_come_in_any_order_are_written_in_theirs(groups, tmp_path):
    """Catches a spool that is forgotten, poured twice, or poured before its turn."""
    with archive.EventStream(tmp_path / "log", dataset.rows_of(SMALL)) as log:
        for tick in range(20):
            for replicate in (3, 1, 0, 2):
                log.sink(replicate)(lines_of(tick, 1 + replicate))
        for replicate in (2, 0, 3):
            log.finish(replicate)
        log.sink(1)(lines_of(20, 5))
        log.finish(1)
    assert [p.name for p in tmp_path.iterdir()] == ["log"]
    file = archive.EventFile(tmp_path / "log", 5)
    assert [file.events_of(r) for r in range(5)] == [20, 45, 60, 80, 0]
    for replicate in range(4):
        rows = pd.concat(
            pd.DataFrame(dict(zip(LOG_COLUMNS, piece)))
            for piece in file.pieces(LOG_COLUMNS, replicate)
        )
        assert rows.sort_values(["tick", "kind", "agent"]).index.equals(rows.index)
        assert set(rows.tick) == set(range(21 if replicate == 1 else 20))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"stream": True}, 'stream: needs a folder to write events to, try out="folder"'),
        ({"stream": 1, "out": "new"}, "stream: wrong type, got 1"),
        ({"out": 5}, "out: wrong type, got int"),
        ({"stream": True, "out": "new", "engine": "reference"}, "only the compiled engine streams"),
        ({"stream": True, "out": "thesis"}, "thesis: folder is not empty and holds no result"),
        ({"out": "thesis"}, "thesis: folder is not empty and holds no result"),
        ({"stream": True, "out": "thesis/chapter.tex"}, "is a file, not a folder"),
    ],
)
def test_wrong_words_are_refused_before_any_work(words, message, tmp_path, monkeypatch):
    """Catches an hour of work that ends with a folder that cannot be written."""
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("x")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Simulation, "each", lambda *_: pytest.fail("work was done"))
    with pytest.raises(KoubeiError, match=message) as caught:
        simulate.run(SMALL, **words)
    assert "\n" not in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis"]


def test_wrong_windows_are_refused(tmp_path):
    """Catches an empty frame for a replicate that there is not."""
    result = simulate.run(SMALL, 2, rng=5, out=tmp_path / "run", stream=True)
    with pytest.raises(KoubeiError, match=r"replicate: no such replicate, got 2, allowed 0\.\.1"):
        result.events_of(2)
    with pytest.raises(KoubeiError, match="ticks: not a span"):
        result.event_batches(ticks=(5, 4))
