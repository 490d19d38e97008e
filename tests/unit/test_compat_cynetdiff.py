"""The door of `compat.cynetdiff`: one cascade after the other, equal to our own; faults mended."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from koubei_sim import KoubeiError, as_network
from koubei_sim.cascades import IndependentCascade, cascade
from koubei_sim.compat import cynetdiff

LIMIT = 4.9  # standard errors: 1e-6, two-sided
RUNS = 4000


@pytest.fixture(scope="module")
def graph():
    return nx.gnm_random_graph(200, 600, seed=4)


def sizes(model, runs=RUNS):
    found = []
    for _ in range(runs):
        model.reset_model()
        model.advance_until_completion()
        found.append(model.get_num_activated_nodes())
    return np.array(found)


def apart(found, mean):
    return abs(found.mean() - mean) / (found.std(ddof=1) / np.sqrt(found.size))


def test_cascades_are_our_own_one_by_one(graph):
    """Would catch a replicate that is left out or repeated between two batches, and people who
    are not those whom the size counts."""
    model, number = cynetdiff.networkx_to_ic_model(graph, activation_prob=0.2, rng=5)
    assert number == {node: node for node in graph}
    model.set_seeds([3, 7])
    found = sizes(model, 300)
    own = cascade(as_network(graph), IndependentCascade(0.2), [3, 7], 300, 5, first=2)
    assert np.array_equal(found, own.sizes)
    people = set(model.get_activated_nodes())
    assert len(people) == found[-1]
    model.set_rng(5)
    assert np.array_equal(sizes(model, 9)[1:], found[:8])  # reset goes on from replicate 1


def test_steps_add_up_to_the_whole(graph):
    """Would catch a step that hands out people of another one."""
    model, _ = cynetdiff.networkx_to_lt_model(graph, rng=5)
    model.set_seeds([3, 7, 11, 15])
    seen = set(model.get_newly_activated_nodes())
    assert seen == {3, 7, 11, 15} and model.get_num_activated_nodes() == 4
    while new := set(model.get_newly_activated_nodes()):
        assert new <= set(model.get_activated_nodes())
        model.advance_model()
        assert not new & set(model.get_newly_activated_nodes())
        seen |= new
    steps = model.get_num_activated_nodes()
    model.advance_until_completion()
    assert steps == model.get_num_activated_nodes() == len(seen) > 4
    assert list(model.get_newly_activated_nodes()) == []


def test_values_stay_with_their_arcs_when_rows_are_not_sorted():
    """Would catch probabilities that keep their place while the arcs are sorted."""
    model = cynetdiff.IndependentCascadeModel(
        np.array([0, 3, 4, 4], np.uint32),
        np.array([3, 1, 2, 0], np.uint32),
        activation_probs=np.array([1.0, 0.0, 1.0, 0.0], np.float32),
    )
    model.set_seeds([0])
    model.advance_until_completion()
    assert sorted(model.get_activated_nodes()) == [0, 2, 3]


def test_a_seed_named_twice_is_one_seed():
    """Would catch the fault of the other package: its arcs are tried twice, .75 in place of .5.

    n = 4,000, error rate 1e-6, key 5.
    """
    model, _ = cynetdiff.networkx_to_ic_model(nx.path_graph(2), activation_prob=0.5, rng=5)
    model.set_seeds([0, 0])
    assert apart(sizes(model) - 1, 0.5) < LIMIT


def test_seeds_by_chance_are_active_as_often_as_they_should():
    """Would catch seeds that always start, or one coin for all of them.

    Null: mean .3 + .6, variance .21 + .24.  n = 4,000, error rate 1e-6, key 5.
    """
    model, _ = cynetdiff.networkx_to_ic_model(nx.path_graph(3), activation_prob=0.0, rng=5)
    model.set_seeds([0, 2], [0.3, 0.6])
    found = sizes(model)
    assert apart(found, 0.9) < LIMIT
    assert abs(found.var() - 0.45) < LIMIT * np.sqrt(0.45 / RUNS)
    assert set(found.tolist()) == {0, 1, 2}


def test_linear_threshold_has_the_exact_chance_and_takes_rounded_weights():
    """Would catch weights of the wrong arcs, and a refusal of sums that
    rounding puts a hair above 1 (the other package takes up to 1.0001).

    Null: .3 with one of two sources active.  n = 4,000, error rate 1e-6, key 5.
    """
    two = nx.DiGraph()
    two.add_edge("a", "c", influence=0.3)
    two.add_edge("b", "c", influence=0.7)
    model, number = cynetdiff.networkx_to_lt_model(two, rng=5)
    model.set_seeds([number["a"]])
    assert apart(sizes(model) - 1, 0.3) < LIMIT
    share = np.full(19, 1 / 19, np.float32)
    full = cynetdiff.LinearThresholdModel(
        np.append(np.arange(19), 19).astype(np.uint32),
        np.full(19, 19, np.uint32),
        influence=share * np.float32(1.00005),
        rng=5,
    )
    full.set_seeds(range(19))
    assert (sizes(full) == 20).all()


def test_gains_are_exact_on_a_path_and_count_payoffs():
    """Would catch gains over the wrong seeds, or payoffs that are not used.

    Null: from 0 along 0 -> 1 (p = .5) 1.5; node 1 adds .5.  n = 4,000, error rate 1e-6, key 5.
    """
    path = nx.DiGraph([(0, 1)])
    model, _ = cynetdiff.networkx_to_ic_model(path, activation_prob=0.5, rng=5)
    base, gain = model.compute_marginal_gains([0], [1], RUNS)
    assert abs(base - 1.5) < LIMIT * 0.5 / np.sqrt(RUNS) and base + gain == 2.0
    path.add_node(0, payoff=1.0)
    path.add_node(1, payoff=10.0)
    model, _ = cynetdiff.networkx_to_ic_model(path, activation_prob=1.0)
    assert model.compute_marginal_gains([1], [0], 10) == [10.0, 1.0]
    model.set_seeds([0])
    assert model.compute_payoffs() == 1.0
    model.advance_until_completion()
    assert model.compute_payoffs() == 11.0


@pytest.mark.parametrize(
    ("action", "says"),
    [
        (lambda: cynetdiff.IndependentCascadeModel([0, 1], [1, 5]), "edges: no such node"),
        (lambda: cynetdiff.IndependentCascadeModel([0, 3], [1, 0]), "not row starts"),
        (lambda: cynetdiff.IndependentCascadeModel([0, 2], [1, 1]), "target twice"),
        (
            lambda: cynetdiff.IndependentCascadeModel([0, 1], [1, 0], activation_prob=1.5),
            "out of range",
        ),
        (
            lambda: cynetdiff.IndependentCascadeModel([0, 1], [1, 0]).set_seeds([2]),
            "seeds: no such node",
        ),
        (
            lambda: cynetdiff.LinearThresholdModel([0, 1, 2], [2, 2], influence=[0.7, 0.7]),
            "more than 1|add up",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(action, says):
    """Would catch a crash of the process, or values taken as they are."""
    with pytest.raises(KoubeiError, match=says) as caught:
        model = action()
        model.set_seeds([0])
        model.advance_until_completion()
        model.get_num_activated_nodes()
    assert "\n" not in str(caught.value)
