"""Who starts in a scenario: so many people, so many of them enthusiasts, by a strategy or by name.

A pure function of its arguments: ties and random choices are keyed draws of
`koubei_sim.networks.choosing`.  Called by `build`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.compiling import kernel
from koubei_sim.core.draws import exponential_units
from koubei_sim.errors import KoubeiError
from koubei_sim.model.mechanisms.population import enthusiasts
from koubei_sim.model.mechanisms.seeding import enthusiasts_wanted
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world.arrays import Graphs
from koubei_sim.model.world.population import Population
from koubei_sim.model.world.surrogate import surrogate
from koubei_sim.networks import Network, labelling
from koubei_sim.networks.choosing import Address, Rows, keyed_draws, smallest
from koubei_sim.networks.layer import Layer
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
    kind, wanted = kinds_wanted(scenario, enthusiast, table)
    if not wanted.any():
        return np.empty(0, dtype=np.int32)
    graph = None if rows is None else Rows(*rows)
    # A search that stops early would not reach the people allowed.
    most = (enthusiast.size, enthusiast.size)
    search = (int(wanted[0]), int(wanted[1])) if (kind >= 0).all() else most
    address = Address(key, replicate)
    if seeding.strategy == "active":
        draws = keyed_draws(address, "active", enthusiast.size)
        rank: NDArray[Any] = np.empty(enthusiast.size)
        _in_proportion(draws, activity, rank)
    else:
        rank, draws = ranks(seeding.strategy, graph, enthusiast, search, address, seeding.staff)
    chosen = [
        smallest(rank, draws, np.flatnonzero(kind == number), int(wanted[number]))
        for number in (0, 1)
    ]
    return np.sort(np.concatenate(chosen)).astype(np.int32)


def most_reach(
    scenario: Scenario, population: Population, graphs: Graphs, table: Any, key: int
) -> NDArray[np.int32]:
    """Choose the seeds of strategy ``reach``: those that reach most in the surrogate.

    Parameters
    ----------
    scenario : Scenario
    population : Population
    graphs : Graphs
    table : DataFrame or None
        What is known of people.
    key : int

    Returns
    -------
    (k,) int32 array
        Ascending.
    """
    kind, wanted = kinds_wanted(scenario, enthusiasts(scenario, population), table)
    arcs = surrogate(scenario, population, graphs, scenario.seeding.channel)
    network = Network((Layer("feeds", arcs.indptr, arcs.indices),))
    found = by_kinds(network, _face().IndependentCascade(arcs.chance), kind, wanted, key)
    return np.sort(found).astype(np.int32)


def by_kinds(
    network: Network, rule: Any, kind: NDArray[np.int64], wanted: NDArray[np.int64], key: int
) -> NDArray[np.int64]:
    """Return the people who reach most together, so many of each kind; best first.

    Parameters
    ----------
    network : Network
        Without labels.
    rule : Rule
        With live edges.
    kind : (n,) int64 array
        Kind of each person; -1: may not be chosen.
    wanted : (kinds,) int64 array
    key : int
    """
    quotas = dict(enumerate(wanted.tolist()))
    some = np.flatnonzero(kind >= 0)
    found = _face().seeding.maximise(
        network, rule, groups=kind, quotas=quotas, among=some, rng=key, by="row"
    )
    seeds: NDArray[np.int64] = found.seeds.astype(np.int64)
    return seeds


def _face() -> Any:
    """Return the front door: what proves reach stands on cascades, above the model.

    It must not be imported here, so it is asked for as a person would, like `Result.fork`.
    """
    return import_module(__name__.partition(".")[0])


def kinds_wanted(
    scenario: Scenario, enthusiast: NDArray[np.bool_], table: Any
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the kind of each (1 enthusiast, 0 not, -1 may not be a seed), and seeds of 0 and 1.

    Raises
    ------
    KoubeiError
        When there are not enough people of a kind.
    """
    seeding = scenario.seeding
    allowed = allowed_by(seeding.among, table, enthusiast.size)
    kind = enthusiast.astype(np.int64)
    if allowed is not None:
        kind[~allowed] = -1
    total = scenario.seed_agents
    pure = enthusiasts_wanted(total, seeding.purity)
    wanted = np.array([total - pure, pure])
    for number, there in enumerate(np.bincount(kind[kind >= 0], minlength=2)):
        if wanted[number] > there:
            name = ("newbies", "enthusiasts")[number]
            name += "" if allowed is None else " of seeding.among"
            raise KoubeiError(
                "seeding.purity",
                f"it takes {wanted[number]} {name}, {there} exist",
                got=seeding.purity,
                fix="another purity, or fewer seeds",
            )
    return kind, wanted


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
