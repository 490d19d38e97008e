"""What the tests of limits share: worlds from presets, tidy outcomes, limits on z, and their tests.

The limits themselves are in the files `test_limits_cascade`, `_threshold`, `_bass`, `_branching`
and `_sellke` beside this one; each compares runs of the compiled engine with `koubei_sim.theory`.
Every statistical test has a fixed key, so it passes or fails for good; before the key was chosen
it had probability `ERROR` of failing under its null, shared among all numbers that it looks at.
Graphs are handed to `build_world` and, where random, drawn by numpy: the theories compared do
not hang on the library's own generators.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from koubei_sim.core.codes import LOG_ADOPT
from koubei_sim.model.compiled import run_compiled
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world.arrays import World
from koubei_sim.model.world.build import Population, build_world
from koubei_sim.model.world.population import draw_population
from koubei_sim.networks import Network

ERROR = 1e-6
KEY = 20100816
NEVER = -2
SEED = -1  # tick of adoption of seeds


def limit_z(numbers: int = 1) -> float:
    """Largest |z| that one of `numbers` normal scores passes with probability ERROR in all."""
    return float(stats.norm.isf(ERROR / (2.0 * numbers)))


def limit_t(samples: int, numbers: int = 1) -> float:
    """The same for means over `samples` runs divided by their own standard error."""
    return float(stats.t.isf(ERROR / (2.0 * numbers), samples - 1))


def mean_scores(values: NDArray[Any], expected: ArrayLike) -> NDArray[np.float64]:
    """Scores of column means against their expectation, by the standard error of the rows."""
    table = np.asarray(values, dtype=np.float64)
    error = table.std(axis=0, ddof=1) / np.sqrt(len(table))
    gap = table.mean(axis=0) - np.asarray(expected, dtype=np.float64)
    return np.where(gap == 0.0, 0.0, gap / np.maximum(error, 1e-300))


def share_scores(counts: ArrayLike, trials: int, chance: ArrayLike) -> NDArray[np.float64]:
    """Scores of binomial counts; a certain event that fails (or the reverse) scores infinity."""
    p = np.clip(np.asarray(chance, dtype=np.float64), 0.0, 1.0)  # sums of cases miss 1 by a bit
    gap = np.asarray(counts, dtype=np.float64) - trials * p
    spread = np.sqrt(trials * p * (1.0 - p))
    certain = (p <= 1e-12) | (p >= 1.0 - 1e-12)
    wrong = np.where(np.abs(gap) > 1e-3, np.inf, 0.0)
    return np.where(certain, wrong, gap / np.where(certain, 1.0, spread))


def law_p(counts: ArrayLike, chances: ArrayLike) -> float:
    """Chi-square p-value of counts under a law; cells expecting under 10 are joined."""
    observed = np.asarray(counts, dtype=np.float64)
    expected = np.asarray(chances, dtype=np.float64) * observed.sum()
    assert expected.sum() == pytest.approx(observed.sum())
    order = np.argsort(expected)
    observed, expected = observed[order], expected[order]
    small = int(np.searchsorted(np.cumsum(expected), 10.0)) + 1
    observed = np.append(observed[small:], observed[:small].sum())
    expected = np.append(expected[small:], expected[:small].sum())
    if expected.size == 1:
        return 1.0
    statistic = float(((observed - expected) ** 2 / expected).sum())
    return float(stats.chi2.sf(statistic, expected.size - 1))


# Worlds and runs ------------------------------------------------------------------------------


def scenario_of(preset: str, n: int, ticks: int, seeds: Sequence[int], **changes: Any) -> Scenario:
    """A preset with so many people and ticks and with these seeds."""
    ids = tuple(int(i) for i in seeds)
    return Scenario.load(preset).replace(
        n_agents=n,
        ticks=ticks,
        **{"seeding.strategy": "ids", "seeding.ids": ids, **changes},
    )


def adoption_ticks(world: World, seeds_too: bool = True) -> NDArray[np.int64]:
    """Run a world; return the tick at which each person adopted (SEED, 0, 1, .. or NEVER)."""
    history = run_compiled(world)
    adopt = history.log_kind == LOG_ADOPT
    ticks = np.full(world.rules.n, NEVER, dtype=np.int64)
    ticks[history.log_agent[adopt]] = history.log_tick[adopt]
    assert adopt.sum() == (ticks != NEVER).sum()  # nobody adopts twice here
    return ticks


def run_ticks(
    scenario: Scenario,
    network: Network | None = None,
    population: Population | None = None,
    replicate: int = 0,
    key: int = KEY,
) -> NDArray[np.int64]:
    """Build the world of one replicate and run it."""
    return adoption_ticks(
        build_world(scenario, key, replicate, networks=network, population=population)
    )


def people_of_kinds(scenario: Scenario, newbie: NDArray[np.bool_]) -> Population:
    """The population of a scenario of two segments, with kinds (and expertise 1 or 0) as told."""
    drawn = draw_population(scenario, KEY)
    return drawn._replace(
        segment=newbie.astype(np.uint8), level=np.where(newbie, 0, 127).astype(np.uint8)
    )


def copies_of(n: int, edges: Sequence[tuple[int, int]], copies: int, directed: bool) -> Network:
    """Many copies of a small graph side by side: person i of copy c is number c n + i."""
    pairs = np.array(edges, dtype=np.int64).reshape(-1, 2)
    first = (n * np.arange(copies))[:, None]
    return Network.from_edges(
        (pairs[:, 0] + first).ravel(), (pairs[:, 1] + first).ravel(), n * copies, directed=directed
    )


def random_edges(rng: np.random.Generator, n: int, mean_degree: float) -> NDArray[np.int64]:
    """Pairs u < v of an Erdos-Renyi graph with a Poisson number of edges, each once."""
    drawn = rng.integers(0, n, (rng.poisson(n * mean_degree / 2.0), 2))
    pairs = np.sort(drawn[drawn[:, 0] != drawn[:, 1]], axis=1)
    return np.unique(pairs, axis=0)


# The helpers themselves -----------------------------------------------------------------------


def test_limits_have_the_error_they_state() -> None:
    """Catches a one-sided limit, or an error that is not shared among the numbers."""
    assert 2.0 * stats.norm.sf(limit_z()) == pytest.approx(ERROR)
    assert 2.0 * stats.norm.sf(limit_z(10)) == pytest.approx(ERROR / 10)
    assert limit_t(20) > limit_t(2000) > limit_z()


def test_scores_are_normal_scores() -> None:
    """Catches a standard deviation in place of a standard error: 400 known values."""
    values = np.tile([0.0, 2.0], 200)[:, None]
    assert mean_scores(values, [0.9])[0] == pytest.approx(0.1 / (values.std(ddof=1) / 20.0))
    assert share_scores([60, 0, 1], 100, [0.5, 0.0, 0.0]).tolist() == [2.0, 0.0, np.inf]


def test_laws_that_differ_are_told_apart() -> None:
    """Catches joined cells that swallow the whole table."""
    assert law_p([250, 250, 500], [0.25, 0.25, 0.5]) == pytest.approx(1.0)
    assert law_p([350, 150, 500], [0.25, 0.25, 0.5]) < 1e-6
    assert law_p([900, 60, 40], [0.99, 0.009, 0.001]) < 1e-6
