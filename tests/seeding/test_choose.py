"""Choosing among policies: halving on common luck, and what fresh worlds say of the last two."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.seeding import policies

import koubei_sim as kb
from koubei_sim import KoubeiError
from koubei_sim.studies.compare.criterion import paired_interval
from koubei_sim.studies.decide.racing import Halving
from koubei_sim.studies.sweep.engine import Cells

TABLE = pd.read_csv(policies.FILE).to_numpy(dtype=np.float64).T  # (24, 160)
SMALL = kb.Scenario.load("tiny").replace(n_agents=200, ticks=12)
ASKED: dict[str, Any] = {"seeding.number": [2, 25], "seeding.purity": [0.0, 0.5, 1.0]}


def halved(values: np.ndarray, runs: int, confirm: float = 0.25) -> tuple[Halving, int, int]:
    """Halve policies whose outcomes stand in a table, [D, W]; return the race and the last two."""
    race = Halving(values.shape[0], runs, confirm, -np.inf, np.inf, 0.05)
    worlds = race.rounds[-1][1]
    assert worlds <= values.shape[1]
    while race.worlds < worlds:
        race.take(values[:, race.worlds : race.next_look(worlds)].T)
    one, other = np.flatnonzero(race.running).tolist()
    if values[other, :worlds].sum() > values[one, :worlds].sum():
        one, other = other, one
    return race, one, other


def shuffled(random: np.random.Generator, own: bool) -> np.ndarray:
    """Return the table with its worlds in another order: one for all, or one for each policy."""
    if own:
        return np.stack([random.permutation(row) for row in TABLE])
    return TABLE[:, random.permutation(TABLE.shape[1])]


def test_the_stored_table_is_what_the_model_gives() -> None:
    """Catches a table of another model, whose shares below would say nothing of this one.

    Where numbers change (NUMBERS in the changelog), ``python -m tests.seeding.policies``.
    """
    assert np.array_equal(policies.made(1).to_numpy().T, TABLE[:, :1])


def test_halving_on_common_luck_finds_the_best() -> None:
    """Catches halving that drops the better half, luck that is not shared, runs that are wasted.

    Right: the best over all 160 worlds, or one that these do not tell apart from it (paired 95 %
    interval). 1,000 orders of the worlds, 192 runs: .92 on common luck; the best itself in .63, in
    .53 on own luck; equal runs miss three times as many fans. Standard error .016 at most.
    """
    mean = TABLE.mean(axis=1)
    best = int(mean.argmax())
    alike = [at for at in range(24) if at == best
             or paired_interval(TABLE[best] - TABLE[at], 0, 0, False).low <= 0.0]  # fmt: skip
    assert len(alike) == 2
    random = np.random.default_rng(1)
    chosen: dict[str, list[int]] = {"common": [], "own": [], "equal": [], "equal, own": []}
    for _ in range(1000):
        for own in (False, True):
            values = shuffled(random, own)
            race, one, _ = halved(values, 192)
            chosen["own" if own else "common"].append(one)
            equal = int(values[:, :8].mean(axis=1).argmax())
            chosen["equal, own" if own else "equal"].append(equal)
            assert sum(race.dropped_at.clip(max=49) + 49 * race.running) <= 192
    hit = {how: float(np.mean(np.isin(found, alike))) for how, found in chosen.items()}
    exact = {how: float(np.mean(np.array(found) == best)) for how, found in chosen.items()}
    missed = {how: float(mean[best] - mean[found].mean()) for how, found in chosen.items()}
    assert hit["common"] >= 0.85
    assert exact["common"] >= exact["own"] + 0.08
    assert missed["common"] < missed["own"] < missed["equal"] < missed["equal, own"]
    assert missed["equal"] > 3.0 * missed["common"]


def test_rounds_share_worlds_and_keep_what_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches policies of a round that are run in other replicates, and runs done twice."""
    asked: list[list[int]] = []
    do = Cells.do

    def noted(self: Cells, runs: Any = None) -> None:
        asked.append(list(runs))
        do(self, runs)

    monkeypatch.setattr(Cells, "do", noted)
    found = kb.seeding.choose(SMALL, ASKED, "users", runs=120, rng=4, threads=1)
    worlds = found.values.shape[1]
    assert found.race.rounds == [(6, 7), (3, 23), (2, 38)] and worlds == 38
    assert found.runs == 6 * 7 + 3 * 16 + 2 * 15 == sum(map(len, asked)) == 120
    begun = 0
    for runs, (left, end) in zip(asked, found.race.rounds, strict=True):
        cells = {(run // worlds, run % worlds) for run in runs}
        who = {design for design, _ in cells}
        assert len(who) == left
        assert cells == {(design, world) for design in who for world in range(begun, end)}
        begun = end
    monkeypatch.undo()
    for at, changes in enumerate(found.policies.values()):  # replicate r has the luck of a run's
        run = kb.run(SMALL.replace(**changes), 3, rng=4)
        assert found.values[at, :3].tolist() == kb.metrics.outcomes(run)["users"].tolist()


def test_the_better_half_stays_and_the_first_of_equals() -> None:
    """Catches halving that keeps the worse half, or drops by the last round alone."""
    values = np.tile(np.arange(8.0)[:, None], (1, 120))
    values[7, 1:] = 4.9  # seen at first to be best, worse than 5 and 6 from then on
    race, one, other = halved(values, 200)
    assert (one, other) == (6, 5)
    ends = [end for _, end in race.rounds]
    assert race.dropped_at.tolist() == [ends[0]] * 4 + [ends[1], 0, 0, ends[1]]
    assert halved(np.zeros((5, 120)), 200)[1:] == (0, 1)


def test_intervals_are_of_fresh_worlds_only() -> None:
    """Catches intervals from the runs chosen on, whose best is ahead, and its rival too, by luck.

    One of 24 policies brings 10 more, spread 10, luck of their own; 1,000 choices. The interval of
    the last two holds what they truly differ by in .93 .. .97 (.95, three standard errors); made of
    the worlds before in less than .92, since the rival of the best is the luckiest of 23.
    """
    random, worth = np.random.default_rng(2), np.zeros(24)
    worth[0] = 10.0
    held = {"fresh": 0, "before": 0}
    for _ in range(1000):
        values = worth[:, None] + 10.0 * random.normal(size=(24, 49))
        race, one, other = halved(values, 192)
        fresh = race.fresh
        assert fresh.start == race.rounds[-2][1] and fresh.stop == race.rounds[-1][1]
        kinds = {"fresh": fresh, "before": slice(0, fresh.start)}
        for kind, worlds in kinds.items():
            interval = paired_interval(values[one, worlds] - values[other, worlds], 1, 0, False)
            held[kind] += interval.low <= worth[one] - worth[other] <= interval.high
    assert 930 <= held["fresh"] <= 970
    assert held["before"] < 920


def test_what_was_searched_in_has_no_part_in_the_intervals() -> None:
    """Catches a difference, or a value in the table, that holds runs of the search."""
    found = kb.seeding.choose(SMALL, ASKED, "users", runs=120, rng=4)
    table = found.table()
    junk = found.values.copy()
    two = np.flatnonzero(found.race.running)
    junk[np.ix_(two, range(found.race.fresh.start))] = 7e6
    spoilt = replace(found, values=junk)
    same = abs(spoilt.difference.mean)
    assert same == abs(found.difference.mean)
    told = ["fresh", "value", "low", "high"]
    pd.testing.assert_frame_equal(spoilt.table()[told].sort_index(), table[told].sort_index())
    assert list(table.index[:2]) == [found.name, found.runner_up]
    assert table.fresh.tolist() == [15, 15, 0, 0, 0, 0]
    assert table.value.isna().tolist() == [False] * 2 + [True] * 4
    assert table.behind.notna().tolist() == [False, True] + [False] * 4
    assert table.behind.iloc[1] == found.difference.mean
    assert table.worlds.tolist() == [38, 38, 23, 7, 7, 7]
    assert found.decided == (found.difference.low > 0.0)
    assert all(len(line) < 80 for line in repr(found).split("\n"))
    assert found.name in " ".join(repr(found).split())
    assert ("better than" in " ".join(repr(found).split())) == found.decided


def test_what_is_surely_worse_is_said_and_no_more() -> None:
    """Catches that a dropped policy is called worse: halving has no error, the bets have one.

    24 policies that are all alike: the best is any of them. 400 choices, each is ruled out with .05
    at most; where the outcome has no bounds nothing is ever ruled out. Who is ruled out early may
    still be the runner-up, so that there are two to confirm.
    """
    clear = np.zeros((4, 120))
    clear[2] = 1.0
    race = Halving(4, 200, 0.25, 0.0, 1.0, 0.05)
    while race.worlds < race.rounds[-1][1]:
        race.take(clear[:, race.worlds : race.next_look(10**9)].T)
    assert race.running.tolist() == [True, False, True, False] and race.evidence[0] >= 20.0
    random, out = np.random.default_rng(6), 0
    for _ in range(400):
        values = (random.random((24, 60)) < 0.4) * 1.0
        race = Halving(24, 192, 0.25, 0.0, 1.0, 0.05)
        while race.worlds < race.rounds[-1][1]:
            race.take(values[:, race.worlds : race.next_look(10**9)].T)
        assert race.running.sum() == 2
        out += race.evidence[0] >= 20.0
    assert out / 400 <= 0.05
    found = kb.seeding.choose(SMALL, ASKED, "P(adoptions >= 20)", runs=200, rng=4)
    free = kb.seeding.choose(SMALL, ASKED, lambda history, scenario: 1.0, runs=60, rng=4)
    assert not found.table().may_be_best.all() and free.table().may_be_best.all()
    assert found.policy["seeding.number"] == 25
    worse = ~found.table().may_be_best
    assert all("number 2," in name for name in worse.index[worse])


def test_named_lists_and_equal_cost() -> None:
    """Catches names that are lost, a budget that is not kept, a profit judged as people."""
    named = {
        "few pure": {"seeding.number": 10, "seeding.purity": 1.0},
        "many": {"seeding.number": 25},
    }
    found = kb.seeding.choose(SMALL, named, "users", runs=30, rng=1)
    assert found.names == ("few pure", "many") and found.race.rounds == [(2, 15)]
    rows = [{"seeding.number": 5}, {"seeding.number": 9}, {"seeding.number": 25}]
    limit = float(found.outlay[1]) - 1.0
    profit = dict(value_per_user=50.0, budget=limit, prices={"costs.per_unit": 3.0})
    paid = kb.seeding.choose(SMALL, rows, runs=24, rng=1, **profit)  # type: ignore[arg-type]
    assert list(paid.over_budget) == ["number 25"] and paid.names == ("number 5", "number 9")
    run = kb.metrics.outcomes(
        kb.run(SMALL.replace(**{"seeding.number": 5, "costs.per_unit": 3.0}), 3, rng=1)
    )
    assert paid.values[0, :3].tolist() == (50.0 * run["users"] - run["cost"]).tolist()


def test_a_choice_goes_on_where_it_was_killed(tmp_path: Any) -> None:
    """Catches runs of a folder that are done again, and another choice from a folder."""
    asked: dict[str, Any] = dict(outcome="users", runs=60, rng=3)
    plain = kb.seeding.choose(SMALL, ASKED, **asked)
    told: list[Any] = []
    for _ in range(2):
        kept = kb.seeding.choose(SMALL, ASKED, **asked, out=tmp_path / "runs", progress=told.append)
        np.testing.assert_array_equal(kept.values, plain.values)
    assert plain.runs == told[-1].done == 59


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"runs": 23},
            "too few to halve 6 policies, got 23, allowed 48 or more, try runs=48",
        ),
        ({"runs": 0}, "runs: out of range"),
        ({"confirm": 1.0}, "confirm: out of range"),
        ({"confirm": 0.0}, "confirm: out of range"),
        ({"outcome": None}, "value_per_user: needed where profit decides"),
        ({"outcome": "user"}, "outcome"),
        ({"outcome": "take_off"}, "take-off asks for ten times the seeds"),
        ({"policies": {"seeding.number": [5]}}, "designs: nothing to decide between"),
        ({"budget": 1.0}, "budget: no design keeps within it"),
        ({"bounds": (3.0, 1.0)}, "bounds: the least is not below the most"),
        ({"error": 0.6}, "error: out of range"),
    ],
)
def test_wrong_choices_are_one_line(
    changes: dict[str, Any], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catches choices that would end in a traceback, or only after their runs."""
    monkeypatch.setattr(Cells, "do", None)
    asked: dict[str, Any] = dict(policies=ASKED, outcome="users", runs=60, rng=1)
    with pytest.raises(KoubeiError) as error:
        kb.seeding.choose(SMALL, **{**asked, **changes})
    assert says in str(error.value)
    assert "\n" not in str(error.value)
