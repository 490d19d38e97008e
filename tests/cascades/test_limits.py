"""`cascade` on large random graphs against the theory of infinitely large ones.

Percolation on configuration graphs (Newman 2002), small cascades (Borel), complex contagion with
two kinds of people (Gleeson and Cahalane 2007), Bass on complete graphs and circles, thresholds on
a lattice (Centola and Macy 2007).  Null in each: the limit law; n, graphs and runs as given; the
bands are at least 6 standard errors, so the error rate is below 1e-6; fixed keys.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.cascades.laws import KEY, assert_law, limit_z

from koubei_sim.cascades import (
    SIR,
    SIS,
    Bass,
    FractionalThreshold,
    IndependentCascade,
    RandomSeeds,
    Reinforcement,
    cascade,
)
from koubei_sim.networks import Network
from koubei_sim.theory import bass, branching, degrees, percolation, threshold

N = 100_000
pytestmark = pytest.mark.statistical


def configuration(law: NDArray[np.float64], key: int, n: int = N) -> Network:
    """Stubs joined at random; repeated ties are kept, ties to oneself dropped."""
    rng = np.random.default_rng(key)
    stubs = np.repeat(np.arange(n), rng.choice(law.size, n, p=law))
    stubs = rng.permutation(stubs)[: len(stubs) // 2 * 2]
    return Network.from_edges(stubs[::2], stubs[1::2], n=n, directed=False, parallel="keep")


def erdos_renyi(mean: float, key: int, n: int = N) -> Network:
    rng = np.random.default_rng(key)
    m = rng.poisson(mean * n / 2)
    return Network.from_edges(rng.integers(0, n, m), rng.integers(0, n, m), n=n, directed=False)


# ---------------------------------------------------------------- percolation

LARGE = {
    "Poisson 4": (degrees.poisson(4.0), {0.3: 0.313698, 0.5: 0.796812, 0.8: 0.952555}, 0.01),
    "3-regular": (degrees.regular(3), {0.6: 0.703704, 0.8: 0.984375}, 0.01),
    "4-regular": (degrees.regular(4), {0.4: 0.541503, 0.5: 0.854102, 0.6: 0.956219}, 0.01),
    "cut power": (
        degrees.power_law(2.0, 1, 400, 10.0),
        {0.5: 0.169177, 0.8: 0.432041, 1.0: 0.587257},
        0.01,
    ),
    "power": (degrees.power_law(2.5, 2, 100), {0.2: 0.242509, 0.4: 0.59615}, 0.02),
}
SMALL = {
    "Poisson 4": {0.1: 1.6667, 0.2: 5.0},
    "3-regular": {0.2: 2.0, 0.4: 7.0},
    "4-regular": {0.2: 3.0},
    "cut power": {0.3: 7.16072},
    "power": {0.05: 1.48482},
}


@pytest.mark.parametrize("name", LARGE)
def test_large_cascades_have_the_size_of_newman(name: str) -> None:
    """Catches arcs of hubs that are lost, and coins that are shared by both directions wrongly.

    N = 100,000, 6 graphs, one cascade that took off on each (20 seeds); band .01, .02 for the
    heavy tail.
    """
    law, table, band = LARGE[name]
    graphs = [configuration(law, k) for k in range(6)]
    for chance, share in table.items():
        assert abs(percolation.outbreak(law, chance).size - share) < 1e-6
        found = []
        for k, graph in enumerate(graphs):
            result = cascade(graph, IndependentCascade(chance), RandomSeeds(20), 4, KEY + k)
            large = result.outcome.sizes[result.outcome.sizes > 0.02 * N]
            found.append(large[0] / N)
        assert abs(np.mean(found) - share) < band


@pytest.mark.parametrize("name", SMALL)
def test_small_cascades_have_the_mean_of_newman(name: str) -> None:
    """Catches a first step that differs from the later ones.

    Null: the mean for the degrees that the graph has (near the threshold the mean hangs on
    them); N = 100,000, 100,000 cascades of one random seed, 2 % for the finite size.
    """
    law = LARGE[name][0]
    graph = configuration(law, 9)
    own = np.bincount(graph.degrees()) / N
    for chance, mean in SMALL[name].items():
        assert abs(percolation.mean_outbreak(law, chance) - mean) < 1e-4 * mean
        sizes = cascade(graph, IndependentCascade(chance), RandomSeeds(1), N, KEY).outcome.sizes
        error = sizes.std(ddof=1) / math.sqrt(N)
        expected = percolation.mean_outbreak(own, chance)
        assert abs(sizes.mean() - expected) < limit_z() * error + 0.02 * expected


def test_small_cascades_have_sizes_of_borel() -> None:
    """Catches cascades that stop or go on a step too long, whatever their mean.

    Null: Borel with R = .5 (offspring are thinned Poisson); 20,000 people of degree 100,
    100,000 cascades of one random seed.
    """
    rng = np.random.default_rng(3)
    n, m = 20_000, rng.poisson(2_000_000)
    graph = Network.from_edges(rng.integers(0, n, m), rng.integers(0, n, m), n=n, parallel="keep")
    sizes = cascade(graph, IndependentCascade(0.005), RandomSeeds(1), 100_000, KEY).outcome.sizes
    law = {k: float(branching.borel_pmf(k, 0.5)) for k in range(1, 25)}
    law[25] = 1.0 - sum(law.values())
    assert_law(np.minimum(sizes, 25).tolist(), law)


@pytest.mark.parametrize("steps", [False, True])
def test_an_epidemic_with_random_duration_has_the_size_of_percolation(steps: bool) -> None:
    """Catches durations that change the chance of an arc.

    The size of a large outbreak depends on the mean chance of an arc only: exponential duration
    beta / (beta + gamma), geometric beta / (1 - (1 - beta)(1 - gamma)).  N = 100,000, Poisson 4,
    6 graphs; band .01.
    """
    beta, gamma = (0.25, 0.4) if steps else (0.6, 0.9)
    chance = beta / (beta + gamma - beta * gamma) if steps else beta / (beta + gamma)
    share = percolation.giant_component(4.0 * chance)
    found = []
    for k in range(6):
        graph = erdos_renyi(4.0, 40 + k)
        sizes = cascade(graph, SIR(beta, gamma, steps), RandomSeeds(20), 2, KEY).outcome.sizes
        found.append(sizes[sizes > 0.02 * N][0] / N)
    assert abs(np.mean(found) - share) < 0.01


def test_an_endemic_infection_has_the_prevalence_of_mean_field() -> None:
    """Catches reinfection that is missed or comes twice.

    On a complete graph 1 - gamma / (beta n); n = 1000, from half infected, at times 10 to 20 of
    four runs; band .04 (the spread of a run is about .03).
    """
    n = 1000
    people = np.arange(n)
    graph = Network.from_edges(np.repeat(people, n), np.tile(people, n), n=n, self_loops="drop")
    seeds = list(range(0, n, 2))
    for steps in (False, True):
        scale = 0.05 if steps else 1.0  # short steps approach the same law
        rule = SIS(2.0 * scale / n, 1.0 * scale, steps)
        result = cascade(graph, rule, seeds, 4, KEY, record="forest", horizon=20.0 / scale)
        log = result.outcome.activations
        shares = [
            np.sum((log.time <= at) & (at < log.until)) / (4 * n)
            for at in np.linspace(10.0, 20.0, 11) / scale
        ]
        assert abs(np.mean(shares) - 0.5) < 0.04


# ---------------------------------------------------------------- complex contagion

PURITY = {0.0: 0.0149, 0.02: 0.0169, 0.05: 0.0211, 0.08: 0.0284, 0.1: 0.0373, 0.12: 0.0577}
PURITY |= {0.15: 0.9975, 0.2: 0.9975}


@pytest.mark.parametrize("share", PURITY)
def test_purity_of_the_population_tips_where_theory_says(share: float) -> None:
    """Catches a fraction met exactly that does not convince, or kinds that are mixed up.

    ER of mean degree 6, thresholds .1 (fans) and .3, 1 % random seeds; N = 100,000, 6 graphs.
    """
    kinds = threshold.two_kinds(share, 0.1, 0.3, 0.01)
    theory = threshold.spread(degrees.poisson(6.0), kinds).adopters
    assert abs(theory - PURITY[share]) < 6e-5
    found = []
    for k in range(6):
        fans = np.random.default_rng(k).random(N) < share
        rule = FractionalThreshold(np.array([0.3, 0.1]), kinds=fans.astype(int))
        graph = erdos_renyi(6.0, 60 + k)
        found.append(cascade(graph, rule, RandomSeeds(N // 100), 1, KEY + k).outcome.sizes[0] / N)
    band = 0.001 if share >= 0.15 else 0.015 if share >= 0.12 else 0.005
    assert abs(np.mean(found) - theory) < band


def test_one_threshold_on_both_sides_of_the_window() -> None:
    """Catches cascades outside the window of Watts, or none inside; and > taken for >=.

    phi = .18, N = 100,000, one graph for each (z, seeds); bands of the finite size.  At
    phi = .2, five neighbours can be convinced by one only without `strict`.
    """
    for mean, seeds, expected, band in (
        (3.0, 1e-3, 0.9406, 0.005),
        (5.0, 1e-3, 0.9930, 0.003),
        (6.5, 1e-3, 0.0086, 0.004),
        (7.0, 1e-2, 0.9991, 0.002),
        (10.0, 1e-2, 0.0197, 0.004),
    ):
        graph = erdos_renyi(mean, 8)
        sizes = cascade(graph, FractionalThreshold(0.18), RandomSeeds(int(N * seeds)), 1, KEY)
        assert abs(sizes.outcome.sizes[0] / N - expected) < band
    star = Network.from_edges([0, 1, 2, 3, 4], [5] * 5, n=6)
    for strict, size in ((False, 2), (True, 1)):
        rule = FractionalThreshold(0.2, strict)
        assert cascade(star, rule, [3], 1, 1).outcome.sizes.tolist() == [size]


@pytest.mark.parametrize(("need", "steps"), [(2, 76), (3, 120)])
def test_complex_contagion_on_a_lattice_takes_its_known_time(need: int, steps: int) -> None:
    """Catches one step more or less in 100: exact, no error.

    100 x 100 torus of Moore neighbourhoods, seeded by a person and its eight neighbours; steps
    until 90 % are reached.
    """
    side = 100
    row, column = np.divmod(np.arange(side * side), side)
    source, target = [], []
    for down, right in ((0, 1), (1, -1), (1, 0), (1, 1)):
        source.append(np.arange(side * side))
        target.append((row + down) % side * side + (column + right) % side)
    graph = Network.from_edges(np.concatenate(source), np.concatenate(target), directed=False)
    seeds = [(50 + i) * side + 50 + j for i in (-1, 0, 1) for j in (-1, 0, 1)]
    result = cascade(graph, Reinforcement(need), seeds, 1, 1).outcome
    reached = result.curve[0, 0].cumsum() / side**2
    assert result.sizes.tolist() == [side * side]
    assert int(np.searchsorted(reached, 0.9)) == steps


# ---------------------------------------------------------------- Bass

P, Q = 0.03, 0.38
YEARS = np.array([1.0, 5.0, 10.0, 15.0, 20.0])


def shares_at(graph: Network, rule: Bass, runs: int) -> NDArray[np.float64]:
    """Share of adopters at the years above, one row a run."""
    result = cascade(graph, rule, [], runs, KEY, record="times", horizon=20.0)
    times = result.outcome.times
    return np.column_stack([(times <= year).mean(axis=1) for year in YEARS])


def everybody(n: int) -> Network:
    people = np.arange(n)
    return Network.from_edges(np.repeat(people, n), np.tile(people, n), n=n)


def assert_near(found: NDArray[np.float64], expected: NDArray[np.float64], bias: float) -> None:
    error = found.std(axis=0, ddof=1) / math.sqrt(len(found))
    assert (np.abs(found.mean(axis=0) - expected) < 1.5 * limit_z(5) * error + bias).all()


def test_bass_among_everybody_is_the_curve_of_bass() -> None:
    """Catches a hazard that is off by a factor; n = 1000, 30 runs, finite size 1 / n."""
    found = shares_at(everybody(1000), Bass(P, Q), 30)
    assert_near(found, bass.cumulative(YEARS, P, Q), 0.004)


@pytest.mark.parametrize("sides", [1, 2])
def test_bass_on_a_circle(sides: int) -> None:
    """Catches imitation that is not divided by the people listened to; n = 20,000, 10 runs."""
    n = 20_000
    people = np.arange(n)
    graph = Network.from_edges(people, (people + 1) % n, n=n, directed=sides == 1)
    assert_near(shares_at(graph, Bass(P, Q), 10), bass.circle(YEARS, P, Q), 1e-4)
    # Ticks of a twentieth: at most dt (p + q) late.
    coarse = shares_at(graph, Bass(P, Q, 0.05), 10)
    assert (np.abs(coarse.mean(axis=0) - bass.circle(YEARS, P, Q)) < 0.02).all()


def test_bass_of_two() -> None:
    """Catches a hazard counted from the wrong moment; 10,000 pairs, 10 runs."""
    n = 20_000
    graph = Network.from_edges(np.arange(0, n, 2), np.arange(1, n, 2), n=n, directed=False)
    assert_near(shares_at(graph, Bass(P, Q), 10), bass.two_node(YEARS, P, Q), 1e-4)


@pytest.mark.parametrize("dt", [1.0, 0.2])
def test_bass_by_ticks_follows_the_synchronous_recursion(dt: float) -> None:
    """Catches adopters of a tick who are seen in it, or who are seen a tick late.

    n = 1000 everybody with everybody, 30 runs; with dt = 1 the curve is 7 to 8 points from the
    continuous one, so a tick more or less shows.
    """
    found = shares_at(everybody(1000), Bass(P, Q, dt), 30)
    steps = round(20 / dt)
    curve = bass.discrete(P, Q, dt, steps)
    at = np.round(YEARS / dt).astype(int)
    assert_near(found, np.asarray(curve)[at], 0.004)
    if dt == 1.0:
        assert np.abs(np.asarray(curve)[at][1:3] - [0.26218, 0.7308]).max() < 0.003
