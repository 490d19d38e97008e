"""Time what a sweep adds to its runs, and what a second worker brings.

``python benchmarks/bench_sweeps.py`` sweeps 2,000 short runs (300 people, 10 days) with a journal
on disk and takes off what the same runs take bare: scenarios, worlds, engine and outcomes in a
plain loop that keeps nothing.
Threads do it here; loky and Dask have one worker process, which has done a sweep before (warm).
The second table sweeps runs of about 50 ms with one worker and with two.

Each figure is the least of `ROUNDS` rounds, the bare loop among them each time, since other work
on the machine only adds.  Targets stand in brackets: .3 ms a run on threads, 2 ms on loky and Dask,
1.8 times the runs with two workers on two cores.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from koubei_sim import Scenario, studies
from koubei_sim.metrics import outcomes

try:
    from koubei_sim.core.draws import key_from
    from koubei_sim.model.compiled import run_compiled
    from koubei_sim.model.world import build
except ModuleNotFoundError:  # a base of before the rooms were moved
    from koubei_sim.engines.compiled import run_compiled
    from koubei_sim.kernels.draws import key_from

    from koubei_sim import build

RUNS = 2_000
ROUNDS = 3
SHORT = Scenario.load("tiny").replace(n_agents=300, ticks=10, **{"seeding.number": 10})
#: About 50 ms a run on one core.
LONG = Scenario.load("tiny").replace(n_agents=40_000, ticks=60)


class OneRun(NamedTuple):
    """A run of one replicate, as the metrics want it."""

    scenario: Any
    histories: Any
    key: int


def points(number: int) -> dict[str, list[float]]:
    """Return a grid of so many points."""
    return {"seeding.purity": [p / number for p in range(number)]}


def bare(scenario: Scenario, number: int, replicates: int) -> float:
    """Return the seconds of the runs of a sweep in a plain loop over its points."""
    key = key_from(7)
    start = time.perf_counter()
    for p in range(number):
        each = scenario.replace(**{"seeding.purity": p / number})
        population = build.build_population(each, key)
        drawn = build.complete_networks(each, None, key, 0, population)
        graphs = build.build_graphs(each, drawn, population)
        for replicate in range(replicates):
            world = build.build_world(each, key, replicate, population=population, graphs=graphs)
            outcomes(OneRun(each, (run_compiled(world),), key))
    return time.perf_counter() - start


def swept(scenario: Scenario, number: int, replicates: int, **how: Any) -> float:
    """Return the seconds of a sweep into a new folder, checks of all points included."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        studies.sweep(
            scenario, points(number), replicates=replicates, rng=7, out=Path(folder) / "a", **how
        )
        return time.perf_counter() - start


def least(*actions: Callable[[], float], rounds: int = ROUNDS) -> list[float]:
    """Return the least seconds of each action, taken in turn."""
    return [min(found) for found in zip(*([a() for a in actions] for _ in range(rounds)))]


@contextlib.contextmanager
def cluster(workers: int) -> Iterator[str]:
    """Give the address of a Dask cluster of worker processes on this machine."""
    import distributed

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with distributed.LocalCluster(
        n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=":0"
    ) as made:
        yield made.scheduler_address


def backends(workers: int, stack: contextlib.ExitStack) -> dict[str, dict[str, Any]]:
    """Return how to sweep on each backend that is installed."""
    found: dict[str, dict[str, Any]] = {
        "threads": dict(backend="threads", workers=workers),
        "loky": dict(backend="loky", workers=workers),
    }
    if importlib.util.find_spec("distributed") is not None:
        address = stack.enter_context(cluster(workers))
        found["dask"] = dict(backend="dask", workers=workers, scheduler=address)
    return found


def overheads(runs: int) -> None:
    """Print what a sweep adds to each run."""
    print(f"{'overhead a run':<16} {'replicates':>10} {'bare ms':>8} {'added ms':>9}   target")
    with contextlib.ExitStack() as stack:
        for name, how in backends(1, stack).items():
            for replicates in (1, 4):
                number = runs // replicates
                swept(SHORT, 50, 1, **how)  # compiled, and warm
                plain, whole = least(
                    lambda n=number, r=replicates: bare(SHORT, n, r),
                    lambda n=number, r=replicates, h=how: swept(SHORT, n, r, **h),
                )
                added, target = 1e3 * (whole - plain) / runs, 0.3 if name == "threads" else 2.0
                print(
                    f"{name:<16} {replicates:>10} {1e3 * plain / runs:>8.2f} {added:>9.2f}"
                    f"   [{target}]"
                )
                sys.stdout.flush()


def speed_up(runs: int) -> None:
    """Print how much faster two workers are than one."""
    print(f"\n{'two workers':<16} {'one, ms a run':>14} {'two':>7} {'times':>6}   target")
    with contextlib.ExitStack() as one, contextlib.ExitStack() as two:
        for (name, alone), both in zip(backends(1, one).items(), backends(2, two).values()):
            figures = []
            for how in (alone, both):
                swept(LONG, 4, 1, **how)
                figures += least(lambda h=how: swept(LONG, runs, 1, batch_seconds=0.2, **h))
            first, second = figures
            print(
                f"{name:<16} {1e3 * first / runs:>14.1f} {1e3 * second / runs:>7.1f} "
                f"{first / second:>6.2f}   [1.8]"
            )
            sys.stdout.flush()


def main() -> None:
    """Print both tables."""
    from machine import describe, measure  # here: the suite runs the rest on bases without its like

    words = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    words.add_argument("--runs", type=int, default=RUNS, help="short runs of each sweep")
    words.add_argument("--long", type=int, default=100, help="runs of about 50 ms")
    given = words.parse_args()
    print(describe(measure()))
    overheads(given.runs)
    speed_up(given.long)


if __name__ == "__main__":
    main()
