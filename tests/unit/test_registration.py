"""Laws of registration: who is a member of a board, when, and who posts; seeds that are active.

The compiled engine on scenarios a person could write, against chances worked out by hand.  Every
statistical test has a fixed key and the error rate 1e-6 (`tests.statistical.test_limits_support`).
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from tests import codes
from tests.quiet_worlds import with_people
from tests.statistical.test_limits_support import (
    ERROR,
    KEY,
    law_p,
    limit_z,
    scenario_of,
    share_scores,
)

from koubei_sim.core.draws import drawn
from koubei_sim.errors import KoubeiError
from koubei_sim.model.compiled import CompiledRun, run_compiled
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world.build import build_world
from koubei_sim.model.world.seeds import choose_seeds

NO_SEEDS: dict[str, Any] = {"seeding.strategy": "random", "seeding.ids": ()}
QUIET: dict[str, Any] = {"channels.market.tell": 0.0, "media": {}}
FEED: dict[str, Any] = {"medium": "feed", "tell": 1.0, "network": {"kind": "ring"}}


def boards(n: int, ticks: int, seeds: Any = (), **changes: Any) -> Scenario:
    """Everybody on one board, `market`, knows the product; nobody adopts but by its posts."""
    none = {} if len(seeds) else NO_SEEDS
    return scenario_of("bass", n, ticks, seeds, **{"media": {}, **none, **changes})


def members(run: CompiledRun, c: int = 0) -> NDArray[np.bool_]:
    """Return who is a member of a board now."""
    words = run._state.members[c].view(np.uint8)
    bits = np.unpackbits(words, bitorder="little")[: run.world.rules.n].astype(bool)
    noted = (run._state.actor["channels"] >> c) & 1
    assert (noted == bits).all(), "a person and its board disagree"
    return bits


def on_board(world: Any, c: int = 0) -> NDArray[np.bool_]:
    """Return who belongs on a board."""
    return ((world.people.channels >> c) & 1).astype(bool)


# ---------------------------------------------------------------- members


def test_members_at_the_start_are_drawn_board_by_board() -> None:
    """Catches members of two boards by one coin, a share of all people, and strangers.

    Null: of those who belong there .3 are members of the one board and .6 of the other,
    independently.  n = 50,000, of whom 70 per cent belong on the first board.
    """
    second = {"medium": "board", "readers_per_post": 1.0, "members_at_start": 0.6, "tell": 0.0}
    scenario = boards(
        50_000,
        1,
        **{
            "channels.market.members_at_start": 0.3,
            "channels.second": second,
            "segments.person.membership": {"market": 0.7, "second": 1.0},
        },
    )
    run = CompiledRun(build_world(scenario, KEY))
    one, two, belongs = members(run), members(run, 1), on_board(run.world)
    assert not (one & ~belongs).any()
    counts = np.bincount((one + 2 * two)[belongs], minlength=4)
    assert law_p(counts, [0.7 * 0.4, 0.3 * 0.4, 0.7 * 0.6, 0.3 * 0.6]) > ERROR
    assert abs(share_scores(two.sum(), 50_000, 0.6)) < limit_z()
    run.advance()
    assert run.row(0)[codes.T_MEMBERS : codes.T_MEMBERS + 2].tolist() == [one.sum(), two.sum()]


def test_the_time_to_registering_is_geometric() -> None:
    """Catches a coin that is not new every day, the same on every board, or tossed offline too.

    Null: one who belongs there registers on day t with probability p (1 - p)**t, p the interest
    times the share of days online; two boards at once with the product.  n = 60,000, 12 days.
    """
    n, days, interest, online = 60_000, 12, 0.15, 0.4
    second = {"medium": "board", "readers_per_post": 1.0, "members_at_start": 0.0, "tell": 0.0}
    scenario = boards(
        n,
        days,
        **{
            "channels.market.members_at_start": 0.0,
            "channels.market.interest": interest,
            "channels.market.tell": 0.0,
            "channels.second": {**second, "interest": 0.5},
            "participation.online": online,
        },
    )
    run = CompiledRun(build_world(scenario, KEY))
    assert not members(run).any()
    run.advance(1)
    both = np.bincount(members(run) + 2 * members(run, 1), minlength=4)
    p, q = interest * online, 0.5 * online
    assert law_p(both, [(1 - p) * (1 - q), p * (1 - q), (1 - p) * q, p * q]) > ERROR
    run.advance()
    counts = run.history().table[:, codes.T_REGISTERS]
    chances = p * (1.0 - p) ** np.arange(days)
    counts = np.append(counts, n - counts.sum())
    assert law_p(counts, np.append(chances, (1.0 - p) ** days)) > ERROR
    assert members(run).sum() == counts[:-1].sum() == run.row(days - 1)[codes.T_MEMBERS]


def test_the_active_register_sooner() -> None:
    """Catches interest by the mean activity of all.

    Null: on a day a person registers with its own chance to be online times the interest.
    n = 60,000, three kinds of people, online on all days, half and one in ten of them.
    """
    n, interest, online = 60_000, 0.2, np.array([1.0, 0.5, 0.1])
    scenario = boards(
        n,
        1,
        **{
            "channels.market.members_at_start": 0.0,
            "channels.market.interest": interest,
            "channels.market.tell": 0.0,
        },
    )
    kind = np.arange(n) % 3
    limits = (online[kind] * 0xFFFFFFFF).astype(np.uint32)
    run = CompiledRun(with_people(build_world(scenario, KEY), online_threshold=limits))
    run.advance()
    found = np.bincount(kind[members(run)], minlength=3)
    assert np.abs(share_scores(found, n // 3, interest * online)).max() < limit_z(3)


@pytest.mark.parametrize(
    ("changes", "first"),
    [
        ({}, 0),
        ({"channels.market.opens_at": 4}, 4),
        ({"channels.market.interest": 0.0}, None),
        ({"market.aware_at_start": 0.0}, None),
        ({"segments.person.membership": {"market": 0.0}}, None),
    ],
)
def test_who_registers_and_from_when(changes: dict[str, Any], first: int | None) -> None:
    """Catches a closed board that fills, strangers, and people who register for the unknown."""
    start = {"channels.market.members_at_start": 0.5, "channels.market.interest": 0.5}
    table = run_compiled(build_world(boards(2_000, 8, **{**QUIET, **start, **changes}), KEY)).table
    days = np.flatnonzero(table[:, codes.T_REGISTERS])
    assert days.tolist() == ([] if first is None else list(range(first, 8)))


def test_members_are_the_first_the_interested_and_the_users_who_join() -> None:
    """Catches strangers who register by interest, members who are lost (by leaving, or by coming
    back), users who register, and registrations that are not counted or counted twice."""
    scenario = Scenario.load("tiny")
    run = CompiledRun(build_world(scenario, KEY))
    belongs, before, ever = on_board(run.world), members(run), np.zeros(2000, bool)
    assert 100 < (before & belongs).sum() < belongs.sum()
    by_interest = by_use = 0
    while run.tick < scenario.ticks:
        run.advance(run.tick + 1)
        now = members(run)
        assert not (before & ~now).any(), "a member was lost"
        users = run.stage == codes.USER
        new, before = now & ~before, now
        # Who adopts today joins as a user, who is aware this evening by interest: nobody else.
        interested, joined = new & (run.stage == codes.AWARE), new & users & ~ever
        ever = users
        assert (new == (interested | joined)).all()
        assert not (interested & ~belongs).any()
        assert interested.sum() == run.row(run.tick - 1)[codes.T_REGISTERS]
        by_interest, by_use = by_interest + interested.sum(), by_use + joined.sum()
    assert by_interest > 50 and by_use > 50


# ---------------------------------------------------------------- lurkers


def lurkers_of(n: int, share: float) -> NDArray[np.bool_]:
    """Return who lurks on the first board, by the text."""
    coins = drawn(n, KEY, codes.DRAW_LURK) >> np.uint64(32)
    return coins < np.uint64(int(share * 2**32))


def test_lurkers_are_the_same_every_day() -> None:
    """Catches a coin tossed anew each day, and those who do not lurk kept silent too.

    Null: of 20,000 users who post on all days .3 never do.
    """
    n, days = 20_000, 5
    scenario = boards(n, days, range(n), **{"channels.market.lurkers": 0.3})
    posts = run_compiled(build_world(scenario, KEY)).table[:, codes.T_TELLS_POSITIVE]
    assert posts.tolist() == [n - lurkers_of(n, 0.3).sum()] * days
    assert abs(share_scores(posts[0], n, 0.7)) < limit_z()


def test_lurkers_tell_on_feeds() -> None:
    """Catches people who are silent everywhere, or feeds that have lurkers."""
    both = {"channels.friends": FEED, "channels.market.lurkers": 1.0}
    table = run_compiled(build_world(boards(50, 3, range(50), **both), KEY)).table
    assert table[:, codes.T_TELLS_POSITIVE : codes.T_TELLS_POSITIVE + 2].tolist() == [[0, 50]] * 3


def test_a_lurker_is_won_and_wins_nobody() -> None:
    """Catches lurkers who do not read, and posts of theirs.

    Null: of those won by the board .4 lurk, as of all.  n = 20,000, 30 seeds.
    """
    n, share = 20_000, 0.4
    changes = {"channels.market.lurkers": share, "channels.market.persuasion": 0.5}
    world = build_world(boards(n, 60, range(30), **changes), KEY)
    history, lurks = run_compiled(world), lurkers_of(n, share)
    won = (history.log_kind == codes.LOG_ADOPT) & (history.log_recruiter >= 0)
    assert won.sum() > 5_000
    assert not lurks[history.log_recruiter[won]].any()
    found = lurks[history.log_agent[won]].sum()
    assert abs(share_scores(found, int(won.sum()), lurks[30:].mean())) < limit_z()


# ---------------------------------------------------------------- seeds


def active(scenario: Scenario, activity: list[float], draw: int, **words: Any) -> list[int]:
    """Return the seeds of one draw; the first half are enthusiasts where purity is not 1."""
    weights = np.array(activity)
    enthusiast = np.ones(weights.size, bool)
    if scenario.seeding.purity < 1.0:
        enthusiast[weights.size // 2 :] = False
    return choose_seeds(
        scenario, None, enthusiast, KEY, draw, activity=weights, **words
    ).tolist()  # fmt: skip


def seeking(number: int, **changes: Any) -> Scenario:
    """So many seeds, the active ones rather."""
    seeding = {"seeding.strategy": "active", "seeding.number": number}
    return Scenario(n_agents=1000).replace(**{**seeding, **changes})


def test_the_active_become_seeds_in_proportion() -> None:
    """Catches activity that counts inversely, squared or not at all, and draws with replacement.

    Null: of people with activities 4, 2, 1, .5 the one is drawn with a / 7.5 and then another of
    the rest in proportion.  8,000 replicates.
    """
    weights = [4.0, 2.0, 1.0, 0.5]
    total = sum(weights)
    law = {
        (i, j): sum(
            weights[a] / total * weights[b] / (total - weights[a]) for a, b in ((i, j), (j, i))
        )
        for i, j in combinations(range(4), 2)
    }
    two = seeking(2)
    found = [tuple(active(two, weights, replicate)) for replicate in range(8_000)]
    assert law_p([found.count(pair) for pair in law], list(law.values())) > ERROR


def test_who_is_never_active_comes_last() -> None:
    """Catches a division by 0, and people who are never there among the seeds before others."""
    idle = [0.0, 0.01, 0.0, 9.0]
    for draw in range(20):
        assert active(seeking(2), idle, draw) == [1, 3]
        assert set(active(seeking(3), idle, draw)) > {1, 3}


def test_active_seeds_are_pure_and_of_their_group() -> None:
    """Catches a rank over everybody: purity and `among` say of whom the active are taken.

    Null: of each kind one seed, in proportion 9 to 1 of its activities.  4,000 replicates.
    """
    weights = [9.0, 1.0, 100.0, 100.0, 0.01, 0.09, 5.0, 5.0]  # four enthusiasts, four newbies
    town = pd.DataFrame({"city": ["here"] * 2 + ["there"] * 2 + ["here"] * 2 + ["there"] * 2})
    scenario = seeking(2, **{"seeding.purity": 0.5, "seeding.among": {"city": ["here"]}})
    found = [active(scenario, weights, draw, table=town) for draw in range(4_000)]
    counts = [found.count(pair) for pair in ([0, 5], [0, 4], [1, 5], [1, 4])]
    assert sum(counts) == 4_000
    assert law_p(counts, [0.81, 0.09, 0.09, 0.01]) > ERROR


def test_active_seeds_of_a_world() -> None:
    """Catches a world that hands over no activity, or somebody else's.

    Null: people drawn by activity a have the mean E[a^2], exp(sigma^2) at mean 1; 2,000 of
    100,000, mean within 5 per cent.
    """
    spread = {"segments.person.activity_sigma": 0.5, "participation.online": 0.1}
    scenario = boards(100_000, 1, **{**QUIET, **spread, "channels.market.lurkers": 0.0})
    scenario = scenario.replace(**{"seeding.strategy": "active", "seeding.number": 2_000})
    people = build_world(scenario, KEY).people  # and no feed is asked for
    activity = people.online_threshold / (0.1 * 2**32)
    assert activity.mean() == pytest.approx(1.0, abs=0.02)
    assert activity[people.seeds].mean() == pytest.approx(np.exp(0.25), rel=0.05)


@pytest.mark.parametrize(
    ("home", "half_life"), [(None, 10.0), ("market", 10.0), ("loose", 10.0), ("firm", 40.0)]
)
def test_the_home_holds_the_seeds(home: str | None, half_life: float) -> None:
    """Catches seeds held by another channel, from their first reply only, or held less than users.

    Exact: engagement e of the evening before is e times half**(days / half-life) of the home,
    where it is longer than that of all users (10).
    """
    channels = {
        f"channels.{name}": {**FEED, "tell": 0.0, "half_life": half}
        for name, half in (("firm", 40.0), ("loose", 5.0))
    }
    changes = {**QUIET, **channels, "channels.market.half_life": 10.0, "seeding.home": home}
    scenario = boards(100, 30, range(5), **changes, **{"loyalty.base_half_life": 10.0})
    run = CompiledRun(build_world(scenario, KEY))
    for day in (1, 17, 30):
        run.advance(day)
        left = run.engagement()[:5] / scenario.seeding.engagement
        assert left == pytest.approx(0.5 ** (day / half_life), rel=1e-12), day


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"seeding.home": "weibi"},
            "seeding.home: unknown channel, got weibi, allowed forum, weibo, wechat, qzone, "
            "try weibo",
        ),
        (
            {"channels.weibo.members_at_start": 0.5},
            "channels.weibo.members_at_start: only boards have members that register, got 0.5, "
            "allowed 1, try medium = 'board'",
        ),
        (
            {"channels.weibo.interest": 0.5},
            "channels.weibo.interest: only boards have members that register, got 0.5, "
            "allowed 0, try medium = 'board'",
        ),
        (
            {"channels.weibo.lurkers": 1.5},
            "channels.weibo.lurkers: out of range, got 1.5, allowed 0..1",
        ),
        (
            {"channels.weibo.lurkers": 0.5},
            "channels.weibo.lurkers: only boards have members that register, got 0.5, "
            "allowed 0, try medium = 'board'",
        ),
    ],
)
def test_feeds_and_strangers_are_refused(changes: dict[str, Any], line: str) -> None:
    """Catches a parameter that would silently do nothing, and a refusal that does not help."""
    with pytest.raises(KoubeiError) as caught:
        Scenario(**{}).replace(**changes)
    assert str(caught.value) == line


def test_the_advice_for_feeds_works() -> None:
    """Catches advice that leads to another refusal."""
    (channel,) = [c for name, c in Scenario().to_dict()["channels"].items() if name == "forum"]
    board = {**channel, "members_at_start": 0.1, "interest": 0.1, "lurkers": 0.9}
    assert Scenario().replace(**{"channels.forum": board}).channels["forum"].lurkers == 0.9


def test_without_a_feed_the_active_can_start() -> None:
    """Catches strategies that need no graph refused for want of one."""
    alone = boards(100, 1, **QUIET)
    chosen = alone.replace(**{"seeding.strategy": "active", "seeding.number": 3})
    assert build_world(chosen, KEY).people.seeds.size == 3
    with pytest.raises(KoubeiError) as caught:
        chosen.replace(**{"seeding.strategy": "degree"})
    assert str(caught.value) == (
        "seeding.strategy: this strategy needs a feed, got degree, allowed random, active, ids, "
        "try random"
    )
