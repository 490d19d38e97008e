"""A splitting tree: which composites or parameters tell apart the worlds in which something holds.

Greedy binary splits that take away most of the variance, which for yes and no is half of Gini's
impurity, so that one rule serves shares and means.  How well it foretells is measured on worlds
that it has not seen.
Called by people, and by studies of many worlds.

References
----------
[1] Breiman, Friedman, Olshen and Stone (1984), Classification and Regression Trees.
[2] Newcombe, R. G. (2006), Statistics in Medicine 25, 559-573 (the interval of AUC, method 5).
[3] Nadeau, C. and Bengio, Y. (2003), Machine Learning 52, 239-281.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import whole
from koubei_sim.core.draws import drawn
from koubei_sim.errors import KoubeiError
from koubei_sim.looks import Look
from koubei_sim.metrics import Interval, mean_interval, wilson
from koubei_sim.metrics.intervals import numbers

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]

#: Purpose of the draw that puts a row, or a group of rows, into a fold.
DRAW_FOLD: Final = 193


@dataclass(frozen=True)
class Node:
    """A set of rows, and how it is split; a leaf has no `feature`.

    Attributes
    ----------
    estimate : Interval
        Share or mean of the target, with its 95 % interval.
    n : int
        Rows.
    feature, threshold : str, float
        Rows with ``feature <= threshold`` go to `low`, the others to `high`.
    low, high : Node or None
    """

    estimate: Interval
    n: int
    feature: str = ""
    threshold: float = np.nan
    low: Node | None = None
    high: Node | None = None


@dataclass(frozen=True, eq=False)
class Tree(Look):
    """What `splitting_tree` found; ``print`` shows it.

    Attributes
    ----------
    root : Node
    shares : bool
        Whether the target is yes or no.
    score : Interval
        On rows of folds that the tree had not seen: of shares the AUC with its interval, of numbers
        the part of the variance that it foretells (no interval).
    folds : int
    """

    root: Node
    shares: bool
    score: Interval
    folds: int

    def predict(self, features: Any) -> FloatArray:
        """Return the share or mean of the leaf that each row falls into, [rows]."""
        columns = _columns(features)
        found = np.empty(next(iter(columns.values())).size)
        _fill(self.root, columns, np.arange(found.size), found)
        return found

    def table(self) -> pd.DataFrame:
        """Return the leaves, one row each: ``where, estimate, low, high, n``."""
        from koubei_sim.looks.frames import Table

        rows = [[" and ".join(way) or "all", *node.estimate[:3], node.n]
                for way, node in _leaves(self.root, ())]  # fmt: skip
        return Table(rows, columns=["where", "estimate", "low", "high", "n"])

    def __str__(self) -> str:
        """Return the tree as indented text, and how well it foretells."""
        lines = [f"all: {self._said(self.root)}", *self._lines(self.root, "  ")]
        score = self.score
        if self.shares:
            told = f"AUC {score.mean:.2f} ({score.low:.2f} .. {score.high:.2f})"
        else:
            told = f"{score.mean:.0%} of the variance"
        return "\n".join([*lines, f"{told} on worlds left out, {self.folds} folds"])

    __repr__ = __str__

    def _lines(self, node: Node, indent: str) -> list[str]:
        found = []
        for sign, child in (("<=", node.low), (">", node.high)):
            if child is not None:
                text = f"{node.feature} {sign} {node.threshold:.4g}: {self._said(child)}"
                found += [indent + text, *self._lines(child, indent + "  ")]
        return found

    def _said(self, node: Node) -> str:
        mean, low, high, _ = node.estimate
        if self.shares:
            count = f"{round(mean * node.n)} of {node.n}"
            return f"{count}, {mean:.0%} ({low:.0%} .. {high:.0%})"
        return f"{mean:.4g} ({low:.4g} .. {high:.4g}) in {node.n}"


def splitting_tree(
    features: Any,
    target: Any,
    *,
    depth: int = 3,
    leaf: int = 8,
    folds: int = 10,
    groups: Any = None,
    key: int = 0,
) -> Tree:
    """Split worlds by what they are like, so that those on one side behave alike.

    Parameters
    ----------
    features : mapping or DataFrame
        Numbers by name, one row a world, such as `composites` of each.
    target : array, shape [rows]
        Yes or no (True and False, or 1 and 0), or numbers.
    depth : int
        Splits one after the other at most, 1..8.
    leaf : int
        Rows that a side must have at least.
    folds : int
        Parts of the rows that are left out in turn, 2 or more.
    groups : array, optional
        Rows with an equal entry go into one fold: replicates of a world know its answer.
    key : int
        Key of the draw of the folds.

    Returns
    -------
    Tree

    Notes
    -----
    Of all features and thresholds (half way between neighbouring values) that split is taken that
    removes most of the sum of squares about the means; of equal ones the first feature, the lowest
    threshold [1].  The AUC compares rows of one fold with each other, foretold by the tree of the
    other folds: over all rows a tree that knows nothing would do worse than chance, as the mean
    of the others is low where a fold has many.

    Examples
    --------
    >>> margin = [-0.4, -0.3, -0.2, -0.1, 0.1, 0.2, 0.3, 0.4] * 4
    >>> found = splitting_tree({"margin": margin}, [m > 0 for m in margin], folds=4)
    >>> print(found)
    all: 16 of 32, 50% (34% .. 66%)
      margin <= 0: 0 of 16, 0% (0% .. 19%)
      margin > 0: 16 of 16, 100% (81% .. 100%)
    AUC 1.00 (0.71 .. 1.00) on worlds left out, 4 folds
    """
    depth, leaf = whole("depth", depth, 1, 8), whole("leaf", leaf, 1)
    folds, key = whole("folds", folds, 2), whole("key", key, 0, (1 << 64) - 1)
    columns = _columns(features)
    values = numbers("target", target)
    for name, column in (*columns.items(), ("target", values)):
        if column.size != values.size:
            raise KoubeiError(
                name, "not as many as targets", got=column.size, allowed=str(values.size)
            )
        if np.isnan(column).any() or (name == "target" and np.isinf(column).any()):
            fix = "leaving the column out" if name != "target" else "leaving these rows out"
            raise KoubeiError(name, "not a number in some rows", got=int(np.isnan(column).sum()),
                              fix=fix)  # fmt: skip
    shares = bool(np.isin(values, (0.0, 1.0)).all())
    fold = _folds(values.size, folds, groups, key)
    if values.size < 2 * leaf or len(np.unique(fold)) < 2:
        raise KoubeiError("target", "too few rows to split", got=values.size,
                          allowed=f"{2 * leaf} or more")  # fmt: skip

    def grow(rows: NDArray[np.int64], left: int) -> Node:
        found = _best(columns, values, rows, leaf) if left else None
        estimate = _estimate(values[rows], shares)
        if found is None:
            return Node(estimate, rows.size)
        name, threshold = found
        low = columns[name][rows] <= threshold
        return Node(estimate, rows.size, name, threshold,
                    grow(rows[low], left - 1), grow(rows[~low], left - 1))  # fmt: skip

    told, every = np.empty(values.size), np.arange(values.size)
    for out in range(folds):
        if (fold == out).any():
            _fill(grow(every[fold != out], depth), columns, every[fold == out], told)
    score = _auc(told, values, fold) if shares else _foretold(told, values)
    return Tree(grow(every, depth), shares, score, folds)


def _columns(features: Any) -> dict[str, FloatArray]:
    names = list(features) if isinstance(features, Mapping) or hasattr(features, "columns") else []
    if not names:
        raise KoubeiError(
            "features", "no columns", got=type(features).__name__,
            allowed="a mapping of names to numbers, or a DataFrame",
        )  # fmt: skip
    return {str(name): numbers(str(name), features[name]) for name in names}


def _folds(rows: int, folds: int, groups: Any, key: int) -> NDArray[np.int64]:
    """Deal rows, or groups of them, to folds of equal size, in the order of their draws."""
    of = np.arange(rows)
    if groups is not None:
        of = np.unique(np.asarray(groups), return_inverse=True)[1].reshape(-1)
        if of.size != rows:
            raise KoubeiError("groups", "not as many as targets", got=of.size, allowed=str(rows))
    number = int(of.max(initial=0)) + 1
    place = np.empty(number, dtype=np.int64)
    place[np.argsort(drawn(number, key, DRAW_FOLD), kind="stable")] = np.arange(number) % folds
    found: NDArray[np.int64] = place[of]
    return found


def _best(
    columns: Mapping[str, FloatArray], values: FloatArray, rows: NDArray[np.int64], leaf: int
) -> tuple[str, float] | None:
    """Return the split that removes most of the sum of squares; None where none removes any.

    With k rows below, their sum s and the sum S of all n: the squares that go are
    ``s^2 / k + (S - s)^2 / (n - k) - S^2 / n``.
    """
    n, best, found = rows.size, 0.0, None
    centred = values[rows] - values[rows].mean()  # so that S = 0, and large means cancel nothing
    least = 1e-12 * float(centred @ centred)
    below = np.arange(1, n)
    for name, column in columns.items():
        order = np.argsort(column[rows], kind="stable")
        x, sums = column[rows][order], np.cumsum(centred[order])[:-1]
        gone = sums**2 / below + sums**2 / (n - below)
        gone[(x[1:] <= x[:-1]) | (below < leaf) | (n - below < leaf)] = 0.0
        at = int(np.argmax(gone)) if gone.size else 0
        if gone.size and gone[at] > best + least:
            middle = 0.5 * x[at] + 0.5 * x[at + 1]
            best, found = gone[at], (name, float(middle if x[at] <= middle < x[at + 1] else x[at]))
    return found


def _fill(
    node: Node, columns: Mapping[str, FloatArray], rows: NDArray[np.int64], found: FloatArray
) -> None:
    """Write the estimate of the leaf of each row."""
    if node.low is None or node.high is None:
        found[rows] = node.estimate.mean
        return
    if node.feature not in columns:
        raise KoubeiError("features", "a column of the tree is missing", got=node.feature)
    low = columns[node.feature][rows] <= node.threshold
    _fill(node.low, columns, rows[low], found)
    _fill(node.high, columns, rows[~low], found)


def _leaves(node: Node, way: tuple[str, ...]) -> list[tuple[tuple[str, ...], Node]]:
    if node.low is None or node.high is None:
        return [(way, node)]
    low, high = (f"{node.feature} {sign} {node.threshold:.4g}" for sign in ("<=", ">"))
    return [*_leaves(node.low, (*way, low)), *_leaves(node.high, (*way, high))]


def _estimate(values: FloatArray, shares: bool) -> Interval:
    if shares:
        return Interval(float(values.mean()), *wilson(int(values.sum()), values.size), "wilson")
    return mean_interval(values)


def _auc(told: FloatArray, values: FloatArray, fold: NDArray[np.int64]) -> Interval:
    """Return how often a yes is foretold above a no of its fold, ties as halves.

    The variance is that of one comparison [2] of as many rows as a fold has, over the number k of
    folds, times 1 + k / (k - 1), as trees of overlapping rows err together [3].
    """
    yes, above, pairs = values == 1.0, 0.0, 0
    for out in np.unique(fold):
        one, other = told[(fold == out) & yes], told[(fold == out) & ~yes]
        difference = one[:, None] - other[None, :]
        above += (difference > 0).sum() + 0.5 * (difference == 0).sum()
        pairs += difference.size
    m, n, folds = int(yes.sum()), int((~yes).sum()), np.unique(fold).size
    if not pairs:
        return Interval(np.nan, np.nan, np.nan, "none")
    area = float(above / pairs)
    more = max(0.0, (m + n) / (2 * folds) - 1)
    theta = np.linspace(0.0, 1.0, 10_001)
    spread = 1 + more * ((1 - theta) / (2 - theta) + theta / (1 + theta))
    spread = spread * theta * (1 - theta) * folds * (1 + folds / (folds - 1)) / (m * n)
    inside = theta[(theta - area) ** 2 <= 1.959964**2 * spread]
    low, high = (float(inside[0]), float(inside[-1])) if inside.size else (area, area)
    return Interval(area, min(low, area), max(high, area), "Newcombe")


def _foretold(told: FloatArray, values: FloatArray) -> Interval:
    """Return the part of the variance that is foretold; below 0 the mean foretells better."""
    rest, whole_of_it = ((values - by) ** 2 for by in (told, values.mean()))
    part = 1.0 - float(rest.sum() / whole_of_it.sum()) if whole_of_it.any() else np.nan
    return Interval(part, np.nan, np.nan, "none")
