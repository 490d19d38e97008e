"""Appeal in its limits: who is made aware by one telling, and by its retelling.

Trees in which every person has listeners of its own, so that each telling can be counted by
itself.  Nobody is won (messages have no force), so what is counted is who has heard of it.  With
appeal g the chance to be seen is p = min(1, V g), a relay tells with T = min(1, T0 g), and what it
tells has the appeal f g; laws of sums follow from the law of g, cut as the engine cuts it.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from tests import codes
from tests.quiet_worlds import FULL16, quiet_world, with_rules
from tests.statistical.test_limits_support import limit_z, share_scores

from koubei_sim.core.draws import hazard_units
from koubei_sim.model.compiled import CompiledRun
from koubei_sim.model.mechanisms.numbers import lognormal_classes
from koubei_sim.model.world.arrays import World

TREES, WIDTH = 4000, 4
VISIBILITY, RELAY, FIDELITY = 0.1, 0.2, 0.8
UNIT = float(1 << 32)


def appeal8(sigma: float) -> NDArray[np.int64]:
    """Return the appeal of each class, in units of 1/256."""
    return np.minimum(np.floor(lognormal_classes(4096, sigma) * 256 + 0.5), 65535).astype(np.int64)


def trees(key: int, **changes: object) -> World:
    """Trees of three generations: a seed, `WIDTH` listeners, and `WIDTH` listeners of each."""
    children = TREES + np.arange(TREES * WIDTH)
    arcs = set(zip(np.repeat(np.arange(TREES), WIDTH).tolist(), children.tolist()))
    n = TREES * (1 + WIDTH + WIDTH**2)
    arcs |= set(zip(np.repeat(children, WIDTH).tolist(), range(TREES * (1 + WIDTH), n)))
    world = quiet_world(n, 2, arcs={0: arcs}, seeds=tuple(range(TREES)))
    tell = np.zeros((8, 7), np.int64)
    tell[0, :4], tell[0, codes.KIND_RELAY] = 1 << 32, int(RELAY * UNIT)
    rules = {
        "key": np.uint64(key),
        "tell32": tell,
        "message_hazard": world.rules.message_hazard * 0,
        "see_hazard": np.full(8, hazard_units(VISIBILITY)),
        "relay_on": 1,
        "relay_days": 1,
        "appeal_on": 1,
        "appeal8": appeal8(0.0),
        "fidelity16": np.full(8, int(FIDELITY * FULL16)),
    }
    return with_rules(world, **(rules | changes))


def heard(world: World, days: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many in the second and third generation of each tree have heard of it."""
    run = CompiledRun(world)
    run.advance(days)
    aware = (run.stage == codes.AWARE).astype(np.int64)
    second = aware[TREES : TREES * (1 + WIDTH)].reshape(TREES, -1).sum(axis=1)
    return second, aware[TREES * (1 + WIDTH) :].reshape(TREES, -1).sum(axis=1)


def chances(g8: NDArray[np.int64]) -> tuple[NDArray[np.float64], ...]:
    """Return p, T and the p of a retelling by class of appeal."""
    again8 = (g8 * int(FIDELITY * FULL16)) >> 16
    seen, told, seen_again = (
        np.minimum(1.0, rate * g / 256)
        for rate, g in ((VISIBILITY, g8), (RELAY, g8), (VISIBILITY, again8))
    )
    return seen, told, seen_again


@pytest.mark.parametrize("sigma", [0.0, 0.7, 1.5])
def test_hearers_of_one_telling_have_the_mean_and_variance_of_their_mixture(sigma: float) -> None:
    """Catches another law of appeal, one coin for many tellings, or a wrong scale of visibility.

    Null: binomial given p, mean WIDTH E p, variance WIDTH E p(1 - p) + WIDTH^2 Var p.  n = 4,000
    trees, error rate 1e-6 for both numbers.
    """
    second, _ = heard(trees(7, appeal8=appeal8(sigma)), 1)
    p, _, _ = chances(appeal8(sigma))
    mean = WIDTH * p.mean()
    variance = WIDTH * (p * (1 - p)).mean() + WIDTH**2 * p.var()
    squares = (second - mean) ** 2
    assert abs(second.mean() - mean) < limit_z(2) * np.sqrt(variance / TREES)
    assert abs(squares.mean() - variance) < limit_z(2) * squares.std() / np.sqrt(TREES)


@pytest.mark.parametrize("sigma", [0.0, 0.7, 1.5])
def test_hearers_of_retellings_have_the_mean_of_the_product(sigma: float) -> None:
    """Catches a relay that tells a story of its own, at a rate that ignores it, or without loss.

    Null: mean WIDTH^2 E p(g) T(g) p(f g); z by the spread of trees, n = 4,000, error rate 1e-6.
    """
    _, third = heard(trees(11, appeal8=appeal8(sigma)), 2)
    p, told, again = chances(appeal8(sigma))
    mean = WIDTH**2 * (p * told * again).mean()
    assert abs(third.mean() - mean) < limit_z() * third.std() / np.sqrt(TREES)


@pytest.mark.parametrize("key", range(4))
def test_appeal_makes_sizes_of_cascades_unequal(key: int) -> None:
    """Catches appeal that moves the mean but leaves sizes as those of one branching process."""
    calm, wild = (sum(heard(trees(key, appeal8=appeal8(s)), 2)) for s in (0.0, 1.5))
    top = TREES // 100
    assert wild.var() > 3 * calm.var()
    assert np.sort(wild)[-top:].sum() / wild.sum() > 2 * np.sort(calm)[-top:].sum() / calm.sum()


def test_who_rides_a_wave_is_seen_more() -> None:
    """Catches waves that carry all alike, or nobody.  Null: a mixture of two chances, as above."""
    share, lift = 0.3, 4.0
    ride32, ride16 = np.zeros((8, 2), np.int64), np.full((8, 2), FULL16)
    ride32[0], ride16[0] = int(share * UNIT), int(lift * FULL16)
    second, _ = heard(trees(13, ride32=ride32, ride16=ride16), 1)
    low, high = VISIBILITY, lift * VISIBILITY
    mean = WIDTH * ((1 - share) * low + share * high)
    within = WIDTH * ((1 - share) * low * (1 - low) + share * high * (1 - high))
    variance = within + WIDTH**2 * share * (1 - share) * (high - low) ** 2
    squares = (second - mean) ** 2
    assert abs(second.mean() - mean) < limit_z(2) * np.sqrt(variance / TREES)
    assert abs(squares.mean() - variance) < limit_z(2) * squares.std() / np.sqrt(TREES)


@pytest.mark.parametrize("stories", [1, 3])
def test_each_story_shown_has_readers_of_its_own(stories: int) -> None:
    """Catches stories that are all seen by the same people.  Null: the third generation hears of
    it with 1 - (1 - v)^m on the first day; binomial, n = 64,000."""
    v = 0.05
    world = trees(
        17, amplify=np.full(8, stories), amplify32=np.full(8, int(v * UNIT)),
        appeal8=appeal8(1.0),
    )  # fmt: skip
    _, third = heard(world, 1)
    score = share_scores(third.sum(), TREES * WIDTH**2, 1 - (1 - v) ** stories)
    assert abs(float(score)) < limit_z()
