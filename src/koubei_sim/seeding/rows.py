"""A rule on a network, turned round: the arcs into each person, and what says which are live.

A rule has reverse sets when coins decide beforehand which arcs let the word pass (live edges:
Kempe, Kleinberg and Tardos 2003), and how long it takes.  Here the arguments of such a rule become
the flat arrays of the kernels (`kernels.live.Heard`, and `kernels.timed.Timing` by `timing`); other
rules are refused.  docs/seeding.md 2 and 7 are the norm.

Called by `seeding.pool`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from koubei_sim.cascades import checks
from koubei_sim.cascades.arcs import Arcs, for_people, per_arc, per_contact, thresholds, weights_of
from koubei_sim.cascades.rules import (
    SIR,
    DelayedCascade,
    FractionalThreshold,
    IndependentCascade,
    LinearThreshold,
    NegativeCascade,
    Reinforcement,
)
from koubei_sim.cascades.rules.base import Rule
from koubei_sim.cascades.rules.linear import choice_words
from koubei_sim.core.draws import exp_neg_portable, log_portable
from koubei_sim.errors import KoubeiError
from koubei_sim.networks import TemporalNetwork
from koubei_sim.networks.layer import Incoming, incoming
from koubei_sim.seeding import timing
from koubei_sim.seeding.kernels.live import CHOICE, COINS, COUNT, ONE32, WIDTH, Heard
from koubei_sim.seeding.kernels.timed import Timing

NONE = np.empty(0, np.int64)
_WITH = (IndependentCascade, LinearThreshold, DelayedCascade, SIR, NegativeCascade)


@dataclass(frozen=True)
class Meetings:
    """Contacts with time stamps, with what is asked of `Arcs`."""

    network: TemporalNetwork

    @property
    def n(self) -> int:
        """Number of people."""
        return self.network.n_nodes


@dataclass(frozen=True)
class Law:
    """A rule turned round, as the kernels take it."""

    rows: Heard
    timing: Timing | None = None  # None: whether somebody is reached does not hang on time
    surely: float = 1.0  # chance that a seed counts itself


def heard(
    rule: Rule, graph: Arcs | Meetings, key: int, forward: bool, horizon: float | None = None
) -> Law:
    """Return the arcs into each person with what says which are live, and how long they take.

    Parameters
    ----------
    rule : Rule
    graph : Arcs or Meetings
    key : int
        Of the run; *trivalency* draws its probabilities from it.
    forward : bool
        Whether the draws are those of the cascade of a replicate.
    horizon : float, optional
        Who is reached later does not count.

    Raises
    ------
    KoubeiError
        A rule without live edges; arguments that do not fit the network.
    """
    if not isinstance(rule, _WITH):
        counts = isinstance(rule, (FractionalThreshold, Reinforcement))
        raise KoubeiError(
            "rule",
            "has no reverse sets",
            got=type(rule).__name__,
            allowed=", ".join(one.__name__ for one in _WITH),
            fix="kb.seeding.improve(network, rule, k)"
            if counts
            else "kb.seeding.degree(network, k)",
        )
    if horizon is not None:
        low = -np.inf if isinstance(graph, Meetings) else 0.0
        horizon = checks.number("horizon", horizon, low)
    if isinstance(graph, Meetings):
        return _contacts(rule, graph.network, forward, horizon)
    if isinstance(rule, LinearThreshold):
        rows = _linear(rule, graph, key, forward)
        return Law(rows, timing.steps(horizon, graph.n))
    chance = getattr(rule, "p", None)
    alike = isinstance(chance, float) or (isinstance(chance, str) and chance == "weighted")
    late = isinstance(rule, (SIR, DelayedCascade))
    turned = _turned(graph, forward or late or not alike)
    if isinstance(rule, SIR):
        first = _groups(turned, graph.rows.indptr[turned.source])
        rows = _coins(turned, NONE, first, forward)
        return Law(rows, timing.infection(rule, graph, turned.arc, key, horizon))
    rows = _independent(rule, graph, turned, key, forward)
    if isinstance(rule, DelayedCascade):
        rows = rows._replace(arc=turned.arc)
        return Law(rows, timing.delays(rule, graph, turned.arc, key, horizon))
    if isinstance(rule, NegativeCascade):
        if forward:
            raise KoubeiError(
                "method",
                "in a cascade the parent's luck hangs on who else is a seed: no set has its coins",
                got="coins",
                allowed="count",
                fix="method='count'",
            )
        quality = int(thresholds("quality", rule.quality))
        return Law(rows, timing.steps(horizon, graph.n, quality), quality / ONE32)
    return Law(rows, timing.steps(horizon, graph.n))


def _independent(rule: Any, arcs: Arcs, turned: Incoming, key: int, forward: bool) -> Heard:
    if isinstance(rule.p, str) and rule.p == "weighted":
        degree = np.diff(turned.indptr)
        each = np.asarray(thresholds("p", 1.0 / np.maximum(degree, 1)))
        if not forward:
            return _count(turned, NONE, each, each)
        chances: Any = np.repeat(each, degree)
    else:
        found = thresholds("p", per_arc("p", rule.p, arcs, key, getattr(rule, "kinds", None)))
        if not forward:
            return _counted(turned, found)
        chances = found if isinstance(found, int) else found[turned.arc]
    return _coins(turned, chances, _groups(turned, arcs.rows.indptr[turned.source]), forward)


def _contacts(rule: Rule, network: TemporalNetwork, forward: bool, horizon: float | None) -> Law:
    """Independent cascade on contacts, those into each person in order of time."""
    if not isinstance(rule, IndependentCascade):
        sooner = "who is reached sooner may fall silent sooner, or be reached by others"
        raise KoubeiError(
            "rule",
            f"has no reverse sets on contacts: {sooner}",
            got=type(rule).__name__,
            allowed="IndependentCascade",
            fix="network.aggregate()",
        )
    value = rule.p
    if rule.kinds is not None:
        kinds = for_people("kinds", rule.kinds, network)
        value = value[kinds[network.source], kinds[network.target]]
    found = per_contact("p", value, network)
    order = np.argsort(network.target, kind="stable")
    into = np.bincount(network.target, minlength=network.n_nodes)
    starts = np.concatenate([[0], np.cumsum(into)]).astype(np.int64)
    turned = Incoming(starts, network.source[order], order)
    when = timing.contacts(network.time[order], horizon)
    if not forward:
        return Law(_counted(turned, found), when)
    chances = found if isinstance(found, int) else found[order]
    return Law(_coins(turned, chances, order - order % 8, forward), when)


def _groups(turned: Incoming, row_starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """First arc of the group of eight of each arc."""
    found: NDArray[np.int64] = turned.arc - (turned.arc - row_starts) % 8
    return found


def _coins(turned: Incoming, chances: Any, first: NDArray[np.int64], forward: bool) -> Heard:
    """Each arc has its coin; `chances` by place, or one for all, in units of 2**-32."""
    known = np.full(turned.arc.size, chances, np.int64) if np.ndim(chances) == 0 else chances
    empty = np.empty(0, np.int32), np.empty((0, WIDTH), np.int64), NONE, NONE
    return Heard(
        COINS, int(forward), turned.indptr, turned.source, *empty, known, turned.arc, first
    )


def _turned(arcs: Arcs, numbered: bool) -> Incoming:
    """Return the arcs into each person; mutual ties are their own, where numbers do not matter."""
    layers = arcs.network.layers
    if numbered or len(layers) > 1 or layers[0].directed:
        return incoming(arcs.rows, numbered=numbered)
    return Incoming(arcs.rows.indptr, arcs.rows.indices, NONE)


def _counted(turned: Incoming, chances: NDArray[np.int64] | int) -> Heard:
    """Live arcs are skipped to; `chances` by arc number, or one for all."""
    n = turned.indptr.size - 1
    if isinstance(chances, int):
        least = most = np.full(n, chances, np.int64)
        return _count(turned, NONE, least, most)
    known = chances[turned.arc]
    least, most = np.empty(n, np.int64), np.empty(n, np.int64)
    _extremes(turned.indptr, known, least, most)
    return _count(turned, known, least, most)


def _count(
    turned: Incoming,
    known: NDArray[np.int64],
    least: NDArray[np.int64],
    most: NDArray[np.int64],
) -> Heard:
    degree = np.diff(turned.indptr)
    ceiling = most
    accept = NONE
    if (least < most).any():
        # Rounded up to four significant bits, so that rows of a length share few tables.
        step = np.maximum(1, 1 << np.maximum(0, _bits(most) - 4))
        ceiling = np.where(least < most, -(-most // step) * step, most)
        accept = np.empty(known.size, np.int64)
        _accept(turned.indptr, known, ceiling, accept)
    row, table = binomial_rows(degree, ceiling)
    return Heard(
        COUNT, 0, turned.indptr, turned.source, row, table, ceiling, accept, NONE, NONE, NONE
    )


def _linear(rule: LinearThreshold, arcs: Arcs, key: int, forward: bool) -> Heard:
    if rule.method != "choice":
        raise KoubeiError(
            "rule",
            "has no reverse sets: weights are added up",
            got=repr(rule),
            allowed="thresholds drawn from 0..1, each person following one arc",
            fix="LinearThreshold(method='choice')",
        )
    turned = _turned(arcs, rule.weights is not None)
    bound = NONE
    if rule.weights is not None:
        if isinstance(rule.weights, str) and rule.weights == "weights":
            given = weights_of("weights", arcs)
        else:
            given = np.asarray(per_arc("weights", rule.weights, arcs, key))
        given = np.ascontiguousarray(np.broadcast_to(given, (arcs.count,)), np.float64)
        choice_words(arcs.rows.indices, arcs.into(), given)  # refuses weights of more than 1
        bound = np.empty(arcs.count, np.int64)
        _bounds(turned.indptr, given[turned.arc], bound)
    empty = np.empty(0, np.int32), np.empty((0, WIDTH), np.int64), NONE, NONE
    return Heard(CHOICE, int(forward), turned.indptr, turned.source, *empty, bound, NONE, NONE)


def _bits(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many bits each whole number has."""
    found: NDArray[np.int64] = np.frexp(values.astype(np.float64))[1].astype(np.int64)
    return found


@njit(cache=True, nogil=True)
def _extremes(indptr, known, least, most):
    for v in range(indptr.size - 1):
        least[v], most[v] = 0, 0
        for e in range(indptr[v], indptr[v + 1]):
            first = e == indptr[v]
            least[v] = known[e] if first else min(least[v], known[e])
            most[v] = max(most[v], known[e])


@njit(cache=True, nogil=True)
def _accept(indptr, known, ceiling, accept):
    """Chance that a candidate is live, rounded to the nearest unit of 2**-32."""
    for v in range(indptr.size - 1):
        q = np.float64(max(np.int64(1), ceiling[v]))
        for e in range(indptr[v], indptr[v + 1]):
            accept[e] = np.int64(np.floor(np.float64(known[e]) / q * 4294967296.0 + 0.5))


@njit(cache=True, nogil=True)
def _bounds(indptr, weights, bound):
    """Ends of the intervals of the arcs into each person, as `LinearThreshold` has them."""
    for v in range(indptr.size - 1):
        total = 0.0
        for e in range(indptr[v], indptr[v + 1]):
            total += weights[e]
            bound[e] = np.int64(np.floor(min(1.0, total) * 4294967296.0 + 0.5))


def binomial_rows(
    degree: NDArray[np.int64], ceiling: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return for each person a row of a table of binomial thresholds, and the table.

    Parameters
    ----------
    degree, ceiling : (n,) int64 array
        How many arcs, and the chance of each in units of 2**-32.

    Returns
    -------
    row : (n,) int32 array
        -1 where 16 or more may be live: those rows are jumped through.
    table : (rows, 16) int64 array
        ``table[i, c]`` is the chance that at most c are live, in units of 2**-32.

    Examples
    --------
    >>> row, table = binomial_rows(np.array([1, 2]), np.array([1 << 31, 1 << 31]))
    >>> [[int(t) * 4 >> 32 for t in table[i, :3]] for i in row]
    [[2, 4, 4], [1, 3, 4]]
    """
    ceiling = np.where(degree > 0, ceiling, 0)
    of_length = np.zeros(int(degree.max(initial=0)) + 1, np.int64)
    of_length[degree] = ceiling
    if np.array_equal(of_length[degree], ceiling):  # one chance a length: nothing to sort
        lengths = np.flatnonzero(np.bincount(degree)).astype(np.int64)
        chances = of_length[lengths]
        place = np.zeros(of_length.size, np.int32)
        place[lengths] = np.arange(lengths.size)
        row = place[degree]
    else:
        wide = degree.astype(np.uint64) << np.uint64(33)  # degrees have 31 bits, chances 33
        kinds, row = np.unique(wide | ceiling.astype(np.uint64), return_inverse=True)
        lengths = (kinds >> np.uint64(33)).astype(np.int64)
        chances = (kinds & np.uint64((1 << 33) - 1)).astype(np.int64)
    table = np.full((lengths.size, WIDTH), ONE32, np.int64)
    fits = np.ones(lengths.size, np.bool_)
    _fill(lengths, chances, table, fits)
    return np.where(fits[row], row, -1).astype(np.int32), table


@njit(cache=True, nogil=True)
def _fill(degree, ceiling, table, fits):
    for i in range(degree.size):
        d, q = degree[i], np.float64(ceiling[i]) * 2.3283064365386963e-10
        if d == 0:
            continue
        if q >= 1.0:
            fits[i] = d < WIDTH
            for c in range(min(d, WIDTH)):
                table[i, c] = 0
            continue
        exactly = exp_neg_portable(-np.float64(d) * log_portable(1.0 - q))
        total = 0.0
        for c in range(min(d, WIDTH)):
            total += exactly
            table[i, c] = min(ONE32, np.int64(np.floor(total * 4294967296.0 + 0.5)))
            exactly *= np.float64(d - c) / np.float64(c + 1) * q / (1.0 - q)
        if d >= WIDTH:
            fits[i] = table[i, WIDTH - 1] >= ONE32 - 1
            table[i, WIDTH - 1] = ONE32
