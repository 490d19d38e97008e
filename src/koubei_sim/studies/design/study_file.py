"""What the TOML files of a sweep, a calibration and a claim have in common.

A study file is a pydantic model, as a scenario is: unknown words get the nearest right one, a wrong
value one line with its place, and `json_schema` serves editors and forms.  Values at dotted paths
may be written as tables in tables or in quotes.  Called by `sweep`, `calibration_file` and
`claim_file`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, WithJsonSchema

from koubei_sim import checks
from koubei_sim.errors import KoubeiError
from koubei_sim.model.mechanisms.fields import Part, Truth, one_line, range_text
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.scenario.files import is_preset, read_toml
from koubei_sim.runs.options import texts


class StudyFile(Part):
    """Base of the models of study files and of their tables."""

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return what a TOML file says.

        Raises
        ------
        KoubeiError
            In one line, naming the file and the word.
        """
        return cls.of(read_toml(path), str(path))

    @classmethod
    def of(cls, content: Mapping[str, Any], where: str) -> Self:
        """Return what a table says; `where` stands before the place of what is wrong."""
        try:
            return cls.model_validate(dict(content))
        except ValidationError as error:
            found = one_line(error, cls, noun="word")
            at_all = found.where in ("", cls.__name__.lower())
            if at_all:
                found = KoubeiError(
                    where, found.what, got=found.got, allowed=found.allowed, fix=found.fix
                )
            raise (found if at_all else found.within(f"{where}: ")) from None

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """Return the JSON schema of the file."""
        return cls.model_json_schema()


def entry(
    default: Any,
    description: str,
    *,
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
    allowed: str | None = None,
) -> Any:
    """Declare a word of a file: default (``...``: it must be there), meaning, and range."""
    ends = {"minimum": low, "maximum": high, "exclusiveMinimum": above}
    extra: dict[str, Any] = {name: end for name, end in ends.items() if end is not None}
    if extra:  # `Part` enforces ranges that are noted as those of a scenario are
        extra |= {"low": low, "high": high, "above": above}
        upper = low is not None and high is None
        allowed = allowed or (f"{low:g} or more" if upper else range_text(low, high, above))
    if allowed is not None:
        extra["allowed"] = allowed
    return Field(default, description=description, json_schema_extra=extra)


# Kinds of values ----------------------------------------------------------------------------------


def table(value: Any) -> Mapping[str, Any]:
    """Return a table; what is none is refused."""
    if not isinstance(value, Mapping):
        raise KoubeiError("", "must be a table", got=repr(value))
    return value


def is_range(value: Mapping[str, Any]) -> bool:
    """Return whether a table is a range, not a step of a dotted path."""
    return "choices" in value or "low" in value or "high" in value


def flat(
    nested: Mapping[str, Any], ends: Callable[[Mapping[str, Any]], bool] = lambda _: False
) -> dict[str, Any]:
    """Return nested tables as one table of dotted paths; tables that `ends` accepts are values.

    TOML reads ``seeding.purity = 1`` as a table in a table, and a quoted path as a name.

    Examples
    --------
    >>> flat({"seeding": {"purity": 0.3}, "telling.relay": 0.1, "ticks": 20})
    {'seeding.purity': 0.3, 'telling.relay': 0.1, 'ticks': 20}
    """
    found: dict[str, Any] = {}
    for name, value in nested.items():
        inner = isinstance(value, Mapping) and value and not ends(value)
        parts = {f"{name}.{rest}": v for rest, v in flat(value, ends).items()} if inner else None
        for path, given in ({name: value} if parts is None else parts).items():
            if path in found:  # once as a table in a table, once in quotes
                raise KoubeiError(path, "stands there twice", got=repr(given), fix="one of them")
            found[path] = given
    return found


def _whole(value: Any) -> int:
    try:
        return checks.whole("", value, -(2**64))
    except KoubeiError:
        raise ValueError("not a whole number") from None


def _real(value: Any) -> float:
    try:
        return checks.number("", value)
    except KoubeiError:
        raise ValueError("not a number") from None


def _said(value: str) -> str:
    if not value.strip():
        raise ValueError("must be text")
    return value


Whole = Annotated[int, BeforeValidator(_whole)]
Real = Annotated[float, BeforeValidator(_real)]
YesNo = Truth
#: Text that says something.
Said = Annotated[str, AfterValidator(_said)]
#: One name, or several.
Names = Annotated[
    tuple[str, ...],
    BeforeValidator(lambda value: tuple(texts("", value))),
    WithJsonSchema({"type": ["array", "string"], "items": {"type": "string"}}),
]
#: Values at dotted paths.
Flat = Annotated[dict[str, Any], BeforeValidator(lambda value: flat(table(value)))]
#: Ranges at dotted paths.
Ranges = Annotated[dict[str, Any], BeforeValidator(lambda value: flat(table(value), is_range))]


class OfScenario(StudyFile):
    """A file that names a scenario and changes to it."""

    scenario: str = entry(..., "Name of a preset, or a file beside this one", allowed="text")
    set: Flat = entry({}, "Changes to the scenario: dotted path -> value")

    def base(self, path: Path) -> Scenario:
        """Return the scenario with its changes; `path` is where the file stands.

        Raises
        ------
        KoubeiError
            Where it names none, or what it sets is wrong.
        """
        beside = path.parent / checks.path(f"{path}: scenario", self.scenario)
        known = is_preset(self.scenario)
        found = Scenario.load(beside if not known and beside.is_file() else self.scenario)
        return found.replace(**self.set) if self.set else found

    def apart_from_set(self, where: str, varied: Iterable[str]) -> None:
        """Refuse a path that ``[set]`` fixes and the study varies.

        Raises
        ------
        KoubeiError
            Naming both, where one is the other or lies inside it.
        """
        for path in varied:
            for other in self.set:
                if path == other or path.startswith(f"{other}.") or other.startswith(f"{path}."):
                    raise KoubeiError(
                        where, f"{path} is varied, and [set] fixes {other}",
                        fix="taking one of them away",
                    )  # fmt: skip
