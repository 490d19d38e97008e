"""A graph as the scripts of other packages hold it: names of people, and values on its ties.

`NamedGraph` numbers the nodes of a networkx graph (or whatever `as_network` takes) in the order in
which the graph lists them, and turns values given by pairs of names into one value an arc.
Called by the doors beside it.  Ties from a person to itself are dropped; parallel ties are one.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import number, shown, whole
from koubei_sim.core.draws import key_from
from koubei_sim.errors import KoubeiError
from koubei_sim.networks import Network, as_network, threads

Name = Hashable


def key_of(rng: Any) -> int:
    """Return the key of what numpy makes a generator of, refused in one line where it makes none.

    Examples
    --------
    >>> key_of(7)
    7
    """
    try:
        if isinstance(rng, np.random.BitGenerator):
            return key_from(np.random.Generator(rng))
        if isinstance(rng, (list, tuple, np.ndarray)):
            return key_from(np.random.SeedSequence([whole("rng", part) for part in rng]))
        return key_from(rng)
    except KoubeiError:
        raise
    except (ValueError, TypeError) as error:
        raise KoubeiError("rng", str(error).removeprefix("rng: ")) from None


def items(where: str, given: Any, allowed: str = "a list of nodes") -> list[Any]:
    """Return what is listed; a single thing is no list, nor is a text."""
    if isinstance(given, (str, bytes)) or not hasattr(given, "__iter__"):
        raise KoubeiError(where, "not a list", got=shown(given), allowed=allowed)
    try:
        return list(given)
    except TypeError:  # an array of no dimension
        raise KoubeiError(where, "not a list", got=shown(given), allowed=allowed) from None


class NamedGraph:
    """A graph with the names of its people.

    Parameters
    ----------
    graph : object
        A networkx graph, or anything else that `koubei_sim.as_network` takes.

    Attributes
    ----------
    network : Network
    names : list
        Names in order of number; the nodes themselves, whatever they are.
    number : dict
        Number of each name.

    Examples
    --------
    >>> found = NamedGraph(([0, 1], [1, 2]))
    >>> found.names, found.values({(0, 1): 0.5}, 0.1).tolist()
    ([0, 1, 2], [0.5, 0.1])
    """

    def __init__(self, graph: Any) -> None:
        with threads(1):  # listing the ties in Python takes longer than all that threads do
            self.network: Network = as_network(graph, weight=None)
        if hasattr(graph, "nodes") and hasattr(graph, "is_directed"):
            self.names: list[Name] = list(graph.nodes)
        elif self.network.labels is not None:
            self.names = self.network.labels.tolist()
        else:
            self.names = list(range(self.network.n_nodes))
        self.number = {name: at for at, name in enumerate(self.names)}

    @property
    def n(self) -> int:
        """Number of people."""
        return len(self.names)

    @property
    def directed(self) -> bool:
        """Whether a tie has one direction."""
        return self.network.layer().directed

    def numbers(self, where: str, names: Iterable[Name]) -> NDArray[np.int64]:
        """Return the numbers of some names, ascending and each once.

        Raises
        ------
        KoubeiError
            A name that the graph does not have.
        """
        found = set()
        for name in items(where, names):
            if not isinstance(name, Hashable) or name not in self.number:
                raise KoubeiError(where, "no such node", got=repr(name))
            found.add(self.number[name])
        return np.array(sorted(found), dtype=np.int64)

    def start(self, where: str, given: Any) -> NDArray[np.int64]:
        """Return numbers for one name or an iterable of names."""
        try:
            one = given in self.number
        except TypeError:  # a list cannot be a name
            one = False
        return self.numbers(where, [given] if one else given)

    @cached_property
    def _codes(self) -> NDArray[np.int64]:
        """Source and target of every arc as one number, ascending."""
        layer = self.network.layer()
        return layer.sources().astype(np.int64) * self.n + layer.indices

    def _places(self, where: str, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
        codes = pairs[:, 0] * self.n + pairs[:, 1]
        places = np.minimum(np.searchsorted(self._codes, codes), max(self._codes.size - 1, 0))
        if codes.size and (not self._codes.size or (self._codes[places] != codes).any()):
            wrong = int(np.flatnonzero(self._codes[places] != codes)[0]) if self._codes.size else 0
            u, v = (self.names[k] for k in pairs[wrong])
            raise KoubeiError(where, "no such tie", got=f"{u!r} - {v!r}")
        return places

    def values(
        self, given: Mapping[Any, float], missing: float, where: str = "edges"
    ) -> NDArray[np.float64]:
        """Return one value an arc, in order of arcs.

        Parameters
        ----------
        given : mapping of (name, name) to float
            In a mutual graph a value holds for both directions, unless the other direction has one
            of its own.
        missing : float
            Value of the ties that have none.
        where : str
            What to call it in an error.
        """
        out = np.full(self.network.n_arcs, missing, dtype=np.float64)
        for tie in given:
            if not isinstance(tie, (tuple, list)) or len(tie) < 2:
                raise KoubeiError(where, "not a tie", got=repr(tie), allowed="a pair of nodes")
            number(f"{where} of {tie[0]!r} - {tie[1]!r}", given[tie])
        rows = [(u, v) for u, v, *_ in given if u != v]
        for name in (name for row in rows for name in row):
            if name not in self.number:
                raise KoubeiError(where, "no such node", got=name)
        pairs = np.array([(self.number[u], self.number[v]) for u, v in rows], dtype=np.int64)
        pairs = pairs.reshape(-1, 2)
        numbers = np.array([given[key] for key in given if key[0] != key[1]], dtype=np.float64)
        places = self._places(where, pairs)
        if not self.directed:
            out[self._places(where, pairs[:, ::-1])] = numbers
        out[places] = numbers
        return out

    def attribute(self, graph: Any, label: str) -> NDArray[np.float64]:
        """Return an attribute of the edges of a networkx graph, one value an arc.

        Raises
        ------
        KoubeiError
            An edge without the attribute; parallel edges.
        """
        if not isinstance(label, str):
            raise KoubeiError("attribute of edges", "not a name", got=repr(label), allowed="text")
        given: dict[tuple[Name, Name], float] = {}
        for u, v, value in graph.edges(data=label, default=None):
            if value is None:
                raise KoubeiError(label, "missing on an edge", got=f"{u!r} - {v!r}")
            if (u, v) in given:
                raise KoubeiError(label, "on parallel edges", got=f"{u!r} - {v!r}")
            given[u, v] = value
        return self.values(given, 0.0, label)

    def shut(
        self, value: float | NDArray[np.float64], people: NDArray[np.int64]
    ) -> float | NDArray[np.float64]:
        """Return `value` (of all arcs, or one an arc) with 0 on the arcs into some people."""
        if not people.size:
            return value
        closed = np.zeros(self.n, bool)
        closed[people] = True
        return np.where(closed[self.network.layer().indices], 0.0, value)
