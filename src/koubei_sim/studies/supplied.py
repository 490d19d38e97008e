"""Networks and people of one's own in a sweep: what was handed over, its digests, its journey.

A plan holds digests of them only, so that a folder with another graph is refused; the objects
travel to each worker once.  An agent table is read here, once, because the machines of a cluster
need not see the file.  Made by `plan.make_sweep`; used by `pools` and `work`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim import provenance
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.model.world.population import as_table
from koubei_sim.networks import Network, as_network
from koubei_sim.networks.layer import Layer

if TYPE_CHECKING:
    import pandas as pd

    from koubei_sim.model.scenario import Scenario


@dataclass(frozen=True, eq=False)
class Supplied:
    """Networks and people that replace those of the scenario.

    Attributes
    ----------
    networks : Network, mapping of str to Network, or None
    agents : DataFrame or None
    digests : dict of str to str
        ``networks`` and ``agents``, as far as given: what makes one graph differ from another.
    """

    networks: Any = None
    agents: Any = None
    digests: dict[str, str] = field(default_factory=dict)

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

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel as bare arrays: what comes out of a pipe is writable, a network never is."""
        if isinstance(self.networks, Mapping):
            networks: Any = {name: _parts(net) for name, net in self.networks.items()}
        else:
            networks = None if self.networks is None else _parts(self.networks)
        return _arrive, (networks, self.agents, self.digests)


def supplied_from(networks: object, agents: str | Path | pd.DataFrame | None) -> Supplied | None:
    """Return what was handed over, None where nothing was.

    Raises
    ------
    KoubeiError
        For what is no network, or a table that cannot be read.

    Examples
    --------
    >>> from koubei_sim.networks import small_world
    >>> found = supplied_from({"weibo": small_world(50, 4.0, key=1)}, None)
    >>> list(found.digests), supplied_from(None, None) is None
    (['networks'], True)
    """
    if networks is None and agents is None:
        return None
    digests = {}
    nets: Any = None
    if networks is not None:
        nets = (
            {str(name): as_network(each) for name, each in networks.items()}
            if isinstance(networks, Mapping)
            else as_network(networks)
        )
        digests["networks"] = network_digest(nets)
    frame: Any = None
    if agents is not None:
        frame = as_table(agents)
        # Of the table, not of the file: the same people are the same sweep.
        digests["agents"] = provenance.agents_digest(frame)
    return Supplied(nets, frame, digests)


def network_digest(networks: Any) -> str:
    """Return the digest of networks, names of their nodes included (they say who is who)."""
    arcs = provenance.network_digest(networks)
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


def _parts(network: Network) -> tuple[Any, ...]:
    layers = [
        (layer.name, layer.indptr, layer.indices, layer.weights, layer.directed)
        for layer in network.layers
    ]
    return layers, network.labels


def _network(parts: tuple[Any, ...]) -> Network:
    layers, labels = parts
    return Network(tuple(Layer(*layer) for layer in layers), labels)


def _arrive(networks: Any, agents: Any, digests: dict[str, str]) -> Supplied:
    if isinstance(networks, Mapping):
        return Supplied({n: _network(parts) for n, parts in networks.items()}, agents, digests)
    return Supplied(None if networks is None else _network(networks), agents, digests)
