"""The limit of Bass: one board that everybody is a member of, one reader a post, own media.

With U users posting every day each post is seen with chance 1 / N and convinces with q: nobody
else stays out but with (1 - q / N)**U exp(-p), so the run follows the synchronous recursion as N
grows, and Bass's curve as the tick shrinks.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.statistical.test_limits_support import KEY, limit_t, limit_z, mean_scores, share_scores

from koubei_sim.core.codes import AWARE, LOG_ADOPT
from koubei_sim.model.compiled import run_compiled
from koubei_sim.model.mechanisms.population import T_STAGE
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world.build import build_world
from koubei_sim.theory import bass

P, Q, N = 0.03, 0.38, 20_000
RUNS = 16
YEARS = np.array([1, 5, 10, 15, 20])


def shares(step: float, runs: int, n: int = N, q: float = Q) -> NDArray[np.float64]:
    """Share of users at the years above, one row a run; a tick is `step` years."""
    ticks = round(20 / step)
    scenario = Scenario.load("bass").replace(
        n_agents=n,
        ticks=ticks,
        **{
            "channels.market.persuasion": q * step,
            "media.advertising.persuasion": -math.expm1(-P * step),
        },
    )
    at = np.round(YEARS / step).astype(int) - 1  # tick 0 ends at time step
    rows = []
    for r in range(runs):
        history = run_compiled(build_world(scenario, KEY, r))
        adopted = np.bincount(history.log_tick[history.log_kind == LOG_ADOPT], minlength=ticks)
        rows.append(np.cumsum(adopted)[at] / n)
        left = history.table[-1, T_STAGE + AWARE]
        assert left == n - adopted.sum()
    return np.array(rows)


@pytest.fixture(scope="module")
def fine() -> NDArray[np.float64]:
    """Runs with 20 ticks a year."""
    return shares(0.05, RUNS)


@pytest.fixture(scope="module")
def coarse() -> NDArray[np.float64]:
    """Runs with 5 ticks a year."""
    return shares(0.2, RUNS)


def test_the_curve_of_bass(fine: NDArray[np.float64]) -> None:
    """Catches a board whose reach depends on its size, and a day lost between win and post.

    Null: F at years 1, 5, 10, 15, 20 is within .01 of the curve (p = .03, q = .38, N = 20,000,
    n = 16 runs; the step adds under .003, the runs scatter by .001: error rate far under 1e-6).
    """
    assert np.abs(fine.mean(axis=0) - bass.cumulative(YEARS, P, Q)).max() < 0.01


@pytest.mark.parametrize("step", [0.05, 0.2])
def test_the_synchronous_recursion(step: float, request: pytest.FixtureRequest) -> None:
    """Catches hazards that are off by a few per cent, which the band of .01 would let through.

    Null: the mean of n = 16 runs is that of the recursion (finite N shifts it by under .001,
    which is added to the limit); error rate 1e-6 over 5 years.
    """
    found = request.getfixturevalue("fine" if step == 0.05 else "coarse")
    law = bass.discrete(P, Q, step, round(20 / step))[np.round(YEARS / step).astype(int)]
    error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    gap = np.abs(found.mean(axis=0) - law)
    assert (gap < limit_t(len(found), YEARS.size) * error + 0.001).all()
    assert error.max() < 0.002  # a loose limit would prove nothing


def test_the_error_falls_with_the_tick(
    fine: NDArray[np.float64], coarse: NDArray[np.float64]
) -> None:
    """Catches an error that is not of the order of the step (a wrong rate hidden by the band).

    Null: at years 5 and 10 the error of the coarse runs is 4 times that of the fine ones, as in
    the recursion (.0032 and .0076 against .0008 and .0019); n = 16 runs each, error rate 1e-6.
    """
    curve = bass.cumulative(YEARS, P, Q)[1:3]
    errors = [curve - found.mean(axis=0)[1:3] for found in (coarse, fine)]
    variance = [found.var(axis=0, ddof=1)[1:3] / len(found) for found in (coarse, fine)]
    gap = errors[0] - 4.0 * errors[1]
    expected = (curve - [bass.discrete(P, Q, 0.2, k)[-1] for k in (25, 50)]) - 4.0 * (
        curve - [bass.discrete(P, Q, 0.05, k)[-1] for k in (100, 200)]
    )
    limit = limit_t(RUNS, 2) * np.sqrt(variance[0] + 16.0 * variance[1]) + 0.001
    assert (np.abs(gap - expected) < limit).all()
    assert errors[0][1] > abs(errors[1][1])


def test_media_alone() -> None:
    """Catches a media hazard applied twice a day, or only to some of the members.

    Null: without imitation F(t) = 1 - exp(-p t) exactly, whatever the tick.  n = 20,000 people;
    error rate 1e-6 over 5 years.
    """
    found = shares(0.2, 1, q=0.0)[0]
    scores = share_scores(found * N, N, 1.0 - np.exp(-P * YEARS))
    assert np.abs(scores).max() < limit_z(YEARS.size)


@pytest.mark.slow
def test_the_curve_does_not_depend_on_the_size() -> None:
    """Catches a reach of posts that grows with membership: four times the people, same curve.

    Null: equal means at N = 20,000 and 80,000 but for .001; n = 20 runs each, error rate 1e-6.
    """
    small, large = shares(0.1, 20), shares(0.1, 20, n=4 * N)
    error = np.sqrt(small.var(axis=0, ddof=1) / 20 + large.var(axis=0, ddof=1) / 20)
    gap = np.abs(small.mean(axis=0) - large.mean(axis=0))
    assert (gap < limit_t(20, YEARS.size) * error + 0.001).all()
    law = bass.discrete(P, Q, 0.1, 200)[YEARS * 10]
    assert np.abs(mean_scores(large, law)).max() < limit_t(20, YEARS.size) + 1.0
