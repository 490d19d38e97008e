"""The tables of a scenario that several mechanisms share: each brings its own parameters.

The bases of a class stand from the last to the first: pydantic takes the fields of the last base
first, and this order is the one in which parameters are listed and written.
"""

from __future__ import annotations

from pydantic import model_validator

from koubei_sim.errors import KoubeiError
from koubei_sim.model.mechanisms.accounts import Account
from koubei_sim.model.mechanisms.appeal import Amplification, Appeal, Riding
from koubei_sim.model.mechanisms.backlog import Backlog
from koubei_sim.model.mechanisms.belonging import Belonging
from koubei_sim.model.mechanisms.boards import Pool
from koubei_sim.model.mechanisms.bonds import Bonds, Visit
from koubei_sim.model.mechanisms.channels import Medium, Membership, Opening
from koubei_sim.model.mechanisms.complaints import Complaining, ComplaintGain
from koubei_sim.model.mechanisms.contests import Contest
from koubei_sim.model.mechanisms.copying import Copying
from koubei_sim.model.mechanisms.deeds import Deeds
from koubei_sim.model.mechanisms.dilution import Dilution
from koubei_sim.model.mechanisms.events import EventCosts, Happening
from koubei_sim.model.mechanisms.expectations import Expectations
from koubei_sim.model.mechanisms.fatigue import Recovery
from koubei_sim.model.mechanisms.fields import (
    STRUCTURE,
    Day,
    Part,
    Real,
    Whole,
    name,
    parameter,
    people,
    tick,
)
from koubei_sim.model.mechanisms.fit import Gate, Income, Offer, Promoters, Welcome
from koubei_sim.model.mechanisms.forgetting import Forgetting
from koubei_sim.model.mechanisms.goods import Sale
from koubei_sim.model.mechanisms.hearing import (
    Awareness,
    Load,
    Memory,
    ReadingBudget,
    TieStrength,
)
from koubei_sim.model.mechanisms.hunters import Hunters
from koubei_sim.model.mechanisms.leaving import Leaving
from koubei_sim.model.mechanisms.loyalty import Holding, Tiers
from koubei_sim.model.mechanisms.media import Campaign
from koubei_sim.model.mechanisms.meetings import Meeting
from koubei_sim.model.mechanisms.online import Activity, Presence
from koubei_sim.model.mechanisms.participation import JoinCosts, Joining
from koubei_sim.model.mechanisms.population import Kind
from koubei_sim.model.mechanisms.press import Press
from koubei_sim.model.mechanisms.registration import Registration
from koubei_sim.model.mechanisms.reinforcement import Needs
from koubei_sim.model.mechanisms.rejection import Rejecters, Rejection
from koubei_sim.model.mechanisms.relays import Relays, Retelling
from koubei_sim.model.mechanisms.release import Honour, Learning, ReleaseCosts
from koubei_sim.model.mechanisms.rival import Rival
from koubei_sim.model.mechanisms.segments import Conduct
from koubei_sim.model.mechanisms.service import AnswerCosts, Answers, Staff
from koubei_sim.model.mechanisms.sharing import Sharing
from koubei_sim.model.mechanisms.supply import SupplyCosts
from koubei_sim.model.mechanisms.surprises import Surprises
from koubei_sim.model.mechanisms.talking_points import TalkingPoint
from koubei_sim.model.mechanisms.team import Share, Team
from koubei_sim.model.mechanisms.telling import (
    Messages,
    Referral,
    ReferralCosts,
    Replies,
    ReplyGain,
    Speaking,
)
from koubei_sim.model.mechanisms.trials import Trials
from koubei_sim.model.mechanisms.waiting import Waiting


class Segment(Welcome, Conduct, Needs, Income, ReadingBudget, Membership, Activity, Kind):
    """A kind of people: how many, how expert, how active, where they are members."""


class Channel(
    Sharing,
    Share,
    Surprises,
    Amplification,
    Staff,
    Dilution,
    Replies,
    Registration,
    Opening,
    TieStrength,
    Pool,
    Load,
    Holding,
    Retelling,
    Messages,
    Medium,
):
    """A place where people tell: a feed (a graph of listeners) or a board (a pool of posts)."""

    @model_validator(mode="after")
    def _medium_fits(self) -> Channel:
        if self.medium == "board":
            if self.network is not None:
                raise KoubeiError(
                    "network",
                    "a board has no network",
                    got=self.network.kind,
                    allowed="feeds only",
                    fix="medium = 'feed'",
                )
            if self.readers_per_post <= 0:
                raise KoubeiError(
                    "readers_per_post",
                    "a board needs readers",
                    got=self.readers_per_post,
                    allowed="above 0",
                    fix="60",
                )
            if self.tie != "none":
                raise KoubeiError(
                    "tie", "a board has no ties", got=self.tie, allowed="none", fix="none"
                )
        else:
            for entry, field in Registration.model_fields.items():
                if getattr(self, entry) != field.default:
                    raise KoubeiError(
                        entry,
                        "only boards have members that register",
                        got=getattr(self, entry),
                        allowed=f"{field.default:g}",
                        fix="medium = 'board'",
                    )
        return self


class Product(Backlog, Offer, Learning):
    """A product that learns from the reports of its users."""


class Event(Contest, TalkingPoint, Visit, Riding, EventCosts, Meeting, Happening):
    """Something that happens on a channel for some days, once or again and again.

    A placebo event has the same lifts and gain 0.
    """


class Good(Trials, Sale):
    """A device that people buy when they need one."""


class Media(Account, Press, Campaign):
    """Own media or advertising: a message a day to the members of a channel, from outside."""


class Participation(Hunters, Recovery, Joining, Presence):
    """Being online and joining participation nodes."""


class Telling(Bonds, Appeal, Referral, Rejecters, Waiting, Relays, Speaking):
    """How often people tell, and how much they are believed."""


class Hearing(Forgetting, Memory):
    """How long what was heard stays; attention is the segments' reading_budget."""


class Loyalty(Belonging, Promoters, Expectations, Honour, ComplaintGain, ReplyGain, Tiers):
    """Engagement, its decay, and the tiers of the pyramid."""


class Service(Deeds, Team, Leaving, Answers, Complaining):
    """Complaints, answers, and leaving."""


class Market(Copying, Rival, Rejection, Awareness, Gate):
    """Who may come in, tastes, rejection and the rival."""


class Costs(ReferralCosts, JoinCosts, SupplyCosts, AnswerCosts, ReleaseCosts):
    """Prices of what has no home elsewhere; spending feeds back on nothing."""


class Milestone(Part):
    """A dated count reported in the world, shown beside the simulation; it changes nothing."""

    date: Day | None = parameter(
        None, "date of the count", unit="date", neutral=STRUCTURE, allowed="a date"
    )
    day: Whole | None = tick(None, "tick of the count, where no date is given")
    count: Real = people(..., "people counted", neutral=STRUCTURE, low=0.0, high=1e12)
    label: str = name(..., "what was counted", "any text")
    source: str = name("assumption", "where the count comes from", "any text")

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
