"""own: mechanisms of the user's own, between releases and the first act, and before the day closes.

Each gets the model, the day and `own`: its numbers, and a list for each value that people carry.
Factors of telling and of joining hold for a day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.core.codes import FULL16

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day
    from koubei_sim.model.reference.state import Pyramid


def begin(model: Pyramid, day: Day) -> None:
    """Let yesterday's factors go, run the mechanisms of the morning."""
    if model.own:
        for person in model.people:
            person.tell16 = person.join16 = FULL16
    run(model, day, "morning")


def end(model: Pyramid, day: Day) -> None:
    """Run the mechanisms of the evening."""
    run(model, day, "evening")


def run(model: Pyramid, day: Day, when: str) -> None:
    """Run those of a moment, in their order."""
    for own in model.own:
        if own.when == when:
            own.rule(model, day, own)
