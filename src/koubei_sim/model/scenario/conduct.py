"""What people do: take part, tell, hear, grow loyal, complain and get answers."""

from __future__ import annotations

from typing import Any

from pydantic import model_validator

from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario.fields import (
    STRUCTURE,
    TRIAL,
    Part,
    Real,
    Whole,
    fraction,
    infinite,
    parameter,
)

Four = tuple[Real, Real, Real, Real]
ENGAGEMENT: dict[str, Any] = {"unit": "engagement", "low": 0.0, "high": 1e6}


class Participation(Part):
    """Being online and joining participation nodes."""

    online: Real = parameter(
        0.12,
        "share of days on which a person of activity 1 is online",
        unit="1/day",
        neutral=1.0,
        above=0.0,
        high=1.0,
        source=TRIAL,
    )
    join: Real = parameter(
        0.08,
        "joins a day of a node that is needed by all and simple, at activity 1",
        unit="1/day",
        neutral=0.0,
        low=0.0,
        high=100.0,
        source=TRIAL,
    )
    join_fatigue: Real = fraction(1.0, "factor on joining for each time joined before", neutral=1.0)
    story_life: Whole = parameter(
        7, "days for which a story can be told", unit="days", neutral=STRUCTURE, low=0, high=30000
    )
    report_loss: Real = fraction(0.0, "content that the reports of a fully simple node lose")
    reward_taint: Real = fraction(0.0, "credibility that the story of a fully rewarding node loses")


class Telling(Part):
    """How often people tell, and how much they are believed."""

    tier_factor: Four = parameter(
        (1.0, 1.5, 2.5, 4.0),
        "factor on telling: casual, loyal, die-hard, core",
        unit="1",
        neutral=(1.0, 1.0, 1.0, 1.0),
        low=0.0,
        high=100.0,
        source=TRIAL,
    )
    credibility: Four = parameter(
        (0.6, 0.8, 1.0, 1.0),
        "factor on persuasion: casual, loyal, die-hard, core",
        unit="1",
        neutral=(1.0, 1.0, 1.0, 1.0),
        low=0.0,
        high=1.0,
        source=TRIAL,
    )
    plain_authenticity: Real = fraction(1.0, "credibility of telling without a story", neutral=1.0)
    novelty_half_life: Real = infinite("days", "half-life of the urge to tell after the last story")
    novelty_floor: Real = fraction(0.0, "what is left of that urge in the end", neutral=STRUCTURE)
    repeat_fatigue: Real = fraction(
        1.0,
        "factor on a message for each earlier telling of the same person on the same channel",
        neutral=1.0,
        source="Leskovec, Adamic and Huberman 2007: recommendations lose force when repeated; "
        "the value is an assumption",
    )
    negativity: Real = parameter(
        2.0,
        "force of a negative message against a positive one",
        unit="1",
        neutral=0.0,
        low=0.0,
        high=8.0,
        source="Goldenberg et al. 2007 use about 2 (from memory)",
    )
    relay: Real = parameter(
        0.0,
        "factor on telling of those who only heard of it",
        unit="1",
        neutral=0.0,
        low=0.0,
        high=100.0,
    )
    relay_days: Whole = parameter(
        7, "days for which they pass it on", unit="days", neutral=0, low=0, high=30000
    )
    relay_credibility: Real = fraction(0.5, "factor on persuasion of a relay", neutral=STRUCTURE)
    waiting: Real = parameter(
        0.0,
        "factor on telling of those who wait for a unit",
        unit="1",
        neutral=0.0,
        low=0.0,
        high=100.0,
    )
    scarcity_valence: Real = parameter(
        0.0,
        "what those who wait say: -1 all bad .. 1 all good",
        unit="1",
        neutral=0.0,
        low=-1.0,
        high=1.0,
    )
    rejecter: Real = parameter(
        0.0,
        "factor on (negative) telling of those who rejected",
        unit="1",
        neutral=0.0,
        low=0.0,
        high=100.0,
    )
    rejecter_days: Whole = parameter(
        14, "days for which they tell", unit="days", neutral=0, low=0, high=30000
    )
    rejecter_credibility: Real = fraction(
        0.6, "factor on persuasion of a rejecter", neutral=STRUCTURE
    )
    referral_reward: Real = fraction(0.0, "reward for recruiting, 1 the largest thought of")
    referral_tell: Real = parameter(
        1.0,
        "telling added by a reward of 1, as a factor",
        unit="1",
        neutral=0.0,
        low=0.0,
        high=100.0,
    )
    referral_taint: Real = fraction(0.3, "credibility of users lost by a reward of 1")
    referral_weak_taint: Real = fraction(
        0.3, "further loss across the weakest ties (channels with tie strength)"
    )


class Hearing(Part):
    """How long what was heard stays; attention is the segments' reading_budget."""

    memory_half_life: Real = infinite("days", "half-life of what was heard for and against")
    awareness_half_life: Real = infinite(
        "days", "half-life of half-noticed messages before awareness"
    )


class Loyalty(Part):
    """Engagement, its decay, and the tiers of the pyramid."""

    base_half_life: Real = infinite(
        "days", "half-life of engagement of a user whom no channel holds", default=10.0
    )
    loyal: Real = parameter(
        2.0, "engagement of a loyal user", neutral=STRUCTURE, source=TRIAL, **ENGAGEMENT
    )
    die_hard: Real = parameter(
        6.0, "engagement of a die-hard user", neutral=STRUCTURE, source=TRIAL, **ENGAGEMENT
    )
    core: Real = parameter(12.0, "engagement of a core user", neutral=STRUCTURE, **ENGAGEMENT)
    keep: Real = fraction(
        0.5,
        "share of a threshold below which the weekly review takes the tier away",
        source="half of the threshold (model text)",
    )
    bonus: Real = parameter(
        0.0, "satisfaction that full loyalty adds", unit="1", neutral=0.0, low=0.0, high=10.0
    )
    newcomer: Real = parameter(0.0, "engagement of a new user", neutral=0.0, **ENGAGEMENT)
    recruit_gain: Real = parameter(
        0.0, "engagement gained by recruiting", neutral=0.0, **ENGAGEMENT
    )
    reply_gain: Real = parameter(0.0, "engagement gained by a reply", neutral=0.0, **ENGAGEMENT)
    complaint_gain: Real = parameter(
        0.0, "engagement gained by complaining (it is participation)", neutral=0.0, **ENGAGEMENT
    )
    honour_gain: Real = parameter(
        0.0,
        "engagement of those whose report was used in a visible release",
        neutral=0.0,
        **ENGAGEMENT,
    )
    release_story: Real = fraction(0.0, "probability that such a release is a story for them")

    @model_validator(mode="after")
    def _ascending(self) -> Loyalty:
        if not self.loyal <= self.die_hard <= self.core:
            raise KoubeiError(
                "die_hard",
                "the tiers must rise: loyal <= die_hard <= core",
                got=(self.loyal, self.die_hard, self.core),
                fix="2, 6, 12",
            )
        return self


class Service(Part):
    """Complaints, answers, and leaving."""

    complaint: Real = parameter(
        1.5,
        "probability to complain on an online day, per unit of dissatisfaction",
        unit="1/day",
        neutral=0.0,
        low=0.0,
        high=1000.0,
        source=TRIAL,
    )
    patience: Whole = parameter(
        3,
        "days after which an unanswered complaint is dropped",
        unit="days",
        neutral=STRUCTURE,
        low=0,
        high=365,
    )
    answer_success: Real = fraction(0.8, "probability that an answer helps", neutral=0.0)
    answer_half_life: Real = infinite("days", "latency that halves the worth of an answer")
    bonus: Real = parameter(
        0.0,
        "satisfaction added by an answer of full worth",
        unit="1",
        neutral=0.0,
        low=0.0,
        high=10.0,
    )
    bonus_days: Whole = parameter(
        30, "days for which an answer counts", unit="days", neutral=0, low=0, high=30000
    )
    answer_gain: Real = parameter(
        0.0, "engagement gained by an answer of full worth", neutral=0.0, **ENGAGEMENT
    )
    squeaky_wheel: Real = parameter(
        0.0, "complaining learnt from public answers", unit="1", neutral=0.0, low=0.0, high=100.0
    )
    lapse: Real = fraction(
        0.05,
        "probability that an unhappy user leaves on an online day, unless served",
        unit="1/day",
        source=TRIAL,
    )
    churn: Real = fraction(
        0.0,
        "probability that any user leaves on an online day",
        unit="1/day",
        source="assumption (take-off was uncertain near .006 in an early trial)",
    )
    lapsed_return: Whole = parameter(
        0,
        "mean days until a lapsed user can be won again; 0: never",
        unit="days",
        neutral=0,
        low=0,
        high=30000,
    )
