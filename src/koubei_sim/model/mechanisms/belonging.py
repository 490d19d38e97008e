"""belonging: the more of one's own ties are fans, the more one likes, believes and wants it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.block import Record
from koubei_sim.model.mechanisms.declaration import (
    IntArray,
    Made,
    Mechanism,
    Module,
    Sentence,
    arrays,
    by_person,
)
from koubei_sim.model.mechanisms.fields import Part, Real, factor, name, only_with
from koubei_sim.model.mechanisms.numbers import fixed16

WEEK: Final = 7  # days between two looks around
FULL8: Final = 255  # all of one's ties are fans
MOST: Final = 16.0  # keeps the engines' integers below 2**63
LEVERS: Final = ("loyalty.belonging", "loyalty.pull", "buying.tribe_weight")


class Belonging(Part):
    """Of loyalty: whose ties count, and what it is worth to be among fans."""

    tribe: str | None = name(
        None,
        "feed whose arcs are the ties that count: the share of fans (users who are loyal or more) "
        "among those whom one hears there; none: nobody looks around",
        "a feed of the scenario",
        neutral=None,
    )
    belonging: Real = only_with(
        "tribe",
        factor(
            0.0,
            "satisfaction of a user all of whose ties are fans",
            high=10.0,
            source="Tajfel and Turner 1979 on social identity; form and value are assumptions",
        ),
    )
    pull: Real = only_with(
        "tribe",
        factor(0.0, "praise acts 1 + pull times on one all of whose ties are fans", high=MOST),
    )


class TribeWeight(Part):
    """Of buying: what it is worth to have what one's ties have."""

    tribe_weight: Real = only_with(
        "loyalty.tribe",
        factor(0.0, "utility of a good of ours where all ties are fans", high=100.0),
    )


@dataclass(frozen=True)
class BelongingRules(Record):
    """Whose ties count, and for how much."""

    tribe: int  # the feed; -1: nobody looks around
    belonging: float
    pull16: IntArray  # [256] by share of fans
    tribe_weight: float


def _looks(rules: Any) -> bool:
    return bool(rules.tribe >= 0)


@arrays
class BelongingState(Record):
    """Whom everybody hears there, how many, and how many were fans at the last look."""

    heard_there: NDArray[np.int32] = by_person(np.int32, fill=-1, needed=_looks)
    fans_there: NDArray[np.int32] = by_person(np.int32, fill=0, needed=_looks)
    fans8: NDArray[np.uint8] = by_person(np.uint8, fill=0, needed=_looks)


def numbers(made: Made) -> BelongingRules:
    """Return whose ties count, and for how much."""
    scenario = made.scenario
    loyalty, weight = scenario.loyalty, scenario.buying.tribe_weight
    on = loyalty.tribe is not None and (loyalty.belonging > 0 or loyalty.pull > 0 or weight > 0)
    return BelongingRules(
        tribe=list(scenario.channels).index(loyalty.tribe) if on else -1,
        belonging=loyalty.belonging,
        pull16=np.array(
            [fixed16(1.0 + loyalty.pull * (k / 255.0)) for k in range(FULL8 + 1)], dtype=np.int64
        ),
        tribe_weight=weight,
    )


def _told(scenario: Any, say: Callable[..., str]) -> Iterator[str]:
    loyalty = scenario.loyalty
    if loyalty.tribe is not None:
        yield say(
            "tribe", name=loyalty.tribe, satisfaction=loyalty.belonging, pull=1.0 + loyalty.pull
        )


BELONGING = Mechanism(
    "belonging",
    numbers=numbers,
    state=BelongingState,
    modules=(
        Module(
            "belonging",
            LEVERS,
            "people want to be where their friends are",
            "归属感：身边粉丝越多越认同",
        ),
    ),
    sentences=(Sentence("do", 9, _told),),
    words={
        "tribe": (
            "One all of whose ties on {name} are fans is {satisfaction:g} more content, and praise "
            "acts {pull:g} times on it",
            "{name} 上的联系人全是粉丝时，满意度高 {satisfaction:g}，好评作用为 {pull:g} 倍",
        ),
    },
)
