"""A measure means one thing however it is typed, and an interval is one wherever it is shown."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import koubei_sim as kb
from koubei_sim import KoubeiError, metrics, studies
from koubei_sim.model.scenario import Scenario
from koubei_sim.runs import result as results

SMALL = Scenario.load("tiny").replace(n_agents=120, ticks=12, **{"seeding.number": 12})


@pytest.fixture(scope="module")
def result() -> kb.Result:
    return kb.run(SMALL, 3, rng=3)


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("adoptions/users@10", "adoptions/users@10"),
        ("adoptions / users@10", "adoptions/users@10"),
        ("adoptions /users @ 10", "adoptions/users@10"),
        (" users @10 ", "users@10"),
        ("users@1 .. 3", "users@1..3"),
        ("day: users: 30", "day:users:30"),
        ("cost @ 3", "cost@3"),
        ("lapses/users@10", "lapses / users@10"),
        ("lapses / users @ 10", "lapses / users@10"),
        ("members : forum @ 2", "members:forum@2"),
        ("cost@3/users@3", "cost@3 / users@3"),
        ("users/sum:complaints@0..3", "users / sum:complaints@0..3"),
        ("users/cost@3", "users / cost@3"),
    ],
)
def test_blanks_mean_nothing(result: kb.Result, typed: str, canonical: str) -> None:
    """Catches two measures that differ by a blank, and one that is refused for a blank."""
    assert metrics.check_measure(typed, SMALL) == canonical
    assert metrics.check_measure(canonical) == canonical
    same = np.array_equal(
        metrics.measure(result, typed), metrics.measure(result, canonical), equal_nan=True
    )
    assert same


def test_a_day_behind_a_ratio_is_the_day_of_both(result: kb.Result) -> None:
    """Catches the adoptions of the whole run over the users of one day."""
    flow = np.array([metrics.adoptions(h)[10] for h in result.histories])
    stock = np.array([metrics.users(h)[10] for h in result.histories])
    assert np.allclose(metrics.measure(result, "adoptions / users@10"), flow / stock)
    target = studies.Target("flow", 0.1, 0.1, "adoptions / users@10", "macro-face")
    assert target.dated
    assert target.of(result.histories[0], SMALL) == pytest.approx(flow[0] / stock[0])


def test_a_kept_measure_is_found_however_it_is_typed() -> None:
    """Catches a sweep that keeps `a/b@3` and does not know `a / b@3`."""
    found = studies.sweep(SMALL, {"ticks": [5]}, rng=1, outcomes=["adoptions / users@3"])
    assert found.sweep.outcomes == ("adoptions/users@3", "take_off")
    assert len(found.summary("adoptions / users @ 3")) == 1
    with pytest.raises(KoubeiError, match="outcome: not kept in this study, got None"):
        found.summary(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong", [None, 3, ["users"], pd.Timestamp("2012-01-01"), "", "/", "a/b/c"]
)
def test_what_is_no_measure_is_refused(result: kb.Result, wrong: object) -> None:
    """Catches the AttributeError of a number, a date or a list where a measure is wanted."""
    with pytest.raises(KoubeiError, match="outcome: not a measure"):
        metrics.measure(result, wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [None, {}, 3, "tiny", pd.DataFrame(), SMALL])
@pytest.mark.parametrize(
    "door",
    [
        metrics.summary,
        metrics.outcomes,
        metrics.pyramid,
        lambda run: metrics.measure(run, "users"),
        studies.take_off,
        studies.required_replicates_table,
    ],
)
def test_what_is_no_run_is_refused(door: object, wrong: object) -> None:
    """Catches the AttributeError of a table, a scenario or a path where a run is wanted."""
    with pytest.raises(KoubeiError, match="run: not a finished run"):
        door(wrong)  # type: ignore[operator]


def test_one_interval_wherever_it_is_shown() -> None:
    """Catches bands below nobody, and repr, summary, pyramid and sweep with an interval each."""
    base = SMALL.replace(**{"seeding.number": 3})
    run = kb.run(base, 9, rng=2)
    table, pyramid = run.summary(), run.pyramid()
    swept = studies.sweep(
        base, {"seeding.number": [3]}, replicates=9, rng=2, outcomes=["loyal", "users", "take_off"]
    )
    for (_, found), name in zip(
        results.final_rows(run), ("take_off", "users", "loyal", "die_hard"), strict=True
    ):
        row = table.loc[name]
        mean, low, high = found[:3]
        assert (mean, low, high) == (row["estimate"], row["low"], row["high"])
        if name == "take_off":
            continue
        last = pyramid.iloc[-1]
        assert (last[name], last[f"{name}_low"], last[f"{name}_high"]) == (mean, low, high)
        if name in swept.sweep.outcomes:
            point = swept.summary(name).iloc[0]
            assert (point["estimate"], point["low"], point["high"]) == (mean, low, high)
    assert (table["low"].dropna() >= -1.0).all()
    assert (table.loc[["users", "loyal", "die_hard", "cost"], "low"] >= 0.0).all()


def test_too_few_replicates_are_said_with_how_many_more() -> None:
    """Catches an estimate of two runs that stands as if it had an interval, or a wrong number."""
    said = repr(kb.run(SMALL, 2, rng=2))
    assert "too few replicates (1 more)" in said
    assert "too few" not in repr(kb.run(SMALL, 3, rng=2))
    assert "too few" not in repr(kb.run(SMALL, 1, rng=2))


def test_intervals_stay_within_what_can_be() -> None:
    """Catches counts below 0 and shares above 1 in the table of a sweep."""
    few, all_of = np.array([0.0, 10.0, 2.0]), np.ones(3)
    assert metrics.told("users@9", few, all_of, 1).low == 0.0
    assert metrics.told("online_users/users@9", few, all_of, 1).low == 0.0
    assert metrics.told("aware_share", np.array([0.1, 1.0, 0.2]), all_of, 1)[1:3] == (0.0, 1.0)
    assert metrics.told("reputation / users@9", few, all_of, 1).low < 0.0
    assert metrics.told("take_off", np.array([0.0, 1.0]), all_of[:2], 1).method == "binomial"
    assert np.isnan(metrics.told("take_off", np.array([np.nan]), all_of[:1], 1).estimate)


@pytest.mark.parametrize("every", [None, 7.5, True, 0, -1, "7", "quater", [7]])
def test_periods_are_whole(result: kb.Result, every: object) -> None:
    """Catches half days that are cut, True that is a day, and the TypeError of None."""
    with pytest.raises(KoubeiError, match="every: "):
        metrics.pyramid(result, every)  # type: ignore[arg-type]
    assert len(metrics.pyramid(result, np.int64(7))) == 2  # type: ignore[arg-type]
