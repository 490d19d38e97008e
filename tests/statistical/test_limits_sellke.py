"""Sellke's identity: many small exposures win exactly those whom one large exposure wins.

Independent exposures with probabilities p_k win with 1 - prod(1 - p_k), and since everybody has
one resistance drawn once, the *same people* are won however the exposure is cut into pieces:
among tellers, over days, or between people and own media (Sellke 1983, Journal of Applied
Probability 20, 390-394).
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.statistical.test_limits_support import (
    ERROR,
    KEY,
    NEVER,
    adoption_ticks,
    law_p,
    limit_z,
    scenario_of,
    share_scores,
)

from koubei_sim.model.world.build import build_world
from koubei_sim.networks import Network

TELLERS, LISTENERS, SMALL = 12, 30_000, 0.07
N = TELLERS + LISTENERS
LARGE = -math.expm1(TELLERS * math.log1p(-SMALL))
FATIGUE = {"telling.repeat_fatigue": 1.0}


def won(
    tellers: int, p: float, ticks: int = 1, key: int = KEY, silent: bool = False, **changes: object
) -> NDArray[np.int64]:
    """Tick at which each listener is won when so many tell every listener with probability p."""
    heard = np.empty(0, dtype=int) if silent else np.arange(tellers)
    sources = np.repeat(heard, LISTENERS)
    targets = np.tile(np.arange(TELLERS, N), heard.size)
    network = Network.from_edges(sources, targets, N)
    scenario = scenario_of(
        "ic", N, ticks, range(TELLERS), **{"channels.ties.persuasion": p, **changes}
    )
    return adoption_ticks(build_world(scenario, key, networks=network))[TELLERS:]


@pytest.fixture(scope="module")
def at_once() -> NDArray[np.bool_]:
    """Whom one teller wins with the probability of all small exposures together."""
    return won(1, LARGE) != NEVER


def test_the_share_that_one_large_exposure_wins(at_once: NDArray[np.bool_]) -> None:
    """Catches resistances that are not exponential.  n = 30,000; error rate 1e-6."""
    assert abs(share_scores(at_once.sum(), LISTENERS, LARGE)) < limit_z()


def test_many_tellers_win_the_same_people(at_once: NDArray[np.bool_]) -> None:
    """Catches exposures of one day that do not add up, or are each decided alone.

    Exact: the hazards differ by less than 12 units of 2**-32, so no resistance lies between.
    """
    assert np.array_equal(won(TELLERS, SMALL) != NEVER, at_once)


def test_many_days_win_the_same_people(at_once: NDArray[np.bool_]) -> None:
    """Catches hazards forgotten from day to day, and days counted once too often.  Exact.

    The number won on each day is geometric: n = 30,000, error rate 1e-6.
    """
    ticks = won(1, SMALL, TELLERS, **FATIGUE)
    assert np.array_equal(ticks != NEVER, at_once)
    days = np.bincount(ticks[ticks != NEVER], minlength=TELLERS)
    chances = SMALL * (1.0 - SMALL) ** np.arange(TELLERS)
    counts, law = np.append(days, LISTENERS - days.sum()), np.append(chances, 1.0 - LARGE)
    assert law_p(counts, law / law.sum()) > ERROR


def test_people_and_own_media_win_the_same_people(at_once: NDArray[np.bool_]) -> None:
    """Catches own media that draw a resistance of their own.  Exact: 5 days of 1 + 7 of media."""
    media = {
        "media.advertising": {
            "channel": "ties",
            "visibility": 1.0,
            "persuasion": -math.expm1(7 * math.log1p(-SMALL)),
            "start": 4,
            "end": 5,
        },
    }
    assert np.array_equal(won(1, SMALL, 5, **FATIGUE, **media) != NEVER, at_once)
    only = won(1, 0.0, 5, silent=True, **media) != NEVER
    assert 0 < only.sum() < at_once.sum()
    assert not (only & ~at_once).any()


def test_more_exposure_delays_nobody() -> None:
    """Catches a draw that depends on the state: with more tellers everybody is won no later.

    Exact, person for person.
    """
    few, many = won(2, SMALL, 6, **FATIGUE), won(5, SMALL, 6, **FATIGUE)
    late = np.iinfo(np.int64).max
    assert (np.where(many == NEVER, late, many) <= np.where(few == NEVER, late, few)).all()
    assert (many != few).any()


def test_halved_fit_is_halved_hazard() -> None:
    """Catches persuasion multiplied by fit: fit f turns 1 - p into (1 - p)**f.

    Null: quality .5, p = .8: 1 - .2**.5 = .553 are won, not .4.  n = 30,000; error rate 1e-6.
    """
    found = won(1, 0.8, **{"products.idea.quality": 0.5}) != NEVER
    assert abs(share_scores(found.sum(), LISTENERS, 1.0 - 0.2**0.5)) < limit_z()
