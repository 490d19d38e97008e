"""Networks and people of one's own: converted once, digested once, wherever they then travel.

Every door that runs the model takes ``networks=`` and ``agents=``, and each makes one `Inputs` of
them.  A file of people is read here, because the machines of a cluster need not see it.
Made by `options.RunOptions`; read by `Simulation`, recipes and the plans of sweeps.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim import checks
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world import build
from koubei_sim.model.world.population import Who, as_table
from koubei_sim.model.world.population.reading import COLUMNS
from koubei_sim.networks import Network, as_network
from koubei_sim.networks.layer import Layer
from koubei_sim.storage import provenance

if TYPE_CHECKING:
    import pandas as pd


class Given(NamedTuple):
    """What a scenario is given.

    Attributes
    ----------
    networks : Network, mapping of str to Network, or None
        Graphs that are supplied or lie in files; None where all are drawn.
    who : Who
        What people are called, and their table.
    digest : str
        Of all of it as it was read: people and graphs made of it are the same where this is.
    lasting : bool
        Whether what is made of it may be kept for later calls.  Not where another graph stands in
        for a file that is not here: each call says so when it draws it.
    """

    networks: Any
    who: Who
    digest: str
    lasting: bool


class Inputs:
    """Networks and people that replace those of a scenario.

    Parameters
    ----------
    networks : Network, mapping of str to Network, or graphs of other libraries, optional
        One graph, or graphs by channel.
    agents : data frame (pandas, polars), mapping of columns, or path, optional
        Table of people.

    Attributes
    ----------
    networks : Network, mapping of str to Network, or None
    agents : DataFrame or None

    Raises
    ------
    KoubeiError
        For what is no network, or a table that cannot be read.

    Examples
    --------
    >>> from koubei_sim.networks import small_world
    >>> found = Inputs({"weibo": small_world(50, 4.0, key=1)})
    >>> list(found.digests), list(Inputs().digests)
    (['networks'], [])
    """

    def __init__(self, networks: object = None, agents: Any = None) -> None:
        self.networks: Any = None
        if isinstance(networks, Mapping):
            self.networks = {str(name): as_network(graph) for name, graph in networks.items()}
        elif networks is not None:
            self.networks = as_network(networks)
        self.agents: Any = None if agents is None else as_table(agents)
        self._given = agents  # of a path a recipe holds the digest of the file
        self._known: tuple[Any, Given] | None = None

    @cached_property
    def supplied(self) -> dict[str, str]:
        """Digests that a recipe holds: of the arcs, and of the table or its file."""
        found = {}
        if self.networks is not None:
            found["networks"] = provenance.network_digest(self.networks)
        if self.agents is not None:
            found["agents"] = agents_digest(self.agents, self._given)
        return found

    @cached_property
    def digests(self) -> dict[str, str]:
        """Digests that a plan holds: names of nodes count, and of a file only who stands in it."""
        found = {}
        if self.networks is not None:
            found["networks"] = _with_names(self.supplied["networks"], self.networks)
        if self.agents is not None:
            same = self._given is self.agents
            found["agents"] = self.supplied["agents"] if same else agents_digest(self.agents)
        return found

    def of(self, scenario: Scenario) -> Given:
        """Return the graphs that a scenario is given, those of its files too, and who is who.

        Kept for the next scenario that names the same files.

        Raises
        ------
        KoubeiError
            For a file that cannot be read, a table that does not say who is who, or graphs that
            name different people.
        """
        files = [
            (name, channel.network)
            for name, channel in scenario.channels.items()
            if channel.network is not None and channel.network.kind == "file"
        ]
        asked = (scenario.n_agents, scenario.agents_table, scenario.agents_by, files)
        known = self._known
        if known is None or known[0] != asked:
            networks = build.with_files(scenario, self.networks)
            who = build.who_is_who(scenario, networks, self.agents)
            here = networks if isinstance(networks, Mapping) else {}
            lasting = isinstance(networks, Network) or all(name in here for name, _ in files)
            found = Given(networks, who, self._digest(networks, who), lasting)
            known = self._known = asked, found
        return known[1]

    def _digest(self, networks: Any, who: Who) -> str:
        """Return a digest of graphs and of a table of people as they were read.

        `digests` take labels and cells as texts: 1 and "1" are alike there, but call different
        people.
        """
        found: list[Any] = []
        if networks is not None:
            named = networks if isinstance(networks, Mapping) else {"": networks}
            known = networks == self.networks  # none of them came from a file
            found = [self.supplied["networks"] if known else provenance.network_digest(networks)]
            found += [
                [name, None if network.labels is None else _exact(network.labels)]
                for name, network in named.items()
            ]
        if who.table is not None:
            found.append([repr(name) for name in who.table.columns])
            found += [_exact(who.table[name]) for name in COLUMNS if name in who.table.columns]
        return hashlib.sha256(json.dumps(found).encode()).hexdigest()

    def check(self, scenario: Scenario) -> None:
        """Refuse graphs that do not fit the scenario, before anything runs.

        Raises
        ------
        KoubeiError
            For a channel that has no feed, or another number of people.
        """
        named = self.networks if isinstance(self.networks, Mapping) else {}
        sizes = {f"networks.{name}": network.n_nodes for name, network in named.items()}
        for name in named:
            if name not in scenario.feeds:
                raise KoubeiError(
                    f"networks.{name}",
                    "not a feed of the scenario",
                    allowed=", ".join(scenario.feeds) or "no feeds",
                    fix=nearest(name, scenario.feeds),
                )
        if isinstance(self.networks, Network):
            sizes["networks"] = self.networks.n_nodes
        if self.agents is not None:
            sizes["agents"] = len(self.agents)
        for where, size in sizes.items():
            if size != scenario.n_agents:
                raise KoubeiError(
                    where,
                    "another number of people than n_agents",
                    got=size,
                    allowed=str(scenario.n_agents),
                    fix=f"n_agents = {size}",
                )

    def __bool__(self) -> bool:
        """Say whether anything was handed over."""
        return self.networks is not None or self.agents is not None

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel as bare arrays: what comes out of a pipe is writable, a network never is."""
        networks: Any = None
        if isinstance(self.networks, Mapping):
            networks = {name: _parts(network) for name, network in self.networks.items()}
        elif self.networks is not None:
            networks = _parts(self.networks)
        return _arrive, (networks, self.agents, self.supplied, self.digests)


def _with_names(arcs: str, networks: Any) -> str:
    """Return the digest of networks, names of their nodes included (they say who is who)."""
    named = networks if isinstance(networks, Mapping) else {"": networks}
    labels = [
        f"{name}={_label_digest(np.asarray(network.labels))}"
        for name, network in sorted(named.items())
        if network.labels is not None
    ]
    if not labels:
        return arcs
    return hashlib.sha256(";".join([arcs, *labels]).encode()).hexdigest()


def _label_digest(labels: NDArray[Any]) -> str:
    # Numbers and texts that look like them name people in different ways.
    text = "\n".join([labels.dtype.kind, *labels.astype(str).tolist()])
    return hashlib.sha256(text.encode()).hexdigest()


def _exact(cells: Any) -> str:
    """Return a digest of labels or cells that tells 1 from "1" and from 1.0."""
    values = np.asarray(cells)
    if values.dtype.kind in "biufUS":
        return provenance.array_digest(values)
    text = json.dumps([f"{type(cell).__name__} {cell!r}" for cell in values.tolist()])
    return hashlib.sha256(f"{values.dtype} {text}".encode()).hexdigest()


def _parts(network: Network) -> tuple[Any, ...]:
    layers = [
        (layer.name, layer.indptr, layer.indices, layer.weights, layer.directed)
        for layer in network.layers
    ]
    return layers, network.labels


def _network(parts: tuple[Any, ...]) -> Network:
    layers, labels = parts
    return Network(tuple(Layer(*layer) for layer in layers), labels)


def _arrive(
    networks: Any, agents: Any, supplied: dict[str, str], digests: dict[str, str]
) -> Inputs:
    found = Inputs(None, agents)
    if isinstance(networks, Mapping):
        found.networks = {name: _network(parts) for name, parts in networks.items()}
    elif networks is not None:
        found.networks = _network(networks)
    # They are known: nothing is digested twice.
    found.__dict__.update(supplied=supplied, digests=digests)
    return found


def agents_digest(table: pd.DataFrame, given: object = None) -> str:
    """Return the digest of a table of people: of the file at a path, or of what the table holds.

    The index counts where it may name people, that is unless it is 0..n-1.
    """
    if isinstance(given, (str, os.PathLike)):
        path = checks.path("agents", given)
        if path.is_file():
            with open(path, "rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
    trivial = table.index.nlevels == 1 and table.index.dtype.kind in "iu"
    trivial = trivial and np.array_equal(table.index, np.arange(len(table)))
    return hashlib.sha256(table.to_csv(index=not trivial).encode()).hexdigest()
