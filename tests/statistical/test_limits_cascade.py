"""The limit of the Independent Cascade: one feed, a perfect product, each tells once.

Nulls are exact laws (enumeration of all coins, Borel, trees) or the law of a plain forward
simulation.  Many copies of a small graph lie side by side in one world, so one run holds
thousands of independent cascades.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from tests.statistical.test_limits_support import (
    ERROR,
    NEVER,
    copies_of,
    law_p,
    limit_t,
    limit_z,
    mean_scores,
    random_edges,
    run_ticks,
    scenario_of,
    share_scores,
)

from koubei_sim.networks import Network
from koubei_sim.theory import branching, degrees, percolation
from verification import exact_laws as tiny

COPIES = 20_000


def eight() -> list[tuple[int, int]]:
    """A random graph of eight people with at most 14 ties."""
    pairs = random_edges(np.random.default_rng(8), 8, 3.0)[:14]
    return [(int(u), int(v)) for u, v in pairs]


GRAPHS = {
    "path": (5, [(0, 1), (1, 2), (2, 3), (3, 4)], [0], False),
    "star from a leaf": (8, [(0, i) for i in range(1, 8)], [1], False),
    "triangle": (3, [(0, 1), (0, 2), (1, 2)], [0], False),
    "complete": (4, list(itertools.combinations(range(4), 2)), [0], False),
    "cycle, two seeds": (6, [(i, (i + 1) % 6) for i in range(6)], [0, 2], False),
    "eight": (8, eight(), [0], False),
    "one way": (5, [(0, 1), (1, 2), (2, 0), (2, 3), (4, 3), (0, 3)], [1], True),
}


@pytest.mark.parametrize("p", [0.1, 0.3, 0.7])
@pytest.mark.parametrize("name", list(GRAPHS))
def test_tiny_graphs_against_all_coins(name: str, p: float) -> None:
    """Catches a message that counts twice, p used where -log(1 - p) belongs, ties walked one way.

    Null: sizes and members of a cascade have the law of the enumeration.  n = 20,000 cascades;
    error rate 1e-6 for each graph and p: half for the sizes, half for the members.
    """
    n, edges, seeds, directed = GRAPHS[name]
    exact = tiny.independent_cascade(n, edges, p, seeds, directed)
    everywhere = (np.array(seeds) + n * np.arange(COPIES)[:, None]).ravel()
    scenario = scenario_of(
        "ic", n * COPIES, n + 1, everywhere.tolist(), **{"channels.ties.persuasion": p}
    )
    ticks = run_ticks(scenario, copies_of(n, edges, COPIES, directed))
    reached = (ticks != NEVER).reshape(COPIES, n)
    assert ticks.max() < n  # over before the end of the run
    sizes = np.bincount(reached.sum(axis=1), minlength=n + 1)
    assert law_p(sizes, exact.sizes) > ERROR / 2
    scores = share_scores(reached.sum(axis=0), COPIES, exact.reach)
    assert np.abs(scores).max() < limit_z(2 * n)


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_certain_coins(p: float) -> None:
    """Catches a probability of 1 that can fail and one of 0 that can win (exact, no error)."""
    n, edges, seeds, _ = GRAPHS["eight"]
    everywhere = (np.array(seeds) + n * np.arange(200)[:, None]).ravel()
    scenario = scenario_of(
        "ic", n * 200, n + 1, everywhere.tolist(), **{"channels.ties.persuasion": p}
    )
    reached = (run_ticks(scenario, copies_of(n, edges, 200, False)) != NEVER).reshape(200, n)
    exact = tiny.independent_cascade(n, edges, p, seeds)
    assert (reached == (exact.reach > 0.5)).all()


def forward(
    rng: np.random.Generator,
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    seeds: NDArray[np.int64],
    p: float,
) -> NDArray[np.int64]:
    """A plain forward simulation: the newly won try each listener once, with one coin."""
    step = np.full(indptr.size - 1, NEVER)
    step[seeds] = -1
    newest, now = seeds, 0
    while newest.size:
        tried = np.concatenate([indices[indptr[u] : indptr[u + 1]] for u in newest])
        won = np.unique(tried[rng.random(tried.size) < p])
        newest = won[step[won] == NEVER]
        step[newest] = now
        now += 1
    return step


def test_a_random_graph_against_forward_simulation() -> None:
    """Catches cascades that run too fast or too far on a graph with many paths and many meetings.

    Null: size, members and numbers by tick have the law of the plain simulation.  n = 1,500
    copies of one graph of 100 people (mean degree 4, p = .3, two seeds) in each sample; error
    rate 1e-6, a third each for sizes, members and ticks.
    """
    n, copies, p, steps = 100, 1500, 0.3, 12
    pairs = random_edges(np.random.default_rng(41), n, 4.0)
    network = copies_of(n, [(int(u), int(v)) for u, v in pairs], copies, False)
    seeds = (np.array([0, 1]) + n * np.arange(copies)[:, None]).ravel()
    scenario = scenario_of("ic", n * copies, 60, seeds.tolist(), **{"channels.ties.persuasion": p})
    ours = run_ticks(scenario, network).reshape(copies, n)
    layer = network.layer()
    rng = np.random.default_rng(42)
    theirs = forward(rng, layer.indptr, layer.indices, seeds, p).reshape(copies, n)

    sizes = [(sample != NEVER).sum(axis=1) for sample in (ours, theirs)]
    edges = np.unique(np.quantile(sizes[1], np.linspace(0, 1, 13)))
    table = [np.histogram(size, edges)[0] for size in (np.clip(s, 2, edges[-1]) for s in sizes)]
    assert stats.chi2_contingency(np.array(table)).pvalue > ERROR / 3

    counts = np.array([(sample != NEVER).sum(axis=0) for sample in (ours, theirs)])
    pooled = counts.sum(axis=0) / (2 * copies)
    spread = np.sqrt(2 * copies * pooled * (1 - pooled))
    scores = np.where(spread > 0, (counts[0] - counts[1]) / np.where(spread > 0, spread, 1), 0)
    assert np.abs(scores).max() < limit_z(3 * n)

    by_tick = [
        np.stack([(sample == t).sum(axis=1) for t in range(steps)], axis=1)
        for sample in (ours, theirs)
    ]
    gap = by_tick[0].mean(axis=0) - by_tick[1].mean(axis=0)
    error = np.sqrt((by_tick[0].var(axis=0) + by_tick[1].var(axis=0)) / copies)
    assert np.abs(gap / error).max() < limit_z(3 * steps)


def poisson_forest(
    rng: np.random.Generator, roots: int, mean: float, depth: int
) -> tuple[Network, NDArray[np.int64]]:
    """Trees whose people have Poisson numbers of listeners, and the root of each person."""
    root = [np.arange(roots)]
    source, level, total = [], np.arange(roots), roots
    for _ in range(depth):
        listeners = rng.poisson(mean, level.size)
        source.append(np.repeat(level, listeners))
        root.append(np.repeat(root[-1], listeners))
        level = total + np.arange(listeners.sum())
        total += level.size
    sources = np.concatenate(source)
    return Network.from_edges(sources, roots + np.arange(sources.size), total), np.concatenate(root)


def test_sizes_have_borels_law() -> None:
    """Catches any dependence between the coins of one teller, or tellers who tell twice.

    Null: people with Poisson(.8) listeners, each won with p = .625, make cascades of Borel's law
    with R = .5 (trees, so no cascade meets itself).  n = 40,000; error rate 1e-6, half for the
    law and half for the mean.
    """
    roots, mean = 40_000, 0.5
    network, root = poisson_forest(np.random.default_rng(5), roots, 0.8, 200)
    scenario = scenario_of("ic", root.size, 60, range(roots), **{"channels.ties.persuasion": 0.625})
    won = run_ticks(scenario, network) != NEVER
    sizes = np.bincount(root[won], minlength=roots)
    law = branching.borel_pmf(np.arange(1, 30), mean)
    counts = np.bincount(np.minimum(sizes, 30), minlength=31)[1:]
    assert law_p(counts, np.append(law, branching.borel_tail(30, mean))) > ERROR / 2
    error = np.sqrt(branching.borel_variance(mean) / roots)
    assert abs(sizes.mean() - branching.borel_mean(mean)) < limit_z(2) * error


def final_share(law: NDArray[np.float64], transmission: float, seeds: float) -> float:
    """Newman's S with a share of seeds: u = 1 - T + T (1 - s) G1(u), S = 1 - (1 - s) G0(u)."""
    g0 = np.polynomial.Polynomial(law)
    g1 = g0.deriv() / g0.deriv()(1.0)
    u = 0.0
    for _ in range(10_000):
        u = 1.0 - transmission + transmission * (1.0 - seeds) * g1(u)
    return float(1.0 - (1.0 - seeds) * g0(u))


@pytest.mark.sampled(3)
@pytest.mark.parametrize(("law", "transmission"), [("poisson", 0.5), ("regular", 0.8)])
def test_large_cascades_reach_the_giant_component(law: str, transmission: float) -> None:
    """Catches wins lost or doubled when thousands tell on the same day.

    Null: 60 seeds among 20,000 people reach the share of generating functions (four ties on
    average, T = .5: S = .7968; three ties each, T = .8: S = .9844; under .01 more with the
    seeds).  n = 30 graphs; error rate 1e-6.
    """
    n, runs, reached = 20_000, 30, []
    rng = np.random.default_rng(71)
    seeds = range(0, n // 100 * 60, n // 100)
    scenario = scenario_of("ic", n, 80, seeds, **{"channels.ties.persuasion": transmission})
    for r in range(runs):
        if law == "poisson":
            pairs = random_edges(rng, n, 4.0)
        else:
            pairs = rng.permutation(np.repeat(np.arange(n), 3)).reshape(-1, 2)
        network = Network.from_edges(pairs[:, 0], pairs[:, 1], n, directed=False)
        ticks = run_ticks(scenario, network, replicate=r)
        assert ticks.max() < 79
        reached.append([(ticks != NEVER).mean()])
    p = degrees.poisson(4.0) if law == "poisson" else degrees.regular(3)
    size = final_share(p, transmission, 60 / n)
    assert size == pytest.approx(percolation.outbreak(p, transmission).size, abs=0.01)
    assert abs(mean_scores(np.array(reached), [size])[0]) < limit_t(runs)
    assert np.std(reached, ddof=1) < 0.006  # a loose limit would prove nothing


def test_numbers_by_tick_on_trees() -> None:
    """Catches a delay between being won and telling other than one tick.

    Null: on full binary trees of depth 6 with p = .6, generation g holds 1.2**g people on
    average, at tick g - 1.  n = 4,000 trees; error rate 1e-6 over 6 numbers.
    """
    depth, p, trees = 6, 0.6, 4000
    n = 2 ** (depth + 1) - 1
    edges = [((i - 1) // 2, i) for i in range(1, n)]
    scenario = scenario_of(
        "ic", n * trees, depth + 1, range(0, n * trees, n), **{"channels.ties.persuasion": p}
    )
    ticks = run_ticks(scenario, copies_of(n, edges, trees, True)).reshape(trees, n)
    by_tick = np.stack([(ticks == g).sum(axis=1) for g in range(depth)], axis=1)
    scores = mean_scores(by_tick, (2 * p) ** np.arange(1, depth + 1))
    assert np.abs(scores).max() < limit_t(trees, depth)
