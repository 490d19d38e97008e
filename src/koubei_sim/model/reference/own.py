"""own: mechanisms of the user's own, between releases and the first act, and before the day closes.

Each gets the model, the day and `own`: its numbers, and a list for each value that people carry.
Factors of telling and of joining hold for a day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from koubei_sim.core.codes import FULL16

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day
    from koubei_sim.model.reference.model import PyramidModel
    from koubei_sim.model.world.arrays import OwnRules


class OwnRule:
    """One such mechanism: its numbers and what people carry, as attributes.

    Parameters
    ----------
    given : OwnRules
    n : int
        Number of people.
    """

    def __init__(self, given: OwnRules, n: int) -> None:
        self.rule, self.when = given.readable, given.when
        carried = {name: [initial] * n for name, (_, initial) in given.people.items()}
        self.__dict__ |= {**given.numbers, **carried}

    def __getattr__(self, name: str) -> Any:
        """Say which names there are where another is asked for."""
        known = ", ".join(word for word in self.__dict__ if word not in ("rule", "when"))
        raise AttributeError(f"own has no {name!r}, only {known}")


def begin(model: PyramidModel, day: Day) -> None:
    """Let yesterday's factors go, run the mechanisms of the morning."""
    if model.own:
        for person in model.people:
            person.tell16 = person.join16 = FULL16
    run(model, day, "morning")


def end(model: PyramidModel, day: Day) -> None:
    """Run the mechanisms of the evening."""
    run(model, day, "evening")


def run(model: PyramidModel, day: Day, when: str) -> None:
    """Run those of a moment, in their order."""
    for own in model.own:
        if own.when == when:
            own.rule(model, day, own)
