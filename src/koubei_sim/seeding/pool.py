"""Collections of reverse sets that grow, and `reverse_sets`, which hands them out.

Called by `seeding.loop`, and by whoever wants the sets themselves.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import checks
from koubei_sim.cascades.arcs import Arcs
from koubei_sim.cascades.rules import NegativeCascade
from koubei_sim.cascades.rules.base import Rule, block
from koubei_sim.core.block import Block
from koubei_sim.errors import KoubeiError
from koubei_sim.networks import Network, TemporalNetwork, as_network
from koubei_sim.seeding.kernels.search import BATCH, Pairs, Roots, Scratch, search_many
from koubei_sim.seeding.kernels.timed import NEVER, TimedScratch, search_timed
from koubei_sim.seeding.rows import Law, Meetings, heard

MOST_SETS = 1 << 30  # sets are numbered in 32 bits where people are listed with theirs
ROOM = 1 << 16  # pairs for which there is room at first
NONE = np.empty(0, np.int64)


class Pool:
    """Sets made so far, as pairs of person and set.

    Parameters
    ----------
    law : Law
    roots : Roots
    """

    def __init__(self, law: Law, roots: Roots) -> None:
        n = law.rows.indptr.size - 1
        found = np.empty(int(np.diff(law.rows.indptr).max(initial=0)) + 1, np.int64)
        args = block(law.rows), block(roots)
        if law.timing is None:
            ring = np.empty((2, 1 << max(12, (2 * found.size + 256).bit_length())), np.int64)
            scratch = block(Scratch(np.zeros(n, np.uint64), found, ring))
            self._search = partial(search_many, *args, scratch)
        else:
            heap = np.empty(n, np.int32), np.empty(n, np.int32)
            waiting = block(TimedScratch(np.full(n, NEVER), *heap, found))
            self._search = partial(search_timed, args[0], block(law.timing), args[1], waiting)
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
            done = self._search(self.pairs, start, wanted, ends)
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
    """Return the arcs of a graph, and what people are called where labels are wanted back.

    For callers that need arcs, and seeds that surely count themselves.
    """
    graph, labels = checked_law(network, rule, by)
    if isinstance(graph, Meetings):
        raise KoubeiError("network", "contacts with time stamps", fix="network.aggregate()")
    if isinstance(rule, NegativeCascade):
        raise KoubeiError(
            "rule", "seeds that may displease: done by maximise alone", got=type(rule).__name__
        )
    return graph, labels


def checked_law(network: Any, rule: Any, by: str) -> tuple[Arcs | Meetings, NDArray[Any] | None]:
    """Return the arcs or contacts of a graph, and labels as `checked_graph`, for any rule."""
    if not isinstance(rule, Rule):
        raise KoubeiError(
            "rule", "not a rule", got=type(rule).__name__, fix="IndependentCascade(0.1)"
        )
    checks.word("by", by, ("label", "row"))
    graph = network if isinstance(network, (Network, TemporalNetwork)) else as_network(network)
    labels = graph.labels
    if by == "row":
        graph, labels = replace(graph, labels=None), None
    if isinstance(graph, TemporalNetwork):
        return Meetings(graph), labels
    return Arcs.of(graph, network), labels


def reverse_sets(
    network: Any,
    rule: Rule,
    number: int | None = None,
    *,
    roots: Any = None,
    method: str = "count",
    horizon: float | None = None,
    first: int = 0,
    rng: Any = None,
    by: str = "label",
) -> list[NDArray[Any]]:
    """Return reverse reachable sets: the people from whom the word reaches a root.

    A person s lies in the set of v with the chance that v is reached when s alone starts; a group
    meets the set with the chance that v is reached from the group.

    Parameters
    ----------
    network : Network, TemporalNetwork, or a graph of another library
        Contacts with time stamps (`TemporalNetwork`) need `IndependentCascade`.
    rule : IndependentCascade, LinearThreshold, DelayedCascade, SIR, FractionalSIR, NegativeCascade
        Rules with live edges.  Under `NegativeCascade` the set holds those from whom good word
        reaches the root; it may be empty.
    number : int, optional
        How many sets; one a root where roots are given.
    roots : list of people, optional
        Set ``first + j`` is that of ``roots[j]``; drawn uniformly without.
    method : {"count", "coins"}
        *count*: live arcs are skipped to (fast).  *coins*: set j has the coins of replicate j of
        `cascade` with the same key, so that its root is reached there from s exactly when s lies in
        the set.  Equal in law.
    horizon : float, optional
        The root must be reached by this step or time, as in `cascade`.
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
    arcs, labels = checked_law(network, rule, by)
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
    law = heard(rule, arcs, key, method == "coins", horizon)
    if count == 0:
        return []
    pool = Pool(law, Roots(np.uint64(key), 0, given, first, NONE, NONE))
    pool.grow(count)
    found = pool.lists()
    return found if labels is None else [labels[rows] for rows in found]
