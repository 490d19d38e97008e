"""Mesa 3.3.1 (Python): Bass diffusion by ticks, an agent a person.

Written to be as fast as a step of `AgentSet.shuffle_do` lets it be: people carry the number of
their neighbours who have adopted, so that a step of theirs is one comparison with one random
number, and only adopters walk their ties, at the end of the tick.  All decisions of a tick so see
the state at its beginning and the shuffling changes no law, only the time; the second class
leaves it out (`AgentSet.do`).
"""

from __future__ import annotations

import math
import time
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .graphs import Graph
from .measure import Sample


def people_and_model(shuffled: bool) -> Any:
    """Return the class of the model; Mesa is imported only here."""
    import mesa

    class Person(mesa.Agent):
        """One who may adopt."""

        def __init__(self, model, number: int, neighbours: list[int]) -> None:
            super().__init__(model)
            self.number, self.neighbours = number, neighbours
            self.adopted, self.told = False, 0
            self.word = 1.0 / len(neighbours) if neighbours else 0.0

        def step(self) -> None:
            """Decide by the adopters of the tick before."""
            if self.adopted:
                return
            model = self.model
            hazard = model.p + model.q * self.told * self.word
            if model.random.random() < 1.0 - math.exp(-hazard):
                self.adopted = True
                model.fresh.append(self)

    class Market(mesa.Model):
        """People on a graph."""

        def __init__(self, rows: list[list[int]], p: float, q: float, key: int) -> None:
            super().__init__(seed=key)
            self.p, self.q, self.fresh, self.count = p, q, [], 0
            self.by_number = [Person(self, number, row) for number, row in enumerate(rows)]

        def step(self) -> None:
            """One tick."""
            if shuffled:
                self.agents.shuffle_do("step")
            else:
                self.agents.do("step")
            for person in self.fresh:
                for other in person.neighbours:
                    self.by_number[other].told += 1
            self.count += len(self.fresh)
            self.fresh.clear()

    return Market


class Mesa:
    """Adapter; making the agents is not in the time."""

    name, shuffled = "Mesa", True

    def __init__(self, graph: Graph) -> None:
        flat, bounds = graph.indices.tolist(), graph.indptr.tolist()
        self.rows = [flat[low:high] for low, high in pairwise(bounds)]
        self.kind = people_and_model(self.shuffled)

    def bass(
        self, p: float, q: float, looks: list[int], seeds: NDArray, runs: int, key: int
    ) -> Sample:
        """Bass diffusion by ticks."""
        sizes, seconds = np.empty((runs, len(looks)), np.int64), 0.0
        for run in range(runs):
            model = self.kind(self.rows, p, q, 1000 * key + run)
            start = time.process_time()
            for tick in range(1, looks[-1] + 1):
                model.step()
                if tick in looks:
                    sizes[run, looks.index(tick)] = model.count
            seconds += time.process_time() - start
            model.remove_all_agents()
        return Sample(sizes, seconds * 1e3 / runs)


class MesaInOrder(Mesa):
    """The same without shuffling."""

    name, shuffled = "Mesa in order", False
