"""How one parameter is written down: type, unit, range, neutral value and provenance in one place.

Every number a person may set is declared with `parameter`, which puts its unit, its range, its
neutral value (the one that switches a mechanism off exactly) and its provenance into the field.
`Part` is the base of all models of the specification: frozen, closed to unknown names, and it
enforces the declared range of every value, including those inside tuples and mappings.
Called by every module of `spec`; `parameters.py` reads the metadata back as a table.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Iterator, Mapping
from functools import cache
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
from koubei_sim.errors import KoubeiError

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
            from koubei_sim.model.scenario.messages import one_line

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
