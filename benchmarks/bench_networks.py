"""Time the making of networks: generators, tie strength, edges to rows, files.

``python benchmarks/bench_networks.py [--n 1000000] [--threads 2] [--files]`` prints a table of
seconds, seconds of all cores together, arcs a second and peak memory.  Kernels are compiled (or
loaded) on a small case first.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from koubei_sim import networks
from koubei_sim.networks import Network, tie_strength
from koubei_sim.networks.row_blocks import thread_count


def peak_mib() -> float:
    """Peak resident memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def cases(n: int) -> dict[str, Callable[[], Network]]:
    return {
        "follow graph, mean 15": lambda: networks.follow_graph(n, 15, 2.3, key=1),
        "small world, mean 20": lambda: networks.small_world(n, 20, key=2),
        "configuration, mean 15": lambda: networks.configuration(n=n, mean_degree=15, key=3),
    }


def timed(
    label: str, action: Callable[[], object], arcs: int | None = None
) -> tuple[object, float]:
    start, cpu = time.perf_counter(), time.process_time()
    result = action()
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    count = result.n_arcs if isinstance(result, Network) else (arcs or 0)
    rate = count / seconds / 1e6
    print(
        f"{label:28} {seconds:8.2f} s {cpu:8.2f} s of CPU {count:13,} arcs {rate:7.1f} M/s "
        f"{peak_mib():7.0f} MiB",
        flush=True,
    )
    return result, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=1_000_000)
    parser.add_argument("--threads", type=int, default=thread_count())
    parser.add_argument("--files", action="store_true", help="also time text and parquet")
    parser.add_argument("--edges", type=int, default=50, help="edges a person of the random list")
    options = parser.parse_args()
    with networks.threads(options.threads):
        for make in cases(5000).values():
            tie_strength(make())
        print(f"n = {options.n:,}, threads = {options.threads}")
        built = strength = 0.0
        for label, make in cases(options.n).items():
            net, seconds = timed(label, make)
            built += seconds
            assert isinstance(net, Network)
            _, seconds = timed("  tie strength", lambda net=net: tie_strength(net), net.n_arcs)
            strength += seconds
            del net
        print(
            f"networks {built:.2f} s, tie strength {strength:.2f} s, all {built + strength:.2f} s"
        )
        if options.edges:
            edges_and_files(options.n, options.edges, options.files)


def random_edges(n: int, edges: int) -> Network:
    random = np.random.default_rng(1)
    src = random.integers(0, n, n * edges, dtype=np.int32)
    dst = random.integers(0, n, n * edges, dtype=np.int32)
    Network.from_edges(src[:9], dst[:9])
    net, _ = timed("from_edges, random order", lambda: Network.from_edges(src, dst, n))
    assert isinstance(net, Network)
    return net


def edges_and_files(n: int, edges: int, files: bool) -> None:
    net = random_edges(n, edges)
    if not files:
        return
    with tempfile.TemporaryDirectory() as folder:
        for name in ("x.edges", "x.edges.gz", "x.parquet"):
            path = Path(folder) / name
            timed(f"write {name}", lambda path=path: networks.write_network(net, path), net.n_arcs)
            timed(f"read {name}", lambda path=path: networks.read_network(path))
            path.unlink()


if __name__ == "__main__":
    main()
