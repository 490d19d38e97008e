"""A mechanism of a user's own: one declaration and two functions, nothing in the package.

What a person declares here has all that a mechanism of the library has: parameters in the
scenario (with unit, range, neutral value and provenance), values that each person carries, columns
of the daily table, draws under purposes of its own, and the rule twice, readable and compiled, so
that the two can be held against each other (`runs.check_mechanism`).

A scenario carries its mechanisms (`Scenario.with_mechanisms`), so whatever takes a scenario takes
them along.  Called by `scenario` and, for the numbers of a world, by `world.build`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal

import numpy as np
from pydantic import create_model

from koubei_sim import checks
from koubei_sim.core.codes import MAX_TICKS
from koubei_sim.errors import KoubeiError
from koubei_sim.model.mechanisms import COLUMNS, MODULES
from koubei_sim.model.mechanisms.fields import STRUCTURE, Part, Real, Truth, Whole

MOMENTS: Final = ("morning", "evening")
#: What the two rules are called with.
ARGUMENTS: Final = {
    "readable": ("model", "day", "own"),
    "compiled": ("s", "r", "own", "t", "row"),
}
_WORD = re.compile(r"^[a-z][a-z_]*$")  # no digits: 32 and 16 stand for units
#: Variables of results that a name and a column could make together.
_TAKEN: Final = {column.variable for column in COLUMNS} | {"die_hard"}
_KINDS: Final = {bool: Truth, int: Whole, float: Real}
#: Draws of the library have purposes below 2**16 (`core.codes`); those of users lie above.
_FIRST_PURPOSE: Final = 1 << 16


@dataclass(frozen=True, eq=False)
class Mechanism:
    """A mechanism that is not in the library.

    Parameters
    ----------
    name : str
        One word in small letters; the mechanism's table in the scenario, and the first word of its
        columns in ``r.data``.
    readable : callable
        ``readable(model, day, own)``: the rule for the reference engine, person by person.
    compiled : callable
        ``compiled(s, r, own, t, row)``: the same rule for the compiled engine, a plain function
        that numba can compile.
    parameters : mapping of str to `kb.parameter(...)`
        The default value decides the type: a float, a whole number or True or False.
    people : mapping of str to (dtype, initial value)
        What each person carries.
    columns : mapping of str to str
        Daily counts, and what they mean.
    draws : tuple of str
        Names of what is left to chance; each has a purpose of its own.
    when : {"morning", "evening"}
        Morning: after releases, before anybody acts; only then may the factors of telling and of
        joining be changed.  Evening: after all else, before the day is written down.
    description : str
        One line.

    Raises
    ------
    KoubeiError
        For a name that cannot be one, or that two things have.

    Notes
    -----
    `own` holds, under their names: the parameters; of a real one ``share`` also ``share16`` and
    ``share32``, its value in units of 2**-16 and 2**-32, rounded down (a coin is thrown with
    ``draw < own.share32``); ``draw_NAME``, the purpose of a draw; the number of each column in
    `row`; and one array (list) for each value that people carry.  See docs/own-mechanisms.md.
    """

    name: str
    readable: Callable[..., None]
    compiled: Callable[..., None]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    people: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    draws: tuple[str, ...] = ()
    when: Literal["morning", "evening"] = "morning"
    description: str = "a mechanism of the user's own"

    def __post_init__(self) -> None:
        where = f"mechanism {self.name!r}"
        names = [*self.parameters, *self.people, *self.columns, *(f"draw_{d}" for d in self.draws)]
        for word in (self.name, *names):
            if not isinstance(word, str) or not _WORD.match(word):
                raise KoubeiError(
                    where, "a name must be one word in small letters without digits", got=word
                )
        twice = sorted({word for word in names if names.count(word) > 1})
        if twice:
            raise KoubeiError(where, "two things have one name", got=", ".join(twice))
        if self.name in MODULES:
            raise KoubeiError(where, "a module of the model has this name", got=self.name)
        for column in self.columns:
            if f"{self.name}_{column}" in _TAKEN:
                raise KoubeiError(
                    where, "results have a variable of this name", got=f"{self.name}_{column}"
                )
        checks.word(f"{where}, when", self.when, MOMENTS)
        for rule in ("readable", "compiled"):
            if not callable(getattr(self, rule)):
                raise KoubeiError(f"{where}, {rule}", "must be a function")
            _takes(f"{where}, {rule}", getattr(self, rule), ARGUMENTS[rule])
        for name, given in self.people.items():
            try:
                np.full(1, given[1], np.dtype(given[0]))
            except (TypeError, ValueError, IndexError, KeyError, OverflowError):
                raise KoubeiError(
                    f"{where}, {name}",
                    "must be a numpy type and the value at the start",
                    got=checks.shown(given),
                    allowed="such as ('int32', -1)",
                ) from None
        for name, given in self.parameters.items():
            if not hasattr(given, "json_schema_extra") or type(given.default) not in _KINDS:
                raise KoubeiError(
                    f"{where}, {name}",
                    "must be declared with a default that is a number, True or False",
                    got=checks.shown(given),
                    fix="kb.parameter(0.1, 'what it is', unit='1', neutral=0.0, low=0.0, high=1.0)",
                )
        try:
            self.part()
        except KoubeiError as error:
            raise KoubeiError(
                f"{where}, {error.where}", error.what, got=error.got, allowed=error.allowed
            ) from None

    @cached_property
    def part(self) -> type[Part]:
        """The parameters as a part of a scenario."""
        fields: dict[str, Any] = {
            name: (_KINDS[type(given.default)], given) for name, given in self.parameters.items()
        }
        return create_model(self.name.title(), __base__=Part, __doc__=self.description, **fields)

    def __reduce__(self) -> Any:
        """Send the declaration; what is made of it is made anew in the other process."""
        return type(self), tuple(getattr(self, one.name) for one in dataclasses.fields(self))

    @property
    def neutral(self) -> dict[str, Any]:
        """The value of each parameter, by path, that switches the mechanism off.

        Those whose neutral value is None or `fields.STRUCTURE` have none.
        """
        found = {
            f"{self.name}.{name}": given.json_schema_extra["neutral"]
            for name, given in self.parameters.items()
        }
        return {path: value for path, value in found.items() if value not in (None, STRUCTURE)}

    @cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that change with the declaration or with a rule."""
        said = {
            "parameters": {n: repr(given) for n, given in self.parameters.items()},
            "people": {n: [str(np.dtype(d)), v] for n, (d, v) in self.people.items()},
            "columns": list(self.columns),
            "draws": list(self.draws),
            "when": self.when,
            "rules": [_source(self.readable), _source(self.compiled)],
        }
        text = json.dumps(said, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def purpose(self, draw: str) -> int:
        """Return the purpose under which a draw is addressed: by name, whatever else there is."""
        found = hashlib.sha256(f"{self.name}.{draw}".encode()).digest()
        return _FIRST_PURPOSE + int.from_bytes(found[:5], "little")

    def numbers(self, scenario: Part, first_column: int) -> dict[str, int | float]:
        """Return the numbers that both rules get, by name."""
        found: dict[str, int | float] = {}
        part = getattr(scenario, self.name)
        for name in self.parameters:
            value = getattr(part, name)
            found[name] = int(value) if isinstance(value, bool) else value
            if isinstance(value, float) and abs(value) < MAX_TICKS:
                found[f"{name}16"] = int(value * 65536.0)
                found[f"{name}32"] = int(value * 4294967296.0)
        found |= {f"draw_{name}": self.purpose(name) for name in self.draws}
        return found | {name: first_column + k for k, name in enumerate(self.columns)}


def _takes(where: str, function: Callable[..., Any], names: tuple[str, ...]) -> None:
    """Refuse a rule that cannot be called as it will be."""
    try:
        inspect.signature(getattr(function, "py_func", function)).bind(*names)
    except TypeError:
        raise KoubeiError(where, "takes other arguments", allowed=f"({', '.join(names)})") from None
    except ValueError:  # no signature to be had
        return


def _source(function: Callable[..., Any]) -> str:
    """Return what a function does: its text or, where there is none, its code."""
    function = getattr(function, "py_func", function)
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        code = getattr(function, "__code__", None)
        return repr(function) if code is None else repr((code.co_code, code.co_consts))
