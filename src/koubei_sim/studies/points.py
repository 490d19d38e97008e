"""Where a sweep looks: grid, random, Latin hypercube and Sobol points, or a table of points.

A *design* (`Grid`, `RandomPoints`, `LatinHypercube`, `SobolPoints`, `Table`) says how points are
chosen; with a scenario and a key it becomes `Points`, plain values by dotted path.  Random designs
draw by address ``(key, path number, point number)``, so the same key gives the same points on every
machine.  Called by `plan.Sweep`, by `priors.ensemble` and by people.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from koubei_sim.errors import KoubeiError
from koubei_sim.kernels import draws
from koubei_sim.studies.values import kind_of, plain, range_of

if TYPE_CHECKING:
    import pandas as pd

    from koubei_sim.spec import Scenario

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


@dataclass(frozen=True)
class Grid:
    """Every combination of the given levels; the last path changes fastest.

    Parameters
    ----------
    levels : mapping of str to sequence
        Dotted path -> values, all of one kind, none twice.

    Examples
    --------
    >>> from koubei_sim.spec import Scenario
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
        axes = []
        for path, levels in self.levels.items():
            if isinstance(levels, (str, bytes, Mapping)) or not hasattr(levels, "__len__"):
                raise KoubeiError(
                    f"grid: {path}", "must be a list of levels", got=levels, fix=f"[{levels!r}]"
                )
            if not len(levels):
                raise KoubeiError(f"grid: {path}", "empty grid", allowed="one level or more")
            axis = checked({path: list(levels)}).columns[path]
            if any(axis[i] == axis[j] for i in range(len(axis)) for j in range(i)):
                raise KoubeiError(f"grid: {path}", "a level stands twice", got=list(axis))
            axes.append(axis)
        few_enough(math.prod(len(axis) for axis in axes))
        rows = list(product(*axes))
        return Points(dict(zip(self.levels, zip(*rows))))


@dataclass(frozen=True)
class _OfRanges(ABC):
    """What the designs over ranges share: ranges by path, and the number of points."""

    ranges: Mapping[str, Any]
    number: int

    def points(self, scenario: Scenario, key: int) -> Points:
        """Return the points; whole-number parameters of `scenario` get whole numbers."""
        if not self.ranges:
            raise KoubeiError("ranges", "none given", fix="{'seeding.purity': (0.1, 0.9)}")
        if isinstance(self.number, bool) or not isinstance(self.number, (int, np.integer)):
            raise KoubeiError("number of points", "must be a whole number", got=self.number)
        if self.number < 1:
            raise KoubeiError("number of points", "out of range", got=self.number, allowed="1..")
        few_enough(self.number)
        whole = whole_paths(scenario)
        axes = [range_of(path, given, path in whole) for path, given in self.ranges.items()]
        shares = self._shares(len(axes), int(self.number), key)
        columns = {
            path: [axis.at(float(share)) for share in shares[:, number]]
            for number, (path, axis) in enumerate(zip(self.ranges, axes))
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
    >>> from koubei_sim.spec import Scenario
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
    >>> from koubei_sim.spec import Scenario
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
    >>> from koubei_sim.spec import Scenario
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
        base = draws.stream(np.uint64(key), 0, DRAW_SHIFT, 0, 0)
        shift = np.empty(paths, dtype=np.uint64)
        draws.draw_many(np.uint64(base), 0, shift)
        words ^= shift >> np.uint64(64 - _SOBOL_BITS)
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
        source: Any = self.source
        if isinstance(source, (str, Path)):
            source = _read_frame(Path(source))
        if hasattr(source, "to_dict") and hasattr(source, "columns"):
            columns = {str(name): list(source[name]) for name in source.columns}
        elif isinstance(source, Mapping):
            columns = {path: list(values) for path, values in source.items()}
        else:
            columns = _by_column(source)
        return checked(columns)


def _by_column(rows: Any) -> dict[str, list[Any]]:
    rows = list(rows)
    if not rows:
        raise KoubeiError("points", "no points", allowed="one row or more")
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping) or set(row) != set(rows[0]):
            raise KoubeiError(
                f"points: row {number}", "other paths than row 0", got=row, allowed=str([*rows[0]])
            )
    return {path: [row[path] for row in rows] for path in rows[0]}


def _read_frame(path: Path) -> pd.DataFrame:
    import pandas as pd

    if not path.is_file():
        raise KoubeiError(str(path), "no such file", allowed="a CSV or parquet file of points")
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        return pd.read_csv(path, skipinitialspace=True)
    except (OSError, ValueError) as error:
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise KoubeiError(str(path), f"cannot be read ({said})") from None


def few_enough(number: int) -> None:
    """Refuse more points than any machine would finish."""
    if number > MOST_POINTS:
        raise KoubeiError("points", "too many", got=number, allowed=f"up to {MOST_POINTS:,}")


def units(key: int, purpose: int, column: int, number: int) -> NDArray[np.float64]:
    """Return `number` draws in (0, 1), shape [number]; point i is the same for any number."""
    bits = np.empty(number, dtype=np.uint64)
    base = draws.stream(np.uint64(key), 0, purpose, 0, column)
    draws.draw_many(np.uint64(base), 0, bits)
    return ((bits >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


def whole_paths(scenario: Scenario) -> set[str]:
    """Return the dotted paths whose value is a whole number."""
    from koubei_sim.spec import parameter_table

    return {
        row.path
        for row in parameter_table(scenario)
        if isinstance(row.value, int) and not isinstance(row.value, bool)
    }


def design_of(given: Any) -> Design:
    """Return the design that an argument stands for: a mapping is a grid, the rest a table."""
    if hasattr(given, "points"):
        design: Design = given
        return design
    if isinstance(given, Points):
        return Table(given.columns)
    if isinstance(given, Mapping):
        return Grid(given)
    if isinstance(given, (str, Path)) or hasattr(given, "columns") or isinstance(given, Sequence):
        return Table(given)
    raise KoubeiError(
        "points",
        "wrong type",
        got=type(given).__name__,
        allowed="mapping (a grid), a design, a data frame, a path or a list of mappings",
    )


__all__ = [
    "Design",
    "Grid",
    "LatinHypercube",
    "Points",
    "RandomPoints",
    "SobolPoints",
    "Table",
]
