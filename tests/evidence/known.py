"""Worlds of known truth for intervals and p-values: the same villages, many worlds.

Used by `test_hazard` and, with other numbers, by ``python -m tests.evidence.known WORLDS``, which
prints the table of docs/evidence.md.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pandas as pd

import koubei_sim as kb
from koubei_sim.evidence.worlds import as_record, simulate, truth

VILLAGES, SIZE, PERIODS = 25, 40, 10
FORMULA, TIES = "calendar + ties(share) + age", "ties(share)"


def villages(key: int = 5) -> kb.Diffusion:
    """25 villages of 40 people with six ties each and an age; nobody is a seed."""
    n = VILLAGES * SIZE
    parts = [kb.networks.erdos_renyi(SIZE, 6, key=key + v).arcs() for v in range(VILLAGES)]
    source = np.concatenate([part[0] + SIZE * v for v, part in enumerate(parts)])
    target = np.concatenate([part[1] + SIZE * v for v, part in enumerate(parts)])
    age = np.random.default_rng(key).normal(size=n)
    return kb.Diffusion(
        kb.Network.from_edges(source, target, n), np.full(n, np.nan), until=PERIODS - 1, start=0,
        groups=np.repeat(np.arange(VILLAGES), SIZE), covariates={"age": age},
    )  # fmt: skip


def trial(b: float, worlds: int, key: int = 17, effect: float = 0.3) -> dict[str, float]:
    """Return shares of worlds in which intervals cover and contagion is found."""
    d = villages()
    calendar = 0.02 + 0.03 * np.sin(np.arange(PERIODS) / 3.0) ** 2  # goes up and down
    model, theta = truth(d, FORMULA, {"calendar": calendar, TIES: b, "age": effect})
    at = simulate(model, theta, d, key, worlds)
    found: list[dict[str, Any]] = []
    for world in at:
        fit = kb.hazard(as_record(d, world), FORMULA)
        low, high = fit.interval(TIES)
        below, above = fit.interval("age")
        found.append({
            "b": b, "covers": low <= b <= high, "finds": fit.p_value(TIES) <= 0.05,
            "estimate": fit.value(TIES), "age covers": below <= effect <= above,
            "excludes 0": low > 0.0,
        })  # fmt: skip
    return pd.DataFrame(found).mean().to_dict()


def main(worlds: int = 200) -> None:
    """Print the table."""
    print(pd.DataFrame([trial(b, worlds) for b in (0.0, 0.05, 0.25)]).round(3).to_string())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
