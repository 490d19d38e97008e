"""Who came before whom in logs of cascades, and how likely the next one was.

Called by `koubei_sim.evidence.credit`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray


class Logs(NamedTuple):
    """Cascades one after another: those of cascade c are ``starts[c] .. starts[c + 1] - 1``."""

    starts: NDArray[np.int64]  # (C + 1,)
    person: NDArray[np.int32]  # (m,)
    time: NDArray[np.float64]  # (m,), never falling within a cascade


class Weights(NamedTuple):
    """Strength of word from person v: arcs ``indptr[v] .. indptr[v + 1] - 1``."""

    indptr: NDArray[np.int64]  # (n + 1,)
    indices: NDArray[np.int32]
    strength: NDArray[np.float64]
    popular: NDArray[np.float64]  # (n,), above 0
    decay: float  # time after which word has faded to 1/e; inf: never


@njit(cache=True, nogil=True)
def pairs_before(logs, window, early, late):
    """Write all pairs of places (earlier, later) of a cascade, at most `window` apart; return how
    many there are (arrays of size 0: only count).
    """
    found = 0
    write = early.size > 0
    for c in range(logs.starts.size - 1):
        first = logs.starts[c]
        for i in range(first, logs.starts[c + 1]):
            for j in range(max(first, i - window), i):
                if write:
                    early[found] = j
                    late[found] = i
                found += 1
    return found


@njit(cache=True, nogil=True)
def next_shares(logs, w, heard, popular):
    """Say of each place how likely its person was, by word of those before and by popularity.

    Parameters
    ----------
    logs : Block of `Logs`
    w : Block of `Weights`
    heard, popular : (m,) float64
        Filled: share of all word to people who are not in yet that reached this one (-1 where there
        was none to anybody), and its share of the popularity of those.  NaN at first places.
    """
    n = w.popular.size
    word = np.zeros(n)
    touched = np.empty(n, np.int32)
    is_in = np.zeros(n, np.bool_)
    listed = np.zeros(n, np.bool_)
    whole = 0.0
    for v in range(n):
        whole += w.popular[v]
    for c in range(logs.starts.size - 1):
        first = logs.starts[c]
        last = logs.starts[c + 1]
        left = whole
        count = 0
        for i in range(first, last):
            u = logs.person[i]
            if i > first:
                if w.decay < np.inf:
                    passed = logs.time[i] - logs.time[i - 1]
                    fade = np.exp(-passed / w.decay)
                    for k in range(count):
                        word[touched[k]] *= fade
                total = 0.0
                for k in range(count):
                    if not is_in[touched[k]]:
                        total += word[touched[k]]
                heard[i] = word[u] / total if total > 1e-300 else -1.0
                popular[i] = w.popular[u] / left
            else:
                heard[i] = np.nan
                popular[i] = np.nan
            is_in[u] = True
            left -= w.popular[u]
            for e in range(w.indptr[u], w.indptr[u + 1]):
                v = w.indices[e]
                if w.strength[e] > 0.0:
                    if not listed[v]:
                        listed[v] = True
                        touched[count] = v
                        count += 1
                    word[v] += w.strength[e]
        for k in range(count):
            word[touched[k]] = 0.0
            listed[touched[k]] = False
        for i in range(first, last):
            is_in[logs.person[i]] = False
