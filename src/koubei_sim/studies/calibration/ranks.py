"""Rank statistics: whether a calibration finds parameters of worlds in which they are known.

Worlds are made with parameters drawn from the prior; each is calibrated as if it were observed.  If
the posteriors are right, the share of a posterior that lies below the true parameter is uniform
over worlds (Cook, Gelman and Rubin 2006; Talts et al. 2018): posteriors that are too narrow give
shares near 0 and 1, too wide ones shares near 1/2, shifted ones a slope.
Called by tests and by people who are about to trust a fit.

References
----------
Cook, S. R., Gelman, A. and Rubin, D. B. (2006), Validation of software for Bayesian models using
posterior quantiles, Journal of Computational and Graphical Statistics 15, 675-692.
Talts, S., Betancourt, M., Simpson, D., Vehtari, A. and Gelman, A. (2018), Validating Bayesian
inference algorithms with simulation-based calibration, arXiv 1804.06788.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import Backend, whole
from koubei_sim.errors import KoubeiError
from koubei_sim.looks import Look
from koubei_sim.runs.options import options_from, scenario_from
from koubei_sim.studies.calibration import abc, luck
from koubei_sim.studies.calibration.abc import Batch, Particles
from koubei_sim.studies.calibration.simulator import Model, ranges_from
from koubei_sim.studies.calibration.targets import Targets, targets_from
from koubei_sim.studies.sweep.engine import execution_from

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]


class Ranks(Look):
    """Where true parameters lie in their posteriors; made by `rank_statistics`.

    Attributes
    ----------
    paths : list of str
    shares : array, shape [worlds, parameters]
        Share of the posterior below the true value; a share s of L effective particles stands as
        ``(s L + 1/2) / (L + 1)``, the middle of its rank, so that 0 and 1 do not occur.
    contraction : array, shape [parameters]
        Mean over worlds of 1 less posterior over prior variance: uniform ranks of posteriors
        that never left the prior prove nothing.
    """

    def __init__(self, paths: list[str], shares: FloatArray, contraction: FloatArray) -> None:
        self.paths, self.shares, self.contraction = paths, shares, contraction

    def table(self) -> pd.DataFrame:
        """Return a row a parameter: p values of the two tests of uniformity, and contraction.

        ``kolmogorov`` (exact two-sided Kolmogorov-Smirnov) sees shifts, ``cook`` (sum of squared
        normal scores against chi-square, two-sided; Cook, Gelman and Rubin 2006) sees posteriors
        that are too narrow or too wide.
        """
        from scipy import stats

        from koubei_sim.looks.frames import Table

        rows = []
        for k, path in enumerate(self.paths):
            found = self.shares[:, k]
            scores = stats.norm.ppf(found)
            below = float(stats.chi2.cdf(float(scores @ scores), len(found)))
            rows.append(
                {
                    "parameter": path,
                    "worlds": len(found),
                    "kolmogorov": float(stats.kstest(found, "uniform").pvalue),
                    "cook": 2.0 * min(below, 1.0 - below),
                    "mean": float(found.mean()),
                    "sd": float(found.std(ddof=1)),
                    "contraction": float(self.contraction[k]),
                }
            )
        return Table(rows)

    def uniform(self, level: float = 0.01) -> bool:
        """Say whether no test rejects at `level`, shared among all tests (Bonferroni)."""
        found = self.table()[["kolmogorov", "cook"]].to_numpy()
        return bool((found >= level / found.size).all())

    def __repr__(self) -> str:
        """Return a line a parameter."""
        lines = [f"<Ranks over {len(self.shares)} worlds"]
        for row in self.table().itertuples():
            lines.append(f"  {row.parameter}: p {row.kolmogorov:.3f}, {row.cook:.3f}")
        return "\n".join(lines) + ">"


def rank_statistics(
    scenario: Any,
    targets: Any,
    ranges: Any,
    *,
    worlds: int = 100,
    method: str = "abc",
    particles: int = 100,
    simulations: int = 4_000,
    generations: int = 4,
    adjust: bool = True,
    rng: object = None,
    backend: Backend = "threads",
    workers: int | None = None,
) -> Ranks:
    """Calibrate simulated worlds whose parameters are known.

    Parameters
    ----------
    scenario, targets, ranges, particles, generations, adjust : see `calibrate`
        Of the targets only statistics, tolerances, weights and scales matter; each world brings
        values of its own.  On a log scale a world with a count of 0 cannot be observed: choose
        ranges where that does not happen.
    worlds : int
    method : {"abc", "abc-smc"}
        ``abc`` simulates one table of draws of the prior and calibrates all worlds with it: each
        world is compared with the same sample of the prior, which is as good as one of its own;
        that the worlds share its luck makes their ranks very slightly dependent.  ``abc-smc``
        calibrates each world anew.
    simulations : int
        Size of that table; or the most for each world.

    Returns
    -------
    Ranks
    """
    base = scenario_from("scenario", scenario)
    wanted = targets_from(targets).seen
    wanted.check(base)
    prior = ranges_from(base, ranges)
    for name, value in (("worlds", worlds), ("particles", particles),
                        ("simulations", simulations), ("generations", generations)):  # fmt: skip
        whole(name, value, 1)
    if method not in ("abc", "abc-smc"):
        raise KoubeiError("method", "has no ranks", got=method, allowed="abc, abc-smc")
    model = Model(base, prior, options_from(rng), execution=execution_from(None, backend, workers))
    wide = len(prior)
    truth = luck.square(model.key, luck.DRAW_PRIOR, 1, 0, worlds, wide)
    # Worlds have luck that no table and no other world has.
    observed = model.statistics(truth, wanted, "worlds", first_luck=10**9)
    if method == "abc":
        table = luck.square(model.key, luck.DRAW_PRIOR, 0, 0, simulations, wide)
        values = model.statistics(table, wanted, "table")
    found, contraction = np.empty((worlds, wide)), np.zeros(wide)
    for world in range(worlds):
        seen = observed_as(wanted, observed[world])
        if method == "abc":
            last = abc.nearest_of(table, seen.gaps(values), seen.distance(values), particles)
        else:
            last = _sampled(model, seen, wide, world, particles, generations, simulations)
        last = abc.adjusted(last) if adjust else last
        found[world] = shares_below(last, truth[world])
        mean = last.weights @ last.shares
        contraction += 1.0 - 12.0 * (last.weights @ (last.shares - mean) ** 2)
    return Ranks(list(prior), found, contraction / worlds)


def _sampled(
    model: Model, seen: Targets, wide: int, world: int, particles: int, generations: int, most: int
) -> Particles:
    """Calibrate one world by sequential Monte Carlo."""
    first = (world + 1) * 10 * most
    key = int(luck.draws.stream(model.key, world, luck.DRAW_PRIOR, 1, 1))

    def simulate(batch: Batch) -> FloatArray:
        return seen.gaps(
            model.statistics(batch.shares, seen, "world", first_luck=first + batch.first_luck)
        )

    def distance(gaps: FloatArray) -> FloatArray:
        near = np.sqrt(np.mean(gaps**2, axis=1))
        return np.where(np.isfinite(near), near, np.inf)

    return abc.sequential(
        simulate, distance, wide, key, particles, generations, most=most
    )[-1]  # fmt: skip


def observed_as(targets: Targets, values: FloatArray) -> Targets:
    """Return the targets as a world with these statistics would set them."""
    return Targets([replace(t, value=float(v)) for t, v in zip(targets, values)])


def shares_below(particles: Particles, truth: FloatArray) -> FloatArray:
    """Return the middle of the rank of the truth among the particles, a share, [parameters]."""
    below = particles.weights @ (particles.shares < truth)
    below = below + 0.5 * (particles.weights @ (particles.shares == truth))
    size = particles.effective
    return np.asarray((below * size + 0.5) / (size + 1.0))
