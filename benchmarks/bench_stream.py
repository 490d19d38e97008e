"""Time and memory of runs whose events are kept in memory, and of the same runs streamed to disk.

``python benchmarks/bench_stream.py [--n 1000000] [--rounds 3] [--folder DIR]`` runs, each in a
fresh process,

- W1 with every module (`workloads.w1`): about one event a person in a year;
- W1 whose users leave within days and come back within days, over one and four times the days:
  many events a person.

*kept* is ``run(..., out=...)``, *streamed* is ``run(..., out=..., stream=True)``: both leave the
same folder, whose digests are compared before any figure is believed.  *Peak* is the resident
memory of the process at its highest; *grown* is by how much it rose above what it was when the
first days of the run were over (world, graphs and state are there by then), files and digest
included.  Seconds cover everything, also building the world; of several rounds the least counts.

It takes some minutes and, kept, several GiB.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from machine import describe, measure
from workloads import w1

import koubei_sim as kb
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world.arrays import events_in

#: People who are won by own media, leave after some days and are won again.
_TURNOVER: dict[str, Any] = {
    "service.churn": 0.5,
    "service.lapsed_return": 1,
    "supply.enabled": False,
    "market.rival": [],
    "market.rejection": False,
    "participation.online": 1.0,
    **{
        f"media.{channel}": {"channel": channel, "start": 0, "visibility": 1.0, "persuasion": 1.0}
        for channel in ("forum", "weibo", "wechat", "qzone")
    },
}


def scenario_of(name: str, n: int) -> Scenario:
    """Return a workload by its name."""
    base = w1(full=True, n=n)
    if name == "w1":
        return base
    return base.replace(ticks=int(name.removeprefix("turnover")), **_TURNOVER)


def resident(which: str) -> int:
    """Return bytes of resident memory: ``VmRSS`` now, ``VmHWM`` at its highest (Linux)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(which + ":"):
            return int(line.split()[1]) * 1024
    raise SystemExit("this benchmark reads /proc/self/status, which only Linux has")


def child(name: str, n: int, stream: bool, folder: str) -> None:
    """Do one run in this process and print what it took."""
    # Kernels and libraries are loaded before the clock starts.
    kb.run("tiny", rng=1, ticks=3, n_agents=200, out=f"{folder}/warm", stream=stream)
    before: list[int] = []  # highest while the world was built, and resident when the run began

    def first_days(done: int, total: int) -> None:
        if not before:
            before.extend((resident("VmHWM"), resident("VmRSS")))
            Path("/proc/self/clear_refs").write_text("5")  # the highest is counted anew

    started = time.perf_counter()
    result = kb.run(
        scenario_of(name, n), rng=7, progress=first_days, out=f"{folder}/run", stream=stream
    )
    seconds = time.perf_counter() - started
    highest = resident("VmHWM")
    found = {
        "seconds": seconds,
        "peak": max(before[0], highest),
        "grown": highest - before[1],
        "events": sum(events_in(history) for history in result.histories),
        "digest": result.digest(),
        "file": (Path(folder) / "run" / "events.parquet").stat().st_size,
    }
    print(json.dumps(found))


def measured(name: str, n: int, stream: bool, folder: str | None) -> dict[str, Any]:
    """Return what one run took, in a process of its own."""
    if folder is not None:
        Path(folder).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        words = [sys.executable, __file__, "--child", name, str(n), str(int(stream)), place]
        done = subprocess.run(words, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def row(name: str, n: int, rounds: int, folder: str | None) -> str:
    """Measure a workload both ways, in turn, and return its lines of the table."""
    taken: dict[bool, list[dict[str, Any]]] = {False: [], True: []}
    for _ in range(rounds):
        for stream, runs in taken.items():
            runs.append(measured(name, n, stream, folder))
    digests = {each["digest"] for runs in taken.values() for each in runs}
    if len(digests) != 1:
        raise SystemExit(f"{name}: kept and streamed are not the same run: {digests}")
    lines = []
    for stream, runs in taken.items():
        least = {key: min(run[key] for run in runs) for key in ("seconds", "peak", "grown")}
        events, file = runs[0]["events"], runs[0]["file"]
        lines.append(
            f"| {name} | {'streamed' if stream else 'kept'} | {events / 1e6:.2f} M "
            f"| {events / n:.1f} | {least['seconds']:.1f} | {least['peak'] / 2**30:.2f} GiB "
            f"| {least['grown'] / 2**20:.0f} MiB | {least['grown'] / events:.0f} "
            f"| {file / 2**20:.0f} MB |"
        )
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", default=None, help="where the files go; a real disk")
    parser.add_argument("--workloads", nargs="+", default=["w1", "turnover30", "turnover120"])
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        name, n, stream, folder = given.child
        child(name, int(n), bool(int(stream)), folder)
        return
    print(f"{given.n:,} people; least of {given.rounds} rounds; {describe(measure())}\n")
    print("| workload | log | events | a person | seconds | peak | grown | bytes an event | file |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name in given.workloads:
        print(row(name, given.n, given.rounds, given.folder), flush=True)


if __name__ == "__main__":
    main()
