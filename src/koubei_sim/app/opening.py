"""What the page opens with: said once by `server`, read by each visitor's copy of `page`.

marimo runs the file of the page anew for every visitor, in this process: what the command line was
told comes to it from here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from koubei_sim.app.design import (
    MOST_PEOPLE,
    Moved,
    Opened,
    Settings,
    opened,
    people_at_first,
    settings_from,
)

#: What a visitor finds: pairs of worlds, key, money that a user is worth.
WORLDS: Final = 8
KEY: Final = 7
VALUE: Final = 60.0
#: People simulated where nothing else is said: an answer comes within a second.
PEOPLE: Final = 100_000


@dataclass(frozen=True)
class Opening:
    """The scenario, people at most to begin with, and the language of the page."""

    source: Opened
    people: int = PEOPLE
    lang: str = "en"

    def settings(self) -> Settings:
        """Return what a visitor sees before anything was moved."""
        scenario = self.source.scenario
        people = min(people_at_first(scenario, self.people), MOST_PEOPLE)
        return settings_from(
            self.source, people, scenario.ticks, WORLDS, KEY, {}, [], Moved(), VALUE, 0.0
        )


_said: list[Opening] = []
_waiting: list[Callable[[], object]] = []


def open_with(opening: Opening) -> None:
    """Say what the page opens with from now on."""
    _said[:] = [opening]


def when_it_stands(tell: Callable[[], object]) -> None:
    """Say who is told when the next copy of the page stands: its cells are compiled, and run."""
    _waiting[:] = [tell]


def opening() -> Opening:
    """Return what the page opens with; its first cell asks."""
    while _waiting:
        _waiting.pop()()
    return _said[0] if _said else Opening(opened("xiaomi"))
