"""How the cost of the pyramid model grows with people, ties, days, replicates; why it bends.

``python benchmarks/scaling.py [--largest 10000000]`` runs W1 (core) from ten thousand people up to
the largest size (a million unless told), and at a hundred thousand people other numbers of ties,
days and replicates; fits a power law to each (least squares on logarithms, 95 % interval of the
exponent from the scatter) and sets the cost of an arc heard beside the time that its random cache
lines take at the rates which `machine` measures for tables of that size, on small pages and on
huge ones.  Raw figures go to docs/figures/scaling.json, the picture to docs/figures/scaling.png;
``--redraw`` makes fits and picture from the raw figures.

CPU time of one run after the world is made, one thread, least of the rounds.  Up to a million
people a minute and a half, to ten million six or seven (5 GiB).
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import limits
import machine as probe
import numpy as np
from workloads import w1

import koubei_sim as kb
from koubei_sim.model.compiled import CompiledRun
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world import build

KEY = 7
FIGURES = Path(__file__).resolve().parents[1] / "docs" / "figures"
KEPT = FIGURES / "scaling.json"
SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
MIDDLE = 100_000
TIES = (0.25, 0.5, 1.0, 2.0, 4.0)  # times the mean degrees of W1
DAYS = (90, 180, 365, 730, 1460)
REPLICATES = (1, 2, 4, 8, 16)
FEEDS = {"weibo": 15.0, "wechat": 20.0, "qzone": 15.0}  # mean degrees of W1
ENOUGH = 2.0  # seconds of CPU on a run, shorter ones are repeated
COUNTED = ("replicates", "seconds")
TABLES = tuple(range(14, 33))


@dataclass(frozen=True)
class PowerLaw:
    """``y = factor * x ** exponent`` with a 95 % interval of the exponent."""

    exponent: float
    low: float
    high: float
    factor: float

    def __call__(self, x: Any) -> Any:
        """Return y."""
        return self.factor * np.asarray(x, float) ** self.exponent

    def __str__(self) -> str:
        return f"{self.exponent:.3f} ({self.low:.3f} to {self.high:.3f})"


def power_law(x: Sequence[float], y: Sequence[float]) -> PowerLaw:
    """Fit by least squares on logarithms; the interval is Student's, from the residuals.

    With two points there is no scatter to judge by, and the interval is all numbers.

    Examples
    --------
    >>> power_law([1, 10, 100], [2, 20, 200]).exponent.__round__(6)
    1.0
    """
    from scipy.stats import t

    across, up = np.log(np.asarray(x, float)), np.log(np.asarray(y, float))
    if across.size != up.size or across.size < 2:
        raise ValueError(f"power law: two points or more, got {across.size} and {up.size}")
    centred = across - across.mean()
    spread = float(centred @ centred)
    slope = float(centred @ up) / spread
    offset = float(up.mean() - slope * across.mean())
    free = across.size - 2
    if free:
        left = up - offset - slope * across
        half = float(t.ppf(0.975, free) * np.sqrt(left @ left / free / spread))
    else:
        half = float("inf")
    return PowerLaw(slope, slope - half, slope + half, float(np.exp(offset)))


def straight(x: Sequence[float], y: Sequence[float]) -> tuple[float, float, float]:
    """Return intercept, slope and correlation of y over x."""
    slope, intercept = np.polyfit(x, y, 1)
    return float(intercept), float(slope), float(np.corrcoef(x, y)[0, 1])


# ---- runs ----------------------------------------------------------------------------------------


def one(scenario: Scenario) -> dict[str, float]:
    """Run a scenario; return what it cost, and what it could not avoid."""
    world = build.build_world(scenario, key=KEY)
    seconds, spent = float("inf"), 0.0
    while spent < ENOUGH:
        run = CompiledRun(world)
        start = time.process_time()
        run.advance()
        took = time.process_time() - start
        seconds, spent = min(seconds, took), spent + took
    table = run.history().table
    work = limits.of_pyramid(world, table)
    arcs = limits.column(table, "arcs_told")
    n, ticks = world.rules.n, table.shape[0]
    found = {
        "people": float(n), "ticks": float(ticks), "seconds": seconds, "arcs": float(arcs),
        "turns": float(limits.column(table, "online_users")),
        "users": float(table[-1, limits.TABLE_OFFSET["stage"] + 3] / n),
        "ties": float(sum(targets.size for targets in world.graphs.indices) / n),
        "lines": [[float(count), float(size)] for count, size in work.lines],
    }  # fmt: skip
    print(
        f"{n:12,} people {found['ties']:5.1f} arcs each {ticks:5} ticks {seconds:8.3f} s "
        f"{arcs / 1e6:8.2f} M arcs heard {1e9 * seconds / arcs:6.1f} ns an arc "
        f"{1e9 * seconds / n / ticks:7.2f} ns an agent-tick, users {found['users']:.0%}",
        flush=True,
    )
    return found


def market(n: int, ties: float = 1.0, days: int = 365) -> Scenario:
    """Return W1 (core) whose course is the same at every size, with `ties` times its degrees.

    What a market has once (seeds, reports that a team can read, reports that make the product
    better) grows with it, else small ones would have won fewer people and be cheaper for that.
    With fewer ties each is the more persuasive, so that as many are won.
    """
    plain, scale = w1(full=False, n=n), n / 1_000_000
    changes: dict[str, Any] = {
        "seeding.number": max(1, n // 1000),
        "products.miui.scale_quality": 200.0 * scale,
        "products.miui.scale_difficulty": 200.0 * scale,
        "products.miui.reading_capacity": 2000.0 * scale,
        "ticks": days,
    }
    for name, degree in FEEDS.items():
        changes[f"channels.{name}.network.mean_degree"] = degree * ties
        changes[f"channels.{name}.persuasion"] = plain.channels[name].persuasion / ties
    return plain.replace(**changes)


def replicates(count: int) -> dict[str, float]:
    """Run replicates through the front door, making of networks and result included."""
    scenario = market(MIDDLE)
    seconds = probe.best(lambda: kb.run(scenario, replicates=count, rng=KEY), 2)
    print(f"{count:4} replicates {seconds:8.3f} s, {seconds / count:7.3f} s each", flush=True)
    return {"replicates": float(count), "seconds": seconds}


def measured(largest: int) -> dict[str, Any]:
    """Run everything."""
    CompiledRun(build.build_world(w1(full=False, n=5_000), key=KEY)).advance()  # warm
    kept: dict[str, Any] = {"processor": probe.processor(), "caches": probe.caches()}
    print(kept["processor"])
    kept["people"], kept["halves"] = [], []
    for n in (size for size in SIZES if size <= largest):
        for name, ties in (("people", 1.0), ("halves", 0.5)):
            kept[name].append(one(market(n, ties)))
            gc.collect()
    kept["ties"] = [one(market(MIDDLE, ties)) for ties in TIES]
    kept["ticks"] = [one(market(MIDDLE, days=days)) for days in DAYS]
    kept["replicates"] = [replicates(count) for count in REPLICATES]
    most = max(size for _, size in kept["people"][-1]["lines"])
    sizes = [power for power in TABLES if power <= np.ceil(np.log2(most))]
    for name, huge in (("huge", True), ("small", False)):
        kept[name] = {str(power): probe.lines(power, huge) for power in sizes}
    return kept


# ---- fits ----------------------------------------------------------------------------------------


def line_seconds(rates: dict[str, float], size: float) -> float:
    """Return the seconds of a random line in a table of `size` bytes, from measured rates."""
    powers = np.array(sorted(int(power) for power in rates), float)
    times = np.log([1.0 / rates[str(int(power))] for power in powers])
    return float(np.exp(np.interp(np.log2(size), powers, times)))


def lines_of(run: dict[str, Any], rates: dict[str, float]) -> float:
    """Return the seconds that the random lines of a run take."""
    return float(sum(count * line_seconds(rates, size) for count, size in run["lines"]))


@dataclass(frozen=True)
class Cost:
    """What a size costs, in nanoseconds."""

    arc: float  # of one more arc heard: the run against one with half of the ties
    turn: float  # all that is left, for each turn of a user who is online
    mixed: float  # all of it, for each arc heard
    agent_tick: float
    huge: float  # random lines of one more arc ..., on huge pages
    small: float  # ... and on small ones

    @classmethod
    def of(cls, run: dict[str, Any], half: dict[str, Any], kept: dict[str, Any]) -> Cost:
        """Split the cost of a size between arcs and turns."""
        more = run["arcs"] - half["arcs"]
        arc = (run["seconds"] - half["seconds"]) / more
        huge, small = (
            (lines_of(run, kept[name]) - lines_of(half, kept[name])) / more
            for name in ("huge", "small")
        )
        figures = (
            arc,
            (run["seconds"] - arc * run["arcs"]) / run["turns"],
            run["seconds"] / run["arcs"],
            run["seconds"] / run["people"] / run["ticks"],
            huge,
            small,
        )
        return cls(*(1e9 * figure for figure in figures))


def costs(kept: dict[str, Any]) -> list[Cost]:
    """Return what each size costs."""
    return [Cost.of(run, half, kept) for run, half in zip(kept["people"], kept["halves"])]


def fits(kept: dict[str, Any]) -> dict[str, PowerLaw]:
    """Fit seconds against each of the four, and the costs of an arc and an agent-tick."""
    runs, n = kept["people"], [run["people"] for run in kept["people"]]
    found = costs(kept)
    return {
        "people": power_law(n, [run["seconds"] for run in runs]),
        "ties": power_law(
            [run["ties"] for run in kept["ties"]], [run["seconds"] for run in kept["ties"]]
        ),
        "ticks": power_law(
            [run["ticks"] for run in kept["ticks"]], [run["seconds"] for run in kept["ticks"]]
        ),
        "replicates": power_law(
            [run["replicates"] for run in kept["replicates"]],
            [run["seconds"] for run in kept["replicates"]],
        ),
        "ns an arc heard, all in": power_law(n, [cost.mixed for cost in found]),
        "ns an agent-tick": power_law(n, [cost.agent_tick for cost in found]),
    }


def tell(kept: dict[str, Any]) -> None:
    """Print exponents, where the cost of an arc rises, and how well random lines explain it."""
    print("exponents (95 % interval)")
    for name, law in fits(kept).items():
        print(f"  {name:26}{law}")
    found, runs = costs(kept), kept["people"]
    print("ns by size: an arc all in, an agent-tick, one more arc, a turn; lines of one more arc")
    for k, (run, cost) in enumerate(zip(runs, found)):
        bend = ""
        if k:
            step = np.log(run["people"] / runs[k - 1]["people"])
            bend = f", local exponent {np.log(cost.mixed / found[k - 1].mixed) / step:+.2f}"
        print(
            f"  {run['people']:12,.0f} people {cost.mixed:6.1f} {cost.agent_tick:6.2f} "
            f"{cost.arc:6.1f} {cost.turn:6.1f}; huge pages {cost.huge:5.2f}, "
            f"small {cost.small:5.2f}; records {probe.size_text(run['lines'][0][1])}, arcs "
            f"{probe.size_text(run['lines'][2][1])}{bend}"
        )
    arcs, seconds = ([run[name] for run in kept["ties"]] for name in ("arcs", "seconds"))
    base, each, fit = straight(arcs, seconds)
    print(
        f"ties: {base:.3f} s + {1e9 * each:.1f} ns an arc heard, correlation {fit:.4f} "
        f"({runs[0]['ticks']:.0f} days, {kept['ties'][0]['people']:,.0f} people)"
    )
    number, seconds = ([run[name] for run in kept["replicates"]] for name in COUNTED)
    base, each, fit = straight(number, seconds)
    print(f"replicates: {base:.3f} s once + {each:.3f} s each, correlation {fit:.4f}")
    if len(runs) > 2:
        # All lines of a run, not only those of one more arc: the rows and their bounds too.
        mixed = [cost.mixed for cost in found]
        for name in ("huge", "small"):
            lines = [1e9 * lines_of(run, kept[name]) / run["arcs"] for run in runs]
            base, each, fit = straight(lines, mixed)
            print(
                f"an arc, all in = {base:.1f} ns + {each:.2f} times its random lines on {name} "
                f"pages, correlation {fit:.3f}"
            )


# ---- picture -------------------------------------------------------------------------------------


def draw(kept: dict[str, Any], path: Path) -> None:
    """Draw costs over people, random lines over table size, and the four power laws."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    laws = fits(kept)
    figure, (first, second, third) = pyplot.subplots(1, 3, figsize=(16, 5.4), layout="constrained")
    draw_costs(first, kept)
    draw_lines(second, kept)
    draw_laws(third, kept, laws)
    for axes in (first, second, third):
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=11)
    figure.suptitle(f"Pyramid model, W1 core, one thread, {kept['processor']}", fontsize=13)
    figure.savefig(path, dpi=130)
    pyplot.close(figure)


def draw_costs(axes: Any, kept: dict[str, Any]) -> None:
    """Nanoseconds an arc, a turn and an agent-tick over people, and the random lines of an arc."""
    runs, found = kept["people"], costs(kept)
    n = [run["people"] for run in runs]
    for name, style, colour, label in (
        ("mixed", "o-", "#D55E00", "all, an arc heard"),
        ("agent_tick", "s-", "#0072B2", "all, an agent-tick"),
        ("arc", "^-", "#009E73", "one more arc heard"),
    ):
        axes.plot(
            n, [getattr(cost, name) for cost in found], style, color=colour, ms=7, label=label
        )
    for name, style in (("huge", "--"), ("small", ":")):
        axes.plot(
            n, [1e9 * lines_of(run, kept[name]) / run["arcs"] for run in runs], style,
            color="#777777", label=f"random lines of an arc, {name} pages",
        )  # fmt: skip
    # Where the two tables that are met at random outgrow a cache.
    record = runs[-1]["lines"][0][1] / n[-1]
    arcs = runs[-1]["lines"][2][1] / n[-1]
    for level, size in kept["caches"].items():
        for what, each in (("records", record), ("arcs", arcs)):
            if n[0] / 1.5 < size / each < n[-1] * 1.5:
                axes.axvline(size / each, color="#bbbbbb", lw=1)
                axes.annotate(
                    f"{what} fill {level}", (size / each, 0.7), rotation=90, fontsize=9.5,
                    xycoords=("data", "axes fraction"), ha="right", va="top", color="#666666",
                )  # fmt: skip
    axes.set(xscale="log", ylim=(0, 1.45 * axes.get_ylim()[1]))  # room for the legend
    axes.set_xlabel("people", fontsize=13)
    axes.set_ylabel("nanoseconds", fontsize=13)
    axes.legend(frameon=False, fontsize=10.5)


def draw_lines(axes: Any, kept: dict[str, Any]) -> None:
    """Nanoseconds of a random line over the size of its table, caches marked."""
    for name, style, colour in (("huge", "o-", "#009E73"), ("small", "s--", "#CC79A7")):
        powers = sorted(int(power) for power in kept[name])
        axes.plot(
            [2.0**power for power in powers],
            [1e9 / kept[name][str(power)] for power in powers],
            style, color=colour, ms=5, label=f"{name} pages",
        )  # fmt: skip
    for level, size in kept["caches"].items():
        axes.axvline(size, color="#bbbbbb", lw=1)
        axes.annotate(
            f"{level} {probe.size_text(size)}", (size, 0.98), rotation=90, fontsize=9.5,
            xycoords=("data", "axes fraction"), ha="right", va="top", color="#666666",
        )  # fmt: skip
    axes.set(xscale="log", yscale="log")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ticks = [2.0**power for power in range(14, 33, 4)]
    axes.set_xticks(ticks, [probe.size_text(size) for size in ticks])
    axes.minorticks_off()
    axes.set_xlabel("table read at random", fontsize=13)
    axes.set_ylabel("nanoseconds a cache line", fontsize=13)
    axes.legend(frameon=False, fontsize=10.5, loc="lower right")


def draw_laws(axes: Any, kept: dict[str, Any], laws: dict[str, PowerLaw]) -> None:
    """Cost relative to the middle run over people, ties, days and replicates."""
    columns = {"people": "o", "ties": "s", "ticks": "^", "replicates": "D"}
    colours = ("#D55E00", "#0072B2", "#009E73", "#CC79A7")
    for (name, marker), colour in zip(columns.items(), colours):
        runs = kept[name]
        x = np.array([run[name] for run in runs])
        y = np.array([run["seconds"] for run in runs])
        middle = x[len(x) // 2]
        base = float(laws[name](middle))
        axes.plot(x / middle, y / base, marker, color=colour, ms=7)
        label = "days" if name == "ticks" else "ties a person" if name == "ties" else name
        axes.plot(
            x / middle, laws[name](x) / base, "-", color=colour, lw=1.2,
            label=f"{label}: {laws[name]}",
        )  # fmt: skip
    axes.set(xscale="log", yscale="log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_xlabel("times the middle value", fontsize=13)
    axes.set_ylabel("cost, times the middle one", fontsize=13)
    axes.legend(frameon=False, fontsize=10.5, title="exponent (95 %)")


def main() -> None:
    """Measure and draw, or draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--largest", type=int, default=1_000_000, help="people, at most")
    parser.add_argument("--no-write", action="store_true", help="only print")
    parser.add_argument("--redraw", action="store_true", help="only fit and draw what is kept")
    options = parser.parse_args()
    if options.largest < SIZES[1]:
        parser.error(f"--largest: got {options.largest}, allowed {SIZES[1]} or more")
    kept = json.loads(KEPT.read_text()) if options.redraw else measured(options.largest)
    tell(kept)
    if options.no_write:
        return
    if not options.redraw:
        KEPT.write_text(json.dumps(kept, indent=1) + "\n")
    draw(kept, KEPT.with_suffix(".png"))


if __name__ == "__main__":
    main()
