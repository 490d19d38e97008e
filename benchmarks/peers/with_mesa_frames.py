"""mesa-frames 0.1.0a0 (Python on polars): Bass diffusion by ticks, a row a person.

The only release in the registry, an early one.  The frame is replaced as a whole each tick (the
package's own `set` would join twice more), ties are a frame as well, and adopters are counted at
their neighbours by one join and one grouping.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .graphs import Graph
from .measure import Sample


def model_class() -> tuple[Any, Any]:
    """Return the classes of the model and of its people; the package is imported only here."""
    import polars
    from mesa_frames import AgentSetPolars, ModelDF

    column = polars.col
    chance = 1.0 - (-column("hazard")).exp()

    class People(AgentSetPolars):
        """Everybody."""

        def __init__(self, model, frame) -> None:
            super().__init__(model)
            self.add(frame)

        def step(self) -> None:
            """One tick: decide by the state before, then tell the neighbours."""
            model = self.model
            luck = polars.Series("luck", model.random.random(len(self)))
            decided = self.agents.with_columns(
                fresh=~column("adopted") & (luck < chance),
            )
            new = decided.filter("fresh").select(source="unique_id")
            told = (
                model.ties.join(new, on="source", how="inner")
                .group_by("unique_id")
                .agg(more=polars.len().cast(polars.Int64))
            )
            self.agents = (
                decided.join(told, on="unique_id", how="left", coalesce=True)
                .with_columns(
                    adopted=column("adopted") | column("fresh"),
                    hazard=column("hazard") + column("word") * column("more").fill_null(0),
                )
                .drop("fresh", "more")
            )
            model.count += new.height

    class Market(ModelDF):
        """People on a graph."""

        def __init__(self, ties, frame, key: int) -> None:
            super().__init__(key)
            self.ties, self.count = ties, 0
            self.agents += People(self, frame)

        def step(self) -> None:
            """One tick."""
            self.agents.do("step")

    return Market, polars


class MesaFrames:
    """Adapter; making the frames is not in the time."""

    name = "mesa-frames"

    def __init__(self, graph: Graph) -> None:
        self.kind, self.polars = model_class()
        source = np.repeat(np.arange(graph.n), graph.degrees)
        self.ties = self.polars.DataFrame(
            {"source": source, "unique_id": graph.indices.astype(np.int64)}
        )
        self.n, self.degrees = graph.n, graph.degrees

    def bass(
        self, p: float, q: float, looks: list[int], seeds: NDArray, runs: int, key: int
    ) -> Sample:
        """Bass diffusion by ticks."""
        sizes, seconds = np.empty((runs, len(looks)), np.int64), 0.0
        frame = self.polars.DataFrame(
            {
                "unique_id": np.arange(self.n),
                "adopted": np.zeros(self.n, bool),
                "hazard": np.full(self.n, p),
                "word": q / np.maximum(self.degrees, 1),
            }
        )
        for run in range(runs):
            model = self.kind(self.ties, frame, 1000 * key + run)
            start = time.process_time()
            for tick in range(1, looks[-1] + 1):
                model.step()
                if tick in looks:
                    sizes[run, looks.index(tick)] = model.count
            seconds += time.process_time() - start
        return Sample(sizes, seconds * 1e3 / runs)
