"""Who is who in a run: what graphs call people, the rows of a table of people, the people made.

Graphs that lie in files are read here, once, so that a person of one file is the same person in
another and in a table.  Called by `build_world`, and by whoever shares a population among
replicates.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import NetworkSpec, Scenario
from koubei_sim.model.world.noted import note
from koubei_sim.model.world.population import (
    Population,
    Who,
    as_table,
    draw_population,
    match,
    notes_of_table,
    population_from_table,
)
from koubei_sim.networks import Layer, Network, find_data, read_network

#: Note of a graph: how many people it was given who do not stand in its file.
WITHOUT_TIES = "people without ties"


def who_is_who(scenario: Scenario, networks: Any, agents: Any) -> Who:
    """Return what people are called and the table of people in their order.

    Parameters
    ----------
    scenario : Scenario
    networks : Network, mapping of str to Network, or None
        What is supplied; graphs in files of the scenario are looked at, too.
    agents : table of people, Who or None
        Without it the one that the scenario names.

    Raises
    ------
    KoubeiError
        For a table that does not say who is who, or graphs that name different people.
    """
    if isinstance(agents, Who):
        return agents
    table = scenario.agents_table if agents is None else agents
    given = with_files(scenario, networks)
    labels, known = people_of(given)
    if table is None:
        if scenario.agents_by is not None:
            raise KoubeiError("agents_by", "there is no table of people", got=scenario.agents_by)
        return Who(labels, None, _without_ties(given))
    frame = as_table(table)
    numbered = labels is None and given is not None
    who = match(frame, labels, known, numbered, scenario.agents_by)
    return who._replace(notes=(*_without_ties(given), *who.notes, *notes_of_table(frame)))


def _without_ties(networks: Any) -> tuple[str, ...]:
    """Say how many people stand in no file of ties."""
    graphs = networks.items() if isinstance(networks, Mapping) else ()
    return tuple(
        note("without_ties", name=name, missing=network.notes[WITHOUT_TIES])
        for name, network in graphs
        if isinstance(network, Network) and WITHOUT_TIES in network.notes
    )


def people_of(networks: Any) -> tuple[NDArray[Any] | None, int]:
    """Return the labels of the people of graphs, in the order of rows, and how many are named.

    None where graphs only number people: without labels, or with the labels 0..n-1 in any order.
    """
    graphs = networks.values() if isinstance(networks, Mapping) else [networks]
    for network in graphs:
        if isinstance(network, Network) and network.labels is not None:
            labels = np.asarray(network.labels)
            if not is_numbering(labels):
                return labels, labels.size - int(network.notes.get(WITHOUT_TIES, 0))
    return None, 0


def is_numbering(labels: NDArray[Any]) -> bool:
    """Say whether labels are the numbers 0..n-1, in any order."""
    if labels.dtype.kind not in "iu":
        return False
    return bool(np.array_equal(np.sort(labels), np.arange(labels.size)))


def with_files(scenario: Scenario, networks: Any) -> Any:
    """Return the supplied graphs with those that the scenario has in files, None where none is."""
    if networks is not None and not isinstance(networks, Mapping):
        return networks
    found: dict[str, Any] = dict(networks or {})
    for name, channel in scenario.channels.items():
        spec = channel.network
        if spec is None or spec.kind != "file" or name in found:
            continue
        path = file_of(spec)
        if path is None and spec.stand_in != "refuse":
            continue  # drawn instead, with a warning, when the others are drawn
        try:
            found[name] = read_file(spec, path, scenario.n_agents)
        except KoubeiError as error:
            raise error.within(f"channels.{name}.network.") from None
    return found or None


def file_of(spec: NetworkSpec) -> Path | None:
    """Return the file of a graph, None where it is not here."""
    path = Path(str(spec.path)).expanduser()
    if path.is_file():
        return path
    try:
        return find_data(str(spec.path))
    except KoubeiError:
        return None


def read_file(spec: NetworkSpec, path: Path | None, n: int) -> Network:
    """Read a graph over `n` people; those who do not stand in it have no ties there."""
    if path is None:
        raise KoubeiError(
            "path",
            "no such file or data set",
            got=spec.path,
            fix="stand_in = 'small_world', or KOUBEI_DATA",
        )
    # Not directed is only the default: then it is asked what the file says.
    network = read_network(path, directed=spec.directed or None)
    if network.n_nodes > n:
        raise KoubeiError(
            "path",
            "more people in the file than simulated",
            got=network.n_nodes,
            allowed=f"n_agents = {n} or fewer",
            fix=f"n_agents = {network.n_nodes}",
        )
    missing = n - network.n_nodes
    if not missing:
        return network
    layer = network.layer()
    longer = np.concatenate([layer.indptr, np.full(missing, layer.n_arcs, dtype=np.int64)])
    layer = Layer(layer.name, longer, layer.indices, layer.weights, layer.directed)
    labels = None if network.labels is None else _continued(network.labels, missing)
    return Network((layer,), labels, {**network.notes, WITHOUT_TIES: missing})


def _continued(labels: NDArray[Any], more: int) -> NDArray[Any]:
    """Call people who do not stand in the file by numbers above the largest, or by such words."""
    if labels.dtype.kind in "iu":
        return np.concatenate([labels, int(labels.max()) + 1 + np.arange(more)])
    taken = set(labels.tolist())
    words = (f"without ties {k}" for k in range(1, more + labels.size + 1))
    fresh = [word for word in words if word not in taken][:more]
    return np.concatenate([labels, np.array(fresh)])


def build_population(
    scenario: Scenario,
    key: int,
    replicate: int = 0,
    agents: Any = None,
    networks: Any = None,
) -> Population:
    """Draw the people, or read them from a table.

    Parameters
    ----------
    scenario : Scenario
    key, replicate : int
        Address of the draws.
    agents : table of people or Who, optional
        Without it, the table of ``scenario.agents_table``, if any.
    networks : Network or mapping, optional
        Graphs whose labels say which row of the table is whom.

    Returns
    -------
    Population
    """
    who = who_is_who(scenario, networks, agents)
    if who.table is None:
        return draw_population(scenario, key, replicate)
    return population_from_table(scenario, who.table, key, replicate)
