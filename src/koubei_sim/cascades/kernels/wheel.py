"""A wheel of slots: who is due in which of the next ticks, or stretches of time.

Bass adoptions are predicted, and predictions change with every neighbour who adopts, nearly
always to an earlier moment.  So an entry is never taken out: a person is entered again in the new
slot, and an entry that no longer agrees with the person's prediction is passed over when its
slot comes up.  When the room is used up, or the window has passed, the caller opens the wheel
anew and enters everybody who is due within it once.

The people of a slot stand in chunks of one line of memory each: column 0 is the next chunk of
the slot (-1: none), the others are people.  The scratch of the caller holds the arrays of
`wheel_arrays`.  Used by `bass_ticks` and `bass_exact`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

NEVER: Final = 1 << 62  # the slot of those who are not due at all
LEAST: Final = 64  # slots
MOST: Final = 65536
CHUNK: Final = 15  # people in a chunk


class Wheel(NamedTuple):
    """Arrays of a wheel; the caller spreads them over its scratch."""

    head: NDArray[np.int32]  # (slots,): first chunk of each slot, -1: none
    full: NDArray[np.int32]  # (slots,): people in that chunk; all others are full
    chunk: NDArray[np.int32]  # (chunks, 1 + CHUNK)
    wheel: NDArray[np.int64]  # (2,): slot at which the window starts, chunks in use


def wheel_arrays(n: int, slots: int) -> Wheel:
    """Make a wheel for n people: room for four entries each, so that refills are rare.

    `slots` is brought into 64..65,536; with n = 0 the arrays have size 0.
    """
    slots = min(max(slots, LEAST), MOST) if n else 0
    return Wheel(
        head=np.empty(slots, np.int32),
        full=np.empty(slots, np.int32),
        chunk=np.empty((slots + 4 * n // CHUNK + 1 if n else 0, 1 + CHUNK), np.int32),
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
    if at < 0 or filled == CHUNK:
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
