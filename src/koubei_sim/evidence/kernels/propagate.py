"""Labels that spread along ties until neighbours have the same: communities of bounded size.

Called by `designs`.
"""

from __future__ import annotations

import numpy as np

from koubei_sim.core.compiling import kernel


@kernel
def propagate(indptr, indices, weights, order, sizes, most, label, held):
    """Move each node once to the label that has most of its ties, where there is room.

    Raghavan, Albert and Kumara (2007) with a bound on sizes.  ``label`` (n,) int64 and the people
    ``held`` by each label are changed; returns how many nodes moved.  Ties between labels go to the
    own one, then to the smaller number.
    """
    n = order.size
    seen = np.zeros(n)
    moved = 0
    for k in range(n):
        i = order[k]
        own = label[i]
        for a in range(indptr[i], indptr[i + 1]):
            seen[label[indices[a]]] += weights[a]
        best, most_ties = own, seen[own]
        for a in range(indptr[i], indptr[i + 1]):
            other = label[indices[a]]
            better = seen[other] > most_ties or (
                seen[other] == most_ties and best != own and other < best
            )
            if better and held[other] + sizes[i] <= most:
                best, most_ties = other, seen[other]
        for a in range(indptr[i], indptr[i + 1]):
            seen[label[indices[a]]] = 0.0
        if best != own:
            held[own] -= sizes[i]
            held[best] += sizes[i]
            label[i] = best
            moved += 1
    return moved
