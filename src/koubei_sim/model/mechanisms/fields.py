"""How one parameter is written down: type, unit, range, neutral value and provenance in one place.

Every number a person may set is declared with `parameter`, or by its unit with `days`, `money` and
so on; that puts its unit, its range, its neutral value (the one that switches a mechanism off
exactly) and its provenance into the field.  `Part` is the base of all models of a scenario: frozen,
closed to unknown names, and it enforces the declared range of every value, including those inside
tuples and mappings.  What pydantic says of a wrong value becomes one line here (`one_line`).
Called by every mechanism and by `scenario`; its `parameters` reads the metadata back as a table.
"""

from __future__ import annotations

import datetime
import math
import re
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from koubei_sim import checks
from koubei_sim.errors import KoubeiError, nearest

INFINITY = math.inf
STRUCTURE = "none (structure)"  # neutral value of a parameter that no mechanism hangs on
ASSUMPTION = "assumption"
TRIAL = "assumption (gave a pyramid in an early trial)"

if TYPE_CHECKING:  # pydantic gives its metaclass no public name
    from pydantic._internal._model_construction import ModelMetaclass as _ModelMetaclass
else:
    _ModelMetaclass = type(BaseModel)

_NAME = re.compile(r"^[\w-]+$")


def _number(value: object) -> object:
    """Refuse what Python would silently turn into a number: truth values and text.

    The text ``"inf"`` is let through, because JSON has no other way to write it.
    """
    value = checks.scalar(value)
    if isinstance(value, bool):
        raise ValueError("must be a number")
    if isinstance(value, str):
        if value in ("inf", "-inf"):
            return float(value)
        raise ValueError("must be a number")
    return value


def _truth(value: object) -> object:
    value = checks.scalar(value)
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _day(value: object) -> object:
    """Take a date or its ISO text, not a bare number (which could be any unit).

    A moment at midnight (of pandas, numpy or datetime, with a time zone or without) is its date.
    """
    if type(value).__name__ == "NaTType":
        raise ValueError("must be a date such as 2010-08-16")
    if hasattr(value, "to_pydatetime"):
        value = value.to_pydatetime()
    elif type(value).__name__ == "datetime64":
        value = checks.scalar(value.astype("datetime64[us]"))  # type: ignore[attr-defined]
    if isinstance(value, datetime.datetime):
        if value.time() != datetime.time():
            raise ValueError("must be a date without a time")
        return value.date()
    if isinstance(value, str):
        try:
            return datetime.date.fromisoformat(value.strip())
        except ValueError:
            raise ValueError("must be a date such as 2010-08-16") from None
    if not isinstance(value, datetime.date):
        raise ValueError("must be a date such as 2010-08-16")
    return value


def _person(value: object) -> object:
    """Take what a person may be called: a whole number or text."""
    value = checks.scalar(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (int, str)) or value == "":
        raise ValueError("must be a label of a person: a whole number or text")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError("must be a whole number of 64 bits or text")
    return value


Person = Annotated[int | str, BeforeValidator(_person)]
#: What may stand in a column of a table of people: one entry, or several.
Entries = Annotated[
    tuple[bool | int | float | str, ...],
    BeforeValidator(lambda given: given if isinstance(given, (list, tuple)) else (given,)),
]
Real = Annotated[float, BeforeValidator(_number)]
Whole = Annotated[int, BeforeValidator(_number)]
Four = tuple[Real, Real, Real, Real]  # by tier
Truth = Annotated[bool, BeforeValidator(_truth)]
Day = Annotated[datetime.date, BeforeValidator(_day)]

_K = TypeVar("_K")
_V = TypeVar("_V")


class FrozenDict(dict[_K, _V]):
    """A dict that cannot be changed, so that a frozen scenario is frozen all the way down.

    Examples
    --------
    >>> FrozenDict(a=1)["a"]
    1
    """

    def _refuse(self, *_: object, **__: object) -> Any:
        raise TypeError("a scenario cannot be changed: use scenario.replace(...)")

    __setitem__ = __delitem__ = clear = pop = popitem = setdefault = update = _refuse
    __ior__ = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenDict, (dict(self),)


def _names(value: Mapping[str, Any]) -> FrozenDict[str, Any]:
    for name in value:
        if not _NAME.match(name):
            raise ValueError("a name must be made of letters, digits, _ and -")
    return FrozenDict(value)


_T = TypeVar("_T")
Named = Annotated[dict[str, _T], AfterValidator(_names)]


def parameter(
    default: Any,
    description: str,
    *,
    unit: str,
    neutral: Any,
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
    allowed: str | None = None,
    source: str = ASSUMPTION,
) -> Any:
    """Declare one parameter.

    Parameters
    ----------
    default : object
        Default value; ``...`` where a value must be given.
    description : str
        One line in plain words.
    unit : str
        Unit, ``1`` for a pure number, ``name`` or ``choice`` where it is no number.
    neutral : object
        The value that switches its mechanism off exactly, or `STRUCTURE`.
    low, high, above : float, optional
        Range: ``low <= value <= high``, or ``above < value``.  It holds for each entry of a tuple
        or a mapping.
    allowed : str, optional
        The range in words where numbers do not say it.
    source : str
        Provenance: a source, or the word "assumption".
    """
    extra: dict[str, Any] = {
        "unit": unit,
        "low": low,
        "high": high,
        "above": above,
        "allowed": allowed or range_text(low, high, above),
        "neutral": neutral,
        "provenance": source,
    }
    keywords: dict[str, Any] = {"description": description, "json_schema_extra": extra}
    if callable(default):
        return Field(default_factory=default, **keywords)
    return Field(default, **keywords)


def only_with(condition: str, field: Any) -> Any:
    """Say on what a parameter hangs: as long as that is neutral, it changes nothing.

    `condition` is another parameter of the same part (``offline``), one with the value that it must
    have (``medium=feed``), or a path from the top (``products.*.price``: any of them).
    """
    field.json_schema_extra["only_with"] = condition
    return field


def range_text(low: float | None, high: float | None, above: float | None) -> str:
    """Say a range in a few signs.

    Examples
    --------
    >>> range_text(0, 1, None), range_text(None, None, 0), range_text(1, float("inf"), None)
    ('0..1', 'above 0', '1..inf')
    """
    if above is not None:
        return f"above {_sign(above)}" + (f", at most {_sign(high)}" if high is not None else "")
    if low is None and high is None:
        return "any"
    return f"{_sign(low)}..{_sign(high)}"


def _sign(bound: float | None) -> str:
    return "" if bound is None else f"{bound:g}" if abs(bound) < 1e6 else f"{bound:.12g}"


@cache  # asked for every number of every scenario of a sweep
def metadata(model: type[BaseModel], name: str) -> Mapping[str, Any]:
    """Return what `parameter` noted about a field (empty for the parts that hold parts)."""
    extra = model.model_fields[name].json_schema_extra
    return dict(extra) if isinstance(extra, dict) else {}


def _values(value: object) -> Iterator[tuple[tuple[str | int, ...], float]]:
    """Yield every number inside a value with the place where it stands."""
    if isinstance(value, bool):
        return
    if isinstance(value, (int, float)):
        yield (), value
    elif isinstance(value, Mapping):
        for name, entry in value.items():
            for place, number in _values(entry):
                yield (name, *place), number
    elif isinstance(value, tuple):
        for index, entry in enumerate(value):
            for place, number in _values(entry):
                yield (index, *place), number


class _OneLine(_ModelMetaclass):
    """Metaclass: a wrong argument of a constructor ends as one line, not as a listing.

    It acts only where a person calls the class; parts inside a part are still validated by
    pydantic, which knows where in the whole they stand.
    """

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().__call__(*args, **kwargs)
        except ValidationError as error:
            raise one_line(error, cast(type[BaseModel], cls)) from None


class Part(BaseModel, metaclass=_OneLine):
    """Base of every part of a scenario: frozen, no unknown names, ranges enforced."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        validate_default=True,
        allow_inf_nan=True,
        ser_json_inf_nan="strings",
    )

    @field_validator("*", mode="after")
    @classmethod
    def _in_range(cls, value: Any, info: ValidationInfo) -> Any:
        noted = metadata(cls, str(info.field_name))
        if "low" not in noted:
            return value
        low, high, above = noted["low"], noted["high"], noted["above"]
        if (
            type(value) in (float, int)  # most fields; comparisons with nan are false
            and (low is None or value >= low)
            and (high is None or value <= high)
            and (above is None or value > above)
            and -INFINITY < value < INFINITY
        ):
            return value
        for place, number in _values(value):
            where = ".".join([str(info.field_name), *map(str, place)])
            if math.isnan(number):
                raise KoubeiError(where, "not a number", got="nan", allowed=noted["allowed"])
            if (
                (low is not None and number < low)
                or (high is not None and number > high)
                or (above is not None and number <= above)
                or (math.isinf(number) and high != INFINITY)
            ):
                raise KoubeiError(where, "out of range", got=number, allowed=noted["allowed"])
        return value


# Parameters by their unit ------------------------------------------------------------------------


def infinite(
    what: str,
    description: str,
    *,
    neutral: float = INFINITY,
    default: float = INFINITY,
    source: str = ASSUMPTION,
) -> Any:
    """Declare a half-life in days, above 0; infinity: no decay."""
    return parameter(
        default, description, unit=what, neutral=neutral, above=0.0, high=INFINITY, source=source
    )


def fraction(
    default: float,
    description: str,
    *,
    neutral: Any = 0.0,
    unit: str = "1",
    source: str = ASSUMPTION,
) -> Any:
    """Declare a share or probability in 0..1."""
    return parameter(
        default, description, unit=unit, neutral=neutral, low=0.0, high=1.0, source=source
    )


def factor(
    default: Any,
    description: str,
    *,
    neutral: Any = 0.0,
    low: float | None = 0.0,
    high: float = 100.0,
    above: float | None = None,
    source: str = ASSUMPTION,
) -> Any:
    """Declare a pure number."""
    return parameter(
        default,
        description,
        unit="1",
        neutral=neutral,
        low=None if above is not None else low,
        high=high,
        above=above,
        source=source,
    )


def days(
    default: int,
    description: str,
    *,
    neutral: Any = 0,
    low: int = 0,
    high: int = 30000,
    source: str = ASSUMPTION,
) -> Any:
    """Declare a length of time in days."""
    return parameter(
        default, description, unit="days", neutral=neutral, low=low, high=high, source=source
    )


def tick(default: int | None, description: str, *, neutral: Any = STRUCTURE) -> Any:
    """Declare a day of the run."""
    return parameter(default, description, unit="day", neutral=neutral, low=0, high=30000)


def people(
    default: Any,
    description: str,
    *,
    neutral: Any = 0,
    low: float | None = 0,
    high: float = 1_000_000_000,
    above: float | None = None,
    source: str = ASSUMPTION,
) -> Any:
    """Declare a number of people."""
    return parameter(
        default,
        description,
        unit="people",
        neutral=neutral,
        low=None if above is not None else low,
        high=high,
        above=above,
        source=source,
    )


def money(description: str, *, a_day: bool = False) -> Any:
    """Declare a price, 0 where nobody sets one."""
    unit = "money/day" if a_day else "money"
    return parameter(0.0, description, unit=unit, neutral=0.0, low=0.0, high=1e12)


def engagement(
    default: float,
    description: str,
    *,
    neutral: Any = 0.0,
    high: float = 1e6,
    source: str = ASSUMPTION,
) -> Any:
    """Declare an amount of engagement."""
    return parameter(
        default,
        description,
        unit="engagement",
        neutral=neutral,
        low=0.0,
        high=high,
        source=source,
    )


def truth(default: bool, description: str, *, neutral: Any = False) -> Any:
    """Declare a switch."""
    return parameter(default, description, unit="choice", neutral=neutral, allowed="true or false")


def choice(
    default: str | None,
    description: str,
    *allowed: str,
    neutral: Any = STRUCTURE,
    source: str = ASSUMPTION,
) -> Any:
    """Declare a choice among words."""
    return parameter(
        default,
        description,
        unit="choice",
        neutral=neutral,
        allowed=", ".join(allowed),
        source=source,
    )


def name(default: Any, description: str, allowed: str, *, neutral: Any = STRUCTURE) -> Any:
    """Declare a name or a text."""
    return parameter(default, description, unit="name", neutral=neutral, allowed=allowed)


# What is said of a wrong value --------------------------------------------------------------------


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
        gone = gone_from(owner)
        return unknown(where, place[-1], known, got=fault["input"], more=more, noun=noun, gone=gone)
    noted = metadata(owner, name) if owner and name in owner.model_fields else {}
    return KoubeiError(
        where,
        _plain(fault["type"], str(fault["msg"])) + more,
        # Text is shown in quotes: that it is text may be what is wrong ("0.3" is no number).
        got=None if fault["type"] == "missing" else repr(fault["input"]),
        allowed=noted.get("allowed"),
        fix=None,
    )


def gone_from(model: type[BaseModel] | None) -> Mapping[str, str]:
    """Return what to write in place of names that a model once had (its `gone`)."""
    found: Mapping[str, str] = getattr(model, "gone", {})
    return found


def unknown(
    where: str,
    name: str,
    known: Iterable[str],
    *,
    got: object = None,
    more: str = "",
    noun: str = "parameter",
    gone: Mapping[str, str] = MappingProxyType({}),
) -> KoubeiError:
    """Return the line for a name that does not exist, with the nearest one that does.

    `gone` says of names that were there before what to write in their place.
    """
    if name in gone:
        return KoubeiError(where, f"this {noun} is gone{more}", got=got, fix=gone[name])
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
