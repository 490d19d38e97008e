"""Rank statistics: worlds whose parameters are known, and faults that they must betray.

Null of each: the share of the posterior below the truth is uniform over worlds; Kolmogorov-Smirnov
and Cook's statistic for each parameter, 1 % in all; keys are fixed.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtri

from koubei_sim.model.scenario import Scenario
from koubei_sim.studies.calibration import Target, Targets, abc, luck, rank_statistics
from koubei_sim.studies.calibration.ranks import Ranks, shares_below
from koubei_sim.studies.calibration.simulator import Model

BASS = Scenario.load("bass").replace(n_agents=300, ticks=61, **{"seeding.number": 10})
SEEN = Targets(
    [Target(f"day {d}", 50.0, 0.1, f"users@{d}", "empirical-output") for d in (20, 40, 60)]
)
RANGES = {
    "media.advertising.persuasion": (0.001, 0.02, "log"),
    "channels.market.persuasion": (0.003, 0.1, "log"),
}
ONE = Targets([Target("day 30", 50.0, 0.1, "users@30", "empirical-output")])
SMALL = BASS.replace(ticks=31, n_agents=200)


def toy(worlds, sigma=0.5, wide=2):
    """Ranks of sequential sampling for y ~ N(theta, 1/2), theta uniform on (-3, 3)."""
    truth = luck.square(7, luck.DRAW_PRIOR, 1, 0, worlds, wide)
    noise = ndtri(luck.square(7, 2, 0, 0, worlds, wide))
    seen = 6.0 * truth - 3.0 + 0.5 * noise
    found = np.empty((worlds, wide))
    for world in range(worlds):

        def simulate(batch, world=world):
            where = (8 + world, 3, batch.generation, batch.turn, len(batch.shares), wide)
            return 6.0 * batch.shares - 3.0 + sigma * ndtri(luck.square(*where)) - seen[world]

        def distance(gaps):
            return np.sqrt(np.mean(gaps**2, axis=1))

        last = abc.sequential(simulate, distance, wide, 1000 + world, 100, 4)[-1]
        found[world] = shares_below(abc.adjusted(last), truth[world])
    return Ranks(["a", "b"], found, np.zeros(wide))


@pytest.mark.slow
def test_sequential_sampling_ranks_the_truth_uniformly():
    """Catches weights, kernel or regression that are off; 100 worlds of a toy in two parameters.

    The fault: a simulator whose noise is half of the world's, so that posteriors are too narrow.
    """
    assert toy(100).uniform(0.01)
    assert not toy(40, sigma=0.25).uniform(0.01)


def test_ranks_see_narrow_wide_and_shifted_posteriors():
    """Catches tests without power: shares that bunch at the ends, in the middle, or on one side."""
    even = (np.arange(100) + 0.5)[:, None] / 100
    good = Ranks(["x"], even, np.zeros(1))
    assert good.uniform()
    for fault in (even**2, ndtri_back(1.4 * ndtri(even)), ndtri_back(0.65 * ndtri(even))):
        assert not Ranks(["x"], fault, np.zeros(1)).uniform()


def ndtri_back(scores):
    from scipy.special import ndtr

    return ndtr(scores)


@pytest.mark.slow
def test_simulated_worlds_quickly(monkeypatch):
    """Catches a calibration of the model that is plainly wrong: 40 worlds, one parameter.

    The fault: all draws of the table share the luck of one run, so posteriors take one draw of
    the luck for the law.
    """
    prior = {"media.advertising.persuasion": RANGES["media.advertising.persuasion"]}
    options = {"worlds": 40, "particles": 60, "simulations": 600, "rng": 7, "workers": 1}
    good = rank_statistics(SMALL, ONE, prior, **options)
    assert good.uniform(0.01)
    assert good.contraction[0] > 0.8
    original = Model.statistics

    def shared(self, shares, targets, name, first_luck=0, own_luck=True):
        return original(self, shares, targets, name, first_luck, name == "worlds")

    monkeypatch.setattr(Model, "statistics", shared)
    assert not rank_statistics(SMALL, ONE, prior, **options).uniform(0.01)


@pytest.mark.slow
def test_a_hundred_simulated_worlds():
    """Catches a calibration that is off by a fifth of a posterior's width or so.

    100 worlds of 300 people, two parameters, three counts; a table of 4,000 draws of the prior, of
    which each world keeps the nearest 100, adjusted by regression.
    """
    found = rank_statistics(BASS, SEEN, RANGES, worlds=100, particles=100, simulations=4_000, rng=7)
    assert found.uniform(0.01), str(found.table())
    assert (found.contraction > 0.5).all()


@pytest.mark.slow
def test_worlds_by_sequential_sampling():
    """Catches luck shared between worlds and generations: 25 worlds, each calibrated anew."""
    prior = {"media.advertising.persuasion": RANGES["media.advertising.persuasion"]}
    found = rank_statistics(
        SMALL, ONE, prior, worlds=25, method="abc-smc", particles=40, simulations=400, rng=7
    )
    assert found.uniform(0.01), str(found.table())
