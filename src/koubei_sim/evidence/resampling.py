"""How sure a fit is where people of a group are alike: resampled groups, and errors by groups.

`resampled` refits on people or groups drawn with replacement; `sandwich` gives standard errors that
allow rows of one cluster to go together.  Called by `Hazard.bootstrap` and `Hazard.robust`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, special

from koubei_sim.cascades import checks
from koubei_sim.core.codes import DRAW_HAZARD_RESAMPLE
from koubei_sim.core.draws import drawn
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.diffusion import Diffusion, Risk
from koubei_sim.evidence.likelihood import Rows, Top, said, slopes_of
from koubei_sim.looks import Look

if TYPE_CHECKING:
    import pandas as pd

UNITS: Final = ("groups", "people")
NORMAL: Final = 1.959963984540054


@dataclass(frozen=True, eq=False, repr=False)
class Bootstrap(Look):
    """Estimates from people or groups drawn again and again.

    Parameters
    ----------
    names : tuple of str
    estimates : (P,) float64 array
        Of the fit itself.
    values : (resamples, P) float64 array
        Of each resample.
    by : {"groups", "people"}
    units : int
        How many groups or people were drawn from.
    """

    names: tuple[str, ...]
    estimates: NDArray[np.float64]
    values: NDArray[np.float64]
    by: str
    units: int
    shown: int = 0

    def interval(self, name: str) -> tuple[float, float]:
        """Return the 95 % interval of a parameter: quantiles of the resamples."""
        place = self.names.index(checks.word("name", name, self.names))
        low, high = np.quantile(self.values[:, place], [0.025, 0.975])
        return float(low), float(high)

    @property
    def errors(self) -> NDArray[np.float64]:
        """Standard deviations over resamples, (P,)."""
        return np.asarray(self.values.std(axis=0, ddof=1))

    def table(self) -> pd.DataFrame:
        """Return estimates, standard errors, 95 % intervals, and the share that rested `at 0`."""
        from koubei_sim.looks.frames import Table

        rows = [
            (name, self.estimates[k], self.errors[k], *self.interval(name),
             float((self.values[:, k] == 0.0).mean()))
            for k, name in enumerate(self.names) if k >= self.shown
        ]  # fmt: skip
        return Table(rows, columns=["term", "estimate", "error", "low", "high", "at 0"]).set_index(
            "term"
        )

    def __repr__(self) -> str:
        """Say how many of what."""
        return f"Bootstrap({len(self.values)} resamples of {self.units} {self.by})"


def units_of(by: str, d: Diffusion | None, risk: Risk) -> tuple[NDArray[np.int64], int]:
    """Return the group or person of each row, and how many there are."""
    checks.word("by", by, UNITS)
    if by == "people":
        named, unit = np.unique(risk.person, return_inverse=True)
        return unit, named.size
    if d is None:
        raise KoubeiError("record", "the fit kept none", fix="by='people'")
    named, unit = np.unique(d.group[risk.person], return_inverse=True)
    if named.size < 2:
        raise KoubeiError("by", "one group only", got=by, allowed="two groups or more",
                          fix="by='people'")  # fmt: skip
    return unit, named.size


def resampled(
    rows: Rows,
    unit: NDArray[np.int64],
    units: int,
    refit: Callable[[Rows], Top],
    resamples: int,
    key: int,
) -> NDArray[np.float64]:
    """Return the estimates of each resample, (resamples, P)."""
    order = np.argsort(unit, kind="stable")
    count = np.bincount(unit, minlength=units)
    begin = np.cumsum(count) - count
    found = []
    for number in range(resamples):
        bits = drawn(units, key, DRAW_HAZARD_RESAMPLE, number)
        chosen = (((bits >> np.uint64(32)) * np.uint64(units)) >> np.uint64(32)).astype(np.intp)
        many = count[chosen]
        within = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
        index = order[np.repeat(begin[chosen], many) + within]
        some = Rows(rows.adopted[index], rows.period[index], rows.bins, rows.pushes[index],
                    rows.traits[index])  # fmt: skip
        found.append(refit(some).theta)
    return np.array(found)


def sandwich(
    theta: NDArray[np.float64],
    rows: Rows,
    link: str,
    top: Top,
    unit: NDArray[np.int64],
    units: int,
) -> NDArray[np.float64]:
    """Return the covariance that allows rows of a unit to go together; NaN where a weight rests.

    ``G / (G - 1) A^-1 (sum over g of s s') A^-1``: A is the observed information, s the gradient of
    a unit (Liang and Zeger 1986).
    """
    slopes = slopes_of(said(theta, rows, link), rows)
    summed = np.zeros((units, theta.size))
    np.add.at(summed, unit, slopes)
    free = np.flatnonzero(top.free)
    bread = linalg.inv(-top.curvature[np.ix_(free, free)])
    meat = np.einsum("gi,gj->ij", summed[:, free], summed[:, free])
    out = np.full((theta.size, theta.size), np.nan)
    out[np.ix_(free, free)] = units / (units - 1.0) * (bread @ meat @ bread)
    return out


def robust_table(
    names: tuple[str, ...],
    theta: NDArray[np.float64],
    covariance: NDArray[np.float64],
    first: int,
    floor: NDArray[np.float64],
) -> pd.DataFrame:
    """Return estimates with errors, 95 % intervals and two-sided p-values by the normal law."""
    import pandas as pd

    error = np.sqrt(np.diag(covariance))
    low, high = np.maximum(theta - NORMAL * error, floor), theta + NORMAL * error
    p = 2.0 * special.ndtr(-np.abs(theta / error))
    frame = pd.DataFrame(
        {"estimate": theta, "error": error, "low": low, "high": high, "p": p},
        index=pd.Index(names, name="term"),
    )
    return frame.iloc[first:]
