"""fatigue: how often one has told and joined is forgotten with a half-life, as far as it tires.

Called by the schedule for each person online, before its turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.model.mechanisms.fatigue import DRAW_RECOVER

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day
    from koubei_sim.model.reference.state import Person, Pyramid


def recover(model: Pyramid, day: Day, person: Person) -> None:
    """Let a person recover for the days since it was last online.

    Counts stay whole: a part is rounded up with the chance that it is, the same for all counts.
    """
    rules = model.rules
    if rules.recovery_on:
        left16 = rules.recovery16[day.t - person.rested]
        chance16 = model.coins.coin(DRAW_RECOVER, day.t, 0, person.number) >> 16
        person.told = [(count * left16 + chance16) >> 16 for count in person.told]
        person.joined = [(count * left16 + chance16) >> 16 for count in person.joined]
    person.rested = day.t
