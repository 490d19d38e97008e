"""Collections of reverse sets that grow, and `reverse_sets`, which hands them out.

Called by `seeding.loop`, and by whoever wants the sets themselves.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import checks
from koubei_sim.cascades.arcs import Arcs
from koubei_sim.cascades.rules import NegativeCascade
from koubei_sim.cascades.rules.base import Rule, block
from koubei_sim.checks import Naming
from koubei_sim.core.csr import count_targets, stagger
from koubei_sim.errors import KoubeiError
from koubei_sim.networks import Network, TemporalNetwork, as_network
from koubei_sim.networks.edges import parts_of, shrink
from koubei_sim.networks.row_blocks import in_order, thread_count
from koubei_sim.seeding.kernels.cover import Index, hits, invert
from koubei_sim.seeding.kernels.search import BATCH, Pairs, Roots, Scratch, search_many
from koubei_sim.seeding.kernels.timed import NEVER, TimedScratch, search_timed
from koubei_sim.seeding.rows import Law, Meetings, heard

MOST_SETS = 1 << 30  # sets are numbered in 32 bits where people are listed with theirs
ROOM = 1 << 16  # pairs for which there is room at first
FEW = 16  # batches that are not worth a thread
NONE = np.empty(0, np.int64)
NO_SEEDS = np.empty(0, np.bool_)


class Chunk(NamedTuple):
    """Sets made together by one thread: whole batches, but for the last of all."""

    pairs: Pairs
    ends: NDArray[np.int64]  # (batches + 1,): where the pairs of each batch begin
    first: int  # number of the first batch in the pool


class Pool:
    """Sets made so far, as pairs of person and set.

    Threads make them as `networks.threads` says.  A set is a pure function of its address and
    chunks are kept in order, so that their number changes no byte.

    Parameters
    ----------
    law : Law
    roots : Roots
    """

    def __init__(self, law: Law, roots: Roots) -> None:
        self._rows, self._roots = block(law.rows), block(roots)
        self._timing = None if law.timing is None else block(law.timing)
        self.first = roots.first
        self.made = 0
        self.chunks: list[Chunk] = []
        self.n = law.rows.indptr.size - 1
        self._widest = int(np.diff(law.rows.indptr).max(initial=0)) + 1
        self._idle: deque[Any] = deque()  # scratch that no thread uses

    @property
    def size(self) -> int:
        """How many pairs there are."""
        return sum(int(chunk.ends[-1]) for chunk in self.chunks)

    def grow(self, number: int) -> None:
        """Make sets up to `number` in all; what is there must be whole batches."""
        if number <= self.made:
            return
        begin = self.made // BATCH
        spans = _spans(begin, -(-number // BATCH))
        share = 1.1 * self.size / max(1, self.made)  # pairs a set, so far

        def make(span: tuple[int, int]) -> Chunk:
            first = BATCH * span[0]
            wanted = min(number, BATCH * span[1]) - first
            who, of, ends = self._search(first, wanted, NO_SEEDS, int(share * wanted))[:3]
            shrink(who, int(ends[-1]))
            shrink(of, int(ends[-1]))
            return Chunk(Pairs(who, of), ends, span[0])

        self.chunks += in_order(make, spans)
        self.made = number

    def _scratch(self) -> Scratch | TimedScratch:
        n, found = self.n, np.empty(self._widest, np.int64)
        if self._timing is not None:
            heap, place = np.empty(n, np.int32), np.empty(n, np.int32)
            return TimedScratch(np.full(n, NEVER), place, heap, found)
        ring = np.empty((2, 1 << max(12, (2 * self._widest + 256).bit_length())), np.int64)
        return Scratch(np.zeros(n, np.uint64), found, ring, NO_SEEDS, NONE)

    def _search(
        self, first: int, wanted: int, seeds: NDArray[np.bool_], room: int
    ) -> tuple[NDArray[np.int32], NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
        """Make sets `first` and on; return people, sets, ends of batches, and what ended."""
        try:  # not asked whether there is one: another thread may take it in between
            scratch: Any = self._idle.pop()
        except IndexError:
            scratch = self._scratch()
        ended = np.zeros(2, np.int64)
        if self._timing is None:
            tools = block(scratch._replace(seeds=seeds, ended=ended))
            search = partial(search_many, self._rows, self._roots, tools)
        else:
            tools = block(scratch)
            search = partial(search_timed, self._rows, self._timing, self._roots, tools)
        room = max(ROOM, room)
        who, of = np.empty(room, np.int32), np.empty(room, np.uint8)
        ends = np.zeros(-(-wanted // BATCH) + 1, np.int64)
        done = 0
        while True:
            left = wanted - BATCH * done
            start = self.first + first + BATCH * done
            done += search(block(Pairs(who, of)), start, left, ends[done:])
            if done == ends.size - 1:
                break
            who = np.concatenate([who, np.empty_like(who)])
            of = np.concatenate([of, np.empty_like(of)])
        self._idle.append(scratch)
        return who, of, ends, ended

    def index(self) -> Index:
        """Return which sets hold each person."""
        return index_of([self])

    def members(self) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return people, and beside each the number of a set that holds it."""
        who, which = [np.empty(0, np.int32)], [NONE]
        for chunk in self.chunks:
            batch = chunk.first + np.arange(chunk.ends.size - 1)
            who.append(chunk.pairs.who)
            which.append(BATCH * np.repeat(batch, np.diff(chunk.ends)) + chunk.pairs.of)
        return np.concatenate(who), np.concatenate(which)

    def hits(self, rank: NDArray[np.int64], ranks: int) -> NDArray[np.int64]:
        """Count sets by the least rank of their people; `ranks` says that a person has none."""

        def count(chunk: Chunk) -> NDArray[np.int64]:
            out = np.zeros(ranks, np.int64)
            hits(block(chunk.pairs), chunk.ends, rank, out)
            return out

        return sum(in_order(count, self.chunks), np.zeros(ranks, np.int64))

    def ended(self, first: int, number: int, seeds: NDArray[np.bool_]) -> tuple[int, int]:
        """Return how many of the sets from `first` to `number` hold a seed, and the pairs met.

        Each is searched up to its first seed, and none is kept.
        """
        if number <= first:
            return 0, 0

        def search(span: tuple[int, int]) -> NDArray[np.int64]:
            begin = BATCH * span[0]
            return self._search(begin, min(number, BATCH * span[1]) - begin, seeds, ROOM)[3]

        spans = _spans(first // BATCH, -(-number // BATCH))
        met, pairs = sum(in_order(search, spans), np.zeros(2, np.int64))
        return int(met), int(pairs)

    def pairs_up_to(self, number: int) -> int:
        """Return how many pairs the first sets have: whole batches."""
        total = 0
        for chunk in self.chunks:
            batches = min(chunk.ends.size - 1, max(0, number // BATCH - chunk.first))
            total += int(chunk.ends[batches])
        return total

    def lists(self) -> list[NDArray[np.int32]]:
        """Return the people of each set, ascending."""
        out: list[NDArray[np.int32]] = []
        for chunk in self.chunks:
            for b in range(chunk.ends.size - 1):
                part = slice(chunk.ends[b], chunk.ends[b + 1])
                who, of = chunk.pairs.who[part], chunk.pairs.of[part]
                order = np.lexsort((who, of))
                last = min(BATCH, self.made - BATCH * (chunk.first + b))
                cuts = np.searchsorted(of[order], np.arange(1, last))
                out += np.split(who[order], cuts)
        return out


def index_of(pools: list[Pool]) -> Index:
    """Return which sets hold each person; those of a pool are numbered after those before it."""
    n, chunks, made = pools[0].n, [], 0
    for pool in pools:
        chunks += [(chunk, made // BATCH + chunk.first) for chunk in pool.chunks]
        made += pool.made
    before = np.cumsum([0] + [int(chunk.ends[-1]) for chunk, _ in chunks])
    size = int(before[-1])
    cuts = [tuple(np.searchsorted(before, part)) for part in parts_of(size, n)]
    counts = np.zeros((len(cuts), n + 1), np.int64)
    cursors = np.empty((len(cuts), n), np.int64)
    sets = np.empty(size, np.int32)

    def count(part: int) -> None:
        for chunk, _ in chunks[slice(*cuts[part])]:
            count_targets(chunk.pairs.who, counts[part])

    def place(part: int) -> None:
        for chunk, first in chunks[slice(*cuts[part])]:
            invert(block(chunk.pairs), chunk.ends, first, cursors[part], sets)

    deque(in_order(count, range(len(cuts))), maxlen=0)
    stagger(counts, cursors)
    deque(in_order(place, range(len(cuts))), maxlen=0)
    return Index(counts[0].copy() if len(cuts) > 1 else counts[0], sets, made)


def _spans(begin: int, end: int) -> list[tuple[int, int]]:
    """Cut batches so that threads have about the same to do."""
    threads = thread_count()
    parts = 1 if threads == 1 else max(1, min(4 * threads, (end - begin) // FEW))
    cuts = np.linspace(begin, end, parts + 1).astype(int).tolist()
    return list(pairwise(cuts))


def checked_graph(network: Any, rule: Any, by: str) -> tuple[Arcs, NDArray[Any] | None]:
    """Return what `named_arcs` does, for a rule whose seeds surely count themselves."""
    _check_rule(rule)
    if isinstance(rule, NegativeCascade):
        raise KoubeiError(
            "rule", "seeds that may displease: done by maximise alone", got=type(rule).__name__
        )
    return named_arcs(network, by)


def checked_law(network: Any, rule: Any, by: str) -> tuple[Arcs | Meetings, NDArray[Any] | None]:
    """Return what `named_graph` does, for any rule."""
    _check_rule(rule)
    return named_graph(network, by)


def _check_rule(rule: Any) -> None:
    if not isinstance(rule, Rule):
        raise KoubeiError(
            "rule", "not a rule", got=type(rule).__name__, fix="IndependentCascade(0.1)"
        )


def named_arcs(network: Any, by: str) -> tuple[Arcs, NDArray[Any] | None]:
    """Return the arcs of a graph, and what people are called where labels are wanted back."""
    graph, labels = named_graph(network, by)
    if isinstance(graph, Meetings):
        raise KoubeiError("network", "contacts with time stamps", fix="network.aggregate()")
    return graph, labels


def named_graph(network: Any, by: str) -> tuple[Arcs | Meetings, NDArray[Any] | None]:
    """Return the same, or contacts with time stamps."""
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
    by: Naming = "label",
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
