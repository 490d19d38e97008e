"""Target 4b: the share of enthusiasts at which a mixed population tips.

Random graphs of mean degree 6; enthusiasts adopt at .1 of their neighbours, newbies at .3; 1 % of
all people are seeds.  The final share jumps from 6 % to nearly all between a share of 12 and 15 %
enthusiasts.  A seed is active whatever its kind, so seeds *among* enthusiasts use them up: purity
of the population tips, purity of the seeds alone does not.  The thresholds are an illustration, not
a measurement of anybody.
Called by the registry.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import FractionalThreshold, RandomSeeds, cascade
from koubei_sim.networks import erdos_renyi
from koubei_sim.theory import degrees, threshold
from verification.graphs import marked
from verification.verdict import (
    KEY,
    Check,
    Replication,
    in_band,
    ordered,
    reported,
    sized,
)

TITLE = "Purity of a population: where a share of enthusiasts tips the rest"
SOURCE = "Gleeson and Cahalane 2007, extended to two kinds of people; computed and simulated"
N: Final = 100_000
EASY, HARD, Z, SEEDS = 0.1, 0.3, 6.0, 0.01

#: Share of enthusiasts: fixed point, an independent simulation.
_TABLE: Final = {
    0.0: (0.0149, 0.0149),
    0.02: (0.0169, 0.0172),
    0.05: (0.0211, 0.0211),
    0.08: (0.0284, 0.0282),
    0.10: (0.0373, 0.0373),
    0.12: (0.0577, 0.0588),
    0.15: (0.9975, 0.9975),
    0.20: (0.9975, 0.9976),
}
_TIPPING: Final = {
    ("easy", 0.01): 0.1352,
    ("random", 0.01): 0.1264,
    ("hard", 0.01): 0.1252,
    ("random", 1e-4): 0.1765,
}
_WORDS: Final = {"easy": "enthusiasts", "random": "anybody", "hard": "newbies"}


def run(scale: str = "quick", key: int = KEY) -> Replication:
    """Run the mixed population along its share of enthusiasts."""
    graphs = sized(scale, 4, 8)
    rows: list[Check] = []
    points = []
    for share, (printed, other) in _TABLE.items():
        theory = _theory(share)
        rows.append(in_band(f"fixed point, a = {share:.2f}", printed, theory, 5.1e-5, "C"))
        found = float(_shares(share, "random", graphs, key, N).mean())
        points.append((share, found))
        band = 0.001 if share >= 0.15 else 0.015 if share >= 0.12 else 0.005
        rows.append(in_band(f"simulated, a = {share:.2f}", theory, found, band, "C"))
        rows.append(reported(f"another program, a = {share:.2f}", found, other, "S"))
    for (placed, seeds), printed in _TIPPING.items():
        found = _tipping(placed, seeds)
        what = f"tipping share, {seeds:g} seeds among {_WORDS[placed]}"
        rows.append(in_band(what, printed, found, 5.1e-5, "C", "theory, no simulation"))
    rows += _purity_of_seeds(sized(scale, 2, 10), key)
    return Replication("purity", TITLE, SOURCE, tuple(rows), scale, key, draw=_drawn(points))


def _theory(share: float, placed: str = "random", seeds: float = SEEDS) -> float:
    kinds = threshold.two_kinds(share, EASY, HARD, seeds, placed)
    return threshold.spread(degrees.poisson(Z), kinds).adopters


def _tipping(placed: str, seeds: float) -> float:
    # Enthusiasts who are all seeds need to be that many: the search starts at their number.
    least = max(0.01, seeds) if placed == "easy" else 0.01
    return threshold.tipping_share(
        degrees.poisson(Z),
        lambda share: threshold.two_kinds(share, EASY, HARD, seeds, placed),
        low=least,
        high=0.3,
    )


def _shares(share: float, placed: str, graphs: int, key: int, people: int) -> NDArray[np.float64]:
    """Final shares, one graph, one placing of enthusiasts and one set of seeds each."""
    found = []
    for k in range(graphs):
        fans = marked(people, share, key, k)
        graph = erdos_renyi(people, Z, key=key, replicate=k)
        among = {"random": None, "easy": np.flatnonzero(fans), "hard": np.flatnonzero(~fans)}
        seeds = RandomSeeds(round(SEEDS * people), among[placed])
        rule = FractionalThreshold(np.array([HARD, EASY]), kinds=fans.astype(int))
        found.append(cascade(graph, rule, seeds, 1, key, first=k).sizes[0] / people)
    return np.array(found)


def _purity_of_seeds(graphs: int, key: int) -> list[Check]:
    """At 13 % enthusiasts: seeds among them, among all, among newbies.

    With 50,000 people this is beside the jump and some graphs fail; with 1,000,000 it is not.
    """
    beside = "N = 50,000 is beside the jump: some graphs fail"
    small = {who: _shares(0.13, who, 4 * graphs, key, 50_000).mean() for who in _WORDS}
    large = {who: float(_shares(0.13, who, graphs, key, 1_000_000).mean()) for who in _WORDS}
    easy, anybody, hard = (_theory(0.13, who) for who in _WORDS)
    what = "a = .13, seeds all"
    return [
        in_band(f"{what} enthusiasts, N = 50,000", 0.062, small["easy"], 0.015, "S", beside, True),
        in_band(f"{what} newbies, N = 50,000", 0.997, small["hard"], 0.005, "S", beside, True),
        reported("a = .13, seeds anybody, N = 50,000", float(small["random"]), 0.69, "S", beside),
        in_band(f"{what} enthusiasts, N = 1,000,000", easy, large["easy"], 0.015, "C"),
        in_band("a = .13, seeds anybody, N = 1,000,000", anybody, large["random"], 0.001, "C"),
        in_band(f"{what} newbies, N = 1,000,000", hard, large["hard"], 0.001, "C"),
        ordered(
            "pure seeds use enthusiasts up",
            "enthusiasts < newbies",
            f"{large['easy']:.3f} < {large['hard']:.3f}",
            large["easy"] < large["hard"],
            "S",
        ),
    ]


def _drawn(points: list[tuple[float, float]]) -> Any:
    def draw(ax: Any) -> None:
        from koubei_sim.plots.style import BLUE, ORANGE

        grid = np.linspace(0.0, 0.2, 81)
        ax.plot(grid, [_theory(float(a)) for a in grid], color=BLUE, lw=1.5)
        ax.plot(*zip(*points), color=ORANGE, ls="none", marker="o", ms=6)
        ax.set_ylim(0, 1.03)
        ax.set_title("A share of enthusiasts tips the rest")
        ax.set_xlabel("share of enthusiasts (line: theory, dots: simulated)")
        ax.set_ylabel("final share of adopters")

    return draw
