"""`as_network`: take the graph object of another library, or plain arrays, as a `Network`.

Objects are recognised by the module of their type, so none of those libraries is imported here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim import checks
from koubei_sim.errors import KoubeiError
from koubei_sim.networks import labelling
from koubei_sim.networks.network import Network

TAKEN = (
    "Network, networkx, scipy.sparse, igraph, networkit, rustworkx, pandas or polars frame, "
    "(src, dst), (m, 2) array"
)


class Given(NamedTuple):
    """What the object of another library holds, before it becomes a network."""

    src: NDArray[Any]  # ends as numbers of nodes where `nodes` is there, else as ids
    dst: NDArray[Any]
    weight: Any  # (m,) or None
    directed: bool  # of the object itself
    nodes: int | None = None  # number of nodes
    names: list[Any] | None = None  # of the nodes, where they have any
    as_list: bool = True  # a tie may be listed in both directions; else each stands once


def as_network(
    obj: object,
    directed: bool | None = None,
    *,
    weight: str | None = "weight",
    name: str = "ties",
    merge: str | None = None,
) -> Network:
    """Return `obj` as a network of one layer.

    Parameters
    ----------
    obj : object
        A `Network`; a networkx graph of any class; a square scipy.sparse matrix or array (entry
        u, v is the arc from u to v); an igraph, networkit or rustworkx graph; a pandas or polars
        frame of edges (columns named as for `read_network`); a pair of arrays; an (m, 2) array.
    directed : bool, optional
        None: as the object says (matrices, frames and arrays are taken as directed).  False
        drops directions; True reads each tie of an undirected graph as two arcs.
    weight : str or None
        Name of the edge attribute or column to keep as weight where there is one; edges without
        it weigh 1.  None: no weights.
    name : str
        Name of the layer.
    merge : {None, "add", "probability", "first", "last", "largest"}
        What parallel ties become, as for `Network.from_edges`.

    Returns
    -------
    Network
        Names of nodes that are not just 0..n-1 in order are kept as labels.

    Raises
    ------
    KoubeiError
        Something else, no nodes, or wrong ids.

    Examples
    --------
    >>> as_network(([0, 1], [1, 2]), directed=False).layer().heard_by(1).tolist()
    [0, 2]
    """
    if directed is not None:
        directed = checks.yes_no("directed", directed)
    if isinstance(obj, Network):
        return _redirected(obj, directed, merge)
    return _build(given(obj, weight), directed, name, merge)


def given(obj: object, weight: str | None) -> Given:
    """Return the nodes and edges of an object that `as_network` takes (but a `Network`)."""
    if isinstance(obj, np.ndarray):
        if obj.ndim != 2 or obj.shape[1] != 2:
            raise KoubeiError(
                "as_network",
                "array is not a list of edges",
                got=f"shape {obj.shape}",
                allowed="(m, 2)",
            )
        return Given(obj[:, 0], obj[:, 1], None, True)
    if isinstance(obj, (tuple, list)) and len(obj) == 2 and all(np.ndim(part) == 1 for part in obj):
        return Given(np.asarray(obj[0]), np.asarray(obj[1]), None, True)
    adapters: dict[str, Callable[[Any, str | None], Given]] = {
        "networkx": _networkx,
        "scipy": _scipy,
        "igraph": _igraph,
        "networkit": _networkit,
        "rustworkx": _rustworkx,
        "pandas": _frame,
        "polars": _frame,
    }
    for kind in type(obj).__mro__:
        adapter = adapters.get(kind.__module__.split(".")[0])
        if adapter is not None and kind is not object:
            return adapter(obj, weight)
    raise KoubeiError("as_network", "not a graph", got=type(obj).__name__, allowed=TAKEN)


def _redirected(network: Network, directed: bool | None, merge: str | None) -> Network:
    if directed is None or all(layer.directed == directed for layer in network.layers):
        return network
    if directed:
        return replace(
            network, layers=tuple(replace(layer, directed=True) for layer in network.layers)
        )
    layers = []
    for layer in network.layers:
        if layer.directed:
            built = Network.from_edges(
                layer.sources(),
                layer.indices,
                layer.n_nodes,
                layer.weights,
                False,
                name=layer.name,
                merge=merge,
            )
            layer = built.layer()
        layers.append(layer)
    return replace(network, layers=tuple(layers))


def _build(found: Given, directed: bool | None, name: str, merge: str | None) -> Network:
    """Make the network; an undirected graph lists each tie once, whichever end comes first."""
    if found.nodes == 0:
        raise KoubeiError("as_network", "a graph without nodes", allowed="one or more")
    src, dst, weights = np.asarray(found.src), np.asarray(found.dst), found.weight
    if found.nodes is not None:
        src, dst = src.astype(np.int64), dst.astype(np.int64)
    if not found.as_list:
        src, dst = np.minimum(src, dst), np.maximum(src, dst)
        if directed is True:
            src, dst = np.concatenate((src, dst)), np.concatenate((dst, src))
            weights = None if weights is None else np.concatenate((weights, weights))
    labels: Any = None
    if found.names is not None and not all(
        type(item) is int and item == at for at, item in enumerate(found.names)
    ):
        labels = labelling.as_labels(found.names)
    elif found.nodes is None and (src.dtype.kind in "UOST" or dst.dtype.kind in "UOST"):
        labels = "auto"
    return Network.from_edges(
        src,
        dst,
        found.nodes,
        weights,
        found.directed if directed is None else directed,
        labels,
        name=name,
        merge=merge,
    )


def _numbers(values: list[Any], where: str) -> NDArray[np.float64] | None:
    """Return weights, 1 where missing; None where all are missing."""
    if all(value is None for value in values):
        return None
    try:
        return np.array([1.0 if value is None else float(value) for value in values])
    except (TypeError, ValueError):
        raise KoubeiError(where, "edge weights are not numbers", fix="weight=None") from None


def _networkx(graph: Any, weight: str | None) -> Given:
    if not hasattr(graph, "edges"):
        raise KoubeiError("as_network", "not a graph", got=type(graph).__name__, allowed=TAKEN)
    names = list(graph.nodes)
    number = {node: at for at, node in enumerate(names)}
    ends, values = [], []
    for u, v, value in graph.edges(data=weight if weight is not None else "", default=None):
        ends.append((number[u], number[v]))
        values.append(value)
    weights = None if weight is None else _numbers(values, "as_network")
    return _ended(ends, weights, graph.is_directed(), len(names), names)


def _ended(
    ends: Any, weights: Any, own: bool, count: int, names: list[Any] | None, as_list: bool = False
) -> Given:
    """Return what a graph with numbered nodes holds."""
    pairs = np.asarray(ends, dtype=np.int64).reshape(-1, 2)
    return Given(pairs[:, 0], pairs[:, 1], weights, own, count, names, own or as_list)


def _scipy(matrix: Any, weight: str | None) -> Given:
    if not hasattr(matrix, "tocoo") or matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        shape = getattr(matrix, "shape", type(matrix).__name__)
        raise KoubeiError(
            "as_network", "not a square sparse matrix", got=str(shape), allowed="(n, n)"
        )
    entries = matrix.tocoo(copy=True)
    entries.sum_duplicates()
    there = entries.data != 0
    src, dst, data = entries.coords[0][there], entries.coords[1][there], entries.data[there]
    if data.dtype.kind == "c":
        raise KoubeiError("as_network", "complex weights", got=str(data.dtype))
    weights = None if weight is None or data.dtype.kind == "b" or bool((data == 1).all()) else data
    return Given(src, dst, weights, True, matrix.shape[0])


def _igraph(graph: Any, weight: str | None) -> Given:
    if not hasattr(graph, "get_edgelist"):
        raise KoubeiError("as_network", "not a graph", got=type(graph).__name__, allowed=TAKEN)
    names = list(graph.vs["name"]) if "name" in graph.vs.attributes() else None
    weights = None
    if weight is not None and weight in graph.es.attributes():
        weights = _numbers(list(graph.es[weight]), "as_network")
    return _ended(graph.get_edgelist(), weights, graph.is_directed(), graph.vcount(), names)


def _networkit(graph: Any, weight: str | None) -> Given:
    if not hasattr(graph, "iterEdgesWeights"):
        raise KoubeiError("as_network", "not a graph", got=type(graph).__name__, allowed=TAKEN)
    nodes = list(graph.iterNodes())  # deleted nodes leave holes in the ids
    number = np.full(graph.upperNodeIdBound() + 1, -1, dtype=np.int64)
    number[nodes] = np.arange(len(nodes))
    listed = list(graph.iterEdgesWeights())
    ends = np.array([(u, v) for u, v, _ in listed], dtype=np.int64).reshape(-1, 2)
    weights = None
    if weight is not None and graph.isWeighted():
        weights = np.array([value for _, _, value in listed])
    return _ended(number[ends], weights, graph.isDirected(), len(nodes), nodes)


def _rustworkx(graph: Any, weight: str | None) -> Given:
    if not hasattr(graph, "weighted_edge_list"):
        raise KoubeiError("as_network", "not a graph", got=type(graph).__name__, allowed=TAKEN)
    nodes = list(graph.node_indexes())  # removed nodes leave holes
    number = {node: at for at, node in enumerate(nodes)}
    payloads = list(graph.nodes())
    # What hangs on the nodes are names only if it is text or whole numbers, all different.
    named = all(type(item) in (int, str) for item in payloads) and len(set(payloads)) == len(
        payloads
    )
    ends, values = [], []
    for u, v, payload in graph.weighted_edge_list():
        ends.append((number[u], number[v]))
        value = payload.get(weight) if isinstance(payload, dict) and weight is not None else payload
        values.append(value if isinstance(value, (int, float, np.number)) else None)
    weights = None if weight is None else _numbers(values, "as_network")
    own = type(graph).__name__ == "PyDiGraph" or hasattr(graph, "successors")
    return _ended(ends, weights, own, len(nodes), payloads if named else nodes)


def _frame(frame: Any, weight: str | None) -> Given:
    from koubei_sim.networks.table_edges import SOURCE_NAMES, TARGET_NAMES, WEIGHT_NAMES, column

    if hasattr(frame, "collect") and not hasattr(frame, "to_numpy"):
        frame = frame.collect()  # a polars query that has not run yet
    if not hasattr(frame, "columns") or getattr(frame, "ndim", 2) != 2:
        raise KoubeiError(
            "as_network", "not a frame of edges", got=type(frame).__name__, allowed=TAKEN
        )
    names = [str(item) for item in frame.columns]
    keys = list(frame.columns)
    first = column("as_network", None, SOURCE_NAMES, names, True)
    second = column("as_network", None, TARGET_NAMES, names, True)
    chosen = WEIGHT_NAMES if weight == "weight" else (str(weight).lower(),)
    third = None if weight is None else column("as_network", None, chosen, names, False)

    def cells(wanted: str) -> NDArray[Any]:
        values: NDArray[Any] = frame[keys[names.index(wanted)]].to_numpy()
        return values

    src, dst = cells(str(first)), cells(str(second))
    for where, values in ((first, src), (second, dst)):
        if values.dtype.kind == "O" and any(item is None or item != item for item in values):
            raise KoubeiError(f"column {where}", "no id in a row", got="missing")
    return Given(src, dst, None if third is None else cells(third), True)
