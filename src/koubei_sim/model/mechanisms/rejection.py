"""rejection: bad word of mouth turns people away, who then warn others for some days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.block import Record
from koubei_sim.model.mechanisms.declaration import (
    Column,
    IntArray,
    Made,
    Mechanism,
    Module,
    Purpose,
    arrays,
    count,
    list_of_day,
    of_world,
)
from koubei_sim.model.mechanisms.fields import (
    STRUCTURE,
    Part,
    Real,
    Truth,
    Whole,
    days,
    factor,
    fraction,
    only_with,
    truth,
)
from koubei_sim.model.mechanisms.hearing import resistances

DRAW_RESIST_REJECT = Purpose(10, "run: 0, 0")
T_REJECTIONS = Column(59, "rejections", "people who rejected the product")
T_TELLS_REJECTER = Column(99, "tells_rejecter", "tellings of rejecters, by channel", "channel")


class Rejecters(Part):
    """Of telling: those who rejected it."""

    rejecter: Real = factor(0.0, "factor on (negative) telling of those who rejected")
    rejecter_days: Whole = only_with("rejecter", days(14, "days for which they tell"))
    rejecter_credibility: Real = fraction(
        0.6, "factor on persuasion of a rejecter", neutral=STRUCTURE
    )


class Rejection(Part):
    """Of the market: who can turn against it."""

    rejection: Truth = truth(False, "bad word of mouth can make people reject it")
    rejection_resistance: Real = factor(
        1.0,
        "how hard it is to turn people away, against winning them",
        neutral=STRUCTURE,
        above=0.0,
    )
    rejected_return: Whole = days(0, "mean days until one who rejected listens again; 0: never")


@dataclass(frozen=True)
class RejectionRules(Record):
    """Whether people can turn against it, and for how long they tell."""

    rejection_on: int
    rejecter_days: int
    rejected_return: int


@arrays
class RejectionPeople(Record):
    """How hard people are to turn away, units of 2**-26."""

    resist_reject: NDArray[np.uint32] = of_world(np.uint32)


@arrays
class RejectionState(RejectionPeople):
    """Who turned against it today."""

    rejected: NDArray[np.int32] = list_of_day(np.int32, counter="n_rejected")
    n_rejected: IntArray = count()


def people(made: Made) -> dict[str, Any]:
    """Return the resistance of each person against bad word of mouth."""
    scale = made.scenario.market.rejection_resistance
    return {"resist_reject": resistances(made, DRAW_RESIST_REJECT, scale)}


def numbers(made: Made) -> RejectionRules:
    """Return whether people can turn against it, and for how long they tell."""
    market, telling = made.scenario.market, made.scenario.telling
    return RejectionRules(
        rejection_on=int(market.rejection),
        rejecter_days=telling.rejecter_days if telling.rejecter > 0 else 0,
        rejected_return=market.rejected_return,
    )


REJECTION = Mechanism(
    "rejection",
    people=people,
    numbers=numbers,
    state=RejectionState,
    columns=(T_REJECTIONS, T_TELLS_REJECTER),
    purposes=(DRAW_RESIST_REJECT,),
    modules=(
        Module("rejection", ("market.rejection",), "people can turn against it", "有人会拒绝"),
    ),
)
