"""Compressed sparse rows: the numba loops that build, sort and turn them.

A graph over ``n`` people is two arrays: ``indptr`` (int64, n + 1) and ``indices`` (int32, one
per arc, ascending within a row); row ``u`` is ``indices[indptr[u]:indptr[u + 1]]``, the people
whom the word of ``u`` reaches.  Everything here is integer work in a fixed order, so the bytes
do not depend on the machine.  Loops that take ``lo, hi`` work on a range of rows and touch
nothing else: callers may run ranges in several threads (they release the lock) and get the
same result as with one.

Called by `koubei_sim.networks` only.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from koubei_sim.core.compiling import kernel, part
from koubei_sim.core.prefetch import prefetch

SHORT_ROW = 40  # rows up to this length are sorted by insertion
NEAR, FAR = 24, 64  # arcs ahead for which memory is asked in the loops over random targets
FEW_TARGETS, MOST_GROUPS = 12, 1024  # arcs are turned by groups of 2**12 targets, or of more


@kernel
def count_arcs(src, dst, both, counts):
    """Add row lengths to ``counts[u + 1]``; return the number of self loops (not counted)."""
    loops = 0
    for e in range(src.size):
        s = src[e]
        d = dst[e]
        if s == d:
            loops += 1
            continue
        counts[s + 1] += 1
        if both:
            counts[d + 1] += 1
    return loops


@kernel
def prefix_sum(counts):
    """Turn ``counts[u + 1] = length of row u`` into row starts, in place."""
    total = np.int64(0)
    for u in range(counts.size):
        total += counts[u]
        counts[u] = total


@kernel
def stagger(counts, cursors):
    """Turn row lengths into row starts, with a cursor for each part of the edges.

    ``counts[p, u + 1]`` is how many arcs of part `p` lie in row ``u``.  Row starts come to stand
    in ``counts[0]``; ``cursors[p, u]`` is where part `p` writes: behind the parts before it, so
    each row keeps the order of the edges.
    """
    parts, n = cursors.shape
    at = np.int64(0)
    for u in range(n):
        start = at
        for p in range(parts):
            cursors[p, u] = at
            at += counts[p, u + 1]
        counts[0, u] = start
    counts[0, n] = at


@kernel
def scatter_arcs(src, dst, weight, both, cursor, indices, weights):
    """Write every arc (not self loops) into its row; `cursor` holds the next free place.

    A weight is carried along, or both arrays of weights are of size 0.  The places are random, so
    memory is asked for ahead, as in `turn_arcs`.
    """
    at_cursor, at_arc = np.uintp(cursor.ctypes.data), np.uintp(indices.ctypes.data)
    at_weight = np.uintp(weights.ctypes.data)
    weighted = weights.size > 0
    for e in range(src.size):
        if e + FAR < src.size:
            prefetch(at_cursor + np.uintp(src[e + FAR]) * np.uintp(8))
            soon = np.uintp(cursor[src[e + NEAR]]) * np.uintp(4)
            prefetch(at_arc + soon)
            if weighted:
                prefetch(at_weight + soon)
            if both:
                prefetch(at_cursor + np.uintp(dst[e + FAR]) * np.uintp(8))
                soon = np.uintp(cursor[dst[e + NEAR]]) * np.uintp(4)
                prefetch(at_arc + soon)
                if weighted:
                    prefetch(at_weight + soon)
        s = src[e]
        d = dst[e]
        if s == d:
            continue
        at = cursor[s]
        indices[at] = d
        cursor[s] = at + 1
        if weighted:
            weights[at] = weight[e]
        if both:
            at = cursor[d]
            indices[at] = s
            cursor[d] = at + 1
            if weighted:
                weights[at] = weight[e]


@part
def sort_row(row):
    """Sort one row in place: insertion for short rows, quicksort for long ones."""
    if row.size > SHORT_ROW:
        row.sort()
        return
    for a in range(1, row.size):
        x = row[a]
        b = a - 1
        while b >= 0 and row[b] > x:
            row[b + 1] = row[b]
            b -= 1
        row[b + 1] = x


@kernel
def tidy_rows(lo, hi, indptr, merge, indices, lengths):
    """Sort rows ``lo..hi-1``; with `merge`, drop repeats; write the new ``lengths``."""
    for u in range(lo, hi):
        a, b = indptr[u], indptr[u + 1]
        row = indices[a:b]
        sort_row(row)
        kept = b - a
        if merge and kept > 1:
            kept = 1
            for k in range(1, row.size):
                if row[k] != row[kept - 1]:
                    row[kept] = row[k]
                    kept += 1
        lengths[u] = kept


@part
def sort_weighted(row, with_row):
    """Sort one row in place and move its weights along; equal ids keep their order."""
    if row.size > SHORT_ROW:
        order = np.argsort(row, kind="mergesort")
        row[:] = row[order]
        with_row[:] = with_row[order]
        return
    for a in range(1, row.size):
        x, weight = row[a], with_row[a]
        b = a - 1
        while b >= 0 and row[b] > x:
            row[b + 1] = row[b]
            with_row[b + 1] = with_row[b]
            b -= 1
        row[b + 1] = x
        with_row[b + 1] = weight


@kernel
def tidy_weighted(lo, hi, indptr, merge, indices, weights, lengths):
    """`tidy_rows` with weights: a stable sort, the weights of repeats added in float64."""
    for u in range(lo, hi):
        a, b = indptr[u], indptr[u + 1]
        row = indices[a:b]
        with_row = weights[a:b]
        sort_weighted(row, with_row)
        kept = 0
        k = 0
        while k < row.size:
            total = np.float64(with_row[k])
            j = k + 1
            if merge:
                while j < row.size and row[j] == row[k]:
                    total += np.float64(with_row[j])
                    j += 1
            row[kept] = row[k]
            with_row[kept] = np.float32(total)
            kept += 1
            k = j
        lengths[u] = kept


@kernel
def compact(indptr, lengths, indices, weights):
    """Close the gaps that shorter rows left, in place; return the number of arcs.

    `weights` is moved along, or is an array of size 0.
    """
    at = np.int64(0)
    weighted = weights.size > 0
    for u in range(lengths.size):
        start = indptr[u]
        length = np.int64(lengths[u])
        indptr[u] = at
        if at != start:
            for k in range(length):
                indices[at + k] = indices[start + k]
            if weighted:
                for k in range(length):
                    weights[at + k] = weights[start + k]
        at += length
    indptr[lengths.size] = at
    return at


@kernel
def transpose(indptr, indices, weights, cursor, out_indices, out_weights):
    """Write the reversed arcs; rows come out sorted because sources are met in order."""
    weighted = weights.size > 0
    for u in range(indptr.size - 1):
        for k in range(indptr[u], indptr[u + 1]):
            v = indices[k]
            at = cursor[v]
            out_indices[at] = u
            if weighted:
                out_weights[at] = weights[k]
            cursor[v] = at + 1


@kernel
def count_targets(indices, counts):
    """Add the number of arcs into ``v`` to ``counts[v + 1]``."""
    for k in range(indices.size):
        counts[indices[k] + 1] += 1


@kernel
def mirror_upper(up_indptr, up_indices, cursor, indices):
    """Fill a mutual graph from its arcs ``u -> v`` with ``u < v``; rows come out sorted.

    Row ``v`` gets its smaller neighbours while the smaller rows are read, in order, and all
    its larger ones after that, so a cursor per row is all that is needed.
    """
    for u in range(up_indptr.size - 1):
        for k in range(up_indptr[u], up_indptr[u + 1]):
            v = up_indices[k]
            at = cursor[u]
            indices[at] = v
            cursor[u] = at + 1
            at = cursor[v]
            indices[at] = u
            cursor[v] = at + 1


@kernel
def first_fault(indptr, indices, n):
    """Return (kind, row): 0 sound, 1 row starts fall, 2 id out of range, 3 row not sorted."""
    for u in range(n):
        if indptr[u + 1] < indptr[u]:
            return 1, u
    for u in range(n):
        last = np.int32(0)
        for k in range(indptr[u], indptr[u + 1]):
            v = indices[k]
            if v < 0 or v >= n:
                return 2, u
            if v < last:
                return 3, u
            last = v
    return 0, 0


@kernel
def find(indices, lo, hi, x):
    """Return the first place in sorted ``indices[lo:hi]`` whose value is not below `x`."""
    while lo < hi:
        mid = (lo + hi) >> 1
        if indices[mid] < x:
            lo = mid + 1
        else:
            hi = mid
    return lo


@kernel
def first_one_way(indptr, indices):
    """Return the first row with an arc that has no arc back, or -1."""
    for u in range(indptr.size - 1):
        for k in range(indptr[u], indptr[u + 1]):
            v = indices[k]
            at = find(indices, indptr[v], indptr[v + 1], u)
            if at == indptr[v + 1] or indices[at] != u:
                return u
    return -1


@kernel
def first_repeat(indptr, indices):
    """Return the first row that holds somebody twice, or -1."""
    for u in range(indptr.size - 1):
        for k in range(indptr[u] + 1, indptr[u + 1]):
            if indices[k] == indices[k - 1]:
                return u
    return -1


class Laid(NamedTuple):
    """A layer that is laid into the union of several, and the arrays of the union."""

    number: int
    indptr: np.ndarray  # [N + 1]
    indices: np.ndarray
    weights: np.ndarray  # size 0: every arc weighs 1
    out: np.ndarray  # [arcs of all layers]
    out_layer: np.ndarray  # the same, or size 0: left alone
    out_weights: np.ndarray


@kernel
def lay_rows(lo, hi, s, cursor):
    """Copy rows ``lo..hi-1`` of a layer to where `cursor` points, and move it on."""
    number, indptr, indices, weights = s.number, s.indptr, s.indices, s.weights
    out, out_layer, out_weights = s.out, s.out_layer, s.out_weights
    marked, weighed = out_layer.size > 0, out_weights.size > 0
    for u in range(lo, hi):
        at = cursor[u]
        for k in range(indptr[u], indptr[u + 1]):
            out[at] = indices[k]
            if marked:
                out_layer[at] = number
            if weighed:
                out_weights[at] = weights[k] if weights.size > 0 else np.float32(1)
            at += 1
        cursor[u] = at


@kernel
def count_incoming(indices, counts):
    """Add the number of arcs into ``v`` to ``counts[v]``."""
    for k in range(indices.size):
        counts[indices[k]] += 1


@kernel
def rank_incoming(indices, counts, ranks):
    """Number the arcs into each target in order of arc; `counts` starts at 0."""
    base = np.uintp(counts.ctypes.data)
    size = np.uintp(counts.itemsize)
    for k in range(indices.size):
        if k + FAR < indices.size:
            prefetch(base + np.uintp(indices[k + FAR]) * size)
        v = indices[k]
        ranks[k] = counts[v]
        counts[v] += 1


@kernel
def turn_arcs(indptr, indices, span, cursor, sources, arcs, piece):
    """Write source and number of every arc of a span at its target, in order of arc.

    `span` are the first arc and the one behind the last; `arcs` may be of size 0: no numbers.
    Written one by one every arc would miss the caches, so `piece` arcs at a time are first brought
    together by groups of neighbouring targets, whose cursors and places then lie near.
    """
    n, first, last = indptr.size - 1, span[0], span[1]
    shift = FEW_TARGETS
    while n >> shift > MOST_GROUPS:
        shift += 1
    starts = np.empty((n >> shift) + 2, np.int64)
    staged = np.empty(
        min(piece, last - first), np.int64
    )  # source of an arc, then target within its group
    number = np.empty(min(piece, arcs.size), np.int64)
    low = (np.int64(1) << shift) - 1
    u = np.int64(np.searchsorted(indptr, first, side="right") - 1)
    for begin in range(first, last, piece):
        end = min(last, begin + piece)
        starts[:] = 0
        for k in range(begin, end):
            starts[(indices[k] >> shift) + 1] += 1
        for g in range(1, starts.size):
            starts[g] += starts[g - 1]
        k = begin
        while k < end:
            while indptr[u + 1] <= k:
                u += 1
            row_end = min(end, indptr[u + 1])
            while k < row_end:
                g = indices[k] >> shift
                at = starts[g]
                starts[g] = at + 1
                staged[at] = (u << shift) | (indices[k] & low)
                if arcs.size:
                    number[at] = k
                k += 1
        at = np.int64(0)
        for g in range(starts.size - 1):  # each start has moved on to where the next group begins
            for x in range(at, starts[g]):
                v = (g << shift) | (staged[x] & low)
                to = cursor[v]
                cursor[v] = to + 1
                sources[to] = staged[x] >> shift
                if arcs.size:
                    arcs[to] = number[x]
            at = starts[g]


@kernel
def all_occur(src, dst, seen):
    """Whether every number below ``seen.size`` occurs (`seen` starts False)."""
    found = 0
    for e in range(src.size):
        s, d = src[e], dst[e]
        found += (not seen[s]) + (s != d and not seen[d])
        seen[s] = True
        seen[d] = True
        if found == seen.size:
            return True
    return False
