"""A rule on a network, turned round: the arcs into each person, and what says which are live.

A rule has reverse sets when coins decide beforehand which arcs let the word pass (live edges:
Kempe, Kleinberg and Tardos 2003).  Here the arguments of such a rule become the flat arrays of the
kernels (`kernels.live.Heard`); other rules are refused.  docs/seeding.md 2 is the norm.

Called by `seeding.pool`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from koubei_sim.cascades.arcs import Arcs, per_arc, thresholds, weights_of
from koubei_sim.cascades.rules import (
    FractionalThreshold,
    IndependentCascade,
    LinearThreshold,
    Reinforcement,
)
from koubei_sim.cascades.rules.linear import choice_words
from koubei_sim.core.draws import exp_neg_portable, log_portable
from koubei_sim.errors import KoubeiError
from koubei_sim.networks.layer import incoming
from koubei_sim.seeding.kernels.live import CHOICE, COINS, COUNT, ONE32, WIDTH, Heard

NONE = np.empty(0, np.int64)


def heard(rule: Any, arcs: Arcs, key: int, forward: bool) -> Heard:
    """Return the arcs into each person with what says which are live.

    Parameters
    ----------
    rule : IndependentCascade or LinearThreshold
    arcs : Arcs
    key : int
        Of the run; *trivalency* draws its probabilities from it.
    forward : bool
        Whether the draws are those of the cascade of a replicate.

    Raises
    ------
    KoubeiError
        A rule without live edges; arguments that do not fit the network.
    """
    if isinstance(rule, IndependentCascade):
        return _independent(rule, arcs, key, forward)
    if isinstance(rule, LinearThreshold):
        return _linear(rule, arcs, key, forward)
    counts = isinstance(rule, (FractionalThreshold, Reinforcement))
    raise KoubeiError(
        "rule",
        "has no reverse sets",
        got=type(rule).__name__,
        allowed="IndependentCascade, LinearThreshold",
        fix="kb.seeding.improve(network, rule, k)" if counts else "kb.seeding.degree(network, k)",
    )


def _independent(rule: IndependentCascade, arcs: Arcs, key: int, forward: bool) -> Heard:
    turned = incoming(arcs.rows)
    degree = np.diff(turned.indptr)
    if isinstance(rule.p, str) and rule.p == "weighted":
        each = np.asarray(thresholds("p", 1.0 / np.maximum(degree, 1)))
        known: Any = np.repeat(each, degree) if forward else NONE
        least = most = each
    else:
        found = thresholds("p", per_arc("p", rule.p, arcs, key, rule.kinds))
        if isinstance(found, int):
            known = np.full(arcs.count, found, np.int64) if forward else NONE
            least = most = np.full(arcs.n, found, np.int64)
        else:
            known = found[turned.arc]
            least, most = np.empty(arcs.n, np.int64), np.empty(arcs.n, np.int64)
            _extremes(turned.indptr, known, least, most)
    if forward:
        row_starts = arcs.rows.indptr[turned.source]
        group = turned.arc - (turned.arc - row_starts) % 8
        empty = np.empty(0, np.int32), np.empty((0, WIDTH), np.int64), NONE, NONE
        return Heard(COINS, 1, turned.indptr, turned.source, *empty, known, turned.arc, group)
    ceiling = most
    accept = NONE
    if (least < most).any():
        # Rounded up to four significant bits, so that rows of a length share few tables.
        step = np.maximum(1, 1 << np.maximum(0, _bits(most) - 4))
        ceiling = np.where(least < most, -(-most // step) * step, most)
        accept = np.empty(arcs.count, np.int64)
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
    turned = incoming(arcs.rows)
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
    wide = degree.astype(np.uint64) << np.uint64(33)  # degrees have 31 bits, chances 33
    kinds, row = np.unique(
        wide | np.where(degree > 0, ceiling, 0).astype(np.uint64), return_inverse=True
    )
    table = np.full((kinds.size, WIDTH), ONE32, np.int64)
    fits = np.ones(kinds.size, np.bool_)
    lengths, chances = kinds >> np.uint64(33), kinds & np.uint64((1 << 33) - 1)
    _fill(lengths.astype(np.int64), chances.astype(np.int64), table, fits)
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
