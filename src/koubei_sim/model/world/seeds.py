"""Who starts in a scenario: so many people, so many of them enthusiasts, by a strategy or by name.

A pure function of its arguments: ties and random choices are keyed draws of
`koubei_sim.networks.choosing`.  Called by `build`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.compiling import kernel
from koubei_sim.core.draws import exponential_units
from koubei_sim.errors import KoubeiError
from koubei_sim.model.mechanisms.seeding import enthusiasts_wanted
from koubei_sim.model.scenario import Scenario
from koubei_sim.networks import labelling
from koubei_sim.networks.choosing import Address, Rows, keyed_draws, smallest
from koubei_sim.networks.seeding import ranks


def choose_seeds(
    scenario: Scenario,
    rows: tuple[NDArray[np.int64], NDArray[np.int32]] | None,
    enthusiast: NDArray[np.bool_],
    key: int,
    replicate: int = 0,
    names: NDArray[Any] | None = None,
    table: Any = None,
    activity: NDArray[np.float64] | None = None,
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
    activity : (N,) array, optional
        How active each is; needed for the strategy ``active``.

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
    allowed = allowed_by(seeding.among, table, enthusiast.size)
    total = scenario.seed_agents
    pure = enthusiasts_wanted(total, seeding.purity)
    wanted = (total - pure, pure)
    if total == 0:
        return np.empty(0, dtype=np.int32)
    graph = None if rows is None else Rows(*rows)
    # A search that stops early would not reach the people allowed.
    search = wanted if allowed is None else (enthusiast.size, enthusiast.size)
    address = Address(key, replicate)
    if seeding.strategy == "active":
        draws = keyed_draws(address, "active", enthusiast.size)
        rank: NDArray[Any] = np.empty(enthusiast.size)
        _in_proportion(draws, activity, rank)
    else:
        rank, draws = ranks(seeding.strategy, graph, enthusiast, search, address, seeding.staff)
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


@kernel
def _in_proportion(draws, weights, out):
    """Give ranks whose smallest are a sample without replacement in proportion to weights.

    Exponential times with these rates (Efraimidis and Spirakis 2006).
    """
    for i in range(out.size):
        out[i] = exponential_units(draws[i]) / weights[i] if weights[i] > 0.0 else np.inf


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


def allowed_by(
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
