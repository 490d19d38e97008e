"""Networks from edges: exact small graphs, the rules on loops and repeats, refusals."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from koubei_sim.errors import KoubeiError
from koubei_sim.networks import Layer, Network, edges, threads


def rows(network: Network, layer: str | None = None) -> list[list[int]]:
    chosen = network.layer(layer)
    return [chosen.heard_by(u).tolist() for u in range(network.n_nodes)]


def test_directed_edges_become_sorted_rows() -> None:
    """Would catch arcs turned round, unsorted rows or lost people without arcs."""
    net = Network.from_edges([2, 0, 0, 3], [1, 3, 1, 0], n=6)
    assert rows(net) == [[1, 3], [], [1], [0], [], []]
    assert (net.n_nodes, net.n_arcs) == (6, 4)
    assert net.degrees().tolist() == [2, 0, 1, 1, 0, 0]
    assert net.degrees(direction="in").tolist() == [1, 2, 0, 1, 0, 0]
    layer = net.layer()
    assert (layer.indptr.dtype, layer.indices.dtype) == (np.int64, np.int32)
    assert net.nbytes == 7 * 8 + 4 * 4


def test_mutual_edges_hold_both_arcs() -> None:
    """Would catch a mutual graph that holds one arc only, or v-u counted beside u-v."""
    net = Network.from_edges([0, 2, 1], [1, 1, 0], directed=False)
    assert rows(net) == [[1], [0, 2], [1]]
    assert net.notes == {"self_loops_dropped": 0, "parallel_merged": 1}
    net.check()


def test_loops_are_dropped_and_repeats_merged_with_weights_added() -> None:
    """Would catch a wrong sum of weights or counts that do not add up to the edges given."""
    net = Network.from_edges([0, 0, 1, 0, 1], [1, 1, 1, 2, 0], weight=[1.0, 2.5, 9.0, 4.0, 8.0])
    assert rows(net) == [[1, 2], [0], []]
    assert net.layer().weights.tolist() == [3.5, 4.0, 8.0]
    assert net.notes == {"self_loops_dropped": 1, "parallel_merged": 1}


def test_repeats_can_be_kept_or_refused() -> None:
    """Would catch an option that is accepted and ignored."""
    kept = Network.from_edges([0, 0], [1, 1], parallel="keep")
    assert rows(kept) == [[1, 1], []]
    with pytest.raises(KoubeiError, match="parallel arcs, got 1"):
        Network.from_edges([0, 0], [1, 1], parallel="error")
    with pytest.raises(KoubeiError, match=r"edges\[1\]: a self loop, got 2"):
        Network.from_edges([0, 2], [1, 2], self_loops="error")


def test_long_rows_are_sorted_and_merged() -> None:
    """Would catch a fault in the other sort, used for rows over 40 arcs."""
    rng = np.random.default_rng(1)
    target = rng.permutation(np.repeat(np.arange(1, 200), 3))
    net = Network.from_edges(np.zeros(target.size, dtype=np.int64), target)
    assert rows(net)[0] == list(range(1, 200))
    assert net.notes["parallel_merged"] == 2 * 199


@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("parallel", ["merge", "keep"])
def test_parts_sorted_in_threads_make_the_same_rows(monkeypatch, directed, parallel) -> None:
    """Would catch a part that writes over another, or weights added in another order."""
    monkeypatch.setattr(edges, "PART_EDGES", 100)
    rng = np.random.default_rng(5)
    src, dst = rng.integers(0, 90, (2, 5000))
    dst[rng.random(5000) < 0.3] = 7  # rows longer than the insertion sort takes
    weight = rng.random(5000) * 10.0 ** rng.integers(-6, 6, 5000)  # sums depend on their order
    arguments = {"weight": weight, "directed": directed, "parallel": parallel}
    made = []
    for count in (1, 2, 3):
        with threads(count):
            made.append(Network.from_edges(src, dst, 95, **arguments))
            plain = Network.from_edges(src, dst, 95, directed=directed, parallel=parallel)
        assert plain.notes == made[-1].notes
        assert np.array_equal(plain.layer().indices, made[-1].layer().indices)
    for other in made[1:]:
        assert other.notes == made[0].notes
        for field in ("indptr", "indices", "weights"):
            assert np.array_equal(getattr(other.layer(), field), getattr(made[0].layer(), field))
    told: dict[tuple[int, int], list[float]] = {}
    for u, v, w in zip(src.tolist(), dst.tolist(), weight.astype(np.float32), strict=True):
        if u != v:
            for arc in ((u, v),) if directed else ((u, v), (v, u)):
                told.setdefault(arc, []).append(w)
    layer = made[0].layer()
    arcs = list(zip(layer.sources().tolist(), layer.indices.tolist(), strict=True))
    if parallel == "merge":
        assert arcs == sorted(told)
        sums = [np.float32(sum(map(float, told[arc]))) for arc in arcs]
        assert np.array_equal(layer.weights, sums)
    else:
        assert arcs == sorted(arc for arc in told for _ in told[arc])
        assert np.array_equal(layer.weights, [w for arc in sorted(told) for w in told[arc]])


def test_empty_graph_is_allowed_and_nobody_is_not() -> None:
    """Would catch a crash on no arcs, or a network of no people slipping through."""
    assert rows(Network.from_edges([], [], n=2)) == [[], []]
    assert Network.from_edges([], [], n=1).reverse().n_arcs == 0
    for bad in ({"n": 0}, {}):
        with pytest.raises(KoubeiError, match=r"^n: "):
            Network.from_edges([], [], **bad)


@pytest.mark.parametrize(
    ("src", "dst", "options", "line"),
    [
        ([0], [1, 2], {}, "src, dst: lengths differ, got (1,) and (2,), allowed equal"),
        ([0, -1], [1, 1], {}, "src[1]: id out of range, got -1, allowed 0..2147483645"),
        ([0, 1], [1, 5], {"n": 5}, "dst[1]: id out of range, got 5, allowed 0..4"),
        ([0, 1.5], [1, 1], {}, "src[1]: not a whole number, got 1.5"),
        ([0, np.nan], [1, 1], {}, "src[1]: not a whole number, got nan"),
        (["a"], ["b"], {}, "src: ids are not whole numbers, got <U1, allowed integers"),
        ([2**40], [0], {}, "src[0]: id out of range, got 1099511627776"),
        ([[0]], [[1]], {}, "src: not one list of ids, got shape (1, 1)"),
        ([0], [1], {"n": 2.0}, "n: not a whole number, got 2.0"),
        ([0], [1], {"n": True}, "n: not a whole number, got True"),
        ([0], [1], {"weight": [np.nan]}, "edges.weight[0]: out of range, got nan"),
        ([0], [1], {"weight": [-1.0]}, "edges.weight[0]: out of range, got -1.0"),
        ([0], [1], {"weight": [1e300]}, "edges.weight[0]: out of range, got 1e+300"),
        ([0], [1], {"weight": [1, 2]}, "edges.weight: not one for each edge"),
        ([0], [1], {"weight": ["x"]}, "edges.weight: not numbers"),
        ([0], [1], {"labels": ["a"]}, "src[0]"),
        ([0], [1], {"labels": ["a", "a"]}, "labels: two people have the same label, got a"),
        ([0], [1], {"labels": "yes"}, "labels: unknown word, got yes"),
        ([0], [1], {"self_loops": "keep"}, "self_loops: unknown, got keep"),
        ([0], [1], {"parallel": "sum"}, "parallel: unknown, got sum"),
    ],
)
def test_wrong_edges_are_refused_in_one_line(src, dst, options, line) -> None:
    """Would catch input that is silently cut, rounded or wrapped, or a vague message."""
    if line == "src[0]":
        dst = [0]
        src = [1]
    with pytest.raises(KoubeiError) as refusal:
        Network.from_edges(src, dst, **options)
    assert str(refusal.value).startswith(line)
    assert "\n" not in str(refusal.value)


def test_labels_are_kept_and_found() -> None:
    """Would catch labels that no longer belong to their people."""
    net = Network.from_edges([900, 7, 900], [7, 55, 55], labels="auto")
    assert net.labels.tolist() == [7, 55, 900]
    assert rows(net) == [[1], [], [0, 1]]
    assert net.index_of([900, 7]).tolist() == [2, 0]
    assert int(net.index_of(55)) == 1
    named = Network.from_edges([0], [1], labels=["zhang", "li"])
    assert named.index_of(["li", "zhang"]).tolist() == [1, 0]
    with pytest.raises(
        KoubeiError, match="index_of: no person has this label, got 'lii', try 'li'"
    ):
        named.index_of(["lii"])
    with pytest.raises(KoubeiError, match="labels here are whole numbers, got x"):
        net.index_of(["x"])
    plain = Network.from_edges([0], [1])
    assert plain.index_of([1]).tolist() == [1]
    with pytest.raises(KoubeiError, match=r"index_of: out of range, got 2, allowed 0\.\.1"):
        plain.index_of([2])


def test_reverse_turns_arcs_and_weights() -> None:
    """Would catch weights that stay behind when arcs are turned."""
    net = Network.from_edges([0, 2, 1], [1, 1, 0], weight=[1, 2, 3])
    back = net.reverse()
    assert rows(back) == [[1], [0, 2], []]
    assert back.layer().weights.tolist() == [3, 1, 2]
    mutual = Network.from_edges([0], [1], directed=False)
    assert mutual.reverse().layer() is mutual.layer()


def test_subgraph_and_relabel() -> None:
    """Would catch arcs to people who were left out, or a permutation applied backwards."""
    net = Network.from_edges([0, 1, 2, 3], [1, 2, 3, 0], weight=[1, 2, 3, 4])
    part = net.subgraph([3, 0, 1])
    assert rows(part) == [[1], [2], []]
    assert part.layer().weights.tolist() == [4, 1]
    assert part.labels.tolist() == [3, 0, 1]
    assert net.subgraph(np.array([True, True, False, True])).labels.tolist() == [0, 1, 3]
    moved = net.relabel([2, 0, 3, 1])  # 0 -> 2, 1 -> 0, 2 -> 3, 3 -> 1
    assert rows(moved) == [[3], [2], [0], [1]]
    assert moved.layer().weights.tolist() == [2, 4, 1, 3]
    named = Network.from_edges([0], [1], labels=["a", "b", "c"]).relabel([1, 2, 0])
    assert named.labels.tolist() == ["c", "a", "b"]
    for wrong in ([0, 0, 1, 2], [0, 1], [0, 1, 2, 4]):
        with pytest.raises(KoubeiError, match="permutation"):
            net.relabel(wrong)
    for wrong in ([], [1, 1], [9], [True, False]):
        with pytest.raises(KoubeiError, match="nodes"):
            net.subgraph(np.array(wrong, dtype=bool) if True in wrong else wrong)


def test_stack_lays_layers_over_the_same_people() -> None:
    """Would catch layers over different people, or a layer found under a wrong name."""
    weibo = Network.from_edges([0], [1], n=3)
    wechat = Network.from_edges([1], [2], n=3, directed=False)
    net = Network.stack({"weibo": weibo, "wechat": wechat})
    assert net.names == ("weibo", "wechat")
    assert (net.n_arcs, rows(net, "wechat")) == (3, [[], [2], [1]])
    with pytest.raises(KoubeiError, match=r"layer: unknown, got webo, .* try weibo"):
        net.layer("webo")
    with pytest.raises(KoubeiError, match="layer: several, say which, allowed weibo, wechat"):
        net.degrees()
    with pytest.raises(KoubeiError, match="covers other people, got 4, allowed 3"):
        Network.stack({"a": weibo, "b": Network.from_edges([0], [1], n=4)})
    with pytest.raises(KoubeiError, match="none"):
        Network(())
    with pytest.raises(KoubeiError, match="same name"):
        Network((weibo.layer(), weibo.layer()))


@pytest.mark.parametrize(
    ("indptr", "indices", "what"),
    [
        ([0, 1], [0, 0], "indptr does not fit"),
        ([0, 2, 1, 2], [0, 1], "row start below the one before in row 1"),
        ([0, 1, 1], [2], "id out of range in row 0"),
        ([0, 1, 1], [-1], "id out of range in row 0"),
        ([0, 2, 2], [1, 0], "ids not ascending in row 0"),
        ([0], [], "no people"),
    ],
)
def test_arrays_that_are_no_rows_are_refused(indptr, indices, what) -> None:
    """Would catch a layer that would make a kernel read outside its arrays."""
    with pytest.raises(KoubeiError, match=what):
        Layer("x", np.array(indptr), np.array(indices))


def test_one_way_arc_in_mutual_layer_is_found() -> None:
    """Would catch a mutual layer that is not mutual, on which tie strength has no meaning."""
    layer = Layer("x", np.array([0, 1, 1]), np.array([1]), directed=False)
    with pytest.raises(KoubeiError, match="an arc out of 0 has no arc back"):
        Network((layer,)).check()


def test_networks_are_frozen_and_travel_between_processes() -> None:
    """Would catch arrays that a caller can change under a running model."""
    net = Network.from_edges([0], [1], weight=[2.0], labels=["a", "b"])
    with pytest.raises(ValueError, match="read-only"):
        net.layer().indices[0] = 0
    with pytest.raises(AttributeError):
        net.layers = ()  # type: ignore[misc]
    copy = pickle.loads(pickle.dumps(net))
    assert rows(copy) == rows(net)
    assert copy.labels.tolist() == ["a", "b"]
    assert copy.layer().weights.tolist() == [2.0]


def test_a_view_does_not_lock_the_array_of_the_caller() -> None:
    """Would catch that handing over an array makes it read-only for its owner."""
    indices = np.array([1], dtype=np.int32)
    Layer("x", np.array([0, 1, 1]), indices)
    indices[0] = 0


def test_shown_in_words_and_in_a_notebook() -> None:
    """Would catch markup that a layer's name can break."""
    net = Network.from_edges([0], [1], name="<b>", weight=[1])
    assert repr(net) == "Network(2 people; <b>: 1 arcs, directed, weighted)"
    assert "&lt;b&gt;" in net._repr_html_()
    assert "<table>" in net._repr_html_()
