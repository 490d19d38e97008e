"""Laws of what is seen: what a coin lets through makes aware and persuades, both at once.

The compiled engine on scenarios a person could write, against chances worked out by hand.  Every
statistical test has a fixed key and the error rate 1e-6 (`tests.statistical.test_limits_support`).
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from tests import codes
from tests.quiet_worlds import with_people, with_rules
from tests.statistical.test_limits_support import (
    ERROR,
    KEY,
    NEVER,
    adoption_ticks,
    copies_of,
    law_p,
    limit_z,
    run_ticks,
    scenario_of,
    share_scores,
)
from tests.worlds import random_world

import koubei_sim as kb
from koubei_sim.model.compiled import CompiledRun, run_compiled
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world.build import build_world
from koubei_sim.networks import Network

SEEN, WON = 0.3, 0.4  # visibility and persuasion
UNAWARE = {"market.aware_at_start": 0.0}


# ---------------------------------------------------------------- feeds


def test_every_message_wins_with_visibility_times_persuasion() -> None:
    """Catches a first message that only makes aware, and a coin that is not new every day.

    Null: an unaware person hears one message a day and is won on day t with probability
    v p (1 - v p)**t.  n = 40,000 people, 8 days.
    """
    n, days, p = 40_000, 8, SEEN * WON
    star = Network.from_edges([0] * n, range(1, n + 1), n + 1)
    changes = {
        "channels.ties.visibility": SEEN,
        "channels.ties.persuasion": WON,
        "telling.repeat_fatigue": 1.0,
        **UNAWARE,
    }
    scenario = scenario_of("ic", n + 1, days, [0], **changes)
    ticks = run_ticks(scenario, star)[1:]
    counts = np.bincount(np.where(ticks == NEVER, days, ticks), minlength=days + 1)
    chances = p * (1.0 - p) ** np.arange(days)
    law = np.append(chances, (1.0 - p) ** days)
    assert law_p(counts, law) > ERROR
    assert abs(share_scores(counts[0], n, p)) < limit_z()
    # Who has seen nothing does not know it: the coin, not the persuasion, decides.
    table = run_compiled(build_world(scenario, KEY, networks=star)).table
    unaware = table[:, codes.T_STAGE + codes.UNAWARE]
    scores = share_scores(unaware, n, (1.0 - SEEN) ** np.arange(1, days + 1))
    assert np.abs(scores).max() < limit_z(days)


def test_an_independent_cascade_goes_through_awareness() -> None:
    """Catches a coin shared by tellers or by listeners, which winners of a diamond would show.

    Null: in 0 -> 1, 2 -> 3 every arc is tried once, with v p; 30,000 copies.
    """
    copies, p = 30_000, SEEN * WON
    diamond = copies_of(4, [(0, 1), (0, 2), (1, 3), (2, 3)], copies, directed=True)
    changes = {"channels.ties.visibility": SEEN, "channels.ties.persuasion": WON, **UNAWARE}
    scenario = scenario_of("ic", 4 * copies, 6, range(0, 4 * copies, 4), **changes)
    won = (run_ticks(scenario, diamond) != NEVER).reshape(copies, 4)
    counts = np.bincount(won[:, 1:] @ [1, 2, 4], minlength=8)
    law = [
        np.prod([p if won >> i & 1 else 1.0 - p for i in (0, 1)])
        * (last if won & 4 else 1.0 - last)
        for won in range(8)
        for last in [1.0 - (1.0 - p) ** ((won & 1) + (won >> 1 & 1))]
    ]
    assert law_p(counts, law) > ERROR


# ---------------------------------------------------------------- boards


def board(n: int, posters: int, readers: float, persuasion: float, key: int = KEY) -> int:
    """Return whom a board of `n` members wins on its first day, when nobody knew the product."""
    changes = {
        "channels.market.persuasion": persuasion,
        "channels.market.readers_per_post": readers,
        "media": {},
        **UNAWARE,
    }
    scenario = scenario_of("bass", n, 1, range(posters), **changes)
    return int((adoption_ticks(build_world(scenario, key)) == 0).sum())


def test_a_board_wins_with_its_readers_times_persuasion() -> None:
    """Catches posts whose readers are the same people, and hazards of pages that are weighed again.

    Null: each of 60 posts is read by a member with probability 1/50 and then convinces with p, so
    it wins with 1 - (1 - p / 50)**60.  n = 60,000 members.
    """
    posters, n = 60, 60_000
    won = board(n, posters, n / 50, WON)
    assert abs(share_scores(won, n - posters, 1.0 - (1.0 - WON / 50) ** posters)) < limit_z()


def test_a_board_wins_as_many_people_whatever_its_size() -> None:
    """Catches a board on which a small community or a large one is convinced much faster.

    A perfect product that nobody knew: 100 posts with 5 readers each, on boards of 5,000 and of
    200,000 members; mean over 4 keys, whose spread is 2 per cent.
    """
    found = {n: [board(n, 100, 5.0, 1.0, key) for key in range(4)] for n in (5_000, 200_000)}
    for n, won in found.items():
        chance = 1.0 - (1.0 - 5.0 / n) ** 100
        assert np.abs(share_scores(won, n - 100, chance)).max() < limit_z(8)
    small, large = (np.mean(won) for won in found.values())
    assert abs(small / large - 1.0) < 0.15


def pages(seen: float, posts: int, members: int) -> NDArray[np.int64]:
    """Return what every member reads of so many posts, as bits: post k has half the force of k-1.

    Nobody is persuaded, so the hazard of a member says which posts it has read.
    """
    n = posts + members
    changes = {"channels.market.readers_per_post": seen * n, "media": {}, **UNAWARE}
    world = build_world(scenario_of("bass", n, 1, range(posts), **changes), KEY)
    strongest = 1 << 30
    rules = world.rules
    world = with_rules(
        world,
        message_hazard=np.full_like(rules.message_hazard, strongest),
        repeat16=65536 >> np.minimum(np.arange(256), 16),
    )
    world = with_people(world, resist_adopt=np.full(n, 30 << 26, np.uint32))
    run = CompiledRun(world)
    run._state.actor["told"][:posts] = np.arange(posts)  # each has told as often as its number says
    run.advance()
    hazard = run._state.listener["hazard"][posts:]
    assert (run.stage[posts:] == np.where(hazard > 0, codes.AWARE, codes.UNAWARE)).all()
    return hazard >> (31 - posts)


@pytest.mark.parametrize("seen", [0.07, 0.5, 0.93])
def test_what_is_read_is_binomial_and_every_page_as_likely(seen: float) -> None:
    """Catches a page that does not go on with the first post, and a start that hangs on the number.

    Null: of 9 posts a member reads a binomial number, in a row from a place of equal chances; all
    74 pages (one empty, one full).  n = 100,000 members.
    """
    posts, members = 9, 100_000
    read = pages(seen, posts, members)
    number = np.array([int(bits).bit_count() for bits in read])
    of_number = stats.binom.pmf(np.arange(posts + 1), posts, seen)
    assert law_p(np.bincount(number, minlength=posts + 1), of_number) > ERROR
    law = {0: of_number[0], (1 << posts) - 1: of_number[posts]}
    for n in range(1, posts):
        for start in range(posts):
            places = [(start + k) % posts for k in range(n)]
            law[sum(1 << (posts - 1 - place) for place in places)] = of_number[n] / posts
    assert set(read.tolist()) <= set(law)
    counts = np.bincount(read, minlength=1 << posts)[list(law)]
    assert law_p(counts, list(law.values())) > ERROR


# ---------------------------------------------------------------- leaving, rival, supply


def test_fans_stay_longer() -> None:
    """Catches tiers that are ignored, or read after the day: each leaves at its own rate.

    Null: of the users of a morning, online or not, each leaves with `churn` times `stay` of its
    tier.  Four towns of 2,000 people over 120 days; nobody leaves for any other reason.
    """
    churn, stay = 0.05, (1.0, 0.5, 0.2, 0.05)
    scenario = Scenario.load("tiny").replace(
        **{"service.churn": churn, "service.stay": stay, "service.lapse": 0.0,
           "service.lapsed_return": 5, "loyalty.honour_gain": 0.0, "supply.enabled": False}
    )  # fmt: skip
    days, left = np.zeros(4, int), np.zeros(4, int)
    for replicate in range(4):
        run = CompiledRun(build_world(scenario, KEY, replicate))
        while run.tick < scenario.ticks:
            users, tier = run.stage == codes.USER, run.tier.copy()
            run.advance(run.tick + 1)
            gone = users & (run.stage != codes.USER)
            assert gone.sum() == run.row(run.tick - 1)[codes.T_CHURNS]
            days += np.bincount(tier[users], minlength=4)
            left += np.bincount(tier[gone], minlength=4)
    for k in range(4):
        assert abs(share_scores(left[k], days[k], churn * stay[k])) < limit_z(4)
    assert days.min() > 1000
    rates = left / days
    assert (np.diff(rates) < 0).all()


def test_nobody_knows_what_nobody_told() -> None:
    """Catches a rival that makes the product known, by taking people or by letting them go."""
    silent = Scenario.load("tiny").replace(
        **{
            **{f"channels.{name}.tell": 0.0 for name in ("weibo", "forum", "wechat")},
            "media": {},
            "market.aware_at_start": 0.0,
            "market.rival": [{"day": 0, "hazard": 0.05}],
            "market.replacement_days": 5,
        }
    )
    result = kb.run(silent, replicates=3, rng=7, progress=False)
    data, seeds = result.data, silent.seed_agents
    assert (data.rival_taken_unaware.sum("tick") > silent.n_agents).all()
    assert (data.returns_unaware.sum("tick") > silent.n_agents).all()
    assert int(data.newly_aware.sum()) == 0
    for history in result.histories:
        index = kb.metrics.awareness_index(history)
        assert (index == np.full(silent.ticks, seeds / silent.n_agents)).all()


def test_units_adopted_never_exceed_units_made() -> None:
    """Catches an invite that is a unit of its own, and units that are lost or sold twice."""
    sold_out = 0
    for number in range(60):
        world = random_world(number)
        if not world.rules.supply_on:
            continue
        table = run_compiled(world).table
        adopted = table[:, codes.T_ADOPTIONS_SEGMENT : codes.T_ADOPTIONS_SEGMENT + 8].sum(axis=1)
        # Goods are units of their own, and seeds won by hand need none.
        adopted = adopted - table[:, codes.T_BOUGHT_IN] - table[:, codes.T_WON_BY_HAND]
        sold = table[:, codes.T_INVITED] + table[:, codes.T_LOTTERY]
        made, stock = np.cumsum(world.rules.units), table[:, codes.T_STOCK]
        assert (adopted == sold).all()
        assert (np.cumsum(adopted) <= made).all()
        assert (np.cumsum(adopted) + stock == made).all()
        waiting = table[:, codes.T_STAGE + codes.WAITING]
        assert (np.minimum(waiting, stock) == 0).all(), "a unit in stock while somebody waits"
        sold_out += int(made[-1] > 0 and stock[-1] == 0)
    assert sold_out > 5
