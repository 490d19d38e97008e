"""Addressed draws of calibrations: where particles start, whom they descend from, how they move.

Every number is a function of (key, purpose, generation, round, particle), so a calibration that
was killed goes on with the same particles, and the number of workers changes none.
Called by `abc`, `ranks`, `optimise` and `calibration`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core import draws

FloatArray = NDArray[np.float64]

#: Purpose codes; `core.codes` says which are taken.
DRAW_PRIOR: Final = 176
DRAW_PARENT: Final = 177
DRAW_STEP: Final = 178
DRAW_SAMPLER: Final = 179


def shares(key: int, purpose: int, generation: int, turn: int, number: int) -> FloatArray:
    """Return draws in (0, 1), shape [number]; draw i is the same for any number.

    Examples
    --------
    >>> bool((shares(7, DRAW_PRIOR, 0, 0, 2) == shares(7, DRAW_PRIOR, 0, 0, 9)[:2]).all())
    True
    """
    return draws.units_drawn(number, key, purpose, generation, turn)


def square(
    key: int, purpose: int, generation: int, turn: int, number: int, wide: int
) -> FloatArray:
    """Return draws in (0, 1), shape [number, wide], a row a particle."""
    return shares(key, purpose, generation, turn, number * wide).reshape(number, wide)


def picked(weights: FloatArray, where: FloatArray) -> NDArray[np.int64]:
    """Return who is picked with probabilities `weights` by draws in (0, 1).

    Examples
    --------
    >>> picked(np.array([0.25, 0.75]), np.array([0.2, 0.3])).tolist()
    [0, 1]
    """
    sums = np.cumsum(weights)
    found = np.searchsorted(sums / sums[-1], where, side="right")
    return np.minimum(found, weights.size - 1).astype(np.int64)


def evenly(weights: FloatArray, number: int, share: float) -> NDArray[np.int64]:
    """Return `number` picks whose counts are nearest to their weights (systematic resampling).

    Kitagawa 1996, J. Comput. Graph. Statist. 5:1-25.
    """
    return picked(weights, (np.arange(number) + share) / number)


def whole_seed(key: int, purpose: int, turn: int) -> int:
    """Return a seed of 32 bits, for libraries that insist on one of their own."""
    return int(draws.stream(np.uint64(key), 0, purpose, turn, 0)) >> 32
