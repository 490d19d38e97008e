"""online: who acts today; the only place where activity enters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.block import Record
from koubei_sim.core.compiling import kernel
from koubei_sim.model.mechanisms.declaration import (
    Bits,
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
    set_of_people,
)
from koubei_sim.model.mechanisms.fields import TRIAL, Part, Real, factor, parameter

DRAW_ACTIVITY = Purpose(3, "population: 0, 0")
DRAW_ONLINE = Purpose(20, "tick, 0")
T_ONLINE_USERS = Column(173, "online_users", "users online in the tick")


class Activity(Part):
    """Of a segment: how much its people differ in activity."""

    activity_sigma: Real = factor(
        1.0,
        "spread of activity: log-normal with mean 1 and this sigma of its logarithm",
        high=3.0,
        source=TRIAL,
    )


class Presence(Part):
    """Of participation: being online."""

    online: Real = parameter(
        0.12,
        "share of days on which a person of activity 1 is online",
        unit="1/day",
        neutral=1.0,
        above=0.0,
        high=1.0,
        source=TRIAL,
    )


@arrays
class OnlinePeople(Record):
    """How likely people are to be online: when the 32-bit draw is at most that."""

    online_threshold: NDArray[np.uint32] = of_world(np.uint32)


@arrays
class OnlineState(OnlinePeople):
    """Who could act, and who does."""

    talkers: Bits = set_of_people()
    online: NDArray[np.int32] = list_of_day(np.int32, counter="n_online")
    n_online: IntArray = count()


@kernel
def _online(activity, share, out):
    """Threshold T such that ``draw <= T`` has probability min(1, share activity)."""
    for i in range(out.size):
        p = min(1.0, share * activity[i])
        out[i] = max(0, np.int64(p * 4294967296.0) - 1)


def people(made: Made) -> dict[str, Any]:
    """Return the threshold of each person."""
    out = np.empty(made.population.n, dtype=np.uint32)
    _online(made.population.activity, made.scenario.participation.online, out)
    return {"online_threshold": out}


def _all_alike(scenario: Any, weights: Sequence[float]) -> dict[str, Any]:
    """Let everybody have the mean activity, which is 1, and be online as often as now."""
    return {f"segments.{name}.activity_sigma": 0.0 for name in scenario.segments}


ONLINE = Mechanism(
    "online",
    people=people,
    state=OnlineState,
    columns=(T_ONLINE_USERS,),
    purposes=(DRAW_ACTIVITY, DRAW_ONLINE),
    modules=(
        Module(
            "activity",
            ("segments.*.activity_sigma", "participation.online"),
            "people differ in activity and are not always online",
            "活跃度因人而异，并非天天在线",
            _all_alike,
        ),
    ),
)
