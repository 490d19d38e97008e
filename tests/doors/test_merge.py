"""One law of merging, nobody made up, values per arc by their ends."""

from __future__ import annotations

import numpy as np
import pytest

from koubei_sim.errors import KoubeiError
from koubei_sim.networks import Network, TemporalNetwork, as_network
from koubei_sim.networks.arc_values import arc_values


def weights(net: Network) -> dict[tuple[object, object], float]:
    """Weight of every arc by the names of its ends."""
    src, dst = net.arcs()
    found = net.layer().weights.tolist()
    return dict(zip(zip(src.tolist(), dst.tolist(), strict=True), found, strict=True))


LINES = ([0, 0, 0], [1, 1, 1], [0.5, 0.25, 0.5])


@pytest.mark.parametrize(
    ("merge", "value"),
    [
        (None, 1.25),
        ("add", 1.25),
        ("probability", 1 - 0.5 * 0.75 * 0.5),
        ("first", 0.5),
        ("last", 0.5),
        ("largest", 0.5),
    ],
)
def test_lines_of_one_direction(merge, value) -> None:
    """Would catch a law that is not the one asked for, in a directed or a mutual list."""
    for directed in (True, False):
        net = Network.from_edges(*LINES[:2], 2, LINES[2], directed, merge=merge)
        assert weights(net)[0, 1] == pytest.approx(value, rel=1e-7)


def test_first_and_last_go_by_the_order_given() -> None:
    """Would catch an order that the sorting of arcs made."""
    src, dst, weight = [1, 0, 1], [0, 1, 0], [3.0, 2.0, 1.0]
    made = {
        law: Network.from_edges(src, dst, 2, weight, False, merge=law) for law in ("first", "last")
    }
    assert weights(made["first"]) == {(0, 1): 3.0, (1, 0): 3.0}
    assert weights(made["last"]) == {(0, 1): 1.0, (1, 0): 1.0}


def test_a_tie_listed_in_both_directions_is_one_tie() -> None:
    """Would catch p = .5 that becomes 1 because a file lists each tie twice."""
    src, dst = [0, 1, 1, 2], [1, 0, 2, 1]
    for merge in (None, "add", "probability", "first", "last", "largest"):
        net = Network.from_edges(src, dst, 3, [0.5] * 4, False, merge=merge)
        assert set(weights(net).values()) == {0.5}, merge


def test_two_directions_that_differ_are_refused_or_merged_by_the_law_asked_for() -> None:
    """Would catch a choice between two numbers made in silence; the advice is followed."""
    arguments = ([0, 1], [1, 0], None, [3.0, 2.0])
    with pytest.raises(KoubeiError, match=r"0 - 1: 3 and 2, try merge='largest'"):
        Network.from_edges(*arguments, directed=False)
    assert weights(Network.from_edges(*arguments, directed=False, merge="largest"))[0, 1] == 3.0
    assert weights(Network.from_edges(*arguments, directed=False, merge="add"))[0, 1] == 5.0
    assert weights(Network.from_edges(*arguments, directed=True)) == {(0, 1): 3.0, (1, 0): 2.0}


def test_wrong_laws_are_refused() -> None:
    """Would catch a law that is ignored, or probabilities above 1 combined."""
    for options, line in (
        ({"merge": "sum"}, "merge: unknown, got 'sum'"),
        ({"merge": "add", "parallel": "keep"}, "merge: given, but parallel arcs are kept"),
        ({"merge": "probability", "weight": [2.0, 1.0]}, "edges.weight: no probability, got 2"),
    ):
        given = {"weight": [1.0, 1.0], **options}
        with pytest.raises(KoubeiError) as refusal:
            Network.from_edges([0, 0], [1, 1], 2, **given)
        assert str(refusal.value).startswith(line)


def test_nobody_is_made_up() -> None:
    """Would catch a person 0 whom nobody mentioned, and a note that is missing."""
    net = Network.from_edges([1, 2], [2, 3])
    assert (net.n_nodes, net.labels.tolist()) == (3, [1, 2, 3])
    assert "3 ids from 1 are kept as labels; n= takes them for rows" in net.notes["read"]
    assert Network.from_edges([1, 2], [2, 3], 4).labels is None  # as the note advises
    assert Network.from_edges([0, 2], [1, 1]).labels is None
    assert as_network(np.array([[901, 1000]])).labels.tolist() == [901, 1000]
    assert as_network(([7.0], [9.0])).labels.tolist() == [7, 9]
    met = TemporalNetwork.from_contacts([10, 30], [30, 20], [1, 2])
    assert met.labels.tolist() == [10, 20, 30]


def test_undirected_objects_know_each_tie_once() -> None:
    """Would catch parallel ties of a graph object taken for one tie listed in both directions."""
    networkx = pytest.importorskip("networkx")
    rustworkx = pytest.importorskip("rustworkx")
    many = networkx.MultiGraph()
    many.add_edge("a", "b", weight=1.0)
    many.add_edge("b", "a", weight=2.0)
    assert weights(as_network(many))["a", "b"] == 3.0
    assert weights(as_network(many, merge="largest"))["a", "b"] == 2.0
    other = rustworkx.PyGraph()
    other.add_nodes_from(["a", "b"])
    other.add_edges_from([(0, 1, 1.0), (1, 0, 1.0)])
    assert weights(as_network(other))["b", "a"] == 2.0


def test_values_per_arc_find_their_arcs_by_the_people_at_their_ends() -> None:
    """Would catch values taken in the order of another library's edges."""
    networkx = pytest.importorskip("networkx")
    pandas = pytest.importorskip("pandas")
    graph = networkx.DiGraph()
    graph.add_edge("c", "b", prob=0.3)
    graph.add_edge("a", "c", prob=0.1)
    graph.add_edge("a", "b", prob=0.2)
    net = as_network(graph)
    right = {("c", "b"): 0.3, ("a", "c"): 0.1, ("a", "b"): 0.2}
    frame = pandas.DataFrame([(u, v, p) for (u, v), p in right.items()], columns=["u", "v", "p"])
    for values, options in (("prob", {"graph": graph}), (right, {}), (frame, {})):
        found = arc_values(net, values, "p", **options)
        arcs = zip(*(ends.tolist() for ends in net.arcs()), strict=True)
        assert dict(zip(arcs, found.tolist(), strict=True)) == right
    mutual = as_network(graph, directed=False)
    both = arc_values(mutual, right, "p")
    assert sorted(both.tolist()) == [0.1, 0.1, 0.2, 0.2, 0.3, 0.3]


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ("prb", "p: no such edge attribute, got 'prb', allowed prob, try prob"),
        ({("a", "b"): 0.1}, "p: no value for an arc, got 'a' -> 'c'"),
        ({("a", "b"): 0.1, ("a", "c"): 0.1, ("b", "a"): 0.1}, "p: no such arc in the network"),
        ({("a", "x"): 0.1}, "p: no person has this label, got 'x'"),
        ({"a": 0.1}, "p: keys are not pairs of people, got 'a'"),
        ({("a", "b"): "much", ("a", "c"): 0.1}, "p: values are not all numbers"),
    ],
)
def test_values_that_do_not_fit_are_refused(values, line) -> None:
    """Would catch a missing value that is taken for nought, or one that goes nowhere."""
    networkx = pytest.importorskip("networkx")
    graph = networkx.DiGraph()
    graph.add_edge("a", "b", prob=0.2)
    graph.add_edge("a", "c", prob=0.2)
    with pytest.raises(KoubeiError) as refusal:
        arc_values(as_network(graph), values, "p", graph=graph)
    assert str(refusal.value).startswith(line)
