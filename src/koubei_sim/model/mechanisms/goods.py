"""goods: devices that people buy when they need one, beside what the rest of the market sells.

A need arises (a first device, a replacement), and the person takes what it finds best: a good, the
rival's, or none for now.  Scores are linear in quality, price, word of mouth and what is linked,
with Gumbel luck: a multinomial logit (McFadden 1974).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from koubei_sim.core.block import Record
from koubei_sim.core.codes import MAX_GOODS
from koubei_sim.core.draws import exp_neg_portable, log_portable
from koubei_sim.errors import KoubeiError
from koubei_sim.model.mechanisms.adoption import CLAIM
from koubei_sim.model.mechanisms.belonging import TribeWeight
from koubei_sim.model.mechanisms.bonds import BondWeight
from koubei_sim.model.mechanisms.declaration import (
    Bits,
    Column,
    FloatArray,
    Flows,
    Int8Array,
    IntArray,
    Made,
    Mechanism,
    Module,
    Money,
    Price,
    Purpose,
    Sentence,
    array,
    arrays,
    by_person,
    of_world,
    set_of_people,
)
from koubei_sim.model.mechanisms.fields import (
    INFINITY,
    STRUCTURE,
    Part,
    Real,
    Truth,
    Whole,
    days,
    factor,
    fraction,
    money,
    name,
    only_with,
    parameter,
    tick,
    truth,
)
from koubei_sim.model.mechanisms.numbers import scaled, threshold
from koubei_sim.model.mechanisms.supply import Round, units_by_tick
from koubei_sim.model.mechanisms.votes import VoteWeight

DRAW_HAS_AT_START = Purpose(100, "0, 0")
DRAW_NEED_ARISES = Purpose(101, "number of the need, 0; 64 bits")
DRAW_GOODS_CHOICE = Purpose(102, "number of the need, option; 64 bits")
DRAW_FIND = Purpose(103, "number of the need, 0")
DRAW_GIFT = Purpose(104, "tick, 0")
DRAW_GOODS_LOT = Purpose(105, "tick, good; 64-bit order")
DRAW_CANCEL = Purpose(106, "tick, 0")
DRAW_SWITCH = Purpose(107, "tick, 0")
DRAW_ACCESSORY = Purpose(108, "tick, 0")

T_ASKED = Column(201, "asked", "people who chose a good", "good")
T_SOLD = Column(209, "sold", "units of a good sold, gifts among them", "good")
T_GIFTS = Column(217, "gifts", "of these, given to somebody of the household", "good")
T_REVENUE = Column(225, "revenue", "paid for goods", "good", unit="money / 100")
T_SPENT = Column(233, "spent", "what the goods sold cost to make", "good", unit="money / 100")
T_ACCESSORIES = Column(241, "accessories", "accessories sold to who has a good", "good")
T_CANCELLED = Column(249, "cancelled", "bookings given up", "good")
T_BOOKED = Column(257, "booked", "people with a booking at the end of the tick", "good")
T_HAVING = Column(265, "having", "people who have the good at the end of the tick", "good")
T_RIVAL_SOLD = Column(273, "rival_sold", "people who bought the rival's")
T_SWITCHED_TO = Column(274, "switched_to", "people with the rival's who got a good")
T_SWITCHED_AWAY = Column(275, "switched_away", "people with a good who bought the rival's")
T_REPEATED = Column(276, "repeated", "people with a good who got another")
T_PUT_OFF = Column(277, "put_off", "people who needed a device and bought none")
T_BOUGHT_IN = Column(278, "bought_in", "adoptions by getting a good")

NOTHING: Final = -1  # what somebody has; a good has its number
RIVALS: Final = 8
WAIT: Final = 9  # the option of putting it off
ENDLESS: Final = 2**31 - 1


class Sale(Part):
    """Of a good: what it is, and how it is sold."""

    product: str | None = name(
        None, "product that its owners use; none: the first", "a product of the scenario"
    )
    launch_at: Whole = tick(0, "first tick on which it can be chosen")
    quality: Real = fraction(0.5, "how good it is", neutral=STRUCTURE)
    price: Real = money("price at the start of the run")
    price_change: Real = parameter(
        0.0, "change of the price", unit="1/year", neutral=0.0, low=-0.95, high=10.0
    )
    unit_cost: Real = money("cost of the first unit")
    cost_curve: Real = factor(
        0.0,
        "by what power the unit cost falls with the units made so far (Wright's law)",
        high=2.0,
        source="Wright 1936: cost falls by a fixed share with each doubling; the value is an "
        "assumption",
    )
    first_units: Real = only_with(
        "cost_curve",
        parameter(
            1000.0,
            "units after which the unit cost begins to fall",
            unit="units",
            neutral=STRUCTURE,
            above=0.0,
            high=1e12,
        ),
    )
    markup: Real | None = parameter(
        None,
        "share on top of the unit cost that makes the price; none: the price has nothing to do "
        "with the cost",
        unit="1",
        neutral=None,
        low=-0.95,
        high=100.0,
    )
    units: Real | None = parameter(
        None,
        "units of a regular delivery; none, and no rounds: as many as wanted",
        unit="units",
        neutral=None,
        low=0.0,
        high=1e12,
    )
    every: Whole = days(0, "days between deliveries; 0: one only", neutral=STRUCTURE)
    start: Whole = tick(0, "tick of the first delivery")
    rounds: tuple[Round, ...] = parameter(
        (), "further deliveries, by day", unit="units", neutral=(), allowed="a list of {day, units}"
    )
    orders_per_day: Real = parameter(
        INFINITY,
        "bookings that the shop can serve",
        unit="people/day",
        neutral=INFINITY,
        above=0.0,
        high=INFINITY,
    )
    breakage: Real = only_with(
        "orders_per_day",
        factor(
            0.0,
            "how a shop breaks that more want than it can serve: it serves orders_per_day times "
            "(orders_per_day / wanting) to this power",
        ),
    )
    users_first: Truth = truth(False, "users of a product are sold to before others")
    cancel: Real = fraction(
        0.0, "probability a day that a booking without a deposit is given up", unit="1/day"
    )
    deposit: Real = money("deposit paid for a booking")
    deposit_half: Real = only_with(
        "deposit",
        parameter(
            100.0,
            "deposit that halves how often bookings are given up",
            unit="money",
            neutral=STRUCTURE,
            above=0.0,
            high=1e12,
        ),
    )
    accessories: Real = fraction(
        0.0, "accessories that a fully engaged owner buys a day", unit="1/day"
    )

    @property
    def stocked(self) -> bool:
        """Whether units are limited."""
        return self.units is not None or bool(self.rounds)


class Arrivals(Part):
    """How often people without a device need one from one day on, until the next phase."""

    day: Whole = tick(0, "first tick")
    rate: Real = parameter(
        0.0, "needs a day of one who has no device", unit="1/day", neutral=0.0, low=0.0, high=10.0
    )


_ANY = "goods.*.launch_at"


class Buying(BondWeight, VoteWeight, TribeWeight):
    """When people need a device, and what they look at when they choose."""

    arrivals: tuple[Arrivals, ...] = parameter(
        (),
        "how often people without a device need one, by day",
        unit="1/day",
        neutral=(),
        allowed="a list of {day, rate}",
    )
    has_at_start: Real = only_with(
        _ANY, fraction(0.0, "share of people who have a device of the rival's at the start")
    )
    life_days: Whole = only_with(
        _ANY,
        days(
            730,
            "mean days until one who has a device needs another",
            neutral=STRUCTURE,
            low=1,
        ),
    )
    wait_days: Whole = only_with(
        _ANY,
        days(60, "mean days until one who put it off needs it again", neutral=STRUCTURE, low=1),
    )
    find: Real = only_with(
        _ANY,
        fraction(0.0, "probability that one in need who never heard of the goods finds them"),
    )
    quality_weight: Real = only_with(
        _ANY, factor(0.0, "score of the best quality against the worst", high=1000.0)
    )
    expert_weight: Real = only_with(
        _ANY, factor(0.0, "how much more an expert weighs quality than who knows nothing")
    )
    price_weight: Real = only_with(
        _ANY, factor(0.0, "score lost where the price is all that one would spend", high=1000.0)
    )
    word_weight: Real = only_with(
        _ANY,
        factor(
            0.0,
            "score of being wholly engaged, or of having been told so much that a person of mean "
            "resistance is won",
            high=1000.0,
        ),
    )
    link_weight: Real = only_with(
        _ANY,
        factor(0.0, "score of using its product, or having one of the same make", high=1000.0),
    )
    wait_value: Real = only_with(
        _ANY,
        factor(0.0, "score of putting it off", neutral=STRUCTURE, low=-1000.0, high=1000.0),
    )
    rival_quality: Real = only_with(
        _ANY, fraction(0.5, "how good the rival's is at the start", neutral=STRUCTURE)
    )
    rival_quality_change: Real = only_with(
        _ANY,
        parameter(
            0.0, "change of the rival's quality", unit="1/year", neutral=0.0, low=-0.95, high=10.0
        ),
    )
    rival_price: Real = only_with(_ANY, money("price of the rival's at the start"))
    rival_price_change: Real = only_with(
        _ANY,
        parameter(
            0.0, "change of the rival's price", unit="1/year", neutral=0.0, low=-0.95, high=10.0
        ),
    )
    income_change: Real = only_with(
        _ANY,
        parameter(0.0, "change of incomes", unit="1/year", neutral=0.0, low=-0.95, high=10.0),
    )
    gift: Real = only_with(
        _ANY,
        fraction(0.0, "probability that a buyer buys a second one for somebody of the household"),
    )
    household: Whole = only_with(
        _ANY,
        parameter(
            4,
            "people of a household, whose numbers follow each other",
            unit="people",
            neutral=STRUCTURE,
            low=1,
            high=8,
        ),
    )
    switch: Real = only_with(
        _ANY,
        fraction(0.0, "probability that a user who changes to the rival's leaves its product"),
    )

    @model_validator(mode="after")
    def _phases_in_order(self) -> Buying:
        at = [phase.day for phase in self.arrivals]
        if any(later <= earlier for earlier, later in pairwise(at)):
            raise KoubeiError(
                "arrivals", "the days of the phases must rise", got=at, allowed="rising days"
            )
        return self


@dataclass(frozen=True)
class GoodsRules(Record):
    """The goods, when needs arise, and what counts in the choice."""

    goods_on: int
    n_goods: int
    good_product: IntArray  # [8]
    good_launch: IntArray  # [8]
    good_quality: FloatArray  # [8]
    list_price: FloatArray  # [8, T]
    unit_cost: FloatArray  # [8]
    curve: FloatArray  # [8]
    first_units: FloatArray  # [8]
    markup: FloatArray  # [8]
    cost_plus: IntArray  # [8]
    stocked: IntArray  # [8]
    good_units: IntArray  # [8, T]
    orders: IntArray  # [8]
    breakage: FloatArray  # [8]
    users_first: IntArray  # [8]
    cancel32: IntArray  # [8]
    accessory_rate: FloatArray  # [8] 1/day
    arrivals: IntArray  # [T] units of 2**-26, non-decreasing
    has_at_start32: int
    life_days: int
    wait_days: int
    find32: int
    quality_weight: float
    expert_weight: float
    price_weight: float
    word_weight: float
    link_weight: float
    wait_value: float
    rival_quality: FloatArray  # [T]
    rival_price: FloatArray  # [T]
    income_growth: FloatArray  # [T]
    gift32: int
    household: int
    switch32: int
    g16: float


@arrays
class GoodsPeople(Record):
    """What people would spend; one entry where there are no goods."""

    income: FloatArray = of_world(np.float64)


@arrays
class GoodsState(GoodsPeople):
    """Who has what, the calendar of needs, and what is in stock."""

    has: NDArray[np.int8] = by_person(np.int8, fill=NOTHING, needed="goods_on")
    booking: NDArray[np.int8] = by_person(np.int8, fill=NOTHING, needed="goods_on")
    given: Int8Array = by_person(np.uint8, fill=0, needed="goods_on")
    need_count: NDArray[np.uint16] = by_person(np.uint16, fill=0, needed="goods_on")
    need_head: NDArray[np.int32] = array(np.int32, "ticks", fill=-1)
    need_next: NDArray[np.int32] = by_person(np.int32, needed="goods_on")
    in_line: Bits = set_of_people()  # who has a booking
    buyers: NDArray[np.int32] = by_person(np.int32, needed="goods_on")
    bought: Any = array(CLAIM, 1)  # the one who adopts by buying
    price_now: FloatArray = array(np.float64, MAX_GOODS, fill=0, news=True)
    cost_now: FloatArray = array(np.float64, MAX_GOODS, fill=0, news=True)
    good_stock: IntArray = array(np.int64, MAX_GOODS, fill=0)
    sold_so_far: IntArray = array(np.int64, MAX_GOODS, fill=0)
    owners: IntArray = array(np.int64, MAX_GOODS, fill=0)
    in_line_of: IntArray = array(np.int64, MAX_GOODS, fill=0)


def yearly(change: float, day: int) -> float:
    """Return the factor that a change a year makes by a day.

    Examples
    --------
    >>> yearly(0.0, 10), round(yearly(-0.5, 365), 12), round(yearly(1.0, 730), 12)
    (1.0, 0.5, 4.0)
    """
    if change == 0.0:
        return 1.0
    rate = float(log_portable(1.0 + change))
    if change < 0.0:
        return float(exp_neg_portable(-(day / 365.0) * rate))
    return 1.0 / float(exp_neg_portable((day / 365.0) * rate))


def people_of(made: Made) -> dict[str, Any]:
    """Return what people would spend, [N]; one entry where there are no goods."""
    if not made.scenario.goods:
        return {"income": np.ones(1)}
    return {"income": made.population.income}


def numbers(made: Made) -> GoodsRules:
    """Return the goods, when needs arise, and what counts in the choice."""
    scenario = made.scenario
    goods, buying = list(scenario.goods.values()), scenario.buying
    products = list(scenario.products)
    ticks = scenario.ticks if goods else 1

    def column(of: Callable[[Sale], Any], fill: float = 0.0) -> FloatArray:
        found = np.full(MAX_GOODS, fill)
        found[: len(goods)] = [of(good) for good in goods]
        return found

    def counts(of: Callable[[Sale], Any]) -> IntArray:
        return column(of).astype(np.int64)

    def path(start: float, change: float) -> FloatArray:
        return np.array([start * yearly(change, t) for t in range(ticks)])

    def given_up(good: Sale) -> int:
        rate = 0.6931471805599453 / good.deposit_half
        return threshold(good.cancel * float(exp_neg_portable(good.deposit * rate)))

    prices, units = np.zeros((MAX_GOODS, ticks)), np.zeros((MAX_GOODS, ticks), np.int64)
    for g, good in enumerate(goods):
        prices[g] = path(good.price, good.price_change)
        units[g] = units_by_tick(
            good.units or 0.0, good.start, good.every, good.rounds, ticks, scenario.people_per_agent
        )
    rate = np.zeros(ticks)
    for phase in buying.arrivals:
        rate[phase.day :] = phase.rate
    return GoodsRules(
        goods_on=int(len(goods) > 0),
        n_goods=len(goods),
        good_product=counts(lambda g: products.index(g.product) if g.product else 0),
        good_launch=counts(lambda g: g.launch_at),
        good_quality=column(lambda g: g.quality),
        list_price=prices,
        unit_cost=column(lambda g: g.unit_cost),
        curve=column(lambda g: g.cost_curve),
        first_units=column(lambda g: g.first_units, 1.0),
        markup=column(lambda g: 0.0 if g.markup is None else g.markup),
        cost_plus=counts(lambda g: g.markup is not None),
        stocked=counts(lambda g: g.stocked),
        good_units=units,
        orders=counts(
            lambda g: (
                ENDLESS
                if math.isinf(g.orders_per_day)
                else scaled(g.orders_per_day, scenario.people_per_agent)
            )
        ),
        breakage=column(lambda g: g.breakage),
        users_first=counts(lambda g: g.users_first),
        cancel32=counts(given_up),
        accessory_rate=column(lambda g: g.accessories),
        arrivals=np.floor(np.cumsum(rate) * 67108864.0).astype(np.int64),
        has_at_start32=threshold(buying.has_at_start),
        life_days=buying.life_days,
        wait_days=buying.wait_days,
        find32=threshold(buying.find),
        quality_weight=buying.quality_weight,
        expert_weight=buying.expert_weight,
        price_weight=buying.price_weight,
        word_weight=buying.word_weight,
        link_weight=buying.link_weight,
        wait_value=buying.wait_value,
        rival_quality=path(buying.rival_quality, buying.rival_quality_change),
        rival_price=path(buying.rival_price, buying.rival_price_change),
        income_growth=path(1.0, buying.income_change),
        gift32=threshold(buying.gift),
        household=buying.household,
        switch32=threshold(buying.switch),
        g16=float(scenario.people_per_agent),
    )


def _spent(scenario: Any, flows: Flows) -> Money:
    cost: Money = flows.block("spent").sum(axis=1) / 100.0 * flows.scale
    return cost


def _told(scenario: Any, say: Callable[..., str]) -> Iterator[str]:
    for key, good in scenario.goods.items():
        units = "∞"
        if good.stocked:
            units = f"{good.units or 0:g} / {good.every}"
        yield say("good", name=key, price=good.price, day=good.launch_at, units=units)


GOODS = Mechanism(
    "goods",
    people=people_of,
    numbers=numbers,
    state=GoodsState,
    columns=(
        T_ASKED,
        T_SOLD,
        T_GIFTS,
        T_REVENUE,
        T_SPENT,
        T_ACCESSORIES,
        T_CANCELLED,
        T_BOOKED,
        T_HAVING,
        T_RIVAL_SOLD,
        T_SWITCHED_TO,
        T_SWITCHED_AWAY,
        T_REPEATED,
        T_PUT_OFF,
        T_BOUGHT_IN,
    ),
    purposes=(
        DRAW_HAS_AT_START,
        DRAW_NEED_ARISES,
        DRAW_GOODS_CHOICE,
        DRAW_FIND,
        DRAW_GIFT,
        DRAW_GOODS_LOT,
        DRAW_CANCEL,
        DRAW_SWITCH,
        DRAW_ACCESSORY,
    ),
    modules=(Module("goods", ("goods",), "people buy devices", "人们购买手机"),),
    sentences=(Sentence("happens", 6, _told),),
    words={
        "good": (
            "{name} is sold for {price:g} from day {day} on (units / days: {units})",
            "第 {day} 天起以 {price:g} 元销售 {name}（数量 / 天：{units}）",
        ),
    },
    prices=(Price(13, "goods", "``unit_cost`` of each good sold, as it falls", _spent),),
)
