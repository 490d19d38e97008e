"""Laws of staff, bonds, contests, talking points, sharing, hunters, deeds, trials, and openings.

The compiled engine on quiet worlds and on scenarios a person could write.  Statistical tests have a
fixed key and the error rate 1e-6 (`tests.statistical.test_limits_support`).
"""

from __future__ import annotations

import numpy as np
import pytest
from tests import codes
from tests.quiet_worlds import ALWAYS, FULL16, ONE26, quiet_world, with_people, with_rules
from tests.statistical.test_limits_support import limit_z, share_scores

import koubei_sim as kb
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics.costs import spend
from koubei_sim.model.compiled import CompiledRun, run_compiled
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world.arrays import World
from koubei_sim.model.world.build import build_world
from koubei_sim.runs.differences import difference
from koubei_sim.runs.fork import fork
from koubei_sim.runs.partition import run_partitioned

MANY = 20_000
TINY = Scenario.load("tiny")


def flow(world: World, column: int) -> np.ndarray:
    """Return a column of a run of the compiled engine, by tick."""
    return run_compiled(world).table[:, column]


def talkers(n: int = MANY, ticks: int = 5, chance: float = 1.0, **changes: object) -> World:
    """A quiet world of users who tell on one feed with a chance a day, and convince nobody."""
    world = quiet_world(n, ticks, seeds=tuple(range(n)))
    tell = np.zeros((8, 7), np.int64)
    tell[0, :4] = int(chance * ALWAYS)
    return with_rules(world, tell32=tell, **changes)


def eight(value: float, dtype: type = np.float64) -> np.ndarray:
    """Return an entry for the first channel or good, nothing for the others."""
    return np.array([value] + [0] * 7, dtype)


# ---------------------------------------------------------------- staff


def test_minutes_are_answers_by_share() -> None:
    """Catches minutes that go to all channels alike, round up, or forget the people of an agent."""
    staff = {
        "service.staff": 10.0,
        "service.minutes": 60.0,
        "service.minutes_per_answer": 7.0,
        "channels.weibo.staff_share": 3.0,
        "channels.wechat.staff_share": 0.0,
    }
    plain, staffed = (build_world(s, 3).rules for s in (TINY, TINY.replace(**staff)))
    names = list(TINY.channels)
    shares = [{"weibo": 3.0, "wechat": 0.0}.get(name, 1.0) for name in names]
    more = (staffed.service_capacity - plain.service_capacity)[: len(names)]
    assert more.tolist() == [int(600.0 * share / sum(shares) / 7.0) for share in shares]


def test_what_complaints_leave_is_good_for_replies() -> None:
    """Catches replies without minutes, those of today, and minutes that complaints have used.

    Nobody complains: 2,000 minutes at 5 a reply are 400 replies where 10,000 tell, in the mean.
    """
    world = talkers(
        chance=0.5,
        ticks=30,
        service_capacity=eight(1, np.int64),
        staff_minutes=eight(2_000.0),
        minutes_per_reply=5.0,
    )
    table = run_compiled(world).table
    told = table[:, codes.T_TELLS_POSITIVE].astype(float)
    replies = table[:, codes.T_STAFF_REPLIES]
    assert replies[0] == 0 and table[:, codes.T_REPLIES].sum() == 0
    chance = 400.0 / told[:-1]
    expected, spread = (told[1:] * chance).sum(), (told[1:] * chance * (1 - chance)).sum() ** 0.5
    assert abs(replies.sum() - expected) < limit_z() * spread


def test_complaints_come_before_replies() -> None:
    """Catches staff who reply while complaints wait: 20 complaints of 100 minutes take it all."""
    world = talkers(
        n=200,
        ticks=20,
        bar=np.full(1, 1.5),
        complaint_rate=2.0,
        service_capacity=eight(20, np.int64),
        staff_minutes=eight(2_000.0),
        minutes_per_reply=5.0,
    )
    busy = flow(with_rules(world, minutes_per_answer=100.0), codes.T_STAFF_REPLIES)
    idle = flow(with_rules(world, minutes_per_answer=10.0), codes.T_STAFF_REPLIES)
    assert busy.sum() == 0 and idle[1:].min() > 100


def test_staff_have_their_wages() -> None:
    """Catches wages for shares instead of heads, or only on days with complaints."""
    scenario = TINY.replace(ticks=30, **{"service.staff": 2.5, "service.wage": 100.0})
    spent = spend(kb.run(scenario, rng=3).histories[0], scenario)["wages"]
    assert spent.tolist() == [250.0] * 30


def test_staff_among_the_seeds_stay() -> None:
    """Catches seeds who leave in anger or by themselves, and others who stay with them."""
    world = quiet_world(60, 40, seeds=tuple(range(30)))
    leaving = with_rules(world, bar=np.full(1, 1.5), lapse32=ALWAYS // 9, churn32=np.full(4, 2**27))
    gone = run_compiled(leaving).table[-1, codes.T_STAGE + codes.USER]
    kept = run_compiled(with_rules(leaving, seeds_stay=1)).table[-1, codes.T_STAGE + codes.USER]
    assert gone < 10 and kept == 30


# ---------------------------------------------------------------- deeds


def test_staff_learn_from_what_helped() -> None:
    """Catches learning from all that was handled, by agents, or from what helps only today.

    Null: with H answers that helped before today one helps with 1 - .5 exp(-.02 H), by 20 a day.
    """
    world = with_rules(
        quiet_world(200, 12, seeds=tuple(range(200))),
        bar=np.full(1, 1.5),
        complaint_rate=2.0,
        service_capacity=eight(20, np.int64),
        answer32=ALWAYS // 2,
        deed_rate=0.02,
    )
    table = run_compiled(world).table
    helped, failed = table[:, codes.T_ANSWERED], table[:, codes.T_UNHELPED]
    assert (helped + failed == 20).all()
    before = np.concatenate([[0], np.cumsum(helped)[:-1]])
    chance = 1.0 - 0.5 * np.exp(-0.02 * before)
    expected, spread = (20 * chance).sum(), (20 * chance * (1 - chance)).sum() ** 0.5
    assert abs(helped.sum() - expected) < limit_z() * spread
    assert helped[-3:].sum() > 57  # nearly all of 60


def test_who_was_helped_tells_of_it() -> None:
    """Catches a deed that is no story: with stale news only those who were helped tell."""
    stale = np.zeros(14, np.int64)
    stale[:2] = FULL16  # news of yesterday and today
    world = talkers(
        n=100,
        ticks=12,
        novelty16=stale,
        bar=np.full(1, 1.5),
        complaint_rate=2.0,
        service_capacity=eight(10, np.int64),
    )
    silent = flow(world, codes.T_TELLS_NEGATIVE)
    told = flow(with_rules(world, deed32=ALWAYS), codes.T_TELLS_NEGATIVE)
    assert silent[2:].sum() == 0 and (told[2:] == 10).all()


# ---------------------------------------------------------------- bonds


def test_replies_bind_by_a_share_of_what_is_missing() -> None:
    """Catches bonds that add up beyond 1, never fade, or fade on days with a reply."""
    left = 0.5 ** (np.arange(8) / 2.0)
    world = talkers(
        n=50, ticks=7, reply32=np.full(8, ALWAYS), bonds_on=1, bond_growth=0.25, bond_left=left
    )
    run = CompiledRun(world)
    bond = 0.0
    for day in range(7):
        run.advance(day + 1)
        bond = (bond * left[1] if day else 0.0) * 0.75 + 0.25
        assert run._state.bond == pytest.approx(bond, rel=1e-12)


def test_who_is_bound_convinces_more() -> None:
    """Catches a gain on blame, on who is not bound, or added to the persuasion of all.

    Messages of a third of a resistance convince on the third day; those of a user who is fully
    bound from the first reply on, at twice the force from the second day on, on the second.
    """
    world = quiet_world(2, 4, arcs={0: {(0, 1)}})
    tell = np.zeros((8, 7), np.int64)
    tell[0, :4] = ALWAYS
    hazard = (world.rules.message_hazard // world.rules.message_hazard.max()) * (ALWAYS // 3 + 9)
    world = with_rules(world, tell32=tell, message_hazard=hazard, reply32=np.full(8, ALWAYS))
    world = with_people(world, resist_adopt=np.full(2, ONE26, np.uint32))
    bound = with_rules(world, bonds_on=1, bond_growth=1.0, bond_gain=1.0)
    assert flow(world, codes.T_ADOPTIONS_CHANNEL).tolist() == [0, 0, 1, 0]
    assert flow(bound, codes.T_ADOPTIONS_CHANNEL).tolist() == [0, 1, 0, 0]
    lonely = with_rules(bound, reply32=np.zeros(8, np.int64))
    assert flow(lonely, codes.T_ADOPTIONS_CHANNEL).tolist() == [0, 0, 1, 0]


@pytest.mark.parametrize("quality", [0.25, 0.75])
def test_visitors_see_what_the_product_is_worth(quality: float) -> None:
    """Catches open days that bind to a bad product, or whoever stayed at home."""
    world = with_rules(
        quiet_world(40, 3, seeds=tuple(range(40))),
        meeting_at=np.array([-1, 0, -1]),
        meeting_channel=np.zeros(1, np.int64),
        meeting_attend32=np.full(1, ALWAYS),
        meeting_cap=np.full(1, 10),
        meeting_gain=np.zeros(1),
        meeting_ties=np.zeros(1, np.int64),
        meeting_visit=np.full(8, 0.5),
        quality=np.full(1, quality),
        bonds_on=1,
        bond_gain=1.0,
    )
    run = CompiledRun(world)
    run._state.bond[:] = 0.5
    run.advance(3)
    moved = run._state.bond != 0.5
    assert moved.sum() == 10
    assert np.allclose(run._state.bond[moved], (0.5 + quality) / 2.0, atol=1e-4)


def test_a_fork_keeps_bonds() -> None:
    """Catches bonds that fade by the law of tomorrow for the days of yesterday."""
    levers = {"telling.bond": 0.5, "telling.bond_gain": 1.0, "telling.bond_half_life": 5.0}
    base = kb.run(TINY.replace(ticks=60, **levers), rng=3)
    assert fork(base, 20).digest() == base.digest()
    other = fork(base, 20, **{"telling.bond_half_life": 50.0})
    table, before = other.histories[0].table, base.histories[0].table
    assert np.array_equal(table[:20], before[:20]) and not np.array_equal(table, before)


# ---------------------------------------------------------------- contests, talking points


def test_the_most_appealing_win() -> None:
    """Catches prizes by lot, of the wrong number, or to who told badly or nothing."""
    world = talkers(
        n=400,
        ticks=1,
        chance=0.5,
        appeal_on=1,
        appeal8=np.arange(4096),
        contests_on=1,
        contest_winners=np.full((8, 1), 30),
        contest_prize=np.full((8, 1), 7.0),
        contest_kept=np.full((8, 1), 0.5),
    )
    run = CompiledRun(world)
    run.advance(1)
    engagement = run._state.actor["engagement"]
    told = run._state.messages[0, 0, : int(run._state.told[0, 0])]
    won, lost, silent = (np.flatnonzero(engagement == e) for e in (19.0, 6.0, 12.0))
    assert won.size == 30 == run.rows[0, codes.T_WINNERS]
    assert lost.size == told.size - 30 and silent.size == 400 - told.size > 100
    appeal = dict(zip(told["teller"].tolist(), told["appeal"].tolist(), strict=True))
    assert min(appeal[i] for i in won) >= max(appeal[i] for i in lost)


def test_equal_stories_win_by_lot() -> None:
    """Catches the first of a list who always wins, and prizes that are not paid.

    Null: each of 100 tellers wins 10 of 200 times in a hundred.
    """
    world = talkers(
        n=100,
        ticks=200,
        contests_on=1,
        contest_winners=np.full((8, 200), 10),
        contest_prize=np.full((8, 200), 1.0),
    )
    run = CompiledRun(world)
    run.advance(200)
    wins = run._state.actor["engagement"] - 12.0
    assert wins.sum() == 2_000
    assert np.abs(share_scores(wins, 200, 0.1)).max() < limit_z(100)


def test_prizes_are_paid_and_shards_compare_all_stories() -> None:
    """Catches a shard that judges the stories that its own people hear."""
    contest = {"channel": "weibo", "start": 3, "length": 2, "every": 7}
    contest |= {"winners": 4.0, "prize": 3.0, "loss": 0.2, "prize_cost": 50.0}
    scenario = TINY.replace(ticks=60, **{"events.cup": contest})
    result = kb.run(scenario, rng=3)
    won = result.histories[0].table[:, codes.T_WINNERS : codes.T_WINNERS + 8]
    c = list(scenario.channels).index("weibo")
    assert won.sum() == won[:, c].sum() > 8 and won.max() <= 4
    assert np.array_equal(spend(result.histories[0], scenario)["prizes"], 50.0 * won[:, c])
    shards = run_partitioned(scenario, rng=3, shards=3)
    assert difference(shards.history, result.histories[0]) is None


def test_one_contest_a_channel_and_day() -> None:
    """Catches a second contest of which nobody hears again, and riddles cut off without a word."""
    cup = {"channel": "weibo", "start": 3, "length": 5, "winners": 4.0, "lift_retelling": 20.0}
    one = TINY.replace(**{"events.cup": cup | {"lift_retelling": 1.0}})
    with pytest.raises(KoubeiError, match=r"overlaps cup on weibo at tick 5, and winners is above"):
        one.replace(**{"events.other": cup | {"start": 5}})
    with pytest.raises(KoubeiError, match=r"events\.other\.lift_retelling: overlapping lifts"):
        TINY.replace(**{"events.cup": cup, "events.other": cup | {"start": 5, "winners": 0.0}})


def test_a_talking_point_renews_the_news() -> None:
    """Catches news for everybody, on all days, or on channels where one is no member.

    Null: with news that is stale after a day those tell to whom the point of that day is new.
    """
    stale = np.zeros(12, np.int64)
    stale[0] = FULL16
    news = np.zeros((8, 10), np.int64)
    news[0, 4:6] = int(0.3 * ALWAYS)
    told = flow(talkers(ticks=10, novelty16=stale, news_on=1, news32=news), codes.T_TELLS_POSITIVE)
    assert told[[1, 2, 3, 6, 7, 8, 9]].sum() == 0
    assert np.abs(share_scores(told[4:6], MANY, 0.3)).max() < limit_z(2)
    elsewhere = talkers(ticks=10, novelty16=stale, news_on=1, news32=np.roll(news, 1, axis=0))
    assert flow(elsewhere, codes.T_TELLS_POSITIVE)[1:].sum() == 0


# ---------------------------------------------------------------- sharing, retelling


def test_happy_users_share_whatever_the_news() -> None:
    """Catches shares that go stale, of unhappy users, or counted twice.

    Null: who tells with .2 tells or shares with .5.
    """
    stale = np.zeros(7, np.int64)
    fresh, happy = talkers(chance=0.2), talkers(chance=0.2, novelty16=stale)
    share = {"share32": np.full(8, int(0.3 * ALWAYS))}
    for world, tells, shares in ((fresh, 0.5, 0.3), (happy, 0.3, 0.3)):
        table = run_compiled(with_rules(world, **share)).table
        told, shared = table[:, codes.T_TELLS_POSITIVE], table[:, codes.T_SHARES]
        assert np.abs(share_scores(told, MANY, tells)).max() < limit_z(10)
        assert np.abs(share_scores(shared, MANY, shares)).max() < limit_z(10)
    unhappy = with_rules(happy, bar=np.full(1, 1.5), **share)
    assert flow(unhappy, codes.T_SHARES).sum() == 0


def test_a_share_convinces_as_much_as_it_is_said_to() -> None:
    """Catches a force on tellings that are no shares: half a message takes twice as long."""
    world = quiet_world(2, 5, arcs={0: {(0, 1)}})
    hazard = (world.rules.message_hazard // world.rules.message_hazard.max()) * (ALWAYS // 2)
    world = with_people(world, resist_adopt=np.full(2, ONE26, np.uint32))
    shares = with_rules(world, message_hazard=hazard, share32=np.full(8, ALWAYS))
    assert flow(shares, codes.T_ADOPTIONS_CHANNEL).tolist() == [0, 1, 0, 0, 0]
    half = with_rules(shares, share16=np.full(8, FULL16 // 2))
    assert flow(half, codes.T_ADOPTIONS_CHANNEL).tolist() == [0, 0, 0, 1, 0]


def test_likes_are_seen_and_convince_nobody() -> None:
    """Catches a like that persuades, and one that nobody sees.

    Where users are believed by nobody, whoever is won is won by those who only heard of it.
    """
    only = {f"channels.{c}.tell": 0.0 for c in TINY.channels if c != "weibo"}
    base = TINY.replace(n_agents=5_000, ticks=120, media={}, **only)
    passed = base.replace(**{"telling.relay": 5.0, "channels.weibo.retelling": 5.0})
    liked = passed.replace(**{"channels.weibo.retelling_force": 0.0})
    runs = {
        name: kb.run(one, rng=3).data
        for name, one in (("base", base), ("passed", passed), ("liked", liked))
    }
    knows = {name: int(d.newly_aware.sum()) for name, d in runs.items()}
    assert knows["liked"] > 1.5 * knows["base"]
    doubted = {"telling.credibility": (0.0,) * 4, "telling.rejecter": 0.0}
    won = [int(kb.run(s.replace(**doubted), rng=3).data.adoptions.sum()) for s in (passed, liked)]
    assert won[0] > 20 and won[1] == 0
    assert int(runs["passed"].adoptions.sum()) > int(runs["liked"].adoptions.sum())


def test_a_riddle_lifts_those_who_only_heard() -> None:
    """Catches a lift on users, on other channels, or on days without the event."""
    event = {"channel": "weibo", "start": 20, "length": 5, "lift_retelling": 8.0}
    base = TINY.replace(n_agents=5_000, ticks=30, **{"telling.relay": 1.0})
    tables = [kb.run(s, rng=3).histories[0].table for s in (base, base.replace(events={}))]
    riddle = kb.run(base.replace(**{"events.riddle": event}), rng=3).histories[0].table
    c = list(base.channels).index("weibo")
    assert np.array_equal(riddle[:20], tables[0][:20])
    relays = codes.T_TELLS_RELAY + c
    assert riddle[20, relays] > 3 * max(1, tables[0][20, relays])
    for same in (codes.T_TELLS_POSITIVE + c, codes.T_TELLS_RELAY + c + 1):
        assert riddle[20, same] == tables[0][20, same]


# ---------------------------------------------------------------- hunters


def test_hunters_take_the_reward_and_leave_nothing() -> None:
    """Catches hunters drawn anew each day, who report, gain, vote, or are not counted.

    Null: .8 * rewarding / (rewarding + need) of all joins, by person and node for good.
    """
    node = {"need": 0.25, "simple": 1.0, "rewarding": 0.75, "fun": 0.0}
    scenario = TINY.replace(
        n_agents=MANY,
        ticks=2,
        nodes={"prize": node},
        media={},
        **{"participation.hunting": 0.8, "participation.online": 1.0, "participation.join": 100.0},
    )
    rules = build_world(scenario, 3).rules
    assert rules.hunters32[0] / ALWAYS == pytest.approx(0.6, abs=1e-9)
    world = with_rules(
        quiet_world(MANY, 2, nodes=1, seeds=tuple(range(MANY))),
        join32=np.full((1, 128), ALWAYS),
        node_reward=np.ones(1),
        node_reports=np.ones(1, np.uint8),
        hunters32=rules.hunters32,
    )
    run = CompiledRun(world)
    run.advance(2)
    hunted, reports = run.rows[:, codes.T_HUNTED], run.rows[:, codes.T_REPORTS]
    assert run.rows[:, codes.T_JOINS].tolist() == [MANY, MANY]
    assert hunted[0] == hunted[1] and (hunted + reports == MANY).all()
    assert abs(share_scores(hunted[:1], MANY, 0.6)[0]) < limit_z()
    gained = np.unique(run._state.actor["engagement"])
    assert gained.tolist() == [12.0, 14.0]


# ---------------------------------------------------------------- goods: trials, breakage


def phone(**changes: object) -> Scenario:
    """A phone that nobody wants of itself, and a shop."""
    goods = {"product": "rom", "launch_at": 10, "unit_cost": 100.0}
    return TINY.replace(n_agents=2_000, ticks=20, **{"goods.phone": goods | changes})


def test_enthusiasts_try_it_first() -> None:
    """Catches units to who is no user, twice to one, or at random where enthusiasts come first."""
    base = phone(trials=25.0, trials_at=5, trials_gain=4.0, trials_cost=30.0)
    for first in (True, False):
        mixed = {"seeding.purity": 0.5, "seeding.number": 100}
        scenario = base.replace(**{"goods.phone.trials_to_enthusiasts": first}, **mixed)
        world = build_world(scenario, 3)
        run = CompiledRun(world)
        run.advance(6)
        got = np.flatnonzero(run._state.has == 0)
        assert got.size == 25 == run.rows[5, codes.T_TRIALS] == run.rows[5, codes.T_HAVING]
        assert (run._state.stage[got] == codes.USER).all()
        enthusiasts = world.rules.class_enthusiast[world.people.agent_class[got]].sum()
        assert (enthusiasts == 25) == first
        history = kb.run(scenario, rng=3).histories[0]
        assert spend(history, scenario)["trials"].sum() == 750.0
        assert history.table[:, codes.T_REVENUE].sum() == 0
        assert history.table[5, codes.T_SPENT] == 25 * 10_000


def test_trials_are_refused_where_people_are_dealt_to_shards() -> None:
    """Catches a shard that hands out its own units to its own people."""
    with pytest.raises(KoubeiError, match="or some to try, need all people in one process"):
        run_partitioned(phone(trials=25.0), rng=3)


@pytest.mark.parametrize(("power", "sold"), [(0.0, 100), (0.5, 32), (1.0, 10)])
def test_a_crowd_breaks_the_shop(power: float, sold: int) -> None:
    """Catches a shop that breaks below its limit, or serves nobody: 100 (100 / 1,000)^power."""
    world = quiet_world(1_000, 1, seeds=tuple(range(1_000)))
    rules = {
        "goods_on": 1,
        "n_goods": 1,
        "stocked": eight(1, np.int64),
        "good_units": np.full((8, 1), 5_000),
        "orders": eight(100, np.int64),
        "breakage": eight(power),
        "arrivals": np.full(1, 2**40),
        "wait_value": -1e9,
        "word_weight": 1e6,
        "seed_engagement": 1e6,
    }
    found = run_compiled(with_rules(world, **rules)).table[0]
    assert found[codes.T_ASKED] == 1_000
    assert found[codes.T_SOLD] == sold
    few = run_compiled(with_rules(world, **(rules | {"orders": eight(1_000, np.int64)}))).table[0]
    assert few[codes.T_SOLD] == 1_000


# ---------------------------------------------------------------- openings


def test_a_segment_waits_for_its_version() -> None:
    """Catches people won before there is a version for them, and a gate that never opens."""
    scenario = TINY.replace(n_agents=3_000, ticks=90, **{"segments.newbie.opens_at": 50})
    users = kb.run(scenario, rng=3).data.segment_users.sel(segment="newbie").values[0]
    seeds = round(TINY.seeding.number * (1.0 - TINY.seeding.purity))
    assert users[:50].max() <= seeds and users[89] > 50
