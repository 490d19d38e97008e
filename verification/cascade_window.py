"""Target 4a: one threshold for all - how many seeds a cascade takes, and the window of Watts.

On random graphs of mean degree z, a person adopts when .18 of its neighbours have.  The final share
jumps where z leaves a window, and the upper edge of the window moves up with the share of seeds:
the sharpest number there is on "how many seeds does it take".  Theory of Gleeson and Cahalane for
infinitely many people; N = 100,000 here.  Beside a jump the finite size decides, so the tests keep
away from it, and the row that does not is marked.
Called by the registry.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from koubei_sim.cascades import FractionalThreshold, RandomSeeds, cascade
from koubei_sim.networks import erdos_renyi
from koubei_sim.theory import degrees, threshold
from verification.verdict import (
    KEY,
    Check,
    Replication,
    in_band,
    ordered,
    sized,
)

TITLE = "Cascade window: the jump of a threshold contagion, and how seeds move it"
SOURCE = "Watts 2002, PNAS 99:5766; Gleeson and Cahalane 2007, Physical Review E 75:056103"
PHI: Final = 0.18
N: Final = 100_000

#: (share of seeds, mean degree): final share by the fixed point.
_TABLE: Final = {
    (1e-3, 1.5): 0.5813,
    (1e-3, 3.0): 0.9406,
    (1e-3, 5.0): 0.9930,
    (1e-3, 6.5): 0.0086,
    (1e-3, 7.0): 0.0042,
    (1e-2, 3.0): 0.9412,
    (1e-2, 7.0): 0.9991,
    (1e-2, 9.0): 0.9999,
    (1e-2, 10.0): 0.0197,
    (5e-2, 14.0): 1.0,
}
BESIDE: Final = (1e-2, 9.0)  # half a unit of z from the jump
#: Edges of the window of Watts for one seed.
_EDGES: Final = {
    0.10: (1.0000, 13.6593),
    0.12: (1.0001, 10.6574),
    0.15: (1.0037, 7.4771),
    0.18: (1.0207, 5.7647),
    0.25: (1.1141, 3.8631),
}


def run(scale: str = "quick", key: int = KEY) -> Replication:
    """Run the contagion on both sides of the jumps."""
    graphs = sized(scale, 3, 10)
    rows: list[Check] = []
    for phi, edges in _EDGES.items():
        for word, expected, found in zip(("lower", "upper"), edges, threshold.cascade_window(phi)):
            what = f"phi = {phi:g}: {word} edge of the window, z"
            rows.append(in_band(what, expected, found, 5.1e-5, "C", "theory, no simulation"))
    points = []
    for (seeds, z), printed in _TABLE.items():
        theory = _theory(seeds, z)
        rows.append(
            in_band(f"fixed point, seeds {seeds:g}, z = {z:g}", printed, theory, 5.1e-5, "C")
        )
        shares = _shares(seeds, z, graphs, key)
        points.append((seeds, z, float(shares.mean())))
        beside = (seeds, z) == BESIDE
        note = (
            "beside the jump, where finite graphs may fail (elsewhere .757, sd .42)"
            if beside
            else ""
        )
        what = f"simulated, seeds {seeds:g}, z = {z:g}"
        rows.append(in_band(what, theory, float(shares.mean()), 0.01, "C", note, known=beside))
    rows += _one_seed(scale, key)
    return Replication(
        "cascade-window", TITLE, SOURCE, tuple(rows), scale, key, draw=_drawn(points)
    )


def _theory(seeds: float, z: float) -> float:
    kinds = [threshold.Kind(1.0, PHI, seeds)]
    return threshold.spread(degrees.poisson(z), kinds).adopters


def _shares(seeds: float, z: float, graphs: int, key: int) -> Any:
    """Final shares, one graph and one set of seeds each."""
    found = []
    for k in range(graphs):
        graph = erdos_renyi(N, z, key=key, replicate=k)
        rule = FractionalThreshold(PHI)
        sizes = cascade(graph, rule, RandomSeeds(round(seeds * N)), 1, key, first=k).sizes
        found.append(sizes[0] / N)
    return np.array(found)


def _one_seed(scale: str, key: int) -> list[Check]:
    """The window as it was first seen: one seed, N = 10,000, share of runs that are global."""
    runs = sized(scale, 1_000, 10_000)
    shares = {}
    for z in (0.8, 1.5, 3.0, 5.0, 9.0):
        graph = erdos_renyi(10_000, z, key=key, replicate=77)
        sizes = cascade(graph, FractionalThreshold(PHI), RandomSeeds(1), runs, key).sizes
        shares[z] = float((sizes > 0.1 * 10_000).mean())
    rows = []
    for z, words, good in (
        (0.8, "none", shares[0.8] == 0.0),
        (1.5, "some", shares[1.5] > 0.05),
        (3.0, "many", shares[3.0] > shares[1.5]),
        (5.0, "some", shares[5.0] > 0.01),
        (9.0, "rare", shares[9.0] < 0.01),
    ):
        what = f"one seed, z = {z:g}: global cascades"
        rows.append(ordered(what, words, f"{100 * shares[z]:.2g} %", good, "M", "Watts's figure"))
    return rows


def _drawn(points: list[tuple[float, float, float]]) -> Any:
    def draw(ax: Any) -> None:
        from koubei_sim.plots.style import PALETTE

        grid = np.concatenate([np.linspace(0.8, 5.5, 40), np.linspace(5.5, 11.0, 56)])
        for seeds, colour in zip((1e-3, 1e-2), PALETTE):
            theory = [_theory(seeds, float(z)) for z in grid]
            ax.plot(grid, theory, color=colour, lw=1.5, label=f"seeds {100 * seeds:g} %")
            dots = [(z, share) for s, z, share in points if s == seeds]
            ax.plot(*zip(*dots), color=colour, ls="none", marker="o", ms=6)
        ax.legend(frameon=False, loc="center right")
        ax.set_xlim(0.8, 11)
        ax.set_ylim(0, 1.03)
        ax.set_title("How many seeds a threshold cascade takes")
        ax.set_xlabel("mean degree (lines: theory, dots: simulated)")
        ax.set_ylabel("final share of adopters")

    return draw
