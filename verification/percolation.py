"""Target 3: independent cascades on configuration graphs against Newman's generating functions.

Five laws of degrees; above the threshold the share of people that a large cascade reaches, below
it the mean size of a cascade.  With one fixed probability a tie the cascade is bond percolation, so
the theory is exact for infinitely many people; the bands are what N = 100,000 leaves.
Called by the registry.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from koubei_sim.cascades import IndependentCascade, RandomSeeds, cascade
from koubei_sim.errors import KoubeiError
from koubei_sim.networks import Network
from koubei_sim.theory import degrees, percolation
from verification.graphs import configuration_graph
from verification.verdict import KEY, Check, Replication, in_band, sized

TITLE = "Size of cascades on random graphs with given degrees"
SOURCE = "Newman 2002, Physical Review E 66:016128 (equations from memory, numbers computed)"
N: Final = 100_000
LARGE = 0.01  # a cascade that reaches this share of the people is large
NEAR: Final = "k^-2 exp(-k/10)"  # T = 0.3 is near its threshold of 0.3287
SEVERAL = 40  # single-seed cascades of a graph, of which the large ones are kept

#: Law, probabilities above and below the threshold, band of S, least share of a large cascade.
_LAWS: Final[dict[str, tuple[Any, tuple[float, ...], tuple[float, ...], float]]] = {
    "Poisson 4": (degrees.poisson(4.0), (0.3, 0.5, 0.8), (0.1, 0.2), 0.01),
    "3-regular": (degrees.regular(3), (0.6, 0.8), (0.2, 0.4), 0.01),
    "4-regular": (degrees.regular(4), (0.4, 0.5, 0.6), (0.2,), 0.01),
    "k^-2 exp(-k/10)": (
        degrees.power_law(2.0, 1, 400, 10.0),
        (0.5, 0.8, 1.0),
        (0.3,),
        0.01,
    ),
    "k^-2.5, 2..100": (degrees.power_law(2.5, 2, 100), (0.1, 0.2, 0.4), (0.05,), 0.02),
}


def run(scale: str = "quick", key: int = KEY) -> Replication:
    """Draw graphs, run cascades, compare sizes with the generating functions."""
    graphs_of_each = sized(scale, 4, 50)
    small_runs = sized(scale, 200_000, 1_000_000)
    rows: list[Check] = []
    curves: dict[str, tuple[list[float], list[float]]] = {}
    for number, (name, (law, above, below, band)) in enumerate(_LAWS.items()):
        graphs = [
            configuration_graph(law, N, key, 1000 * number + k) for k in range(graphs_of_each)
        ]
        for p in above:
            expected = percolation.outbreak(law, p).size
            found = _large_share(graphs, p, key)
            rows.append(in_band(f"{name}, T = {p}: share S", expected, found, band, "C"))
            curves.setdefault(name, ([], []))[0].append(p)
            curves[name][1].append(found)
        for p in below:
            expected = percolation.mean_outbreak(law, p)
            found = _small_mean(graphs, p, small_runs, key)
            near = name == NEAR
            note = "9 % below the threshold N = 100,000 is small; see the next row" if near else ""
            what = f"{name}, T = {p}: mean size"
            rows.append(in_band(what, expected, found, 0.03 * expected, "C", note, known=near))
            if near:
                graphs = [configuration_graph(law, 10 * N, key, 5000 + k) for k in range(4)]
                found = _small_mean(graphs, p, small_runs, key)
                what += ", N = 1,000,000"
                rows.append(in_band(what, expected, found, 0.03 * expected, "C"))
    return Replication("percolation", TITLE, SOURCE, tuple(rows), scale, key, draw=_drawn(curves))


def _large_share(graphs: list[Network], p: float, key: int) -> float:
    """Mean share of people that large cascades from one random person reach."""
    shares = []
    for graph in graphs:
        sizes = cascade(graph, IndependentCascade(p), RandomSeeds(1), SEVERAL, key).sizes
        large = sizes[sizes > LARGE * N]
        if large.size:
            shares.append(float(large.mean()) / N)
    return float(np.mean(shares)) if shares else 0.0


def _small_mean(graphs: list[Network], p: float, runs: int, key: int) -> float:
    """Mean size of cascades of one random person, `runs` of them over all graphs."""
    rule, each = IndependentCascade(p), -(-runs // len(graphs))
    sizes = [cascade(g, rule, RandomSeeds(1), each, key).sizes.mean() for g in graphs]
    return float(np.mean(sizes))


def _theory(law: Any, p: float) -> float:
    """Share S for the curve; NaN where the solver gives up."""
    try:
        return percolation.outbreak(law, p).size
    except KoubeiError:
        return np.nan


def _drawn(curves: dict[str, tuple[list[float], list[float]]]) -> Any:
    def draw(ax: Any) -> None:
        from koubei_sim.plots.style import PALETTE, label_ends

        grid = np.linspace(0.02, 1.0, 99)
        ends = []
        for (name, (p, found)), colour in zip(curves.items(), PALETTE):
            theory = np.array([_theory(_LAWS[name][0], float(t)) for t in grid])
            known = np.isfinite(theory)
            ax.plot(grid[known], theory[known], color=colour, lw=1.5)
            ax.plot(p, found, color=colour, ls="none", marker="o", ms=6)
            ends.append((1.0, float(theory[known][-1]), name, colour))
        ax.set_xlim(0, 1)
        ax.set_ylim(0, 1)
        ax.set_title("Share reached by a large cascade")
        ax.set_xlabel("probability per tie (lines: theory, dots: simulated)")
        ax.set_ylabel("share of people")
        label_ends(ax, ends)

    return draw
