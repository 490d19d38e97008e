"""copying: the more use the product, the more others copy its ways and crowd the channels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from koubei_sim.core.block import Record
from koubei_sim.core.codes import FULL16
from koubei_sim.model.mechanisms.declaration import (
    FloatArray,
    IntArray,
    Made,
    Mechanism,
    Module,
    Sentence,
    array,
    arrays,
)
from koubei_sim.model.mechanisms.fields import STRUCTURE, Part, Real, factor, only_with, parameter
from koubei_sim.model.mechanisms.numbers import halving


class Copying(Part):
    """Of the market: others who do the same."""

    copied: Real = factor(
        0.0,
        "load of others' messages, in multiples of what is seen without them, where all people "
        "are users",
        high=1e6,
    )
    copied_after: Real = only_with(
        "copied",
        parameter(
            0.0,
            "half-life with which others follow the share of users; 0: on the next day",
            unit="days",
            neutral=STRUCTURE,
            low=0.0,
            high=1e6,
        ),
    )


@dataclass(frozen=True)
class CopyingRules(Record):
    """How much others crowd the channels, and how soon."""

    copied: float
    copied_step: float  # a day


@arrays
class CopyingState(Record):
    """The share of users that others have followed, and what is left of visibility."""

    followed: FloatArray = array(np.float64, 1, fill=0)
    room16: IntArray = array(np.int64, 1, fill=FULL16, news=True)


def numbers(made: Made) -> CopyingRules:
    """Return how much others crowd the channels, and how soon."""
    market = made.scenario.market
    after = market.copied_after
    return CopyingRules(
        copied=market.copied,
        copied_step=1.0 if after == 0.0 else 1.0 - float(halving(after, 2)[1]),
    )


def _told(scenario: Any, say: Callable[..., str]) -> Iterator[str]:
    if scenario.market.copied > 0.0:
        yield say("copied", load=scenario.market.copied)


COPYING = Mechanism(
    "copying",
    numbers=numbers,
    state=CopyingState,
    modules=(
        Module(
            "copying",
            ("market.copied",),
            "others copy and crowd the channels",
            "同行模仿，渠道变拥挤",
        ),
    ),
    sentences=(Sentence("happens", 9, _told),),
    words={
        "copied": (
            "Others copy: were all people users, 1 / (1 + {load:g}) of what is seen would be seen",
            "同行模仿：若所有人都是用户，只剩 1 / (1 + {load:g}) 的消息能被看到",
        ),
    },
)
