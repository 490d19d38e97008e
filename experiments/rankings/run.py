"""How far fifty seeds of each ranking reach, on two graphs, under two rules.

``KOUBEI_DATA=... python experiments/rankings/run.py`` (some minutes on one core) runs
forward cascades from the seeds of every strategy of `kb.seeding`, all on the same coins.  Writes
`results.csv` (differences from `degree`: of pairs of runs that both took off), and the table
between the marks of README.md and of docs/cascades.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pandas as pd

import koubei_sim as kb
from koubei_sim.cascades.statistics import size_interval
from koubei_sim.metrics import chance
from koubei_sim.metrics.intervals import mean_interval
from koubei_sim.networks import find_data, seeding

HERE: Final = Path(__file__).parent
PAGES: Final = (HERE / "README.md", HERE.parents[1] / "docs" / "cascades.md")
BEGIN, END = "<!-- rankings -->", "<!-- /rankings -->"
GRAPHS: Final = {"NetHEPT": "nethept.edges.gz", "Epinions": "soc_epinions1_undirected.edges.gz"}
RULES: Final = {"weighted": "weighted", "p = .01": 0.01}
#: Where a run either dies at once or reaches a good part: from so many people on it has taken off.
TAKES_OFF: Final = {("Epinions", "p = .01"): 1000}
SEEDS, REPLICATES, KEY = 50, 1000, 20090628

#: Those that are the same people for every key but for ties, and those that are not: they are
#: chosen anew for every replicate, by its number.
FIXED: Final[dict[str, Callable[..., Any]]] = {
    name: getattr(seeding, name)
    for name in ("degree", "kshell", "single_discount", "degree_discount", "irie", "pagerank",
                 "collective_influence", "vote_rank", "diffusion_centrality", "wide_bridges")
}  # fmt: skip
DRAWN: Final[dict[str, Callable[..., Any]]] = {
    name: getattr(seeding, name)
    for name in ("random", "nomination", "gossip", "circle", "community")
}


def chosen(network: kb.Network, p: Any, drawn: dict[str, Any]) -> dict[str, Any]:
    """Return the seeds of each strategy, best first; `drawn` are those chosen for all rules."""
    found = {}
    for name, choose in FIXED.items():
        own = {"irie": {"p": p}, "degree_discount": {"p": 0.01}}.get(name, {})
        found[name] = choose(network, SEEDS, key=KEY, **own)
    return found | drawn


def results(replicates: int) -> pd.DataFrame:
    """Return one row a graph, rule and strategy."""
    rows = []
    for graph, file in GRAPHS.items():
        network = kb.read_network(find_data(file))
        drawn = {
            name: [choose(network, SEEDS, key=key) for key in range(replicates)]
            for name, choose in DRAWN.items()
        }
        for rule, p in RULES.items():
            cascade = kb.IndependentCascade(p)
            starts = chosen(network, p, drawn)
            settings = {name: (cascade, who) for name, who in starts.items()}
            runs = kb.paired(network, settings, replicates, rng=KEY, threads=1)
            for name in settings:
                sizes, more = runs.of(name), runs.of(name) - runs.of("degree")
                least = TAKES_OFF.get((graph, rule), 0)
                off, both = sizes >= least, (sizes >= least) & (runs.of("degree") >= least)
                share, reach = chance(off), size_interval(sizes[off])
                gain = mean_interval(more[both])
                rows.append(
                    {
                        "graph": graph, "rule": rule, "strategy": name,
                        "chance": share.mean, "chance_low": share.low, "chance_high": share.high,
                        "reach": reach.mean, "low": reach.low, "high": reach.high,
                        "least": sizes.min(), "most": sizes.max(),
                        "over_degree": gain.mean, "over_low": gain.low, "over_high": gain.high,
                    }
                )  # fmt: skip
            print(graph, rule, flush=True)
    return pd.DataFrame(rows)


def markdown(table: pd.DataFrame, replicates: int) -> str:
    """Return strategies by graphs and rules, in the order of the first column."""
    columns = list(dict.fromkeys(zip(table["graph"], table["rule"], strict=True)))
    lines = [
        f"Reach of {SEEDS} seeds with its 95 % interval, {replicates:,} runs on the same coins; "
        "in brackets the least and the most of all runs. Where a share is told, some runs died at "
        "once: it is the chance of take-off, and the reach is that of the runs that took off.",
        "",
        "| strategy | " + " | ".join(f"{graph}, {rule}" for graph, rule in columns) + " |",
        "|---|" + "---|" * len(columns),
    ]
    by = table.set_index(["strategy", "graph", "rule"])
    first = by.xs(columns[0], level=("graph", "rule"))["reach"]
    for name in first.sort_values(ascending=False).index:
        cells = []
        for graph, rule in columns:
            row = by.loc[(name, graph, rule)]
            low, high = row["chance_low"], row["chance_high"]
            share = f"{row['chance']:.1%} ({low:.1%} .. {high:.1%}): "
            share = share if row["chance"] < 1.0 else ""
            cells.append(
                f"{share}{row['reach']:,.0f} ({row['low']:,.0f} .. {row['high']:,.0f}) "
                f"[{row['least']:,.0f}, {row['most']:,.0f}]"
            )
        lines.append(f"| `{name}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Run what is asked for and write tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--replicates", type=int, default=REPLICATES)
    replicates = parser.parse_args().replicates
    table = results(replicates)
    table.to_csv(HERE / "results.csv", index=False, lineterminator="\n", float_format="%.6g")
    text = markdown(table, replicates)
    print(text)
    if replicates == REPLICATES:
        for page in PAGES:
            before, rest = page.read_text("utf-8").split(BEGIN)
            page.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", "utf-8")


if __name__ == "__main__":
    main()
