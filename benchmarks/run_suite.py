"""Run the suite with asv on the environment that is there, and print its figures.

``python benchmarks/run_suite.py quick`` takes the small sizes; ``all`` takes everything (ten
million people too: 5 GiB, about half an hour).  Kernels are compiled before, so that neither times
nor peaks hold a compilation.  asv's results stay in `benchmarks/results/asv`; words after the first
choose rows whose names hold one of them.  Times are minima of the samples, peaks those of the whole
process.

Called by ``make bench`` and ``make bench-quick``.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "benchmarks" / "results" / "asv"
CONFIG = ROOT / "benchmarks" / "asv.conf.json"
#: Short of asv's own patience, and enough for minima.
QUICK = [
    "-a",
    "rounds=1",
    "-a",
    "processes=1",
    "-a",
    "repeat=(2,5,0.3)",
    "-a",
    "warmup_time=0",
    "-a",
    "sample_time=0.02",
]
#: What the quick set leaves out beside large sizes (see `quick` in the files of the suite).
LEFT_OUT = r"^(?!starting\.Compilation|sweeps\.SweepMemory|strategies\.StrategyMemory)"
UNITS = {"seconds": (1e3, "ms"), "bytes": (2**-20, "MiB")}


def asv(*words: str) -> int:
    """Call asv; what it keeps for a user goes into the folder of results too."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    # asv hides PYTHONPATH from the benchmarks, but not its own variable.
    found = {**os.environ, "HOME": str(FOLDER), "ASV_PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "asv", *words]
    return subprocess.run(command, cwd=CONFIG.parent, env=found, check=False).returncode


def warm(words: list[str], which: str) -> None:
    """Call everything once, so that all kernels are compiled."""
    sys.path.insert(0, str(ROOT))
    from benchmarks.compare.rows import all_rows
    from benchmarks.compare.worker import Bench

    bench = Bench()
    for row in all_rows():
        name = f"{row.name}({', '.join(map(repr, row.params))})"
        if row.quick and row.kind == "time" and (not words or any(w in name for w in words)):
            bench.prepare(row)
    bench.drop()


def commit() -> str:
    """Return the commit that results are filed under, or nothing where there is no git."""
    try:
        done = subprocess.run(
            ["git", "-C", str(ROOT), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def results(since: float) -> dict[str, Any]:
    """Return what asv wrote since then."""
    files = [
        path
        for path in FOLDER.glob("results/*/*.json")
        if path.stat().st_mtime >= since and path.name not in ("machine.json", "benchmarks.json")
    ]
    return json.loads(max(files, key=lambda path: path.stat().st_mtime).read_text())


def rows(found: dict[str, Any], units: dict[str, str], since: float) -> list[tuple[str, str, str]]:
    """Return name, figure and unit of every row measured since then (asv keeps older ones)."""
    out = []
    for name, values in sorted(found["results"].items()):
        one = dict(zip(found["result_columns"], values))
        if (one.get("started_at") or 0) < 1000 * since:
            continue
        sizes = one["params"] or [[]]
        combinations = [()]
        for words in sizes:
            combinations = [(*old, word.strip("'")) for old in combinations for word in words]
        samples = one.get("samples") or [None] * len(combinations)
        module, _, method = name.split(".")
        for params, middle, kept in zip(combinations, one["result"] or [], samples):
            value = min(kept) if kept else middle
            if not isinstance(value, (int, float)):
                continue  # not chosen, or failed: asv has said so
            factor, unit = UNITS.get(units[name], (1.0, units[name]))
            if value == value:  # a number
                out.append(
                    ("/".join([f"{module}.{method}", *params]), f"{factor * value:.4g}", unit)
                )
    return out


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("which", choices=("quick", "all"))
    parser.add_argument("words", nargs="*", help="only benchmarks whose name has one of these")
    given = parser.parse_args()
    started, since = time.perf_counter(), time.time()
    print("compiling what is not compiled", flush=True)
    warm(given.words, given.which)
    head = commit()
    some = "|".join(map(re.escape, given.words))
    chosen = f"{LEFT_OUT if given.which == 'quick' else '^'}.*({some})"
    if given.which == "quick":
        chosen += r".*'small'"
    command = [
        "run",
        "--python=same",
        "--launch-method=forkserver",
        "--bench",
        chosen,
        "--record-samples",
    ]
    command += ["--set-commit-hash", head] if head else []
    command += QUICK if given.which == "quick" else []
    status = asv("machine", "--yes") or asv(*command)
    if head:
        listed = json.loads((FOLDER / "results" / "benchmarks.json").read_text())
        units = {name: one["unit"] for name, one in listed.items() if isinstance(one, dict)}
        print(f"\n{'benchmark':58} {'least':>10}\n{'-' * 80}")
        for label, value, unit in rows(results(since), units, since):
            if given.which == "quick" and not label.endswith("/small"):
                continue  # kept by asv from an earlier run of everything
            print(f"{label[:58]:58} {value:>10} {unit}")
    else:
        print("no git here: the figures stand above, and nothing is kept")
    print(f"{time.perf_counter() - started:.0f} s")
    return status


if __name__ == "__main__":
    sys.exit(main())
