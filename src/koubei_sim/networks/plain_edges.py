"""Edges in arrays, lists, dicts and frames, before they become a network; usual names of columns.

Called by `adapters`, which knows the objects of graph libraries, and by the readers of tables.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim import checks
from koubei_sim.errors import KoubeiError
from koubei_sim.networks import labelling

TAKEN = (
    "Network, networkx, scipy.sparse, igraph, networkit, rustworkx, pandas or polars frame, "
    "(src, dst), (m, 2) array, list of pairs, dict of lists"
)
SOURCE_NAMES = (
    "source", "src", "from", "u", "i", "node1", "fromnodeid", "from_node_id", "from_id", "fromid",
    "source_id", "sourceid", "from_node", "sender", "node_1", "id1", "id_1", "user1", "user_1",
)  # fmt: skip
TARGET_NAMES = (
    "target", "dst", "to", "v", "j", "node2", "tonodeid", "to_node_id", "to_id", "toid",
    "target_id", "targetid", "to_node", "receiver", "node_2", "id2", "id_2", "user2", "user_2",
)  # fmt: skip
WEIGHT_NAMES = ("weight", "w", "strength", "weights")
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


def ended(
    ends: Any, weights: Any, own: bool, count: int, names: list[Any] | None, as_list: bool = False
) -> Given:
    """Return what a graph with numbered nodes holds."""
    pairs = np.asarray(ends, dtype=np.int64).reshape(-1, 2)
    return Given(pairs[:, 0], pairs[:, 1], weights, own, count, names, own or as_list)


def from_array(array: Any, weight: str | None) -> Given:
    """Take an array of shape (m, 2)."""
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


def from_pairs(obj: Any) -> Given:
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


def from_neighbours(obj: dict[Any, Any]) -> Given:
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
    return ended(ends, None, True, len(number), list(number))


def from_frame(
    frame: Any, weight: str | None, source: str | None = None, target: str | None = None
) -> Given:
    """Take a frame of pandas or polars, its columns by their usual names or those given."""
    frame = checks.collected("as_network", frame)
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
        third = None if third in (first, second) else third  # an end, whatever it is called
    else:
        third = column("weight", weight, WEIGHT_NAMES, names, True)
    if first == second or (third is not None and third in (first, second)):
        raise KoubeiError("as_network", "one column for two things", got=third or first,
                          allowed="a column each for source, target and weight")  # fmt: skip

    def cells(wanted: str | None) -> Any:
        return frame[keys[names.index(str(wanted))]].to_numpy()

    src, dst = (_column(cells(which), f"column {which}") for which in (first, second))
    own, types = True, next((name for name in names if name.strip().lower() == "type"), None)
    if types is not None and types not in (first, second):
        own = direction_of(f"column {types}", cells(types)) is not False
    weights = None
    if third is not None:
        weights = np.asarray(cells(third))
        if weights.dtype.kind == "O":
            weights = labelling.numbers(weights, f"column {third}")
        if weights.dtype.kind not in "iufb":
            raise KoubeiError(f"column {third}", "weights are not all numbers")
    return Given(src, dst, weights, own)


def _column(values: Any, where: str) -> NDArray[Any]:
    """Return ids as a list or a column holds them, whole numbers or text, none missing."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "iu":
        return values
    return labelling.as_labels(values, where)


def column(
    where: str, given: str | None, usual: tuple[str, ...], names: list[str], needed: bool
) -> str | None:
    """Return the column to use: the one given, else the first usual name that is there."""
    if given is not None:
        checks.one_of(where, given, names, "no such column")
        return given
    lower = {name.strip().lower(): name for name in reversed(names)}
    for word in usual:
        if word in lower:
            return lower[word]
    if needed:
        raise KoubeiError(
            where,
            f"no {usual[0]} column",
            got=", ".join(names),
            fix=f"{usual[0]}= with the name of the one that is meant",
        )
    return None


def direction_of(where: str, words: Iterable[Any]) -> bool | None:
    """Return whether a column of types (Gephi) says directed or undirected; None: neither."""
    said = {str(word).strip().lower() for word in words}
    if not said & {"directed", "undirected"}:
        return None
    if len(said) > 1:
        raise KoubeiError(
            where,
            "some edges are directed and some are not",
            got=", ".join(sorted(said)),
            fix="two tables, or the column taken out and undirected edges in both directions",
        )
    return said == {"directed"}
