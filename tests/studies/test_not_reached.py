"""A day that neither scenario reached: nothing is known of the effect on it, and it is said so.

It was told as a difference of 0 with an interval of no width, which reads like a sure answer.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.reports import Read, comparison

import koubei_sim as kb
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics import told
from koubei_sim.studies.compare.strata import NOT_REACHED, effect, parts, scaled

NAN = np.nan
NEVER = "day_loyal_100000"
BASE = kb.Scenario.load("tiny").replace(n_agents=300, ticks=30)


@pytest.mark.parametrize(
    ("name", "never"), [(NEVER, NAN), ("day:users:9", 30.0)], ids=["outcome", "measure"]
)
def test_an_effect_is_known_where_one_of_the_two_got_there(name: str, never: float) -> None:
    """Catches 0 for a day that nobody reached, and NaN where one scenario did."""
    none = np.full(3, never)
    found = effect(name, none, none, horizon=30.0)
    assert np.isnan([found.estimate, found.low, found.high]).all() and found.n == 0
    assert found.method == NOT_REACHED and str(found) == "not reached in any pair"
    some = np.array([12.0, 15.0, never])
    assert effect(name, some, none, horizon=30.0).estimate == pytest.approx((12 + 15 + 30) / 3 - 30)


def test_an_outcome_that_is_undefined_is_no_day_that_was_missed() -> None:
    """Catches *not reached* said of a share without anybody, or of no pair at all."""
    gone = np.full(3, NAN)
    assert str(effect("purity_core", gone, gone, horizon=30.0)) == "undefined in all pairs"
    assert str(effect(NEVER, gone[:0], gone[:0], horizon=30.0)) == "undefined in all pairs"
    assert str(effect("day_take_off", gone, gone, horizon=30.0)) == "undefined in all pairs"


def test_each_two_arms_are_asked_for_themselves() -> None:
    """Catches the change of an effect that is 0 where one of the two effects is not known."""
    reached, never = np.array([9.0, 11.0, 10.0]), np.full(3, NAN)
    taken = np.ones((4, 3))
    whole = parts(NEVER, np.array([reached, never, never, never]), taken, 1, 30.0)
    assert np.isnan(whole.given.estimate)
    assert whole.text(NEVER).endswith(f"; {NEVER} not reached")
    known = parts(NEVER, np.array([reached, never, reached, never]), taken, 1, 30.0)
    assert known.given.estimate == 0.0


def test_a_day_that_came_somewhere_counts_as_the_horizon_elsewhere() -> None:
    """Catches a study of many points whose days are all undefined for one that never came."""
    values = np.array([[3.0, NAN], [NAN, NAN]])
    assert scaled(NEVER, values, 30.0).tolist() == [[3.0, 30.0], [30.0, 30.0]]
    assert np.isnan(scaled(NEVER, values[1:], 30.0)).all()


def test_the_table_and_the_page_say_that_it_was_not_reached(tmp_path: Path) -> None:
    """Catches a page, or a workbook, with 0 or with a sign that could mean anything."""
    found = comparison()
    row = found.table().loc[NEVER]
    assert np.isnan(row["effect"]) and row["interval"] == NOT_REACHED and row["n"] == 0
    tables = Read(str(found.to_html())).shown
    shown = next(rows for name, rows in tables.items() if name.startswith("effects "))
    rows = {line[-1]: line for line in shown[1:]}
    at = shown[0].index("effect")
    assert rows[NEVER][at] == "not reached" and rows["users"][at] != "not reached"
    assert "未达到" in str(found.to_html(lang="zh"))


def test_a_plan_is_not_decided_by_a_day_that_nobody_reached() -> None:
    """Catches a best design by a day that is the length of the run in all of them."""
    asked = {"outcome": "day:users:90000", "rng": 1, "threads": 1}
    designs = {"few": {"seeding.number": 5}, "many": {"seeding.number": 9}}
    with pytest.raises(KoubeiError, match=r"outcome: a day that no run reached.*a day before 30"):
        kb.plan(BASE, designs, 2, **asked)
    asked["outcome"] = "day:users:6"
    assert kb.plan(BASE, designs, 2, **asked).values.min() < 30.0


def test_days_of_runs_of_different_length_end_with_the_shorter_one() -> None:
    """Catches an effect made of days that only the longer run had: the same worlds differ by 0."""
    short, long = np.array([40.0, 60.0, 60.0]), np.array([40.0, 66.0, 120.0])
    found = effect("day:users:9", long, short, horizon=60.0)
    assert (found.estimate, found.changed, found.n) == (0.0, 0.0, 3)
    late = effect(NEVER, np.array([40.0, 66.0]), np.array([40.0, NAN]), horizon=60.0)
    assert late.estimate == 0.0


def test_a_run_that_failed_is_no_day_that_never_came() -> None:
    """Catches the length of the run as the day of a run of which nothing is known."""
    days = np.array([[30.0, 31.0, 29.0, 30.0], [NAN, 31.0, 29.0, 30.0]])
    took = np.array([[1.0, 1.0, 1.0, 1.0], [NAN, 1.0, 1.0, 1.0]])
    for name in ("day:users:9", NEVER, "users"):
        found = parts(name, days, took, 1, 90.0).given
        assert found.n == 3 and found.estimate == (1.0 if name == "users" else 0.0)
    assert parts(NEVER, days, np.ones((2, 4)), 1, 90.0).given.estimate == -15.0
    for off in (0.0, 1.0):
        alone = told(NEVER, np.array([30.0, 32.0, NAN]), np.array([off, off, NAN]), 1, 90.0)
        assert (alone.estimate, alone.n) == (31.0, 2)
