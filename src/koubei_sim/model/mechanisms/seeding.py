"""seeding: the people with whom it starts (chosen in `world.seeds`), at once or one by one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from koubei_sim.core.block import Record
from koubei_sim.core.draws import drawn
from koubei_sim.errors import KoubeiError
from koubei_sim.model.mechanisms.declaration import (
    Bits,
    Column,
    Flows,
    Made,
    Mechanism,
    Module,
    Money,
    Price,
    Purpose,
    Sentence,
    array,
    arrays,
    by_person,
    set_of_people,
)
from koubei_sim.model.mechanisms.fields import (
    INFINITY,
    STRUCTURE,
    TRIAL,
    Entries,
    Named,
    Part,
    Person,
    Real,
    Truth,
    Whole,
    choice,
    fraction,
    money,
    name,
    only_with,
    parameter,
    people,
    truth,
)
from koubei_sim.model.mechanisms.fields import (
    engagement as engagement_of,
)

DRAW_BY_HAND = Purpose(120, "run: 0, 0; 64-bit order")
T_WON_BY_HAND = Column(288, "won_by_hand", "seeds won by hand, one by one")

Strategy = Literal[
    "random",
    "active",
    "degree",
    "kshell",
    "nomination",
    "community",
    "staff_friends",
    "reach",
    "ids",
]


class Seeding(Part):
    """The people with whom it starts."""

    number: Whole = people(
        100,
        "seed users",
        source="100 users of the first internal test of MIUI (company account)",
    )
    purity: Real = fraction(
        1.0,
        "share of enthusiasts among them",
        neutral=STRUCTURE,
        source="assumption (no source gives the purity of the first users)",
    )
    strategy: Strategy = choice(
        "random", "how they are chosen", *get_args(Strategy), neutral="random"
    )
    channel: str | None = name(
        None,
        "feed whose graph the strategy looks at; none: the first feed, of reach all feeds",
        "a feed of the scenario",
    )
    staff: Whole = only_with(
        "strategy=staff_friends",
        people(
            10,
            "staff from whom friends are drawn (staff_friends)",
            neutral=STRUCTURE,
            low=1,
            high=1_000_000,
        ),
    )
    ids: tuple[Person, ...] = name(
        (),
        "the seeds by label, or by row where people have none (strategy ids)",
        "labels of people, or rows 0..n_agents - 1",
        neutral=(),
    )
    ids_by: Literal["label", "row"] | None = choice(
        None, "what ids are; none: labels where the graphs have them, else rows", "label", "row"
    )
    among: Named[Entries] | None = name(
        None,
        "only people of whom the table of people says one of these, by column",
        "columns and lists of what may stand in them",
        neutral=None,
    )
    engagement: Real = engagement_of(
        12.0, "engagement of a seed at the start", neutral=STRUCTURE, source=TRIAL
    )
    home: str | None = name(
        None,
        "channel where they were won, which holds them from the start; none: no channel does",
        "a channel of the scenario",
        neutral=None,
    )
    recruit_cost: Real = money("cost of winning one seed")
    stay: Truth = truth(False, "seeds never leave by themselves or in anger: they are staff")
    per_day: Real = parameter(
        INFINITY,
        "seeds that are won by hand a day, one by one; infinite: all before the first",
        unit="people/day",
        neutral=INFINITY,
        above=0.0,
        high=INFINITY,
    )

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


@dataclass(frozen=True)
class SeedingRules(Record):
    """How bound seeds are at the start."""

    seed_engagement: float
    seed_home: int  # channel, -1: none
    by_hand: int  # one by one, from tick 0 on
    seeds_stay: int


@arrays
class SeedingPeople(Record):
    """Who starts."""

    seeds: NDArray[np.int32]  # ascending
    seed_day: NDArray[np.int32]  # whose turn is when, in their order; one entry where all at once


@arrays
class SeedingState(Record):
    """The seeds; the calendar of those to be won by hand: heads by tick, following person."""

    hand_head: NDArray[np.int32] = array(np.int32, "ticks", fill=-1, needed="by_hand")
    hand_next: NDArray[np.int32] = by_person(np.int32, needed="by_hand")
    won_first: Bits = set_of_people()  # the seeds


def people_of(made: Made) -> dict[str, Any]:
    """Return the day on which each seed has its turn."""
    scenario, seeds = made.scenario, made.people["seeds"]
    if math.isinf(scenario.seeding.per_day):
        return {"seed_day": np.full(1, -1, dtype=np.int32)}
    draws = drawn(scenario.n_agents, made.key, DRAW_BY_HAND, made.replicate)[seeds]
    turn = np.empty(seeds.size)
    turn[np.argsort(draws)] = np.arange(seeds.size)
    day = np.minimum(scenario.ticks, turn / (scenario.seeding.per_day / scenario.people_per_agent))
    return {"seed_day": day.astype(np.int32)}


def numbers(made: Made) -> SeedingRules:
    """Return how bound seeds are at the start."""
    seeding = made.scenario.seeding
    return SeedingRules(
        seed_engagement=seeding.engagement,
        seed_home=-1 if seeding.home is None else list(made.scenario.channels).index(seeding.home),
        by_hand=int(math.isfinite(seeding.per_day)),
        seeds_stay=int(seeding.stay),
    )


def enthusiasts_wanted(seeds: int, purity: float) -> int:
    """Return the number of enthusiasts among the seeds: the nearest whole number, half up.

    Examples
    --------
    >>> enthusiasts_wanted(100, 0.3), enthusiasts_wanted(5, 0.5)
    (30, 3)
    """
    return int(seeds * purity + 0.5)


def _told(scenario: Any, say: Callable[..., str]) -> Iterator[str]:
    seeding = scenario.seeding
    number = len(seeding.ids) if seeding.strategy == "ids" else seeding.number
    simulated = scenario.seed_agents
    yield say(
        "seeds",
        number=number,
        purity=seeding.purity,
        strategy=seeding.strategy,
        engagement=seeding.engagement,
        sim=say("simulated", count=simulated) if simulated != number else "",
    )
    if math.isfinite(seeding.per_day):
        yield say("by hand", per_day=seeding.per_day)


def _recruited(scenario: Any, flows: Flows) -> Money:
    spent = np.zeros(flows.days.size)
    spent[0] = scenario.seeding.recruit_cost * flows.seeds * flows.scale
    by_hand = flows.block("won_by_hand")
    found: Money = spent + scenario.seeding.recruit_cost * by_hand * flows.scale
    return found


SEEDING = Mechanism(
    "seeding",
    people=people_of,
    numbers=numbers,
    state=SeedingState,
    columns=(T_WON_BY_HAND,),
    purposes=(DRAW_BY_HAND,),
    modules=(
        Module("by_hand", ("seeding.per_day",), "seeds are won one by one", "种子用户逐个争取"),
        Module("seeds_stay", ("seeding.stay",), "seeds never leave", "种子（员工）不会离开"),
    ),
    sentences=(Sentence("start", 1, _told),),
    words={
        "seeds": (
            "{number:,} seeds{sim}, {purity:.0%} of them enthusiasts, chosen: {strategy}; each "
            "starts as a core user with engagement {engagement:g}",
            "{number:,} 名种子用户{sim}，其中发烧友 {purity:.0%}，选法：{strategy}；"
            "起始为核心用户，投入感 {engagement:g}",
        ),
        "by hand": (
            "They are won by hand, {per_day:g} a day",
            "他们由人工逐个争取，每天 {per_day:g} 人",
        ),
        "simulated": (" ({count} simulated)", "（模拟 {count} 人）"),
    },
    prices=(
        Price(
            1,
            "seeds",
            "``seeding.recruit_cost`` for each seed, on the day it is won, at the earliest tick 0",
            _recruited,
        ),
    ),
)
