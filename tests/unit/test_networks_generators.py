"""The generators: exact small graphs, their laws with stated error rates, same bytes always.

Laws are tested at an error rate of 1e-6 each (4.9 standard errors, two-sided) with fixed keys;
n and the null are said in each docstring.
"""

from __future__ import annotations

import hashlib
from collections import Counter

import numpy as np
import pytest

from koubei_sim.errors import KoubeiError
from koubei_sim.networks import (
    Network,
    barabasi_albert,
    complete,
    configuration,
    erdos_renyi,
    follow_graph,
    lattice,
    ring,
    small_world,
    threads,
    tie_strength,
    watts_strogatz,
)
from koubei_sim.networks.generators.configuration import feistel_tables, permute, unpermute
from koubei_sim.networks.generators.population import keyed_order

Z = 4.9  # two-sided error rate 1e-6
CHI_SQUARE_SIGMAS = 6.0  # chi-square has a heavier tail than the normal

KINDS = np.arange(6000) % 3

RANDOM = {
    "follow_homophily": lambda **a: follow_graph(6000, 12, 2.6, 0.4, KINDS, **a),
    "small_world_homophily": lambda **a: small_world(6000, 8, 0.2, 60, 0.4, KINDS, **a),
    "follow": lambda **a: follow_graph(6000, 12, **a),
    "small_world": lambda **a: small_world(6000, 9.5, 0.2, 60, **a),
    "configuration": lambda **a: configuration(n=6000, mean_degree=12, exponent=2.5, **a),
    "configuration_large": lambda **a: configuration(n=20_000, mean_degree=12, **a),
    "configuration_shuffled": lambda **a: configuration(n=5000, mean_degree=10, **a),
    "erdos_renyi": lambda **a: erdos_renyi(6000, 8, **a),
    "erdos_renyi_directed": lambda **a: erdos_renyi(6000, 8, directed=True, **a),
    "barabasi_albert": lambda **a: barabasi_albert(6000, 4, **a),
    "watts_strogatz": lambda **a: watts_strogatz(6000, 8, 0.3, **a),
}


def digest(network: Network) -> str:
    layer = network.layer()
    return hashlib.sha256(layer.indptr.tobytes() + layer.indices.tobytes()).hexdigest()


def hill(values: np.ndarray, low: float) -> tuple[float, float]:
    """Exponent of the density of a tail from `low` on, and its standard error."""
    tail = values[values >= low]
    slope = tail.size / np.log(tail / (low - 0.5)).sum()
    return 1 + slope, slope / np.sqrt(tail.size)


@pytest.mark.parametrize("kind", RANDOM)
def test_sound_simple_and_a_function_of_the_address(kind) -> None:
    """Would catch loops, repeats, one-way ties, and draws that ignore part of the address."""
    net = RANDOM[kind](key=5)
    net.check()
    layer = net.layer()
    assert not (layer.sources() == layer.indices).any()
    same_row = np.diff(layer.sources()) == 0
    assert (np.diff(layer.indices)[same_row] > 0).all()
    assert digest(RANDOM[kind](key=5)) == digest(net)
    others = [RANDOM[kind](key=6)]
    others += [RANDOM[kind](key=5, layer=1), RANDOM[kind](key=5, replicate=1)]
    assert len({digest(other) for other in [net, *others]}) == 4
    assert digest(RANDOM[kind](key=2**64 - 1)) != digest(net)


@pytest.mark.parametrize("kind", RANDOM)
def test_same_bytes_from_any_number_of_threads(kind) -> None:
    """Would catch rows that depend on how they are cut among threads."""
    with threads(1):
        one = RANDOM[kind](key=5)
        strength = tie_strength(one)
    for count in (2, 5):
        with threads(count):
            assert digest(RANDOM[kind](key=5)) == digest(one)
            assert np.array_equal(tie_strength(one), strength)


def test_same_bytes_in_a_process_of_one_thread(fresh_python) -> None:
    """Would catch that the number of cores of the machine changes a graph."""
    code = (
        "from koubei_sim.networks import follow_graph, small_world, tie_strength\n"
        "a, b = follow_graph(6000, 12, key=5), small_world(6000, 9.5, 0.2, 60, key=5)\n"
        "print(a.layer().indices.tobytes().hex()[:4000], tie_strength(b).sum())\n"
    )
    assert fresh_python(code, {"NUMBA_NUM_THREADS": "1"}) == fresh_python(
        code, {"NUMBA_NUM_THREADS": "2"}
    )


@pytest.mark.parametrize(
    "make",
    [*RANDOM.values(), lambda key: ring(9, 4, key=key), lambda key: complete(9, key=key)],
)
def test_notes_say_how_it_was_made(make) -> None:
    """Would catch a graph that cannot be made again from what it says."""
    assert make(key=5).notes["generator"]


def test_members_only() -> None:
    """Would catch arcs to or from people who are not on the channel, or another law there."""
    members = np.random.default_rng(1).choice(10_000, 3000, replace=False)
    inside = np.zeros(10_000, dtype=bool)
    inside[members] = True
    plain = {"follow": follow_graph(3000, 5, key=1), "friends": small_world(3000, 10, key=1)}
    some = {
        "follow": follow_graph(10_000, 5, key=1, members=members),
        "friends": small_world(10_000, 10, key=1, members=members.astype(np.int32)),
    }
    for name, net in some.items():
        assert net.n_nodes == 10_000
        assert not net.degrees()[~inside].any()
        assert inside[net.layer().indices].all()
        assert digest(net.subgraph(np.sort(members))) == digest(plain[name])
    assert configuration([1, 1], n=5, key=1, members=[4, 2]).layer().heard_by(2).tolist() == [4]
    assert ring(9, 2, members=[1, 5, 8]).layer().heard_by(5).tolist() == [1, 8]
    assert complete(4, members=[0, 3]).n_arcs == 2
    assert erdos_renyi(9, p=1, key=1, members=[2, 3, 4]).n_arcs == 6
    assert barabasi_albert(9, 1, key=1, members=[2, 3, 4]).n_arcs == 4
    assert watts_strogatz(9, 2, 0, key=1, members=[2, 3, 4]).n_arcs == 6
    assert lattice(1, 2, n=9, members=[7, 2]).layer().heard_by(2).tolist() == [7]


# --- follow graph -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "mean", "exponent"), [(50_000, 15, 2.3), (1000, 50, 2.1), (50, 5, 3)]
)
def test_follow_graph_has_the_mean_asked_for(n, mean, exponent) -> None:
    """Null: arcs are a sum of independent draws of mean n * mean (variance below that)."""
    net = follow_graph(n, mean, exponent, key=11)
    assert abs(net.n_arcs - n * mean) < Z * np.sqrt(n * mean) + n * mean * 1e-3


def test_followers_have_the_exponent_and_following_is_poisson() -> None:
    """Null: density of follower counts falls with exponent 2.3 (Hill, n = 200,000, counts of 100
    and more); numbers followed have the variance of a sum of Bernoulli draws."""
    net = follow_graph(200_000, 15, 2.3, key=7)
    followers = net.degrees()
    exponent, error = hill(followers, 100)
    assert abs(exponent - 2.3) < Z * error + 0.03  # 0.03: Poisson noise on the counts
    following = net.degrees(direction="in")
    expected = 1 - ((followers / 200_000) ** 2).sum() / 15
    assert abs(following.var() / following.mean() - expected) < Z * np.sqrt(2 / 200_000)


@pytest.mark.parametrize("homophily", [0.0, 0.3, 1.0])
def test_follow_homophily_is_the_share_asked_for(homophily) -> None:
    """Null: share of arcs within groups is h + (1 - h) * share at h = 0 (n = 50,000, k = 15)."""
    groups = np.arange(50_000) % 10 == 0
    chance = _share_within(follow_graph(50_000, 15, 3.0, key=3), groups)
    net = follow_graph(50_000, 15, 3.0, homophily, groups, key=3)
    share = _share_within(net, groups)
    assert abs(share - (homophily + (1 - homophily) * chance)) < Z * 0.0007 + 0.002
    # Each group still follows as much as before.
    for group in (True, False):
        mean = net.degrees(direction="in")[groups == group].mean()
        assert abs(mean - 15) < Z * np.sqrt(15 / (groups == group).sum()) + 0.1


def test_neutral_homophily_changes_nothing() -> None:
    """Would catch that naming groups moves draws although homophily is 0."""
    groups = np.arange(5000) % 3
    assert digest(follow_graph(5000, groups=groups, key=1)) == digest(follow_graph(5000, key=1))
    assert digest(small_world(5000, groups=groups, key=1)) == digest(small_world(5000, key=1))


def _share_within(net: Network, groups: np.ndarray) -> float:
    layer = net.layer()
    return float((groups[layer.sources()] == groups[layer.indices]).mean())


# --- small world ------------------------------------------------------------------------------


def test_small_world_without_rewiring_is_circles() -> None:
    """Exact: every person has 10 ties, clustering is 3 (k - 2) / (4 (k - 1)) = 2/3, circles have
    30 to 90 people and everybody is on one; ids along a circle are far apart."""
    networkx = pytest.importorskip("networkx")
    net = small_world(3000, 10, rewire=0.0, community_size=60, key=2)
    assert set(net.degrees().tolist()) == {10}
    layer = net.layer()
    graph = networkx.Graph(zip(layer.sources().tolist(), layer.indices.tolist(), strict=True))
    assert networkx.average_clustering(graph) == pytest.approx(2 / 3, abs=1e-12)
    sizes = [len(part) for part in networkx.connected_components(graph)]
    assert sum(sizes) == 3000
    assert len(sizes) == net.notes["communities"]
    assert min(sizes) >= 30
    assert max(sizes) <= 90 + 30  # the last circle takes the rest
    # Ids carry no meaning: the distance of neighbours is that of strangers, n / 3.
    gap = np.abs(layer.sources().astype(int) - layer.indices).mean()
    assert abs(gap / 1000 - 1) < Z * 0.71 / np.sqrt(3000 / 2)


def test_small_world_rewires_the_share_asked_for() -> None:
    """Null: clustering falls as (1 - rewire)**3 (n = 3000, k = 10); mean degree stays; degrees
    get the variance of the far ends, n * k / 2 * rewire of them thrown at random."""
    networkx = pytest.importorskip("networkx")
    net = small_world(3000, 10, rewire=0.1, community_size=60, key=2)
    assert net.n_arcs == 3000 * 10 - 2 * net.notes["parallel_merged"]
    layer = net.layer()
    graph = networkx.Graph(zip(layer.sources().tolist(), layer.indices.tolist(), strict=True))
    assert networkx.transitivity(graph) == pytest.approx(2 / 3 * 0.9**3, rel=0.06)
    # A person keeps its own 5 ties; of the 5 of others each goes with p and Poisson(5 p) come.
    expected = 5 * 0.1 * 0.9 + 5 * 0.1
    assert abs(net.degrees().var() - expected) < Z * expected * np.sqrt(3 / 3000) + 0.02


def test_small_world_takes_a_fractional_degree() -> None:
    """Null: n * (k / 2 - whole part) extra ties are a binomial number (n = 20,000, k = 7.5)."""
    net = small_world(20_000, 7.5, rewire=0.0, key=9)
    assert abs(net.n_arcs / 2 - 20_000 * 3.75) < Z * np.sqrt(20_000 * 0.75 * 0.25)


@pytest.mark.parametrize("homophily", [0.25, 0.6, 1.0])
@pytest.mark.parametrize("rewire", [0.0, 1.0])
def test_small_world_homophily_is_the_share_asked_for(homophily, rewire) -> None:
    """Null: share of ties within groups is h + (1 - h) sum of q**2, near ties and far ones alike
    (n = 50,000, groups of 20, 30 and 50 %)."""
    groups = np.searchsorted([0.2, 0.5], np.random.default_rng(1).random(50_000), side="right")
    net = small_world(50_000, 10, rewire, 100, homophily, groups, key=3)
    # No rewired tie may lead back to its own person: it would vanish uncounted.
    assert net.n_arcs == 50_000 * 10 - 2 * net.notes["parallel_merged"]
    q = np.bincount(groups) / 50_000
    expected = homophily + (1 - homophily) * float((q**2).sum())
    # People, not ties, are the independent units: their place decides for all their ties.
    assert abs(_share_within(net, groups) - expected) < Z * np.sqrt(0.25 / 50_000) + 0.003


def test_keyed_order_is_any_permutation() -> None:
    """Null: the 24 orders of 4 people are equally likely (4800 bases, chi-square)."""
    seen = Counter(keyed_order(np.uint64(base), 4).tobytes() for base in range(4800))
    assert len(seen) == 24
    chi = sum((count - 200) ** 2 / 200 for count in seen.values())
    assert chi < 23 + CHI_SQUARE_SIGMAS * np.sqrt(2 * 23)


# --- configuration ----------------------------------------------------------------------------


def test_configuration_keeps_the_degrees_but_for_what_was_erased() -> None:
    """Exact: stubs given = arcs + 2 (loops + repeats), nobody has more than asked."""
    for n in (500, 30_000):  # the shuffle and the Feistel matching
        degrees = np.random.default_rng(2).integers(0, 12, n)
        degrees[0] = min(n // 10, 1000)
        degrees[1] += degrees.sum() % 2
        net = configuration(degrees, key=4)
        lost = net.notes["self_loops_dropped"] + net.notes["parallel_merged"]
        assert (net.degrees() <= degrees).all()
        assert degrees.sum() - net.n_arcs == 2 * lost
        assert 0 < lost < 0.05 * degrees.sum()


def test_every_matching_is_as_likely() -> None:
    """Null: the 15 perfect matchings of 6 people have equal chance (3000 keys, chi-square)."""
    seen = Counter(configuration([1] * 6, key=key).layer().indices.tobytes() for key in range(3000))
    assert len(seen) == 15
    chi = sum((count - 200) ** 2 / 200 for count in seen.values())
    assert chi < 14 + CHI_SQUARE_SIGMAS * np.sqrt(2 * 14)


def test_feistel_is_a_permutation_and_its_inverse() -> None:
    """Would catch a matching in which somebody's partner has another partner."""
    tables = feistel_tables(np.uint64(1), 0, 209, 0, 32)
    places = [permute(x, 32, 1000, tables) for x in range(1000)]
    assert sorted(places) == list(range(1000))
    assert [unpermute(place, 32, 1000, tables) for place in places] == list(range(1000))


def test_feistel_matches_blocks_of_stubs_evenly() -> None:
    """Null: partners of 100,000 stubs are uniform over 10 blocks of people (chi-square on the 55
    unordered pairs of blocks, 50,000 ties)."""
    net = configuration(np.ones(100_000, dtype=int), key=8)
    partner = net.layer().indices
    assert partner.size == 100_000
    table = np.zeros((10, 10))
    np.add.at(table, (np.arange(100_000) // 10_000, partner // 10_000), 1)
    off = table[np.triu_indices(10, 1)]
    chi = ((off - 1000) ** 2 / 1000).sum() + ((np.diag(table) / 2 - 500) ** 2 / 500).sum()
    assert chi < 54 + CHI_SQUARE_SIGMAS * np.sqrt(2 * 54)


def test_configuration_tail_has_the_exponent() -> None:
    """Null: density of drawn degrees falls with exponent 2.8 (Hill, n = 200,000, 60 and more)."""
    net = configuration(n=200_000, mean_degree=15, exponent=2.8, key=1)
    degrees = net.degrees()
    exponent, error = hill(degrees, 60)
    assert abs(exponent - 2.8) < Z * error + 0.04
    lost = net.notes["self_loops_dropped"] + net.notes["parallel_merged"]
    # Random rounding keeps the mean: its variance is at most 1/4 a person.
    assert abs(degrees.sum() + 2 * lost - 15 * 200_000) < Z * np.sqrt(0.25 * 200_000) + 1
    assert configuration(n=2000, max_degree=20, exponent=2.2, key=1).degrees().max() <= 21


# --- Erdos-Renyi, Barabasi-Albert -------------------------------------------------------------


@pytest.mark.parametrize("directed", [True, False])
def test_every_small_graph_has_its_chance(directed) -> None:
    """Null: with p = 1/2 all 64 graphs are equally likely: 4 people, or 3 where directed
    (6400 keys, chi-square)."""
    n = 3 if directed else 4
    seen = Counter(digest(erdos_renyi(n, p=0.5, directed=directed, key=key)) for key in range(6400))
    assert len(seen) == 64
    chi = sum((count - 100) ** 2 / 100 for count in seen.values())
    assert chi < 63 + CHI_SQUARE_SIGMAS * np.sqrt(2 * 63)


@pytest.mark.parametrize("directed", [True, False])
def test_erdos_renyi_degrees_are_binomial(directed) -> None:
    """Null: number of pairs is binomial, variance of degrees is mean * (1 - p) (n = 20,000)."""
    n, k = 20_000, 10.0
    net = erdos_renyi(n, k, directed=directed, key=6)
    pairs = net.n_arcs / (1 if directed else 2)
    assert abs(pairs - n * k / (1 if directed else 2)) < Z * np.sqrt(n * k)
    assert abs(net.degrees().var() / net.degrees().mean() - 1) < Z * np.sqrt(2 / n) + k / n


def test_erdos_renyi_at_the_ends() -> None:
    """Would catch division by a rate of 0 or a missed pair at p = 1."""
    assert erdos_renyi(7, p=0.0, key=1).n_arcs == 0
    assert erdos_renyi(7, p=1.0, key=1).n_arcs == 42
    assert erdos_renyi(7, p=1.0, directed=True, key=1).n_arcs == 42
    assert erdos_renyi(1, p=0.5, key=1).n_arcs == 0
    assert erdos_renyi(1000, p=1e-12, key=1).n_arcs == 0


def test_barabasi_albert_has_its_exact_degree_law() -> None:
    """Null: shares of degree k are 2 m (m + 1) / (k (k + 1) (k + 2)) (n = 100,000, m = 5)."""
    n, m = 100_000, 5
    net = barabasi_albert(n, m, key=2)
    assert net.n_arcs == m * (m + 1) + 2 * m * (n - m - 1)
    counts = np.bincount(net.degrees())
    assert not counts[:m].any()
    for k in (5, 6, 8, 12, 20):
        share = 2 * m * (m + 1) / (k * (k + 1) * (k + 2))
        assert abs(counts[k] / n - share) < Z * np.sqrt(share * (1 - share) / n) + 2e-4
    exponent, error = hill(net.degrees(), 50)
    assert abs(exponent - 3) < Z * error + 0.1
    by_age = barabasi_albert(2000, m, key=2, shuffle=False).degrees()
    assert by_age[:50].mean() > 5 * by_age[-1000:].mean()
    hidden = barabasi_albert(2000, m, key=2).degrees()
    assert sorted(hidden) == sorted(by_age)
    assert hidden[:50].mean() < 3 * hidden[-1000:].mean()


# --- without chance ---------------------------------------------------------------------------


def test_regular_graphs_exactly() -> None:
    """Would catch a missing or doubled tie at an edge, a corner or across the join."""
    networkx = pytest.importorskip("networkx")

    def same(net: Network, graph) -> bool:
        layer = net.layer()
        mine = set(zip(layer.sources().tolist(), layer.indices.tolist(), strict=True))
        number = {node: at for at, node in enumerate(sorted(graph))}
        theirs = {(number[u], number[v]) for u, v in graph.to_directed().edges}
        net.check()
        return mine == theirs

    assert same(ring(10, 4), networkx.circulant_graph(10, [1, 2]))
    assert same(watts_strogatz(10, 4, 0.0, key=1), networkx.circulant_graph(10, [1, 2]))
    assert same(complete(6), networkx.complete_graph(6))
    assert same(lattice(3, 5, moore=False), networkx.grid_2d_graph(3, 5))
    torus = networkx.grid_2d_graph(4, 5, periodic=True)
    assert same(lattice(4, 5, moore=False, wrap=True), torus)
    assert lattice(3, 4).degrees().reshape(3, 4).tolist() == [
        [3, 5, 5, 3],
        [5, 8, 8, 5],
        [3, 5, 5, 3],
    ]
    assert lattice(3, 4).layer().heard_by(5).tolist() == [0, 1, 2, 4, 6, 8, 9, 10]
    assert set(lattice(4, 4, wrap=True).degrees().tolist()) == {8}
    assert lattice(1, 1).n_arcs == ring(1, 0).n_arcs == complete(1).n_arcs == 0


def test_watts_strogatz_rewired_keeps_its_ties() -> None:
    """Would catch rewiring that adds or loses ties other than those counted."""
    net = watts_strogatz(2000, 6, 1.0, key=1)
    assert net.n_arcs == 2000 * 6 - 2 * net.notes["parallel_merged"]
    layer = net.layer()
    assert (np.abs(layer.sources() - layer.indices) <= 3).mean() < 0.01


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (lambda: follow_graph(0, key=1), "n: out of range, got 0"),
        (lambda: follow_graph(100, 0, key=1), "mean_degree: out of range, got 0"),
        (lambda: follow_graph(100, 99, key=1), "mean_degree: as many as there are people"),
        (lambda: follow_graph(100, "5", key=1), "mean_degree: not a number, got '5'"),
        (lambda: follow_graph(100, float("nan"), key=1), "mean_degree: out of range, got nan"),
        (lambda: follow_graph(100, 5, 2.0, key=1), "exponent: out of range, got 2.0"),
        (lambda: follow_graph(100, 5, homophily=1.5, key=1), "homophily: out of range, got 1.5"),
        (lambda: follow_graph(100, 5, homophily=0.5, key=1), "groups: homophily needs to know"),
        (lambda: follow_graph(100, 5, groups=[1, 2], key=1), "groups: not a whole number for each"),
        (lambda: follow_graph(100, 5, key=-1), "key: out of range, got -1"),
        (lambda: follow_graph(100, 5, key=1.5), "key: not a whole number, got 1.5"),
        (lambda: follow_graph(100, 5, key=1, layer=-1), "layer: out of range, got -1"),
        (lambda: follow_graph(9, 5, key=1, members=[]), "members: nobody"),
        (lambda: follow_graph(9, 1, key=1, members=[1, 1]), "members: somebody is named twice"),
        (lambda: follow_graph(9, 1, key=1, members=[9]), "members[0]: id out of range, got 9"),
        (lambda: small_world(10, 20, key=1), "n: circles too small for the degree"),
        (lambda: small_world(1000, 20, community_size=20, key=1), "community_size: circles too"),
        (lambda: small_world(1000, 20, -0.1, key=1), "rewire: out of range, got -0.1"),
        (lambda: watts_strogatz(10, 3, 0.1, key=1), "k: odd, got 3"),
        (lambda: configuration(key=1), "n: number of people not given"),
        (lambda: configuration([1, 1, 1], key=1), "degrees: their sum is odd, got 3"),
        (lambda: configuration([3, 1, 0], key=1), "degrees: more friends than people, got 3"),
        (lambda: configuration([1, 1], n=3, key=1), "degrees: not one for each person, got 2"),
        (lambda: configuration([-1, 1], key=1), "degrees[0]: id out of range, got -1"),
        (lambda: erdos_renyi(10, key=1), "mean_degree, p: give one of the two, got none"),
        (lambda: erdos_renyi(10, 1, 0.1, key=1), "mean_degree, p: give one of the two, got both"),
        (lambda: erdos_renyi(10, p=1.1, key=1), "p: out of range, got 1.1"),
        (lambda: barabasi_albert(3, 3, key=1), "m: more ties than people, got 3"),
        (lambda: ring(5, 3), "k: odd, got 3"),
        (lambda: ring(5, 6), "k: out of range, got 6"),
        (lambda: lattice(2, 2, n=5), "lattice: cells and people differ, got 5"),
        (lambda: lattice(2, 2, members=[1]), "n: number of people not given"),
        (lambda: complete(10**6), "n: too many for a complete graph"),
    ],
)
def test_wrong_arguments_are_refused_in_one_line(make, line) -> None:
    """Would catch a value out of range that runs, or an error far from its cause."""
    with pytest.raises(KoubeiError) as refusal:
        make()
    assert str(refusal.value).startswith(line)
    assert "\n" not in str(refusal.value)


def test_golden_bytes() -> None:
    """Would catch any change of the graphs that a key gives: on another machine or after an edit.
    If one is meant, change these words and say NUMBERS in the changelog."""
    assert {kind: digest(make(key=5))[:16] for kind, make in RANDOM.items()} == GOLDEN


GOLDEN = {
    "follow_homophily": "f0ac56aa9df2f609",
    "small_world_homophily": "af8deb769ee4ea70",
    "follow": "f5a041cd0678465e",
    "small_world": "33b2cc1a697136c3",
    "configuration": "0912303a21a14818",
    "configuration_large": "8d81bffce8585e9a",
    "configuration_shuffled": "18a8dd087475e410",
    "erdos_renyi": "0124618c2f6c5a60",
    "erdos_renyi_directed": "ea3fc8e4d742092a",
    "barabasi_albert": "84158733a447e1cf",
    "watts_strogatz": "ba27912142a6bb5b",
}
