"""Measures written as text: read off one run in a second, plain way."""

from __future__ import annotations

import numpy as np
import pytest

import koubei_sim as kb
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics import OUTCOMES, check_measure, measure, measures, outcomes
from koubei_sim.model.mechanisms import TABLE, TABLE_OFFSET


@pytest.fixture(scope="module")
def run() -> kb.Result:
    return kb.run("tiny", replicates=3, rng=5, n_agents=400, ticks=30)


def column(run: kb.Result, replicate: int, name: str, number: int = 0) -> np.ndarray:
    return run.histories[replicate].table[:, TABLE_OFFSET[name] + number]


def test_outcomes_are_measures(run: kb.Result) -> None:
    """Catches a measure that shadows an outcome, or gives it another replicate's number."""
    every = measures(run, list(OUTCOMES))
    for name, values in outcomes(run).items():
        np.testing.assert_array_equal(every[name], values)


def test_an_outcome_is_the_same_without_the_others(run: kb.Result) -> None:
    """Catches an outcome of the log that is asked for alone, and then not read from it."""
    every = outcomes(run)
    assert list(every) == list(OUTCOMES)
    for name in OUTCOMES:
        (found,) = outcomes(run, [name]).items()
        assert found[0] == name
        np.testing.assert_array_equal(found[1], every[name])


def test_series_on_a_day(run: kb.Result) -> None:
    """Catches a day counted from 1, and a series of the wrong tiers."""
    for r in range(3):
        tiers = np.array([column(run, r, "tier", k) for k in range(4)])
        assert measure(run, "users@12")[r] == tiers[:, 12].sum()
        assert measure(run, "loyal@12")[r] == tiers[1:, 12].sum()
        assert measure(run, "aware@12")[r] == 400 - column(run, r, "stage", 0)[12]
        log = run.histories[r]
        assert measure(run, "adopted@29")[r] == (log.log_kind == 0).sum()
        flow = measure(run, "adoptions@0..29")[r]  # seeds have adopted before day 0
        assert flow == measure(run, "adopted@29")[r] - run.scenario.seeding.number


def test_first_day_is_restricted_to_the_horizon(run: kb.Result) -> None:
    """Catches a level met a day late, and a level never met that is lost instead of censored."""
    found = measure(run, "day:users:40")
    for r in range(3):
        users = sum(column(run, r, "tier", k) for k in range(4))
        late = np.flatnonzero(users >= 40)
        assert found[r] == (late[0] if late.size else 30)
    assert (measure(run, "day:users:401") == 30).all()


def test_blocks_and_columns(run: kb.Result) -> None:
    """Catches columns counted off by one, and day ranges without their last day."""
    channels = list(run.scenario.channels)
    for number, name in enumerate(channels):
        found = measure(run, f"sum:adoptions_channel.{name}@3..8")
        for r in range(3):
            assert found[r] == column(run, r, "adoptions_channel", number)[3:9].sum()
    whole = measure(run, "sum:joins")
    width = dict(TABLE)["joins"]
    for r in range(3):
        assert whole[r] == sum(column(run, r, "joins", k).sum() for k in range(width))
    np.testing.assert_allclose(
        measure(run, "mean:joins@10..19") * 10, measure(run, "sum:joins@10..19")
    )


def test_ratio_is_undefined_at_zero(run: kb.Result) -> None:
    """Catches a division by zero that becomes 0 or inf."""
    assert np.isnan(measure(run, "users / sum:lottery@0..0")).all()
    np.testing.assert_array_equal(measure(run, "users / users"), [1.0, 1.0, 1.0])


def test_a_measure_is_checked_against_the_run(run: kb.Result) -> None:
    """Catches days after the end that give the last day, or nothing, without a word."""
    for text in ("cost@9999", "sum:complaints@50..60", "users@30", "sum:tells_positive.7"):
        with pytest.raises(KoubeiError):
            measure(run, text)


def test_people_per_agent_scales_people_not_days() -> None:
    """Catches a scale that is left out, or applied to days."""
    big = kb.run("tiny", replicates=1, rng=5, n_agents=300, ticks=20, people_per_agent=2.0)
    table = big.histories[0].table
    at = TABLE_OFFSET["tier"]
    assert measure(big, "users@19")[0] == 2 * table[19, at : at + 4].sum()
    assert measure(big, "day:users:1000000")[0] == 20


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (3, "not a measure"),
        ("", "not a measure"),
        ("a / b / c", "not a measure"),
        ("user", "try users"),
        ("user@3", "unknown quantity.*try users"),
        ("day:loyals:10", "try loyal"),
        ("sum:complaint", "try complaints"),
        ("sum:stock.forum", "has one column"),
        ("sum:joins@9..8", "no day between"),
        ("users@30", "outside the run"),
        ("sum:complaints@20..30", "days after the end"),
        ("sum:complaints.forums", "no such column"),
    ],
)
def test_wrong_measures_are_refused_in_one_line(run: kb.Result, text: object, said: str) -> None:
    """Catches a measure that is misread, or refused only after the runs."""
    with pytest.raises(KoubeiError, match=said) as error:
        check_measure(text, run.scenario)
    assert "\n" not in str(error.value)
