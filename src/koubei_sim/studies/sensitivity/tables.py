"""The columns of the tables of a sensitivity study, one function a method.

From outcomes [points, replicates] and the design to columns by name, each with one number a
parameter.  Also where the line is drawn for outcomes that are often undefined.
Called by `sensitivity`.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.errors import KoubeiError
from koubei_sim.metrics import mean_interval
from koubei_sim.studies.compare.comparison import paired
from koubei_sim.studies.design.values import Range
from koubei_sim.studies.sensitivity.design import Design
from koubei_sim.studies.sensitivity.indices import (
    Estimate,
    Sobol,
    elementary_effects,
    morris_indices,
    sobol_indices,
)

#: An outcome of which more than this share of pairs, effects or rows is undefined is refused.
MOST_UNDEFINED: Final = 0.1

Values = NDArray[np.float64]


class Asked:
    """An outcome at the points of a design: what the functions below work on.

    Parameters
    ----------
    name : str
    number : int
        Of the outcome, for the addresses of draws.
    values : (points, replicates) array
    design : Design
    key : int
    """

    def __init__(self, name: str, number: int, values: Values, design: Design, key: int) -> None:
        self.name, self.number, self.values = name, number, values
        self.design, self.key = design, key

    def check(self, kept: float, what: str) -> None:
        """Refuse an outcome of which too little is defined."""
        if 1.0 - kept > MOST_UNDEFINED:
            raise KoubeiError(
                f"outcome {self.name}",
                f"undefined in too many runs for {self.design.method}",
                got=f"{1.0 - kept:.0%} of the {what} undefined",
                allowed=f"up to {MOST_UNDEFINED:.0%}",
                fix="an outcome that always exists, such as users",
            )


def ends_columns(asked: Asked) -> dict[str, Any]:
    """Return the columns of one at a time: point 0 is the base, then two ends a parameter."""
    base, low, high = asked.values[0], asked.values[1::2], asked.values[2::2]
    defined = np.isfinite(base) & np.isfinite(low) & np.isfinite(high)
    asked.check(float(defined.mean()), "pairs are")
    rows = []
    for number, a_range in enumerate(asked.design.ranges.values()):
        address = 10_000 * asked.number + 4 * number
        one, other = low[number], high[number]
        gaps = (
            paired(one, base, asked.key, address),
            paired(other, base, asked.key, address + 1),
            paired(other, one, asked.key, address + 2),
        )
        row: dict[str, float] = {}
        for word, gap in zip(("at_low", "at_high", "difference"), gaps):
            row |= {word: gap.mean.mean, f"{word}_from": gap.mean.low, f"{word}_to": gap.mean.high}
        means = (0.0, row["at_low"], row["at_high"])
        row |= {"span": max(means) - min(means), "gain": gaps[2].gain, "n": gaps[2].n}
        rows.append(row | _elasticity(one, other, a_range, asked.key, address + 3))
    return {word: [row[word] for row in rows] for word in rows[0]}


def _elasticity(
    low: Values, high: Values, a_range: Range, key: int, address: int
) -> dict[str, float]:
    """Logarithmic derivative between the ends; NaN where an outcome is not above 0."""
    found = mean_interval(np.empty(0))
    if a_range.log and (low > 0.0).all() and (high > 0.0).all():
        ratio = np.log(high / low) / np.log(a_range.high / a_range.low)
        found = mean_interval(ratio, key, address)
    return {"elasticity": found.mean, "elasticity_from": found.low, "elasticity_to": found.high}


def morris_columns(asked: Asked) -> dict[str, Any]:
    """Return the columns of Morris' method."""
    shares = asked.design.shares
    found = morris_indices(shares, asked.values, asked.key, asked.number)
    asked.check(found.kept, "effects are")
    columns = _three("mu_star", found.mu_star) | _three("mu", found.mu)
    columns |= _three("sigma", found.sigma)
    mean = asked.values.mean(axis=1, keepdims=True)
    effects = np.abs(elementary_effects(shares, mean))[:, 0]
    known = np.isfinite(effects)
    with np.errstate(invalid="ignore"):
        columns["of_mean"] = np.where(known, effects, 0.0).sum(axis=0) / known.sum(axis=0)
    return columns | {"se_design": found.mu_star.design, "se_luck": found.mu_star.luck}


def sobol_of(asked: Asked) -> Sobol:
    """Return Sobol's indices of an outcome."""
    design = asked.design
    found = sobol_indices(asked.values, len(design.ranges), design.second, asked.key, asked.number)
    asked.check(found.kept, "rows are")
    return found


def sobol_columns(asked: Asked) -> dict[str, Any]:
    """Return the columns of Sobol's method."""
    found, design = sobol_of(asked), asked.design
    mean = asked.values.mean(axis=1, keepdims=True)
    of_mean = sobol_indices(mean, len(design.ranges), design.second, asked.key, asked.number)
    columns = _three("ST", found.total) | _three("S1", found.first)
    columns["of_mean"] = of_mean.total.value
    return columns | {"se_design": found.total.design, "se_luck": found.total.luck}


def _three(word: str, found: Estimate) -> dict[str, Any]:
    return {word: found.value, f"{word}_from": found.low, f"{word}_to": found.high}
