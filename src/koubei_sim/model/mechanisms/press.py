"""press: campaigns that follow the talk of the public, or lead it, and those that waves crowd."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from koubei_sim.core.block import Record
from koubei_sim.model.mechanisms.declaration import (
    Column,
    FloatArray,
    IntArray,
    Made,
    Mechanism,
    Module,
    Sentence,
    array,
    arrays,
)
from koubei_sim.model.mechanisms.fields import (
    STRUCTURE,
    Part,
    Real,
    Truth,
    factor,
    fraction,
    only_with,
    parameter,
    truth,
)
from koubei_sim.model.mechanisms.numbers import whole

T_PRESS = Column(
    279,
    "press",
    "what campaigns lead with and what talk has added, of those that ran, where any follows talk "
    "or leads otherwise than 1",
    unit="campaigns / 65536",
)


class Press(Part):
    """Of a campaign: what it does of itself, and how much it follows the talk of the public."""

    lead: Real = factor(1.0, "factor on visibility without any talk", neutral=1.0)
    follow: Real = factor(
        0.0,
        "attention gained a day by talk e times as loud as what is noticed: added to the lead",
        source="McCombs and Shaw 1972 on who sets whose agenda; form and value are assumptions",
    )
    forget: Real = only_with(
        "follow",
        fraction(0.1, "share of that attention lost a day", unit="1/day", neutral=STRUCTURE),
    )
    notice: Real = only_with(
        "follow",
        parameter(
            100.0,
            "tellings a day of all people up to which talk goes unnoticed",
            unit="1/day",
            neutral=STRUCTURE,
            low=0.0,
            high=1e12,
        ),
    )
    lifted: Truth = truth(
        False, "lift_visibility of events on its channel acts on it too: waves crowd or carry it"
    )


@dataclass(frozen=True)
class PressRules(Record):
    """How much each campaign leads and follows."""

    press_on: int
    media_lead: FloatArray  # [A]
    media_follow: FloatArray  # [A]
    media_forget: FloatArray  # [A]
    media_notice: FloatArray  # [A] people
    media_lifted: IntArray  # [A]
    media_scale: float  # people


def _campaigns(rules: Any) -> int:
    return int(rules.media_lead.size)


@arrays
class PressState(Record):
    """What talk has added to each campaign."""

    attention: FloatArray = array(np.float64, _campaigns, fill=0, news=True)


def numbers(made: Made) -> PressRules:
    """Return how much each campaign leads and follows."""
    media = list(made.scenario.media.values())

    def real(name: str) -> FloatArray:
        return np.array([getattr(campaign, name) for campaign in media], dtype=np.float64)

    return PressRules(
        press_on=int(any(one.follow > 0.0 or one.lead != 1.0 for one in media)),
        media_lead=real("lead"),
        media_follow=real("follow"),
        media_forget=real("forget"),
        media_notice=real("notice"),
        media_lifted=whole(one.lifted for one in media),
        media_scale=made.scenario.people_per_agent,
    )


def _told(scenario: Any, say: Callable[..., str]) -> Iterator[str]:
    for title, media in scenario.media.items():
        if media.follow > 0.0:
            yield say(
                "press",
                name=title,
                lead=media.lead,
                follow=media.follow,
                notice=media.notice,
                forget=media.forget,
            )


PRESS = Mechanism(
    "press",
    numbers=numbers,
    state=PressState,
    columns=(T_PRESS,),
    modules=(
        Module(
            "press",
            ("media.*.lead", "media.*.follow", "media.*.lifted"),
            "campaigns follow talk, or are crowded by waves",
            "媒体跟随公众的话题，也会被外界热点挤占",
        ),
    ),
    sentences=(Sentence("happens", 2, _told, entries=True),),
    words={
        "press": (
            "{name}: {lead:g} of itself, and {follow:g} a day more for each e-fold of talk beyond "
            "{notice:g} tellings, of which {forget:g} is forgotten a day",
            "{name}：自身强度 {lead:g}；公众每日发言超过 {notice:g} 条后，每 e 倍再加 {follow:g}，"
            "每天遗忘 {forget:g}",
        ),
    },
)
