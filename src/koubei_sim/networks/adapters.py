"""`as_network`: take the graph object of another library, or plain arrays, as a `Network`.

Objects are recognised by the module of their type, so none of those libraries is imported here.
"""

from __future__ import annotations

import os
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
    "(src, dst), (m, 2) array, list of pairs, dict of lists"
)
USUAL_WEIGHT = "weight"  # taken where it is there; any other attribute must be there


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
    found = _frame(obj, weight, source, target) if source or target else given(obj, weight)
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
        "pandas": _frame,
        "polars": _frame,
        "numpy": _array,
    }
    if isinstance(obj, (tuple, list)):
        return _pairs(obj)
    if isinstance(obj, dict):
        return _neighbours(obj)
    for kind in type(obj).__mro__:
        adapter = adapters.get(kind.__module__.split(".")[0])
        if adapter is not None and kind is not object:
            return adapter(obj, weight)
    if hasattr(obj, "aggregate") and hasattr(obj, "n_contacts"):
        raise KoubeiError("as_network", "contacts with time stamps", fix="network.aggregate()")
    is_path = isinstance(obj, (str, os.PathLike))
    fix = f"read_network({str(obj)!r})" if is_path else None
    raise KoubeiError("as_network", "not a graph", got=type(obj).__name__, allowed=TAKEN, fix=fix)


def _array(array: Any, weight: str | None) -> Given:
    if getattr(array, "ndim", 0) == 2 and array.shape[1] == 2:
        return Given(array[:, 0], array[:, 1], None, True)
    fix = None
    if getattr(array, "ndim", 0) == 2:
        if array.shape[0] == array.shape[1]:
            fix = "scipy.sparse.csr_array(array) if it is a matrix"
        elif array.shape[1] == 3:
            fix = "Network.from_edges(array[:, 0], array[:, 1], weight=array[:, 2])"
        elif array.shape[0] == 2:
            fix = "array.T"
    raise KoubeiError(
        "as_network",
        "array is not a list of edges",
        got=f"shape {np.shape(array)}",
        allowed="(m, 2)",
        fix=fix,
    )


def _pairs(obj: Any) -> Given:
    """Two lists of ends, or a list of edges: a tuple is the one, a list of tuples the other."""
    inner = all(isinstance(part, tuple) for part in obj)
    if len(obj) == 2 and all(_is_list(part) for part in obj):
        if len(obj[0]) == len(obj[1]) == 2 and isinstance(obj, tuple) == inner:
            raise KoubeiError(
                "as_network",
                "two pairs: either two edges, or two sources and two targets",
                got=repr(obj),
                fix="[(u, v), ...] for edges, ([u, ...], [v, ...]) for sources and targets",
            )
        # A list of two tuples of two or three items is a list of edges; else of sources, targets.
        if isinstance(obj, tuple) or not inner or not {len(obj[0]), len(obj[1])} <= {2, 3}:
            return Given(_column(obj[0], "src"), _column(obj[1], "dst"), None, True)
    if not all(isinstance(part, (tuple, list)) for part in obj):
        raise KoubeiError("as_network", "not a list of pairs", got=repr(obj)[:60], allowed=TAKEN)
    wrong = [part for part in obj if len(part) != 2]
    if wrong:
        raise KoubeiError(
            "as_network",
            "not a list of pairs",
            got=repr(wrong[0])[:60],
            allowed="(u, v)",
            fix="Network.from_edges(sources, targets, weight=weights)",
        )
    if not obj:
        return Given(np.empty(0, np.int64), np.empty(0, np.int64), None, True)
    ends = [_column([part[side] for part in obj], ("src", "dst")[side]) for side in (0, 1)]
    return Given(ends[0], ends[1], None, True)


def _is_list(part: Any) -> bool:
    kept_out = isinstance(part, (str, bytes, dict, set))
    return hasattr(part, "__len__") and getattr(part, "ndim", 1) == 1 and not kept_out


def _neighbours(obj: dict[Any, Any]) -> Given:
    """Take a dict of lists: who reaches whom; people without anyone are there too."""
    number: dict[Any, int] = {who: at for at, who in enumerate(obj)}
    ends = []
    for who, others in obj.items():
        if isinstance(others, (str, bytes)) or not hasattr(others, "__iter__"):
            raise KoubeiError("as_network", "not a dict of lists", got=f"{who!r}: {others!r}")
        if isinstance(others, dict) and any(isinstance(x, dict) for x in others.values()):
            raise KoubeiError(
                "as_network", "a dict of dicts", fix="networkx.from_dict_of_dicts(obj)"
            )
        for other in others:
            ends.append((number[who], number.setdefault(other, len(number))))
    return _ended(ends, None, True, len(number), list(number))


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
    missing = [value is None for value in values]
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
        return np.array([1.0 if value is None else float(value) for value in values])
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
    for u, v, value in graph.edges(data=weight if weight is not None else "", default=None):
        ends.append((number[u], number[v]))
        values.append(value)
    weights = None if weight is None else _numbers(values, weight)
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
    if weight is not None:
        there = weight in graph.es.attributes()
        weights = _numbers(list(graph.es[weight]) if there else [None] * graph.ecount(), weight)
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
    weights = None if weight is None else _numbers(values, weight)
    own = type(graph).__name__ == "PyDiGraph" or hasattr(graph, "successors")
    return _ended(ends, weights, own, len(nodes), payloads if named else nodes)


def _frame(
    frame: Any, weight: str | None, source: str | None = None, target: str | None = None
) -> Given:
    from koubei_sim.networks.table_edges import SOURCE_NAMES, TARGET_NAMES, WEIGHT_NAMES, column

    if hasattr(frame, "collect") and not hasattr(frame, "to_numpy"):
        frame = frame.collect()  # a polars query that has not run yet
    if not hasattr(frame, "columns") or getattr(frame, "ndim", 2) != 2:
        raise KoubeiError(
            "as_network", "not a frame of edges", got=type(frame).__name__, allowed=TAKEN
        )
    names = [str(item) for item in frame.columns]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise KoubeiError("as_network", "two columns have the same name", got=repr(twice[0]))
    keys = list(frame.columns)
    first = column("source", source, SOURCE_NAMES, names, True)
    second = column("target", target, TARGET_NAMES, names, True)
    if weight is None or weight == USUAL_WEIGHT:
        third = None if weight is None else column("weight", None, WEIGHT_NAMES, names, False)
    else:
        third = column("weight", weight, WEIGHT_NAMES, names, True)

    def cells(wanted: str | None) -> Any:
        return frame[keys[names.index(str(wanted))]].to_numpy()

    src, dst = (_column(cells(which), f"column {which}") for which in (first, second))
    weights = None
    if third is not None:
        weights = np.asarray(cells(third))
        if weights.dtype.kind == "O":
            weights = labelling.numbers(weights, f"column {third}")
        if weights.dtype.kind not in "iufb":
            raise KoubeiError(f"column {third}", "weights are not all numbers")
    return Given(src, dst, weights, True)


def _column(values: Any, where: str) -> NDArray[Any]:
    """Return ids as a list or a column holds them, whole numbers or text, none missing."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "iu":
        return values
    return labelling.as_labels(values, where)
