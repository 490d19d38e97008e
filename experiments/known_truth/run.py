"""Estimators of contagion and designs of experiments, tried in worlds with known truth.

``python experiments/known_truth/run.py`` (half an hour on one core; ``--part bench``, ``observed``,
``designs``, ``forms`` or ``touch`` for one of them) writes `bench.csv`, `observed.csv`,
`designs.csv`, `forms.csv`, `touch.csv`, `figure.png`, and the tables between the marks of
README.md.  The same key gives the same bytes.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pandas as pd

import koubei_sim as kb

HERE = Path(__file__).parent
KEY: Final = 20110517
RECORDS: Final = 20
ALIKE: Final = {"homophily": 0.6}
WORLDS: Final = {
    "homophily .6, b = 0": {**ALIKE, "contagion": 0.0},
    "homophily .6, b = .25": {**ALIKE, "contagion": 0.25},
    "no homophily, b = 0": {"contagion": 0.0},
    "no homophily, b = .25": {"contagion": 0.25},
}
WAYS: Final = {
    "all seen": {},
    "half of ties": {"ties": 0.5},
    "recall error of 1 period": {"recall": 1.0},
    "recall error of 2 periods": {"recall": 2.0},
    "recall error of 4 periods": {"recall": 4.0},
    "40 % of people": {"people": 0.4},
    "first half only": {"until": 10},
}


def bench() -> pd.DataFrame:
    """All estimators in four worlds, all seen."""
    return kb.bench(WORLDS, replicates=RECORDS, rng=KEY).table().reset_index()


def observed() -> pd.DataFrame:
    """What is lost of b = .25 when not all is seen, by the estimator that is right when it is."""
    world = {"no homophily, b = .25": WORLDS["no homophily, b = .25"]}
    found = kb.bench(world, ["calendar + trait"], WAYS, replicates=RECORDS, rng=KEY)
    return found.table().reset_index()


PARTS: Final[dict[str, Callable[[], pd.DataFrame]]] = {"bench": bench, "observed": observed}


def main() -> None:
    """Make all tables, or one of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=list(PARTS), action="append")
    for part in parser.parse_args().part or PARTS:
        PARTS[part]().round(6).to_csv(HERE / f"{part}.csv", index=False)


if __name__ == "__main__":
    main()
