"""team: staff with so many minutes a day, shared out over the channels.

Minutes answer complaints first; what is left of them answers what users tell.
"""

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
from koubei_sim.model.mechanisms.fields import (
    STRUCTURE,
    Part,
    Real,
    factor,
    money,
    only_with,
    parameter,
    people,
)

DRAW_STAFF_REPLY = Purpose(125, "tick, channel")
T_STAFF_REPLIES = Column(306, "staff_replies", "tellings that staff replied to", "channel")


class Team(Part):
    """Of service: how many staff, and how long an answer takes."""

    staff: Real = people(0.0, "staff who answer on the channels", neutral=0.0)
    minutes: Real = only_with(
        "staff",
        parameter(
            480.0,
            "minutes a day of each",
            unit="minutes/day",
            neutral=STRUCTURE,
            above=0.0,
            high=1440.0,
            source="a working day; staff of all kinds spent 15 to 60 minutes on the forum",
        ),
    )
    minutes_per_answer: Real = only_with(
        "staff",
        parameter(
            10.0,
            "minutes that a complaint takes",
            unit="minutes",
            neutral=STRUCTURE,
            above=0.0,
            high=1440.0,
        ),
    )
    minutes_per_reply: Real | None = only_with(
        "staff",
        parameter(
            None,
            "minutes that a reply to what a user told takes; none: staff answer complaints only",
            unit="minutes",
            neutral=None,
            above=0.0,
            high=1440.0,
        ),
    )
    wage: Real = money("cost of one of the staff", a_day=True)


class Share(Part):
    """Of a channel: its share of the staff."""

    staff_share: Real = factor(
        1.0, "share of the staff's minutes, against those of the other channels", neutral=STRUCTURE
    )


@dataclass(frozen=True)
class TeamRules(Record):
    """The minutes of each channel; complaints handled in them are part of its capacity."""

    staff_minutes: FloatArray  # [8] a day
    minutes_per_answer: float
    minutes_per_reply: float  # 0: staff do not reply


@arrays
class TeamState(Record):
    """Minutes that complaints left yesterday, and what they are good for today."""

    spare: FloatArray = array(np.float64, MAX_CHANNELS, fill=0, news=True)
    staff_reply32: IntArray = array(np.int64, MAX_CHANNELS, fill=0, news=True)


def minutes_of(scenario: Any) -> dict[str, float]:
    """Return the minutes of staff that each channel has a day, by agents."""
    service = scenario.service
    minutes = service.staff * service.minutes / scenario.people_per_agent
    shares = {name: channel.staff_share for name, channel in scenario.channels.items()}
    whole = sum(shares.values())
    return {name: minutes * share / whole if whole else 0.0 for name, share in shares.items()}


def answers_of(scenario: Any) -> list[int]:
    """Return the complaints that the staff of each channel can handle a day, in agents."""
    each = scenario.service.minutes_per_answer
    return [int(minutes / each) for minutes in minutes_of(scenario).values()]


def numbers(made: Made) -> TeamRules:
    """Return the minutes of each channel."""
    service, minutes = made.scenario.service, minutes_of(made.scenario)
    table = np.zeros(MAX_CHANNELS)
    table[: len(minutes)] = list(minutes.values())
    return TeamRules(
        staff_minutes=table,
        minutes_per_answer=service.minutes_per_answer,
        minutes_per_reply=service.minutes_per_reply or 0.0,
    )


def _told(scenario: Any, say: Callable[..., str]) -> Iterator[str]:
    service = scenario.service
    if service.staff > 0:
        shares = ", ".join(f"{name} {c.staff_share:g}" for name, c in scenario.channels.items())
        yield say("team", staff=service.staff, minutes=service.minutes, shares=shares)


def _wages(scenario: Any, flows: Flows) -> Money:
    spent = np.zeros(flows.days.size)
    spent += scenario.service.wage * scenario.service.staff
    return spent


TEAM = Mechanism(
    "team",
    numbers=numbers,
    state=TeamState,
    columns=(T_STAFF_REPLIES,),
    purposes=(DRAW_STAFF_REPLY,),
    modules=(Module("team", ("service.staff",), "staff have so many minutes", "客服人手与工时"),),
    sentences=(Sentence("do", 9, _told),),
    words={
        "team": (
            "{staff:g} staff with {minutes:g} minutes a day, shared out as {shares}",
            "{staff:g} 名员工，每人每天 {minutes:g} 分钟，按 {shares} 分配",
        ),
    },
    prices=(Price(17, "wages", "``service.wage`` for each of the staff, each day", _wages),),
)
