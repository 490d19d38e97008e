"""Who starts: each strategy against a naive version, purity, and common random numbers."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koubei_sim.core.codes import DRAW_SEEDING
from koubei_sim.core.draws import draw, draw32, stream
from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world import build
from koubei_sim.model.world.seeds import choose_seeds
from koubei_sim.networks import Network, follow_graph, seeding, small_world

KEY = 7
CODE = {
    "random": 0, "degree": 1, "kshell": 2, "nomination": 3, "community": 4, "staff_friends": 5,
    "active": 6,
}  # fmt: skip


def draws_of(strategy, n, replicate=0, second=False):
    base = np.uint64(
        stream(np.uint64(KEY), replicate, DRAW_SEEDING, 0, CODE[strategy] + 16 * second)
    )
    return [int(draw(base, i)) for i in range(n)]


@st.composite
def networks(drawn):
    n = drawn(st.integers(2, 25))
    edges = drawn(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=80))
    directed = drawn(st.booleans())
    if not edges:
        return Network.from_edges([], [], n=n, directed=directed)
    return Network.from_edges(*zip(*edges), n=n, directed=directed)


def arcs(network):
    layer = network.layer()
    return list(zip(layer.sources().tolist(), layer.indices.tolist()))


@given(networks(), st.integers(0, 25))
@settings(max_examples=80)
def test_degree_and_random_are_sorts(network, k):
    """Catches ties broken by id (ids carry no meaning) or the wrong end of the order."""
    n = network.n_nodes
    k = min(k, n)
    listeners = network.degrees().tolist()
    order = sorted(range(n), key=lambda i: (-listeners[i], draws_of("degree", n)[i]))
    assert seeding.degree(network, k, key=KEY).tolist() == order[:k]
    order = sorted(range(n), key=lambda i: draws_of("random", n)[i])
    assert seeding.random(n, k, key=KEY).tolist() == order[:k]


@given(networks())
@settings(max_examples=80)
def test_kshell_is_the_core_number(network):
    """Catches a fault in the bucket peeling; the multigraph core is counted naively here."""
    n = network.n_nodes
    found = seeding.kshell(network, n, key=KEY).tolist()
    core, left, level = [0] * n, set(range(n)), 0
    while left:
        degree = {
            u: sum((a == u and b in left) + (b == u and a in left) for a, b in arcs(network))
            for u in left
        }
        level = max(level, min(degree.values()))
        away = [u for u in left if degree[u] <= level]
        for u in away:
            core[u] = level
        left -= set(away)
    draws = draws_of("kshell", n)
    assert found == sorted(range(n), key=lambda i: (-core[i], draws[i]))


def test_kshell_agrees_with_networkx():
    """Catches a bucket queue that is right on small graphs only."""
    network = small_world(2000, mean_degree=8, rewire=0.3, key=3)
    core = nx.core_number(nx.Graph(arcs(network)))
    found = seeding.kshell(network, 2000, key=KEY)
    levels = [core[int(i)] for i in found]
    assert levels == sorted(levels, reverse=True)
    assert len(set(levels)) > 1


@given(networks())
@settings(max_examples=80)
def test_nomination_by_hand(network):
    """Catches nominees who are nominators, or names taken in the order of ids."""
    n, layer = network.n_nodes, network.layer()
    base = np.uint64(stream(np.uint64(KEY), 0, DRAW_SEEDING, 0, CODE["nomination"] + 16))
    draws = draws_of("nomination", n)
    order = []
    for u in sorted(range(n), key=lambda i: draws[i]):
        friends = layer.heard_by(u).tolist()
        if friends:
            named = friends[int(draw32(base, u)) * len(friends) >> 32]
            if named not in order:
                order.append(named)
    order += sorted(set(range(n)) - set(order), key=lambda i: draws[i])
    assert seeding.nomination(network, n, key=KEY).tolist() == order


@given(networks(), st.integers(1, 4))
@settings(max_examples=80)
def test_circles_around_staff_by_hand(network, staff):
    """Catches a breadth-first search that stops early, late, or walks arcs backwards."""
    n = network.n_nodes
    for strategy, sources in (("community", 1), ("staff_friends", min(staff, n))):
        draws = draws_of(strategy, n)
        listeners = network.degrees()
        able = [i for i in range(n) if listeners[i] > 0]
        able = able if len(able) >= sources else list(range(n))
        start = sorted(able, key=lambda i: draws[i])[:sources]
        distance = dict.fromkeys(start, 0)
        circle = start
        while circle:
            after = {b for a, b in arcs(network) if a in circle and b not in distance}
            distance |= dict.fromkeys(after, max(distance.values()) + 1)
            circle = after
        order = sorted(range(n), key=lambda i: (distance.get(i, n), draws[i]))
        for k in range(n + 1):
            if strategy == "community":
                found = seeding.community(network, k, key=KEY)
            else:
                found = seeding.staff_friends(network, k, staff=staff, key=KEY)
            assert found.tolist() == order[:k]


def seeds(scenario, replicate=0):
    world = build.build_world(scenario, KEY, replicate)
    people, rules = world.people, world.rules
    kinds = rules.class_enthusiast[people.agent_class[people.seeds]]
    return set(people.seeds[kinds == 1].tolist()), set(people.seeds[kinds == 0].tolist())


@pytest.mark.parametrize("strategy", sorted(CODE))
def test_purity_is_exact_and_nested(strategy):
    """Catches purity met only on average, and purities that do not share their seeds."""
    base = Scenario(n_agents=3000).replace(**{"seeding.strategy": strategy, "seeding.number": 40})
    found = {p: seeds(base.replace(**{"seeding.purity": p})) for p in (0.0, 0.25, 0.5, 1.0)}
    for purity, (pure, other) in found.items():
        assert (len(pure), len(other)) == (round(40 * purity), 40 - round(40 * purity))
    if strategy not in ("community", "staff_friends"):
        assert found[0.25][0] < found[0.5][0] < found[1.0][0]
        assert found[0.5][1] < found[0.25][1] < found[0.0][1]


def test_more_seeds_keep_the_seeds():
    """Catches seed sets of different sizes that have nothing in common: a noisy sweep."""
    base = Scenario(n_agents=3000)
    for strategy in CODE:
        few, many = (
            seeds(base.replace(**{"seeding.strategy": strategy, "seeding.number": k}))[0]
            for k in (10, 30)
        )
        assert few < many, strategy


def test_replicates_start_with_other_people():
    """Catches random seeds that are the same in every replicate of a shared world."""
    s = Scenario(n_agents=3000)
    assert seeds(s, 0) != seeds(s, 1)


def test_strategies_do_what_they_are_for():
    """Catches a strategy read from the wrong graph: hubs have listeners, friends are near."""
    base = Scenario(n_agents=5000, seeding={"number": 50, "purity": 0.5, "channel": "weibo"})
    listeners = build.build_networks(base, KEY).layer("weibo").degrees()
    mean = {}
    for strategy in CODE:
        chosen = set.union(*seeds(base.replace(**{"seeding.strategy": strategy})))
        mean[strategy] = listeners[list(chosen)].mean()
    assert mean["degree"] > mean["kshell"] > mean["random"]
    assert mean["degree"] > 5 * listeners.mean()
    circle = base.replace(**{"seeding.channel": "wechat", "seeding.strategy": "community"})
    layer = build.build_networks(base, KEY).layer("wechat")
    chosen = sorted(set.union(*seeds(circle)))
    inside = sum(np.isin(layer.heard_by(u), chosen).sum() for u in chosen)
    assert inside > 100  # fifty random people have about ten ties among them


def test_friends_of_people_are_more_popular():
    """Null: nominees of random people have no more friends than people do (Feld 1991), 1e-6."""
    network = follow_graph(20_000, mean_degree=10, exponent=2.5, key=5)
    degree = network.degrees().astype(float)
    named = seeding.nomination(network.reverse(), 500, key=KEY)  # people name whom they follow
    z = (degree[named].mean() - degree.mean()) / (degree.std() / np.sqrt(500))
    assert z > 4.9


def test_ids_are_taken_as_they_are():
    """Catches named seeds that are thinned by purity or by people_per_agent."""
    s = Scenario(n_agents=100, people_per_agent=10.0, seeding={"strategy": "ids", "ids": [9, 3]})
    assert build.build_world(s, KEY).people.seeds.tolist() == [3, 9]


def test_what_cannot_be_had_is_refused():
    """Catches fewer seeds than asked for, without a word."""
    s = Scenario(n_agents=1000)
    rows = None
    few = np.zeros(1000, dtype=bool)
    few[:99] = True
    with pytest.raises(KoubeiError, match=r"seeding\.purity: it takes 100 enthusiasts, 99 exist"):
        choose_seeds(s, rows, few, KEY)
    network = Network.from_edges([0], [1])
    with pytest.raises(KoubeiError, match=r"k: out of range, got 3, allowed 0\.\.2"):
        seeding.degree(network, 3)
    with pytest.raises(KoubeiError, match="layer: unknown"):
        seeding.degree(network, 1, layer="weibo")
    with pytest.raises(AttributeError, match="no strategy 'degre', try degree"):
        seeding.degre  # noqa: B018
