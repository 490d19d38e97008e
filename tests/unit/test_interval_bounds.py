"""Intervals end where the quantity can: people of the market, shares, days of the run.

Few replicates that differ much have wide intervals; before they were cut, a market of 2,000 was
told to have up to 40,000 users.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

import koubei_sim as kb
from koubei_sim.cascades.statistics import size_interval
from koubei_sim.metrics import bounds, hurdle, mean_interval, outcomes, told
from koubei_sim.metrics.overview import SHARES
from koubei_sim.runs.result import final_rows
from koubei_sim.studies.compare.strata import effect

PEOPLE = 2000.0
WIDE = np.array([40.0, 1900.0, 300.0])
ALL = np.ones(3)


@pytest.mark.parametrize("name", ["users", "core", "users@60", "recruiters", "rejected"])
def test_no_interval_holds_more_people_than_there_are(name: str) -> None:
    """Catches an upper end beyond the market, and a lower one that is cut with it."""
    free, cut = (told(name, WIDE, ALL, people=people) for people in (None, PEOPLE))
    assert free.high > PEOPLE == cut.high
    assert (cut.low, cut.estimate) == (free.low, free.estimate)


@pytest.mark.parametrize("name", ["adoptions", "lapses", "cost", "users@60 / core"])
def test_what_can_exceed_the_people_is_not_cut(name: str) -> None:
    """Catches acts, money and ratios that end at the people: one person adopts again."""
    assert told(name, WIDE, ALL, people=1000.0) == told(name, WIDE, ALL)


def test_effects_end_where_differences_can() -> None:
    """Catches a share that rises by more than 1, and a day that moves by more than the run."""
    one, other = np.array([0.9, 0.0, 1.0]), np.array([0.0, 0.9, 0.1])
    assert effect("active_share", one, other).high == 1.0
    assert effect("active_share", one, other).low == -1.0
    assert effect("reputation", one * 2 - 1, other * 2 - 1).high == 2.0
    assert effect("day_loyal_100000", one * 90, other * 90, horizon=91.0).low == -91.0
    free = effect("virality", one, other)
    assert free.high > 1.0 and free.low < -1.0, "these would not have been cut"


def test_a_cascade_reaches_no_more_than_all() -> None:
    """Catches an upper end beyond the network."""
    assert size_interval([3, 100, 90]).high > 100.0
    assert size_interval([3, 100, 90], most=100)[:3] == (pytest.approx(193 / 3), 0.0, 100.0)


def test_every_door_knows_how_many_people_there_are() -> None:
    """Catches a door that does not hand on how many people there are, or counts them as agents."""
    sc = kb.Scenario.load("tiny").replace(
        n_agents=30, ticks=80, people_per_agent=10.0,
        **{"seeding.number": 20, "seeding.purity": 0.5},
    )  # fmt: skip
    found = kb.run(sc, replicates=4, rng=15, threads=1)
    values = outcomes(found, ["users"])["users"]
    assert told("users", values, np.ones(4)).high > 300.0, "an interval that must be cut"
    assert found.summary().loc["users", "high"] == 300.0
    assert found.pyramid().iloc[-1]["users_high"] == 300.0
    assert dict(final_rows(found))["users"].high == 300.0
    assert "to 300" in str(found.to_html())
    both = kb.compare({"a": sc, "b": sc.replace(**{"seeding.purity": 0.6})}, 4, 15, threads=1)
    assert both.told("users", "a").high == 300.0
    swept = kb.sweep(sc, {"people_per_agent": [10.0]}, replicates=4, rng=15, threads=1)
    assert swept.summary("users")["high"].tolist() == [300.0]


def test_a_cut_interval_covers_as_the_whole_one() -> None:
    """Null: 95 % of intervals hold the truth, cut or not; 4,000 draws of 4 up to the bound.

    Catches a cut that takes the truth away, and bounds that are too narrow.  The logarithms are
    uniform up to that of the people, so that many intervals are cut; the truth is their middle.
    At a coverage of .94 the chance of a share below .92 is 1e-6 or less.
    """
    people = 5000.0
    low, high = np.log1p([100.0, people])
    truth = float(np.expm1((low + high) / 2.0))
    hits = cuts = whole = 0
    for logs in np.random.default_rng(18).uniform(low, high, (4000, 4)):
        values = np.expm1(logs)
        found = told("users", values, np.ones(4), people=people)
        free = hurdle.log_interval(values)
        cuts += free.high > people
        hits += found.low <= truth <= found.high
        whole += free.low <= truth <= free.high
    assert cuts > 1000
    assert hits == whole
    assert hits / 4000 > 0.92


def test_bounds_of_means_keep_nan() -> None:
    """Catches an interval that is not known and becomes the bound."""
    one = mean_interval(np.array([0.4]), within=(0.0, 1.0))
    assert math.isnan(one.low) and math.isnan(one.high)
    assert mean_interval(np.array([0.1, 0.9, 1.0]), within=(0.0, 1.0)).high == 1.0
    assert {bounds(name) for name in SHARES if name != "take_off"} == {(0.0, 1.0)}
