"""Time the reading of large graphs, and what it takes in memory.

``python benchmarks/bench_reading.py`` writes a random edge list of 2 million arcs as text, zipped
text, CSV and parquet into a temporary folder and reads each in a process of its own, so that the
peak of memory is that of the one reading.  ``--full`` takes the sizes for which there are targets:
50 million arcs among 5 million people, and 100 million among 10 million (needs 4 GB of disk and a
few minutes).  Kernels are compiled (or loaded) on a small file first.

Columns: seconds; seconds of all cores together; MB of the network; peak of memory above what the
process held before (MB).  Targets stand in brackets.
"""

from __future__ import annotations

import argparse
import gc
import gzip
import json
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np

from koubei_sim import networks
from koubei_sim.networks.row_blocks import thread_count

PART = 5_000_000  # arcs written at a time
# (kind of file, arcs, people, target of seconds, target of MB held)
FULL = (
    ("x.edges", 50_000_000, 5_000_000, 20.0, None),
    ("x.parquet", 50_000_000, 5_000_000, 4.0, None),
    ("x.csv", 50_000_000, 5_000_000, None, None),
    ("x.parquet", 100_000_000, 10_000_000, None, 1500.0),
)
KINDS = ("x.edges", "x.edges.gz", "x.csv", "x.parquet")


def write(path: Path, arcs: int, people: int) -> None:
    """Write random arcs (targets uneven, as in a graph of followers) in the order drawn."""
    import pyarrow as pa
    from pyarrow import csv, parquet

    random = np.random.default_rng(1)
    schema = pa.schema([("source", pa.int32()), ("target", pa.int32())])
    comma = path.name.endswith(".csv")
    options = csv.WriteOptions(include_header=comma, delimiter="," if comma else "\t")
    zipped = path.suffix == ".gz"
    with (
        path.open("wb") as raw,
        gzip.open(raw, "wb", compresslevel=3) if zipped else nullcontext(raw) as file,
        parquet.ParquetWriter(file, schema)
        if path.suffix == ".parquet"
        else csv.CSVWriter(file, schema, write_options=options) as writer,
    ):
        for start in range(0, arcs, PART):
            size = min(PART, arcs - start)
            source = random.integers(0, people, size, dtype=np.int32)
            target = (random.random(size) ** 3 * people).astype(np.int32)
            writer.write_table(pa.table([source, target], schema=schema))


def peak_mb() -> float:
    """Peak resident memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def read_one(path: Path, small: Path) -> dict[str, float]:
    """Read a file once, after a small one of its kind; return the figures."""
    networks.read_network(small, directed=True)
    gc.collect()
    before = peak_mb()
    start, cpu = time.perf_counter(), time.process_time()
    net = networks.read_network(path, directed=True)
    return {
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - cpu,
        "held": net.nbytes / 1e6,
        "peak": peak_mb() - before,
        "arcs": net.n_arcs,
    }


def measured(path: Path, small: Path, threads: int, rounds: int) -> dict[str, float]:
    """The fastest of several rounds, each in a new process."""
    command = [sys.executable, __file__, "--one", str(path), str(small), "--threads", str(threads)]
    found = []
    for _ in range(rounds):
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found.append(json.loads(done.stdout.splitlines()[-1]))
    return min(found, key=lambda figures: figures["seconds"])


def line(kind: str, figures: dict[str, float], seconds: float | None, held: float | None) -> str:
    goal = "" if seconds is None else f"[{seconds:.0f}]"
    room = "" if held is None else f"[{held:.0f}]"
    return (
        f"{kind:12} {figures['arcs']:13,} arcs {figures['seconds']:7.2f} s {goal:>5} "
        f"{figures['cpu']:7.2f} s of CPU {figures['held']:7.0f} MB {room:>6} "
        f"peak {figures['peak']:6.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arcs", type=int, default=2_000_000)
    parser.add_argument("--people", type=int, default=None, help="a tenth of the arcs unless given")
    parser.add_argument("--threads", type=int, default=thread_count())
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--full", action="store_true", help="the sizes that have targets")
    parser.add_argument("--one", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        with networks.threads(options.threads):
            print(json.dumps(read_one(*options.one)))
        return
    people = options.people or max(options.arcs // 10, 1)
    plain = [(kind, options.arcs, people, None, None) for kind in KINDS]
    print(f"threads = {options.threads}, best of {options.rounds}; [targets]")
    with tempfile.TemporaryDirectory() as folder:
        for kind, arcs, heads, seconds, held in FULL if options.full else plain:
            path, small = Path(folder) / kind, Path(folder) / f"small_{kind}"
            write(path, arcs, heads)
            # Large enough for several blocks, so that every loop for large files is compiled.
            write(small, 700_000, 70_000)
            figures = measured(path, small, options.threads, options.rounds)
            print(line(kind, figures, seconds, held), flush=True)
            path.unlink()
            small.unlink()


if __name__ == "__main__":
    main()
