"""appeal: tellings differ; the best are seen and retold more, ride waves, and are shown to all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.block import Record
from koubei_sim.core.codes import FULL16, MAX_CHANNELS
from koubei_sim.model.mechanisms.declaration import (
    Column,
    Flows,
    IntArray,
    Made,
    Mechanism,
    Module,
    Money,
    Price,
    Purpose,
    Sentence,
    arrays,
    by_person,
)
from koubei_sim.model.mechanisms.events import MOST_LIFT, faded, occurrences
from koubei_sim.model.mechanisms.fields import (
    STRUCTURE,
    Part,
    Real,
    Whole,
    factor,
    fraction,
    money,
    only_with,
    parameter,
)
from koubei_sim.model.mechanisms.numbers import (
    fixed16,
    floor16,
    halving,
    lognormal_classes,
    threshold,
)

DRAW_APPEAL = Purpose(110, "tick, channel")
DRAW_RIDE = Purpose(111, "tick, channel")
DRAW_AMPLIFY = Purpose(112, "tick, 8 * rank + channel")
DRAW_AMPLIFY_TIE = Purpose(119, "tick, channel")
T_AMPLIFIED = Column(
    280, "amplified", "stories that were shown to all members, by channel", "channel",
    unit="stories",
)  # fmt: skip

ONE8: Final = 256  # the appeal 1
MOST8: Final = 65535
CLASSES: Final = 4096  # of appeal, all equally likely


class Appeal(Part):
    """Of telling: messages differ."""

    appeal_sigma: Real = factor(
        0.0,
        "spread of the appeal of tellings: log-normal with mean 1 and this sigma of its logarithm; "
        "multiplies the chance to be seen on feeds, and how often it is retold",
        high=2.0,
        source="Goel, Anderson, Hofman and Watts 2016: sizes of cascades vary far more than those "
        "of one branching process; law and value are assumptions",
    )


class Riding(Part):
    """Of an event: tellings that take it up."""

    ride: Real = fraction(0.0, "share of tellings on its channel that ride it")
    ride_lift: Real = only_with(
        "ride",
        factor(2.0, "factor on the appeal of a telling that rides it", neutral=1.0, high=MOST_LIFT),
    )


class Amplification(Part):
    """Of a channel: the firm shows the best of what is told to everybody there."""

    amplify: Whole = parameter(
        0, "stories of a day that are shown", unit="stories/day", neutral=0, low=0, high=1000
    )
    amplify_visibility: Real = only_with(
        "amplify", fraction(0.1, "probability that a member sees one of them", neutral=STRUCTURE)
    )
    amplify_cost: Real = only_with("amplify", money("cost of showing a story"))


@dataclass(frozen=True)
class AppealRules(Record):
    """How tellings differ, who rides what, and what is amplified."""

    appeal_on: int
    appeal8: IntArray  # [4096] 1/256
    fidelity16: IntArray  # [8]
    ride32: IntArray  # [8, T]
    ride16: IntArray  # [8, T]
    amplify: IntArray  # [8]
    amplify32: IntArray  # [8]


@arrays
class AppealState(Record):
    """The appeal of what made people aware, in units of 1/256."""

    heard_appeal: NDArray[np.uint16] = by_person(np.uint16, fill=ONE8, needed="appeal_on")


def numbers(made: Made) -> AppealRules:
    """Return how tellings differ, who rides what, and what is amplified."""
    scenario = made.scenario
    ticks, names = scenario.ticks, list(scenario.channels)
    law = lognormal_classes(CLASSES, scenario.telling.appeal_sigma)
    ride32 = np.zeros((MAX_CHANNELS, ticks), dtype=np.int64)
    ride16 = np.full((MAX_CHANNELS, ticks), FULL16, dtype=np.int64)
    for event in scenario.events.values():
        if event.ride > 0.0:
            c = names.index(event.channel)
            for start, end in occurrences(event, ticks):
                ride32[c, start:end] = threshold(event.ride)
                kept = halving(event.fade, end - start)
                ride16[c, start:end] = floor16(faded(event.ride_lift, kept))
    ridden = any(event.ride > 0.0 for event in scenario.events.values())
    return AppealRules(
        appeal_on=int(scenario.telling.appeal_sigma > 0.0 or ridden),
        appeal8=np.minimum(np.floor(law * 256.0 + 0.5), MOST8).astype(np.int64),
        fidelity16=made.by_channel(np.int64, lambda c: fixed16(c.fidelity), FULL16),
        ride32=ride32,
        ride16=ride16,
        amplify=made.by_channel(np.int64, lambda c: c.amplify),
        amplify32=made.by_channel(np.int64, lambda c: threshold(c.amplify_visibility)),
    )


def _told(scenario: Any, say: Callable[..., str]) -> Iterator[str]:
    if scenario.telling.appeal_sigma > 0.0:
        yield say("appeal", sigma=scenario.telling.appeal_sigma)
    for title, channel in scenario.channels.items():
        if channel.amplify:
            yield say(
                "amplify", name=title, stories=channel.amplify, seen=channel.amplify_visibility
            )


def _spent(scenario: Any, flows: Flows) -> Money:
    shown = flows.block("amplified")
    spent = np.zeros(flows.days.size)
    for c, channel in enumerate(scenario.channels.values()):
        spent += channel.amplify_cost * shown[:, c]
    return spent


APPEAL = Mechanism(
    "appeal",
    numbers=numbers,
    state=AppealState,
    columns=(T_AMPLIFIED,),
    purposes=(DRAW_APPEAL, DRAW_RIDE, DRAW_AMPLIFY, DRAW_AMPLIFY_TIE),
    modules=(
        Module(
            "amplification",
            ("channels.*.amplify",),
            "the firm shows the best stories to all",
            "官方放大最好的故事",
        ),
        Module(
            "appeal", ("telling.appeal_sigma",), "tellings differ in appeal", "内容吸引力有高有低"
        ),
        Module("riding", ("events.*.ride",), "tellings ride events", "发言借势热点"),
    ),
    sentences=(Sentence("do", 2, _told),),
    words={
        "appeal": (
            "Tellings differ in appeal, with a sigma of {sigma:g}",
            "发言的吸引力各不相同，对数标准差 {sigma:g}",
        ),
        "amplify": (
            "Of what is told on {name} the best {stories} a day are shown to all, seen by {seen:g}",
            "{name} 上每天最好的 {stories} 条展示给所有成员，被 {seen:g} 看到",
        ),
    },
    prices=(
        Price(14, "amplification", "``channels.*.amplify_cost`` for each story shown", _spent),
    ),
)
