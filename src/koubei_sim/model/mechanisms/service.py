"""serve: staff answer complaints in turn; late answers are worth less."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.block import Record
from koubei_sim.core.codes import MAX_CHANNELS, WORTH_BINS
from koubei_sim.model.mechanisms.declaration import (
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
    Slot,
    array,
    arrays,
    by_person,
)
from koubei_sim.model.mechanisms.fields import (
    STRUCTURE,
    Part,
    Real,
    Truth,
    Whole,
    days,
    engagement,
    factor,
    fraction,
    infinite,
    money,
    parameter,
    truth,
)
from koubei_sim.model.mechanisms.numbers import floor16, halving, scaled, threshold
from koubei_sim.model.mechanisms.team import answers_of

DRAW_QUEUE = Purpose(41, "tick, channel; 64-bit order")
DRAW_ANSWER = Purpose(42, "tick, channel")
T_ANSWERED = Column(149, "answered", "complaints answered", "channel")
T_UNHELPED = Column(157, "unhelped", "complaints handled without success", "channel")
T_DROPPED = Column(165, "dropped", "complaints dropped after waiting too long", "channel")


class Answers(Part):
    """Of service: what answers are worth."""

    patience: Whole = days(
        3,
        "days after which an unanswered complaint is dropped",
        neutral=STRUCTURE,
        high=365,
    )
    answer_success: Real = fraction(0.8, "probability that an answer helps", neutral=0.0)
    answer_half_life: Real = infinite("days", "latency that halves the worth of an answer")
    bonus: Real = factor(0.0, "satisfaction added by an answer of full worth", high=10.0)
    bonus_days: Whole = days(30, "days for which an answer counts")
    answer_gain: Real = engagement(0.0, "engagement gained by an answer of full worth")
    squeaky_wheel: Real = factor(0.0, "complaining learnt from public answers")


class Staff(Part):
    """Of a channel: its staff."""

    service_capacity: Real = parameter(
        0.0,
        "complaints that the staff handle a day; 0: no service here",
        unit="complaints/day",
        neutral=0.0,
        low=0.0,
        high=1e9,
    )
    moderation: Real = parameter(
        0.0,
        "complaints that each core user handles a day as a moderator, at no cost",
        unit="complaints/day",
        neutral=0.0,
        low=0.0,
        high=1e6,
    )
    service_public: Truth = truth(
        True, "answers are seen by everybody and teach people to complain"
    )
    staff_cost: Real = money("cost of the staff of this channel", a_day=True)


class AnswerCosts(Part):
    """Price of answers."""

    per_answer: Real = money("cost of handling a complaint")


@dataclass(frozen=True)
class ServiceRules(Record):
    """Staff, and what answers are worth."""

    service_capacity: IntArray  # [8] complaints a day, by the team too; 0: no service
    moderation: FloatArray  # [8] the same by each core user
    service_public: Int8Array  # [8]
    patience: int
    answer32: int
    answer_worth16: IntArray  # [(patience + 1) * 64]
    answer_gain: float
    service_bonus: float
    bonus_days: int
    squeaky_wheel: float


@arrays
class ServiceState(Record):
    """The queue of each channel, as a list of followers; the squeak of the day before."""

    queue_head: NDArray[np.int32] = array(np.int32, MAX_CHANNELS, fill=-1)
    queue_tail: NDArray[np.int32] = array(np.int32, MAX_CHANNELS, fill=-1)
    queue_next: NDArray[np.int32] = by_person(np.int32)
    squeak: FloatArray = array(np.float64, 1, fill=1, news=True)
    capacity: IntArray = array(np.int64, MAX_CHANNELS, fill=0, news=True)  # of today


def numbers(made: Made) -> ServiceRules:
    """Return staff, and what answers are worth.

    The worth of an answer after a latency of l days is ``floor(0.5**(l / half-life) 65536)``; the
    latency within a day is read off at the lower edge of each of 64 bins.
    """
    service, g = made.scenario.service, made.scenario.people_per_agent
    bins = (service.patience + 1) * WORTH_BINS
    capacity = made.by_channel(np.int64, lambda c: scaled(c.service_capacity, g))
    staffed = answers_of(made.scenario)
    capacity[: len(staffed)] += staffed
    return ServiceRules(
        service_capacity=capacity,
        moderation=made.by_channel(np.float64, lambda c: c.moderation),
        service_public=made.by_channel(np.uint8, lambda c: c.service_public),
        patience=service.patience,
        answer32=threshold(service.answer_success),
        answer_worth16=floor16(halving(service.answer_half_life * WORTH_BINS, bins)),
        answer_gain=service.answer_gain,
        service_bonus=service.bonus,
        bonus_days=service.bonus_days,
        squeaky_wheel=service.squeaky_wheel,
    )


def _staff(scenario: Any, flows: Flows) -> Money:
    spent = np.zeros(flows.days.size)
    for channel in scenario.channels.values():
        spent += channel.staff_cost * (flows.days >= channel.opens_at)
    return spent


def _answers(scenario: Any, flows: Flows) -> Money:
    handled = flows.block("answered").sum(axis=1) + flows.block("unhelped").sum(axis=1)
    cost: Money = scenario.costs.per_answer * handled * flows.scale
    return cost


SERVICE = Mechanism(
    "serve",
    numbers=numbers,
    state=ServiceState,
    actor=(Slot("served_worth", "i4"), Slot("served_until", "i2", -1)),
    columns=(T_ANSWERED, T_UNHELPED, T_DROPPED),
    purposes=(DRAW_QUEUE, DRAW_ANSWER),
    modules=(
        Module(
            "service", ("channels.*.service_capacity",), "staff answer complaints", "客服回应吐槽"
        ),
        Module("moderation", ("channels.*.moderation",), "core users answer too", "核心用户当版主"),
    ),
    prices=(
        Price(2, "staff", "``staff_cost`` of each open channel, each day", _staff),
        Price(
            3,
            "answers",
            "``costs.per_answer`` for each complaint handled, with success or without",
            _answers,
        ),
    ),
)
