"""What is asked of `maximise` and `fewest`, checked before any work: rows in place of names.

Called by `seeding.loop` and `seeding.fewest_seeds`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import checks
from koubei_sim.cascades.arcs import Arcs, for_people
from koubei_sim.errors import KoubeiError
from koubei_sim.seeding.kernels.cover import Limits
from koubei_sim.seeding.kernels.search import BATCH
from koubei_sim.seeding.pool import MOST_SETS
from koubei_sim.seeding.rows import Meetings


@dataclass(frozen=True)
class Question:
    """What is asked, checked."""

    arcs: Arcs | Meetings
    limits: Limits
    given: NDArray[np.int64]
    weights: NDArray[np.float64]  # (n,), what a person counts
    target: float
    delta: float
    rounds: int
    key: int


def people_of(
    arcs: Arcs | Meetings, among: Any, given: Any, audience: Any
) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.float64]]:
    """Return who may be chosen (n,), who starts anyway, and what each person counts (n,).

    Parameters
    ----------
    arcs : Arcs or Meetings
    among, given, audience
        As handed to `maximise`.

    Raises
    ------
    KoubeiError
        No such people, not one value a person, or nobody who counts.
    """
    n, names = arcs.n, arcs.network.labels
    allowed = np.full(n, among is None)
    if among is not None:
        allowed[checks.rows_of("among", among, n, names)] = True
    anyway = np.unique(checks.rows_of("given", given, n, names)).astype(np.int64)
    allowed[anyway] = False
    weights = np.ones(n)
    if audience is not None:
        value = checks.per_person("audience", audience, 0.0, math.inf)
        if isinstance(value, float):
            raise KoubeiError("audience", "not one value a person", got=value)
        weights = np.asarray(for_people("audience", value, arcs.network), np.float64)
        if not weights.any():
            raise KoubeiError("audience", "nobody counts", allowed="somebody above 0")
    return allowed, anyway, weights


def sampling_of(target: Any, delta: Any, sets: Any, rng: Any) -> dict[str, Any]:
    """Return the fields of `Question` that say how long to sample, and from which key."""
    most = checks.whole("sets", sets, 64, MOST_SETS)
    return {
        "target": checks.number("target", target, 0.0, 1.0),
        "delta": checks.number("delta", delta, 1e-12, 1.0 - 1e-12),
        "rounds": (most // BATCH).bit_length(),
        "key": checks.key(rng),
    }
