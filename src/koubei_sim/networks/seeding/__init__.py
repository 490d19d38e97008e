"""Who starts: strategies that choose the seed users.

`random`, `degree`, `kshell`, `nomination`, `community` and `staff_friends` choose on a bare
network, for cascades and studies; `model.world.seeds` chooses for a scenario.  All are pure
functions of their arguments: ties and random choices are keyed draws.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim import checks
from koubei_sim.errors import KoubeiError
from koubei_sim.networks.adapters import as_network
from koubei_sim.networks.edges import MAX_NODES
from koubei_sim.networks.seeding.strategies import Address, Rows, ranks, smallest
from koubei_sim.networks.temporal import TemporalNetwork

__all__ = [
    "community",
    "degree",
    "kshell",
    "nomination",
    "random",
    "staff_friends",
]


def _pick(
    strategy: str, graph: Any, k: Any, layer: str | None, key: Any, by: str, staff: Any = 10
) -> NDArray[Any]:
    """Choose `k` people of one kind, best first."""
    if isinstance(graph, TemporalNetwork):
        raise KoubeiError("network", "contacts with time stamps", fix="network.aggregate()")
    network = as_network(graph)
    found = network.layer(layer)
    chosen = _rows(strategy, Rows(found.indptr, found.indices), network.n_nodes, k, key, staff)
    checks.word("by", by, ("label", "row"))
    return network.people(chosen) if by == "label" else chosen


def _rows(
    strategy: str, rows: Rows | None, n: int, k: Any, key: Any, staff: Any = 10
) -> NDArray[np.int32]:
    k = checks.whole("k", k, 0, n)
    key = checks.whole("key", key, 0, 2**64 - 1)
    staff = checks.whole("staff", staff, 1)
    nobody = np.zeros(n, dtype=np.bool_)
    rank, draws = ranks(strategy, rows, nobody, (k, 0), Address(key, 0), staff)
    return smallest(rank, draws, np.arange(n), k).astype(np.int32)


def random(n: Any, k: int, *, key: int, by: str = "label") -> NDArray[Any]:
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
    network: Any, k: int, *, layer: str | None = None, key: int = 0, by: str = "label"
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
    network: Any, k: int, *, layer: str | None = None, key: int = 0, by: str = "label"
) -> NDArray[Any]:
    """Return the `k` people with the highest core numbers (Kitsak et al. 2010), best first.

    Arguments as for `degree`.
    """
    return _pick("kshell", network, k, layer, key, by)


def nomination(
    network: Any, k: int, *, layer: str | None = None, key: int = 0, by: str = "label"
) -> NDArray[Any]:
    """Return `k` people named by random people as one of their listeners, first named first.

    Arguments as for `degree`.
    """
    return _pick("nomination", network, k, layer, key, by)


def community(
    network: Any, k: int, *, layer: str | None = None, key: int = 0, by: str = "label"
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
    by: str = "label",
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
