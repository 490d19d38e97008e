"""So many seeds of each kind that reach most: `maximise` with quotas.

Called by `improving`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.seeding.loop import maximise


def by_kinds(
    network: Any, rule: Any, kind: NDArray[np.int64], wanted: NDArray[np.int64], key: int
) -> NDArray[np.int64]:
    """Return so many people of each kind, those of the last kind first, each kind best first.

    Kind by kind, on top of those chosen before.

    Parameters
    ----------
    network : Network
        Without labels.
    rule : Rule
        With live edges.
    kind : (n,) int64 array
        Kind of each person; -1: may not be chosen.
    wanted : (kinds,) int64 array
    key : int
    """
    found = np.empty(0, np.int64)
    for number in reversed(range(wanted.size)):
        if wanted[number]:
            among = np.flatnonzero(kind == number)
            more = maximise(
                network, rule, int(wanted[number]), among=among, given=found, rng=key, by="row"
            )
            found = np.concatenate([found, more.seeds.astype(np.int64)])
    return found
