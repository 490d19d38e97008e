"""dilution: where few of those who tell are enthusiasts, tellings get fewer replies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from koubei_sim.core.block import Record
from koubei_sim.core.codes import FULL16, MAX_CHANNELS
from koubei_sim.model.mechanisms.declaration import (
    Column,
    FloatArray,
    IntArray,
    Made,
    Mechanism,
    Module,
    array,
    arrays,
)
from koubei_sim.model.mechanisms.fields import Part, Real, factor

T_TELLS_ENTHUSIAST = Column(
    181, "enthusiast_tells", "tellings of users who are enthusiasts, by channel", "channel"
)
WEEK: Final = 7  # days that are looked back upon


class Dilution(Part):
    """Of a channel: newcomers in masses are answered less."""

    dilution: Real = factor(
        0.0,
        "exponent with which replies fall with the share of enthusiasts among last week's tellings",
        high=10.0,
    )


@dataclass(frozen=True)
class DilutionRules(Record):
    """How much replies depend on enthusiasts."""

    dilution: FloatArray  # [8]


@arrays
class DilutionState(Record):
    """What users told in the last week, and what is left of replies."""

    told_in_week: IntArray = array(np.int64, MAX_CHANNELS, WEEK, fill=0)
    told_by_enthusiasts: IntArray = array(np.int64, MAX_CHANNELS, WEEK, fill=0)
    reply16: IntArray = array(np.int64, MAX_CHANNELS, fill=FULL16, news=True)


def numbers(made: Made) -> DilutionRules:
    """Return how much replies depend on enthusiasts."""
    return DilutionRules(dilution=made.by_channel(np.float64, lambda channel: channel.dilution))


DILUTION = Mechanism(
    "dilution",
    numbers=numbers,
    state=DilutionState,
    columns=(T_TELLS_ENTHUSIAST,),
    modules=(
        Module(
            "dilution",
            ("channels.*.dilution",),
            "masses of newcomers get fewer replies",
            "新手涌入会稀释回复",
        ),
    ),
)
