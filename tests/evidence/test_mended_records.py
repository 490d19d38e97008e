"""Records at their edges: who is watched how long, empty cells, coarser periods, odd words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import koubei_sim as kb
from koubei_sim import KoubeiError
from koubei_sim.evidence.logs import CascadeLog

RING = kb.networks.ring(40, 4)
TIMES = [i % 8 if i % 4 else None for i in range(40)]
LOST = [i % 8 if i % 4 else 9 - i // 8 for i in range(40)]


def told(call: Any, *given: Any, **named: Any) -> str:
    with pytest.raises(KoubeiError) as caught:
        call(*given, **named)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# How long people are watched ----------------------------------------------------------------------


def test_the_own_time_of_an_adopter_ends_no_watch() -> None:
    """Catches adopters who, in simulated worlds, are cut off when they adopted."""
    d = kb.Diffusion(RING, TIMES, LOST, start=0)
    assert (d.until[d.adopted] == d.periods - 1).all()
    assert d.until[~d.adopted].tolist() == [LOST[i] for i in range(0, 40, 4)]
    same = kb.Diffusion(RING, TIMES, [9 if i % 4 else LOST[i] for i in range(40)], start=0)
    assert all(np.array_equal(a, b) for a, b in zip(d.risk(), same.risk(), strict=True))
    again = d.replace(groups=[0] * 40)
    assert np.array_equal(again.until, d.until) and np.array_equal(again.at, d.at)


def test_a_village_that_was_watched_for_less_time_stays_so() -> None:
    """Catches adopters watched beyond their neighbours, of whom nothing is known either."""
    ends = [5 if i < 20 else 9 for i in range(40)]
    d = kb.Diffusion(RING, TIMES, ends, start=0)
    assert d.until.tolist() == ends


def test_a_reader_takes_the_column_of_times_the_same_way() -> None:
    """Catches adopters of a single period, of whom the numbers alone tell nothing."""
    people = {"id": list("abcd"), "time": [2, 2, 1, 4], "censored": [0, 0, 1, 1]}
    d = kb.read_diffusion([("a", "b"), ("c", "d")], people, until="time")
    assert d.times.tolist()[:2] == [2.0, 2.0] and d.until.tolist() == [2, 2, -1, 2]


def test_a_seed_from_before_the_record_stays_one() -> None:
    """Catches a seed that is lost because it was last dated before the start."""
    d = kb.Diffusion(RING, [-5, *TIMES[1:]], [-5, *LOST[1:]], start=0)
    assert d.seeded[0] and d.at[0] == -1


@pytest.mark.parametrize("name", ["until", "entered"])
@pytest.mark.parametrize("far", [np.inf, -np.inf, 1e300, 2.0**41, 2**62])
def test_numbers_beyond_all_periods_are_refused(name: str, far: float) -> None:
    """Catches infinity that becomes the smallest whole number."""
    assert told(kb.Diffusion, RING, TIMES, **{name: [far] * 40}).startswith(f"{name}: out of range")


# Empty cells --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["mapping", "frame", "csv"])
@pytest.mark.parametrize("cell", ["NA", "", None])
def test_a_missing_village_is_refused_by_name(kind: str, cell: Any, tmp_path: Path) -> None:
    """Catches a village called NA."""
    given: Any = {"id": list("abc"), "time": [1, 2, None], "village": ["x", cell, "x"]}
    if kind != "mapping":
        given = pd.DataFrame(given)
    if kind == "csv":
        given.to_csv(tmp_path / "people.csv", index=False)
        given = tmp_path / "people.csv"
    text = told(kb.read_diffusion, [("a", "b")], given, groups="village")
    assert "groups: no value for a person" in text and "'b'" in text


def test_missing_times_of_a_log_are_those_of_the_next() -> None:
    """Catches two in a row, of whom one was said to be at time 0, long before or after."""
    log = CascadeLog([0, 0, 0, 0, 1, 1], [0, 1, 2, 3, 1, 2], [None, np.nan, 900.0, 901.0, 7.0, 5.0])
    assert log.time.tolist() == [900.0, 900.0, 900.0, 901.0, 5.0, 7.0]
    assert log.person.tolist() == [0, 1, 2, 3, 2, 1]
    assert CascadeLog([0, 0, 1], [0, 1, 0], [None, None, 3.0]).time.tolist() == [0.0, 0.0, 3.0]


def test_times_of_a_log_that_are_no_numbers_are_refused() -> None:
    """Catches a traceback, and dates taken for nanoseconds."""
    assert told(CascadeLog, [0, 0], [0, 1], ["soon", "late"]).startswith("time: not numbers")
    assert told(CascadeLog, [0, 0], [0, 1], [1.0, np.inf]).startswith("time: not finite")
    dates = np.array(["2020-01-01", "2020-01-02"], "M8[D]")
    assert told(CascadeLog, [0, 0], [0, 1], dates).startswith("time: dates")


def test_columns_that_are_no_names_are_refused() -> None:
    """Catches a traceback."""
    people = {"id": list("abc"), "time": [1, 2, None]}
    read = kb.read_diffusion
    assert "covariates: not names" in told(read, [("a", "b")], people, covariates=5)
    assert "seeds: not the name" in told(read, [("a", "b")], people, seeds=["a"])
