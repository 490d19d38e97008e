"""`credit`: how strong each tie is, learnt from the order in which people took part.

Who took part before a neighbour gets credit for it (Goyal, Bonchi and Lakshmanan 2010, 2012).
Order alone makes credit: a popular person comes before many.  So `Credit.judge` sets popularity
beside every score, and learns the same from cascades in shuffled and in reversed order and from
ties rewired.  Called by people.

References
----------
Goyal, A., Bonchi, F. and Lakshmanan, L. V. S. (2010), Learning influence probabilities in social
networks, WSDM. (2012), A data-based approach to social influence maximization, PVLDB 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import IndependentCascade, checks
from koubei_sim.cascades.arcs import Arcs
from koubei_sim.core.block import Block
from koubei_sim.core.codes import DRAW_RULE_FIT
from koubei_sim.core.draws import units_drawn
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.kernels.credit import Logs, Weights, pairs_before
from koubei_sim.evidence.logs import REWIRE, CascadeLog
from koubei_sim.evidence.next_person import NextJudgement, judged
from koubei_sim.looks import Look, wrapped
from koubei_sim.networks import Network, as_network

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
Method = Literal["bernoulli", "jaccard", "partial"]
METHODS: Final[tuple[Method, ...]] = get_args(Method)
MOST_PAIRS: Final = 200_000_000


@dataclass(frozen=True, eq=False, repr=False)
class Credit(Look):
    """Strengths of ties learnt from a log.

    Attributes
    ----------
    network : Network
        Given, or made of all pairs that were seen in order; an arc u -> v carries word of u to v.
    p : (arcs,) array
        Chance that u's taking part brings v in, in the order of ``network.arcs()``.
    count : (arcs,) array
        Cascades in which u came before v.
    credit : (arcs,) array
        The credit of the arc: `count`, or less where others came before v too (``partial``), or
        where it was long ago (``decay``).
    actions : (n,) array
        Cascades in which each person took part.
    method : str
    decay : float
        Time in which credit fades to 1/e; inf without.
    log : CascadeLog
        What it was learnt from.
    given : bool
        Whether the network was given.
    """

    network: Network
    p: FloatArray
    count: NDArray[np.int64]
    credit: FloatArray
    actions: NDArray[np.int64]
    method: Method
    decay: float
    log: CascadeLog
    given: bool
    window: int | None = None

    def rule(self) -> IndependentCascade:
        """Return an independent cascade with these chances, to be run on `network`."""
        return IndependentCascade(self.p)

    def table(self, top: int | None = 20) -> pd.DataFrame:
        """Return the arcs with the largest chances.

        Columns ``source, target, p, credit, count, actions`` (of the source); all arcs for None.
        """
        from koubei_sim.looks.frames import Table

        source, target = self.network.arcs()
        order = np.lexsort((-self.count, -self.p))[:top]
        rows = {"source": source[order], "target": target[order], "p": self.p[order]}
        rows |= {"credit": self.credit[order], "count": self.count[order]}
        sources = Arcs.of(self.network).sources()
        rows["actions"] = self.actions[sources[order]]
        return Table(rows)

    def __repr__(self) -> str:
        """Say how much was learnt from how much."""
        known = int((self.count > 0).sum())
        return wrapped(
            f"Credit({self.method}: {self.p.size:,} arcs, {known:,} with credit, mean chance "
            f"{float(self.p.mean()) if self.p.size else 0.0:.3g}; learnt from {self.log!r})"
        )

    def weights(self, popular: FloatArray, strength: FloatArray | None = None) -> Block:
        """Return the strengths as the kernel takes them."""
        rows = Arcs.of(self.network).rows
        own = self.p if strength is None else strength
        return Block("Weights", Weights(
            rows.indptr, rows.indices, np.ascontiguousarray(own), popular, float(self.decay)
        ))  # fmt: skip

    def judge(self, held_out: CascadeLog, *, rng: Any = None, draws: int = 2000) -> NextJudgement:
        """Say how much better the next participant of unseen cascades is foretold.

        Every model gives each person who is not in yet a chance to be next: a share of word from
        those who are in, mixed with popularity (times taken part in what was learnt from).  The
        mixture is fitted on a fifth of the cascades learnt from, with credit of the other four.

        Parameters
        ----------
        held_out : CascadeLog
            Cascades that were not learnt from.
        rng : int, SeedSequence, Generator or None
        draws : int
            Times that cascades are drawn anew for the intervals.

        Returns
        -------
        NextJudgement
            One row a model: ``popularity``; ``given ties`` (where a network was given); ``credit``;
            and credit learnt from cascades in shuffled order, in reversed order, and (where a
            network was given) on ties rewired.
        """
        key = checks.key(rng)
        if not isinstance(held_out, CascadeLog):
            raise KoubeiError("held_out", "not a log", got=type(held_out).__name__,
                              fix="read_cascade_log(path)")  # fmt: skip
        if held_out.person.size == held_out.number:
            raise KoubeiError("held_out", "nobody to foretell: one person in each cascade",
                              got=f"{held_out.number} cascades")  # fmt: skip
        if held_out.n is not None and self.log.n is not None and held_out.n > self.log.n:
            raise KoubeiError(
                "held_out", "people who are not in the network", got=held_out.n,
                allowed=f"0..{self.log.n}",
            )  # fmt: skip
        return judged(self, held_out, key, checks.whole("draws", draws, 1), _variant)


def _variant(found: Credit, log: CascadeLog, kind: str, key: int) -> Credit:
    """Return credit learnt from a log as it is, or in another order, or on other ties."""
    network = found.network if found.given else None
    if kind == "order shuffled":
        log = log.shuffled(key)
    elif kind == "order reversed":
        log = log.reversed()
    elif kind == "ties rewired" and network is not None:
        network = rewired(network, key)
    decay = None if np.isinf(found.decay) else found.decay
    return credit(network, log, method=found.method, decay=decay, window=found.window)


def rewired(network: Network, key: int) -> Network:
    """Return a network in which arcs have the targets of others: degrees stay, ties do not.

    Examples
    --------
    >>> line = Network.from_edges([0, 1, 2], [1, 2, 3])
    >>> sorted(rewired(line, 1).arcs()[0].tolist())
    [0, 1, 2]
    """
    arcs = Arcs.of(network)
    order = np.argsort(units_drawn(arcs.count, key, DRAW_RULE_FIT, REWIRE, 0), kind="stable")
    source, target = arcs.sources(), arcs.rows.indices[order]
    keep = source != target
    return Network.from_edges(source[keep], target[keep], n=arcs.n, directed=True)


def credit(
    network: Any,
    cascades: CascadeLog,
    *,
    method: Method = "bernoulli",
    decay: float | str | None = None,
    window: int | None = None,
) -> Credit:
    """Learn the strength of ties from the order in which people took part in cascades.

    Parameters
    ----------
    network : Network, graph of another library, or None
        Who can bring in whom; None: every pair that was seen in order is a tie.
    cascades : CascadeLog
    method : {"bernoulli", "jaccard", "partial"}
        Chance of an arc u -> v: cascades in which u came before v, as a share of those of u, or of
        those of u or v; ``partial``: those before v share the credit for v, as a share of those
        of u.
    decay : float or "mean", optional
        Credit fades as ``exp(-delay / decay)``; ``"mean"``: the mean delay of all pairs on arcs.
    window : int, optional
        Only so many participants before v get credit; all without it.

    Returns
    -------
    Credit

    Raises
    ------
    KoubeiError
        A log of people who are not in the network; more pairs than memory holds.

    Notes
    -----
    With ``decay``, credit of each pair is worth the less the longer it took; where ``partial`` is
    asked for too, those before v share in proportion (Goyal et al. 2012, with one time for all).

    Examples
    --------
    >>> log = CascadeLog([0, 0, 1, 1], [0, 1, 0, 2])
    >>> found = credit(None, log)
    >>> found.table()[["source", "target", "p"]].values.tolist()
    [[0.0, 1.0, 0.5], [0.0, 2.0, 0.5]]
    """
    if not isinstance(cascades, CascadeLog):
        raise KoubeiError("cascades", "not a log", got=type(cascades).__name__,
                          fix="read_cascade_log(path)")  # fmt: skip
    checks.word("method", method, METHODS)
    given = network is not None
    graph = as_network(network) if given else None
    n = cascades.n or 0
    if graph is not None and n > graph.n_nodes:
        raise KoubeiError(
            "cascades", "people who are not in the network", got=n, allowed=f"0..{graph.n_nodes}",
        )  # fmt: skip
    n = graph.n_nodes if graph is not None else n
    early, late = _pairs(cascades, window)
    person, time = cascades.person.astype(np.int64), cascades.time
    known, place = _grouped(person[early] * n + person[late])
    if graph is None:
        graph = Network.from_edges(known // n, known % n, n=n, directed=True)
    arcs = Arcs.of(graph)
    own = arcs.sources().astype(np.int64) * n + arcs.rows.indices
    arc = np.minimum(np.searchsorted(known, own), max(known.size - 1, 0))
    seen = known[arc] == own if known.size else np.zeros(own.size, bool)
    if given:  # only pairs that are ties share the credit
        tied = np.zeros(known.size, bool)
        tied[arc[seen]] = True
        there = tied[place]
        early, late, place = early[there], late[there], place[there]
    delay = time[late] - time[early]
    fade, tau = _fading(delay, decay)
    worth = fade
    if method == "partial":
        all_before = np.bincount(late, weights=fade, minlength=person.size)[late]
        worth = np.divide(fade, all_before, out=np.zeros_like(fade), where=all_before > 0)
    count = np.bincount(place, minlength=max(known.size, 1))[arc] * seen
    earned = np.bincount(place, weights=worth, minlength=max(known.size, 1))[arc] * seen
    actions = np.bincount(person, minlength=n)
    base = actions[own // n].astype(np.float64)
    if method == "jaccard":
        base = base + actions[own % n] - _together(cascades, own, n)
    p = np.divide(earned, base, out=np.zeros(own.size), where=base > 0)
    return Credit(
        network=graph, p=np.clip(p, 0.0, 1.0), count=count, credit=earned,
        actions=actions, method=method, decay=tau, given=given, window=window,
        log=CascadeLog(cascades.names[cascades.cascade], cascades.person, cascades.time, n),
    )  # fmt: skip


def _grouped(codes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the different codes, ascending, and which of them each is (sorting beats hashing)."""
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    first = np.ones(codes.size, bool)
    first[1:] = ordered[1:] != ordered[:-1]
    place = np.empty(codes.size, np.int64)
    place[order] = np.cumsum(first) - 1
    return ordered[first], place


def _pairs(log: CascadeLog, window: int | None) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the places of all pairs in order."""
    reach = log.person.size if window is None else checks.whole("window", window, 1)
    logs = Block("Logs", Logs(log.starts, log.person, log.time))
    none = np.empty(0, np.int32)
    number = int(pairs_before(logs, reach, none, none))
    if number > MOST_PAIRS:
        raise KoubeiError("window", "more pairs than memory holds", got=f"{number:,} pairs",
                          allowed=f"up to {MOST_PAIRS:,}", fix="window=50")  # fmt: skip
    early, late = np.empty(max(number, 1), np.int32), np.empty(max(number, 1), np.int32)
    pairs_before(logs, reach, early, late)
    return early[:number], late[:number]


def _fading(delay: FloatArray, decay: float | str | None) -> tuple[FloatArray, float]:
    """Return what each pair is worth by its delay, and the time of fading."""
    if decay is None:
        return np.ones(delay.size), np.inf
    if isinstance(decay, str):
        checks.word("decay", decay, ("mean",))
        tau = float(delay.mean()) if delay.size else 1.0
        tau = tau if tau > 0.0 else 1.0
    else:
        tau = checks.positive("decay", decay)
    return np.exp(-delay / tau), tau


def _together(log: CascadeLog, codes: NDArray[np.int64], n: int) -> FloatArray:
    """Return in how many cascades both ends of each arc took part."""
    from scipy.sparse import csr_array

    shape = (n, log.number)
    part = csr_array((np.ones(log.person.size), (log.person, log.cascade)), shape=shape)
    found = np.zeros(codes.size)
    step = 1 << 20
    for at in range(0, codes.size, step):
        some = codes[at : at + step]
        both = part[some // n].multiply(part[some % n]).sum(axis=1)
        found[at : at + step] = np.asarray(both).ravel()
    return found
