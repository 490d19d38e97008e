"""From what was measured at a million people to a billion on many workers; `bench_partition`.

A tick of a partitioned run takes the work of a shard, the work of the hub, the bytes through the
busiest link, and the rounds.  What is assumed stands in `Assumed`; all else was measured or
counted.  People, tellings and arcs are taken to grow alike (a person of a billion tells as often
and has as many friends as one of a million), and listeners to be spread evenly over the shards.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from koubei_sim.model.mechanisms import telling

MESSAGE = telling.MESSAGE.itemsize


@dataclass(frozen=True)
class Assumed:
    """What no measurement here can tell."""

    people: float = 1e9
    link: float = 25e9 / 8  # bytes a second of one machine, each way
    round_seconds: float = 0.001  # to ask all workers and have their answers
    rounds: int = 6
    ns_an_arc: float = 36.0  # docs/performance.md, 10 M people (W1 core); 50.5 with every module
    ns_a_telling: float = 40.0  # finding the row of a telling that has no listener here


@dataclass(frozen=True)
class Tick:
    """Seconds of a tick by who spends them, and bytes."""

    shards: int
    work: float
    hub: float
    star: float  # all bytes through the hub, as now
    direct: float  # tellings from shard to shard
    calls: float  # a Dask call to each worker and phase, one after the other, as measured
    rounds: float  # all workers asked at once, assumed
    tellings: float  # bytes a tick, all shards
    records: float

    @property
    def now(self) -> float:
        """Seconds of a tick as things are."""
        return self.work + self.hub + self.star + self.calls

    @property
    def changed(self) -> float:
        """Seconds where shards send to each other and settle by owner of the recruiter."""
        return self.work + self.hub / self.shards + self.direct + self.rounds


def tick(kept: dict[str, Any], label: str, shards: int, assumed: Assumed | None = None) -> Tick:
    """Project the mean tick of W1 to many people."""
    assumed = assumed or Assumed(ns_an_arc=36.0 if label == "core" else 50.5)
    run = kept[f"processes {label}"]
    rows = {row["shards"]: row for row in kept[f"shards {label}"]}
    scale, days = assumed.people / run["people"], 365
    row = rows[shards]
    told = row["told"] / days * scale
    pairs = row["pairs"] / days * scale
    received = (pairs + told) / shards
    posts = row["posts_mean"] * 1e6 * scale
    claims = run["bytes"]["claims"][0] * scale
    records = run["bytes"]["records"][0] * scale
    tellings = pairs * MESSAGE
    work = run["arcs"] / days * scale / shards * assumed.ns_an_arc + received * assumed.ns_a_telling
    through_hub = claims + records
    return Tick(
        shards=shards,
        work=1e-9 * work,
        hub=run["hub_each"] * run["won"] / days * scale,
        # in by one direction and out by the other: the larger of the two
        star=(max(tellings + posts, 0.0) + through_hub / 2) / assumed.link,
        direct=((tellings + posts) / shards + through_hub / shards) / assumed.link,
        calls=run["fixed_transport"] / 2 * shards,
        rounds=assumed.rounds * assumed.round_seconds,
        tellings=tellings,
        records=records,
    )


def projected(kept: dict[str, Any], label: str) -> list[Tick]:
    """Print and return the ticks for every number of shards that was counted."""
    if f"processes {label}" not in kept or f"shards {label}" not in kept:
        return []
    ticks = [tick(kept, label, row["shards"]) for row in kept[f"shards {label}"]]
    print(
        f"\nW1 {label}, projected to 1e9 people: seconds of a mean tick\n"
        f"  {'shards':>6} {'work':>7} {'hub':>7} {'star':>7} {'calls':>7} {'now':>8}   "
        f"{'direct':>7} {'rounds':>7} {'changed':>8}   {'tellings, GB':>12} {'records, GB':>12}"
    )
    for one in ticks:
        print(
            f"  {one.shards:6} {one.work:7.3f} {one.hub:7.3f} {one.star:7.3f} {one.calls:7.3f} "
            f"{one.now:8.3f}   {one.direct:7.3f} {one.rounds:7.3f} {one.changed:8.3f}   "
            f"{one.tellings / 1e9:12.2f} {one.records / 1e9:12.2f}"
        )
    return ticks


def write_csv(kept: dict[str, Any], path: Path) -> None:
    """Write what was counted and projected, a row for each workload and number of shards."""
    rows = []
    for label in ("core", "full"):
        for row in kept.get(f"shards {label}", []):
            line = dict(row)
            if f"processes {label}" in kept:
                one = tick(kept, label, row["shards"])
                line |= {
                    "billion_work_s": one.work, "billion_hub_s": one.hub,
                    "billion_star_s": one.star, "billion_calls_s": one.calls,
                    "billion_rounds_s": one.rounds, "billion_direct_s": one.direct,
                    "billion_now_s": one.now, "billion_changed_s": one.changed,
                    "billion_tellings_bytes": one.tellings, "billion_records_bytes": one.records,
                }  # fmt: skip
            rows.append({
                name: f"{value:.6g}" if isinstance(value, float) else value
                for name, value in line.items()
            })  # fmt: skip
    if not rows:
        return
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"\n{path.name}: {len(rows)} rows")


def draw_figure(kept: dict[str, Any], path: Path) -> None:
    """Draw traffic a tick and projected seconds a tick against the number of shards."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
    colours = {"core": "#1b6ca8", "full": "#c8553d"}
    for label, colour in colours.items():
        rows = kept.get(f"shards {label}", [])
        shards = [row["shards"] for row in rows]
        per_person = [1e6 * row["tellings_mean"] / row["people"] for row in rows]
        exposures = [1e6 * row["exposures_mean"] / row["people"] for row in rows]
        left.plot(shards, per_person, "o-", color=colour, label=f"{label}: tellings to shards")
        left.plot(shards, exposures, "s:", color=colour, label=f"{label}: exposures along arcs")
    left.set_xscale("log", base=2)
    left.set_xlabel("shards")
    left.set_ylabel("bytes a person and tick (mean)")
    left.set_title("What travels between shards (counted, W1)", fontsize=10)
    left.legend(frameon=False, fontsize=8)
    left.set_ylim(bottom=0)
    if {"processes core", "shards core"} <= set(kept):
        ticks = [tick(kept, "core", row["shards"]) for row in kept["shards core"]]
        shards = [one.shards for one in ticks]
        lines = {
            "a tick, as it is": [one.now for one in ticks],
            "all through the hub's link": [one.star for one in ticks],
            "settling at the hub": [one.hub for one in ticks],
            "calls, one after the other": [one.calls for one in ticks],
            "work of a shard": [one.work for one in ticks],
            "a tick, shards sending directly,\nsettling by owner": [one.changed for one in ticks],
        }
        for (name, values), style in zip(
            lines.items(), ("k-", "C1--", "C3--", "C4--", "C0--", "C2-")
        ):
            right.plot(shards, values, style, label=name)
    right.set_xscale("log", base=2)
    right.set_yscale("log")
    right.set_xlabel("workers, one shard each")
    right.set_ylabel("seconds a tick")
    right.set_title("A billion people, W1 core (projected)", fontsize=10)
    right.set_ylim(bottom=0.002)
    right.legend(frameon=False, fontsize=8, loc="lower left", ncols=2)
    for axes in (left, right):
        axes.set_xticks(shards, [str(number) for number in shards])
    figure.tight_layout()
    figure.savefig(path, dpi=130)
    plt.close(figure)
