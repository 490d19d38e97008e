"""forgetting: who has seen nothing of the product for long no longer knows of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from koubei_sim.core.block import Record
from koubei_sim.model.mechanisms.declaration import (
    Column,
    IntArray,
    Made,
    Mechanism,
    Module,
    Purpose,
    Sentence,
)
from koubei_sim.model.mechanisms.fields import Part, Real, infinite
from koubei_sim.model.mechanisms.numbers import halving, threshold

DRAW_FORGET = Purpose(121, "tick, 0")
T_FORGOT = Column(289, "forgot", "people who knew of the product and forgot it")
WEEK: Final = 7  # days between two looks


class Forgetting(Part):
    """Of hearing: how long the product is known."""

    forget_half_life: Real = infinite(
        "days", "half-life of knowing of the product, since one last saw anything of it"
    )


@dataclass(frozen=True)
class ForgettingRules(Record):
    """Who forgets in a week, by days since anything was seen."""

    forget_on: int
    forget32: IntArray  # [8] by days, at most a week


def numbers(made: Made) -> ForgettingRules:
    """Return who forgets, by days since anything was seen."""
    half_life = made.scenario.hearing.forget_half_life
    left = halving(half_life, WEEK + 1)
    return ForgettingRules(
        forget_on=int(math.isfinite(half_life)),
        forget32=np.array([threshold(1.0 - share) for share in left.tolist()], dtype=np.int64),
    )


def _told(scenario: Any, say: Callable[..., str]) -> Iterator[str]:
    if math.isfinite(scenario.hearing.forget_half_life):
        yield say("forget", days=scenario.hearing.forget_half_life)


FORGETTING = Mechanism(
    "forgetting",
    numbers=numbers,
    columns=(T_FORGOT,),
    purposes=(DRAW_FORGET,),
    modules=(
        Module(
            "forgetting",
            ("hearing.forget_half_life",),
            "the product itself is forgotten",
            "产品本身会被忘记",
        ),
    ),
    sentences=(Sentence("do", 5, _told),),
    words={
        "forget": (
            "Half of those who see nothing of it for {days:g} days forget the product",
            "{days:g} 天没看到任何消息的人，一半会忘记这个产品",
        ),
    },
)
