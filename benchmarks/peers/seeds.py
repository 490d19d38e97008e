"""Choice of seeds beside other packages: ``python -m benchmarks.peers.seeds [graphs]``.

Needs the environments ``python -m benchmarks.peers install cynetdiff pynetim``.  Each package
chooses 50 people on the same ties, one thread, CPU time of the choice alone; all take turns for a
few rounds.  Then the reach of everybody's seeds is measured alike, by cascades of ours whose sizes
`benchmarks.peers` holds against the other packages, and printed first: a time counts only for who
reaches no less.  Ratios are medians over rounds.  Graphs of the data sets need ``KOUBEI_DATA``.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import tempfile
from dataclasses import dataclass
from math import e
from pathlib import Path
from typing import Any

import numpy as np

from koubei_sim.cascades import cascade
from koubei_sim.networks import find_data, read_network

from .graphs import SHAPES, Graph, from_ties, graph, save
from .turns import Package, PackageStopped, available
from .with_koubei import RULES, as_network

FILES = {"nethept": "nethept.edges.gz", "epinions": "soc_epinions1_undirected.edges.gz"}
ROUND = 1.0 - 1.0 / e - 0.1  # what OPIM-C and IMM promise with eps = .1
CASCADES = 20_000


@dataclass(frozen=True, eq=False)
class Way:
    """One way to choose: adapter, method, arguments; `rounds` 1 where it takes minutes."""

    package: str
    method: str
    arguments: dict[str, Any]
    least: bool = False  # whether it is slow enough to be run once only

    @property
    def label(self) -> str:
        """In the table."""
        told = ", ".join(f"{name} {value:.3g}" for name, value in self.arguments.items())
        return f"{self.package} {self.method} {told}".strip()


WAYS = (
    Way("koubei_sim", "maximise", {"target": ROUND}),
    Way("koubei_sim", "maximise", {"target": 0.9}),
    Way("PyNetIM", "opim_c", {"eps": 0.1}),
    Way("PyNetIM", "imm", {"eps": 0.1}, least=True),
    Way("CyNetDiff", "celf", {"trials": 200}, least=True),
)


def read(name: str) -> Graph:
    """Return a graph of the data sets, each pair once, or one that is made."""
    if name in SHAPES:
        return graph(name)
    network = read_network(find_data(FILES[name]), directed=False)
    source, target = network.arcs()
    kept = source < target
    return from_ties(name, network.n_nodes, source[kept], target[kept])


def compare(name: str, law: str, options: argparse.Namespace) -> None:
    """Run all ways on one graph and print them."""
    on = read(name)
    ways = [way for way in WAYS if available(way.package) and way.method not in options.without]
    print(f"{name} {law}: {on.n:,} people, {on.source.size:,} ties, k = {options.k}", flush=True)
    chosen: dict[Way, np.ndarray] = {}
    took: dict[Way, list[float]] = {way: [] for way in ways}
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as packages:
        path = Path(folder) / "ties.npz"
        save(on, path)
        running = {}
        for package in {way.package for way in ways}:
            running[package] = packages.enter_context(Package(package))
            running[package].load(path)
        for turn in range(-1, options.rounds):
            for way in ways:
                if way.least and turn != 0:
                    continue
                asked = {"law": law, "k": options.k} | way.arguments
                try:
                    sample = running[way.package].call(way.method, asked, [], 1, 100 + turn)
                except PackageStopped as stopped:
                    print(f"  {stopped}")
                    continue
                if turn >= 0:
                    chosen[way] = sample.sizes
                    took[way].append(sample.milliseconds)
    network = as_network(on)
    reach = {}
    for number, (way, people) in enumerate(chosen.items()):
        sizes = cascade(network, RULES[law], people, CASCADES, 10 + number).sizes
        reach[way] = float(sizes.mean()), float(sizes.std(ddof=1) / np.sqrt(sizes.size))
    heads = f"{'reach':>10}{'error':>7}{'z':>7}{'seconds':>9}{'by .53':>10}{'by .9':>9}"
    print(f"  {'':40}{heads}  (times as long as ours)")
    (first, second), (best, spread) = (median(took, way) for way in ways[:2]), reach[ways[1]]
    for way, (mean, error) in reach.items():
        z = 0.0 if way is ways[1] else (best - mean) / max(1e-9, float(np.hypot(error, spread)))
        mine = median(took, way)
        print(
            f"  {way.label:40}{mean:>10,.1f}{error:>7.1f}{z:>+7.1f}{mine / 1e3:>9.3f}"
            f"{mine / first:>9.1f}x{mine / second:>8.1f}x",
            flush=True,
        )


def median(took: dict[Way, list[float]], way: Way) -> float:
    """Return the median milliseconds."""
    return float(np.median(took[way]))


def main() -> None:
    """Understand the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers.seeds", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    known = [*FILES, *SHAPES]
    parser.add_argument("graphs", nargs="*", help=", ".join(known))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--laws", nargs="*", default=["IC", "LT"], help="IC (weighted), LT")
    parser.add_argument("--k", type=int, default=50)
    parser.add_argument("--without", nargs="*", default=[], help="methods left out: imm, celf")
    options = parser.parse_args()
    if unknown := sorted(set(options.graphs) - set(known)):
        parser.error(f"no graph {unknown[0]}, one of {', '.join(known)}")
    chosen = options.graphs or [*(FILES if os.environ.get("KOUBEI_DATA") else ()), "100k"]
    for name in chosen:
        for law in options.laws:
            compare(name, law, options)


if __name__ == "__main__":
    main()
