"""relays: those who only heard of it pass it on for some days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.block import Record
from koubei_sim.model.mechanisms.declaration import (
    Column,
    IntArray,
    Made,
    Mechanism,
    Module,
    arrays,
    count,
    list_of_day,
)
from koubei_sim.model.mechanisms.fields import (
    STRUCTURE,
    Part,
    Real,
    Whole,
    days,
    factor,
    fraction,
    only_with,
)

T_TELLS_RELAY = Column(83, "tells_relay", "tellings of aware non-users, by channel", "channel")


class Relays(Part):
    """Of telling: those who only heard of it."""

    relay: Real = factor(0.0, "factor on telling of those who only heard of it")
    relay_days: Whole = days(7, "days for which they pass it on")
    relay_credibility: Real = fraction(0.5, "factor on persuasion of a relay", neutral=STRUCTURE)


class Retelling(Part):
    """Of a channel: those who only heard of it there."""

    retelling: Real = only_with(
        "telling.relay",
        factor(1.0, "factor on telling here of those who only heard of it", neutral=1.0),
    )
    retelling_force: Real = only_with(
        "telling.relay",
        factor(
            1.0,
            "factor on how much they convince here; 0: a like, by which others see it and no more",
            neutral=1.0,
            high=8.0,
        ),
    )


@dataclass(frozen=True)
class RelayRules(Record):
    """Whether and how long those who heard of it pass it on."""

    relay_on: int
    relay_days: int


@arrays
class RelayState(Record):
    """Who became aware today, where it matters."""

    newly: NDArray[np.int32] = list_of_day(np.int32, counter="n_newly")
    n_newly: IntArray = count()


def numbers(made: Made) -> RelayRules:
    """Return whether and how long those who heard of it pass it on."""
    telling = made.scenario.telling
    return RelayRules(
        relay_on=int(telling.relay > 0 and telling.relay_days > 0),
        relay_days=telling.relay_days if telling.relay > 0 else 0,
    )


RELAYS = Mechanism(
    "relays",
    numbers=numbers,
    state=RelayState,
    columns=(T_TELLS_RELAY,),
    modules=(
        Module("relays", ("telling.relay",), "non-users pass it on", "非用户也会转述"),
        Module(
            "likes",
            ("channels.*.retelling", "channels.*.retelling_force"),
            "channels differ in how it is passed on",
            "各渠道转述与点赞不同",
        ),
    ),
)
