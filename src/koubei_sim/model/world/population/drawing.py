"""People drawn from the segments of a scenario.

Every attribute is a draw with an address of its own, so one more person, or another share of a
segment, moves nobody else's draws.  Heavy laws are cut into classes of equal probability, each
represented by its conditional mean, which keeps the mean exact and needs no logarithm or
quantile per person: ten million people are drawn in seconds.
Called by `build`, and by `columns` for what a table of people does not say.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.codes import LEVELS
from koubei_sim.core.compiling import kernel
from koubei_sim.core.draws import draw32, exp_neg_portable, pick, stream
from koubei_sim.model.mechanisms.channels import DRAW_MEMBER
from koubei_sim.model.mechanisms.fit import DRAW_INCOME, DRAW_TASTE, DRAW_TASTE_GROUP
from koubei_sim.model.mechanisms.numbers import bounds, lognormal_classes, stable
from koubei_sim.model.mechanisms.online import DRAW_ACTIVITY
from koubei_sim.model.mechanisms.population import DRAW_LEVEL, DRAW_SEGMENT
from koubei_sim.model.scenario import Scenario

ACTIVITY_CLASSES: Final = 4096
TASTE_CLASSES: Final = 4096
INCOME_CLASSES: Final = 256


class Population(NamedTuple):
    """People of one replicate.  N people."""

    segment: NDArray[np.uint8]  # [N] number of the segment
    level: NDArray[np.uint8]  # [N] expertise level 0..127
    activity: NDArray[np.float64]  # [N] mean 1
    channels: NDArray[np.uint8]  # [N] bit c: member of channel c
    income: NDArray[np.float64]  # [N] money
    taste: NDArray[np.float64]  # [N] added to satisfaction
    taste_group: NDArray[np.uint8]  # [N]

    @property
    def n(self) -> int:
        """Number of people."""
        return int(self.segment.size)


# Classes of equal probability ----------------------------------------------------------------


# The tables below are kept: made anew they would be a third of the time of a short run, and most
# runs of a study ask for the same ones.
@lru_cache(maxsize=4)
def normal_classes(classes: int) -> NDArray[np.float64]:
    """Return conditional means of the standard normal law.

    ``classes (phi(z_k) - phi(z_{k+1}))`` in classes of equal probability.  The difference
    magnifies the error of the density four thousand times, beyond what rounding to 12 digits
    hides, so bounds are rounded first and the exponential is the portable one.
    """
    z = stable(bounds(classes))
    density = np.array([exp_neg_portable(0.5 * x * x) for x in z]) / math.sqrt(2.0 * math.pi)
    return stable(classes * (density[:-1] - density[1:]))


@lru_cache(maxsize=64)
def level_thresholds(a: float, b: float) -> NDArray[np.int64]:
    """Return ``floor(F((k + 1) / 128) 2**32)`` of the Beta law for levels k = 0..127.

    The last is 2**32, so every draw finds a level.
    """
    from scipy.special import betainc

    cdf = stable(betainc(a, b, np.arange(1, LEVELS + 1) / LEVELS))
    out = np.floor(cdf * 4294967296.0).astype(np.int64)
    out[-1] = 1 << 32
    out.flags.writeable = False
    return out


# Drawing -------------------------------------------------------------------------------------


@kernel
def _draw_ranks(base, thresholds, out):
    """``out[i]`` = number of thresholds at or below the draw of i (thresholds ascend)."""
    last = thresholds.size - 1
    for i in range(out.size):
        bits = draw32(base, i)
        low, high = 0, last
        while low < high:
            middle = (low + high) >> 1
            if bits < thresholds[middle]:
                high = middle
            else:
                low = middle + 1
        out[i] = low


@kernel
def _draw_levels(base, thresholds, segment, out):
    """Level of each person from the thresholds of its segment [S, 128]."""
    for i in range(out.size):
        bits = draw32(base, i)
        row = thresholds[segment[i]]
        low, high = 0, row.size - 1
        while low < high:
            middle = (low + high) >> 1
            if bits < row[middle]:
                high = middle
            else:
                low = middle + 1
        out[i] = low


@kernel
def _draw_classes(base, values, segment, out):
    """Value of a class of equal probability, by segment [S, classes] (classes a power of 2)."""
    classes = values.shape[1]
    for i in range(out.size):
        out[i] = values[segment[i], pick(draw32(base, i), classes)]


@kernel
def _draw_groups(base, groups, out):
    for i in range(out.size):
        out[i] = pick(draw32(base, i), groups)


@kernel
def _draw_members(base, thresholds, segment, bit, out):
    for i in range(out.size):
        if draw32(base, i) < thresholds[segment[i]]:
            out[i] |= bit


def population_replicate(scenario: Scenario, replicate: int) -> int:
    """Return the replicate that addresses population and networks: 0 where they are shared."""
    return 0 if scenario.shared_world else replicate


def draw_population(
    scenario: Scenario, key: int, replicate: int = 0, segment: NDArray[np.uint8] | None = None
) -> Population:
    """Draw the people of a scenario.

    Parameters
    ----------
    scenario : Scenario
    key : int
        Key of the run, 0..2**64 - 1.
    replicate : int
        Number of the replicate (without effect where the world is shared).
    segment : (N,) uint8 array, optional
        Segment of each person where it is known already.

    Returns
    -------
    Population
    """
    n = scenario.n_agents
    world = population_replicate(scenario, replicate)
    segments = list(scenario.segments.values())

    def base(purpose: int, j: int = 0) -> np.uint64:
        return np.uint64(stream(np.uint64(key), world, purpose, 0, j))

    if segment is None:
        segment = np.zeros(n, dtype=np.uint8)
        shares = np.floor(np.cumsum([s.share for s in segments]) * 4294967296.0).astype(np.int64)
        shares[-1] = 1 << 32
        _draw_ranks(base(DRAW_SEGMENT), shares, segment)

    level = np.zeros(n, dtype=np.uint8)
    levels = np.stack([level_thresholds(s.expertise_a, s.expertise_b) for s in segments])
    _draw_levels(base(DRAW_LEVEL), levels, segment, level)

    activity = np.ones(n)
    if any(s.activity_sigma > 0 for s in segments):
        values = np.stack([lognormal_classes(ACTIVITY_CLASSES, s.activity_sigma) for s in segments])
        _draw_classes(base(DRAW_ACTIVITY), values, segment, activity)

    channels = np.zeros(n, dtype=np.uint8)
    for c, name in enumerate(scenario.channels):
        chance = [s.membership.get(name, 1.0) for s in segments]
        thresholds = np.floor(np.array(chance) * 4294967296.0).astype(np.int64)
        _draw_members(base(DRAW_MEMBER, c), thresholds, segment, np.uint8(1 << c), channels)

    income = np.full(n, math.inf)
    if scenario.goods or any(p.price > 0 for p in scenario.products.values()):
        _draw_classes(base(DRAW_INCOME), _income_classes(scenario), segment, income)

    taste = np.zeros(n)
    if scenario.market.taste_sd > 0:
        values = scenario.market.taste_sd * normal_classes(TASTE_CLASSES)
        _draw_classes(base(DRAW_TASTE), np.tile(values, (len(segments), 1)), segment, taste)
    group = np.zeros(n, dtype=np.uint8)
    if scenario.market.taste_groups > 1:
        _draw_groups(base(DRAW_TASTE_GROUP), scenario.market.taste_groups, group)
    return Population(segment, level, activity, channels, income, taste, group)


def _income_classes(scenario: Scenario) -> NDArray[np.float64]:
    """Return conditional means of income: ``median exp(sigma**2 / 2)`` times those of mean 1."""
    rows = []
    for s in scenario.segments.values():
        mean = s.income_median * float(f"{math.exp(0.5 * s.income_sigma**2):.12g}")
        rows.append(mean * lognormal_classes(INCOME_CLASSES, s.income_sigma))
    return np.stack(rows)
