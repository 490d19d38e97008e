"""How many recruits an adopter brings: the reproduction number by cohort and the K factor.

Pure functions of one `History`; called by `overview` and by the figure of growth.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import whole
from koubei_sim.metrics.forest import Forest, children, recruitment_forest
from koubei_sim.metrics.runs import MOST_DAYS, takes_history
from koubei_sim.model.world.arrays import History


class Reproduction(NamedTuple):
    """The reproduction number by adoption cohort."""

    start: NDArray[np.int64]  # [cohorts] first tick of the cohort; seeds stand in the first
    adopters: NDArray[np.int64]  # [cohorts]
    recruits: NDArray[np.int64]  # [cohorts] brought by them within the window
    number: NDArray[np.float64]  # [cohorts] recruits / adopters; NaN where nobody adopted
    complete: NDArray[np.bool_]  # [cohorts] every member was seen for the whole window


@takes_history
def reproduction_number(
    history: History, cohort: int = 7, window: int | None = None, forest: Forest | None = None
) -> Reproduction:
    """Return the mean number of recruits per adopter, by the time of the adopter's own adoption.

    ``R_t = recruits of those who adopted in cohort t / those who adopted in cohort t`` (the
    *cohort* or case reproduction number; Fraser 2007, PLoS ONE 2:e758).  Recruits of an adopter
    are the adoptions that name it within `window` ticks after its own.

    Parameters
    ----------
    history : History
    cohort : int
        Width of a cohort in ticks; tick -1 (seeds) counts with tick 0.
    window : int, optional
        Ticks of follow-up; without it until the end of the run, which makes late cohorts look
        barren: see `complete`.
    forest : Forest, optional
        `recruitment_forest` of the history, where it is at hand.
    """
    cohort = whole("cohort", cohort, 1, MOST_DAYS)
    window = None if window is None else whole("window", window, 0, MOST_DAYS)
    forest = recruitment_forest(history) if forest is None else forest
    ticks = history.table.shape[0]
    number = -(-ticks // cohort)
    of_node = np.maximum(forest.tick, 0) // cohort
    adopters = np.bincount(of_node, minlength=number).astype(np.int64)
    child = _timely(forest, window)
    recruits = np.bincount(of_node[forest.parent[child]], minlength=number).astype(np.int64)
    start = np.arange(number, dtype=np.int64) * cohort
    ratio = np.full(number, np.nan)
    np.divide(recruits, adopters, out=ratio, where=adopters > 0)
    last = start + cohort - 1
    complete = last + (window if window is not None else ticks) <= ticks - 1
    return Reproduction(start, adopters, recruits, ratio, complete)


def _timely(forest: Forest, window: int | None) -> NDArray[np.int64]:
    """Nodes with a parent whose adoption lies at most `window` ticks back."""
    child = np.flatnonzero(forest.parent >= 0)
    if window is None:
        return child
    return child[forest.tick[child] - forest.tick[forest.parent[child]] <= window]


@takes_history
def k_factor(history: History, days: int = 30, forest: Forest | None = None) -> float:
    """Return the K factor: mean recruits of an adopter within `days` days of adopting.

    ``K = recruits within days / adopters``, over adopters whose `days` days lie inside the run.
    Above 1 each generation is larger than the one before.  The ratio over *all* adopters of a
    finished run is below 1 by arithmetic (a forest has fewer edges than nodes) and says nothing;
    hence the fixed window.  NaN where no adopter was seen that long.
    """
    days = whole("days", days, 0, MOST_DAYS)
    forest = recruitment_forest(history) if forest is None else forest
    seen = forest.tick + days <= history.table.shape[0] - 1
    if not seen.any():
        return float("nan")
    child = _timely(forest, days)
    return float(seen[forest.parent[child]].sum() / seen.sum())


@takes_history
def offspring_counts(history: History) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the distribution of recruits per adopter: values and how many adopters have each."""
    values, counts = np.unique(children(recruitment_forest(history)), return_counts=True)
    return values.astype(np.int64), counts.astype(np.int64)
