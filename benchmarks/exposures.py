"""Count to how many shards a telling must be sent; called by `bench_partition`."""

from __future__ import annotations

import numpy as np
from numba import njit

from koubei_sim.core.bits import ONE


@njit
def count_pairs(tellers, indptr, indices, owners, hearing, pairs, crossing, heard):
    """Add up, for several ways of dealing people to shards, what tellings would send.

    Parameters
    ----------
    tellers : int32 [tellings]
    indptr, indices : arrays of the graph, listeners ascending in a row
    owners : uint8 [P, N], the shard of each person, ascending with the person
    hearing : uint64 words, the set of those who hear
    pairs, crossing, heard : int64 [P], added to: (telling, other shard) pairs; arcs to other
        shards; those whose listener hears
    """
    for k in range(tellers.size):
        teller = tellers[k]
        begin, end = indptr[teller], indptr[teller + 1]
        for p in range(owners.shape[0]):
            own = owners[p, teller]
            last = np.int64(-1)
            for e in range(begin, end):
                i = indices[e]
                owner = np.int64(owners[p, i])
                if owner == own:
                    continue
                crossing[p] += 1
                heard[p] += np.int64((hearing[i >> 6] >> np.uint64(i & 63)) & ONE)
                if owner != last:
                    pairs[p] += 1
                    last = owner
