"""`Lever`: what a visitor can move, with range, unit and source from the table of parameters.

Purity and number of seeds, what each channel and each interaction design does, and prices; whole
mechanisms go by the words of `Scenario.describe`.  What changes nothing in a scenario is no lever.
Called by `page`; `design` asks what may be moved.
"""

from __future__ import annotations

import fnmatch
import math
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from koubei_sim.app.words import say, unit_of
from koubei_sim.checks import LANGUAGES
from koubei_sim.model import mechanisms
from koubei_sim.model.scenario import Row, Scenario, parameter_table
from koubei_sim.model.scenario.chinese import text_in
from koubei_sim.model.scenario.neutral import active
from koubei_sim.model.scenario.parameters import idle
from koubei_sim.studies.design.priors import limits

#: What is moved, by group: the first that matches counts.  Order is that of the page.
_MOVED: Final = (
    ("seeds", "seeding.purity"), ("seeds", "seeding.number"),
    ("channel", "channels.*.tell"), ("channel", "channels.*.persuasion"),
    ("channel", "channels.*.visibility"), ("channel", "channels.*.readers_per_post"),
    ("channel", "channels.*.opens_at"),
    ("joining", "participation.join"),
    ("node", "nodes.*.need"), ("node", "nodes.*.simple"), ("node", "nodes.*.rewarding"),
    ("node", "nodes.*.fun"), ("node", "nodes.*.authentic"),
    ("money", "seeding.recruit_cost"), ("money", "nodes.*.design_cost"),
)  # fmt: skip
#: A slider without a natural end goes so many times as far as the value that stands there.
_FOLD: Final = 4.0
_STEPS: Final = 100


class Lever(NamedTuple):
    """One slider.

    Attributes
    ----------
    path : str
        Dotted path in the scenario.
    group, name : str
        Word of the group, and of which channel or interaction it is one ("" of none).
    unit, allowed, provenance : str
        As in the table of parameters.
    steps : tuple of float
        Values that the slider has, rising; that of the scenario is among them.
    value : float
        Value of the scenario.
    """

    path: str
    group: str
    name: str
    unit: str
    allowed: str
    provenance: str
    steps: tuple[float, ...]
    value: float

    def title(self, lang: str) -> str:
        """Return the heading under which it stands."""
        return say(self.group, lang, name=self.name)

    def label(self, lang: str) -> str:
        """Return its name with the unit."""
        word = self.path.rpartition(".")[2]
        who = f"{self.name}: " if self.group == "money" and self.name else ""
        return f"{who}{say(word, lang)} ({unit_of(self.unit, lang)})"

    def note(self, lang: str) -> str:
        """Return what may stand there and where the value comes from."""
        source = text_in(lang, "provenance", self.provenance)
        return say("allowed", lang, range=self.allowed, source=source)

    def nearest(self, value: float) -> float:
        """Return the step nearest to a value."""
        return min(self.steps, key=lambda step: abs(step - value))


@lru_cache(maxsize=64)
def levers_of(scenario: Scenario) -> tuple[Lever, ...]:
    """Return the levers of a scenario, in the order of the page.

    Examples
    --------
    >>> tiny = Scenario.load("tiny")
    >>> purity = levers_of(tiny)[0]
    >>> purity.path, purity.steps[0], purity.value, purity.steps[-1]
    ('seeding.purity', 0.0, 0.8, 1.0)
    >>> purity.label("en"), purity.label("zh")
    ('purity: share of enthusiasts (share)', '纯度：发烧友比例 (比例)')
    """
    rows = {row.path: row for row in parameter_table(scenario)}
    found = [
        _lever(group, row, scenario)
        for group, pattern in _MOVED
        for path, row in rows.items()
        if fnmatch.fnmatchcase(path, pattern) and not idle(row, rows) and _acts(path, scenario)
    ]
    order = list(dict.fromkeys((lever.group, lever.name) for lever in found))
    return tuple(sorted(found, key=lambda lever: order.index((lever.group, lever.name))))


def _acts(path: str, scenario: Scenario) -> bool:
    """Whether the mechanism of a path is there at all: posts want a board, joining a node."""
    if path.endswith(".readers_per_post"):
        return scenario.channels[path.split(".")[1]].medium == "board"
    return path != "participation.join" or bool(scenario.nodes)


def _lever(group: str, row: Row, scenario: Scenario) -> Lever:
    value = float(row.value)
    low, high = limits(row.range) or (0.0, math.inf)
    if row.unit == "day":
        high = max(value, float(scenario.ticks))
    elif row.path == "seeding.number":
        high = min(max(_FOLD * value, 10.0), 0.5 * scenario.n_agents * scenario.people_per_agent)
        low = min(1.0, value)
    elif (low, high) != (0.0, 1.0):
        high = min(high, _FOLD * value if value > 0.0 else 1.0)
    elif group == "channel" and 0.0 < value < 1.0 / _FOLD:
        high = _FOLD * value  # hundredths would be coarse
    if row.path.endswith(".tell"):
        high = max(value, min(high, scenario.participation.online))  # who tells is online
    if row.unit == "money" and value == 0.0:
        high = 1000.0
    whole = isinstance(row.value, int)
    grid = np.linspace(low, max(high, low), _STEPS + 1)
    rounded = [round(x) if whole else float(f"{x:.3g}") for x in grid]
    steps = tuple(sorted({float(x) for x in rounded if low <= x <= high} | {value}))
    name = row.path.split(".")[1] if group in ("channel", "node") else ""
    if group == "money" and row.path.startswith("nodes."):
        name = row.path.split(".")[1]
    return Lever(row.path, group, name, row.unit, row.range, row.provenance, steps, value)


@lru_cache(maxsize=64)
def mechanisms_of(scenario: Scenario, lang: str = "en") -> dict[str, str]:
    """Return the mechanisms that work in a scenario: words for each -> its name.

    Examples
    --------
    >>> mechanisms_of(Scenario.load("tiny"))["relays: non-users pass it on"]
    'relays'
    """
    found = {}
    for name, works in active(scenario).items():
        if works and name in mechanisms.MODULES:
            module = mechanisms.MODULES[name]
            text = (module.en, module.zh)[LANGUAGES.index(lang)]
            found[f"{name}: {text}"] = name
    return found
