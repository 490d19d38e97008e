"""Tie strength: the formula on graphs small enough to do by hand, and against networkx."""

from __future__ import annotations

import numpy as np
import pytest

from koubei_sim.errors import KoubeiError
from koubei_sim.networks import (
    Layer,
    Network,
    complete,
    configuration,
    lattice,
    read_network,
    tie_strength,
)


def test_by_hand() -> None:
    """Would catch degrees that count the tie itself, or a wrong rounding of one half.

    Path 0-1-2 with a triangle 2-3-4: tie 23 has one common friend of 2 + 1 - 1 others.
    """
    net = Network.from_edges([0, 1, 2, 3, 2], [1, 2, 3, 4, 4], directed=False)
    at = {
        (u, v): int(s)
        for u, v, s in zip(
            net.layer().sources().tolist(),
            net.layer().indices.tolist(),
            tie_strength(net).tolist(),
            strict=True,
        )
    }
    assert at[0, 1] == at[1, 0] == at[1, 2] == 0
    assert at[2, 3] == at[3, 2] == 128  # 1/2 -> 127.5 -> up
    assert at[3, 4] == at[4, 3] == 255


def test_a_tie_of_two_who_know_nobody_else_is_zero() -> None:
    """Would catch 0 / 0."""
    assert tie_strength(Network.from_edges([0], [1], directed=False)).tolist() == [0, 0]
    assert tie_strength(Network.from_edges([0], [1])).tolist() == [0]
    assert tie_strength(Network.from_edges([], [], n=3)).tolist() == []


def test_directed_audiences_by_hand() -> None:
    """Would catch an audience that holds the two ends: 0 -> 1, 2, 3 and 1 -> 0, 2, 4."""
    net = Network.from_edges([0, 0, 0, 1, 1, 1], [1, 2, 3, 0, 2, 4])
    # {2, 3} and {2, 4}: 1 of 3 both ways; nobody follows 2, 3 and 4.
    assert tie_strength(net).tolist() == [85, 0, 0, 85, 0, 0]


def test_all_values_where_everybody_knows_everybody() -> None:
    """Would catch a fault of rows of any one width of the padded comparison."""
    for n in (2, 3, 9, 10, 17, 18, 25, 33, 34, 50, 65, 66, 67, 130):
        expected = 0 if n == 2 else 255
        assert set(tie_strength(complete(n)).tolist()) == {expected}
    net = lattice(9, 9, moore=True, wrap=True)
    # Side neighbours share 4 of 10 others, corner neighbours 2 of 12.
    assert sorted(set(tie_strength(net).tolist())) == [43, 102]


def test_against_networkx() -> None:
    """Would catch a fault on a graph with hubs, by another library's count of common friends."""
    networkx = pytest.importorskip("networkx")
    net = configuration(n=3000, mean_degree=12, exponent=2.2, key=1)
    layer = net.layer()
    src, dst = layer.sources().tolist(), layer.indices.tolist()
    graph = networkx.Graph(zip(src, dst, strict=True))
    assert net.degrees().max() > 200
    strength = tie_strength(net)
    for at in range(0, len(src), 7):
        u, v = src[at], dst[at]
        common = len(list(networkx.common_neighbors(graph, u, v)))
        union = graph.degree(u) + graph.degree(v) - 2 - common
        assert strength[at] == ((510 * common + union) // (2 * union) if union else 0)


def test_what_has_no_strength_is_refused() -> None:
    """Would catch silent nonsense on parallel arcs or a one-way mutual layer."""
    with pytest.raises(KoubeiError, match="parallel arcs out of 0, try parallel='merge'"):
        tie_strength(Network.from_edges([0, 0], [1, 1], parallel="keep"))
    one_way = Layer("x", np.array([0, 1, 1]), np.array([1]), directed=False)
    with pytest.raises(KoubeiError, match="has no arc back"):
        tie_strength(one_way)
    with pytest.raises(KoubeiError, match="tie_strength: not a layer, got list"):
        tie_strength([1, 2])  # type: ignore[arg-type]


def test_friends_on_a_real_graph_overlap_more_than_strangers(data_file) -> None:
    """Would catch a measure that does not see the circles of ego networks (Facebook)."""
    net = read_network(data_file("ego_facebook.edges.gz"))
    assert (net.n_nodes, net.n_arcs) == (4039, 2 * 88234)
    assert tie_strength(net).mean() > 60
