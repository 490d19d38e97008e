"""What it costs in reach that so many of fifty seeds must be fans.

``KOUBEI_DATA=... python experiments/price_of_purity/run.py`` (some minutes on one core) draws who
the fans are, chooses fifty seeds with so many of them fans (`kb.seeding.maximise`, quotas), and
bounds what any such choice could reach.  Writes `results.csv` and the table between the marks of
README.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

import pandas as pd

import koubei_sim as kb
from koubei_sim.metrics.intervals import mean_interval

HERE: Final = Path(__file__).parent
BEGIN, END = "<!-- purity -->", "<!-- /purity -->"
RULES: Final = {
    "weighted cascade": kb.IndependentCascade("weighted"),
    "linear threshold": kb.LinearThreshold(),
}
SHARES: Final = {"a tenth": 10, "a third": 3}  # one person in so many is a fan
FANS: Final = (10, 20, 30, 40, 50)  # of the fifty
SEEDS, DRAWS, TARGET, DELTA = 50, 20, 0.93, 1e-5


def row(found: Any, **what: Any) -> dict[str, Any]:
    """Return what a search found as a row of the table."""
    return {
        **what, "reach": found.reach.mean, "low": found.reach.low, "at_most": found.at_most,
        "sets": found.sets, "stopped": found.stopped,
    }  # fmt: skip


def results(draws: int) -> pd.DataFrame:
    """Return one row a rule, share of fans among people, number of fans among seeds, and draw."""
    network = kb.read_network(kb.networks.find_data("nethept.edges.gz"), directed=False)
    rows = []
    for name, rule in RULES.items():
        options: dict[str, Any] = {"target": TARGET, "delta": DELTA}
        for draw in range(1, draws + 1):
            free = kb.seeding.maximise(network, rule, SEEDS, rng=draw, **options)
            rows.append(row(free, rule=name, share="", fans=0, draw=draw))
        for share, one_in in SHARES.items():
            for draw in range(1, draws + 1):
                kind = ["other"] * network.n_nodes
                for fan in kb.seeding.random(network, network.n_nodes // one_in, key=draw):
                    kind[fan] = "fan"
                for fans in FANS:
                    quotas = {"fan": fans, "other": SEEDS - fans}
                    found = kb.seeding.maximise(
                        network, rule, groups=kind, quotas=quotas, rng=draw, by="row", **options
                    )
                    rows.append(row(found, rule=name, share=share, fans=fans, draw=draw))
            print(name, share, flush=True)
    return pd.DataFrame(rows)


def markdown(table: pd.DataFrame, draws: int) -> str:
    """Return a line for each rule, share of fans among people, and number of fans among seeds."""
    lines = [
        f"{SEEDS} seeds, {draws} draws of who the fans are. *Reach*: mean over the draws with its "
        "95 % interval. *Best of any*: where the best such choice lies, in all draws. *Lost* "
        "against the free choice on the same key: mean over the draws with its 95 % interval, and "
        "what is proven to be lost in every draw.",
        "",
        "| rule | fans are | fans of 50 | reach | best of any (proven) | lost | lost (proven) |",
        "|---|---|---|---|---|---|---|",
    ]
    for rule in RULES:
        ours = table[table["rule"] == rule]
        free = ours[ours["fans"] == 0].set_index("draw")
        for (share, fans), of in ours.groupby(["share", "fans"], sort=False):
            by_draw = of.set_index("draw")
            mean = mean_interval(by_draw["reach"].to_numpy())
            lost = mean_interval((1.0 - by_draw["reach"] / free["reach"]).to_numpy())
            low, high = of["low"].min(), of["at_most"].max()
            surely = 1.0 - high / free["low"].max()
            lines.append(
                f"| {rule} | {share or '-'} | {fans or 'any'} | {mean.mean:,.0f} "
                f"({mean.low:,.0f} .. {mean.high:,.0f}) | {low:,.0f} .. {high:,.0f} | "
                + (f"{lost.mean:.1%} ({lost.low:.1%} .. {lost.high:.1%}) | " if fans else "- | ")
                + (f"over {surely:.0%} |" if fans and surely >= 0.01 else "- |")
            )
    return "\n".join(lines)


def main() -> None:
    """Run what is asked for and write tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--draws", type=int, default=DRAWS)
    draws = parser.parse_args().draws
    table = results(draws)
    text = markdown(table, draws)
    print(text)
    if draws == DRAWS:
        table.to_csv(HERE / "results.csv", index=False, lineterminator="\n", float_format="%.6g")
        page = HERE / "README.md"
        before, rest = page.read_text("utf-8").split(BEGIN)
        page.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", "utf-8")


if __name__ == "__main__":
    main()
