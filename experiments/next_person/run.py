"""Who comes next in a cascade: what ties and order tell beyond popularity.

``KOUBEI_DATA=... python experiments/next_person/run.py`` (some two minutes on one core) learns the
credit of ties from four fifths of the cascades of two logs, foretells the others, and writes
`gains.csv` and the table between the marks of README.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pandas as pd

import koubei_sim as kb
from koubei_sim.evidence import credit, read_cascade_log
from koubei_sim.networks import find_data

HERE: Final = Path(__file__).parent
BEGIN, END = "<!-- next -->", "<!-- /next -->"
KEY: Final = 3
METHODS: Final[list[tuple[str, dict[str, Any]]]] = [
    ("Bernoulli", {}),
    ("partial credit", {"method": "partial"}),
    ("partial credit, fading", {"method": "partial", "decay": "mean"}),
]
#: What a first trial by hand found, nats a participant.
TRIAL: Final = {
    ("Stack Exchange android", "given ties"): "+.003 (-.006 .. .014)",
    ("Stack Exchange android", "credit"): "+.18",
    ("memetracker", "credit"): "+1.16",
    ("memetracker", "order shuffled"): "+1.03",
}


def results() -> pd.DataFrame:
    """Return a row a log, network, method and model."""
    ties = kb.read_network(find_data("stackexchange_android.edges.gz"), directed=True)
    logs = [
        ("Stack Exchange android", "stackexchange_android_cascades.csv.gz", ties),
        ("Stack Exchange android", "stackexchange_android_cascades.csv.gz", None),
        ("memetracker", "memetracker_cascades.csv.gz", None),
    ]
    tables = []
    for name, file, network in logs:
        log = read_cascade_log(file, n=None if network is None else network.n_nodes)
        learnt, held_out = log.split(0.8, KEY)
        for said, how in METHODS:
            found = credit(network, learnt, **how)
            judged = found.judge(held_out, rng=KEY)
            table = judged.table().reset_index()
            table.insert(0, "method", said)
            table.insert(0, "arcs", "given" if network is not None else "learnt")
            table.insert(0, "log", name)
            tables.append(table)
            print(name, said, judged, sep="\n", flush=True)
    return pd.concat(tables, ignore_index=True)


def markdown(table: pd.DataFrame) -> str:
    """Return a line a log, kind of arcs and method, a column a model."""
    models = ["given ties", "credit", "order shuffled", "order reversed", "ties rewired",
              "over order shuffled"]  # fmt: skip
    lines = ["| log | arcs | method | " + " | ".join(models) + " |", "|---" * 9 + "|"]
    for names, part in table.groupby(["log", "arcs", "method"], sort=False):
        of = part.set_index("model")
        cells = [
            f"{of.loc[m, 'gain']:+.3f} ({of.loc[m, 'low']:+.3f} .. {of.loc[m, 'high']:+.3f})"
            if m in of.index
            else "-"
            for m in models
        ]
        lines.append(f"| {' | '.join(names)} | {' | '.join(cells)} |")
    lines += ["", "| log | model | first trial by hand |", "|---|---|---|"]
    lines += [f"| {log} | {model} | {said} |" for (log, model), said in TRIAL.items()]
    return "\n".join(lines)


def main() -> None:
    """Run and write the tables."""
    table = results()
    table.to_csv(HERE / "gains.csv", index=False, lineterminator="\n", float_format="%.6g")
    page = HERE / "README.md"
    before, rest = page.read_text("utf-8").split(BEGIN)
    page.write_text(f"{before}{BEGIN}\n{markdown(table)}\n{END}{rest.split(END)[1]}", "utf-8")


if __name__ == "__main__":
    main()
