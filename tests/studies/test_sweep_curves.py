"""Daily curves and functions of a sweep: what is kept, wherever and however it was run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import koubei_sim as kb
from koubei_sim import studies
from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import Scenario
from koubei_sim.studies.design.functions import digest_of
from koubei_sim.studies.sweep import curves as curves_of

SMALL = Scenario.load("tiny").replace(n_agents=300, ticks=10, **{"seeding.number": 10})
GRID = {"seeding.purity": [0.2, 0.8], "ticks": [6, 10]}
KEEP = ["users", "members", "tells", "quality"]


@pytest.fixture(scope="module")
def kept():
    """A sweep in memory whose points differ in length."""
    return studies.sweep(SMALL, GRID, replicates=2, rng=7, workers=1, keep=KEEP)


def test_curves_are_those_of_run(kept):
    """Catches another day, replicate, column or scale than that of `result.data`."""
    curves = kept.curves()
    for point in range(4):
        changes = kept.sweep.points.at(point)
        data = kb.run(SMALL, 2, rng=7, threads=1, **changes).data
        for name in KEEP:
            ours = curves[name].sel(point=point)
            assert ours.dims == data[name].dims
            np.testing.assert_array_equal(ours[:, : changes["ticks"]], data[name], err_msg=name)
            assert np.isnan(ours[:, changes["ticks"] :]).all(), "after the end of a shorter point"
            assert curves[name].attrs == data[name].attrs
    assert curves["seeding.purity"].to_numpy().tolist() == [0.2, 0.2, 0.8, 0.8]
    assert curves["ticks"].dims == ("point",)
    assert curves["channel"].to_numpy().tolist() == list(SMALL.channels)


def test_every_and_names_and_points_pick(kept):
    """Catches a thinned day that is the mean of several, and a name or point that is not heeded."""
    thin = studies.sweep(SMALL, GRID, replicates=2, rng=7, workers=1, keep="users", every=4)
    days = thin.curves().tick.to_numpy().tolist()
    assert days == [0, 4, 8, 9]  # of the longest; a shorter one ends on a day of its own
    full = kept.curves().users
    np.testing.assert_array_equal(thin.curves(points=[1]).users, full.sel(point=[1], tick=days))
    assert kept.curves("members", points=3).point.to_numpy().tolist() == [3]
    assert list(kept.curves("members").data_vars) == ["members"]
    assert not [c for c in thin.table() if c.startswith("curve")]


@pytest.mark.parametrize(
    "how", [{"workers": 2}, pytest.param({"backend": "loky", "workers": 2}, marks=pytest.mark.slow)]
)
def test_the_same_wherever_they_are_kept(kept, how, tmp_path):
    """Catches curves that are lost on the way from a worker, or on disk."""
    words = {"replicates": 2, "rng": 7, "keep": KEEP, "batch_seconds": 1e-6}
    for out in (None, tmp_path / "kept"):
        again = studies.sweep(SMALL, GRID, out=out, **words, **how)
        assert again.curves().identical(kept.curves())
    opened = kb.load(tmp_path / "kept")
    assert opened.curves().identical(kept.curves())
    assert (
        kb.load(tmp_path / "kept")
        .curves("users", points=2)
        .identical(kept.curves("users", points=2))
    )


KILLED = """
import os, signal, sys
from koubei_sim import studies
from tests.studies.test_sweep_curves import GRID, SMALL
def kill(now):
    if now.done == 3:
        os.kill(os.getpid(), signal.SIGKILL)
studies.sweep(SMALL, GRID, replicates=2, rng=7, workers=1, keep=["users", "members"],
              out=sys.argv[1], progress=kill, batch_seconds=1e-6)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_killed_and_resumed_gives_the_same_bytes(kept, tmp_path):
    """Catches curves of finished runs that are lost, or runs that are done twice."""
    root = Path(__file__).resolve().parents[2]
    path = os.pathsep.join([str(root), str(Path(kb.__file__).parents[1])])
    words = [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path / "s")]
    done = subprocess.run(words, env={**os.environ, "PYTHONPATH": path}, check=False)
    assert done.returncode == -signal.SIGKILL
    half = kb.load(tmp_path / "s").curves("users")
    assert np.isfinite(half.users.isel(tick=0)).sum() == 3, "what is done can be read already"
    asked = {"replicates": 2, "rng": 7, "workers": 1, "keep": ["users", "members"]}
    again = studies.sweep(SMALL, GRID, out=tmp_path / "s", **asked)
    one, other = again.curves(), kept.curves(["users", "members"])
    for name in ("users", "members"):
        assert one[name].to_numpy().tobytes() == other[name].to_numpy().tobytes()


def test_curves_go_to_a_netcdf_file(kept, tmp_path):
    """Catches coordinates or attributes that no netCDF file takes."""
    import xarray as xr

    curves = kept.curves()
    curves.to_netcdf(tmp_path / "curves.nc")
    with xr.open_dataset(tmp_path / "curves.nc") as read:
        np.testing.assert_array_equal(read.users, curves.users)
        assert read["seeding.purity"].dims == ("point",)
    path, rows, runs = studies.export(_on_disk(tmp_path), tmp_path / "by_export.nc")
    assert (rows, runs) == (4, 4)
    with xr.open_dataset(path) as read:
        assert read.users.dims == ("point", "replicate", "tick")


def _on_disk(folder: Path) -> Path:
    studies.sweep(
        SMALL, GRID, rng=7, workers=1, keep="users", out=folder / "disk", outcomes="users"
    )
    return folder / "disk"


def test_what_cannot_be_kept_is_refused(kept, monkeypatch, tmp_path):
    """Catches a name taken that gives nothing, a second sweep in one folder, or a full memory."""
    refusals = [
        ({"keep": "user"}, "keep: no variable of the daily tables, got 'user', .* try users"),
        ({"every": 7}, "every: means nothing where no curves are kept"),
        ({"keep": "users", "every": 0}, "every: out of range, got 0, allowed 1 or more"),
        ({"keep": []}, "keep: names nothing"),
    ]
    for words, said in refusals:
        with pytest.raises(KoubeiError, match=said):
            studies.sweep(SMALL, GRID, rng=7, **words)
    for call, said in [
        (lambda: studies.sweep(SMALL, GRID, rng=7, workers=1).curves(), "curves: this sweep kept"),
        (lambda: kept.curves("loyal"), "names: not kept in this sweep, got 'loyal', allowed users"),
        (lambda: kept.curves(points=4), "points: out of range, got 4, allowed 0..3"),
    ]:
        with pytest.raises(KoubeiError, match=said):
            call()
    folder = _on_disk(tmp_path)
    with pytest.raises(KoubeiError, match="holds another sweep"):
        studies.sweep(SMALL, GRID, rng=7, keep=["users", "loyal"], out=folder, outcomes="users")
    free = SMALL.replace(**{"events.meeting": None, "seeding.channel": None})
    with pytest.raises(KoubeiError, match="members has another channel at some point"):
        studies.sweep(free, {"channels.wechat": [None]}, rng=7, keep="members")
    monkeypatch.setattr(curves_of, "bytes_of", lambda *_: 1e18)
    with pytest.raises(KoubeiError, match="curves: would not fit into memory"):
        kept.curves()


def test_the_file_and_the_command_keep_curves(tmp_path, capsys):
    """Catches `keep` in a sweep file that is read and forgotten."""
    from koubei_sim.cli import main

    (tmp_path / "s.toml").write_text(
        'scenario = "tiny"\nrng = 7\nkeep = ["users"]\nevery = 5\noutcomes = ["users"]\n'
        "[set]\nticks = 10\nn_agents = 300\n[grid]\nseeding.purity = [0.2, 0.8]\n"
    )
    assert main(["sweep", str(tmp_path / "s.toml"), "--out", str(tmp_path / "s")]) == 0
    found = kb.load(tmp_path / "s").curves()
    assert dict(found.sizes) == {"point": 2, "replicate": 1, "tick": 3}
    goal = tmp_path / "curves.nc"
    assert main(["export", str(tmp_path / "s"), str(goal)]) == 0
    assert goal.is_file()
    assert capsys.readouterr().err == ""


# Functions ----------------------------------------------------------------------------------------


def last(result):
    """An outcome of a result."""
    return float(result.data.users[0, -1])


def twice(history, scenario):
    """An outcome of history and scenario."""
    return 2.0 * kb.metrics.users(history)[-1] - 1000.0


OWN = {"users": "users", "last": last, "twice": twice, "key": lambda result: result.key}


def test_functions_stand_beside_measures(tmp_path):
    """Catches a function called with the wrong thing, in the wrong column, or lost on disk."""
    asked = {"points": {"ticks": [6, 10]}, "replicates": 2, "rng": 7, "workers": 1}
    for words in ({}, {"out": tmp_path / "f"}):
        table = studies.sweep(SMALL, outcomes=OWN, **asked, **words).table()
        assert list(table.columns[4:8]) == ["users", "take_off", "last", "twice"]
        assert (table["last"] == table["users"]).all()
        assert (table["twice"] == 2.0 * table["users"] - 1000.0).all()
        assert (table["key"] == 7).all()
    listed = studies.sweep(SMALL, outcomes=[twice, "users"], **asked)
    told = listed.summary("twice")
    assert np.isfinite(told.estimate).all() and (told.estimate < 0).all(), "no logarithm of it"


@pytest.mark.slow
def test_functions_go_to_processes():
    """Catches a lambda that cannot be sent to a process."""
    asked = {"points": {"ticks": [6, 10]}, "rng": 7, "outcomes": OWN}
    away = studies.sweep(SMALL, backend="loky", workers=2, **asked).table()
    assert away.equals(studies.sweep(SMALL, workers=1, **asked).table())
    found = kb.knock_out(
        SMALL, ["relays"], lambda result: result.key, 2, rng=7, backend="loky", workers=2
    )
    assert found.table() is not None


def test_a_folder_knows_a_function_by_what_it_does(tmp_path):
    """Catches numbers of one function that are taken for those of another."""
    asked = {"points": {"ticks": [6]}, "rng": 7, "workers": 1, "out": tmp_path / "f"}
    factor = 2.0
    studies.sweep(SMALL, outcomes={"mine": lambda r: factor * last(r)}, **asked)
    studies.sweep(SMALL, outcomes={"mine": lambda r: factor * last(r)}, **asked)
    factor = 3.0
    with pytest.raises(KoubeiError, match=r"holds another sweep \(other functions as outcomes\)"):
        studies.sweep(SMALL, outcomes={"mine": lambda r: factor * last(r)}, **asked)
    assert kb.load(tmp_path / "f").values("mine").shape == (1, 1)
    with pytest.raises(KoubeiError, match="functions of your own, which a folder does not hold"):
        studies.sweep(tmp_path / "f")

    class Counting:
        def __call__(self, result):
            return 1.0

    with pytest.raises(KoubeiError, match="a function that a folder could not tell"):
        studies.sweep(SMALL, {"ticks": [6]}, outcomes={"n": Counting()}, out=tmp_path / "g")
    table = studies.sweep(SMALL, {"ticks": [6]}, rng=7, outcomes={"n": Counting()}).table()
    assert table["n"].tolist() == [1.0]


def test_digests_tell_functions_apart():
    """Catches a part of a function that the digest does not see."""

    def made(default=1, closed=1):
        return lambda r, d=default: d + closed + len(GRID)

    def nested(number):
        return lambda r: (lambda x: x + 1) if number else (lambda x: x + 2)

    same = digest_of(made())
    assert same and same == digest_of(made())
    others = [
        made(2), made(1, 2), made(1, np.arange(3)), nested(1), nested(0), np.sin, last, twice,
        lambda r: 1.0, lambda r: 2.0, lambda r: lambda: 1, lambda r: lambda: 2,
        [1.0].count, [2.0].count,
    ]  # fmt: skip
    digests = {same, *map(digest_of, others)}
    assert "" not in digests and len(digests) == len(others) + 1
    for untold in (object().__str__, np.random.Generator(np.random.PCG64(1)).random):
        assert digest_of(untold) == "", "what it hangs on cannot be seen"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([lambda r: 1.0], "outcomes: a function without a name, .* try a mapping of names"),
        ({"users": last}, "outcomes: a function under a name that is taken, got 'users'"),
        ({"run": last}, "outcomes: a function under a name that is taken, got 'run'"),
        ({"x": 3}, "outcomes: x is neither a function nor the measure of that name, got 3"),
        ({"late": "users@5"}, "outcomes: late is neither .* try users@5"),
        ({"f": lambda: 1.0}, "takes neither a result nor history and scenario"),
        ([], "outcomes: none, or one twice"),
    ],
)
def test_wrong_outcomes_are_refused(given, said):
    """Catches a word that is taken and fails in the first run, or hides another column."""
    with pytest.raises(KoubeiError, match=said):
        studies.sweep(SMALL, {"ticks": [6]}, rng=7, outcomes=given)


def test_every_study_takes_a_function_of_a_result(tmp_path):
    """Catches a door that calls it with two things, or only knows measures by name."""
    ends = {"replicates": 3, "rng": 7, "threads": 1}
    purer = SMALL.replace(**{"seeding.purity": 0.9})
    pair = kb.compare({"a": SMALL, "b": purer}, **ends)
    assert (pair.values(last) == pair.values("users")).all()
    assert pair.effect(last).kind == "difference"
    first = kb.knock_out(SMALL, ["relays"], lambda r: 1.0 * last(r), **ends)
    assert first.table().equals(kb.knock_out(SMALL, ["relays"], last, **ends).table())
    found = kb.sensitivity(SMALL, ["seeding.purity"], outcome=last, **ends)
    assert found.outcomes == ("last", "take_off")
    named = kb.sensitivity(SMALL, ["seeding.purity"], outcome="users", **ends)
    np.testing.assert_array_equal(found.values(), named.values("users"))
    assert "difference" in found.table().columns
    kept = kb.shapley(
        SMALL, ["relays", "replies"], lambda r: 1.0 * last(r), out=tmp_path / "s", **ends
    )
    assert kept.table().equals(kb.shapley(SMALL, ["relays", "replies"], last, **ends).table())
