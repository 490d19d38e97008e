"""The commands that look: ``describe``, ``params``, ``schema``, ``presets``, ``diff``."""

from __future__ import annotations

import json
import textwrap
from typing import Any

from koubei_sim.cli import screen
from koubei_sim.cli.running import changes_of, scenario_from
from koubei_sim.cli.screen import brief

FINE = 0


def describe(given: str, changes: list[str], lang: str) -> int:
    """Say a scenario in plain words."""
    scenario, _ = scenario_from(given, changes_of(changes))
    print(scenario.describe(lang))
    return FINE


def params(given: str | None, search: str | None, as_json: bool) -> int:
    """List parameters, those of a scenario with its values."""
    from koubei_sim.model.scenario import parameter_table, parameter_table_json

    scenario = None if given is None else scenario_from(given, {})[0]
    if as_json and search is None:
        screen.write_json_text(parameter_table_json(scenario))
        return FINE
    rows = parameter_table(scenario)
    if search is not None:
        wanted = search.lower()
        rows = [row for row in rows if wanted in f"{row.path} {row.description}".lower()]
    if as_json:
        screen.write_json([row._asdict() for row in rows])
        return FINE
    for row in rows:
        value = row.default if scenario is None else row.value
        head = f"{row.path} = {_short(value)}"
        unit = "" if row.unit in ("1", "name", "choice") else f" {row.unit}"
        print(screen.cut(head + unit, 79))
        text = f"{row.description}; {_of(row.range)}neutral {_short(row.neutral)}; {row.provenance}"
        print(textwrap.fill(text, 79, initial_indent="    ", subsequent_indent="    "))
    print(f"{len(rows)} parameters")
    return FINE


def _of(allowed: str) -> str:
    return f"allowed {allowed}; " if allowed else ""


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if value is None:
        return "none"
    return str(value)


def schema(kind: str) -> int:
    """Write the JSON schema of scenarios, or of the files of a study."""
    from importlib import import_module

    from koubei_sim.checks import word

    kinds = {
        "scenario": ("model.scenario", "Scenario"),
        "sweep": ("studies.sweep", "SweepFile"),
        "calibration": ("studies.calibration", "CalibrationFile"),
        "claim": ("studies.claims", "ClaimFile"),
    }
    room, name = kinds[word("kind", kind, tuple(kinds))]
    screen.write_json(getattr(import_module(f"koubei_sim.{room}"), name).json_schema())
    return FINE


def presets(as_json: bool) -> int:
    """List the scenarios that come with the library."""
    from koubei_sim.model.scenario import Scenario

    found = {name: Scenario.load(name) for name in Scenario.presets()}
    if as_json:
        screen.write_json(
            {
                name: {"title": s.title, "n_agents": s.n_agents, "ticks": s.ticks}
                for name, s in found.items()
            }
        )
        return FINE
    rows = [
        [name, f"{s.n_agents:,}", str(s.ticks), screen.cut(s.title, 44)]
        for name, s in found.items()
    ]
    width = max((len(row[1]) for row in rows), default=0)
    rows = [[name, people.rjust(width), days.rjust(5), title] for name, people, days, title in rows]
    print(screen.table(["preset", "people".rjust(width), " days", "title"], rows, left=4))
    return FINE


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """Return nested plain data as one level of dotted paths.

    Examples
    --------
    >>> flat({"a": {"b": 1}, "c": [2, {"d": 3}]})
    {'a.b': 1, 'c.0': 2, 'c.1.d': 3}
    """
    entries: list[tuple[Any, Any]]
    if isinstance(value, dict):
        entries = list(value.items())
    elif isinstance(value, (list, tuple)):
        entries = list(enumerate(value))
    else:
        return {path: value}
    found: dict[str, Any] = {}
    for name, entry in entries:
        found.update(flat(entry, f"{path}.{name}" if path else str(name)))
    return found


def differences(first: Any, second: Any) -> dict[str, tuple[Any, Any]]:
    """Return what differs between two scenarios, by dotted path; None stands for absent."""
    ours, theirs = (flat(json.loads(scenario.canonical())) for scenario in (first, second))
    return {
        path: (ours.get(path), theirs.get(path))
        for path in sorted({*ours, *theirs})
        if ours.get(path) != theirs.get(path)
    }


def diff(first: str, second: str, as_json: bool) -> int:
    """Say what differs in scenario, and in outcome where both are results."""
    from koubei_sim.runs.loading import load_result

    (one, recipe_one), (two, recipe_two) = (scenario_from(given, {}) for given in (first, second))
    changed = differences(one, two)
    outcome: dict[str, dict[str, Any]] = {}
    same = None
    if recipe_one and recipe_two:
        for name in ("key", "replicates", "engine"):
            if recipe_one[name] != recipe_two[name]:
                changed[f"({name})"] = (recipe_one[name], recipe_two[name])
        results = load_result(first), load_result(second)
        same = results[0].digest() == results[1].digest()
        ours, theirs = (result.summary() for result in results)
        for name in ours.index:
            pair = ours.loc[name, "mean"], theirs.loc[name, "mean"]
            if pair[0] != pair[1] and any(value == value for value in pair):
                outcome[name] = {"meaning": ours.loc[name, "meaning"], "a": pair[0], "b": pair[1]}
    if as_json:
        paths = {path: {"a": a, "b": b} for path, (a, b) in changed.items()}
        screen.write_json({"scenario": paths, "same_bytes": same, "outcome": outcome})
        return FINE
    print("scenario: no difference" if not changed else "scenario")
    for path, (a, b) in changed.items():
        print(screen.cut(f"  {path}: {_short(a)} -> {_short(b)}", 79))
    if same is None:
        return FINE
    print("outcome: same bytes" if same else "outcome (means over replicates)")
    rows = [
        [screen.cut(entry["meaning"], 42), brief(entry["a"]), brief(entry["b"]), _change(entry)]
        for entry in outcome.values()
    ]
    if rows:
        print(textwrap.indent(screen.table(["", "A", "B", "change"], rows), "  "))
    return FINE


def _change(entry: dict[str, Any]) -> str:
    a, b = entry["a"], entry["b"]
    return f"{100 * (b - a) / abs(a):+.1f} %" if a and a == a and b == b else ""
