"""Where a sweep looks: grid, random, Latin hypercube and Sobol points, or a table of points.

A *design* (`Grid`, `RandomPoints`, `LatinHypercube`, `SobolPoints`, `Table`) says how points are
chosen; with a scenario and a key it becomes `Points`, plain values by dotted path.  Random designs
draw by address ``(key, path number, point number)``, so the same key gives the same points on every
machine.  Called by `plan.Sweep`, by `priors.ensemble` and by people.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import absolute, collected, text_of, whole
from koubei_sim.checks import path as path_of
from koubei_sim.core import draws
from koubei_sim.errors import KoubeiError
from koubei_sim.studies.design.values import kind_of, plain, range_of

if TYPE_CHECKING:
    import pandas as pd

    from koubei_sim.model.scenario import Scenario

#: Purpose codes of the draws of points (the model uses codes below 100, resampling 190).
DRAW_POINT: Final = 195
DRAW_ORDER_OF_POINTS: Final = 196
DRAW_SHIFT: Final = 197
#: More points than this are taken for a mistake.
MOST_POINTS: Final = 10_000_000
_SOBOL_BITS: Final = 30


class Points(NamedTuple):
    """Values by dotted path, one a point.

    Attributes
    ----------
    columns : dict of str to tuple
        Dotted path -> its value at each point; all columns are equally long.
    """

    columns: dict[str, tuple[Any, ...]]

    @property
    def number(self) -> int:
        """Number of points."""
        return len(next(iter(self.columns.values()))) if self.columns else 0

    def at(self, point: int) -> dict[str, Any]:
        """Return the changes of one point, as `Scenario.replace` takes them."""
        return {path: values[point] for path, values in self.columns.items()}


class Design(Protocol):
    """A way to choose points."""

    def points(self, scenario: Scenario, key: int) -> Points:
        """Return the points for a base scenario and a key."""


def checked(columns: Mapping[str, Sequence[Any]]) -> Points:
    """Return points made of columns, each of one kind of value.

    Raises
    ------
    KoubeiError
        No paths, no points, columns of unequal length, or mixed kinds in a column.
    """
    if not columns:
        raise KoubeiError("points", "no path to vary", fix="{'seeding.purity': [0.1, 0.5, 0.9]}")
    found: dict[str, tuple[Any, ...]] = {}
    for path, values in columns.items():
        if not isinstance(path, str) or not path:
            raise KoubeiError("points", "a path must be text", got=path, fix="seeding.purity")
        entries = tuple(plain(path, value) for value in values)
        kind = kind_of(path, entries)
        found[path] = tuple(float(v) for v in entries) if kind == "real" else entries
    lengths = {len(values) for values in found.values()}
    if len(lengths) > 1:
        shown = ", ".join(f"{path} {len(values)}" for path, values in found.items())
        raise KoubeiError("points", "columns of unequal length", got=shown)
    if not lengths - {0}:
        raise KoubeiError("points", "no points", got=f"{next(iter(found))} without values")
    return Points(found)


def _levels(where: str, given: Any) -> list[Any]:
    """Return the levels of a path, of a list, a column, an array, a range or whatever gives them.

    Raises
    ------
    KoubeiError
        For one value alone, or more than any machine would finish.
    """
    several = not isinstance(given, (str, bytes, Mapping))
    try:
        # More than the most are not made: a range may have any length.
        found = list(islice(given, MOST_POINTS + 1)) if several else None
    except TypeError:
        found = None
    if found is None:
        one = given.item() if hasattr(given, "item") else given
        meant = _meant(where, one)
        raise KoubeiError(where, "must be a list of levels", got=repr(one), fix=meant)
    few_enough(len(given) if hasattr(given, "__len__") else len(found))
    return found


def _meant(where: str, one: Any) -> str:
    """What was meant by one value where a list of levels belongs."""
    if isinstance(one, Mapping) and one:  # parts of parts, where a dotted path belongs
        name, levels = next(iter(one.items()))
        return f"{{'{where.removeprefix('grid: ')}.{name}': {levels!r}}}"
    if isinstance(one, str):
        for kind in (int, float):
            with suppress(ValueError):
                return f"[{kind(one)!r}]"
    return f"[{one!r}]"


def _apart(paths: Iterable[str]) -> None:
    """Refuse a path that lies inside another: it would have two values."""
    names = sorted(paths)
    for name in names:
        inside = next((other for other in names if other.startswith(f"{name}.")), None)
        if inside is not None:
            raise KoubeiError("points", f"{inside} lies inside {name}", fix="varying one of them")


@dataclass(frozen=True)
class Grid:
    """Every combination of the given levels; the last path changes fastest.

    Parameters
    ----------
    levels : mapping of str to sequence
        Dotted path -> values, all of one kind, none twice.

    Examples
    --------
    >>> from koubei_sim.model.scenario import Scenario
    >>> grid = Grid({"seeding.purity": [0.1, 0.9], "telling.relay": [0.0, 0.2, 0.4]})
    >>> points = grid.points(Scenario.load("tiny"), key=7)
    >>> points.number, points.at(1)
    (6, {'seeding.purity': 0.1, 'telling.relay': 0.2})
    """

    levels: Mapping[str, Sequence[Any]]

    def points(self, scenario: Scenario, key: int) -> Points:
        """Return the points; a grid needs neither scenario nor key."""
        if not self.levels:
            raise KoubeiError("grid", "empty", fix="seeding.purity = [0.1, 0.5, 0.9]")
        axes: list[Sequence[Any]] = []
        for path, levels in self.levels.items():
            axis = _levels(f"grid: {path}", levels)
            if not axis:
                raise KoubeiError(f"grid: {path}", "empty grid", allowed="one level or more")
            axes.append(axis)
        few_enough(math.prod(len(axis) for axis in axes))
        axes = [
            checked({path: axis}).columns[path]
            for path, axis in zip(self.levels, axes, strict=True)
        ]
        for path, values in zip(self.levels, axes, strict=True):
            if len({json.dumps(level, sort_keys=True) for level in values}) < len(values):
                raise KoubeiError(f"grid: {path}", "a level stands twice", got=list(values))
        _apart(self.levels)
        rows = list(product(*axes))
        return Points(dict(zip(self.levels, zip(*rows))))


@dataclass(frozen=True)
class _OfRanges(ABC):
    """What the designs over ranges share: ranges by path, and the number of points."""

    ranges: Mapping[str, Any]
    number: int

    def points(self, scenario: Scenario, key: int) -> Points:
        """Return the points; whole-number parameters of `scenario` get whole numbers."""
        if not isinstance(self.ranges, Mapping) or not self.ranges:
            raise KoubeiError(
                "ranges", "none given", got=repr(self.ranges), fix="{'seeding.purity': (0.1, 0.9)}"
            )
        number = whole("number of points", self.number, 1)
        few_enough(number)
        _apart(self.ranges)
        counts = whole_paths(scenario)
        axes = [range_of(path, given, path in counts) for path, given in self.ranges.items()]
        shares = self._shares(len(axes), number, key)
        columns = {
            path: [axis.at(float(share)) for share in shares[:, at]]
            for at, (path, axis) in enumerate(zip(self.ranges, axes))
        }
        return checked(columns)

    @abstractmethod
    def _shares(self, paths: int, number: int, key: int) -> NDArray[np.float64]:
        """Return numbers in (0, 1), shape [points, paths]."""


@dataclass(frozen=True)
class RandomPoints(_OfRanges):
    """Independent points: one more of them, or one more path, moves no other.

    Parameters
    ----------
    ranges : mapping of str to range
        Dotted path -> ``(low, high)``, ``(low, high, "log")``, a list of choices, or a mapping
        with ``low``, ``high`` and, if wanted, ``log = true``, or with ``choices``.
    number : int
        Number of points.

    Examples
    --------
    >>> from koubei_sim.model.scenario import Scenario
    >>> design = RandomPoints({"seeding.number": (10, 30), "seeding.purity": (0.0, 1.0)}, 3)
    >>> design.points(Scenario.load("tiny"), key=7).columns["seeding.number"]
    (26, 25, 13)
    """

    def _shares(self, paths: int, number: int, key: int) -> NDArray[np.float64]:
        return np.stack([units(key, DRAW_POINT, path, number) for path in range(paths)], axis=1)


@dataclass(frozen=True)
class LatinHypercube(_OfRanges):
    """A Latin hypercube: each n-th part of each range holds exactly one of the n points.

    McKay, Beckman and Conover 1979, Technometrics 21:239-245.  Parameters as `RandomPoints`.

    Examples
    --------
    >>> from koubei_sim.model.scenario import Scenario
    >>> design = LatinHypercube({"seeding.purity": (0.0, 1.0)}, 4)
    >>> column = design.points(Scenario.load("tiny"), key=7).columns["seeding.purity"]
    >>> sorted(int(4 * value) for value in column)
    [0, 1, 2, 3]
    """

    def _shares(self, paths: int, number: int, key: int) -> NDArray[np.float64]:
        columns = []
        for path in range(paths):
            place = np.argsort(units(key, DRAW_ORDER_OF_POINTS, path, number), kind="stable")
            within = units(key, DRAW_POINT, path, number)
            # Rounding could reach the next cell's edge, never pass it; 1 itself is kept out.
            columns.append(np.minimum((place + within) / number, 1.0 - 2.0**-53))
        return np.stack(columns, axis=1)


@dataclass(frozen=True)
class SobolPoints(_OfRanges):
    """Sobol points with a random digital shift; best with a power of two as `number`.

    Direction numbers of Joe and Kuo 2008 (SIAM J. Sci. Comput. 30:2635) from SciPy.  The shift
    (exclusive or with one drawn word a path) keeps every balance of the net and makes the points
    uniform.  Parameters as `RandomPoints`.

    Examples
    --------
    >>> from koubei_sim.model.scenario import Scenario
    >>> design = SobolPoints({"seeding.purity": (0.0, 1.0), "telling.relay": (0.0, 1.0)}, 4)
    >>> points = design.points(Scenario.load("tiny"), key=7)
    >>> sorted((int(2 * x), int(2 * y)) for x, y in zip(*points.columns.values()))
    [(0, 0), (0, 1), (1, 0), (1, 1)]
    """

    def _shares(self, paths: int, number: int, key: int) -> NDArray[np.float64]:
        from scipy.stats import qmc

        sequence = qmc.Sobol(paths, scramble=False, bits=_SOBOL_BITS)
        bare = sequence.random_base2(max(0, number - 1).bit_length())[:number]
        words = np.rint(bare * 2.0**_SOBOL_BITS).astype(np.uint64)
        words ^= draws.drawn(paths, key, DRAW_SHIFT) >> np.uint64(64 - _SOBOL_BITS)
        return (words.astype(np.float64) + 0.5) * 2.0**-_SOBOL_BITS


@dataclass(frozen=True)
class Table:
    """Points written down one by one.

    Parameters
    ----------
    source : DataFrame, path of a CSV or parquet file, mapping of columns, or list of mappings
        One column a dotted path, one row a point.
    """

    source: pd.DataFrame | str | Path | Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Any]]

    def points(self, scenario: Scenario, key: int) -> Points:
        """Return the rows as points; scenario and key are not needed."""
        source: Any = collected("points", self.source)
        if isinstance(source, (str, os.PathLike)):
            source = _read_frame(path_of("points", source))
        if hasattr(source, "to_dict") and hasattr(source, "columns"):
            names = [str(name) for name in source.columns]
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                raise KoubeiError("points", "a column stands twice", got=repr(twice))
            few_enough(len(source))
            columns = {str(name): list(source[name]) for name in source.columns}
        elif isinstance(source, Mapping):
            columns = {path: _levels(str(path), values) for path, values in source.items()}
        else:
            columns = _by_column(source)
        _apart(name for name in columns if isinstance(name, str))
        return checked(columns)


def _by_column(rows: Any) -> dict[str, list[Any]]:
    rows = _levels("points", rows)
    if not rows:
        raise KoubeiError("points", "no points", allowed="one row or more")
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise KoubeiError(
                f"points: row {number}", "not a mapping of dotted paths to values", got=repr(row),
                fix="{'seeding.purity': 0.1}",
            )  # fmt: skip
        if set(row) != set(rows[0]):
            raise KoubeiError(
                f"points: row {number}", "other paths than row 0", got=row, allowed=str([*rows[0]])
            )
    return {path: [row[path] for row in rows] for path in rows[0]}


def _read_frame(path: Path) -> pd.DataFrame:
    import pandas as pd

    if path.suffix not in (".csv", ".txt", ".tsv", ".parquet"):
        raise KoubeiError(str(path), "unknown format", allowed="a .csv or .parquet file of points")
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(absolute(path))
        text, _ = text_of(str(path), path.read_bytes())
        return _table_of(text)
    except FileNotFoundError:
        raise KoubeiError(
            str(path), "no such file", allowed="a CSV or parquet file of points"
        ) from None
    except KoubeiError:
        raise
    except (OSError, ValueError) as error:
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise KoubeiError(str(path), f"cannot be read ({said})") from None


def _table_of(text: str) -> pd.DataFrame:
    """Return the table of a CSV text, its cells apart by comma, semicolon or tab.

    Raises
    ------
    ValueError
        Where a row has more or fewer cells than the first, or a column no name or that of another.
    """
    import pandas as pd

    first = next((line for line in text.splitlines() if line.strip()), "")
    sign = max(",;\t", key=first.count)
    rows = [
        row for row in csv.reader(io.StringIO(text), delimiter=sign) if any(map(str.strip, row))
    ]
    names = [name.strip() for name in rows[0]] if rows else []
    if not all(names) or len(set(names)) < len(names):
        raise ValueError(f"a column without a name, or two of one: {sign.join(names)}")
    for number, row in enumerate(rows):
        if len(row) != len(names):
            raise ValueError(f"row {number} has {len(row)} cells, the first {len(names)}")
    words: dict[str, Any] = {"sep": sign, "skipinitialspace": True}
    return pd.read_csv(io.StringIO(text), **words)


def few_enough(number: int, where: str = "points") -> None:
    """Refuse more points (or runs) than any machine would finish."""
    if number > MOST_POINTS:
        raise KoubeiError(where, "too many", got=f"{number:,}", allowed=f"up to {MOST_POINTS:,}")


def units(key: int, purpose: int, column: int, number: int) -> NDArray[np.float64]:
    """Return `number` draws in (0, 1), shape [number]; point i is the same for any number."""
    return draws.units_drawn(number, key, purpose, 0, 0, column)


def whole_paths(scenario: Scenario) -> set[str]:
    """Return the dotted paths whose value is a whole number."""
    from koubei_sim.model.scenario import parameter_table

    return {
        row.path
        for row in parameter_table(scenario)
        if isinstance(row.value, int) and not isinstance(row.value, bool)
    }


def design_of(given: Any) -> Design:
    """Return the design that an argument stands for: a mapping is a grid, the rest a table."""
    given = collected("points", given)
    if hasattr(given, "points") and not isinstance(given, type):
        design: Design = given
        return design
    if isinstance(given, Points):
        return Table(given.columns)
    if isinstance(given, Mapping):
        return Grid(given)
    if isinstance(given, (str, os.PathLike)) or hasattr(given, "columns"):
        return Table(given)
    if isinstance(given, Iterable) and not isinstance(given, (bytes, type)):
        return Table(_levels("points", given))
    raise KoubeiError(
        "points",
        "wrong type",
        got=type(given).__name__,
        allowed="mapping (a grid), a design, a data frame, a path or a list of mappings",
    )
