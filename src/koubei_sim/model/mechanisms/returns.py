"""returns: those who left the market can be won again after some time."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.block import Record
from koubei_sim.model.mechanisms.declaration import (
    Column,
    Mechanism,
    Module,
    Purpose,
    array,
    arrays,
    by_person,
)

DRAW_RETURN = Purpose(36, "tick, stage entered")
T_RETURNS = Column(61, "returns", "people who came back to the market")
T_RETURNS_UNAWARE = Column(
    180, "returns_unaware", "of these, people who had never heard of the product"
)
KNEW: Final = 128  # bit of `heard`: was aware when the rival took it


@arrays
class ReturnState(Record):
    """The calendar of returns: heads by tick, following person."""

    return_head: NDArray[np.int32] = array(np.int32, "ticks", fill=-1)
    return_next: NDArray[np.int32] = by_person(np.int32)


RETURNS = Mechanism(
    "returns",
    state=ReturnState,
    columns=(T_RETURNS, T_RETURNS_UNAWARE),
    purposes=(DRAW_RETURN,),
    modules=(
        Module(
            "returns",
            ("market.rejected_return", "market.replacement_days", "service.lapsed_return"),
            "those who left can be won again",
            "离开的人可以挽回",
        ),
    ),
)
