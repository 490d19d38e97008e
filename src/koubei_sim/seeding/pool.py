"""Collections of reverse sets that grow, and `reverse_sets`, which hands them out.

Called by `seeding.loop`, and by whoever wants the sets themselves.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import checks
from koubei_sim.cascades.arcs import Arcs
from koubei_sim.cascades.rules.base import Rule, block
from koubei_sim.core.block import Block
from koubei_sim.errors import KoubeiError
from koubei_sim.networks import Network, TemporalNetwork, as_network
from koubei_sim.seeding.kernels.live import Heard
from koubei_sim.seeding.kernels.search import BATCH, Pairs, Roots, Scratch, search_many
from koubei_sim.seeding.rows import heard

MOST_SETS = 1 << 30  # sets are numbered in 32 bits where people are listed with theirs
ROOM = 1 << 16  # pairs for which there is room at first
NONE = np.empty(0, np.int64)


class Pool:
    """Sets made so far, as pairs of person and set.

    Parameters
    ----------
    rows : Heard
    roots : Roots
    """

    def __init__(self, rows: Heard, roots: Roots) -> None:
        self.rows, self.roots = block(rows), block(roots)
        n = rows.indptr.size - 1
        widest = int(np.diff(rows.indptr).max(initial=0)) + 1
        ring = np.empty((2, 1 << max(12, (2 * widest + 256).bit_length())), np.int64)
        self._scratch = block(Scratch(np.zeros(n, np.uint64), np.empty(widest, np.int64), ring))
        self.first = roots.first
        self.made = 0
        self.ends = np.zeros(1, np.int64)
        self.arrays = Pairs(np.empty(ROOM, np.int32), np.empty(ROOM, np.uint8))

    @property
    def batches(self) -> int:
        """How many batches of 64 there are; the last may be smaller."""
        return self.ends.size - 1

    @property
    def size(self) -> int:
        """How many pairs there are."""
        return int(self.ends[-1])

    @property
    def pairs(self) -> Block:
        """The pairs as kernels take them."""
        return block(self.arrays)

    def grow(self, number: int) -> None:
        """Make sets up to `number` in all; what is there must be whole batches."""
        while self.made < number:
            wanted = number - self.made
            ends = np.zeros(-(-wanted // BATCH) + 1, np.int64)
            ends[0] = self.size
            start = self.first + self.made
            done = search_many(
                self.rows, self.roots, self._scratch, self.pairs, start, wanted, ends
            )
            self.ends = np.concatenate([self.ends, ends[1 : done + 1]])
            self.made += min(wanted, BATCH * done)
            if self.made < number:
                who, of = self.arrays
                self.arrays = Pairs(
                    np.concatenate([who, np.empty_like(who)]),
                    np.concatenate([of, np.empty_like(of)]),
                )

    def lists(self) -> list[NDArray[np.int32]]:
        """Return the people of each set, ascending."""
        out: list[NDArray[np.int32]] = []
        for b in range(self.batches):
            part = slice(self.ends[b], self.ends[b + 1])
            who, of = self.arrays.who[part], self.arrays.of[part]
            order = np.lexsort((who, of))
            last = min(BATCH, self.made - BATCH * b)
            cuts = np.searchsorted(of[order], np.arange(1, last))
            out += np.split(who[order], cuts)
        return out


def checked_graph(network: Any, rule: Any, by: str) -> tuple[Arcs, NDArray[Any] | None]:
    """Return what `named_arcs` does, for a rule."""
    if not isinstance(rule, Rule):
        raise KoubeiError(
            "rule", "not a rule", got=type(rule).__name__, fix="IndependentCascade(0.1)"
        )
    return named_arcs(network, by)


def named_arcs(network: Any, by: str) -> tuple[Arcs, NDArray[Any] | None]:
    """Return the arcs of a graph, and what people are called where labels are wanted back."""
    checks.word("by", by, ("label", "row"))
    if isinstance(network, TemporalNetwork):
        raise KoubeiError("network", "contacts with time stamps", fix="network.aggregate()")
    graph = network if isinstance(network, Network) else as_network(network)
    labels = graph.labels
    if by == "row":
        graph, labels = replace(graph, labels=None), None
    return Arcs.of(graph, network), labels


def reverse_sets(
    network: Any,
    rule: Rule,
    number: int | None = None,
    *,
    roots: Any = None,
    method: str = "count",
    first: int = 0,
    rng: Any = None,
    by: str = "label",
) -> list[NDArray[Any]]:
    """Return reverse reachable sets: the people from whom the word reaches a root.

    A person s lies in the set of v with the chance that v is reached when s alone starts; a group
    meets the set with the chance that v is reached from the group.

    Parameters
    ----------
    network : Network, or a graph of another library
    rule : IndependentCascade or LinearThreshold
        Rules with live edges; horizon: none.
    number : int, optional
        How many sets; one a root where roots are given.
    roots : list of people, optional
        Set ``first + j`` is that of ``roots[j]``; drawn uniformly without.
    method : {"count", "coins"}
        *count*: live arcs are skipped to (fast).  *coins*: set j has the coins of replicate j of
        `cascade` with the same key, so that its root is reached there from s exactly when s lies in
        the set.  Equal in law.
    first : int
        Number of the first set: set 17 can be had alone with ``number=1, first=17``.
    rng : int, SeedSequence, Generator or None
        Source of the key; those of a key are the sets on which `maximise` chooses.
    by : {"label", "row"}
        How people are named, given and returned.

    Returns
    -------
    list of arrays
        The people of each set, in order of their row.

    Notes
    -----
    Source: Borgs, Brautbar, Chayes and Lucier 2014.  docs/seeding.md is the norm.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> path = kb.Network.from_edges([0, 1], [1, 2])
    >>> [one.tolist() for one in reverse_sets(path, kb.IndependentCascade(1.0), roots=[2, 0])]
    [[0, 1, 2], [0]]
    """
    arcs, labels = checked_graph(network, rule, by)
    checks.word("method", method, ("count", "coins"))
    key = checks.key(rng)
    given = NONE
    if roots is not None:
        given = checks.rows_of("roots", roots, arcs.n, arcs.network.labels).astype(np.int64)
        if number is not None:
            raise KoubeiError("number", "given, but there is one set a root", got=number)
        count = given.size
    elif number is None:
        raise KoubeiError("number", "missing", allowed="1 or more", fix="number=1000")
    else:
        count = checks.whole("number", number, 0, MOST_SETS)
    first = checks.whole("first", first, 0, 1 << 62)
    if count == 0:
        return []
    rows = heard(rule, arcs, key, method == "coins")
    pool = Pool(rows, Roots(np.uint64(key), 0, given, first, NONE, NONE))
    pool.grow(count)
    found = pool.lists()
    return found if labels is None else [labels[rows] for rows in found]
