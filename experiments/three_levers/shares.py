"""How much of what varies is each lever's: variance over designs, split and shared out.

In each world the outcome over all designs of a factorial splits into orthogonal parts, one a set of
levers (Sobol' 1993; the classical analysis of variance).  The size of a part, averaged over worlds,
holds what that set does on average and what it does in some worlds and not in others.  A lever's
share is that of its own part and an equal portion of every part that it has with others (Shapley
values of this variance: Owen 2014, SIAM/ASA Journal on Uncertainty Quantification 2:245-251).
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Set = tuple[int, ...]


def parts(values: FloatArray) -> dict[Set, FloatArray]:
    """Return the size of each part in each world: sets of levers -> (W,) array.

    Parameters
    ----------
    values : (a, b, ..., W) array
        Outcome by level of each lever, and world.

    Examples
    --------
    >>> import numpy as np
    >>> found = parts(np.array([[[0.0], [1.0]], [[2.0], [3.0]]]))
    >>> [float(found[s][0]) for s in ((0,), (1,), (0, 1))]
    [1.0, 0.25, 0.0]
    """
    levers = values.ndim - 1
    effects: dict[Set, FloatArray] = {}
    for size in range(levers + 1):
        for levers_of in combinations(range(levers), size):
            others = tuple(axis for axis in range(levers) if axis not in levers_of)
            mean = values.mean(axis=others, keepdims=True)
            for below, effect in effects.items():
                if set(below) < set(levers_of):
                    mean = mean - effect
            effects[levers_of] = mean
    axes = tuple(range(levers))
    return {s: (effect**2).mean(axis=axes) for s, effect in effects.items() if s}


def lever_shares(values: FloatArray) -> tuple[FloatArray, float]:
    """Return the share of each lever in what levers do, and theirs in all variance."""
    sizes = {s: float(each.mean()) for s, each in parts(values).items()}
    total = sum(sizes.values())
    shares = np.zeros(values.ndim - 1)
    for levers, size in sizes.items():
        for lever in levers:
            shares[lever] += size / len(levers)
    all_of_it = float(values.var())
    return shares / total if total else shares, total / all_of_it if all_of_it else 0.0


def resampled(worlds: int, key: int, times: int = 400) -> list[NDArray[np.int64]]:
    """Return rows of worlds drawn with replacement, for bootstrap intervals over worlds."""
    rng = np.random.Generator(np.random.PCG64(key))
    return [rng.integers(0, worlds, worlds) for _ in range(times)]
