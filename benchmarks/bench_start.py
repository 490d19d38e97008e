"""Time what a person waits for: the first run after installation, and the start of later ones.

``python benchmarks/bench_start.py [tiny xiaomi] [--starts 5]``.  Each line is a fresh process that
does what ``koubei run PRESET`` does.  The first has an empty store of compiled code: how many
functions were compiled, in how many seconds of processor time (a quarter-second of imports comes
on top), and when the first day began.  The others find everything compiled; the least of several
is shown, with its parts: imports, people, networks with the strength of ties, the rest.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

KEY = 7


def started(preset: str) -> dict[str, float]:
    """Run a preset up to its first day in this process; return what it took, in seconds."""
    begin = time.perf_counter()
    from numba.core import event

    compiled, spent, depth, since = 0, 0.0, 0, 0.0

    class Listener(event.Listener):
        def on_start(self, _: object) -> None:
            nonlocal depth, since
            if depth == 0:
                since = time.process_time()
            depth += 1

        def on_end(self, _: object) -> None:
            nonlocal depth, spent, compiled
            depth -= 1
            compiled += 1
            if depth == 0:
                spent += time.process_time() - since

    event.register("numba:compile", Listener())
    from koubei_sim.cli import commands

    commands()
    from koubei_sim.model.compiled import CompiledRun
    from koubei_sim.model.scenario import Scenario
    from koubei_sim.model.world import build

    scenario = Scenario.load(preset)
    imported = time.perf_counter()
    population = build.build_population(scenario, KEY)
    people = time.perf_counter()
    networks = build.build_networks(scenario, KEY, 0, population)
    graphs = build.build_graphs(scenario, networks, population)
    drawn = time.perf_counter()
    world = build.build_world(scenario, KEY, population=population, graphs=graphs)
    run = CompiledRun(world)
    ready = time.perf_counter()
    run.advance(1)
    return {
        "agents": scenario.n_agents,
        "functions": compiled,
        "compiling": spent,
        "imports": imported - begin,
        "people": people - imported,
        "networks": drawn - people,
        "rest": ready - drawn,
        "ready": ready - begin,
    }


def fresh(preset: str, store: str) -> dict[str, float]:
    """Do `started` in a new process with this store of compiled code; add the whole wait."""
    surroundings = {**os.environ, "NUMBA_CACHE_DIR": store}
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, __file__, "--one", preset],
        env=surroundings,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    found["process"] = time.perf_counter() - begin
    return found


def main() -> None:
    """Measure the presets asked for, each with a store of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("presets", nargs="*", default=["tiny", "xiaomi"])
    parser.add_argument("--starts", type=int, default=5, help="later starts, of which the least")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(started(options.one)))
        return
    print(
        f"{'preset':8} {'agents':>9} {'start':>7} {'functions':>9} {'compiling':>9} {'imports':>7} "
        f"{'people':>6} {'networks':>8} {'rest':>5} {'first tick after':>16}"
    )
    for preset in options.presets:
        with tempfile.TemporaryDirectory() as store:
            first = fresh(preset, store)
            later = min(
                (fresh(preset, store) for _ in range(options.starts)), key=lambda f: f["ready"]
            )
        for name, found in (("first", first), ("later", later)):
            print(
                f"{preset:8} {found['agents']:>9,.0f} {name:>7} {found['functions']:>9.0f} "
                f"{found['compiling']:>7.1f} s {found['imports']:>5.2f} s "
                f"{found['people']:>4.2f} s "
                f"{found['networks']:>6.2f} s {found['rest']:>3.2f} s {found['ready']:>14.2f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
