"""What is known of trees that are young: counts and ages, shape, and what a Hawkes process needs.

One row a tree, all from the messages that had been sent by then, columns of numbers without loops
over messages.  Called by `sizes`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.evidence.reposts import RepostTrees

FloatArray = NDArray[np.float64]

PARTS: Final = np.array([1, 2, 5, 10, 15, 20, 30, 40, 50, 55, 60]) / 60.0  # of the time seen
PLACES: Final = np.array([0.1, 0.25, 0.5, 0.75, 0.9, 1.0])  # of the messages seen
SHORTEST: Final = 1e-6  # age at the last message, in the unit of the log
LEAST: Final = 1e-3  # part of it
LATE: Final = 0.75  # what comes after this part of the time, or of the messages, is late


class Young(NamedTuple):
    """T trees as they stood at a time or at a number of messages."""

    seen: FloatArray  # (T,) messages after the root
    age: FloatArray  # (T,) time since the root up to which they were seen
    times: FloatArray  # (T, .) when messages came
    shape: FloatArray  # (T, .) how they hang together
    direct: FloatArray  # (T,) messages that hang on the root
    rows: RepostTrees  # the messages


def young_until(trees: RepostTrees, age: float) -> Young:
    """Return the trees as they stood `age` after their roots.

    Times are counts of messages, so far and between, at eleven parts of the age.
    """
    young = trees.until(age)
    tree, ages = young.forest.tree, young.age
    after = young.forest.above >= 0
    t = len(young)
    so_far = np.stack(
        [np.bincount(tree[after & (ages <= part * age)], minlength=t) for part in PARTS], axis=1
    ).astype(np.float64)
    seen = so_far[:, -1]
    mean_age = _per_tree(young, ages * after) / np.maximum(seen, 1.0) / age
    times = np.column_stack([np.log1p(so_far), np.log1p(np.diff(so_far, axis=1)), mean_age])
    shape, direct = _shape(young, after & (ages > LATE * age))
    return Young(seen, np.full(t, float(age)), times, shape, direct, young)


def young_first(trees: RepostTrees, k: int) -> Young:
    """Return the trees as they stood at their `k`-th message after the root; all have so many.

    Times are ages at six places among the messages, and from four of them to the last, as parts of
    the last, which stands beside them.
    """
    young = trees.first(k)
    order = np.lexsort((young.place, young.forest.tree))
    ages = young.age[order].reshape(-1, k + 1)
    at = ages[:, np.maximum(np.round(PLACES * k).astype(np.int64), 1)]
    last = np.maximum(at[:, -1:], SHORTEST)  # clocks differ
    # Parts of the last age beside it, so that the unit of time moves nothing but a constant.
    parts = np.column_stack([at[:, :-1], last - at[:, 1:-1]]) / last
    times = np.log(np.column_stack([np.clip(parts, LEAST, None), last]))
    place = young.place
    shape, direct = _shape(young, (young.forest.above >= 0) & (place > LATE * k))
    return Young(np.full(len(young), float(k)), last[:, 0], times, shape, direct, young)


def _per_tree(young: RepostTrees, values: NDArray[np.generic]) -> FloatArray:
    weights = np.asarray(values, np.float64)
    found = np.bincount(young.forest.tree, weights=weights, minlength=len(young))
    return found.astype(np.float64)


def _shape(young: RepostTrees, late: NDArray[np.bool_]) -> tuple[FloatArray, FloatArray]:
    """Return measures of shape, and the messages on the root."""
    forest = young.forest
    table = young.trees()
    direct = forest.children[forest.roots].astype(np.float64)
    below = np.where(forest.above < 0, 0, forest.children)
    largest = np.zeros(len(young))
    np.maximum.at(largest, forest.tree, below)
    deep = [np.log1p(_per_tree(young, forest.generation >= g)) for g in (2, 3, 4)]
    found = np.column_stack(
        [
            np.log1p(direct),
            np.log1p(largest),
            *deep,
            table["depth"],
            np.log(np.fmax(table["virality"].to_numpy(), 1.0)),
            np.log1p(_per_tree(young, late & (forest.generation == 1))),
            np.log1p(_per_tree(young, late & (forest.generation > 1))),
            np.log1p(_per_tree(young, (forest.children > 0) & (forest.above >= 0))),
        ]
    )
    return found, direct
