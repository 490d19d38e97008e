"""Peer influence by matched samples: what a naive comparison adds, and what matching takes away.

People with an adopter among those they name are compared with people without one: drawn at random,
as was usual, or of the same propensity to have one (Aral, Muchnik and Sundararajan 2009).  In a
simulated world the true effect of the exposed is known exactly, person by person, since the hazard
is: what exposure adds to the chance of that period.  The world is made so that the naive answer is
wrong as it was in a network of 27 million people; how much of that matching can undo depends on how
well the trait is measured.
Called by the registry.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from verification.adoption import (
    FloatArray,
    Panel,
    adopted,
    homophilous,
    measured,
    panel,
    regression,
)
from verification.verdict import KEY, Check, Replication, in_band, ordered, reported, sized

TITLE = "Peer influence: naive comparisons overstate it, matched samples less"
SOURCE = "Aral, Muchnik and Sundararajan 2009, PNAS 106:21544 (abstract)"
PEOPLE, TIES, PERIODS = 10_000, 6, 10
BASE: Final = 0.004  # a rare product: hazard a period of somebody of middling trait
PULL: Final = 1.0
OWN: Final = 0.7
INFLUENCE: Final = 0.006  # hazard a period with all adopters among those named
QUALITIES: Final = (0.0, 0.5, 0.75, 0.9, 1.0)  # correlation of what is measured with the trait
GOOD: Final = 0.9
BESIDE: Final = 10  # unexposed laid beside each of the exposed


class Effect(NamedTuple):
    """Chance to adopt in a period that exposure adds, mean over the exposed."""

    true: float
    naive: float
    matched: tuple[float, ...]  # by the quality of the measured trait


def run(scale: str = "quick", key: int = KEY) -> Replication:
    """Estimate influence in worlds with a little of it, and in worlds with none."""
    worlds = sized(scale, 20, 100)
    found = [_effect(INFLUENCE, key, r) for r in range(worlds)]
    none = [_effect(0.0, key, r, QUALITIES[-1:]) for r in range(worlds)]
    true, naive = (float(np.mean([getattr(one, name) for one in found])) for name in
                   ("true", "naive"))  # fmt: skip
    over = 100.0 * (naive / true - 1.0)
    matched = np.mean([one.matched for one in found], axis=0)
    removed = (naive - matched) / (naive - true)
    rows: list[Check] = [
        reported("true effect of exposure, a period", true, None, "C", "mean of the worlds"),
        in_band(
            "naive overstates it by, %",
            500.0,
            over,
            200.0,
            "R",
            "300 to 700 % in the network studied; here a world made to show it",
        ),
        ordered(
            "share of the apparent contagion that homophily explains",
            "more than half",
            f"{1.0 - true / naive:.2f}",
            true / naive < 0.5,
            "R",
        ),
        ordered(
            f"matching on a measure of quality {GOOD} removes of the excess",
            "at least half",
            f"{removed[QUALITIES.index(GOOD)]:.2f}",
            removed[QUALITIES.index(GOOD)] >= 0.5,
            "R",
            "matched samples as in the paper, by propensity within a period",
        ),
        in_band(
            "matching on the trait itself removes of the excess",
            1.0,
            float(removed[-1]),
            0.1,
            "C",
            "nothing else confounds here",
        ),
        in_band("matching on noise alone removes of the excess", 0.0, float(removed[0]), 0.1, "C"),
    ]
    rows += [
        reported(f"quality {quality}: removed of the excess", float(share))
        for quality, share in zip(QUALITIES, removed)
        if quality not in (0.0, GOOD, 1.0)
    ]
    rows += _none(none)
    return Replication("matched-peers", TITLE, SOURCE, tuple(rows), scale, key,
                       draw=_drawn(true, naive, matched))  # fmt: skip


def _none(found: list[Effect]) -> list[Check]:
    """No influence at all: the naive answer is all excess."""
    naive = np.array([one.naive for one in found])
    known = np.array([one.matched[-1] for one in found])
    error = float(known.std(ddof=1) / np.sqrt(known.size))
    return [
        ordered(
            "no influence: naive effect in every world",
            "above 0",
            f"least {naive.min():.4f}",
            bool((naive > 0.0).all()),
            "C",
        ),
        ordered(
            "no influence: matched on the trait, mean over its error",
            "below 4",
            f"{known.mean() / error:+.1f}",
            abs(known.mean()) < 4.0 * error,
            "C",
        ),
    ]


def _effect(b: float, key: int, r: int, qualities: tuple[float, ...] = QUALITIES) -> Effect:
    """One world, by all estimators."""
    world = homophilous(PEOPLE, TIES, OWN, key, r)
    p = BASE * np.exp(PULL * world.trait)
    rows = panel(world.listens, adopted(world, p, b, PERIODS, key, r), PERIODS)
    exposed = rows.exposure > 0.0
    own = p[rows.person[exposed]]
    true = float(np.mean(np.exp(-own) - np.exp(-own - b * rows.exposure[exposed])))
    matched = []
    for quality in qualities:
        seen = measured(world.trait, quality, key, r)[rows.person]
        matched.append(_matched(rows, exposed, seen))
    return Effect(true, _naive(rows, exposed), tuple(matched))


def _naive(rows: Panel, exposed: NDArray[np.bool_]) -> float:
    """Exposed less unexposed of the same period, anybody: the mean over the exposed."""
    gaps, weights = [], []
    for period in np.unique(rows.period[exposed]):
        now = rows.period == period
        gaps.append(rows.adopts[now & exposed].mean() - rows.adopts[now & ~exposed].mean())
        weights.append((now & exposed).sum())
    return float(np.average(gaps, weights=weights))


def _matched(rows: Panel, exposed: NDArray[np.bool_], seen: FloatArray) -> float:
    """Exposed less the unexposed of the same period whose propensities are next to theirs.

    The propensity to be exposed in a period is a logit of the measured trait and its square.  Each
    of the exposed is laid beside the `BESIDE` unexposed of nearest propensity, with return.
    """
    gap, many = 0.0, 0
    for period in np.unique(rows.period[exposed]):
        now = np.flatnonzero(rows.period == period)
        here, trait = exposed[now], seen[now]
        columns = np.column_stack([np.ones(now.size), trait, trait**2])
        score = columns @ regression(columns, here.astype(float), "logit").value
        others = np.flatnonzero(~here)
        others = others[np.argsort(score[others], kind="stable")]
        place = np.searchsorted(score[others], score[here])
        first = np.clip(place - BESIDE // 2, 0, others.size - BESIDE)
        beside = others[first[:, None] + np.arange(BESIDE)]
        adopts = rows.adopts[now]
        gap += float(adopts[here].sum() - adopts[beside].mean(axis=1).sum())
        many += int(here.sum())
    return gap / many


def _drawn(true: float, naive: float, matched: NDArray[np.float64]) -> Any:
    def draw(ax: Any) -> None:
        from koubei_sim.plots.style import BLUE, ORANGE, RED

        ax.plot(QUALITIES, 1000.0 * matched, color=BLUE, marker="o", lw=1.6, label="matched")
        ax.axhline(1000.0 * naive, color=RED, lw=1.4, label="naive")
        ax.axhline(1000.0 * true, color=ORANGE, lw=1.4, label="true")
        ax.set_ylim(bottom=0.0)
        ax.legend(frameon=False)
        ax.set_title("Matching takes away what is measured")
        ax.set_xlabel("correlation of the measured trait with the trait")
        ax.set_ylabel("adoptions a thousand exposed and period")

    return draw
