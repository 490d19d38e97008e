"""`cascade` has the exact laws: whole laws on tiny graphs, closed forms, large graphs in theory.

Nulls are from `koubei_sim.theory`, which knows nothing of the kernels.  Error rate 1e-6 in each
test, shared among all numbers that it looks at; fixed key; n as given.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from tests.cascades.exact import LAWS, Log, assert_exact, network
from tests.cascades.laws import ERROR, KEY, assert_law, limit_z

from koubei_sim.cascades import (
    DelayedCascade,
    IndependentCascade,
    LinearThreshold,
    RandomSeeds,
    cascade,
)
from koubei_sim.networks import Network
from koubei_sim.theory import shapes

RUNS = 100_000
pytestmark = pytest.mark.statistical


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", LAWS)
def test_whole_laws(name: str) -> None:
    """Catches a kernel (or a text) of another law, twelve times as sharply as for the twins."""
    exact = LAWS[name]
    result = cascade(
        network(), exact.rule, exact.seeds, RUNS, KEY, record="forest", horizon=exact.horizon
    )
    log = result.outcome.activations
    assert_exact(exact, Log(log.replicate, log.person, log.time, log.kind, log.until), RUNS)


def tie(n: int, edges: list[tuple[int, int]]) -> Network:
    source, target = zip(*edges)
    return Network.from_edges(source, target, n=n, directed=False)


def clique(n: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(n) for j in range(i + 1, n)]


# Published values of the expected spread (p = .1, .3, .5) with the closed form they come from.
SPREADS = {
    "two": (tie(2, [(0, 1)]), 0, (1.1, 1.3, 1.5)),
    "path of 5": (tie(5, [(i, i + 1) for i in range(4)]), 0, (1.1111, 1.4251, 1.9375)),
    "star of 10, hub": (tie(10, [(0, i) for i in range(1, 10)]), 0, (1.9, 3.7, 5.5)),
    "star of 10, leaf": (tie(10, [(0, i) for i in range(1, 10)]), 1, (1.18, 2.02, 3.5)),
    "K3": (tie(3, clique(3)), 0, (1.218, 1.726, 2.25)),
    "C4": (tie(4, [(i, (i + 1) % 4) for i in range(4)]), 0, (1.2217, 1.8097, 2.5625)),
    "C6": (tie(6, [(i, (i + 1) % 6) for i in range(6)]), 0, (1.222215, 1.851415, 2.859375)),
    "K4": (tie(4, clique(4)), 0, (1.358104, 2.316556, 3.25)),
    "K5": (tie(5, clique(5)), 0, (1.525363, 3.10113, 4.4140625)),
}


@pytest.mark.parametrize("name", SPREADS)
def test_spread_on_simple_graphs(name: str) -> None:
    """Catches a coin that serves both directions of a tie twice, and a lost or extra step.

    Null: the mean size is the closed form.  n = 200,000 cascades for each p; the p share the
    error rate.  The printed values are exact to half of their last digit, far below the error.
    """
    graph, seed, expected = SPREADS[name]
    for p, mean in zip((0.1, 0.3, 0.5), expected):
        sizes = cascade(graph, IndependentCascade(p), [seed], 2 * RUNS, KEY).outcome.sizes
        error = sizes.std(ddof=1) / np.sqrt(sizes.size)
        assert abs(sizes.mean() - mean) < limit_z(3) * error + 5e-7


def test_sizes_and_members_on_larger_shapes() -> None:
    """Catches an arc beyond the first group of eight that has another chance.

    Null: chances of all people on a path, star, cycle (n = 25, 40, 21), and the law of sizes in
    a clique of 12; 100,000 cascades each.
    """
    closed = (
        (tie(25, [(i, i + 1) for i in range(24)]), shapes.path(25, 0.8, 4), 4, 0.8),
        (tie(40, [(0, i) for i in range(1, 40)]), shapes.star(40, 0.35, 3), 3, 0.35),
        (tie(21, [(i, (i + 1) % 21) for i in range(21)]), shapes.cycle(21, 0.85), 0, 0.85),
    )
    for graph, exact, seed, p in closed:
        result = cascade(graph, IndependentCascade(p), [seed], RUNS, KEY, record="people")
        chance = np.asarray(exact.reach)
        spread = np.sqrt(np.maximum(chance * (1 - chance), 1e-12) / RUNS)
        scores = (result.outcome.node_count / RUNS - chance) / spread
        assert np.abs(scores).max() < limit_z(3 * graph.n_nodes)
    sizes = cascade(tie(12, clique(12)), IndependentCascade(0.12), [5], RUNS, KEY).outcome.sizes
    law = shapes.complete(12, 0.12).sizes
    assert_law(sizes.tolist(), {k: float(chance) for k, chance in enumerate(law)})


def test_the_methods_of_linear_threshold_agree_in_law() -> None:
    """Catches intervals that are not the sums they stand for, on a graph too large to enumerate.

    Null: sizes (in bins) at steps 1, 3 and in the end have one law under both methods.
    n = 100,000 cascades with each; chi-square of two samples, three share the error rate.
    """
    rng = np.random.default_rng(4)
    source, target = rng.integers(0, 40, 130), rng.integers(0, 40, 130)
    graph = Network.from_edges(source, target, n=40, parallel="keep")
    for horizon in (1.0, 3.0, None):
        counts = []
        for method, key in (("choice", KEY), ("sum", KEY + 1)):
            rule = LinearThreshold(method=method)
            sizes = cascade(graph, rule, [1, 3, 5, 7], RUNS, key, horizon=horizon).outcome.sizes
            counts.append(np.bincount(sizes, minlength=41))
        table = np.array(counts)
        large = table.sum(axis=0) >= 20
        table = np.column_stack([table[:, large], table[:, ~large].sum(axis=1)])
        table = table[:, table.sum(axis=0) > 0]
        assert table.shape[1] > 5
        assert stats.chi2_contingency(table, correction=False)[1] > ERROR / 3


def test_kinds_of_a_matrix_have_their_chances() -> None:
    """Catches a matrix that is read with source and target exchanged.

    Null: binomial counts; a star of 30 leaves of three kinds, 100,000 cascades.
    """
    leaves = np.arange(1, 31)
    graph = Network.from_edges(np.zeros(30, int), leaves, n=31)
    kinds = np.append([1], leaves % 3)
    matrix = np.array([[0.9, 0.8, 0.7], [0.1, 0.3, 0.5], [0.6, 0.4, 0.2]])
    rule = IndependentCascade(matrix, kinds)
    count = cascade(graph, rule, [0], RUNS, KEY, record="people").outcome.node_count[1:]
    chance = matrix[1][leaves % 3]
    scores = (count - RUNS * chance) / np.sqrt(RUNS * chance * (1 - chance))
    assert np.abs(scores).max() < limit_z(30)


def test_delays_on_a_path_add_up() -> None:
    """Catches a delay that is measured from the start in place of from the source.

    Null: time at the end of a path of 4 arcs is a gamma variable (Kolmogorov-Smirnov),
    100,000 cascades.
    """
    graph = Network.from_edges(range(4), range(1, 5))
    rule = DelayedCascade(1.0, ("exponential", 0.5))
    ends = cascade(graph, rule, [0], RUNS, KEY).outcome.ends
    assert stats.kstest(ends, stats.gamma(4, scale=0.5).cdf).pvalue > ERROR


def test_random_seeds_are_uniform() -> None:
    """Catches seeds that favour some people, or that are the same in all replicates.

    Null: every set of 2 of 7 people is as likely; 100,000 draws.
    """
    graph = Network.from_edges([], [], n=7)
    result = cascade(graph, IndependentCascade(0.5), RandomSeeds(2), RUNS, KEY, record="forest")
    log = result.outcome.activations
    pairs = log.person.reshape(RUNS, 2)
    assert (log.replicate.reshape(RUNS, 2) == np.arange(RUNS)[:, None]).all()
    law = {7 * a + b: 1 / 21 for a in range(7) for b in range(a + 1, 7)}
    assert_law((7 * pairs[:, 0].astype(int) + pairs[:, 1]).tolist(), law)
