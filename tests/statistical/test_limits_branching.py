"""The limit of two-type branching: early cascades in which seed purity buys a head start only.

Everybody tells all listeners once; an arc to a listener of fit f wins with 1 - (1 - p)**f.
On trees with Poisson numbers of listeners of both kinds the run *is* a branching process with
the mean matrix of that example in which pure seeds are 11.7 generations ahead; on the follow
graph of the preset `branching` it is one until the cascade meets itself.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expn
from tests.statistical.test_limits_support import (
    KEY,
    NEVER,
    adoption_ticks,
    limit_t,
    limit_z,
    mean_scores,
    people_of_kinds,
    run_ticks,
    scenario_of,
    share_scores,
)

from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world.build import build_graphs, build_networks, build_population, build_world
from koubei_sim.networks import Network
from koubei_sim.theory import branching

MATRIX = np.array([[0.9, 1.2], [0.05, 0.9]])  # kinds: enthusiast, newbie
PERSUASION, DIFFICULTY = 0.8, 0.3
FIT = np.array([65536, int((1.0 - DIFFICULTY) * 65536)]) / 65536  # as the engine cuts it
CONVERSION = 1.0 - (1.0 - PERSUASION) ** FIT
GENERATIONS = 8


class Forest(NamedTuple):
    """Trees of listeners: a root for each seed."""

    network: Network
    newbie: NDArray[np.bool_]
    root: NDArray[np.int64]


def forest(
    rng: np.random.Generator,
    root_newbie: NDArray[np.bool_],
    matrix: NDArray[np.float64],
    generations: int,
) -> Forest:
    """Grow trees in which winning an arc with CONVERSION gives the offspring of `matrix`."""
    arcs = matrix / CONVERSION
    kinds, roots, sources = [root_newbie], [np.arange(root_newbie.size)], []
    ids, total = np.arange(root_newbie.size), root_newbie.size
    for _ in range(generations):
        numbers = rng.poisson(arcs[kinds[-1].astype(int)])  # (people, 2)
        listeners = numbers.sum(axis=1)
        sources.append(np.repeat(ids, listeners))
        roots.append(np.repeat(roots[-1], listeners))
        both = np.tile([False, True], ids.size)
        kinds.append(np.repeat(both, numbers.ravel()))
        ids = total + np.arange(listeners.sum())
        total += ids.size
    source = np.concatenate(sources)
    network = Network.from_edges(source, root_newbie.size + np.arange(source.size), total)
    return Forest(network, np.concatenate(kinds), np.concatenate(roots))


def generations_won(trees: Forest, roots: int, ticks: int) -> NDArray[np.int64]:
    """Numbers won, (roots, ticks + 1, 2): by seed, generation and kind."""
    scenario = scenario_of(
        "branching",
        trees.root.size,
        ticks,
        range(roots),
        **{"channels.weibo.persuasion": PERSUASION, "products.product.difficulty": DIFFICULTY},
    )
    ticks_won = run_ticks(scenario, trees.network, people_of_kinds(scenario, trees.newbie))
    won = ticks_won != NEVER
    out = np.zeros((roots, ticks + 1, 2), dtype=np.int64)
    np.add.at(out, (trees.root[won], ticks_won[won] + 1, trees.newbie[won].astype(int)), 1)
    return out


ROOTS = 12_000  # half of them enthusiasts


@pytest.fixture(scope="module")
def grown() -> NDArray[np.int64]:
    """Numbers won from seeds of each kind, (2, roots, generations, kinds)."""
    newbie = np.repeat([False, True], ROOTS // 2)
    trees = forest(np.random.default_rng(17), newbie, MATRIX, GENERATIONS)
    found = generations_won(trees, ROOTS, GENERATIONS)
    return found.reshape(2, ROOTS // 2, GENERATIONS + 1, 2)


def test_expected_numbers_of_both_kinds(grown: NDArray[np.int64]) -> None:
    """Catches fits given to the wrong kind, and persuasion * fit in place of the hazard's law.

    Null: generation t holds Z_0 M**t people of each kind.  n = 6,000 seeds of each kind; error
    rate 1e-6 over all 32 numbers.
    """
    for kind in range(2):
        law = branching.expected_counts(MATRIX, np.eye(2)[kind], GENERATIONS)[1:]
        scores = mean_scores(grown[kind, :, 1:], law)
        assert np.abs(scores).max() < limit_t(ROOTS // 2, 4 * GENERATIONS)


def test_extinction_by_generation(grown: NDArray[np.int64]) -> None:
    """Catches offspring that are not Poisson, for example listeners won or lost together.

    Null: the iterates of the generating function.  n = 6,000 seeds of each kind; error rate 1e-6.
    """
    law = branching.extinct_by(branching.poisson_pgf(MATRIX), 2, GENERATIONS)
    for kind in range(2):
        extinct = (grown[kind].sum(axis=2) == 0).sum(axis=0)
        scores = share_scores(extinct, ROOTS // 2, law[:, kind])
        assert np.abs(scores).max() < limit_z(2 * GENERATIONS)


def test_seeds_take_off_independently(grown: NDArray[np.int64]) -> None:
    """Catches seeds that help or hinder each other: 1 - q**5 of groups of five are alive.

    Null: q of the generating function after 8 generations.  n = 1,200 groups of each kind; error
    rate 1e-6.
    """
    law = branching.extinct_by(branching.poisson_pgf(MATRIX), 2, GENERATIONS)[-1]
    for kind in range(2):
        alive = grown[kind, :, -1].sum(axis=1).reshape(-1, 5).sum(axis=1) > 0
        chance = branching.take_off(law, 5 * np.eye(2)[kind])
        assert abs(share_scores(alive.sum(), alive.size, chance)) < limit_z(2)


def test_growth_composition_and_head_start(grown: NDArray[np.int64]) -> None:
    """Catches a lasting effect of seed purity that theory does not know.

    Null: at generation 8 pure seeds have won v_e/v_n times as many (within 2 %), which is a head
    start of 11.7 generations, and both groups have the same share of enthusiasts (.1695, within
    .004 for what is left of the seeds).  n = 6,000 seeds of each kind; error rate 1e-6 over 3
    numbers, by the delta method.
    """
    theory = branching.growth(MATRIX)
    counts = (
        branching.expected_counts(MATRIX, [1, 0], 8)[-1],
        branching.expected_counts(MATRIX, [0, 1], 8)[-1],
    )
    exact = counts[0].sum() / counts[1].sum()
    assert exact == pytest.approx(theory.value[0] / theory.value[1], rel=0.02)
    totals = grown[:, :, -1].sum(axis=2)
    mean, runs = totals.mean(axis=1), totals.shape[1]
    relative = np.sqrt((totals.var(axis=1, ddof=1) / mean**2).sum() / runs)
    gap = math.log(mean[0] / mean[1] / exact)
    assert abs(gap) < limit_z(3) * relative
    measured = math.log(mean[0] / mean[1]) / math.log(theory.rate)
    assert abs(measured - branching.head_start(MATRIX)) < (limit_z(3) * relative + 0.02) / math.log(
        theory.rate
    )
    for kind in range(2):
        last = grown[kind, :, -1].astype(float)
        share = last[:, 0].sum() / last.sum()
        expected = counts[kind][0] / counts[kind].sum()
        assert expected == pytest.approx(theory.composition[0], abs=0.004)
        rest = last[:, 0] - expected * last.sum(axis=1)  # mean 0 under the null
        error = rest.std(ddof=1) / np.sqrt(runs) / last.sum(axis=1).mean()
        assert abs(share - expected) < limit_z(3) * error


def test_total_progeny_below_the_threshold() -> None:
    """Catches cascades that go on for ever, or end a generation early.

    Null: (I - M)**-1 expected in all from one seed, M = [[.3, .6], [.05, .4]].  n = 4,000 seeds
    of each kind; error rate 1e-6 over 4 numbers.
    """
    matrix, roots = np.array([[0.3, 0.6], [0.05, 0.4]]), 8000
    newbie = np.repeat([False, True], roots // 2)
    trees = forest(np.random.default_rng(18), newbie, matrix, 30)
    found = generations_won(trees, roots, 30).sum(axis=1).reshape(2, -1, 2)
    law = branching.total_progeny(matrix)
    for kind in range(2):
        assert np.abs(mean_scores(found[kind], law[kind])).max() < limit_t(roots // 2, 4)


# The preset on its own graph ------------------------------------------------------------------

EXPONENT_MEAN = 1.5  # of popularity with density 3 w**-4, w >= 1 (exponent 4)


def preset_matrix(scenario: Scenario) -> NDArray[np.float64]:
    """The mean matrix of the preset: listeners by kind, times conversion by fit."""
    channel, share = scenario.channels["weibo"], scenario.segments["enthusiast"].share
    h = channel.network.homophily
    met = np.array(
        [[h + (1 - h) * share, (1 - h) * (1 - share)], [(1 - h) * share, h + (1 - h) * (1 - share)]]
    )
    fit = [1.0, 1.0 - scenario.products["product"].difficulty]
    return branching.mean_matrix(channel.network.mean_degree * met, channel.persuasion, fit)


def popular_pgf(matrix: NDArray[np.float64]) -> branching.Pgf:
    """Offspring Poisson given popularity: mean over w of exp(w / 1.5 sum_b M_ab (s_b - 1))."""
    return lambda s: 3.0 * expn(4, matrix @ (1.0 - np.asarray(s)) / EXPONENT_MEAN)


def preset_runs(
    n: int, graphs: int, runs: int, ticks: int, purity: float, seeds: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Numbers by run, generation and kind on follow graphs of the preset; and its mean matrix."""
    scenario = Scenario.load("branching").replace(
        n_agents=n,
        ticks=ticks,
        **{
            "seeding.purity": purity,
            "seeding.number": seeds,
        },
    )
    out = np.zeros((graphs, runs, ticks + 1, 2), dtype=np.int64)
    for g in range(graphs):
        population = build_population(scenario, KEY, g)
        # One value of fit for each kind, but for hardly anybody.
        assert (population.level != np.where(population.segment == 0, 127, 0)).mean() < 1e-3
        network = build_networks(scenario, KEY, g, population)
        laid = build_graphs(scenario, network, population)
        for r in range(runs):
            world = build_world(
                scenario, KEY, 1000 * (g + 1) + r, population=population, graphs=laid
            )
            won_at = adoption_ticks(world)
            won = won_at != NEVER
            np.add.at(out[g, r], (won_at[won] + 1, population.segment[won]), 1)
    return out.reshape(graphs * runs, ticks + 1, 2), preset_matrix(scenario)


def check_preset(
    counts: NDArray[np.int64], matrix: NDArray[np.float64], seeds: NDArray[np.int64], until: int
) -> None:
    """Means of generations 1..until, and extinction by the last, against theory."""
    law = branching.expected_counts(matrix, seeds, until)[1:]
    limit = limit_t(len(counts), 4 * until)
    assert np.abs(mean_scores(counts[:, 1 : until + 1], law)).max() < limit
    last = counts.shape[1] - 1
    extinct = branching.extinct_by(popular_pgf(matrix), 2, last)[-1]
    alive = int((counts[:, -1].sum(axis=1) > 0).sum())
    chance = branching.take_off(extinct, seeds)
    assert abs(share_scores(alive, len(counts), chance)) < limit_z(2)


@pytest.mark.parametrize("purity", [1.0, 0.0])
def test_the_preset_on_its_follow_graph(purity: float) -> None:
    """Catches homophily or popularity that the graph does not have, and two-way following.

    Null: three seeds among 40,000 people; generations 1-8 have the means of the preset's mean
    matrix and the cascade lives to generation 12 with the probability of popularity's law
    (graph and population give the same for all: their effect is under a tenth of the limit).
    n = 5 graphs of 60 runs; error rate 1e-6 over 33 numbers.
    """
    seeds = np.array([3, 0] if purity else [0, 3])
    counts, matrix = preset_runs(40_000, 5, 60, 12, purity, 3)
    check_preset(counts, matrix, seeds, 8)


@pytest.mark.slow
@pytest.mark.parametrize("purity", [1.0, 0.0])
def test_the_preset_takes_off_as_often_as_theory_says(purity: float) -> None:
    """Catches what the quick test catches, over 25 generations: nearly all that die have died.

    Null: five seeds among 200,000 people; n = 6 graphs of 70 runs; error rate 1e-6.
    """
    seeds = np.array([5, 0] if purity else [0, 5])
    counts, matrix = preset_runs(200_000, 6, 70, 25, purity, 5)
    check_preset(counts, matrix, seeds, 12)
    ever = branching.take_off(branching.extinction(popular_pgf(matrix), 2), seeds)
    alive = (counts[:, -1].sum(axis=1) > 0).mean()
    assert abs(alive - ever) < 0.05 + limit_z() * math.sqrt(0.25 / len(counts))
