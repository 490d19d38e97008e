"""talking points: on certain days there is something new about the product to tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from koubei_sim.core.block import Record
from koubei_sim.core.codes import MAX_CHANNELS
from koubei_sim.model.mechanisms.declaration import IntArray, Made, Mechanism, Module, Purpose
from koubei_sim.model.mechanisms.events import occurrences
from koubei_sim.model.mechanisms.fields import Part, Real, fraction
from koubei_sim.model.mechanisms.numbers import threshold

DRAW_TALKING_POINT = Purpose(126, "tick, 0")


class TalkingPoint(Part):
    """Of an event: what it gives users to talk about."""

    talking_point: Real = fraction(
        0.0,
        "probability a day, while it runs, that it gives an online user of its channel something "
        "new to tell",
        source="three points are told of MIUI: first fast, then beautiful, then open; the value "
        "is an assumption",
    )


@dataclass(frozen=True)
class TalkingPointRules(Record):
    """When there is something new to tell."""

    news_on: int
    news32: IntArray  # [8, T] by channel


def numbers(made: Made) -> TalkingPointRules:
    """Return when there is something new to tell; of several on a day, the likeliest."""
    ticks, names = made.scenario.ticks, list(made.scenario.channels)
    events: Any = made.scenario.events.values()
    news = np.zeros((MAX_CHANNELS, ticks), dtype=np.int64)
    for event in events:
        c = names.index(event.channel)
        for start, end in occurrences(event, ticks):
            news[c, start:end] = np.maximum(news[c, start:end], threshold(event.talking_point))
    return TalkingPointRules(news_on=int(bool(news.any())), news32=news)


TALKING_POINTS = Mechanism(
    "talking_points",
    numbers=numbers,
    purposes=(DRAW_TALKING_POINT,),
    modules=(
        Module(
            "talking_points",
            ("events.*.talking_point",),
            "there is something new to tell",
            "定期的新话题",
        ),
    ),
)
