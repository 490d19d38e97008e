"""Seeds and parents of the threshold rules: who starts a replicate, who convinced whom.

Where it takes several arcs to convince, the parent is the first among equals of the arcs from
people who became active one step before (docs/cascades.md 1, 2).  Which arcs these are is known
only at the end of the step, so parents are found by a second walk over the rows of the step,
and only where a forest is kept.  The walk lists the arcs to newly active people without a
branch, asks for their targets' cache lines, and compares tie draws afterwards.

Called by `choice` (seeds), `counting` and `adding`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from koubei_sim.cascades.kernels.coins import ONE
from koubei_sim.core.draws import draw
from koubei_sim.core.prefetch import prefetch

LISTED: Final = 2048  # arcs to newly active people that are collected before they are compared
FAR: Final = 32  # frontier places ahead of which row starts are asked for
NEAR: Final = 16  # and the first lines of rows
LINE: Final = 64  # bytes in a cache line
LAST: Final = np.uint64(0xFFFFFFFFFFFFFFFF)  # a tie draw that every other comes before
NOBODY: Final = np.int32((1 << 31) - 1)


@njit(cache=True, nogil=True)
def start(s, seeds, i):
    """Make the seeds of replicate `i` of the batch active; return their number."""
    n = 0
    for k in range(seeds.starts[i], seeds.starts[i + 1]):
        v = seeds.people[k]
        s.visited[v >> 6] |= ONE << np.uint64(v & 63)
        s.order[n] = v
        if s.parent.size > 0:
            s.parent[n] = -1
        n += 1
    return n


@njit(cache=True, nogil=True)
def compare(s, tie, listed):
    """Keep for each target the source of the arc with the smallest tie draw, of `listed` arcs."""
    for j in range(listed):
        v = s.to[j]
        bits = draw(tie, s.arc[j])
        # Equal draws: the smaller arc.  Arcs of a row come in order, rows are in order of source.
        if bits < s.tie[v] or (bits == s.tie[v] and s.source[j] < s.who[v]):
            s.tie[v] = bits
            s.who[v] = s.source[j]


@njit(cache=True, nogil=True)
def convince(rows, s, tie, begin, end, fresh, n):
    """Find the parents of the people at places ``fresh .. n - 1``.

    Parameters
    ----------
    rows, s : Block
        `Rows`, and a scratch block with the fields of `counting.CountingScratch` down to `who`.
    tie : uint64
        Stream of the tie draws.
    begin, end : int
        Places in ``s.order`` of those who became active one step before.
    """
    order, recent = s.order, s.recent
    for k in range(fresh, n):
        v = order[k]
        recent[v >> 6] |= ONE << np.uint64(v & 63)
        s.tie[v] = LAST
        s.who[v] = NOBODY
    indptr, indices = rows.indptr, rows.indices
    at_rows = indptr.ctypes.data
    at_targets = indices.ctypes.data
    at_ties = s.tie.ctypes.data
    to, arc, source = s.to, s.arc, s.source
    listed = 0
    for k in range(begin, end):
        if k + FAR < end:
            prefetch(np.uint64(at_rows + 8 * np.int64(order[k + FAR])))
        if k + NEAR < end:
            line = at_targets + 4 * indptr[order[k + NEAR]]
            prefetch(np.uint64(line))
            prefetch(np.uint64(line + LINE))
        u = order[k]
        e = indptr[u]
        while e < indptr[u + 1]:
            stop = min(indptr[u + 1], e + LISTED // 2)
            for a in range(e, stop):
                v = indices[a]
                to[listed] = v
                arc[listed] = a
                source[listed] = u
                prefetch(np.uint64(at_ties + 8 * np.int64(v)))
                listed += np.int64((recent[v >> 6] >> np.uint64(v & 63)) & ONE)
            e = stop
            if listed > LISTED // 2:
                compare(s, tie, listed)
                listed = 0
    compare(s, tie, listed)
    for k in range(fresh, n):
        v = order[k]
        s.parent[k] = s.who[v]
        recent[v >> 6] = np.uint64(0)
