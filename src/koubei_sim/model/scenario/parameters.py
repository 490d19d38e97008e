"""All parameters as one table, and access to them by dotted path.

The table serves the documentation, the ranges of sensitivity studies and the command
``koubei params``.  Entries of the form ``channels.*.tell`` stand for every channel; with a
scenario the names of its own channels stand there, with their values.
"""

from __future__ import annotations

import fnmatch
import json
import typing
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from pydantic import BaseModel

from koubei_sim.checks import Lang, digits, shown
from koubei_sim.checks import lang as check_lang
from koubei_sim.errors import KoubeiError
from koubei_sim.model.mechanisms.fields import gone_from, metadata, unknown, unwrap
from koubei_sim.model.scenario.chinese import text_in
from koubei_sim.model.scenario.content import Content, plain


class Row(NamedTuple):
    """One parameter: where it stands, what it may be, where its value comes from."""

    path: str
    unit: str
    range: str
    default: Any
    neutral: Any
    provenance: str
    description: str
    value: Any = None
    only_with: str = ""


def idle(row: Row, rows: Mapping[str, Row]) -> bool:
    """Say whether a parameter changes nothing because what it hangs on is neutral.

    Parameters
    ----------
    row : Row
    rows : mapping of str to Row
        All rows of the scenario by path.

    Examples
    --------
    >>> rows = {"a.on": Row("a.on", "1", "", 0, 0, "", "", 0)}
    >>> idle(Row("a.size", "1", "", 1, 0, "", "", 1, only_with="on"), rows)
    True
    """
    if not row.only_with:
        return False
    name, _, wanted = row.only_with.partition("=")
    path = name if "." in name else f"{row.path.rpartition('.')[0]}.{name}"
    found = [other for other in rows if fnmatch.fnmatchcase(other, path)]
    if wanted:
        return all(str(rows[other].value) != wanted for other in found)
    return all(rows[other].value == rows[other].neutral for other in found)


def parameter_table(scenario: Content | None = None, lang: Lang = "en") -> list[Row]:
    """Return all parameters as rows.

    Parameters
    ----------
    scenario : Scenario, optional
        Gives the rows the names of its own segments, channels and so on, and its values.
    lang : {"en", "zh"}
        Language of unit, range, provenance and description; those of a mechanism of a user's own
        are as they are written.

    Returns
    -------
    list of Row
        ``path, unit, range, default, neutral, provenance, description, value``.

    Examples
    --------
    >>> next(row.range for row in parameter_table() if row.path == "seeding.purity")
    '0..1'
    >>> next(row.unit for row in parameter_table(lang="zh") if row.path == "ticks")
    '天'
    """
    rows = _rows(Content if scenario is None else type(scenario), "", "", scenario)
    if check_lang(lang) == "en":
        return [row for _, row in rows]
    return [_in(lang, pattern, row) for pattern, row in rows]


def _in(lang: str, pattern: str, row: Row) -> Row:
    """Return a row in a language; `pattern` is its path with stars for names."""
    return row._replace(
        unit=text_in(lang, "units", row.unit),
        range=text_in(lang, "ranges", row.range),
        provenance=text_in(lang, "provenance", row.provenance),
        description=text_in(lang, "parameters", pattern, row.description),
    )


def parameter_table_json(scenario: Content | None = None, lang: Lang = "en") -> str:
    """Return the table as JSON text, a list of objects."""
    rows = [plain(row._asdict()) for row in parameter_table(scenario, lang)]
    return json.dumps(rows, ensure_ascii=False, indent=1, default=str)


def _rows(
    model: type[BaseModel], path: str, stars: str, part: BaseModel | None
) -> Iterator[tuple[str, Row]]:
    """Yield each row with its path, in which stars stand for names."""
    for name, field in model.model_fields.items():
        here, pattern = f"{path}{name}", f"{stars}{name}"
        noted = metadata(model, name)
        value = None if part is None else getattr(part, name)
        if "unit" in noted and not _models(field.annotation):
            default = None if field.is_required() else field.get_default(call_default_factory=True)
            yield (
                pattern,
                Row(
                    here,
                    noted["unit"],
                    noted["allowed"],
                    default,
                    noted["neutral"],
                    noted["provenance"],
                    str(field.description),
                    value,
                    noted.get("only_with", ""),
                ),
            )
            continue
        inner = _models(field.annotation)[0]
        kind = unwrap(field.annotation)
        origin = typing.get_origin(kind)
        if origin is dict:
            if value is None:
                yield from _rows(inner, f"{here}.*.", f"{pattern}.*.", None)
            else:
                for key, entry in value.items():
                    yield from _rows(inner, f"{here}.{key}.", f"{pattern}.*.", entry)
        elif origin is tuple:
            if value is None:
                yield from _rows(inner, f"{here}.*.", f"{pattern}.*.", None)
            else:
                for index, entry in enumerate(value):
                    yield from _rows(inner, f"{here}.{index}.", f"{pattern}.*.", entry)
        elif part is None or value is not None:
            yield from _rows(inner, f"{here}.", f"{pattern}.", value)


def _models(annotation: Any) -> tuple[type[BaseModel], ...]:
    """Return the models that an annotation holds, directly or in a mapping or tuple."""
    return _models_of(annotation)


@cache  # asked for every step of every path that a sweep changes
def _models_of(annotation: Any) -> tuple[type[BaseModel], ...]:
    kind = unwrap(annotation)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return (kind,)
    found = []
    for argument in typing.get_args(kind):
        argument = unwrap(argument)
        if isinstance(argument, type) and issubclass(argument, BaseModel):
            found.append(argument)
    return tuple(found)


def set_paths(scenario: Content, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the nested dict of a scenario with values at dotted paths changed.

    Raises
    ------
    KoubeiError
        For a path that does not exist, with the nearest name at the step that is wrong.
    """
    parts = scenario.to_dict()
    for path, value in changes.items():
        if path == "seed":  # what other libraries call the key; here seeds are people
            raise KoubeiError("seed", "seeds are people here", got=value, fix=f"rng={value!r}")
        if path in ("n_replicates", "n_runs", "runs"):
            raise KoubeiError(
                path, "how often is not said in a scenario", got=value, fix=f"replicates={value!r}"
            )
        _set(scenario, parts, path, _dumped(value))
    return parts


def together(changes: Mapping[str, Any] | None, more: Mapping[str, Any]) -> dict[str, Any]:
    """Return changes given as a mapping and as words; both ways mean the same.

    Raises
    ------
    KoubeiError
        For what is no mapping of paths, and for a path that is changed twice.

    Examples
    --------
    >>> together({"seeding.purity": 0.3}, {"ticks": 30})
    {'seeding.purity': 0.3, 'ticks': 30}
    """
    if changes is None:
        return dict(more)
    if not isinstance(changes, Mapping) or not all(isinstance(path, str) for path in changes):
        raise KoubeiError(
            "changes", "not values by dotted path", got=shown(changes),
            fix="changes={'seeding.purity': 0.3}",
        )  # fmt: skip
    for path in changes:
        if path in more:
            raise KoubeiError(path, "is changed twice", got=shown(more[path]))
    return {**changes, **more}


def _dumped(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(exclude_none=True)
    if isinstance(value, Mapping):
        return {name: _dumped(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return tuple(_dumped(entry) for entry in value)
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        # A number of numpy; a moment of numpy would become a bare number of nanoseconds.
        return value if type(value).__name__ == "datetime64" else value.item()
    if hasattr(value, "tolist"):  # arrays, and series of pandas
        return _dumped(value.tolist())
    if hasattr(value, "to_list"):  # series of polars
        return _dumped(value.to_list())
    return value


def _set(scenario: Content, parts: dict[str, Any], path: str, value: Any) -> None:
    steps = path.split(".")
    model: type[BaseModel] | None = type(scenario)
    current: Any = parts
    entries: type[BaseModel] | None = None  # what a mapping holds, where we stand in one
    for number, step in enumerate(steps):
        last = number == len(steps) - 1
        if isinstance(current, list):  # a tuple of parts, opened for changing below
            index = int(step) if digits(step) else -1
            if not 0 <= index < len(current):
                raise KoubeiError(
                    path,
                    "no such entry",
                    got=step,
                    allowed=f"0..{len(current) - 1}" if current else "none yet",
                )
            if last:
                current[index] = value
                return
            current, model = current[index], entries
            continue
        if model is not None:
            if step not in model.model_fields:
                raise unknown(path, step, model.model_fields, got=value, gone=gone_from(model))
            if last:
                if value is None:
                    current.pop(step, None)
                else:
                    current[step] = value
                return
            inner = _models(model.model_fields[step].annotation)
            kind = typing.get_origin(unwrap(model.model_fields[step].annotation))
            entries = inner[0] if inner else None
            if kind is tuple:
                current[step] = list(current.get(step, ()))
            if step not in current:
                raise KoubeiError(path, f"there is no {step} here", got=value)
            current = current[step]
            model = None if kind in (dict, tuple) else entries
            if model is None and kind not in (dict, tuple):
                raise KoubeiError(
                    path, f"{step} has no parts", got=value, fix=".".join(steps[: number + 1])
                )
            continue
        # In a mapping: the step is a name.
        if not isinstance(current, dict):
            here = ".".join(steps[:number])
            raise KoubeiError(path, f"{here} has no parts", got=value, fix=here)
        if last and (entries is None or isinstance(value, Mapping) or value is None):
            if value is None:
                if step not in current:
                    raise unknown(path, step, current, got="none")
                del current[step]
            else:
                current[step] = value
            return
        if last:
            raise KoubeiError(path, "must be a table of parameters", got=value)
        if step not in current:
            if current:
                raise unknown(path, step, current, got=value)
            here, rest = ".".join(steps[: number + 1]), ".".join(steps[number + 1 :])
            said = json.dumps(value, default=str, ensure_ascii=False)
            raise KoubeiError(
                path, f"there is no {here} yet", got=value, fix=f"{here}={{{rest} = {said}}}"
            )
        current, model = current[step], entries


def json_schema(model: type[Content]) -> dict[str, Any]:
    """Return the JSON schema of a scenario, with minimum and maximum where they are finite."""
    schema: dict[str, Any] = model.model_json_schema(mode="validation")
    for part in [schema, *schema.get("$defs", {}).values()]:
        for entry in part.get("properties", {}).values():
            _bounds(entry)
    found: dict[str, Any] = plain(schema)
    return found


def _bounds(entry: dict[str, Any]) -> None:
    """Turn the house's range into the words of JSON schema."""
    target = entry
    for holder in ("items", "additionalProperties"):
        if isinstance(entry.get(holder), dict):
            target = entry[holder]
    for ours, theirs in (("low", "minimum"), ("high", "maximum"), ("above", "exclusiveMinimum")):
        bound = entry.pop(ours, None)
        if bound is not None and abs(bound) != float("inf"):
            target[theirs] = bound
