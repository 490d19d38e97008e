"""fatigue: who has told and joined often is tired of it, and recovers."""

from __future__ import annotations

import math
from dataclasses import dataclass

from koubei_sim.core.block import Record
from koubei_sim.model.mechanisms.declaration import (
    IntArray,
    Made,
    Mechanism,
    Module,
    Purpose,
    Slot,
)
from koubei_sim.model.mechanisms.fields import Part, Real, infinite
from koubei_sim.model.mechanisms.numbers import floor16, halving

DRAW_RECOVER = Purpose(46, "tick, 0")


class Recovery(Part):
    """Of participation: being tired passes."""

    fatigue_half_life: Real = infinite(
        "days", "half-life of how often one has told and joined, as far as it tires"
    )


@dataclass(frozen=True)
class FatigueRules(Record):
    """How fast being tired passes."""

    recovery_on: int
    recovery16: IntArray  # [T + 2] what is left by days since


def numbers(made: Made) -> FatigueRules:
    """Return how fast being tired passes: ``recovery16 = floor(0.5**(d / half-life) 65536)``."""
    half_life = made.scenario.participation.fatigue_half_life
    return FatigueRules(
        recovery_on=int(math.isfinite(half_life)),
        recovery16=floor16(halving(half_life, made.scenario.ticks + 2)),
    )


FATIGUE = Mechanism(
    "fatigue",
    numbers=numbers,
    actor=(Slot("rested", "i2"),),  # tick up to which it has recovered
    purposes=(DRAW_RECOVER,),
    modules=(
        Module(
            "fatigue",
            ("telling.repeat_fatigue", "participation.join_fatigue"),
            "repetition tires",
            "重复会令人疲倦",
        ),
        Module(
            "recovery",
            ("participation.fatigue_half_life",),
            "being tired passes",
            "疲倦会恢复",
        ),
    ),
)
