"""What every report says of a scenario: in words, its assumptions, its file, how to make it again.

Called by `page` and by the pages of studies.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any, Final

from koubei_sim.model.scenario import Scenario, parameter_table
from koubei_sim.model.scenario.chinese import text_in
from koubei_sim.model.scenario.describe import sentences
from koubei_sim.model.scenario.parameters import Row, idle
from koubei_sim.reports.page import Column, Listing, Table
from koubei_sim.reports.words import Words
from koubei_sim.storage import provenance

# What was simulated -------------------------------------------------------------------------------


def in_words(scenario: Scenario, say: Words) -> Listing:
    """Return the scenario in plain words."""
    # A browser breaks lines where it must.
    return Listing("description", say("in_words"), "\n".join(sentences(scenario, say.lang)))


def assumptions(scenario: Scenario, say: Words) -> list[Table]:
    """Return what differs from the preset of that name, and every parameter that is switched on."""
    found = []
    if scenario.name in Scenario.presets():
        preset = Scenario.load(scenario.name)
        if preset.digest() != scenario.digest():
            table = differing({say("preset"): preset, say("here"): scenario}, say)
            title = say("changes", name=scenario.name)
            found.append(Table("changes", title, table.columns, table.rows))
    rows = _switched_on(scenario, say)
    cells = [
        [row.path, _told("scenarios", row.value, say), _unit(row.unit), row.range,
         _told("ranges", row.neutral, say), row.provenance, row.description]
        for row in rows
    ]  # fmt: skip
    heads = ("parameter", "value", "unit", "range", "neutral", "provenance", "description")
    columns = [Column(head, say(head), "plain" if head == "value" else "text") for head in heads]
    title = say("assumed", number=len(rows))
    return [*found, Table("assumptions", title, columns, cells, say("assumed_note"))]


_NOT_SAID: Final = ("name", "title", "description")


def _switched_on(scenario: Scenario, say: Words) -> list[Row]:
    table = parameter_table(scenario, say.lang)
    rows = {row.path: row for row in table}
    return [
        row
        for row in table
        if row.value is not None
        and row.value != row.neutral
        and row.path not in _NOT_SAID
        and not idle(row, rows)
    ]


def differing(scenarios: Mapping[str, Scenario], say: Words) -> Table:
    """Return the parameters in which scenarios differ, a column for each of them."""
    every = {
        name: {r.path: r for r in parameter_table(s, say.lang)} for name, s in scenarios.items()
    }
    paths = dict.fromkeys(path for rows in every.values() for path in rows)
    rows = []
    for path in paths:
        values = [cell(of[path].value) if path in of else None for of in every.values()]
        if path in _NOT_SAID or all(value == values[0] for value in values):
            continue
        row = next(of[path] for of in every.values() if path in of)
        rows.append([path, *values, _unit(row.unit), row.description])
    columns = [Column("parameter", say("parameter"))]
    columns += [Column(name, name, "plain") for name in scenarios]
    columns += [Column("unit", say("unit")), Column("description", say("description"))]
    return Table("differences", say("setting"), columns, rows)


def _unit(unit: str) -> str:
    return "" if unit in ("1", "name", "choice") else unit


def _told(section: str, value: Any, say: Words) -> Any:
    """Return a value as a cell; where it is a text of ours, in the language."""
    found = cell(value)
    return text_in(say.lang, section, found) if isinstance(found, str) else found


def title_of(scenario: Scenario, say: Words) -> str:
    """Return what a scenario is called; those of the library are called in the language."""
    return text_in(say.lang, "scenarios", scenario.title or scenario.name)


def cell(value: Any) -> Any:
    """Return a value as a cell: numbers as they are, anything else as text."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (tuple, list)):
        return ", ".join(str(cell(entry)) for entry in value) or "()"
    if isinstance(value, Mapping):
        return json.dumps({str(k): cell(v) for k, v in value.items()}, ensure_ascii=False)
    if hasattr(value, "model_dump"):
        return json.dumps(value.model_dump(mode="json", exclude_none=True), ensure_ascii=False)
    return str(value)


def handed_words(supplied: Mapping[str, str] | None) -> str:
    """Return the arguments of what was handed over, as code."""
    return "".join(f", {part}={part}" for part in supplied or {})


def quoted(text: str) -> str:
    """Return a word as a shell takes it."""
    return shlex.quote(text)


def scenario_file(scenario: Scenario, say: Words) -> Listing:
    """Return the scenario as the text of its file."""
    name = f"{scenario.name}.toml"
    return Listing("scenario", say("scenario_file", name=name), scenario.to_toml())


def versions(say: Words, first: Mapping[str, Any]) -> Table:
    """Return numbers of the recipe, and the versions that made this page."""
    rows = [[say(name), str(value)] for name, value in first.items()]
    rows += [[name, version] for name, version in provenance.versions().items()]
    columns = [Column("setting", say("setting")), Column("value", say("value"))]
    return Table("versions", say("versions"), columns, rows)
