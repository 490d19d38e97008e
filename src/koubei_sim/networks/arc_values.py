"""Values per arc as people have them: an edge attribute by name, or a table keyed by endpoints.

The order in which a network keeps its arcs is its own business; here values find their arcs by
the people at both ends.  Called by the cascades.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim import checks
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.networks import adapters, labelling
from koubei_sim.networks.layer import union_rows
from koubei_sim.networks.network import Network
from koubei_sim.networks.plain_edges import SOURCE_NAMES, TARGET_NAMES


def arc_values(
    network: Network,
    values: Any,
    where: str,
    *,
    graph: Any = None,
    words: Sequence[str] = (),
) -> NDArray[np.float64]:
    """Return one value an arc, in the order of `Network.arcs`.

    Parameters
    ----------
    network : Network
    values : str, mapping or frame
        The name of an edge attribute (a column) of `graph`; a mapping ``{(u, v): value}``; or a
        pandas or polars frame of edges with one column of values (called like the argument,
        ``value`` or ``weight``, or the only further one).  People are named by label where the
        network has labels.
    where : str
        Name of the argument, for refusals.
    graph : object, optional
        The graph from which `network` was made.
    words : sequence of str
        Words that the argument knows beside names of attributes, for refusals.

    Raises
    ------
    KoubeiError
        An unknown attribute or person, a tie that is not there, an arc without a value.

    Examples
    --------
    >>> net = Network.from_edges(["b", "a"], ["a", "c"], labels="auto")
    >>> arc_values(net, {("b", "a"): 0.25, ("a", "c"): 0.5}, "p").tolist()
    [0.5, 0.25]
    """
    if isinstance(values, str):
        src, dst, found = _of_attribute(network, values, where, graph, words)
    elif isinstance(values, Mapping):
        src, dst, found = _of_mapping(network, values, where)
    else:
        src, dst, found = _of_frame(network, values, where)
    return _aligned(network, src, dst, found, where)


def same_order(network: Network, graph: Any) -> bool:
    """Whether a graph lists its edges just as its network lists its arcs (`Network.arcs`)."""
    held = adapters.given(graph, None)
    first, second = (ends.tolist() for ends in network.arcs())
    src, dst = np.asarray(held.src), np.asarray(held.dst)
    if held.nodes is not None:
        src, dst = network.people(src), network.people(dst)
    return bool(src.tolist() == first and dst.tolist() == second)


def _of_attribute(
    network: Network, name: str, where: str, graph: Any, words: Sequence[str]
) -> tuple[Any, Any, Any]:
    known = [] if graph is None else attribute_names(graph)
    if known is not None and name not in known:
        allowed = [*words, *known]
        raise KoubeiError(
            where,
            "no such edge attribute" + (" in a Network" if graph is None else ""),
            got=repr(name),
            allowed=", ".join(allowed) or "none is there",
            fix=nearest(name, allowed)
            or (f"as_network(graph, weight={name!r}) and 'weights'" if graph is None else None),
        )
    try:
        held = adapters.given(graph, name)
    except KoubeiError as error:
        if error.where != "weight":
            raise
        raise KoubeiError(where, error.what, got=error.got, fix="a value on every edge") from None
    if held.weight is None:
        raise KoubeiError(where, "the graph has no such edge attribute", got=repr(name))
    if held.nodes is None:
        named = adapters.as_network(graph)  # `network` may have been told to go by rows
        rows = [named.index_of(np.asarray(end), where=where) for end in (held.src, held.dst)]
        return rows[0], rows[1], held.weight
    return held.src, held.dst, held.weight


def attribute_names(graph: Any) -> list[str] | None:
    """Return the names of the edge attributes of a graph object; None where it cannot say."""
    kind = type(graph).__mro__[-2].__module__.split(".")[0]
    if hasattr(graph, "es") and hasattr(graph.es, "attributes"):
        return [str(name) for name in graph.es.attributes()]
    if hasattr(graph, "columns"):
        return [str(name) for name in graph.columns]
    if kind == "networkx" or (hasattr(graph, "edges") and callable(graph.edges)):
        return list(dict.fromkeys(str(key) for *_, data in graph.edges(data=True) for key in data))
    return None


def _of_mapping(network: Network, values: Mapping[Any, Any], where: str) -> tuple[Any, Any, Any]:
    pairs = list(values)
    wrong = [pair for pair in pairs if not isinstance(pair, tuple) or len(pair) not in (2, 3)]
    if wrong:
        raise KoubeiError(
            where, "keys are not pairs of people", got=repr(wrong[0]), allowed="{(u, v): value}"
        )
    src = network.index_of(labelling.as_labels([pair[0] for pair in pairs]), where=where)
    dst = network.index_of(labelling.as_labels([pair[1] for pair in pairs]), where=where)
    return src, dst, list(values.values())


def _of_frame(network: Network, frame: Any, where: str) -> tuple[Any, Any, Any]:
    frame = checks.collected(where, frame)
    if not hasattr(frame, "columns"):
        raise KoubeiError(
            where,
            "no values for arcs",
            got=type(frame).__name__,
            allowed="number, edge attribute, {(u, v): value}, frame with source, target and value",
        )
    names = [str(name) for name in frame.columns]
    others = [n for n in names if n.strip().lower() not in (*SOURCE_NAMES, *TARGET_NAMES)]
    usual = [name for name in (where, "value", "weight") if name in others]
    if not usual and len(others) != 1:
        raise KoubeiError(
            where, "which column holds the values", got=", ".join(names), fix=f"a column {where!r}"
        )
    held = adapters.given(frame, (usual or others)[0])
    src = network.index_of(np.asarray(held.src), where=where)
    dst = network.index_of(np.asarray(held.dst), where=where)
    return src, dst, held.weight


def _aligned(network: Network, src: Any, dst: Any, values: Any, where: str) -> NDArray[np.float64]:
    """Give every arc the value of its pair of people (rows)."""
    try:
        found = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise KoubeiError(where, "values are not all numbers") from None
    n = network.n_nodes
    first, second = np.asarray(src, np.int64), np.asarray(dst, np.int64)
    rows = union_rows(network)
    sources = np.repeat(np.arange(n, dtype=np.int64), np.diff(rows.indptr))
    arcs = sources * n + rows.indices
    mutual = not any(layer.directed for layer in network.layers)
    keys = first * n + second
    if mutual:  # a value of a tie is that of both arcs, unless each has its own
        back = second * n + first
        own = np.isin(back, keys)
        keys = np.concatenate((keys, back[~own]))
        found = np.concatenate((found, found[~own]))
    order = np.argsort(keys, kind="stable")
    ordered, found = keys[order], found[order]
    new = np.ones(ordered.size, np.bool_)
    new[1:] = ordered[1:] != ordered[:-1]
    starts = np.flatnonzero(new)
    if starts.size < ordered.size:
        differ = np.flatnonzero(~new[1:] & (found[1:] != found[:-1]))
        if differ.size:
            pair = divmod(int(ordered[differ[0]]), n)
            raise KoubeiError(
                where,
                "a pair has several values",
                got=_shown(network, pair),
                fix="as_network(graph, weight=..., merge='probability') and 'weights'",
            )
        ordered, found = ordered[starts], found[starts]
    if ordered.size:
        place = np.minimum(np.searchsorted(ordered, arcs), ordered.size - 1)
        missing = ordered[place] != arcs
    else:
        place, missing = np.zeros(arcs.size, np.int64), np.ones(arcs.size, np.bool_)
    if missing.any():
        pair = divmod(int(arcs[np.flatnonzero(missing)[0]]), n)
        raise KoubeiError(where, "no value for an arc", got=_shown(network, pair))
    loops = ordered // n == ordered % n
    extra = ~np.isin(ordered, arcs) & ~loops
    if extra.any():
        pair = divmod(int(ordered[np.flatnonzero(extra)[0]]), n)
        raise KoubeiError(where, "no such arc in the network", got=_shown(network, pair))
    return found[place] if arcs.size else np.empty(0)


def _shown(network: Network, pair: tuple[int, int]) -> str:
    ends = [one.item() for one in network.people(np.array(pair))]
    return f"{ends[0]!r} -> {ends[1]!r}"
