"""decide: those who are won become users, of somebody, somewhere, of one product."""

from __future__ import annotations

from typing import Any

import numpy as np

from koubei_sim.core.block import Record
from koubei_sim.model.mechanisms.declaration import (
    Column,
    Composite,
    IntArray,
    Mechanism,
    Slot,
    arrays,
    count,
    list_of_day,
)
from koubei_sim.model.mechanisms.reproduction import reproduction

T_ADOPTIONS_CHANNEL = Column(
    32, "adoptions_channel", "adoptions recruited by a person, by channel", "channel"
)
T_ADOPTIONS_SEGMENT = Column(48, "adoptions_segment", "adoptions by segment", "segment")

CLAIM = np.dtype(
    [("agent", "i4"), ("recruiter", "i4"), ("channel", "i4"), ("product", "i4")], align=True
)


@arrays
class AdoptionState(Record):
    """Who was won today, and by whom."""

    claims: Any = list_of_day(CLAIM, counter="n_claims")
    n_claims: IntArray = count()


ADOPTION = Mechanism(
    "decide",
    state=AdoptionState,
    actor=(Slot("generation", "i4"), Slot("product", "u1")),
    columns=(T_ADOPTIONS_CHANNEL, T_ADOPTIONS_SEGMENT),
    composites=(
        Composite(
            "reproduction",
            "people whom one new user wins alone in its stay, while nobody else is a user; from 1 "
            "on a spread may go on",
            "people",
            reproduction,
        ),
    ),
)
