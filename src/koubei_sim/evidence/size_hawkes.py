"""A self-exciting process of messages: each draws others after itself, with a memory that fades.

The root draws D messages, every other one kappa in the mean; when they come is a memory common to
all trees.  Since a log says on which message each hangs, the memories are the laws of the lags that
are seen (one of the root, one of the others): no likelihood over all pairs is needed.  The numbers
of a tree are those that it has shown so far over what the memories say it should have shown, pulled
towards those of all trees (gamma priors).  What is still to come then draws more, a geometric
series.  Called by `sizes`.

References
----------
[1] Hawkes, A. G. and Oakes, D. (1974), A cluster process representation of a self-exciting
process, Journal of Applied Probability 11, 493-503.
[2] Zhao, Q., Erdogdu, M. A., He, H. Y., Rajaraman, A. and Leskovec, J. (2015), SEISMIC, KDD
(forecasts of this kind, scaled by a factor that is fitted on known trees, as here).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.evidence.reposts import RepostTrees
from koubei_sim.evidence.size_features import Young

FloatArray = NDArray[np.float64]

GRID: Final = 400  # points of a memory
STRENGTHS: Final = (1.0, 3.0, 10.0, 30.0, 100.0)  # of the prior of kappa, in messages
MOST: Final = 0.95  # of kappa: else a tree would never end


class Memory(NamedTuple):
    """Law of the lag between a message and those that it draws."""

    lag: FloatArray  # (G,) rising
    share: FloatArray  # (G,) share of the messages that come at most so late

    def by(self, lag: FloatArray) -> FloatArray:
        """Return the share that has come by a lag."""
        return np.interp(lag, self.lag, self.share, left=0.0, right=1.0)


def memory_of(lags: FloatArray) -> Memory:
    """Return the law of lags, at 400 of their quantiles.

    Examples
    --------
    >>> memory_of(np.arange(1.0, 1001.0)).by(np.array([500.0])).round(2)
    array([0.5])
    """
    if not lags.size:
        return Memory(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    share = np.linspace(0.0, 1.0, GRID)
    lag = np.quantile(np.maximum(lags, 0.0), share)
    last = np.append(np.flatnonzero(np.diff(lag) > 0.0), GRID - 1)  # of equal lags the last
    return Memory(lag[last], share[last])


def memories(trees: RepostTrees) -> tuple[Memory, Memory]:
    """Return the memories of roots and of other messages."""
    forest, time = trees.forest, trees.forest.activations.time
    child = np.flatnonzero(forest.above >= 0)
    lag = time[child] - time[forest.above[child]]
    on_root = forest.generation[child] == 1
    return memory_of(lag[on_root]), memory_of(lag[~on_root])


class _Seen(NamedTuple):
    """What a tree has shown, and what it should have (T,)."""

    direct: FloatArray  # messages on the root
    root_share: FloatArray  # share of those of the root that should have come
    others: FloatArray  # messages on others
    exposure: FloatArray  # sum over the others of the share that should have come
    left: FloatArray  # the same of what has not


def _seen(young: Young, root: Memory, other: Memory) -> _Seen:
    forest = young.rows.forest
    inner = forest.above >= 0
    left = young.age[forest.tree] - young.rows.age
    share = other.by(np.maximum(left[inner], 0.0))
    t = young.seen.size
    exposure = np.bincount(forest.tree[inner], weights=share, minlength=t).astype(np.float64)
    count = np.bincount(forest.tree[inner], minlength=t).astype(np.float64)
    return _Seen(
        young.direct, root.by(young.age), young.seen - young.direct, exposure, count - exposure
    )


def _raw(found: _Seen, strength: float, mean_root: float, kappa: float) -> FloatArray:
    """Return messages still to come for a strength of the prior of kappa.

    Of the root the prior counts as one message of `mean_root`.
    """
    root = (found.direct + 1.0) / (found.root_share + 1.0 / mean_root)
    each = (found.others + strength) / (found.exposure + strength / kappa)
    each = np.minimum(each, MOST)
    coming = root * (1.0 - found.root_share) + each * found.left
    return coming / (1.0 - each)


def hawkes(learnt: Young, sizes: FloatArray, known: RepostTrees, fresh: Young) -> FloatArray:
    """Return the forecast messages after the root.

    The strength of the prior and one factor on the growth are those with the smallest error, and
    none in the mean, on the trees learnt from.
    """
    root, other = memories(known)
    forest = known.forest
    direct = forest.children[forest.roots].astype(np.float64)
    mean_root = max(float(direct.mean()), 1.0)
    kappa = float(np.clip((sizes.sum() - direct.sum()) / max(sizes.sum(), 1.0), 1e-3, MOST))
    was, now = _seen(learnt, root, other), _seen(fresh, root, other)
    best = (np.inf, np.zeros(fresh.seen.size))
    for strength in STRENGTHS:
        past, coming = (_raw(each, strength, mean_root, kappa) for each in (was, now))
        factor = np.median((sizes - learnt.seen) / np.maximum(past, 1e-9))
        error = float(np.median(np.abs((learnt.seen + factor * past) / sizes - 1.0)))
        if error < best[0]:
            best = (error, fresh.seen + factor * coming)
    return best[1]
