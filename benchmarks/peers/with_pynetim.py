"""PyNetIM 0.5.5 (C++ behind Python): seeds by OPIM-C and by IMM, weighted cascade.

Its graph holds one arc for each direction of a tie; building it is not timed.  An algorithm is made
and run once for each time, since it keeps the sets of its last run.
"""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from .graphs import Graph
from .measure import Sample


class PyNetIM:
    """Adapter; it chooses people, so `seeds` and `runs` are not used."""

    name = "PyNetIM"

    def __init__(self, graph: Graph) -> None:
        from pynetim import IMGraph

        source = np.repeat(np.arange(graph.n), graph.degrees)
        pairs = list(zip(source.tolist(), graph.indices.tolist()))
        share = (1.0 / np.maximum(graph.degrees, 1))[graph.indices].tolist()
        self.graph = IMGraph(pairs, share, directed=True, renumber=False)

    def opim_c(self, law: str, k: int, eps: float, seeds: NDArray, runs: int, key: int) -> Sample:
        """OPIM-C at 1 - 1/e - eps, failure 1/n."""
        from pynetim import OPIMCAlgorithm

        start = time.process_time()
        found = OPIMCAlgorithm(self.graph, law, random_seed=key).run(k, eps)
        took = time.process_time() - start
        return Sample(np.array(sorted(found), np.int64), took * 1e3)

    def imm(self, law: str, k: int, eps: float, seeds: NDArray, runs: int, key: int) -> Sample:
        """IMM at 1 - 1/e - eps, failure 1/n."""
        from pynetim import IMMAlgorithm

        start = time.process_time()
        found = IMMAlgorithm(self.graph, law, epsilon=eps, random_seed=key).run(k)
        took = time.process_time() - start
        return Sample(np.array(sorted(found), np.int64), took * 1e3)
