"""`scorecard`: several patterns at several levels, each met or missed, none of them hidden.

A model is judged by many weak patterns rather than by one strong fit (Grimm et al. 2005), at the
four levels of Rand and Rust 2011; a level without any target is listed as empty, which is not the
same as passed.  Called by people, by `Calibration.scorecard` and by the command line.

References
----------
Grimm, V. et al. (2005), Science 310, 987-991.
Rand, W. and Rust, R. T. (2011), International Journal of Research in Marketing 28, 181-193.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import Engine, whole
from koubei_sim.looks import Look
from koubei_sim.model.world.arrays import History
from koubei_sim.runs.options import options_from, scenario_from
from koubei_sim.runs.progress import Meter, Progress
from koubei_sim.runs.result import Result
from koubei_sim.studies.calibration.targets import LEVELS, Target, Targets, targets_from

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]


class Scorecard(Look):
    """Targets beside what a model gives; made by `scorecard`.

    Attributes
    ----------
    targets : Targets
    values : array, shape [runs, targets]
        Statistics of single runs.
    weights : array, shape [runs]
        Adding up to 1.
    """

    def __init__(self, targets: Targets, values: FloatArray, weights: FloatArray) -> None:
        self.targets, self.values, self.weights = targets, values, weights

    def table(self) -> pd.DataFrame:
        """Return one row a target, by level, and one for each level without any.

        Columns: ``level, target, statistic, observed, simulated`` (weighted median), the interval
        ``low, high`` that holds 90 % of the runs, ``gap`` (median to observed, in tolerances, with
        its sign), ``verdict`` (``met`` within one tolerance, ``missed``, ``undefined`` where the
        statistic is, ``empty`` for a level without targets), ``use`` (``fitted``, ``held out``,
        ``not fitted``), ``source``.
        """
        from koubei_sim.looks.frames import Table

        rows: list[dict[str, Any]] = []
        for level in LEVELS:
            here = [(k, t) for k, t in enumerate(self.targets) if t.level == level]
            rows += [self._row(k, target) for k, target in here]
            if not here:
                rows.append({"level": level, "target": "", "verdict": "empty", "use": ""})
        order = ["level", "target", "statistic", "observed", "simulated", "low", "high", "gap"]
        return Table(rows, columns=[*order, "verdict", "use", "source"])

    def _row(self, k: int, target: Target) -> dict[str, Any]:
        low, middle, high = quantiles(self.values[:, k], self.weights, (0.05, 0.5, 0.95))
        gap = float(target.gap(middle))
        met = "met" if abs(gap) <= 1.0 else "missed"
        shown = target.statistic
        return {
            "level": target.level,
            "target": target.name,
            "statistic": shown
            if isinstance(shown, str)
            else getattr(shown, "__name__", "function"),
            "observed": target.value,
            "simulated": middle,
            "low": low,
            "high": high,
            "gap": gap,
            "verdict": met if np.isfinite(middle) else "undefined",
            "use": "held out" if target.hold_out else "fitted" if target.weight else "not fitted",
            "source": target.source,
        }

    def by_level(self) -> pd.DataFrame:
        """Return how many targets of each level are met, in the order of Rand and Rust 2011."""
        from koubei_sim.looks.frames import Table

        table = self.table()
        rows = []
        for level in LEVELS:
            found = table.loc[(table["level"] == level) & (table["verdict"] != "empty"), "verdict"]
            rows.append({"level": level, "targets": len(found), "met": int((found == "met").sum())})
        return Table(rows)

    def __repr__(self) -> str:
        """Return a line a level."""
        lines = []
        for row in self.by_level().to_dict("records"):
            said = f"{row['met']} of {row['targets']} met" if row["targets"] else "empty"
            lines.append(f"{row['level']!s:<17}{said}")
        return "\n".join(lines)


def scorecard(
    given: Any,
    targets: Any,
    replicates: int = 8,
    rng: object = None,
    *,
    networks: object = None,
    agents: Any = None,
    engine: Engine = "compiled",
    threads: int | None = None,
    progress: bool | Progress | None = None,
) -> Scorecard:
    """Hold a scenario or a result against targets.

    Parameters
    ----------
    given : Scenario, preset name, path, mapping or Result
        A result is taken as it is; a scenario is run.
    targets : Targets or sequence of Target
    replicates : int
        Runs of a scenario.
    rng, networks, agents, engine, threads, progress : optional
        As in `koubei_sim.run`, for a scenario.

    Raises
    ------
    KoubeiError
        For statistics that the scenario cannot give.

    Examples
    --------
    >>> users = Target("users", 50.0, 2.0, "users@29", "macro-face")
    >>> card = scorecard("tiny", [users], replicates=2, rng=7)
    >>> card.table()["verdict"].tolist()
    ['empty', 'met', 'empty', 'empty']
    """
    wanted = targets_from(targets)
    if isinstance(given, Result):
        wanted.check(given.scenario)
        rows = [
            [target.of(history, given.scenario, given.key) for target in wanted]
            for history in given.histories
        ]
    else:
        options = options_from(rng, networks, agents, engine, threads, progress)
        scenario = scenario_from("scenario", given, options.own_people)
        wanted.check(scenario)
        number = whole("replicates", replicates, 1)
        simulation = options.simulation(scenario)
        simulation.check_memory(number, kept=False)

        def of(history: History) -> list[float]:
            return [target.of(history, scenario, simulation.key) for target in wanted]

        with Meter(progress, number * scenario.ticks) as meter:
            rows = simulation.each(of, range(number), meter)
    values = np.array(rows, dtype=np.float64)
    return Scorecard(wanted, values, np.full(len(values), 1.0 / len(values)))


def quantiles(values: FloatArray, weights: FloatArray, levels: Any) -> list[float]:
    """Return weighted quantiles: the least value below which a weight of at least `level` lies.

    NaN where no value is finite; values that are not finite are left out.

    Examples
    --------
    >>> quantiles(np.array([3.0, 1.0, 2.0]), np.full(3, 1 / 3), [0.5])
    [2.0]
    """
    finite = np.isfinite(values)
    if not finite.any():
        return [float("nan")] * len(levels)
    order = np.argsort(values[finite], kind="stable")
    ordered, sums = values[finite][order], np.cumsum(weights[finite][order])
    places = np.searchsorted(sums / sums[-1], np.asarray(levels) - 1e-12)
    return [float(ordered[min(int(place), ordered.size - 1)]) for place in places]
