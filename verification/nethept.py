"""Target 7: influence maximisation on NetHEPT, the benchmark with the many conventions.

The distributed file has one line for each co-authored paper: 58,891 lines, 31,376 different pairs.
Whether a pair counts once or once a paper, and whether the line is read one way or both, moves the
spread of the best 50 seeds from 430 to 1,294; so each convention is a row of its own.  Seeds are
chosen by reverse reachable sets and greedy coverage, their spread is measured by fresh forward
runs.
Called by the registry.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import IndependentCascade, RandomSeeds, cascade
from koubei_sim.errors import KoubeiError
from koubei_sim.networks import Network, find_data, in_degrees, read_network, union_rows
from verification.coverage import rr_seeds
from verification.graphs import trivalent
from verification.verdict import (
    KEY,
    MOST_Z,
    Check,
    Replication,
    absent,
    in_band,
    ordered,
    reported,
    sized,
)

TITLE = "NetHEPT: spread of the 50 best seeds, convention by convention"
SOURCE = "Chen, Wang and Yang 2009 (data); Jung, Heo and Chen 2012 (IRIE), table 3, second-hand"
FILE: Final = "nethept.edges.gz"
DIRECTED: Final = "the file with 32,235 directed lines"
SEEDS: Final = 50


def run(scale: str = "quick", key: int = KEY) -> Replication:
    """Choose 50 seeds under each convention and measure their spread."""
    single = absent("one direction a pair, weighted: k = 50", f"needs {DIRECTED}", 1294.0, "S")
    try:
        path = find_data(FILE)
    except KoubeiError:
        missing = (absent("everything else", f"needs {FILE}"), single)
        return Replication("nethept", TITLE, SOURCE, missing, scale, key)
    sets = sized(scale, 300_000, 1_000_000)
    runs = sized(scale, 20_000, 100_000)
    pairs = read_network(path, directed=False)
    papers = read_network(path, directed=False, parallel="keep")
    rows, curve = _weighted(pairs, sets, runs, key)
    rows += _several_papers(pairs, papers, sets, runs, key)
    rows += _trivalency(pairs, sets, runs, key, sized(scale, 2, 10))
    rows += _small(pairs, sets, runs, key)
    rows.append(single)
    return Replication("nethept", TITLE, SOURCE, tuple(rows), scale, key, draw=_drawn(curve))


def _spread(graph: Network, p: Any, seeds: Any, runs: int, key: int) -> tuple[float, float]:
    """Mean size and its standard error, on coins that did not choose the seeds."""
    sizes = cascade(graph, IndependentCascade(p), seeds, runs, key + 1, by="row").sizes
    return float(sizes.mean()), float(sizes.std(ddof=1)) / math.sqrt(runs)


def _within_errors(what: str, expected: float, spread: tuple[float, float]) -> Check:
    """Compare with the other program, whose standard error is below .7: 4 errors of both."""
    found, error = spread
    return in_band(what, expected, found, MOST_Z * math.hypot(error, 0.7), "S", "4 errors")


def _by_degree(graph: Network) -> NDArray[np.int64]:
    return np.argsort(-graph.degrees(), kind="stable")[:SEEDS]


def _weighted(
    pairs: Network, sets: int, runs: int, key: int
) -> tuple[list[Check], list[tuple[int, float]]]:
    """Each pair once, p = 1 / degree of the target: the convention of most papers."""
    p = _share_of(pairs)
    best, estimate = rr_seeds(pairs, p, SEEDS, sets, key)
    spreads = {k: _spread(pairs, p, best[:k], runs, key) for k in (1, 2, 5, 10, 20, 35, SEEDS)}
    curve = [(k, mean) for k, (mean, _) in spreads.items()]
    found = spreads[SEEDS][0]
    degree, _ = _spread(pairs, p, _by_degree(pairs), runs, key)
    anybody, _ = _spread(pairs, p, RandomSeeds(SEEDS), runs, key)
    what = "pairs once, weighted"
    rows = [
        in_band(f"{what}: k = 50", 962.0, found, 9.62, "S", "1 %"),
        _within_errors(f"{what}: k = 10", 312.5, spreads[10]),
        _within_errors(f"{what}: k = 1", 44.2, spreads[1]),
        reported(f"{what}: estimate by the RR sets", estimate, found, "C", "chosen on them: high"),
        in_band(f"{what}: top 50 by degree", 850.6, degree, 8.5, "S", "1 %"),
        reported(f"{what}: 50 at random", anybody, 202.0, "S", "mean of all draws; one draw there"),
        ordered(
            "order of the ways to choose",
            "greedy > degree > random",
            f"{found:.0f} > {degree:.0f} > {anybody:.0f}",
            found > degree > anybody,
            "M",
        ),
        in_band(
            f"{what}: IRIE's table",
            724.67,
            found,
            7.2,
            "R",
            "no convention tried gives it (five were)",
            known=True,
        ),
    ]
    return rows, curve


def _several_papers(pairs: Network, papers: Network, sets: int, runs: int, key: int) -> list[Check]:
    """The conventions in which a pair with c papers together counts c times."""
    both = union_rows(pairs)
    degree = in_degrees(union_rows(papers)).astype(np.float64)
    count = _multiplicity(pairs, papers)
    share = 1.0 / degree[both.indices]
    rows = []
    for what, p, expected in (
        ("a coin a pair, p = c / d", np.minimum(1.0, count * share), 1041.9),
        ("a coin a paper, p = 1 / d", 1.0 - (1.0 - share) ** count, 925.0),
        ("a coin a pair, p = 1 / d", share, 430.7),
    ):
        best, _ = rr_seeds(pairs, p, SEEDS, sets, key)
        found, _ = _spread(pairs, p, best, runs, key)
        what = f"papers counted, {what}: k = 50"
        rows.append(in_band(what, expected, found, 0.01 * expected, "S", "1 %"))
    return rows


def _trivalency(pairs: Network, sets: int, runs: int, key: int, draws: int) -> list[Check]:
    """Draw p of each arc once from .1, .01, .001: the published number that does come again."""
    found = []
    for k in range(draws):
        p = trivalent(pairs.n_arcs, key, k)
        best, _ = rr_seeds(pairs, p, SEEDS, sets, key + 2 * k)
        found.append(_spread(pairs, p, best, runs, key + 2 * k)[0])
    rows = [
        in_band(f"trivalency, draw {k + 1}: k = 50", 190.01, value, 0.04 * 190.01, "R", "IRIE, 4 %")
        for k, value in enumerate(found[:2])
    ]
    mean = float(np.mean(found))
    if draws > 2:
        rows.append(reported(f"trivalency, mean of {draws} draws", mean, 190.01, "R"))
    return rows


def _small(pairs: Network, sets: int, runs: int, key: int) -> list[Check]:
    """One probability for all: where degree does as well as anything, and where most is reached."""
    few = np.full(pairs.n_arcs, 0.01)
    many = np.full(pairs.n_arcs, 0.1)
    # Small spreads need many sets: 300,000 lead to no better seeds than the degree.
    best, _ = rr_seeds(pairs, few, SEEDS, 10 * sets, key)
    found, error = _spread(pairs, 0.01, best, runs, key)
    degree, _ = _spread(pairs, 0.01, _by_degree(pairs), runs, key)
    rows = [
        in_band("p = .01: top 50 by degree", 72.1, degree, 1.0, "S"),
        in_band(
            "p = .01: k = 50", 72.0, found, 1.0 + MOST_Z * error, "S", "with 10 times the sets"
        ),
    ]
    best, _ = rr_seeds(pairs, many, SEEDS, 20_000, key)
    found, _ = _spread(pairs, 0.1, best, runs // 10, key)
    rows.append(in_band("p = .1: k = 50", 922.6, found, 18.0, "S", "20,000 sets, 2 %"))
    return rows


def _share_of(graph: Network) -> NDArray[np.float64]:
    """1 / number of arcs into the target, for each arc."""
    rows = union_rows(graph)
    return 1.0 / np.maximum(in_degrees(rows), 1)[rows.indices]


def _multiplicity(pairs: Network, papers: Network) -> NDArray[np.float64]:
    """How often each arc of `pairs` occurs in `papers`, (arcs,)."""
    n = pairs.n_nodes
    once, often = pairs.layer(), papers.layer()
    address = once.sources().astype(np.int64) * n + once.indices
    all_of_them = often.sources().astype(np.int64) * n + often.indices
    known, count = np.unique(all_of_them, return_counts=True)
    return count[np.searchsorted(known, address)].astype(np.float64)


def _drawn(curve: list[tuple[int, float]]) -> Any:
    def draw(ax: Any) -> None:
        from koubei_sim.plots.style import BLUE, GREY

        ax.plot(*zip(*curve), color=BLUE, marker="o", ms=5)
        ax.axhline(962.0, color=GREY, lw=1, ls="--")
        ax.text(1, 962.0, "962, an independent program", color=GREY, va="bottom", fontsize=10)
        ax.set_xlim(0, SEEDS + 1)
        ax.set_ylim(0, 1080)
        ax.set_xlabel("seeds")
        ax.set_ylabel("people reached")
        ax.set_title("NetHEPT, weighted cascade: spread of the best seeds")

    return draw
