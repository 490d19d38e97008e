"""contests: the best of what is told under an event wins a prize, and the others lose heart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from koubei_sim.core.block import Record
from koubei_sim.core.codes import MAX_CHANNELS
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
from koubei_sim.model.mechanisms.events import occurrences
from koubei_sim.model.mechanisms.fields import (
    Part,
    Real,
    engagement,
    fraction,
    money,
    only_with,
    people,
)
from koubei_sim.model.mechanisms.numbers import scaled

DRAW_CONTEST = Purpose(130, "tick, channel")
T_WINNERS = Column(331, "winners", "users who won a prize", "channel")


class Contest(Part):
    """Of an event: prizes for the best of what is told."""

    winners: Real = people(
        0.0, "users a day whose praise on its channel appeals most and wins", neutral=0.0
    )
    prize: Real = only_with("winners", engagement(0.0, "engagement gained by a prize"))
    loss: Real = only_with(
        "winners", fraction(0.0, "share of their engagement that those lose who told and won not")
    )
    prize_cost: Real = money("cost of a prize")


@dataclass(frozen=True)
class ContestRules(Record):
    """Prizes by channel and tick."""

    contests_on: int
    contest_winners: IntArray  # [8, T]
    contest_prize: FloatArray  # [8, T]
    contest_kept: FloatArray  # [8, T] what losers keep


def numbers(made: Made) -> ContestRules:
    """Return prizes by channel and tick; there is one contest at most on a channel and day."""
    scenario = made.scenario
    ticks, names = scenario.ticks, list(scenario.channels)
    winners = np.zeros((MAX_CHANNELS, ticks), dtype=np.int64)
    prize, kept = np.zeros((MAX_CHANNELS, ticks)), np.ones((MAX_CHANNELS, ticks))
    for event in scenario.events.values():
        if event.winners <= 0.0:
            continue
        c = names.index(event.channel)
        for start, end in occurrences(event, ticks):
            winners[c, start:end] = scaled(event.winners, scenario.people_per_agent)
            prize[c, start:end] = event.prize
            kept[c, start:end] = 1.0 - event.loss
    return ContestRules(
        contests_on=int(bool(winners.any())),
        contest_winners=winners,
        contest_prize=prize,
        contest_kept=kept,
    )


def _spent(scenario: Any, flows: Flows) -> Money:
    won, spent = flows.block("winners"), np.zeros(flows.days.size)
    costs = np.zeros((flows.days.size, MAX_CHANNELS))
    for event in scenario.events.values():
        c = list(scenario.channels).index(event.channel)
        for start, end in occurrences(event, flows.days.size):
            if event.winners > 0.0:
                costs[start:end, c] = event.prize_cost
    for c in range(won.shape[1]):
        spent += costs[:, c] * won[:, c] * flows.scale
    return spent


CONTESTS = Mechanism(
    "contests",
    numbers=numbers,
    columns=(T_WINNERS,),
    purposes=(DRAW_CONTEST,),
    modules=(
        Module("contests", ("events.*.winners",), "the best story wins a prize", "评选最佳发言"),
    ),
    prices=(Price(19, "prizes", "``events.*.prize_cost`` for each prize", _spent),),
)
