"""own media: what the members of a channel see from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from koubei_sim.core.block import Record
from koubei_sim.core.draws import hazard_units
from koubei_sim.errors import KoubeiError
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
)
from koubei_sim.model.mechanisms.fields import Part, Real, Whole, fraction, money, name, tick
from koubei_sim.model.mechanisms.numbers import threshold, whole

DRAW_SEE_MEDIA = Purpose(45, "tick, campaign")
T_ADOPTIONS_MEDIA = Column(
    40, "adoptions_media", "adoptions recruited by own media, by channel", "channel"
)


class Campaign(Part):
    """Of own media: where, when and what it says."""

    gone: ClassVar[dict[str, str]] = {
        "awareness": "visibility",
        "hazard": "visibility and persuasion, whose product it was",
    }
    channel: str = name(..., "channel whose members it reaches", "a channel of the scenario")
    product: str | None = name(
        None, "product it speaks of; none: the first", "a product of the scenario"
    )
    start: Whole = tick(0, "first tick")
    end: Whole | None = tick(None, "tick after the last; none: it never ends")
    visibility: Real = fraction(0.0, "probability a day that a member sees it", unit="1/day")
    persuasion: Real = fraction(
        0.0,
        "probability that seeing it once convinces, at full fit",
        source="Bass 1969: visibility times persuasion is the coefficient of innovation; the value "
        "is an assumption",
    )
    cost_per_day: Real = money("cost of a day", a_day=True)
    cost_per_member: Real = money("cost of a day for each member reached", a_day=True)

    @model_validator(mode="after")
    def _ends_after_start(self) -> Campaign:
        if self.end is not None and self.end < self.start:
            raise KoubeiError(
                "end",
                "ends before it starts",
                got=self.end,
                allowed=f"at least {self.start}",
                fix=str(self.start + 1),
            )
        return self


@dataclass(frozen=True)
class MediaRules(Record):
    """The campaigns: channel, product, first tick, tick after the last, who sees it, its force."""

    media_channel: IntArray  # [A]
    media_product: IntArray
    media_start: IntArray
    media_end: IntArray
    media_see32: IntArray  # 2**-32
    media_hazard: IntArray  # 2**-32


def numbers(made: Made) -> MediaRules:
    """Return the campaigns."""
    scenario = made.scenario
    channels, products = list(scenario.channels), list(scenario.products)
    media = list(scenario.media.values())
    return MediaRules(
        media_channel=whole(channels.index(m.channel) for m in media),
        media_product=whole(0 if m.product is None else products.index(m.product) for m in media),
        media_start=whole(m.start for m in media),
        media_end=whole(scenario.ticks if m.end is None else m.end for m in media),
        media_see32=whole(threshold(m.visibility) for m in media),
        media_hazard=whole(hazard_units(m.persuasion) for m in media),
    )


def _told(scenario: Any, say: Callable[..., str]) -> Iterator[str]:
    for title, media in scenario.media.items():
        yield say(
            "media",
            name=title,
            channel=media.channel,
            start=media.start,
            seen=media.visibility,
            won=media.visibility * media.persuasion,
        )


def days_of(scenario: Any, campaign: Any, flows: Flows) -> NDArray[np.bool_]:
    """Return on which days a campaign runs, on a channel that is open."""
    day = flows.days
    running = (day >= campaign.start) & (day >= scenario.channels[campaign.channel].opens_at)
    return running if campaign.end is None else running & (day < campaign.end)


def _spent(scenario: Any, flows: Flows) -> Money:
    spent = np.zeros(flows.days.size)
    for campaign in scenario.media.values():
        number = list(scenario.channels).index(campaign.channel)
        members = flows.block("members")[:, number] * flows.scale
        cost = campaign.cost_per_day + campaign.cost_per_member * members
        spent += days_of(scenario, campaign, flows) * cost
    return spent


MEDIA = Mechanism(
    "media",
    numbers=numbers,
    columns=(T_ADOPTIONS_MEDIA,),
    purposes=(DRAW_SEE_MEDIA,),
    modules=(Module("media", ("media",), "own media and advertising", "自媒体与广告"),),
    sentences=(Sentence("happens", 2, _told, entries=True),),
    words={
        "media": (
            "{name}: own media on {channel} from day {start}, seen by {seen:.3g} and at full fit "
            "convincing {won:.3g} of the members a day",
            "{name}：{channel} 上的自媒体，第 {start} 天起，"
            "每天被 {seen:.3g} 的成员看到、说服 {won:.3g}",
        ),
    },
    prices=(
        Price(
            9,
            "media",
            "``cost_per_day`` while a campaign runs on an open channel, and ``cost_per_member``",
            _spent,
        ),
    ),
)
