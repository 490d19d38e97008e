"""An independent cascade with numpy alone: one frontier at a time, all its arcs at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .graphs import Graph
from .measure import Sample, each


class Frontier:
    """What one writes without a compiler."""

    name = "numpy frontier"

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.seen = np.zeros(graph.n, bool)

    def independent(self, p: float, seeds: NDArray, runs: int, key: int) -> Sample:
        """Independent cascade with one probability."""
        random = np.random.Generator(np.random.SFC64(key))
        first, degrees, indices = self.graph.indptr[:-1], self.graph.degrees, self.graph.indices

        def once(run: int) -> int:
            self.seen[:] = False
            self.seen[seeds] = True
            active, size = seeds, seeds.size
            while active.size:
                number = degrees[active]
                ends = np.cumsum(number)
                total = int(ends[-1])
                live = np.flatnonzero(random.random(total, np.float32) < p)
                row = np.searchsorted(ends, live, side="right")
                arcs = first[active[row]] + live - (ends[row] - number[row])
                reached = indices[arcs]
                active = np.unique(reached[~self.seen[reached]])
                self.seen[active] = True
                size += active.size
            return size

        return each(runs, once)
