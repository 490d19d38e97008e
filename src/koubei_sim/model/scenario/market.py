"""What surrounds the spread: supply, the market and its rival, who starts, and costs."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Literal

from pydantic import model_validator

from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario.fields import (
    STRUCTURE,
    TRIAL,
    Entries,
    Named,
    Part,
    Person,
    Real,
    Truth,
    Whole,
    fraction,
    parameter,
)

MONEY: dict[str, Any] = {"unit": "money", "neutral": 0.0, "low": 0.0, "high": 1e12}


class Round(Part):
    """Units that come to sale on one day."""

    day: Whole = parameter(0, "tick of the sale", unit="day", neutral=STRUCTURE, low=0, high=30000)
    units: Real = parameter(0.0, "units for sale", unit="units", neutral=0.0, low=0.0, high=1e12)


class Supply(Part):
    """Scarce units: sales rounds by lottery, and invites that jump the queue."""

    enabled: Truth = parameter(
        False,
        "units are scarce: adopters wait for one",
        unit="choice",
        neutral=False,
        allowed="true or false",
    )
    every: Whole = parameter(
        0, "days between regular rounds; 0: none", unit="days", neutral=STRUCTURE, low=0, high=30000
    )
    start: Whole = parameter(
        0, "tick of the first regular round", unit="day", neutral=STRUCTURE, low=0, high=30000
    )
    units: Real = parameter(
        0.0, "units of a regular round", unit="units", neutral=STRUCTURE, low=0.0, high=1e12
    )
    rounds: tuple[Round, ...] = parameter(
        (), "further rounds, by day", unit="units", neutral=(), allowed="a list of {day, units}"
    )
    invites: tuple[Whole, Whole, Whole, Whole] = parameter(
        (0, 0, 0, 0),
        "invites granted on reaching a tier: casual, loyal, die-hard, core",
        unit="invites",
        neutral=(0, 0, 0, 0),
        low=0,
        high=255,
        source="F-codes, priority codes passed on by users (no count found)",
    )
    give_up: Real = fraction(0.0, "probability a day that one who waits gives up", unit="1/day")
    give_up_to_rival: Real = fraction(0.0, "share of those who go to the rival")


class RivalPhase(Part):
    """The rival's force from one day on, until the next phase."""

    day: Whole = parameter(0, "first tick", unit="day", neutral=STRUCTURE, low=0, high=30000)
    hazard: Real = parameter(
        0.0, "offers a day that take a non-user", unit="1/day", neutral=0.0, low=0.0, high=10.0
    )


class Market(Part):
    """Who may come in, tastes, rejection and the rival."""

    open_to_all: Whole = parameter(
        0,
        "tick before which newbies are kept out (the purity gate)",
        unit="day",
        neutral=0,
        low=0,
        high=30000,
    )
    admission: Real = fraction(1.0, "factor on the fit of newbies before that tick", neutral=1.0)
    off_taste: Real = fraction(
        1.0, "factor on the fit of a product made for another taste group", neutral=1.0
    )
    taste_groups: Whole = parameter(
        1, "taste groups of equal size", unit="groups", neutral=1, low=1, high=4
    )
    taste_sd: Real = parameter(
        0.15,
        "spread of personal taste in satisfaction",
        unit="1",
        neutral=0.0,
        low=0.0,
        high=10.0,
        source=TRIAL,
    )
    aware_at_start: Real = fraction(0.0, "share of people who know of it at the start", neutral=1.0)
    rejection: Truth = parameter(
        False,
        "bad word of mouth can make people reject it",
        unit="choice",
        neutral=False,
        allowed="true or false",
    )
    rejection_resistance: Real = parameter(
        1.0,
        "how hard it is to turn people away, against winning them",
        unit="1",
        neutral=STRUCTURE,
        above=0.0,
        high=100.0,
    )
    rejected_return: Whole = parameter(
        0,
        "mean days until one who rejected listens again; 0: never",
        unit="days",
        neutral=0,
        low=0,
        high=30000,
    )
    rival: tuple[RivalPhase, ...] = parameter(
        (), "the rival's force by day", unit="1/day", neutral=(), allowed="a list of {day, hazard}"
    )
    replacement_days: Whole = parameter(
        0,
        "mean days until one taken by the rival returns; 0: never",
        unit="days",
        neutral=0,
        low=0,
        high=30000,
    )

    @model_validator(mode="after")
    def _phases_in_order(self) -> Market:
        days = [phase.day for phase in self.rival]
        if any(later <= earlier for earlier, later in pairwise(days)):
            raise KoubeiError(
                "rival", "the days of the phases must rise", got=days, allowed="rising days"
            )
        return self


STRATEGIES = ("random", "degree", "kshell", "nomination", "community", "staff_friends", "ids")


class Seeding(Part):
    """The people with whom it starts."""

    number: Whole = parameter(
        100,
        "seed users",
        unit="people",
        neutral=0,
        low=0,
        high=1_000_000_000,
        source="100 users of the first internal test of MIUI (company account)",
    )
    purity: Real = fraction(
        1.0,
        "share of enthusiasts among them",
        neutral=STRUCTURE,
        source="assumption (no source gives the purity of the first users)",
    )
    strategy: Literal[
        "random", "degree", "kshell", "nomination", "community", "staff_friends", "ids"
    ] = parameter(
        "random",
        "how they are chosen",
        unit="choice",
        neutral="random",
        allowed=", ".join(STRATEGIES),
    )
    channel: str | None = parameter(
        None,
        "feed whose graph the strategy looks at; none: the first feed",
        unit="name",
        neutral=STRUCTURE,
        allowed="a feed of the scenario",
    )
    staff: Whole = parameter(
        10,
        "staff from whom friends are drawn (staff_friends)",
        unit="people",
        neutral=STRUCTURE,
        low=1,
        high=1_000_000,
    )
    ids: tuple[Person, ...] = parameter(
        (),
        "the seeds by label, or by row where people have none (strategy ids)",
        unit="name",
        neutral=(),
        allowed="labels of people, or rows 0..n_agents - 1",
    )
    ids_by: Literal["label", "row"] | None = parameter(
        None,
        "what ids are; none: labels where the graphs have them, else rows",
        unit="choice",
        neutral=STRUCTURE,
        allowed="label, row",
    )
    among: Named[Entries] | None = parameter(
        None,
        "only people of whom the table of people says one of these, by column",
        unit="name",
        neutral=None,
        allowed="columns and lists of what may stand in them",
    )
    engagement: Real = parameter(
        12.0,
        "engagement of a seed at the start",
        unit="engagement",
        neutral=STRUCTURE,
        low=0.0,
        high=1e6,
        source=TRIAL,
    )
    recruit_cost: Real = parameter(0.0, "cost of winning one seed", **MONEY)

    @model_validator(mode="after")
    def _ids_given(self) -> Seeding:
        if (self.strategy == "ids") != bool(self.ids):
            raise KoubeiError(
                "ids",
                "strategy ids, and no other, has a list of ids",
                got=list(self.ids),
                fix="strategy = 'ids' and a list",
            )
        if len(set(self.ids)) != len(self.ids):
            raise KoubeiError(
                "ids", "the same person twice", got=list(self.ids), allowed="different people"
            )
        return self


class Costs(Part):
    """Prices of what has no home elsewhere; spending feeds back on nothing."""

    per_release: Real = parameter(0.0, "cost of a release", **MONEY)
    per_report_read: Real = parameter(0.0, "cost of reading a report", **MONEY)
    per_answer: Real = parameter(0.0, "cost of handling a complaint", **MONEY)
    per_unit: Real = parameter(0.0, "cost of a unit sold, beyond its price", **MONEY)
    per_invite: Real = parameter(0.0, "cost of an invite used", **MONEY)
    per_join: Real = parameter(0.0, "cost of rewarding a join of a fully rewarding node", **MONEY)
    per_recruit: Real = parameter(0.0, "cost of a referral reward of 1 for a recruit", **MONEY)
