"""`as_network`: take the graph object of another library, or plain arrays, as a `Network`.

Objects are recognised by the module of their type, so none of those libraries is imported here.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim import checks
from koubei_sim.errors import KoubeiError
from koubei_sim.networks import labelling
from koubei_sim.networks.network import Network
from koubei_sim.networks.plain_edges import (
    TAKEN,
    USUAL_WEIGHT,
    Given,
    ended,
    from_array,
    from_frame,
    from_neighbours,
    from_pairs,
)

_NOTHING: Any = object()  # where an edge does not have the attribute


def as_network(
    obj: object,
    directed: bool | None = None,
    *,
    weight: str | None = USUAL_WEIGHT,
    name: str = "ties",
    merge: str | None = None,
    source: str | None = None,
    target: str | None = None,
    n: int | None = None,
    labels: Any = None,
) -> Network:
    """Return `obj` as a network of one layer.

    Parameters
    ----------
    obj : object
        A `Network`; a networkx graph of any class; a square scipy.sparse matrix or array (entry
        u, v is the arc from u to v); an igraph, networkit or rustworkx graph; a pandas or polars
        frame of edges (columns named as for `read_network`); a pair of arrays ``(src, dst)``; an
        (m, 2) array; a list of pairs ``[(u, v), ...]``; a dict ``{u: [v, ...]}``.  It is not
        changed.
    directed : bool, optional
        None: as the object says (matrices, frames, arrays, lists and dicts are taken as
        directed).  False drops directions; True reads each tie of an undirected graph as two arcs.
    weight : str or None
        Name of the edge attribute or column to keep as weight.  ``"weight"`` is taken where it is
        there, and edges of a graph without it weigh 1; any other must be there, on every edge.
        None: no weights.
    name : str
        Name of the layer.
    merge : {None, "add", "probability", "first", "last", "largest"}
        What parallel ties become, as for `Network.from_edges`.
    source, target : str, optional
        Columns of a frame that hold the ends of the edges, where they have no usual names.
    n, labels : optional
        Of arrays, lists, frames and matrices, as for `Network.from_edges`: how many people there
        are, their ids being rows; or what the rows are called.

    Returns
    -------
    Network
        Names of nodes that are not just 0..n-1 in order are kept as labels.

    Raises
    ------
    KoubeiError
        Something else, no nodes, wrong ids, an attribute that is not there.

    Examples
    --------
    >>> as_network(([0, 1], [1, 2]), directed=False).layer().heard_by(1).tolist()
    [0, 2]
    """
    if directed is not None:
        directed = checks.yes_no("directed", directed)
    if weight is not None and not isinstance(weight, str):
        raise KoubeiError(
            "weight", "not a name", got=repr(weight), allowed="an edge attribute, a column, or None"
        )
    own = isinstance(obj, Network)
    if not own and not (source is None and target is None) and not hasattr(obj, "columns"):
        raise KoubeiError("source, target", "columns of a frame", got=type(obj).__name__)
    if isinstance(obj, Network):
        if n is not None or labels is not None:
            raise KoubeiError("n, labels", "given, but a Network has its own people")
        return _redirected(obj, directed, merge)
    found = from_frame(obj, weight, source, target) if source or target else given(obj, weight)
    if found.names is not None and not (n is None and labels is None):
        raise KoubeiError("n, labels", "given, but the nodes of a graph are its people")
    if labels is not None:
        found = found._replace(names=labels if found.nodes is not None else None)
    return _build(found, directed, name, merge, n, labels)


def given(obj: Any, weight: str | None) -> Given:
    """Return the nodes and edges of an object that `as_network` takes (but a `Network`)."""
    adapters: dict[str, Callable[[Any, str | None], Given]] = {
        "networkx": _networkx,
        "scipy": _scipy,
        "igraph": _igraph,
        "networkit": _networkit,
        "rustworkx": _rustworkx,
        "pandas": from_frame,
        "polars": from_frame,
        "numpy": from_array,
    }
    if isinstance(obj, (tuple, list)):
        return from_pairs(obj)
    for kind in type(obj).__mro__:
        adapter = adapters.get(kind.__module__.split(".")[0])
        if adapter is not None and kind is not object:
            return adapter(obj, weight)
    if isinstance(obj, dict):
        return from_neighbours(obj)
    if hasattr(obj, "aggregate") and hasattr(obj, "n_contacts"):
        raise KoubeiError("as_network", "contacts with time stamps", fix="network.aggregate()")
    is_path = isinstance(obj, (str, os.PathLike))
    fix = f"read_network({str(obj)!r})" if is_path else None
    raise KoubeiError("as_network", "not a graph", got=type(obj).__name__, allowed=TAKEN, fix=fix)


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


def _build(
    found: Given,
    directed: bool | None,
    name: str,
    merge: str | None,
    n: int | None = None,
    given_labels: Any = None,
) -> Network:
    """Make the network; an undirected graph lists each tie once, whichever end comes first."""
    if found.nodes == 0:
        raise KoubeiError("as_network", "a graph without nodes", allowed="one or more")
    src, dst, weights = np.asarray(found.src), np.asarray(found.dst), found.weight
    if found.nodes is not None:
        if n is not None and n != found.nodes:
            raise KoubeiError("n", "does not fit the matrix", got=n, allowed=str(found.nodes))
        n = found.nodes
        src, dst = src.astype(np.int64), dst.astype(np.int64)
    if not found.as_list:
        src, dst = np.minimum(src, dst), np.maximum(src, dst)
        if directed is True:
            src, dst = np.concatenate((src, dst)), np.concatenate((dst, src))
            weights = None if weights is None else np.concatenate((weights, weights))
    labels = given_labels
    if found.names is not None and not all(
        isinstance(item, (int, np.integer)) and not isinstance(item, bool) and item == at
        for at, item in enumerate(found.names)
    ):
        labels = labelling.as_labels(found.names)
    elif (
        labels is None and found.nodes is None and not {src.dtype.kind, dst.dtype.kind} <= {*"iuf"}
    ):
        labels = "auto"
    return Network.from_edges(
        src,
        dst,
        n,
        weights,
        found.directed if directed is None else directed,
        labels,
        name=name,
        merge=merge,
    )


def _numbers(values: list[Any], weight: str) -> NDArray[np.float64] | None:
    """Return weights, where the usual name is missing 1; None where nothing has that name."""
    missing = [value is _NOTHING for value in values]
    if any(value is None for value in values):
        raise KoubeiError(
            "weight", "an edge has None for a weight", got=repr(weight), fix="weight=None"
        )
    if any(missing) and weight != USUAL_WEIGHT:
        raise KoubeiError(
            "weight",
            "no edge has this attribute" if all(missing) else "an edge is without this attribute",
            got=repr(weight),
            fix="weight=None",
        )
    if all(missing):
        return None
    wrong = [value for value in values if isinstance(value, (str, bytes))]
    try:
        if wrong:
            raise TypeError
        return np.array([1.0 if value is _NOTHING else float(value) for value in values])
    except (TypeError, ValueError):
        shown = repr((wrong or [weight])[0])
        raise KoubeiError(
            "weight", "edge weights are not numbers", got=shown, fix="weight=None"
        ) from None


def _networkx(graph: Any, weight: str | None) -> Given:
    if not hasattr(graph, "edges"):
        raise KoubeiError("as_network", "not a graph", got=type(graph).__name__, allowed=TAKEN)
    names = list(graph.nodes)
    number = {node: at for at, node in enumerate(names)}
    ends, values = [], []
    for u, v, data in graph.edges(data=True):
        ends.append((number[u], number[v]))
        values.append(data.get(weight, _NOTHING))
    weights = None if weight is None else _numbers(values, weight)
    return ended(ends, weights, graph.is_directed(), len(names), names)


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
    if weight is not None:
        there = weight in graph.es.attributes()
        weights = _numbers(list(graph.es[weight]) if there else [_NOTHING] * graph.ecount(), weight)
    return ended(graph.get_edgelist(), weights, graph.is_directed(), graph.vcount(), names)


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
    return ended(number[ends], weights, graph.isDirected(), len(nodes), nodes)


def _rustworkx(graph: Any, weight: str | None) -> Given:
    if not hasattr(graph, "weighted_edge_list"):
        raise KoubeiError("as_network", "not a graph", got=type(graph).__name__, allowed=TAKEN)
    nodes = list(graph.node_indexes())  # removed nodes leave holes
    number = {node: at for at, node in enumerate(nodes)}
    names = _hung(list(graph.nodes()))
    ends, values = [], []
    for u, v, payload in graph.weighted_edge_list():
        ends.append((number[u], number[v]))
        values.append(payload.get(weight, _NOTHING) if isinstance(payload, dict) else payload)
    if not any(isinstance(value, (int, float, np.number)) for value in values):
        values = [_NOTHING] * len(values)  # what hangs on the edges is something else
    weights = None if weight is None else _numbers(values, weight)
    own = type(graph).__name__ == "PyDiGraph" or hasattr(graph, "successors")
    return ended(ends, weights, own, len(nodes), nodes if names is None else names)


def _hung(payloads: list[Any]) -> list[Any] | None:
    """Return the names that hang on nodes: text or whole numbers, or those of dicts; else None.

    Names that are the same twice are refused where they become labels.
    """
    if payloads and all(isinstance(item, dict) for item in payloads):
        for word in ("label", "name"):
            if all(item.get(word) is not None for item in payloads):
                return [item[word] for item in payloads]
        return None
    named = payloads and all(type(item) in (int, str, tuple) for item in payloads)
    return payloads if named else None
