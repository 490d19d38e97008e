"""`Settings`: what a visitor has set, checked, as two scenarios and as the Python that makes them.

What a page sends is never trusted: everything that arrives here was typed, moved or uploaded by
somebody, so sizes are bounded and what is wrong is refused in one line before any work.
Called by `page` (through `settings_from`) and by `desk`, which runs the two designs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from koubei_sim import checks
from koubei_sim.app.levers import levers_of, mechanisms_of
from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import Scenario, parameter_table
from koubei_sim.model.scenario.files import parse
from koubei_sim.model.scenario.neutral import neutral_paths

#: Bounds of what one visitor may ask for.
MOST_PEOPLE: Final = 1_000_000
MOST_DAYS: Final = 3_650
MOST_WORLDS: Final = 32
#: People times pairs of worlds: results of both designs stay in memory.
MOST_RUN: Final = 4_000_000
MOST_BYTES: Final = 1_000_000
MOST_MONEY: Final = 1e12
MOST_KEY: Final = 2**53 - 1  # what a browser counts to exactly
#: Names of the two designs in tables, figures and code.
FIRST, SECOND = "as it is", "your design"


@dataclass(frozen=True)
class Opened:
    """A scenario that somebody chose, and how code gets it again.

    Attributes
    ----------
    name : str
        Of the preset or the file.
    scenario : Scenario
    file : bool
        Whether it came from a file, which code must then be given.
    """

    name: str
    scenario: Scenario
    file: bool = False


def opened(name: str | Path) -> Opened:
    """Return a preset or a file of the machine that serves the page.

    Examples
    --------
    >>> opened("tiny").scenario.name
    'tiny'
    """
    known = str(name) in Scenario.presets()
    return Opened(str(name), _bounded(Scenario.load(name)), not known)


def uploaded(name: str, raw: bytes) -> Opened:
    """Return a scenario that a visitor has uploaded.

    Raises
    ------
    KoubeiError
        For what is too large or no scenario, and for one that names files: they would be read on
        the machine that serves the page.
    """
    name = Path(name).name or "upload.toml"
    if len(raw) > MOST_BYTES:
        raise KoubeiError(name, "too large", got=f"{len(raw):,} bytes", allowed="1 MB")
    text, _ = checks.text_of(name, raw)
    content = parse(text, name)
    if not content:
        raise KoubeiError(name, "says nothing", allowed="a TOML file with words in it")
    # Before it is read as a scenario: checking one looks for the files that it names.
    for where, value in _texts(content):
        last = where.rpartition(".")[2]
        if last in ("agents_table", "path") or (last == "kind" and value == "file"):
            raise KoubeiError(
                name, f"names a file of its own ({where})", got=value,
                fix="running it on your own machine",
            )  # fmt: skip
    return Opened(name, _bounded(Scenario.from_dict(content)), True)


def _texts(content: Any, where: str = "") -> list[tuple[str, str]]:
    """Return all texts of nested tables and lists with their dotted paths."""
    if isinstance(content, str):
        return [(where, content)]
    if isinstance(content, Mapping):
        entries: Any = content.items()
    elif isinstance(content, (list, tuple)):
        entries = enumerate(content)
    else:
        return []
    return [found for key, value in entries for found in _texts(value, f"{where}.{key}".strip("."))]


def _bounded(scenario: Scenario) -> Scenario:
    checks.whole("ticks", scenario.ticks, 1, MOST_DAYS)
    return scenario


def own_people(scenario: Scenario) -> bool:
    """Return whether a file says how many people there are, which nobody can then change."""
    rows = parameter_table(scenario)
    return any(
        row.value is not None and (row.path == "agents_table" or row.path.endswith(".network.path"))
        for row in rows
    )


def people_at_first(scenario: Scenario, people: int) -> int:
    """Return how many people the page begins with: as in the scenario, or so many at most."""
    return scenario.n_agents if own_people(scenario) else min(scenario.n_agents, people)


@dataclass(frozen=True)
class Moved:
    """What a design has changed: values at dotted paths, and mechanisms switched off."""

    changes: tuple[tuple[str, float], ...] = ()
    off: tuple[str, ...] = ()


@dataclass(frozen=True)
class Settings:
    """All that the answer hangs on; two visitors with equal ones see the same numbers.

    Attributes
    ----------
    source : Opened
    people, days, worlds, key : int
        People simulated, days, pairs of worlds, key of all randomness.
    first, second : Moved
        The design that is compared with, and the visitor's.
    value_per_user, budget : float
        Money; a budget of 0 is none.
    """

    source: Opened
    people: int
    days: int
    worlds: int
    key: int
    first: Moved
    second: Moved
    value_per_user: float
    budget: float

    @property
    def base(self) -> Scenario:
        """The scenario at the chosen size, before anything was moved."""
        scenario, size = self.source.scenario, self._size()
        return scenario.changed(size) if size else scenario

    def _size(self) -> dict[str, int]:
        scenario = self.source.scenario
        wanted = {"n_agents": self.people, "ticks": self.days}
        return {name: value for name, value in wanted.items() if value != getattr(scenario, name)}

    def design(self, moved: Moved) -> Scenario:
        """Return the scenario of a design."""
        found = self.base.changed(dict(moved.changes)) if moved.changes else self.base
        return found.neutral(*moved.off) if moved.off else found

    def changes(self, moved: Moved) -> dict[str, Any]:
        """Return all values that a design sets, those of switched off mechanisms too."""
        without = self.design(Moved(moved.changes))
        return {**dict(moved.changes), **neutral_paths(without, moved.off)}

    @property
    def same(self) -> bool:
        """Whether both designs are one."""
        return self.first == self.second


def settings_from(
    source: Opened,
    people: Any,
    days: Any,
    worlds: Any,
    key: Any,
    values: Mapping[str, Any],
    off: Sequence[Any],
    first: Moved,
    value_per_user: Any,
    budget: Any,
) -> Settings:
    """Check what the controls of a page say.

    Parameters
    ----------
    source : Opened
    people, days, worlds, key : int
    values : mapping of str to float
        Value of each lever by its path.
    off : sequence of str
        Mechanisms switched off, by name.
    first : Moved
        The design to compare with.
    value_per_user, budget : float

    Raises
    ------
    KoubeiError
        In one line, for anything out of bounds and for a design that the model refuses.

    Examples
    --------
    >>> tiny = opened("tiny")
    >>> moved = {"seeding.purity": 0.3, "seeding.number": 20}
    >>> found = settings_from(tiny, 2000, 120, 4, 7, moved, [], Moved(), 60.0, 0.0)
    >>> found.second.changes
    (('seeding.purity', 0.3),)
    >>> settings_from(tiny, 2_000_000, 120, 4, 7, {}, [], Moved(), 60.0, 0.0)
    Traceback (most recent call last):
    ...
    koubei_sim.errors.KoubeiError: people: out of range, got 2000000, allowed 1..1000000
    """
    people = checks.whole("people", people, 1, MOST_PEOPLE)
    worlds = checks.whole("pairs of worlds", worlds, 1, MOST_WORLDS)
    if people * worlds > MOST_RUN:
        raise KoubeiError(
            "pairs of worlds", "too many for so many people", got=worlds,
            allowed=f"1..{MOST_RUN // people}",
        )  # fmt: skip
    made = Settings(
        source,
        people,
        checks.whole("days", days, 1, MOST_DAYS),
        worlds,
        checks.whole("key", key, 0, MOST_KEY),
        first,
        _moved(source, values, off),
        checks.number("value of a user", value_per_user, 0.0, MOST_MONEY),
        checks.number("budget", budget, 0.0, MOST_MONEY),
    )
    made.design(made.first)  # refuses what the model refuses, before any work
    made.design(made.second)
    return made


def _moved(source: Opened, values: Mapping[str, Any], off: Sequence[Any]) -> Moved:
    levers = {lever.path: lever for lever in levers_of(source.scenario)}
    changes = []
    for path, given in values.items():
        checks.one_of("lever", path, levers)
        lever = levers[path]
        value = checks.number(path, given, lever.steps[0], lever.steps[-1])
        if value != lever.value:
            whole = isinstance(_value_at(source.scenario, path), int)
            changes.append((path, checks.whole(path, value) if whole else value))
    known = tuple(mechanisms_of(source.scenario).values())
    for name in off:
        checks.one_of("mechanism", name, known)
    return Moved(tuple(changes), tuple(off))


def _value_at(scenario: Scenario, path: str) -> Any:
    found: Any = scenario
    for step in path.split("."):
        found = found[step] if isinstance(found, Mapping) else getattr(found, step)
    return found


# As Python ----------------------------------------------------------------------------------------


def code_of(settings: Settings) -> str:
    """Return Python that makes the numbers of the page again.

    Examples
    --------
    >>> tiny = opened("tiny")
    >>> found = settings_from(tiny, 500, 30, 2, 7, {"seeding.purity": 0.3}, [], Moved(), 60.0, 0.0)
    >>> print(code_of(found))
    import koubei_sim as kb
    <BLANKLINE>
    base = kb.Scenario.load("tiny").replace(n_agents=500, ticks=30)
    designs = {
        "as it is": base,
        "your design": base.replace(**{"seeding.purity": 0.3}),
    }
    found = kb.compare(designs, replicates=2, rng=7)
    print(found.table())
    kb.plots.pyramid(found.runs["your design"])
    <BLANKLINE>
    plan = kb.plan(
        base,
        {
            "as it is": {},
            "your design": {"seeding.purity": 0.3},
        },
        worlds=2,
        value_per_user=60.0,
        rng=7,
    )
    print(plan.table())
    <BLANKLINE>
    """
    s, lines = settings, ["import koubei_sim as kb", ""]
    if s.source.file:
        lines.append(f"# {json.dumps(s.source.name, ensure_ascii=False)} is the file of the page.")
    base = f"base = kb.Scenario.load({json.dumps(s.source.name, ensure_ascii=False)})"
    if size := s._size():
        base += f".replace({', '.join(f'{name}={value}' for name, value in size.items())})"
    lines.append(base)
    if s.same:
        lines += [
            f"result = kb.run({_made(s.second)}, replicates={s.worlds}, rng={s.key})",
            "print(result.summary())",
            "kb.plots.pyramid(result)",
        ]
        return "\n".join(lines) + "\n"
    lines += [
        "designs = {",
        f'    "{FIRST}": {_made(s.first)},',
        f'    "{SECOND}": {_made(s.second)},',
        "}",
        f"found = kb.compare(designs, replicates={s.worlds}, rng={s.key})",
        "print(found.table())",
        f'kb.plots.pyramid(found.runs["{SECOND}"])',
    ]
    if s.worlds > 1:  # `plan` wants two worlds
        lines += [
            "",
            "plan = kb.plan(",
            "    base,",
            "    {",
            f'        "{FIRST}": {_written(s.changes(s.first))},',
            f'        "{SECOND}": {_written(s.changes(s.second))},',
            "    },",
            f"    worlds={s.worlds},",
            f"    value_per_user={s.value_per_user!r},",
            *([f"    budget={s.budget!r},"] if s.budget else []),
            f"    rng={s.key},",
            ")",
            "print(plan.table())",
        ]
    return "\n".join(lines) + "\n"


def _made(moved: Moved) -> str:
    text = "base"
    if moved.changes:
        text += f".replace(**{_written(dict(moved.changes))})"
    if moved.off:
        text += f".neutral({', '.join(map(json.dumps, moved.off))})"
    return text


def _written(value: Any) -> str:
    """Return a value as Python, with the quotes of the house."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        entries = (f"{_written(name)}: {_written(entry)}" for name, entry in value.items())
        return "{" + ", ".join(entries) + "}"
    if isinstance(value, (list, tuple)):
        inside = ", ".join(map(_written, value))
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return f'float("{value}")'
    return repr(value)
