"""Target 12: what a seeding programme is worth, split into acceleration and expansion.

The value of a programme is the discounted value of all adoptions with it minus that without it.
People who adopt in both worlds give the acceleration (they adopt earlier), people who adopt only
with the programme give the expansion, and with a rival brand some adopt only without it: the loss.
 The three add up to the whole.  The split is of single people, so it exists only if both worlds
share their luck: person by person, draw by draw.
Called by the registry.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import Bass, CompetingCascades, cascade
from koubei_sim.networks import Network, small_world
from verification.verdict import (
    KEY,
    Check,
    Replication,
    exactly,
    in_band,
    ordered,
    sized,
    texts,
)

TITLE = "Social value of seeding: acceleration and expansion add up"
SOURCE = "Libai, Muller and Peres 2013, Journal of Marketing Research 50:161 (abstract)"
PEOPLE: Final = 5_000
DISCOUNT: Final = 0.10  # per period, continuous
EXACT: Final = 1e-9  # relative


class Worth(NamedTuple):
    """Discounted values, summed over people, one number a replicate (R,)."""

    total: NDArray[np.float64]
    acceleration: NDArray[np.float64]
    expansion: NDArray[np.float64]
    loss: NDArray[np.float64]


def worth(with_it: NDArray[np.floating], without: NDArray[np.floating]) -> Worth:
    """Split the value of a programme.

    Parameters
    ----------
    with_it, without : (R, n) arrays
        Times of adoption in the two worlds, NaN where never.

    Returns
    -------
    Worth
        `total` is the difference of the two sums, computed without the split.

    Examples
    --------
    >>> found = worth(np.array([[0.0, 1.0, np.nan]]), np.array([[2.0, np.nan, 0.0]]))
    >>> bool(found.expansion[0] > 0), bool(found.loss[0] < 0)
    (True, True)
    """
    one, other = (np.exp(-DISCOUNT * times.astype(np.float64)) for times in (with_it, without))
    here, there = np.isfinite(with_it), np.isfinite(without)
    total = np.nansum(one, axis=1) - np.nansum(other, axis=1)
    gained = np.where(here & there, one - other, 0.0).sum(axis=1)
    won = np.where(here & ~there, one, 0.0).sum(axis=1)
    lost = -np.where(~here & there, other, 0.0).sum(axis=1)
    return Worth(total, gained, won, lost)


def run(scale: str = "quick", key: int = KEY) -> Replication:
    """Run both worlds under one key, alone and against a rival."""
    runs = sized(scale, 20, 200)
    graph = small_world(PEOPLE, 10.0, key=key)
    programme = np.arange(0, PEOPLE, PEOPLE // 50)[:50]
    rows: list[Check] = []
    split: dict[str, Worth] = {}
    for name, horizon in (("short", 10.0), ("long", 400.0)):
        rule = Bass(0.01, 0.38)
        with_it = _times(graph, rule, programme, runs, key, horizon)
        without = _times(graph, rule, [], runs, key, horizon)
        found = worth(with_it, without)
        split[f"alone, {name}"] = found
        rows.append(_identity(f"alone, {name} horizon", found))
        later = np.where(np.isfinite(without), with_it > without, False)
        never = np.isnan(with_it) & np.isfinite(without)
        rows.append(
            exactly(f"alone, {name}: people later or lost", 0, int(later.sum() + never.sum()))
        )
    short, long = (_share(split[f"alone, {name}"]) for name in ("short", "long"))
    rows.append(in_band("alone, everybody adopts: share of expansion", 0.0, long, 1e-12, "R"))
    rows.append(
        ordered(
            "share of expansion falls with the horizon",
            "falls",
            texts([short, long], "{:.3f}"),
            short > long,
            "R",
        )
    )
    rival = _rival(graph, programme, runs, key)
    split["with a rival"] = rival
    rows.append(_identity("with a rival", rival))
    share = _share(rival)
    rows.append(
        ordered("with a rival: share of expansion", "above 0", f"{share:.3f}", share > 0.05, "R")
    )
    rows.append(_own_luck(graph, programme, runs, key, split["alone, short"]))
    return Replication("acceleration", TITLE, SOURCE, tuple(rows), scale, key, draw=_drawn(split))


def _times(
    graph: Network, rule: Any, seeds: Any, runs: int, key: int, horizon: float
) -> NDArray[np.floating]:
    times = cascade(graph, rule, seeds, runs, key, record="times", horizon=horizon).outcome.times
    assert times is not None
    return times


def _rival(graph: Network, programme: NDArray[np.int64], runs: int, key: int) -> Worth:
    """Brand `ours` with and without the programme; `theirs` has seeds of its own."""
    rule = CompetingCascades({"ours": 0.25, "theirs": 0.25})
    usual = np.arange(7, PEOPLE, PEOPLE // 20)[:20]
    rivals = np.arange(11, PEOPLE, PEOPLE // 40)[:40]
    found = []
    for ours in (np.concatenate([usual, programme]), usual):
        seeds = {"ours": ours, "theirs": rivals}
        outcome = cascade(graph, rule, seeds, runs, key, record=("times", "kinds")).outcome
        assert outcome.times is not None
        found.append(np.where(outcome.kinds == 0, outcome.times, np.nan))
    return worth(*found)


def _identity(what: str, found: Worth) -> Check:
    """Largest relative gap between the whole and the sum of its parts."""
    parts = found.acceleration + found.expansion + found.loss
    gap = float(np.max(np.abs(parts - found.total) / np.abs(found.total)))
    return in_band(f"{what}: parts against the whole", 0.0, gap, EXACT, "C", "relative")


def _share(found: Worth) -> float:
    """Expansion and loss together, as a share of the whole."""
    return float((found.expansion + found.loss).sum() / found.total.sum())


def _own_luck(
    graph: Network, programme: NDArray[np.int64], runs: int, key: int, same: Worth
) -> Check:
    """With other luck in the two worlds people are lost who need not be: the split is noise."""
    with_it = _times(graph, Bass(0.01, 0.38), programme, runs, key, 10.0)
    without = _times(graph, Bass(0.01, 0.38), [], runs, key + 1, 10.0)
    found = worth(with_it, without)
    lost = (float(-same.loss.mean()), float(-found.loss.mean()))
    return ordered(
        "value lost by the programme: same luck, other luck",
        "0 < much",
        texts(lost, "{:.3g}", " < "),
        lost[0] == 0.0 and lost[1] > 10.0,
        "C",
    )


def _drawn(split: dict[str, Worth]) -> Any:
    def draw(ax: Any) -> None:
        from koubei_sim.plots.style import BLUE, ORANGE, RED

        names = list(split)
        parts = (("acceleration", BLUE), ("expansion", ORANGE), ("loss", RED))
        below = np.zeros(len(names))
        for part, colour in parts:
            values = np.array([float(getattr(split[name], part).mean()) for name in names])
            start = below if part != "loss" else np.zeros(len(names))
            ax.bar(names, values, bottom=start, color=colour, width=0.6, label=part)
            below = below + np.maximum(values, 0.0)
        ax.legend(frameon=False)
        ax.axhline(0, color="#999999", lw=0.8)
        ax.set_title("What 50 seeds more are worth")
        ax.set_ylabel("discounted adoptions")

    return draw
