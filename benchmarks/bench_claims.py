"""Time the runs of a claim: how many a minute, and the same numbers to the byte.

``python benchmarks/bench_claims.py`` judges claim E1 (arms of purity and gate, 20,000 people, two
years) over a few worlds of its prior and again on the second key; no ladder, sizes or posterior.
``--base FOLDER`` does the same with another checkout of the library, in turn, and says how many
times as fast this one is; the two must find the same.

Each figure is the least of several rounds, each a process of its own with everything compiled.
Processor time is what is compared: it hardly feels what else the machine does.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def judged(worlds: int, workers: int) -> dict[str, Any]:
    """Judge the claim in this process; return runs, seconds and a digest of what was found."""
    from koubei_sim.studies.claims.claim_file import read_claim
    from koubei_sim.studies.claims.judge import claim

    whole = read_claim(ROOT / "experiments" / "E1")
    tests = tuple(
        test.model_copy(update={"points": 0})
        for test in whole.tests
        if test.model == "pyramid" and not test.market
    )

    def smaller(points: int) -> Any:
        changes = {
            "prior": {"points": points, "replicates": 2},
            "decision": {"most": 2},
            "posterior": {"preset": ""},
            "ladder": {"replicates": 0},
            "stability": {"agents": (), "worlds": ()},
        }
        parts = {name: getattr(whole, name).model_copy(update=u) for name, u in changes.items()}
        return whole.model_copy(update={**parts, "tests": tests})

    with tempfile.TemporaryDirectory() as folder:
        claim(smaller(2), out=Path(folder) / "warm", workers=workers)  # compiled, imported
        busy, wall = time.process_time(), time.perf_counter()
        found = claim(smaller(worlds), out=Path(folder) / "timed", workers=workers).content
        busy, wall = time.process_time() - busy, time.perf_counter() - wall
    text = json.dumps([found["tests"], found["runs"], found["failed"]], sort_keys=True, default=str)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return {"runs": found["runs"], "busy": busy, "wall": wall, "digest": digest}


def in_process(tree: Path, worlds: int, workers: int) -> dict[str, Any]:
    """Judge the claim in a process of its own, with the library of a checkout."""
    words = ["--here", "--worlds", str(worlds), "--workers", str(workers)]
    done = subprocess.run(
        [sys.executable, __file__, *words],
        env={**os.environ, "PYTHONPATH": str(tree / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def main() -> int:
    """Print a line a checkout; return 1 where they found different numbers."""
    words = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    words.add_argument("--worlds", type=int, default=24, help="worlds of the prior")
    words.add_argument("--workers", type=int, default=1)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--base", type=Path, help="another checkout")
    words.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    given = words.parse_args()
    if given.here:
        print(json.dumps(judged(given.worlds, given.workers)))
        return 0
    trees = {"base": given.base, "this": ROOT} if given.base else {"this": ROOT}
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in trees}
    for _ in range(given.rounds):
        for name, tree in trees.items():
            found[name].append(in_process(tree, given.worlds, given.workers))
    least = {}
    print(f"{'':<6} {'runs':>5} {'cpu ms a run':>13} {'a cpu minute':>13} {'a minute':>9}   digest")
    for name, rounds in found.items():
        runs = rounds[0]["runs"]
        busy, wall = (min(one[kind] for one in rounds) for kind in ("busy", "wall"))
        least[name] = busy
        print(
            f"{name:<6} {runs:>5} {1e3 * busy / runs:>13.1f} {60 * runs / busy:>13.0f} "
            f"{60 * runs / wall:>9.0f}   {rounds[0]['digest'][:16]}"
        )
    if given.base:
        print(f"{least['base'] / least['this']:.2f} times as many runs a minute of processor")
    return int(len({one["digest"] for rounds in found.values() for one in rounds}) > 1)


if __name__ == "__main__":
    sys.exit(main())
