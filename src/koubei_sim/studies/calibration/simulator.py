"""From parameters to statistics: the runs of a calibration, in memory or in journals.

`Model` holds a scenario, the ranges of its free parameters and where runs are done; it turns shares
of the prior into statistics, a sweep a batch.  With a folder each batch is a sweep of its own
there, so that a killed calibration resumes in the middle of a generation.
Called by `calibrate`, `calibration` and `ranks`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.metrics import check_measure, days_of, read_dated
from koubei_sim.model.scenario import Scenario, parameter_table
from koubei_sim.runs.options import RunOptions, texts
from koubei_sim.studies.calibration.targets import PARAMETER, Targets
from koubei_sim.studies.design.plan import make_sweep
from koubei_sim.studies.design.points import Table, whole_paths
from koubei_sim.studies.design.priors import prior_sample, single_numbers
from koubei_sim.studies.design.values import Range, range_of
from koubei_sim.studies.sweep.engine import Cells, Execution, SweepMeter

FloatArray = NDArray[np.float64]

#: First replicate of the batch, or of each particle; None where all share luck.
Luck = int | tuple[int, ...] | None
#: Parameters that are fitted at once; more are a study of sensitivity, not a calibration.
MOST_PARAMETERS: Final = 12


@dataclass(frozen=True)
class Model:
    """A scenario with free parameters.

    Attributes
    ----------
    scenario : Scenario
    ranges : dict of str to Range
        The prior: independent, uniform (or uniform in the logarithm) over each range.
    options : RunOptions
        The key, the engine, and networks and people of one's own.
    replicates : int
        Runs averaged for each particle.
    execution : Execution
        Where and how runs are done; its folder holds the journals.
    tell : callable or None
        Told (runs done so far, words) after each batch.
    """

    scenario: Scenario
    ranges: dict[str, Range]
    options: RunOptions
    replicates: int = 1
    execution: Execution = field(default_factory=Execution)
    tell: Callable[[int, str], None] | None = None
    _done: list[int] = field(default_factory=lambda: [0])

    @property
    def key(self) -> int:
        """The key of all runs."""
        return self.options.key

    @property
    def paths(self) -> list[str]:
        """Dotted paths of the free parameters."""
        return list(self.ranges)

    def values(self, shares: FloatArray) -> dict[str, list[Any]]:
        """Return the parameters at shares of the prior, a column a path."""
        return {
            path: [found.at(float(share)) for share in shares[:, k]]
            for k, (path, found) in enumerate(self.ranges.items())
        }

    def statistics(
        self,
        shares: FloatArray,
        targets: Targets,
        name: str,
        first_luck: int | NDArray[np.int64] = 0,
        own_luck: bool = True,
    ) -> FloatArray:
        """Return the statistics of all particles, means over replicates, [particles, targets].

        Parameters
        ----------
        shares : array, shape [particles, parameters]
        targets : Targets
            Only their statistics are used, never their values.
        name : str
            Of the batch; its folder.
        first_luck : int, or array of int, shape [particles]
            Particles before the first whose luck must not be used again; or the luck of each.
        own_luck : bool
            Whether no two particles share luck; else replicate r is the same luck for all.

        Raises
        ------
        KoubeiError
            When a parameter set makes no scenario; SweepStopped when the disk is full.
        """
        columns = self.values(shares)
        luck: Luck = None
        if own_luck and isinstance(first_luck, np.ndarray):
            luck = tuple(int(place) * self.replicates for place in first_luck)
        elif own_luck:
            luck = int(first_luck) * self.replicates
        found = self._sweep(columns, targets, name, luck)
        self._done[0] += shares.shape[0] * self.replicates
        if self.tell is not None:
            self.tell(self._done[0], name)
        return found

    def _folder(self, name: str) -> Path | None:
        out = self.execution.out
        return None if out is None else out / "runs" / name

    def _sweep(
        self, columns: dict[str, list[Any]], targets: Targets, name: str, luck: Luck
    ) -> FloatArray:
        # A function may have a name that is taken, or that of another one.
        asked: dict[str, Any] = {}
        names = []
        for k, entry in enumerate(targets):
            statistic = entry.statistic
            if not isinstance(statistic, str):
                names.append(f"statistic_{k}")
                asked[names[k]] = statistic
            elif statistic.startswith(PARAMETER):
                names.append(statistic)
            else:
                names.append(check_measure(statistic))
                asked[names[k]] = names[k]
        planned = make_sweep(
            self.scenario,
            Table(columns),
            self.replicates,
            self.key,
            self.options.engine,
            asked or None,
            self.options.inputs,
            luck="common" if luck is None else luck,
        )
        how = replace(self.execution, out=self._folder(name), progress=False)
        # A run in which a function fails is the fault of the function, not a point without numbers.
        strict = bool(planned.functions)
        with SweepMeter(False) as meter, Cells(planned, how, meter, strict=strict) as cells:
            cells.do()
            made = cells.result()
        found = np.empty((planned.points.number, len(names)))
        for k, text in enumerate(names):
            if text.startswith(PARAMETER):
                found[:, k] = self._parameters(columns, targets, k)
            else:
                found[:, k] = made.values(text).mean(axis=1)
        return found

    def _parameters(self, columns: dict[str, list[Any]], targets: Targets, k: int) -> list[float]:
        path = str(targets.entries[k].statistic).removeprefix(PARAMETER)
        if path in columns:
            return [float(value) for value in columns[path]]
        return [targets.entries[k].of(None, self.scenario)] * len(next(iter(columns.values())))  # type: ignore[arg-type]


def shortened(scenario: Scenario, targets: Targets) -> Scenario:
    """Return the scenario cut after the last day that the targets ask for.

    A run is the same on its first days however long it is, so fitting need not play the days of
    the points that are held out.  Left as it is where a target needs the whole run.
    """
    last = -1
    for entry in targets:
        if isinstance(entry.statistic, str) and entry.statistic.startswith(PARAMETER):
            continue
        if not entry.dated:
            return scenario
        last = max(last, days_of(read_dated(str(entry.statistic)), scenario)[1])
    if last < 0 or last + 1 >= scenario.ticks:
        return scenario
    try:
        return scenario.replace(ticks=last + 1)
    except KoubeiError:  # something of the scenario needs the later days
        return scenario


def ranges_from(scenario: Scenario, given: Any) -> dict[str, Range]:
    """Return the prior: ranges as given, or those that `prior_sample` puts around named parameters.

    Raises
    ------
    KoubeiError
        For unknown paths, ranges that are none, choices, or too many parameters.
    """
    names = [] if given is None else texts("ranges", given)
    if not names:
        raise KoubeiError(
            "ranges",
            "no parameter to fit",
            got=repr(given),
            fix="{'channels.forum.tell': (.01, .1)}",
        )
    known = [row.path for row in single_numbers(parameter_table(scenario))]
    for path in names:
        if path not in known:
            raise KoubeiError(path, "unknown parameter", fix=nearest(path, known))
    if isinstance(given, Mapping):
        whole = whole_paths(scenario)
        ranges = {path: range_of(path, entry, path in whole) for path, entry in given.items()}
    else:
        ranges = dict(prior_sample(scenario, 1, names).ranges)
    for path, found in ranges.items():
        if found.choices:
            raise KoubeiError(
                path, "choices cannot be fitted", fix="one calibration each, compared"
            )
    if len(ranges) > MOST_PARAMETERS:
        raise KoubeiError(
            "ranges", "too many to fit", got=len(ranges), allowed=f"1..{MOST_PARAMETERS}"
        )
    return ranges
