"""Maps: the right runs at every point, refined where the answer changes and nowhere else."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.typing import NDArray

import koubei_sim as kb
from koubei_sim import plots, studies
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics import chance, hurdle, outcomes
from koubei_sim.model.scenario import Scenario, composites
from koubei_sim.studies.design.values import Range
from koubei_sim.studies.maps.atlas import Map
from koubei_sim.studies.maps.axes import Axis
from koubei_sim.studies.maps.lattice import Lattice, Point, split
from koubei_sim.studies.maps.mapping import refine

SMALL = Scenario.load("tiny").replace(n_agents=300, ticks=25, **{"seeding.number": 6})
X, Y = ("seeding.purity", 0.1, 0.9), ("channels.wechat.persuasion", 0.02, 0.5, "log")
#: Few people, a dense start: a run is over in milliseconds.
SPARSE = Scenario.load("branching").replace(n_agents=1500, ticks=25, **{"seeding.number": 10})

#: Where some runs take off and others do not.
MIXED = SPARSE.replace(**{"seeding.number": 4})
X2, Y2 = ("channels.weibo.persuasion", 0.08, 0.2), ("products.product.difficulty", 0.0, 0.6)

Values = Callable[[float, float], NDArray[np.float64]]


def drawn(
    of: Values,
    cells: int,
    depth: int,
    triangle: bool = False,
    most: int | None = None,
    outcome: Any = "take_off",
    arms: tuple[str, ...] = (),
) -> tuple[Map, list[Point]]:
    """A map of values that a function of both shares of the way gives, and what was asked of it."""
    names = ("a", "b", "c") if triangle else ("a", "b")
    axes = tuple(Axis(name, Range(0.0, 1.0), name) for name in names)
    found = Map(axes, arms, outcome, Lattice(cells, depth, triangle), 1, "made up")
    asked: list[Point] = []

    def values(points: Sequence[Point]) -> dict[Point, NDArray[np.float64]]:
        asked.extend(points)
        return {point: np.atleast_2d(of(*found.at(point)[:2])) for point in points}

    refine(found, values, most)
    return found, asked


def disc(x: float, y: float) -> NDArray[np.float64]:
    """Ten runs, of which all take off inside a circle and none outside."""
    return np.full(10, float(math.hypot(x - 0.4, y - 0.55) < 0.3))


# Refinement ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("triangle", [False, True])
def test_a_refined_map_is_a_full_grid_where_both_were_run(triangle: bool) -> None:
    """Catches points put in other places by a split, cells lost, or covered twice."""
    found, asked = drawn(disc, 4, 3, triangle)
    full, _ = drawn(disc, 32, 0, triangle)
    assert len(asked) == len(set(asked)) == len(found.values) < 0.6 * len(full.values)
    assert set(found.values) < set(full.values)
    for point, values in found.values.items():
        np.testing.assert_array_equal(values, full.values[point])
    area = 0.0
    for cell in found.cells:
        (x0, y0), (x1, y1), (x2, y2) = cell[:3]
        area += abs((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)) * (0.5 if triangle else 1.0)
        assert {*cell} <= set(found.values)
    assert area == 32 * 32 * (0.5 if triangle else 1.0)


def test_every_smallest_cell_on_the_border_is_found() -> None:
    """Catches cells that are cut where nothing changes, or left where it does."""
    found, _ = drawn(disc, 4, 3)
    full, _ = drawn(disc, 32, 0)

    def mixed(cell: Any, of: Map) -> bool:
        return len({float(of.values[corner][0, 0]) for corner in cell}) > 1

    assert {cell for cell in found.cells if mixed(cell, found)} == {
        cell for cell in full.cells if mixed(cell, full)
    }
    small = [cell for cell in found.cells if cell[1][0] - cell[0][0] == 1]
    parents = {(cell[0][0] // 2, cell[0][1] // 2) for cell in small}
    wide = Lattice(16, 0).first()
    cut = {cell[0] for cell in wide if mixed([(2 * i, 2 * j) for i, j in cell], full)}
    assert parents == cut


def test_nothing_is_cut_where_intervals_meet() -> None:
    """Catches a border made of luck: shares that differ by less than their intervals."""
    dice = np.random.Generator(np.random.PCG64(3))
    found, asked = drawn(lambda x, y: (dice.random(16) < 0.5).astype(float), 4, 3)
    assert len(asked) == 25 and len(found.cells) == 16
    few, _ = drawn(lambda x, y: np.full(16, 0.0 if x < 0.5 else math.nan), 4, 3)
    assert len(few.cells) == 16  # nothing known on one side


def test_most_runs_goes_to_the_largest_differences() -> None:
    """Catches a budget that is overrun, spent in the order of places, or not told of."""

    def steep(x: float, y: float) -> NDArray[np.float64]:
        share = (0.9 if x > 0.5 else 0.4) if y < 0.5 else (1.0 if x > 0.5 else 0.0)
        return (np.arange(40) < 40 * share).astype(float)

    found, asked = drawn(steep, 3, 1, most=16 + 5)
    every, _ = drawn(steep, 3, 1)
    assert len(asked) <= 21 and found.uncut > 0 and every.uncut == 0
    assert min(min(point) for point in asked if point[0] % 2 or point[1] % 2) >= 2
    assert f"{found.uncut} cells left uncut" in " ".join(repr(found).split())


def test_an_axis_of_whole_numbers_runs_nothing_twice() -> None:
    """Catches cells between neighbouring whole numbers that are cut for ever."""
    axes = (Axis("k", Range(1, 4, whole=True), "k"), Axis("b", Range(0.0, 1.0), "b"))
    found = Map(axes, (), "take_off", Lattice(3, 4), 1, "made up")
    asked: list[Any] = []

    def values(points: Sequence[Point]) -> dict[Point, NDArray[np.float64]]:
        asked.extend(found.at(point) for point in points)
        return {p: np.full((1, 10), float(found.at(p)[0] > 2)) for p in points}

    refine(found, values, None)
    assert len(asked) == len(set(asked))
    assert not found.table().duplicated(["k", "b"]).any()


# Answers ------------------------------------------------------------------------------------------


def test_strata_by_hand() -> None:
    """Catches arms exchanged, shares of other than all runs, a lead by luck called sure."""

    def two(x: float, y: float) -> NDArray[np.float64]:
        one = np.repeat([1.0, 1.0, 0.0, 0.0], [4, 30, 4, 2])
        other = np.repeat([1.0, 0.0, 1.0, 0.0], [4, 30, 4, 2])
        return np.array([one, other]) if x < 0.5 else np.array([other, one])

    table = drawn(two, 1, 0, arms=("p", "q"))[0].table()
    assert table["stratum"].tolist() == ["only p", "only p", "only q", "only q"]
    row = table.iloc[0]
    assert [row[s] for s in ("both", "only p", "only q", "neither")] == [0.1, 0.75, 0.1, 0.05]
    known = chance(30, 40)
    assert (row["only p_low"], row["only p_high"]) == (known.low, known.high)
    assert table["sure"].all() and (table["n"] == 40).all()
    even = drawn(lambda x, y: np.array([[1.0] * 11 + [0.0] * 9] * 2), 1, 0, arms=("p", "q"))[0]
    assert not even.table()["sure"].any()


def test_interaction_by_hand() -> None:
    """Catches a sign, a partner or the pairing lost, and an interval without width."""
    dice = np.random.Generator(np.random.PCG64(5))
    luck = np.round(8 * dice.normal(size=30)) / 8  # so that sums are exact
    apart, _ = drawn(lambda x, y: 3 * x + 2 * y + luck, 2, 0, outcome=lambda h, s: 0.0)
    assert apart.interaction()["estimate"].abs().max() < 1e-12
    both, _ = drawn(lambda x, y: 3 * x + 2 * y + 4 * x * y + luck, 2, 0, outcome=lambda h, s: 0.0)
    table = both.interaction()
    assert len(table) == 4
    np.testing.assert_allclose(table["estimate"], 4 * table["a"] * table["b"])
    counts, _ = drawn(lambda x, y: np.exp(x + y + 2 * x * y + luck) - 1.0, 1, 0, outcome="users")
    (row,) = counts.interaction().to_dict("records")
    assert row["kind"] == "times" and row["estimate"] == pytest.approx(math.exp(2))
    flat, _ = drawn(lambda x, y: np.ones(16), 1, 0)
    (row,) = flat.interaction().to_dict("records")
    assert row["estimate"] == 0.0 and row["low"] < -0.1 and row["high"] > 0.1
    stands_in, _ = drawn(lambda x, y: np.full(16, float(x + y > 0)), 1, 0)
    (row,) = stands_in.interaction().to_dict("records")
    assert row["estimate"] == -1.0 and row["high"] < 0.0


def test_intervals_of_an_interaction_of_chances_cover() -> None:
    """Catches intervals that are too narrow: the truth is held in .92 or more of 150 trials.

    Four chances on common luck: a run takes off where its own luck is below the chance.
    """
    dice = np.random.Generator(np.random.PCG64(11))
    corner = {(0.0, 0.0): 0, (1.0, 0.0): 1, (0.0, 1.0): 2, (1.0, 1.0): 3}
    for chances in ((0.1, 0.3, 0.4, 0.9), (0.0, 0.05, 0.05, 0.1), (0.5, 0.6, 0.6, 0.7)):
        truth, held = chances[3] - chances[1] - chances[2] + chances[0], 0
        for _ in range(150):
            luck, own = dice.random(16), dice.random((4, 16))
            mixed = np.where(own < 0.5, luck, dice.random((4, 16)))
            went = (mixed < np.array(chances)[:, None]).astype(float)
            found, _ = drawn(lambda x, y, went=went: went[corner[x, y]], 1, 0)
            (row,) = found.interaction().to_dict("records")
            held += row["low"] <= truth <= row["high"]
        assert held >= 0.92 * 150, chances


# Runs ---------------------------------------------------------------------------------------------


def test_points_are_runs_on_common_luck() -> None:
    """Catches values of another point, luck of its own at a point, a size of runs that died."""
    for outcome in ("take_off", "users"):
        found = kb.map(MIXED, X2, Y2, outcome=outcome, replicates=12, rng=3, cells=2, depth=0)
        some = 0
        for row in found.table().to_dict("records"):
            scenario = MIXED.replace(**{path[0]: row[path[0]] for path in (X2, Y2)})
            known = outcomes(kb.run(scenario, replicates=12, rng=3))
            took = known["take_off"] == 1.0
            some += 2 < took.sum() < 12
            if outcome == "take_off":
                wanted = chance(took)
                assert row["n"] == 12
            elif took.sum() > 2:
                wanted = hurdle.log_interval(known["users"][took])
                assert row["n"] == took.sum()
            else:
                continue
            assert row["estimate"] == pytest.approx(wanted.mean)
            assert (row["low"], row["high"]) == pytest.approx((wanted.low, wanted.high))
        assert some > 2


def test_worlds_have_luck_of_their_own_and_share_it_over_points_and_arms() -> None:
    """Catches one luck for all worlds, or luck that changes from arm to arm."""
    worlds = [MIXED.replace(ticks=20 + w) for w in range(6)]
    arms = {"plain": {}, "seen": {"channels.weibo.visibility": 0.8}}
    found = kb.map(MIXED, X2, Y2, arms=arms, worlds=worlds, rng=3, cells=1, depth=0)
    assert {float(each) for values in found.values.values() for each in values.flat} == {0.0, 1.0}
    for point, values in found.values.items():
        here = dict(zip((X2[0], Y2[0]), found.at(point)))
        for arm, changes in enumerate(arms.values()):
            for w, world in enumerate(worlds):
                run = kb.run(world.replace(**here, **changes), replicates=w + 1, rng=3)
                assert values[arm, w] == outcomes(run)["take_off"][w]
    design = studies.Table({"seeding.number": [4, 5, 6, 7, 8, 9, 5000]})
    drawn_from = kb.map(MIXED, X2, Y2, worlds=design, rng=3, cells=1, depth=0)
    assert (drawn_from.worlds, drawn_from.impossible) == (6, 1)
    assert "6 worlds (1 more cannot be)" in " ".join(repr(drawn_from).split())


def test_a_composite_is_an_axis_through_a_parameter() -> None:
    """Catches a composite that is not where the axis says, or is moved by the other axis."""
    via = {"newbie_margin": "products.rom.bar", "reproduction": "channels.wechat.persuasion"}
    seen: dict[str, tuple[float, float]] = {}

    def both(history: Any, scenario: Scenario) -> float:
        known = composites(scenario, *via)
        seen[scenario.digest()] = (known["newbie_margin"], known["reproduction"])
        return 1.0

    alone = SMALL.replace(**{"segments.newbie.reinforcement": 1})
    axes = ("newbie_margin", -0.2, 0.2), ("reproduction", 0.2, 0.3)
    found = kb.map(alone, *axes, outcome=both, via=via, replicates=6, rng=1, cells=2, depth=0)
    wanted = {(row.newbie_margin, row.reproduction) for row in found.table().itertuples()}
    assert len(seen) == len(wanted) == 9
    for place in wanted:
        assert any(np.allclose(place, other, atol=1e-5) for other in seen.values())
    with pytest.raises(KoubeiError, match="the axes the other way round"):
        kb.map(alone, *axes[::-1], outcome=both, via=via, replicates=6, rng=1, cells=1, depth=0)
    far = ("reproduction", 0.3, 500.0)
    with pytest.raises(KoubeiError, match="not reached through channels"):
        kb.map(alone, axes[0], far, outcome=both, via=via, replicates=6, rng=1, cells=1, depth=0)


def test_the_border_of_branching_is_where_theory_puts_it() -> None:
    """Catches a map that refines at random, or a border on the wrong side of R = 1.

    Ten seeds among 1,500 people: below R = .8 a run of ten seeds hardly reaches a hundred people,
    from R = 2.5 on it hardly dies (chance of extinction below .1**10).
    """
    persuasion = ("channels.weibo.persuasion", 0.01, 0.5, "log")
    difficulty = ("products.product.difficulty", 0.0, 1.0)
    found = kb.map(SPARSE, persuasion, difficulty, replicates=8, rng=2, cells=3, depth=2)
    table = found.table()
    numbers = []
    for row in table.to_dict("records"):
        paths = {axis[0]: row[axis[0]] for axis in (persuasion, difficulty)}
        numbers.append(composites(SPARSE.replace(**paths), "reproduction")["reproduction"])
    r = np.array(numbers)
    assert (table["estimate"][r < 0.8] <= 0.25).all() and (table["estimate"][r > 2.5] == 1.0).all()
    assert 16 < len(table) < 13 * 13 / 2
    late = (np.array(sorted(found.values)) % 4 > 0).any(axis=1)
    # Cut cells straddle the border: one lies within a factor of four of R = 1.
    assert np.median(np.abs(np.log(r[late]))) < math.log(2.5)


def test_a_split_shares_out_the_total() -> None:
    """Catches shares that do not add up, or two of the three exchanged."""
    paths = ["nodes.vote.need", "nodes.report.need", "nodes.contest.need"]
    seen = set()

    def note(history: Any, scenario: Scenario) -> float:
        seen.add(tuple(scenario.nodes[name].need for name in ("vote", "report", "contest")))
        return scenario.nodes["vote"].need

    found = kb.map(SMALL, split=paths, total=0.6, outcome=note, replicates=6, cells=3, depth=0)
    table = found.table()
    assert len(table) == 10
    np.testing.assert_allclose(table[paths].sum(axis=1), 0.6)
    np.testing.assert_allclose(table["estimate"], table["nodes.vote.need"], atol=1e-12)
    assert {tuple(np.round(s, 9)) for s in seen} == {
        tuple(np.round(row, 9)) for row in table[paths].to_numpy()
    }


def test_a_folder_goes_on_and_threads_change_nothing(tmp_path: Any) -> None:
    """Catches a resume that runs again, another key, or a table that hangs on threads."""
    asked = {"replicates": 6, "cells": 2, "depth": 1}
    one = kb.map(SPARSE, ("channels.weibo.persuasion", 0.02, 0.4), Y2, rng=4, threads=1, **asked)
    kept = kb.map(
        SPARSE, ("channels.weibo.persuasion", 0.02, 0.4), Y2, rng=4, threads=2, out=tmp_path / "m",
        **asked,
    )  # fmt: skip
    shards = sorted(tmp_path.rglob("*.parquet"))
    dates = [shard.stat().st_mtime_ns for shard in shards]
    again = kb.map(
        SPARSE, ("channels.weibo.persuasion", 0.02, 0.4), Y2, out=tmp_path / "m", **asked
    )
    assert shards and dates == [shard.stat().st_mtime_ns for shard in shards]
    assert len(one.values) > 9
    for other in (kept, again):
        assert other.table().equals(one.table()) and other.key == one.key


def test_wrong_words_are_refused_before_any_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches a refusal after an hour of runs, or none."""
    monkeypatch.setattr("koubei_sim.studies.maps.mapping.Study", None)
    for x, y, words, said in (
        (X, X, {}, "y: sets what x sets"),
        (X, "ticks", {}, "y: not an axis"),
        (X, ("seeding.strategy", 0, 1), {}, "seeding.strategy: not a number"),
        (X, ("seeding.puriti", 0, 1), {}, "try seeding.purity"),
        (X, ("newbie_margin", 0, 1), {}, "set through a parameter"),
        (
            X,
            ("newbie_margin", 0, 1),
            {"via": {"newbie_margin": "ticks"}},
            "not a parameter that is",
        ),
        (X, ("seeding.number", 1, 5000), {}, "seeding"),
        (X, ("market.taste_sd", 0.5, 0.1), {}, "the low bound must be below"),
        (X, Y, {"replicates": 5}, "replicates: out of range"),
        (X, Y, {"worlds": [SMALL] * 8, "replicates": 8}, "every world is run once"),
        (X, Y, {"worlds": [SMALL] * 5}, "too few to tell none from all"),
        (X, Y, {"most_runs": 10}, "allowed 400 or more"),
        (X, Y, {"arms": {"a": {}}}, "needs two names"),
        (X, Y, {"arms": {"a": {}, "b": 3}}, "arms: b: not changes"),
        (X, Y, {"arms": {"a": {}, "b": {X[0]: 0.2}}}, "sets what an axis sets"),
        (X, Y, {"arms": {"a": {}, "b": {}}, "outcome": "users"}, "in which runs each takes off"),
        (X, Y, {"split": ["a", "b", "c"]}, "in place of x and y"),
        (None, None, {"split": [X[0], Y[0]]}, "needs three parameters"),
        (None, None, {"split": ["ticks", X[0], Y[0]], "total": 1}, "counts in whole numbers"),
        (X, Y, {"cells": 0}, "cells: out of range"),
        (X, Y, {"depth": 9}, "depth: out of range"),
        (X, Y, {"outcome": "userz"}, "users"),
    ):
        with pytest.raises(KoubeiError, match=said):
            kb.map(SMALL, x, y, **words)


# Figures ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_figures_show_every_point_and_what_is_open(lang: str) -> None:
    """Catches points that are not drawn, or an open question drawn as settled."""

    def fuzzy(x: float, y: float) -> NDArray[np.float64]:
        return (np.arange(20) < 20 * min(1.0, x)).astype(float)

    def count(ax: Any) -> tuple[int, int]:
        lines = [line for line in ax.lines if line.get_marker() == "o"]
        assert len(lines) == 2
        return len(lines[0].get_xdata()), len(lines[1].get_xdata())

    found, _ = drawn(fuzzy, 4, 1)
    table = found.table()
    open_at = ((table["low"] <= 0.5) & (table["high"] >= 0.5)).sum()
    assert count(plots.phase(found, lang=lang)) == (len(table) - open_at, open_at)
    shown = found.interaction()
    settled = ((shown["low"] > 0) | (shown["high"] < 0)).sum()
    assert count(plots.phase(found, lang=lang, what="interaction"))[0] == settled

    def two(x: float, y: float) -> NDArray[np.float64]:
        return np.array([disc(x, y), 1.0 - disc(x, y)])

    for triangle, arms, of in ((True, (), disc), (True, ("p", "q"), two), (False, ("p", "q"), two)):
        each, _ = drawn(of, 3, 1, triangle, arms=arms)
        assert sum(count(each.plot(lang=lang))) == len(each.values)
    plt.close("all")
    flat, _ = drawn(lambda x, y: np.ones(9), 1, 0, outcome="users")
    flat.plot()
    unknown, _ = drawn(lambda x, y: np.full(9, math.nan), 1, 0, outcome="users")
    unknown.plot()
    plt.close("all")


def test_cells_of_a_triangle_are_cut_in_four() -> None:
    """Catches a hole in the midst."""
    whole = Lattice(1, 1, triangle=True).first()[0]
    parts = split(whole)
    assert len(parts) == 4 and {corner for part in parts for corner in part} == {
        (0, 0), (1, 0), (2, 0), (0, 1), (0, 2), (1, 1)
    }  # fmt: skip
    assert studies.Map is Map
