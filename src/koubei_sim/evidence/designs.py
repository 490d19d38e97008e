"""Designs of experiments on a network: who is treated, together with whom, and when.

People, clusters of people who are tied (`clusters`), egos with all whom they are tied to, and
switchback over periods.  All is drawn by address: the same key gives the same assignment.
Called by `experiment`; `clusters` by people too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from koubei_sim.cascades import checks
from koubei_sim.core import draws
from koubei_sim.core.codes import DRAW_ASSIGNED
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.diffusion import groups_of
from koubei_sim.evidence.kernels.propagate import propagate
from koubei_sim.evidence.terms import arcs_into, listed_words
from koubei_sim.networks import Network, TemporalNetwork, as_network, union_rows

PEOPLE, CLUSTERS, EGOS, SWITCH, ORDER = 0, 1, 2, 3, 8  # the tick of an address
ROUNDS: Final = 20
WORDS: Final = ("people", "ego", "switchback")


def clusters(network: Any, size: int | None = None, rng: Any = 0) -> NDArray[np.int64]:
    """Return a cluster of people who are tied to each other, for each person.

    Parameters
    ----------
    network : Network or a graph of another library
    size : int, optional
        No cluster has more people; the square root of the number of people unless given.
    rng
        Source of the key: the order in which people take the label that most of their neighbours
        have (Raghavan, Albert and Kumara 2007), clusters in their turn until none has room.

    Returns
    -------
    (n,) int64 array
        Numbers of clusters, from 0, in the order of their first member.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> two = kb.Network.from_edges([0, 0, 1, 3, 3, 4], [1, 2, 2, 4, 5, 5], directed=False)
    >>> kb.clusters(two, 3).tolist()
    [0, 0, 0, 1, 1, 1]
    """
    matrix = _mutual(network)
    n = matrix.shape[0]
    most = checks.whole("size", max(round(n**0.5), 1) if size is None else size, 1)
    key = checks.key(rng)
    label = np.arange(n)
    sizes = np.ones(n, np.int64)
    for level in range(ROUNDS):
        found = _spread(matrix, sizes, most, key, level)
        count = int(found.max()) + 1
        label = found[label]
        if count == found.size:
            break
        member = sparse.csr_array((np.ones(found.size), (found, np.arange(found.size))),
                                  shape=(count, found.size))  # fmt: skip
        matrix = sparse.csr_array(member @ matrix @ member.T)
        matrix.setdiag(0.0)
        matrix.eliminate_zeros()
        matrix.sort_indices()
        sizes = np.bincount(found, sizes, count).astype(np.int64)
    return _numbered(label)


def _mutual(network: Any) -> Any:
    if isinstance(network, TemporalNetwork):
        raise KoubeiError("network", "contacts, not ties", got="TemporalNetwork",
                          allowed="a Network")  # fmt: skip
    graph = network if isinstance(network, Network) else as_network(network)
    return _sorted(arcs_into(union_rows(graph), "both"))


def _sorted(matrix: Any) -> Any:
    found = sparse.csr_array(matrix)
    found.sort_indices()
    return found


def _spread(
    matrix: Any, sizes: NDArray[np.int64], most: int, key: int, level: int
) -> NDArray[np.int64]:
    n = sizes.size
    label, held = np.arange(n), sizes.copy()
    for turn in range(ROUNDS):
        luck = draws.drawn(n, key, DRAW_ASSIGNED, level, ORDER, turn)
        order = np.argsort(luck, kind="stable")
        moved = propagate(
            matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), matrix.data,
            order, sizes, most, label, held,
        )  # fmt: skip
        if moved == 0:
            break
    return _numbered(label)


def _numbered(label: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number labels from 0 in the order in which they come."""
    _, first, code = np.unique(label, return_index=True, return_inverse=True)
    place = np.empty(first.size, np.int64)
    place[np.argsort(first, kind="stable")] = np.arange(first.size)
    return place[code]


# Designs ----------------------------------------------------------------------------------------


class Drawn(NamedTuple):
    """An assignment in each world: who is treated (n, worlds), in which periods."""

    treated: NDArray[np.bool_]
    when: NDArray[np.bool_] | None  # (periods, worlds)


@dataclass(frozen=True, eq=False)
class Design:
    """Who is treated together with whom.

    Parameters
    ----------
    name : str
    units : (n,) int64 array
        Who is treated together; -1: never treated, nor looked at.
    counted : (n,) bool array
        Whose adoption is compared.
    tick : int
        The address of its draws.
    block : int
        Periods that are treated together; 0 where people are.
    """

    name: str
    units: NDArray[np.int64]
    counted: NDArray[np.bool_]
    tick: int
    block: int = 0

    @property
    def count(self) -> int:
        """Number of units."""
        return int(self.units.max()) + 1

    def draw(self, key: int, worlds: int, share: float, periods: int) -> Drawn:
        """Return who is treated in each world: a fixed share of the units, drawn."""
        if self.block:
            return self._switched(key, worlds, periods)
        number = min(max(round(share * self.count), 1), self.count - 1)
        treated = np.zeros((self.units.size, worlds), bool)
        for world in range(worlds):
            luck = draws.drawn(self.count, key, DRAW_ASSIGNED, world, self.tick)
            chosen = np.zeros(self.count + 1, bool)  # the last is that of those who never are
            chosen[np.argsort(luck, kind="stable")[:number]] = True
            treated[:, world] = chosen[self.units]
        return Drawn(treated, None)

    def _switched(self, key: int, worlds: int, periods: int) -> Drawn:
        """One block of each pair is treated, drawn; so both arms have as many early ones."""
        block = np.arange(periods) // self.block
        pair = block // 2
        when = np.empty((periods, worlds), bool)
        for world in range(worlds):
            luck = draws.units_drawn(int(pair.max()) + 1, key, DRAW_ASSIGNED, world, self.tick)
            when[:, world] = (block % 2 == 0) == (luck < 0.5)[pair]
        return Drawn(np.ones((self.units.size, 1), bool), when)


def designs_of(given: Any, network: Any, key: int, block: int, periods: int) -> list[Design]:
    """Return designs by name; clusters are numbers, one a person."""
    if isinstance(given, dict):
        asked = [(str(name), one) for name, one in given.items()]
    else:
        listed = [given] if isinstance(given, np.ndarray) else listed_words("assign", given)
        asked = []
        for one in listed:
            number = 1 + sum(name.startswith("clusters") for name, _ in asked)
            plain = "clusters" if number == 1 else f"clusters {number}"
            asked.append((one if isinstance(one, str) else plain, one))
    if not asked:
        raise KoubeiError("assign", "no design", allowed=", ".join(WORDS) + ", kb.clusters(net)")
    if len(dict(asked)) < len(asked):
        raise KoubeiError("assign", "a design twice", got=", ".join(name for name, _ in asked))
    return [_design(name, one, network, key, block, periods) for name, one in asked]


def _design(
    name: str, given: Any, network: Any, key: int, block: int, periods: int
) -> Design:  # fmt: skip
    n = network.n_nodes
    everybody = np.ones(n, bool)
    if isinstance(given, str):
        checks.word("assign", given, WORDS)
        if given == "people":
            return Design(name, np.arange(n), everybody, PEOPLE)
        if given == "ego":
            return _egos(name, _mutual(network), key)
        if periods < 4 * block:
            raise KoubeiError("block", "fewer than two pairs of blocks", got=block,
                              allowed=f"1..{periods // 4}")  # fmt: skip
        return Design(name, np.zeros(n, np.int64), everybody, SWITCH, block)
    _, code = groups_of("assign", given, n, network.labels)
    if code.max() < 3:
        raise KoubeiError("assign", "too few clusters", got=int(code.max()) + 1,
                          allowed="4 or more", fix="kb.clusters(network, size=20)")  # fmt: skip
    return Design(name, code, everybody, CLUSTERS)


def _egos(name: str, matrix: Any, key: int) -> Design:
    """Egos in an order drawn, each with all its neighbours, that share nobody."""
    n = matrix.shape[0]
    units, counted = np.full(n, -1), np.zeros(n, bool)
    order = np.argsort(draws.drawn(n, key, DRAW_ASSIGNED, 0, ORDER, ROUNDS), kind="stable")
    number = 0
    for ego in order:
        near = matrix.indices[matrix.indptr[ego] : matrix.indptr[ego + 1]]
        if units[ego] >= 0 or (units[near] >= 0).any():
            continue
        units[ego], units[near], counted[ego] = number, number, True
        number += 1
    if number < 4:
        raise KoubeiError("assign", "too few egos without common neighbours", got=number,
                          allowed="4 or more")  # fmt: skip
    return Design(name, units, counted, EGOS)
