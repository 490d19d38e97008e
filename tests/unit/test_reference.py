"""The reference engine against sums done by hand, submodel by submodel, in worlds of a few people.

Each test names the fault it would catch.  Laws that hold in every world (counts are conserved,
recruitment is a forest) run over random worlds at the end.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests import codes
from tests.worlds import (
    ALWAYS,
    FULL16,
    FULL20,
    ONE26,
    quiet_world,
    random_world,
    with_people,
    with_rules,
)

from koubei_sim.core.draws import HAZARD_CAP, HAZARD_ONE, draw, exponential_units, stream
from koubei_sim.errors import KoubeiError
from koubei_sim.model.reference import PyramidModel, run_reference
from koubei_sim.model.reference.age import review_tiers
from koubei_sim.model.reference.coins import Coins, pick
from koubei_sim.model.reference.day import Day, EventTelling, Telling
from koubei_sim.model.reference.engagement import add_engagement, present_engagement, stick
from koubei_sim.model.reference.events import settle_events
from koubei_sim.model.reference.hear import keyed_order
from koubei_sim.model.reference.online import online
from koubei_sim.model.reference.release import file_report, release
from koubei_sim.model.reference.satisfaction import satisfaction
from koubei_sim.model.reference.tell import may_tell, message_hazard, sign_of
from koubei_sim.model.world.arrays import World

UNIT = 1 << 32
BOTH_WAYS = {(0, 1), (1, 0)}
USERS_TELL = np.array([[ALWAYS] * 4 + [0] * 3] * 8)
ALL_TELL = np.full((8, 7), ALWAYS)


def table_of(world: World, column: int) -> list[int]:
    return run_reference(world).table[:, column].tolist()


def adoptions(world: World) -> list[tuple[int, ...]]:
    """(tick, agent, recruiter, channel, generation) of all adoptions but the seeds'."""
    h = run_reference(world)
    return [
        (int(h.log_tick[e]), int(h.log_agent[e]), int(h.log_recruiter[e]), int(h.log_channel[e]),
         int(h.log_generation[e]))
        for e in range(len(h.log_tick))
        if h.log_kind[e] == codes.LOG_ADOPT and h.log_tick[e] >= 0
    ]  # fmt: skip


def hazards(value: float, world: World) -> np.ndarray:
    return np.full(world.rules.message_hazard.shape, int(value * UNIT))


def bar_of(world: World, bar: float) -> World:
    return with_rules(world, bar=np.full(world.rules.n_products, bar))


# ---------------------------------------------------------------- draws, online


def test_coins_are_pure_and_a_pick_stays_in_range():
    """Catches a base kept under a wrong address, and signed words above 2**63."""
    coins, other = Coins(2**64 - 1, 3), Coins(2**64 - 1, 3)
    first = [coins.word(p, t, j, i) for p in (1, 2) for t in (0, 9) for j in (0, 1) for i in (0, 5)]
    again = [other.word(p, t, j, i) for p in (1, 2) for t in (0, 9) for j in (0, 1) for i in (0, 5)]
    assert first == again
    assert len(set(first)) == 16
    assert all(0 <= word < 1 << 64 for word in first)
    assert [pick(bits, 5) for bits in (0, UNIT // 5, UNIT - 1)] == [0, 0, 4]


def test_online_means_a_draw_at_most_the_threshold():
    """Catches `<` for `<=`, and a wrong address of the coin."""
    world = quiet_world(1)
    coin = Coins(int(world.rules.key), 0).coin(codes.DRAW_ONLINE, 4, 0, 0)
    for threshold, expected in ((coin, 1), (coin - 1, 0)):
        changed = with_people(world, online_threshold=np.array([threshold], np.uint32))
        assert len(online(PyramidModel(changed), Day(4))) == expected


def test_talking_days_end():
    """Catches relays that talk for ever, start too early, or talk where relays are off."""
    world = quiet_world(1, seeds=())
    model = PyramidModel(with_rules(world, relay_on=1))
    model.people[0].stage, model.people[0].talk_until = codes.AWARE, 3
    assert [len(online(model, Day(t))) for t in (2, 3, 4)] == [1, 1, 0]
    model.rules = model.rules._replace(relay_on=0)
    assert online(model, Day(2)) == []
    model.people[0].stage = codes.REJECTED
    assert [len(online(model, Day(t))) for t in (3, 4)] == [1, 0]
    model.people[0].stage = codes.WAITING
    assert online(model, Day(2)) == []


# ---------------------------------------------------------------- release, fit


def two_readers(capacity: int) -> World:
    world = with_people(
        quiet_world(2, 20, nodes=2, seeds=(0, 1)), agent_class=np.array([0, 1], np.uint16)
    )
    return with_rules(
        world,
        class_level=np.array([127, 27], np.uint8),
        class_segment=np.zeros(2, np.uint8),
        class_enthusiast=np.array([1, 0], np.uint8),
        class_pays=np.array([1, 1], np.uint8),
        class_taste=np.array([0, 1], np.uint8),
        quality=np.array([0.5]),
        difficulty=np.array([0.6]),
        learn_quality=np.array([0.4]),
        learn_difficulty=np.array([0.3]),
        scale_quality=np.array([2.0]),
        scale_difficulty=np.array([4.0]),
        reading_capacity=np.array([capacity]),
    )


def test_release_learns_by_hand():
    """Catches swapped scales, a wrong sum of contents, a release on a wrong tick."""
    model = PyramidModel(two_readers(100))
    for person in model.people:
        file_report(model, Day(2), person, 0, 32768)
    release(model, Day(6))
    assert (model.quality, model.difficulty) == ([0.5], [0.6])
    day = Day(7)
    release(model, day)
    expert = (127 + 27) * 0.5 / 127
    newbie = (0 + 100) * 0.5 / 127
    assert model.quality[0] == pytest.approx(0.5 + 0.5 * (1 - math.exp(-expert / 2)) * 0.4, 1e-13)
    assert model.difficulty[0] == pytest.approx(
        0.6 - 0.6 * (1 - math.exp(-newbie / 4)) * 0.3, 1e-13
    )
    assert day.row[codes.T_REPORTS_READ] == 2
    before = model.quality[0]
    release(model, Day(14))
    assert model.quality[0] == before, "the pool was not emptied"


def test_the_smallest_priorities_are_read():
    """Catches reading the newest, the first or the largest draws."""
    model = PyramidModel(two_readers(1))
    for person in model.people:
        file_report(model, Day(2), person, 3, FULL16)
    words = [model.coins.word(codes.DRAW_REPORT, 2, 3, i) for i in (0, 1)]
    level = (127, 27)[words.index(min(words))]
    release(model, Day(7))
    assert model.quality[0] == pytest.approx(
        0.5 + 0.5 * (1 - math.exp(-level / 127 / 2)) * 0.4, 1e-13
    )


def test_honour_for_visible_progress_only():
    """Catches honour without progress, and a release story with a wrong number or life."""
    for progress, honoured in ((0.0, True), (0.9, False)):
        world = with_rules(
            two_readers(100), visible_progress=np.array([progress]), honour_gain=2.0,
            release_story32=ALWAYS,
        )  # fmt: skip
        model = PyramidModel(world)
        author = model.people[0]
        file_report(model, Day(1), author, 0, FULL16)
        file_report(model, Day(2), author, 1, FULL16)
        release(model, Day(7))
        assert author.engagement == (16.0 if honoured else 12.0)
        assert author.story == (world.rules.n_nodes if honoured else codes.NO_STORY)
        if honoured:
            assert (author.story_until, author.last_story) == (10, 7)
    release(model, Day(14))
    assert author.engagement == 12.0


def test_fit_table_by_hand():
    """Catches a gate, taste, price or launch that does not bite, or bites the wrong class."""
    world = with_rules(
        two_readers(1), product_taste=np.array([1]), off_taste=0.5, admission=0.25, open_to_all=2,
        launch=np.array([1]),
    )  # fmt: skip
    model = PyramidModel(world)
    expected = {
        0: [0, 0],
        1: [int(0.5 * 0.5 * 65536), int((0.5 - 0.6 * (1.0 - 27 / 127.0)) * 0.25 * 65536)],
        2: [int(0.5 * 0.5 * 65536), int((0.5 - 0.6 * (1.0 - 27 / 127.0)) * 65536)],
    }
    for t, row in expected.items():
        release(model, Day(t))
        assert model.fit16 == [row]
    model.rules = model.rules._replace(class_pays=[2, 1])
    model.difficulty = [0.9]
    release(model, Day(2))
    assert model.fit16 == [[0, 0]], "refused price, and a fit below 0 clipped"


# ---------------------------------------------------------------- satisfaction, engagement


def test_satisfaction_by_hand():
    """Catches a bonus after its end, a missing term, a wrong sign."""
    world = with_rules(two_readers(1), bar=np.array([0.3]), loyalty_bonus=0.4, service_bonus=0.2)
    model = PyramidModel(with_people(world, taste=np.array([0.0, -0.1])))
    user = model.people[1]
    user.served_until, user.served_worth = 5, 32768
    plain = 0.5 - 0.6 * (1 - 27 / 127) - 0.1 - 0.3 + 0.4 * 12 / 13
    day = Day(6)
    assert satisfaction(model, day, user) == pytest.approx(plain, 1e-14)
    assert day.unhappy == {1}
    day = Day(5)
    assert satisfaction(model, day, user) == pytest.approx(plain + 0.1, 1e-14)
    assert day.unhappy == set()
    indifferent = PyramidModel(bar_of(quiet_world(1), 1.0))
    assert satisfaction(indifferent, day, indifferent.people[0]) == 0.0
    assert day.unhappy == set(), "s = 0 is not unhappy"


def test_engagement_decays_from_its_last_change_and_promotes():
    """Catches decay applied twice, promotion by one tier only, invites forgotten."""
    world = quiet_world(2, seeds=())
    halving = 0.5 ** np.arange(world.rules.ticks + 2)
    world = with_rules(
        world,
        engagement_decay=np.stack([halving, np.ones_like(halving)]),
        invite_grant=np.array([1, 2, 200, 100]),
    )
    model = PyramidModel(world)
    user = model.people[0]
    user.engagement, user.engagement_at = 4.0, 0
    add_engagement(model, 2, user, 0.0)
    assert (user.engagement, user.engagement_at) == (4.0, 0), "a gain of 0 is no gain"
    assert present_engagement(model, 2, user) == 1.0
    add_engagement(model, 2, user, 6.0)
    assert (user.engagement, user.engagement_at, user.tier, user.invites) == (7.0, 2, 2, 202)
    add_engagement(model, 2, user, 3.0)
    assert (user.tier, user.invites) == (3, 255)
    stick(model, 3, user, 0)
    assert (user.engagement, user.engagement_at, user.rank) == (5.0, 3, 1)
    assert present_engagement(model, 5, user) == 5.0


# ---------------------------------------------------------------- participate, complain


def test_joining_fatigues_reports_and_gives_a_story():
    """Catches fatigue before the first join, reports without nodes, stories that do not last."""
    world = with_rules(
        quiet_world(1, 4, nodes=2),
        join32=np.array([[ALWAYS] * 128, [ALWAYS] * 128]),
        join_fatigue16=np.array([FULL16, 0] + [0] * 254),
        node_opens=np.array([0, 2]),
        node_reports=np.array([0, 1], np.uint8),
        node_reward=np.array([0.25, 0.5]),
        story32=np.array([ALWAYS, 0]),
    )
    h = run_reference(world)
    assert h.table[:, codes.T_JOINS : codes.T_JOINS + 2].tolist() == [
        [1, 0],
        [0, 0],
        [0, 1],
        [0, 0],
    ]
    assert h.table[:, codes.T_REPORTS].tolist() == [0, 0, 1, 0]
    model = PyramidModel(world)
    model.step()
    user = model.people[0]
    assert (user.story, user.story_until, user.last_story, user.engagement) == (0, 3, 0, 12.25)
    model.step()
    model.step()
    assert user.engagement == 12.75
    assert user.rank == 0
    sticky = PyramidModel(with_rules(world, node_channel=np.array([0, 0])))
    sticky.step()
    assert sticky.people[0].rank == 1
    away = with_people(with_rules(world, node_channel=np.array([0, 0])), channels=np.zeros(1, int))
    assert run_reference(away).table[:, codes.T_JOINS].sum() == 0, "not where the node lives"


def test_a_complaint_waits_for_its_answer():
    """Catches two pending complaints of one person, complaints of the happy, lost reports."""

    def complaining(n: int, bar: float) -> World:
        return with_rules(
            bar_of(quiet_world(n, 4, seeds=tuple(range(n))), bar),
            complaint_rate=2.0,
            service_capacity=np.array([1] + [0] * 7),
            channel_opens=np.array([1] + [0] * 7),
            answer32=0,
        )

    world = complaining(1, 1.5)
    assert table_of(world, codes.T_COMPLAINTS) == [0, 1, 1, 1], "handled each day, so free again"
    assert table_of(world, codes.T_REPORTS) == [0, 1, 1, 1]
    assert table_of(world, codes.T_UNHELPED) == [0, 1, 1, 1]
    assert table_of(complaining(1, 1.0), codes.T_COMPLAINTS) == [0] * 4, "s = 0 is not unhappy"
    assert table_of(complaining(2, 1.5), codes.T_COMPLAINTS) == [0, 2, 1, 1], "one waits in line"


def test_complaint_probability():
    """Catches a missing factor: s = -0.5, rate 0.5, so T = 2**30 exactly."""
    world = with_rules(
        bar_of(quiet_world(1, 60), 1.5), complaint_rate=0.5, service_capacity=np.full(8, 1)
    )
    coins = Coins(int(world.rules.key), 0)
    expected = [int(coins.coin(codes.DRAW_COMPLAIN, t, 0, 0) < 1 << 30) for t in range(60)]
    assert table_of(world, codes.T_COMPLAINTS) == expected
    assert 0 < sum(expected) < 60
    # Each answer of the day before doubles the rate: the coin meets 2**31 while it squeaks.
    loud = with_rules(world, squeaky_wheel=1.0, service_public=np.ones(8, np.uint8))
    filed = table_of(loud, codes.T_COMPLAINTS)
    before = [0, *filed[:-1]]
    assert filed == [
        int(coins.coin(codes.DRAW_COMPLAIN, t, 0, 0) < 1 << 30 + before[t]) for t in range(60)
    ]
    assert filed != expected
    stranger = with_people(world, channels=np.zeros(1, np.uint8))
    assert sum(table_of(stranger, codes.T_COMPLAINTS)) == 0, "not a member of the channel"


# ---------------------------------------------------------------- tell


def test_message_hazard_chain_by_hand():
    """Catches a factor left out or applied to the wrong sign or kind.

    An event that lifts visibility shows a message to more people, and persuades none of them more.
    """
    world = quiet_world(2, 4, nodes=1)
    table = np.arange(8 * 7 * 3 * 16).reshape(8, 7, 3, 16) * 1_000_003 + 5
    world = with_rules(
        world,
        message_hazard=table,
        repeat16=np.array([FULL16, 50_000] + [40_000] * 254),
        lift_visibility16=np.full((8, 4), 100_000),
        negativity16=90_000,
        waiting16=30_000,
    )
    model = PyramidModel(world)
    user = model.people[0]
    user.told[0] = 1
    user.story, user.story_until = 1, 2
    h = (5 + (3 * 48 + 2 * 16) * 1_000_003) * 50_000 >> 16
    assert message_hazard(model, Day(2), user, codes.CORE, 0, 1, 0, False) == h
    assert message_hazard(model, Day(2), user, codes.CORE, 0, -1, 0, False) == h * 90_000 >> 16
    plain = (5 + 3 * 48 * 1_000_003) * 50_000 >> 16
    assert message_hazard(model, Day(3), user, codes.CORE, 0, 1, 0, False) == plain, "story is over"
    waiter = model.people[1]
    waiting = 5 + 5 * 48 * 1_000_003
    assert (
        message_hazard(model, Day(2), waiter, codes.KIND_WAITING, 0, -1, 0, False)
        == (waiting * 90_000 >> 16) * 30_000 >> 16
    )
    model.rules = model.rules._replace(negativity16=1 << 60)
    assert message_hazard(model, Day(2), user, codes.CORE, 0, -1, 0, False) == HAZARD_CAP


def test_who_tells_what():
    """Catches a wrong sign for a kind, relays beyond the last hop, closed channels."""
    model = PyramidModel(with_rules(quiet_world(1), tell32=ALL_TELL, waiting_sign=-1))
    person, day = model.people[0], Day(1)
    signs = [sign_of(model, day, person, kind) for kind in (3, 4, 5, 6)]
    assert signs == [1, 1, -1, -1]
    person.sign_heard = -1
    assert sign_of(model, day, person, codes.KIND_RELAY) == -1
    person.hop_heard = 14
    assert may_tell(model, day, person, codes.KIND_RELAY, 0)
    person.hop_heard = 15
    assert not may_tell(model, day, person, codes.KIND_RELAY, 0)
    assert may_tell(model, day, person, codes.KIND_WAITING, 0)
    model.rules = model.rules._replace(waiting16=0)
    assert not may_tell(model, day, person, codes.KIND_WAITING, 0)
    model.rules = model.rules._replace(channel_opens=[2] * 8)
    assert [may_tell(model, Day(t), person, 3, 0) for t in (1, 2)] == [False, True]


def test_telling_rate_falls_with_the_age_of_the_story():
    """Catches novelty counted from adoption, and T shifted before all factors are in."""
    world = with_rules(
        quiet_world(1, 40),
        tell32=USERS_TELL,
        novelty16=np.array([FULL16] + [20_000] * 41),
        lift_tell16=np.full((8, 40), 90_000),
    )
    coins = Coins(int(world.rules.key), 0)
    limit = (ALWAYS * 20_000 >> 16) * 90_000 >> 16
    expected = [1] + [int(coins.coin(codes.DRAW_TELL, t, 0, 0) < limit) for t in range(1, 40)]
    assert table_of(world, codes.T_TELLS_POSITIVE) == expected


def test_first_telling_story_reply_and_event():
    """Catches a second first telling, a story told twice, replies that do not bind."""
    world = with_rules(
        quiet_world(1, nodes=1), tell32=USERS_TELL, reply32=np.full(8, ALWAYS), reply_gain=0.5,
        event_gain=np.full((8, 5), 4.0), event_saturation=np.full((8, 5), 3.0),
    )  # fmt: skip
    model = PyramidModel(world)
    user = model.people[0]
    user.story, user.story_until = 0, 9
    model.step()
    assert user.story == codes.NO_STORY
    assert (user.told[0], user.told_positive, user.rank) == (1, {0}, 1)
    assert user.engagement == 12.0 + 0.5 + 4.0 * (1 / 4)
    row = model.table[0]
    assert row[codes.T_REPLIES] == row[codes.T_EVENT_PARTICIPANTS] == row[codes.T_TELLS_HOP] == 1


# ---------------------------------------------------------------- meetings


def test_meeting_cap_gain_and_ties():
    """Catches places given by number instead of lot, one-way ties, ties of the same day."""
    world = with_rules(
        quiet_world(6, 3, seeds=(0, 1, 2, 3, 4, 5)),
        meeting_at=np.array([-1, 0, -1]),
        meeting_channel=np.array([0]),
        meeting_attend32=np.array([ALWAYS]),
        meeting_cap=np.array([4]),
        meeting_gain=np.array([1.0]),
        meeting_ties=np.array([3]),
        tell32=USERS_TELL,
    )
    model = PyramidModel(world)
    for _ in range(3):
        model.step()
    lots = [model.coins.word(codes.DRAW_MEET, 1, 0, i) for i in range(6)]
    there = sorted(range(6), key=lots.__getitem__)[:4]
    gains = [model.people[i].engagement - 12.0 for i in range(6)]
    assert gains == [1.0 if i in there else 0.0 for i in range(6)]
    # Four people in a circle: (4 - 1) // 2 = 1 neighbour on each side.
    ties = {(u, v) for u in range(6) for v, tie in model.listeners[0][u] if tie == 255}
    circle = {(there[k], there[(k + 1) % 4]) for k in range(4)}
    assert ties == circle | {(v, u) for u, v in circle}
    assert [row[codes.T_ARCS_TOLD] for row in model.table] == [0, 0, 8]
    assert [row[codes.T_ARCS_HEARD] for row in model.table] == [0, 0, 0]


# ---------------------------------------------------------------- hear


def test_a_chain_adopts_one_link_a_day():
    """Catches adopters who act in the tick they adopt, wrong recruiter, channel, generation."""
    world = with_rules(quiet_world(3, arcs={0: {(0, 1), (1, 2)}}), tell32=USERS_TELL)
    assert adoptions(world) == [(0, 1, 0, 0, 1), (1, 2, 1, 0, 2)]
    assert table_of(world, codes.T_NEWLY_AWARE) == [1, 1, 0, 0, 0]
    assert table_of(world, codes.T_ARCS_HEARD) == [1, 1, 0, 0, 0]


def test_hazard_adds_up_and_leaks():
    """Catches hazard that does not add up or leak: 0.4 three times is over 1, halved never."""
    world = quiet_world(2, 8, arcs={0: BOTH_WAYS})
    world = with_rules(world, tell32=USERS_TELL, message_hazard=hazards(0.4, world))
    assert [row[0] for row in adoptions(world)] == [2]
    halving = (FULL20 * 0.5 ** np.arange(10)).astype(np.int64)
    assert adoptions(with_rules(world, memory_leak=1, memory20=halving)) == []
    assert table_of(world, codes.T_NEWLY_AWARE)[:4] == [1, 0, 0, 0]


def sees(world: World, t: int, c: int, teller: int, listener: int, limit: int) -> bool:
    """The coin of teller and listener, by hand: of all who tell on a feed, each has its own."""
    base = stream(world.rules.key, world.rules.replicate, codes.DRAW_SEE, t, c)
    return int(draw(draw(base, teller), listener)) >> 32 < limit


def test_a_message_is_seen_by_a_coin_of_teller_and_listener():
    """Catches a wrong address, a probability for a hazard, a lift that does not act or acts twice.

    Nobody is persuaded, so that all listeners go on hearing; a sight is 0.3 with certainty, so that
    the hazard of a person counts what it has seen.
    """
    n, ticks = 12, 6
    world = quiet_world(
        n, ticks, arcs={0: {(u, v) for u in (0, 1) for v in range(2, n)}}, seeds=(0, 1)
    )
    world = with_people(world, resist_adopt=np.full(n, 37 * ONE26, np.uint32))
    lift = np.full((8, ticks), FULL16)
    lift[0, 3] = 3 * FULL16
    world = with_rules(
        world, tell32=USERS_TELL, message_hazard=hazards(0.3, world),
        see_hazard=np.full(8, int(0.4 * UNIT)), lift_visibility16=lift,
    )  # fmt: skip
    model = PyramidModel(world)
    seen = [0] * n
    for t in range(ticks):
        model.step()
        limit = int((1.0 - math.exp(-0.4 * (3 if t == 3 else 1))) * UNIT)
        for i in range(2, n):
            seen[i] += sum(sees(world, t, 0, teller, i, limit) for teller in (0, 1))
        assert [person.hazard for person in model.people] == [k * int(0.3 * UNIT) for k in seen]
        assert [p.stage == codes.AWARE for p in model.people[2:]] == [k > 0 for k in seen[2:]]
    assert 0 < min(seen[2:]) < max(seen) < 2 * ticks


def test_the_first_sight_can_persuade():
    """Catches a message that only makes aware, and one that persuades whom it does not reach."""
    n = 200
    world = quiet_world(n, 1, arcs={0: {(0, v) for v in range(1, n)}})
    world = with_rules(world, tell32=USERS_TELL, see_hazard=np.full(8, int(0.5 * UNIT)))
    limit = int((1.0 - math.exp(-0.5)) * UNIT)
    seen = [i for i in range(1, n) if sees(world, 0, 0, 0, i, limit)]
    assert [row[1] for row in adoptions(world)] == seen
    assert table_of(world, codes.T_NEWLY_AWARE) == [len(seen)]
    assert table_of(world, codes.T_STAGE + codes.UNAWARE) == [n - 1 - len(seen)]


def test_ties_fit_and_attention_scale_praise():
    """Catches a factor forgotten: 0.8 alone needs 2 tellings, halved by tie or fit 3."""
    world = quiet_world(3, 8, arcs={0: {(0, 2), (1, 2)}}, seeds=(0,))
    world = with_rules(world, tell32=USERS_TELL, message_hazard=hazards(0.8, world))
    assert [row[0] for row in adoptions(world)] == [1]
    tied = world._replace(
        graphs=world.graphs._replace(ties=(np.array([7, 9], np.uint8), *world.graphs.ties[1:]))
    )
    tie16 = np.full((8, 256), FULL16)
    tie16[0, 7] = FULL16 // 2
    on = np.array([1] + [0] * 7, np.uint8)
    assert [row[0] for row in adoptions(with_rules(tied, tie_on=on, tie16=tie16))] == [2]
    assert [row[0] for row in adoptions(with_rules(world, quality=np.array([0.5])))] == [2]
    attention16 = np.full((8, 1, 256), FULL16)
    attention16[:, :, 1] = FULL16 // 2
    crowded = with_rules(world, attention_on=1, attention16=attention16)
    # Attention acts on the coin: half of the messages are seen, and those persuade in full.
    days = [t for t in range(8) if sees(crowded, t, 0, 0, 2, UNIT // 2)]
    assert days != list(range(8))
    assert [row[0] for row in adoptions(crowded)] == [days[1]]
    assert table_of(crowded, codes.T_NEWLY_AWARE) == [int(t == days[0]) for t in range(8)]


def test_blame_is_heard_before_praise_and_not_weighed_by_fit():
    """Catches praise first (person 2 would adopt), and fit on bad news."""
    world = quiet_world(3, 3, arcs={0: {(0, 2), (1, 2)}}, seeds=(0, 1))
    world = bar_of(with_people(world, taste=np.array([0.2, -0.2, 0.0])), 0.5)
    world = with_rules(
        world, tell32=USERS_TELL, quality=np.array([0.5]), rejection_on=1, rejecter_days=1,
        rejected_return=0,
    )  # fmt: skip
    h = run_reference(world)
    assert h.table[:, codes.T_REJECTIONS].tolist() == [1, 0, 0]
    assert h.table[:, codes.T_STAGE + codes.REJECTED].tolist() == [1, 1, 1]
    # Without rejection: -1.1 from blame that fit would halve, +0.8 * fit 1/2: never above 0.
    weak = with_rules(world, rejection_on=0, message_hazard=hazards(0.8, world))
    model = PyramidModel(with_rules(weak, negativity16=FULL16 // 2))
    model.step()
    assert model.people[2].hazard == 2 * (int(0.8 * UNIT) // 2) - 2 * (int(0.8 * UNIT) // 2)
    assert model.people[2].product_heard == 0
    assert model.people[2].sign_heard == -1


def test_rejecters_blame_for_their_days_and_return():
    """Catches rejecters who talk today, too long or nicely, and a wrong tick of return."""
    world = quiet_world(3, 12, arcs={0: {(0, 1), (1, 2)}})
    world = bar_of(world, 1.5)  # the seed is unhappy
    tell = np.zeros((8, 7), np.int64)
    tell[:, [3, 6]] = ALWAYS
    world = with_rules(world, tell32=tell, rejection_on=1, rejecter_days=2, rejected_return=5)
    h = run_reference(world)
    assert h.table[:3, codes.T_REJECTIONS].tolist() == [1, 1, 0]
    assert h.table[:4, codes.T_TELLS_REJECTER].tolist() == [0, 1, 2, 1]
    word = Coins(int(world.rules.key), 0).word(codes.DRAW_RETURN, 0, codes.REJECTED, 1)
    gap = -math.log((word >> 11) / 2**53) * 5
    assert abs(gap - round(gap)) > 1e-6
    first = h.table[:, codes.T_RETURNS].tolist().index(1)
    word_2 = Coins(int(world.rules.key), 0).word(codes.DRAW_RETURN, 1, codes.REJECTED, 2)
    gap_2 = -math.log((word_2 >> 11) / 2**53) * 5
    assert first == min(1 + int(gap), 2 + int(gap_2))


def test_reinforcement_counts_first_tellings():
    """Catches counting every telling, or adopting with too few tellers."""
    world = quiet_world(3, 4, arcs={0: {(0, 2), (1, 2)}})
    world = with_rules(world, tell32=USERS_TELL, reinforcement_on=1)
    world = with_people(world, need=np.array([1, 1, 2], np.uint16))
    assert adoptions(world) == []
    assert [row[:2] for row in adoptions(with_people(world, seeds=np.array([0, 1], np.int32)))] == [
        (0, 2)
    ]
    twice = {0: {(0, 2)}, 1: {(0, 2)}}
    other = quiet_world(3, 4, arcs=twice)
    other = with_rules(other, tell32=USERS_TELL, reinforcement_on=1)
    other = with_people(other, need=np.array([1, 1, 2], np.uint16))
    assert [row[:3] for row in adoptions(other)] == [(0, 2, 0)], "(teller, channel) pairs count"


def test_relays_pass_it_on_for_their_days():
    """Catches relays that start today, talk too long, or hops that are not counted."""
    path = {(0, 1), (1, 2), (2, 3)}
    world = with_rules(quiet_world(4, 5, arcs={0: path}), tell32=ALL_TELL, relay_on=1, relay_days=2)
    world = with_rules(with_people(world, resist_adopt=np.full(4, 41 * ONE26, np.uint32)))
    h = run_reference(with_rules(world, message_hazard=hazards(0.01, world)))
    assert h.table[:, codes.T_NEWLY_AWARE].tolist() == [1, 1, 1, 0, 0]
    assert h.table[:, codes.T_TELLS_RELAY].tolist() == [0, 1, 2, 2, 1]
    assert h.table[:, codes.T_TELLS_HOP + 1].tolist() == [0, 1, 1, 0, 0]
    assert h.table[:, codes.T_TELLS_HOP + 3].tolist() == [0, 0, 0, 1, 1]


def test_nobody_adopts_what_has_no_fit():
    """Catches claims without fit: somebody without any resistance who would never pay."""
    world = with_rules(quiet_world(2, arcs={0: BOTH_WAYS}), tell32=USERS_TELL)
    world = with_people(world, resist_adopt=np.zeros(2, np.uint32))
    assert len(adoptions(world)) == 1
    assert adoptions(with_rules(world, class_pays=np.zeros(1, np.uint8))) == []


def test_a_board_counts_once_for_reinforcement():
    """Catches a board that reinforces itself every day; a second source does count."""
    world = with_rules(quiet_world(2, boards=(0,)), tell32=USERS_TELL, reinforcement_on=1)
    world = with_people(world, need=np.array([1, 2], np.uint16))
    assert adoptions(world) == []
    ads = {name: np.array([0]) for name in ("media_channel", "media_product", "media_start")}
    ads |= {"media_end": np.array([1]), "media_hazard": np.array([1])}
    ads |= {"media_see32": np.array([ALWAYS])}
    assert adoptions(with_rules(world, **ads)) == [(0, 1, codes.RECRUITER_MEDIA, 0, 1)]


def test_keyed_order_of_tellers():
    """Catches a direction or an offset that is off by one."""
    model = PyramidModel(quiet_world(5))
    words = [Telling(person, 0, 1, 0, 0, 0, False) for person in model.people]
    up = [x.teller.number for x in keyed_order(words, 2, False)]
    down = [x.teller.number for x in keyed_order(words, 2, True)]
    assert (up, down) == ([2, 3, 4, 0, 1], [1, 0, 4, 3, 2])


def test_recruiter_follows_the_order_of_the_day():
    """Catches an order read from other bits of the draw than the text says."""
    n = 6
    world = quiet_world(
        n, 1, arcs={0: {(u, n - 1) for u in range(n - 1)}}, seeds=tuple(range(n - 1))
    )
    world = with_rules(world, tell32=USERS_TELL)
    seen = set()
    for key in range(40):
        z = Coins(key, 0).word(codes.DRAW_ORDER, 0, 0, 0)
        offset = ((z % UNIT) * n) // UNIT
        if (z ^ (z >> 63)) % 2:
            order = [*range(offset - 1, -1, -1), *range(n - 2, offset - 1, -1)]
        else:
            order = [*range(offset, n - 1), *range(offset)]
        seen.add(order[0])
        assert adoptions(with_rules(world, key=np.uint64(key)))[0][2] == order[0]
    assert len(seen) > 2


def page_by_hand(word: int, posts: int, seen: float) -> list[int]:
    """The posts that a member reads: how many by the upper bits, from where on by the lower."""
    coin, at_most, number = (word >> 32) / UNIT, 0.0, -1
    while number < posts and at_most <= coin:
        number += 1
        at_most += math.comb(posts, number) * seen**number * (1 - seen) ** (posts - number)
    start = (word % UNIT) * posts // UNIT
    return [(start + k) % posts for k in range(number)]


def test_board_by_hand():
    """Catches readers per person instead of per post, a wrong divisor, a page that is not a circle.

    Three seeds post to all 40 members, the second and third as repeats with 1/2 and 1/4 of the
    force; a post has 10 readers, so a member sees each with probability 1/4.
    """
    n = 40
    board = quiet_world(n, 1, boards=(0,), seeds=(0, 1, 2))
    board = with_rules(
        board, tell32=USERS_TELL, readers_per_post=np.full(8, 10.0),
        message_hazard=hazards(0.8, board),
        repeat16=np.array([FULL16, FULL16 // 2, FULL16 // 4] + [0] * 253),
    )  # fmt: skip
    board = with_people(board, resist_adopt=np.full(n, 37 * ONE26, np.uint32))
    lifted = np.full((8, 1), 2 * FULL16)
    for world, seen in (
        (board, 0.25),
        (with_rules(board, reading=np.full(8, 0.3)), 0.1),
        (with_rules(board, lift_visibility16=lifted), 0.5),
        (with_rules(board, lift_visibility16=lifted, reading=np.full(8, 0.3)), 0.1),
    ):
        model = PyramidModel(world)
        for seed in range(3):
            model.people[seed].told[0] = seed
        model.step()
        pages = set()
        for person in model.people[3:]:
            word = model.coins.word(codes.DRAW_READ, 0, 0, person.number)
            page = page_by_hand(word, 3, seen)
            assert person.hazard == sum(int(0.8 * UNIT) >> k for k in page)
            assert person.stage == (codes.AWARE if page else codes.UNAWARE)
            pages.add(tuple(page))
        assert {(), (0,), (1,), (2,)} <= pages
        assert (2, 0) in pages or seen < 0.25, "a page goes on with the first post"


def test_blame_on_a_board_has_draws_of_its_own():
    """Catches blame read by the draw of praise: who reads one would read the other."""
    n = 60
    world = bar_of(quiet_world(n, 1, boards=(0,), seeds=(0, 1)), 0.5)
    world = with_people(
        world,
        taste=np.where(np.arange(n) == 1, -0.2, 0.2),
        resist_adopt=np.full(n, 37 * ONE26, np.uint32),
        resist_reject=np.full(n, 37 * ONE26, np.uint32),
    )
    world = with_rules(
        world, tell32=USERS_TELL, quality=np.array([0.5]), readers_per_post=np.full(8, 0.3 * n),
        message_hazard=hazards(0.8, world),
    )  # fmt: skip
    model = PyramidModel(world)
    model.step()
    full, found = int(0.8 * UNIT), set()
    for person in model.people[2:]:
        blamed, praised = (
            bool(page_by_hand(model.coins.word(codes.DRAW_READ, 0, address, person.number), 1, 0.3))
            for address in (32, 0)
        )
        assert person.hazard == praised * (full * (FULL16 // 2) >> 16) - blamed * full
        found.add((blamed, praised))
    assert len(found) == 4


def test_board_recruiter_is_on_the_page_and_newcomers_join():
    """Catches a pick among posts that were not read, and boards joined before they open."""
    world = quiet_world(30, 1, boards=(0, 1), seeds=(0, 1, 2))
    world = with_people(world, channels=np.array([3] * 3 + [1] * 27, np.uint8))
    world = with_rules(
        world, tell32=USERS_TELL, join_board32=np.full(8, ALWAYS), readers_per_post=np.full(8, 12.0)
    )
    coins, expected, pages = Coins(int(world.rules.key), 0), [], set()
    for i in range(3, 30):
        page = page_by_hand(coins.word(codes.DRAW_READ, 0, 0, i), 3, 12 / 30)
        if page:
            place = pick(coins.coin(codes.DRAW_BOARD_PICK, 0, 0, i), len(page))
            expected.append((0, i, page[place], 0, 1))
        pages.add(tuple(page))
    assert adoptions(world) == expected
    assert {len(page) for page in pages} >= {0, 1, 2}
    assert table_of(world, codes.T_MEMBERS + 1) == [3 + len(expected)]
    late = with_rules(world, channel_opens=np.array([0, 1] + [0] * 6))
    assert table_of(late, codes.T_MEMBERS + 1) == [3]


def test_own_media_reach_members_in_their_days():
    """Catches an open end, media on closed channels, a wrong recruiter or generation."""
    world = with_rules(
        with_people(quiet_world(3, 4), channels=np.array([1, 1, 0], np.uint8)),
        media_channel=np.array([0]),
        media_product=np.array([0]),
        media_start=np.array([1]),
        media_end=np.array([2]),
        media_see32=np.array([ALWAYS]),
        media_hazard=np.array([HAZARD_ONE]),
    )
    assert adoptions(world) == [(1, 1, codes.RECRUITER_MEDIA, 0, 1)]
    assert table_of(world, codes.T_ADOPTIONS_MEDIA) == [0, 1, 0, 0]
    assert adoptions(with_rules(world, channel_opens=np.full(8, 2))) == []


def test_those_with_the_largest_coins_see_a_campaign():
    """Catches `>` for `>=`, the smallest coins, and one coin for all campaigns."""
    world = with_rules(
        quiet_world(9, 1),
        media_channel=np.zeros(2, int),
        media_product=np.zeros(2, int),
        media_start=np.array([1, 0]),
        media_end=np.full(2, 9),
        media_hazard=np.full(2, HAZARD_ONE),
    )
    coins = [Coins(int(world.rules.key), 0).coin(codes.DRAW_SEE_MEDIA, 0, 1, i) for i in range(9)]
    third = sorted(coins[1:])[-3]
    for see32, number in ((UNIT - third, 3), (UNIT - third - 1, 2)):
        seen = adoptions(with_rules(world, media_see32=np.array([ALWAYS, see32])))
        assert [row[1] for row in seen] == [i for i in range(1, 9) if coins[i] >= UNIT - see32]
        assert len(seen) == number


# ---------------------------------------------------------------- decide, supply


def test_rival_offers_fall_when_the_hazard_passes():
    """Catches offers a tick early or late, and offers that take users."""
    world = with_rules(quiet_world(3, 30), rival_on=1, rival_cumulative=np.arange(30) * ONE26 // 10)
    coins = Coins(int(world.rules.key), 0)
    falls = [
        math.ceil(-math.log((coins.word(codes.DRAW_RIVAL, 0, 0, i) >> 11) / 2**53) * 10)
        for i in (1, 2)
    ]
    taken = table_of(world, codes.T_RIVAL_TAKEN)
    assert taken == [falls.count(t) for t in range(30)]
    assert sum(taken) == 2


def test_an_offer_falls_when_the_hazard_is_reached_exactly():
    """Catches `>` for `>=` at the threshold of an offer, and two offers on one day."""
    world = with_rules(quiet_world(2, 4), rival_on=1, replacement_days=1)
    bits = np.uint64(Coins(int(world.rules.key), 0).word(codes.DRAW_RIVAL, 0, 0, 1))
    at = int(exponential_units(bits))
    world = with_rules(world, rival_cumulative=np.array([0, at - 1, at, at + 1]))
    assert table_of(world, codes.T_RIVAL_TAKEN)[:3] == [0, 0, 1]
    model = PyramidModel(with_rules(world, rival_cumulative=np.full(4, 1 << 40)))
    for offers in (1, 2, 3, 4):
        model.step()
        assert [person.offers for person in model.people] == [offers, offers]


def test_who_never_heard_of_it_comes_back_unaware():
    """Catches a way back that teaches, and a mark that outlives the way back.

    Person 1 is aware from the start and comes back aware; person 2 comes back unaware, is told
    of it by a campaign, and comes back aware the second time.
    """
    world = with_people(quiet_world(3, 60), initial_stage=np.array([0, 1, 0], np.uint8))
    world = with_rules(
        world, rival_on=1, rival_cumulative=np.arange(60) * ONE26, replacement_days=1,
        media_channel=np.array([0]), media_product=np.array([0]), media_start=np.array([0]),
        media_end=np.array([60]), media_hazard=np.array([0]), media_see32=np.array([0]),
    )  # fmt: skip
    h = run_reference(world)
    taken, back = (
        h.table[:, [a, b]].sum(axis=0).tolist()
        for a, b in (
            (codes.T_RIVAL_TAKEN, codes.T_RIVAL_TAKEN_UNAWARE),
            (codes.T_RETURNS, codes.T_RETURNS_UNAWARE),
        )
    )
    assert 0 < back[1] < back[0]
    assert taken[1] - back[1] in (0, 1)
    people = h.log_agent[h.log_kind == codes.LOG_RIVAL].tolist()
    assert [people.count(1), people.count(2)] == [taken[0] - taken[1], taken[1]]
    first = h.table[:, codes.T_RETURNS_UNAWARE].tolist().index(1)
    told = with_rules(
        world, media_start=np.array([first + 1]), media_see32=np.array([ALWAYS]),
        rival_cumulative=np.arange(60) * ONE26 // 2,
    )  # fmt: skip
    h = run_reference(told)
    assert h.table[first + 1 :, codes.T_RIVAL_TAKEN].sum() > 2
    stage = h.table[:, codes.T_STAGE : codes.T_STAGE + 2]
    aware_again = np.nonzero(h.table[:, codes.T_NEWLY_AWARE])[0]
    assert len(aware_again) == 1
    assert stage[aware_again[0] :, codes.UNAWARE].tolist() == [0] * (60 - aware_again[0])


def scarce_world() -> World:
    """Seed 0 convinces 1, 2 and 3 on the first day; units come on day 2."""
    world = quiet_world(4, 5, arcs={0: {(0, 1), (0, 2), (0, 3)}})
    return with_rules(world, tell32=USERS_TELL, supply_on=1, units=np.array([0, 0, 2, 0, 0]))


def test_units_go_by_lottery():
    """Catches sales before the round, by order of arrival, or beyond the stock."""
    world = scarce_world()
    coins = Coins(int(world.rules.key), 0)
    lots = sorted((coins.word(codes.DRAW_LOTTERY, 2, 0, i), i) for i in (1, 2, 3))
    assert sorted(row[:3] for row in adoptions(world)) == sorted((2, i, 0) for _, i in lots[:2])
    assert table_of(world, codes.T_STAGE + codes.WAITING) == [3, 3, 1, 1, 1]
    plenty = with_rules(world, units=np.array([0, 0, 9, 0, 0]))
    assert table_of(plenty, codes.T_STOCK) == [0, 0, 6, 6, 6]


def test_stock_sells_every_day():
    """Catches stock that waits for a round: units are there before anybody wants one."""
    world = with_rules(scarce_world(), units=np.array([2, 0, 0, 1, 0]))
    assert [row[0] for row in adoptions(world)] == [0, 0, 3]
    early = with_rules(
        with_people(world, online_threshold=np.array([0, *[0xFFFFFFFF] * 3], np.uint32)),
        tell32=np.zeros((8, 7), np.int64), media_channel=np.array([0]),
        media_product=np.array([0]), media_start=np.array([2]), media_end=np.array([3]),
        media_hazard=np.array([HAZARD_ONE]), media_see32=np.array([ALWAYS]),
    )  # fmt: skip
    assert [row[0] for row in adoptions(early)] == [2, 2, 3]
    assert table_of(early, codes.T_STOCK) == [2, 2, 0, 0, 0]


def test_an_invite_is_the_first_claim_to_a_unit():
    """Catches invites that are units of their own, that lapse overnight, or are given by number."""
    world = with_rules(scarce_world(), invite_grant=np.array([1, 0, 0, 0]))
    coins = Coins(int(world.rules.key), 0)
    first = min((coins.word(codes.DRAW_INVITE, 0, 0, i), i) for i in (1, 2, 3))[1]
    assert table_of(world, codes.T_INVITED) == [0, 0, 1, 0, 0]
    assert table_of(world, codes.T_LOTTERY) == [0, 0, 1, 0, 0]
    lots = sorted((coins.word(codes.DRAW_LOTTERY, 2, 0, i), i) for i in (1, 2, 3) if i != first)
    assert sorted(row[:2] for row in adoptions(world)) == sorted([(2, first), (2, lots[0][1])])
    # Where there is one unit, it is the invited one's, whatever the lot.
    for key in range(8):
        other = with_rules(world, key=np.uint64(key), units=np.array([0, 1, 0, 0, 0]))
        coins = Coins(key, 0)
        first = min((coins.word(codes.DRAW_INVITE, 0, 0, i), i) for i in (1, 2, 3))[1]
        assert [row[:2] for row in adoptions(other)] == [(1, first)]
    # The invite was spent when the wait began, so the recruiter has none for later ones.
    model = PyramidModel(world)
    model.step()
    assert [person.invited for person in model.people[1:]].count(True) == 1
    assert model.people[0].invites == 0


def test_giving_up():
    """Catches giving up on the first day, and a wrong place to go."""
    world = with_rules(scarce_world(), give_up32=ALWAYS)
    h = run_reference(world)
    assert h.table[:2, codes.T_GIVE_UPS].tolist() == [0, 3]
    assert h.table[1, codes.T_STAGE + codes.AWARE] == 3
    rival = run_reference(with_rules(world, give_up_rival32=ALWAYS))
    assert rival.table[1, codes.T_STAGE + codes.RIVAL] == 3
    assert rival.table[:, codes.T_GIVE_UPS_RIVAL].tolist() == [0, 3, 0, 0, 0]
    assert (h.log_kind[h.log_tick == 1] == codes.LOG_GIVE_UP).sum() == 3
    assert (rival.log_kind == codes.LOG_RIVAL).sum() == 3
    assert set(rival.log_recruiter) == {-1}, "only adoptions name who won the person"


# ---------------------------------------------------------------- serve, age


def unhappy_three(**changes: object) -> World:
    """Three unhappy seeds who complain at once; one answer a day."""
    world = bar_of(quiet_world(3, 5, seeds=(0, 1, 2)), 1.5)
    defaults: dict[str, object] = {
        "complaint_rate": 2.0,
        "service_capacity": np.array([1] + [0] * 7),
        "answer_worth16": np.arange(4 * 64)[::-1] * 100,
        "bonus_days": 2,
        "answer_gain": 1.0,
    }
    return with_rules(world, **(defaults | changes))


def test_the_queue_is_keyed_and_answers_lose_worth():
    """Catches a stack for a queue, a worth of the wrong day, engagement without worth."""
    model = PyramidModel(unhappy_three())
    lots = [model.coins.word(codes.DRAW_QUEUE, 0, 0, i) for i in range(3)]
    order = sorted(range(3), key=lots.__getitem__)
    model.step()
    first = model.people[order[0]]
    assert (first.served_worth, first.served_until, first.complaint_pending) == (25500, 2, False)
    assert first.engagement == 12.0 + 25500 / 65536.0
    assert first.rank == 1
    model.step()
    assert model.people[order[1]].served_worth == (255 - 64) * 100
    assert [p.complaint_pending for p in model.people].count(True) == 2
    wide = PyramidModel(unhappy_three(service_capacity=np.array([4] + [0] * 7)))
    wide.step()
    assert [wide.people[i].served_worth for i in order] == [25500, 25500 - 1600, 25500 - 3200]


def test_patience_ends():
    """Catches complaints dropped a day early or late: patience 0 drops what waited 1 day."""
    world = unhappy_three(patience=0, answer_worth16=np.full(64, FULL16))
    assert table_of(world, codes.T_DROPPED)[:2] == [0, 2]
    # Who was dropped is free to complain again on the next day.
    assert table_of(world, codes.T_COMPLAINTS)[:3] == [3, 1, 3]
    assert table_of(unhappy_three(patience=1), codes.T_DROPPED)[:3] == [0, 0, 1]


def test_squeaky_wheel():
    """Catches squeak from private answers, or a wrong share: 1 of 3 answered."""
    for public, squeak in ((1, 1.0 + 3.0 * (1 / 3)), (0, 1.0)):
        world = unhappy_three(squeaky_wheel=3.0, service_public=np.full(8, public, np.uint8))
        model = PyramidModel(world)
        model.step()
        assert model.squeak == squeak


def test_the_unserved_leave_and_the_served_stay():
    """Catches leaving in spite of an answer; leavers in the queue must cost no capacity."""
    model = PyramidModel(unhappy_three(lapse32=ALWAYS))
    model.step()
    assert [person.stage for person in model.people].count(codes.LAPSED) == 2
    assert model.table[0][codes.T_LAPSES] == 2
    model.step()
    assert model.queues[0] == []
    both = run_reference(unhappy_three(lapse32=ALWAYS, churn32=np.full(4, ALWAYS)))
    assert both.table[0, [codes.T_CHURNS, codes.T_LAPSES]].tolist() == [3, 0]
    assert (both.log_kind == codes.LOG_LAPSE).sum() == 3


def test_leaving_of_itself_is_a_coin_of_the_day_and_the_tier_of_the_morning():
    """Catches a coin for online days only, the tier of the evening, and newcomers who leave.

    The seed is core in the morning; casual users recruit on day 0 of another tier.
    """
    world = quiet_world(40, 3, seeds=tuple(range(40)))
    world = with_people(world, online_threshold=np.zeros(40, np.uint32))
    limits = np.array([0, 0, 0, UNIT // 3])
    coins = Coins(int(world.rules.key), 0)
    left = [
        sum(coins.coin(codes.DRAW_CHURN, t, 0, i) < UNIT // 3 for i in range(40)) for t in range(3)
    ]
    h = run_reference(with_rules(world, churn32=limits))
    assert h.table[0, codes.T_CHURNS] == left[0] > 0
    stay = [i for i in range(40) if coins.coin(codes.DRAW_CHURN, 0, 0, i) >= UNIT // 3]
    second = sum(coins.coin(codes.DRAW_CHURN, 1, 0, i) < UNIT // 3 for i in stay)
    assert h.table[1, codes.T_CHURNS] == second > 0
    # Nobody is casual in the morning; the recruit of the day is, but is drawn from tomorrow on.
    casual = with_rules(
        quiet_world(2, 2, arcs={0: {(0, 1)}}), tell32=USERS_TELL,
        churn32=np.array([ALWAYS, 0, 0, 0]),
    )  # fmt: skip
    assert table_of(casual, codes.T_CHURNS) == [0, 1]
    # A reply promotes a loyal user on day 0: it leaves by the coin of the loyal all the same.
    loyal = with_rules(
        quiet_world(1, 2), seed_engagement=5.0, tell32=USERS_TELL, reply_gain=9.0,
        reply32=np.full(8, ALWAYS), churn32=np.array([0, ALWAYS, 0, 0]),
    )  # fmt: skip
    model = PyramidModel(loyal)
    model.people[0].tier = 1
    model.step()
    assert (model.people[0].stage, model.people[0].tier) == (codes.LAPSED, 3)


def test_event_gain_saturates_in_replies_and_recruits():
    """Catches recruits left out, people who have left paid, a wrong saturation."""
    world = with_rules(
        quiet_world(2), event_gain=np.full((8, 5), 2.0), event_saturation=np.full((8, 5), 0.5)
    )
    model = PyramidModel(world)
    day = Day(0, event_tellings=[EventTelling(model.people[0], 0, 1)])
    day.recruits[0] = 2
    settle_events(model, day)
    assert model.people[0].engagement == 12.0 + 2.0 * (3 / 3.5)
    quiet = Day(0, event_tellings=[EventTelling(model.people[1], 0, 1)])
    settle_events(model, quiet)
    assert model.people[1].engagement == 0.0


def test_recruiting_binds_the_recruiter():
    """Catches the gain given to the recruit."""
    world = with_rules(
        quiet_world(2, arcs={0: BOTH_WAYS}), tell32=USERS_TELL, recruit_gain=3.0,
        newcomer_engagement=2.5, invite_grant=np.array([1, 1, 0, 0]),
    )  # fmt: skip
    model = PyramidModel(world)
    model.step()
    seed, recruit = model.people
    assert (seed.engagement, recruit.engagement) == (15.0, 2.5)
    assert (recruit.tier, recruit.invites, seed.invites) == (1, 2, 1)


def test_demotion_is_weekly_and_may_take_all_tiers():
    """Catches demotion before the end of the week or by one tier at most."""
    decay = np.stack([0.5 ** np.arange(12)] * 2)
    world = with_rules(quiet_world(1, 10), engagement_decay=decay)
    h = run_reference(world)
    assert h.table[:, codes.T_TIER + 3].tolist() == [1] * 6 + [0] * 4
    assert h.table[:, codes.T_TIER].tolist() == [0] * 6 + [1] * 4
    model = PyramidModel(with_rules(world, engagement_decay=np.ones((2, 12))))
    model.people[0].engagement = 5.0
    review_tiers(model, Day(6))
    assert model.people[0].tier == 3, "exactly the threshold keeps the tier"


# ---------------------------------------------------------------- seeding, borders


def test_seeds_start_as_core_before_the_first_tick():
    """Catches seeds counted as adoptions of day 0, or with the invites of promotions."""
    world = with_rules(
        quiet_world(3, 2, boards=(0,), seeds=(1, 2)), invite_grant=np.array([3, 50, 50, 50]),
        newcomer_engagement=7.0, join_board32=np.full(8, ALWAYS),
    )  # fmt: skip
    model = PyramidModel(with_people(world, channels=np.zeros(3, np.uint8)))
    seed = model.people[1]
    assert (seed.stage, seed.tier, seed.invites, seed.adopted_at) == (codes.USER, 3, 3, -1)
    assert (seed.engagement, seed.engagement_at, seed.last_story) == (12.0, -1, 0)
    assert (seed.recruiter, seed.channel, seed.generation, seed.channels) == (-1, -1, 0, {0})
    h = run_reference(world)
    assert h.log_tick.tolist() == [-1, -1]
    assert h.table[:, codes.T_ADOPTIONS_SEGMENT].sum() == 0


def test_wrong_input_is_refused_in_one_line():
    """Catches a traceback from the depths for a scenario given in place of a world."""
    with pytest.raises(KoubeiError, match=r"^world: wrong type, got dict, allowed .*, try .*$"):
        run_reference({})  # type: ignore[arg-type]


def test_a_run_leaves_world_and_mesa_generator_alone():
    """Catches draws from Mesa's own generator, and arrays of the world changed in place."""
    world = random_world(3, n=40, ticks=20)
    for part in (world.people, world.rules):
        for array in part:
            if isinstance(array, np.ndarray):
                array.setflags(write=False)
    model = PyramidModel(world)
    state = model.random.getstate(), model.rng.bit_generator.state
    for _ in range(20):
        model.step()
    assert (model.random.getstate(), model.rng.bit_generator.state) == state
    first, second = run_reference(world), run_reference(world)
    assert all(np.array_equal(a, b) for a, b in zip(first, second))
    ticks = []
    run_reference(world, progress=lambda done, total: ticks.append((done, total)))
    assert ticks == [(t + 1, 20) for t in range(20)]


# ---------------------------------------------------------------- laws


@pytest.mark.parametrize("seed", range(24))
def test_counts_are_conserved(seed: int):
    """Catches people lost or counted twice: stages sum to n, tiers and segments to users.

    Flows must also move the stocks: users change by adoptions less those who left.
    """
    world = random_world(seed)
    h = run_reference(world)
    table = h.table

    def block(name: str) -> np.ndarray:
        at, width = codes.TABLE_OFFSET[name], dict(codes.TABLE)[name]
        return table[:, at : at + width]

    stages, users = block("stage"), block("stage")[:, codes.USER]
    assert (stages.sum(axis=1) == world.rules.n).all()
    assert (block("tier").sum(axis=1) == users).all()
    assert (block("segment_users").sum(axis=1) == users).all()
    assert (block("enthusiast_tier") <= block("tier")).all()
    bought_in = block("bought_in")[:, 0]
    won = block("won_by_hand")[:, 0]
    at_start = [] if world.rules.by_hand else world.people.seeds
    adopted = (block("adoptions_channel") + block("adoptions_media")).sum(axis=1)
    adopted = adopted + bought_in + won
    assert (block("adoptions_segment").sum(axis=1) == adopted).all()
    left = (block("lapses") + block("churns")).sum(axis=1)
    assert (np.diff(users, prepend=len(at_start)) == adopted - left).all()
    waits = block("waits")[:, 0] - (block("invited") + block("lottery"))[:, 0]
    waits = waits - (block("give_ups") + block("give_ups_rival"))[:, 0]
    assert (np.diff(stages[:, codes.WAITING], prepend=0) == waits).all()
    out = stages[:, codes.LAPSED] + stages[:, codes.REJECTED] + stages[:, codes.RIVAL]
    gone = left + (block("rejections") + block("rival_taken") + block("give_ups_rival"))[:, 0]
    assert (np.diff(out, prepend=0) == gone - block("returns")[:, 0]).all()
    aware_start = world.people.initial_stage.sum() - world.people.initial_stage[at_start].sum()
    unaware_start = world.rules.n - len(at_start) - aware_start
    unaware = stages[:, codes.UNAWARE]
    met = (
        block("returns_unaware")
        + block("forgot")
        - block("newly_aware")
        - block("rival_taken_unaware")
    )
    found_goods = met[:, 0] - np.diff(unaware, prepend=unaware_start)
    assert ((found_goods >= 0) & (found_goods <= bought_in + won)).all()
    if world.rules.supply_on:
        sold = (block("invited") + block("lottery"))[:, 0]
        assert (np.diff(block("stock")[:, 0], prepend=0) == world.rules.units - sold).all()
        assert (block("stock") >= 0).all()
    logged = np.bincount(
        h.log_tick[h.log_kind == codes.LOG_ADOPT] + 1, minlength=world.rules.ticks + 1
    )
    assert logged[0] == len(at_start)
    assert (logged[1:] == adopted).all()
    key = np.stack([h.log_tick, h.log_kind, h.log_agent], axis=1)
    assert len(np.unique(key, axis=0)) == len(key)
    assert (block("complaints") >= 0).all()
    handled = (block("answered") + block("unhelped") + block("dropped")).sum()
    assert handled <= block("complaints").sum()
    assert (block("reports_read").sum() <= block("reports").sum()) and (
        block("arcs_heard") <= block("arcs_told")
    ).all()


@pytest.mark.parametrize("seed", range(24))
def test_recruitment_is_a_forest(seed: int):
    """Catches recruits without a cause: each has a recruiter who adopted on an earlier tick.

    Only where users alone tell: relays and waiting people recruit before they adopt.  A recruiter
    may have left and come back on the very day on which its recruit gets what it has waited for.
    """
    world = with_rules(random_world(seed), relay_on=0, waiting_tells=0)
    h = run_reference(world)
    first_adoption: dict[int, int] = {}
    for e in np.nonzero(h.log_kind == codes.LOG_ADOPT)[0]:
        agent, recruiter, tick = int(h.log_agent[e]), int(h.log_recruiter[e]), int(h.log_tick[e])
        if recruiter >= 0:
            assert first_adoption[recruiter] < tick
            assert h.log_generation[e] >= 1
        elif recruiter in (codes.RECRUITER_MEDIA, codes.RECRUITER_GOODS):
            assert h.log_generation[e] == 1
            assert (h.log_channel[e] >= 0) == (recruiter == codes.RECRUITER_MEDIA)
        else:
            assert (tick >= 0, int(h.log_generation[e])) == (world.rules.by_hand, 0)
        first_adoption.setdefault(agent, tick)
