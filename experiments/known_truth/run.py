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

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import koubei_sim as kb
from koubei_sim.metrics.intervals import mean_interval

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


# Experiments ------------------------------------------------------------------------------------

TRIALS: Final = 100
RUNS: Final = 40
REWARD: Final = {"q": 1.5}
RIGHT: Final = "calendar + trait + ties(share)"
#: What is true, what is taken for true, and what is seen; people are drawn, a half is treated.
FORMS: Final = {
    "as it is": ("ties(share)", 0.15, RIGHT, {}),
    "no effect (reward x 1)": ("ties(share)", 0.15, RIGHT, {}),
    "constant for a calendar": ("ties(share)", 0.15, "constant + trait + ties(share)", {}),
    "trait not known": ("ties(share)", 0.15, "calendar + ties(share)", {}),
    "trait known by a proxy": ("ties(share)", 0.15, "calendar + proxy + ties(share)", {}),
    "true: number of adopters": ("ties(count)", 0.015, RIGHT, {}),
    "true: fading by a third": ("ties(share, fading=0.67)", 0.3, RIGHT, {}),
    "true: any adopter": ("ties(any)", 0.03, RIGHT, {}),
    "half of ties seen": ("ties(share)", 0.15, RIGHT, {"ties": 0.5}),
    "40 % of people seen": ("ties(share)", 0.15, RIGHT, {"people": 0.4}),
}


def known(ties: str, weight: float) -> tuple[kb.Diffusion, tuple[str, dict[str, object]]]:
    """People and ties of a world with homophily, and a hazard that is true there."""
    world = kb.evidence.World(**ALIKE)
    values = {"calendar": list(world.base), "trait": world.trait, ties: weight}
    return world.record(KEY), (f"calendar + trait + {ties}", values)


def forms() -> pd.DataFrame:
    """A referral reward, people drawn: the total effect where the hazard is right, and is not."""
    found = []
    for name, (ties, weight, formula, seen) in FORMS.items():
        d, rule = known(ties, weight)
        change = {"q": 1.0 + 1e-9} if "no effect" in name else REWARD
        tried = kb.experiment(d, rule, change, "teller", formula=formula, seen=seen,
                              worlds=TRIALS, rng=KEY)  # fmt: skip
        found.append(tried.table().reset_index().assign(form=name))
        print(found[-1].to_string())
    return pd.concat(found, ignore_index=True)


def designs() -> pd.DataFrame:
    """Four designs and three estimators: a message to people, and a reward for referrals."""
    found = []
    d, rule = known("ties(share)", 0.15)
    assign = {"people": "people", "clusters": kb.clusters(d.network, 30), "ego": "ego",
              "switchback": "switchback"}  # fmt: skip
    for name, change, on in (("message", {"p": 1.5}, "listener"), ("reward", REWARD, "teller")):
        tried = kb.experiment(d, rule, change, on, assign, worlds=TRIALS, rng=KEY)
        found.append(tried.table().reset_index().assign(treatment=name))
        print(found[-1].to_string())
    return pd.concat(found, ignore_index=True)


# Last touch --------------------------------------------------------------------------------------


def touch() -> pd.DataFrame:
    """What each channel of the preset tiny is credited with, and what is lost without it."""
    scenario = kb.Scenario.load("tiny")
    whole = kb.run(scenario, replicates=RUNS, rng=KEY)
    table = kb.evidence.last_touch(whole)
    rows = []
    for channel in scenario.channels:
        mute = scenario.replace(**{f"channels.{channel}.tell": 0.0})
        without = adoptions(kb.run(mute, replicates=RUNS, rng=KEY))
        lost = (adoptions(whole) - without) / adoptions(whole).mean()
        found = mean_interval(lost, KEY)
        rows.append((channel, found.mean, found.low, found.high))
    lost_ = pd.DataFrame(rows, columns=["channel", "lost", "lost_low", "lost_high"])
    return table.reset_index().merge(lost_, on="channel", how="left")


def adoptions(result: kb.Result) -> NDArray[np.float64]:
    """Number of adoptions in each replicate, seeds apart."""
    log = result.events
    log = log[(log.kind == "adopt") & (log.channel != "seed")]
    return np.bincount(log.replicate, minlength=result.replicates).astype(np.float64)


PARTS: Final[dict[str, Callable[[], pd.DataFrame]]] = {
    "bench": bench, "observed": observed, "forms": forms, "designs": designs,
    "touch": touch,
}  # fmt: skip


def main() -> None:
    """Make all tables, or one of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=list(PARTS), action="append")
    for part in parser.parse_args().part or PARTS:
        PARTS[part]().round(6).to_csv(HERE / f"{part}.csv", index=False)


if __name__ == "__main__":
    main()
