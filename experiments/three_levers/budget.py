"""One budget over the three levers: which split is best, for how much money, at which prices.

A budget buys ordinary seeds, adverts of the first half-year, and a design of taking part.  What a
yuan buys of each is an assumption (`PRICES`), so the split is tried at two ratios of them.  All
splits share the worlds and their luck.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from shares import resampled

from koubei_sim.metrics import chance
from worlds import DESIGN_PARTS, Worlds

FloatArray = NDArray[np.float64]

LEVERS: Final = ("seeds", "adverts", "taking part")
STEPS: Final = 6
#: Shares of the three levers: every point of the simplex in sixths, 28 in all.
SPLITS: Final = tuple(
    (a / STEPS, b / STEPS, (STEPS - a - b) / STEPS)
    for a in range(STEPS + 1)
    for b in range(STEPS + 1 - a)
)
EQUAL: Final = SPLITS.index((2 / STEPS, 2 / STEPS, 2 / STEPS))
#: Money to spend, yuan.
BUDGETS: Final = (15_000, 30_000, 60_000)
MIDDLE: Final = BUDGETS[1]
#: Seeds of whom nobody is paid: founders and their friends.
FREE_SEEDS: Final = 20
#: What is bought, all of it assumption: yuan a seed; yuan for a hundredth of the members of Weibo
#: seeing an advert a day, half a year; yuan to raise all properties of taking part from the least
#: to the most.
PRICES: Final = {"seeds": 100.0, "adverts": 30_000.0, "taking part": 30_000.0}
CHEAP: Final = {**PRICES, "adverts": 10_000.0}
SEEN, LEAST, MOST = 0.01, 0.1, 0.9
#: Name -> (budget, prices): what `found["budget"]` holds.
MARKETS: Final = {
    **{f"{budget:,} yuan": (budget, PRICES) for budget in BUDGETS},
    "adverts at a third": (MIDDLE, CHEAP),
}


def bought(split: tuple[float, float, float], budget: float, prices: dict[str, float]) -> Any:
    """Return what a split of a budget sets: dotted path -> value.

    Examples
    --------
    >>> made = bought((1.0, 0.0, 0.0), 30_000, PRICES)
    >>> made["seeding.number"], made["nodes.vote.fun"], made["media"]
    (320, 0.1, {})
    """
    seeds, adverts, part = (
        share * budget / prices[name] for name, share in zip(LEVERS, split, strict=True)
    )
    changes: dict[str, Any] = {
        "seeding.number": FREE_SEEDS + round(seeds),
        "seeding.purity": 0.1,
        "media": {
            "adverts": {
                "channel": "weibo", "end": 180, "persuasion": 0.04,
                "visibility": min(1.0, SEEN * adverts),
            }
        } if adverts > 0.0 else {},
    }  # fmt: skip
    value = min(MOST, LEAST + (MOST - LEAST) * part)
    for node in ("vote", "report", "contest"):
        for one in DESIGN_PARTS:
            changes[f"nodes.{node}.{one}"] = value
    return changes


def all_splits() -> list[dict[str, Any]]:
    """Return what every split of every market sets: markets by splits, one after the other."""
    return [bought(split, *market) for market in MARKETS.values() for split in SPLITS]


def by_market(values: FloatArray) -> dict[str, FloatArray]:
    """Return an outcome of `all_splits` [designs, worlds] by market: [splits, worlds]."""
    return dict(zip(MARKETS, np.split(values, len(MARKETS)), strict=True))


def best_splits(users: FloatArray, worlds: Worlds, goal: int) -> pd.DataFrame:
    """Return the best split by market and half of the margin, and what the plain ones lose by it.

    The chance of so many users and the gap to the best, in expected users, have intervals over
    worlds; the split itself is as sure as `holds`, the share of samples of the worlds in which it
    is best.
    """
    half = np.median(worlds.margin)
    groups = {
        "all": np.ones(worlds.number, dtype=bool),
        "margin below its median": worlds.margin < half,
        "margin above": worlds.margin >= half,
    }
    rows = []
    for market, values in by_market(users).items():
        for name, inside in groups.items():
            each = values[:, inside]
            mean = each.mean(axis=1)
            best = int(mean.argmax())
            draws = resampled(each.shape[1], 7)
            won = [int(each[:, some].mean(axis=1).argmax()) for some in draws]
            share = chance(each[best] >= goal)
            row: dict[str, Any] = {
                "market": market, "worlds": f"{name} ({int(inside.sum())})",
                "best: " + " / ".join(LEVERS): " / ".join(f"{s:.0%}" for s in SPLITS[best]),
                "holds": float(np.mean(np.array(won) == best)),
                "expected users": mean[best],
                f"chance of {goal:,}": f"{share.mean:.2f} ({share.low:.2f} .. {share.high:.2f})",
            }  # fmt: skip
            for word, other in _plain().items():
                lost = (each[best] - each[other]) / mean[best]
                low, high = np.quantile([lost[some].mean() for some in draws], [0.025, 0.975])
                row[f"{word} loses"] = f"{lost.mean():.2f} ({low:.2f} .. {high:.2f})"
            rows.append(row)
    return pd.DataFrame(rows)


def _plain() -> dict[str, int]:
    whole = np.eye(3)
    alone = {f"all on {name}": SPLITS.index(tuple(row)) for name, row in zip(LEVERS, whole)}
    return {"an equal split": EQUAL, **alone}


def regrets(users: FloatArray) -> pd.DataFrame:
    """Return by budget: regret against knowing world and luck, and how often the split is best.

    Of three rules: the split that is best on the average of the worlds, the equal one, and the
    best one of the middle budget, kept.  Regret is a share of what is expected when the best split
    of each world is known; interval: bootstrap over worlds, in which the best is chosen anew.
    """
    made = by_market(users)
    kept = int(made[f"{MIDDLE:,} yuan"].mean(axis=1).argmax())
    rows = []
    for budget in BUDGETS:
        values = made[f"{budget:,} yuan"]
        draws = resampled(values.shape[1], 8)
        most = values.max(axis=0)
        tied = values == most
        best = (tied / tied.sum(axis=0)).mean(axis=1)
        for rule, place in (("best on average", None), ("equal", EQUAL),
                            ("best of the middle budget", kept)):  # fmt: skip
            at = int(values.mean(axis=1).argmax()) if place is None else place
            lost = [
                1.0 - values[:, some].mean(axis=1).max() / most[some].mean()
                if place is None else 1.0 - values[place, some].mean() / most[some].mean()
                for some in draws
            ]  # fmt: skip
            low, high = np.quantile(lost, [0.025, 0.975])
            rows.append({
                "budget": budget, "rule": rule, "expected users": values[at].mean(),
                "regret": 1.0 - values[at].mean() / most.mean(), "low": low, "high": high,
                "P(best)": best[at],
            })  # fmt: skip
    return pd.DataFrame(rows)
