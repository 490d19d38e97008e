"""How many people at random reach as much as the best fifty, on two graphs, under two rules each.

``KOUBEI_DATA=... python experiments/few_seeds_more/run.py`` (some minutes on one core) chooses
fifty seeds with a proof, finds the number of random people who match them, and runs forward
cascades from the seeds, from fifty random people and from so many. Writes `results.csv` and the
table between the marks of README.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

import pandas as pd

import koubei_sim as kb
from koubei_sim.cascades.statistics import size_interval
from koubei_sim.metrics import chance
from koubei_sim.networks import find_data

HERE: Final = Path(__file__).parent
BEGIN, END = "<!-- matching -->", "<!-- /matching -->"
GRAPHS: Final = {"NetHEPT": "nethept.edges.gz", "Epinions": "soc_epinions1_undirected.edges.gz"}
RULES: Final = {
    "NetHEPT": {"weighted": "weighted", "p = .1": 0.1},
    "Epinions": {"weighted": "weighted", "p = .05": 0.05},
}
#: Where a run either dies at once or reaches a good part: from so many people on it has taken off.
TAKES_OFF: Final = {("Epinions", "p = .05"): 1000}
SETS: Final = 1 << 17
SHARES: Final = (1.0, 0.99, 0.9)
SEEDS, REPLICATES, KEY = 50, 1000, 20090628


def results(replicates: int) -> pd.DataFrame:
    """Return one row a graph, rule and start."""
    rows = []
    for graph, file in GRAPHS.items():
        network = kb.read_network(find_data(file), directed=False)
        for name, p in RULES[graph].items():
            rule = kb.IndependentCascade(p)
            best = kb.seeding.maximise(network, rule, SEEDS, rng=KEY)
            print(graph, name, best, flush=True)
            starts: list[tuple[str, Any, Any]] = [
                ("best", best.seeds, (SEEDS,) * 3),
                ("random", kb.RandomSeeds(SEEDS), (SEEDS,) * 3),
            ]
            for share in SHARES:
                found = kb.seeding.matching_random(
                    network, rule, best.seeds, share=share, precision=0.05, sets=SETS, rng=KEY
                )
                print(found, found.sets, flush=True)
                who = kb.RandomSeeds(found.number)
                starts.append((f"match {share:g}", who, (found.number, found.low, found.high)))
            least = TAKES_OFF.get((graph, name), 0)
            for start, who, (number, low, high) in starts:
                sizes = kb.cascade(network, rule, who, replicates, rng=KEY, threads=1).sizes
                off = sizes >= least
                share_off, reach = chance(off), size_interval(sizes[off])
                rows.append(
                    {
                        "graph": graph, "rule": name, "start": start, "ratio": best.ratio,
                        "number": number, "number_low": low, "number_high": high,
                        "chance": share_off.mean, "chance_low": share_off.low,
                        "chance_high": share_off.high, "reach": reach.mean, "low": reach.low,
                        "high": reach.high, "least": sizes.min(), "most": sizes.max(),
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)


def markdown(table: pd.DataFrame, replicates: int) -> str:
    """Return a row a graph and rule, a column a start."""
    columns = {
        "best": f"best {SEEDS}",
        "random": f"{SEEDS} random",
        "match 1": "random people who reach as much",
        "match 0.99": "99 % as much",
        "match 0.9": "90 % as much",
    }
    lines = [
        f"Reach with its 95 % interval, {replicates:,} forward runs; before the colon how many "
        "people, with the 95 % interval of that number. Where a share is told, some runs died at "
        "once: it is the chance of take-off, and the reach is that of the runs that took off.",
        "",
        "| graph, rule | " + " | ".join(columns.values()) + " |",
        "|---|" + "---|" * len(columns),
    ]
    by = table.set_index(["graph", "rule", "start"])
    for graph, rule in dict.fromkeys(zip(table["graph"], table["rule"], strict=True)):
        cells = []
        for start in columns:
            row = by.loc[(graph, rule, start)]
            text = f"{row['reach']:,.0f} ({row['low']:,.0f} .. {row['high']:,.0f})"
            if row["chance"] < 1.0:
                low, high = row["chance_low"], row["chance_high"]
                text = f"{row['chance']:.1%} ({low:.1%} .. {high:.1%}), then {text}"
            if start.startswith("match"):
                span = f"{row['number_low']:,.0f} .. {row['number_high']:,.0f}"
                text = f"**{row['number']:,.0f}** ({span}): {text}"
            cells.append(text)
        lines.append(f"| {graph}, {rule} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Run what is asked for and write tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--replicates", type=int, default=REPLICATES)
    replicates = parser.parse_args().replicates
    table = results(replicates)
    text = markdown(table, replicates)
    print(text)
    if replicates == REPLICATES:
        table.to_csv(HERE / "results.csv", index=False, lineterminator="\n", float_format="%.6g")
        page = HERE / "README.md"
        before, rest = page.read_text("utf-8").split(BEGIN)
        page.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", "utf-8")


if __name__ == "__main__":
    main()
