"""What is advised about trees of real logs, appeal and forecasts of sizes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from tests.doors.advice_calls import Trial

import koubei_sim as kb
from koubei_sim.evidence import RepostTrees, fit_appeal, forecast_size, judge_sizes

UNTIMED = kb.trees_of([-1, 0, 0])


def _trees(messages: int = 8, trees: int = 60) -> RepostTrees:
    """Stars whose messages come one a minute."""
    rows = [
        (tree, k, 0 if k else None, 60.0 * k)
        for tree in range(trees)
        for k in range(messages + tree % 7)
    ]
    return kb.trees_of(pd.DataFrame(rows, columns=["cascade", "message", "parent", "time"]))


def _shapes() -> pd.DataFrame:
    size = np.arange(100, 140)
    return pd.DataFrame({"size": size, "depth": 2 + size % 3, "virality": 2.0 + size / 100})


FEW = {"splits": 1, "enough": 10, "most": 1000}
BOTH = ("size", "depth")

TRIED: dict[str, Trial] = {
    "'first(k)'": (lambda: UNTIMED.until(5.0), lambda: UNTIMED.first(1)),
    "'kb.trees_of(log)'": (
        lambda: judge_sizes([1]),
        lambda: judge_sizes(_trees(), 120.0, k=5, least=1),
    ),
    "\"sizes='model' to compare sizes\"": (
        lambda: fit_appeal(_shapes(), statistics=BOTH, **FEW),
        lambda: fit_appeal(_shapes(), statistics=BOTH, sizes="model", **FEW),
    ),
    "'window='": (
        lambda: fit_appeal(_shapes(), statistics=("depth",), window=(200, 999), **FEW),
        lambda: fit_appeal(_shapes(), statistics=("depth",), window=(100, 150), **FEW),
    ),
    "'at=3600.0, or first=100'": (
        lambda: forecast_size(_trees(), _trees()),
        lambda: forecast_size(_trees(), _trees(), first=5),
    ),
    "'first=100'": (
        lambda: forecast_size(UNTIMED, UNTIMED, at=5.0),
        lambda: forecast_size(_trees(), UNTIMED, first=5),
    ),
    "'judge_sizes(trees, at=3600.0)'": (
        lambda: judge_sizes(_trees(), None, k=5).nearer("times", "Hawkes"),
        lambda: judge_sizes(_trees(), 120.0, k=5, least=1).nearer("times", "Hawkes"),
    ),
    "'at=None, of judge_sizes'": (
        lambda: judge_sizes(kb.trees_of([-1] + [0] * 9)),
        lambda: judge_sizes(_trees(), at=None, k=5),
    ),
    "'k=100'": (
        lambda: judge_sizes(_trees(), None, k=None),
        lambda: judge_sizes(_trees(), None, k=5),
    ),
}  # fmt: skip
