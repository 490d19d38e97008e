"""fit and satisfaction: whom a product suits - price, effort, taste, the gate - and how well."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import model_validator

from koubei_sim.core.block import Record
from koubei_sim.errors import KoubeiError
from koubei_sim.model.mechanisms.backlog import missed
from koubei_sim.model.mechanisms.declaration import (
    Column,
    Composite,
    FloatArray,
    IntArray,
    Made,
    Mechanism,
    Module,
    Purpose,
    Sentence,
    Slot,
    array,
    arrays,
    of_world,
)
from koubei_sim.model.mechanisms.fields import (
    INFINITY,
    STRUCTURE,
    TRIAL,
    Part,
    Real,
    Whole,
    factor,
    fraction,
    money,
    only_with,
    parameter,
    tick,
)
from koubei_sim.model.mechanisms.numbers import whole
from koubei_sim.model.mechanisms.population import mean_expertise

DRAW_INCOME = Purpose(5, "population: 0, 0")
DRAW_TASTE = Purpose(6, "population: 0, 0")
DRAW_TASTE_GROUP = Purpose(7, "population: 0, 0")
T_UNHAPPY_ONLINE = Column(174, "unhappy_online", "users online and unhappy")
T_PROMOTERS_ONLINE = Column(200, "promoters_online", "users online and promoters")


class Income(Part):
    """Of a segment: what its people would spend."""

    income_median: Real = only_with(
        "products.*.price",
        parameter(
            1000.0,
            "median of what a person would spend on the product at most",
            unit="money",
            neutral=INFINITY,
            above=0.0,
            high=INFINITY,
        ),
    )
    income_sigma: Real = only_with(
        "products.*.price",
        factor(0.5, "spread of income: sigma of its logarithm", high=3.0),
    )

    @model_validator(mode="after")
    def _finite_income(self) -> Income:
        if self.income_median == INFINITY and self.income_sigma > 0:
            # An infinite median has no spread; saying so beats a silent NaN in the tables.
            raise KoubeiError(
                "income_sigma",
                "an infinite income has no spread",
                got=self.income_sigma,
                allowed="0",
                fix="0",
            )
        return self


class Offer(Part):
    """Of a product: what it asks of people."""

    bar: Real = factor(
        0.3, "satisfaction that a user expects", neutral=-10.0, low=-10.0, high=10.0, source=TRIAL
    )
    bar_expert: Real = factor(
        0.0, "how much more an expert expects than who knows nothing", low=-10.0, high=10.0
    )
    price: Real = money("price; who would spend less never buys")
    effort: Real = fraction(0.0, "least expertise that using it takes")
    taste_group: Whole | None = parameter(
        None,
        "taste group it is made for; none: for everybody",
        unit="group",
        neutral=None,
        low=0,
        high=3,
    )


class Gate(Part):
    """Of the market: who may come in, and tastes."""

    open_to_all: Whole = tick(
        0, "tick before which newbies are kept out (the purity gate)", neutral=0
    )
    admission: Real = fraction(1.0, "factor on the fit of newbies before that tick", neutral=1.0)
    off_taste: Real = fraction(
        1.0, "factor on the fit of a product made for another taste group", neutral=1.0
    )
    taste_groups: Whole = parameter(
        1, "taste groups of equal size", unit="groups", neutral=1, low=1, high=4
    )
    taste_sd: Real = factor(
        0.15, "spread of personal taste in satisfaction", high=10.0, source=TRIAL
    )


class Welcome(Part):
    """Of a segment: from when on there is a product for its people."""

    opens_at: Whole = tick(
        0, "tick before which nobody of it can be won: no version in its language", neutral=0
    )


class Promoters(Part):
    """Of loyalty: which users count as promoters."""

    promoter: Real = factor(
        0.3,
        "satisfaction from which a user counts as a promoter; passive between 0 and this",
        neutral=STRUCTURE,  # a line of measuring: no run hangs on it
        high=10.0,
        source="assumption (the product gives twice the default bar)",
    )


@dataclass(frozen=True)
class FitRules(Record):
    """What fit and satisfaction take off, and what is counted of satisfaction."""

    bar: FloatArray  # [K]
    bar_expert: FloatArray  # [K]
    promoter: float
    product_taste: IntArray  # [K] taste group or -1
    off_taste: float
    admission: float
    open_to_all: int  # tick
    segment_opens: IntArray  # [S] tick


@arrays
class FitPeople(Record):
    """What personal taste adds to satisfaction."""

    taste: FloatArray = of_world(np.float64)


@arrays
class FitState(Record):
    """What each product is worth to each class today."""

    fit16: IntArray = array(np.int64, "products", "classes", fill=0, news=True)


def numbers(made: Made) -> FitRules:
    """Return what fit and satisfaction take off."""
    products, market = list(made.scenario.products.values()), made.scenario.market
    return FitRules(
        bar=np.array([p.bar for p in products], dtype=np.float64),
        bar_expert=np.array([p.bar_expert for p in products], dtype=np.float64),
        promoter=made.scenario.loyalty.promoter,
        product_taste=whole(-1 if p.taste_group is None else p.taste_group for p in products),
        off_taste=market.off_taste,
        admission=market.admission,
        open_to_all=market.open_to_all,
        segment_opens=whole(s.opens_at for s in made.scenario.segments.values()),
    )


def people(made: Made) -> dict[str, Any]:
    """Return the taste of each person."""
    return {"taste": made.population.taste}


def first_satisfaction(scenario: Any, x: Any) -> Any:
    """Return the satisfaction, without taste, of a new user of expertise x on the first day.

    ``q - d (1 - x) - bar + bonus e / (1 + e) - missed`` of the first product, e the engagement of
    a new user, with what people of this expertise miss on average.
    """
    product, loyalty = next(iter(scenario.products.values())), scenario.loyalty
    bonus = loyalty.bonus * loyalty.newcomer / (1.0 + loyalty.newcomer)
    useful = product.quality - product.difficulty * (1.0 - x)
    asked = product.bar + product.bar_expert * x
    return useful - asked + bonus - missed(product, x)


def _margin(enthusiast: bool) -> Callable[[Any], float]:
    """Return the function of the mean first satisfaction of enthusiasts, or of newbies."""

    def of(scenario: Any) -> float:
        kinds = [s for s in scenario.segments.values() if s.enthusiast == enthusiast]
        people = sum(s.share for s in kinds)
        if not people:
            return math.nan
        margins = (s.share * first_satisfaction(scenario, mean_expertise(s)) for s in kinds)
        return float(sum(margins) / people)

    return of


def _told(scenario: Any, say: Callable[..., str]) -> Iterator[str]:
    market = scenario.market
    if market.open_to_all > 0 and market.admission < 1.0:
        yield say("gate", day=market.open_to_all, share=market.admission)


FIT = Mechanism(
    "fit",
    people=people,
    numbers=numbers,
    state=FitState,
    actor=(Slot("taste", "f8"),),
    columns=(T_UNHAPPY_ONLINE, T_PROMOTERS_ONLINE),
    purposes=(DRAW_INCOME, DRAW_TASTE, DRAW_TASTE_GROUP),
    sentences=(Sentence("who", 3, _told),),
    words={
        "gate": (
            "The gate: newbies are kept out before day {day}, their fit times {share:g}",
            "门槛：第 {day} 天前把小白挡在门外，其契合度乘以 {share:g}",
        ),
    },
    modules=(
        Module(
            "bar_expert",
            ("products.*.bar_expert",),
            "experts expect more, or less",
            "懂行者期望不同",
        ),
        Module("effort", ("products.*.effort",), "using it takes expertise", "使用需要一定水平"),
        Module(
            "gate",
            ("market.open_to_all", "market.admission"),
            "newbies are kept out at first",
            "早期把小白挡在门外",
        ),
        Module("welcome", ("segments.*.opens_at",), "not for everybody yet", "尚未向所有人群开放"),
        Module("price", ("products.*.price",), "not everybody can pay", "不是人人买得起"),
        Module("taste", ("market.taste_sd", "market.off_taste"), "tastes differ", "口味不同"),
    ),
    composites=(
        Composite(
            "newbie_margin",
            "satisfaction with which a newbie of mean expertise starts, without taste; below 0 "
            "most newbies are unhappy at once",
            "satisfaction",
            _margin(False),
        ),
        Composite(
            "enthusiast_margin",
            "the same for an enthusiast of mean expertise",
            "satisfaction",
            _margin(True),
        ),
    ),
)
