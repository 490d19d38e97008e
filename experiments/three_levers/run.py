"""One budget, three levers: who starts, in which channels, and how taking part is designed.

``KOUBEI_DATA=... python experiments/three_levers/run.py`` (some half an hour on two cores; a killed
run resumes in `--out`) runs every design in every world, on six networks, at three horizons, in
three sizes of the market and on a second key, and writes tables, figures and the page between
the marks of README.md.  ``--quick`` sees that everything runs, and writes nothing beside `--out`.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any, Final

import matplotlib
import numpy as np
import pandas as pd
from analysis import (
    GOAL,
    NUMBERS,
    USERS,
    agreement,
    chances,
    confirmed,
    designs_table,
    exchange,
    information,
    shares_table,
    strata_table,
    surface,
    told_tree,
)
from budget import MARKETS, SPLITS, all_splits, best_splits, regrets
from figures import draw

import koubei_sim as kb
from koubei_sim.model.scenario import parameter_table
from koubei_sim.model.scenario.neutral import neutral_paths
from koubei_sim.networks import find_data
from koubei_sim.studies.claims.design import scaled_to
from koubei_sim.studies.sweep.engine import SweepMeter
from worlds import (
    HORIZON,
    KEY,
    NETWORKS,
    PEOPLE,
    SECOND,
    SEEDS,
    Worlds,
    designs,
    drawn_worlds,
    market,
    runs,
)

matplotlib.use("Agg")

HERE = Path(__file__).parent
BEGIN, END = "<!-- found -->", "<!-- /found -->"
#: Mechanisms switched off in all designs: is it these that make the levers work?
WITHOUT: Final = {
    "needs": ["backlog"],
    "learning": ["learning"],
    "tiers": ["tiers"],
    "taint": ["taint"],
}
#: Sizes of the market, people: designs, worlds.
SIZES: Final = {100_000: (8, 24), 1_000_000: (3, 4)}


def absent(changes: dict[str, Any]) -> bool:
    """Whether a network lies in a file that is not on this machine."""
    paths = [
        value["path"] for value in changes.values() if isinstance(value, dict) and "path" in value
    ]
    try:
        return any(find_data(path) is None for path in paths)
    except kb.KoubeiError:
        return True


def all_runs(out: Path, quick: bool) -> dict[str, Any]:
    """Run everything; return what `analysis` takes."""
    few = 8 if quick else 24
    strata, each, tried = (3, 1, 400) if quick else (8, 4, 5000)
    every = designs()
    levels = list(every)
    found: dict[str, Any] = {"designs": levels}
    with SweepMeter(None) as meter:
        worlds = drawn_worlds(KEY, strata, each, tried)
        found["worlds"] = worlds
        found["preset"] = runs(market(), worlds, list(every.values()), KEY, out, meter, (1, 2))
        other = drawn_worlds(SECOND, strata, each, tried // 2)
        other = other.first(min(64, other.number))
        found["second worlds"] = other
        found["second"] = runs(market(), other, list(every.values()), SECOND, out, meter)
        some = worlds.first(min(few, worlds.number))
        found["some"] = some
        found["long"] = runs(market(years=4), some, list(every.values()), KEY, out, meter, (4,))
        for name, changes in NETWORKS.items():
            if name == "preset" or (quick and "n_agents" in changes):
                continue
            if absent(changes):
                found.setdefault("absent", []).append(name)
                continue
            base = market(changes.get("n_agents", PEOPLE)).replace(
                **{path: value for path, value in changes.items() if path != "n_agents"}
            )
            found[name] = runs(base, some, list(every.values()), KEY, out, meter)
        found["without"] = {}
        for name, modules in {} if quick else WITHOUT.items():
            base = market()
            base = base.replace(**neutral_paths(base, modules))
            found["without"][name] = runs(
                base, _apart(some, base), list(every.values()), KEY, out, meter
            )
        base = market()
        best = every["pure", "all at once", "balanced"]
        seeds = [{**best, "seeding.number": SEEDS}]
        seeds += [{**best, "seeding.purity": 0.1, "seeding.number": n} for n in NUMBERS]
        found["seeds"] = runs(base, worlds, seeds, KEY, out, meter)
        found["budget worlds"] = worlds.first(min(2 * few, worlds.number))
        found["budget"] = runs(market(), found["budget worlds"], all_splits(), KEY, out, meter)
        found["sizes"] = {}
        order = np.argsort(-found["preset"][f"take_off@{HORIZON}"].mean(axis=1), kind="stable")
        for people, (number, of) in ({} if quick else SIZES).items():
            rows = order[np.linspace(0, len(order) - 1, number).astype(int)]
            base = scaled_to(market(), people)
            found["sizes"][people] = (
                rows, worlds.first(of),
                runs(base, worlds.first(of), [every[levels[row]] for row in rows], KEY, out, meter),
            )  # fmt: skip
        found["runs"], found["failed"] = meter.runs, meter.failed
    return found


def _apart(worlds: Worlds, base: kb.Scenario) -> Worlds:
    """Return worlds without the parameters that a switched-off mechanism makes neutral."""
    here, there = (
        {row.path: row.value for row in parameter_table(one)} for one in (base, market())
    )
    kept = {
        path: values for path, values in worlds.columns.items()
        if _of(here, path) == _of(there, path)
    }  # fmt: skip
    return Worlds(kept, worlds.composites, worlds.margin, worlds.speed, worlds.edges)


def _of(values: dict[str, Any], path: str) -> Any:
    return values.get(path, values.get(path.rpartition(".")[0]))


def main() -> None:
    """Run, tabulate, draw, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE / "outputs")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    begun = time.perf_counter()
    found = all_runs(options.out, options.quick)
    tables: dict[str, pd.DataFrame] = {
        "strata": strata_table(found),
        "chances": chances(found),
        "surface": surface(found),
        "levers": shares_table(found),
        "designs": designs_table(found),
        "information": information(found),
        "exchange": exchange(found),
        "agreement": agreement(found),
        "confirmed": confirmed(found),
        "splits": best_splits(found["budget"][USERS], found["budget worlds"], GOAL),
        "regret": regrets(found["budget"][USERS]),
    }
    goal = options.out if options.quick else HERE
    for name, table in tables.items():
        table.to_csv(goal / f"{name}.csv", index=False, lineterminator="\n", float_format="%.4g")
    draw(found, tables, goal)
    text = page(found, tables, told_tree(found))
    print(text)
    print(f"{time.perf_counter() - begun:.0f} s")
    if not options.quick:
        readme = HERE / "README.md"
        before, rest = readme.read_text("utf-8").split(BEGIN)
        after = rest.split(END)[1]
        readme.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", "utf-8")


def page(found: dict[str, Any], tables: dict[str, pd.DataFrame], tree: str) -> str:
    """Return the tables as Markdown, with what was run."""
    worlds = found["worlds"]
    lines = [
        f"{found['runs']:,} runs ({found['failed']} failed): {len(found['designs'])} designs in "
        f"{worlds.number} worlds of {PEOPLE:,} people and two years; {found['some'].number} of "
        f"them on every other network and for four years; {len(SPLITS)} splits of {len(MARKETS)} "
        f"budgets in {found['budget worlds'].number} of them; {found['second worlds'].number} "
        "other worlds on a second key. Take-off and sizes are those after two years where nothing "
        "else is said.",
    ]
    titles = {
        "strata": "T1. Whether pure seeds decide (all channels at once, balanced design)",
        "chances": "Chance of take-off by lever",
        "surface": "Purity and interaction together: chance of take-off",
        "levers": "T2 and T7. Shares of the three levers in what they do together",
        "designs": "T3. Designs: the best five and the worst",
        "information": "T4. What it would be worth to know more",
        "exchange": "T5. How many ordinary seeds equal a hundred pure ones",
        "agreement": "T6. Do networks, sizes, horizons and keys order the designs alike?",
        "confirmed": "T8. What the first key said, and the second",
        "splits": "T9. One budget over the three levers: the best split",
        "regret": "T10. What not knowing the world costs, by budget",
    }
    for name, title in titles.items():
        lines += ["", f"### {title}", "", markdown(tables[name])]
    lines += [
        "",
        "### What tells apart the worlds in which pure seeds decide",
        "",
        "```",
        tree,
        "```",
    ]
    if found.get("absent"):
        lines += ["", f"Not run, for the graph is not here: {', '.join(found['absent'])}."]
    return "\n".join(lines)


def markdown(table: pd.DataFrame) -> str:
    """Return a table as Markdown, numbers with three digits."""

    def cell(value: object) -> str:
        if isinstance(value, float | np.floating):
            number = float(value)
            if not np.isfinite(number):
                return ""
            return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"
        return str(value)

    lines = ["| " + " | ".join(map(str, table.columns)) + " |", "|" + "---|" * table.shape[1]]
    lines += ["| " + " | ".join(map(cell, row)) + " |" for row in table.itertuples(index=False)]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
