"""How good held-out chances are: log score, Brier score, who is next, calibration, curves.

Pure functions of arrays; called by `judge`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, stdtrit

if TYPE_CHECKING:
    import pandas as pd

LEAST = 1e-12  # chances are kept this far from 0 and 1


class Span(NamedTuple):
    """An estimate with its 95 % interval; NaN where it has none."""

    value: float
    low: float
    high: float


def log_scores(adopted: NDArray[np.bool_], chance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log score of each row, in nats."""
    safe = np.clip(chance, LEAST, 1.0 - LEAST)
    return np.where(adopted, np.log(safe), np.log1p(-safe))


def ratio(above: NDArray[Any], below: NDArray[Any]) -> Span:
    """Return a ratio of sums over clusters with its 95 % interval.

    ``sum a / sum b``; the variance is that of ``a - ratio b`` between clusters (Cochran 1977, the
    ratio of a cluster sample), times C / (C - 1); Student's t with C - 1 degrees.

    Examples
    --------
    >>> span = ratio(np.array([1.0, 3.0]), np.array([1.0, 1.0]))
    >>> span.value, round(span.high, 2)
    (2.0, 14.71)
    """
    whole = float(below.sum())
    if whole <= 0.0:
        return Span(np.nan, np.nan, np.nan)
    value = float(above.sum()) / whole
    used = below > 0.0
    count = int(used.sum())
    if count < 2:
        return Span(value, np.nan, np.nan)
    away = (above - value * below)[used]
    error = math.sqrt(count / (count - 1.0) * float((away * away).sum())) / whole
    half = float(stdtrit(count - 1.0, 0.975)) * error
    return Span(value, value - half, value + half)


def concordance(
    chance: NDArray[np.float64], adopted: NDArray[np.bool_], stratum: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return, for each stratum, pairs put in the right order (a tie is half) and all pairs.

    A pair is one who adopted and one who did not in the same stratum; the one over the other is
    the area under the curve (AUC) there.

    Examples
    --------
    >>> right, pairs = concordance(np.array([0.2, 0.1, 0.1]), np.array([True, False, True]),
    ...                            np.zeros(3, np.int64))
    >>> right.tolist(), pairs.tolist()
    ([1.5], [2.0])
    """  # fmt: skip
    count = int(stratum.max()) + 1 if stratum.size else 0
    order = np.lexsort((chance, stratum))
    value, group, event = chance[order], stratum[order], adopted[order]
    if not value.size:
        return np.zeros(count), np.zeros(count)
    new = np.r_[True, (value[1:] != value[:-1]) | (group[1:] != group[:-1])]
    run = np.cumsum(new) - 1  # rows of one chance in one stratum
    yes = np.bincount(run, event)
    no = np.bincount(run, ~event)
    of = group[new]
    before = np.cumsum(no) - no
    first = np.r_[True, of[1:] != of[:-1]]
    starts = np.repeat(before[first], np.diff(np.r_[np.flatnonzero(first), of.size]))
    right = np.bincount(of, yes * (before - starts + 0.5 * no), count)
    total = np.bincount(group, event, count) * np.bincount(group, ~event, count)
    return right.astype(np.float64), total.astype(np.float64)


def slope(chance: NDArray[np.float64], adopted: NDArray[np.bool_]) -> float:
    """Return the slope of ``logit P(adopt) = a + slope logit(chance)`` (Cox 1958): 1 is right.

    Below 1: chances are too far apart.  NaN where all chances are the same.
    """
    x = np.asarray(logit(np.clip(chance, 1e-9, 1.0 - 1e-9)))
    y = adopted.astype(np.float64)
    if np.ptp(x) < 1e-9 or not 0 < y.sum() < y.size:
        return np.nan
    centre, size = float(x.mean()), float(x.std())
    z = (x - centre) / size
    a, b = float(logit(y.mean())), 0.0
    for _ in range(60):
        p = expit(a + b * z)
        w = np.maximum(p * (1.0 - p), 1e-12)
        ga, gb = float((y - p).sum()), float(((y - p) * z).sum())
        aa, ab, bb = float(w.sum()), float((w * z).sum()), float((w * z * z).sum())
        det = aa * bb - ab * ab
        if det <= 1e-12 * aa * bb:
            return np.nan
        da, db = (bb * ga - ab * gb) / det, (aa * gb - ab * ga) / det
        shrink = min(1.0, 4.0 / max(abs(da), abs(db), 1e-300))
        a, b = a + shrink * da, b + shrink * db
        if abs(da) + abs(db) < 1e-10:
            break
    return b / size


def calibrated(chance: NDArray[np.float64], adopted: NDArray[np.bool_], bins: int) -> pd.DataFrame:
    """Return predicted and observed shares in bins of equal size, with Wilson intervals."""
    import pandas as pd

    from koubei_sim.metrics.intervals import wilson

    order = np.argsort(chance, kind="stable")
    found = []
    for part in np.array_split(order, min(bins, order.size)):
        events = int(adopted[part].sum())
        low, high = wilson(events, part.size)
        found.append((float(chance[part].mean()), events / part.size, low, high, part.size))
    columns = ["predicted", "observed", "low", "high", "rows"]
    return pd.DataFrame(found, columns=columns)


def curve_of(at: NDArray[np.float64], start: int, periods: int, first: int) -> NDArray[np.float64]:
    """Return the share adopted by the end of each period from place `first` on.

    Parameters
    ----------
    at : (worlds, n) array
        Periods of adoption, NaN for never.

    Returns
    -------
    (worlds, periods - first) array
    """
    steps = np.arange(first, periods) + start
    return np.stack([(at <= t).mean(axis=1) for t in steps], axis=1)
