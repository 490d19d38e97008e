"""Time the cascades: cost of a person and an arc, limit of the machine, threads, settings, size.

``python benchmarks/bench_cascades.py [rows] [counts] [threads] [paired] [growth] [memory] [full]``
runs the parts named, all but `memory` where none is, in minutes; `full` adds a million people with
twenty ties, ten million people with a hundred million arcs, and the figure
docs/figures/cascade_scaling.png.

The *limit* of a row is the time that its unavoidable work would take at the best rates measured in
this run: cache lines touched at random (row starts, lines of a row that hold a live arc, state of
the targets of live arcs) at the rate for a table of that size, people written, coins drawn, eight
arcs a draw.  Times are CPU time of one core, kernels warm, least of the rounds, networks made
before.  The time of a cascade is that of one more replicate; what a call costs before its first
one (thresholds of arcs, scratch space) stands at the end of the row.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import cache, partial

import numpy as np
from limits import Walk
from machine import Machine, describe, lines, measure

from koubei_sim import networks
from koubei_sim.cascades import SIR, IndependentCascade, LinearThreshold, Rule, cascade, paired
from koubei_sim.networks import Network

KEY = 7
PARTS = ("rows", "counts", "threads", "paired", "growth")
FIGURE = "docs/figures/cascade_scaling.png"

summary: list[tuple[str, float, float]] = []  # what, what would be perfect, measured


# ---- networks and times --------------------------------------------------------------------------


@cache
def people(n: int, degree: int = 10) -> Network:
    """Return a mutual network with a degree tail of exponent 2.5, largest degree sqrt(n degree)."""
    return networks.configuration(
        n=n, mean_degree=degree, exponent=2.5, max_degree=int(np.sqrt(n * degree)), key=3
    )


def seeds_of(network: Network, number: int, degree: int = 0) -> np.ndarray:
    """Return `number` people of at least `degree`."""
    found = np.flatnonzero(network.degrees() >= degree)
    return np.sort(np.random.default_rng(1).choice(found, number, replace=False))


def least(action: Callable[[], object], rounds: int, clock: Callable[[], float]) -> float:
    """Return the least seconds of some rounds after one that is not counted."""
    action()
    found = []
    for _ in range(rounds):
        start = clock()
        action()
        found.append(clock() - start)
    return min(found)


def one_row(
    label: str, network: Network, rule: Rule, seeds: np.ndarray, runs: int, machine: Machine
) -> float:
    """Print a row of the table; return nanoseconds an arc walked."""
    walk = Walk.of(network, rule, seeds, runs, KEY)
    limit = walk.least.in_turn(machine)

    def run(count: int) -> object:
        return cascade(network, rule, seeds, count, KEY, threads=1)

    alone = least(lambda: run(1), 3, time.process_time)
    all_of_them = least(lambda: run(runs), 3, time.process_time)
    each = (all_of_them - alone) / (runs - 1)
    print(
        f"{label:27}{1e3 * each:8.4f} ms  "
        f"{walk.people:9,.0f} people {1e9 * each / walk.people:6.1f} ns"
        f" {walk.arcs:11,.0f} arcs {1e9 * each / walk.arcs:5.2f} ns"
        f"  limit {1e3 * limit:7.4f} ms (x {each / limit:4.1f})"
        f"  call {1e3 * max(alone - each, 0.0):6.1f} ms",
        flush=True,
    )
    return 1e9 * each / walk.arcs


def rows(full: bool, machine: Machine) -> None:
    """Print one row a rule and size."""
    small, large = people(100_000), people(1_000_000)
    some, many = seeds_of(small, 100), seeds_of(large, 1000)
    weighted = IndependentCascade("weighted")
    work = [
        ("IC p=.02, 100k, 10 seeds", small, IndependentCascade(0.02), seeds_of(small, 10), 1000),
        ("IC p=.1, 100k", small, IndependentCascade(0.1), seeds_of(small, 10, 50), 500),
        ("weighted, 100k, 100 seeds", small, weighted, some, 1000),
        ("LT, 100k, 100 seeds", small, LinearThreshold(), some, 1000),
        ("SIR .1/.5, 100k, 100 seeds", small, SIR(0.1, 0.5), some, 40),
        ("SIR steps .05/.25, 100k", small, SIR(0.05, 0.25, steps=True), some, 40),
        ("IC p=.1, 1M", large, IndependentCascade(0.1), seeds_of(large, 10, 50), 64),
        ("weighted, 1M, 1000 seeds", large, weighted, many, 500),
        ("LT, 1M, 1000 seeds", large, LinearThreshold(), many, 500),
    ]
    if full:
        dense = people(1_000_000, 20)
        large_seeds = seeds_of(dense, 10, 50)
        work += [
            ("IC p=.02, 1M, degree 20", dense, IndependentCascade(0.02), large_seeds, 200),
            ("SIR .1/.5, 1M, 1000 seeds", large, SIR(0.1, 0.5), many, 4),
        ]
    for line in work:
        one_row(*line, machine)


def counts(full: bool, machine: Machine) -> None:
    """Print independent cascades by coins and by counts of live arcs, in turns; least of both."""
    work = [(100_000, 10, 0.02, 1000), (100_000, 10, 0.1, 60), (1_000_000, 10, 0.1, 8)]
    if full:
        work.append((1_000_000, 20, 0.02, 20))
    for n, degree, p, runs in work:
        network = people(n, degree)
        seeds = seeds_of(network, 10, 0 if runs == 1000 else 100)
        times = {"blocks": np.inf, "count": np.inf}
        for method in 10 * list(times):
            run = partial(
                cascade, network, IndependentCascade(p), seeds, runs, KEY, threads=1, method=method
            )
            times[method] = min(times[method], least(run, 1, time.process_time) / runs)
        coins, counted = times.values()
        print(
            f"{n:,} people, degree {degree}, p = {p}: coins {1e3 * coins:8.4f} ms, "
            f"counts {1e3 * counted:8.4f} ms: x {coins / counted:.2f}",
            flush=True,
        )


def threads(full: bool, machine: Machine) -> None:
    """Print two threads against one: replicates side by side, and one big run on both."""
    network = people(10_000_000 if full else 1_000_000)
    rule, seeds = IndependentCascade(0.1), seeds_of(network, 10, 50)
    for label, runs, method in (
        ("replicates side by side", 8 if full else 32, "blocks"),
        ("one big run, wide", 1, "wide"),
    ):
        one, two = (
            least(
                lambda used=used, way=way, runs=runs: cascade(
                    network, rule, seeds, runs, KEY, threads=used, method=way
                ),
                5,
                time.perf_counter,
            )
            for used, way in ((1, "blocks"), (2, method))
        )
        print(
            f"{network.n_nodes:,} people, {label:28} one thread "
            f"{1e3 * one:8.1f} ms, two {1e3 * two:8.1f} ms: x {one / two:.2f}",
            flush=True,
        )
        summary.append((f"two threads, {label}", 2.0, one / two))


def settings(full: bool, machine: Machine) -> None:
    """Print what 64 settings on the same coins cost, in runs of the middle one."""
    network = people(1_000_000 if full else 100_000)
    seeds, runs = seeds_of(network, 10, 50), 64
    middle = least(
        lambda: cascade(network, IndependentCascade(0.1), seeds, runs, KEY, threads=1),
        3,
        time.process_time,
    )
    for low, high in ((0.08, 0.12), (0.05, 0.15)):
        grid = {
            f"{p:.4f}": (IndependentCascade(float(p)), seeds) for p in np.linspace(low, high, 64)
        }
        all_of_them = least(
            lambda grid=grid: paired(network, grid, runs, KEY, threads=1), 2, time.process_time
        )
        print(
            f"{network.n_nodes:,} people, 64 settings, p = {low} to {high}: "
            f"{1e3 * all_of_them / runs:8.2f} ms a replicate, "
            f"{all_of_them / middle:5.1f} times one run at .1 ({1e3 * middle / runs:.2f} ms)",
            flush=True,
        )
        summary.append((f"64 settings {low} to {high} over one", 1.0, all_of_them / middle))


def growth(full: bool, machine: Machine) -> None:
    """Print the cost of an arc from ten thousand people to a million (full: ten million)."""
    sizes = [10_000, 100_000, 1_000_000] + ([10_000_000] if full else [])
    costs: dict[str, list[float]] = {"independent cascade p=.1": [], "linear threshold": []}
    short = dict(zip(costs, ("IC p=.1", "LT")))
    for n in sizes:
        network = people(n)
        work = (
            (IndependentCascade(0.1), seeds_of(network, 10, 50)),
            (
                LinearThreshold(),
                seeds_of(network, n // 1000),
            ),
        )
        for name, (rule, seeds) in zip(costs, work):
            runs = 300 if short[name] == "LT" else int(np.clip(20_000_000 // n, 4, 1000))
            costs[name].append(
                one_row(f"{short[name]}, {n:,}", network, rule, seeds, runs, machine)
            )
    for name, found in costs.items():
        label = f"arc of {name}, {sizes[-1]:,} over {sizes[0]:,}"
        summary.append((label, 1.0, found[-1] / found[0]))
    if full:
        draw(sizes, costs)


def draw(sizes: list[int], costs: dict[str, list[float]]) -> None:
    """Write the figure."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 3.6), layout="constrained")
    for (name, found), marker in zip(costs.items(), "os"):
        axes.plot(sizes, found, marker=marker, label=name)
    axes.set(xscale="log", xlabel="people", ylabel="nanoseconds per arc walked", ylim=(0, None))
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(FIGURE, dpi=150)


def resident(mark: str) -> float:
    """Return a mark of /proc/self/status in GiB (VmRSS, VmHWM), nan where there is none."""
    try:
        with open("/proc/self/status") as status:
            found = next(line for line in status if line.startswith(mark))
    except (OSError, StopIteration):
        return float("nan")
    return int(found.split()[1]) / 2**20


def memory(full: bool, machine: Machine) -> None:
    """Print what a cascade over ten million people and a hundred million arcs needs."""
    network = people(10_000_000)
    try:
        with open("/proc/self/clear_refs", "w") as marks:
            marks.write("5")  # forget the peak so far
    except OSError:
        print("the peak includes the making of the network")
    before = resident("VmRSS")
    seeds = seeds_of(network, 10, 50)
    cascade(network, IndependentCascade(0.1), seeds, 2, KEY, threads=2, method="blocks")
    print(
        f"{network.n_nodes:,} people, {network.n_arcs:,} arcs: "
        f"network {network.nbytes / 2**30:.2f} GiB, process {before:.2f} GiB before "
        f"and at most {resident('VmHWM'):.2f} GiB during two cascades on two threads"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("which", nargs="*", default=list(PARTS), help=f"{PARTS}, memory, full")
    options = parser.parse_args()
    chosen = [name for name in options.which if name != "full"] or list(PARTS)
    full = "full" in options.which
    if full and chosen == list(PARTS):
        chosen.append("memory")
    machine = measure()
    print(describe(machine))
    print(
        "lines read at random, M/s: "
        + ", ".join(f"{(1 << k) >> 20} MiB {lines(k) / 1e6:.0f}" for k in (20, 22, 24, 26))
    )
    parts = dict(
        rows=rows, counts=counts, threads=threads, paired=settings, growth=growth, memory=memory
    )
    for name in chosen:
        if name not in parts:
            parser.error(f"unknown part {name}, one of {', '.join(parts)}")
        print(f"-- {name}")
        parts[name](full, machine)
    if summary:
        print("-- ratios                                              perfect  measured")
    for what, perfect, found in summary:
        print(f"{what:54} {perfect:7.1f} {found:9.2f}")


if __name__ == "__main__":
    main()
