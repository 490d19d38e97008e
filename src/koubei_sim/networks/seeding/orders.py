"""Numba loops behind the strategies: core numbers, nominations, distances.

A graph is rows (`indptr`, `indices`) of those whom a person's word reaches.
Called by `strategies`.
"""

from __future__ import annotations

import numpy as np

from koubei_sim.core.compiling import kernel
from koubei_sim.core.draws import draw, draw32, pick


@kernel
def turned_round(indptr, indices):
    """Return rows of those whom a person hears."""
    n = indptr.size - 1
    starts = np.zeros(n + 1, dtype=np.int64)
    for k in range(indices.size):
        starts[indices[k] + 1] += 1
    for u in range(n):
        starts[u + 1] += starts[u]
    cursor = starts[:-1].copy()
    out = np.empty(indices.size, dtype=np.int32)
    for u in range(n):
        for k in range(indptr[u], indptr[u + 1]):
            v = indices[k]
            out[cursor[v]] = u
            cursor[v] += 1
    return starts, out


@kernel
def core_numbers(indptr, indices, back_ptr, back):
    """Core number of each person by arcs in both directions (Batagelj and Zaversnik 2003).

    People are kept sorted by the arcs they have left; the one with the fewest is taken away
    again and again.
    """
    n = indptr.size - 1
    left = np.empty(n, dtype=np.int64)
    most = 0
    for u in range(n):
        left[u] = indptr[u + 1] - indptr[u] + back_ptr[u + 1] - back_ptr[u]
        most = max(most, left[u])
    first = np.zeros(most + 2, dtype=np.int64)  # where people with so many arcs begin
    for u in range(n):
        first[left[u] + 1] += 1
    for d in range(most + 1):
        first[d + 1] += first[d]
    order = np.empty(n, dtype=np.int64)
    place = np.empty(n, dtype=np.int64)
    cursor = first[:-1].copy()
    for u in range(n):
        place[u] = cursor[left[u]]
        order[place[u]] = u
        cursor[left[u]] += 1
    for step in range(n):
        u = order[step]
        for side in range(2):
            starts, ends = (indptr, indices) if side == 0 else (back_ptr, back)
            for k in range(starts[u], starts[u + 1]):
                v = ends[k]
                if left[v] > left[u]:
                    # Swap v with the first of its bin, then let the bin begin after it.
                    head = first[left[v]]
                    w = order[head]
                    order[head], order[place[v]] = v, w
                    place[w] = place[v]
                    place[v] = head
                    first[left[v]] = head + 1
                    left[v] -= 1
    return left


@kernel
def first_nominations(indptr, indices, order_base, name_base, named):
    """``named[v]`` = smallest draw of those who name v; everybody names one listener."""
    for u in range(indptr.size - 1):
        degree = indptr[u + 1] - indptr[u]
        if degree > 0:
            v = indices[indptr[u] + pick(draw32(name_base, u), degree)]
            mine = draw(order_base, u)
            if mine < named[v]:
                named[v] = mine


@kernel
def distances(indptr, indices, sources, kind, wanted, distance):
    """Breadth-first distances from `sources`, until enough people of both kinds are reached.

    ``wanted[k]`` people of kind k are needed; the circle in which the last of them is found is
    finished.  People not reached keep what `distance` held.
    """
    queue = np.empty(indptr.size - 1, dtype=np.int32)
    found = np.zeros(2, dtype=np.int64)
    size = 0
    for s in sources:
        distance[s] = 0
        queue[size] = s
        size += 1
        found[kind[s]] += 1
    at = 0
    circle = 0
    while at < size:
        if distance[queue[at]] > circle:
            circle = distance[queue[at]]
            if found[0] >= wanted[0] and found[1] >= wanted[1]:
                break
        u = queue[at]
        at += 1
        for k in range(indptr[u], indptr[u + 1]):
            v = indices[k]
            if distance[v] > distance[u] + 1:
                distance[v] = distance[u] + 1
                queue[size] = v
                size += 1
                found[kind[v]] += 1
