"""Trees of a branching process with audiences of very different size, grown one by one.

Whoever passes a message on has an audience, a multiple w of the mean one, and ``Poisson(R w)`` of
it pass it on in turn.  The first teller's audience is drawn by itself, so that it may have another
law.  Trees whose size lies in a window are kept as rows; of the others only the count.

A draw is ``draw(stream, number)``, numbers counted through a tree, so a tree is a function of
(key, level, number of the tree).  Called by `koubei_sim.evidence.growing`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from koubei_sim.core.codes import DRAW_TREE
from koubei_sim.core.draws import draw, log_portable, stream, unit_open


class Growth(NamedTuple):
    """What trees are grown of."""

    key: np.uint64
    level: int  # number of the level, a field of the address
    reproduction: float  # R
    first: NDArray[np.float64]  # (A,) audiences of a first teller, all equally likely
    audience: NDArray[np.float64]  # (A,) those of the others; A a power of 2
    comments: float  # chance that a message is a comment on the first, not passed on
    low: int  # sizes that are kept: low .. high
    high: int


class GrownRows(NamedTuple):
    """Rows of the trees that are kept."""

    tree: NDArray[np.int32]  # (room,)
    person: NDArray[np.int32]  # (room,)
    parent: NDArray[np.int32]  # (room,)
    parents: NDArray[np.int32]  # (high,): scratch, the tree at hand


@njit(cache=True, nogil=True)
def hang(g, parents, tree, size):
    """Hang comments on the first message; return the new size, ``high + 1`` where it is larger."""
    base = stream(g.key, tree, DRAW_TREE, g.level, 1)
    mean = g.comments / (1.0 - g.comments) * size
    at = 0.0
    drawn = 0
    while True:
        at -= log_portable(unit_open(draw(base, drawn)))
        drawn += 1
        if at >= mean:
            return size
        if size >= g.high:
            return g.high + 1
        parents[size] = 0
        size += 1


@njit(cache=True, nogil=True)
def grow_one(g, parents, tree):
    """Grow one tree into `parents`; return its size, ``high + 1`` where it is larger.

    Parents come before their children, generation by generation.
    """
    base = stream(g.key, tree, DRAW_TREE, g.level, 0)
    mask = np.uint64(g.audience.size - 1)
    drawn = 0
    size = 1
    parents[0] = -1
    node = 0
    while node < size:
        law = g.first if node == 0 else g.audience
        mean = g.reproduction * law[np.int64(draw(base, drawn) & mask)]
        drawn += 1
        # Arrivals of a Poisson process on [0, mean].
        at = 0.0
        while True:
            at -= log_portable(unit_open(draw(base, drawn)))
            drawn += 1
            if at >= mean:
                break
            if size >= g.high:
                return g.high + 1
            parents[size] = node
            size += 1
        node += 1
    return size


@njit(cache=True, nogil=True)
def grow_many(g, rows, first, count, tallies):
    """Grow trees ``first .. first + count - 1``; stop before the rows are full.

    Parameters
    ----------
    g : Growth
    rows : GrownRows
    first, count : int
    tallies : (5,) int64
        Added to: trees grown, trees of one message, trees beyond one degree (larger ones count as
        such), trees that are kept, rows that are kept.
    """
    parents = rows.parents
    room = rows.person.size
    for tree in range(first, first + count):
        at = tallies[4]
        if at + g.high > room:
            return
        size = grow_one(g, parents, tree)
        tallies[0] += 1
        tallies[1] += np.int64(size == 1)
        tallies[2] += np.int64(size > g.high or parents[size - 1] > 0)
        if g.comments > 0.0 and size <= g.high:
            size = hang(g, parents, tree, size)
        if size < g.low or size > g.high:
            continue
        for node in range(size):
            rows.tree[at + node] = tallies[3]
            rows.person[at + node] = node
            rows.parent[at + node] = parents[node]
        tallies[3] += 1
        tallies[4] += size
