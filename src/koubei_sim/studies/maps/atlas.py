"""What a map found: the answer at each point with its interval, cells, interactions, the figure.

Made by `mapping`; called by people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import Lang
from koubei_sim.errors import KoubeiError
from koubei_sim.looks import Look, wrapped
from koubei_sim.metrics import Interval, chance, hurdle, mean_interval, offset, told
from koubei_sim.runs.simulation import Outcome
from koubei_sim.studies.compare.strata import strata
from koubei_sim.studies.maps.axes import Axis
from koubei_sim.studies.maps.lattice import Cell, Lattice, Point

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]

#: Fewer runs than this cannot tell none from all: the intervals of 0 and of n overlap.
LEAST: Final = 6


def place(axes: Sequence[Axis], grid: Lattice, point: Point) -> tuple[Any, ...]:
    """Return the values of the axes at a point of the finest lattice."""
    i, j = point
    steps = (i, j, grid.side - i - j)[: len(axes)]
    return tuple(axis.range.at(step / grid.side) for axis, step in zip(axes, steps))


@dataclass(eq=False)
class Map(Look):
    """What a map found; made by `koubei_sim.map`.

    Attributes
    ----------
    axes : tuple of Axis
        Two, or the three of a split.
    arms : tuple of str
        Two names, or none.
    outcome : str or callable
    grid : Lattice
    key : int
    name : str
        Of the scenario.
    worlds : int
        Worlds at each point, 0 for the one of the scenario.
    impossible : int
        Worlds that were drawn and cannot be.
    values : dict of (int, int) to array
        What the runs of a point gave, [arms, runs], by its place on the finest lattice.
    cells : list
        The cells that were not cut, as their corners.
    uncut : int
        Cells whose corners differ and that `most_runs` left uncut.
    """

    axes: tuple[Axis, ...]
    arms: tuple[str, ...]
    outcome: Outcome
    grid: Lattice
    key: int
    name: str
    worlds: int = 0
    impossible: int = 0
    values: dict[Point, FloatArray] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)
    uncut: int = 0
    _places: dict[tuple[Any, ...], Point] = field(default_factory=dict, repr=False)
    _answers: dict[Point, list[Interval]] = field(default_factory=dict, repr=False)

    # Filling it -------------------------------------------------------------------------------

    def _same(self, point: Point) -> Point:
        """Return the first point with these values: an axis of whole numbers has some twice."""
        return self._places.setdefault(place(self.axes, self.grid, point), point)

    def new(self, points: Sequence[Point], beside: Sequence[Point] = ()) -> list[Point]:
        """Return those of the points that are neither known nor `beside`."""
        found = {self._same(point) for point in points} - set(self.values) - set(beside)
        return sorted(found)

    def take(self, points: Sequence[Point], values: Mapping[Point, FloatArray]) -> None:
        """Take what the runs of points gave."""
        for point in points:
            self.values[point] = values[point]
            self._answers[point] = self._answer(values[point])

    def gap(self, cell: Cell) -> float:
        """Return how far the intervals of two corners lie apart; 0 or less where none do."""
        found = [self._answers[self._same(corner)] for corner in cell]
        apart = [
            max(answer.low for answer in kind) - min(answer.high for answer in kind)
            for kind in zip(*found)
            if all(np.isfinite(answer.low) for answer in kind)
        ]
        return max(apart, default=0.0)

    def _answer(self, values: FloatArray) -> list[Interval]:
        """Return the shares of the strata of two arms, or the one estimate."""
        if self.arms:
            kinds = strata(values[0] == 1.0, values[1] == 1.0)
            return [chance(kinds == kind) for kind in range(4)]
        if self.chances:
            return [chance(values[0])]
        if callable(self.outcome):
            known = int(np.isfinite(values).sum())
            return [hurdle.enough(mean_interval(values[0], self.key), known)]
        # Of a measure only runs that took off have a value.
        found = told(self.outcome, values[0], np.isfinite(values[0]), self.key)
        return [Interval(found.estimate, found.low, found.high, found.method)]

    # Looking at it ----------------------------------------------------------------------------

    @property
    def runs(self) -> int:
        """Runs in all."""
        return sum(values.size for values in self.values.values())

    @property
    def strata(self) -> tuple[str, ...]:
        """Names of the strata of two arms: both, only one of the two, neither."""
        return ("both", *(f"only {arm}" for arm in self.arms), "neither") if self.arms else ()

    def table(self) -> pd.DataFrame:
        """Return one row a point, in the order of the axes.

        The values of the axes; ``estimate, low, high`` (95 %) and ``n``, the runs that it is of.
        With arms ``stratum``, the one of most runs, ``sure``, whether its interval lies above those
        of the others, and share, low and high of each (``both, both_low, both_high, ...``).
        """
        from koubei_sim.looks.frames import Table

        rows = []
        for point in sorted(self.values):
            where = {axis.name: value for axis, value in zip(self.axes, self.at(point))}
            answers, values = self._answers[point], self.values[point]
            if not self.arms:
                estimate, low, high, _ = answers[0]
                n = int(np.isfinite(values).sum())
                rows.append({**where, "estimate": estimate, "low": low, "high": high, "n": n})
                continue
            best = int(np.argmax([answer.mean for answer in answers]))
            others = max(a.high for k, a in enumerate(answers) if k != best)
            row = {**where, "stratum": self.strata[best], "sure": answers[best].low > others,
                   "n": values.shape[1]}  # fmt: skip
            for name, answer in zip(self.strata, answers):
                row |= {name: answer.mean, f"{name}_low": answer.low, f"{name}_high": answer.high}
            rows.append(row)
        return Table(rows)

    def at(self, point: Point) -> tuple[Any, ...]:
        """Return the values of the axes at a point."""
        return place(self.axes, self.grid, point)

    def interaction(self) -> pd.DataFrame:
        """Return how far two levers do more together than apart, with 95 % interval.

        ``f(x, y) - f(x, y0) - f(x0, y) + f(x0, y0)`` against the low ends x0, y0 of the axes, run
        by run on common luck: above 0 they help each other, below 0 they stand in for each other.
        One row a point off the low ends whose three partners were run: axes, ``estimate, low,
        high``, ``n`` runs, and ``kind``.  A measure given take-off is compared in the runs in which
        all four took off; of counts and money f is the logarithm, and ``estimate`` the factor by
        which both together do more (``kind`` is "times", not "difference"; 1 is nothing).

        Raises
        ------
        KoubeiError
            For a split, or for arms.

        Notes
        -----
        Of the chance of take-off contrasts are whole numbers, often all 0.  As in the interval of
        Bonett and Price (2012, Journal of Educational and Behavioral Statistics 37:479-488) for
        pairs, one of +1 and one of -1 is added, so that it never has no width.
        """
        from koubei_sim.looks.frames import Table

        if self.arms or len(self.axes) == 3:
            raise KoubeiError("interaction", "is one of two axes, without arms",
                              got="arms" if self.arms else "a split")  # fmt: skip
        rows = []
        for i, j in sorted(self.values):
            four = [(i, j), (i, 0), (0, j), (0, 0)]
            if i and j and all(point in self.values for point in four):
                where = {axis.name: value for axis, value in zip(self.axes, self.at((i, j)))}
                found, n, kind = self._contrast([self.values[point][0] for point in four])
                rows.append({**where, "estimate": found.mean, "low": found.low,
                             "high": found.high, "n": n, "kind": kind})  # fmt: skip
        columns = [*(axis.name for axis in self.axes), "estimate", "low", "high", "n", "kind"]
        return Table(rows, columns=columns)

    @property
    def chances(self) -> bool:
        """Whether it is a chance that is mapped: of take-off."""
        return isinstance(self.outcome, str) and self.outcome.startswith("take_off")

    def _contrast(self, f: Sequence[FloatArray]) -> tuple[Interval, int, str]:
        """Return the interaction of four points, the runs that it is of, and its kind."""
        plus = offset(self.outcome) if isinstance(self.outcome, str) else None
        if plus is not None:
            f = [np.log(values + plus) for values in f]
        gap = f[0] - f[1] - f[2] + f[3]
        n = int(np.isfinite(gap).sum())
        found = hurdle.enough(mean_interval(gap, self.key), n)
        if self.chances:
            wide = mean_interval(np.append(gap, [1.0, -1.0]))
            found = Interval(found.mean, max(-2.0, wide.low), min(2.0, wide.high), wide.method)
        if plus is not None:
            mean, low, high = (float(np.exp(end)) for end in found[:3])
            return Interval(mean, low, high, found.method), n, "times"
        return found, n, "difference"

    def plot(self, ax: Any = None, lang: Lang = "en") -> Any:
        """Draw the map (`koubei_sim.plots.phase`)."""
        from koubei_sim.plots import phase

        return phase(self, ax=ax, lang=lang)

    def __repr__(self) -> str:
        """Return what was asked, how many runs it took, and whether these sufficed."""
        axes = " x ".join(axis.name for axis in self.axes)
        what = " against ".join(self.arms) or getattr(self.outcome, "__name__", str(self.outcome))
        left = f", {self.worlds} worlds" if self.worlds else ""
        left += f" ({self.impossible} more cannot be)" if self.impossible else ""
        left += f", {self.uncut} cells left uncut by most_runs" if self.uncut else ""
        return wrapped(
            f"<Map {self.name}: {what} over {axes}; {len(self.values)} points, {self.runs:,} runs, "
            f"{len(self.cells)} cells{left}>"
        )
