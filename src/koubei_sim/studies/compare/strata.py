"""Principal strata: in which pairs of worlds a change decides, and what it does in each kind.

Under common luck both potential outcomes of a world are seen: whether it takes off with the change,
and whether without.  So every pair belongs to one of four kinds (the principal strata of
Frangakis and Rubin 2002, Biometrics 58:21-29, which elsewhere can only be bounded): both take off,
only one of the two, or neither.  A mean over all four says what happens in none.  Pure functions
of arrays with one entry a pair; called by `Comparison`.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.metrics import OUTCOMES, Interval, hurdle, mean_interval, offset

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

#: The kinds, in the order in which they are shown; the two in the middle go by a name.
BOTH, ONLY, LONE, NEITHER = range(4)
DAYS: Final = ("day_", "day:")


class Effect(NamedTuple):
    """What one scenario does against another in pairs of one kind, with its 95 % interval.

    `kind` is ``times`` for counts and money: the geometric mean of the ratios; ``difference``
    for chances, days, shares and indices.  `method` as in `metrics.told`, or ``paired shares``.
    """

    estimate: float
    low: float
    high: float
    method: str
    kind: str
    gain: float  # variance of an independent effect over that of the paired one
    changed: float  # share of the pairs that differ at all
    n: int  # pairs in which both are defined

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
    outcome: str,
    one: FloatArray,
    other: FloatArray,
    key: int = 0,
    horizon: float | None = None,
) -> Effect:
    """Return the effect on an outcome over pairs of one kind: `one` against `other`.

    Parameters
    ----------
    outcome : str
        A measure; it says whether the effect is a ratio (`metrics.offset`) or a difference.
    one, other : (R,) float arrays
        Pairs in which either is NaN are left out.
    key : int
    horizon : float, optional
        What a day that never came counts as.

    Examples
    --------
    >>> found = effect("users", np.array([19.0, 39.0, 99.0]), np.array([9.0, 19.0, 49.0]))
    >>> round(found.estimate, 6), found.kind
    (2.0, 'times')
    """
    one, other = (np.asarray(values, dtype=np.float64) for values in (one, other))
    if outcome.startswith("take_off"):
        found = hurdle.paired_chances(one, other)
        both = np.isfinite(one) & np.isfinite(other)
        return _made(found, "difference", one[both], other[both])
    if horizon is not None and outcome.startswith(DAYS):
        one, other = (np.where(np.isnan(days), horizon, days) for days in (one, other))
    both = np.isfinite(one) & np.isfinite(other)
    one, other = one[both], other[both]
    plus = offset(outcome)
    if plus is None:
        known = list(OUTCOMES)
        number = known.index(outcome) if outcome in OUTCOMES else len(known)
        found = hurdle.enough(mean_interval(one - other, key, number), one.size)
        return _made(found, "difference", one, other)
    one, other = np.log(one + plus), np.log(other + plus)
    found = hurdle.enough(mean_interval(one - other, skewed=math.inf), one.size)
    mean, low, high = (float(np.exp(end)) for end in (found.mean, found.low, found.high))
    return _made(Interval(mean, low, high, found.method), "times", one, other)


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


# Of any numbers, whatever took off --------------------------------------------------------------


class Difference(NamedTuple):
    """What one scenario gives more than another, pair by pair."""

    mean: Interval
    gain: float  # variance of an independent difference over that of the paired one
    changed: float  # share of the pairs that differ at all
    n: int  # pairs in which both are defined


def paired(
    one: NDArray[np.float64], other: NDArray[np.float64], key: int = 0, number: int = 0
) -> Difference:
    """Return the mean of ``one - other`` with its interval, and what the pairing saves.

    The gain is ``(var(one) + var(other)) / var(one - other)``: how many times more independent
    runs would give the same interval (inf where the difference never varies).

    Examples
    --------
    >>> import numpy as np
    >>> found = paired(np.array([2.0, 4.0, 7.0]), np.array([1.0, 3.0, 5.0]))
    >>> round(found.mean.mean, 3), round(found.gain, 1), found.n
    (1.333, 31.0, 3)
    """
    both = np.isfinite(one) & np.isfinite(other)
    one, other = one[both], other[both]
    gap = one - other
    if gap.size < 2:
        return Difference(mean_interval(gap, key, number), np.nan, _share(gap), int(gap.size))
    apart, together = float(one.var() + other.var()), float(gap.var())
    gain = apart / together if together > 0.0 else np.inf
    return Difference(mean_interval(gap, key, number), gain, _share(gap), int(gap.size))


def _share(gap: NDArray[np.float64]) -> float:
    return float((gap != 0.0).mean()) if gap.size else float("nan")
