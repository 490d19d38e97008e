"""Run the comparison: ``python -m benchmarks.peers [rows] [--rounds 3] [--json FILE]``.

For each row all packages are warmed up, then take turns for a few rounds in this one process, so
that a noisy minute of the machine meets all of them.  Printed are the mean size with its error,
its distance from the textbook kernel in standard errors with the Kolmogorov-Smirnov p, the
median CPU time of a cascade, and the medians over rounds of two ratios: to the textbook kernel,
and to koubei_sim.  At the end the targets are set beside what was measured (`targets`).
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import numpy as np

from .graphs import Graph, graph
from .measure import Sample, agreement, joined
from .targets import print_targets
from .with_koubei import NAME as OURS
from .works import ADAPTERS, WORKS, Work

YARDSTICK = "textbook numba"


def adapter(name: str, on: Graph):
    """Import one adapter and build its graph."""
    module, kind = ADAPTERS[name]
    return getattr(import_module(f".{module}", __package__), kind)(on)


def rounds_of(
    work: Work, built: dict, on: Graph, rounds: int, first_key: int = 0
) -> dict[str, list[Sample]]:
    """Warm everybody up, then let all take turns; another `first_key` gives fresh cascades."""
    seeds = on.seeds(work.seeds, work.degree)
    samples: dict[str, list[Sample]] = {name: [] for name in built}
    for turn in range(-1, rounds):
        for number, (name, package) in enumerate(built.items()):
            runs = work.runs[name] if turn >= 0 else min(2, work.runs[name])
            method = getattr(package, work.method)
            key = first_key + 1000 * (turn + 2) + number
            sample = method(**work.arguments, seeds=seeds, runs=runs, key=key)
            if turn >= 0:
                samples[name].append(sample)
    return samples


def ratio(one: list[Sample], other: list[Sample]) -> float:
    """Return the median over rounds of the time of one package over that of another."""
    return float(np.median([a.milliseconds / b.milliseconds for a, b in zip(one, other)]))


def report(work: Work, samples: dict[str, list[Sample]]) -> list[dict]:
    """Print the table of one row; return its lines."""
    lines = []
    reference = joined(samples[YARDSTICK])
    for name, rounds in samples.items():
        sample = joined(rounds)
        line = {
            "work": work.key, "package": name, "runs": int(sample.sizes.size),
            "mean": sample.mean, "error": sample.error, "milliseconds": sample.milliseconds,
            "ratio": ratio(rounds, samples[YARDSTICK]),
        }  # fmt: skip
        if OURS in samples:
            line["ours"] = ratio(rounds, samples[OURS])
        if name != YARDSTICK:
            apart = agreement(sample, reference)
            line |= {"difference": apart.difference, "z": apart.z, "ks": apart.p}
        lines.append(line)
        judged = (
            f"{line['difference']:+8.2%} z={line['z']:+5.1f} KS p={line['ks']:.3f}"
            if "z" in line
            else ""
        )
        print(
            f"  {name:20}{line['milliseconds']:12.4f} ms {line['ratio']:9.2f} x "
            f"{line.get('ours', np.nan):9.1f} x ours "
            f"{sample.sizes.size:7d} runs, size {sample.mean:12.1f} +- {sample.error:8.1f} "
            f"{judged}",
            flush=True,
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", nargs="*", help=f"of {', '.join(work.key for work in WORKS)}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--key", type=int, default=0, help="1000000 or more: cascades not seen in a run before"
    )
    parser.add_argument("--without", nargs="*", default=[], help="packages left out")
    parser.add_argument("--json", type=Path, help="also write the lines to this file")
    options = parser.parse_args()
    for package in ("numpy", "numba", "networkx", "cynetdiff", "EoN", "ndlib", "epiworldpy"):
        try:
            print(f"{package} {version(package)}", end="; ")
        except ModuleNotFoundError:
            print(f"{package} absent", end="; ")
    print()
    lines: list[dict] = []
    name, on, built = "", None, {}
    for work in WORKS:
        if options.rows and work.key not in options.rows:
            continue
        if work.graph != name:
            built.clear()
            gc.collect()
            name, on = work.graph, graph(work.graph)
            print(f"{on.name}: {on.source.size:,} ties, largest degree {on.degrees.max():,}")
        for package in work.runs:
            if package not in built and package not in options.without:
                start = time.process_time()
                built[package] = adapter(package, on)
                print(f"  [{package} loads it in {time.process_time() - start:.2f} s]")
        print(f"{work.key}: {work.label}")
        chosen = {package: built[package] for package in work.runs if package in built}
        lines += report(work, rounds_of(work, chosen, on, options.rounds, options.key))
        if options.json:
            part = options.json.with_suffix(".part")
            part.write_text(json.dumps(lines, indent=1))
            part.replace(options.json)
    print_targets(lines)


if __name__ == "__main__":
    main()
