"""Goods in the reference engine: sums done by hand in worlds of a few people, and the theory of
choice (multinomial logit, McFadden 1974).

Each test names the fault it would catch.  Statistical ones state null, n and error rate; keys are
fixed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats
from tests import codes
from tests.quiet_worlds import ALWAYS, quiet_world, with_people, with_rules
from tests.worlds import random_world

from koubei_sim.core.draws import exponential_units
from koubei_sim.model.mechanisms.goods import DRAW_GOODS_CHOICE, NOTHING, RIVALS, WAIT
from koubei_sim.model.reference import PyramidModel, goods, run_reference
from koubei_sim.model.reference.adoption import adopt
from koubei_sim.model.reference.coins import Coins
from koubei_sim.model.reference.day import Day
from koubei_sim.model.reference.state import NEVER, Person
from koubei_sim.model.world.arrays import World

ERROR = 1e-6


def by_good(*values: float, nothing: float = 0) -> np.ndarray:
    found = [*values] + [nothing] * (8 - len(values))
    return np.array(found, np.float64 if isinstance(values[0], float) else np.int64)


def shop(n: int = 1, ticks: int = 30, number: int = 1, products: int = 1, **changes: Any) -> World:
    """Everybody is aware and has an income of 1,000; needs never arise of themselves."""
    world = with_people(
        quiet_world(n, ticks, products=products, seeds=()),
        income=np.full(n, 1000.0),
        initial_stage=np.full(n, codes.AWARE, np.uint8),
    )
    rules = {
        "goods_on": 1,
        "n_goods": number,
        "orders": np.full(8, 2**31 - 1),
        "list_price": np.zeros((8, ticks)),
        "good_units": np.zeros((8, ticks), np.int64),
        "arrivals": np.zeros(ticks, np.int64),
        "rival_quality": np.zeros(ticks),
        "rival_price": np.zeros(ticks),
        "income_growth": np.ones(ticks),
    }
    return with_rules(world, **(rules | changes))


def model_of(world: World) -> PyramidModel:
    model = PyramidModel(world)
    goods.morning(model, Day(0))
    return model


def luck(model: PyramidModel, i: int, need: int) -> int:
    """The Exp(1) variable of a need, in units of 2**-26."""
    word = model.coins.word(codes.DRAW_NEED_ARISES, need, 0, i)
    return int(exponential_units(np.uint64(word)))


def make_user(model: PyramidModel, i: int, product: int = 0, engagement: float = 0.0) -> Person:
    person = model.people[i]
    person.product, person.recruiter = product, codes.RECRUITER_SEED
    adopt(model, Day(0), person)
    person.engagement = engagement
    return person


def flows(day: Day, *names: str) -> list[int]:
    return [day.row[codes.TABLE_OFFSET[name]] for name in names]


@pytest.fixture
def no_luck(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(goods, "gumbel", lambda *_: 0.0)


# ---------------------------------------------------------------- needs


def test_the_first_need_falls_where_needs_so_far_reach_the_luck_of_the_person() -> None:
    """Catches `>` for `>=`, another address of the draw, and needs that arise after the end."""
    e = luck(PyramidModel(shop()), 0, 0)
    for arrivals, expected in (([0, e - 1, e, e + 1], 2), ([e] * 4, 0), ([e - 1] * 4, NEVER)):
        world = shop(ticks=4, arrivals=np.array(arrivals))
        assert PyramidModel(world).people[0].device_at == expected


def test_nobody_needs_a_device_before_one_can_be_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches a need on day 0 of one whose luck rounds to nought, where no needs arise yet."""
    monkeypatch.setattr(goods, "luck_of_need", lambda *_: 0)
    assert PyramidModel(shop(ticks=4, arrivals=np.array([0, 0, 1, 1]))).people[0].device_at == 2


def test_who_has_a_device_at_the_start_needs_another_when_its_life_is_over() -> None:
    """Catches `<=` for `<`, the wait in place of the life, a day lost, and needs beyond the end."""
    world = shop()
    coin = Coins(int(world.rules.key), 0).coin(codes.DRAW_HAS_AT_START, 0, 0, 0)
    day = luck(PyramidModel(world), 0, 0) * 40 >> 26
    assert day > 1
    for ticks, expected in ((day + 1, day), (day, NEVER)):
        base = shop(ticks=ticks, life_days=40, wait_days=1)
        person = PyramidModel(with_rules(base, has_at_start32=coin + 1)).people[0]
        assert (person.has, person.device_at) == (RIVALS, expected)
        person = PyramidModel(with_rules(base, has_at_start32=coin)).people[0]
        assert (person.has, person.device_at) == (NOTHING, NEVER)


def test_needs_are_numbered_and_follow_what_was_done() -> None:
    """Catches a need put off by the life of a device, the same luck twice, and a day too early."""
    model = model_of(shop(ticks=10_000, life_days=100, wait_days=10))
    person = model.people[0]
    goods.take(model, Day(5), person, WAIT)
    assert (person.device_need, person.device_at) == (1, 6 + (luck(model, 0, 1) * 10 >> 26))
    goods.take(model, Day(7), person, 0)
    assert (person.device_need, person.device_at) == (2, 8 + (luck(model, 0, 2) * 100 >> 26))
    goods.take(model, Day(9), person, RIVALS)
    assert (person.device_need, person.device_at) == (3, 10 + (luck(model, 0, 3) * 100 >> 26))


# ---------------------------------------------------------------- choice


def test_the_score_of_quality_and_price(no_luck: None) -> None:
    """Catches expertise that counts for some options alone, a price over today's income, wages
    that do not grow, and signs."""
    world = shop(
        number=2,
        quality_weight=2.0,
        expert_weight=0.5,
        price_weight=4.0,
        wait_value=0.25,
        good_quality=by_good(0.6, 1.0),
        list_price=np.full((8, 30), 300.0),
        rival_quality=np.full(30, 0.5),
        rival_price=np.full(30, 750.0),
        income_growth=np.full(30, 1.5),
    )
    model = model_of(world)  # level 127: an expertise of 1, hence a weight of 3 on quality
    assert goods.scores(model, 0, model.people[0]) == pytest.approx(
        {0: 1.8 - 0.8, 1: 3.0 - 0.8, RIVALS: 1.5 - 2.0, WAIT: 0.25}
    )
    assert goods.choice(model, 0, model.people[0]) == 1
    model.people[0].expertise = 0.5
    found = goods.scores(model, 0, model.people[0])
    assert found == pytest.approx({0: 1.5 - 0.8, 1: 2.5 - 0.8, RIVALS: 1.25 - 2.0, WAIT: 0.25})


def test_the_score_of_word_of_mouth(no_luck: None) -> None:
    """Catches hearsay without bounds, engagement as it was, and word of mouth for the rival's."""
    model = model_of(shop(2, word_weight=2.0))
    person, user = model.people[0], make_user(model, 1, engagement=3.0)
    for hazard, expected in ((0.0, 0.0), (0.5, 1.0), (7.0, 2.0), (-0.25, -0.5), (-3.0, -2.0)):
        person.hazard = int(hazard * (1 << 32))
        assert goods.scores(model, 0, person) == {0: expected, RIVALS: 0.0, WAIT: 0.0}
    assert goods.scores(model, 0, user)[0] == 1.5
    model.rules.engagement_decay[0][2] = 1.0 / 3.0
    assert goods.scores(model, 2, user)[0] == 1.0


def test_the_score_of_what_is_linked(no_luck: None) -> None:
    """Catches goods of another product that count as linked, links that add up, and a rival to
    whom nobody is bound."""
    world = shop(number=3, products=2, link_weight=2.0, good_product=by_good(0, 1, 0))
    model = model_of(world)
    person = model.people[0]

    def linked() -> list[float]:
        found = goods.scores(model, 0, person)
        return [found[o] for o in (0, 1, 2, RIVALS, WAIT)]

    assert linked() == [0.0] * 5
    person.has = 2
    assert linked() == [2.0, 0.0, 2.0, 0.0, 0.0]
    person.has = RIVALS
    assert linked() == [0.0, 0.0, 0.0, 2.0, 0.0]
    make_user(model, 0, product=1)
    assert linked() == [0.0, 2.0, 0.0, 2.0, 0.0]
    person.has = 1
    assert linked() == [0.0, 2.0, 0.0, 0.0, 0.0]


def test_equal_scores_go_to_the_first_option(no_luck: None) -> None:
    """Catches the last of the best, and a person who always buys."""
    model = model_of(shop(number=2))
    person = model.people[0]
    assert goods.choice(model, 0, person) == 0
    person.stage = codes.UNAWARE
    assert goods.choice(model, 0, person) == RIVALS
    model.rules = model.rules._replace(wait_value=1e-9)
    assert goods.choice(model, 0, person) == WAIT


def test_who_sees_the_goods_and_when() -> None:
    """Catches rejecters who buy, people who buy what they never heard of, and sales before the
    launch."""
    model = model_of(shop(number=2, good_launch=by_good(0, 3)))
    person = model.people[0]
    for stage, seen in (
        (codes.UNAWARE, False), (codes.AWARE, True), (codes.WAITING, True), (codes.USER, True),
        (codes.LAPSED, True), (codes.REJECTED, False), (codes.RIVAL, False),
    ):  # fmt: skip
        person.stage, person.engagement_at = stage, 0
        assert (0 in goods.scores(model, 0, person)) == seen, stage
    person.stage, person.device_need = codes.UNAWARE, 2
    coin = model.coins.coin(codes.DRAW_FIND, 2, 0, 0)
    for find32, seen in ((coin, False), (coin + 1, True)):
        model.rules = model.rules._replace(find32=find32)
        assert [o in goods.scores(model, 2, person) for o in (0, 1)] == [seen, False]
    assert 1 in goods.scores(model, 3, person)


# ---------------------------------------------------------------- prices


def test_prices_follow_the_list_or_what_has_been_made_so_far() -> None:
    """Catches agents in place of people in Wright's law, a markup on the list price, deliveries
    on another day, and stock of what is sold as wanted."""
    prices = np.zeros((8, 30))
    prices[:, 4] = 70.0
    units = np.zeros((8, 30), np.int64)
    units[:, 4] = 5
    world = shop(
        number=2,
        list_price=prices,
        unit_cost=by_good(100.0, 60.0),
        curve=by_good(0.5, 0.0),
        first_units=by_good(2.0, 1.0, nothing=1.0),
        markup=by_good(0.2, 9.0),
        cost_plus=by_good(1, 0),
        stocked=by_good(1, 0),
        good_units=units,
        g16=2.0,
    )
    model = PyramidModel(world)
    goods.morning(model, Day(3))
    assert (model.good_cost[:2], model.good_price[:2]) == ([100.0, 60.0], [120.0, 0.0])
    assert model.good_stock[:2] == [0, 0]
    model.good_sold = [3, 3] + [0] * 6  # six people: (1 + 6 / 2) ** -0.5 is a half
    goods.morning(model, Day(4))
    assert model.good_cost[:2] == pytest.approx([50.0, 60.0], rel=1e-12)
    assert model.good_price[:2] == pytest.approx([60.0, 70.0], rel=1e-12)
    assert model.good_stock[:2] == [5, 0]


# ---------------------------------------------------------------- getting


def test_who_buys_becomes_a_user_where_it_was_none() -> None:
    """Catches a bought adoption counted for a channel, a wrong product, generation or place in the
    log, and buyers who are won back by their phone."""
    world = with_rules(shop(2, list_price=np.full((8, 30), 19.999)), unit_cost=by_good(7.5))
    model = model_of(world)
    model.people[1].stage = codes.LAPSED
    day = Day(3)
    for person in model.people:
        goods.take(model, day, person, 0)
    assert [person.stage for person in model.people] == [codes.USER, codes.LAPSED]
    assert [person.has for person in model.people] == [0, 0]
    assert (model.good_stock[0], model.good_sold[0]) == (0, 2)
    assert [tuple(row) for row in model.log] == [(3, 0, codes.LOG_ADOPT, -3, -1, 0, 1)]
    assert flows(day, "asked", "sold", "revenue", "spent") == [2, 2, 2 * 1999, 2 * 750]
    assert flows(day, "bought_in", "adoptions_segment") == [1, 1]
    at, media = codes.T_ADOPTIONS_CHANNEL, codes.T_ADOPTIONS_MEDIA
    assert not any(day.row[at : at + 8] + day.row[media : media + 8])


def test_stock_goes_to_users_first_and_then_by_lot() -> None:
    """Catches users who wait behind others, an order by number, more sold than there is, booked or
    served, and what is not stocked."""
    for stock, orders, users_first, sold in (
        (3, 9, 1, 3), (9, 2, 1, 2), (9, 9, 1, 5), (2, 9, 0, 2), (0, 9, 1, 0)
    ):  # fmt: skip
        world = shop(
            7, 4000, stocked=by_good(1), users_first=by_good(users_first), orders=by_good(orders)
        )
        model = model_of(world)
        for i in (2, 4):
            make_user(model, i)
        for person in model.people[:5]:
            goods.take(model, Day(1), person, 0)
        assert [person.booking for person in model.people] == [0] * 5 + [NOTHING] * 2
        model.good_stock[0] = stock
        lot = {i: model.coins.word(codes.DRAW_GOODS_LOT, 2, 0, i) for i in range(5)}
        line = sorted(lot, key=lambda i: (users_first and i not in (2, 4), lot[i]))
        assert line != sorted(line)
        day = Day(2)
        goods.evening(model, day)
        assert {p.number for p in model.people if p.has == 0} == set(line[:sold])
        assert {p.number for p in model.people if p.booking == 0} == set(line[sold:])
        assert all(p.device_at > 2 for p in model.people if p.has == 0)
        assert (model.good_stock[0], model.good_sold[0]) == (stock - sold, sold)
        assert flows(day, "sold", "having", "booked") == [sold, sold, 5 - sold]


def test_a_booking_can_be_given_up() -> None:
    """Catches bookings given up by a coin too many, and people who then need nothing more."""
    world = shop(ticks=10_000, stocked=by_good(1), cancel32=by_good(ALWAYS), wait_days=9)
    model = model_of(world)
    person = model.people[0]
    goods.take(model, Day(4), person, 0)
    assert (person.booking, person.device_need, person.device_at) == (0, 0, NEVER)
    day = Day(5)
    coin = model.coins.coin(codes.DRAW_CANCEL, 5, 0, 0)
    model.rules = model.rules._replace(cancel32=[coin])
    goods.buy(model, day)
    assert person.booking == 0 and flows(day, "cancelled") == [0]
    model.rules = model.rules._replace(cancel32=[coin + 1])
    goods.buy(model, day)
    assert (person.booking, person.device_need) == (NOTHING, 1)
    assert person.device_at == 6 + (luck(model, 0, 1) * 9 >> 26)
    assert flows(day, "cancelled") == [1]


def test_a_gift_goes_round_the_household() -> None:
    """Catches gifts to strangers, to who has or waits for one, to the buyer itself, by who was
    given, and a household that goes on beyond the last person."""
    world = shop(6, ticks=4000, gift32=ALWAYS)
    for buyer, booked, given in ((0, 3, 1), (1, 3, 0), (1, 5, 3), (4, 3, 5), (5, 3, 4)):
        model = model_of(world)
        model.people[2].has = 0
        model.people[booked].booking = 0
        model.people[0].has = RIVALS
        day = Day(1)
        goods.take(model, day, model.people[buyer], 0)
        assert [p.number for p in model.people if p.given] == [given]
        assert model.people[given].has == 0 and model.people[given].stage == codes.USER
        assert flows(day, "sold", "gifts", "asked", "bought_in") == [2, 1, 1, 2]
        assert flows(day, "switched_to", "repeated") == [int(0 in (buyer, given)), 0]
        assert model.people[given].device_at == NEVER  # as it was
    model = model_of(with_rules(world, household=1))
    goods.take(model, Day(1), model.people[1], 0)
    assert not any(p.given for p in model.people)
    coin = model.coins.coin(codes.DRAW_GIFT, 1, 0, 4)
    for gift32, gifts in ((coin, 0), (coin + 1, 1)):
        model, day = model_of(with_rules(world, gift32=gift32)), Day(1)
        goods.take(model, day, model.people[4], 0)
        assert flows(day, "gifts") == [gifts]


def test_gifts_come_out_of_the_stock() -> None:
    """Catches gifts that nobody delivered, and a stock below nought."""
    for stock, sold, gifts in ((1, 1, 0), (2, 2, 1), (3, 3, 1), (4, 4, 2)):
        world = shop(8, 4000, stocked=by_good(1), gift32=ALWAYS, household=8)
        model, day = model_of(world), Day(1)
        for person in model.people[:4]:
            goods.take(model, day, person, 0)
        model.good_stock[0] = stock
        goods.sell_stock(model, day)
        assert flows(day, "sold", "gifts") == [sold, gifts]
        assert model.good_stock[0] == 0


def test_who_was_given_a_device_needs_none_on_the_day_it_would_have() -> None:
    """Catches a second device for who was given one, and a gift that is remembered for ever."""
    model = model_of(shop(2, ticks=10_000, gift32=ALWAYS, household=2, life_days=50))
    other = model.people[1]
    other.device_at = 7
    goods.take(model, Day(3), model.people[0], 0)
    assert (other.given, other.device_at, other.device_need) == (True, 7, 0)
    day = Day(7)
    goods.buy(model, day)
    assert (other.given, other.has, other.device_need) == (False, 0, 1)
    assert other.device_at == 8 + (luck(model, 1, 1) * 50 >> 26)
    assert flows(day, "asked", "rival_sold", "put_off", "sold") == [0, 0, 0, 0]


def test_who_takes_the_rivals_may_leave_the_product_of_its_good() -> None:
    """Catches users who leave though they never had a good of the product, or without a coin, and
    leavers who do not come back or are not in the log."""
    base = shop(4, ticks=4000, lapsed_return=5, number=2, good_product=by_good(0, 1))
    for switch32, leaves in ((ALWAYS, [0]), (0, [])):
        model = model_of(with_rules(base, switch32=switch32))
        for i, has in ((0, 0), (1, NOTHING), (2, 1)):
            make_user(model, i).has = has
        model.people[3].has = 0
        model.log.clear()
        day = Day(2)
        for person in model.people:
            goods.take(model, day, person, RIVALS)
        assert [person.has for person in model.people] == [RIVALS] * 4
        assert [p.number for p in model.people if p.stage == codes.LAPSED] == leaves
        assert [(row.agent, row.kind) for row in model.log] == [
            (i, codes.LOG_LAPSE) for i in leaves
        ]
        assert all(model.people[i].return_at > 2 for i in leaves)
        assert flows(day, "rival_sold", "switched_away", "lapses") == [4, 3, len(leaves)]


def test_accessories_are_bought_once_a_week_by_users_who_have_a_good() -> None:
    """Catches purchases every day, by who left or has the rival's, and a chance of one day."""
    model = model_of(shop(4, number=2, accessory_rate=by_good(0.0, 0.1)))
    for i, has in ((0, 1), (1, RIVALS), (2, 0)):
        make_user(model, i, engagement=1.0).has = has
    make_user(model, 3, engagement=1.0).has = 1
    model.people[3].stage = codes.LAPSED
    coin = model.coins.coin(codes.DRAW_ACCESSORY, 6, 0, 0)
    at = codes.T_ACCESSORIES
    for wanted, bought in ((coin - 8, 0), (coin + 8, 1)):
        rate = wanted / (1 << 32) / 7.0 / 0.5  # engagement 1 is half of what it can be
        model.rules = model.rules._replace(accessory_rate=[0.0, rate])
        day = Day(6)
        goods.accessories(model, day)
        assert day.row[at : at + 2] == [0, bought]
    model.rules = model.rules._replace(accessory_rate=[1.0, 1.0])
    found = []
    for t in range(14):
        model.steps = t  # Mesa counts the step before it runs it
        model.step()
        found.append(sum(model.table[-1][at : at + 8]))
    assert found == [0, 0, 0, 0, 0, 0, 2] * 2


def test_a_device_is_needed_delivered_and_used_in_this_order() -> None:
    """Catches what is sold before it is asked for or delivered, prices of the day before, and a
    step that the schedule leaves out."""
    e, day = luck(PyramidModel(shop()), 0, 0), np.arange(6)
    for delivered, got in ((1, 2), (2, 2), (4, 4)):
        world = shop(
            ticks=6,
            stocked=by_good(1),
            arrivals=e - 1 + (day >= 2),
            good_units=np.array([day == delivered] * 8).astype(np.int64),
            list_price=np.array([day * 1.0] * 8),
            wait_value=-1e6,
            price_weight=0.0,
            word_weight=0.0,
            quality_weight=1e3,
            good_quality=by_good(1.0),
        )
        table = run_reference(world).table

        def column(name: str, table: np.ndarray = table) -> list[int]:
            return table[:, codes.TABLE_OFFSET[name]].tolist()

        assert column("asked") == (day == 2).tolist()
        assert column("booked") == ((day >= 2) & (day < got)).tolist()
        assert column("sold") == column("bought_in") == (day == got).tolist()
        assert column("having") == (day >= got).tolist()
        assert column("revenue")[got] == got * 100


# ---------------------------------------------------------------- laws


@pytest.mark.parametrize("seed", range(12))
def test_goods_are_conserved(seed: int) -> None:
    """Catches a unit or a person lost or counted twice: each booking is kept, sold or given up,
    each unit delivered is sold or in stock, and who has what moves with sales."""
    worlds = (random_world(number, n=80) for number in range(seed, 1000, 12))
    world = next(world for world in worlds if world.rules.goods_on)
    rules = world.rules
    table = run_reference(world).table

    def so_far(name: str) -> np.ndarray:
        at, width = codes.TABLE_OFFSET[name], dict(codes.TABLE)[name]
        return np.cumsum(table[:, at : at + width], axis=0)

    def now(name: str) -> np.ndarray:
        return np.diff(so_far(name), axis=0, prepend=0)

    sold, gifts, stocked = so_far("sold"), so_far("gifts"), rules.stocked == 1
    assert so_far("asked")[-1].sum() > 0
    assert (so_far("asked") == sold - gifts + so_far("cancelled") + now("booked")).all()
    assert not now("booked")[:, ~stocked].any()
    left = np.cumsum(rules.good_units, axis=1).T - sold
    assert (left[:, stocked] >= 0).all()
    got = so_far("sold").sum(axis=1) + so_far("trials").sum(axis=1)
    have = got - so_far("repeated")[:, 0] - so_far("switched_away")[:, 0]
    assert (now("having").sum(axis=1) == have).all()
    assert (so_far("bought_in")[:, 0] <= sold.sum(axis=1)).all()
    assert (now("sold") - now("gifts") <= np.where(stocked, rules.orders, 2**31)).all()


# ---------------------------------------------------------------- theory

PEOPLE, NEEDS = 5_000, 4  # 20,000 choices with luck of their own
PRICES, QUALITY = (300.0, 500.0), (0.9, 0.4)


def scored(**changes: Any) -> World:
    """Two goods, the rival's and waiting, with scores that are the same for everybody."""
    rules = {
        "quality_weight": 2.0,
        "price_weight": 3.0,
        "good_quality": by_good(*QUALITY),
        "list_price": np.array([[*PRICES, *[0.0] * 6]] * 30).T,
        "rival_quality": np.full(30, 0.6),
        "rival_price": np.full(30, 200.0),
        "wait_value": 0.2,
    }
    return shop(PEOPLE, number=2, **(rules | changes))


def chosen(world: World) -> np.ndarray:
    """What each takes at each of its needs, shape [20,000]."""
    model, found = model_of(world), []
    for need in range(NEEDS):
        for person in model.people:
            person.device_need = need
            found.append(goods.choice(model, 0, person))
    return np.array(found)


def logit(price: float = PRICES[0]) -> np.ndarray:
    """Shares of good 0, good 1, the rival's and waiting, worked out on their own."""
    scores = [2.0 * 0.9 - 3.0 * price / 1000.0, 2.0 * 0.4 - 3.0 * 0.5, 2.0 * 0.6 - 3.0 * 0.2, 0.2]
    weights = np.exp(scores)
    return weights / weights.sum()


def p_of(found: np.ndarray, options: tuple[int, ...], shares: np.ndarray) -> float:
    counts = [int((found == option).sum()) for option in options]
    assert sum(counts) == len(found)
    return float(stats.chisquare(counts, shares / shares.sum() * len(found)).pvalue)


@pytest.fixture(scope="module")
def choices() -> np.ndarray:
    return chosen(scored())


def test_gumbel_draws_are_known() -> None:
    """Catches another address or sign, one logarithm too few, and 32 bits for 64.

    Null: standard Gumbel, mean .5772 and variance pi^2 / 6.  n = 20,000; error rate 1e-6 in all.
    """
    model = model_of(shop(PEOPLE))
    for need, option, i in ((0, 0, 0), (3, RIVALS, 7), (1, WAIT, 4999)):
        model.people[i].device_need = need
        unit = ((model.coins.word(DRAW_GOODS_CHOICE, need, option, i) >> 12) + 0.5) / 2.0**52
        expected = -math.log(-math.log(unit))
        assert goods.gumbel(model, model.people[i], option) == pytest.approx(expected, rel=1e-12)
    found = []
    for need in range(NEEDS):
        for person in model.people:
            person.device_need = need
            found.append(goods.gumbel(model, person, RIVALS))
    z = (np.mean(found) - 0.5772156649) / math.sqrt(math.pi**2 / 6.0 / len(found))
    assert abs(z) < stats.norm.isf(ERROR / 4.0)
    assert stats.kstest(found, "gumbel_r").pvalue > ERROR / 2.0


def test_shares_are_those_of_the_multinomial_logit(choices: np.ndarray) -> None:
    """Catches luck that is not Gumbel, or of another size for one of the options.

    Null: shares exp(score) / sum (McFadden 1974).  n = 20,000, chi-square; error rate 1e-6.
    """
    assert p_of(choices, (0, 1, RIVALS, WAIT), logit()) > ERROR


def test_an_option_taken_away_leaves_the_odds_of_the_others(choices: np.ndarray) -> None:
    """Catches luck that hangs on how many options there are.

    Independence of irrelevant alternatives: who had not chosen it chooses as before (exact), and
    those who had spread over the others by their shares.  n about 1,800, chi-square; error rate
    1e-6.
    """
    without = chosen(scored(good_launch=by_good(0, 1)))
    kept = choices != 1
    assert (without[kept] == choices[kept]).all()
    assert 1_500 < (~kept).sum() < 2_500
    assert p_of(without[~kept], (0, RIVALS, WAIT), logit()[[0, 2, 3]]) > ERROR


def test_demand_follows_the_price_as_theory_says() -> None:
    """Catches a price over something else than income, and a weight that acts twice.

    Own-price elasticity of the logit: -weight * price / income * (1 - share).  With the same luck
    a lower price only wins buyers, and their number is binomial.  n = 20,000; error rate 1e-6.
    """
    step = 0.05
    price = PRICES[0]
    dear, cheap = (
        chosen(scored(list_price=np.array([[price * f, PRICES[1], *[0.0] * 6]] * 30).T))
        for f in (1.0 + step, 1.0 - step)
    )
    assert not ((dear == 0) & (cheap != 0)).any()
    won = int(((cheap == 0) & (dear != 0)).sum())
    share = logit()[0]
    expected = logit(price * (1.0 - step))[0] - logit(price * (1.0 + step))[0]
    elasticity = -3.0 * price / 1000.0 * (1.0 - share)
    assert -expected / (2.0 * step) / share == pytest.approx(elasticity, rel=0.002)
    n = PEOPLE * NEEDS
    z = (won - n * expected) / math.sqrt(n * expected * (1.0 - expected))
    assert abs(z) < stats.norm.isf(ERROR / 2.0)
