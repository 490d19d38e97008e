"""Numbers per arc, contact and person: what an argument such as ``p`` means on a given graph.

A rule may give one number for all arcs, one a layer, one an arc (by position, as an edge attribute,
or as a table keyed by pairs of people), the weights of the network, a matrix by the kinds of source
and target, weighted cascade or trivalency.  Here all of these become one float, or one float64 an
arc; `split` turns probabilities into the thresholds of the coins (docs/cascades.md 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from koubei_sim.cascades import checks
from koubei_sim.cascades.kernels.frame import Rows
from koubei_sim.checks import one_of
from koubei_sim.core.block import Block
from koubei_sim.core.codes import DRAW_TRIVALENCY
from koubei_sim.core.draws import draw32, stream
from koubei_sim.errors import KoubeiError
from koubei_sim.networks import Network, TemporalNetwork
from koubei_sim.networks.arc_values import arc_values, same_order
from koubei_sim.networks.layer import UnionRows, in_degrees, union_rows

TRIVALENT = (0.1, 0.01, 0.001)
ONE = 1 << 32


@dataclass(frozen=True, eq=False)
class Arcs:
    """The arcs of a network as the kernels see them, with what is asked of them more than once."""

    network: Network
    rows: UnionRows
    graph: Any = None  # the object of another library that the network was made from

    @classmethod
    def of(cls, network: Network, graph: Any = None) -> Arcs:
        """Lay the layers of a network into one list of rows."""
        return cls(network, union_rows(network), None if isinstance(graph, Network) else graph)

    @property
    def n(self) -> int:
        """Number of people."""
        return self.rows.indptr.size - 1

    @property
    def count(self) -> int:
        """Number of arcs."""
        return self.rows.indices.size

    def into(self) -> NDArray[Any]:
        """Number of arcs into each person; counted once."""
        return self._into

    @cached_property
    def _into(self) -> NDArray[Any]:
        if not any(layer.directed for layer in self.network.layers):
            return np.diff(self.rows.indptr).astype(np.int32)
        return in_degrees(self.rows)

    @cached_property
    def block(self) -> Block:
        """The rows as a kernel takes them, made once."""
        return Block("Rows", Rows(self.n, self.rows.indptr, self.rows.indices))

    def sources(self) -> NDArray[np.int32]:
        """Source of each arc."""
        return np.repeat(np.arange(self.n, dtype=np.int32), np.diff(self.rows.indptr))


@njit(cache=True, nogil=True)
def _trivalency(key, values, out):
    base = stream(key, 0, DRAW_TRIVALENCY, 0, 0)
    for e in range(out.size):
        out[e] = values[(draw32(base, e) * values.size) >> 32]


def per_arc(
    where: str, value: Any, arcs: Arcs, key: int, kinds: Any = None
) -> float | NDArray[np.float64]:
    """Return the number of every arc: a float where it is one, else a float64 array.

    Raises
    ------
    KoubeiError
        Unknown layers, attributes or people, wrong lengths, a network without weights.
    """
    if isinstance(value, float):
        return value
    if checks.by_pair(value) or (isinstance(value, str) and value not in checks.WORDS):
        found = arc_values(arcs.network, value, where, graph=arcs.graph, words=checks.WORDS)
        return checks.values(where, found, 0.0, np.inf) if found.size else found
    if isinstance(value, str):
        if value == "weights":
            return weights_of(where, arcs)
        if value == "weighted":
            share = 1.0 / np.maximum(arcs.into(), 1)
            return share[arcs.rows.indices]
        out = np.empty(arcs.count, np.float64)
        _trivalency(np.uint64(key), np.array(TRIVALENT), out)
        return out
    if isinstance(value, Mapping):
        return _by_layer(where, value, arcs)
    array = np.asarray(value, dtype=np.float64)
    if array.ndim == 2:
        kinds = for_people("kinds", kinds, arcs.network)
        return array[kinds[arcs.sources()], kinds[arcs.rows.indices]]
    by_name = f"the name of an edge attribute, or {{(u, v): {where}}}"
    if array.size != arcs.count:
        raise KoubeiError(
            where, "not one value an arc", got=array.size, allowed=str(arcs.count), fix=by_name
        )
    if arcs.graph is not None and not same_order(arcs.network, arcs.graph):
        raise KoubeiError(
            where,
            "an array by position goes by the order of as_network(graph).arcs(), and the edges of "
            "this graph have another",
            fix=by_name,
        )
    return array


def _by_layer(where: str, value: Mapping[str, float], arcs: Arcs) -> float | NDArray[np.float64]:
    names = arcs.network.names
    for name in value:
        one_of(where, name, names, "unknown layer")
    missing = [name for name in names if name not in value]
    if missing:
        raise KoubeiError(where, "no value for a layer", got=missing[0], fix=f"{missing[0]} = 0.0")
    numbers = np.array([value[name] for name in names])
    if np.unique(numbers).size == 1 or arcs.rows.layer is None:
        return float(numbers[0])
    return numbers[arcs.rows.layer]


def weights_of(where: str, arcs: Arcs) -> NDArray[np.float64]:
    """Return the weights of the network, float64 per arc."""
    if arcs.rows.weights is None:
        raise KoubeiError(where, "the network has no weights", fix="Network.from_edges(weight=...)")
    return arcs.rows.weights.astype(np.float64)


def thresholds(where: str, p: float | NDArray[np.float64]) -> NDArray[np.int64] | int:
    """Return ``T(p)`` in units of 2**-32; refuses probabilities outside 0..1."""
    if isinstance(p, float):
        if not 0.0 <= p <= 1.0:
            raise KoubeiError(where, "out of range", got=p, allowed="0..1")
        return int(np.floor(p * ONE + 0.5))
    if p.size and not (p.min() >= 0.0 and p.max() <= 1.0):
        at = int(np.flatnonzero(~((p >= 0.0) & (p <= 1.0)))[0])
        raise KoubeiError(f"{where}, arc {at}", "out of range", got=float(p[at]), allowed="0..1")
    return np.floor(p * ONE + 0.5).astype(np.int64)


def split(t: NDArray[np.int64] | int) -> tuple[int, int, NDArray[np.uint8], NDArray[np.uint32]]:
    """Return thresholds as (top, rest, tops, rests) of `IndependentRule`; the arrays are empty,
    or the numbers 0, as one or many were given.

    A threshold of 2**32 is top 255 with rest 2**24: then every coin is below it.
    """
    if isinstance(t, int):
        top = min(t >> 24, 255)
        return top, t - (top << 24), np.empty(0, np.uint8), np.empty(0, np.uint32)
    tops = np.minimum(t >> 24, 255)
    padded = np.zeros(t.size + 8, np.uint8)  # groups are read eight bytes at a time
    padded[: t.size] = tops
    return 0, 0, padded, (t - (tops << 24)).astype(np.uint32)


@njit(cache=True, nogil=True)
def _gather(indices, top, rest, tops, rests):
    for e in range(indices.size):
        v = indices[e]
        tops[e] = top[v]
        rests[e] = rest[v]


def weighted_split(arcs: Arcs) -> tuple[int, int, NDArray[np.uint8], NDArray[np.uint32]]:
    """Return `split` of weighted cascade, 1 / arcs into the target, without numbers per arc."""
    by_person = split(np.asarray(thresholds("p", 1.0 / np.maximum(arcs.into(), 1))))
    tops = np.zeros(arcs.count + 8, np.uint8)
    rests = np.empty(arcs.count, np.uint32)
    _gather(arcs.rows.indices, by_person[2], by_person[3], tops, rests)
    return 0, 0, tops, rests


def split_brands(
    values: list[NDArray[np.int64] | int], count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8], NDArray[np.uint32]]:
    """Return `split` of the thresholds of K brands over `count` arcs: (K,), (K,), (K, .), (K, .).

    Where one brand has a threshold for each arc, all are given one.
    """
    tops = np.zeros(len(values), np.int64)
    rests = np.zeros(len(values), np.int64)
    if all(isinstance(value, int) for value in values):
        for b, value in enumerate(values):
            tops[b], rests[b] = split(value)[:2]
        return tops, rests, np.empty((0, 0), np.uint8), np.empty((0, 0), np.uint32)
    each = [split(np.broadcast_to(np.asarray(value, np.int64), (count,))) for value in values]
    return tops, rests, np.stack([one[2] for one in each]), np.stack([one[3] for one in each])


def per_contact(where: str, value: Any, network: TemporalNetwork) -> Any:
    """Threshold of every contact: one int, or one a contact."""
    if isinstance(value, str):
        if value != "weights":
            raise KoubeiError(where, "not defined on contacts", got=value, allowed="weights")
        if network.weights is None:
            raise KoubeiError(where, "the contacts have no weights", fix="weight=")
        return thresholds(where, network.weights.astype(np.float64))
    if checks.by_pair(value):
        raise KoubeiError(
            where,
            "goes by pairs, but contacts are many a pair",
            fix="'weights', of from_contacts(..., weight=...)",
        )
    if isinstance(value, Mapping):
        raise KoubeiError(where, "goes by layer, but contacts have none", fix="one number")
    if isinstance(value, np.ndarray) and (value.ndim != 1 or value.size != network.n_contacts):
        raise KoubeiError(
            where, "not one value a contact", got=value.shape, allowed=str(network.n_contacts)
        )
    return thresholds(where, value)


# People ----------------------------------------------------------------------------------------


def for_people(where: str, values: Any, network: Any) -> Any:
    """Return one value for each person, by row; refuses arrays of another length.

    Values keyed by the names of people are put in order; an array is by row, in the order of
    ``network.people(range(n))``.
    """
    n = network.n_nodes
    if isinstance(values, Mapping):
        return checks.aligned(where, values, n, network.labels)
    if np.size(values) != n:
        raise KoubeiError(where, "not one value a person", got=np.size(values), allowed=str(n))
    return values


def by_kind(where: str, values: Any, kinds: Any, network: Any) -> Any:
    """Return a number for all, or one a person, from values by person or by kind."""
    if kinds is not None:
        return values[for_people("kinds", kinds, network)]
    if np.ndim(values) == 0 and not isinstance(values, Mapping):
        return values
    return for_people(where, values, network)
