"""waiting: those who wait for a unit talk about it, with praise or blame."""

from __future__ import annotations

from dataclasses import dataclass

from koubei_sim.core.block import Record
from koubei_sim.model.mechanisms.declaration import Column, Made, Mechanism, Module
from koubei_sim.model.mechanisms.fields import Part, Real, factor
from koubei_sim.model.mechanisms.numbers import fixed16

T_TELLS_WAITING = Column(91, "tells_waiting", "tellings of waiting people, by channel", "channel")


class Waiting(Part):
    """Of telling: those who wait for a unit."""

    waiting: Real = factor(0.0, "factor on telling of those who wait for a unit")
    scarcity_valence: Real = factor(
        0.0, "what those who wait say: -1 all bad .. 1 all good", low=-1.0, high=1.0
    )


@dataclass(frozen=True)
class WaitingRules(Record):
    """Whether those who wait tell, and what."""

    waiting_tells: int
    waiting_sign: int  # +1 or -1
    waiting16: int


def numbers(made: Made) -> WaitingRules:
    """Return whether those who wait tell, and what."""
    telling = made.scenario.telling
    force = abs(telling.scarcity_valence)
    return WaitingRules(
        waiting_tells=int(telling.waiting > 0 and force > 0),
        waiting_sign=-1 if telling.scarcity_valence < 0 else 1,
        waiting16=fixed16(force),
    )


WAITING = Mechanism(
    "waiting",
    numbers=numbers,
    columns=(T_TELLS_WAITING,),
    modules=(Module("waiting", ("telling.waiting",), "those who wait tell", "等待的人也会说"),),
)
