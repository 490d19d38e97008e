"""`fit_rule`: numbers of any rule of cascades, on any network, from a few observed numbers.

The methods of `calibrate` (sequential Monte Carlo and rejection, `abc`) and synthetic likelihood
(`synthetic`), with the same targets, resuming, tables, identifiability and predictive runs.
Returns a `RuleCalibration`.  Called by people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from koubei_sim._version import __version__
from koubei_sim.cascades import cascade
from koubei_sim.cascades.rules.base import Rule
from koubei_sim.checks import Naming, number, whole, word, yes_no
from koubei_sim.checks import number as number_
from koubei_sim.core.draws import key_from
from koubei_sim.errors import KoubeiError
from koubei_sim.looks import wrapped
from koubei_sim.networks import Network, TemporalNetwork, as_network
from koubei_sim.studies.calibration import abc, luck
from koubei_sim.studies.calibration.abc import Particles
from koubei_sim.studies.calibration.calibrate import (
    BatchMeter,
    Tell,
    draw_posterior,
    keep_plan,
    stored_plan,
)
from koubei_sim.studies.calibration.calibration import Calibration
from koubei_sim.studies.calibration.forecast import Predictive, table_of
from koubei_sim.studies.calibration.rule_model import RuleModel, rule_ranges
from koubei_sim.studies.calibration.rule_targets import (
    BY_TIME,
    RuleTarget,
    parse,
    rule_targets_from,
)
from koubei_sim.studies.calibration.synthetic import Walked, walk
from koubei_sim.studies.calibration.targets import Targets, check_told
from koubei_sim.studies.sweep.engine import execution_from

if TYPE_CHECKING:
    import pandas as pd

METHODS: Final = ("abc-smc", "abc", "synthetic")
REPLICATES: Final = {"abc-smc": 1, "abc": 1, "synthetic": 50}
PILOT: Final = 5  # one point in so many of a synthetic likelihood is drawn from the prior


class RuleCalibration(Calibration):
    """A fit of the numbers of a rule; see `Calibration` for what it shares.

    Attributes
    ----------
    walked : Walked or None
        The chains of a synthetic likelihood.
    """

    model: Any

    def __init__(self, *parts: Any, walked: Walked | None = None) -> None:
        super().__init__(*parts)
        self.walked = walked

    @property
    def best_rule(self) -> Rule:
        """The rule with the numbers of `best`."""
        found: Rule = self.model.rule_at(self.best)
        return found

    def rules(self, number: int = 100) -> list[Rule]:
        """Return rules with draws of the posterior, in proportion to the weights."""
        number = whole("number", number, 1)
        share = float(luck.shares(self.model.key, luck.DRAW_PARENT, 0, 3, 1)[0])
        chosen = luck.evenly(self.particles.weights, number, share)
        columns = self.model.values(self.particles.shares[chosen])
        return [
            self.model.rule_at({name: each[k] for name, each in columns.items()})
            for k in range(number)
        ]

    def table(self) -> pd.DataFrame:
        """Return the posterior beside the prior, as `Calibration.table`, with 95 % intervals.

        ``q025, q975`` stand beside the columns of `Calibration.table`; for a synthetic likelihood
        also ``rhat``, near 1 where the chains agree.
        """
        found = super().table()
        for name, level in (("q025", 0.025), ("q975", 0.975)):
            ends = self.shares_at((level,))[:, 0]
            found[name] = [own.at(s) for own, s in zip(self.model.ranges.values(), ends)]
        if self.walked is not None:
            found["rhat"] = self.walked.rhat()
        return found

    def predictive(self, number: int = 100) -> Predictive:
        """Run the rule at draws of the posterior, with fresh luck."""
        number = whole("number", number, 1)
        if number not in self._predictive:
            shares, first, _ = self._drawn(number, fresh=True)
            one = replace(self.model, replicates=1)
            values = one.statistics(shares, self.targets, "predictive", first)
            self._predictive[number] = Predictive(self.targets, shares, values, {})
        return self._predictive[number]

    def forecast(
        self, dates: Any, quantity: str = "size", number: int = 100, *, fresh: bool = True
    ) -> pd.DataFrame:
        """Say what the fitted rule foretells for points of time, without targets on them.

        Parameters
        ----------
        dates : number, or a list of them
            Times of the rule (steps), up to the horizon of the fit.
        quantity : {"size", "share"}
            People active by then, or their share.
        number : int
            Draws of the posterior, each run once.
        fresh : bool
            Only True: runs of rules are not played on.

        Returns
        -------
        DataFrame
            As in `Calibration.forecast`.
        """
        number = whole("number", number, 1)
        if not yes_no("fresh", fresh):
            raise self._scenarios_only("fresh=False")
        quantity = word("quantity", quantity, BY_TIME)
        times = [dates] if np.ndim(dates) == 0 else list(dates)
        found = sorted({number_("dates", time, 0.0) for time in times})
        if not found:
            raise KoubeiError("dates", "none given", allowed="times of the rule")
        wanted = self._asked([f"{quantity}@{time:g}" for time in found])
        shares, first, _ = self._drawn(number, fresh=True)
        return table_of(wanted, self._played(shares, wanted, first), fresh=True)

    def _asked(self, statistics: list[str]) -> Targets:
        wanted = Targets([RuleTarget(text, 1.0, 1.0, text) for text in statistics])
        horizon = self.model.options.get("horizon")
        if horizon is not None:
            _within(wanted, float(horizon))
        own = self.model
        _tried(own.network, own.rule, own.seed_agents, wanted, own.key, own.options)
        return wanted

    def _played(self, shares: Any, wanted: Targets, first: Any) -> Any:
        return replace(self.model, replicates=1).statistics(shares, wanted, "forecast", first)

    def _scenarios_only(self, what: str) -> KoubeiError:
        return KoubeiError(what, "for fits of scenarios, not of rules", fix="predictive()")

    @property
    def best_scenario(self) -> Any:
        """Refused: a rule has no scenario; see `best_rule`."""
        raise KoubeiError("best_scenario", "a rule has no scenario", fix="best_rule")

    def continued(self, number: int = 100) -> Predictive:
        """Refused: runs of rules are not played on."""
        raise self._scenarios_only("continued")

    def series(self, name: str) -> Any:
        """Refused: targets of rules are no series."""
        raise self._scenarios_only("series")

    def baselines(self) -> Any:
        """Refused: targets of rules are no series."""
        raise self._scenarios_only("baselines")

    def forecasts(self, number: int = 100) -> Any:
        """Refused: targets of rules are no series."""
        raise self._scenarios_only("forecasts")

    def holdout(self, number: int = 100) -> pd.DataFrame:
        """Return the targets that were held out, beside the predictive runs (`scorecard`)."""
        if not self.targets.held_out:
            raise KoubeiError(
                "holdout", "nothing was held out", fix="RuleTarget(.., hold_out=True)"
            )
        found = self.scorecard(number).table()
        return found[found["use"] == "held out"].reset_index(drop=True)

    def __repr__(self) -> str:
        """Return a few lines: method, size, and what is known of each number."""
        lines = [
            f"<RuleCalibration {type(self.model.rule).__name__}: {self.method}, "
            f"{self.simulations:,} simulated, {self.particles.effective:.0f} effective particles"
        ]
        for row in self.table().itertuples():
            lines.append(f"  {row.parameter} {row.q50:.4g}  ({row.q025:.4g} .. {row.q975:.4g})")
        return wrapped("\n".join(lines) + ">")


def fit_rule(
    network: Any,
    rule: Rule,
    seed_agents: Any,
    targets: Any,
    parameters: Mapping[str, Any],
    *,
    method: Literal["abc-smc", "abc", "synthetic"] = "abc-smc",
    horizon: float | None = None,
    tick: float | None = None,
    particles: int = 200,
    simulations: int = 4_000,
    generations: int = 5,
    quantile: float = 0.5,
    replicates: int | None = None,
    chains: int = 4,
    adjust: bool = True,
    by: Naming = "label",
    rng: object = None,
    out: str | Path | None = None,
    threads: int | None = None,
    progress: bool | Tell | None = None,
) -> RuleCalibration:
    """Fit numbers of a rule of cascades to targets, on any network.

    Parameters
    ----------
    network, rule, seed_agents, horizon, tick, by, threads
        As in `cascade`; seeds are the same people in all runs, or `RandomSeeds`.
    targets : RuleTarget or a sequence of them
        Those with ``hold_out`` or weight 0 are not shown to the fit.
    parameters : mapping of str to range
        The prior of each number: ``(low, high)``, ``(low, high, "log")`` or `Range`.  Which numbers
        a rule has: ``rule.per_replicate``.
    method : {"abc-smc", "abc", "synthetic"}
        Sequential Monte Carlo, rejection, or synthetic likelihood with a walk (Wood 2010).
    particles : int
        Particles of the posterior (ABC).
    simulations : int
        Points simulated at most; for ``synthetic`` a fifth of them are drawn from the prior, the
        others are steps of all chains.
    generations, quantile : int, float
        As in `calibrate`.
    replicates : int, optional
        Runs of each point: 1 for ABC (averaged), 50 for ``synthetic`` (at least targets + 2).
    chains : int
        Of a synthetic likelihood.
    adjust : bool
        Regression adjustment of ABC.
    rng : int, SeedSequence or Generator, optional
    out : path, optional
        Folder; the same call again goes on where it was.
    progress : bool or callable, optional

    Returns
    -------
    RuleCalibration

    Raises
    ------
    KoubeiError
        For whatever is wrong with the arguments, before anything runs.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> ring = kb.networks.ring(200, k=4)
    >>> seen = kb.studies.RuleTarget("adopters by 10", 80, 0.1, "size@10")
    >>> found = fit_rule(
    ...     ring, kb.Bass(0.01, 0.3, dt=1.0), [], [seen], {"q": (0.05, 1.0)},
    ...     method="abc", particles=20, simulations=100, horizon=10, rng=7, threads=1,
    ... )  # fmt: skip
    >>> found.posterior.shape
    (20, 3)
    """
    graph = network if isinstance(network, (Network, TemporalNetwork)) else as_network(network)
    if not isinstance(rule, Rule):
        raise KoubeiError("rule", "not a rule", got=type(rule).__name__)
    wanted = rule_targets_from(targets)
    if all(entry.hold_out or not entry.weight for entry in wanted):
        raise KoubeiError("targets", "all are held out or without weight: nothing to fit")
    if horizon is not None:
        _within(wanted, number("horizon", horizon))
    seen = wanted.seen
    prior = rule_ranges(rule, parameters)
    word("method", method, METHODS)
    yes_no("adjust", adjust)
    quantile = number("quantile", quantile, 0.0, 1.0)
    if not 0.0 < quantile < 1.0:
        raise KoubeiError("quantile", "out of range", got=quantile, allowed="between 0 and 1")
    sizes = tuple(
        whole(name, value, 1)
        for name, value in (
            ("particles", particles), ("simulations", simulations), ("generations", generations),
            ("chains", chains),
        )
    )  # fmt: skip
    particles, simulations, generations, chains = sizes
    runs = REPLICATES[method] if replicates is None else whole("replicates", replicates, 1)
    if method == "synthetic":
        least = len(seen) + 2
        if runs < least:
            raise KoubeiError("replicates", "too few for a covariance", got=runs,
                              allowed=f"{least} or more")  # fmt: skip
        if simulations < 20 * chains:
            raise KoubeiError("simulations", "too few for a walk", got=simulations,
                              allowed=f"{20 * chains} or more")  # fmt: skip
    elif simulations < particles:
        raise KoubeiError("simulations", "fewer than particles", got=simulations,
                          allowed=f"{particles} or more")  # fmt: skip
    execution = execution_from(out, None, None, None, threads, progress)
    options = {"horizon": horizon, "tick": tick, "by": by, "threads": threads}
    key = _tried(graph, rule, seed_agents, wanted, key_from(rng), options)
    folder = execution.out
    check_told(wanted, folder)
    stored = stored_plan(folder)
    if rng is None and stored:
        key = int(stored["key"])
    model = RuleModel(graph, rule, seed_agents, prior, key, runs, options, folder)
    plan = {
        "version": __version__, "method": method, "key": key, "what": "rule",
        "particles": particles, "simulations": simulations, "generations": generations,
        "quantile": quantile, "replicates": runs, "chains": chains, "runs": model.mark,
        "ranges": {name: repr(found) for name, found in prior.items()},
        "targets": [
            [t.name, t.value, t.tolerance, t.said, t.weight, t.log] for t in seen
        ],
    }  # fmt: skip
    keep_plan(folder, plan, stored)
    with BatchMeter(progress) as tell:
        fitting = replace(model, tell=tell)
        if method == "synthetic":
            return _walked(fitting, model, wanted, seen, (simulations, chains))
        fitted = draw_posterior(
            fitting, seen, method, (particles, simulations, generations, quantile)
        )
    generation, last, best, simulated, _ = fitted
    last = abc.adjusted(last) if adjust else last
    return RuleCalibration(model, wanted, method, generation, last, best, simulated)


def _within(targets: Targets, horizon: float) -> None:
    """Refuse statistics of a time that no run reaches."""
    for entry in targets:
        if isinstance(entry, RuleTarget) and isinstance(entry.statistic, str):
            _, when = parse("statistic", entry.statistic)
            if isinstance(when, float) and when > horizon:
                raise KoubeiError(
                    f"targets.{entry.name}.statistic", "later than the horizon",
                    got=entry.statistic, allowed=f"up to {horizon:g}",
                )  # fmt: skip


def _tried(
    graph: Any, rule: Rule, seeds: Any, targets: Targets, key: int, options: Mapping[str, Any]
) -> int:
    """Run two replicates, so that what does not fit is refused before the fit; return the key."""
    entries = [entry for entry in targets if isinstance(entry, RuleTarget)]
    record: Any = sorted({name for entry in entries for name in entry.record})
    found = cascade(graph, rule, seeds, 2, key, record=record, **options)
    loose = found.asked is None and not found.steps and getattr(rule, "dt", None) is None
    if loose and any(entry.needs_curve for entry in entries):
        raise KoubeiError(
            "tick", "missing: statistics by time need bins that are the same in all runs",
            fix="tick=0.5",
        )  # fmt: skip
    made: dict[int, Any] = {}
    for entry in entries:
        entry.of_runs(found, made)
    return key


def _walked(
    fitting: RuleModel, model: RuleModel, wanted: Targets, seen: Targets, sizes: tuple[int, int]
) -> RuleCalibration:
    """Draw the posterior of a synthetic likelihood."""
    simulations, chains = sizes
    pilot = max(chains, simulations // PILOT)
    steps = (simulations - pilot) // chains
    entries = list(seen)
    observed = np.array([float(entry.scaled(entry.value)) for entry in entries])
    units = np.array(
        [np.log1p(entry.tolerance) if entry.log else entry.tolerance for entry in entries]
    )

    def simulate(shares: Any, name: str, first: int) -> Any:
        values = fitting.each(shares, seen, name, first)
        columns = [entry.scaled(values[..., k]) for k, entry in enumerate(entries)]
        return np.stack(columns, axis=-1)

    found = walk(simulate, observed, units, len(model.paths), model.key, (pilot, chains, steps))
    kept = slice(found.warm, None)
    shares = found.shares[kept].reshape(-1, len(model.paths))
    gaps = ((found.means[kept] - observed) / units).reshape(-1, len(entries))
    weight = np.array([entry.weight for entry in entries])
    distances = np.sqrt((gaps**2) @ (weight / weight.sum()))
    number = shares.shape[0]
    last = Particles(
        shares, np.full(number, 1.0 / number), gaps, distances, float(distances.max()), 1,
        found.simulated, found.luck[kept].reshape(-1),
    )  # fmt: skip
    best = shares[int(np.argmax(found.loglik[kept].reshape(-1)))]
    return RuleCalibration(
        model, wanted, "synthetic", [last], last, best, found.simulated, walked=found
    )
