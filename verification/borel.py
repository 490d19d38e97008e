"""Target 5: small cascades against branching processes and the law of Borel.

Everybody has a Poisson number of followers who are anybody, and each is won by a coin: the
offspring are Poisson too, so the size of a cascade has the law of Borel with mean 1 / (1 - R) while
it is small beside the 200,000 people.
Called by the registry.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from koubei_sim.cascades import IndependentCascade, RandomSeeds, cascade
from koubei_sim.theory import branching, degrees
from verification.graphs import follower_graph
from verification.verdict import (
    KEY,
    Check,
    Replication,
    mean_by_z,
    share_by_z,
    sized,
)

TITLE = "Subcritical cascades: mean, tail and law of Borel"
SOURCE = "Borel 1942; Otter 1949; Galton-Watson processes with Poisson offspring"
PEOPLE: Final = 200_000
FOLLOWERS: Final = 20.0


def run(scale: str = "quick", key: int = KEY) -> Replication:
    """Run cascades of one random seed and compare their sizes with the law."""
    runs = sized(scale, 300_000, 2_000_000)
    graph = follower_graph(degrees.poisson(FOLLOWERS), PEOPLE, key)
    rows: list[Check] = []
    tails = {}
    for r in (0.2, 0.5, 0.8, 0.9):
        rule = IndependentCascade(r / FOLLOWERS)
        sizes = cascade(graph, rule, RandomSeeds(1), runs, key).sizes
        rows.append(mean_by_z(f"R = {r}: mean size", 1.0 / (1.0 - r), sizes))
        tails[r] = sizes
        if r == 0.5:
            pmf = branching.borel_pmf(np.arange(1, 9), r)
            for n, chance in enumerate(pmf, start=1):
                hits = int((sizes == n).sum())
                rows.append(share_by_z(f"R = {r}: P(size = {n})", float(chance), hits, runs))
        for least in (10, 100):
            chance = _tail(least, r)
            if chance * runs >= 25:
                hits = int((sizes >= least).sum())
                rows.append(share_by_z(f"R = {r}: P(size >= {least})", chance, hits, runs))
    return Replication("borel", TITLE, SOURCE, tuple(rows), scale, key, draw=_drawn(tails))


def _tail(least: int, r: float) -> float:
    return 1.0 - float(branching.borel_pmf(np.arange(1, least), r).sum())


def _drawn(tails: dict[float, Any]) -> Any:
    def draw(ax: Any) -> None:
        from koubei_sim.cascades.statistics import tail
        from koubei_sim.plots.style import PALETTE

        ax.set_xscale("log")
        ax.set_yscale("log")
        for (r, sizes), colour in zip(tails.items(), PALETTE):
            values, share = tail(sizes)
            ax.plot(values, share, color=colour, ls="none", marker="o", ms=2.5)
            grid = np.unique(np.rint(np.geomspace(1, values[-1], 60))).astype(int)
            law = 1.0 - np.append(0.0, branching.borel_pmf(np.arange(1, grid[-1]), r).cumsum())
            ax.plot(grid, np.maximum(law[grid - 1], 1e-12), color=colour, lw=1.3, label=f"R = {r}")
        ax.set_ylim(bottom=1e-6)
        ax.legend(frameon=False)
        ax.set_title("Sizes of small cascades")
        ax.set_xlabel("people (lines: law of Borel, dots: simulated)")
        ax.set_ylabel("share at least so large")

    return draw
