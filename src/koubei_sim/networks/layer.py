"""`Layer`: one graph of a network, as compressed rows, frozen; and all layers as one list of arcs.

A rule of a cascade that does not care which channel an arc belongs to walks one set of rows; one
that draws a number per arc, or orders what comes in, needs the arcs numbered over all layers:
`union_rows`.  Made and held by `Network`; read by the kernels that walk over arcs and by seeding.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core import csr as graphs
from koubei_sim.core.block import Block
from koubei_sim.errors import KoubeiError
from koubei_sim.networks import edges
from koubei_sim.networks.edges import frozen
from koubei_sim.networks.row_blocks import in_order, over_rows


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Layer:
    """One graph of a network.

    Parameters
    ----------
    name : str
        Name of the channel or relation.
    indptr : (n + 1,) int64 array
        Row starts: the word of ``u`` reaches ``indices[indptr[u]:indptr[u + 1]]``.
    indices : (arcs,) int32 array
        Those reached, ascending within a row.
    weights : (arcs,) float32 array, optional
        A number per arc, finite and at least 0.
    directed : bool
        False: mutual ties, each held as two arcs.

    Raises
    ------
    KoubeiError
        If the arrays are no compressed rows.  (`check` also tests that ties are mutual.)
    """

    name: str
    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    weights: NDArray[np.float32] | None = None
    directed: bool = True

    def __post_init__(self) -> None:
        """Refuse arrays that are no compressed rows, and lock the others."""
        where = f"layer {self.name}"
        indptr = np.ascontiguousarray(self.indptr, dtype=np.int64)
        indices = np.ascontiguousarray(self.indices, dtype=np.int32)
        if indptr.ndim != 1 or indptr.size < 2:
            raise KoubeiError(
                where, "no people", got=f"indptr of shape {indptr.shape}", allowed="n + 1 starts"
            )
        if indptr[0] != 0 or indptr[-1] != indices.size:
            raise KoubeiError(
                where,
                "indptr does not fit indices",
                got=f"first {indptr[0]}, last {indptr[-1]}",
                allowed=f"first 0, last {indices.size}",
            )
        kind, row = graphs.first_fault(indptr, indices, indptr.size - 1)
        if kind:
            what = ("row start below the one before", "id out of range", "ids not ascending")[
                kind - 1
            ]
            raise KoubeiError(where, f"{what} in row {row}", fix="Network.from_edges")
        if self.weights is not None:
            weights = edges.checked_weights(self.weights, indices.size, where)
            object.__setattr__(self, "weights", edges.frozen(weights))
        object.__setattr__(self, "indptr", edges.frozen(indptr))
        object.__setattr__(self, "indices", edges.frozen(indices))

    @property
    def n_nodes(self) -> int:
        """Number of people."""
        return self.indptr.size - 1

    @property
    def n_arcs(self) -> int:
        """Number of arcs (a mutual tie counts twice)."""
        return self.indices.size

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays."""
        return (
            self.indptr.nbytes
            + self.indices.nbytes
            + (0 if self.weights is None else self.weights.nbytes)
        )

    def degrees(self, direction: str = "out") -> NDArray[np.int64]:
        """Return the number of arcs out of (or ``"in"`` to) each person, int64 (n,)."""
        if direction == "out":
            return np.diff(self.indptr)
        if direction == "in":
            return np.bincount(self.indices, minlength=self.n_nodes).astype(np.int64, copy=False)
        raise KoubeiError("direction", "unknown", got=direction, allowed="'out', 'in'")

    def heard_by(self, node: int) -> NDArray[np.int32]:
        """Return those whom the word of `node` reaches (a read-only view)."""
        if not 0 <= node < self.n_nodes:
            raise KoubeiError("node", "out of range", got=node, allowed=f"0..{self.n_nodes - 1}")
        return self.indices[self.indptr[node] : self.indptr[node + 1]]

    def reverse(self) -> Layer:
        """Return the layer with every arc turned round (a mutual layer is returned as it is)."""
        if not self.directed:
            return self
        indptr = np.zeros(self.n_nodes + 1, dtype=np.int64)
        graphs.count_targets(self.indices, indptr)
        graphs.prefix_sum(indptr)
        indices = np.empty(self.n_arcs, dtype=np.int32)
        given = np.empty(0, dtype=np.float32) if self.weights is None else self.weights
        weights = np.empty(given.size, dtype=np.float32)
        graphs.transpose(self.indptr, self.indices, given, indptr[:-1].copy(), indices, weights)
        return replace(
            self, indptr=indptr, indices=indices, weights=None if self.weights is None else weights
        )

    def sources(self) -> NDArray[np.int32]:
        """Return the start of every arc, int32 (arcs,), beside `indices`."""
        return np.repeat(np.arange(self.n_nodes, dtype=np.int32), np.diff(self.indptr))

    def check(self) -> None:
        """Raise `KoubeiError` if a layer said to be mutual has an arc without its return."""
        if not self.directed:
            row = graphs.first_one_way(self.indptr, self.indices)
            if row >= 0:
                raise KoubeiError(
                    f"layer {self.name}",
                    f"an arc out of {row} has no arc back",
                    fix="directed=True",
                )

    def __repr__(self) -> str:
        """Say name, size and kind."""
        kind = "directed" if self.directed else "mutual"
        weighted = ", weighted" if self.weights is not None else ""
        return f"Layer({self.name!r}, {self.n_nodes} people, {self.n_arcs} arcs, {kind}{weighted})"


MOST_LAYERS = 256  # the layer of an arc is a byte
PIECE = 1 << 22  # arcs turned together, where that is more than an eighth of them


class UnionRows(NamedTuple):
    """Compressed rows over all layers; an arc's place in `indices` is its number.

    All arrays are read-only, so compiled functions meet one type whether there is one layer or
    several.

    Parameters
    ----------
    indptr : (n + 1,) int64 array
        Row starts.
    indices : (arcs,) int32 array
        Targets: row ``u`` is row ``u`` of layer 0, then row ``u`` of layer 1, and so on.  It is
        ascending within a layer only, and may name somebody twice.
    layer : (arcs,) uint8 array or None
        Layer of each arc; None where there is one layer.
    weights : (arcs,) float32 array or None
        Weight of each arc; None where no layer has weights.  Arcs of layers without weights weigh
        1 beside layers with weights.
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    layer: NDArray[np.uint8] | None
    weights: NDArray[np.float32] | None


class Incoming(NamedTuple):
    """The arcs into each person, ordered by arc number; all arrays are read-only.

    Parameters
    ----------
    indptr : (n + 1,) int64 array
        ``indptr[v]:indptr[v + 1]`` are the places of the arcs into ``v``.
    source : (arcs,) int32 array
        Where each comes from.
    arc : (arcs,) int64 array
        Its number: its place in the `indices` of the rows, layers or unions; or of size 0.
    """

    indptr: NDArray[np.int64]
    source: NDArray[np.int32]
    arc: NDArray[np.int64]


class Layered(Protocol):
    """What has layers: a `Network`."""

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All over the same people."""


def union_rows(network: Layered) -> UnionRows:
    """Return all layers of `network` as one set of rows.

    Parameters
    ----------
    network : Network

    Returns
    -------
    UnionRows
        For a network of one layer, the arrays of the layer itself, not copied.

    Raises
    ------
    KoubeiError
        More than 256 layers.

    Examples
    --------
    >>> from koubei_sim import Network
    >>> near = Network.from_edges([0, 1], [2, 0], n=3)
    >>> far = Network.from_edges([0, 0], [1, 2], n=3)
    >>> rows = union_rows(Network.stack({"near": near, "far": far}))
    >>> rows.indptr.tolist(), rows.indices.tolist(), rows.layer.tolist()
    ([0, 3, 4, 4], [2, 1, 2, 0], [0, 1, 1, 0])
    """
    layers = network.layers
    if len(layers) == 1:
        only = layers[0]
        return UnionRows(only.indptr, only.indices, None, only.weights)
    if len(layers) > MOST_LAYERS:
        raise KoubeiError("layers", "too many", got=len(layers), allowed=f"1..{MOST_LAYERS}")
    indptr = layers[0].indptr.copy()
    for layer in layers[1:]:
        indptr += layer.indptr
    arcs = int(indptr[-1])
    weighed = any(layer.weights is not None for layer in layers)
    indices = np.empty(arcs, dtype=np.int32)
    number = np.empty(arcs, dtype=np.uint8)
    weights = np.empty(arcs if weighed else 0, dtype=np.float32)
    cursor = indptr[:-1].copy()
    for place, layer in enumerate(layers):
        given = frozen(np.empty(0, np.float32)) if layer.weights is None else layer.weights
        over_rows(
            graphs.lay_rows,
            layer.n_nodes,
            Block(
                "laid",
                graphs.Laid(place, layer.indptr, layer.indices, given, indices, number, weights),
            ),
            cursor,
            work=layer.indptr,
        )
    return UnionRows(
        frozen(indptr), frozen(indices), frozen(number), frozen(weights) if weighed else None
    )


def in_degrees(rows: UnionRows | Layer) -> NDArray[np.int32]:
    """Return the number of arcs into each person, int32 (n,).

    Examples
    --------
    >>> from koubei_sim import Network
    >>> in_degrees(union_rows(Network.from_edges([0, 1, 2], [1, 2, 1]))).tolist()
    [0, 2, 1]
    """
    counts = np.zeros(rows.indptr.size - 1, dtype=np.int32)
    graphs.count_incoming(rows.indices, counts)
    return frozen(counts)


def in_ranks(rows: UnionRows | Layer) -> NDArray[np.int32]:
    """Return for each arc its place (from 0) among the arcs into its target, by arc number.

    Examples
    --------
    >>> from koubei_sim import Network
    >>> in_ranks(union_rows(Network.from_edges([0, 1, 2], [1, 2, 1]))).tolist()
    [0, 0, 1]
    """
    counts = np.zeros(rows.indptr.size - 1, dtype=np.int32)
    ranks = np.empty(rows.indices.size, dtype=np.int32)
    graphs.rank_incoming(rows.indices, counts, ranks)
    return frozen(ranks)


def incoming(rows: UnionRows | Layer, *, numbered: bool = True) -> Incoming:
    """Return the arcs into each person, ordered by arc number (12 bytes an arc; 4 not numbered).

    The place of arc ``a`` into ``v`` in the result is ``indptr[v] + in_ranks(rows)[a]``.

    Parameters
    ----------
    rows : UnionRows or Layer
    numbered : bool
        Whether the numbers of the arcs are wanted; `arc` is of size 0 without.

    Returns
    -------
    Incoming

    Examples
    --------
    >>> from koubei_sim import Network
    >>> turned = incoming(union_rows(Network.from_edges([0, 1, 2], [1, 2, 1])))
    >>> turned.indptr.tolist(), turned.source.tolist(), turned.arc.tolist()
    ([0, 0, 2, 3], [0, 2, 1], [0, 2, 1])
    """
    n, count = rows.indptr.size - 1, rows.indices.size
    cuts = edges.parts_of(count, n)
    counts = np.zeros((len(cuts), n + 1), np.int64)
    cursors = np.empty((len(cuts), n), np.int64)
    source = np.empty(count, np.int32)
    arc = np.empty(count if numbered else 0, np.int64)

    def turn(part: int) -> None:
        piece = max(PIECE, (cuts[part][1] - cuts[part][0]) // 8)
        graphs.turn_arcs(rows.indptr, rows.indices, cuts[part], cursors[part], source, arc, piece)

    def number(part: int) -> None:
        graphs.count_targets(rows.indices[slice(*cuts[part])], counts[part])

    deque(in_order(number, range(len(cuts))), maxlen=0)
    graphs.stagger(counts, cursors)
    deque(in_order(turn, range(len(cuts))), maxlen=0)
    indptr = counts[0].copy() if len(cuts) > 1 else counts[0]
    return Incoming(frozen(indptr), frozen(source), frozen(arc))
