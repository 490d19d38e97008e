"""The recruitment forest: who brought whom, the shape of the trees, recruits an adopter.

Nodes are adoption *events* (a person may lapse and adopt again).  The parent of an event is the
latest adoption of its recruiter on an earlier tick.  Roots are seeds, adoptions by own media or
by getting a good, and adoptions recruited by somebody who had not adopted (one who relays what he
heard, or waits for a unit): the log does not say from whom such a teller had it.
Who adopts in tick t acts from t + 1, so parents are always strictly earlier and the log is a
forest.

Pure functions of one `History`; called by `overview`, figures.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import whole
from koubei_sim.core.codes import LOG_ADOPT, RECRUITER_MEDIA
from koubei_sim.metrics.runs import MOST_DAYS, block, events_of, takes_history
from koubei_sim.model.world.arrays import History, is_stored, log_pieces


class Forest(NamedTuple):
    """Trees of adoption events; node numbers follow the order of the log."""

    agent: NDArray[np.int64]  # [nodes]
    tick: NDArray[np.int64]  # [nodes], -1 for seeds of the start
    channel: NDArray[np.int64]  # [nodes], -1 for seeds
    parent: NDArray[np.int64]  # [nodes], node number, or -1 for a root
    root: NDArray[np.int64]  # [nodes], node number of the root of its tree
    depth: NDArray[np.int64]  # [nodes], 0 for a root
    below: NDArray[np.int64]  # [nodes], size of the subtree, itself included
    by_media: NDArray[np.bool_]  # [nodes], recruited by own media
    by_other: NDArray[np.bool_]  # [nodes], recruited by somebody who had not adopted


@takes_history
def recruitment_forest(history: History) -> Forest:
    """Return the forest of all adoptions of one replicate.

    O(n log n) in the number of adoptions, about 1.5 s for a million.
    """
    rows = events_of(history, LOG_ADOPT)
    agent = history.log_agent[rows].astype(np.int64)
    tick = history.log_tick[rows].astype(np.int64)
    recruiter = history.log_recruiter[rows].astype(np.int64)
    parent = _parents(agent, tick, recruiter)
    root, depth = np.arange(rows.size), np.zeros(rows.size, dtype=np.int64)
    below = np.ones(rows.size, dtype=np.int64)
    # The log is ordered by tick and parents are earlier, so one pass over the ticks downwards
    # (from parents) and one upwards (to parents) sees everything in the right order.
    edges = np.flatnonzero(np.diff(tick, prepend=-2)).tolist() + [rows.size]
    spans = [slice(a, b) for a, b in pairwise(edges)]
    for span in spans:
        has = parent[span] >= 0
        nodes = np.flatnonzero(has) + span.start
        root[nodes] = root[parent[nodes]]
        depth[nodes] = depth[parent[nodes]] + 1
    for span in reversed(spans):
        nodes = np.flatnonzero(parent[span] >= 0) + span.start
        np.add.at(below, parent[nodes], below[nodes])
    return Forest(
        agent=agent,
        tick=tick,
        channel=history.log_channel[rows].astype(np.int64),
        parent=parent,
        root=root,
        depth=depth,
        below=below,
        by_media=recruiter == RECRUITER_MEDIA,
        by_other=(recruiter >= 0) & (parent < 0),
    )


def _parents(
    agent: NDArray[np.int64], tick: NDArray[np.int64], recruiter: NDArray[np.int64]
) -> NDArray[np.int64]:
    span = int(tick.max(initial=0)) + 3  # ticks start at -1
    address = agent * span + tick + 1
    order = np.argsort(address, kind="stable")
    people = np.flatnonzero(recruiter >= 0)
    sought = recruiter[people] * span + tick[people] + 1
    position = np.searchsorted(address[order], sought, side="left") - 1
    parent = np.full(agent.size, -1, dtype=np.int64)
    if people.size:
        found = order[np.maximum(position, 0)]
        adopted = (position >= 0) & (agent[found] == recruiter[people])
        parent[people[adopted]] = found[adopted]
    return parent


class Trees(NamedTuple):
    """One row for each tree of a forest, in the order of the roots."""

    root: NDArray[np.int64]  # node number in the forest
    size: NDArray[np.int64]  # adoptions in the tree, the root included
    depth: NDArray[np.int64]  # generations below the root
    virality: NDArray[np.float64]  # structural virality; NaN for a single node
    by_media: NDArray[np.bool_]


@takes_history
def trees(forest: Forest) -> Trees:
    """Return size, depth and structural virality of each tree.

    Structural virality is the mean distance between two distinct nodes of the tree (Goel,
    Anderson, Hofman and Watts 2016, Management Science 62:180-196),
    ``nu = sum_ij d_ij / (n (n - 1))``, computed in O(n) from the sizes s_e of the subtrees below
    each edge as ``nu = 2 sum_e s_e (n - s_e) / (n (n - 1))``: an edge lies on the path between
    the s_e nodes below it and the n - s_e others.  A star has 2 - 2/n, a path (n + 1)/3.
    """
    roots = np.flatnonzero(forest.parent < 0)
    size = forest.below[roots]
    number = np.empty(forest.parent.size, dtype=np.int64)  # node -> row of its tree
    number[roots] = np.arange(roots.size)
    tree = number[forest.root]
    depth = np.zeros(roots.size, dtype=np.int64)
    np.maximum.at(depth, tree, forest.depth)
    inner = forest.parent >= 0
    # Products reach 10^13 and their sum 10^20: float64, beyond int64.
    below = forest.below[inner].astype(np.float64)
    paths = np.bincount(
        tree[inner],
        weights=below * (size[tree[inner]].astype(np.float64) - below),
        minlength=roots.size,
    )
    pairs = size.astype(np.float64) * (size - 1.0)
    virality = np.full(roots.size, np.nan)
    np.divide(2.0 * paths, pairs, out=virality, where=pairs > 0)
    return Trees(roots, size, depth, virality, forest.by_media[roots])


class ForestSummary(NamedTuple):
    """The forest of one replicate in a few numbers."""

    trees: int
    adoptions: int
    largest: int  # adoptions in the largest tree
    largest_share: float
    single: float  # share of trees that are one node
    depth: int  # of the deepest tree
    mean_depth: float  # over adoptions
    virality: float  # structural virality of the largest tree; NaN where it is one node


@takes_history
def forest_summary(history: History, forest: Forest | None = None) -> ForestSummary:
    """Return the number, sizes and shape of the recruitment trees of one replicate."""
    forest = recruitment_forest(history) if forest is None else forest
    found = trees(forest)
    if not found.size.size:
        return ForestSummary(0, 0, 0, np.nan, np.nan, 0, np.nan, np.nan)
    largest = int(np.argmax(found.size))
    return ForestSummary(
        trees=int(found.size.size),
        adoptions=int(forest.agent.size),
        largest=int(found.size[largest]),
        largest_share=float(found.size[largest] / forest.agent.size),
        single=float((found.size == 1).mean()),
        depth=int(found.depth.max()),
        mean_depth=float(forest.depth.mean()),
        virality=float(found.virality[largest]),
    )


@takes_history
def children(forest: Forest) -> NDArray[np.int64]:
    """Return the number of recruits of each adoption event, shape [nodes]."""
    inner = forest.parent[forest.parent >= 0]
    return np.bincount(inner, minlength=forest.parent.size).astype(np.int64)


@takes_history
def seeds_of(history: History) -> int:
    """Return the number of seed adoptions, those that were won by hand later on among them."""
    return seeds_at_start(history) + int(block(history, "won_by_hand").sum())


def seeds_at_start(history: History) -> int:
    """Return the number of seed adoptions before the first day."""
    found = 0
    for tick, kind in log_pieces(history, "tick", "kind"):
        found += int(((kind == LOG_ADOPT) & (tick < 0)).sum())
        if is_stored(history) and tick.size and tick[-1] >= 0:
            break  # the rest of a long log need not be read for them
    return found


@takes_history
def adopters_of(history: History, day: int | None = None) -> int:
    """Return the number of agents who ever adopted, by the end or by the end of a day."""
    last = history.table.shape[0] if day is None else day
    return int((first_adopted(history) <= last).sum())


#: Later than any tick.
NEVER: Final = 2**62


def first_adopted(history: History) -> NDArray[np.int64]:
    """Return the tick on which each agent first adopted (-1: a seed), `NEVER` where none."""
    first = np.full(int(history.table[0, :7].sum()), NEVER, np.int64)
    for agent, kind, tick in log_pieces(history, "agent", "kind", "tick"):
        rows = np.flatnonzero((kind == LOG_ADOPT) & (first[agent] == NEVER))[::-1]
        first[agent[rows]] = tick[rows]  # the earliest of a piece is written last
    return first


class Reproduction(NamedTuple):
    """The reproduction number by adoption cohort."""

    start: NDArray[np.int64]  # [cohorts] first tick of the cohort; seeds stand in the first
    adopters: NDArray[np.int64]  # [cohorts]
    recruits: NDArray[np.int64]  # [cohorts] brought by them within the window
    number: NDArray[np.float64]  # [cohorts] recruits / adopters; NaN where nobody adopted
    complete: NDArray[np.bool_]  # [cohorts] every member was seen for the whole window


@takes_history
def reproduction_number(
    history: History, cohort: int = 7, window: int | None = None, forest: Forest | None = None
) -> Reproduction:
    """Return the mean number of recruits per adopter, by the time of the adopter's own adoption.

    ``R_t = recruits of those who adopted in cohort t / those who adopted in cohort t`` (the
    *cohort* or case reproduction number; Fraser 2007, PLoS ONE 2:e758).  Recruits of an adopter
    are the adoptions that name it within `window` ticks after its own.

    Parameters
    ----------
    history : History
    cohort : int
        Width of a cohort in ticks; tick -1 (seeds) counts with tick 0.
    window : int, optional
        Ticks of follow-up; without it until the end of the run, which makes late cohorts look
        barren: see `complete`.
    forest : Forest, optional
        `recruitment_forest` of the history, where it is at hand.
    """
    cohort = whole("cohort", cohort, 1, MOST_DAYS)
    window = None if window is None else whole("window", window, 0, MOST_DAYS)
    forest = recruitment_forest(history) if forest is None else forest
    ticks = history.table.shape[0]
    number = -(-ticks // cohort)
    of_node = np.maximum(forest.tick, 0) // cohort
    adopters = np.bincount(of_node, minlength=number).astype(np.int64)
    child = _timely(forest, window)
    recruits = np.bincount(of_node[forest.parent[child]], minlength=number).astype(np.int64)
    start = np.arange(number, dtype=np.int64) * cohort
    ratio = np.full(number, np.nan)
    np.divide(recruits, adopters, out=ratio, where=adopters > 0)
    last = start + cohort - 1
    complete = last + (window if window is not None else ticks) <= ticks - 1
    return Reproduction(start, adopters, recruits, ratio, complete)


def _timely(forest: Forest, window: int | None) -> NDArray[np.int64]:
    """Nodes with a parent whose adoption lies at most `window` ticks back."""
    child = np.flatnonzero(forest.parent >= 0)
    if window is None:
        return child
    return child[forest.tick[child] - forest.tick[forest.parent[child]] <= window]


@takes_history
def k_factor(history: History, days: int = 30, forest: Forest | None = None) -> float:
    """Return the K factor: mean recruits of an adopter within `days` days of adopting.

    ``K = recruits within days / adopters``, over adopters whose `days` days lie inside the run.
    Above 1 each generation is larger than the one before.  The ratio over *all* adopters of a
    finished run is below 1 by arithmetic (a forest has fewer edges than nodes) and says nothing;
    hence the fixed window.  NaN where no adopter was seen that long.
    """
    days = whole("days", days, 0, MOST_DAYS)
    forest = recruitment_forest(history) if forest is None else forest
    seen = forest.tick + days <= history.table.shape[0] - 1
    if not seen.any():
        return float("nan")
    child = _timely(forest, days)
    return float(seen[forest.parent[child]].sum() / seen.sum())


@takes_history
def offspring_counts(history: History) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the distribution of recruits per adopter: values and how many adopters have each."""
    values, counts = np.unique(children(recruitment_forest(history)), return_counts=True)
    return values.astype(np.int64), counts.astype(np.int64)
