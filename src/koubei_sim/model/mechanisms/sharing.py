"""sharing: a button in the product, by which users who are happy with it share it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from koubei_sim.core.block import Record
from koubei_sim.model.mechanisms.declaration import (
    Column,
    IntArray,
    Made,
    Mechanism,
    Module,
)
from koubei_sim.model.mechanisms.fields import Part, Real, fraction, only_with, parameter
from koubei_sim.model.mechanisms.numbers import UNIT32, fixed16
from koubei_sim.model.mechanisms.telling import MOST_RATE32

T_SHARES = Column(323, "shares", "shares out of the product, among the tellings", "channel")


class Sharing(Part):
    """Of a channel: sharing out of the product."""

    share: Real = parameter(
        0.0,
        "times a day that a happy user of activity 1 shares it here out of the product, however "
        "old the news",
        unit="1/day",
        neutral=0.0,
        low=0.0,
        high=100.0,
    )
    share_force: Real = only_with(
        "share",
        fraction(0.5, "how much a share convinces, against a telling of the same user"),
    )


@dataclass(frozen=True)
class SharingRules(Record):
    """How often users share, and what it is worth."""

    share32: IntArray  # [8] rate / w times 2**32
    share16: IntArray  # [8]


def numbers(made: Made) -> SharingRules:
    """Return how often users share, and what it is worth."""
    online = made.scenario.participation.online
    return SharingRules(
        share32=made.by_channel(
            np.int64, lambda c: min(int(c.share / online * UNIT32), MOST_RATE32)
        ),
        share16=made.by_channel(np.int64, lambda c: fixed16(c.share_force)),
    )


SHARING = Mechanism(
    "sharing",
    numbers=numbers,
    columns=(T_SHARES,),
    modules=(
        Module("sharing", ("channels.*.share",), "a share button in the product", "产品内分享"),
    ),
)
