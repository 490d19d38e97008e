"""leaving: unhappy users lapse unless they were served, and any user may leave, fans less often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.block import Record
from koubei_sim.model.mechanisms.declaration import (
    Column,
    Composite,
    IntArray,
    Made,
    Mechanism,
    Module,
    Purpose,
    arrays,
    count,
    list_of_day,
)
from koubei_sim.model.mechanisms.fields import (
    TRIAL,
    Four,
    Part,
    Real,
    Whole,
    days,
    factor,
    fraction,
)
from koubei_sim.model.mechanisms.numbers import threshold, weighted_mean, whole

DRAW_LAPSE = Purpose(27, "tick, 0")
DRAW_CHURN = Purpose(28, "tick, 0")
T_LAPSES = Column(57, "lapses", "unserved unhappy users who left")
T_CHURNS = Column(58, "churns", "users who left for no reason in the model")


class Leaving(Part):
    """Of service: who leaves."""

    lapse: Real = fraction(
        0.05,
        "probability that an unhappy user leaves on an online day, unless served",
        unit="1/day",
        source=TRIAL,
    )
    churn: Real = fraction(
        0.0,
        "probability that a casual user leaves on a day",
        unit="1/day",
    )
    stay: Four = factor(
        (1.0, 0.25, 0.0625, 0.015625),
        "factor on leaving of itself: casual, loyal, die-hard, core",
        neutral=(1.0, 1.0, 1.0, 1.0),
        high=1.0,
    )
    lapsed_return: Whole = days(0, "mean days until a lapsed user can be won again; 0: never")


@dataclass(frozen=True)
class LeavingRules(Record):
    """Who leaves."""

    lapse32: int
    churn32: IntArray  # [4] by tier
    lapsed_return: int


@arrays
class LeavingState(Record):
    """Who leaves today of itself, and who may leave because nobody helped."""

    drifters: NDArray[np.int32] = list_of_day(np.int32, counter="n_drifters")
    n_drifters: IntArray = count()
    leavers: NDArray[np.int32] = list_of_day(np.int32, counter="n_leavers")
    n_leavers: IntArray = count()


def numbers(made: Made) -> LeavingRules:
    """Return who leaves."""
    service = made.scenario.service
    return LeavingRules(
        lapse32=threshold(service.lapse),
        churn32=whole(threshold(service.churn * factor) for factor in service.stay),
        lapsed_return=service.lapsed_return,
    )


def _all_stay_alike(scenario: Any, weights: Sequence[float]) -> dict[str, Any]:
    """Let all tiers leave as often as the mean user."""
    return {"service.stay": (weighted_mean(scenario.service.stay, weights),) * 4}


def _stay_days(scenario: Any) -> float:
    """Return the mean of a geometric stay, cut at the horizon: ``(1 - (1 - c)^T) / c``."""
    leave, ticks = scenario.service.churn, scenario.ticks
    return float((1.0 - (1.0 - leave) ** ticks) / leave) if leave else float(ticks)


LEAVING = Mechanism(
    "leaving",
    numbers=numbers,
    state=LeavingState,
    columns=(T_LAPSES, T_CHURNS),
    purposes=(DRAW_LAPSE, DRAW_CHURN),
    modules=(
        Module("churn", ("service.churn",), "users leave for no stated reason", "用户会自然流失"),
        Module("stay", ("service.stay",), "fans leave less often", "粉丝更少流失", _all_stay_alike),
        Module("lapse", ("service.lapse",), "unhappy users leave", "不满的用户会离开"),
    ),
    composites=(
        Composite(
            "stay_days",
            "days that a contented casual user stays on average, up to the horizon",
            "days",
            _stay_days,
        ),
    ),
)
