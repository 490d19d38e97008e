"""What koubei_sim is meant to reach against the others, and what a run of the rows measured.

Printed at the end of ``python -m benchmarks.peers``.  A ratio is the time of the other package over
ours, median over rounds of a row in which both took turns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .works import COUNTS, OURS

MACROSCOPIC = ("ic10", "ic10m")  # a third of the people is reached
AGAINST_CYNETDIFF = ("ic02", "ic10", "ic02m", "ic10m", "wc")


@dataclass(frozen=True)
class Target:
    """The least value of a figure over the ratios of some rows to one package."""

    what: str
    package: str
    rows: tuple[str, ...]
    least: float
    mean: bool = False  # geometric mean of the rows, else the smallest
    by: str = OURS  # or another adapter of ours, in the rows that it has

    def measured(self, ratios: dict[tuple[str, str], float]) -> tuple[float, int]:
        """Return the figure, and how many of the rows it rests on."""
        found = [
            ratios[row, self.package] / ratios.get((row, self.by), 1.0)
            for row in self.rows
            if (row, self.package) in ratios
        ]
        if not found:
            return float("nan"), 0
        figure = np.exp(np.mean(np.log(found))) if self.mean else min(found)
        return float(figure), len(found)


TARGETS = (
    Target("CyNetDiff, geometric mean of five rows", "CyNetDiff", AGAINST_CYNETDIFF, 10, True),
    Target("CyNetDiff, smallest of five rows", "CyNetDiff", AGAINST_CYNETDIFF, 3),
    Target("CyNetDiff, macroscopic cascades", "CyNetDiff", MACROSCOPIC, 20),
    Target(
        "CyNetDiff, five rows by counts where it can",
        "CyNetDiff",
        AGAINST_CYNETDIFF,
        14,
        True,
        COUNTS,
    ),
    Target("CyNetDiff, smallest of these", "CyNetDiff", AGAINST_CYNETDIFF, 6, by=COUNTS),
    Target("CyNetDiff, macroscopic by counts", "CyNetDiff", MACROSCOPIC, 22, by=COUNTS),
    Target("CyNetDiff, linear threshold, 1M", "CyNetDiff", ("lt",), 30),
    Target("EoN, SIR in continuous time, 100k", "EoN", ("sirt",), 150),
    Target("epiworld, SIR by steps, 100k", "epiworld", ("sird",), 20),
    Target("NDlib, independent cascade p=.02, 100k", "NDlib", ("ic02",), 20_000),
)


def print_targets(lines: list[dict]) -> None:
    """Print target and figure side by side; targets of which no row was run are left out."""
    ratios = {(line["work"], line["package"]): line["ours"] for line in lines if "ours" in line}
    print("times faster than               target  measured")
    for target in TARGETS:
        figure, number = target.measured(ratios)
        if number:
            rows = "" if number == len(target.rows) else f" ({number} of {len(target.rows)} rows)"
            met = "met" if figure >= target.least else "missed"
            print(f"  {target.what:40}{target.least:>8,} {figure:>10,.1f}  {met}{rows}")
