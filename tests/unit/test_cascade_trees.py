"""Trees of activations: parents, generations, shapes and reproduction against brute force."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from koubei_sim.cascades import trees
from koubei_sim.errors import KoubeiError


def _logs():
    if "koubei_cascade_logs" not in sys.modules:
        path = Path(__file__).resolve().parents[1] / "cascade_logs.py"
        spec = importlib.util.spec_from_file_location("koubei_cascade_logs", path)
        module = importlib.util.module_from_spec(spec)
        sys.modules["koubei_cascade_logs"] = module
        spec.loader.exec_module(module)
    return sys.modules["koubei_cascade_logs"]


logs = _logs()


def _star(n):
    return logs.log_of((0, 0, -1, 0.0), *((0, k, 0, 1.0) for k in range(1, n)))


def _path(n):
    return logs.log_of(*((0, k, k - 1, float(k)) for k in range(n)))


@pytest.mark.parametrize("n", [2, 3, 10, 1000])
def test_a_star_and_a_path_have_the_known_shapes(n):
    """Catches a wrong formula of structural virality: a star has 2 - 2/n, a path (n + 1)/3."""
    star = trees.trees_of(trees.forest_of(_star(n), n))
    assert (star.size[0], star.depth[0], star.breadth[0], star.broadcast[0]) == (n, 1, n - 1, n - 1)
    assert star.virality[0] == pytest.approx(2 - 2 / n, rel=1e-14)
    path = trees.trees_of(trees.forest_of(_path(n), n))
    assert (path.size[0], path.depth[0], path.breadth[0], path.broadcast[0]) == (n, n - 1, 1, 1)
    assert path.virality[0] == pytest.approx((n + 1) / 3, rel=1e-14)


def test_a_single_person_has_no_virality():
    """Catches a division by zero, or a 0 that would pull means down."""
    found = trees.trees_of(trees.forest_of(logs.log_of((0, 4, -1, 0.0)), 5))
    assert np.isnan(found.virality[0])
    assert (found.root[0], found.size[0], found.depth[0], found.broadcast[0]) == (4, 1, 0, 0)


def test_shapes_agree_with_distances_counted_in_networkx(key):
    """Catches any mix-up of trees, replicates or generations: every figure by brute force."""
    log = logs.random_log(6, 50, 4, key, first=3)
    forest = trees.forest_of(log, 50)
    found = trees.trees_of(forest)
    row = 0
    for r in range(3, 9):
        graph = nx.DiGraph()
        mine = log.replicate == r
        for person, parent in zip(log.person[mine].tolist(), log.parent[mine].tolist()):
            graph.add_node(person)
            if parent >= 0:
                graph.add_edge(parent, person)
        roots = [person for person in log.person[mine].tolist() if not graph.in_degree(person)]
        assert len(roots) == 4
        for root in roots:
            members = {root, *nx.descendants(graph, root)}
            layer = nx.single_source_shortest_path_length(graph, root)
            tree = graph.subgraph(members).to_undirected()
            assert (found.replicate[row], found.root[row]) == (r, root)
            assert found.size[row] == len(members)
            assert found.depth[row] == max(layer.values())
            assert found.breadth[row] == max(np.bincount(list(layer.values())))
            assert found.broadcast[row] == max(graph.out_degree(member) for member in members)
            if len(members) > 1:
                mean = nx.average_shortest_path_length(tree)
                assert found.virality[row] == pytest.approx(mean, rel=1e-12)
            at = np.flatnonzero(mine & (log.person == root))[0]
            assert forest.roots[row] == at
            row += 1
    assert row == found.size.size
    for at in range(log.person.size):
        parent = log.parent[at]
        if parent >= 0:
            above = forest.above[at]
            assert (log.person[above], log.replicate[above]) == (parent, log.replicate[at])
            assert forest.generation[at] == forest.generation[above] + 1
            assert forest.tree[at] == forest.tree[above]


def test_parents_of_the_same_moment_may_stand_later():
    """Catches a forest broken by words without delay: then a parent can follow its child."""
    rows = [(0, 9, -1, 0.0), (0, 1, 5, 0.0), (0, 5, 8, 0.0), (0, 8, 9, 0.0), (1, 1, -1, 0.0)]
    log = logs.log_of(*sorted(rows, key=lambda row: (row[0], row[3], row[1])))
    forest = trees.forest_of(log, 10)
    by_person = dict(zip(log.person[:4].tolist(), forest.generation.tolist()))
    assert by_person == {9: 0, 8: 1, 5: 2, 1: 3}
    below = dict(zip(log.person[:4].tolist(), forest.below.tolist()))
    assert below == {9: 4, 8: 3, 5: 2, 1: 1}
    assert trees.trees_of(forest).virality[0] == pytest.approx(5 / 3)


def test_a_second_infection_is_a_row_of_its_own():
    """Catches children hung under the wrong infection of a person who had several."""
    log = logs.log_of(
        (0, 0, -1, 0.0), (0, 1, 0, 1.0), (0, 2, 1, 2.0), (0, 0, 1, 3.0), (0, 2, 0, 4.0)
    )
    forest = trees.forest_of(log, 3)
    assert forest.above.tolist() == [-1, 0, 1, 1, 3]
    assert forest.generation.tolist() == [0, 1, 2, 2, 3]


def test_a_parent_of_another_replicate_is_no_parent():
    """Catches scratch that leaks between replicates: person 7 was active only in the first."""
    log = logs.log_of((0, 7, -1, 0.0), (1, 3, -1, 0.0), (1, 4, 7, 1.0))
    with pytest.raises(KoubeiError, match="the parents of 1 rows are missing"):
        trees.forest_of(log, 8)


def test_broken_logs_are_refused():
    """Catches an endless loop or a crash on a damaged file."""
    with pytest.raises(KoubeiError, match=r"people out of range, allowed 0\.\.2"):
        trees.forest_of(_path(4), 3)
    circle = logs.log_of((0, 0, 2, 0.0), (0, 1, 0, 0.0), (0, 2, 1, 0.0))
    with pytest.raises(KoubeiError, match="convinced himself"):
        trees.forest_of(circle, 3)
    with pytest.raises(KoubeiError, match="missing"):
        trees.forest_of(logs.log_of((0, 2, 2, 0.0)), 3)


def test_an_empty_log_has_no_trees():
    """Catches failures where nobody ever became active."""
    forest = trees.forest_of(logs.log_of(), 5)
    assert trees.trees_of(forest).size.size == 0
    assert trees.generation_sums(forest).total.size == 0


def test_generations_agree_with_counting(key):
    """Catches wrong sums, ratios and standard errors: the table from a dense matrix Z[r, g]."""
    log = logs.random_log(9, 40, 2, key)
    forest = trees.forest_of(log, 40)
    table = trees.generation_table(trees.generation_sums(forest), 12)  # three replicates were empty
    width = int(forest.generation.max()) + 1
    dense = np.zeros((12, width))
    for r, g in zip(log.replicate.tolist(), forest.generation.tolist()):
        dense[r, g] += 1
    np.testing.assert_allclose(table["mean"], dense.mean(axis=0))
    np.testing.assert_allclose(table["reached"], (dense > 0).mean(axis=0))
    t = 2.200985160082949  # Student's t, 11 degrees, 0.975
    half = t * dense.std(axis=0, ddof=1) / np.sqrt(12)
    np.testing.assert_allclose(table["high"] - table["mean"], half, atol=1e-12)
    after = np.append(dense[:, 1:], np.zeros((12, 1)), axis=1)
    ratio = after.sum(axis=0) / dense.sum(axis=0)
    np.testing.assert_allclose(table["R"], ratio)
    rest = after - ratio * dense  # mean 0 by construction
    error = rest.std(axis=0, ddof=1) / np.sqrt(12) / dense.mean(axis=0)
    np.testing.assert_allclose(table["R_high"] - ratio, t * error, atol=1e-12)


def test_generation_sums_of_parts_add_up(key):
    """Catches a streamed log whose parts overwrite each other's generations."""
    log = logs.random_log(8, 40, 2, key)
    whole = trees.generation_sums(trees.forest_of(log, 40))
    cut = int(np.searchsorted(log.replicate, 3))
    parts = [type(log)(*(c[:cut] for c in log)), type(log)(*(c[cut:] for c in log))]
    added = trees.NO_GENERATIONS
    for part in parts:
        added = added + trees.generation_sums(trees.forest_of(part, 40))
    for a, b in zip(whole, added):
        np.testing.assert_array_equal(a, b)


def test_one_replicate_has_no_interval():
    """Catches an interval made of nothing."""
    table = trees.generation_table(trees.generation_sums(trees.forest_of(_star(5), 5)), 1)
    assert table["R"].tolist() == [4.0, 0.0]
    assert np.isnan(table["high"]).all()
    assert np.isnan(table["R_low"]).all()
