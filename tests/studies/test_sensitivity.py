"""Sensitivity studies of scenarios: the runs behind them, common luck, and refusals."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import koubei_sim as kb
from koubei_sim import studies
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics import OUTCOMES, mean_interval
from koubei_sim.model.scenario import Scenario, parameter_table
from koubei_sim.studies import Range, sensitivity
from koubei_sim.studies.design.priors import single_numbers
from koubei_sim.studies.sensitivity.design import ranges_of
from koubei_sim.studies.sensitivity.indices import morris_indices
from koubei_sim.studies.sweep.engine import Cells

SMALL = Scenario.load("tiny").replace(n_agents=300, ticks=15, **{"seeding.number": 10})
PATHS = ["telling.relay", "telling.relay_days"]
#: Nobody relays, so that the days of a relay cannot matter.
SILENT = SMALL.replace(**{"telling.relay": 0.0})
INERT = {"telling.relay_days": (3, 10, "log"), "seeding.number": (5, 20)}
METHODS = {"oat": None, "morris": 3, "sobol": 4}


def outcome_of(scenario: Scenario, replicates: int, rng: int, name: str) -> np.ndarray:
    return kb.metrics.outcomes(kb.run(scenario, replicates=replicates, rng=rng))[name]


# The runs ---------------------------------------------------------------------------------------


def test_one_at_a_time_is_pairs_run_by_hand() -> None:
    """Catches ends exchanged, another baseline, other luck at the ends, a wrong sign."""
    # A range of its own, so that the scenario's value is not in its middle.
    paths = {"telling.relay": (0.3, 1.0), "telling.relay_days": None}
    found = sensitivity(SMALL, paths, outcome="adoptions", replicates=4, rng=6)
    assert found.runs.table()["run"].size == 4 * 5
    values = found.values()
    base = outcome_of(SMALL, 4, 6, "adoptions")
    np.testing.assert_array_equal(values[0], base)
    table = found.table()
    for number, path in enumerate(PATHS):
        low, high = (
            outcome_of(SMALL.replace(**{path: end}), 4, 6, "adoptions")
            for end in (found.ranges[path].low, found.ranges[path].high)
        )
        np.testing.assert_array_equal(values[1 + 2 * number], low)
        np.testing.assert_array_equal(values[2 + 2 * number], high)
        row = table.loc[path]
        low, high, middle = (np.log1p(each) for each in (low, high, base))  # nothing takes off
        assert row["at_low"] == pytest.approx(np.exp((low - middle).mean()))
        assert row["at_high"] == pytest.approx(np.exp((high - middle).mean()))
        wanted = mean_interval(high - low, skewed=np.inf)
        assert row["difference"] == pytest.approx(np.exp(wanted.mean))
        assert row["difference_from"] == pytest.approx(np.exp(wanted.low))
        assert row["difference_to"] == pytest.approx(np.exp(wanted.high))
        assert row["from"] == found.ranges[path].low and row["to"] == found.ranges[path].high
    assert (values != base).any() and table["span"].is_monotonic_decreasing


def test_the_base_point_is_the_scenario_itself() -> None:
    """Catches a value of the table of parameters that does not stand for what is in force."""
    ranges = ranges_of(Scenario.load("campus"), None, 2.0)
    base = Scenario.load("campus")
    values = {row.path: row.value for row in single_numbers(parameter_table(base))}
    assert len(ranges) > 30
    assert base.replace(**{path: values[path] for path in ranges}).digest() == base.digest()


def test_points_of_morris_and_sobol_lie_in_the_ranges() -> None:
    """Catches shares given as values, whole numbers that are not, choices that are shares."""
    paths = {
        "telling.relay": (0.2, 0.4),
        "telling.relay_days": None,
        "seeding.strategy": ["random", "degree"],
        "hearing.memory_half_life": (5, 50, "log"),
    }
    for method, points in (("morris", 8), ("sobol", 8)):
        found = sensitivity(SMALL, paths, method=method, points=points, replicates=1, rng=2)
        table = found.runs.table().groupby("point").first()
        assert table["telling.relay"].between(0.2, 0.4).all()
        assert table["telling.relay_days"].dtype == np.int64
        assert table["telling.relay_days"].nunique() > 2
        assert set(table["seeding.strategy"]) == {"random", "degree"}
        for number, (path, a_range) in enumerate(found.ranges.items()):
            wanted = [a_range.at(float(share)) for share in found.design.shares[:, number]]
            assert table[path].tolist() == wanted
        assert len(table) == (8 * 5 if method == "morris" else 8 * 10)
    without = sensitivity(
        SMALL, PATHS, method="sobol", points=4, second_order=False, replicates=1, rng=2
    )
    assert without.runs.sweep.points.number == 4 * 4
    assert without.interactions() is None and without.pairs() is None


def test_the_indices_are_those_of_the_runs() -> None:
    """Catches replicates taken for points when the tidy table is folded."""
    found = sensitivity(
        SMALL, PATHS, method="morris", points=3, outcome=("users", "adoptions"), rng=3, replicates=3
    )
    table = found.runs.table()
    wanted = table.pivot(index="point", columns="replicate", values="adoptions").to_numpy()
    np.testing.assert_array_equal(found.values("adoptions"), wanted)
    number = list(OUTCOMES).index("adoptions")
    direct = morris_indices(found.design.shares, np.log1p(wanted), found.key, number)
    shown = found.table("adoptions").loc[PATHS]
    np.testing.assert_array_equal(shown["mu_star"], direct.mu_star.value)
    np.testing.assert_array_equal(shown["mu_star_to"], direct.mu_star.high)
    assert (shown["of_mean"] <= shown["mu_star"] + 1e-12).all()


def test_key_backend_and_journal(tmp_path) -> None:
    """Catches points or intervals that do not hang on the key alone; a resume that runs again."""
    asked = {"method": "morris", "points": 3, "replicates": 2, "outcome": "adoptions"}
    one = sensitivity(SMALL, PATHS, rng=8, workers=1, **asked)
    told: list[int] = []
    stored = sensitivity(SMALL, PATHS, rng=8, workers=2, out=tmp_path / "s", **asked)
    again = sensitivity(
        SMALL, PATHS, out=tmp_path / "s", progress=lambda now: told.append(now.done), **asked
    )
    assert told == [18]  # everything was there, and without rng the folder's key is taken
    other = sensitivity(SMALL, PATHS, rng=9, workers=1, **asked)
    for same in (stored, again):
        assert same.table().equals(one.table())
    assert not np.array_equal(other.design.shares, one.design.shares)
    with pytest.raises(KoubeiError, match="other points"):
        sensitivity(SMALL, PATHS, rng=8, out=tmp_path / "s", **(asked | {"levels": 6}))


@pytest.mark.slow
def test_processes_give_the_same_tables() -> None:
    """Catches a worker process whose points or luck are others."""
    asked = {"method": "sobol", "points": 4, "replicates": 2, "outcome": "adoptions", "rng": 8}
    one = sensitivity(SMALL, PATHS, workers=1, **asked)
    other = sensitivity(SMALL, PATHS, backend="loky", workers=2, **asked)
    assert other.table().equals(one.table()) and other.pairs().equals(one.pairs())


# Common luck ------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_what_cannot_act_has_exactly_no_effect(method: str) -> None:
    """Catches points with luck of their own: then nothing would cancel exactly."""
    found = sensitivity(
        SILENT, INERT, method=method, points=METHODS[method], outcome="adoptions", rng=4,
        replicates=3,
    )  # fmt: skip
    left = ["from", "to", "gain", "n", "kind", "of", "take_off_from", "take_off_to"]
    row = found.table().loc["telling.relay_days"].drop(left, errors="ignore")
    times = row.index.str.contains("at_|diff")
    assert (row[times] == 1.0).all() and (row[~times] == 0.0).all(), row
    assert times.any() == (method == "oat")
    assert (found.table().loc["seeding.number"].iloc[2:4] != 0.0).any()
    pairs = found.pairs()
    if pairs is not None:
        assert (pairs[["S2", "S2_from", "S2_to"]] == 0.0).all(axis=None)


def test_independent_luck_would_show_an_effect_where_there_is_none() -> None:
    """Catches a witness that cannot fail: with a key of its own at each point it does."""
    design = sensitivity(SILENT, INERT, method="morris", points=3, rng=4, replicates=3).design
    columns = design.columns
    values = [
        outcome_of(
            SILENT.replace(**{path: column[point] for path, column in columns.items()}),
            3, 1000 + point, "adoptions",
        )
        for point in range(len(design.shares))
    ]  # fmt: skip
    assert morris_indices(design.shares, np.array(values)).mu_star.value[0] > 1.0


def test_noise_adds_up_and_says_what_common_luck_saves() -> None:
    """Catches parts under each other's name: a spread without any effect is all luck."""
    found = sensitivity(
        SILENT, {"telling.relay_days": (3, 10)}, method="morris", points=4, outcome="adoptions",
        replicates=3, rng=5,
    )  # fmt: skip
    row = found.noise.loc["adoptions"]
    assert row["parameters"] == 0.0 and row["luck"] == 1.0 and row["both"] == 0.0
    assert row["replicates"] == 1.0 and row["gain"] == np.inf
    more = sensitivity(SMALL, PATHS, outcome=["users", "adoptions"], replicates=3, rng=5).noise
    more = more.drop("take_off")  # nothing takes off
    np.testing.assert_allclose(more[["parameters", "luck", "both"]].sum(axis=1), 1.0)
    single = sensitivity(SMALL, PATHS, replicates=1, rng=5).noise
    assert single.isna().all(axis=None)


def test_elasticity() -> None:
    """Catches an elasticity per range instead of per cent: rival-free cost is linear in a price."""
    found = sensitivity(
        SMALL, {"seeding.number": (5, 20, "log")}, outcome="trees", replicates=2, rng=1
    )
    row = found.table().iloc[0]  # every seed is the root of one tree, and nearly all trees
    low, high = found.values()[1], found.values()[2]
    assert row["elasticity"] == pytest.approx((np.log(high / low) / np.log(4.0)).mean())
    linear = sensitivity(SMALL, {"seeding.number": (5, 20)}, replicates=2, rng=1).table()
    assert np.isnan(linear["elasticity"]).all()


# Refusals ---------------------------------------------------------------------------------------


def test_an_outcome_that_is_often_undefined_is_refused() -> None:
    """Catches an index over the few runs that were followed for ninety days."""
    for method, points in METHODS.items():
        found = sensitivity(
            SMALL, PATHS, method=method, points=points, outcome=["users", "active_day_90"],
            replicates=2, rng=1,
        )  # fmt: skip
        assert found.undefined("active_day_90") == 1.0 and found.undefined() == 0.0
        with pytest.raises(KoubeiError, match=r"active_day_90: undefined in too many .*100%"):
            found.table("active_day_90")
        assert len(found.table()) == 2
    with pytest.raises(KoubeiError, match="active_day_90"):
        found.interactions("active_day_90")
    single = sensitivity(SMALL, PATHS, outcome="active_day_90", replicates=1, rng=1)
    assert "undefined too often" in repr(single)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"method": "moris"}, "method: unknown, got 'moris', .*try morris"),
        ({"paths": ["telling.rely"]}, "telling.rely: unknown parameter, try telling.relay"),
        ({"paths": []}, "paths: no parameter to vary"),
        ({"paths": ["telling.relay"] * 2}, "paths: one stands there twice, got 'telling.relay'"),
        ({"paths": {"seeding.strategy": ["random"]}}, "one choice is no range"),
        ({"paths": {"telling.relay": (0.5, 0.2)}}, "low bound must be below"),
        ({"paths": ["seeding.strategy"]}, "no range around this value"),
        ({"outcome": "user"}, "outcome: unknown outcome, got user, .*try users"),
        ({"outcome": []}, "outcome: none given"),
        ({"method": "sobol", "points": 12}, "power of two.*got 12, allowed 8, 16, ..., try 16"),
        ({"method": "sobol", "points": 1}, "points: out of range, got 1, allowed 2"),
        ({"method": "morris", "points": 1}, "points: out of range, got 1"),
        ({"method": "morris", "levels": 5}, "levels: must be even, got 5, try 6"),
        ({"points": 8}, "points: one at a time needs none"),
        ({"replicates": 0}, "replicates: out of range, got 0"),
        ({"spread": 0.5}, "spread: out of range"),
        ({"rng": -1}, "rng: "),
        ({"method": "morris", "points": 10**7}, "points: too many"),
        ({"backend": "thread"}, "backend"),
    ],
)
def test_wrong_input_is_one_line_before_any_run(changes: dict, said: str, monkeypatch) -> None:
    """Catches a mistake that is found after hours of runs, or as a traceback of SALib."""
    monkeypatch.setattr(Cells, "do", lambda *_: pytest.fail("it ran"))
    asked = {"paths": PATHS, **changes}
    with pytest.raises(KoubeiError, match=said) as caught:
        sensitivity(SMALL, **asked)
    assert "\n" not in str(caught.value)


def test_without_salib(monkeypatch) -> None:
    """Catches a bare ImportError, and a method that does not need SALib asking for it."""
    for name in [name for name in sys.modules if name.split(".")[0] == "SALib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "SALib", None)
    with pytest.raises(KoubeiError, match=r"morris needs SALib, .*koubei-sim\[calibrate\]"):
        sensitivity(SMALL, PATHS, method="morris")
    assert len(sensitivity(SMALL, PATHS, replicates=1, rng=1).table()) == 2


def test_unknown_outcome_of_a_finished_study() -> None:
    """Catches an outcome that was not kept answered with a KeyError."""
    found = sensitivity(SMALL, PATHS, replicates=2, rng=1)
    with pytest.raises(KoubeiError, match="not kept in this study, got 'loyal', allowed users"):
        found.table("loyal")
    assert found.ranges["telling.relay"] == Range(0.2, 0.8, log=True) and found.method == "oat"
    assert studies.Sensitivity is type(found)
