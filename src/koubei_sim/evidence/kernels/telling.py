"""Word that is told again and again, more eagerly by those who took the thing up.

Who has heard tells each neighbour in every later step with a chance of its own kind, so the first
word along an arc comes after a geometric delay, drawn once: the smallest d whose chance to have
been told within d steps, ``1 - (1 - q)**d``, lies above the coin of the arc.  People are taken step
by step; a better time moves them forward.  Coins do not depend on the chances, so that settings are
paired arc by arc and more of a chance never means fewer people.

Called by `koubei_sim.evidence.telling`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from koubei_sim.cascades.kernels.frame import run_batch
from koubei_sim.core.codes import DRAW_TELLING
from koubei_sim.core.draws import draw32, stream

NEVER: Final = np.int32(2147483647)


class TellingRule(NamedTuple):
    """Chances in units of 2**-32: to have told within d steps, by kind; of taking up, by person."""

    heard: NDArray[np.int64]  # (horizon + 1,): of one who has not taken up; 0 at d = 0
    taken: NDArray[np.int64]  # (horizon + 1,): of one who has
    takes: NDArray[np.int64]  # (n,)
    horizon: int


class TellingScratch(NamedTuple):
    """What one thread needs for n people."""

    best: NDArray[np.int32]  # (n,): step of the first word so far, NEVER when clean
    giver: NDArray[np.int32]  # (n,): from whom
    waiting: NDArray[np.int32]  # (horizon + 1, room): who may hear at a step, flat
    count: NDArray[np.int64]  # (horizon + 1,): how many of them; 0 when clean


def telling_scratch(n: int, horizon: int) -> TellingScratch:
    """Make clean scratch space."""
    return TellingScratch(
        best=np.full(n, NEVER, np.int32),
        giver=np.empty(n, np.int32),
        waiting=np.empty((horizon + 1) * n, np.int32),
        count=np.zeros(horizon + 1, np.int64),
    )


@njit(cache=True, nogil=True)
def spread(rows, rule, s, t, key, replicate, n):
    """Run one replicate of `n` seeds; see `frame`."""
    word = stream(key, replicate, DRAW_TELLING, 0, 0)
    takes = stream(key, replicate, DRAW_TELLING, 1, 0)
    people = s.best.size
    last = rule.horizon
    for k in range(n):
        v = t.order[k]
        s.best[v] = 0
        s.giver[v] = -1
        s.waiting[k] = v
    s.count[0] = n
    n = 0
    for step in range(last + 1):
        for w in range(s.count[step]):
            u = s.waiting[step * people + w]
            if s.best[u] != step:
                continue  # heard before
            s.best[u] = -1 - step  # settled
            t.order[n] = u
            t.time[n] = np.float64(step)
            taken = draw32(takes, u) < rule.takes[u]
            t.kind[n] = np.int8(taken)
            if t.parent.size > 0:
                t.parent[n] = s.giver[u]
            n += 1
            told = rule.taken if taken else rule.heard
            left = last - step
            within = told[left]
            if within == 0:
                continue
            for e in range(rows.indptr[u], rows.indptr[u + 1]):
                coin = draw32(word, e)
                if coin >= within:
                    continue
                v = rows.indices[e]
                when = step + 1
                while coin >= told[when - step]:
                    when += 1
                if when < s.best[v]:
                    s.best[v] = when
                    s.giver[v] = u
                    s.waiting[when * people + s.count[when]] = v
                    s.count[when] += 1
        s.count[step] = 0
    for k in range(n):
        s.best[t.order[k]] = NEVER
    return n, n, -1


@njit(cache=True, nogil=True)
def telling_batch(rows, rule, s, t, seeds, out, lo, hi):
    """Run a batch; see `frame.run_batch`."""
    return run_batch(spread, rows, rule, s, t, seeds, out, (lo, hi))
