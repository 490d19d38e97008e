"""Six numbers of each group by who took up, replicate by replicate.

Called by `koubei_sim.evidence.takeup`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray


class Ties(NamedTuple):
    """Who is near whom: neighbours, and those two steps away; who leads; groups of people."""

    indptr: NDArray[np.int64]  # (n + 1,): neighbours of j are indices[indptr[j]:indptr[j + 1]]
    indices: NDArray[np.int32]
    indptr2: NDArray[np.int64]  # (n + 1,): the same at distance two
    indices2: NDArray[np.int32]
    into: NDArray[np.float64]  # (n,): how many neighbours a person has
    into2: NDArray[np.float64]  # (n,)
    leader: NDArray[np.bool_]  # (n,)
    group: NDArray[np.int64]  # (n,)


@njit(cache=True, nogil=True)
def takeup_numbers(ties, takes, out):
    """Fill ``out[r, g]`` for each row of `takes`; see `evidence.takeup.MOMENTS` for the six.

    Parameters
    ----------
    ties : Block of `Ties`
    takes : (R, n) bool
    out : (R, G, 6) float64
    """
    people = takes.shape[1]
    groups = out.shape[1]
    near = np.zeros(people)
    near2 = np.zeros(people)
    beside = np.zeros((2, people), np.bool_)  # a leader who did not take up, who did
    counts = np.zeros((groups, 10))
    for r in range(takes.shape[0]):
        near[:] = 0.0
        near2[:] = 0.0
        beside[:] = False
        counts[:] = 0.0
        for j in range(people):
            took = takes[r, j]
            if ties.leader[j]:
                kind = 1 if took else 0
                for e in range(ties.indptr[j], ties.indptr[j + 1]):
                    beside[kind, ties.indices[e]] = True
            if took:
                for e in range(ties.indptr[j], ties.indptr[j + 1]):
                    near[ties.indices[e]] += 1.0
                for e in range(ties.indptr2[j], ties.indptr2[j + 1]):
                    near2[ties.indices2[e]] += 1.0
        for i in range(people):
            c = counts[ties.group[i]]
            y = 1.0 if takes[r, i] else 0.0
            if ties.leader[i]:
                c[0] += 1.0
                c[1] += y
            if ties.into[i] > 0.0 and near[i] == 0.0:
                c[2] += 1.0
                c[3] += y
            if beside[1, i]:
                c[4] += 1.0
                c[5] += y
            if beside[0, i]:
                c[6] += 1.0
                c[7] += y
            c[8] += 1.0
            c[9] += y
        for g in range(groups):
            for k in range(4):
                out[r, g, k] = counts[g, 2 * k + 1] / max(counts[g, 2 * k], 1.0)
            out[r, g, 4] = 0.0
            out[r, g, 5] = 0.0
        # Covariances with the mean of the group taken off: sums of products of small numbers.
        for i in range(people):
            g = ties.group[i]
            off = (1.0 if takes[r, i] else 0.0) - counts[g, 9] / counts[g, 8]
            if ties.into[i] > 0.0:
                out[r, g, 4] += off * near[i] / ties.into[i]
            if ties.into2[i] > 0.0:
                out[r, g, 5] += off * near2[i] / ties.into2[i]
        for g in range(groups):
            out[r, g, 4] /= max(counts[g, 8], 1.0)
            out[r, g, 5] /= max(counts[g, 8], 1.0)
