"""Who starts: strategies that choose the seed users.

`choose_seeds` is what `build` calls with a scenario; `random`, `degree`, `kshell`,
`nomination`, `community` and `staff_friends` choose on a bare network, for cascades and
studies.  All are pure functions of their arguments: ties and random choices are keyed draws.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim import checks
from koubei_sim.errors import KoubeiError
from koubei_sim.networks import TemporalNetwork, as_network, labelling
from koubei_sim.networks.edges import MAX_NODES
from koubei_sim.seeding.strategies import Address, Rows, ranks, smallest
from koubei_sim.spec import Scenario
from koubei_sim.spec.checks import enthusiasts_wanted

__all__ = [
    "choose_seeds",
    "community",
    "degree",
    "kshell",
    "nomination",
    "random",
    "staff_friends",
]


def choose_seeds(
    scenario: Scenario,
    rows: tuple[NDArray[np.int64], NDArray[np.int32]] | None,
    enthusiast: NDArray[np.bool_],
    key: int,
    replicate: int = 0,
    names: NDArray[Any] | None = None,
    table: Any = None,
) -> NDArray[np.int32]:
    """Choose the seeds of a scenario.

    Parameters
    ----------
    scenario : Scenario
        Its `seeding` says number, purity and strategy.  The number of enthusiasts is
        ``number * purity`` rounded half up; `number` counts people, so it is divided by
        `people_per_agent`.  Strategy ``ids`` takes these very people.
    rows : (indptr, indices) or None
        Graph of the feed that the strategy looks at.
    enthusiast : (N,) bool array
    key, replicate : int
    names : (N,) array, optional
        What people are called; without it rows are their names.
    table : DataFrame, optional
        What is known of people, one row each.

    Returns
    -------
    (k,) int32 array
        Ascending.

    Raises
    ------
    KoubeiError
        When there are not enough people of a kind, or one of `ids` is nobody.
    """
    seeding = scenario.seeding
    if seeding.strategy == "ids":
        return _named_seeds(seeding.ids, names, enthusiast.size, seeding.ids_by)
    allowed = _allowed(seeding.among, table, enthusiast.size)
    total = scenario.seed_agents
    pure = enthusiasts_wanted(total, seeding.purity)
    wanted = (total - pure, pure)
    if total == 0:
        return np.empty(0, dtype=np.int32)
    graph = None if rows is None else Rows(*rows)
    # A search that stops early would not reach the people allowed.
    search = wanted if allowed is None else (enthusiast.size, enthusiast.size)
    rank, draws = ranks(
        seeding.strategy, graph, enthusiast, search, Address(key, replicate), seeding.staff
    )
    chosen = []
    for kind, number in enumerate(wanted):
        mine = enthusiast == bool(kind)
        ids = np.flatnonzero(mine if allowed is None else mine & allowed)
        if number > ids.size:
            name = ("newbies", "enthusiasts")[kind]
            name += "" if allowed is None else " of seeding.among"
            raise KoubeiError(
                "seeding.purity",
                f"it takes {number} {name}, {ids.size} exist",
                got=seeding.purity,
                fix="another purity, or fewer seeds",
            )
        chosen.append(smallest(rank, draws, ids, number))
    return np.sort(np.concatenate(chosen)).astype(np.int32)


def _named_seeds(
    ids: tuple[int | str, ...], names: NDArray[Any] | None, n: int, by: str | None
) -> NDArray[np.int32]:
    where = "seeding.ids"
    if by == "label" and names is None:
        raise KoubeiError(
            "seeding.ids_by", "people of this run have no labels", got=by, allowed="row"
        )
    labels = None if by == "row" else names
    try:
        rows = labelling.index_of(labels, n, np.array(_alike(ids, where)), where)
    except KoubeiError as error:
        fix = error.fix
        if labels is not None and isinstance(ids[0], int):
            fix = "seeding.ids_by = 'row' for rows"
        elif fix is not None and "by=" in fix:
            fix = f"a label such as {names[0].item()!r}" if names is not None else None
        raise KoubeiError(
            error.where, error.what, got=error.got, allowed=error.allowed, fix=fix
        ) from None
    return np.sort(rows).astype(np.int32)


def _alike(ids: tuple[int | str, ...], where: str) -> list[int | str]:
    if len({type(one) for one in ids}) > 1:
        raise KoubeiError(where, "text and numbers are mixed", got=str(list(ids)))
    return list(ids)


def _allowed(
    among: Mapping[str, tuple[Any, ...]] | None, table: Any, n: int
) -> NDArray[np.bool_] | None:
    """Return of whom a table says what is asked for."""
    if not among:
        return None
    found = np.ones(n, dtype=np.bool_)
    for column, entries in among.items():
        where = f"seeding.among.{column}"
        if table is None or column not in table.columns:
            known = [] if table is None else [str(name) for name in table.columns]
            raise KoubeiError(
                where,
                "no such column in the table of people" if known else "no table of people",
                allowed=", ".join(known) or None,
                fix="agents= with this column" if table is None else None,
            )
        for entry in entries:
            if not (table[column] == entry).any():
                kinds = sorted({repr(value) for value in table[column].head(1000).tolist()})
                raise KoubeiError(
                    where, "nobody has this", got=repr(entry), allowed=", ".join(kinds[:8])
                )
        found &= table[column].isin(list(entries)).to_numpy(dtype=bool)
    return found


def _pick(
    strategy: str, graph: Any, k: Any, layer: str | None, key: Any, by: str, staff: Any = 10
) -> NDArray[Any]:
    """Choose `k` people of one kind, best first."""
    if isinstance(graph, TemporalNetwork):
        raise KoubeiError("network", "contacts with time stamps", fix="network.aggregate()")
    network = as_network(graph)
    found = network.layer(layer)
    chosen = _rows(strategy, Rows(found.indptr, found.indices), network.n_nodes, k, key, staff)
    checks.word("by", by, ("label", "row"))
    return network.people(chosen) if by == "label" else chosen


def _rows(
    strategy: str, rows: Rows | None, n: int, k: Any, key: Any, staff: Any = 10
) -> NDArray[np.int32]:
    k = checks.whole("k", k, 0, n)
    key = checks.whole("key", key, 0, 2**64 - 1)
    staff = checks.whole("staff", staff, 1)
    nobody = np.zeros(n, dtype=np.bool_)
    rank, draws = ranks(strategy, rows, nobody, (k, 0), Address(key, 0), staff)
    return smallest(rank, draws, np.arange(n), k).astype(np.int32)


def random(n: Any, k: int, *, key: int, by: str = "label") -> NDArray[Any]:
    """Return `k` people: those with the smallest keyed draws.

    Parameters
    ----------
    n : int, or a graph as for `degree`
        How many people there are, or they themselves.
    k, key, by
        As for `degree`.

    Examples
    --------
    >>> set(random(100, 3, key=1)) < set(random(100, 5, key=1))
    True
    """
    if isinstance(n, (int, float, np.number)):
        return _rows("random", None, checks.whole("n", n, 1, MAX_NODES), k, key)
    return _pick("random", n, k, None, key, by)


def degree(
    network: Any, k: int, *, layer: str | None = None, key: int = 0, by: str = "label"
) -> NDArray[Any]:
    """Return the `k` people with the most listeners, best first.

    Parameters
    ----------
    network : Network, or any graph that `as_network` takes
    k : int
        How many people, 0 to all.
    layer : str, optional
        Which layer of a network of several.
    key : int
        Decides ties and random choices, 0..2**64-1.
    by : {"label", "row"}
        What is returned: labels where the network has labels (as `cascade` takes them), or rows.

    Returns
    -------
    (k,) array
        Labels, or int32 rows.

    Examples
    --------
    >>> from koubei_sim import Network
    >>> star = Network.from_edges([0, 0, 0], [1, 2, 3])
    >>> degree(star, 1).tolist()
    [0]
    >>> degree(Network.from_edges(["hub", "hub"], ["li", "wu"], labels="auto"), 1).tolist()
    ['hub']
    """
    return _pick("degree", network, k, layer, key, by)


def kshell(
    network: Any, k: int, *, layer: str | None = None, key: int = 0, by: str = "label"
) -> NDArray[Any]:
    """Return the `k` people with the highest core numbers (Kitsak et al. 2010), best first.

    Arguments as for `degree`.
    """
    return _pick("kshell", network, k, layer, key, by)


def nomination(
    network: Any, k: int, *, layer: str | None = None, key: int = 0, by: str = "label"
) -> NDArray[Any]:
    """Return `k` people named by random people as one of their listeners, first named first.

    Arguments as for `degree`.
    """
    return _pick("nomination", network, k, layer, key, by)


def community(
    network: Any, k: int, *, layer: str | None = None, key: int = 0, by: str = "label"
) -> NDArray[Any]:
    """Return a keyed person and the `k` - 1 fewest steps away, nearest first.

    Arguments as for `degree`.
    """
    return _pick("community", network, k, layer, key, by)


def staff_friends(
    network: Any,
    k: int,
    *,
    staff: int = 10,
    layer: str | None = None,
    key: int = 0,
    by: str = "label",
) -> NDArray[Any]:
    """Return `staff` keyed people, then their friends, friends of friends, ... up to `k`.

    Other arguments as for `degree`.
    """
    return _pick("staff_friends", network, k, layer, key, by, staff)


def __getattr__(name: str) -> Any:
    """Name the strategies there are when another is asked for."""
    from koubei_sim.errors import nearest

    near = nearest(name, __all__)
    raise AttributeError(f"no strategy {name!r}" + (f", try {near}" if near else ""))
