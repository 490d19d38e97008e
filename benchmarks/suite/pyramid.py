"""The pyramid model: W1 of `workloads.py`, the core alone and full, and W2, with every module on.

Small is a hundred thousand people, large a million, huge ten million (5 GiB, minutes); one year.
Networks and world are made before and not counted.  `bench_pyramid.py` prints the floor beside it.
"""

from __future__ import annotations

from workloads import w1, w2

from koubei_sim.metrics import block

try:
    from koubei_sim.model.compiled import run_compiled
    from koubei_sim.model.world import build
except ModuleNotFoundError:  # a base of before the rooms were moved
    from koubei_sim.engines.compiled import run_compiled

    from koubei_sim import build

from . import sizes

PEOPLE = {sizes.SMALL: 100_000, sizes.LARGE: 1_000_000, sizes.HUGE: 10_000_000}
MODEL = ["core", "full", "every module"]


def scenario(model: str, n: int):
    """Return the workload for so many people."""
    return w2(n) if model == "every module" else w1(full=model == "full", n=n)


class Pyramid:
    """A year of the model."""

    params = (MODEL, [*sizes.SIZES, sizes.HUGE])
    param_names = ("model", "size")
    timer = sizes.cpu
    repeat = sizes.REPEAT
    timeout = 1800

    def setup(self, model, size):
        """Load the kernels on a small case; make the world."""
        run_compiled(build.build_world(scenario(model, 2_000), key=sizes.KEY))
        self.world = build.build_world(scenario(model, PEOPLE[size]), key=sizes.KEY)

    def time_year(self, model, size):
        """Run it."""
        self.history = run_compiled(self.world)

    def track_year(self, model, size):
        """Arcs heard a second."""
        rounds = 1 if size == sizes.HUGE else 3
        if size == sizes.HUGE:  # kernels are warm, and a round takes a minute
            start = sizes.cpu()
            self.time_year(model, size)
            seconds = sizes.cpu() - start
        else:
            seconds = sizes.least(lambda: self.time_year(model, size), rounds)
        return int(block(self.history, "arcs_told").sum()) / seconds / 1e6

    track_year.unit = "M arcs/s"


class PyramidBuilding:
    """From scenario to world: people, networks, tables."""

    params = (MODEL, sizes.SIZES)
    param_names = ("model", "size")
    timer = sizes.cpu
    repeat = sizes.REPEAT

    def setup(self, model, size):
        """Load the kernels on a small case."""
        self.scenario = scenario(model, PEOPLE[size])
        build.build_world(scenario(model, 2_000), key=sizes.KEY)

    def time_build(self, model, size):
        """Make the world."""
        build.build_world(self.scenario, key=sizes.KEY)


class PyramidMemory:
    """Memory of it all: networks, world, run."""

    params = (MODEL, [*sizes.SIZES, sizes.HUGE])
    param_names = ("model", "size")
    timeout = 1800

    def setup(self, model, size):
        """Load the kernels on a small case."""
        self.scenario = scenario(model, PEOPLE[size])
        run_compiled(build.build_world(scenario(model, 2_000), key=sizes.KEY))

    def peakmem_year(self, model, size):
        """Make the world and run it."""
        self.history = run_compiled(build.build_world(self.scenario, key=sizes.KEY))
