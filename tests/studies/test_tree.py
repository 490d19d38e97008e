"""Splitting trees: against a naive twin, and that the score knows when there is nothing to know."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from koubei_sim.errors import KoubeiError
from koubei_sim.studies import splitting_tree
from koubei_sim.studies.maps.tree import Node

Rows = list[int]


def cloud(key: int, rows: int = 60, levels: int = 0) -> dict[str, NDArray[np.float64]]:
    """Three features; of few levels there are ties."""
    dice = np.random.Generator(np.random.PCG64(key))
    found = dice.normal(size=(3, rows))
    if levels:
        found = np.floor(found * levels) / levels
    return dict(zip(("a", "b", "c"), found))


def naive(features: Any, target: Any, rows: Rows, depth: int, leaf: int) -> Any:
    """Every split tried, sums of squares from scratch: (feature, threshold, low, high), or rows."""

    def squares(part: Rows) -> float:
        mean = sum(target[r] for r in part) / len(part)
        return sum((target[r] - mean) ** 2 for r in part)

    best, found = 1e-9, None
    for name, column in features.items() if depth else ():
        values = sorted({column[r] for r in rows})
        for below, above in itertools.pairwise(values):
            at = (below + above) / 2
            low, high = ([r for r in rows if (column[r] <= at) == side] for side in (True, False))
            gone = squares(rows) - squares(low) - squares(high)
            if min(len(low), len(high)) >= leaf and gone > best + 1e-9:
                best, found = gone, (name, at, low, high)
    if found is None:
        return rows
    name, at, low, high = found
    return (name, at, naive(features, target, low, depth - 1, leaf),
            naive(features, target, high, depth - 1, leaf))  # fmt: skip


def same(node: Node, twin: Any, target: Any) -> None:
    if isinstance(twin, list):
        assert node.low is None and node.n == len(twin)
        assert node.estimate.mean == pytest.approx(np.mean([target[r] for r in twin]))
        return
    assert (node.feature, node.threshold) == (twin[0], pytest.approx(twin[1]))
    assert node.low is not None and node.high is not None
    same(node.low, twin[2], target)
    same(node.high, twin[3], target)


@pytest.mark.parametrize("levels", [0, 2])
@pytest.mark.parametrize("shares", [True, False])
@pytest.mark.parametrize("key", range(6))
def test_the_tree_is_that_of_a_naive_twin(key: int, shares: bool, levels: int) -> None:
    """Catches ties split, a leaf too small, a threshold on the wrong side, other equals taken."""
    features = cloud(key, levels=levels)
    target = features["a"] + 0.5 * features["b"] ** 2 + cloud(key + 100)["c"] * 0.3 + 1e6
    target = (target > np.median(target)).astype(float) if shares else target
    found = splitting_tree(features, target, depth=3, leaf=5, folds=3)
    same(found.root, naive(features, target, list(range(60)), 3, 5), target)
    table = found.table()
    assert table["n"].sum() == 60 and (table["n"] >= 5).all()
    assert (table["low"] <= table["estimate"]).all() and (table["estimate"] <= table["high"]).all()
    inside = found.predict(features)
    assert set(np.round(inside, 6)) == set(np.round(table["estimate"], 6))


def test_what_was_planted_is_found_and_foretold() -> None:
    """Catches a score of rows that the tree has seen, and a border in the wrong place."""
    features = cloud(3, 400)
    margin = features["b"]
    truth = 1 / (1 + np.exp(-4 * (margin - 0.3)))
    target = np.random.Generator(np.random.PCG64(4)).random(400) < truth
    found = splitting_tree(features, target, key=7)
    assert found.root.feature == "b" and 0.0 < found.root.threshold < 0.7
    assert found.score.low > 0.7
    assert "b <= " in str(found) and "AUC 0." in str(found)
    numbers = splitting_tree(features, margin**3, key=7)
    assert numbers.score.mean > 0.6 and "of the variance" in str(numbers)


def test_the_score_of_noise_is_that_of_a_coin() -> None:
    """Catches a score that is told by rows the tree has seen (above .5), or that falls below .5.

    Over all rows in place of those of one fold the mean would be some .47.
    """
    scores, held = [], 0
    for key in range(60):
        target = np.random.Generator(np.random.PCG64(1000 + key)).random(80) < 0.4
        found = splitting_tree(cloud(key, 80), target, depth=1, leaf=30, folds=10, key=key).score
        scores.append(found.mean)
        held += found.low <= 0.5 <= found.high
    assert abs(np.mean(scores) - 0.5) < 4 * np.std(scores) / np.sqrt(60) and held >= 54


def test_the_score_by_hand() -> None:
    """Catches an AUC with ties lost, and an interval that is none at the end of its range."""
    features = {"a": [0.0] * 8 + [1.0] * 8}
    target = [0] * 6 + [1] * 2 + [0] * 2 + [1] * 6
    found = splitting_tree(features, target, depth=1, leaf=2, folds=2, groups=[0, 1] * 8)
    # In each fold 3 of 4 low are no, 3 of 4 high yes: 9 of 16 pairs above, 6 of 16 level.
    assert found.score.mean == pytest.approx(9 / 16 + 3 / 16)
    sure = splitting_tree(features, [0] * 8 + [1] * 8, depth=1, leaf=2, folds=2)
    assert sure.score.mean == 1.0 and 0.4 < sure.score.low < 0.95 and sure.score.high == 1.0


def test_replicates_of_a_world_stay_in_one_fold() -> None:
    """Catches worlds that are known by heart: what is left out is then foretold too well."""
    dice = np.random.Generator(np.random.PCG64(9))
    world = np.repeat(np.arange(40), 5)
    name, target = dice.random(40)[world], (dice.random(40) < 0.5)[world]
    alone = splitting_tree({"a": name}, target, depth=8, leaf=1)
    together = splitting_tree({"a": name}, target, depth=8, leaf=1, groups=world)
    assert alone.score.mean > 0.9 and together.score.mean < 0.75


def test_folds_hang_on_the_key_alone() -> None:
    """Catches folds by a generator, or by the order of the rows."""
    features = cloud(5, 200)
    target = features["a"] + cloud(6, 200)["b"] > 0
    one, again = (splitting_tree(features, target, key=1) for _ in range(2))
    other = splitting_tree(features, target, key=2)
    assert one.score == again.score and one.score != other.score
    assert str(one).splitlines()[:-1] == str(other).splitlines()[:-1]


def test_wrong_rows_are_refused() -> None:
    """Catches a NaN that sorts somewhere, columns of other lengths, too few rows to split."""
    good = {"a": np.arange(40.0)}
    yes = np.arange(40) > 20
    for features, target, said in (
        ({"a": np.where(yes, np.nan, 1.0)}, yes, "try leaving the column out"),
        (good, np.where(yes, np.nan, 1.0), "try leaving these rows out"),
        ({"a": np.arange(39.0)}, yes, "not as many as targets"),
        ({"a": np.arange(10.0)}, yes[:10], "too few rows"),
        ([1, 2], yes, "no columns"),
    ):
        with pytest.raises(KoubeiError, match=said):
            splitting_tree(features, target)
    with pytest.raises(KoubeiError, match="a column of the tree is missing"):
        splitting_tree(good, yes).predict({"b": np.arange(40.0)})
