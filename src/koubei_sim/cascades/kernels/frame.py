"""The frame of a batch: seeds in, replicates one by one, outputs out - the same for every rule.

A family of rules brings one function, ``spread(rows, rule, scratch, track, key, replicate, n)``:
it finds the `n` seeds at the head of ``track.order``, runs the replicate, leaves its scratch clean
and returns (activations, different people, last step).  `run_batch` plants the seeds before it, and
keeps afterwards what was asked for.  The replicate stands in the `Track`: people in ``order`` of
activation (time never falling) with ``time``, ``parent``, ``kind`` and ``until`` beside it.
Outputs that were not asked for are arrays of size 0 and cost nothing.  All sums are integers, so
the number of threads cannot change them.

Called by the batch kernels, one a family: numba compiles the frame into each of them.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from koubei_sim.core.bits import ONE

TIME_UNIT: Final = 1 << 20  # times of people are summed in units of 2**-20
FIT: Final = 0
CURVE_FULL: Final = 1
FOREST_FULL: Final = 2
SCRATCH_FULL: Final = 3
# Places in `Output.state`: rows of the forest so far; why the batch stopped; and from WAITS on what
# `spread` said of the replicate that did not fit, which waits in the track for larger outputs.
ROWS, WHY, WAITS = 0, 1, 2


class Seeds(NamedTuple):
    """Replicates ``first + i`` of a key, and who starts them, ascending."""

    key: np.uint64
    first: int
    starts: NDArray[np.int64]  # those of row i are people[starts[i]:starts[i + 1]]
    people: NDArray[np.int32]
    kinds: NDArray[np.int8]  # brand of each seed; 0 where there is one kind


class Rows(NamedTuple):
    """The graph: arcs of person u are ``indices[indptr[u]:indptr[u + 1]]``."""

    n: int
    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]


class Contacts(NamedTuple):
    """Contacts in order of time; they take the place of `Rows`."""

    n: int  # people
    source: NDArray[np.int32]  # (m,)
    target: NDArray[np.int32]  # (m,)
    time: NDArray[np.float64]  # (m,), never falling


class Track(NamedTuple):
    """The replicate at hand: who was activated, in order; `track_of` makes it."""

    order: NDArray[np.int32]  # (room,)
    time: NDArray[np.float64]  # (room,); by steps (1,) unless single people are recorded
    parent: NDArray[np.int32]  # (room,) or (0,): -1 for seeds
    kind: NDArray[np.int8]  # (room,) or (0,): brand, sign, or number of the infection
    until: NDArray[np.float64]  # (room,) or (0,): recovery
    starts: NDArray[np.int64]  # (n + 2,) or (0,): order[starts[t]:starts[t + 1]] came at step t
    visited: NDArray[np.uint64]  # bitset of n, or (0,): who is active


def track_of(n: int, room: int, forest: bool, people: bool, keeps: Collection[str]) -> Track:
    """Make a clean track.

    Parameters
    ----------
    n, room : int
        People; activations that fit.
    forest, people : bool
        Whether parents are kept, and whether anything of single people is.
    keeps : collection of str
        Which of ``kind, until, starts, visited`` the family uses.
    """

    def size(name: str, wanted: int) -> int:
        return wanted if name in keeps else 0

    return Track(
        order=np.empty(room, np.int32),
        time=np.empty(room if people or "starts" not in keeps else 1, np.float64),
        parent=np.full(room if forest else 0, -1, np.int32),
        kind=np.zeros(size("kind", room), np.int8),
        until=np.empty(size("until", room), np.float64),
        starts=np.zeros(size("starts", n + 2), np.int64),
        visited=np.zeros(size("visited", (n + 63) >> 6), np.uint64),
    )


class Output(NamedTuple):
    """What a batch of R replicates leaves; W bins of width `tick`, K kinds."""

    origin: float  # time of bin 0; 0 but for contacts with time stamps
    tick: float  # 1.0 for rules by steps
    sizes: NDArray[np.int64]  # (R,) different people activated, seeds included
    events: NDArray[np.int64]  # (R,) activations (more than sizes only for SIS)
    ends: NDArray[np.float64]  # (R,) time of the last activation
    curve: NDArray[np.int64]  # (R, K, W): activations with time - origin in (tick (w - 1), tick w]
    removed: NDArray[np.int64]  # (R, W) or (0, 0): recoveries, binned in the same way
    node_count: NDArray[np.int64]  # (n,) or (0,): replicates in which a person was activated
    node_time: NDArray[np.int64]  # (n,) or (0,): sum of first times in TIME_UNIT
    times: NDArray[np.float32]  # (R, n) or (0, 0): first time, NaN where never
    kinds: NDArray[np.int8]  # (R, n) or (0, 0): kind, -1 where never
    row_replicate: NDArray[np.int32]  # (F,): the forest, one row an activation
    row_person: NDArray[np.int32]
    row_parent: NDArray[np.int32]
    row_time: NDArray[np.float64]
    row_until: NDArray[np.float64]
    row_kind: NDArray[np.int8]
    state: NDArray[np.int64]  # (5,), see ROWS, WHY, WAITS


@njit(cache=True, inline="always")
def bin_of(time, tick):
    """Bin w with ``tick (w - 1) < time <= tick w``; bin 0 holds times up to 0."""
    if time <= 0.0:
        return 0
    w = np.int64(time / tick)
    return w if w * tick >= time else w + 1


@njit(cache=True, nogil=True)
def plant(t, seeds, i, start):
    """Make the seeds of row `i` active at `start`; return their number."""
    n = 0
    for k in range(seeds.starts[i], seeds.starts[i + 1]):
        v = seeds.people[k]
        t.order[n] = v
        if t.time.size > 1:
            t.time[n] = start
        if t.parent.size > 0:
            t.parent[n] = -1
        if t.kind.size > 0:
            t.kind[n] = seeds.kinds[k]
        if t.visited.size > 0:
            t.visited[v >> 6] |= ONE << np.uint64(v & 63)
        n += 1
    return n


@njit(cache=True, nogil=True)
def forget(visited, order, n):
    """Clear the bits of the first `n` people of `order`: one by one, or all at once if many."""
    if n > visited.size // 2:
        visited[:] = np.uint64(0)
    else:
        for k in range(n):
            visited[order[k] >> 6] = np.uint64(0)


@njit(cache=True, nogil=True)
def keep_totals(out, t, i, n, last):
    """Keep row `i` of the batch by ``starts[0..last + 1]`` alone; return FIT or why it did not."""
    if last >= out.curve.shape[2]:
        return CURVE_FULL
    out.sizes[i] = n
    out.events[i] = n
    out.ends[i] = np.float64(last)
    for step in range(last + 1):
        out.curve[i, 0, step] = t.starts[step + 1] - t.starts[step]
    return FIT


@njit(cache=True, nogil=True)
def keep_curves(out, t, i, count):
    """Keep how many were activated, and recovered, in each bin."""
    tick, origin = out.tick, out.origin
    kinds = out.curve.shape[1] > 1
    for k in range(count):
        w = bin_of(t.time[k] - origin, tick)
        out.curve[i, np.int64(t.kind[k]) if kinds else 0, w] += 1
    if out.removed.shape[0] > 0:
        for k in range(count):
            if t.until[k] < np.inf:
                out.removed[i, bin_of(t.until[k] - origin, tick)] += 1


@njit(cache=True, nogil=True)
def keep_people(out, t, i, count, distinct):
    """Keep what is asked for of single people: sums over replicates, first times, first kinds."""
    if out.node_count.size > 0:
        for k in range(count):
            # Where people are activated again (SIS), `kind` is the number of the infection.
            if distinct == count or t.kind[k] == 0:
                v = t.order[k]
                out.node_count[v] += 1
                out.node_time[v] += np.int64((t.time[k] - out.origin) * TIME_UNIT + 0.5)
    if out.times.shape[0] > 0:
        out.times[i, :] = np.nan
        for k in range(count - 1, -1, -1):  # backwards: the first time stays
            out.times[i, t.order[k]] = np.float32(t.time[k])
    if out.kinds.shape[0] > 0:
        out.kinds[i, :] = -1
        for k in range(count - 1, -1, -1):
            out.kinds[i, t.order[k]] = t.kind[k] if t.kind.size > 0 else 0


@njit(cache=True, nogil=True)
def keep_forest(out, t, replicate, count):
    """Append who convinced whom to the log."""
    at = out.state[ROWS]
    for k in range(count):
        out.row_replicate[at + k] = replicate
        out.row_person[at + k] = t.order[k]
        out.row_parent[at + k] = t.parent[k]
        out.row_time[at + k] = t.time[k]
        out.row_until[at + k] = t.until[k] if out.removed.shape[0] > 0 else np.inf
        out.row_kind[at + k] = t.kind[k] if t.kind.size > 0 else 0
    out.state[ROWS] = at + count


@njit(cache=True, nogil=True)
def keep(out, t, i, replicate, count, distinct):
    """Keep row `i` of the batch; return FIT, or why it did not fit (nothing is kept then).

    Parameters
    ----------
    out, t : Block of `Output`, `Track`
    i, replicate : int
        Row of the outputs; number of the replicate.
    count, distinct : int
        Activations; different people.
    """
    last = end = t.time[count - 1] if count > 0 else out.origin
    if out.removed.shape[0] > 0:  # all recoveries count, however late: bins depend on data alone
        for k in range(count):
            if end < t.until[k] < np.inf:
                end = t.until[k]
    if bin_of(end - out.origin, out.tick) >= out.curve.shape[2]:
        return CURVE_FULL
    forest = out.row_replicate.size > 0
    if forest and out.state[ROWS] + count > out.row_replicate.size:
        return FOREST_FULL
    out.sizes[i] = distinct
    out.events[i] = count
    out.ends[i] = last
    keep_curves(out, t, i, count)
    keep_people(out, t, i, count, distinct)
    if forest:
        keep_forest(out, t, replicate, count)
    return FIT


@njit(inline="always")  # numba keeps no code on disk into which a function is passed
def run_batch(spread, rows, rule, s, t, seeds, out, span):
    """Run rows ``span[0] .. span[1] - 1``; return the end, or the first that did not fit.

    Called again from that row on with larger outputs (track and state as they were), it keeps the
    replicate that waits in the track and does not run it once more.

    Parameters
    ----------
    spread : compiled function of a family
        See the head of this file; different people are -1 where its scratch was too small, the last
        step is -1 where the family wrote down times itself.
    rows, rule, s, t, seeds, out : Block
        The graph, the numbers of the rule, scratch, `Track`, `Seeds`, `Output`.
    span : (int, int)
    """
    state = out.state
    waits = state[WHY] == CURVE_FULL or state[WHY] == FOREST_FULL
    state[WHY] = FIT
    for i in range(span[0], span[1]):
        replicate = seeds.first + i
        if waits:
            count, distinct, last = state[WAITS], state[WAITS + 1], state[WAITS + 2]
            waits = False
        else:
            planted = plant(t, seeds, i, out.origin)
            count, distinct, last = spread(rows, rule, s, t, seeds.key, replicate, planted)
        if distinct < 0:
            why = SCRATCH_FULL
        elif last >= 0 and t.time.size <= 1:
            why = keep_totals(out, t, i, count, last)
        else:
            for step in range(last + 1):
                t.time[t.starts[step] : t.starts[step + 1]] = np.float64(step)
            why = keep(out, t, i, replicate, count, distinct)
        if why != FIT:
            state[WHY] = why
            state[WAITS], state[WAITS + 1], state[WAITS + 2] = count, distinct, last
            return i
    return span[1]
