"""The graph of each feed: generated, read from a file, or supplied; and the strength of its ties.

Arcs run among the members of a channel only.  Called by `build_networks` and `build_world`.
"""

from __future__ import annotations

import threading
import warnings
import weakref
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim import networks as generators
from koubei_sim.core.codes import MAX_CHANNELS
from koubei_sim.core.compiling import kernel
from koubei_sim.core.stopping import look
from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import Channel, NetworkSpec, Scenario
from koubei_sim.model.world.arrays import Graphs
from koubei_sim.model.world.population import Population, population_replicate
from koubei_sim.model.world.who import (
    build_population,
    file_of,
    is_numbering,
    people_of,
    read_file,
    with_files,
)
from koubei_sim.networks import Layer, Network, tie_strength

# The strength of ties takes as long as drawing the graph; replicates that share a graph share it.
# Keyed by the identity of the arrays, and dropped with them.
_strengths: dict[int, tuple[weakref.ref[Any], NDArray[np.uint8]]] = {}
_lock = threading.Lock()


def build_networks(
    scenario: Scenario,
    key: int,
    replicate: int = 0,
    population: Population | None = None,
    only: Collection[str] | None = None,
) -> Network | None:
    """Draw or read the graphs of all feeds.

    Parameters
    ----------
    scenario : Scenario
    key : int
        Key of the run.
    replicate : int
        Number of the replicate (without effect where the world is shared).
    population : Population, optional
        The people, if they are drawn already; else they are drawn here.
    only : collection of str, optional
        The feeds wanted; all of them without it.

    Returns
    -------
    Network or None
        One layer for each feed, named like the channel; None where there are only boards.

    Raises
    ------
    KoubeiError
        Naming the channel whose graph cannot be made.

    Examples
    --------
    >>> from koubei_sim.model.scenario import Scenario
    >>> build_networks(Scenario(n_agents=2000), key=1).names
    ('weibo', 'wechat', 'qzone')
    """
    if not scenario.feeds:
        return None
    if population is None:
        population = build_population(scenario, key, replicate)
    world = population_replicate(scenario, replicate)
    found = {}
    for c, (name, channel) in enumerate(scenario.channels.items()):
        if channel.network is None or (only is not None and name not in only):
            continue
        look()  # the other graphs may not be wanted any more
        members = np.flatnonzero(population.channels & np.uint8(1 << c)).astype(np.int32)
        try:
            found[name] = _draw(channel.network, population, members, key, world, c)
        except KoubeiError as error:
            raise error.within(f"channels.{name}.network.") from None
    return Network.stack(found)


def _draw(
    spec: NetworkSpec, people: Population, members: NDArray[np.int32], key: int, world: int, c: int
) -> Network:
    """Make one graph.

    Where the members are too few for the mean degree, everybody hears everybody; communities of
    a small world are made large enough for the degree.
    """
    n, count = people.n, int(members.size)
    if spec.kind == "file":
        return _file(spec, people, members, key, world, c)
    mean = spec.mean_degree
    if count < 2 or (mean == 0.0 and spec.kind not in ("lattice", "complete")):
        return Network.from_edges([], [], n=n, directed=spec.kind == "follow" or spec.directed)
    among: dict[str, Any] = {"key": int(key), "members": None if count == n else members}
    drawn = {**among, "replicate": world, "layer": c}
    crowded = mean >= count - 1
    if spec.kind == "complete" or (crowded and spec.kind != "lattice"):
        return generators.complete(n, **among)
    if spec.kind == "follow":
        cap = max(spec.audience_cap, min(1.0, 2.0 * mean / (count - 1)))  # of a few, more follow
        return generators.follow_graph(
            n, mean, spec.exponent, spec.homophily, people.segment, audience_cap=cap, **drawn
        )
    if spec.kind == "small_world":
        circle = 2 * int(np.ceil(mean / 2.0)) + 1  # people that a circle needs
        if circle > count:
            return generators.complete(n, **among)
        size = max(spec.community_size, 2 * circle)
        return generators.small_world(
            n, mean, spec.rewire, size, spec.homophily, people.segment, **drawn
        )
    if spec.kind == "configuration":
        return generators.configuration(None, n, mean, spec.exponent, **drawn)
    if spec.kind == "barabasi_albert":
        return generators.barabasi_albert(n, max(1, int(mean / 2.0 + 0.5)), **drawn)
    if spec.kind == "erdos_renyi":
        return generators.erdos_renyi(n, mean, None, spec.directed, **drawn)
    if spec.kind == "ring":
        return generators.ring(n, 2 * max(1, int(mean / 2.0 + 0.5)), **among)
    rows = spec.rows or int(count**0.5)
    if count % rows:
        raise KoubeiError(
            "rows",
            f"{count} members do not fill the lattice",
            got=rows,
            allowed="a divisor of the number of members",
        )
    return generators.lattice(rows, count // rows, spec.moore, n=n, **among)


def _file(
    spec: NetworkSpec, people: Population, members: NDArray[np.int32], key: int, world: int, c: int
) -> Network:
    """Read a graph, row i being person i; where it is not here, draw what may stand in for it."""
    path = file_of(spec)
    if path is None and spec.stand_in != "refuse":
        warnings.warn(
            f"network file {spec.path} is not here: a small world of the same mean degree "
            "stands in for it",
            stacklevel=2,
        )
        stand_in = spec.model_copy(update={"kind": "small_world", "path": None})
        return _draw(stand_in, people, members, key, world, c)
    return Network((read_file(spec, path, people.n).layer(),))


# Into the world ------------------------------------------------------------------------------


def complete_networks(
    scenario: Scenario, given: object, key: int, replicate: int, population: Population
) -> object:
    """Read the graphs that lie in files, draw those not given; what is given stays as it is."""
    given = with_files(scenario, given)
    if given is None:
        return build_networks(scenario, key, replicate, population)
    if not isinstance(given, Mapping):
        return given
    missing = [name for name in scenario.feeds if name not in given]
    if not missing:
        return given
    drawn = build_networks(scenario, key, replicate, population, missing)
    assert drawn is not None
    # Drawn over the rows of people, whatever these are called.
    return {**given, **{name: _Drawn((drawn.layer(name),)) for name in missing}}


class _Drawn(Network):
    """A graph that was drawn: its people are those of the run, and have no names of their own."""


def _same_people(networks: Mapping[str, Network]) -> dict[str, Layer]:
    """Return one layer each, in which a number means the same person.

    Labels that are the numbers 0..n-1 say who is who.  Other labels are taken in the order of
    the first graph that has any; a graph over the same labels in another order is put into it,
    and one that only numbers people is refused: nobody knows who they are.
    """
    first, _ = people_of(networks)
    named = next((name for name, each in networks.items() if _has_names(each)), None)
    found: dict[str, Layer] = {}
    for name, network in networks.items():
        if not _has_names(network):
            if first is not None and not isinstance(network, _Drawn):
                raise KoubeiError(
                    f"networks.{name}",
                    f"numbers its people, those of networks.{named} have names",
                    fix="labels for both, or nodes numbered 0..n-1 in both",
                )
            plain = network if network.labels is None else network.relabel(network.labels)
            found[name] = plain.layer()
            continue
        labels = np.asarray(network.labels)
        assert first is not None
        if labels is first or np.array_equal(labels, first):
            found[name] = network.layer()
            continue
        order = np.argsort(labels, kind="stable")
        known = np.argsort(first, kind="stable")
        if labels.size != first.size or not np.array_equal(labels[order], first[known]):
            raise KoubeiError(
                f"networks.{name}",
                f"its nodes have other names than those of networks.{named}",
                fix="one list of names for all graphs, or nodes numbered 0..n-1",
            )
        places = np.empty(labels.size, dtype=np.int64)
        places[order] = known
        found[name] = network.relabel(places).layer()
    return found


def _has_names(network: Network) -> bool:
    return network.labels is not None and not is_numbering(np.asarray(network.labels))


def as_layers(scenario: Scenario, networks: object) -> dict[str, Layer]:
    """Return the layer of each feed from what was supplied.

    Parameters
    ----------
    networks : Network, or mapping of channel names to networks of one layer
        A network of one layer serves a scenario of one feed, whatever its name.
    """
    feeds = scenario.feeds
    found: dict[str, Layer] = {}
    if networks is None and not feeds:
        return {}
    if isinstance(networks, Mapping):
        found = _same_people({str(name): network for name, network in networks.items()})
    elif isinstance(networks, Network):
        if len(feeds) == 1 and len(networks.layers) == 1:
            found = _same_people({feeds[0]: networks})
        else:
            plain = networks
            if networks.labels is not None and not _has_names(networks):
                plain = networks.relabel(networks.labels)
            found = {layer.name: layer for layer in plain.layers}
    else:
        raise KoubeiError(
            "networks",
            "wrong type",
            got=type(networks).__name__,
            allowed="Network, or a mapping of channels to Network",
        )
    for name in (*feeds, *found):
        if name not in found or name not in feeds:
            what = "no graph for this feed" if name in feeds else "no feed of this name"
            if name in scenario.channels and name not in feeds:
                what = "this channel is a board, it has no graph"
            raise KoubeiError(f"networks.{name}", what, allowed=", ".join(feeds) or "no feeds")
    for name, layer in found.items():
        if layer.n_nodes != scenario.n_agents:
            raise KoubeiError(
                f"networks.{name}",
                "another number of people than n_agents",
                got=layer.n_nodes,
                allowed=str(scenario.n_agents),
                fix=f"n_agents = {layer.n_nodes}",
            )
    return found


def build_graphs(scenario: Scenario, networks: object, population: Population) -> Graphs:
    """Return the arrays of all feeds, padded to 8 channels, without arcs of non-members."""
    layers = as_layers(scenario, networks)
    indptr, indices, ties = [], [], []
    for c, (name, channel) in enumerate(scenario.channels.items()):
        if name not in layers:
            indptr.append(np.zeros(1, dtype=np.int64))
            indices.append(np.empty(0, dtype=np.int32))
            ties.append(np.empty(0, dtype=np.uint8))
            continue
        look()
        layer = _among_members(layers[name], population, c)
        indptr.append(np.ascontiguousarray(layer.indptr))
        indices.append(np.ascontiguousarray(layer.indices))
        ties.append(_ties(layer, channel, name))
    for _ in range(MAX_CHANNELS - len(indptr)):
        indptr.append(np.zeros(1, dtype=np.int64))
        indices.append(np.empty(0, dtype=np.int32))
        ties.append(np.empty(0, dtype=np.uint8))
    return Graphs(tuple(indptr), tuple(indices), tuple(ties))


def _among_members(layer: Layer, population: Population, c: int) -> Layer:
    """Drop arcs that leave the members of channel c; the layer itself where there are none."""
    member = (population.channels >> np.uint8(c)) & np.uint8(1)
    if member.all():
        return layer
    indptr = np.zeros(layer.n_nodes + 1, dtype=np.int64)
    if _count_kept(layer.indptr, layer.indices, member, indptr) == layer.n_arcs:
        return layer
    kept = np.empty(int(indptr[-1]), dtype=np.int64)
    _write_kept(layer.indptr, layer.indices, member, kept)
    weights = None if layer.weights is None else layer.weights[kept]
    return Layer(layer.name, indptr, layer.indices[kept], weights, layer.directed)


@kernel
def _count_kept(indptr, indices, member, starts):
    for u in range(indptr.size - 1):
        count = 0
        if member[u]:
            for k in range(indptr[u], indptr[u + 1]):
                count += member[indices[k]]
        starts[u + 1] = starts[u] + count
    return starts[-1]


@kernel
def _write_kept(indptr, indices, member, kept):
    at = 0
    for u in range(indptr.size - 1):
        if member[u]:
            for k in range(indptr[u], indptr[u + 1]):
                if member[indices[k]]:
                    kept[at] = k
                    at += 1


def _ties(layer: Layer, channel: Channel, name: str) -> NDArray[np.uint8]:
    """Return the strength of each arc in 255ths: overlap, or weights against the largest."""
    if channel.tie == "none":
        return np.empty(0, dtype=np.uint8)
    if channel.tie == "weight":
        if layer.weights is None:
            raise KoubeiError(
                f"channels.{name}.tie",
                "its graph has no weights",
                got="weight",
                allowed="none, overlap",
                fix="overlap",
            )
        largest = float(layer.weights.max()) if layer.n_arcs else 1.0
        scaled = layer.weights.astype(np.float64) / (largest if largest > 0 else 1.0)
        return np.floor(scaled * 255.0 + 0.5).astype(np.uint8)
    identity = id(layer.indices)
    with _lock:
        held = _strengths.get(identity)
    if held is not None and held[0]() is layer.indices:
        return held[1]
    strengths = tie_strength(layer)

    def forget(_: object) -> None:
        _strengths.pop(identity, None)

    with _lock:
        _strengths[identity] = (weakref.ref(layer.indices, forget), strengths)
    return strengths
