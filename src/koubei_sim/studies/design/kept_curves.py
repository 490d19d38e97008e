"""Which daily curves a sweep keeps beside the outcomes of each run, and on which days.

A curve is a variable of `Result.data`; of one run it is a row of numbers, day by day.  Called by
`plan`, by the workers of a sweep, and by `curves`, which puts the rows together again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import whole
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world.arrays import History
from koubei_sim.runs import dataset
from koubei_sim.runs.options import texts

#: Before the name of a curve where it is a column of the table on disk.
COLUMN: Final = "curve:"


class Kept(NamedTuple):
    """Which curves are kept.

    Attributes
    ----------
    names : tuple of str
        Variables of `Result.data`.
    every : int
        Days 0, every, 2 every, ... are kept, and the last day.

    Examples
    --------
    >>> Kept(("users",), 7).days(20).tolist()
    [0, 7, 14, 19]
    """

    names: tuple[str, ...] = ()
    every: int = 1

    @classmethod
    def from_plan(cls, plan: Mapping[str, Any] | None) -> Kept:
        """Return what the plan of a folder says."""
        return NO_CURVES if plan is None else cls(tuple(plan["names"]), int(plan["every"]))

    def days(self, ticks: int) -> NDArray[np.int64]:
        """Return the days that are kept of so many."""
        return np.unique(np.append(np.arange(0, ticks, self.every), ticks - 1))

    def check(self, scenario: Scenario) -> None:
        """Refuse names that the daily tables of a scenario do not have.

        Raises
        ------
        KoubeiError
        """
        if not self.names:
            return
        known = dataset.dims_of(scenario)
        for name in self.names:
            if name not in known:
                raise KoubeiError(
                    "keep", "no variable of the daily tables", got=repr(name),
                    allowed=", ".join(known), fix=nearest(name, known),
                )  # fmt: skip

    def check_same(self, base: Scenario, scenario: Scenario) -> None:
        """Refuse a point whose curves have other columns than those of the base scenario.

        Raises
        ------
        KoubeiError
        """
        if not self.names or scenario is base:
            return
        ours, theirs = dataset.names_of(base), dataset.names_of(scenario)
        if ours == theirs:
            return
        dims = dataset.dims_of(base)
        for name in self.names:
            other = next((dim for dim in dims[name] if ours[dim] != theirs[dim]), None)
            if other is not None:
                raise KoubeiError(
                    "keep", f"{name} has another {other} at some point than elsewhere",
                    got=", ".join(theirs[other]), allowed=", ".join(ours[other]),
                )  # fmt: skip

    def widths(self, scenario: Scenario) -> dict[str, tuple[tuple[str, ...], tuple[int, ...]]]:
        """Return the own dimensions of each curve, and how long each is, by name."""
        names, dims = dataset.names_of(scenario), dataset.dims_of(scenario)
        return {
            name: (dims[name], tuple(len(names[dim]) for dim in dims[name])) for name in self.names
        }

    def of(self, history: History, scenario: Scenario) -> tuple[NDArray[np.float64], ...]:
        """Return each curve of one run as one row of numbers: day by day, all columns of a day."""
        made = dataset.variables_of([history], scenario, self.names)
        days = self.days(history.table.shape[0])
        return tuple(
            np.ascontiguousarray(made[name][1][0, days], dtype=np.float64).ravel()
            for name in self.names
        )


NO_CURVES: Final = Kept()


def kept_from(names: Any, every: Any) -> Kept:
    """Return what `keep` and `every` of a door stand for.

    Raises
    ------
    KoubeiError

    Examples
    --------
    >>> kept_from("users", None)
    Kept(names=('users',), every=1)
    """
    if names is None:
        if every is not None:
            raise KoubeiError("every", "means nothing where no curves are kept", got=every)
        return NO_CURVES
    found = tuple(texts("keep", names))
    if not found:
        raise KoubeiError("keep", "names nothing", allowed="variables of result.data")
    return Kept(found, 1 if every is None else whole("every", every, 1))
