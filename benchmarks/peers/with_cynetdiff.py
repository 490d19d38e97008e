"""CyNetDiff 0.1.18 (Cython): cascades of three rules, and seeds by CELF.

The fastest way it offers is used: rows handed over as arrays, one `set_seeds`, then
`reset_model` and `advance_until_completion` for each cascade.
"""

from __future__ import annotations

import heapq
import time

import numpy as np
from numpy.typing import NDArray

from .graphs import Graph
from .measure import Sample, each


class CyNetDiff:
    """Adapter; models share the row arrays."""

    name = "CyNetDiff"

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.rows = graph.indptr[:-1].astype(np.uint32), graph.indices.view(np.uint32)
        self.by_target = (1.0 / np.maximum(graph.degrees, 1))[graph.indices].astype(np.float32)

    @staticmethod
    def _runs(model, seeds: NDArray, runs: int) -> Sample:
        model.set_seeds(seeds.tolist())

        def once(run: int) -> int:
            model.reset_model()
            model.advance_until_completion()
            return model.get_num_activated_nodes()

        return each(runs, once)

    def independent(self, p: float, seeds: NDArray, runs: int, key: int) -> Sample:
        """Independent cascade with one probability."""
        from cynetdiff.models import IndependentCascadeModel

        model = IndependentCascadeModel(*self.rows, activation_prob=p, rng=key)
        return self._runs(model, seeds, runs)

    def weighted(self, seeds: NDArray, runs: int, key: int) -> Sample:
        """Independent cascade with 1 / degree of the target, as a probability per arc."""
        from cynetdiff.models import IndependentCascadeModel

        model = IndependentCascadeModel(*self.rows, activation_probs=self.by_target, rng=key)
        return self._runs(model, seeds, runs)

    def threshold(self, seeds: NDArray, runs: int, key: int) -> Sample:
        """Linear threshold with equal weights."""
        from cynetdiff.models import LinearThresholdModel

        model = LinearThresholdModel(*self.rows, influence=self.by_target, rng=key)
        return self._runs(model, seeds, runs)

    def celf(self, law: str, k: int, trials: int, seeds: NDArray, runs: int, key: int) -> Sample:
        """CELF with its gains of candidates on `trials` cascades each, as its manual shows."""
        from cynetdiff.models import IndependentCascadeModel, LinearThresholdModel

        if law == "IC":
            model = IndependentCascadeModel(*self.rows, activation_probs=self.by_target, rng=key)
        else:
            model = LinearThresholdModel(*self.rows, influence=self.by_target, rng=key)
        start = time.process_time()

        def gain(v: int, before: list[int]) -> float:  # people of one call are added in turn
            return model.compute_marginal_gains(before, [v], trials)[1]

        heap = [(-gain(v, []), v, 0) for v in range(self.graph.n)]
        heapq.heapify(heap)
        chosen: list[int] = []
        while len(chosen) < k:
            _, v, at = heapq.heappop(heap)
            if at == len(chosen):
                chosen.append(v)
                continue
            heapq.heappush(heap, (-gain(v, chosen), v, len(chosen)))
        took = time.process_time() - start
        return Sample(np.array(chosen, np.int64), took * 1e3)
