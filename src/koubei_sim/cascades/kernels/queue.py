"""Queues of the cascades in time: a calendar of buckets, and a small heap.

A *calendar* cuts time into `BUCKETS` intervals of one width; a bucket is a list of chunks of
fifteen numbers (people, or slots of contacts), so that putting one down is a write to a line
that is in the cache.  What lies beyond the last bucket waits in a list of its own until the
calendar is moved.  Inside a bucket nothing is ordered: `arrival` does not need it, `sis` uses
the heap.

The *heap* is binary and holds (time, number); the caller gives the order of equal times by
giving equal times a meaning of their own (`sis`), or does not care (`arrival`).

Called by the kernels `arrival` and `sis`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from koubei_sim.core.bits import ONE, lowest_bit

BUCKETS: Final = 1024
LATER: Final = BUCKETS  # list of what lies beyond the last bucket
CHUNK: Final = 16  # numbers in a chunk; the first is the link to the chunk before
EMPTY: Final = CHUNK - 1  # end of a list: the last place of chunk 0, which is never used
FREE: Final = 0  # places in `places`: first chunk of the list of free ones, 0 if none
FRESH: Final = 1  # the first chunk never used


def calendar_arrays(entries: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the arrays of an empty calendar for at least `entries` numbers.

    Returns
    -------
    tails : (BUCKETS + 1,) int32
        Place in `pool` of the newest number of each bucket, `EMPTY` if none; the last is `LATER`.
    marks : (BUCKETS / 64,) uint64
        Which buckets may hold something.
    pool : int32
        The chunks.
    places : (2,) int64
        See `FREE` and `FRESH`.
    """
    chunks = entries // (CHUNK - 1) + BUCKETS + 3
    tails = np.full(BUCKETS + 1, EMPTY, np.int32)
    marks = np.zeros(BUCKETS // 64, np.uint64)
    return tails, marks, np.zeros(chunks * CHUNK, np.int32), np.array([0, 1], np.int64)


def bucket_width(rates: float | NDArray[np.float64], other: float, fineness: float) -> float:
    """Return a good width of buckets: a share of the time that something typically takes.

    Parameters
    ----------
    rates : float or array
        At which things happen on arcs: the median of those above 0 that are finite counts.
    other : float
        Rate of what else ends a wait.
    fineness : float
        Buckets in that time; fewer redo more, more cost more loops.  No result depends on it.
    """
    each = np.atleast_1d(np.asarray(rates, np.float64))
    sound = each[(each > 0) & np.isfinite(each)]
    rate = (float(np.median(sound)) if sound.size else 0.0) + other
    return 1.0 / (rate * fineness) if 0.0 < rate < np.inf else 1.0


@njit(cache=True, inline="always")
def put(tails, marks, pool, places, bucket, number):
    """Put a number into a bucket (or `LATER`); False, and nothing done, if no chunk is left."""
    at = np.int64(tails[bucket])
    if at & EMPTY == EMPTY:
        chunk = places[FREE]
        if chunk != 0:
            places[FREE] = np.int64(pool[chunk * CHUNK])
        else:
            chunk = places[FRESH]
            if (chunk + 1) * CHUNK > pool.size:
                return False
            places[FRESH] = chunk + 1
        pool[chunk * CHUNK] = at
        at = chunk * CHUNK
        if bucket < BUCKETS:
            marks[bucket >> 6] |= ONE << np.uint64(bucket & 63)
    pool[at + 1] = number
    tails[bucket] = at + 1
    return True


@njit(cache=True, inline="always")
def before(pool, places, at):
    """Place of the number put down before that at `at`; gives a chunk back when it is used up."""
    if (at - 1) & EMPTY:
        return at - 1
    chunk = (at - 1) // CHUNK
    at = np.int64(pool[chunk * CHUNK])
    pool[chunk * CHUNK] = places[FREE]
    places[FREE] = chunk
    return at


@njit(cache=True)
def next_bucket(marks, bucket):
    """First marked bucket at or after `bucket`; `BUCKETS` if there is none."""
    if bucket >= BUCKETS:
        return BUCKETS
    here = bucket >> 6
    word = marks[here] >> np.uint64(bucket & 63)
    if word:
        return bucket + lowest_bit(word)
    for w in range(here + 1, marks.size):
        if marks[w]:
            return 64 * w + lowest_bit(marks[w])
    return BUCKETS


@njit(cache=True, inline="always")
def bucket_of(time, origin, per_width):
    """Bucket of a time not before `origin`; never falls as the time grows."""
    x = (time - origin) * per_width
    return np.int64(x) if x < BUCKETS else LATER


@njit(cache=True)
def heap_push(times, numbers, size, time, number):
    """Add to a binary heap of `size` entries, the earliest at 0; the caller counts."""
    at = size
    while at > 0:
        up = (at - 1) >> 1
        if times[up] <= time:
            break
        times[at] = times[up]
        numbers[at] = numbers[up]
        at = up
    times[at] = time
    numbers[at] = number


@njit(cache=True)
def heap_drop(times, numbers, size):
    """Take the earliest entry off a heap of `size` entries; the caller has read it, and counts."""
    size -= 1
    time = times[size]
    number = numbers[size]
    at = 0
    while True:
        down = 2 * at + 1
        if down >= size:
            break
        if down + 1 < size and times[down + 1] < times[down]:
            down += 1
        if times[down] >= time:
            break
        times[at] = times[down]
        numbers[at] = numbers[down]
        at = down
    times[at] = time
    numbers[at] = number
