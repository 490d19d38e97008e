"""Compressed rows against a dictionary of lists, on graphs that hypothesis makes up."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from koubei_sim.networks import Network, tie_strength
from koubei_sim.networks.row_blocks import threads

EDGES = st.integers(1, 60).flatmap(
    lambda n: st.tuples(
        st.just(n),
        st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=300),
    )
)


def naive(edges: list[tuple[int, int]], directed: bool) -> Counter[tuple[int, int]]:
    """The arcs with how often each occurs; what `from_edges` says in one line."""
    arcs: Counter[tuple[int, int]] = Counter()
    for u, v in edges:
        if u != v:
            arcs[u, v] += 1
            if not directed:
                arcs[v, u] += 1
    return arcs


def arcs_of(network: Network) -> list[tuple[int, int]]:
    layer = network.layer()
    return list(zip(layer.sources().tolist(), layer.indices.tolist(), strict=True))


@given(EDGES, st.booleans())
def test_rows_equal_the_naive_twin(graph, directed) -> None:
    """Would catch any lost, doubled, invented or misplaced arc, and wrong sums of weights."""
    n, edges = graph
    src, dst = [u for u, _ in edges], [v for _, v in edges]
    twin = naive(edges, directed)
    net = Network.from_edges(src, dst, n, weight=[1.0] * len(edges), directed=directed)
    assert arcs_of(net) == sorted(twin)
    assert net.layer().weights.tolist() == [float(twin[arc]) for arc in sorted(twin)]
    kept = Network.from_edges(src, dst, n, directed=directed, parallel="keep")
    assert arcs_of(kept) == sorted(twin.elements())
    loops = sum(u == v for u, v in edges)
    assert net.notes["self_loops_dropped"] == loops
    assert net.notes["parallel_merged"] == (twin.total() - len(twin)) // (1 if directed else 2)


@given(EDGES, st.randoms(use_true_random=False))
def test_reverse_and_relabel_keep_the_arcs(graph, random) -> None:
    """Would catch a transpose or renumbering that is not one: both are undone exactly."""
    n, edges = graph
    net = Network.from_edges([u for u, _ in edges], [v for _, v in edges], n)
    assert arcs_of(net.reverse()) == sorted((v, u) for u, v in arcs_of(net))
    assert arcs_of(net.reverse().reverse()) == arcs_of(net)
    new = list(range(n))
    random.shuffle(new)
    moved = net.relabel(new)
    assert arcs_of(moved) == sorted((new[u], new[v]) for u, v in arcs_of(net))
    assert arcs_of(moved.relabel(np.argsort(new))) == arcs_of(net)


def naive_overlap(network: Network) -> list[int]:
    """The formula of `tie_strength` on sets, rounded half up in integers."""
    layer = network.layer()
    sets = [set(layer.heard_by(u).tolist()) for u in range(network.n_nodes)]
    out = []
    for u, v in arcs_of(network):
        a, b = sets[u] - {v}, sets[v] - {u}
        union = len(a | b)
        out.append((510 * len(a & b) + union) // (2 * union) if union else 0)
    return out


@given(EDGES, st.booleans(), st.integers(0, 40))
def test_tie_strength_equals_the_naive_twin(graph, directed, extra) -> None:
    """Would catch a wrong common count in any of the ways of intersecting (also hubs)."""
    n, edges = graph
    # One hub that knows many, so that long rows meet short ones.
    edges = edges + [(0, n + k) for k in range(extra * 3)] + [(n + k, 0) for k in range(extra)]
    net = Network.from_edges(
        [u for u, _ in edges], [v for _, v in edges], n + 3 * extra, directed=directed
    )
    assert tie_strength(net).tolist() == naive_overlap(net)


@given(st.integers(0, 2**64 - 1))
def test_hubs_beyond_the_padded_row_agree_with_the_naive_twin(key) -> None:
    """Would catch a fault of the bitmap and of the binary search, used for long rows."""
    rng = np.random.default_rng(key)
    src = np.concatenate((np.zeros(150, int), np.ones(120, int), rng.integers(0, 200, 400)))
    dst = np.concatenate((rng.integers(2, 200, 270), rng.integers(0, 200, 400)))
    for directed in (True, False):
        net = Network.from_edges(src, dst, 200, directed=directed)
        with threads(1):
            assert tie_strength(net).tolist() == naive_overlap(net)
