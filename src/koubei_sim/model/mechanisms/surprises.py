"""surprises: the staff give a present to some of those who tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from koubei_sim.core.block import Record
from koubei_sim.core.codes import MAX_CHANNELS
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
)
from koubei_sim.model.mechanisms.fields import Part, Real, engagement, money, only_with, parameter

DRAW_SURPRISE = Purpose(124, "tick, channel")
T_SURPRISES = Column(298, "surprises", "presents to users who told, by channel", "channel")


class Surprises(Part):
    """Of a channel: presents to users who tell there."""

    surprises: Real = parameter(
        0.0,
        "presents a day to users who tell here, by lot: as many as this if as many tell as on the "
        "day before",
        unit="people/day",
        neutral=0.0,
        low=0.0,
        high=1e9,
    )
    surprise_gain: Real = only_with("surprises", engagement(0.0, "engagement gained by a present"))
    surprise_cost: Real = money("cost of a present")


@dataclass(frozen=True)
class SurpriseRules(Record):
    """Presents a day, and what they are worth."""

    surprises: FloatArray  # [8] agents a day
    surprise_gain: FloatArray  # [8]


@arrays
class SurpriseState(Record):
    """The chance of today that a telling of a user brings a present, in units of 2**-32."""

    surprise32: IntArray = array(np.int64, MAX_CHANNELS, fill=0, news=True)


def numbers(made: Made) -> SurpriseRules:
    """Return presents a day, and what they are worth."""
    g = made.scenario.people_per_agent
    return SurpriseRules(
        surprises=made.by_channel(np.float64, lambda c: c.surprises / g),
        surprise_gain=made.by_channel(np.float64, lambda c: c.surprise_gain),
    )


def _told(scenario: Any, say: Callable[..., str]) -> Iterator[str]:
    for title, channel in scenario.channels.items():
        if channel.surprises > 0.0:
            yield say("surprise", name=title, surprises=channel.surprises)


def _spent(scenario: Any, flows: Flows) -> Money:
    given, spent = flows.block("surprises"), np.zeros(flows.days.size)
    for c, channel in enumerate(scenario.channels.values()):
        spent += channel.surprise_cost * given[:, c] * flows.scale
    return spent


SURPRISES = Mechanism(
    "surprises",
    numbers=numbers,
    state=SurpriseState,
    columns=(T_SURPRISES,),
    purposes=(DRAW_SURPRISE,),
    modules=(
        Module("surprises", ("channels.*.surprises",), "who tells may get a present", "惊喜小礼物"),
    ),
    sentences=(Sentence("do", 8, _told),),
    words={
        "surprise": (
            "Of those who tell on {name} some {surprises:g} a day get a present",
            "{name} 上每天约有 {surprises:g} 位发言者收到小礼物",
        ),
    },
    prices=(Price(16, "surprises", "``channels.*.surprise_cost`` for each present", _spent),),
)
