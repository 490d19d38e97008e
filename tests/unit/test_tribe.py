"""Laws of accounts that are left, of others who copy, of belonging, and of moderators.

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
from koubei_sim.runs.switching import switch

MANY = 20_000
TINY = Scenario.load("tiny")
ACCOUNT = {"channel": "weibo", "visibility": 0.3}


def flow(world: World, column: int) -> np.ndarray:
    """Return a column of a run of the compiled engine, by tick."""
    return run_compiled(world).table[:, column]


def campaign(n: int = MANY, ticks: int = 5, visibility: float = 1.0, **changes: object) -> World:
    """A quiet world with one campaign that convinces nobody, and one user in four."""
    world = quiet_world(n, ticks, seeds=tuple(range(n // 4)))
    rules: dict[str, object] = {
        "media_channel": np.zeros(1, np.int64),
        "media_product": np.zeros(1, np.int64),
        "media_start": np.zeros(1, np.int64),
        "media_end": np.full(1, ticks),
        "media_see32": np.array([int(visibility * ALWAYS)]),
        "media_hazard": np.zeros(1, np.int64),
    }
    return with_rules(world, **(rules | changes))


# ---------------------------------------------------------------- accounts


def test_of_several_posts_one_at_least_is_seen() -> None:
    """Catches posts that add up beyond 1, and a campaign seen once whatever it posts.

    Null: a member sees one of three posts with probability 1 - .8^3.
    """
    world = campaign(ticks=1, visibility=0.2, media_posts=np.full(8, 3.0))
    seen = flow(world, codes.T_NEWLY_AWARE)
    assert abs(share_scores(seen, MANY - MANY // 4, 1.0 - 0.8**3)[0]) < limit_z()


def test_the_impatient_leave_first() -> None:
    """Catches one coin for all days, one patience for all people, and people who leave twice.

    Null: of those who see it every day the share of class k of tolerance that is still there after
    d days is (1 - u_k)^d; classes are equally likely.
    """
    days = 30
    account = ACCOUNT | {"visibility": 1.0, "posts": 6.0, "unfollow": 0.02, "tolerance": 3.0}
    scenario = TINY.replace(n_agents=MANY, ticks=days, media={"a": account})
    table = build_world(scenario, 3).rules.unfollow32[0]
    world = campaign(ticks=days, unfollow_on=1, unfollow32=np.tile(table, (8, 1)))
    gone = np.cumsum(flow(world, codes.T_UNFOLLOWS))
    chance = [1.0 - float(((1.0 - table / ALWAYS) ** d).mean()) for d in (1, 10, days)]
    assert 0.04 < chance[0] < 0.2 and chance[2] < 0.95
    scores = share_scores(gone[[0, 9, days - 1]], MANY - MANY // 4, chance)
    assert np.abs(scores).max() < limit_z(3)


def test_the_table_of_tolerance_is_the_exponential_law() -> None:
    """Catches a tolerance of the wrong mean: E max(0, p - x) for x exponential of mean m."""
    posts, mean = 4.0, 1.5
    account = ACCOUNT | {"posts": posts, "unfollow": 0.1, "tolerance": mean}
    table = build_world(TINY.replace(media={"a": account}), 3).rules.unfollow32[0] / ALWAYS
    beyond = posts - mean * (1.0 - np.exp(-posts / mean))
    assert table.mean() == pytest.approx(0.1 * beyond, rel=1e-3)
    assert (np.diff(table) <= 0).all()


def test_who_has_left_sees_no_more() -> None:
    """Catches a flow that counts and changes nothing, and leaving before the post is seen."""
    ways = {"media_hazard": np.full(1, ALWAYS)}
    twice = np.full(MANY, 2 * ONE26, np.uint32)  # two posts convince
    stays = with_people(campaign(**ways), resist_adopt=twice)
    leaves = with_rules(stays, unfollow_on=1, unfollow32=np.full((8, 4096), ALWAYS))
    rest = MANY - MANY // 4
    assert flow(stays, codes.T_ADOPTIONS_MEDIA).tolist() == [0, rest, 0, 0, 0]
    assert flow(leaves, codes.T_UNFOLLOWS).tolist() == [rest, 0, 0, 0, 0]
    assert flow(leaves, codes.T_NEWLY_AWARE)[0] == rest
    assert flow(leaves, codes.T_ADOPTIONS_MEDIA).sum() == 0


def test_posts_have_their_price() -> None:
    """Catches posts paid before the campaign starts, or one a day whatever is posted."""
    account = ACCOUNT | {"posts": 2.5, "cost_per_post": 40.0, "start": 10, "end": 30}
    scenario = TINY.replace(media={"a": account})
    spent = spend(kb.run(scenario, rng=3).histories[0], scenario)["posts"]
    assert spent[9] == 0.0 and spent[10] == 100.0 and spent.sum() == 2_000.0


# ---------------------------------------------------------------- copying


@pytest.mark.parametrize(("step", "room"), [(1.0, 1 / 2), (0.5, 1 / (1 + 4 * 0.125))])
def test_copies_leave_so_much_room(step: float, room: float) -> None:
    """Catches a share of the wrong day, and a load added to what is seen instead of dividing it.

    A quarter uses it, the load is 4 at full use: 1 / (1 + 4 / 4) of what is seen, or of half of
    that quarter on the first day of those who follow slowly.
    """
    world = campaign(ticks=1, visibility=0.6, copied=4.0, copied_step=step)
    seen = flow(world, codes.T_NEWLY_AWARE)
    assert abs(share_scores(seen, MANY - MANY // 4, 0.6 * room)[0]) < limit_z()


def test_copies_crowd_every_channel() -> None:
    """Catches a feed, a board or amplified stories that keep their room."""
    for c in TINY.channels:
        alone = TINY.replace(
            n_agents=2000,
            ticks=60,
            media={},
            **{f"channels.{other}.tell": 0.0 for other in TINY.channels if other != c},
        )
        knows = [
            int(kb.run(alone.replace(**{"market.copied": copied}), rng=3).data.newly_aware.sum())
            for copied in (0.0, 1e6)
        ]
        assert knows[1] < 0.1 * knows[0], c


def test_copies_that_go_leave_their_room() -> None:
    """Catches a fork without copies in which the room of its last day with them stays."""
    crowded = kb.run(TINY.replace(ticks=60, **{"market.copied": 1e6}), rng=3)
    freed = fork(crowded, 20, **{"market.copied": 0.0})
    late = [int(run.data.newly_aware.values[0, 20:].sum()) for run in (crowded, freed)]
    assert late[1] > 10 * max(1, late[0])


# ---------------------------------------------------------------- belonging


def three(**changes: object) -> World:
    """Person 0 hears 1 and 2, who hear nobody; all are core users and miss half a point."""
    world = quiet_world(3, 9, arcs={0: {(1, 0), (2, 0)}}, seeds=(0, 1, 2))
    return with_rules(world, bar=np.full(1, 1.5), tribe=0, **changes)


def test_who_is_among_fans_is_content() -> None:
    """Catches ties in the wrong direction, and people without ties among fans."""
    assert set(flow(three(), codes.T_UNHAPPY_ONLINE)) == {3}
    assert set(flow(three(belonging=0.5), codes.T_UNHAPPY_ONLINE)) == {2}
    assert set(flow(three(belonging=0.4), codes.T_UNHAPPY_ONLINE)) == {3}
    half = three(belonging=0.8)
    half = with_people(half, seeds=np.array([0, 1], np.int32))  # 2 is no user: 127 / 255 of .8
    assert set(flow(half, codes.T_UNHAPPY_ONLINE)) == {2}
    assert set(flow(with_rules(half, belonging=1.01), codes.T_UNHAPPY_ONLINE)) == {1}


def test_fans_are_looked_for_once_a_week() -> None:
    """Catches a look every day, and users of the lowest tier that count as fans.

    Person 1 falls to the lowest tier at the review of day 6; person 0 sees it on day 7.
    """
    fading = np.ones((2, 11))
    fading[:, 1:] = 0.01
    lonely = three(belonging=0.5, tier_keep=np.array([0.0, 1.0, 1.0, 1.0]))
    tiers = with_rules(lonely, engagement_decay=fading)
    unhappy = flow(tiers, codes.T_UNHAPPY_ONLINE).tolist()
    assert unhappy == [2] * 7 + [3] * 2
    assert flow(lonely, codes.T_UNHAPPY_ONLINE).tolist() == [2] * 9


def test_praise_acts_more_among_fans() -> None:
    """Catches a pull on blame, or one that acts on who has no fans among its ties."""
    world = quiet_world(4, 4, arcs={0: {(0, 1), (2, 1), (3, 2)}})
    tell = np.zeros((8, 7), np.int64)
    tell[0, :4] = ALWAYS
    world = with_rules(world, tell32=tell, message_hazard=world.rules.message_hazard // 40)
    world = with_people(world, resist_adopt=np.full(4, 3 * ONE26, np.uint32))
    pull = np.full(256, FULL16)
    pull[127] = 2 * FULL16  # one of the two ties of person 1
    first = {
        name: flow(changed, codes.T_ADOPTIONS_CHANNEL).tolist()
        for name, changed in (
            ("alone", world),
            ("among fans", with_rules(world, tribe=0, pull16=pull)),
            ("others", with_rules(world, tribe=0, pull16=np.roll(pull, 1))),
        )
    }
    assert first["alone"] == [0, 0, 1, 0] == first["others"]
    assert first["among fans"] == [0, 1, 0, 0]


def test_tribes_are_feeds_of_the_scenario() -> None:
    """Catches a board, or a name that nobody knows, taken for ties; and shards that cannot look."""
    for wrong in ("forum", "wechatt"):
        with pytest.raises(KoubeiError, match=r"loyalty\.tribe: unknown feed"):
            TINY.replace(**{"loyalty.tribe": wrong})
    tribe = TINY.replace(ticks=20, **{"loyalty.tribe": "wechat", "loyalty.pull": 1.0})
    with pytest.raises(KoubeiError, match=r"loyalty\.tribe: a shard does not know"):
        run_partitioned(tribe, rng=3)
    ways = [kb.run(tribe, rng=3, threads=threads).digest() for threads in (1, 2)]
    assert ways[0] == ways[1]


def test_a_tribe_without_weights_is_none() -> None:
    """Catches a lever that acts at its neutral value."""
    named = TINY.replace(ticks=60, **{"loyalty.tribe": "wechat"})
    plain = TINY.replace(ticks=60)
    histories = [run_compiled(build_world(one, 3)) for one in (named, plain)]
    assert difference(*histories) is None


def test_a_fork_counts_the_ties_of_its_own_tribe() -> None:
    """Catches ties of the feed of before, by which the fans of another one would be shared out.

    Who hears nobody on the new feed is no longer among fans, either.
    """
    levers = {"loyalty.pull": 1.0, "loyalty.tribe": "wechat"}
    feeds = ("wechat", "weibo")
    worlds = [
        build_world(TINY.replace(ticks=30, **levers | {"loyalty.tribe": feed}), 3) for feed in feeds
    ]
    run = CompiledRun(worlds[0])
    for world, feed in zip(worlds, feeds, strict=True):
        if run.tick > 0:
            switch(run, world)
        run.advance(run.tick + 8)
        listeners = world.graphs.indices[list(TINY.channels).index(feed)]
        heard = np.bincount(listeners, minlength=world.rules.n)
        assert np.array_equal(run._state.heard_there, heard), feed
        run._state.fans8[:] += run._state.fans8 == 0  # as if all had heard fans
    run.advance(run.tick + 7)
    assert (heard == 0).any()
    assert not run._state.fans8[heard == 0].any()


# ---------------------------------------------------------------- surprises, crowding out


def test_presents_are_as_many_as_planned_where_as_many_tell() -> None:
    """Catches a chance from today's tellings, presents on other channels, and unpaid ones.

    Null: of U tellings each brings a present with probability min(1, 20 / U of yesterday).
    """
    scenario = TINY.replace(
        n_agents=MANY,
        ticks=120,
        **{"channels.weibo.surprises": 20.0, "channels.weibo.surprise_cost": 3.0},
    )
    result = kb.run(scenario, rng=3)
    c = list(scenario.channels).index("weibo")
    table = result.histories[0].table
    given = table[:, codes.T_SURPRISES : codes.T_SURPRISES + 8]
    told = table[:, codes.T_TELLS_POSITIVE + c] + table[:, codes.T_TELLS_NEGATIVE + c]
    chance = np.minimum(1.0, 20.0 / np.maximum(1, told[:-1]))
    expected = (told[1:] * chance * (told[:-1] > 0)).sum()
    spread = np.sqrt((told[1:] * chance * (1.0 - chance)).sum())
    assert given[0].sum() == 0 and given.sum() == given[:, c].sum() > 500
    assert abs(given.sum() - expected) < limit_z() * spread
    spent = spend(result.histories[0], scenario)["surprises"]
    assert np.array_equal(spent, 3.0 * given[:, c])


def test_who_got_a_present_tells_of_it_afterwards() -> None:
    """Catches a present that binds but is no story: with novelty, more is told."""
    stale = TINY.replace(
        n_agents=5_000,
        ticks=200,
        **{"telling.novelty_half_life": 3.0, "telling.novelty_floor": 0.05},
    )
    presents = stale.replace(**{f"channels.{c}.surprises": 30.0 for c in stale.channels})
    told = [int(kb.run(one, rng=3).data.tells.sum()) for one in (stale, presents)]
    assert told[1] > 1.1 * told[0]


def test_paid_recruiting_crowds_honour_out() -> None:
    """Catches a crowding that acts without a reward, or on gains that are no honour.

    exp(-.7 * .5) of what replies and honour gain, and nothing else: the same history.
    """
    paid = TINY.replace(**{"telling.referral_reward": 0.5})
    left = float(np.exp(-0.35))
    crowded = build_world(paid.replace(**{"telling.referral_crowding": 0.7}), 3).rules
    plain = build_world(paid, 3).rules
    changed = {
        n for n in plain._fields if not np.array_equal(getattr(plain, n), getattr(crowded, n))
    }
    assert changed == {"honour_gain", "reply_gain"}
    assert crowded.reply_gain == pytest.approx(plain.reply_gain * left, rel=1e-12)
    free = TINY.replace(**{"telling.referral_reward": 0.0})
    pair = (free, free.replace(**{"telling.referral_crowding": 0.7}))
    histories = [run_compiled(build_world(one, 3)) for one in pair]
    assert difference(*histories) is None


# ---------------------------------------------------------------- votes


def test_who_voted_buys_more() -> None:
    """Catches votes that nobody has, and a weight on who has not voted or on the rival's.

    One good, the rival's and waiting of equal worth, all three by luck: a third takes ours, with a
    weight of log 4 for voters 4 of 6.  Everybody uses it, and who is online on the first day votes.
    """
    node = {"need": 1.0, "simple": 1.0, "rewarding": 0.0, "fun": 0.0, "gives_reports": False}
    base = TINY.replace(
        n_agents=MANY,
        ticks=1,
        nodes={"vote": {**node, "vote": True}},
        media={},
        **{
            "participation.online": 1.0,
            "participation.join": 100.0,
            "goods.phone": {"product": "rom"},
            "buying.arrivals": [{"day": 0, "rate": 1.0}],
        },
    )
    bought = {}
    for weight in (0.0, float(np.log(4.0))):
        world = build_world(base.replace(**{"buying.vote_weight": weight}), 3)
        everybody = np.arange(world.rules.n, dtype=np.int32)
        table = run_compiled(with_people(world, seeds=everybody)).table
        assert table[0, codes.T_JOINS] > 0.5 * MANY
        asked = [table[0, codes.T_SOLD], table[0, codes.T_RIVAL_SOLD], table[0, codes.T_PUT_OFF]]
        assert sum(asked) > 5_000
        bought[weight] = (int(asked[0]), int(sum(asked)), table[0, codes.T_JOINS] / MANY)
    (plain, of, _), (eager, among, voted) = bought.values()
    assert abs(share_scores([plain], of, 1 / 3)[0]) < limit_z(2)
    assert abs(share_scores([eager], among, voted * 4 / 6 + (1 - voted) / 3)[0]) < limit_z(2)


# ---------------------------------------------------------------- moderators


def test_core_users_answer_like_staff() -> None:
    """Catches moderators who are counted in other tiers, rounded up, or add to no capacity.

    Three core users who each handle .34 complaints a day are one member of the staff.
    """

    def unhappy(staff: int, moderation: float) -> World:
        return with_rules(
            quiet_world(3, 9, seeds=(0, 1, 2)),
            bar=np.full(1, 1.5),
            complaint_rate=2.0,
            service_capacity=np.array([staff] + [0] * 7),
            moderation=np.array([moderation] + [0.0] * 7),
        )

    one = run_compiled(unhappy(1, 0.0))
    assert one.table[:, codes.T_ANSWERED].sum() + one.table[:, codes.T_UNHELPED].sum() == 9
    assert difference(run_compiled(unhappy(0, 0.34)), one) is None
    assert difference(run_compiled(unhappy(0, 0.33)), run_compiled(unhappy(0, 0.0))) is not None
    two = run_compiled(unhappy(2, 0.0))
    assert difference(run_compiled(unhappy(1, 0.34)), two) is None
    assert difference(two, one) is not None
