"""Running what a claim asks: sweeps with journals, so that a killed claim goes on where it was.

Every sweep has a folder of its own below the outputs, named by the digest of its plan: a changed
claim finds what it still needs and runs the rest.  Called by `judge`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.model.scenario import Scenario
from koubei_sim.studies.design.plan import Sweep, make_sweep
from koubei_sim.studies.design.points import Table
from koubei_sim.studies.sweep.sweep import Progress, sweep

Tell = Callable[[Progress], None]


@dataclass
class Runner:
    """Where and how runs are done, and how many there are still to tell of.

    Attributes
    ----------
    outputs : Path
        Folder of the journals.
    how : dict
        ``backend``, ``workers``, ``scheduler`` as in `koubei_sim.studies.sweep`.
    tell : callable, optional
        Is told a `Progress` over all runs of the claim.
    """

    outputs: Path
    how: Mapping[str, Any]
    tell: Tell | None = None
    runs: int = 0
    done: int = 0
    fresh: int = 0
    failed: int = 0
    started: float = field(default_factory=time.monotonic)

    def expect(self, planned: Sweep) -> None:
        """Take note of runs to come, so that the time left can be told."""
        self.runs += planned.runs

    def run(self, planned: Sweep) -> dict[str, NDArray[np.float64]]:
        """Run or resume a sweep; return each outcome as an array [points, replicates]."""
        seen = {"done": 0, "first": -1}

        def told(now: Progress) -> None:
            if seen["first"] < 0:
                seen["first"] = now.done
            seen["done"] = now.done
            fresh = self.fresh + now.done - seen["first"]
            if self.tell is not None:
                done = self.done + now.done
                took = time.monotonic() - self.started
                left = took / fresh * (self.runs - done) if fresh else float("nan")
                self.tell(Progress(done, self.runs, self.failed + now.failed, left))

        found = sweep(planned, out=self.outputs / planned.digest()[:16], progress=told, **self.how)
        table = found.table()
        self.done += planned.runs
        self.fresh += seen["done"] - max(seen["first"], 0)
        self.failed += int(table["failed"].notna().sum())
        shape = (planned.points.number, planned.replicates)
        return {
            name: table[name].to_numpy(dtype=np.float64).reshape(shape) for name in planned.outcomes
        }


def one_point(scenario: Scenario, replicates: int, key: int, outcomes: tuple[str, ...]) -> Sweep:
    """Return the sweep of one scenario as it is."""
    points = Table({"n_agents": [scenario.n_agents]})
    return make_sweep(scenario, points, replicates, key, "compiled", list(outcomes))
