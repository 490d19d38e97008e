"""What is kept of a replicate: totals, curve, people, forest - the same for every rule.

A kernel leaves one replicate in its scratch as ``order[0:count]`` (people in order of
activation, time never falling) with ``time``, ``parent``, ``kind`` and ``until`` beside it;
`record` turns that into the outputs that were asked for.  Outputs that were not asked for are
arrays of size 0 and cost nothing.  All sums are integers, so the number of threads cannot change
them.

Called at the end of every replicate by the batch kernels.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

TIME_UNIT: Final = 1 << 20  # times of people are summed in units of 2**-20
FIT: Final = 0
CURVE_FULL: Final = 1
FOREST_FULL: Final = 2
SCRATCH_FULL: Final = 3


class Seeds(NamedTuple):
    """Seeds of the replicates of a batch: ``people[starts[i]:starts[i + 1]]``, ascending."""

    starts: NDArray[np.int64]
    people: NDArray[np.int32]
    kinds: NDArray[np.int8]  # brand of each seed; 0 where there is one kind


class Rows(NamedTuple):
    """The graph: arcs of person u are ``indices[indptr[u]:indptr[u + 1]]``."""

    n: int
    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]


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
    state: NDArray[np.int64]  # [0] rows of the forest so far, [1] why the batch stopped


@njit(cache=True, inline="always")
def bin_of(time, tick):
    """Bin w with ``tick (w - 1) < time <= tick w``; bin 0 holds times up to 0."""
    if time <= 0.0:
        return 0
    w = np.int64(time / tick)
    return w if w * tick >= time else w + 1


@njit(cache=True)
def record(out, scratch, i, replicate, count, distinct):
    """Keep replicate `i` of the batch; return FIT, or why it did not fit (nothing is kept then).

    Parameters
    ----------
    out : Block of `Output`
    scratch : Block
        With ``order`` (int32), ``time`` (float64), ``parent`` (int32), ``kind`` (int8) and
        ``until`` (float64): `order`, `time` and `parent` of `count` entries or more (`parent` only
        where a forest is kept), `kind` and `until` of size 0 where the rule has no such thing.
    i, replicate : int
        Row of the outputs; number of the replicate.
    count, distinct : int
        Activations; different people.
    """
    bins = out.curve.shape[2]
    tick = out.tick
    origin = out.origin
    if count > 0 and bin_of(scratch.time[count - 1] - origin, tick) >= bins:
        out.state[1] = CURVE_FULL
        return CURVE_FULL
    forest = out.row_replicate.size > 0
    at = out.state[0]
    if forest and at + count > out.row_replicate.size:
        out.state[1] = FOREST_FULL
        return FOREST_FULL
    out.sizes[i] = distinct
    out.events[i] = count
    out.ends[i] = scratch.time[count - 1] if count > 0 else origin
    kinds = out.curve.shape[1] > 1
    for k in range(count):
        w = bin_of(scratch.time[k] - origin, tick)
        out.curve[i, np.int64(scratch.kind[k]) if kinds else 0, w] += 1
    if out.removed.shape[0] > 0:
        for k in range(count):
            end = scratch.until[k] - origin
            if end < bins * tick:
                w = bin_of(end, tick)
                if w < bins:
                    out.removed[i, w] += 1
    if out.node_count.size > 0:
        for k in range(count):
            # Where people are activated again (SIS), `kind` is the number of the infection.
            if distinct == count or scratch.kind[k] == 0:
                v = scratch.order[k]
                out.node_count[v] += 1
                out.node_time[v] += np.int64((scratch.time[k] - origin) * TIME_UNIT + 0.5)
    if out.times.shape[0] > 0:
        out.times[i, :] = np.nan
        for k in range(count - 1, -1, -1):  # backwards: the first time stays
            out.times[i, scratch.order[k]] = np.float32(scratch.time[k])
    if out.kinds.shape[0] > 0:
        out.kinds[i, :] = -1
        for k in range(count - 1, -1, -1):
            out.kinds[i, scratch.order[k]] = scratch.kind[k] if scratch.kind.size > 0 else 0
    if forest:
        for k in range(count):
            out.row_replicate[at + k] = replicate
            out.row_person[at + k] = scratch.order[k]
            out.row_parent[at + k] = scratch.parent[k]
            out.row_time[at + k] = scratch.time[k]
            out.row_until[at + k] = scratch.until[k] if scratch.until.size > 0 else np.inf
            out.row_kind[at + k] = scratch.kind[k] if scratch.kind.size > 0 else 0
        out.state[0] = at + count
    return FIT
