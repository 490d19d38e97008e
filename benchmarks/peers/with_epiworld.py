"""epiworldpy 0.17.0.post2 (C++): SIR by days on a list of ties.

The model is put together from its own parts rather than taken as `ModelSIR`, only so that the
seeds are the given people; the compiled step functions are the same ones.  It runs for a fixed
number of days and does not stop when nobody is infected any more.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from .graphs import Graph
from .measure import Sample, each

DAYS = 100


class Epiworld:
    """Adapter."""

    name = "epiworld"

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.ties = graph.source.tolist(), graph.target.tolist()
        self._built: dict[tuple, Any] = {}

    def _model(self, beta: float, gamma: float, seeds: NDArray):
        import epiworldpy

        asked = beta, gamma, seeds.tobytes()
        if asked in self._built:
            return self._built[asked]
        people = seeds.tolist()

        def infect(virus, model) -> None:
            for person in people:
                model.get_agent(person).set_virus(model, virus)

        virus = epiworldpy.Virus("word", 0, False, beta, gamma, 0.0)
        virus.set_state(1, 2, 2)
        virus.set_distribution(infect)
        model = epiworldpy.Model()
        model.add_state("susceptible", epiworldpy.UpdateFun.default_update_susceptible())
        model.add_state("infected", epiworldpy.UpdateFun.default_update_exposed())
        model.add_state("recovered")
        model.add_virus(virus)
        model.agents_from_edgelist(*self.ties, self.graph.n, False)
        model.verbose_off()
        return self._built.setdefault(asked, model)

    def sir_steps(self, beta: float, gamma: float, seeds: NDArray, runs: int, key: int) -> Sample:
        """SIR by days."""
        model = self._model(beta, gamma, seeds)

        def once(run: int) -> int:
            model.run(DAYS, key * 1000 + run)
            return self.graph.n - int(model.get_db().get_today_total()["counts"][0])

        return each(runs, once)
