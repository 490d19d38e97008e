"""From runs to a verdict: effects world by world, their share above what matters, what splits them.

Pure functions of arrays; nothing here runs a model.  Axis 0 is always the worlds of a prior, axis 1
the replicates.  Called by `judge`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.metrics import chance, mean_interval

Array = NDArray[np.float64]

#: What a ratio with a zero on one side counts as: a factor of a thousand.
_BOUND: Final = math.log(1000.0)


class Effects(NamedTuple):
    """Effects of one test over worlds.

    `pairs` are the paired numbers that an effect is the mean of: differences, or logarithms of
    ratios, signed so that above 0 is what is claimed.
    """

    effect: Array  # [W]; NaN where no pair is defined
    pairs: Array  # [W, R]
    best: NDArray[np.int64]  # [W]: number of the other arm that the claimed one does least better
    gain: float  # pooled variance of independent differences over that of the pairs
    noise: float  # share of the variance of effects that is luck of the replicates


def effects(
    claimed: Array,
    others: Sequence[Array],
    kind: str,
    better: str,
    plus: float = 0.0,
    live: Sequence[NDArray[np.bool_]] | None = None,
) -> Effects:
    """Return the effect of the claimed arm against the best of the others, world by world.

    Parameters
    ----------
    claimed : (W, R) array
    others : sequence of (W, R) arrays
    kind : {"ratio", "difference"}
    better : {"more", "less"}
        With ``"less"`` the sign is turned: a fall of the outcome is an effect above 0; a ratio of
        .9 is an effect of .1.
    plus : float
        Added before ratios (`metrics.offset`).
    live : sequence of (W, R) bool arrays, optional
        For each of the others, the pairs that count: those in which both arms took off.

    Returns
    -------
    Effects

    Examples
    --------
    >>> import numpy as np
    >>> found = effects(np.array([[11.0, 23.0]]), [np.array([[9.0, 19.0]])], "ratio", "more", 1.0)
    >>> [round(float(x), 3) for x in found.effect]
    [0.2]
    """
    every = [_pairs(claimed, other, kind, better, plus) for other in others]
    if live is not None:
        every = [np.where(rows, pairs, np.nan) for rows, pairs in zip(live, every, strict=True)]
    means = np.array([_mean(pairs) for pairs in every])
    defined = np.where(np.isnan(means), np.inf, means)
    best = defined.argmin(axis=0)
    worlds = np.arange(claimed.shape[0])
    pairs = np.stack(every)[best, worlds]
    effect = _shown(_mean(pairs), kind, better)
    gain = _gain(claimed, np.stack(list(others))[best, worlds], pairs, kind, plus)
    return Effects(effect, pairs, best, gain, _noise(pairs))


def _pairs(one: Array, other: Array, kind: str, better: str, plus: float) -> Array:
    sign = 1.0 if better == "more" else -1.0
    if kind == "difference":
        return sign * (one - other)
    found = _log(one + plus) - _log(other + plus)
    # None of either is no difference; none of one alone is a ratio beyond all bounds, kept finite.
    nothing, none = one + plus == 0.0, other + plus == 0.0
    found[nothing & none] = 0.0
    found[nothing & ~none & (other + plus > 0.0)] = -_BOUND
    found[none & ~nothing & (one + plus > 0.0)] = _BOUND
    return sign * found


def _log(values: Array) -> Array:
    out = np.full(values.shape, np.nan)
    return np.log(values, out=out, where=values > 0.0)


def _mean(pairs: Array) -> Array:
    known = np.isfinite(pairs)
    count = known.sum(axis=-1)
    total = np.where(known, pairs, 0.0).sum(axis=-1)
    return np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)


def _shown(mean: Any, kind: str, better: str) -> Any:
    """Turn a mean of pairs into the effect that people read."""
    if kind == "difference":
        return mean
    return np.expm1(mean) if better == "more" else -np.expm1(-np.asarray(mean))


def _gain(one: Array, other: Array, pairs: Array, kind: str, plus: float) -> float:
    if pairs.shape[1] < 2:
        return math.nan
    if kind == "ratio":
        one, other = _log(one + plus), _log(other + plus)
    good = (np.isfinite(pairs) & np.isfinite(one) & np.isfinite(other)).all(axis=1)
    if not good.any():
        return math.nan
    apart = one[good].var(axis=1, ddof=1).sum() + other[good].var(axis=1, ddof=1).sum()
    paired = pairs[good].var(axis=1, ddof=1).sum()
    return float(apart / paired) if paired > 0.0 else math.inf


def _noise(pairs: Array) -> float:
    """Share of the variance of effects that is luck; worlds may have unequally many pairs."""
    known = np.isfinite(pairs)
    count = known.sum(axis=1)
    means, several = _mean(pairs), count >= 2
    if not several.any() or (count > 0).sum() < 2:
        return math.nan
    total = float(means[count > 0].var(ddof=1))
    gaps = np.where(known, pairs - np.nan_to_num(means)[:, None], 0.0)
    # One variance of luck for all worlds, pooled over those with several pairs.
    freedom = float((count[several] - 1).sum())
    within = float((gaps[several] ** 2).sum()) / freedom
    luck = within * float((1.0 / count[count > 0]).mean())
    return min(luck / total, 1.0) if total > 0.0 else 0.0


def chance_level(
    arms: Sequence[Array], kind: str, better: str, smallest: float, plus: float = 0.0
) -> tuple[int, int]:
    """Return in how many worlds an arm beats its own kind by luck alone, and of how many.

    The placebo: the first arm against itself on other luck, as often as the test has rivals, each
    with an equal part of the replicates.  What "holds" there holds by chance; a little more of it
    than in the test, which has all replicates for each arm.

    Parameters
    ----------
    arms : sequence of (W, R) arrays
        Outcome of the arms that are held against; the first stands for all.
    """
    number = arms[0].shape[1] // (len(arms) + 1)
    if not number:
        return 0, 0
    parts = [arms[0][:, k * number : (k + 1) * number] for k in range(len(arms) + 1)]
    known = effects(parts[0], parts[1:], kind, better, plus).effect
    known = known[np.isfinite(known)]
    return int((known > smallest).sum()), int(known.size)


class Judged(NamedTuple):
    """The share of worlds in which an effect matters, and the verdict by the rule."""

    verdict: str  # supported, rejected, differs or undecided
    share: float
    low: float
    high: float
    worlds: int
    more: int  # worlds still needed where it is undecided, at the share so far


#: More worlds than this are never asked for: the share lies on a line of the rule.
MOST_WORLDS: Final = 10_000


def judge_share(effect: Array, smallest: float, supported: float, rejected: float) -> Judged:
    """Return the verdict over the worlds given, by the interval of the share and not its point.

    ``supported`` where all of the 95 % interval lies at or above `supported`, ``rejected`` where
    all of it lies at or below `rejected`, ``differs`` where it lies between; else ``undecided``.

    Examples
    --------
    >>> import numpy as np
    >>> judge_share(np.array([0.3] * 29 + [0.0]), 0.1, 0.75, 0.25).verdict
    'supported'
    >>> judge_share(np.array([0.3] * 5 + [0.0]), 0.1, 0.75, 0.25)[:1]
    ('undecided',)
    """
    known = effect[np.isfinite(effect)]
    holds = int((known > smallest).sum())
    share, low, high, _ = chance(holds, int(known.size))
    verdict = _region(low, high, supported, rejected) if known.size else "undecided"
    more = 0
    if verdict == "undecided":
        more = _needed(share, int(known.size), supported, rejected)
    return Judged(verdict, share, low, high, int(known.size), more)


def _region(low: float, high: float, supported: float, rejected: float) -> str:
    if low >= supported:
        return "supported"
    if high <= rejected:
        return "rejected"
    return "differs" if low >= rejected and high <= supported else "undecided"


def side(share: float, supported: float, rejected: float) -> int:
    """Return on which side of the lines of the rule a share lies: 1, -1, or 0 between."""
    return 1 if share >= supported else -1 if share <= rejected else 0


def _needed(share: float, worlds: int, supported: float, rejected: float) -> int:
    """Return how many more worlds decide at this share; `MOST_WORLDS` where hardly any do."""
    if not math.isfinite(share):
        return 0
    total = max(worlds, 4)
    while total < MOST_WORLDS:
        total = math.ceil(1.1 * total)
        _, low, high, _ = chance(round(share * total), total)
        if _region(low, high, supported, rejected) != "undecided":
            return total - worlds
    return MOST_WORLDS


class Split(NamedTuple):
    """A parameter that tells worlds in which the claim holds from the others."""

    path: str
    area: float  # P(value where it holds > value where it does not), ties half
    p: float  # Mann-Whitney, two-sided, Holm-corrected over all parameters
    at: float  # the cut with the largest difference of shares
    below: float  # share of worlds below the cut in which it holds
    above: float


def splits(
    columns: Mapping[str, Sequence[Any]],
    effect: Array,
    smallest: float,
    most: int = 5,
    below: float = 0.05,
) -> list[Split]:
    """Return the parameters that split the worlds, the strongest first (p < `below` after Holm).

    Mann and Whitney 1947, Annals of Mathematical Statistics 18:50-60; Holm 1979, Scandinavian
    Journal of Statistics 6:65-70.  With a hundred and fifty parameters and a hundred worlds only
    strong splits can be seen.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(40.0)
    >>> [s.path for s in splits({"a.b": x, "c": x % 7}, np.where(x > 18, 1.0, 0.0), 0.5)]
    ['a.b']
    """
    from scipy.stats import mannwhitneyu

    known = np.isfinite(effect)
    holds = effect[known] > smallest
    if not 2 <= holds.sum() <= holds.size - 2:
        return []
    found = []
    for path, values in columns.items():
        column = _numbers(values)
        if column is None or np.unique(column[known]).size < 2:
            continue
        value = column[known]
        test = mannwhitneyu(value[holds], value[~holds], alternative="two-sided")
        area = float(test.statistic) / float(holds.sum() * (~holds).sum())
        found.append(Split(path, area, float(test.pvalue), *_cut(value, holds)))
    found.sort(key=lambda split: split.p)
    kept, worst = [], 0.0
    for number, split in enumerate(found):
        worst = max(worst, min(1.0, split.p * (len(found) - number)))
        if worst >= below:
            break
        kept.append(split._replace(p=worst))
    return kept[:most]


def _numbers(values: Sequence[Any]) -> Array | None:
    if any(isinstance(value, (str, bool)) or value is None for value in values):
        return None
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        return None


def _cut(value: Array, holds: NDArray[np.bool_]) -> tuple[float, float, float]:
    """Return the cut between values that parts shares most, each side a tenth or more."""
    order = np.argsort(value, kind="stable")
    ranked, right = value[order], holds[order]
    n = ranked.size
    sums = np.cumsum(right)
    best = (float(np.median(value)), math.nan, math.nan)
    widest = -1.0
    for k in range(max(1, n // 10), n - max(1, n // 10) + 1):
        if k >= n or ranked[k] == ranked[k - 1]:
            continue
        below, above = sums[k - 1] / k, (sums[-1] - sums[k - 1]) / (n - k)
        if abs(above - below) > widest:
            widest = abs(above - below)
            best = (float((ranked[k] + ranked[k - 1]) / 2.0), float(below), float(above))
    return best


def interval(
    pairs: Array, kind: str, better: str, key: int, number: int
) -> tuple[float, float, float]:
    """Return an effect and its 95 % interval from the pairs of one world."""
    found = mean_interval(np.asarray(pairs, dtype=np.float64), key, number)
    return tuple(float(_shown(x, kind, better)) for x in (found.mean, found.low, found.high))  # type: ignore[return-value]
