"""`Calibration`: what a fit found, how sure it is, and what it says of points it has not seen.

Made by `calibrate`; people read tables from it and hand it to `plots.calibration`.  Everything that
needs more runs (`predictive`, `holdout`, `scorecard`) makes them when asked, with luck that no run
of the fit has had.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import whole, yes_no
from koubei_sim.errors import KoubeiError
from koubei_sim.looks import Look, wrapped
from koubei_sim.metrics import read_dated
from koubei_sim.model.scenario import Scenario
from koubei_sim.studies.calibration import forecast, luck
from koubei_sim.studies.calibration.abc import Particles
from koubei_sim.studies.calibration.baselines import Fitted
from koubei_sim.studies.calibration.forecast import Predictive, Series
from koubei_sim.studies.calibration.scorecard import Scorecard, quantiles
from koubei_sim.studies.calibration.simulator import Model
from koubei_sim.studies.calibration.targets import Target, Targets, moments_from

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]

#: A parameter counts as identified when its variance has contracted by at least this share.
CONTRACTED: Final = 0.5
#: Standard deviation and width of the middle 90 % of the uniform prior on (0, 1).
_SD, _WIDTH = 1.0 / np.sqrt(12.0), 0.9


class Calibration(Look):
    """A finished calibration.

    Attributes
    ----------
    targets : Targets
        All of them; those held out were not shown to the fit.
    method : str
    generations : list of Particles
        Of the fit, as simulated (not adjusted); empty for ``optuna``.
    particles : Particles
        What `posterior` shows; for ``optuna`` the one best point.
    trials : tuple of arrays, or None
        Shares of the prior and distances, in the order in which ``optuna`` made them.
    simulations : int
        Parameter sets that the fit has simulated.
    """

    def __init__(
        self,
        model: Model,
        targets: Targets,
        method: str,
        generations: list[Particles],
        particles: Particles,
        best_shares: FloatArray,
        simulations: int,
        trials: tuple[FloatArray, FloatArray] | None = None,
        told: forecast.Told | None = None,
    ) -> None:
        self.model, self.targets, self.method = model, targets, method
        self.generations, self.particles, self.trials = generations, particles, trials
        self.simulations = simulations
        self._best_shares, self._told = best_shares, told or forecast.Told()
        self._predictive: dict[int, Predictive] = {}
        self._continued: dict[int, Predictive] = {}

    # The fit --------------------------------------------------------------------------------

    @property
    def best(self) -> dict[str, Any]:
        """The parameter set with the smallest distance among all that were simulated and kept."""
        return {p: v[0] for p, v in self.model.values(self._best_shares[None, :]).items()}

    @property
    def best_shares(self) -> FloatArray:
        """Shares of the prior of `best`, shape [parameters]."""
        return self._best_shares

    def shares_at(self, levels: Any) -> FloatArray:
        """Return quantiles of the posterior as shares of the prior, [parameters, levels]."""
        return np.array(
            [
                quantiles(column, self.particles.weights, levels)
                for column in self.particles.shares.T
            ]
        )

    @property
    def best_scenario(self) -> Scenario:
        """The scenario with the parameters of `best`."""
        return self.model.scenario.changed(self.best, self.model.options.own_people)

    @cached_property
    def posterior(self) -> pd.DataFrame:
        """The weighted particles: a column a path, ``weight`` (adding up to 1), ``distance``.

        Distances are those of the simulated particles, before the regression moved them.

        Raises
        ------
        KoubeiError
            For ``optuna``, which gives one point and no distribution.
        """
        import pandas as pd

        self._need_posterior("posterior")
        columns: dict[str, Any] = dict(self.model.values(self.particles.shares))
        columns["weight"] = self.particles.weights
        columns["distance"] = self.particles.distances
        return pd.DataFrame(columns)

    def _need_posterior(self, what: str) -> None:
        if self.method == "optuna":
            raise KoubeiError(what, "one best point has no posterior", fix='method="abc-smc"')

    def table(self) -> pd.DataFrame:
        """Return the posterior beside the prior, a row a parameter.

        Columns: ``prior_low, prior_high``, ``q05, q50, q95`` of the posterior (for ``optuna`` the
        best value in ``q50`` and nothing in the others), ``best``, ``width`` (of the middle 90 %,
        as a share of the prior's).
        """
        from koubei_sim.looks.frames import Table

        rows = []
        for k, (path, prior) in enumerate(self.model.ranges.items()):
            ends = quantiles(self.particles.shares[:, k], self.particles.weights, (0.05, 0.5, 0.95))
            alone = self.method == "optuna"
            q05, q50, q95 = (prior.at(share) for share in ends)
            rows.append(
                {
                    "parameter": path, "prior_low": prior.low, "prior_high": prior.high,
                    "q05": np.nan if alone else q05, "q50": q50,
                    "q95": np.nan if alone else q95, "best": self.best[path],
                    "width": np.nan if alone else (ends[2] - ends[0]) / _WIDTH,
                }
            )  # fmt: skip
        return Table(rows)

    def correlations(self) -> pd.DataFrame:
        """Return the weighted correlations of the parameters (as shares of their priors)."""
        from koubei_sim.looks.frames import Table

        self._need_posterior("correlations")
        shares, weights = self.particles.shares, self.particles.weights
        centred = shares - weights @ shares
        covariance = (centred * weights[:, None]).T @ centred
        sds = np.sqrt(np.maximum(np.diag(covariance), 1e-300))
        return Table(
            covariance / np.outer(sds, sds), index=self.model.paths, columns=self.model.paths
        )

    def identifiability(self, least: float = CONTRACTED) -> pd.DataFrame:
        """Say what the targets have told about each parameter, and what they have not.

        ``contraction`` is 1 less the ratio of posterior to prior variance (on the scale on which
        the prior is uniform): 0 nothing learnt, 1 known; below 0 where the posterior sits at
        both ends.  ``identified`` where it is at least `least`.  ``with`` names the parameter it
        is most correlated with and ``correlation`` how much: near 1 or -1 only a combination of
        the two is known.  ``at_edge`` is the posterior share in the outer 2 % of the prior: much of
        it means that the range, not the data, has spoken.
        """
        from koubei_sim.looks.frames import Table

        shares, weights = self.particles.shares, self.particles.weights
        found = self.correlations()
        rows = []
        for k, path in enumerate(self.model.paths):
            mean = float(weights @ shares[:, k])
            variance = float(weights @ (shares[:, k] - mean) ** 2)
            contraction = 1.0 - variance / _SD**2
            others = found[path].drop(path)
            partner = str(others.abs().idxmax()) if len(others) else ""
            outer = (shares[:, k] < 0.02) | (shares[:, k] > 0.98)
            rows.append(
                {
                    "parameter": path, "contraction": contraction,
                    "identified": bool(contraction >= least), "with": partner,
                    "correlation": float(others[partner]) if partner else np.nan,
                    "at_edge": float(weights[outer].sum()),
                }
            )  # fmt: skip
        return Table(rows)

    # Beyond the fit ---------------------------------------------------------------------------

    def predictive(self, number: int = 100) -> Predictive:
        """Run the model at draws of the posterior, with fresh luck.

        Parameters
        ----------
        number : int
            Draws, in proportion to the weights (systematic resampling); for ``optuna`` replicates
            of the best point.
        """
        number = whole("number", number, 1)
        if number not in self._predictive:
            shares, _, _ = self._drawn(number, fresh=True)
            self._predictive[number] = Predictive.run(self.model, self.targets, shares)
        return self._predictive[number]

    def _drawn(
        self, number: int, fresh: bool
    ) -> tuple[FloatArray, int | NDArray[np.int64], NDArray[np.int64]]:
        """Return the shares of the prior to run at, the luck of each run, and which run each
        draw is.

        With fresh luck draws of `posterior`; else the accepted runs, each with its own luck.
        """
        stream = 1 if fresh else 2
        share = float(luck.shares(self.model.key, luck.DRAW_PARENT, 0, stream, 1)[0])
        if fresh:
            chosen = luck.evenly(self.particles.weights, number, share)
            return self.particles.shares[chosen], forecast.FIRST_LUCK, np.arange(number)
        last = self.generations[-1]
        runs, places = np.unique(luck.evenly(last.weights, number, share), return_inverse=True)
        return last.shares[runs], last.luck[runs], places

    def forecast(
        self, dates: Any, quantity: str = "users", number: int = 100, *, fresh: bool = False
    ) -> pd.DataFrame:
        """Say what the fitted model foretells for dates or days, without targets on them.

        Parameters
        ----------
        dates : date, ISO text or int, or a list of them
            Dates, or days since the start of the run (0 the first), up to the end of the scenario.
        quantity : str
            What is counted (`metrics.read_dated`): ``users``, ``adopted``, ``members:forum``, ...;
            of a ratio (``online_users/users``) both parts are of the date.
        number : int
            Runs.
        fresh : bool
            Whether in another world: runs with fresh luck, as `predictive`, instead of the accepted
            ones played on (`continued`).  ``optuna`` has these only.

        Returns
        -------
        DataFrame
            Index ``when``; ``median`` and the ends ``low, high`` of 90 % of the runs.

        Raises
        ------
        KoubeiError
            For a date outside the run (with the `ticks` that reach it), or an unknown quantity.
        """
        number, fresh = whole("number", number, 1), yes_no("fresh", fresh)
        fresh = fresh or self.method == "optuna"
        asked = [f"{quantity}@{moment}" for moment in moments_from("dates", dates)]
        if "/" in str(quantity):  # as a measure the date would be that of the second part alone
            asked = [read_dated(text).text for text in asked]
        wanted = self._asked(asked)
        shares, first, places = self._drawn(number, fresh)
        values = self._played(shares, wanted, first)[places]
        return forecast.table_of(wanted, values, fresh)

    def _asked(self, statistics: list[str]) -> Targets:
        """Return statistics that nothing is held against."""
        wanted = Targets([Target(text, 1.0, 1.0, text, "macro-face") for text in statistics])
        wanted.check(self.model.scenario)
        return wanted

    def _played(
        self, shares: FloatArray, wanted: Targets, first: int | NDArray[np.int64]
    ) -> FloatArray:
        return self.model.statistics(shares, wanted, forecast.batch(wanted, shares), first)

    def continued(self, number: int = 100) -> Predictive:
        """Play the accepted runs on to the end of the scenario, each with the luck that it had.

        What comes after the points that were shown depends on how those days went, not on the
        parameters alone: a run that has followed them so far is continued, not begun anew.
        `predictive` answers the other question, what the fitted model would do in another world.

        Parameters
        ----------
        number : int
            Runs, in proportion to the weights of the last generation (not adjusted by
            regression: an adjusted particle has no run to continue).

        Raises
        ------
        KoubeiError
            For ``optuna``, which accepts no runs.
        """
        self._need_posterior("continued")
        number = whole("number", number, 1)
        if number not in self._continued:
            shares, first, places = self._drawn(number, fresh=False)
            found = Predictive.run(self.model, self.targets, shares, first)
            self._continued[number] = found.at(places)
        return self._continued[number]

    def series(self, name: str) -> Series:
        """Return the points of one series, rising in time."""
        found = {s.name: s for s in forecast.series_of(self.targets, self.model.scenario)}
        if name not in found:
            raise KoubeiError("series", "no such series", got=name, allowed=", ".join(found))
        return found[name]

    def baseline_shift(self, name: str) -> float:
        """Return the days from the first point that the baselines saw to day 0 of the run."""
        series = self.series(name)
        return float(forecast.baselines_of(series, self._told)[1][0] - series.days[0])

    def baselines(self) -> dict[str, list[Fitted]]:
        """Return the baselines of each series, fitted to the points that the model was shown."""
        found = forecast.series_of(self.targets, self.model.scenario)
        return {s.name: forecast.baselines_of(s, self._told)[0] for s in found}

    def forecasts(self, number: int = 100) -> pd.DataFrame:
        """Return every point of every series: observed, model, baselines.

        ``model, low, high`` are median and 90 % interval of `continued`, ``fresh, fresh_low,
        fresh_high`` those of `predictive`; ``optuna`` has the latter only.
        """
        import pandas as pd

        kinds = {forecast.FRESH: self.predictive(number)}
        if self.method != "optuna":
            kinds = {forecast.MODEL: self.continued(number), **kinds}
        tables = []
        for series in forecast.series_of(self.targets, self.model.scenario):
            fitted, times = forecast.baselines_of(series, self._told)
            values = {kind: runs.values[:, list(series.places)] for kind, runs in kinds.items()}
            tables.append(forecast.forecasts(series, fitted, times, values))
        if not tables:
            raise KoubeiError("forecasts", "no series among the targets", fix="Targets.series")
        return pd.concat(tables, ignore_index=True)

    def passages(self, number: int = 100) -> pd.DataFrame:
        """Return by how many days each forecast passes each count late (+) or early (-).

        See `forecast.passages`: announced counts are first passages, and the day is what was
        observed.  ``model`` and ``fresh`` are those of the median, with intervals of the runs.
        """
        import pandas as pd

        kinds = {forecast.FRESH: self.predictive(number)}
        if self.method != "optuna":
            kinds = {forecast.MODEL: self.continued(number), **kinds}
        tables = []
        for series in forecast.series_of(self.targets, self.model.scenario):
            fitted, times = forecast.baselines_of(series, self._told)
            curves = {kind: runs.curves[series.name] for kind, runs in kinds.items()}
            tables.append(forecast.passages(series, fitted, times, curves))
        if not tables:
            raise KoubeiError("passages", "no series among the targets", fix="Targets.series")
        return pd.concat(tables, ignore_index=True)

    def holdout(self, number: int = 100) -> pd.DataFrame:
        """Return the errors of the model and of each baseline on the points held out, best first.

        See `forecast.errors` for the columns; ``series`` comes first.

        Raises
        ------
        KoubeiError
            When nothing was held out.
        """
        import pandas as pd

        from koubei_sim.looks.frames import Table

        if not self.targets.held_out:
            raise KoubeiError(
                "holdout", "nothing was held out", fix="Targets.series(.., hold_out_after=)"
            )
        table, late = self.forecasts(number), self.passages(number)
        tables = []
        for name, fitted in self.baselines().items():
            part, days = (one[one["series"] == name] for one in (table, late))
            if (part["use"] == "held out").any():
                found = forecast.errors(part, fitted, len(self.model.paths), days)
                found.insert(0, "series", name)
                tables.append(found)
        if not tables:
            raise KoubeiError("holdout", "the points held out belong to no series")
        shown = ["series", "forecast", "points", "error", "percent", "bias", "coverage"]
        return Table(pd.concat(tables, ignore_index=True)).told(shown)

    def scorecard(self, number: int = 100) -> Scorecard:
        """Return the targets beside the posterior predictive runs, by level of validity."""
        runs = self.predictive(number)
        return Scorecard(self.targets, runs.values, runs.weights)

    def __repr__(self) -> str:
        """Return a few lines: method, size, and what is known of each parameter."""
        lines = [
            f"<Calibration {self.model.scenario.name}: {self.method}, "
            f"{self.simulations:,} simulated, distance {self.particles.distances.min():.3g}"
        ]
        if self.method != "optuna":
            lines[0] += (
                f" to {self.particles.tolerance:.3g}, "
                f"{self.particles.effective:.0f} effective particles"
            )
        for row in self.table().itertuples():
            ends = "" if self.method == "optuna" else f"  ({row.q05:.4g} .. {row.q95:.4g})"
            lines.append(f"  {row.parameter} {row.q50:.4g}{ends}")
        return wrapped("\n".join(lines) + ">")
