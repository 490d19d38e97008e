"""Graphs of one's own: who is who, and which feeds keep the graph of the scenario."""

from __future__ import annotations

import numpy as np
import pytest

import koubei_sim as kb
from koubei_sim.model.world import build

SCENARIO = kb.Scenario.load("tiny")
N = SCENARIO.n_agents


def edges() -> tuple[np.ndarray, np.ndarray]:
    dice = np.random.default_rng(3)
    src = dice.integers(0, N, 6 * N)
    return src, (src + 1 + dice.integers(0, N - 1, 6 * N)) % N


def graphs(networks: dict[str, kb.Network]) -> list[bytes]:
    people = build.build_population(SCENARIO, 1)
    given = build.complete_networks(SCENARIO, networks, 1, 0, people)
    return [array.tobytes() for array in build.build_graphs(SCENARIO, given, people).indices]


def test_order_of_nodes_does_not_matter() -> None:
    """Catches people mixed up because a graph lists its nodes in another order."""
    src, dst = edges()
    plain = kb.Network.from_edges(src, dst, n=N)
    order = np.random.default_rng(4).permutation(N)  # node k of the graph is person order[k]
    place = np.argsort(order)
    shuffled = kb.Network.from_edges(place[src], place[dst], n=N, labels=order)
    assert graphs({"weibo": plain}) == graphs({"weibo": shuffled})


def test_names_are_matched_between_graphs() -> None:
    """Catches a person who is somebody else on another channel."""
    src, dst = edges()
    names = np.array([f"p{i}" for i in range(N)])
    order = np.random.default_rng(5).permutation(N)
    place = np.argsort(order)
    first = kb.Network.from_edges(src, dst, n=N, labels=names)
    second = kb.Network.from_edges(place[src], place[dst], n=N, labels=names[order])
    same = graphs({"weibo": first, "wechat": first})
    assert same == graphs({"weibo": first, "wechat": second})
    other = kb.Network.from_edges(src, dst, n=N, labels=np.char.add(names, "x"))
    with pytest.raises(kb.KoubeiError, match=r"networks\.wechat: its nodes have other names"):
        graphs({"weibo": first, "wechat": other})


def test_other_feeds_keep_their_graphs() -> None:
    """Catches a graph for one feed that is refused, or that changes the graph of another."""
    src, dst = edges()
    wechat = list(SCENARIO.channels).index("wechat")
    changed = graphs({"weibo": kb.Network.from_edges(src, dst, n=N)})
    assert changed[wechat] == graphs({})[wechat]
    assert changed != graphs({})


def test_a_board_has_no_graph() -> None:
    """Catches a message that blames another channel."""
    src, dst = edges()
    with pytest.raises(kb.KoubeiError, match=r"networks\.forum: this channel is a board"):
        graphs({"forum": kb.Network.from_edges(src, dst, n=N)})
