"""rival: offers that take people who have not decided yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from koubei_sim.core.block import Record
from koubei_sim.errors import KoubeiError
from koubei_sim.model.mechanisms.declaration import (
    Column,
    IntArray,
    Made,
    Mechanism,
    Module,
    Purpose,
    Sentence,
    array,
    arrays,
    by_person,
)
from koubei_sim.model.mechanisms.fields import Part, Real, Whole, days, parameter, tick

DRAW_RIVAL = Purpose(35, "number of the offer, 0")
T_RIVAL_TAKEN = Column(60, "rival_taken", "people taken by an offer of the rival")
T_RIVAL_TAKEN_UNAWARE = Column(
    179, "rival_taken_unaware", "of these, people who had never heard of the product"
)


class RivalPhase(Part):
    """The rival's force from one day on, until the next phase."""

    day: Whole = tick(0, "first tick")
    hazard: Real = parameter(
        0.0, "offers a day that take a non-user", unit="1/day", neutral=0.0, low=0.0, high=10.0
    )


class Rival(Part):
    """Of the market: the rival."""

    rival: tuple[RivalPhase, ...] = parameter(
        (), "the rival's force by day", unit="1/day", neutral=(), allowed="a list of {day, hazard}"
    )
    replacement_days: Whole = days(0, "mean days until one taken by the rival returns; 0: never")

    @model_validator(mode="after")
    def _phases_in_order(self) -> Rival:
        days = [phase.day for phase in self.rival]
        if any(later <= earlier for earlier, later in pairwise(days)):
            raise KoubeiError(
                "rival", "the days of the phases must rise", got=days, allowed="rising days"
            )
        return self


@dataclass(frozen=True)
class RivalRules(Record):
    """The rival's offers so far by tick."""

    rival_on: int
    rival_cumulative: IntArray  # [T] units of 2**-26, non-decreasing
    replacement_days: int


@arrays
class RivalState(Record):
    """The calendar of offers: heads by tick, following person; sum and number of offers."""

    rival_head: NDArray[np.int32] = array(np.int32, "ticks", fill=-1)
    rival_next: NDArray[np.int32] = by_person(np.int32, needed="rival_on")
    rival_level: IntArray = by_person(np.int64, fill=0, needed="rival_on")
    rival_offers: NDArray[np.uint16] = by_person(np.uint16, fill=0, needed="rival_on")


def numbers(made: Made) -> RivalRules:
    """Return the rival's offers so far by tick."""
    market, ticks = made.scenario.market, made.scenario.ticks
    hazard = np.zeros(ticks)
    for phase in market.rival:
        hazard[phase.day :] = phase.hazard
    cumulative = np.floor(np.cumsum(hazard) * 67108864.0).astype(np.int64)
    return RivalRules(
        rival_on=int(bool(cumulative.size) and int(cumulative[-1]) > 0),
        rival_cumulative=cumulative,
        replacement_days=market.replacement_days,
    )


def _told(scenario: Any, say: Callable[..., str]) -> Iterator[str]:
    if scenario.market.rival:
        yield say("rival", day=scenario.market.rival[0].day)


RIVAL = Mechanism(
    "rival",
    numbers=numbers,
    state=RivalState,
    columns=(T_RIVAL_TAKEN, T_RIVAL_TAKEN_UNAWARE),
    purposes=(DRAW_RIVAL,),
    modules=(Module("rival", ("market.rival",), "a rival takes people", "对手会抢人"),),
    sentences=(Sentence("happens", 4, _told),),
    words={
        "rival": (
            "A rival takes non-users from day {day} on",
            "第 {day} 天起有对手争夺非用户",
        ),
    },
)
