"""Target 8: complex contagion on a lattice whose ties are rewired bit by bit.

A torus of 100 x 100 people with eight neighbours each; one person and its neighbours start.  Where
one adopter convinces, far ties always help.  Where two or three are needed, a few far ties help and
many stop the contagion altogether: the strength of weak ties turns into their weakness.
Without rewiring nothing is random, so those times are exact.
Called by the registry.
"""

from __future__ import annotations

import itertools
from typing import Any, Final, NamedTuple

import numpy as np

from koubei_sim.cascades import Reinforcement, cascade
from koubei_sim.networks import lattice
from verification.graphs import rewired
from verification.verdict import (
    KEY,
    Check,
    Replication,
    exactly,
    in_band,
    ordered,
    reported,
    texts,
)

TITLE = "Complex contagion: a few far ties help, many stop it"
SOURCE = "Centola and Macy 2007, American Journal of Sociology 113:702; set-up simulated apart"
SIDE: Final = 100
RUNS: Final = 10  # as in the other program; with more, what is rare shows (`_rare`)
REWIRED: Final = (0.0, 0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)

#: Needed adopters: share reached and steps to 90 % at each of `REWIRED`, of another program.
_TABLE: Final = {
    2: (
        (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.60, 0.003, 0.001),
        (76.0, 74.1, 68.1, 42.1, 33.7, 26.7, 26.1, 34.3, None, None),
    ),
    3: (
        (1.0, 1.0, 1.0, 1.0, 0.90, 0.005, 0.001, 0.001, 0.001, 0.001),
        (120.0, 118.0, 113.2, 105.9, 103.7, None, None, None, None, None),
    ),
}


class Reach(NamedTuple):
    """What a contagion did over several rewirings."""

    share: float  # mean share of people
    steps: float  # mean steps to 90 %, of those that got there; NaN if none
    whole: int  # how many got there


def run(scale: str = "quick", key: int = KEY) -> Replication:
    """Run the contagions along the share of rewired ties."""
    found = {need: [_reach(need, share, RUNS, key) for share in REWIRED] for need in (1, 2, 3)}
    rows: list[Check] = []
    for need, printed in ((2, 76), (3, 120)):
        steps = found[need][0].steps
        rows.append(exactly(f"{need} needed, no far ties: steps to 90 %", printed, steps, "C"))
    at = dict(zip(REWIRED, found[2]))
    best = min(REWIRED, key=lambda share: at[share].steps if at[share].whole else np.inf)
    rows += [
        in_band("2 needed: least steps to 90 %", 26.0, at[best].steps, 3.0, "S"),
        ordered("2 needed: where that is", ".2 to .3", f"{best:g}", best in (0.2, 0.3), "S"),
        exactly("2 needed: runs that spread at .7", 0, at[0.7].whole, "S"),
        exactly("2 needed: runs that spread at 1", 0, at[1.0].whole, "S"),
        exactly(
            "3 needed: runs that spread at .2 and more", 0, sum(r.whole for r in found[3][5:]), "S"
        ),
    ]
    simple = [reach.steps for reach in found[1]]
    falls = all(later <= before for before, later in itertools.pairwise(simple))
    rows.append(ordered("1 needed: steps", "fall", texts(simple, "{:.0f}", " "), falls, "S"))
    for need in _TABLE:
        rows += _beside(need, found[need])
    if scale == "full":
        rows += _rare(key)
    return Replication("centola-macy", TITLE, SOURCE, tuple(rows), scale, key, draw=_drawn(found))


def _beside(need: int, found: list[Reach]) -> list[Check]:
    """Each point beside that of the other program; where only some runs spread, as a report."""
    rows = []
    for share, reach, expected, time in zip(REWIRED[1:], found[1:], *_columns(need)):
        name = f"{need} needed, {share:g} rewired"
        if 0.1 < expected < 1.0:
            rows.append(reported(f"{name}: share reached", reach.share, expected, "S", "few runs"))
        else:
            rows.append(in_band(f"{name}: share reached", expected, reach.share, 0.01, "S"))
            if time is not None:
                rows.append(in_band(f"{name}: steps to 90 %", time, reach.steps, 3.0, "S"))
    return rows


def _rare(key: int) -> list[Check]:
    """How often it spreads where ten runs see nearly always the same, over many more runs."""
    rows = []
    for need, share in ((2, 0.3), (2, 0.5), (2, 0.7), (3, 0.05), (3, 0.1), (3, 0.2)):
        spread = _reach(need, share, 10 * RUNS, key).whole
        what = f"{need} needed, {share:g} rewired: spreads, of {10 * RUNS} runs"
        rows.append(reported(what, float(spread), note="ten runs do not see what is rare"))
    return rows


def _columns(need: int) -> tuple[Any, Any]:
    shares, steps = _TABLE[need]
    return shares[1:], steps[1:]


def _reach(need: int, share: float, runs: int, key: int) -> Reach:
    torus = lattice(SIDE, SIDE, wrap=True)
    centre = (SIDE // 2) * SIDE + SIDE // 2
    seeds = np.append(torus.layer().heard_by(centre), centre)
    shares, steps = [], []
    # Without rewiring, and without chance, one run is all.
    for k in range(runs if share else 1):
        graph = rewired(torus, share, key, 10_000 * round(1000 * share) + k) if share else torus
        outcome = cascade(graph, Reinforcement(need), seeds, 1, key).outcome
        reached = outcome.curve[0, 0].cumsum() / SIDE**2
        shares.append(float(reached[-1]))
        if shares[-1] >= 0.9:
            steps.append(int(np.flatnonzero(reached >= 0.9)[0]))
    return Reach(float(np.mean(shares)), float(np.mean(steps)) if steps else np.nan, len(steps))


def _drawn(found: dict[int, list[Reach]]) -> Any:
    def draw(ax: Any) -> None:
        from koubei_sim.plots.style import PALETTE, label_ends

        ends = []
        places = np.arange(len(REWIRED))
        for (need, reaches), colour in zip(found.items(), PALETTE):
            steps = [reach.steps for reach in reaches]
            ax.plot(places, steps, color=colour, marker="o", ms=5)
            last = int(np.flatnonzero(np.isfinite(steps))[-1])
            word = f"{need} needed" + ("" if last == len(REWIRED) - 1 else ", then none")
            ends.append((places[last], steps[last], word, colour))
        ax.set_xticks(places, [f"{share:g}" for share in REWIRED])
        ax.set_ylim(bottom=0)
        ax.set_title("Far ties and contagion that needs several")
        ax.set_xlabel("share of ties rewired")
        ax.set_ylabel("steps to 90 % of people")
        label_ends(ax, ends)

    return draw
