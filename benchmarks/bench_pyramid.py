"""Time the pyramid model: W1 core and full, W2, ten million people, a quiet year, the reference.

``python benchmarks/bench_pyramid.py [w1] [w2] [big] [quiet] [reference] [--rounds 3]`` prints for
each workload seconds (minimum of the rounds, one core, kernels warm), arcs heard, nanoseconds an
arc and an agent-tick, the floor computed from bytes and draws, and the peak memory of the
workload's own process; and, for W1 and W2, the seconds on two threads, in turn with those on one,
with the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import os
import resource
import time

import limits
import numpy as np
from machine import describe, measure
from workloads import quiet, w1, w2

from koubei_sim.model.compiled import CompiledRun, run_compiled
from koubei_sim.model.mechanisms import TABLE_OFFSET
from koubei_sim.model.reference import run_reference
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world import build
from koubei_sim.model.world.arrays import History

KEY = 7


def one(label: str, scenario: Scenario, rounds: int) -> None:
    """Run a workload in this process and print its row."""
    start = time.perf_counter()
    networks = build.build_networks(scenario, key=KEY)
    world = build.build_world(scenario, key=KEY, networks=networks)
    del networks
    built = time.perf_counter() - start
    run_compiled(build.build_world(w1(full=True, n=20_000), key=KEY))  # warm
    warm = build.build_world(w1(full=True, n=100_000), key=KEY)
    run_compiled(warm, threads=2)
    numbers = (1, 2) if label.startswith("W") and (os.cpu_count() or 1) > 1 else (1,)
    seconds: dict[int, list[float]] = {threads: [] for threads in numbers}
    digests = set()
    for _ in range(rounds):
        for threads in numbers:
            run = CompiledRun(world, threads=threads)
            start = time.perf_counter()
            run.advance()
            seconds[threads].append(time.perf_counter() - start)
            history = run.history()
            digests.add(digest(history))
            del run
    table = history.table
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    arcs, listeners = limits.column(table, "arcs_told"), limits.column(table, "arcs_heard")
    floor = limits.of_pyramid(world, table).in_turn(measure())
    best = min(seconds[1])
    users = table[-1, TABLE_OFFSET["stage"] + 3] / world.rules.n
    print(
        f"{label:18} {best:7.2f} s  {arcs / 1e6:7.1f} M arcs heard ({listeners / 1e6:.1f} M by "
        f"non-users)  {1e9 * best / max(1, arcs):6.1f} ns/arc  floor {floor:5.2f} s "
        f"(x {best / floor:.1f})  users {users:.0%}  built in {built:.1f} s  peak {peak:.2f} GiB  "
        f"{1e9 * best / world.rules.n / world.rules.ticks:.2f} ns/agent-tick",
        flush=True,
    )
    if len(numbers) > 1:
        both = min(seconds[2])
        print(
            f"{'  on 2 threads':18} {both:7.2f} s  x {best / both:.2f}  "
            f"same bytes: {len(digests) == 1}",
            flush=True,
        )


def digest(history: History) -> str:
    """Return a digest of all arrays of a history."""
    made = hashlib.sha256()
    for array in history:
        made.update(np.ascontiguousarray(array).tobytes())
    return made.hexdigest()


def reference_ratio() -> None:
    """Print how many times faster the compiled engine is at 20,000 people."""
    scenario = w1(full=True, n=20_000)
    world = build.build_world(scenario, key=KEY)
    run_compiled(world)
    start = time.perf_counter()
    fast = run_compiled(world)
    middle = time.perf_counter()
    slow = run_reference(world)
    end = time.perf_counter()
    same = (fast.table == slow.table).all() and (fast.log_agent == slow.log_agent).all()
    ratio = (end - middle) / (middle - start)
    print(
        f"reference, 20,000   {end - middle:7.1f} s against {middle - start:.4f} s: x {ratio:,.0f}"
        f" (same bytes: {bool(same)})"
    )


def apart(label: str, scenario: Scenario, rounds: int) -> None:
    """Run a workload in a fresh process, so that its peak memory is its own."""
    process = multiprocessing.get_context("spawn").Process(
        target=one, args=(label, scenario, rounds)
    )
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"{label}: failed with exit status {process.exitcode}")


def main() -> None:
    """Parse the workloads asked for and run them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("which", nargs="*", default=["w1", "w2", "quiet", "reference"])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(describe(measure()), flush=True)
    if "w1" in options.which:
        apart("W1 core, 1 M", w1(full=False), options.rounds)
        apart("W1 full, 1 M", w1(full=True), options.rounds)
    if "w2" in options.which:
        apart("W2, 1 M", w2(), options.rounds)
    if "quiet" in options.which:
        apart("quiet year, 10 M", quiet(), 1)
    if "big" in options.which:
        apart("W1 core, 10 M", w1(full=False, n=10_000_000), 1)
        apart("W1 full, 10 M", w1(full=True, n=10_000_000), 1)
    if "reference" in options.which:
        reference_ratio()


if __name__ == "__main__":
    main()
