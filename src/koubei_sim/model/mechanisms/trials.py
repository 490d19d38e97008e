"""trials: units of a good handed to chosen users, who have something to tell of then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from koubei_sim.core.block import Record
from koubei_sim.core.codes import MAX_GOODS
from koubei_sim.model.mechanisms.declaration import (
    Column,
    FloatArray,
    Flows,
    IntArray,
    Made,
    Mechanism,
    Module,
    Money,
    Price,
    Purpose,
)
from koubei_sim.model.mechanisms.fields import (
    Part,
    Real,
    Truth,
    Whole,
    engagement,
    money,
    only_with,
    people,
    tick,
    truth,
)
from koubei_sim.model.mechanisms.numbers import scaled

DRAW_TRIAL = Purpose(129, "tick, good; 64-bit order")
T_TRIALS = Column(314, "trials", "units handed to chosen users", "good")


class Trials(Part):
    """Of a good: units handed out before, or beside, the sale."""

    trials: Real = people(0.0, "units handed to users, by lot", neutral=0.0)
    trials_at: Whole = only_with("trials", tick(0, "tick on which they are handed out"))
    trials_to_enthusiasts: Truth = only_with(
        "trials", truth(True, "enthusiasts get them first", neutral=False)
    )
    trials_gain: Real = only_with("trials", engagement(0.0, "engagement gained by getting one"))
    trials_cost: Real = money("cost of handing one out, beside the unit")


@dataclass(frozen=True)
class TrialRules(Record):
    """When how many units are handed out."""

    trials: IntArray  # [8]
    trials_at: IntArray  # [8]
    trials_first: IntArray  # [8] 1: enthusiasts first
    trials_gain: FloatArray  # [8]


def numbers(made: Made) -> TrialRules:
    """Return when how many units are handed out."""
    goods, g = made.scenario.goods.values(), made.scenario.people_per_agent
    tables: Any = {name: np.zeros(MAX_GOODS) for name in ("number", "at", "first", "gain")}
    for k, good in enumerate(goods):
        tables["number"][k] = scaled(good.trials, g)
        tables["at"][k] = good.trials_at
        tables["first"][k] = good.trials_to_enthusiasts
        tables["gain"][k] = good.trials_gain
    return TrialRules(
        trials=tables["number"].astype(np.int64),
        trials_at=tables["at"].astype(np.int64),
        trials_first=tables["first"].astype(np.int64),
        trials_gain=tables["gain"],
    )


def _spent(scenario: Any, flows: Flows) -> Money:
    handed, spent = flows.block("trials"), np.zeros(flows.days.size)
    for g, good in enumerate(scenario.goods.values()):
        spent += good.trials_cost * handed[:, g] * flows.scale
    return spent


TRIALS = Mechanism(
    "trials",
    numbers=numbers,
    columns=(T_TRIALS,),
    purposes=(DRAW_TRIAL,),
    modules=(Module("trials", ("goods.*.trials",), "users try it first", "用户先行试用"),),
    prices=(Price(18, "trials", "``goods.*.trials_cost`` for each unit handed out", _spent),),
)
