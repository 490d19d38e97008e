"""Who starts: strategies that choose the seed users.

`random`, `degree`, `kshell`, `nomination`, `community`, `staff_friends` and the rankings of
`rankings` choose on a bare network, for cascades and studies; `model.world.seeds` chooses for a
scenario.  All are pure functions of their arguments: ties and random choices are keyed draws.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim import checks
from koubei_sim.checks import Naming
from koubei_sim.core.compiling import kernel
from koubei_sim.core.draws import draw, draw32, pick
from koubei_sim.errors import KoubeiError
from koubei_sim.networks.choosing import (
    Address,
    Rows,
    keyed_draws,
    question,
    smallest,
    turned_round,
)
from koubei_sim.networks.edges import MAX_NODES
from koubei_sim.networks.rankings import (
    circle,
    collective_influence,
    degree_discount,
    diffusion_centrality,
    gossip,
    irie,
    pagerank,
    single_discount,
    vote_rank,
    wide_bridges,
)

__all__ = [
    "circle",
    "collective_influence",
    "community",
    "degree",
    "degree_discount",
    "diffusion_centrality",
    "gossip",
    "irie",
    "kshell",
    "nomination",
    "pagerank",
    "random",
    "single_discount",
    "staff_friends",
    "vote_rank",
    "wide_bridges",
]


def _pick(
    strategy: str, graph: Any, k: Any, layer: str | None, key: Any, by: str, staff: Any = 10
) -> NDArray[Any]:
    """Choose `k` people of one kind, best first."""
    asked = question(strategy, graph, k, layer, key, by)
    return asked.people(_rows(strategy, asked.rows, asked.network.n_nodes, asked.k, key, staff))


def _rows(
    strategy: str, rows: Rows | None, n: int, k: Any, key: Any, staff: Any = 10
) -> NDArray[np.int32]:
    k = checks.whole("k", k, 0, n)
    key = checks.whole("key", key, 0, 2**64 - 1)
    staff = checks.whole("staff", staff, 1)
    nobody = np.zeros(n, dtype=np.bool_)
    rank, draws = ranks(strategy, rows, nobody, (k, 0), Address(key, 0), staff)
    return smallest(rank, draws, np.arange(n), k).astype(np.int32)


def random(n: Any, k: int, *, key: int, by: Naming = "label") -> NDArray[Any]:
    """Return `k` people: those with the smallest keyed draws.

    Parameters
    ----------
    n : int, or a graph as for `degree`
        How many people there are, or they themselves.
    k, key, by
        As for `degree`.

    Examples
    --------
    >>> set(random(100, 3, key=1)) < set(random(100, 5, key=1))
    True
    """
    if isinstance(n, (int, float, np.number)):
        return _rows("random", None, checks.whole("n", n, 1, MAX_NODES), k, key)
    return _pick("random", n, k, None, key, by)


def degree(
    network: Any, k: int, *, layer: str | None = None, key: int = 0, by: Naming = "label"
) -> NDArray[Any]:
    """Return the `k` people with the most listeners, best first.

    Parameters
    ----------
    network : Network, or any graph that `as_network` takes
    k : int
        How many people, 0 to all.
    layer : str, optional
        Which layer of a network of several.
    key : int
        Decides ties and random choices, 0..2**64-1.
    by : {"label", "row"}
        What is returned: labels where the network has labels (as `cascade` takes them), or rows.

    Returns
    -------
    (k,) array
        Labels, or int32 rows.

    Examples
    --------
    >>> from koubei_sim import Network
    >>> star = Network.from_edges([0, 0, 0], [1, 2, 3])
    >>> degree(star, 1).tolist()
    [0]
    >>> degree(Network.from_edges(["hub", "hub"], ["li", "wu"], labels="auto"), 1).tolist()
    ['hub']
    """
    return _pick("degree", network, k, layer, key, by)


def kshell(
    network: Any, k: int, *, layer: str | None = None, key: int = 0, by: Naming = "label"
) -> NDArray[Any]:
    """Return the `k` people with the highest core numbers (Kitsak et al. 2010), best first.

    Arguments as for `degree`.
    """
    return _pick("kshell", network, k, layer, key, by)


def nomination(
    network: Any, k: int, *, layer: str | None = None, key: int = 0, by: Naming = "label"
) -> NDArray[Any]:
    """Return `k` people named by random people as one of their listeners, first named first.

    Arguments as for `degree`.
    """
    return _pick("nomination", network, k, layer, key, by)


def community(
    network: Any, k: int, *, layer: str | None = None, key: int = 0, by: Naming = "label"
) -> NDArray[Any]:
    """Return a keyed person and the `k` - 1 fewest steps away, nearest first.

    Arguments as for `degree`.
    """
    return _pick("community", network, k, layer, key, by)


def staff_friends(
    network: Any,
    k: int,
    *,
    staff: int = 10,
    layer: str | None = None,
    key: int = 0,
    by: Naming = "label",
) -> NDArray[Any]:
    """Return `staff` keyed people, then their friends, friends of friends, ... up to `k`.

    Other arguments as for `degree`.
    """
    return _pick("staff_friends", network, k, layer, key, by, staff)


def __getattr__(name: str) -> Any:
    """Name the strategies there are when another is asked for."""
    from koubei_sim.errors import nearest

    near = nearest(name, __all__)
    raise AttributeError(f"no strategy {name!r}" + (f", try {near}" if near else ""))


UNREACHED: Final = np.iinfo(np.int64).max


def ranks(
    strategy: str,
    rows: Rows | None,
    enthusiast: NDArray[np.bool_],
    wanted: tuple[int, int],
    address: Address,
    staff: int = 10,
) -> tuple[NDArray[np.int64] | NDArray[np.uint64], NDArray[np.uint64]]:
    """Return rank numbers (small is chosen first) and the draws that break ties.

    Parameters
    ----------
    strategy : str
        ``random``: all equal.  ``degree``: most listeners first.  ``kshell``: highest core number
        first (arcs of both directions; Kitsak et al. 2010).  ``nomination``: people in keyed
        order each name one listener at random, and those named first come first (Kim et al.
        2015; friends have more friends than people do, Feld 1991).  ``community``: one keyed
        person, then those fewest steps away.  ``staff_friends``: `staff` keyed people, then
        those fewest steps away.
    rows : Rows or None
        The graph; not needed for ``random``.
    enthusiast : (N,) bool array
    wanted : (int, int)
        Newbies and enthusiasts that will be taken; the search may stop when it has met them.
    address : Address
    staff : int
        People from whom ``staff_friends`` starts.
    """
    n = enthusiast.size
    draws = keyed_draws(address, strategy, n)
    if strategy == "random":
        return np.zeros(n, dtype=np.int64), draws
    if rows is None:
        raise KoubeiError(
            "seeding.strategy",
            "this strategy needs a feed",
            got=strategy,
            allowed="random, active, ids",
            fix="random",
        )
    if strategy == "degree":
        return -np.diff(rows.indptr), draws
    if strategy == "kshell":
        back = turned_round(rows.indptr, rows.indices)
        return -core_numbers(rows.indptr, rows.indices, *back), draws
    if strategy == "nomination":
        named = np.full(n, np.iinfo(np.uint64).max, dtype=np.uint64)
        first_nominations(
            rows.indptr, rows.indices, address.base(strategy), address.base(strategy, True), named
        )
        return named, draws
    sources = 1 if strategy == "community" else min(staff, n)
    with_ties = np.flatnonzero(np.diff(rows.indptr) > 0)
    if with_ties.size < sources:  # nearly empty graph: anybody will do
        with_ties = np.arange(n)
    start = smallest(np.zeros(n, dtype=np.int64), draws, with_ties, sources)
    distance = np.full(n, UNREACHED, dtype=np.int64)
    distances(
        rows.indptr,
        rows.indices,
        start,
        enthusiast.astype(np.uint8),
        np.array(wanted, dtype=np.int64),
        distance,
    )
    return distance, draws


@kernel
def core_numbers(indptr, indices, back_ptr, back):
    """Core number of each person by arcs in both directions (Batagelj and Zaversnik 2003).

    People are kept sorted by the arcs they have left; the one with the fewest is taken away
    again and again.
    """
    n = indptr.size - 1
    left = np.empty(n, dtype=np.int64)
    most = 0
    for u in range(n):
        left[u] = indptr[u + 1] - indptr[u] + back_ptr[u + 1] - back_ptr[u]
        most = max(most, left[u])
    first = np.zeros(most + 2, dtype=np.int64)  # where people with so many arcs begin
    for u in range(n):
        first[left[u] + 1] += 1
    for d in range(most + 1):
        first[d + 1] += first[d]
    order = np.empty(n, dtype=np.int64)
    place = np.empty(n, dtype=np.int64)
    cursor = first[:-1].copy()
    for u in range(n):
        place[u] = cursor[left[u]]
        order[place[u]] = u
        cursor[left[u]] += 1
    for step in range(n):
        u = order[step]
        for side in range(2):
            starts, ends = (indptr, indices) if side == 0 else (back_ptr, back)
            for k in range(starts[u], starts[u + 1]):
                v = ends[k]
                if left[v] > left[u]:
                    # Swap v with the first of its bin, then let the bin begin after it.
                    head = first[left[v]]
                    w = order[head]
                    order[head], order[place[v]] = v, w
                    place[w] = place[v]
                    place[v] = head
                    first[left[v]] = head + 1
                    left[v] -= 1
    return left


@kernel
def first_nominations(indptr, indices, order_base, name_base, named):
    """``named[v]`` = smallest draw of those who name v; everybody names one listener."""
    for u in range(indptr.size - 1):
        degree = indptr[u + 1] - indptr[u]
        if degree > 0:
            v = indices[indptr[u] + pick(draw32(name_base, u), degree)]
            mine = draw(order_base, u)
            if mine < named[v]:
                named[v] = mine


@kernel
def distances(indptr, indices, sources, kind, wanted, distance):
    """Breadth-first distances from `sources`, until enough people of both kinds are reached.

    ``wanted[k]`` people of kind k are needed; the circle in which the last of them is found is
    finished.  People not reached keep what `distance` held.
    """
    queue = np.empty(indptr.size - 1, dtype=np.int32)
    found = np.zeros(2, dtype=np.int64)
    size = 0
    for s in sources:
        distance[s] = 0
        queue[size] = s
        size += 1
        found[kind[s]] += 1
    at = 0
    circle = 0
    while at < size:
        if distance[queue[at]] > circle:
            circle = distance[queue[at]]
            if found[0] >= wanted[0] and found[1] >= wanted[1]:
                break
        u = queue[at]
        at += 1
        for k in range(indptr[u], indptr[u + 1]):
            v = indices[k]
            if distance[v] > distance[u] + 1:
                distance[v] = distance[u] + 1
                queue[size] = v
                size += 1
                found[kind[v]] += 1
