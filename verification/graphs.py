"""Random graphs that replications need and `koubei_sim.networks` does not make.

Degrees that are the quantiles of a law (no sampling noise in the law itself), configuration graphs
with them, follower graphs with a given law of followers, and degree-preserving rewiring.
All randomness is addressed by (key, replicate) as everywhere; the purposes are the folder's own.
Called by the replications.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from koubei_sim.core.draws import draw32, stream
from koubei_sim.networks import Network, configuration
from koubei_sim.networks.generators.population import keyed_order
from koubei_sim.networks.network import one_layer

#: Purposes of the draws of this folder, above those of the model and of the networks.
FOLLOWED: Final = 300  # i-th arc: who follows
SWAP: Final = 301  # i-th attempt to rewire: two ties and a way
KIND: Final = 302  # order in which people are given a kind
VALUE: Final = 303  # which of three probabilities arc i has


def quantile_degrees(law: NDArray[np.float64], n: int) -> NDArray[np.int64]:
    """Return n degrees in ascending order: the quantiles (i + 1/2) / n of a law.

    Parameters
    ----------
    law : (K + 1,) array
        Probability of each degree.
    n : int

    Returns
    -------
    (n,) int64 array

    Examples
    --------
    >>> quantile_degrees(np.array([0.5, 0.25, 0.25]), 8).tolist()
    [0, 0, 0, 0, 1, 1, 2, 2]
    """
    at = (np.arange(n) + 0.5) / n
    found = np.searchsorted(np.cumsum(law), at, side="right")
    return np.minimum(found, law.size - 1).astype(np.int64)


def law_of(degrees: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the law of given degrees: entry k is the share of people with k."""
    return np.bincount(degrees) / degrees.size


def configuration_graph(law: NDArray[np.float64], n: int, key: int, replicate: int = 0) -> Network:
    """Draw a mutual configuration graph whose degrees are the quantiles of a law.

    Examples
    --------
    >>> configuration_graph(np.array([0.0, 0.0, 1.0]), 1000, key=1).n_arcs > 1990
    True
    """
    degrees = quantile_degrees(law, n)
    if degrees.sum() % 2:
        degrees[-1] += 1
    return configuration(degrees, key=key, replicate=replicate)


@njit(cache=True)
def _followers(base, n, indptr, indices):
    for u in range(n):
        for e in range(indptr[u], indptr[u + 1]):
            v = (draw32(base, e) * (n - 1)) >> 32
            indices[e] = v + 1 if v >= u else v


def follower_graph(law: NDArray[np.float64], n: int, key: int, replicate: int = 0) -> Network:
    """Draw a directed graph: numbers of followers are the quantiles of a law, followers anybody.

    The number of followers of a follower is independent of whom it follows, so small cascades are
    those of a branching process with that law.  Follower counts stand in ascending order of people;
    a person may follow the same account twice (n is large).

    Parameters
    ----------
    law : (K + 1,) array
        Law of the number of followers.
    n : int
        People.
    key, replicate : int

    Returns
    -------
    Network
        One directed layer; arcs run from the followed to the follower.

    Examples
    --------
    >>> graph = follower_graph(np.array([0.5, 0.0, 0.5]), 1000, key=1)
    >>> graph.n_arcs, graph.layer().directed
    (1000, True)
    """
    indptr = np.zeros(n + 1, np.int64)
    np.cumsum(quantile_degrees(law, n), out=indptr[1:])
    indices = np.empty(int(indptr[-1]), np.int32)
    base = np.uint64(stream(np.uint64(key), replicate, FOLLOWED, 0, 0))
    _followers(base, n, indptr, indices)
    # Rows of a network are sorted.
    owner = np.repeat(np.arange(n, dtype=np.int64), np.diff(indptr))
    indices = (np.sort(owner * n + indices) % n).astype(np.int32)
    return one_layer("followers", indptr, indices, True, {"generator": "follower_graph"})


@njit(cache=True)
def _swap(base, swaps, one, two, ties):
    """Swap ends of random pairs of ties, in place; returns how many swaps were done."""
    m = one.size
    done = 0
    attempt = 0
    while done < swaps and attempt < 200 * swaps + 200:
        a = (draw32(base, 3 * attempt) * m) >> 32
        b = (draw32(base, 3 * attempt + 1) * m) >> 32
        turned = draw32(base, 3 * attempt + 2) & 1
        attempt += 1
        u, v = one[a], two[a]
        x, y = one[b], two[b]
        if turned:
            x, y = y, x
        # u - v and x - y become u - y and x - v.
        if u in (x, y) or v in (x, y):
            continue
        first = (min(u, y), max(u, y))
        second = (min(x, v), max(x, v))
        if first in ties or second in ties:
            continue
        ties.pop((min(u, v), max(u, v)))
        ties.pop((min(x, y), max(x, y)))
        ties[first] = 1
        ties[second] = 1
        one[a], two[a] = u, y
        one[b], two[b] = x, v
        done += 1
    return done


@njit(cache=True)
def _rewired(base, swaps, one, two):
    ties = dict()
    for e in range(one.size):
        ties[(min(one[e], two[e]), max(one[e], two[e]))] = 1
    return _swap(base, swaps, one, two, ties)


def rewired(network: Network, share: float, key: int, replicate: int = 0) -> Network:
    """Rewire a share of the ties of a mutual graph; every degree stays as it is.

    ``share * ties / 2`` times, two ties swap ends (each swap rewires two); a swap that would make a
    loop or a tie that exists is tried again with others.

    Parameters
    ----------
    network : Network
        One mutual layer without parallel ties.
    share : float
        0..1.
    key, replicate : int

    Returns
    -------
    Network

    Examples
    --------
    >>> from koubei_sim.networks import lattice
    >>> torus = lattice(10, 10, wrap=True)
    >>> other = rewired(torus, 1.0, key=1)
    >>> bool((other.degrees() == torus.degrees()).all()), other.n_arcs == torus.n_arcs
    (True, True)
    """
    layer = network.layer()
    source, target = layer.sources().astype(np.int64), layer.indices.astype(np.int64)
    once = source < target
    one, two = source[once].copy(), target[once].copy()
    base = np.uint64(stream(np.uint64(key), replicate, SWAP, 0, 0))
    _rewired(base, int(share * one.size / 2), one, two)
    return Network.from_edges(one, two, n=network.n_nodes, directed=False, parallel="error")


def marked(n: int, share: float, key: int, replicate: int = 0) -> NDArray[np.bool_]:
    """Return who belongs to a kind: ``round(share * n)`` people drawn at random, (n,) bool.

    Examples
    --------
    >>> int(marked(1000, 0.13, key=1).sum())
    130
    """
    base = np.uint64(stream(np.uint64(key), replicate, KIND, 0, 0))
    out = np.zeros(n, np.bool_)
    out[keyed_order(base, n)[: round(share * n)]] = True
    return out


@njit(cache=True)
def _one_of_three(base, values, out):
    for e in range(out.size):
        out[e] = values[(draw32(base, e) * values.size) >> 32]


def trivalent(arcs: int, key: int, replicate: int = 0) -> NDArray[np.float64]:
    """Return a probability for each arc: .1, .01 or .001 with equal chances, (arcs,) float64.

    Examples
    --------
    >>> sorted(set(trivalent(100, key=1).tolist()))
    [0.001, 0.01, 0.1]
    """
    out = np.empty(arcs, np.float64)
    base = np.uint64(stream(np.uint64(key), replicate, VALUE, 0, 0))
    _one_of_three(base, np.array([0.1, 0.01, 0.001]), out)
    return out
