"""What every choice of seeds needs: the question, checked; keyed draws; arcs turned round.

Lies below `seeding` and `rankings`, which say who is better than whom; `model.world.seeds` takes
the draws and the order from here too.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim import checks
from koubei_sim.core.codes import DRAW_SEEDING
from koubei_sim.core.compiling import kernel
from koubei_sim.core.draws import draw_many, stream
from koubei_sim.errors import KoubeiError
from koubei_sim.networks.adapters import as_network
from koubei_sim.networks.layer import Layer
from koubei_sim.networks.network import Network
from koubei_sim.networks.temporal import TemporalNetwork

STRATEGY_NUMBER: Final = {
    "random": 0,
    "degree": 1,
    "kshell": 2,
    "nomination": 3,
    "community": 4,
    "staff_friends": 5,
    "active": 6,  # asks for people, not for a graph: `model.world.seeds`
    "degree_discount": 7,
    "single_discount": 8,
    "irie": 9,
    "collective_influence": 10,
    "pagerank": 11,
    "vote_rank": 12,
    "wide_bridges": 13,
    "circle": 14,
    "diffusion_centrality": 15,
    "gossip": 32,  # 16 to 31 are second draws
}
NAMING: Final = 16  # added to the number for the second draw of a strategy


class Rows(NamedTuple):
    """A graph as compressed rows."""

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]


class Address(NamedTuple):
    """Where the draws of seeding lie."""

    key: int
    replicate: int

    def base(self, strategy: str, second: bool = False) -> np.uint64:
        """Return the stream of a strategy."""
        j = STRATEGY_NUMBER[strategy] + (NAMING if second else 0)
        return np.uint64(stream(np.uint64(self.key), self.replicate, DRAW_SEEDING, 0, j))


class Question(NamedTuple):
    """What a caller of a strategy asked for, checked."""

    strategy: str
    network: Network
    layer: Layer
    k: int
    address: Address
    by: str

    @property
    def draws(self) -> NDArray[np.uint64]:
        """Return what breaks ties: the smaller draw comes first."""
        return keyed_draws(self.address, self.strategy, self.network.n_nodes)

    @property
    def rows(self) -> Rows:
        """Return the graph as it is."""
        return Rows(self.layer.indptr, self.layer.indices)

    def plain_rows(self, once: bool = False) -> Rows:
        """Return the graph without arcs to oneself; `once`: and without parallel arcs."""
        return Rows(*plain_arcs(self.layer.indptr, self.layer.indices, once))

    def best(self, score: NDArray[Any]) -> NDArray[Any]:
        """Return the `k` people of the highest scores, best first."""
        return self.people(smallest(-score, self.draws, np.arange(score.size), self.k))

    def people(self, chosen: NDArray[Any]) -> NDArray[Any]:
        """Return labels or rows, as asked."""
        rows = chosen.astype(np.int32)
        return self.network.people(rows) if self.by == "label" else rows


def question(strategy: str, graph: Any, k: Any, layer: str | None, key: Any, by: str) -> Question:
    """Check what every strategy on a bare network is asked with."""
    if isinstance(graph, TemporalNetwork):
        raise KoubeiError("network", "contacts with time stamps", fix="network.aggregate()")
    network = as_network(graph)
    found = network.layer(layer)
    k = checks.whole("k", k, 0, network.n_nodes)
    address = Address(checks.whole("key", key, 0, 2**64 - 1), 0)
    checks.word("by", by, ("label", "row"))
    return Question(strategy, network, found, k, address, by)


def keyed_draws(address: Address, strategy: str, n: int) -> NDArray[np.uint64]:
    """Return the 64-bit draw of each person."""
    out = np.empty(n, dtype=np.uint64)
    draw_many(address.base(strategy), 0, out)
    return out


def smallest(
    rank: NDArray[Any],
    draws: NDArray[np.uint64],
    ids: NDArray[np.int64],
    k: int,
) -> NDArray[np.int64]:
    """Return the `k` of `ids` with the smallest rank, ties by the smallest draw, best first."""
    if k == 0:
        return np.empty(0, dtype=np.int64)
    mine = rank[ids]
    limit = np.partition(mine, k - 1)[k - 1]
    near = ids[mine <= limit]  # a superset of the answer: all ties at the limit
    return near[np.lexsort((draws[near], rank[near]))][:k]


@kernel
def turned_round(indptr, indices):
    """Return rows of those whom a person hears."""
    n = indptr.size - 1
    starts = np.zeros(n + 1, dtype=np.int64)
    for k in range(indices.size):
        starts[indices[k] + 1] += 1
    for u in range(n):
        starts[u + 1] += starts[u]
    cursor = starts[:-1].copy()
    out = np.empty(indices.size, dtype=np.int32)
    for u in range(n):
        for k in range(indptr[u], indptr[u + 1]):
            v = indices[k]
            out[cursor[v]] = u
            cursor[v] += 1
    return starts, out


@kernel
def plain_arcs(indptr, indices, once):
    """Return rows without arcs to oneself and, where `once`, each listener named once."""
    n = indptr.size - 1
    starts = np.zeros(n + 1, dtype=np.int64)
    out = np.empty(indices.size, dtype=np.int32)
    size = 0
    for u in range(n):
        for k in range(indptr[u], indptr[u + 1]):
            v = indices[k]
            if v == u or (once and size > starts[u] and out[size - 1] == v):
                continue
            out[size] = v
            size += 1
        starts[u + 1] = size
    return starts, out[:size].copy()
