"""Results: names on the numbers, files that come back bit for bit, nothing half-written."""

from __future__ import annotations

import errno
import importlib.util
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

import koubei_sim as kb
from koubei_sim import storage
from koubei_sim.errors import KoubeiError
from koubei_sim.model.mechanisms import TABLE_WIDTH
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world.arrays import History
from koubei_sim.runs import dataset
from koubei_sim.runs.loading import load_result
from koubei_sim.runs.result import Result


def _synthetic():
    if "koubei_synthetic" not in sys.modules:
        path = Path(__file__).resolve().parents[1] / "synthetic.py"
        spec = importlib.util.spec_from_file_location("koubei_synthetic", path)
        module = importlib.util.module_from_spec(spec)
        sys.modules["koubei_synthetic"] = module
        spec.loader.exec_module(module)
    return sys.modules["koubei_synthetic"]


synthetic = _synthetic()


@pytest.fixture
def scenario():
    return Scenario().replace(name="trial", n_agents=3000, ticks=60, start_date="2010-08-16")


@pytest.fixture
def result(scenario):
    histories = [synthetic.growing(r, ticks=60) for r in range(3)]
    return Result(scenario, 7, "compiled", histories, seconds=1.5)


def _full(scenario, ticks=5, seed=1):
    """A history with every column that the scenario uses filled with a different number."""
    rng = np.random.default_rng(seed)
    history = synthetic.history_of(
        [(-1, 0, -1), (1, 1, -2, 2), (2, 2, 1, 3)], [(3, 1)], ticks=ticks
    )
    names = dataset.names_of(scenario)
    for start, used in dataset._blocks(names):
        history.table[:, start : start + used] = rng.integers(0, 2**40, (ticks, used))
    return history


def test_data_has_named_coordinates_and_right_cells(result):
    """Catches columns under the wrong name: cells are looked up by name and compared."""
    data = result.data
    assert dict(data["tells"].sizes) == {"replicate": 3, "tick": 60, "sign": 2, "channel": 4}
    assert data["channel"].values.tolist() == list(result.scenario.channels)
    assert str(data["date"].values[0])[:10] == "2010-08-16"
    assert str(data["date"].values[-1])[:10] == "2010-10-14"
    table = result.histories[1].table
    from koubei_sim.model.mechanisms import TABLE_OFFSET

    at = TABLE_OFFSET["tells_negative"] + 0
    cell = data["tells"].sel(replicate=1, tick=40, sign="negative", channel="forum")
    assert cell.item() == table[40, at] > 0
    users = data["users"].sel(replicate=1).values
    assert (users == data["by_stage"].sel(replicate=1, stage="user").values).all()


def test_people_per_agent_multiplies_counts_but_not_quality(scenario):
    """Catches a scale that is forgotten, applied twice, or applied to shares."""
    history = synthetic.growing(0, ticks=60)
    plain = Result(scenario, 1, "compiled", [history]).data
    large = Result(scenario.replace(people_per_agent=50.0), 1, "compiled", [history]).data
    assert (large["users"] == 50 * plain["users"]).all()
    assert (large["by_stage"] == 50 * plain["by_stage"]).all()
    assert large["by_stage"].dtype == np.int64
    assert (large["quality"] == plain["quality"]).all()


def test_events_frame(result):
    """Catches wrong names of channels and kinds, and dates that do not follow the tick."""
    events = result.events
    assert list(events.columns) == [
        "replicate", "tick", "date", "agent", "kind", "recruiter", "channel", "product",
        "generation",
    ]  # fmt: skip
    assert len(events) == sum(h.log_tick.size for h in result.histories)
    seeds = events[events["recruiter"] == -1]
    adopted_seeds = seeds[seeds["kind"] == "adopt"]
    assert (adopted_seeds["channel"] == "seed").all()
    assert (adopted_seeds["date"].astype(str) == "2010-08-15").all()
    assert (events[events["recruiter"] == -2]["channel"] == "media").all()
    lapses = events[events["kind"] == "lapse"]
    assert len(lapses) > 0
    assert lapses["channel"].isna().all()
    recruited = events[events["recruiter"] >= 0]
    assert set(recruited["channel"]) == set(result.scenario.channels)


def test_who_bought_itself_in_is_named_and_counted() -> None:
    """Catches bought adoptions without a way in, counted for a channel or in no sum, a person
    named -3, and another kind of category in runs without goods."""
    plain = Scenario.load("tiny").replace(n_agents=150, ticks=20)
    changes = {"goods.phone": {"units": 4.0, "every": 3}, "buying.find": 1.0}
    selling = plain.replace(**changes, **{"buying.arrivals": [{"day": 0, "rate": 0.1}]})
    result = kb.run(selling, rng=2, engine="reference")
    called = np.array([f"p{i}" for i in range(150)])
    events = dataset.events_from(result.histories, selling, names=called)
    bought = events[events["recruiter"] == -3]
    assert len(bought) == result.data["bought_in"].sum() > 5
    assert set(bought["channel"]) == {"goods"} and set(bought["generation"]) == {1}
    assert bought["recruiter_label"].isna().all()
    adopted = (events["kind"] == "adopt") & (events["tick"] >= 0)
    assert result.data["adoptions"].sum() == kb.metrics.adoptions(result.histories[0]).sum()
    assert result.data["adoptions"].sum() == adopted.sum() > len(bought)
    without = kb.run(plain, rng=2, engine="reference").events["channel"].cat.categories
    assert list(without) == [*plain.channels, "seed", "media"]


@pytest.mark.parametrize("scale", [1.0, 10.0, 2.5])
def test_files_give_back_the_same_bits(tmp_path, scenario, scale):
    """Catches any column, dtype or scale that does not survive the way to disk and back."""
    scenario = scenario.replace(ticks=5, people_per_agent=scale)
    histories = [_full(scenario, seed=s) for s in (1, 2)]
    original = Result(scenario, 2**64 - 1, "reference", histories, supplied={"networks": "ab" * 32})
    back = load_result(original.save(tmp_path / "run"))
    assert back.digest() == original.digest()
    for ours, theirs in zip(original.histories, back.histories):
        for name in History._fields:
            mine, other = getattr(ours, name), getattr(theirs, name)
            assert mine.dtype == other.dtype, name
            assert np.array_equal(mine, other), name
    assert back.scenario == scenario
    assert list(back.scenario.channels) == list(scenario.channels)
    assert (back.key, back.engine, back.supplied) == (2**64 - 1, "reference", original.supplied)
    assert back.histories[0].table.shape[1] == TABLE_WIDTH


def test_saving_twice_gives_the_same_bytes(tmp_path, scenario, result):
    """Catches time stamps, times of running or hash order inside the files."""
    again = Result(scenario, 7, "compiled", result.histories, seconds=99.0)
    one, two = result.save(tmp_path / "one"), again.save(tmp_path / "two")
    for name in (storage.DATA, storage.EVENTS, storage.RECIPE):
        assert (one / name).read_bytes() == (two / name).read_bytes(), name
    assert storage.read_timing(two)["seconds"] == 99.0


def test_digest_sees_one_changed_number(result, scenario):
    """Catches a digest that skips a field."""
    for name in History._fields:
        changed = np.array(getattr(result.histories[2], name))
        changed.flat[-1] += 1
        histories = [*result.histories[:2], result.histories[2]._replace(**{name: changed})]
        assert Result(scenario, 7, "compiled", histories).digest() != result.digest(), name


def test_a_full_disk_leaves_nothing(tmp_path, result, monkeypatch):
    """Catches half-written folders: the last file fails, the old result must stay whole."""
    goal = result.save(tmp_path / "run")
    before = {f.name: f.read_bytes() for f in goal.iterdir()}

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(storage, "_write_json", full)
    for path in (goal, tmp_path / "new"):
        with pytest.raises(KoubeiError, match=r"cannot be written \(No space left on device\)"):
            result.save(path)
    assert [f.name for f in tmp_path.iterdir()] == ["run"]
    assert {f.name: f.read_bytes() for f in goal.iterdir()} == before


def test_saving_again_replaces_the_result_and_keeps_other_files(tmp_path, result, scenario):
    """Catches figures being lost when a result is made again, and stale data staying behind."""
    goal = result.save(tmp_path / "run")
    (goal / "figures").mkdir()
    (goal / "figures" / "note.txt").write_text("mine")
    other = Result(scenario, 8, "compiled", result.histories[:1])
    other.save(goal)
    assert load_result(goal).replicates == 1
    assert (goal / "figures" / "note.txt").read_text() == "mine"
    assert sorted(f.name for f in tmp_path.iterdir()) == ["run"]


def test_foreign_folders_are_refused(tmp_path, result):
    """Catches overwriting a folder that is not ours."""
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("x")
    with pytest.raises(KoubeiError, match="not empty and holds no result"):
        result.save(tmp_path / "thesis")
    (tmp_path / "file").write_text("x")
    with pytest.raises(KoubeiError, match="is a file, not a folder"):
        result.save(tmp_path / "file")


def test_damaged_results_say_so_in_one_line(tmp_path, result):
    """Catches tracebacks from the file libraries, and changed numbers passing as the result."""
    with pytest.raises(KoubeiError, match="no such folder"):
        load_result(tmp_path / "absent")
    (tmp_path / "empty").mkdir()
    with pytest.raises(KoubeiError, match="not a result"):
        load_result(tmp_path / "empty")
    goal = result.save(tmp_path / "run")
    recipe = json.loads((goal / storage.RECIPE).read_text())
    for change, message in (
        ({"format": 99}, "written by a newer"),
        ({"digest": "0" * 64}, "do not hold the result"),
        ({"scenario": {"ticks": -4}}, "scenario cannot be read"),
    ):
        (goal / storage.RECIPE).write_text(json.dumps({**recipe, **change}))
        with pytest.raises(KoubeiError, match=message):
            load_result(goal)
    (goal / storage.RECIPE).write_text("{")
    with pytest.raises(KoubeiError, match="cannot be read"):
        load_result(goal)
    (goal / storage.RECIPE).write_text(json.dumps(recipe))
    (goal / storage.EVENTS).write_bytes(b"junk")
    with pytest.raises(KoubeiError, match=r"events\.parquet: cannot be read") as caught:
        load_result(goal)
    assert "\n" not in str(caught.value)
    (goal / storage.DATA).write_bytes(b"junk")
    with pytest.raises(KoubeiError, match=r"data\.nc: cannot be read"):
        load_result(goal)


def test_repr_is_short_and_narrow(result):
    """Catches a repr that prints arrays, or lines that wrap in a terminal of 80 columns."""
    lines = repr(result).splitlines()
    assert len(lines) <= 8
    assert max(len(line) for line in lines) < 80
    assert "trial" in lines[0]
    assert "3 replicates" in lines[1]


def test_html_loads_nothing_and_escapes_names(result, scenario):
    """Catches external resources and a scenario name that becomes markup."""
    named = Result(scenario.replace(name="<b>x"), 7, "compiled", result.histories)
    page = named._repr_html_()
    assert "<svg" in page
    assert page.count("<polyline") == 3
    assert "&lt;b&gt;x" in page
    assert "http" not in page
    assert "<script" not in page
    assert "nan" not in page
