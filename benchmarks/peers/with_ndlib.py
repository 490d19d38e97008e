"""NDlib 6.0.1 (Python on networkx): independent cascade, threshold, SIR; dictionaries throughout.

Every step copies the states of all people, whatever happens in it, so cascades of any size cost
about the same.  Its random numbers are numpy's global ones, seeded by each constructor.
Weighted cascade is left out: it needs a probability per direction, which a mutual graph cannot
hold there (see `faults`), and a directed copy doubles what is slow already.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .graphs import Graph
from .measure import Sample, each
from .with_eon import as_networkx


def until_over(model) -> int:
    """Step until nobody is infected any more; return how many were ever infected."""
    while True:
        counts = model.iteration(node_status=False)["node_count"]
        if counts[1] == 0:
            return counts[2]


def until_still(model) -> int:
    """Step until a step changes nothing; return how many are infected."""
    model.iteration(node_status=False)
    while True:
        step = model.iteration(node_status=False)
        if step["status_delta"][1] == 0:
            return step["node_count"][1]


class NDlib:
    """Adapter."""

    name = "NDlib"

    def __init__(self, graph: Graph) -> None:
        self.graph, self.ties = graph, as_networkx(graph)
        self._built: dict[tuple, Any] = {}  # setting up takes seconds: once per kind and values

    def _model(self, kind, seeds: NDArray, key: int, model=(), nodes=(), edges=()):
        from ndlib.models import ModelConfig

        asked = kind, tuple(model), tuple(edges)
        if asked in self._built:
            np.random.seed(key)  # noqa: NPY002 - the generator that NDlib draws from
            return self._built[asked]
        settings = ModelConfig.Configuration()
        for label, value in model:
            settings.add_model_parameter(label, value)
        for label, values in nodes:
            for person, value in enumerate(values):
                settings.add_node_configuration(label, person, value)
        for label, value in edges:
            for tie in self.ties.edges:
                settings.add_edge_configuration(label, tie, value)
        settings.add_model_initial_configuration("Infected", seeds.tolist())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            built = kind(self.ties, seed=key)
            built.set_initial_status(settings)
        return self._built.setdefault(asked, built)

    def _over(self, model, seeds: NDArray, runs: int) -> Sample:
        people = seeds.tolist()
        return each(runs, lambda run: until_over(model.reset(people)))

    def independent(self, p: float, seeds: NDArray, runs: int, key: int) -> Sample:
        """Independent cascade with one probability, set on every tie."""
        from ndlib.models.epidemics import IndependentCascadesModel as Kind

        return self._over(self._model(Kind, seeds, key, edges=[("threshold", p)]), seeds, runs)

    def threshold(self, seeds: NDArray, runs: int, key: int) -> Sample:
        """Linear threshold: new uniform thresholds are set by hand before each run."""
        from ndlib.models.epidemics import ThresholdModel as Kind

        random, people = np.random.default_rng(key), seeds.tolist()
        model = self._model(Kind, seeds, key, nodes=[("threshold", [0.5] * self.graph.n)])

        def once(run: int) -> int:
            model.params["nodes"]["threshold"] = dict(enumerate(random.random(self.graph.n)))
            return until_still(model.reset(people))

        return each(runs, once)

    def sir_steps(self, beta: float, gamma: float, seeds: NDArray, runs: int, key: int) -> Sample:
        """SIR by steps."""
        from ndlib.models.epidemics import SIRModel as Kind

        model = self._model(Kind, seeds, key, model=[("beta", beta), ("gamma", gamma)])
        return self._over(model, seeds, runs)
