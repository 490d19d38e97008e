"""The values that a sweep puts at dotted paths: their kinds, plain forms, and ranges of them.

A column of a tidy table holds one kind of value, so a path may not get a number at one point and
a text at another.  Called by `points` and `journal`.
"""

from __future__ import annotations

import datetime
import decimal
import fractions
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from koubei_sim.core.draws import exp_neg_portable, log_portable
from koubei_sim.errors import KoubeiError


def plain(path: str, value: Any) -> Any:
    """Return a value as JSON and TOML could hold it: numbers of numpy as numbers, tuples as lists.

    Raises
    ------
    KoubeiError
        For NaN and for objects that no scenario takes.
    """
    if hasattr(value, "model_dump"):
        value = value.model_dump(exclude_none=True)
    if isinstance(value, np.datetime64):
        value = value.astype("datetime64[D]").item()
    elif hasattr(value, "item") and getattr(value, "shape", None) == ():
        value = value.item()
    if value is not None and type(value).__name__ in ("NaTType", "NAType"):
        raise KoubeiError(path, "an empty cell", got=repr(value))
    if isinstance(value, datetime.datetime):  # also a cell of a data frame; a scenario has days
        value = value.date()
    if isinstance(value, (decimal.Decimal, fractions.Fraction)):
        value = float(value)
    if isinstance(value, Mapping):
        return {str(name): plain(path, entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(path, entry) for entry in value]
    if isinstance(value, float) and math.isnan(value):
        raise KoubeiError(path, "an empty cell or not a number", got="nan")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise KoubeiError(path, "a value of a type that no parameter has", got=type(value).__name__)


def kind_of(path: str, values: Sequence[Any]) -> str:
    """Return the one kind of the values: ``truth``, ``whole``, ``real``, ``text`` or ``table``.

    Whole numbers among real ones are real; None (which removes an entry) goes with any kind.

    Raises
    ------
    KoubeiError
        For mixed kinds.

    Examples
    --------
    >>> kind_of("a.b", [1, 2]), kind_of("a.b", [1, 2.5]), kind_of("a.b", [True])
    ('whole', 'real', 'truth')
    >>> kind_of("a.b", [1, "two"])
    Traceback (most recent call last):
    ...
    koubei_sim.errors.KoubeiError: a.b: mixed types, got text 'two' beside number 1, ...
    """
    first: dict[str, Any] = {}
    for value in values:
        if value is not None:
            first.setdefault(_kind(value), value)
    if set(first) == {"whole", "real"}:
        if None in values:
            raise KoubeiError(path, "mixed types", got="none beside numbers")
        return "real"
    if len(first) > 1:
        (one, a), (other, b) = list(first.items())[:2]
        words = {"whole": "number", "real": "number"}
        shown = f"{words.get(other, other)} {b!r} beside {words.get(one, one)} {a!r}"
        raise KoubeiError(path, "mixed types", got=shown, allowed="one kind of value a path")
    return next(iter(first), "table")


def _kind(value: Any) -> str:
    for kind, types in (("truth", bool), ("whole", int), ("real", float), ("text", str)):
        if isinstance(value, types):
            return kind
    return "table"


def cell(value: Any, kind: str) -> Any:
    """Return a value as it stands in a column of the tidy table (tables as JSON text)."""
    if kind == "table" and value is not None:
        return json.dumps(value, sort_keys=True, ensure_ascii=False)
    return value


@dataclass(frozen=True)
class Range:
    """An interval, or choices; `at` maps a share in (0, 1) to a value.

    Attributes
    ----------
    low, high : float
        Bounds, both included for whole numbers.
    log : bool
        Whether the logarithm is uniform.
    whole : bool
        Whether values are whole numbers, each equally likely (or equal in log).
    choices : tuple
        Values to choose from with equal chances; bounds mean nothing then.
    """

    low: float = 0.0
    high: float = 1.0
    log: bool = False
    whole: bool = False
    choices: tuple[Any, ...] = ()

    def at(self, share: float) -> Any:
        """Return the value below which `share` of the range lies.

        Examples
        --------
        >>> round(Range(1.0, 100.0, log=True).at(0.5), 12), Range(1, 3, whole=True).at(0.99)
        (10.0, 3)
        """
        if self.choices:
            return self.choices[min(int(share * len(self.choices)), len(self.choices) - 1)]
        low, high = float(self.low), float(self.high)
        if self.whole:  # the cell of a whole number k is k - 1/2 .. k + 1/2
            low, high = low - 0.5, high + 0.5
        if self.log:
            # The two functions of the draws, so that points are equal in bits everywhere.
            value = float(high * exp_neg_portable((1.0 - share) * log_portable(high / low)))
        else:
            value = low + share * (high - low)
        if self.whole:
            return min(max(math.floor(value + 0.5), int(self.low)), int(self.high))
        return min(max(value, low), high)


def range_of(path: str, given: Any, whole: bool = False) -> Range:
    """Return the range that ``(low, high)``, a mapping, or a list of choices stands for.

    Raises
    ------
    KoubeiError
        For anything else, bounds in the wrong order, or a logarithmic range that reaches 0.
    """
    if isinstance(given, Range):
        return given
    if isinstance(given, list):
        return _choices(path, given)
    if isinstance(given, tuple) and len(given) in (2, 3):
        if len(given) == 3 and given[2] != "log":
            raise KoubeiError(path, "unknown scale of a range", got=given[2], allowed="log")
        given = {"low": given[0], "high": given[1], "log": len(given) == 3}
    if not isinstance(given, Mapping):
        raise KoubeiError(
            path, "not a range", got=repr(given), allowed="(low, high), or a list of choices",
            fix=_ends(given),
        )  # fmt: skip
    if "choices" in given and len(given) == 1:
        return _choices(path, given["choices"])
    unknown = set(given) - {"low", "high", "log"}
    if unknown or not {"low", "high"} <= set(given):
        raise KoubeiError(
            path, "not a range", got=str(dict(given)), allowed="low, high and log, or choices"
        )
    low, high, log = plain(path, given["low"]), plain(path, given["high"]), given.get("log", False)
    for bound in (low, high):
        if _kind(bound) not in ("whole", "real") or not math.isfinite(bound):
            raise KoubeiError(path, "a bound must be a finite number", got=bound)
    if not isinstance(log, bool):
        raise KoubeiError(f"{path}: log", "must be true or false", got=log)
    if not low < high:
        raise KoubeiError(path, "the low bound must be below the high one", got=f"{low}..{high}")
    if whole and (low != int(low) or high != int(high)):
        raise KoubeiError(path, "a whole number needs whole bounds", got=f"{low}..{high}")
    if log and low <= 0:
        raise KoubeiError(path, "a logarithmic range must lie above 0", got=f"{low}..{high}")
    return Range(low, high, log, whole)


def _ends(given: Any) -> str | None:
    """Say how the two numbers of an array or a column are a range, and no choices."""
    if getattr(given, "shape", None) != (2,):
        return None
    low, high = list(given)
    return f"({low}, {high})"


def _choices(path: str, values: Any) -> Range:
    if isinstance(values, (str, bytes)) or not hasattr(values, "__len__") or not len(values):
        raise KoubeiError(path, "choices must be a list of one or more", got=repr(values))
    entries = tuple(plain(path, value) for value in values)
    kind_of(path, entries)
    return Range(choices=entries)
