"""Worlds: who the people are, whom they hear, and what must not depend on what.

Statistical checks use a fixed key and an error rate of 1e-6: |z| < 4.9 for a normal statistic.
"""

from __future__ import annotations

import gc
import math

import numpy as np
import pytest
from hypothesis import given, settings
from scipy import stats
from tests import codes
from tests.strategies import scenarios

from koubei_sim.core.draws import draw, draw32, exponential_units, stream
from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import Channel, Scenario, Segment
from koubei_sim.model.world import build, feeds
from koubei_sim.model.world.population import lognormal_classes, normal_classes
from koubei_sim.networks import Network, tie_strength

KEY = 20100816
Z = 4.9  # two-sided 1e-6


def bits(purpose, i, j=0, replicate=0):
    """The 64-bit draw of person i, through the scalar functions."""
    return np.uint64(draw(np.uint64(stream(np.uint64(KEY), replicate, purpose, 0, j)), i))


def coin(purpose, i, j=0, replicate=0):
    return int(draw32(np.uint64(stream(np.uint64(KEY), replicate, purpose, 0, j)), i))


@given(scenarios(n_max=300))
@settings(max_examples=30)
def test_people_against_one_person_at_a_time(s):
    """Catches a wrong address, a class off by one, or a segment's law given to another."""
    world = build.build_world(s, KEY, 2)
    people, rules = world.people, world.rules
    shared = 0 if s.shared_world else 2
    segments = list(s.segments.values())
    ends = np.cumsum([g.share for g in segments])
    for i in range(0, s.n_agents, max(1, s.n_agents // 15)):
        u = coin(codes.DRAW_SEGMENT, i, replicate=shared) / 2**32
        number = min(int(np.searchsorted(ends, u, side="right")), len(segments) - 1)
        g, v = segments[number], int(people.agent_class[i])
        assert rules.class_segment[v] == number
        assert rules.class_enthusiast[v] == g.enthusiast
        level = stats.beta(g.expertise_a, g.expertise_b).ppf(
            coin(codes.DRAW_LEVEL, i, replicate=shared) / 2**32
        )
        assert abs(int(rules.class_level[v]) - level * 128) <= 1.001
        place = coin(codes.DRAW_ACTIVITY, i, replicate=shared) * 4096 >> 32
        a = float(lognormal_classes(4096, g.activity_sigma)[place])
        wanted = max(0, math.floor(min(1.0, s.participation.online * a) * 2**32) - 1)
        assert abs(int(people.online_threshold[i]) - wanted) <= 1
        for c, name in enumerate(s.channels):
            member = coin(codes.DRAW_MEMBER, i, c, shared) < g.membership.get(name, 1.0) * 2**32
            assert (int(people.channels[i]) >> c & 1) == member
        place = coin(codes.DRAW_TASTE, i, replicate=shared) * 4096 >> 32
        assert people.taste[i] == pytest.approx(s.market.taste_sd * normal_classes(4096)[place])
        group = coin(codes.DRAW_TASTE_GROUP, i, replicate=shared) * s.market.taste_groups >> 32
        assert rules.class_taste[v] == group
        pays = 0
        place = coin(codes.DRAW_INCOME, i, replicate=shared) * 256 >> 32
        income = math.inf
        if math.isfinite(g.income_median):
            income = g.income_median * math.exp(g.income_sigma**2 / 2)
            income *= lognormal_classes(256, g.income_sigma)[place]
        for k, product in enumerate(s.products.values()):
            affordable = product.price <= income and product.effort <= rules.class_level[v] / 127
            pays |= affordable << k
        assert rules.class_pays[v] == pays
        for name, purpose, scale in (
            ("resist_adopt", codes.DRAW_RESIST_ADOPT, 1.0),
            ("resist_reject", codes.DRAW_RESIST_REJECT, s.market.rejection_resistance),
        ):
            units = int(exponential_units(bits(purpose, i, replicate=2)) * scale)
            assert int(getattr(people, name)[i]) == min(units, 2**32 - 1)
        aware = coin(codes.DRAW_AWARE_AT_START, i, replicate=2) < s.market.aware_at_start * 2**32
        assert people.initial_stage[i] == aware


@given(scenarios(n_max=300))
@settings(max_examples=30)
def test_the_world_keeps_its_promises(s):
    """Catches shapes, orders and ranges that the engines rely on and do not check."""
    people, graphs, rules, _ = build.build_world(s, KEY, 1)
    n = s.n_agents
    for name, dtype in (
        ("online_threshold", np.uint32),
        ("agent_class", np.uint16),
        ("taste", np.float64),
        ("channels", np.uint8),
        ("resist_adopt", np.uint32),
        ("resist_reject", np.uint32),
        ("initial_stage", np.uint8),
    ):
        array = getattr(people, name)
        assert (array.dtype, array.shape, array.flags.c_contiguous) == (dtype, (n,), True), name
    assert people.need.dtype == np.uint16
    assert people.need.shape == ((n,) if rules.reinforcement_on else (1,))
    assert people.agent_class.max() < rules.class_level.size
    assert rules.class_level.max() <= 127
    rows = [
        (rules.class_segment[v], rules.class_level[v], rules.class_pays[v], rules.class_taste[v])
        for v in range(rules.class_level.size)
    ]
    assert len(set(rows)) == len(rows)
    assert np.unique(people.agent_class).size == len(rows)
    assert people.seeds.dtype == np.int32
    assert np.all(np.diff(people.seeds) > 0)
    if s.seeding.strategy == "ids":
        assert people.seeds.tolist() == list(s.seeding.ids)
    else:
        assert people.seeds.size == s.seed_agents
        pure = rules.class_enthusiast[people.agent_class[people.seeds]].sum()
        assert pure == math.floor(s.seed_agents * s.seeding.purity + 0.5)
    channels = list(s.channels.values())
    assert all(len(part) == 8 for part in graphs)
    for c in range(8):
        indptr, indices, ties = graphs.indptr[c], graphs.indices[c], graphs.ties[c]
        assert (indptr.dtype, indices.dtype, ties.dtype) == (np.int64, np.int32, np.uint8)
        if c >= len(channels) or channels[c].medium == "board":
            assert (indptr.size, indices.size, ties.size) == (1, 0, 0)
            continue
        assert indptr.size == n + 1
        assert indptr[-1] == indices.size
        assert ties.size == (indices.size if channels[c].tie != "none" else 0)
        member = people.channels >> c & 1
        assert member[indices].all()
        assert member[np.repeat(np.arange(n), np.diff(indptr))].all()
        for u in range(n):
            assert np.all(np.diff(indices[indptr[u] : indptr[u + 1]]) > 0)


@given(scenarios(n_max=200))
@settings(max_examples=10)
def test_a_world_is_a_function_of_scenario_key_and_replicate(s):
    """Catches hidden state, and a replicate that moves what is said to be shared."""
    one, again = build.build_world(s, KEY, 1), build.build_world(s, KEY, 1)
    for a, b in zip(one[:3], again[:3]):
        for name, x in a._asdict().items():
            y = getattr(b, name)
            same = all(map(np.array_equal, x, y)) if isinstance(x, tuple) else np.array_equal(x, y)
            assert same, name
    other = build.build_world(s, KEY, 2)
    assert not np.array_equal(one.people.resist_adopt, other.people.resist_adopt)
    if s.shared_world:
        assert np.array_equal(one.people.agent_class, other.people.agent_class)
        assert all(map(np.array_equal, one.graphs.indices, other.graphs.indices))


def test_worlds_that_are_not_shared_differ():
    """Catches a replicate that is left out of the address of population or networks."""
    s = Scenario(n_agents=500, shared_world=False, seeding={"number": 10})
    one, two = (build.build_world(s, KEY, r) for r in (1, 2))
    assert not np.array_equal(one.people.agent_class, two.people.agent_class)
    assert not np.array_equal(one.graphs.indices[1], two.graphs.indices[1])


def test_parts_supplied_are_the_parts_drawn():
    """Catches a shared population or network that gives another world than drawing it again."""
    s = Scenario.load("tiny")
    population = build.build_population(s, KEY, 1)
    networks = build.build_networks(s, KEY, 1, population)
    graphs = build.build_graphs(s, networks, population)
    whole = build.build_world(s, KEY, 1)
    for parts in (
        {"population": population, "networks": networks},
        {"population": population, "graphs": graphs},
        {"networks": {layer.name: Network((layer,)) for layer in networks.layers}},
    ):
        made = build.build_world(s, KEY, 1, **parts)
        assert all(map(np.array_equal, made.people, whole.people))
        for mine, theirs in zip(made.graphs, whole.graphs):
            assert all(map(np.array_equal, mine, theirs))


def test_reinforcement_counts_those_whom_one_hears():
    """Catches in- and out-neighbours exchanged, and 0.3 of 10 rounded up to 4."""
    n = 12
    feed = Channel(network={"kind": "erdos_renyi", "mean_degree": 2.0, "directed": True})
    s = Scenario(
        n_agents=n,
        channels={"a": feed, "b": feed},
        segments={"p": Segment(enthusiast=True, reinforcement=2, reinforcement_share=0.3)},
        seeding={"number": 1},
    )
    star = Network.from_edges(range(1, 11), [0] * 10, n=n)  # person 0 hears ten people
    back = Network.from_edges([0] * 11, range(1, 12), n=n)  # the others hear person 0
    world = build.build_world(s, KEY, networks={"a": star, "b": back})
    assert world.people.need.tolist() == [3] + [2] * 11
    alone = s.replace(**{"segments.p.reinforcement": 1, "segments.p.reinforcement_share": 0.09})
    assert (
        build.build_world(alone, KEY, networks={"a": star, "b": back}).rules.reinforcement_on == 0
    )


def test_supplied_networks_are_cut_to_the_members():
    """Catches word that reaches people who are not on the channel."""
    s = Scenario(
        n_agents=300,
        channels={"a": Channel(tie="overlap")},
        segments={"p": Segment(enthusiast=True, membership={"a": 0.5})},
        seeding={"number": 1},
    )
    full = Network.from_edges(*np.triu_indices(300, 1), n=300, directed=False)
    world = build.build_world(s, KEY, networks=full)
    members = np.flatnonzero(world.people.channels)
    assert 100 < members.size < 200
    assert world.graphs.indices[0].size == members.size * (members.size - 1)
    assert np.array_equal(world.graphs.ties[0], np.full(world.graphs.indices[0].size, 255))


def test_tie_strength_by_overlap_and_by_weight(tmp_path):
    """Catches ties beside the wrong arcs; weights count against the largest, rounded half up."""
    s = Scenario(n_agents=400, channels={"a": Channel(tie="overlap")}, seeding={"number": 2})
    networks = build.build_networks(s, KEY)
    world = build.build_world(s, KEY, networks=networks)
    assert np.array_equal(world.graphs.ties[0], tie_strength(networks))
    held = len(feeds._strengths)
    del world
    again = build.build_world(s, KEY, 1, networks=networks)
    assert len(feeds._strengths) == held  # a second replicate does not count again
    del again, networks
    gc.collect()
    assert len(feeds._strengths) < held
    path = tmp_path / "ties.edges"
    path.write_text("0 1 2.0\n1 2 1.0\n0 2 4.0\n")
    weighted = Channel(tie="weight", network={"kind": "file", "path": str(path)})
    s = Scenario(n_agents=5, channels={"a": weighted}, seeding={"number": 0})
    graphs = build.build_world(s, KEY).graphs
    assert graphs.indptr[0].tolist() == [0, 2, 4, 6, 6, 6]
    assert graphs.ties[0].tolist() == [128, 255, 128, 64, 255, 64]


def test_few_members_still_make_a_channel():
    """Catches a crash of a generator where nearly nobody, or nobody, is a member."""
    for n in (1, 2, 3, 6, 30):
        for kind in (
            "follow",
            "small_world",
            "configuration",
            "barabasi_albert",
            "erdos_renyi",
            "ring",
            "lattice",
            "complete",
        ):
            spec = {"kind": kind, "mean_degree": 15.0, "rows": 1}
            for share in (0.0, 0.3, 1.0):
                s = Scenario(
                    n_agents=n,
                    channels={"a": Channel(network=spec)},
                    seeding={"number": 0},
                    segments={"p": Segment(enthusiast=True, membership={"a": share})},
                )
                world = build.build_world(s, KEY)
                arcs, members = world.graphs.indices[0].size, int(world.people.channels.sum())
                if n <= 6 and kind != "lattice":
                    assert arcs == members * (members - 1)  # everybody hears everybody


def test_networks_that_do_not_fit_are_refused():
    """Catches a network of other people or channels taken without a word."""
    s = Scenario(n_agents=50, seeding={"number": 2})
    one = Network.from_edges([0], [1], n=50)
    for networks, line in (
        (Network.stack({"weibo": one, "x": one}), "networks.wechat: no graph for this feed"),
        ({"weibo": one, "wechat": one, "qzone": one, "x": one}, "networks.x: no feed of this name"),
        (
            {"weibo": one, "wechat": one, "qzone": Network.from_edges([0], [1])},
            "networks.qzone: another number of people than n_agents, got 2, allowed 50",
        ),
        (3, "networks: wrong type, got int"),
    ):
        with pytest.raises(KoubeiError) as caught:
            build.build_world(s, KEY, networks=networks)
        assert str(caught.value).startswith(line)


def test_a_missing_file_is_refused_or_stood_in_for():
    """Catches a study on a stand-in that believes it ran on real friendships."""
    channel = {"network": {"kind": "file", "path": "no_such.edges.gz", "mean_degree": 10.0}}
    s = Scenario(n_agents=200, channels={"a": channel}, seeding={"number": 5})
    with pytest.raises(KoubeiError, match=r"channels\.a\.network\.path: no such file or data set"):
        build.build_world(s, KEY)
    s = s.replace(**{"channels.a.network.stand_in": "small_world"})
    with pytest.warns(UserWarning, match="a small world of the same mean degree"):
        world = build.build_world(s, KEY)
    assert 9.0 < world.graphs.indices[0].size / 200 <= 10.5


def test_people_per_agent_scales_what_is_counted():
    """Catches a number of people that stays when one agent stands for ten."""
    s = Scenario.load("tiny").replace(**{"seeding.number": 30, "supply.units": 55.0})
    one, ten = (build.build_world(s.replace(people_per_agent=g), KEY) for g in (1.0, 10.0))
    assert (one.people.seeds.size, ten.people.seeds.size) == (30, 3)
    assert ten.rules.service_capacity[:3].tolist() == [1, 1, 1]
    assert one.rules.reading_capacity.tolist() == [60, 40]
    assert ten.rules.reading_capacity.tolist() == [6, 4]
    assert (one.rules.scale_quality / ten.rules.scale_quality).tolist() == [10.0, 10.0]
    assert ten.rules.meeting_cap.tolist() == [3]
    assert abs(ten.rules.units.sum() * 10 - one.rules.units.sum()) < 10
    assert np.array_equal(one.rules.readers_per_post, ten.rules.readers_per_post)


def test_memory_is_predicted_and_refused(monkeypatch):
    """Catches a prediction off by a factor, and a run that starts although it cannot fit."""
    s = Scenario(n_agents=20_000).replace(**{"channels.wechat.tie": "overlap"})
    world = build.build_world(s, KEY)
    held = sum(a.nbytes for part in world.graphs for a in part)
    held += sum(a.nbytes for a in world.people)
    assert held < build.predict_memory(s) < 4 * held
    import psutil

    class Little:
        available = 10_000_000

    monkeypatch.setattr(psutil, "virtual_memory", lambda: Little)
    with pytest.raises(KoubeiError, match=r"n_agents: needs about \d+\.\d GiB, got 0\.0 GiB avail"):
        build.build_world(s, KEY)


@pytest.mark.slow
def test_ten_million_people_in_seconds():
    """Catches a Python loop over people: ten million took 3 s when written."""
    import time

    s = Scenario(
        n_agents=10_000_000,
        channels={"forum": Channel(medium="board", readers_per_post=60.0)},
        seeding={"number": 10},
    )
    build.build_world(s.replace(n_agents=1000), KEY)  # compiles
    start = time.perf_counter()
    build.build_world(s, KEY)
    assert time.perf_counter() - start < 20
