"""complain: unhappy users turn to the staff, which is participation too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.block import Record
from koubei_sim.core.codes import MAX_CHANNELS
from koubei_sim.model.mechanisms.declaration import (
    Column,
    IntArray,
    Made,
    Mechanism,
    Module,
    Purpose,
    Sentence,
    Slot,
    arrays,
    count,
    list_of_day,
)
from koubei_sim.model.mechanisms.fields import TRIAL, Part, Real, engagement, parameter

DRAW_COMPLAIN = Purpose(25, "tick, 0")
DRAW_COMPLAIN_CHANNEL = Purpose(26, "tick, 0")
T_COMPLAINTS = Column(141, "complaints", "complaints by channel", "channel")


class Complaining(Part):
    """Of service: how readily people complain."""

    complaint: Real = parameter(
        1.5,
        "probability to complain on an online day, per unit of dissatisfaction",
        unit="1/day",
        neutral=0.0,
        low=0.0,
        high=1000.0,
        source=TRIAL,
    )


class ComplaintGain(Part):
    """Of loyalty: complaining binds."""

    complaint_gain: Real = engagement(0.0, "engagement gained by complaining (it is participation)")


@dataclass(frozen=True)
class ComplaintRules(Record):
    """How readily people complain."""

    complaint_rate: float  # per unit of dissatisfaction and online day
    complaint_gain: float


@arrays
class ComplaintState(Record):
    """The complaints of the day, by channel."""

    complaints: NDArray[np.int32] = list_of_day(np.int32, MAX_CHANNELS, counter="n_complaints")
    n_complaints: IntArray = count(MAX_CHANNELS)


def numbers(made: Made) -> ComplaintRules:
    """Return how readily people complain."""
    return ComplaintRules(
        complaint_rate=made.scenario.service.complaint,
        complaint_gain=made.scenario.loyalty.complaint_gain,
    )


def _told(scenario: Any, say: Callable[..., str]) -> Iterator[str]:
    service = scenario.service
    yield say(
        "unhappy",
        complaint=service.complaint,
        lapse=service.lapse,
        negativity=scenario.telling.negativity,
    )


COMPLAINTS = Mechanism(
    "complain",
    numbers=numbers,
    state=ComplaintState,
    actor=(Slot("complained", "i2"), Slot("pending", "u1")),
    columns=(T_COMPLAINTS,),
    purposes=(DRAW_COMPLAIN, DRAW_COMPLAIN_CHANNEL),
    modules=(
        Module("complaints", ("service.complaint",), "unhappy users complain", "不满的用户会吐槽"),
    ),
    sentences=(Sentence("do", 3, _told),),
    words={
        "unhappy": (
            "An unhappy user complains at {complaint:g} per unit and leaves with {lapse:g} on an "
            "online day; a bad message weighs {negativity:g} good ones",
            "不满者每单位不满吐槽 {complaint:g}，在线日以 {lapse:g} 离开；"
            "一条坏消息抵 {negativity:g} 条好消息",
        ),
    },
)
