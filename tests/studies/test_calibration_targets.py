"""Targets, dated statistics, scorecard and file: what is asked of a run, and what is refused."""

from __future__ import annotations

import datetime
import math

import numpy as np
import pytest

import koubei_sim as kb
from koubei_sim import metrics, studies
from koubei_sim.cli import main
from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import Scenario
from koubei_sim.studies.calibration import Target, Targets, read_calibration, scorecard
from koubei_sim.studies.calibration.scorecard import quantiles

TINY = Scenario.load("tiny").replace(
    n_agents=300, ticks=30, people_per_agent=10.0, start_date="2012-01-01",
    **{"seeding.number": 200},
)  # fmt: skip


@pytest.fixture(scope="module")
def result():
    return kb.run(TINY, replicates=2, rng=7)


# ---------------------------------------------------------------- dated statistics


def test_dated_statistics_are_the_numbers_of_the_dataset(result):
    """Catches a count in agents, a day off by one, and seeds left out of the adoptions."""
    history, data = result.histories[1], result.data.isel(replicate=1)
    users = data["users"].to_numpy()

    def value(text):
        return metrics.dated_value(text, history, TINY)

    assert value("users@0") == users[0]
    assert value("users@2012-01-20") == value("users@19") == users[19]
    assert value("users@10..12") == pytest.approx(users[10:13].mean())
    assert value("adopted@29") == 10 * (history.log_kind == 0).sum()
    events = result.events.query("replicate == 1 and kind == 'adopt' and tick >= 0")
    assert value("adoptions@0..29") == 10 * len(events)
    assert value("adoptions@5..9") == 10 * len(events.query("5 <= tick <= 9"))
    assert value("members:forum@29") + value("members:weibo@29") <= value("members@29")
    online = data["online_users"].to_numpy()
    assert value("online_users/users@8") == pytest.approx(online[8] / users[8])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("usrs@3", "usrs@3: unknown quantity, got usrs, .*, try users"),
        ("users@30", r"users@30: outside the run, got day 30, allowed day 0\.\.29, try ticks = 31"),
        ("users@2011-12-31", "users@2011-12-31: outside the run, got day -1"),
        ("users@2012-02-30", "users@2012-02-30: no such date"),
        ("users@9..3", r"users@9\.\.3: the period must end after its beginning"),
        ("members:form@3", "members:form@3: no such entry in channels, got form, .*, try forum"),
        ("users:forum@3", "users:forum@3: users has no part of that name, got forum"),
        ("users@soon", "users@soon: not a dated statistic"),
    ],
)
def test_wrong_statistics_get_one_line(text, said):
    """Catches a mistake that is found after hours of running, or ends in a traceback."""
    with pytest.raises(KoubeiError, match=f"^{said}"):
        studies.sweep(TINY, {"seeding.purity": [0.5]}, outcomes=[text])


def test_a_sweep_takes_dated_statistics_and_luck_of_its_own():
    """Catches columns mixed up, and runs that share luck where each should have its own."""
    names = ["users@29", "users", "users@9"]
    planned = studies.make_sweep(TINY, {"seeding.purity": [0.5, 0.5001]}, 2, 7, outcomes=names)
    shared = studies.sweep(planned).table()
    assert (shared["users@29"] == shared["users"]).all()
    assert (shared["users@9"] != shared["users"]).any()
    points = {"seeding.purity": [0.5, 0.5001]}
    own = studies.sweep(
        TINY, points, replicates=2, rng=7, outcomes=names, random_numbers=100
    ).table()
    named = studies.sweep(
        TINY, points, replicates=2, rng=7, outcomes=names, random_numbers=[102, 100]
    )
    assert named.table()["replicate"].tolist() == [102, 103, 100, 101]
    assert own["replicate"].tolist() == [100, 101, 102, 103]
    alone = kb.run(TINY.replace(**{"seeding.purity": 0.5001}), replicates=104, rng=7, ticks=30)
    last = [metrics.users(alone.histories[r])[-1] * 10 for r in (102, 103)]
    assert own["users"].tolist()[2:] == last
    assert own["run_key"].nunique() == 4


def test_runs_cut_short_are_the_same_on_the_days_they_have():
    """Catches a run whose first days depend on how long it is: fits play only the days shown."""
    whole = kb.run("tiny", rng=7, ticks=60, replicates=2)
    short = kb.run("tiny", rng=7, ticks=25, replicates=2)
    for a, b in zip(whole.histories, short.histories):
        assert (a.table[:25] == b.table).all()


# ---------------------------------------------------------------- targets


def test_gaps_are_in_tolerances_and_signed():
    """Catches a tolerance that means something else up than down, and a zero that looks near."""
    near = Target("a", 100.0, 0.1, "users", "macro-face")
    assert near.gap([110.0, 100 / 1.1, 100.0]) == pytest.approx([1.0, -1.0, 0.0])
    assert near.gap(0.0) == -math.inf
    plain = Target("b", 5.0, 2.0, "users", "macro-face", log=False)
    assert plain.gap([9.0, 1.0]) == pytest.approx([2.0, -2.0])
    both = Targets([near, Target("c", 5.0, 2.0, "users", "macro-face", weight=3.0, log=False)])
    distance = both.distance(np.array([[110.0, 9.0], [0.0, 5.0], [np.nan, 5.0]]))
    assert distance[0] == pytest.approx(math.sqrt((1 + 3 * 4) / 4))
    assert np.isinf(distance[1:]).all()


def test_a_series_holds_out_what_comes_after():
    """Catches a hold-out that begins a point early or late."""
    days = [datetime.date(2012, 1, 5), "2012-01-10", "2012-01-15"]
    curve = Targets.series(days, [1, 2, 3], name="x", hold_out_after="2012-01-10")
    assert [entry.hold_out for entry in curve] == [False, False, True]
    assert curve.entries[0].statistic == "users@2012-01-05"
    assert len(curve.seen) == 2
    assert len(Targets.series([3, 9], [1, 2], hold_out_after=3).held_out) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tolerance": 0}, r"targets\.a\.tolerance: out of range, got 0.0, allowed above 0"),
        ({"value": -1.0}, r"targets\.a\.value: must be above 0 on a log scale"),
        ({"value": math.nan}, r"targets\.a\.value: out of range, got nan"),
        ({"level": "macroface"}, r"targets\.a\.level: unknown, .*, try macro-face"),
        ({"weight": -1}, r"targets\.a\.weight: out of range"),
        ({"statistic": "usrs"}, r"targets\.a\.statistic: unknown outcome, .*, try users"),
    ],
)
def test_wrong_targets_get_one_line(change, said):
    """Catches a target that would silently never be met."""
    given = {"name": "a", "value": 1.0, "tolerance": 0.1, "statistic": "users"}
    with pytest.raises(KoubeiError, match=f"^{said}"):
        Target(**{**given, "level": "macro-face", **change})


# ---------------------------------------------------------------- scorecard


def test_the_scorecard_hides_no_level(result):
    """Catches an empty level that reads as passed, and a miss that reads as met."""
    final = float(np.median(result.data["users"].isel(tick=-1)))
    card = scorecard(
        result,
        [
            Target("met", final, 0.5, "users", "macro-face"),
            Target("missed", 30 * final, 0.5, "users@29", "empirical-output", hold_out=True),
            Target("input", 200, 0.01, "scenario:seeding.number", "empirical-input"),
            Target("own", 1, 0.1, lambda h, s: h.table.shape[0] / 30, "macro-face", weight=0),
        ],
    )
    table = card.table().set_index("target")
    assert table["verdict"].to_dict() == {
        "": "empty", "met": "met", "missed": "missed", "input": "met", "own": "met",
    }  # fmt: skip
    assert table.loc["missed", "gap"] < -1
    assert table["use"].to_dict()["own"] == "not fitted"
    assert repr(card).splitlines()[0] == "micro-face       empty"
    assert card.by_level()["met"].tolist() == [0, 2, 1, 0]


def test_weighted_quantiles_of_equal_weights_are_order_statistics():
    """Catches weights that are ignored, and a quantile outside the sample."""
    values = np.array([5.0, 1.0, 3.0, np.nan])
    assert quantiles(values, np.full(4, 0.25), (0.0, 0.5, 1.0)) == [1.0, 3.0, 5.0]
    assert quantiles(values, np.array([0.9, 0.05, 0.05, 0.0]), (0.5,)) == [5.0]


# ---------------------------------------------------------------- files and the command

FILE = """
scenario = "bass"
particles = 12
simulations = 40
rng = 7
predictive = 10
[set]
n_agents = 200
ticks = 40
seeding.number = 10
[ranges]
channels.market.persuasion = { low = 0.01, high = 0.2, log = true }
[[series]]
name = "adopters"
dates = [10, 20, 30]
values = [20, 40, 70]
hold_out_after = 20
[[targets]]
name = "all"
value = 200
tolerance = 0.1
statistic = "aware@39"
level = "macro-face"
weight = 0
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("particles", "partcles", "partcles: unknown word, .*, try particles"),
        (
            "hold_out_after",
            "holdout_after",
            r"series\.0\.holdout_after: unknown word, .*, try hold_out_after",
        ),
        ('level = "macro-face"\n', "", r"targets\.0\.level: missing"),
        ("[ranges]", "[rangs]", "rangs: unknown word, .*, try ranges"),
        ("market.persuasion", "market.persuasio", "unknown parameter, try channels.market.persuas"),
        ("simulations = 40", "simulations = 4", "simulations: fewer than particles, got 4"),
        ('statistic = "aware@39"', 'statistic = "aware@40"', "aware@40: outside the run"),
        ("values = [20, 40, 70]", "values = [20, 40]", "lengths differ"),
        ('scenario = "bass"', 'scenario = "bas"', "scenario: unknown preset"),
        ("rng = 7", 'method = "abd"', "method: unknown, got 'abd', .*, try abc"),
    ],
)
def test_wrong_files_get_one_line(tmp_path, old, new, said):
    """Catches a word that is ignored, and a mistake found only after the runs."""
    assert FILE.count(old) >= 1
    (tmp_path / "c.toml").write_text(FILE.replace(old, new, 1))
    with pytest.raises(KoubeiError, match=said) as caught:
        read_calibration(tmp_path / "c.toml", tmp_path / "out").run()
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_the_command_writes_tables_and_resumes(tmp_path, capsys, monkeypatch):
    """Catches a command that recalculates other numbers the second time, or writes wide lines."""
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "c.toml").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    assert main(["calibrate", "c.toml"]) == 0
    first = capsys.readouterr()
    assert first.err == ""
    assert max(map(len, first.out.splitlines())) <= 80
    assert "empirical-input  empty" in first.out
    assert "two logistic waves" in first.out
    names = ["posterior", "holdout", "forecasts", "scorecard", "identifiability", "parameters"]
    before = {name: (tmp_path / "c" / f"{name}.csv").read_bytes() for name in names}
    assert main(["calibrate", "c.toml"]) == 0
    assert capsys.readouterr().out == first.out
    assert {n: (tmp_path / "c" / f"{n}.csv").read_bytes() for n in names} == before
    assert (tmp_path / "c" / "predictive.png").stat().st_size > 10_000
    (tmp_path / "c.toml").write_text(FILE.replace("values = [20,", "values = [25,"))
    assert main(["calibrate", "c.toml"]) == 2
    assert "holds a calibration with another targets" in capsys.readouterr().err
