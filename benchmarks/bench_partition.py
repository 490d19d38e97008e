"""Time a run on two processes against one, and count what more shards would send each other.

``python benchmarks/bench_partition.py [processes] [shards] [figure] [--people 1000000]``

* ``processes``: W1 core and full in one process (one thread) and on two Dask worker processes,
  bytes compared; seconds by who spends them, traffic a tick by kind, memory of each process.
* ``shards``: from the tellings and arcs of each day of one run in one process, what 2 to 128
  shards would send; checked against runs that really had 2 to 16 shards, on 100,000 people.
* ``figure``: from both, the projection: docs/figures/scale.csv and docs/figures/scale.png.

The plan that these figures carry is docs/scale.md.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from exposures import count_pairs
from machine import describe, measure
from projection import draw_figure, projected, write_csv
from workloads import w1

from koubei_sim.model.compiled import CompiledRun, run_compiled
from koubei_sim.model.compiled.parts import boundaries
from koubei_sim.model.compiled.records import RECORD
from koubei_sim.model.mechanisms import TABLE_OFFSET
from koubei_sim.model.mechanisms.telling import MESSAGE
from koubei_sim.model.world import build
from koubei_sim.model.world.arrays import History, World
from koubei_sim.runs.partition import partition_world

KEY = 7
SHARDS = (2, 4, 8, 16, 32, 64, 128)
CHECKED = (2, 4, 8, 16)
KINDS = ("tellings", "posts", "claims", "records", "news", "total")
FIGURES = Path(__file__).parents[1] / "docs" / "figures"
MB = 1e6


def same(one: History, other: History) -> bool:
    """Tell whether two histories are the same bytes."""
    return all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in zip(one, other))


def adopted(history: History) -> int:
    """Number of people won in a run."""
    start = TABLE_OFFSET["adoptions_segment"]
    end = min(offset for offset in TABLE_OFFSET.values() if offset > start)
    return int(history.table[:, start:end].sum())


def column(history: History, name: str) -> int:
    """Sum of one column of the daily table."""
    return int(history.table[:, TABLE_OFFSET[name]].sum())


# ---------------------------------------------------------------- two processes


def processes(label: str, world: World, shards: int = 2) -> dict[str, Any]:
    """Run a world in one process and in several; print and return the figures."""
    from distributed import LocalCluster

    begun = time.perf_counter()
    alone = run_compiled(world)
    one = time.perf_counter() - begun
    small = build.build_world(w1(full=True, n=20_000), key=KEY)
    with LocalCluster(
        n_workers=shards, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        where = {"where": "dask", "address": cluster.scheduler_address}
        idle = partition_world(small, shards, **where).memory  # and kernels are loaded
        begun = time.perf_counter()
        found = partition_world(world, shards, **where)
        whole = time.perf_counter() - begun
    if not same(alone, found.history):
        raise SystemExit(f"{label}: the partitioned run has other bytes")
    days = found.traffic
    seconds, waiting, busy = (float(days[name].sum()) for name in ("seconds", "waiting", "busy"))
    won = adopted(alone)
    records = float(days["records"].sum()) / (2 * RECORD.itemsize + 4)
    hub = seconds - waiting
    # On quiet days the hub works and the transport costs as much as on any: what is fixed.
    fixed_hub = float((days["seconds"] - days["waiting"]).quantile(0.1))
    fixed_transport = float((days["waiting"] - days["busy"]).quantile(0.1))
    each = max(0.0, hub - fixed_hub * len(days)) / max(1, won)
    print(
        f"\n{label}: same bytes; one process {one:.2f} s, {shards} processes {seconds:.2f} s "
        f"(with dealing out {whole:.1f} s)\n"
        f"  shards {busy:.2f} s, hub {hub:.2f} s, transport {waiting - busy:.2f} s; "
        f"a day at least {1e3 * fixed_hub:.1f} ms hub, {1e3 * fixed_transport:.1f} ms transport\n"
        f"  hub {1e6 * each:.2f} us a person won ({won:,} won, {records:,.0f} records there and "
        f"back); shards' work {1e9 * busy * shards / max(1, column(alone, 'arcs_told')):.0f} "
        f"ns an arc told\n"
        f"  memory {', '.join(f'{m / 2**20:,.0f}' for m in found.memory)} MiB, "
        f"of which an idle worker {min(idle) / 2**20:,.0f} MiB"
    )
    print(f"  {'kB a tick':10} {'mean':>10} {'most':>10}   {'GB in all':>9}")
    for kind in KINDS:
        values = days[kind]
        print(
            f"  {kind:10} {values.mean() / 1e3:10,.1f} {values.max() / 1e3:10,.1f}"
            f"   {values.sum() / 1e9:9.3f}"
        )
    return {
        "people": world.rules.n,
        "one": one,
        "seconds": seconds,
        "busy": busy,
        "hub": hub,
        "transport": waiting - busy,
        "fixed_hub": fixed_hub,
        "fixed_transport": fixed_transport,
        "hub_each": each,
        "won": won,
        "records": records,
        "arcs": column(alone, "arcs_told"),
        "memory": [m / 2**20 for m in found.memory],
        "idle": min(idle) / 2**20,
        "bytes": {kind: [float(days[kind].mean()), float(days[kind].max())] for kind in KINDS},
    }


# ---------------------------------------------------------------- more shards, counted


def tellings_of(run: CompiledRun, sign: int, c: int) -> np.ndarray:
    """Tellers of the day just run, of one sign on one channel."""
    count = run._state.told[sign, c]
    return run._state.messages[sign, c, :count]["teller"].copy()


def counted(world: World, shards: tuple[int, ...] = SHARDS) -> dict[str, np.ndarray]:
    """Count, day by day, what each number of shards would send.

    Returns
    -------
    dict
        ``told`` [T] tellings on feeds; ``posts`` [T]; and, by number of shards, ``pairs`` [T, P]
        (telling, shard other than the teller's) pairs, ``crossing`` [T, P] arcs of tellings that
        lead to another shard, ``hearing`` [T, P] those of them whose listener still hears.
        Ties made at meetings are left out.
    """
    n, ticks, rules = world.rules.n, world.rules.ticks, world.rules
    owners = np.empty((len(shards), n), np.uint8)
    for p, number in enumerate(shards):
        cuts = boundaries(n, number, smallest=64)
        owners[p] = np.repeat(np.arange(number), np.diff(cuts))
    found = {
        "told": np.zeros(ticks, np.int64),
        "posts": np.zeros(ticks, np.int64),
        **{name: np.zeros((ticks, len(shards)), np.int64)
           for name in ("pairs", "crossing", "hearing")},
    }  # fmt: skip
    run = CompiledRun(world)
    for t in range(ticks):
        hearing = run._state.hearing.copy()
        run.advance(t + 1)
        for sign in range(2):
            for c in range(rules.n_channels):
                tellers = tellings_of(run, sign, c)
                if rules.is_board[c]:
                    found["posts"][t] += tellers.size
                    continue
                found["told"][t] += tellers.size
                count_pairs(
                    tellers, world.graphs.indptr[c], world.graphs.indices[c], owners, hearing,
                    found["pairs"][t], found["crossing"][t], found["hearing"][t],
                )  # fmt: skip
    return found


def more_shards(label: str, world: World) -> list[dict[str, Any]]:
    """Print and return what each number of shards would send."""
    begun = time.perf_counter()
    found = counted(world)
    told = found["told"].sum()
    print(
        f"\n{label}: {told:,} tellings on feeds, {found['posts'].sum():,} posts in "
        f"{world.rules.ticks} days (counted in {time.perf_counter() - begun:.0f} s)\n"
        f"  {'shards':>6} {'reached':>8} {'tellings, MB a tick':>22} {'posts':>8} "
        f"{'a shard hears of':>17} {'crossing arcs':>14} {'to hearers':>11} "
        f"{'as exposures, MB':>17}"
    )
    rows = []
    for p, number in enumerate(SHARDS):
        pairs, crossing, hearing = (found[name][:, p] for name in ("pairs", "crossing", "hearing"))
        tellings = pairs * MESSAGE.itemsize / MB
        posts = found["posts"] * (number - 1) * MESSAGE.itemsize / MB
        exposures = hearing * EXPOSURE / MB
        rows.append({
            "workload": label, "people": world.rules.n, "shards": number, "told": int(told),
            "pairs": int(pairs.sum()), "crossing": int(crossing.sum()),
            "hearing": int(hearing.sum()),
            "tellings_mean": tellings.mean(), "tellings_most": tellings.max(),
            "posts_mean": posts.mean(), "posts_most": posts.max(),
            "exposures_mean": exposures.mean(), "exposures_most": exposures.max(),
        })  # fmt: skip
        heard_of = (pairs.sum() + told) / number / told
        print(
            f"  {number:6} {pairs.sum() / told:8.2f} "
            f"{tellings.mean():10.3f} / {tellings.max():8.3f} {posts.mean():8.3f} "
            f"{heard_of:17.1%} {crossing.sum():14,} {hearing.sum():11,} "
            f"{exposures.mean():8.3f} / {exposures.max():.3f}"
        )
    return rows


#: Bytes of an exposure: who hears, how strongly, by whom, of what, over which tie.
EXPOSURE = 4 + 8 + 4 + 1 + 1 + 1 + 1


def check_counts(people: int = 100_000) -> None:
    """Compare the counts with runs that really have so many shards."""
    world = build.build_world(w1(full=False, n=people), key=KEY)
    alone = run_compiled(world)
    found = counted(world, CHECKED)
    print(f"\ncounted against run, W1 core, {people:,} people (bytes of tellings, of posts)")
    for p, number in enumerate(CHECKED):
        days = partition_world(world, number)
        if not same(alone, days.history):
            raise SystemExit(f"{number} shards: other bytes")
        tellings = found["pairs"][:, p] * MESSAGE.itemsize
        posts = found["posts"] * (number - 1) * MESSAGE.itemsize
        equal = (tellings == days.traffic["tellings"]).all() and (
            posts == days.traffic["posts"]
        ).all()
        if not equal:
            raise SystemExit(f"{number} shards: counted otherwise than sent")
        total = days.traffic[["tellings", "posts", "claims", "records", "news"]].mean() / 1e3
        print(
            f"  {number:3} shards: the same every day;  kB a tick: "
            + ", ".join(f"{name} {value:,.1f}" for name, value in total.items())
        )


# ---------------------------------------------------------------- memory


def memory(label: str, world: World) -> None:
    """Print the bytes a person by kind of array, as allocated (work lists take what they use)."""
    n, run = world.rules.n, CompiledRun(world)
    state, graphs, people = run._state, world.graphs, world.people
    kinds = {
        "listener and actor": ("listener", "actor", "stage"),
        "sets": ("hearing", "talkers", "waiting", "raised", "members"),
        "waiting, rival, returns, queues, ties": (
            "wait_since", "wait_recruiter", "wait_channel", "return_next", "rival_next",
            "rival_level", "rival_offers", "queue_next", "tie_head", "recruits_today",
            "board_heard",
        ),
        "attention": ("arrivals",),
        "work lists (reserved, taken as used)": (
            "online", "messages", "claims", "rejected", "newly", "leavers", "leaver_kind",
            "complaints", "participants", "attendees", "waiters", "sort_keys", "posters", "log",
        ),
    }  # fmt: skip
    rows = [(kind, sum(getattr(state, x).nbytes for x in names)) for kind, names in kinds.items()]
    rows += [
        ("people as built", sum(values.nbytes for values in people)),
        ("arcs", sum(values.nbytes for values in graphs.indices)),
        ("tie strengths", sum(values.nbytes for values in graphs.ties)),
        ("row index (of all tellers, in each shard)", sum(v.nbytes for v in graphs.indptr)),
    ]
    arcs = sum(values.size for values in graphs.indices)
    print(f"\n{label}: bytes a person, {arcs / n:.1f} arcs a person")
    for kind, size in rows:
        print(f"  {kind:42} {size / n:8.1f}")


# ---------------------------------------------------------------- all


def main() -> None:
    """Parse what is asked for and do it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("which", nargs="*", default=["processes", "shards", "figure"])
    parser.add_argument("--people", type=int, default=1_000_000)
    options = parser.parse_args()
    print(describe(measure()), flush=True)
    kept: dict[str, Any] = {}
    run_compiled(build.build_world(w1(full=True, n=20_000), key=KEY))  # warm
    if "shards" in options.which:
        check_counts(min(100_000, options.people))
    for label, full in (("core", False), ("full", True)):
        if not {"processes", "shards"} & set(options.which):
            break
        world = build.build_world(w1(full=full, n=options.people), key=KEY)
        if "processes" in options.which:
            memory(f"W1 {label}", world)
            kept[f"processes {label}"] = processes(f"W1 {label}", world)
        if "shards" in options.which:
            kept[f"shards {label}"] = more_shards(label, world)
        del world
    if {"processes", "shards", "figure"} <= set(options.which):
        for label in ("core", "full"):
            projected(kept, label)
        write_csv(kept, FIGURES / "scale.csv")
        draw_figure(kept, FIGURES / "scale.png")


if __name__ == "__main__":
    main()
