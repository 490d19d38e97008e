"""Whom to seed for one sum of money: purity x number x strategy in the pyramid.

``python experiments/best_policy/run.py`` (some minutes on one core) looks for the best of 28
policies of equal cost by `kb.seeding.choose` on one key, for two prices of a fan, and sets the one
found against its neighbours on another key.  Writes `searched.csv`, `confirmed.csv` and the tables
between the marks of README.md; and for how many random people twenty hubs may be had.
"""

from __future__ import annotations

import argparse
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

import koubei_sim as kb
from koubei_sim.metrics import chance, paired_chances

HERE: Final = Path(__file__).parent
PAGE: Final = HERE / "README.md"
BEGIN, END = "<!-- policies -->", "<!-- /policies -->"
AGENTS, DAYS, LEVEL = 10_000, 365, 1000
BUDGET, NEWBIE = 4000.0, 200.0
RATIOS: Final = (1.0, 3.0)
STRATEGIES: Final = (
    "active", "random", "degree", "kshell", "nomination", "staff_friends", "reach",
)  # fmt: skip
PURITIES: Final = (0.0, 0.3, 0.6, 1.0)
OUTCOME: Final = f"P(users >= {LEVEL})"
RUNS, WORLDS, KEYS = 384, 64, (2011, 2014)


def policies(ratio: float) -> dict[str, dict[str, Any]]:
    """Return what the budget buys: fewer people where more of them are dear fans."""
    found = {}
    for strategy, purity in product(STRATEGIES, PURITIES):
        price = NEWBIE * (1.0 + (ratio - 1.0) * purity)
        number = int(BUDGET / price)
        found[f"{strategy}, purity {purity:g}, {number} seeds"] = {
            "seeding.strategy": strategy,
            "seeding.purity": purity,
            "seeding.number": number,
            "seeding.recruit_cost": price,
            "seeding.channel": None if strategy == "active" else "weibo",
        }
    return found


def near(chosen: dict[str, Any], runner_up: str, asked: dict[str, Any]) -> list[str]:
    """Return who is set against the one found: its rival, its purity and its strategy."""
    alike = ("seeding.strategy", "seeding.purity")
    return [
        name
        for name, changes in asked.items()
        if name == runner_up or any(changes[path] == chosen[path] for path in alike)
    ]


def studied(ratio: float, runs: int, worlds: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the table of the search, and that of the second key."""
    base = kb.Scenario.load("xiaomi").replace(n_agents=AGENTS, ticks=DAYS)
    asked = policies(ratio)
    found = kb.seeding.choose(base, asked, OUTCOME, runs, rng=KEYS[0], threads=1)
    print(found, flush=True)
    searched = found.table().reset_index()
    names = near(found.policy, found.runner_up, asked)
    second = kb.plan(
        base, {name: asked[name] for name in names}, worlds, outcome=OUTCOME, rng=KEYS[1], threads=1
    )
    values = dict(zip(second.names, second.by_world, strict=True))
    rows = []
    for name in [found.name, *(name for name in names if name != found.name)]:
        share = chance(values[name] == 1.0)
        more = paired_chances(values[found.name], values[name])
        rows.append(
            {
                "policy": name, "worlds": worlds, "chance": share.mean, "low": share.low,
                "high": share.high, "behind": more.mean, "behind_low": more.low,
                "behind_high": more.high,
            }
        )  # fmt: skip
    confirmed = pd.DataFrame(rows)
    confirmed.loc[0, ["behind", "behind_low", "behind_high"]] = np.nan
    for table in (searched, confirmed):
        table.insert(0, "fan_costs", ratio)
    return searched, confirmed


def worth(worlds: int) -> str:
    """Return how many random people bring as much as the twenty with the most listeners."""
    base = kb.Scenario.load("xiaomi").replace(n_agents=AGENTS, ticks=DAYS)
    number = int(BUDGET / NEWBIE)
    plain = {"seeding.strategy": "random", "seeding.purity": 0.0, "seeding.channel": "weibo"}
    found = kb.exchange_rate(
        base.replace(**plain, **{"seeding.number": number}),
        {"seeding.strategy": "degree"},
        ("seeding.number", number, 6 * number),
        outcome=OUTCOME,
        replicates=worlds,
        rng=KEYS[1],
        threads=1,
    )
    low, high = (f"{end:.0f}" for end in (found.low, found.high))
    return (
        f"**{number} hubs for how many random people?** Newbies all: {found.value:.0f} random ones "
        f"have the same chance of {LEVEL:,} users (95 % {low} .. {high}, {worlds} worlds of the "
        "second key)."
    )


def markdown(searched: pd.DataFrame, confirmed: pd.DataFrame, runs: int) -> str:
    """Return what was found, and what the second key says of it."""
    lines = []
    for ratio in confirmed["fan_costs"].unique():
        look, table = (each[each["fan_costs"] == ratio] for each in (searched, confirmed))
        rival = look.iloc[1]
        lines += [
            f"**A fan costs {ratio:g} times as much as a newbie.** First key, {runs} runs: "
            f"`{look.iloc[0]['policy']}`, ahead of `{rival['policy']}` by {rival['behind']:+.2f} "
            f"({rival['behind_low']:+.2f} .. {rival['behind_high']:+.2f}) in {rival['fresh']} "
            f"fresh worlds. Second key, {table.iloc[0]['worlds']} worlds:",
            "",
            f"| policy | chance of {LEVEL:,} users after a year | the one found is ahead by |",
            "|---|---|---|",
        ]
        first, rest = table.iloc[:1], table.iloc[1:].sort_values("behind", kind="stable")
        for row in pd.concat([first, rest]).itertuples():
            gap = f"{row.behind:+.2f} ({row.behind_low:+.2f} .. {row.behind_high:+.2f})"
            lines.append(
                f"| {row.policy} | {row.chance:.2f} ({row.low:.2f} .. {row.high:.2f}) | "
                f"{'' if np.isnan(row.behind) else gap} |"
            )
        lines.append("")
    return "\n".join(lines).rstrip()


def main() -> None:
    """Run what is asked for and write tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--worlds", type=int, default=WORLDS)
    given = parser.parse_args()
    both = [studied(ratio, given.runs, given.worlds) for ratio in RATIOS]
    searched, confirmed = (pd.concat(tables).round(4) for tables in zip(*both, strict=True))
    searched.to_csv(HERE / "searched.csv", index=False, lineterminator="\n")
    confirmed.to_csv(HERE / "confirmed.csv", index=False, lineterminator="\n")
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    table = f"{markdown(searched, confirmed, given.runs)}\n\n{worth(given.worlds)}"
    PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
