"""Records at their edges: who is watched how long, empty cells, coarser periods, odd words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import koubei_sim as kb
from koubei_sim import KoubeiError
from koubei_sim.evidence.controls import shuffled
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
    assert not np.array_equal(shuffled(d, 1, 0), d.at)  # each time had a stratum of its own
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
    assert "weight: pairs have no columns" in told(read, [("a", "b")], people, weight="w")
    net = kb.Network.from_edges(["a"], ["b"], labels="auto")
    assert "weight: a network has no columns" in told(read, net, people, weight="w")


# Cascades and coarser periods ---------------------------------------------------------------------

PATH = kb.Network.from_edges([0, 1, 2], [1, 2, 3])


def test_a_cascade_is_watched_to_its_horizon() -> None:
    """Catches people who were at risk for longer than the record says."""
    quiet = kb.cascade(PATH, kb.Bass(0.0, 1.0, dt=1.0), [3], 1, rng=1, record=["times"], horizon=12)
    d = kb.observe(quiet, network=PATH)
    assert (d.start, d.periods, len(d.risk().person)) == (1, 12, 36)
    assert kb.observe(quiet, network=PATH, period=5.0).periods == 3
    text = told(kb.observe, quiet, network=PATH, until=13)
    assert text.startswith("until: out of range")


def test_a_cascade_that_died_out_may_be_watched_for_longer() -> None:
    """Catches a refusal of what is known: nothing happened."""
    dead = kb.cascade(PATH, kb.IndependentCascade(1.0), [2], 1, rng=1, record=["times"])
    assert kb.observe(dead, network=PATH).periods < 9
    d = kb.observe(dead, network=PATH, until=9)
    assert (d.periods, d.curve().tolist()) == (9, [1] + [0] * 8)
    assert told(kb.observe, dead, network=PATH, until=2.5).startswith("until: not a whole")


def test_a_horizon_is_saved_and_one_of_old_folders_is_not_known(tmp_path: Path) -> None:
    """Catches an old folder that is taken for a cascade that died out."""
    for horizon in (None, 7.0):
        run = kb.cascade(PATH, kb.IndependentCascade(1.0), [2], 1, rng=1, record=["times"],
                         horizon=horizon)  # fmt: skip
        assert kb.load(run.save(tmp_path / "new")).horizon == horizon
    recipe = tmp_path / "new" / "recipe.json"
    told_ = json.loads(recipe.read_text())
    del told_["horizon"]
    recipe.write_text(json.dumps(told_))
    old = kb.load(tmp_path / "new")
    assert np.isnan(old.horizon)
    assert kb.observe(old, network=PATH).periods < 9
    assert told(kb.observe, old, network=PATH, until=9).startswith("until: out of range")


@pytest.mark.parametrize("start", [0, 1, 5, 1963])
def test_seeds_stay_before_the_first_of_longer_periods(start: int) -> None:
    """Catches seeds who adopt in the first period, and a first period that is shorter."""
    times = [
        -1 + start,
        *(t if t is None else t + start for t in TIMES[1:]),
    ]
    times[2] = None
    d = kb.Diffusion(RING, times, until=start + 8, start=start, seeds=[1, 2])
    joined = kb.observe(d, period=4.0)
    assert joined.at[:2].tolist() == [-1, 0] and np.flatnonzero(joined.seeded).tolist() == [0, 1, 2]
    own = d.adopted & (d.at >= 0)
    assert np.array_equal(joined.at[own], d.at[own] // 4)
    assert joined.periods == 3 and (joined.until == 2).all()


def test_seeds_who_adopt_after_the_record_do_not_adopt_before_it() -> None:
    """Catches seeds of later waves who are active from the start once the record is joined."""
    d = kb.Diffusion(RING, TIMES, until=5, start=0, seeds=[7, 1])
    assert d.seeded[7] and not d.adopted[7]
    for seen in (kb.observe(d, period=2.0), kb.observe(d, recall=1.0, rng=1)):
        assert seen.seeded[7] and not seen.adopted[7]


def test_a_cascade_is_joined_as_its_record_is() -> None:
    """Catches two ways to longer periods that give two records."""
    run = kb.cascade(RING, kb.Bass(0.03, 0.3, dt=1.0), [3], 1, rng=1, record=["times"], horizon=14)
    one = kb.observe(run, network=RING, period=7.0)
    other = kb.observe(kb.observe(run, network=RING), period=7.0)
    assert np.array_equal(one.at, other.at) and np.array_equal(one.until, other.until)
    assert (one.start, one.periods) == (other.start, other.periods) == (1, 2)


# Refused before any work --------------------------------------------------------------------------


def test_cascades_of_one_person_are_not_judged() -> None:
    """Catches means of nothing, and the warnings of numpy."""
    log = CascadeLog([0, 0, 1, 1, 2, 2], [0, 1, 1, 2, 0, 2])
    found = kb.evidence.credit(None, log)
    text = told(found.judge, CascadeLog([7, 8], [0, 2]), rng=1)
    assert text.startswith("held_out: nobody to foretell")


def test_a_statistic_later_than_the_horizon_is_refused_before_any_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Catches thousands of runs of which none reaches what is asked for."""
    from koubei_sim.studies.calibration import rule_fit

    def played(*_: Any, **__: Any) -> Any:
        raise AssertionError("a run before the refusal")

    monkeypatch.setattr(rule_fit, "cascade", played)
    rule, prior = kb.Bass(0.01, 0.3, dt=1.0), {"q": (0.05, 1.0)}
    for word in ("size@30", "share@5.5"):
        seen = kb.studies.RuleTarget("late", 10, 0.1, word)
        text = told(kb.fit_rule, RING, rule, [], [seen], prior, horizon=5, rng=1)
        assert text.startswith("targets.late.statistic: later than the horizon")
    with pytest.raises(AssertionError):
        seen = kb.studies.RuleTarget("late", 10, 0.1, "size@5")
        kb.fit_rule(RING, rule, [], [seen], prior, horizon=5, rng=1)
