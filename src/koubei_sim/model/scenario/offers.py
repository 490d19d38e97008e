"""What the firm brings: products, participation nodes, events, own media, milestones."""

from __future__ import annotations

from typing import Any

from pydantic import model_validator

from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario.fields import (
    INFINITY,
    STRUCTURE,
    TRIAL,
    Day,
    Part,
    Real,
    Truth,
    Whole,
    fraction,
    parameter,
)

TICK: dict[str, Any] = {"unit": "day", "low": 0, "high": 30000}


class Product(Part):
    """A product that learns from the reports of its users."""

    quality: Real = fraction(0.5, "quality at the start", neutral=1.0, source=TRIAL)
    difficulty: Real = fraction(0.6, "difficulty for a newbie at the start", source=TRIAL)
    launch_at: Whole = parameter(0, "tick of the launch", neutral=0, **TICK)
    release_interval: Whole = parameter(
        7,
        "days between releases",
        unit="days",
        neutral=STRUCTURE,
        low=1,
        high=30000,
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
    visible_progress: Real = parameter(
        0.01,
        "progress of a release (quality and ease) that people notice",
        unit="1",
        neutral=STRUCTURE,
        low=0.0,
        high=2.0,
    )
    bar: Real = parameter(
        0.3,
        "satisfaction that a user expects",
        unit="1",
        neutral=-10.0,
        low=-10.0,
        high=10.0,
        source=TRIAL,
    )
    price: Real = parameter(
        0.0, "price; who would spend less never buys", unit="money", neutral=0.0, low=0.0, high=1e12
    )
    effort: Real = fraction(0.0, "least expertise that using it takes")
    taste_group: Whole | None = parameter(
        None,
        "taste group it is made for; none: for everybody",
        unit="group",
        neutral=None,
        low=0,
        high=3,
    )


class Node(Part):
    """A participation node: something users can join in."""

    need: Real = fraction(0.5, "share of the users it concerns", source=TRIAL)
    simple: Real = fraction(
        0.5,
        "simplicity: raises joining among newbies, lowers the content of reports",
        neutral=STRUCTURE,
        source=TRIAL,
    )
    rewarding: Real = fraction(0.5, "engagement gained by joining", source=TRIAL)
    fun: Real = fraction(0.2, "probability that joining gives a story to tell", source=TRIAL)
    authentic: Real = fraction(0.8, "credibility of that story", neutral=STRUCTURE, source=TRIAL)
    gives_reports: Truth = parameter(
        True,
        "joining files a report that the staff may read",
        unit="choice",
        neutral=False,
        allowed="true or false",
    )
    channel: str | None = parameter(
        None,
        "channel it lives on; none: anywhere",
        unit="name",
        neutral=None,
        allowed="a channel of the scenario",
    )
    opens_at: Whole = parameter(0, "tick at which it opens", neutral=0, **TICK)
    design_cost: Real = parameter(
        0.0, "cost of designing it", unit="money", neutral=0.0, low=0.0, high=1e12
    )


class Event(Part):
    """Something that happens on a channel for some days, once or again and again.

    A placebo event has the same lifts and gain 0.
    """

    channel: str = parameter(
        ...,
        "channel it happens on",
        unit="name",
        neutral=STRUCTURE,
        allowed="a channel of the scenario",
    )
    start: Whole = parameter(0, "first tick", neutral=STRUCTURE, **TICK)
    length: Whole = parameter(1, "days it lasts", unit="days", neutral=STRUCTURE, low=1, high=30000)
    every: Whole = parameter(
        0,
        "days from one occurrence to the next; 0: only once",
        unit="days",
        neutral=0,
        low=0,
        high=30000,
    )
    lift_tell: Real = parameter(
        1.0, "factor on telling while it runs", unit="1", neutral=1.0, low=0.0, high=64.0
    )
    lift_visibility: Real = parameter(
        1.0,
        "factor on the hazards of messages while it runs",
        unit="1",
        neutral=1.0,
        low=0.0,
        high=64.0,
    )
    gain: Real = parameter(
        0.0,
        "largest engagement gained from replies and recruits of one's own",
        unit="engagement",
        neutral=0.0,
        low=0.0,
        high=1000.0,
    )
    saturation: Real = parameter(
        1.0,
        "replies and recruits that give half of the largest gain",
        unit="people",
        neutral=STRUCTURE,
        above=0.0,
        high=1e6,
    )
    offline: Truth = parameter(
        False,
        "a meeting in person on its first day",
        unit="choice",
        neutral=False,
        allowed="true or false",
    )
    attend: Real = fraction(0.1, "probability that an online user comes to a meeting")
    size_cap: Whole = parameter(
        100, "people who fit into a meeting", unit="people", neutral=0, low=0, high=1_000_000_000
    )
    meet_gain: Real = parameter(
        0.0, "engagement gained at a meeting", unit="engagement", neutral=0.0, low=0.0, high=1000.0
    )
    new_ties: Whole = parameter(
        0,
        "new ties a person makes in each direction of the table (feeds)",
        unit="people",
        neutral=0,
        low=0,
        high=50,
    )
    cost: Real = parameter(
        0.0, "cost of one occurrence", unit="money", neutral=0.0, low=0.0, high=1e12
    )
    cost_per_head: Real = parameter(
        0.0, "cost for each participant", unit="money", neutral=0.0, low=0.0, high=1e12
    )

    @model_validator(mode="after")
    def _occurrences_apart(self) -> Event:
        if 0 < self.every < self.length:
            raise KoubeiError(
                "every",
                "the next occurrence begins before this one ends",
                got=self.every,
                allowed=f"0 or at least {self.length}",
                fix=str(self.length),
            )
        return self


class Media(Part):
    """Own media or advertising: hazards on the members of a channel from outside."""

    channel: str = parameter(
        ...,
        "channel whose members it reaches",
        unit="name",
        neutral=STRUCTURE,
        allowed="a channel of the scenario",
    )
    product: str | None = parameter(
        None,
        "product it speaks of; none: the first",
        unit="name",
        neutral=STRUCTURE,
        allowed="a product of the scenario",
    )
    start: Whole = parameter(0, "first tick", neutral=STRUCTURE, **TICK)
    end: Whole | None = parameter(
        None, "tick after the last; none: it never ends", neutral=STRUCTURE, **TICK
    )
    hazard: Real = fraction(
        0.0,
        "probability a day to convince a member of full fit",
        unit="1/day",
        source="Bass 1969, coefficient of innovation; the value is an assumption",
    )
    awareness: Real = fraction(0.0, "probability a day to make a member aware", unit="1/day")
    cost_per_day: Real = parameter(
        0.0, "cost of a day", unit="money/day", neutral=0.0, low=0.0, high=1e12
    )
    cost_per_member: Real = parameter(
        0.0,
        "cost of a day for each member reached",
        unit="money/day",
        neutral=0.0,
        low=0.0,
        high=1e12,
    )

    @model_validator(mode="after")
    def _ends_after_start(self) -> Media:
        if self.end is not None and self.end < self.start:
            raise KoubeiError(
                "end",
                "ends before it starts",
                got=self.end,
                allowed=f"at least {self.start}",
                fix=str(self.start + 1),
            )
        return self


class Milestone(Part):
    """A dated count reported in the world, shown beside the simulation; it changes nothing."""

    date: Day | None = parameter(
        None, "date of the count", unit="date", neutral=STRUCTURE, allowed="a date"
    )
    day: Whole | None = parameter(
        None, "tick of the count, where no date is given", neutral=STRUCTURE, **TICK
    )
    count: Real = parameter(
        ..., "people counted", unit="people", neutral=STRUCTURE, low=0.0, high=1e12
    )
    label: str = parameter(
        ..., "what was counted", unit="name", neutral=STRUCTURE, allowed="any text"
    )
    source: str = parameter(
        "assumption",
        "where the count comes from",
        unit="name",
        neutral=STRUCTURE,
        allowed="any text",
    )

    @model_validator(mode="after")
    def _one_time(self) -> Milestone:
        if (self.date is None) == (self.day is None):
            raise KoubeiError(
                "date",
                "give a date or a day, one of the two",
                got="both" if self.date else "none",
                fix="date = 2010-08-16",
            )
        return self
