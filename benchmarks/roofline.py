"""Set every kernel beside what the machine allows: a table, and docs/figures/roofline.png.

``python benchmarks/roofline.py [--big] [--no-write]`` probes the machine, times the kernels on one
thread (CPU time, least of the rounds, warm) and draws how many operations a second each attains
over the bytes that an operation cannot avoid to move, a whole cache line of 64 bytes for each
random touch (`limits`).  Slanted lines are what the machine allows: bytes moved in order, and lines
read at random from tables of three sizes; level ones are draws.  A kernel's whisker reaches up to
its own limit: the first tick is lines, bytes and draws in turn, the end all of them at once.

Under two minutes; ``--big`` adds ten million people (three minutes more, 5 GiB).  The figures are
kept in docs/figures/roofline.json, from which ``--redraw`` makes the picture again.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import limits
import machine as probe
import numpy as np
from bench_cascades import KEY, least, people, seeds_of
from workloads import w1

from koubei_sim import networks
from koubei_sim.cascades import SIR, IndependentCascade, LinearThreshold, Rule, cascade
from koubei_sim.core.draws import draw_many
from koubei_sim.model.compiled import CompiledRun
from koubei_sim.model.world import build
from koubei_sim.networks import Network

FIGURES = Path(__file__).resolve().parents[1] / "docs" / "figures"
KEPT = FIGURES / "roofline.json"
TABLES = (20, 25, 30)  # of the slanted lines: 1 MiB, 32 MiB, 1 GiB


@dataclass(frozen=True)
class Point:
    """One kernel: time and unavoidable work of one operation."""

    label: str
    family: str
    operation: str
    seconds: float
    bytes: float
    in_turn: float  # least seconds
    at_once: float

    @classmethod
    def of(
        cls,
        label: str,
        family: str,
        operation: str,
        count: float,
        seconds: float,
        work: limits.Least,
        machine: probe.Machine,
    ) -> Point:
        """Divide the figures of a whole run by the number of its operations."""
        found = seconds, work.bytes, work.in_turn(machine), work.at_once(machine)
        return cls(label, family, operation, *(float(figure / count) for figure in found))

    def print(self) -> None:
        """Print its line of the table."""
        print(
            f"{self.label:34}{1e9 * self.seconds:9.2f} ns a {self.operation:6}"
            f"{self.bytes:8.1f} bytes   in turn {1e9 * self.in_turn:7.2f} ns "
            f"(x {self.seconds / self.in_turn:5.1f})   at once {1e9 * self.at_once:7.2f} ns "
            f"(x {self.seconds / self.at_once:5.1f})",
            flush=True,
        )


def pyramid(n: int, rounds: int, machine: probe.Machine) -> Point:
    """Time W1, the core of the pyramid model."""
    CompiledRun(build.build_world(w1(full=False, n=20_000), key=KEY)).advance()  # warm
    world = build.build_world(w1(full=False, n=n), key=KEY)
    seconds = []
    for _ in range(rounds):
        run = CompiledRun(world)
        start = time.process_time()
        run.advance()
        seconds.append(time.process_time() - start)
    table = run.history().table
    work, heard = limits.of_pyramid(world, table), limits.column(table, "arcs_told")
    label = f"pyramid core, {n / 1e6:g}M"
    return Point.of(label, "pyramid", "arc", heard, min(seconds), work, machine)


def one_cascade(
    label: str, network: Network, rule: Rule, seeds: np.ndarray, runs: int, machine: probe.Machine
) -> Point:
    """Time one more replicate of a cascade."""
    walk = limits.Walk.of(network, rule, seeds, runs, KEY)

    def run(count: int) -> object:
        return cascade(network, rule, seeds, count, KEY, threads=1)

    alone = least(lambda: run(1), 3, time.process_time)
    all_of_them = least(lambda: run(runs), 3, time.process_time)
    each = (all_of_them - alone) / (runs - 1)
    return Point.of(label, "cascades", "arc", walk.arcs, each, walk.least, machine)


def cascades(big: bool, machine: probe.Machine) -> list[Point]:
    """Time the cascades: sparse and macroscopic, in cache and out of it."""
    small, large = people(100_000), people(1_000_000)
    rule, some = IndependentCascade, seeds_of(small, 100)
    work: list[tuple[str, Network, Rule, np.ndarray, int]] = [
        ("IC p=.02, 100k, sparse", small, rule(0.02), seeds_of(small, 10), 2000),
        ("IC p=.1, 100k", small, rule(0.1), seeds_of(small, 10, 50), 300),
        ("IC p=.1, 1M", large, rule(0.1), seeds_of(large, 10, 50), 40),
        ("weighted IC, 1M, sparse", large, rule("weighted"), seeds_of(large, 1000), 300),
        ("linear threshold, 1M", large, LinearThreshold(), seeds_of(large, 1000), 300),
        ("SIR, exact time, 100k", small, SIR(0.1, 0.5), some, 40),
        ("SIR by steps, 100k", small, SIR(0.05, 0.25, steps=True), some, 40),
    ]
    if big:
        huge = people(10_000_000)
        work.append(("IC p=.1, 10M", huge, rule(0.1), seeds_of(huge, 10, 50), 6))
    return [one_cascade(*line, machine) for line in work]


def building(machine: probe.Machine) -> list[Point]:
    """Time the making of networks of a million people."""
    n, random = 1_000_000, np.random.default_rng(1)
    ends = random.integers(0, n, (2, 10 * n), dtype=np.int32)
    made: list[tuple[str, Callable[[], Network], Any]] = [
        ("edges to rows, 1M", lambda: Network.from_edges(ends[0], ends[1], n), limits.of_rows),
        (
            "follow graph, 1M",
            lambda: networks.follow_graph(n, 15, 2.3, key=1),
            limits.of_generation,
        ),
    ]
    points = []
    with networks.threads(1):
        for label, action, work in made:
            arcs = action().n_arcs
            seconds = probe.best(action, 2)
            points.append(Point.of(label, "networks", "arc", arcs, seconds, work(n, arcs), machine))
    return points


def drawing(machine: probe.Machine) -> Point:
    """Time draws that are written to memory."""
    out = np.empty(1 << 24, np.uint64)
    seconds = probe.best(lambda: draw_many(np.uint64(7), 0, out))
    work = limits.Least(lines=(), streamed=float(out.nbytes), draws=float(out.size))
    return Point.of("draws, to memory", "draws", "draw", out.size, seconds, work, machine)


def measured(big: bool) -> dict[str, Any]:
    """Probe, time and print everything; return what the figure needs."""
    machine = probe.measure()
    print(probe.processor())
    print(probe.describe(machine), flush=True)
    points = [drawing(machine), *building(machine), *cascades(big, machine)]
    points.append(pyramid(1_000_000, 3, machine))
    if big:
        points.append(pyramid(10_000_000, 1, machine))
    for point in points:
        point.print()
    two = min(2, os.cpu_count() or 1)
    return {
        "processor": probe.processor(),
        "stream": machine.stream,
        "stream_two": probe.streaming(two),
        "draws": machine.draws,
        "draws_two": probe.drawing(two),
        "lines": {str(size): probe.lines(size) for size in TABLES},
        "lines_two": {str(size): probe.lines(size, True, two) for size in TABLES},
        "points": [asdict(point) for point in points],
    }


WHITE = dict(facecolor="white", edgecolor="none", alpha=0.75, pad=0.6)
COLOURS = {"pyramid": "#D55E00", "cascades": "#0072B2", "networks": "#009E73", "draws": "#555555"}


def draw(kept: dict[str, Any], path: Path) -> None:
    """Draw roofs and kernels."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    points = [Point(**point) for point in kept["points"]]
    figure, axes = pyplot.subplots(figsize=(12, 7.2), layout="constrained")
    left = 0.6 * min(point.bytes for point in points)
    right = 2.5 * max(point.bytes for point in points)
    grid = np.geomspace(left, right, 50)
    roofs = [("in order", kept["stream"], kept["stream_two"])] + [
        (
            f"random lines, {probe.size_text(1 << int(size))}",
            64 * rate,
            64 * kept["lines_two"][size],
        )
        for size, rate in kept["lines"].items()
    ]
    bottom = 0.5 * min(1 / point.seconds for point in points) / 1e6
    top = 3.0 * 8 * kept["draws"] / 1e6
    names: list[tuple[str, float, str]] = []
    for number, (label, one, two) in enumerate(roofs):
        shade = str(0.25 + 0.13 * number)
        axes.plot(grid, one / grid / 1e6, color=shade, lw=1.6, zorder=1)
        axes.plot(grid, two / grid / 1e6, color=shade, lw=0.9, ls=":", zorder=1)
        names.append((f"{label}, {one / 1e9:.1f} GB/s", one, shade))
    for arcs, label in ((1, "a draw each"), (8, "eight share a draw")):
        level = arcs * kept["draws"] / 1e6
        axes.axhline(level, color="#aaaaaa", lw=1.2, zorder=1)
        axes.annotate(label, (right / 1.05, level), fontsize=10, color="#777777", ha="right",
                      va="bottom")  # fmt: skip
    texts = []
    for point in sorted(points, key=lambda point: 1 / point.seconds):
        colour = COLOURS[point.family]
        here, turn, once = (1e-6 / s for s in (point.seconds, point.in_turn, point.at_once))
        axes.plot([point.bytes] * 2, [here, once], color=colour, lw=1.4, alpha=0.6, zorder=2)
        axes.plot([point.bytes] * 2, [turn, once], ls="none", marker="_", ms=12, color=colour)
        axes.plot(point.bytes, here, "o", ms=10, color=colour, mec="white", zorder=3)
        texts.append((point.bytes, here, f"{point.label} ×{point.seconds / point.in_turn:.1f}"))
    axes.set(xscale="log", yscale="log", xlim=(left, right), ylim=(bottom, top))
    figure.canvas.draw()  # where text goes depends on the axes
    place_texts(axes, texts)
    name_roofs(axes, names)
    axes.set_xlabel("least bytes moved per operation (64 for each random line)", fontsize=13)
    axes.set_ylabel("million operations a second, one thread", fontsize=13)
    axes.tick_params(labelsize=11)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(
        "Dots: measured (× its limit). Ticks: limit with all in turn, and all at once.\n"
        f"Dotted: two threads. {kept['processor']}",
        fontsize=12, loc="left",
    )  # fmt: skip
    figure.savefig(path, dpi=150)
    pyplot.close(figure)


def name_roofs(axes: Any, names: list[tuple[str, float, str]]) -> None:
    """Write the names of the slanted lines along them, at the left."""
    left, right = axes.get_xlim()
    one, other = axes.transData.transform([(1.0, 100.0), (10.0, 10.0)])
    slope = float(np.degrees(np.arctan2(*(other - one)[::-1])))
    for label, bandwidth, shade in names:
        at = left * (right / left) ** 0.01
        axes.text(
            at, bandwidth / at / 1e6, label, color=shade, fontsize=10.5, rotation=slope,
            rotation_mode="anchor", va="bottom",
        )  # fmt: skip


def meet(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether two boxes (left, bottom, right, top) overlap."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def place_texts(axes: Any, texts: list[tuple[float, float, str]]) -> None:
    """Write each text beside its dot, lowered or raised where it would meet another."""
    dots = [axes.transData.transform((x, y)) for x, y, _ in texts]
    taken = [(x - 7, y - 7, x + 7, y + 7) for x, y in dots]
    for x, y, text in texts:
        column, row = axes.transData.transform((x, y))
        wide, high = 7.7 * len(text), 16.0  # pixels of a text of 10.5 points
        right_edge = axes.transAxes.transform((1, 0))[0]
        # Beside the dot first, right or left, then ever further up or down.
        for shift in (0, -15, 15, -30, 30, -45, 45, -60, 60):
            for start in (column + 10, column - 10 - wide):
                box = (start, row + shift - high / 2, start + wide, row + shift + high / 2)
                if box[2] < right_edge and not any(meet(box, other) for other in taken):
                    break
            else:
                continue
            break
        taken.append(box)
        side = "left" if start > column else "right"
        edge = start if side == "left" else start + wide
        place = axes.transData.inverted().transform((edge, row + shift))
        axes.text(*place, text, fontsize=10.5, va="center", ha=side, zorder=4, bbox=WHITE)


def main() -> None:
    """Measure and draw, or draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--big", action="store_true", help="ten million people as well")
    parser.add_argument("--no-write", action="store_true", help="only print")
    parser.add_argument("--redraw", action="store_true", help="only draw what is kept")
    options = parser.parse_args()
    if not options.redraw:
        kept = measured(options.big)
        if options.no_write:
            return
        KEPT.write_text(json.dumps(kept, indent=1) + "\n")
    draw(json.loads(KEPT.read_text()), KEPT.with_suffix(".png"))


if __name__ == "__main__":
    main()
