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

from koubei_sim.metrics import days_of, read_dated
from koubei_sim.model.scenario import Scenario
from koubei_sim.studies.calibration.baselines import Fitted, fit_baselines
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


def baselines_of(
    series: Series, origin: tuple[float, float] | None, gap: float | None
) -> tuple[list[Fitted], FloatArray]:
    """Return the baselines fitted to the seen points of a series, and the times of all its points.

    Parameters
    ----------
    series : Series
    origin : (day, count) or None
        An earlier point that the baselines see and the model does not (the model starts later).
    gap : float or None
        See `fit_baselines`.
    """
    days, counts = series.days[series.seen], series.counts[series.seen]
    if origin is not None:
        days, counts = np.append(origin[0], days), np.append(origin[1], counts)
    if days.size < 2 or not (counts > 0).all():
        return [], series.days
    start = days[0]
    return fit_baselines(days - start, counts, gap), series.days - start


def forecasts(
    series: Series, fitted: list[Fitted], times: FloatArray, values: dict[str, FloatArray]
) -> pd.DataFrame:
    """Return one row a point: observed, model with a 90 % interval, each baseline.

    Parameters
    ----------
    values : dict of str to array, shape [runs, points]
        `MODEL` or `FRESH` -> statistics of runs, equally weighted.
    """
    import pandas as pd

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
    return pd.DataFrame(rows)


def errors(table: pd.DataFrame, fitted: list[Fitted], parameters: int) -> pd.DataFrame:
    """Return the errors of model and baselines on the points that were held out, best first.

    Columns: ``forecast, title, parameters, points, freedom`` (points less parameters less points
    passed through), ``fitted_error`` and ``error`` (root mean square of log10(forecast /
    observed) on the points seen and on those held out), ``percent`` (mean absolute percentage
    error), ``bias`` (mean log10 ratio), ``coverage`` (share of held-out points inside the model's
    90 % interval; baselines give none), ``note``.  Rows that could not be fitted come last.
    """
    import pandas as pd

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
    order = ["forecast", "title", "parameters", "points", "freedom", "fitted_error", "error"]
    found = pd.DataFrame(rows, columns=[*order, "percent", "bias", "coverage", "note"])
    return found.sort_values("error", kind="stable", na_position="last").reset_index(drop=True)


def _rms(logs: FloatArray) -> float:
    return float(np.sqrt(np.mean(logs**2))) if logs.size else float("nan")


#: Days of a run at which curves are kept, evenly from the first to the last.
CURVE_DAYS: Final = 60
#: Particles before those of predictive runs: more than any fit has, so that no luck is used twice.
FIRST_LUCK: Final = 10**9


class Predictive:
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
        # What names the journal: who is run, and what is asked of them.
        said = "|".join(str(entry.statistic) for entry in wanted).encode() + shares.tobytes()
        kind = "continued" if isinstance(first_luck, np.ndarray) else "predictive"
        name = f"{kind}-{hashlib.sha256(said).hexdigest()[:12]}"
        values = model.statistics(shares, wanted, name, first_luck)
        curves = {}
        for k, series in enumerate(found):
            start = len(targets) + k * days.size
            curves[series.name] = (days.astype(float), values[:, start : start + days.size])
        return cls(targets, shares, values[:, : len(targets)], curves)

    def at(self, runs: NDArray[np.int64]) -> Predictive:
        """Return some of the runs, one perhaps several times."""
        curves = {name: (days, counts[runs]) for name, (days, counts) in self.curves.items()}
        return Predictive(self.targets, self.shares[runs], self.values[runs], curves)

    def table(self) -> pd.DataFrame:
        """Return the statistics, one row a run and one column a target."""
        import pandas as pd

        return pd.DataFrame(self.values, columns=[target.name for target in self.targets])
