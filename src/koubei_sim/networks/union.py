"""All layers of a network as one list of arcs, and the same arcs seen from their targets.

A rule of a cascade that does not care which channel an arc belongs to walks one set of rows; one
that draws a number per arc, or orders what comes in, needs the arcs numbered over all layers.
Here those numbers are made.  Called by the cascade engine and by seeding.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core import csr as graphs
from koubei_sim.errors import KoubeiError
from koubei_sim.networks.edges import frozen
from koubei_sim.networks.layer import Layer
from koubei_sim.networks.network import Network
from koubei_sim.networks.row_blocks import over_rows

MOST_LAYERS = 256  # the layer of an arc is a byte


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
        Its number: its place in the `indices` of the rows, layers or unions.
    """

    indptr: NDArray[np.int64]
    source: NDArray[np.int32]
    arc: NDArray[np.int64]


def union_rows(network: Network) -> UnionRows:
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
            network.n_nodes,
            place,
            layer.indptr,
            layer.indices,
            given,
            cursor,
            indices,
            number,
            weights,
            work=layer.indptr,
        )
    return UnionRows(
        frozen(indptr), frozen(indices), frozen(number), frozen(weights) if weighed else None
    )


def in_degrees(rows: UnionRows | Layer) -> NDArray[np.int32]:
    """Return the number of arcs into each person, int32 (n,).

    Examples
    --------
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
    >>> in_ranks(union_rows(Network.from_edges([0, 1, 2], [1, 2, 1]))).tolist()
    [0, 0, 1]
    """
    counts = np.zeros(rows.indptr.size - 1, dtype=np.int32)
    ranks = np.empty(rows.indices.size, dtype=np.int32)
    graphs.rank_incoming(rows.indices, counts, ranks)
    return frozen(ranks)


def incoming(rows: UnionRows | Layer) -> Incoming:
    """Return the arcs into each person, ordered by arc number (12 bytes an arc).

    The place of arc ``a`` into ``v`` in the result is ``indptr[v] + in_ranks(rows)[a]``.

    Parameters
    ----------
    rows : UnionRows or Layer

    Returns
    -------
    Incoming

    Examples
    --------
    >>> turned = incoming(union_rows(Network.from_edges([0, 1, 2], [1, 2, 1])))
    >>> turned.indptr.tolist(), turned.source.tolist(), turned.arc.tolist()
    ([0, 0, 2, 3], [0, 2, 1], [0, 2, 1])
    """
    indptr = np.zeros(rows.indptr.size, dtype=np.int64)
    graphs.count_targets(rows.indices, indptr)
    graphs.prefix_sum(indptr)
    source = np.empty(rows.indices.size, dtype=np.int32)
    arc = np.empty(rows.indices.size, dtype=np.int64)
    graphs.turn_arcs(rows.indptr, rows.indices, indptr[:-1].copy(), source, arc)
    return Incoming(frozen(indptr), frozen(source), frozen(arc))
