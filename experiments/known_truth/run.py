"""Estimators of contagion and designs of experiments, tried in worlds with known truth.

``python experiments/known_truth/run.py`` (half an hour on one core; ``--part bench``, ``observed``,
``right``, ``designs``, ``forms`` or ``touch`` for one) writes a table of that name each,
`figure.png`, and the tables between the marks of README.md.  The same key gives the same bytes.
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
from koubei_sim.plots import drawing
from koubei_sim.plots.style import BLUE, GREY, ORANGE

HERE = Path(__file__).parent
KEY: Final = 20110517
RECORDS: Final = 20
RIGHTS: Final = 200
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


def right() -> pd.DataFrame:
    """The estimator that knows all, without homophily: coverage, false alarms and power."""
    worlds = {f"no homophily, b = {b:g}": {"contagion": b} for b in (0.0, 0.05, 0.25)}
    found = kb.bench(worlds, ["calendar + trait"], replicates=RIGHTS, rng=KEY + 1)
    return found.table().reset_index()


# Experiments ------------------------------------------------------------------------------------

TRIALS: Final = 100
RUNS: Final = 40
DESIGNED: Final = 60
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
        tried = kb.experiment(d, rule, change, on, assign, worlds=DESIGNED, rng=KEY)
        found.append(tried.table().reset_index().assign(treatment=name))
        print(found[-1].to_string())
    return pd.concat(found, ignore_index=True)


# Last touch -------------------------------------------------------------------------------------


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
    "bench": bench, "observed": observed, "right": right, "forms": forms, "designs": designs,
    "touch": touch,
}  # fmt: skip


# What the page shows ---------------------------------------------------------------------------

BEGIN, END = "<!-- tables -->", "<!-- /tables -->"
#: Found before by hand on other worlds of 1,500 people, without intervals: what it says, of whom
#: (part, world or treatment, row), in which column, the number then.
BEFORE: Final = (
    ("naive finds contagion", "bench", "homophily .6, b = 0", "naive", "found", 1.0),
    ("calendar finds contagion", "bench", "homophily .6, b = 0", "calendar", "found", 1.0),
    ("calendar + noisy proxy finds contagion", "bench", "homophily .6, b = 0",
     "calendar + noisy proxy", "found", 1.0),
    ("ties rewired finds contagion", "bench", "homophily .6, b = 0", "ties rewired", "found", 1.0),
    ("times shuffled finds contagion", "bench", "homophily .6, b = 0", "times shuffled", "found",
     0.1),
    ("times shuffled, b = .25: power", "bench", "homophily .6, b = .25", "times shuffled", "found",
     1.0),
    ("half of ties missing: bias", "observed", "half of ties", "", "bias_share", -0.5),
    ("recall error of 2 periods: bias", "observed", "recall error of 2 periods", "", "bias_share",
     -0.2),
    ("40 % of people seen: bias", "observed", "40 % of people", "", "bias_share", -0.61),
    ("message, people drawn: bias", "designs", "message", "people difference", "bias_share", -0.67),
    ("message, clusters: bias", "designs", "message", "clusters difference", "bias_share", -0.17),
    ("reward, people drawn: bias", "designs", "reward", "people difference", "bias_share", -1.0),
    ("reward, own + neighbours: bias", "designs", "reward", "people exposure", "bias_share", -0.76),
    ("reward, clusters: bias", "designs", "reward", "clusters difference", "bias_share", -0.63),
    ("reward, people drawn: coverage", "designs", "reward", "people difference", "covered", 0.0),
    ("reward, own + neighbours: coverage", "designs", "reward", "people exposure", "covered", 0.1),
    ("reward, clusters: coverage", "designs", "reward", "clusters difference", "covered", 0.03),
    ("last touch credits the forum with", "touch", "forum", "", "share", 0.35),
    ("lost without its tellings", "touch", "forum", "", "lost", 0.76),
)  # fmt: skip


def read() -> dict[str, pd.DataFrame]:
    """Return the tables that are there."""
    return {part: pd.read_csv(HERE / f"{part}.csv", keep_default_na=True) for part in PARTS}


def row_of(tables: dict[str, pd.DataFrame], part: str, of: str, what: str) -> pd.Series:
    """Return the row of a table that a number of `BEFORE` is about."""
    table = tables[part]
    if part == "bench":
        found = table[(table.world == of) & (table.estimator == what)]
    elif part == "designs":
        design, estimator = what.split()
        found = table[
            (table.treatment == of) & (table.design == design) & (table.estimator == estimator)
        ]
    else:
        found = table[table["observed" if part == "observed" else "channel"] == of]
    return found.iloc[0]


def ends_of(row: pd.Series, column: str) -> tuple[float, float]:
    """Return the 95 % interval of a number of a row."""
    if column == "bias_share":
        if "estimate_low" in row:
            return tuple(row[f"estimate_{end}"] / row.truth - 1.0 for end in ("low", "high"))
        half = 1.96 * row.spread / DESIGNED**0.5 / row.truth
        return row.bias_share - half, row.bias_share + half
    if column == "share":
        return row.low, row.high
    return row[f"{column}_low"], row[f"{column}_high"]


def percent(x: float) -> str:
    """Write a share."""
    return f"{100.0 * x:.0f} %"


def spanned(value: float, ends: tuple[float, float]) -> str:
    """Write a share with its interval."""
    return f"{percent(value)} ({percent(ends[0])} .. {percent(ends[1])})"


def beside(tables: dict[str, pd.DataFrame]) -> list[str]:
    """Rows of what was found before beside what is found now."""
    lines = ["| finding | before | now (95 %) | verdict |", "|---|---|---|---|"]
    for says, part, of, what, column, before in BEFORE:
        row = row_of(tables, part, of, what)
        ends = ends_of(row, column)
        met = ends[0] - 0.005 <= before <= ends[1] + 0.005
        near = abs(row[column] - before) <= 0.1 and row[column] * before >= 0.0
        verdict = "met" if met else "near" if near else "**not met**"
        now = spanned(row[column], ends)
        lines.append(f"| {says} | {percent(before)} | {now} | {verdict} |")
    return lines


def written(tables: dict[str, pd.DataFrame]) -> str:
    """All tables of the page."""
    lines = [*beside(tables), ""]
    lines += ["| world | estimator | mean estimate | contagion found | interval covers |",
              "|---|---|---|---|---|"]  # fmt: skip
    for _, row in pd.concat([tables["bench"], tables["right"]]).iterrows():
        covers = "-" if pd.isna(row.covered) else spanned(row.covered, ends_of(row, "covered"))
        lines.append(f"| {row.world} | {row.estimator} | {row.estimate:.3f} "
                     f"| {spanned(row.found, ends_of(row, 'found'))} | {covers} |")  # fmt: skip
    lines += ["", "| seen | bias of b = .25 |", "|---|---|"]
    for _, row in tables["observed"].iterrows():
        lines.append(f"| {row.observed} | {spanned(row.bias_share, ends_of(row, 'bias_share'))} |")
    lines += ["", "| reward, people | estimator | truth | mean estimate | covers | finds it |",
              "|---|---|---|---|---|---|"]  # fmt: skip
    for _, row in tables["forms"].iterrows():
        lines.append(
            f"| {row.form} | {row.estimator} | {row.truth:.3f} | {row.estimate:.3f} | "
            f"{spanned(row.covered, ends_of(row, 'covered'))} | {percent(row.power)} |"
        )
    lines += ["", "| treatment | design | units | estimator | truth | bias | spread | covers "
              "| finds it |", "|---|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for _, row in tables["designs"].iterrows():
        if pd.isna(row.estimate):
            continue
        lines.append(f"| {row.treatment} | {row.design} | {row.units} | {row.estimator} "
                     f"| {row.truth:.3f} | {percent(row.bias_share)} | {row.spread:.3f} "
                     f"| {spanned(row.covered, ends_of(row, 'covered'))} "
                     f"| {percent(row.power)} |")  # fmt: skip
    lines += [
        "",
        "| channel | credited by last touch | lost without its tellings |",
        "|---|---|---|",
    ]
    for _, row in tables["touch"].iterrows():
        lost = "-" if pd.isna(row.lost) else spanned(row.lost, ends_of(row, "lost"))
        lines.append(f"| {row.channel} | {spanned(row.share, (row.low, row.high))} | {lost} |")
    return "\n".join(lines)


def figure(tables: dict[str, pd.DataFrame]) -> None:
    """Left: what estimators of contagion find; right: how often the total effect is covered."""
    import matplotlib.pyplot as plt

    with drawing():
        drawn, axes = plt.subplots(1, 2, figsize=(12.0, 4.6))
        names = list(dict.fromkeys(tables["bench"].estimator))[::-1]
        for world, colour in (("homophily .6, b = 0", ORANGE), ("homophily .6, b = .25", BLUE)):
            rows = tables["bench"][tables["bench"].world == world].set_index("estimator")
            place = [names.index(name) for name in rows.index]
            axes[0].hlines(place, rows.estimate_low, rows.estimate_high, color=colour)
            axes[0].plot(rows.estimate, place, "o", color=colour, label=world.split(", ")[1])
            axes[0].axvline(rows.truth.iloc[0], color=colour, linewidth=0.8)
        axes[0].set_yticks(range(len(names)), names)
        axes[0].set_xlabel("weight of ties, mean of 20 worlds")
        axes[0].set_title("Homophily .6")
        axes[0].legend(frameon=False, loc="center")
        forms = list(FORMS)[::-1]
        for name, colour in (("model", BLUE), ("exposure", GREY), ("difference", ORANGE)):
            rows = tables["forms"][tables["forms"].estimator == name].set_index("form")
            place = [forms.index(form) for form in rows.index]
            axes[1].hlines(place, rows.covered_low, rows.covered_high, color=colour)
            axes[1].plot(rows.covered, place, "o", color=colour, label=name)
        axes[1].axvline(0.95, color=GREY, linewidth=0.8)
        axes[1].set_yticks(range(len(forms)), forms)
        axes[1].set_xlabel("coverage of the 95 % interval")
        axes[1].set_title("Total effect of a reward")
        axes[1].legend(frameon=False, loc="center", bbox_to_anchor=(0.44, 0.6), fontsize=9)
        drawn.savefig(HERE / "figure.png")
        plt.close(drawn)


def main() -> None:
    """Make all tables, or one of them, then the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=[*PARTS, "page"], action="append")
    for part in parser.parse_args().part or PARTS:
        if part != "page":
            PARTS[part]().round(6).to_csv(HERE / f"{part}.csv", index=False)
    if all((HERE / f"{part}.csv").exists() for part in PARTS):
        tables = read()
        figure(tables)
        page = HERE / "README.md"
        before, rest = page.read_text("utf-8").split(BEGIN)
        page.write_text(f"{before}{BEGIN}\n{written(tables)}\n{END}{rest.split(END)[1]}", "utf-8")


if __name__ == "__main__":
    main()
