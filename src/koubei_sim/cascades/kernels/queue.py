"""Queues of the cascades in time: a calendar of buckets, a small heap, and a wheel of slots.

A *calendar* cuts time into `BUCKETS` intervals of one width; a bucket is a list of chunks of
fifteen numbers (people, or slots of contacts), so that putting one down is a write to a line
that is in the cache.  What lies beyond the last bucket waits in a list of its own until the
calendar is moved.  Inside a bucket nothing is ordered: `arrival` does not need it, `sis` uses
the heap.

The *heap* is binary and holds (time, number); the caller gives the order of equal times by
giving equal times a meaning of their own (`sis`), or does not care (`arrival`).

Called by the kernels `arrival` and `sis`; the wheel by `bass_ticks` and `bass_exact`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

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


# A wheel of slots --------------------------------------------------------------------------------
#
# Who is due in which of the next ticks, or stretches of time.  Bass adoptions are predicted, and
# predictions change with every neighbour who adopts, nearly always to an earlier moment.  So an
# entry is never taken out: a person is entered again in the new slot, and an entry that no longer
# agrees with the person's prediction is passed over when its slot comes up.  When the room is used
# up, or the window has passed, the caller opens the wheel anew and enters everybody who is due
# within it once.
#
# The people of a slot stand in chunks of one line of memory each: column 0 is the next chunk of
# the slot (-1: none), the others are people.  The scratch of the caller holds the arrays of
# `wheel_arrays`.

NEVER: Final = 1 << 62  # the slot of those who are not due at all
LEAST: Final = 64  # slots
MOST: Final = 65536
SLOT_CHUNK: Final = 15  # people in a chunk


class Wheel(NamedTuple):
    """Arrays of a wheel; the caller spreads them over its scratch."""

    head: NDArray[np.int32]  # (slots,): first chunk of each slot, -1: none
    full: NDArray[np.int32]  # (slots,): people in that chunk; all others are full
    chunk: NDArray[np.int32]  # (chunks, 1 + SLOT_CHUNK)
    wheel: NDArray[np.int64]  # (2,): slot at which the window starts, chunks in use


def wheel_arrays(n: int, slots: int) -> Wheel:
    """Make a wheel for n people: room for four entries each, so that refills are rare.

    `slots` is brought into 64..65,536; with n = 0 the arrays have size 0.
    """
    slots = min(max(slots, LEAST), MOST) if n else 0
    return Wheel(
        head=np.empty(slots, np.int32),
        full=np.empty(slots, np.int32),
        chunk=np.empty((slots + 4 * n // SLOT_CHUNK + 1 if n else 0, 1 + SLOT_CHUNK), np.int32),
        wheel=np.zeros(2, np.int64),
    )


@njit(cache=True, nogil=True)
def open_wheel(s, slot):
    """Empty the wheel; its window starts at `slot`."""
    s.head[:] = np.int32(-1)
    s.wheel[0] = slot
    s.wheel[1] = 0


@njit(cache=True, nogil=True)
def enter(s, v, slot):
    """Enter person `v` at `slot`; False where there is no room (the caller then opens anew).

    A slot outside the window is left to a later window.
    """
    place = slot - s.wheel[0]
    if place < 0 or place >= s.head.size:
        return True
    at = s.head[place]
    filled = s.full[place]
    if at < 0 or filled == SLOT_CHUNK:
        new = s.wheel[1]
        if new == s.chunk.shape[0]:
            return False
        s.wheel[1] = new + 1
        s.chunk[new, 0] = at
        s.head[place] = new
        at = new
        filled = 0
    s.chunk[at, 1 + filled] = v
    s.full[place] = filled + 1
    return True
