"""Points that a fit has not seen: what the model and the baselines say of them, and how far off.

A *series* is targets of one quantity on single days.  `forecasts` tabulates it point by point,
`errors` sums it up for the points kept from the fit.  `Predictive` is the model at draws of the
posterior, on all days, with fresh luck: a model is checked by data that it would itself have made
(Box 1980, J. R. Statist. Soc. A 143:383-430; Gelman, Meng and Stern 1996, Statistica Sinica
6:733-807).  Called by `calibration`.
"""

from __future__ import annotations

import datetime
import hashlib
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.looks import Look
from koubei_sim.metrics import days_of, read_dated
from koubei_sim.model.scenario import Scenario
from koubei_sim.studies.calibration.baselines import Beside, Fitted, fit_baselines
from koubei_sim.studies.calibration.scorecard import quantiles
from koubei_sim.studies.calibration.simulator import Model
from koubei_sim.studies.calibration.targets import Target, Targets

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]

#: The model's rows in tables beside those of the baselines: accepted runs continued, and runs
#: begun anew with fresh luck.
MODEL, FRESH = "model", "fresh"
TITLES: Final = {MODEL: "model", FRESH: "model, fresh luck"}
_ENDS: Final = {MODEL: ("low", "high"), FRESH: ("fresh_low", "fresh_high")}


class Series(NamedTuple):
    """The points of one quantity, rising in time.

    Attributes
    ----------
    name, quantity : str
    days : array, shape [points]
        Days since the start of the run.
    moments : list of str
        As dates where the scenario has them.
    counts : array, shape [points]
    seen : array of bool
        Whether a fit may see the point.
    held : array of bool
        Whether it was held out (a point of weight 0 is neither).
    places : tuple of int
        Numbers of the targets.
    """

    name: str
    quantity: str
    days: FloatArray
    moments: list[str]
    counts: FloatArray
    seen: NDArray[np.bool_]
    held: NDArray[np.bool_]
    places: tuple[int, ...]


def series_of(targets: Targets, scenario: Scenario) -> list[Series]:
    """Return the series among targets, each with two points or more."""
    groups: dict[str, list[tuple[float, int, Target]]] = {}
    for place, target in enumerate(targets):
        if not target.dated:
            continue
        dated = read_dated(str(target.statistic))
        if dated.last is not None:
            continue
        day = days_of(dated, scenario)[0]
        what = str(target.statistic).rpartition("@")[0]
        groups.setdefault(target.series or what, []).append((float(day), place, target))
    found = []
    for name, entries in groups.items():
        entries = sorted(entries, key=lambda entry: entry[0])
        if len(entries) < 2:
            continue
        days = np.array([day for day, _, _ in entries])
        found.append(
            Series(
                name,
                str(entries[0][2].statistic).rpartition("@")[0],
                days,
                [moment(scenario, int(day)) for day in days],
                np.array([target.value for _, _, target in entries]),
                np.array([not target.hold_out and target.weight > 0 for _, _, target in entries]),
                np.array([target.hold_out for _, _, target in entries]),
                tuple(place for _, place, _ in entries),
            )
        )
    return found


def moment(scenario: Scenario, day: int) -> str:
    """Return the date of a day of the run, or its number where there are no dates."""
    if scenario.start_date is None:
        return str(day)
    return (scenario.start_date + datetime.timedelta(days=day)).isoformat()


class Told(NamedTuple):
    """What the baselines are told and the model is not.

    Attributes
    ----------
    origin : (day, count) or None
        An earlier point (the model starts later).
    gap : float or None
        Days between two waves.
    beside : Beside or None
        Another series, in days since the start of the run.
    """

    origin: tuple[float, float] | None = None
    gap: float | None = None
    beside: Beside | None = None


def baselines_of(series: Series, told: Told) -> tuple[list[Fitted], FloatArray]:
    """Return the baselines fitted to the seen points of a series, and the times of all its points.

    Parameters
    ----------
    series : Series
    told : Told
    """
    days, counts = series.days[series.seen], series.counts[series.seen]
    if told.origin is not None:
        days, counts = np.append(told.origin[0], days), np.append(told.origin[1], counts)
    if days.size < 2 or not (counts > 0).all():
        return [], series.days
    start = days[0]
    beside = told.beside
    if beside is not None:
        beside = beside._replace(times=beside.times - start)
    return fit_baselines(days - start, counts, told.gap, beside=beside), series.days - start


def forecasts(
    series: Series, fitted: list[Fitted], times: FloatArray, values: dict[str, FloatArray]
) -> pd.DataFrame:
    """Return one row a point: observed, model with a 90 % interval, each baseline.

    Parameters
    ----------
    values : dict of str to array, shape [runs, points]
        `MODEL` or `FRESH` -> statistics of runs, equally weighted.
    """
    from koubei_sim.looks.frames import Table

    rows = []
    for k, when in enumerate(series.moments):
        row: dict[str, Any] = {
            "series": series.name,
            "when": when,
            "use": "fitted" if series.seen[k] else "held out" if series.held[k] else "not fitted",
            "observed": series.counts[k],
        }
        for kind, runs in values.items():
            equal = np.full(len(runs), 1.0 / len(runs))
            ends = quantiles(runs[:, k], equal, (0.05, 0.5, 0.95))
            row |= dict(zip((_ENDS[kind][0], kind, _ENDS[kind][1]), ends))
        for fit in fitted:
            row[fit.name] = np.nan if fit.curve is None else float(fit.curve(times[k : k + 1])[0])
        rows.append(row)
    return Table(rows)


#: A day is near that of an announcement within so many days.
NEAR_DAYS: Final = 30.0
#: Days after the last point within which a curve is followed for the day it passes a count.
FOLLOWED: Final = 3_650


def passages(
    series: Series,
    fitted: list[Fitted],
    times: FloatArray,
    curves: dict[str, tuple[FloatArray, FloatArray]],
) -> pd.DataFrame:
    """Return by how many days each forecast passes each count late (+) or early (-).

    An announced count is a first passage: the count was chosen, the day is what was observed.

    Parameters
    ----------
    fitted, times
        From `baselines_of`.
    curves : dict of str to (days, counts [runs, days])
        `MODEL` or `FRESH` -> curves of runs on days of the run; the passage of their median is
        taken, and for its interval those of the runs.

    Returns
    -------
    DataFrame
        One row a point: ``series, when, use, observed``, then days of each forecast; ``inf`` where
        it never passes the count (a run: not by its last day).
    """
    from koubei_sim.looks.frames import Table

    start = float(series.days[0] - times[0])
    rows = []
    for k, when in enumerate(series.moments):
        count, announced = float(series.counts[k]), float(series.days[k])
        row: dict[str, Any] = {
            "series": series.name,
            "when": when,
            "use": "fitted" if series.seen[k] else "held out" if series.held[k] else "not fitted",
            "observed": count,
        }
        for kind, (days, counts) in curves.items():
            low, high = _ENDS[kind]
            every = np.array([first_passage(days, run, count) for run in counts]) - announced
            # The runs are a sample: quantiles of what they did, never of what lies between.
            row[low], row[high] = np.quantile(every, (0.05, 0.95), method="inverted_cdf")
            row[kind] = first_passage(days, np.median(counts, axis=0), count) - announced
        for fit in fitted:
            row[fit.name] = np.nan
            if fit.curve is not None:
                grid = np.arange(0.0, float(times[-1]) + FOLLOWED)
                row[fit.name] = first_passage(grid + start, fit.curve(grid), count) - announced
        rows.append(row)
    return Table(rows)


def first_passage(days: FloatArray, counts: FloatArray, count: float) -> float:
    """Return the day on which a curve first reaches a count, ``inf`` where it never does.

    Linear between the days given; NaN in the curve is nothing known.

    Examples
    --------
    >>> first_passage(np.array([0.0, 10.0, 20.0]), np.array([0.0, 5.0, 4.0]), 4.0)
    8.0
    """
    known = np.isfinite(counts)
    days, counts = days[known], counts[known]
    above = np.flatnonzero(counts >= count)
    if not above.size:
        return float("inf")
    at = int(above[0])
    if at == 0:
        return float(days[0])
    share = (count - counts[at - 1]) / (counts[at] - counts[at - 1])
    return float(days[at - 1] + share * (days[at] - days[at - 1]))


def errors(
    table: pd.DataFrame, fitted: list[Fitted], parameters: int, late: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return the errors of model and baselines on the points that were held out, best first.

    Columns: ``forecast, title, parameters, points, freedom`` (points less parameters less points
    passed through), ``fitted_error`` and ``error`` (root mean square of log10(forecast /
    observed) on the points seen and on those held out), ``percent`` (mean absolute percentage
    error), ``bias`` (mean log10 ratio), ``coverage`` (share of held-out points inside the model's
    90 % interval; baselines give none), ``days`` (mean absolute distance in days between the day
    of a count and the day that the forecast passes it, ``inf`` where it never does) and
    ``near_days`` (share of them within `NEAR_DAYS`), ``note``.  Rows that could not be fitted come
    last.

    Parameters
    ----------
    table : DataFrame
        From `forecasts`.
    fitted : list of Fitted
    parameters : int
        Of the model.
    late : DataFrame, optional
        From `passages`, the same points; without it errors in days are NaN.
    """
    from koubei_sim.looks.frames import Table

    seen, held = table["use"] == "fitted", table["use"] == "held out"
    points = int(seen.sum())
    rows = []
    for kind, (low, high) in _ENDS.items():
        if kind in table:
            inside = (table[low] <= table["observed"]) & (table["observed"] <= table[high])
            rows.append(
                {
                    "forecast": kind, "title": TITLES[kind], "parameters": parameters,
                    "points": points, "freedom": points - parameters, "note": "",
                    "coverage": float(inside[held].mean()),
                }
            )  # fmt: skip
    for fit in fitted:
        rows.append(
            {
                "forecast": fit.name, "title": fit.title, "parameters": len(fit.parameters),
                "points": fit.points, "freedom": fit.freedom, "note": fit.note,
                "coverage": float("nan"),
            }
        )  # fmt: skip
    for row in rows:
        ratio = (table[str(row["forecast"])] / table["observed"]).to_numpy(dtype=np.float64)
        later = held.to_numpy()
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log10(ratio)
        row["fitted_error"] = _rms(logs[seen])
        row["error"] = _rms(logs[later])
        row["percent"] = float(100.0 * np.mean(np.abs(ratio[later] - 1.0)))
        row["bias"] = float(np.mean(logs[later]))
        row["days"] = row["near_days"] = float("nan")
        if late is not None and np.isfinite(ratio[later]).all():
            gaps = np.abs(late[str(row["forecast"])].to_numpy(dtype=np.float64)[later])
            row["days"], row["near_days"] = float(gaps.mean()), float((gaps <= NEAR_DAYS).mean())
    order = ["forecast", "title", "parameters", "points", "freedom", "fitted_error", "error"]
    found = Table(rows, columns=[*order, "percent", "bias", "coverage", *_IN_DAYS, "note"])
    return found.sort_values("error", kind="stable", na_position="last").reset_index(drop=True)


_IN_DAYS: Final = ("days", "near_days")


def _rms(logs: FloatArray) -> float:
    return float(np.sqrt(np.mean(logs**2))) if logs.size else float("nan")


def batch(wanted: Targets, shares: FloatArray, kind: str = "forecast") -> str:
    """Return the name of a journal: who is run, and what is asked of them."""
    said = "|".join(entry.said for entry in wanted).encode() + shares.tobytes()
    return f"{kind}-{hashlib.sha256(said).hexdigest()[:12]}"


def table_of(wanted: Targets, values: FloatArray, fresh: bool) -> pd.DataFrame:
    """Return a row a moment: median and 90 % interval of runs, [runs, moments]."""
    import pandas as pd

    from koubei_sim.looks.frames import Table

    equal = np.full(len(values), 1.0 / len(values))
    rows = [quantiles(column, equal, (0.5, 0.05, 0.95)) for column in values.T]
    texts = [str(entry.statistic).rpartition("@") for entry in wanted]
    when = pd.Index([moment for _, _, moment in texts], name="when")
    kind = "runs with fresh luck" if fresh else "accepted runs, played on"
    note = f"{texts[0][0]}: median and 90 % of {len(values)} {kind}"
    return Table(rows, index=when, columns=["median", "low", "high"]).told(note=note)


#: Days of a run at which curves are kept, evenly from the first to the last.
CURVE_DAYS: Final = 60
#: Particles before those of predictive runs: more than any fit has, so that no luck is used twice.
FIRST_LUCK: Final = 10**9


class Predictive(Look):
    """Runs at draws of a posterior.

    Attributes
    ----------
    targets : Targets
    shares : array, shape [runs, parameters]
        Shares of the prior at which was run.
    values : array, shape [runs, targets]
        Statistics, also of the targets that were held out.
    weights : array, shape [runs]
        Equal: draws were taken in proportion.
    curves : dict of str to (days, counts)
        Series -> days, shape [days], and counts, shape [runs, days].
    """

    def __init__(
        self,
        targets: Targets,
        shares: FloatArray,
        values: FloatArray,
        curves: dict[str, tuple[FloatArray, FloatArray]],
    ) -> None:
        self.targets, self.shares, self.values, self.curves = targets, shares, values, curves
        self.weights = np.full(len(values), 1.0 / len(values))

    @classmethod
    def run(
        cls,
        model: Model,
        targets: Targets,
        shares: FloatArray,
        first_luck: int | NDArray[np.int64] = FIRST_LUCK,
    ) -> Predictive:
        """Run the model at given shares of the prior, with fresh luck or with that of a fit."""
        found = series_of(targets, model.scenario)
        days = np.unique(np.linspace(0, model.scenario.ticks - 1, CURVE_DAYS).astype(int))
        extra = [
            Target(f"{series.name}\n{day}", 1.0, 1.0, f"{series.quantity}@{day}", "macro-face")
            for series in found
            for day in days
        ]
        wanted = Targets([*targets, *extra])
        kind = "continued" if isinstance(first_luck, np.ndarray) else "predictive"
        values = model.statistics(shares, wanted, batch(wanted, shares, kind), first_luck)
        curves = {}
        for k, series in enumerate(found):
            start = len(targets) + k * days.size
            curves[series.name] = (days.astype(float), values[:, start : start + days.size])
        return cls(targets, shares, values[:, : len(targets)], curves)

    def at(self, runs: NDArray[np.int64]) -> Predictive:
        """Return some of the runs, one perhaps several times."""
        curves = {name: (days, counts[runs]) for name, (days, counts) in self.curves.items()}
        return Predictive(self.targets, self.shares[runs], self.values[runs], curves)

    def summary(self) -> pd.DataFrame:
        """Return one row a target: what was observed, and what the runs say with 90 % intervals.

        Index ``target``; ``observed``, ``use`` (fitted, held out, not fitted), median ``model``,
        ``low``, ``high``, and whether the observed value is ``inside``.
        """
        from koubei_sim.looks.frames import Table

        rows = {}
        for target, column in zip(self.targets, self.values.T, strict=True):
            low, middle, high = quantiles(column, self.weights, (0.05, 0.5, 0.95))
            use = "held out" if target.hold_out else "fitted" if target.weight > 0 else "not fitted"
            rows[target.name] = {
                "observed": target.value, "use": use, "model": middle, "low": low, "high": high,
                "inside": bool(low <= target.value <= high),
            }  # fmt: skip
        return Table.from_dict(rows, orient="index").rename_axis("target")

    def _shown(self) -> pd.DataFrame:
        return self.summary()

    def __repr__(self) -> str:
        """Return how many runs, and the table of `summary`."""
        return f"Predictive: {len(self.values)} runs at draws of the posterior\n{self.summary()!r}"

    def table(self) -> pd.DataFrame:
        """Return the statistics, one row a run and one column a target."""
        import pandas as pd

        return pd.DataFrame(self.values, columns=[target.name for target in self.targets])
