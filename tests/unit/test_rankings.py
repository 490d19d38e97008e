"""Rankings of seeds: each against a plain version written from its source, and planted answers.

The twins below know arcs as a list of pairs (teller, listener) and walk over all people again and
again.  Numbers must be equal in every bit where a ranking compares them, so sums run in the order
of the library: over arcs sorted by their ends.
"""

from __future__ import annotations

from collections import Counter

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import koubei_sim as kb
from koubei_sim.core.codes import DRAW_SEEDING
from koubei_sim.core.draws import draw, stream
from koubei_sim.errors import KoubeiError
from koubei_sim.networks import Network, follow_graph, ranking_loops, seeding, small_world
from koubei_sim.networks.choosing import plain_arcs
from koubei_sim.networks.layer import Layer

KEY = 11
NUMBER = {
    "degree_discount": 7, "single_discount": 8, "irie": 9, "collective_influence": 10,
    "pagerank": 11, "vote_rank": 12, "wide_bridges": 13, "circle": 14,
    "diffusion_centrality": 15, "gossip": 32,
}  # fmt: skip
RANKINGS = sorted(NUMBER)


def draws_of(name, n):
    base = np.uint64(stream(np.uint64(KEY), 0, DRAW_SEEDING, 0, NUMBER[name]))
    return [int(draw(base, i)) for i in range(n)]


@st.composite
def networks(drawn):
    """A few people with arcs: one way or mutual, several between two, to oneself, or none."""
    n = drawn(st.integers(2, 16))
    end = st.integers(0, drawn(st.integers(0, n - 1)))  # the people above have no arcs
    pairs = drawn(st.lists(st.tuples(end, end), max_size=60))
    if drawn(st.booleans()):
        pairs += [(b, a) for a, b in pairs if a != b]
        return made(pairs, n, directed=False)
    return made(pairs, n)


def made(pairs, n, directed=True):
    """A network with these very arcs: `from_edges` would leave out those to oneself."""
    pairs = sorted(pairs)
    starts = np.searchsorted([a for a, _ in pairs], np.arange(n + 1)) if pairs else [0] * (n + 1)
    ends = np.array([b for _, b in pairs], dtype=np.int32)
    return Network((Layer("ties", np.array(starts), ends, None, directed),))


def arcs(network, once=False):
    """Arcs in order, without those to oneself; `once`: without parallel ones."""
    layer = network.layer()
    pairs = list(zip(layer.sources().tolist(), layer.indices.tolist(), strict=True))
    return sorted(
        {(a, b) for a, b in pairs if a != b} if once else [p for p in pairs if p[0] != p[1]]
    )


def one_by_one(n, k, draws, value):
    """Choose the best again and again; `value` is given those chosen so far, in order."""
    chosen = []
    for _ in range(k):
        worth = value(chosen)
        left = [i for i in range(n) if i not in chosen]
        chosen.append(min(left, key=lambda i: (-worth[i], draws[i])))
    return chosen


def at_once(n, k, draws, worth):
    return sorted(range(n), key=lambda i: (-worth[i], draws[i]))[:k]


def discount(network, draws, k, p, single=False):
    """Chen, Wang and Yang 2009, with listeners and tellers told apart."""
    pairs, n = arcs(network), network.n_nodes

    def value(seeds):
        out = []
        for v in range(n):
            d = sum(a == v for a, _ in pairs)
            s = sum(a == v and b in seeds for a, b in pairs)
            t = sum(b == v and a in seeds for a, b in pairs)
            out.append(d - s if single else (d - s - t) - (d - s) * t * p)
        return out

    return one_by_one(n, k, draws, value)


def chance_of(network, p):
    layer = network.layer()
    pairs = list(zip(layer.sources().tolist(), layer.indices.tolist(), strict=True))
    into = Counter(b for _, b in pairs)
    if isinstance(p, str):
        return [(a, b, 1.0 / into[b]) for a, b in pairs if a != b]
    given_ = [p] * len(pairs) if isinstance(p, float) else p.tolist()
    return [(a, b, x) for (a, b), x in zip(pairs, given_, strict=True) if a != b]


def irie_plain(network, draws, k, p, alpha, theta, steps=20):
    """Jung, Heo and Chen 2012; most probable paths by trying all arcs until nothing changes."""
    triples, n = chance_of(network, p), network.n_nodes

    def value(seeds):
        free = [1.0] * n
        for number, seed in enumerate(seeds):
            best = dict.fromkeys([seed], 1.0)
            for _ in range(n):
                for a, b, x in triples:
                    through = best.get(a, 0.0) * x
                    if b not in seeds[: number + 1] and through >= theta and through > 0.0:
                        best[b] = max(best.get(b, 0.0), through)
            for v, x in best.items():
                free[v] *= 1.0 - x
        rank = [1.0] * n
        for _ in range(steps):
            total = [0.0] * n
            for a, b, x in triples:
                total[a] += x * rank[b]
            rank = [free[u] * (1.0 + alpha * total[u]) for u in range(n)]
        return rank

    return one_by_one(n, k, draws, value)


def collective_plain(network, draws, k, ball):
    """Morone and Makse 2015: everybody anew after each removal."""
    every, n = arcs(network, once=True), network.n_nodes

    def value(gone):
        pairs = [(a, b) for a, b in every if a not in gone and b not in gone]
        degree = Counter(a for a, _ in pairs)
        out = []
        for u in range(n):
            seen, rim = {u}, {u}
            for _ in range(ball):
                rim = {b for a, b in pairs if a in rim} - seen
                seen |= rim
            out.append(max(degree[u] - 1, 0) * sum(max(degree[v] - 1, 0) for v in rim))
        return out

    return one_by_one(n, k, draws, value)


def vote_plain(network, draws, k):
    """Zhang and others 2016, abilities as fractions of the number of arcs."""
    pairs, n = arcs(network), network.n_nodes

    def value(elected):
        ability = [len(pairs)] * n
        for u in elected:
            ability[u] = 0
            for a, b in pairs:
                if a == u:
                    ability[b] = max(0, ability[b] - n)
        return [sum(ability[b] for a, b in pairs if a == u) for u in range(n)]

    return one_by_one(n, k, draws, value)


def pagerank_plain(network, damping, steps):
    pairs, n = arcs(network), network.n_nodes
    tellers = Counter(b for _, b in pairs)
    rank = [1.0 / n] * n
    for _ in range(steps):
        lost = 0.0
        for v in range(n):
            lost += 0.0 if tellers[v] else rank[v]
        total = [0.0] * n
        for a, b in pairs:
            total[a] += rank[b] / tellers[b]
        base = (1.0 - damping) / n + damping * lost / n
        rank = [base + damping * x for x in total]
    return rank


def walks_plain(network, q, steps):
    pairs, n = arcs(network), network.n_nodes
    ends, out = [1.0] * n, [0.0] * n
    for _ in range(steps):
        more = [0.0] * n
        for a, b in pairs:
            more[a] += ends[b]
        ends = [q * x for x in more]
        out = [x + y for x, y in zip(out, ends, strict=True)]
    return out


def gossip_plain(network, draws, k, q, steps):
    """Banerjee and others 2019: people name whom they hear most; walks counted one by one."""
    pairs, n = arcs(network), network.n_nodes
    tellers = {v: sorted(a for a, b in pairs if b == v) for v in range(n)}
    order = []
    for u in sorted(range(n), key=lambda i: draws[i]):
        heard, now = {}, {u: 1.0}
        for _ in range(steps):
            then = {}
            for v, x in now.items():
                for w in tellers[v]:
                    then[w] = then.get(w, 0.0) + x
            now = {w: x * q for w, x in then.items()}
            for w, x in now.items():
                heard[w] = heard.get(w, 0.0) + x
        heard.pop(u, None)
        if heard:
            named = min(heard, key=lambda w: (-heard[w], draws[w]))
            if named not in order:
                order.append(named)
    return (order + sorted(set(range(n)) - set(order), key=lambda i: draws[i]))[:k]


def bridges_plain(network, need, steps):
    pairs, n = arcs(network, once=True), network.n_nodes
    out = []
    for u in range(n):
        active = first = {u} | {b for a, b in pairs if a == u}
        for _ in range(steps):
            heard = Counter(b for a, b in pairs if a in active)
            active = active | {v for v in heard if heard[v] >= need}
        out.append(len(active) - len(first))
    return out


def circles_plain(network, draws, k, around):
    pairs, n = arcs(network, once=True), network.n_nodes
    chosen = []
    for u in [*around, *sorted(range(n), key=lambda i: draws[i])]:
        listeners = sorted((b for a, b in pairs if a == u), key=lambda i: draws[i])
        chosen += [v for v in [u, *listeners] if v not in chosen]
    return chosen[:k]


@given(networks(), st.integers(0, 16), st.sampled_from([0.0, 0.01, 0.3, 1.0]))
@settings(max_examples=120)
def test_discounts_by_hand(network, k, p):
    """Catches seeds counted on the wrong side of an arc, and a tree of bests left stale."""
    k = min(k, network.n_nodes)
    draws = draws_of("degree_discount", network.n_nodes)
    found = seeding.degree_discount(network, k, p=p, key=KEY).tolist()
    assert found == discount(network, draws, k, p)
    draws = draws_of("single_discount", network.n_nodes)
    found = seeding.single_discount(network, k, key=KEY).tolist()
    assert found == discount(network, draws, k, 0.0, single=True)


@given(networks(), st.integers(0, 6), st.sampled_from([0.01, 0.3, 1.0, "weighted", "arcs"]),
       st.sampled_from([0.0, 1 / 320, 0.2]))  # fmt: skip
@settings(max_examples=120)
def test_irie_by_hand(network, k, p, theta):
    """Catches paths through seeds, a rank not started anew, sums in another order."""
    k = min(k, network.n_nodes)
    if p == "arcs":
        p = np.linspace(0.0, 1.0, network.n_arcs)
    draws = draws_of("irie", network.n_nodes)
    found = seeding.irie(network, k, p=p, theta=theta, key=KEY).tolist()
    assert found == irie_plain(network, draws, k, p, 0.7, theta)


@given(networks(), st.integers(1, 6))
@settings(max_examples=80)
def test_irie_begins_anew_before_each_choice(network, k):
    """Catches ranks that go on from those of the choice before: seen where steps are few."""
    n, layer = network.n_nodes, network.layer()
    k = min(k, n)
    chance = np.where(layer.sources() == layer.indices, 0.0, 0.3)
    draws = draws_of("irie", n)
    found = np.empty(k, dtype=np.int64)
    ranking_loops.influence_ranked(
        layer.indptr, layer.indices, chance, 0.7, 0.01, 1, np.array(draws, dtype=np.uint64), found
    )
    assert found.tolist() == irie_plain(network, draws, k, 0.3, 0.7, 0.01, steps=1)


@given(networks(), st.integers(0, 16), st.sampled_from([1, 2]))
@settings(max_examples=120)
def test_collective_influence_by_hand(network, k, ball):
    """Catches old values taken for true, distances through people taken away, a full ball."""
    k = min(k, network.n_nodes)
    draws = draws_of("collective_influence", network.n_nodes)
    found = seeding.collective_influence(network, k, ball=ball, key=KEY).tolist()
    assert found == collective_plain(network, draws, k, ball)


@given(networks(), st.integers(0, 16))
@settings(max_examples=120)
def test_vote_rank_by_hand(network, k):
    """Catches abilities below 0, elected people who still vote, votes along the wrong arcs."""
    k = min(k, network.n_nodes)
    draws = draws_of("vote_rank", network.n_nodes)
    found = seeding.vote_rank(network, k, key=KEY).tolist()
    assert found == vote_plain(network, draws, k)


@given(networks(), st.sampled_from([0.0, 0.85, 1.0]), st.integers(1, 30))
@settings(max_examples=80)
def test_pagerank_by_hand(network, damping, steps):
    """Catches rank that flows to listeners, or is lost where a person hears nobody."""
    n = network.n_nodes
    worth = pagerank_plain(network, damping, steps)
    found = seeding.pagerank(network, n, damping=damping, steps=steps, key=KEY).tolist()
    assert found == at_once(n, n, draws_of("pagerank", n), worth)


@given(networks(), st.sampled_from([0.1, 0.7, 1.0]), st.integers(1, 5), st.integers(0, 16))
@settings(max_examples=120)
def test_diffusion_and_gossip_by_hand(network, q, steps, k):
    """Catches walks against the arcs, marks left over from the person asked before."""
    n = network.n_nodes
    found = seeding.diffusion_centrality(network, n, q=q, steps=steps, key=KEY).tolist()
    worth = walks_plain(network, q, steps)
    assert found == at_once(n, n, draws_of("diffusion_centrality", n), worth)
    k = min(k, n)
    found = seeding.gossip(network, k, q=q, steps=steps, key=KEY).tolist()
    assert found == gossip_plain(network, draws_of("gossip", n), k, q, steps)


def test_nobody_is_the_gossip_of_whom_it_hears_most():
    """Catches people who name themselves: after two steps word of one's own comes back the most.

    Random graphs hardly show it, since only the one heard of most is concerned; mutual stars do.
    """
    for leaves in range(2, 9):
        pairs, n = stars([leaves])
        network = made(sorted(pairs + [(b, a) for a, b in pairs]), n, directed=False)
        found = seeding.gossip(network, n, q=1.0, steps=2, key=KEY).tolist()
        assert found == gossip_plain(network, draws_of("gossip", n), n, 1.0, 2)


@given(networks(), st.integers(1, 3), st.integers(1, 4))
@settings(max_examples=120)
def test_wide_bridges_by_hand(network, need, steps):
    """Catches people who pass on in the step in which they are won, and parallel arcs as two."""
    n = network.n_nodes
    found = seeding.wide_bridges(network, n, need=need, steps=steps, key=KEY).tolist()
    worth = bridges_plain(network, need, steps)
    rows = plain_arcs(network.layer().indptr, network.layer().indices, True)
    assert ranking_loops.beyond_circles(*rows, need, steps).tolist() == worth
    assert found == at_once(n, n, draws_of("wide_bridges", n), worth)


@given(networks(), st.integers(0, 16), st.lists(st.integers(0, 15), max_size=4))
@settings(max_examples=80)
def test_circles_by_hand(network, k, around):
    """Catches centres that are skipped or taken twice, and listeners in the order of rows."""
    n = network.n_nodes
    k = min(k, n)
    draws = draws_of("circle", n)
    around = [i for i in around if i < n]
    assert seeding.circle(network, k, key=KEY).tolist() == circles_plain(network, draws, k, [])
    if around:
        found = seeding.circle(network, k, around=around, key=KEY).tolist()
        assert found == circles_plain(network, draws, k, around)


def own_follow_graph():
    return follow_graph(600, mean_degree=8, exponent=2.4, key=5)


def test_vote_rank_agrees_with_networkx():
    """Catches twins that share a misreading of the paper (networkx is another's reading)."""
    for network in (own_follow_graph(), small_world(400, mean_degree=6, rewire=0.3, key=2)):
        directed = network.layer().directed
        graph = nx.DiGraph() if directed else nx.Graph()
        graph.add_nodes_from(range(network.n_nodes))
        graph.add_edges_from(arcs(network, once=True))
        ours = seeding.vote_rank(network, 60, key=KEY).tolist()
        theirs = nx.voterank(graph, 60)
        # Ties are broken otherwise, and choices after one may differ: compare up to the first.
        pairs, n = arcs(network), network.n_nodes
        untied = 0
        ability = np.full(n, len(pairs))
        source, target = np.array(pairs).T
        for u in ours:
            votes = np.bincount(source, ability[target], n)
            votes[ours[:untied]] = -1
            if (votes == votes.max()).sum() > 1:
                break
            untied += 1
            ability[u] = 0
            ability[target[source == u]] = np.maximum(ability[target[source == u]] - n, 0)
        assert untied >= (10 if directed else 1)
        assert ours[:untied] == theirs[:untied]


def test_pagerank_agrees_with_networkx():
    """Catches a rank of listeners; and too few steps: scores of both agree to 1e-6."""
    network = own_follow_graph()
    graph = nx.DiGraph([(b, a) for a, b in arcs(network)])
    graph.add_nodes_from(range(network.n_nodes))
    theirs = nx.pagerank(graph, tol=1e-12)
    ours = ranking_loops.rank_flow(network.layer().indptr, network.layer().indices, 0.85, 100)
    np.testing.assert_allclose(ours, [theirs[u] for u in range(network.n_nodes)], rtol=1e-6)
    assert abs(ours.sum() - 1.0) < 1e-12


def test_irie_rank_is_near_the_reach_of_one_seed():
    """Catches ranks that count tellers: on a tree with alpha 1 the rank is the reach exactly."""
    tree = nx.bfs_tree(nx.balanced_tree(3, 3), 0)
    network = Network.from_edges(*zip(*tree.edges, strict=True), n=40)
    chosen = seeding.irie(network, 4, p=0.5, alpha=1.0, key=KEY).tolist()
    # The root wins 1 + 1.5 + 2.25 + 3.375; then each of its sons 1 + 1.5 + 2.25, halved.
    assert chosen[0] == 0
    assert sorted(chosen[1:]) == [1, 2, 3]


def stars(sizes):
    """Hubs 0, 1, 2, ... with so many listeners each, nobody in common; hubs' ids first."""
    at, pairs = len(sizes), []
    for hub, size in enumerate(sizes):
        pairs += [(hub, at + i) for i in range(size)]
        at += size
    return pairs, at


@pytest.mark.parametrize("name", ["degree_discount", "single_discount", "irie", "pagerank",
                                  "vote_rank", "diffusion_centrality"])  # fmt: skip
def test_hubs_of_a_forest_of_stars_are_found_in_order(name):
    """Catches a ranking that misses the optimum where it is obvious: stars of 9, 7, 5, 3."""
    pairs, n = stars([7, 3, 9, 5])
    for both in (False, True):
        network = Network.from_edges(*zip(*pairs, strict=True), n=n, directed=not both)
        if both and name == "pagerank":
            continue  # rank flows back and forth: hubs of mutual stars are told by their degree
        chosen = getattr(seeding, name)(network, 4, key=KEY).tolist()
        assert chosen == [2, 0, 3, 1], both


def test_rankings_that_look_at_earlier_seeds_leave_the_clique():
    """Catches a discount that is not applied: seven hubs who all know each other, and one apart.

    The hubs have 11 ties, the one apart has 10.  By degree all seeds are hubs; the best three have
    the one apart among them, and reach more.
    """
    pairs = [(a, b) for a in range(7) for b in range(a)]
    pairs += [(hub, 8 + 5 * hub + i) for hub in range(7) for i in range(5)]
    pairs += [(7, 43 + i) for i in range(10)]
    network = Network.from_edges(*zip(*pairs, strict=True), n=53, directed=False)
    hubs = seeding.degree(network, 3, key=KEY).tolist()
    assert set(hubs) < set(range(7))
    found = {
        "degree_discount": seeding.degree_discount(network, 3, p=0.1, key=KEY),
        "single_discount": seeding.single_discount(network, 3, key=KEY),
        "irie": seeding.irie(network, 3, p=0.1, key=KEY),
        "vote_rank": seeding.vote_rank(network, 3, key=KEY),
    }
    rule = kb.IndependentCascade(0.1)
    reach = {
        name: kb.cascade(network, rule, who, 20_000, rng=1, threads=1).sizes
        for name, who in (found | {"degree": hubs}).items()
    }
    for name, who in found.items():
        assert 7 in who, name
        more = reach[name] - reach["degree"]
        z = more.mean() / (more.std() / np.sqrt(more.size))
        assert z > 4.9, name  # null: no more than the hubs, error 1e-6


def test_collective_influence_finds_the_bridge():
    """Catches a plain degree: whoever joins four hubs has less ties than they and breaks more."""
    for ball in (1, 2):
        pairs, n = stars([12, 12, 12, 12])
        bridge, n = n, n + 5
        for hub in range(4):  # at ball 2 somebody stands between
            pairs += [(bridge, hub)] if ball == 1 else [(bridge, n - 4 + hub), (n - 4 + hub, hub)]
        network = Network.from_edges(*zip(*pairs, strict=True), n=n, directed=False)
        assert set(seeding.degree(network, 4, key=KEY).tolist()) == {0, 1, 2, 3}
        found = seeding.collective_influence(network, 1, ball=ball, key=KEY)
        assert found.tolist() == [bridge], ball


def test_circles_with_wide_bridges_win_where_hubs_do_not():
    """Catches a measure of wide bridges that does not tell who spreads what takes two tellers.

    Half of the people are a random graph, in which nothing that takes two tellers goes far, half
    a ring with ties to the six nearest, which a circle of seven wins whole.
    """
    half, ring = kb.networks.erdos_renyi(1000, mean_degree=6, key=4), kb.networks.ring(1000, 6)
    pairs = arcs(half) + [(a + 1000, b + 1000) for a, b in arcs(ring)]
    network = Network.from_edges(*zip(*pairs, strict=True), n=2000)
    centre = seeding.wide_bridges(network, 1, need=2, steps=10, key=KEY)
    circle = seeding.circle(network, 7, around=centre, key=KEY)
    assert centre[0] >= 1000
    rule = kb.Reinforcement(2)
    for seeds, least, most in (
        (circle, 1000, 1000),
        (seeding.degree(network, 7, key=KEY), 7, 100),
        (seeding.random(2000, 7, key=KEY), 7, 100),
    ):
        assert least <= kb.cascade(network, rule, seeds, 1, rng=1, threads=1).sizes[0] <= most


@pytest.mark.parametrize("name", RANKINGS)
def test_the_first_of_many_are_the_choice_for_few(name):
    """Catches a ranking in which the first j of k are not the choice for j."""
    network = own_follow_graph()
    choose = getattr(seeding, name)
    many = choose(network, 40, key=KEY).tolist()
    assert len(set(many)) == 40
    for few in (0, 1, 7):
        assert choose(network, few, key=KEY).tolist() == many[:few]


@pytest.mark.parametrize("name", RANKINGS)
def test_people_who_are_alike_are_told_apart_by_the_key(name):
    """Catches ties broken by row: on a ring all people are alike, and another key takes others."""
    network = kb.networks.ring(200, 4)
    choose = getattr(seeding, name)
    found = [tuple(choose(network, 5, key=key).tolist()) for key in (1, 1, 2)]
    assert found[0] == found[1] != found[2]
    assert sorted(choose(network, 200, key=1).tolist()) == list(range(200))


@pytest.mark.parametrize("name", sorted(set(RANKINGS) - {"circle", "gossip"}))
def test_rankings_follow_the_arcs(name):
    """Catches arcs read backwards: word goes from 1 (and 9) over many to 5 and 6, to 7 and 8."""
    pairs = [(1, 0), (1, 2), (1, 3), (1, 4), (9, 0), (9, 2), (5, 7), (5, 8), (6, 7), (6, 8)]
    pairs += [(a, b) for a in (0, 2, 3, 4) for b in (5, 6, 10)]
    network = Network.from_edges(*zip(*pairs, strict=True), n=11)
    assert getattr(seeding, name)(network, 1, key=KEY).tolist() == [1]
    back = getattr(seeding, name)(network.reverse(), 1, key=KEY).tolist()
    assert back != [1]


def test_what_cannot_be_ranked_is_refused():
    """Catches wrong numbers that give a ranking all the same."""
    network = Network.from_edges([0, 1], [1, 2])
    for call, line in (
        (lambda: seeding.degree_discount(network, 1, p=1.5), r"p: out of range, got 1\.5"),
        (lambda: seeding.irie(network, 1, p="weights"), "p: unknown, got 'weights'"),
        (lambda: seeding.irie(network, 1, p=[0.1]), r"p: not one value an arc.*allowed \(2,\)"),
        (lambda: seeding.irie(network, 1, p=[0.1, np.nan]), "p: out of range, got nan"),
        (lambda: seeding.irie(network, 1, alpha=2), "alpha: out of range"),
        (lambda: seeding.irie(network, 1, theta=-1), "theta: out of range"),
        (lambda: seeding.collective_influence(network, 1, ball=3), r"ball.*allowed 1\.\.2"),
        (lambda: seeding.pagerank(network, 1, damping=1.1), "damping: out of range"),
        (lambda: seeding.pagerank(network, 1, steps=0), "steps: out of range"),
        (lambda: seeding.wide_bridges(network, 1, need=0), "need: out of range"),
        (lambda: seeding.wide_bridges(network, 1, steps=0.5), "steps: not a whole number"),
        (lambda: seeding.gossip(network, 1, q=0.0), "q: nothing is passed on"),
        (lambda: seeding.gossip(network, 1, steps=31), r"steps.*allowed 1\.\.30"),
        (lambda: seeding.circle(network, 1, around=[7]), "around: no such person, got 7"),
        (lambda: seeding.circle(network, 1, around=["li"]), "around"),
        (lambda: seeding.vote_rank(network, 4), r"k: out of range, got 4, allowed 0\.\.3"),
        (lambda: seeding.vote_rank(network, 1, layer="weibo"), "layer: unknown"),
        (lambda: seeding.vote_rank(network, 1, by="name"), "by: unknown"),
        (lambda: seeding.vote_rank(network, 1, key=-1), "key: out of range"),
    ):
        with pytest.raises(KoubeiError, match=line):
            call()


def test_labels_in_and_out():
    """Catches centres taken for rows, or rows given back, where people have names."""
    network = Network.from_edges(["li", "li", "wu"], ["wu", "zhao", "zhao"], labels="auto")
    assert seeding.degree_discount(network, 1).tolist() == ["li"]
    assert seeding.circle(network, 2, around=["wu"]).tolist() == ["wu", "zhao"]
    rows = seeding.circle(network, 2, around=[1], by="row")
    assert network.people(rows).tolist() == ["wu", "zhao"]
