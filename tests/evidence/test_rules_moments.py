"""The information model and its fit: a plain twin, whole laws, and worlds with known numbers.

Each test says what it would catch.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import networkx as nx
import numpy as np
import pytest

import koubei_sim as kb
from koubei_sim.core.codes import DRAW_TELLING
from koubei_sim.core.draws import draw32, stream
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence import TakeUp, Telling, simulated_moments
from koubei_sim.evidence.telling import told_within

KEY = 5


def random_network(n: int, ties: int, seed: int) -> kb.Network:
    """A random undirected network."""
    rng = np.random.default_rng(seed)
    pairs = np.unique(np.sort(rng.integers(0, n, (ties, 2)), axis=1), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    return kb.Network.from_edges(pairs[:, 0], pairs[:, 1], n=n, directed=False)


def plain(net: kb.Network, rule: Telling, seeds: list[int], replicate: int, last: int) -> Any:
    """First steps and kinds of one replicate, step by step, from the words of the model."""
    source, target = net.arcs()
    word = stream(np.uint64(KEY), replicate, DRAW_TELLING, 0, 0)
    luck = stream(np.uint64(KEY), replicate, DRAW_TELLING, 1, 0)
    chance = np.broadcast_to(np.asarray(rule.takes, float), (net.n_nodes,))
    takes = [draw32(luck, v) / 2**32 < chance[v] for v in range(net.n_nodes)]
    step = dict.fromkeys(seeds, 0)
    for now in range(1, last + 1):
        new = set()
        for e, (u, v) in enumerate(zip(source, target)):
            if u not in step or step[u] >= now or v in step:
                continue
            q = rule.q_taker if takes[u] else rule.q_other
            # Told by now: the coin of the arc lies below the chance to be told in so many steps.
            if draw32(word, e) < told_within(q, last)[now - step[u]]:
                new.add(int(v))
        step |= dict.fromkeys(new, now)
    kinds = [int(takes[v]) if v in step else -1 for v in range(net.n_nodes)]
    return [step.get(v, np.nan) for v in range(net.n_nodes)], kinds


def test_bytes_of_a_plain_twin() -> None:
    """Catches a delay off by one, a kind drawn for another person, people settled too early."""
    net = random_network(40, 90, 2)
    rule = Telling(np.linspace(0.0, 1.0, 40), q_taker=0.45, q_other=0.1)
    found = kb.cascade(net, rule, [0, 7], 12, KEY, first=3, horizon=6, threads=1,
                       record=("times", "kinds", "forest"))  # fmt: skip
    assert found.outcome.times is not None and found.outcome.kinds is not None
    ties = set(zip(*(side.tolist() for side in net.arcs())))
    for row in range(12):
        steps, kinds = plain(net, rule, [0, 7], 3 + row, 6)
        assert np.array_equal(found.outcome.times[row], np.float32(steps), equal_nan=True)
        assert found.outcome.kinds[row].tolist() == kinds
    log = found.activations
    told = log.parent >= 0
    assert set(zip(log.parent[told].tolist(), log.person[told].tolist())) <= ties
    when = {(r, v): t for r, v, t in zip(log.replicate, log.person, log.time)}
    late = zip(log.replicate[told], log.parent[told], log.time[told])
    assert all(when[r, u] < t for r, u, t in late)


def test_law_of_a_triangle() -> None:
    """Catches chances that are not the stated ones: all runs of two steps are listed.

    Null: the law; n = 200,000; error rate 1e-6 over three numbers.
    """
    q = {True: 0.5, False: 0.2}
    take, runs = 0.3, 200_000
    expected = 0.0  # number who heard among the two who were not told first
    for kinds in product((True, False), repeat=3):
        weight = np.prod([take if kind else 1 - take for kind in kinds])
        for one in product((0, 1), repeat=2):  # whom person 0 tells in step 1
            p = np.prod([q[kinds[0]] if o else 1 - q[kinds[0]] for o in one])
            if sum(one) == 2:
                mean = 2.0
            elif sum(one) == 1:
                friend = 1 + one.index(1)
                mean = 1.0 + 1 - (1 - q[kinds[0]]) * (1 - q[kinds[friend]])
            else:
                mean = 2 * q[kinds[0]]
            expected += weight * p * mean
    net = kb.Network.from_edges([0, 0, 1], [1, 2, 2], directed=False)
    found = kb.cascade(net, Telling(take, 0.5, 0.2), [0], runs, KEY, horizon=2)
    sizes = found.sizes - 1
    assert abs(sizes.mean() - expected) < 5.0 * sizes.std() / np.sqrt(runs)
    took = found.sizes_by_kind[:, 1].mean() / found.sizes.mean()
    assert abs(took - take) < 5.0 * np.sqrt(take * (1 - take) / found.sizes.sum())


def test_one_chance_is_sir_by_steps() -> None:
    """Catches a law that is not that of `SIR` by steps without recovery (n = 20,000, 1e-6)."""
    net = random_network(60, 120, 4)
    ours = kb.cascade(net, Telling(0.4, 0.15, 0.15), [3], 20_000, 1, horizon=5)
    theirs = kb.cascade(net, kb.SIR(0.15, 0.0, steps=True), [3], 20_000, 2, horizon=5)
    a, b = ours.sizes, theirs.sizes
    assert abs(a.mean() - b.mean()) < 5.0 * np.sqrt((a.var() + b.var()) / 20_000)


def test_more_of_a_chance_never_means_fewer() -> None:
    """Catches coins that depend on the chances: the same luck must pair all settings."""
    net = random_network(80, 160, 6)
    sizes = [
        kb.cascade(net, Telling(0.4, q, 0.05), [0], 50, 1, horizon=6).sizes for q in (0.1, 0.2, 0.6)
    ]
    assert (sizes[0] <= sizes[1]).all() and (sizes[1] <= sizes[2]).all()
    assert sizes[0].sum() < sizes[2].sum()


def six(net: kb.Network, leaders: list[int], group: Any, takes: Any) -> list[list[float]]:
    """The six moments, from sets."""
    graph = nx.Graph(list(zip(*(side.tolist() for side in net.arcs()))))
    graph.add_nodes_from(range(net.n_nodes))
    far = dict(nx.all_pairs_shortest_path_length(graph, cutoff=2))
    rows = []
    for name in sorted(set(group)):
        mine = [v for v in range(net.n_nodes) if group[v] == name]

        def share(people: list[int]) -> float:
            return float(np.mean([takes[v] for v in people])) if people else 0.0

        def covariance(distance: int, mine: list[int] = mine) -> float:
            near = [[w for w, d in far[v].items() if d == distance] for v in mine]
            shares = np.array([share(people) for people in near])
            own = np.array([takes[v] for v in mine], float)
            return float(np.mean((own - own.mean()) * shares))

        lead = {kind: {w for v in leaders if takes[v] == kind for w in graph[v]} for kind in (0, 1)}
        rows.append([
            share([v for v in mine if v in leaders]),
            share([v for v in mine if graph[v] and not any(takes[w] for w in graph[v])]),
            share([v for v in mine if v in lead[1]]),
            share([v for v in mine if v in lead[0]]),
            covariance(1), covariance(2),
        ])  # fmt: skip
    return rows


def test_six_moments_of_a_plain_twin() -> None:
    """Catches people at distance two who are neighbours too, groups mixed up, shares of others."""
    net = random_network(60, 110, 8)
    rng = np.random.default_rng(1)
    group = rng.integers(0, 3, 60)
    leaders = [0, 5, 11, 30, 44, 59]
    takes = (rng.random((4, 60)) < 0.3).astype(int)
    found = TakeUp(net, leaders, group)(takes)
    for row in range(4):
        assert np.allclose(found[row], six(net, leaders, group.tolist(), takes[row]), atol=1e-12)


def villages(number: int = 24) -> tuple[kb.Network, list[int], Any]:
    """Random villages of 40, six people of each told first."""
    source, target = [], []
    for k in range(number):
        u, v = random_network(40, 120, 100 + k).arcs()
        source += (u + 40 * k).tolist()
        target += (v + 40 * k).tolist()
    net = kb.Network.from_edges(source, target, n=40 * number)
    leaders = [40 * k + j for k in range(number) for j in range(6)]
    return net, leaders, np.repeat(np.arange(number), 40)


GRID = {"q_taker": [0.05, 0.15, 0.3, 0.45, 0.6, 0.8], "q_other": [0.0, 0.02, 0.05, 0.1, 0.2]}


def test_known_numbers_are_found() -> None:
    """Catches weights, signs or axes mixed up: the truth lies in the region in most worlds.

    Null: the region holds the truth with 95 %; 20 worlds; fewer than 15 have a chance of 3e-4.  J
    of a true model must not be refused at 5 % in more than 5 of 20 (3e-4).
    """
    net, leaders, group = villages()
    six_of = TakeUp(net, leaders, group)
    found = []
    truth = Telling(0.3, 0.45, 0.05)
    inside = refused = 0
    for world in range(20):
        seen = kb.cascade(net, truth, leaders, 1, 1000 + world, horizon=4, record="kinds")
        fit = simulated_moments(net, truth, leaders, six_of(seen)[0], six_of, GRID, replicates=20,
                                rng=world, horizon=4, draws=50, threads=1)  # fmt: skip
        at = (fit.points == (0.45, 0.05)).all(axis=1)
        inside += bool(fit.region[at][0])
        refused += fit.p_value < 0.05
        found.append((fit.statistic, fit.region.mean()))
    assert inside >= 15, inside
    assert refused <= 5, refused
    statistic, region = np.mean(found, axis=0)
    assert 2.0 < statistic < 8.0, statistic  # 4 x 23 / 18 on average where the weights are right
    assert region < 0.5, region


def test_region_tables_and_draws_agree() -> None:
    """Catches rows of other points, and a result that hangs on the number of threads."""
    net, leaders, group = villages(12)
    six_of = TakeUp(net, leaders, group)
    seen = kb.cascade(net, Telling(0.3, 0.45, 0.05), leaders, 1, 9, horizon=4, record="kinds")
    runs = [
        simulated_moments(net, Telling(0.3), leaders, six_of(seen)[0], six_of, GRID, replicates=8,
                          rng=3, horizon=4, draws=40, threads=threads)
        for threads in (1, 2)
    ]  # fmt: skip
    assert (runs[0].criterion == runs[1].criterion).all()
    fit = runs[0]
    best = fit.points[np.argmin(fit.criterion)]
    assert fit.table()["best"].tolist() == best.tolist() == list(fit.best.values())
    ratio = fit.of("ratio", lambda q: q["q_taker"] - q["q_other"])
    assert ratio["best"] == best[0] - best[1]
    assert fit.df == 4 and fit.moments().index.tolist() == list(TakeUp.names)
    row = fit.moments().iloc[0]
    assert row["observed"] - row["simulated"] == pytest.approx(row["difference"])


def test_wrong_calls_are_refused() -> None:
    """Catches shapes and names that would be taken silently."""
    net, leaders, group = villages(3)
    six_of = TakeUp(net, leaders, group)
    seen = np.zeros((3, 6))
    for options, said in (
        ({"observed": seen}, "too few groups"),
        ({"observed": seen[0]}, "not one row a group"),
        ({"grid": {"beta": [1]}, "observed": np.zeros((9, 6))}, "grid[beta]: not a number of"),
        ({"grid": {"q_taker": [0.1, 2.0]}, "observed": np.zeros((9, 6))}, "q_taker: out of range"),
        ({"observed": np.zeros((9, 6))}, "moments: of another shape"),
    ):
        call: dict[str, Any] = {"grid": GRID, "moments": six_of, "horizon": 3, "rng": 1} | options
        with pytest.raises(KoubeiError) as error:
            simulated_moments(net, Telling(), leaders, **call)
        assert said in str(error.value)
    with pytest.raises(KoubeiError, match="not one a person"):
        TakeUp(net, leaders, group[:5])
    with pytest.raises(KoubeiError, match="horizon"):
        kb.cascade(net, Telling(), leaders, 1, 1)
