"""deeds: what the staff did well is written down, told, and learnt from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from koubei_sim.core.block import Record
from koubei_sim.model.mechanisms.declaration import (
    IntArray,
    Made,
    Mechanism,
    Module,
    Purpose,
    array,
    arrays,
)
from koubei_sim.model.mechanisms.fields import Part, Real, factor, fraction
from koubei_sim.model.mechanisms.numbers import threshold

DRAW_DEED = Purpose(128, "tick, channel")


class Deeds(Part):
    """Of service: what becomes of answers that helped."""

    deed_story: Real = fraction(
        0.0, "probability that an answer that helped is a story for who got it"
    )
    deed_learning: Real = factor(
        0.0,
        "how much staff learn from what they did well: of the answers that would not help, "
        "exp(-this) are left after each thousand that did",
        source="learning by doing (Arrow 1962); the value is an assumption",
    )


@dataclass(frozen=True)
class DeedRules(Record):
    """What becomes of answers that helped."""

    deed32: int
    deed_rate: float  # a simulated person answered


@arrays
class DeedState(Record):
    """How many were helped before today, and how likely an answer helps today."""

    helped: IntArray = array(np.int64, 1, fill=0)
    answer_now32: IntArray = array(np.int64, 1, fill=0)


def numbers(made: Made) -> DeedRules:
    """Return what becomes of answers that helped."""
    service = made.scenario.service
    return DeedRules(
        deed32=threshold(service.deed_story),
        deed_rate=service.deed_learning * made.scenario.people_per_agent / 1000.0,
    )


DEEDS = Mechanism(
    "deeds",
    numbers=numbers,
    state=DeedState,
    purposes=(DRAW_DEED,),
    modules=(
        Module(
            "deeds",
            ("service.deed_story", "service.deed_learning"),
            "good service is told and learnt from",
            "服务故事的传播与学习",
        ),
    ),
)
