"""Who convinced whom: the forest of a log of activations, its trees and generations.

A *tree* holds everybody who was convinced, directly or through others, by one root: a seed, or a
person whom no single person convinced.  The log has one row an activation, sorted by replicate,
time, person, and names the *person* that convinced.  `_link` finds the *row* of that person,
`_climb` numbers the trees and generations, `_descend` counts the rows below each row, `_shapes` and
`_sum_generations` sum up.  All walk the rows in order and follow at most one pointer a row, so a
hundred million rows take some seconds; nothing is random.  Called by `result`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from koubei_sim.cascades.outcome import Activations
from koubei_sim.errors import KoubeiError


class CascadeForest(NamedTuple):
    """A log of activations with its tree structure: one entry a row of the log, T trees."""

    activations: Activations
    starts: NDArray[np.int64]  # (R + 1,): rows of the i-th replicate in the log; the last: rows
    above: NDArray[np.int64]  # (rows,): row of the parent, -1 for a root
    generation: NDArray[np.int32]  # (rows,): 0 for a root
    tree: NDArray[np.int64]  # (rows,): number of the tree, in the order of the roots
    below: NDArray[np.int32]  # (rows,): rows of the subtree, itself included
    children: NDArray[np.int32]  # (rows,): rows convinced directly
    roots: NDArray[np.int64]  # (T,): row of the root of each tree


class CascadeTrees(NamedTuple):
    """One entry a tree, in the order of the roots (T,)."""

    replicate: NDArray[np.int32]
    root: NDArray[np.int32]  # person
    time: NDArray[np.float64]  # of the root
    size: NDArray[np.int64]  # activations, the root included
    depth: NDArray[np.int64]  # generations below the root
    breadth: NDArray[np.int64]  # activations in the largest generation
    broadcast: NDArray[np.int64]  # most people convinced directly by one
    virality: NDArray[np.float64]  # structural virality; NaN for a single activation


def starts_of(replicate: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the first row of each replicate in a sorted log, and at the end the number of rows.

    Examples
    --------
    >>> starts_of(np.array([3, 3, 5], np.int32)).tolist()
    [0, 2, 3]
    """
    if not replicate.size:
        return np.zeros(1, np.int64)
    return np.flatnonzero(np.append(np.append(True, replicate[1:] != replicate[:-1]), True))


def forest_of(log: Activations, n: int) -> CascadeForest:
    """Return the forest of a log.

    Parameters
    ----------
    log : Activations
        Sorted by replicate, time, person; whole replicates.
    n : int
        Number of people.

    Returns
    -------
    CascadeForest
        29 bytes a row besides the log.

    Raises
    ------
    KoubeiError
        When the log names people that cannot be, parents that it does not hold, or circles.

    Examples
    --------
    >>> zeros = np.zeros(3, np.int32)
    >>> person, parent = np.array([7, 2, 4], np.int32), np.array([-1, 7, 2], np.int32)
    >>> log = Activations(zeros, person, parent, np.arange(3.0), np.full(3, np.inf), zeros)
    >>> forest_of(log, 10).generation.tolist()
    [0, 1, 2]
    """
    rows = log.person.size
    person, parent = np.ascontiguousarray(log.person), np.ascontiguousarray(log.parent)
    if rows and not (person.min() >= 0 and max(int(person.max()), int(parent.max())) < n):
        raise KoubeiError("activations", "people out of range", allowed=f"0..{n - 1}")
    starts = starts_of(log.replicate)
    above = np.empty(rows, np.int64)
    late, lost = _link(starts, person, parent, np.full(n, -1, np.int64), above)
    if lost:
        raise KoubeiError("activations", f"the parents of {lost} rows are missing")
    generation, tree = np.empty(rows, np.int32), np.empty(rows, np.int64)
    if _climb(above, generation, tree) < 0:
        raise KoubeiError("activations", "somebody convinced himself through others")
    below, children = np.empty(rows, np.int32), np.empty(rows, np.int32)
    # Parents come first in the log, but where a word takes no time at all.
    order = np.argsort(-generation, kind="stable") if late else np.empty(0, np.int64)
    _descend(above, order, below, children)
    return CascadeForest(
        log, starts, above, generation, tree, below, children, np.flatnonzero(above < 0)
    )


def trees_of(forest: CascadeForest) -> CascadeTrees:
    """Return size and shape of each tree, in time linear in the log.

    Structural virality is the mean distance between two different nodes of a tree (Goel,
    Anderson, Hofman and Watts 2016, Management Science 62:180-196), here from the sizes s_e of the
    subtrees under its edges, ``nu = 2 sum_e s_e (n - s_e) / (n (n - 1))``: an edge lies between s_e
    nodes and the n - s_e others.  A star has 2 - 2/n, a path (n + 1)/3.
    """
    log, roots = forest.activations, forest.roots
    size, depth, breadth, broadcast = sums = np.empty((4, roots.size), np.int64)
    paths = np.empty(roots.size, np.float64)
    forest_rows = (forest.above, forest.generation, forest.tree, forest.below, forest.children)
    _shapes(forest_rows, np.empty(roots.size + 1, np.int64), sums, paths)
    pairs = size.astype(np.float64) * (size - 1.0)
    virality = np.full(roots.size, np.nan)
    np.divide(2.0 * paths, pairs, out=virality, where=pairs > 0)
    return CascadeTrees(
        log.replicate[roots],
        log.person[roots],
        log.time[roots],
        size,
        depth,
        breadth,
        broadcast,
        virality,
    )


class GenerationSums(NamedTuple):
    """Sums over replicates of the sizes Z_g of generations (G,), from which means follow."""

    total: NDArray[np.float64]  # Z_g
    square: NDArray[np.float64]  # Z_g squared
    product: NDArray[np.float64]  # Z_g Z_(g+1)
    reached: NDArray[np.int64]  # replicates with Z_g > 0

    def __add__(self, other: object) -> GenerationSums:
        """Add the sums of other replicates."""
        if not isinstance(other, GenerationSums):
            return NotImplemented
        width = max(self.total.size, other.total.size)
        return GenerationSums(
            *(
                np.pad(a, (0, width - a.size)) + np.pad(b, (0, width - b.size))
                for a, b in zip(self, other)
            )
        )


#: The sums over no replicate.
NO_GENERATIONS: Final = GenerationSums(np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0, np.int64))


def generation_sums(forest: CascadeForest) -> GenerationSums:
    """Return the sums over the replicates of a forest."""
    width = int(forest.generation.max(initial=-1)) + 1
    total, square, product = (np.zeros(width) for _ in range(3))
    reached = np.zeros(width, np.int64)
    starts, counts = forest.starts, np.zeros(width + 1, np.int64)
    _sum_generations(starts, forest.generation, counts, total, square, product, reached)
    return GenerationSums(total, square, product, reached)


def generation_table(sums: GenerationSums, replicates: int) -> dict[str, NDArray[np.float64]]:
    """Return mean sizes of generations and the reproduction number by generation.

    ``R_g = sum Z_(g+1) / sum Z_g`` over replicates, a ratio of means; its standard error by the
    delta method is ``sd(Z_(g+1) - R_g Z_g) / (sqrt(replicates) mean Z_g)`` (Cochran 1977,
    *Sampling Techniques*, 6.4).  Intervals are 95 %, Student's t; they are rough where few
    replicates reach the generation.  In the last generation seen, R is 0 by arithmetic.

    Parameters
    ----------
    sums : GenerationSums
    replicates : int
        Of which the sums were taken, those without any activation too.

    Returns
    -------
    dict of (G,) arrays
        ``mean, low, high, reached`` (share of replicates), ``R, R_low, R_high``.
    """
    from scipy.special import stdtrit

    k = float(replicates)
    mean = sums.total / k
    following = np.append(sums.total[1:], 0.0)
    following_square = np.append(sums.square[1:], 0.0)
    ratio = np.divide(following, sums.total, out=np.full(mean.size, np.nan), where=sums.total > 0)
    if replicates > 1:
        quantile = float(stdtrit(replicates - 1, 0.975))
        spread = np.maximum(sums.square - k * mean**2, 0.0) / (k - 1.0)
        half = quantile * np.sqrt(spread / k)
        rest = following_square - 2.0 * ratio * sums.product + ratio**2 * sums.square
        error = np.sqrt(np.maximum(rest, 0.0) / (k - 1.0) / k) / mean
        ratio_half = quantile * error
    else:
        half = ratio_half = np.full(mean.size, np.nan)
    return {
        "mean": mean,
        "low": np.maximum(mean - half, 0.0),
        "high": mean + half,
        "reached": sums.reached / k,
        "R": ratio,
        "R_low": np.maximum(ratio - ratio_half, 0.0),
        "R_high": ratio + ratio_half,
    }


# Walks over the rows ---------------------------------------------------------------------------


@njit(cache=True, nogil=True)
def _link(starts, person, parent, place, above):
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
def _climb(above, generation, tree):
    """Number the trees in the order of their roots, and the generations within them.

    Parameters
    ----------
    above : (rows,) int64
        From `_link`.
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
def _descend(above, order, below, children):
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
def _shapes(forest_rows, first, sums, paths):
    """Sum up each tree.

    Parameters
    ----------
    forest_rows : (above, generation, tree, below, children)
        (rows,) arrays from the kernels above.
    first : (trees + 1,) int64
        Scratch.
    sums : (4, trees) int64
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
    above, generation, tree, below, children = forest_rows
    size, depth, breadth, broadcast = sums[0], sums[1], sums[2], sums[3]
    rows = above.size
    trees = paths.size
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
def _sum_generations(starts, generation, counts, total, square, product, reached):
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
