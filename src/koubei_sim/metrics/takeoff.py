"""Whether and when: take-off, and the day on which a count is first reached.

Pure functions of arrays and of one `History`.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import number
from koubei_sim.metrics.forest import adopters_of, seeds_of
from koubei_sim.metrics.intervals import numbers
from koubei_sim.metrics.runs import takes_history
from koubei_sim.model.world.arrays import History

TAKE_OFF_SHARE: Final = 0.01  # of the population ...
TAKE_OFF_FOLD: Final = 10  # ... and so many times the seeds


@takes_history
def took_off(history: History, share: float = TAKE_OFF_SHARE, fold: float = TAKE_OFF_FOLD) -> bool:
    """Return whether a run took off.

    It did when the people who ever adopted are at least `share` of the population *and* at least
    `fold` times the seeds (so that many seeds alone do not count as a take-off).

    Parameters
    ----------
    history : History
    share, fold : float
        The two thresholds; the law of the count is bimodal near the critical point only if
        extinction is possible, so look at it before trusting any threshold.
    """
    share, fold = number("share", share), number("fold", fold)
    people = int(history.table[0, :7].sum())
    ever = adopters_of(history)
    return ever >= share * people and ever >= fold * max(1, seeds_of(history))


def first_day(counts: NDArray[Any], threshold: float) -> float:
    """Return the first tick with ``counts >= threshold``, NaN where it is never reached.

    Examples
    --------
    >>> first_day(np.array([1, 4, 9, 4]), 4)
    1.0
    >>> first_day(np.array([1, 4, 9, 4]), 10)
    nan
    """
    reached = np.flatnonzero(numbers("counts", counts) >= number("threshold", threshold))
    return float(reached[0]) if reached.size else float("nan")
