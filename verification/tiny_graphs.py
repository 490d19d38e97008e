"""Target 1: the independent cascade on graphs small enough for closed forms.

Paths, stars, cycles and cliques with one coin a tie; the linear threshold model on cycles and
cliques.  The expectations are the formulas of `koubei_sim.theory` (Kempe, Kleinberg and Tardos
2003: whom a cascade reaches is whom live edges connect), so each is tested by the Monte Carlo error
alone.
Called by the registry.
"""

from __future__ import annotations

from typing import Any

from koubei_sim.cascades import IndependentCascade, LinearThreshold, cascade, paired
from koubei_sim.networks import Network, complete, ring
from koubei_sim.theory import shapes
from verification.verdict import (
    KEY,
    Check,
    Replication,
    by_z,
    exactly,
    mean_by_z,
    sized,
)

TITLE = "Closed forms of the independent cascade on small graphs"
SOURCE = "Kempe, Kleinberg and Tardos 2003 (live edges); sums over paths and edge sets"
CHANCES = (0.1, 0.3, 0.5)


def _path(n: int) -> Network:
    return Network.from_edges(list(range(n - 1)), list(range(1, n)), n=n, directed=False)


def _star(n: int) -> Network:
    return Network.from_edges([0] * (n - 1), list(range(1, n)), n=n, directed=False)


#: Graph, seed, and the expected spread at probability p.
_CASES: dict[str, tuple[Network, int, Any]] = {
    "two people": (_path(2), 0, lambda p: shapes.path(2, p).spread),
    "path of 5, from an end": (_path(5), 0, lambda p: shapes.path(5, p).spread),
    "path of 5, from the middle": (_path(5), 2, lambda p: shapes.path(5, p, 2).spread),
    "star of 10, from the hub": (_star(10), 0, lambda p: shapes.star(10, p).spread),
    "star of 10, from a leaf": (_star(10), 1, lambda p: shapes.star(10, p, 1).spread),
    "triangle": (complete(3), 0, lambda p: shapes.cycle(3, p).spread),
    "cycle of 4": (ring(4), 0, lambda p: shapes.cycle(4, p).spread),
    "cycle of 6": (ring(6), 0, lambda p: shapes.cycle(6, p).spread),
    "clique of 4": (complete(4), 0, lambda p: shapes.complete(4, p).spread),
    "clique of 5": (complete(5), 0, lambda p: shapes.complete(5, p).spread),
}


def run(scale: str = "quick", key: int = KEY) -> Replication:
    """Run the cascades and compare their mean sizes with the formulas."""
    runs = sized(scale, 200_000, 1_000_000)
    rows: list[Check] = []
    points: list[tuple[float, float]] = []
    for name, (graph, seed, spread) in _CASES.items():
        for p in CHANCES:
            sizes = cascade(graph, IndependentCascade(p), [seed], runs, key).sizes
            points.append((spread(p), float(sizes.mean())))
            rows.append(mean_by_z(f"{name}, p = {p}", spread(p), sizes))
    for name, graph, expected in (
        ("threshold, cycle of 5", ring(5), shapes.threshold_cycle(5).spread),
        ("threshold, clique of 6", complete(6), shapes.threshold_complete(6)),
    ):
        sizes = cascade(graph, LinearThreshold(), [0], runs, key).sizes
        rows.append(mean_by_z(name, expected, sizes))
        summed = cascade(graph, LinearThreshold(method="sum"), [0], runs, key).sizes
        error = ((sizes.var() + summed.var()) / runs) ** 0.5
        rows.append(
            by_z(
                f"{name}: two samplers agree",
                0.0,
                float(summed.mean() - sizes.mean()),
                error,
                note="live edges against thresholds, their claim 2.6",
            )
        )
    rows.append(_monotone(key))
    return Replication("tiny-graphs", TITLE, SOURCE, tuple(rows), scale, key, draw=_drawn(points))


def _monotone(key: int) -> Check:
    """Count the replicates in which a higher p or a further seed reaches fewer people."""
    settings: dict[str, Any] = {
        f"{p}": (IndependentCascade(p), [0]) for p in (0.1, 0.2, 0.3, 0.4, 0.5)
    }
    settings["two seeds"] = (IndependentCascade(0.5), [0, 3])
    runs = paired(complete(6), settings, 2000, key)
    pairs = list(zip(runs.names, runs.names[1:]))
    worse = sum(int((runs.of(more) < runs.of(less)).sum()) for less, more in pairs)
    return exactly("replicates in which more p or seeds reach fewer", 0, worse)


def _drawn(points: list[tuple[float, float]]) -> Any:
    def draw(ax: Any) -> None:
        from koubei_sim.plots.style import BLUE, GREY

        top = max(expected for expected, _ in points) * 1.05
        ax.plot([1, top], [1, top], color=GREY, lw=1)
        ax.plot(*zip(*points), color=BLUE, ls="none", marker="o", ms=5)
        ax.set_title("Mean size on small graphs")
        ax.set_xlabel("formula")
        ax.set_ylabel("simulated")

    return draw
