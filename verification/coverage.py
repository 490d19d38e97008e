"""Choosing seeds by reverse reachable sets and greedy maximum coverage.

A reverse reachable (RR) set holds everybody whose word would reach one random person: a cascade on
the network turned round, from that person.  The expected spread of a set of seeds is n times the
share of RR sets that it touches, so the k people who touch the most sets are nearly the best seeds.
Called by the replication of NetHEPT.

References
----------
Borgs, C., Brautbar, M., Chayes, J. and Lucier, B. (2014), Maximizing social influence in nearly
optimal time, SODA, 946-957.  Tang, Y., Shi, Y. and Xiao, X. (2015), Influence maximization in
near-linear time: a martingale approach, SIGMOD, 1539-1554.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from koubei_sim.cascades import IndependentCascade, RandomSeeds, cascade
from koubei_sim.networks import Network

PIECE = 250_000  # RR sets drawn at a time


@njit(cache=True)
def _greedy(set_starts, members, person_starts, sets_of, k, n, chosen, gains):
    covered = np.zeros(set_starts.size - 1, np.bool_)
    gain = np.empty(n, np.int64)
    for v in range(n):
        gain[v] = person_starts[v + 1] - person_starts[v]
    for turn in range(k):
        best = 0
        for v in range(1, n):
            if gain[v] > gain[best]:
                best = v
        chosen[turn] = best
        gains[turn] = gain[best]
        for at in range(person_starts[best], person_starts[best + 1]):
            s = sets_of[at]
            if not covered[s]:
                covered[s] = True
                for e in range(set_starts[s], set_starts[s + 1]):
                    gain[members[e]] -= 1
        gain[best] = -1


def most_covering(
    sets: NDArray[np.integer], people: NDArray[np.integer], k: int, n: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Choose k people one after another, each touching the most sets not touched before.

    Parameters
    ----------
    sets, people : (m,) arrays
        Pairs: the set and one of its people; sets numbered from 0, in ascending order.
    k : int
        At most n.
    n : int
        People.

    Returns
    -------
    chosen : (k,) int64
        In order of choice; the smallest number where several are equal.
    gains : (k,) int64
        Sets touched first by each.

    Examples
    --------
    >>> sets, people = np.array([0, 0, 1, 2]), np.array([1, 2, 2, 0])
    >>> [x.tolist() for x in most_covering(sets, people, 2, 3)]
    [[2, 0], [2, 1]]
    """
    count = int(sets[-1]) + 1 if sets.size else 0
    set_starts = np.searchsorted(sets, np.arange(count + 1)).astype(np.int64)
    order = np.argsort(people, kind="stable")
    person_starts = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(people, minlength=n), out=person_starts[1:])
    chosen, gains = np.zeros(k, np.int64), np.zeros(k, np.int64)
    members = np.ascontiguousarray(people, np.int32)
    sets_of = np.ascontiguousarray(sets[order], np.int32)
    _greedy(set_starts, members, person_starts, sets_of, k, n, chosen, gains)
    return chosen, gains


def reversed_with(network: Network, p: NDArray[np.float64]) -> tuple[Network, NDArray[np.float64]]:
    """Turn a network round and give each arc the probability of the one it was.

    Parameters
    ----------
    network : Network
        One layer.
    p : (arcs,) array
        Probability of each arc, in the order of rows.

    Returns
    -------
    Network, (arcs,) array
    """
    layer = network.layer()
    source, target = layer.sources(), layer.indices
    turned = Network.from_edges(
        target, source, n=network.n_nodes, directed=True, parallel="keep", self_loops="error"
    )
    # Rows of the turned network: by target, then by source, equal ones in the order given.
    order = np.lexsort((np.arange(source.size), source, target))
    return turned, p[order]


def rr_seeds(
    network: Network, p: NDArray[np.float64], k: int, sets: int, key: int
) -> tuple[NDArray[np.int64], float]:
    """Choose k seeds for an independent cascade by `sets` RR sets.

    Parameters
    ----------
    network : Network
        One layer.
    p : (arcs,) array
        Probability of each arc.
    k, sets, key : int

    Returns
    -------
    seeds : (k,) int64
        In order of choice.
    estimate : float
        Expected spread by the same sets, a little too high for having been chosen on them.
    """
    turned, back = reversed_with(network, p)
    rule = IndependentCascade(back)
    numbers, people = [], []
    for first in range(0, sets, PIECE):
        count = min(PIECE, sets - first)
        found = cascade(turned, rule, RandomSeeds(1), count, key, first=first, record="forest")
        numbers.append(found.activations.replicate)
        people.append(found.activations.person)
    chosen, gains = most_covering(
        np.concatenate(numbers), np.concatenate(people), k, network.n_nodes
    )
    return chosen, float(gains.sum()) / sets * network.n_nodes
