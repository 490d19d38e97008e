"""koubei_sim, through its public door: one call of `cascade` for all replicates, one thread.

The time is that of the whole call: thresholds per arc, scratch space and the result included.
The network is handed over as the same row arrays that the others get.
"""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from koubei_sim import seeding
from koubei_sim.cascades import SIR, Bass, IndependentCascade, LinearThreshold, Rule, cascade
from koubei_sim.networks import Layer, Network

from .graphs import Graph
from .measure import Sample, batch
from .works import COUNTS, OURS

RULES = {"IC": IndependentCascade("weighted"), "LT": LinearThreshold()}


def as_network(graph: Graph) -> Network:
    """Return the graph as a network; its rows are used as they are."""
    return Network((Layer("ties", graph.indptr, graph.indices, directed=False),))


class Koubei:
    """Adapter."""

    name = OURS
    method = "auto"

    def __init__(self, graph: Graph) -> None:
        self.network = as_network(graph)

    def _run(self, rule: Rule, seeds: NDArray[np.int64], runs: int, key: int) -> Sample:
        def once() -> NDArray[np.int64]:
            return cascade(
                self.network, rule, seeds, runs, key, threads=1, method=self.method
            ).sizes

        return batch(runs, once)

    def independent(self, p: float, seeds: NDArray, runs: int, key: int) -> Sample:
        """Independent cascade with one probability."""
        return self._run(IndependentCascade(p), seeds, runs, key)

    def weighted(self, seeds: NDArray, runs: int, key: int) -> Sample:
        """Independent cascade with 1 / degree of the target."""
        return self._run(IndependentCascade("weighted"), seeds, runs, key)

    def threshold(self, seeds: NDArray, runs: int, key: int) -> Sample:
        """Linear threshold with equal weights."""
        return self._run(LinearThreshold(), seeds, runs, key)

    def maximise(
        self, law: str, k: int, target: float, seeds: NDArray, runs: int, key: int
    ) -> Sample:
        """The people who reach most, proven to come within `target` of the best, failure 1/n."""
        delta = 1.0 / self.network.n_nodes
        start = time.process_time()
        found = seeding.maximise(
            self.network, RULES[law], k, target=target, delta=delta, rng=key, threads=1
        )
        return Sample(found.seeds.astype(np.int64), (time.process_time() - start) * 1e3)

    def sir_steps(self, beta: float, gamma: float, seeds: NDArray, runs: int, key: int) -> Sample:
        """SIR by steps."""
        return self._run(SIR(beta, gamma, steps=True), seeds, runs, key)

    def sir_times(self, tau: float, gamma: float, seeds: NDArray, runs: int, key: int) -> Sample:
        """SIR in continuous time."""
        return self._run(SIR(tau, gamma), seeds, runs, key)

    def bass(
        self, p: float, q: float, looks: list[int], seeds: NDArray, runs: int, key: int
    ) -> Sample:
        """Bass diffusion by ticks; adopters after the ticks `looks`, (runs, looks)."""
        horizon = float(looks[-1])

        def once() -> NDArray[np.int64]:
            rule = Bass(p, q, dt=1.0)
            result = cascade(self.network, rule, seeds, runs, key, horizon=horizon, threads=1)
            new = result.outcome.curve.sum(axis=1)  # by tick, people who were there at first in 0
            return np.cumsum(new, axis=1)[:, np.minimum(looks, new.shape[1] - 1)]

        return batch(runs, once)


class Counts(Koubei):
    """The same by counts of live arcs, for independent cascades of one probability."""

    name = COUNTS
    method = "count"
