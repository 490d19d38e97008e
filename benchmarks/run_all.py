"""Run every benchmark there is, one after another: what remakes the figures of the documentation.

``python benchmarks/run_all.py [name ...] [--list]`` takes an hour and 8 GiB.  First the suite, with
asv; then the scripts, with the arguments that the documentation quotes; then other packages.  Each
prints to the terminal and into `benchmarks/results`.  A script that is not named in `ARGUMENTS` is
run without arguments, so that a new one is not forgotten; one that fails does not stop the rest.

Called by ``make bench``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
#: What the documentation quotes, by script.
ARGUMENTS = {
    "bench_pyramid": ["w1", "w2", "quiet", "big", "reference"],
    "bench_cascades": ["full"],
    "bench_networks": ["--files"],
    "bench_reading": ["--full"],
}


def commands() -> dict[str, list[str]]:
    """Return all there is, by name, in the order in which it is run."""
    found = {"suite": ["benchmarks/run_suite.py", "all"]}
    for script in sorted((ROOT / "benchmarks").glob("bench_*.py")):
        name = script.stem
        found[name] = [f"benchmarks/{script.name}", *ARGUMENTS.get(name, [])]
    # Packages beside this one that can be run, `peers` among them; ten-million networks too.
    for main in sorted((ROOT / "benchmarks").glob("*/__main__.py")):
        if main.parent.name != "compare":  # compares revisions: there is nothing to quote
            found[main.parent.name] = ["-m", f"benchmarks.{main.parent.name}"]
    found["roofline"] = ["benchmarks/roofline.py", "--big"]
    found["scaling"] = ["benchmarks/scaling.py", "--largest", "10000000"]
    found["networks_10M"] = ["benchmarks/bench_networks.py", "--n", "10000000", "--edges", "0"]
    return found


def run(name: str, words: list[str]) -> int:
    """Run one; show and keep what it prints."""
    print(f"\n== {name}: python {' '.join(words)}", flush=True)
    with (RESULTS / f"{name}.txt").open("w") as kept:
        process = subprocess.Popen(
            [sys.executable, "-u", *words],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            kept.write(line)
    return process.wait()


def main() -> int:
    """Run what is named, or everything."""
    known = commands()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help=", ".join(known))
    parser.add_argument("--list", action="store_true", help="print the commands only")
    given = parser.parse_args()
    unknown = sorted(set(given.names) - set(known))
    if unknown:
        parser.error(f"got {unknown[0]}, allowed {', '.join(known)}")
    chosen = {
        name: words for name, words in known.items() if not given.names or name in given.names
    }
    if given.list:
        print("\n".join(f"{name:16} python {' '.join(words)}" for name, words in chosen.items()))
        return 0
    RESULTS.mkdir(exist_ok=True)
    ends = []
    for name, words in chosen.items():
        start = time.perf_counter()
        ends.append((name, run(name, words), time.perf_counter() - start))
    print(f"\n{'benchmark':20} {'minutes':>8}  end\n{'-' * 80}")
    for name, status, seconds in ends:
        print(f"{name:20} {seconds / 60:8.1f}  {'fine' if status == 0 else f'status {status}'}")
    print(f"all that was printed: {RESULTS.relative_to(ROOT)}/")
    return int(any(status for _, status, _ in ends))


if __name__ == "__main__":
    sys.exit(main())
