"""How many replicates are enough, and what to report where a run may die out.

Two rules for the number of replicates: the half-width of the interval of the mean, and the
coefficient of variation having come to rest.  Where some runs take off and others do not, a mean
over both describes neither: `take_off` reports the chance and the size given take-off apart.
Pure functions of outcomes and finished runs; called by people.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import number
from koubei_sim.core.codes import LOG_ADOPT
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics import (
    OUTCOMES,
    Interval,
    hurdle,
    outcomes,
    took_off,
)
from koubei_sim.metrics.indices import TAKE_OFF_FOLD, TAKE_OFF_SHARE
from koubei_sim.metrics.intervals import numbers
from koubei_sim.metrics.runs import check_run

if TYPE_CHECKING:
    import pandas as pd


MOST: Final = 10_000_000  # replicates that are thought of


class Enough(NamedTuple):
    """What the replicates so far say about how many there should be."""

    n: int  # replicates so far
    mean: float
    half_width: float  # of the 95 % interval of the mean, Student's t
    needed: float  # replicates for the wanted half-width, at the spread so far; NaN: unknown
    cv: float  # coefficient of variation, standard deviation over mean
    settled: float  # replicates from which on the cv moved less than asked; NaN: not yet
    enough: bool  # both rules are met


def required_replicates(
    values: Any,
    *,
    half_width: float | None = None,
    relative: float = 0.05,
    cv_moves: float = 0.01,
) -> Enough:
    """Judge whether there are enough replicates.

    Parameters
    ----------
    values : array of float
        One outcome, one value a replicate, in order; NaN are left out.
    half_width : float, optional
        Wanted half-width of the 95 % interval of the mean.
    relative : float
        The same as a share of the mean, used where `half_width` is not given.
    cv_moves : float
        The coefficient of variation has settled at n when it is within this of its value at n
        for all larger numbers seen (Lee et al. 2015, Journal of Artificial Societies and Social
        Simulation 18(4):4).  That can only be said of n up to half of the replicates.

    Returns
    -------
    Enough

    Examples
    --------
    >>> found = required_replicates([9.0, 10.0, 11.0, 10.0], half_width=1.0)
    >>> found.n, int(found.needed), round(found.half_width, 2)
    (4, 6, 1.3)
    """
    for where, given in (
        ("half_width", half_width),
        ("relative", relative),
        ("cv_moves", cv_moves),
    ):
        if given is None and where != "half_width":
            raise KoubeiError(where, "not a number", got="None", allowed="above 0")
        if given is not None and not number(where, given) > 0.0:
            raise KoubeiError(where, "out of range", got=given, allowed="above 0")
    sample = numbers("values", values)
    sample = sample[np.isfinite(sample)]
    n = int(sample.size)
    if n < 2:
        mean = float(sample.mean()) if n else math.nan
        return Enough(n, mean, math.nan, math.nan, math.nan, math.nan, False)
    mean, spread = float(sample.mean()), float(sample.std(ddof=1))
    wanted = half_width if half_width is not None else relative * abs(mean)
    if spread == 0.0:
        needed, arm = 2.0, 0.0
    else:
        arm = _arm(n, spread)
        needed = float(_needed(spread, wanted)) if wanted > 0.0 else math.nan
    cv = spread / abs(mean) if mean else math.nan
    settled = _settled(sample, cv_moves)
    good = needed <= n and (settled <= n or spread == 0.0)
    return Enough(n, mean, arm, needed, cv, settled, bool(good))


def _arm(n: int, spread: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(n - 1, 0.975)) * spread / math.sqrt(n)


def _needed(spread: float, wanted: float) -> int:
    """Smallest n whose half-width is at most `wanted` (it falls with n)."""
    low, high = 2, 2
    while _arm(high, spread) > wanted and high < MOST:
        low, high = high, 2 * high
    while low < high:
        middle = (low + high) // 2
        if _arm(middle, spread) > wanted:
            low = middle + 1
        else:
            high = middle
    return low


def _settled(sample: NDArray[np.float64], moves: float) -> float:
    n = np.arange(1, sample.size + 1)
    # Deviations from the overall mean: sums of squares of large counts would cancel.
    centred = sample - sample.mean()
    sums, squares = np.cumsum(centred), np.cumsum(centred**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(np.maximum(squares - sums**2 / n, 0.0) / (n - 1))
        cv = spread / np.abs(sample.mean() + sums / n)
    if not np.isfinite(cv[1:]).all():
        return math.nan
    above = np.maximum.accumulate(cv[::-1])[::-1]
    below = np.minimum.accumulate(cv[1:][::-1])[::-1]
    for at in range(1, sample.size // 2):
        if above[at + 1] - cv[at] < moves and cv[at] - below[at] < moves:
            return float(at + 1)
    return math.nan


def required_replicates_table(
    run: Any, relative: float = 0.05, cv_moves: float = 0.01
) -> pd.DataFrame:
    """Return `required_replicates` of every outcome of a finished run, one row each.

    All but ``take_off`` of the replicates that took off, where any did.
    """
    from koubei_sim.looks.frames import Table

    found = outcomes(run)
    rows_told = hurdle.kept(found["take_off"]).rows  # as `Result.summary` tells them
    rows = {
        name: required_replicates(
            values if name == "take_off" else values[rows_told],
            relative=relative,
            cv_moves=cv_moves,
        )._asdict()
        for name, values in found.items()
    }
    return Table.from_dict(rows, orient="index").reindex(list(OUTCOMES)).rename_axis("outcome")


class TakeOff(NamedTuple):
    """Chance of take-off, and sizes with and without it, apart.

    Sizes are people who ever adopted, seeds too.
    """

    probability: float
    low: float  # 95 % interval, `metrics.chance`
    high: float
    n: int  # replicates
    taken: int  # of these, took off
    size: Interval  # given take-off: geometric mean
    otherwise: Interval  # given none
    sizes: NDArray[np.float64]  # [n]
    took_off: NDArray[np.bool_]  # [n]


def take_off(run: Any, share: float = TAKE_OFF_SHARE, fold: float = TAKE_OFF_FOLD) -> TakeOff:
    """Return the probability of take-off and the sizes on either side.

    Parameters
    ----------
    run : Result, Fork or anything with scenario, histories and key
    share, fold : float
        A run has taken off when at least `share` of the people and `fold` times the seeds have
        adopted (`metrics.took_off`).

    Returns
    -------
    TakeOff

    Examples
    --------
    >>> import koubei_sim as kb
    >>> found = take_off(kb.run("tiny", replicates=5, rng=3, ticks=30, n_agents=300))
    >>> found.n, found.taken <= 5, found.sizes.size
    (5, True, 5)
    """
    check_run(run)
    share, fold = number("share", share, 0.0, 1.0), number("fold", fold, 0.0)
    scale = float(run.scenario.people_per_agent)
    taken = np.array([took_off(history, share, fold) for history in run.histories], dtype=bool)
    sizes = np.array(
        [
            np.unique(history.log_agent[history.log_kind == LOG_ADOPT]).size * scale
            for history in run.histories
        ]
    )
    return TakeOff(
        *hurdle.chance(taken)[:3],
        int(taken.size),
        int(taken.sum()),
        hurdle.enough(hurdle.log_interval(sizes[taken]), int(taken.sum())),
        hurdle.enough(hurdle.log_interval(sizes[~taken]), int((~taken).sum())),
        sizes,
        taken,
    )
