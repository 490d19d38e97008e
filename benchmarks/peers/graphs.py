"""The graphs of the comparison: one list of ties, handed to every package alike.

Chung-Lu graphs with a degree tail of exponent 2.5: person i has weight ``(i + i0)**(-2/3)``, both
ends of a tie are drawn by weight, loops and repeats are dropped, and each tie stands for two arcs.
`i0` is such that the largest expected degree is ``sqrt(n * mean degree)``, beyond which the
model itself breaks down (a probability of a tie above 1).  People are shuffled, so that hubs are
not neighbours in memory: real data is not sorted by degree either.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

EXPONENT = 2.5
GRAPH_KEY = 20_250_101


@dataclass(frozen=True)
class Graph:
    """Mutual ties as pairs and as rows; the arrays are shared by all packages, never changed."""

    name: str
    n: int
    source: NDArray[np.int32]  # one of the two people of each tie, the smaller number
    target: NDArray[np.int32]
    indptr: NDArray[np.int64]  # rows of both directions
    indices: NDArray[np.int32]

    @cached_property
    def degrees(self) -> NDArray[np.int64]:
        """Number of neighbours of each person, (n,)."""
        return np.diff(self.indptr)

    def seeds(self, number: int, degree: int = 0, key: int = 1) -> NDArray[np.int64]:
        """Return `number` different people of at least `degree`, the same at each call."""
        random = np.random.Generator(np.random.PCG64(key))
        people = np.flatnonzero(self.degrees >= degree)
        return np.sort(random.choice(people, number, replace=False))


def from_ties(name: str, n: int, source: NDArray, target: NDArray) -> Graph:
    """Lay ties (each once, no loops) out as rows, targets ascending within a row."""
    u = np.concatenate((source, target)).astype(np.int32)
    v = np.concatenate((target, source)).astype(np.int32)
    order = np.lexsort((v, u))
    indptr = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(u, minlength=n), out=indptr[1:])
    return Graph(name, n, source.astype(np.int32), target.astype(np.int32), indptr, v[order])


def _weights(n: int, mean_degree: float) -> NDArray[np.float64]:
    """Return expected degrees of mean `mean_degree`, the largest of them sqrt(n mean_degree)."""
    rank = np.arange(n, dtype=np.float64)
    low, high = 1e-3, 1e6
    for _ in range(80):
        shift = np.sqrt(low * high)
        weight = (rank + shift) ** (-1 / (EXPONENT - 1))
        weight *= mean_degree * n / weight.sum()
        if weight[0] > np.sqrt(mean_degree * n):
            low = shift
        else:
            high = shift
    return weight


def chung_lu(n: int, mean_degree: float, key: int = GRAPH_KEY) -> Graph:
    """Draw the graph of `n` people; a few per cent fewer ties than asked for are kept."""
    random = np.random.Generator(np.random.PCG64(key))
    bounds = np.cumsum(_weights(n, mean_degree))
    bounds /= bounds[-1]
    ties = int(mean_degree * n / 2)
    people = random.permutation(n)
    one = people[np.searchsorted(bounds, random.random(ties))]
    other = people[np.searchsorted(bounds, random.random(ties))]
    kept = one != other
    low, high = np.minimum(one, other)[kept], np.maximum(one, other)[kept]
    codes = np.unique(low.astype(np.int64) * n + high)
    return from_ties(f"{n:,} people, degree {mean_degree:g}", n, codes // n, codes % n)


SHAPES = {"100k": (100_000, 10), "1M": (1_000_000, 10), "1M deg 20": (1_000_000, 20)}


def graph(name: str) -> Graph:
    """Return one of `SHAPES` by name."""
    return chung_lu(*SHAPES[name])


def save(graph: Graph, path: str | Path) -> None:
    """Write the arrays, so that each package is handed the same ones."""
    arrays = {name: getattr(graph, name) for name in ("source", "target", "indptr", "indices")}
    np.savez(path, name=graph.name, n=graph.n, **arrays)


def load(path: str | Path) -> Graph:
    """Read what `save` wrote."""
    with np.load(path) as stored:
        rest = [stored[name] for name in ("source", "target", "indptr", "indices")]
        return Graph(str(stored["name"]), int(stored["n"]), *rest)
