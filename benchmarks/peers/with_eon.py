"""EoN 2.0 (Python on networkx): discrete SIR as independent cascade, SIR in continuous time.

`basic_discrete_SIR` is an independent cascade (infectious for one step).  Weighted cascades go
through `discrete_SIR` with a test of one's own.  A graph of 100,000 people takes seconds to
build; the million is left out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .graphs import Graph
from .measure import Sample, each


def as_networkx(graph: Graph):
    """Return the graph as `networkx.Graph` with people 0..n-1."""
    import networkx

    result = networkx.Graph()
    result.add_nodes_from(range(graph.n))
    result.add_edges_from(zip(graph.source.tolist(), graph.target.tolist()))
    return result


class EoN:
    """Adapter; the size is what is no longer susceptible at the end."""

    name = "EoN"

    def __init__(self, graph: Graph) -> None:
        self.graph, self.ties = graph, as_networkx(graph)
        self.by_target = (1.0 / np.maximum(graph.degrees, 1)).tolist()

    def _runs(self, runs: int, simulate) -> Sample:
        return each(runs, lambda run: self.graph.n - int(simulate()[1][-1]))

    def independent(self, p: float, seeds: NDArray, runs: int, key: int) -> Sample:
        """Independent cascade with one probability."""
        import EoN as package

        random, people = np.random.default_rng(key), seeds.tolist()
        return self._runs(
            runs, lambda: package.basic_discrete_SIR(self.ties, p, people, rng=random)
        )

    def weighted(self, seeds: NDArray, runs: int, key: int) -> Sample:
        """Independent cascade with 1 / degree of the target."""
        import EoN as package

        random, people, p = np.random.default_rng(key).random, seeds.tolist(), self.by_target

        def test(u: int, v: int) -> bool:
            return random() < p[v]

        return self._runs(runs, lambda: package.discrete_SIR(self.ties, test, (), people))

    def sir_times(self, tau: float, gamma: float, seeds: NDArray, runs: int, key: int) -> Sample:
        """SIR in continuous time, event by event."""
        import EoN as package

        random, people = np.random.default_rng(key), seeds.tolist()
        return self._runs(
            runs,
            lambda: package.fast_SIR(self.ties, tau, gamma, initial_infecteds=people, rng=random),
        )
