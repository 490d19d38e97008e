"""Posterior predictive runs: the model at draws of the posterior, on all days, with fresh luck.

Box 1980 (J. R. Statist. Soc. A 143:383-430) and Gelman, Meng and Stern 1996 (Statistica Sinica
6:733-807): a model is checked by data that it would itself have made.
Made by `Calibration.predictive`; drawn by `plots.calibration`.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.studies.calibration import forecast
from koubei_sim.studies.calibration.simulator import Model
from koubei_sim.studies.calibration.targets import Target, Targets

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]

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
        found = forecast.series_of(targets, model.scenario)
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
