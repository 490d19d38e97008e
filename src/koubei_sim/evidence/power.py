"""`power`: whether a record would show an effect of a given size, if it were there.

A study that finds nothing may be too small to find anything.  Worlds are played on the people,
ties, groups and covariates of the record with one parameter changed, the estimate is made again
in each, and the worlds in which it shows are counted.  Called by people and by ``koubei judge``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import checks
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.design import rows_of
from koubei_sim.evidence.diffusion import Diffusion
from koubei_sim.evidence.hazard import Hazard, fitted, hazard
from koubei_sim.evidence.likelihood import Link
from koubei_sim.evidence.worlds import as_record, simulate
from koubei_sim.looks import Look, wrapped
from koubei_sim.metrics.intervals import wilson

if TYPE_CHECKING:
    import pandas as pd

LEVEL: Final = 0.05


@dataclass(frozen=True, eq=False, repr=False)
class Power(Look):
    """In how many worlds an effect shows.

    Parameters
    ----------
    name : str
        The parameter.
    values : (V,) float64 array
        What it is in the worlds.
    estimates, p, low, high : (V, W) float64 arrays
        What is estimated in each world: value, p-value, 95 % interval; NaN where nobody adopted
        (intervals also where they were not asked for).
    adopted : (V,) float64 array
        Mean number of adoptions.
    level : float
    """

    name: str
    values: NDArray[np.float64]
    estimates: NDArray[np.float64]
    p: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    adopted: NDArray[np.float64]
    level: float

    def table(self) -> pd.DataFrame:
        """Return one row a value.

        Returns
        -------
        DataFrame
            ``power``: share of worlds with p below the level (for the value 0: false alarms), with
            its Wilson interval ``power_low`` and ``power_high``; ``estimate``: mean;
            ``width``: median width of the 95 % interval; ``covers``: share of worlds in which it
            holds the value; ``adopted``: mean number of adoptions; ``worlds``.
        """
        from koubei_sim.looks.frames import Table

        rows = []
        for k, value in enumerate(self.values):
            found = np.isfinite(self.p[k])
            shown = int((self.p[k][found] < self.level).sum())
            low, high = wilson(shown, self.p.shape[1])
            inside = (self.low[k] <= value) & (value <= self.high[k])
            width = (self.high[k] - self.low[k])[found]
            told = found.any() and bool(np.isfinite(width).any())
            rows.append((
                value, shown / self.p.shape[1], low, high,
                self.estimates[k][found].mean() if found.any() else np.nan,
                float(np.median(width)) if told else np.nan,
                float(inside[found].mean()) if told else np.nan,
                self.adopted[k], self.p.shape[1],
            ))  # fmt: skip
        columns = [self.name, "power", "power_low", "power_high", "estimate", "width", "covers",
                   "adopted", "worlds"]  # fmt: skip
        return Table(rows, columns=columns).set_index(self.name)

    def __repr__(self) -> str:
        """Say the share of worlds in which each value shows."""
        rows = self.table()
        shown = ", ".join(f"{value:g}: {one:.0%}" for value, one in rows["power"].items())
        return wrapped(f"Power({self.name} shows in {shown} of {self.p.shape[1]} worlds)")


def power(
    d: Diffusion,
    formula: str | Hazard,
    change: Mapping[str, Any] | None = None,
    *,
    values: Any = None,
    worlds: int = 50,
    rng: Any = None,
    level: float = LEVEL,
    others: Literal["refit", "kept"] = "refit",
    intervals: bool = True,
    link: Link = "additive",
) -> Power:
    """Return in what share of worlds an effect of a given size would show.

    Parameters
    ----------
    d : Diffusion
        Its people, ties, groups, covariates, seeds and periods are those of the worlds.
    formula : str or Hazard
        A formula of `hazard`, or a fit; without ``groups(random)``.
    change : mapping of name to value or values
        One parameter and what it is in truth, ``{"ties(share)": 0.1}`` or
        ``{"ties(share)": [0, 0.05, 0.1]}``; ``ties`` is enough where one term begins so.
    values : list, optional
        Values, where `change` names the parameter only (or is left out and the formula has one
        term of ties).
    worlds : int
    rng
        Source of the key; all values are tried with the same luck.
    level : float
        An effect shows where its p-value is below.  For pushes of additive hazards, which cannot be
        negative, p is one-sided: 0.025 asks as much as a test of two sides at 5 %.
    others : {"refit", "kept"}
        What the other parameters of the worlds are.  *refit*: what fits the record best while the
        one is held at its value, so that there are about as many adoptions as in the record.
        *kept*: as in the fit of the record; what is changed comes on top.
    intervals : bool
        Whether the interval of each world is worked out too, which takes most of the time.
    link : str
        As for `hazard`.

    Returns
    -------
    Power

    Notes
    -----
    p-values and intervals are those of `Hazard.p_value` and `Hazard.interval`.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> ring = kb.Network.from_edges(range(60), [*range(1, 60), 0])
    >>> d = kb.Diffusion(ring, [i // 6 if i % 3 == 0 else None for i in range(60)], until=9)
    >>> found = kb.power(d, "constant + ties(share)", {"ties": 3.0}, worlds=20, rng=7)
    >>> found.table()["power"].tolist()
    [1.0]
    """
    fit = formula if isinstance(formula, Hazard) else hazard(d, formula, link=link)
    if fit.model.random:
        raise KoubeiError("formula", "effects of groups are not played here", got=fit.formula)
    name, tried = _asked(fit, change, values)
    count, key = checks.whole("worlds", worlds, 1), checks.key(rng)
    checks.word("others", others, ("refit", "kept"))
    spans = checks.yes_no("intervals", intervals)
    alpha = checks.number("level", level, 0.0, 1.0)
    shape = (len(tried), count)
    out = {what: np.full(shape, np.nan) for what in ("value", "p", "low", "high")}
    adopted = np.zeros(len(tried))
    for k, value in enumerate(tried):
        theta = fit.without(name, value).theta if others == "refit" else fit.values.copy()
        theta[fit.names.index(name)] = value
        at = simulate(fit.model, theta, d, key, count, link=fit.link)
        for w in range(count):
            record = as_record(d, at[w])
            rows, risk = rows_of(fit.model, record)
            adopted[k] += rows.adopted.sum() / count
            if not rows.adopted.any():
                continue
            found = fitted(fit.model, rows, risk, fit.link, fit.priors, record)
            out["value"][k, w] = found.value(name)
            out["p"][k, w] = found.p_value(name)
            if spans:
                out["low"][k, w], out["high"][k, w] = found.interval(name)
    return Power(name, np.array(tried), out["value"], out["p"], out["low"], out["high"],
                 adopted, alpha)  # fmt: skip


def _asked(fit: Hazard, change: Any, values: Any) -> tuple[str, list[float]]:
    """Return the parameter and the values that are meant."""
    names = fit.names[fit.model.bins :]
    if change is None:
        ties = [name for name in names if name.startswith("ties")]
        if len(ties) != 1:
            raise KoubeiError("change", "which parameter is not said", got=fit.formula,
                              allowed=", ".join(names))  # fmt: skip
        change = ties[0]
    if isinstance(change, Mapping):
        if len(change) != 1 or values is not None:
            raise KoubeiError("change", "not one parameter", got=repr(dict(change)),
                              fix="{'ties(share)': 0.1}")  # fmt: skip
        ((given, values),) = change.items()
    else:
        given = change
    if values is None:
        raise KoubeiError("values", "not given", fix="values=[0, 0.1]")
    found = [name for name in names if name == given]
    found = found or [name for name in names if name.split("(")[0] == str(given).split("(")[0]]
    if len(found) != 1:
        raise KoubeiError("change", "not one parameter of the formula", got=repr(given),
                          allowed=", ".join(names))  # fmt: skip
    push = fit.link == "additive" and found[0] in fit.names[
        : fit.model.bins + fit.rows.pushes.shape[1]
    ]  # fmt: skip
    listed = [values] if np.ndim(values) == 0 else list(values)
    low = 0.0 if push else -np.inf
    return found[0], [checks.number(f"change.{found[0]}", one, low) for one in listed]
