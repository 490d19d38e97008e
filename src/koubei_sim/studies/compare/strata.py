"""Principal strata: in which pairs of worlds a change decides, and what it does in each kind.

Under common luck both potential outcomes of a world are seen: whether it takes off with the change,
and whether without.  So every pair belongs to one of four kinds (the principal strata of
Frangakis and Rubin 2002, Biometrics 58:21-29, which elsewhere can only be bounded): both take off,
only one of the two, or neither.  A mean over all four says what happens in none.  Pure functions
of arrays with one entry a pair; called by `Comparison`.
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.metrics import (
    Interval,
    bounds,
    hurdle,
    luck_of,
    may_never_come,
    mean_interval,
    offset,
    with_horizon,
)
from koubei_sim.runs.simulation import Outcome
from koubei_sim.studies.compare.criterion import paired_interval

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

#: The kinds, in the order in which they are shown; the two in the middle go by a name.
BOTH, ONLY, LONE, NEITHER = range(4)
#: Method of the effect on a day that neither scenario reached.
NOT_REACHED: Final = "not reached"


class Effect(NamedTuple):
    """What one scenario does against another in pairs of one kind, with its 95 % interval.

    `kind` is ``times`` for counts and money: the geometric mean of the ratios; ``difference``
    for chances, days, shares and indices.  `method` as in `metrics.told`, ``paired shares``, or
    ``not reached``: of a day that came in no run, on which nothing is known of the effect.
    """

    estimate: float
    low: float
    high: float
    method: str
    kind: str
    gain: float  # variance of an independent effect over that of the paired one
    changed: float  # share of the pairs that differ at all
    n: int  # pairs in which both are defined

    def __str__(self) -> str:
        """Say the estimate and, where there is one, the interval."""
        if math.isnan(self.estimate):
            never = self.method == NOT_REACHED
            return "not reached in any pair" if never else "undefined in all pairs"
        sign, form = ("x ", ".4g") if self.kind == "times" else ("", "+.4g")
        form = "+.2f" if self.method == "paired shares" else form
        said = f"{sign}{self.estimate:{form}}"
        known = math.isfinite(self.low)
        return said + (f" (95 % {self.low:{form}} .. {self.high:{form}})" if known else "")

    def columns(self, word: str) -> dict[str, float]:
        """Return the columns of a table: ``word``, ``word_low`` and ``word_high``."""
        return {word: self.estimate, f"{word}_low": self.low, f"{word}_high": self.high}

    @property
    def half_width(self) -> float:
        """The longer arm of the interval; of ``times`` in the logarithm, so .1 is some 10 %."""
        ends = (self.low, self.estimate, self.high)
        if self.kind == "times":
            if min(ends) <= 0.0:
                return math.inf
            ends = tuple(math.log(end) for end in ends)  # type: ignore[assignment]
        arm = max(ends[2] - ends[1], ends[1] - ends[0])
        return float(arm) if math.isfinite(arm) else math.inf


def effect(
    outcome: Outcome,
    one: FloatArray,
    other: FloatArray,
    key: int = 0,
    horizon: float | None = None,
) -> Effect:
    """Return the effect on an outcome over pairs of one kind: `one` against `other`.

    Parameters
    ----------
    outcome : str or callable
        A measure says whether the effect is a ratio (`metrics.offset`) or a difference; that on a
        function is a difference.
    one, other : (R,) float arrays
        Pairs in which either is NaN are left out.
    key : int
    horizon : float, optional
        What a day that never came counts as, where it came in any run.

    Examples
    --------
    >>> found = effect("users", np.array([19.0, 39.0, 99.0]), np.array([9.0, 19.0, 49.0]))
    >>> round(found.estimate, 6), found.kind
    (2.0, 'times')
    """
    first, second = scaled(outcome, np.array([one, other]), horizon)
    return on_scale(outcome, first, second, key, horizon=horizon)


def scaled(
    outcome: Outcome,
    values: FloatArray,
    horizon: float | None = None,
    taken: FloatArray | None = None,
) -> FloatArray:
    """Return an outcome on the scale on which its effects add up.

    Counts and money in the logarithm (`metrics.offset`); the rest, and numbers of a function, as
    they are, a day that never came as the horizon where it came in any run.  What a run did of
    which `taken` is NaN is not known: NaN, a day as well.
    """
    values = np.asarray(values, dtype=np.float64)
    if callable(outcome):
        return values
    values = with_horizon(outcome, values, horizon)
    if taken is not None:
        values = np.where(np.isnan(taken), np.nan, values)
    plus = offset(outcome)
    return values if plus is None else np.log(values + plus)


def on_scale(
    outcome: Outcome,
    one: FloatArray,
    other: FloatArray,
    key: int = 0,
    reach: float = 1.0,
    horizon: float | None = None,
) -> Effect:
    """Return the mean of ``one - other``, both `scaled`, as an effect.

    `reach` is how far a chance can differ: 2 where `one` and `other` are differences already.
    Intervals of differences end where these can (`metrics.bounds`).
    """
    both = np.isfinite(one) & np.isfinite(other)
    pairs, one, other = one.size, one[both], other[both]
    gap, kind = one - other, "difference"
    if callable(outcome):
        found = hurdle.enough(paired_interval(gap, key), gap.size)
    elif outcome.startswith("take_off"):
        found = hurdle.mean_of_gaps(gap, reach)
    elif offset(outcome) is None:
        least, most = bounds(outcome, horizon)
        far = reach * (most - least)
        found = mean_interval(gap, key, luck_of(outcome), within=(-far, far))
        found = hurdle.enough(found, gap.size)
        if pairs and not gap.size and may_never_come(outcome):
            found = found._replace(method=NOT_REACHED)
    else:
        kind, found = "times", hurdle.enough(mean_interval(gap, skewed=math.inf), gap.size)
        # Beyond what a float holds there is no bound: two pairs that differ by many factors.
        mean, low, high = (float(np.exp(min(end, 700.0))) for end in found[:3])
        found = Interval(mean, low, high, found.method)
    return _made(found, kind, one, other)


def _made(found: Interval, kind: str, one: FloatArray, other: FloatArray) -> Effect:
    gap, gain = one - other, math.nan
    if gap.size > 1:
        apart, together = float(one.var() + other.var()), float(gap.var())
        gain = apart / together if together > 0.0 else math.inf
    changed = float((gap != 0.0).mean()) if gap.size else math.nan
    mean, low, high, method = found
    return Effect(mean, low, high, method, kind, gain, changed, int(gap.size))


def strata(one: BoolArray, other: BoolArray) -> NDArray[np.int64]:
    """Return the kind of each pair, from who took off: `BOTH`, `ONLY` one, `LONE` other, `NEITHER`.

    Examples
    --------
    >>> strata(np.array([True, True, False, False]), np.array([True, False, True, False])).tolist()
    [0, 1, 2, 3]
    """
    found: NDArray[np.int64] = np.where(
        one, np.where(other, BOTH, ONLY), np.where(other, LONE, NEITHER)
    )
    return found


def told_of(kinds: NDArray[np.int64]) -> tuple[BoolArray, str]:
    """Return the pairs of which effects on sizes are told, and how they are called.

    Those in which both took off; where there is none and nothing took off anywhere, all.
    """
    if (kinds == NEITHER).all():
        return np.ones(kinds.size, dtype=bool), "neither takes off"
    return kinds == BOTH, "both take off"


class Parts(NamedTuple):
    """The two parts of an effect."""

    chance: Effect  # on the chance of take-off, over all runs
    given: Effect  # on the outcome, over the runs of which it is told
    rows: BoolArray  # [R], these runs
    of: str  # "both take off", "neither takes off" or "all"

    @property
    def size(self) -> tuple[float, float]:
        """How large both are, whatever their direction: what is undefined is nothing."""
        given = self.given.estimate
        sizes = self.chance.estimate, math.log(given) if self.given.kind == "times" else given
        return abs(sizes[0]), abs(sizes[1]) if math.isfinite(sizes[1]) else 0.0

    def text(self, outcome: str) -> str:
        """Say both parts in one line."""
        n, said = self.given.n, f"take-off {self.chance}"
        never = self.given.method == NOT_REACHED
        if outcome.startswith("take_off"):
            return f"{outcome} {self.given}"
        where = "" if self.of == "all" else f" where {self.of}"
        if not n:
            return f"{said}; {outcome} " + (
                "not reached" if never else f"not known{where}: no pair"
            )
        said += f"; {outcome} {self.given}{where}, {n} pairs"
        few = not math.isfinite(self.given.low)
        return said + f", too few replicates ({hurdle.more(self.rows.size, n)} more)" * few


def parts(
    outcome: Outcome,
    values: FloatArray,
    taken: FloatArray,
    key: int = 0,
    horizon: float | None = None,
) -> Parts:
    """Return what one scenario does against another: to the chance of take-off, and given that.

    Parameters
    ----------
    outcome : str or callable
        A function is told of all runs, for it may itself be a chance, or count failures.
    values, taken : (2, R) or (4, R) arrays
        The outcome, and whether it took off (0, 1, NaN: not known), with the scenario and without;
        of four, the first two against the last two: by how much an effect changes.
    key, horizon
        As in `effect`.

    Examples
    --------
    >>> sizes = np.array([[9.0, 19.0, 3.0], [4.0, 9.0, 0.0]])
    >>> found = parts("users", sizes, 1.0 * (sizes > 0.0))
    >>> round(found.chance.estimate, 2), round(found.given.estimate, 2), found.given.n
    (0.33, 2.0, 2)
    """
    rows, of = told_rows(outcome, taken)
    # Two arms at a time: a day that neither of them reached is not known, whatever others did.
    arms = [
        scaled(outcome, values[at : at + 2, rows], horizon, taken[at : at + 2, rows])
        for at in range(0, len(values), 2)
    ]
    sides, reach = _sides(np.concatenate(arms)), len(taken) / 2.0
    return Parts(
        on_scale("take_off", *_sides(taken), key, reach),
        on_scale(outcome, *sides, key, reach, horizon),
        rows,
        of,
    )


def told_rows(outcome: Outcome, taken: FloatArray) -> tuple[BoolArray, str]:
    """Return the runs of which an effect on an outcome is told (`told_of`), from [arms, R].

    Arms that were not run, or failed, say nothing: NaN.
    """
    if callable(outcome) or outcome.startswith("take_off"):
        return np.ones(taken.shape[1], dtype=bool), "all"
    return told_of(strata((taken != 0.0).all(axis=0), (taken == 1.0).any(axis=0)))


def _sides(arms: NDArray[Any]) -> tuple[FloatArray, FloatArray]:
    return (arms[0], arms[1]) if len(arms) == 2 else (arms[0] - arms[1], arms[2] - arms[3])
