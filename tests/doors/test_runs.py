"""Every door of a run: its arguments, its sizes, its tables, its files, and leaving it."""

from __future__ import annotations

import datetime
import json
import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import koubei_sim as kb
from koubei_sim import KoubeiError
from koubei_sim.cli import main

SMALL: dict[str, Any] = {"ticks": 4, "n_agents": 200, "rng": 7}


@pytest.fixture(scope="module")
def result() -> kb.Result:
    """Two small replicates."""
    return kb.run("tiny", 2, **SMALL)


# Arguments ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "named",
    [
        {"replicates": np.int64(2)},
        {"replicates": 2.0},
        {"replicates": pd.Series([2]).iloc[0]},
        {"replicates": 2, "rng": np.array(7)},
        {"replicates": 2, "rng": 7.0},
        {"replicates": 2, "n_agents": np.float64(200)},
        {"replicates": 2, "n_agents": np.array(200), "threads": np.uint8(1)},
        {"replicates": 2, "stream": np.bool_(False)},
        {"replicates": 2, "market.rejection": np.bool_(True)},
    ],
)
def test_numbers_of_other_libraries(named: dict[str, Any], result: kb.Result) -> None:
    """Catches numbers of numpy and pandas that are no numbers at one door."""
    assert kb.run("tiny", **{**SMALL, **named}).digest() == result.digest()


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"threads": "2"}, "threads: not a whole number, got '2'"),
        ({"progress": "no"}, "progress: wrong type, got 'no'"),
        ({"seeding.purity": "0.3"}, r"seeding.purity: must be a number, got '0.3'"),
        ({"market.rejection": "no"}, "market.rejection: must be true or false, got 'no'"),
        ({"shared_world": "yes"}, "shared_world: must be true or false, got 'yes'"),
        (
            {"channels.weibo.network.directed": "no"},
            "channels.weibo.network.directed: must be true or false, got 'no'",
        ),
        ({"replicates": 10**12}, "replicates: their daily tables need more memory"),
        ({"n_agents": 2**31 - 1}, "n_agents: needs more memory"),
        ({"record": "times"}, "record: unknown parameter"),
        ({"out": ""}, "out: an empty path"),
        ({"out": "a\0b"}, "out: not a path"),
        ({"start_date": pd.NaT}, "start_date: must be a date"),
        ({"start_date": datetime.datetime(2010, 8, 16, 5)}, "must be a date without a time"),
        ({"agents_by": "id"}, "agents_by: there is no table of people"),
    ],
)
def test_wrong_arguments(named: dict[str, Any], said: str) -> None:
    """Catches text taken for a number or a truth, sizes that are begun, raw errors."""
    with pytest.raises(KoubeiError, match=said) as caught:
        kb.run("tiny", **{**SMALL, **named})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "given", [{"scenario": 1, "key": 2}, {"scenario": {}, "key": "a"}, 5, b"x"]
)
def test_what_is_no_scenario(given: Any) -> None:
    """Catches a traceback for a recipe that is none."""
    with pytest.raises(KoubeiError):
        kb.run(given)


@pytest.mark.parametrize(
    "day",
    [
        datetime.datetime(2010, 8, 16),
        pd.Timestamp("2010-08-16"),
        pd.Timestamp("2010-08-16", tz="Asia/Shanghai"),
        np.datetime64("2010-08-16"),
        np.datetime64("2010-08-16", "ns"),
        pd.to_datetime(["2010-08-16"])[0],
        " 2010-08-16 ",
    ],
)
def test_dates_of_other_libraries(day: Any) -> None:
    """Catches a date that is one in a file and none in a call."""
    assert kb.Scenario(start_date=day).start_date == datetime.date(2010, 8, 16)
    scenario = kb.Scenario.load("tiny").replace(start_date=day)
    assert scenario.start_date == datetime.date(2010, 8, 16)


# What a result gives -----------------------------------------------------------------------------


def test_the_tidy_frame_says_what_the_tables_say(result: kb.Result) -> None:
    """Catches numbers that change their place on the way into the long form."""
    found = result.frame()
    assert len(found) == sum(result.data[name].size for name in result.data.data_vars)
    pick = (found.variable == "tells") & (found.channel == "weibo") & (found.sign == "negative")
    wanted = result.data.tells.sel(channel="weibo", sign="negative").to_numpy().ravel()
    assert found[pick].value.to_numpy().tolist() == wanted.tolist()
    users = result.frame("users")
    assert list(users.columns) == ["replicate", "tick", "date", "variable", "value"]
    parts = pd.concat(result.frame_batches(["users", "joins"]), ignore_index=True)
    pd.testing.assert_frame_equal(parts, result.frame(["users", "joins"]))


@pytest.mark.parametrize("wrong", ["user", 5, [], ["users", "users"], ["users", 3]])
def test_variables_that_there_are_not(wrong: Any, result: kb.Result) -> None:
    """Catches a raw error for a variable that is misspelt."""
    with pytest.raises(KoubeiError, match="variables: "):
        result.frame(wrong)


def test_tables_are_not_spread_over_all_their_names(result: kb.Result) -> None:
    """Catches 20 GB of repeats for a tiny run, and a guard that is in the way of small tables."""
    long = kb.run("tiny", **{**SMALL, "ticks": 90})
    with pytest.raises(KoubeiError, match=r"rows, one for each combination .* try Result.frame"):
        long.data.to_dataframe()
    with pytest.raises(KoubeiError, match="to_dataarray"):
        long.data.to_array()
    with pytest.raises(KoubeiError, match="to_dataframe"):
        long.data.isel(tick=slice(0, 80)).to_dataframe()
    assert len(result.data[["users", "loyal"]].to_dataframe()) == 8
    assert len(result.data.members.to_dataframe()) == 8 * result.data.sizes["channel"]


@pytest.mark.parametrize("ticks", [3, "ab", (1,), (5, 1), (0.5, 2), (True, 2), ("0", "1"), None])
def test_spans_of_days(ticks: Any, result: kb.Result) -> None:
    """Catches a traceback for a single day; the way out that is named works."""
    if ticks is None:
        assert len(result.events_of(ticks=(np.int64(3), 3.0))) == len(
            result.events_of(ticks=[3, 3])
        )
        return
    with pytest.raises(KoubeiError, match="ticks: "):
        result.events_of(ticks=ticks)


@pytest.mark.parametrize("path", [None, 5, "", b"x", ["a"]])
def test_paths_that_are_none(path: Any, result: kb.Result) -> None:
    """Catches a traceback of pathlib."""
    with pytest.raises(KoubeiError, match="path: "):
        result.save(path)
    with pytest.raises(KoubeiError):
        kb.load(path)


def test_home_and_blanks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches ~ and blanks that are understood for writing, and not for reading."""
    monkeypatch.setenv("HOME", str(tmp_path))
    first = kb.run("tiny", out="~/my runs/a", **SMALL)
    assert kb.load("~/my runs/a").digest() == first.digest()
    assert kb.run("~/my runs/a").digest() == first.digest()
    assert kb.run("~/my runs/a/recipe.json").digest() == first.digest()
    first.scenario.save("~/my runs/s.toml")
    pd.DataFrame({"segment": ["newbie"] * 200}).to_csv(tmp_path / "my runs" / "p.csv")
    own = {"seeding.purity": 0.0}
    again = kb.run("~/my runs/s.toml", rng=7, agents="~/my runs/p.csv", **own)
    words = ["run", "~/my runs/s.toml", "--rng", "7", "--agents", "~/my runs/p.csv", "--no-figures"]
    assert main([*words, "--set", "seeding.purity=0.0", "--out", "~/my runs/b"]) == 0
    assert kb.load("~/my runs/b").digest() == again.digest()
    assert main(["plot", "~/my runs/a", "--out", "~/my runs/c", "--format", "svg"]) == 0
    assert (tmp_path / "my runs" / "c").is_dir()
    assert not Path("~").exists()


# What makes no sense -----------------------------------------------------------------------------


def test_rounding_of_people_is_said(tmp_path: Path) -> None:
    """Catches 20 seeds that become 1,000 people without a word, also after reading back."""
    found = kb.run("tiny", out=tmp_path / "r", people_per_agent=1000.0, **SMALL)
    line = "seeding.number = 20 people become 1,000: an agent is 1,000 people"
    assert line in found.notes and line in repr(found)
    assert kb.load(tmp_path / "r").notes == found.notes
    assert kb.run("tiny", **SMALL).notes == ()


def test_bins_that_become_wider_are_said(tmp_path: Path) -> None:
    """Catches tick=.001 that becomes .004 without a word, also after reading back."""
    from koubei_sim import SIR, cascade, load

    net = kb.Network.from_edges(range(99), range(1, 100))
    found = cascade(net, SIR(0.5, 0.5), [0], 3, rng=1, tick=1e-4, threads=1)
    assert "tick = 0.0001 would make too many bins" in found.notes[0]
    assert found.notes[0] in " ".join(repr(found).split())
    found.save(tmp_path / "c")
    assert load(tmp_path / "c").notes == found.notes
    assert cascade(net, SIR(0.5, 0.5), [0], 3, rng=1, tick=0.25, threads=1).notes == ()


@pytest.mark.parametrize(
    ("place", "value"),
    [(("scenario", "seeding", "purity"), 0.1), (("scenario", "ticks"), 5), (("key",), 8)],
)
def test_an_edited_recipe(place: tuple[str, ...], value: Any, tmp_path: Path) -> None:
    """Catches a result that says of itself what it was not made with."""
    kb.run("tiny", out=tmp_path / "r", **SMALL)
    file = tmp_path / "r" / "recipe.json"
    recipe = json.loads(file.read_text())
    part = recipe
    for step in place[:-1]:
        part = part[step]
    part[place[-1]] = value
    file.write_text(json.dumps(recipe))
    for door in (kb.load, kb.run):
        with pytest.raises(KoubeiError, match="was edited after the result was made"):
            door(tmp_path / "r")
    with pytest.raises(KoubeiError, match="was edited"):
        kb.run(recipe)
    assert main(["run", str(tmp_path / "r")]) == 2
    del recipe["seal"]  # the way out that is named
    assert kb.run(recipe).replicates == 1
    if place[-1] == "ticks":  # and a folder of an earlier version, without a seal
        file.write_text(json.dumps(recipe))
        with pytest.raises(KoubeiError, match="do not hold the result of their recipe"):
            kb.load(tmp_path / "r")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--set", "ticks=3", "--set", "ticks=4"], "--set: one path stands there twice"),
        (["--set", "ticks=3", "--ticks", "4"], "--ticks: given again by --set ticks"),
        (["--set", "market.rejection=no"], "market.rejection: must be true or false, got 'no'"),
        (["--agents", "none.csv"], "agents: no such file"),
        (["--out", "thesis"], "thesis: folder is not empty"),
    ],
)
def test_commands_that_contradict_themselves(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """Catches the later of two words that wins silently, and a goal that is looked at too late."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "a.tex").write_text("x")
    started = time.perf_counter()
    assert main(["run", "tiny", "--rng", "1", *words]) == 2
    assert said in capsys.readouterr().err
    assert time.perf_counter() - started < 5


# Leaving -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("door", ["run", "threads", "model", "stream"])
def test_an_interrupt_ends_a_run(door: str, tmp_path: Path) -> None:
    """Catches Ctrl-C that waits until a kernel is through, and half of a result left behind."""

    def work() -> None:
        big: dict[str, Any] = {"n_agents": 200_000, "ticks": 2000, "rng": 1}
        if door == "model":
            model = kb.KoubeiModel("xiaomi", **big)
            while model.running:
                model.step()
        elif door == "threads":
            kb.run("xiaomi", 4, threads=2, out=tmp_path / "r", **big)
        else:
            kb.run("xiaomi", out=tmp_path / "r", stream=door == "stream", **big)

    sent: list[float] = []

    def interrupt() -> None:
        sent.append(time.perf_counter())
        signal.raise_signal(signal.SIGINT)

    timer = threading.Timer(1.0, interrupt)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            work()
        assert time.perf_counter() - sent[0] < 2.0
    finally:
        timer.cancel()
        signal.signal(signal.SIGINT, before)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written(tmp_path: Path, result: kb.Result) -> None:
    """Catches an hour of work before a folder turns out to be none."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(KoubeiError, match=r"cannot be written .*a file, not a folder"):
        kb.run("tiny", out=tmp_path / "file" / "r", **SMALL)
    with pytest.raises(KoubeiError, match="cannot be written"):
        result.save(tmp_path / "file" / "r")
