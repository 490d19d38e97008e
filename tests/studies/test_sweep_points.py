"""Points of sweeps: designs, ranges, priors, and everything that is refused before a run."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from koubei_sim import studies
from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import Scenario
from koubei_sim.studies import Grid, LatinHypercube, RandomPoints, SobolPoints, Table
from koubei_sim.studies.design.values import Range, range_of

TINY = Scenario.load("tiny")
UNIT = {"seeding.purity": (0.0, 1.0), "telling.relay": (0.0, 1.0)}


def columns(design, key=7):
    return design.points(TINY, key).columns


def test_a_grid_has_every_combination_once_last_path_fastest():
    """Catches a grid that leaves out or repeats combinations, or changes their order."""
    found = Grid({"ticks": [5, 6], "seeding.purity": [0.1, 0.5, 0.9]}).points(TINY, 1)
    assert found.number == 6
    assert [found.at(p) for p in (0, 1, 3)] == [
        {"ticks": 5, "seeding.purity": 0.1},
        {"ticks": 5, "seeding.purity": 0.5},
        {"ticks": 6, "seeding.purity": 0.1},
    ]


def test_random_points_do_not_move_each_other():
    """Catches a generator with a state: more points, or more paths, must change no earlier one."""
    few, many = columns(RandomPoints(UNIT, 5)), columns(RandomPoints(UNIT, 50))
    one = columns(RandomPoints({"seeding.purity": (0.0, 1.0)}, 5))
    assert few["seeding.purity"] == many["seeding.purity"][:5] == one["seeding.purity"]
    assert columns(RandomPoints(UNIT, 5), key=8) != few


@pytest.mark.parametrize("number", [1, 7, 64])
def test_latin_hypercube_fills_every_row_and_column(number):
    """Catches a hypercube whose columns share a permutation or leave a cell empty."""
    found = columns(LatinHypercube(UNIT, number))
    cells = [[int(number * value) for value in column] for column in found.values()]
    assert all(sorted(column) == list(range(number)) for column in cells)
    if number == 64:
        assert cells[0] != cells[1]


def test_sobol_points_are_a_net_after_the_shift():
    """Catches a shift by addition (which breaks the net): 64 points, one in each 8 x 8 cell."""
    found = columns(SobolPoints(UNIT, 64))
    cells = {(int(8 * x), int(8 * y)) for x, y in zip(*found.values())}
    assert len(cells) == 64
    assert columns(SobolPoints(UNIT, 50))["telling.relay"] == found["telling.relay"][:50]
    assert columns(SobolPoints(UNIT, 64), key=8) != found


def test_whole_number_parameters_get_whole_numbers_ends_included():
    """Catches rounding that gives the two ends half the chance, or floats for counts."""
    found = columns(LatinHypercube({"seeding.number": (1, 4)}, 4000))["seeding.number"]
    assert all(isinstance(value, int) for value in found)
    counts = np.bincount(found)[1:]
    assert counts.tolist() == [1000] * 4


def test_ranges_in_every_form():
    """Catches a logarithmic range that is uniform, and choices that are not reached."""
    assert range_of("a", {"low": 1, "high": 100, "log": True}).at(0.5) == pytest.approx(10.0)
    assert range_of("a", (1.0, 100.0, "log")) == Range(1.0, 100.0, True)
    choice = range_of("a", ["x", "y", "z"])
    assert [choice.at(share) for share in (0.1, 0.5, 0.99)] == ["x", "y", "z"]


def test_tables_from_frames_files_and_rows(tmp_path):
    """Catches a table whose order or types change on the way."""
    rows = [{"seeding.purity": 0.5, "ticks": 5}, {"seeding.purity": 1.0, "ticks": 9}]
    frame = pd.DataFrame(rows)
    frame.to_csv(tmp_path / "points.csv", index=False)
    frame.to_parquet(tmp_path / "points.parquet")
    wanted = {"seeding.purity": (0.5, 1.0), "ticks": (5, 9)}
    for source in (rows, frame, tmp_path / "points.csv", str(tmp_path / "points.parquet")):
        assert columns(Table(source)) == wanted


@pytest.mark.parametrize(
    ("points", "said"),
    [
        ({}, "grid: empty"),
        ({"seeding.purity": []}, "grid: seeding.purity: empty grid"),
        ({"seeding.purity": 0.5}, "must be a list of levels"),
        ({"seeding.purity": [0.5, "many"]}, "mixed types, got text 'many' beside number 0.5"),
        ({"seeding.purity": [0.5, 0.5]}, "a level stands twice"),
        ({"seeding.purity": [True, 0.5]}, "mixed types"),
        ({"seeding.purty": [0.5]}, "seeding.purty: unknown parameter.*try purity"),
        ({"seeding.purity": [0.5, 1.5]}, r"seeding.purity: out of range \(point 1\), got 1.5"),
        ({"channels.forun.tell": [0.5]}, "try forum"),
        ({"seeding.purity": [float("nan")]}, "not a number"),
        ([], "no points"),
        ([{"ticks": 5}, {"seeding.purity": 1}], "row 1: other paths than row 0"),
        (Table({"ticks": [5], "seeding.purity": [0.1, 0.2]}), "unequal length"),
        (LatinHypercube({"seeding.purity": (0.9, 0.1)}, 4), "below the high one"),
        (LatinHypercube({"seeding.purity": (0.0, 0.5, "log")}, 4), "above 0"),
        (LatinHypercube({"seeding.number": (0.5, 3)}, 4), "whole bounds"),
        (LatinHypercube({}, 4), "ranges: none"),
        (SobolPoints(UNIT, 0), "number of points: out of range"),
        (RandomPoints({"seeding.purity": 3}, 4), "not a range"),
        (3, "points: wrong type, got int"),
        ("nothing.csv", "no such file"),
        ({"n_agents": [2**31 - 1]}, "more memory than there is"),
        (Grid({f"a.{i}": list(range(100)) for i in range(5)}), "too many"),
    ],
)
def test_wrong_points_are_refused_in_one_line_before_any_run(points, said, tmp_path, monkeypatch):
    """Catches a mistake that is found only when its point's turn comes, or a folder left over."""
    from koubei_sim.studies.sweep import work

    monkeypatch.setattr(work, "_runs_of_a_point", lambda *_: pytest.fail("something ran"))
    with pytest.raises(KoubeiError, match=said) as caught:
        studies.sweep("tiny", points, rng=1, out=tmp_path / "x", workers=1)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"backend": "thread"}, "backend: unknown.*try threads"),
        ({"workers": 0}, "workers: out of range, got 0"),
        ({"scheduler": "tcp://a:1", "backend": "threads"}, "only for the backend dask"),
        ({"backend": "dask"}, "scheduler: the address"),
        ({"replicates": 0}, "replicates: out of range, got 0"),
        ({"engine": "fast"}, "engine: unknown, got 'fast'"),
        ({"outcomes": ["user"]}, "outcome: unknown outcome.*try users"),
        ({"outcomes": []}, "outcomes: none"),
        ({"rng": "x"}, "rng: wrong type"),
        ({"batch_seconds": 0}, "batch_seconds: out of range"),
    ],
)
def test_wrong_arguments_are_refused_in_one_line(words, said):
    """Catches an argument that is ignored, or found wrong only after the first runs."""
    with pytest.raises(KoubeiError, match=said):
        studies.sweep("tiny", {"ticks": [5]}, **{"rng": 1, **words})


def test_ensembles_vary_assumptions_and_only_valid_ones():
    """Catches priors on structure, on switched-off mechanisms, or outside what is allowed."""
    design = studies.prior_sample("tiny", 16)
    paths = set(design.ranges)
    assert len(paths) > 50
    assert not paths & {"n_agents", "ticks", "segments.enthusiast.share", "people_per_agent"}
    # What defines kinds of people, tiers and loyalty is an assumption like any other.
    assert {"segments.newbie.expertise_a", "loyalty.loyal", "telling.tier_factor.1"} <= paths
    assert "segments.newbie.membership.forum" in paths
    # What hangs on something neutral changes nothing.
    free = Scenario.load("tiny")
    free = free.replace(**{f"products.{name}.price": 0.0 for name in free.products})
    assert not any(path.endswith("income_median") for path in studies.prior_sample(free, 2).ranges)
    plan = studies.make_sweep(TINY, design, rng=3)
    plan.check()  # every point is a scenario
    around = studies.prior_sample("tiny", 4, ["market.admission"], spread=3.0).ranges
    odds = 0.3 / 0.7  # the value of tiny
    assert around["market.admission"].low == pytest.approx(odds / 3 / (1 + odds / 3), rel=1e-3)
    own = studies.prior_sample("tiny", 4, {"market.admission": (0.2, 0.4)}).ranges
    assert own["market.admission"] == Range(0.2, 0.4)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"paths": ["market.admision"]}, "try market.admission"),
        ({"spread": 1.0}, "spread: out of range"),
        ({"method": "lattin"}, "try latin"),
        ({"paths": ["seeding.strategy"]}, "no range around this value"),
        ({"paths": []}, "no parameter to vary"),
    ],
)
def test_wrong_ensembles(words, said):
    """Catches an ensemble over nothing, or over a word."""
    with pytest.raises(KoubeiError, match=said):
        studies.prior_sample("tiny", 4, **words)


def test_points_with_luck_of_their_own() -> None:
    """Catches points that go on sharing luck, and a key that hangs on the number of points."""
    same = {"ticks": [12, 12, 12]}
    rows = studies.sweep(
        "tiny", studies.Table(same), replicates=2, rng=3, random_numbers="own"
    ).table()
    users = rows["adoptions"].to_numpy().reshape(3, 2)
    assert len({tuple(pair) for pair in users}) == 3
    fewer = studies.sweep(
        "tiny", studies.Table({"ticks": [12]}), replicates=2, rng=3, random_numbers="own"
    )
    assert fewer.table()["run_key"].tolist() == rows["run_key"].tolist()[:2]
    common = studies.sweep("tiny", studies.Table(same), replicates=2, rng=3).table()
    assert len(set(common["adoptions"].to_numpy().reshape(3, 2)[:, 0])) == 1
    assert not set(common["run_key"]) & set(rows["run_key"])
