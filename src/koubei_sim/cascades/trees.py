"""Who convinced whom: the forest of a log of activations, its trees and generations.

A *tree* holds everybody who was convinced, directly or through others, by one root: a seed, or a
person whom no single person convinced.  The counting is done in `cascades.kernels.trees`, linear in
the length of the log; this file gives it arrays and names what comes out.

Called by `result`; takes no more than the log and the number of people.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades.kernels import trees as kernels
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
    late, lost = kernels.link(starts, person, parent, np.full(n, -1, np.int64), above)
    if lost:
        raise KoubeiError("activations", f"the parents of {lost} rows are missing")
    generation, tree = np.empty(rows, np.int32), np.empty(rows, np.int64)
    if kernels.climb(above, generation, tree) < 0:
        raise KoubeiError("activations", "somebody convinced himself through others")
    below, children = np.empty(rows, np.int32), np.empty(rows, np.int32)
    # Parents come first in the log, but where a word takes no time at all.
    order = np.argsort(-generation, kind="stable") if late else np.empty(0, np.int64)
    kernels.descend(above, order, below, children)
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
    size, depth, breadth, broadcast = (np.empty(roots.size, np.int64) for _ in range(4))
    paths = np.empty(roots.size, np.float64)
    kernels.shapes(
        forest.above,
        forest.generation,
        forest.tree,
        forest.below,
        forest.children,
        np.empty(roots.size + 1, np.int64),
        size,
        depth,
        breadth,
        broadcast,
        paths,
    )
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
    kernels.generation_sums(
        forest.starts,
        forest.generation,
        np.zeros(width + 1, np.int64),
        total,
        square,
        product,
        reached,
    )
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
