"""supply: units are short; people wait for an invite or for a round of sales, and some give up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.block import Record
from koubei_sim.model.mechanisms.adoption import CLAIM
from koubei_sim.model.mechanisms.declaration import (
    Bits,
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
    Slot,
    array,
    arrays,
    by_person,
    count,
    set_of_people,
)
from koubei_sim.model.mechanisms.fields import (
    STRUCTURE,
    Part,
    Real,
    Truth,
    Whole,
    days,
    fraction,
    money,
    parameter,
    tick,
    truth,
)
from koubei_sim.model.mechanisms.numbers import threshold

DRAW_INVITE = Purpose(37, "tick, 0; 64-bit order")
DRAW_LOTTERY = Purpose(38, "tick, 0; 64-bit order")
DRAW_GIVE_UP = Purpose(39, "tick, 0")
DRAW_GIVE_UP_RIVAL = Purpose(40, "tick, 0")
T_STOCK = Column(31, "stock", "units left unsold", unit="units of sale")
T_WAITS = Column(62, "waits", "people who started to wait")
T_INVITED = Column(63, "invited", "adoptions on an invite")
T_LOTTERY = Column(64, "lottery", "adoptions in a round of sales")
T_GIVE_UPS = Column(65, "give_ups", "people who stopped waiting, back to aware")
T_GIVE_UPS_RIVAL = Column(66, "give_ups_rival", "people who stopped waiting and went to the rival")


class Round(Part):
    """Units that come to sale on one day."""

    day: Whole = tick(0, "tick of the sale")
    units: Real = parameter(0.0, "units for sale", unit="units", neutral=0.0, low=0.0, high=1e12)


class Supply(Part):
    """Scarce units: sales rounds by lottery, and invites that jump the queue."""

    enabled: Truth = truth(False, "units are scarce: adopters wait for one")
    every: Whole = days(0, "days between regular rounds; 0: none", neutral=STRUCTURE)
    start: Whole = tick(0, "tick of the first regular round")
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


class SupplyCosts(Part):
    """Prices of units and invites."""

    per_unit: Real = money("cost of a unit sold, beyond its price")
    per_invite: Real = money("cost of an invite used")


@dataclass(frozen=True)
class SupplyRules(Record):
    """Units by tick, invites and giving up."""

    supply_on: int
    units: IntArray  # [T]
    invite_grant: IntArray  # [4]
    give_up32: int
    give_up_rival32: int


@arrays
class SupplyState(Record):
    """Who waits, since when, won by whom and where."""

    waiting: Bits = set_of_people()
    invited: Bits = set_of_people()
    wait_since: NDArray[np.int16] = by_person(np.int16, needed="supply_on", travels=True)
    wait_recruiter: NDArray[np.int32] = by_person(np.int32, needed="supply_on", travels=True)
    wait_channel: NDArray[np.int8] = by_person(np.int8, needed="supply_on", travels=True)
    waiters: NDArray[np.int32] = by_person(np.int32)
    n_waiters: IntArray = count()
    sale: Any = array(CLAIM, 1)  # the one who is sold to
    n_winners: IntArray = count()  # of today's lots: the first of `waiters`


def units_by_tick(
    units: float, start: int, every: int, rounds: Sequence[Round], ticks: int, people: float
) -> IntArray:
    """Return how many units come to sale on each tick, regularly and in further rounds.

    With so many `people` an agent the units so far are divided by them and rounded down, so that
    no unit is lost or made by rounding each round alone.
    """
    real = np.zeros(ticks)
    if every > 0:
        real[start::every] += units
    elif units > 0 and start < ticks:
        real[start] += units
    for one in rounds:
        if one.day < ticks:
            real[one.day] += one.units
    so_far = np.floor(np.cumsum(real) / people + 1e-9).astype(np.int64)
    return np.diff(so_far, prepend=0)


def numbers(made: Made) -> SupplyRules:
    """Return units by tick, invites and giving up."""
    supply = made.scenario.supply
    return SupplyRules(
        supply_on=int(supply.enabled),
        units=units_by_tick(
            supply.units,
            supply.start,
            supply.every,
            supply.rounds,
            made.scenario.ticks,
            made.scenario.people_per_agent,
        ),
        invite_grant=np.array(supply.invites, dtype=np.int64),
        give_up32=threshold(supply.give_up),
        give_up_rival32=threshold(supply.give_up_to_rival),
    )


def _told(scenario: Any, say: Callable[..., str]) -> Iterator[str]:
    supply = scenario.supply
    if supply.enabled:
        yield say(
            "supply",
            units=supply.units,
            every=supply.every,
            start=supply.start,
            rounds=len(supply.rounds),
            invites=", ".join(map(str, supply.invites)),
        )


def _units(scenario: Any, flows: Flows) -> Money:
    sold = flows.block("adoptions_channel").sum(axis=1) + flows.block("adoptions_media").sum(axis=1)
    cost: Money = scenario.costs.per_unit * sold * flows.scale
    return cost


def _invites(scenario: Any, flows: Flows) -> Money:
    cost: Money = scenario.costs.per_invite * flows.block("invited") * flows.scale
    return cost


SUPPLY = Mechanism(
    "supply",
    numbers=numbers,
    state=SupplyState,
    actor=(Slot("invites", "u1"),),
    columns=(T_STOCK, T_WAITS, T_INVITED, T_LOTTERY, T_GIVE_UPS, T_GIVE_UPS_RIVAL),
    purposes=(DRAW_INVITE, DRAW_LOTTERY, DRAW_GIVE_UP, DRAW_GIVE_UP_RIVAL),
    modules=(Module("supply", ("supply.enabled",), "units are scarce", "限量供应"),),
    sentences=(Sentence("happens", 3, _told),),
    words={
        "supply": (
            "Units are scarce: {units:g} every {every} days from day {start}, {rounds} further "
            "round(s), invites by tier {invites}",
            "限量：第 {start} 天起每 {every} 天 {units:g} 件，另有 {rounds} 轮；"
            "各层邀请数 {invites}",
        ),
    },
    prices=(
        Price(10, "units", "``costs.per_unit`` for each adoption after the seeds", _units),
        Price(11, "invites", "``costs.per_invite`` for each invite used", _invites),
    ),
)
