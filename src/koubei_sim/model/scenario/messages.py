"""Turn pydantic's report of a wrong scenario into one line of the house.

The line names the dotted path, the value, what is allowed there and the nearest known name.
Called by `fields.Part` (constructors) and by `Scenario` (files, `replace`).
"""

from __future__ import annotations

import typing
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.model.scenario.fields import metadata


def one_line(
    error: ValidationError, model: type[BaseModel], noun: str = "parameter"
) -> KoubeiError:
    """Return the first fault of `error` as a `KoubeiError`; more faults are counted at its end.

    Parameters
    ----------
    error : pydantic.ValidationError
    model : type
        The model that was being validated; allowed names and ranges are read from it.
    noun : str
        What a name of the model is called: a parameter of a scenario, a word of a study file.
    """
    faults = error.errors(include_url=False)
    # A misspelt name often causes other faults (a missing value): it is said first.
    faults.sort(key=lambda fault: fault["type"] != "extra_forbidden")
    fault = faults[0]
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    place = [str(part) for part in fault["loc"]]
    own = fault.get("ctx", {}).get("error")
    if isinstance(own, KoubeiError):
        head = place
        if place and own.where.split(".")[0] == place[-1]:
            head = place[:-1]
        where = ".".join([*head, own.where]) if own.where else ".".join(head)
        return KoubeiError(where, own.what + more, got=own.got, allowed=own.allowed, fix=own.fix)
    owner, name = owner_of(model, place)
    where = ".".join(place) or model.__name__.lower()
    if fault["type"] == "extra_forbidden":
        known = list(owner.model_fields) if owner else []
        return unknown(where, place[-1], known, got=fault["input"], more=more, noun=noun)
    noted = metadata(owner, name) if owner and name in owner.model_fields else {}
    return KoubeiError(
        where,
        _plain(fault["type"], str(fault["msg"])) + more,
        # Text is shown in quotes: that it is text may be what is wrong ("0.3" is no number).
        got=None if fault["type"] == "missing" else repr(fault["input"]),
        allowed=noted.get("allowed"),
        fix=None,
    )


def unknown(
    where: str,
    name: str,
    known: Iterable[str],
    *,
    got: object = None,
    more: str = "",
    noun: str = "parameter",
) -> KoubeiError:
    """Return the line for a name that does not exist, with the nearest one that does."""
    names = sorted(known)
    return KoubeiError(
        where,
        f"unknown {noun}" + more,
        got=got,
        allowed=", ".join(names) if names else "nothing here",
        fix=nearest(name, names),
    )


def _plain(kind: str, message: str) -> str:
    """Say a pydantic fault in plain words."""
    words = {
        "missing": "missing",
        "int_from_float": "must be a whole number",
        "int_type": "must be a whole number",
        "float_type": "must be a number",
        "float_parsing": "must be a number",
        "string_type": "must be text",
        "dict_type": "must be a table of names",
        "tuple_type": "must be a list",
        "model_type": "must be a table of parameters",
        "model_attributes_type": "must be a table of parameters",
        "literal_error": "not one of the choices",
        "frozen_instance": "a scenario cannot be changed, use replace",
    }
    if kind in words:
        return words[kind]
    return message.removeprefix("Value error, ").replace("Input should", "should")


def owner_of(model: type[BaseModel], place: Sequence[str]) -> tuple[type[BaseModel] | None, str]:
    """Find the model that owns the last step of a dotted path, and the name of that step.

    Steps through mappings (a name) and tuples (a number) are skipped; for them the name is the
    field that holds the mapping.
    """
    owner: type[BaseModel] | None = model
    name = ""
    inside: list[Any] = []
    current: Any = model
    for step in place:
        if isinstance(current, type) and issubclass(current, BaseModel):
            owner, name = current, step
            field = current.model_fields.get(step)
            current = unwrap(field.annotation) if field else None
        else:
            inside = [unwrap(argument) for argument in typing.get_args(current)]
            found = [a for a in inside if a is not Ellipsis and a is not str]
            current = found[-1] if found else None
    return owner, name


def unwrap(annotation: Any) -> Any:
    """Strip ``Annotated[...]`` and ``| None`` from an annotation."""
    while True:
        if hasattr(annotation, "__metadata__"):
            annotation = annotation.__origin__
            continue
        arguments = [a for a in typing.get_args(annotation) if a is not type(None)]
        origin = typing.get_origin(annotation)
        if (
            origin is not None
            and origin not in (dict, tuple, list, typing.Literal)
            and len(arguments) == 1
        ):
            annotation = arguments[0]
            continue
        return annotation
