"""events: for some days people tell and notice more, and gain from what they achieve."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from koubei_sim.core.block import Record
from koubei_sim.core.codes import MAX_CHANNELS
from koubei_sim.errors import KoubeiError
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
    Sentence,
    arrays,
    by_person,
    count,
    list_of_day,
)
from koubei_sim.model.mechanisms.fields import (
    STRUCTURE,
    Part,
    Real,
    Whole,
    days,
    engagement,
    factor,
    infinite,
    money,
    name,
    people,
    tick,
)
from koubei_sim.model.mechanisms.numbers import halving

T_EVENT_PARTICIPANTS = Column(175, "event_participants", "tellings under an event with a gain")

MOST_LIFT: Final = 64.0  # product of overlapping lifts; keeps the engines' integers below 2**63
PARTICIPANT = np.dtype([("agent", "i4"), ("channel", "i2"), ("replies", "i2")], align=True)


class Happening(Part):
    """Of an event: where and when, and what it does to those who tell."""

    channel: str = name(..., "channel it happens on", "a channel of the scenario")
    start: Whole = tick(0, "first tick")
    length: Whole = days(1, "days it lasts", neutral=STRUCTURE, low=1)
    every: Whole = days(0, "days from one occurrence to the next; 0: only once")
    lift_tell: Real = factor(1.0, "factor on telling while it runs", neutral=1.0, high=MOST_LIFT)
    lift_visibility: Real = factor(
        1.0, "factor on the hazards of messages while it runs", neutral=1.0, high=MOST_LIFT
    )
    lift_retelling: Real = factor(
        1.0,
        "further factor on telling of those who only heard of it: a riddle that they guess at",
        neutral=1.0,
        high=MOST_LIFT,
    )
    fade: Real = infinite("days", "half-life of the lifts from its first day on: of a wave")
    gain: Real = engagement(
        0.0, "largest engagement gained from replies and recruits of one's own", high=1000.0
    )
    saturation: Real = people(
        1.0,
        "replies and recruits that give half of the largest gain",
        neutral=STRUCTURE,
        above=0.0,
        high=1e6,
    )

    @model_validator(mode="after")
    def _occurrences_apart(self) -> Happening:
        if 0 < self.every < self.length:
            raise KoubeiError(
                "every",
                "the next occurrence begins before this one ends",
                got=self.every,
                allowed=f"0 or at least {self.length}",
                fix=str(self.length),
            )
        return self


class EventCosts(Part):
    """Of an event: what it costs."""

    cost: Real = money("cost of one occurrence")
    cost_per_head: Real = money("cost for each participant")


@dataclass(frozen=True)
class EventRules(Record):
    """Lifts and gains by channel and tick."""

    lift_tell16: IntArray  # [8, T]
    lift_visibility16: IntArray  # [8, T]
    lift_retelling16: IntArray  # [8, T]
    event_gain: FloatArray  # [8, T]
    event_saturation: FloatArray  # [8, T]


def _any_gain(rules: Any) -> bool:
    return bool((rules.event_gain > 0).any())


@arrays
class EventState(Record):
    """Who took part today, and how many each has recruited."""

    participants: Any = list_of_day(
        PARTICIPANT, "used channels", flat=True, counter="n_participants"
    )
    n_participants: IntArray = count()
    recruits_today: NDArray[np.int32] = by_person(np.int32, fill=0, needed=_any_gain, travels=True)


def occurrences(event: Any, ticks: int) -> Iterator[tuple[int, int]]:
    """Yield first and end tick (end excluded, cut at `ticks`) of each occurrence of an event."""
    start = event.start
    while start < ticks:
        yield start, min(start + event.length, ticks)
        if event.every == 0:
            return
        start += event.every


def faded(lift: float, kept: FloatArray) -> FloatArray:
    """Return a lift of which so much is left; all that is left is the lift itself.

    Examples
    --------
    >>> faded(0.5, np.array([1.0, 0.5])).tolist()
    [0.5, 0.75]
    """
    return np.where(kept == 1.0, lift, 1.0 + (lift - 1.0) * kept)


def numbers(made: Made) -> EventRules:
    """Return lifts and gains by channel and tick [8, T]; lifts of overlapping events multiply."""
    ticks, names = made.scenario.ticks, list(made.scenario.channels)
    tell = np.ones((MAX_CHANNELS, ticks))
    visibility = np.ones((MAX_CHANNELS, ticks))
    retelling = np.ones((MAX_CHANNELS, ticks))
    gain = np.zeros((MAX_CHANNELS, ticks))
    saturation = np.ones((MAX_CHANNELS, ticks))
    for event in made.scenario.events.values():
        c = names.index(event.channel)
        for start, end in occurrences(event, ticks):
            kept = halving(event.fade, end - start)
            tell[c, start:end] *= faded(event.lift_tell, kept)
            visibility[c, start:end] *= faded(event.lift_visibility, kept)
            retelling[c, start:end] *= faded(event.lift_retelling, kept)
            if event.gain > 0:
                gain[c, start:end] = event.gain
                saturation[c, start:end] = event.saturation

    def lifts(values: FloatArray) -> IntArray:
        return np.minimum(np.floor(values * 65536.0), MOST_LIFT * 65536.0).astype(np.int64)

    return EventRules(
        lift_tell16=lifts(tell),
        lift_visibility16=lifts(visibility),
        lift_retelling16=lifts(retelling),
        event_gain=gain,
        event_saturation=saturation,
    )


def _told(scenario: Any, say: Callable[..., str]) -> Iterator[str]:
    for title, event in scenario.events.items():
        yield say(
            "event",
            name=title,
            what=say("meeting" if event.offline else "online_event"),
            channel=event.channel,
            start=event.start,
            length=event.length,
            every=say("every", days=event.every) if event.every else "",
        )


def _spent(scenario: Any, flows: Flows) -> Money:
    ticks = flows.days.size
    total = np.zeros(ticks)
    for event in scenario.events.values():
        spent = np.zeros(ticks)
        channel = list(scenario.channels).index(event.channel)
        told = flows.block("tells_positive")[:, channel] + flows.block("tells_negative")[:, channel]
        for start, end in occurrences(event, ticks):
            spent[start] += event.cost
            if event.offline:
                heads = flows.block("meeting_attendees")[start]
                spent[start] += event.cost_per_head * heads * flows.scale
            else:
                spent[start:end] += event.cost_per_head * told[start:end] * flows.scale
        total += spent
    return total


EVENTS = Mechanism(
    "events",
    numbers=numbers,
    state=EventState,
    columns=(T_EVENT_PARTICIPANTS,),
    modules=(
        Module("events", ("events",), "events", "活动"),
        Module(
            "riddles", ("events.*.lift_retelling",), "who heard of it guesses along", "悬念与竞猜"
        ),
    ),
    sentences=(Sentence("happens", 1, _told, entries=True),),
    words={
        "event": (
            "{name}: {what} on {channel}, day {start}, {length} day(s){every}",
            "{name}：{channel} 上的{what}，第 {start} 天，{length} 天{every}",
        ),
        "online_event": ("an event", "活动"),
        "every": (", every {days} days", "，每 {days} 天一次"),
    },
    prices=(
        Price(
            8,
            "events",
            "``cost`` of each occurrence on its first tick; ``cost_per_head`` for each telling of "
            "a user on its channel while it runs, or for each attendee of a meeting",
            _spent,
        ),
    ),
)
