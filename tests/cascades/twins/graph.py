"""Arcs and contacts as docs/cascades.md speaks of them: numbered, with a source and a target.

Plain lists, read off the public arrays of a `Network` or `TemporalNetwork` layer by layer.  Used
by all twins in this folder, which share with the library only its draws and the codes of purposes.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Activation(NamedTuple):
    """One person becoming active; lists of these are what a twin returns.

    Attributes
    ----------
    time : float
        Step or time.
    person, parent : int
        Who, and through whom (-1: nobody).
    kind : int
        Brand; 0 positive or 1 negative; number of the infection.
    until : float
        End of the infection, infinite where there is none.
    """

    time: float
    person: int
    parent: int = -1
    kind: int = 0
    until: float = float("inf")


class Arcs(NamedTuple):
    """All arcs of a network.

    Attributes
    ----------
    n : int
        People.
    source, target, layer : list of int
        Of each arc.
    weight : list of float
        Of each arc (1 where the layer has none).
    row_start : list of int
        Number of the first arc of the row in which each arc lies.
    out, into : list of list of int
        Arcs out of and into each person, by arc number.
    """

    n: int
    source: list[int]
    target: list[int]
    layer: list[int]
    weight: list[float]
    row_start: list[int]
    out: list[list[int]]
    into: list[list[int]]

    def degree(self, person: int) -> int:
        """Return d(v), the number of arcs into a person."""
        return len(self.into[person])


def arcs_of(network: Any) -> Arcs:
    """Lay the layers of a network into one list of rows."""
    n = network.n_nodes
    source: list[int] = []
    target: list[int] = []
    layers: list[int] = []
    weight: list[float] = []
    row_start: list[int] = []
    out: list[list[int]] = [[] for _ in range(n)]
    into: list[list[int]] = [[] for _ in range(n)]
    for person in range(n):
        first = len(source)
        for number, layer in enumerate(network.layers):
            for place in range(int(layer.indptr[person]), int(layer.indptr[person + 1])):
                listener = int(layer.indices[place])
                out[person].append(len(source))
                into[listener].append(len(source))
                source.append(person)
                target.append(listener)
                layers.append(number)
                weight.append(1.0 if layer.weights is None else float(layer.weights[place]))
                row_start.append(first)
    return Arcs(n, source, target, layers, weight, row_start, out, into)


class Contacts(NamedTuple):
    """Contacts with time stamps, sorted by time: one single row that starts at 0."""

    n: int
    source: list[int]
    target: list[int]
    time: list[float]
    row_start: list[int]

    def moments(self) -> list[tuple[float, list[int]]]:
        """Return the time stamps in order, each with its contacts."""
        stamps: dict[float, list[int]] = {}
        for contact, time in enumerate(self.time):
            stamps.setdefault(time, []).append(contact)
        return sorted(stamps.items())


def contacts_of(network: Any) -> Contacts:
    """Read the contacts of a temporal network."""
    time = [float(t) for t in network.time]
    return Contacts(
        network.n_nodes,
        [int(u) for u in network.source],
        [int(v) for v in network.target],
        time,
        [0] * len(time),
    )
