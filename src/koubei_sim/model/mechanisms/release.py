"""release: reports are read, the product learns, those who were heard are honoured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from koubei_sim.core.block import Record
from koubei_sim.core.codes import MAX_PRODUCTS
from koubei_sim.model.mechanisms.declaration import (
    Column,
    FloatArray,
    Flows,
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
    count,
)
from koubei_sim.model.mechanisms.fields import (
    INFINITY,
    STRUCTURE,
    TRIAL,
    Part,
    Real,
    Whole,
    days,
    engagement,
    factor,
    fraction,
    money,
    parameter,
    tick,
)
from koubei_sim.model.mechanisms.numbers import scaled, threshold, whole
from koubei_sim.model.mechanisms.telling import for_honour

DRAW_REPORT = Purpose(23, "tick, node (15: complaint); 64-bit priority")
DRAW_RELEASE_STORY = Purpose(24, "tick, product")
T_REPORTS = Column(139, "reports", "reports filed, complaints too")
T_REPORTS_READ = Column(140, "reports_read", "reports read by staff")
REPORT_OF_COMPLAINT: Final = 15

REPORT = np.dtype([("priority", "u8"), ("agent", "i4"), ("content", "i4")], align=True)
REPORTS_AT_MOST: Final = 50_000_000


class Learning(Part):
    """Of a product: how good it is, and how it learns."""

    quality: Real = fraction(0.5, "quality at the start", neutral=1.0, source=TRIAL)
    difficulty: Real = fraction(0.6, "difficulty for a newbie at the start", source=TRIAL)
    launch_at: Whole = tick(0, "tick of the launch", neutral=0)
    release_interval: Whole = days(
        7,
        "days between releases",
        neutral=STRUCTURE,
        low=1,
        source="weekly MIUI release every Friday (Li 2014, Sense of Participation)",
    )
    reading_capacity: Real = parameter(
        1000.0,
        "reports the staff read for a release",
        unit="reports",
        neutral=INFINITY,
        low=0.0,
        high=INFINITY,
    )
    learn_quality: Real = fraction(0.3, "largest share of the missing quality gained in a release")
    learn_difficulty: Real = fraction(0.3, "largest share of the difficulty removed in a release")
    own_work: Real = fraction(
        0.0, "share of what is missing that the team adds to a release by itself, read or not"
    )
    scale_quality: Real = parameter(
        300.0,
        "expert reports that give 63 % of the largest gain of quality",
        unit="reports",
        neutral=STRUCTURE,
        above=0.0,
        high=1e12,
    )
    scale_difficulty: Real = parameter(
        300.0,
        "newbie reports that give 63 % of the largest fall of difficulty",
        unit="reports",
        neutral=STRUCTURE,
        above=0.0,
        high=1e12,
    )
    visible_progress: Real = factor(
        0.01,
        "progress of a release (quality and ease) that people notice",
        neutral=STRUCTURE,
        high=2.0,
    )


class Honour(Part):
    """Of loyalty: what a report that was used is worth to its author."""

    honour_gain: Real = engagement(
        0.0, "engagement of those whose report was used in a visible release"
    )
    release_story: Real = fraction(0.0, "probability that such a release is a story for them")


class ReleaseCosts(Part):
    """Prices of releases and reports."""

    per_release: Real = money("cost of a release")
    per_report_read: Real = money("cost of reading a report")


@dataclass(frozen=True)
class ReleaseRules(Record):
    """The products and how they learn."""

    n_products: int
    quality: FloatArray  # [K] at the start
    difficulty: FloatArray  # [K]
    launch: IntArray  # [K]
    release_interval: IntArray  # [K]
    reading_capacity: IntArray  # [K] reports a release
    learn_quality: FloatArray
    learn_difficulty: FloatArray
    own_work: FloatArray
    scale_quality: FloatArray  # [K] expert reports
    scale_difficulty: FloatArray
    visible_progress: FloatArray
    honour_gain: float
    release_story32: int


def _most_reports(rules: Any) -> int:
    return max(1, min(int(rules.reading_capacity.max(initial=0)), REPORTS_AT_MOST))


@arrays
class ReleaseState(Record):
    """The products, today and so far; reports to be read: a max-heap by priority for each."""

    quality: FloatArray = array(np.float64, "products", news=True)
    difficulty: FloatArray = array(np.float64, "products", news=True)
    quality_path: FloatArray = array(np.float64, "ticks", "products", fill=0)
    difficulty_path: FloatArray = array(np.float64, "ticks", "products", fill=0)
    reports: Any = array(REPORT, "products", _most_reports, scratch=True)
    n_reports: IntArray = count(MAX_PRODUCTS, lasting=True)  # [4]


def numbers(made: Made) -> ReleaseRules:
    """Return the products; an unlimited reading capacity becomes the most reports there can be.

    With `people_per_agent` g, a simulated report stands for g: reading capacity (at least 1 where
    there is any) and the scales of learning are divided by g.
    """
    scenario = made.scenario
    products, g = list(scenario.products.values()), scenario.people_per_agent
    capacity = []
    for p in products:
        most = scenario.n_agents * (len(scenario.nodes) + 1) * p.release_interval
        capacity.append(scaled(p.reading_capacity, g, most))

    def column(name: str, divide: float = 1.0) -> FloatArray:
        return np.array([getattr(p, name) / divide for p in products], dtype=np.float64)

    return ReleaseRules(
        n_products=len(products),
        quality=column("quality"),
        difficulty=column("difficulty"),
        launch=whole(p.launch_at for p in products),
        release_interval=whole(p.release_interval for p in products),
        reading_capacity=whole(capacity),
        learn_quality=column("learn_quality"),
        learn_difficulty=column("learn_difficulty"),
        own_work=column("own_work"),
        scale_quality=column("scale_quality", g),
        scale_difficulty=column("scale_difficulty", g),
        visible_progress=column("visible_progress"),
        honour_gain=scenario.loyalty.honour_gain * for_honour(scenario),
        release_story32=threshold(scenario.loyalty.release_story),
    )


def _told(scenario: Any, say: Callable[..., str]) -> Iterator[str]:
    for name, product in scenario.products.items():
        yield say(
            "item",
            name=name,
            quality=product.quality,
            difficulty=product.difficulty,
            every=product.release_interval,
            launch=say("launch", day=product.launch_at) if product.launch_at else "",
            price=say("price", price=product.price) if product.price else "",
        )


def _releases(scenario: Any, flows: Flows) -> Money:
    spent = np.zeros(flows.days.size)
    for product in scenario.products.values():
        age = flows.days - product.launch_at
        due = (age > 0) & (age % product.release_interval == 0)
        spent += scenario.costs.per_release * due
    return spent


def _reports(scenario: Any, flows: Flows) -> Money:
    cost: Money = scenario.costs.per_report_read * flows.block("reports_read") * flows.scale
    return cost


RELEASE = Mechanism(
    "release",
    numbers=numbers,
    state=ReleaseState,
    columns=(T_REPORTS, T_REPORTS_READ),
    purposes=(DRAW_REPORT, DRAW_RELEASE_STORY),
    modules=(
        Module(
            "honour",
            ("loyalty.honour_gain", "loyalty.release_story"),
            "used reports earn honour",
            "建议被采纳带来荣誉",
        ),
        Module(
            "learning",
            ("products.*.learn_quality", "products.*.learn_difficulty"),
            "the product learns from reports",
            "产品从反馈中学习",
        ),
        Module(
            "own_work",
            ("products.*.own_work",),
            "the team improves it by itself",
            "团队自行改进产品",
        ),
    ),
    sentences=(Sentence("product", 1, _told),),
    words={
        "item": (
            "{name}: quality {quality:g}, difficulty {difficulty:g}, a release every {every} days"
            "{launch}{price}",
            "{name}：质量 {quality:g}，难度 {difficulty:g}，每 {every} 天发布一版{launch}{price}",
        ),
        "launch": (", launched on day {day}", "，第 {day} 天上市"),
        "price": (", price {price:g}", "，价格 {price:g}"),
    },
    prices=(
        Price(5, "releases", "``costs.per_release`` for each release of each product", _releases),
        Price(6, "reports", "``costs.per_report_read`` for each report read", _reports),
    ),
)
