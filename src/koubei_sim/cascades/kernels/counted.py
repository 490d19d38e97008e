"""Independent cascade by counts: how many arcs of a segment are live, then which.

A row is cut into segments short enough that more than `MOST` live arcs do not happen.  How many
arcs of a segment are live is one draw against a table of binomial thresholds; the same draw, with
one more, says which (docs/cascades.md 2).  An arc that is not live costs nothing at all, so the
sparser the live arcs, the more is gained over coins (`independent`), eight of which cost a draw.
The law is that of coins; the luck is not: which arcs are live at one p says nothing of another p.

The work of a step is cut into short loops as in `independent`: list the segments of the
frontier's rows; draw for all of them, in vectors; list the live arcs of those that have some and
ask for their targets' cache lines; visit the targets.

Called by `koubei_sim.cascades.rules.independent`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from koubei_sim.cascades.kernels.frame import forget, run_batch
from koubei_sim.cascades.kernels.independent import FAR, visit_any
from koubei_sim.core.codes import DRAW_ARC_COUNT, DRAW_ARC_TIE
from koubei_sim.core.draws import GOLDEN, mix64, stream
from koubei_sim.core.prefetch import prefetch

MOST: Final = 16  # live arcs of a segment
MEAN: Final = 2  # and their mean, where it has more arcs than that
LEAST, LARGEST = 4, 10  # a segment has 2**4 .. 2**10 arcs
BLOCK: Final = 1024  # segments that are drawn together
CHUNK: Final = 16  # drawn as one vector
_S32 = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)


class CountedRule(NamedTuple):
    """Thresholds of the number of live arcs."""

    shift: int  # a segment has 2**shift arcs, the last of a row what is left
    none: NDArray[np.int64]  # (arcs + 1,): a draw below none[d] leaves no live arc among d
    cuts: NDArray[np.int64]  # (arcs + 1, MOST): one from cuts[d, c] on, more than c
    horizon: int  # last step


class CountedScratch(NamedTuple):
    """What one thread needs for cascades over n people."""

    place: NDArray[np.int32]  # (n,) or (0,): place in order, for forests
    tie: NDArray[np.uint64]  # (n + 1,) or (0,): tie draw of the arc that convinced
    first: NDArray[np.int64]  # (BLOCK + CHUNK,): first arc of each segment
    size: NDArray[np.int64]  # (BLOCK + CHUNK,): its arcs
    source: NDArray[np.int32]  # (BLOCK + CHUNK,)
    word: NDArray[np.uint64]  # (BLOCK + CHUNK,): its draw
    chosen: NDArray[np.int64]  # (BLOCK + CHUNK,): segments with live arcs
    many: NDArray[np.int64]  # (BLOCK + CHUNK,): segments with more than two
    at: NDArray[np.int64]  # (BLOCK + CHUNK,): where the first two of these stand
    live: NDArray[np.int64]  # live arcs
    of: NDArray[np.int32]  # their sources


def counted_scratch(n: int, forest: bool) -> CountedScratch:
    """Make clean scratch space."""
    room = BLOCK + CHUNK
    return CountedScratch(
        place=np.empty(n if forest else 0, np.int32),
        tie=np.empty(n + 1 if forest else 0, np.uint64),
        first=np.zeros(room, np.int64),
        size=np.zeros(room, np.int64),
        source=np.empty(room, np.int32),
        word=np.empty(room, np.uint64),
        chosen=np.empty(room, np.int64),
        many=np.empty(room, np.int64),
        at=np.empty(room, np.int64),
        live=np.empty(MOST * room, np.int64),
        of=np.empty(MOST * room, np.int32),
    )


@njit(cache=True, nogil=True)
def binomial_cuts(p, longest):
    """Return the thresholds of ``Binomial(d, p)`` for d = 0..longest, in units of 2**-32.

    ``cuts[d, c]`` is ``floor(P(X <= c) 2**32 + 1/2)``.  Row by row from ``P_d(c) = P_(d-1)(c)
    (1 - p) + P_(d-1)(c-1) p``: sums and products of numbers that are not negative, so portable,
    and exact to some 1e-13.
    """
    cuts = np.empty((longest + 1, MOST), np.int64)
    chance = np.zeros(MOST)
    chance[0] = 1.0
    q = 1.0 - p
    for d in range(longest + 1):
        if d > 0:
            for c in range(MOST - 1, 0, -1):
                chance[c] = chance[c] * q + chance[c - 1] * p
            chance[0] = chance[0] * q
        total = 0.0
        for c in range(MOST):
            total += chance[c]
            cuts[d, c] = np.int64(total * 4294967296.0 + 0.5) if c < d else np.int64(1) << 32
    return cuts


def counted_rule(threshold: int, horizon: int) -> CountedRule:
    """Return the rule for arcs of one threshold ``T(p)``.

    A segment has the largest power of 2 of arcs, 16 to 1,024, that has 2 live ones at most in
    the mean: then more than 16 have a chance below 2e-11, less than the unit of a draw.
    """
    shift = LEAST
    while shift < LARGEST and threshold << (shift + 1) <= MEAN << 32:
        shift += 1
    cuts = binomial_cuts(threshold / 4294967296.0, 1 << shift)
    return CountedRule(shift, cuts[:, 0].copy(), cuts, horizon)


@njit(cache=True, nogil=True)
def _list_more(rule, s, i, begin, address, count):
    """Append the live arcs of segment `i` beyond two, which stand at place `begin`; return count.

    They are a sample of those that the first two leave, numbered again from 0 (Bentley and Floyd
    1987): the k-th is one of the first ``last + 1``, or the last of them where that was taken.
    """
    live, first, size, word = s.live, s.first[i], s.size[i], s.word[i]
    u = np.int64(word >> _S32)
    number = 3
    while number < MOST and u >= rule.cuts[size, number]:
        number += 1
    low = min(live[begin], live[begin + 1])
    high = max(live[begin], live[begin + 1])
    start = count
    for k in range(2, number):
        bits = mix64(word + GOLDEN * np.uint64((k + 1) >> 1))
        bits = bits >> _S32 if k & 1 else bits & _LOW
        last = size - number + k - 2
        e = first + ((np.int64(bits) * (last + 1)) >> 32)
        e += np.int64(e >= low)
        e += np.int64(e >= high)
        for j in range(start, count):
            if live[j] == e:
                e = first + last
                e += np.int64(e >= low)
                e += np.int64(e >= high)
                break
        prefetch(np.uint64(address + 4 * e))
        live[count] = e
        count += 1
    if s.place.size > 0:
        for j in range(start, count):
            s.of[j] = s.source[i]
    return count


@njit(cache=True, nogil=True)
def count_live(rows, rule, s, base, segments):
    """List the live arcs of the first `segments` segments; return their number."""
    first, size, word, chosen, live = s.first, s.size, s.word, s.chosen, s.live
    many, at = s.many, s.at
    none, cuts = rule.none, rule.cuts
    address = np.int64(rows.indices.ctypes.data)
    forest = s.place.size > 0
    for start in range(0, segments, CHUNK):
        for i in range(start, start + CHUNK):
            word[i] = mix64(base + GOLDEN * np.uint64(first[i] + 1))
    some = 0
    for i in range(segments):
        chosen[some] = i
        some += np.int64(np.int64(word[i] >> _S32) >= none[size[i]])
    count = 0
    more = 0
    for k in range(some):
        i = chosen[k]
        w = word[i]
        u = np.int64(w >> _S32)
        d = size[i]
        e = first[i]
        # One or two are the rule: both are written, and counted if they are there.
        another = np.int64(u >= cuts[d, 1])
        one = (np.int64(w & _LOW) * d) >> 32
        two = (np.int64(mix64(w + GOLDEN) >> _S32) * (d - 1)) >> 32
        two += np.int64(two >= one)
        two = two if another else one
        live[count] = e + one
        live[count + 1] = e + two
        prefetch(np.uint64(address + 4 * (e + one)))
        prefetch(np.uint64(address + 4 * (e + two)))
        if forest:
            s.of[count] = s.of[count + 1] = s.source[i]
        many[more] = i
        at[more] = count
        more += np.int64(u >= cuts[d, 2])
        count += 1 + another
    for k in range(more):
        count = _list_more(rule, s, many[k], at[k], address, count)
    return count


@njit(cache=True, nogil=True)
def expand(rows, rule, s, t, base, tie, begin, n):
    """One step: let ``t.order[begin:n]`` try their arcs; return the new length of ``t.order``.

    People at places below the `n` given were active before this step.
    """
    before = end = n
    frontier, indptr = t.order, rows.indptr
    at_rows = np.int64(indptr.ctypes.data)
    first, size, source = s.first, s.size, s.source
    shift = rule.shift
    longest = np.int64(1) << shift
    segments = 0
    for k in range(begin, end):
        if k + FAR < end:
            prefetch(np.uint64(at_rows + 8 * np.int64(frontier[k + FAR])))
        u = frontier[k]
        e = indptr[u]
        left = indptr[u + 1] - e
        # The first two segments are written without asking whether they are there.
        more = (left + longest - 1) >> shift
        first[segments] = e
        size[segments] = min(left, longest)
        first[segments + 1] = e + longest
        size[segments + 1] = min(max(left - longest, 0), longest)
        source[segments] = u
        source[segments + 1] = u
        if more > 2:
            e += 2 * longest
            left -= 2 * longest
            segments += 2
            while left > 0:
                if segments >= BLOCK:
                    count = count_live(rows, rule, s, base, segments)
                    n = visit_any(rows, s, t, count, n, before, tie)
                    segments = 0
                first[segments] = e
                size[segments] = min(left, longest)
                source[segments] = u
                segments += 1
                e += longest
                left -= longest
        else:
            segments += more
        if segments >= BLOCK:
            count = count_live(rows, rule, s, base, segments)
            n = visit_any(rows, s, t, count, n, before, tie)
            segments = 0
    count = count_live(rows, rule, s, base, segments)
    return visit_any(rows, s, t, count, n, before, tie)


@njit(cache=True, nogil=True)
def spread(rows, rule, s, t, key, replicate, n):
    """Run one replicate of `n` seeds; see `frame`."""
    base = stream(key, replicate, DRAW_ARC_COUNT, 0, 0)
    tie = stream(key, replicate, DRAW_ARC_TIE, 0, 0)
    if s.place.size > 0:
        for k in range(n):
            s.place[t.order[k]] = k
    step = 0
    begin = 0
    t.starts[1] = n
    while begin < n and step < rule.horizon:
        end = n
        n = expand(rows, rule, s, t, base, tie, begin, n)
        begin = end
        if n > end:
            step += 1
            t.starts[step + 1] = n
    forget(t.visited, t.order, n)
    return n, n, step


@njit(cache=True, nogil=True)
def counted_batch(rows, rule, s, t, seeds, out, lo, hi):
    """Run a batch; see `frame.run_batch`."""
    return run_batch(spread, rows, rule, s, t, seeds, out, (lo, hi))
