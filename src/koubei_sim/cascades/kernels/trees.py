"""Trees of a log of activations, in time and memory linear in its rows.

The log has one row an activation, sorted by replicate, time, person, and names the *person* that
convinced.  `link` finds the *row* of that person, `climb` numbers the trees and generations,
`descend` counts the rows below each row, `shapes` and `generation_sums` sum up.  All walk the
rows in order and follow at most one pointer a row, so a hundred million rows take some seconds.

Nothing is random here.  Called by `koubei_sim.cascades.trees`.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def link(starts, person, parent, place, above):
    """Find the row of the parent of each row.

    Where a person has several rows (reinfection), the parent is its latest row before the child;
    where it has none before (a word without delay, same moment, larger number), its last row.

    Parameters
    ----------
    starts : (R + 1,) int64
        First row of each replicate, and the number of rows.
    person, parent : (rows,) int32
        Parent -1: none.
    place : (n,) int64
        Scratch, all -1; left used.
    above : (rows,) int64
        Out: row of the parent, -1 for a root.

    Returns
    -------
    late, lost : int
        Rows whose parent comes after them; parents that are not in the log (those rows count as
        roots).
    """
    late = 0
    lost = 0
    for r in range(starts.size - 1):
        begin = starts[r]
        stop = starts[r + 1]
        waiting = 0
        for row in range(begin, stop):
            p = parent[row]
            above[row] = -1
            if p >= 0:
                at = place[p]
                if at >= begin:  # older entries belong to other replicates
                    above[row] = at
                else:
                    above[row] = -2
                    waiting += 1
            place[person[row]] = row
        if waiting:
            for row in range(begin, stop):
                if above[row] == -2:
                    at = place[parent[row]]
                    if at >= begin and at != row:
                        above[row] = at
                        late += 1
                    else:
                        above[row] = -1
                        lost += 1
    return late, lost


@njit(cache=True, nogil=True)
def climb(above, generation, tree):
    """Number the trees in the order of their roots, and the generations within them.

    Parameters
    ----------
    above : (rows,) int64
        From `link`.
    generation : (rows,) int32
        Out: 0 for a root.
    tree : (rows,) int64
        Out.

    Returns
    -------
    int
        Number of trees; -1 where the parents form a circle.
    """
    rows = above.size
    trees = 0
    for row in range(rows):
        tree[row] = -1
        if above[row] < 0:
            tree[row] = trees
            generation[row] = 0
            trees += 1
    for row in range(rows):
        if tree[row] >= 0:
            continue
        # Nearly always the parent is known and both loops run once.
        steps = 0
        at = row
        while tree[at] < 0:
            at = above[at]
            steps += 1
            if steps > rows:
                return -1
        number = tree[at]
        depth = generation[at] + steps
        at = row
        while tree[at] < 0:
            tree[at] = number
            generation[at] = depth
            depth -= 1
            at = above[at]
    return trees


@njit(cache=True, nogil=True)
def descend(above, order, below, children):
    """Count the rows of the subtree of each row (itself included) and its direct children.

    Parameters
    ----------
    above : (rows,) int64
    order : (rows,) int64 or (0,)
        Rows with children before their parents; empty: the rows backwards (no row is late).
    below, children : (rows,) int32
        Out.
    """
    rows = above.size
    for row in range(rows):
        below[row] = 1
        children[row] = 0
    for k in range(rows):
        row = order[k] if order.size else rows - 1 - k
        at = above[row]
        if at >= 0:
            below[at] += below[row]
            children[at] += 1


@njit(cache=True, nogil=True)
def shapes(above, generation, tree, below, children, first, size, depth, breadth, broadcast, paths):
    """Sum up each tree.

    Parameters
    ----------
    above, generation, tree, below, children : (rows,) arrays
        From the kernels above.
    first : (trees + 1,) int64
        Scratch.
    size, depth, breadth, broadcast : (trees,) int64
        Out: rows; last generation; rows of the largest generation; children of the row that has
        most.
    paths : (trees,) float64
        Out: ``sum_e s_e (n - s_e)`` over the edges, half the sum of all distances.  Products reach
        10^16 and more: float64, not int64.

    Notes
    -----
    The generations of all trees are tallied in one array; a tree of n rows has at most n
    generations, so it is never longer than the log.
    """
    rows = above.size
    trees = size.size
    for t in range(trees):
        depth[t] = 0
        breadth[t] = 0
        broadcast[t] = 0
        paths[t] = 0.0
    for row in range(rows):
        t = tree[row]
        if above[row] < 0:
            size[t] = below[row]
        depth[t] = max(depth[t], generation[row])
        broadcast[t] = max(broadcast[t], children[row])
    first[0] = 0
    for t in range(trees):
        first[t + 1] = first[t] + depth[t] + 1
    tally = np.zeros(first[trees], np.int32)
    for row in range(rows):
        t = tree[row]
        at = first[t] + generation[row]
        tally[at] += 1
        breadth[t] = max(breadth[t], tally[at])
        if above[row] >= 0:
            s = np.float64(below[row])
            paths[t] += s * (np.float64(size[t]) - s)


@njit(cache=True, nogil=True)
def generation_sums(starts, generation, counts, total, square, product, reached):
    """Add up the sizes Z_g of the generations of all replicates, and their products.

    Parameters
    ----------
    starts : (R + 1,) int64
    generation : (rows,) int32
    counts : (G + 1,) int64
        Scratch, all 0, left so; G the number of generations.
    total, square, product : (G,) float64
        Added to: sums over replicates of Z_g, Z_g squared and Z_g Z_(g+1).
    reached : (G,) int64
        Added to: replicates with Z_g > 0.
    """
    for r in range(starts.size - 1):
        last = -1
        for row in range(starts[r], starts[r + 1]):
            g = generation[row]
            counts[g] += 1
            last = max(last, g)
        for g in range(last + 1):
            z = np.float64(counts[g])
            total[g] += z
            square[g] += z * z
            product[g] += z * np.float64(counts[g + 1])
            reached[g] += 1
        for g in range(last + 1):
            counts[g] = 0
