"""Who is next to adopt? Ties beside degree, the calendar and the village, on two classic surveys.

``KOUBEI_DATA=... python experiments/who_next/run.py`` (some minutes on one core) judges formulas on
held-out villages and cities and on held-out last periods, puts ties under controls, and asks how
often an effect of a given size would show among 125 physicians.  Writes `results.csv` and the
tables between the marks of README.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pandas as pd

import koubei_sim as kb
from koubei_sim.evidence import Judgement, Priors

HERE: Final = Path(__file__).parent
BEGIN, END = "<!-- who_next -->", "<!-- /who_next -->"
KEY: Final = 19811966
STUDIES: Final = ("korea", "medical")
TIES: Final = "calendar + ties(share)"
BOTH: Final = "calendar + degree(side=naming) + ties(share)"
BESIDE: Final = "calendar + crowd + degree(side=naming) + ties(share)"
FORMULAS: Final = {"ties": TIES, "popularity + ties": BOTH, "crowd + popularity + ties": BESIDE}
CONTROLS: Final = ("rewired", "times shuffled", "contacts")
#: A trial by hand before there was `kb.judge` (its degree is by how many one is named): gain in log
#: score over the calendar, nats a person.
TRIAL: Final[dict[str, dict[str, float]]] = {
    "korea": {"Bass": 0.008, "Hawkes": 0.007, "popularity": 0.042, "ties": 0.023,
              "popularity + ties": 0.059},
    "medical": {"Bass": 0.031, "Hawkes": 0.030, "popularity": -0.004, "ties": 0.0,
                "popularity + ties": -0.004},
}  # fmt: skip
TRIAL_AUC: Final[dict[str, dict[str, float]]] = {
    "korea": {"popularity": 0.63, "ties": 0.58, "popularity + ties": 0.65},
    "medical": {"popularity": 0.60},
}


def main() -> None:
    records = {name: kb.evidence.study(name) for name in STUDIES}
    found = {
        name: kb.judge(d, FORMULAS, controls=CONTROLS, draws=200, rng=KEY)
        for name, d in records.items()
    }
    firm = kb.judge(records["medical"], FORMULAS, rng=KEY, priors=Priors(1.0))
    ahead = {name: kb.judge(d, FORMULAS, "future", rng=KEY) for name, d in records.items()}
    parts = []
    for name, one in found.items():
        parts += [f"**{name.title()}**, {len(one.held.parts)} groups held out one by one: {one}.",
                  gains(one, name)]  # fmt: skip
    parts += [
        "**Medical**, with a calendar that is pulled ten times as hard to its mean (prior 1).",
        gains(firm, "medical"),
    ]
    parts += [
        "**Ties under controls** (200 draws each; *left*: mean weight in the draws over that of "
        "the record; *gain drawn*: held-out gain over the calendar, mean of ten draws).",
        controls(found),
    ]
    for name, one in ahead.items():
        said = f"**{name.title()}**, the future held out, {one.held.parts[0].name} on"
        parts += [f"{said}: {one}.", gains(one, None)]
    parts += ["**Calibration** of held-out chances, popularity + ties, ten parts of equal size.",
              *(calibration(one, name) for name, one in found.items())]  # fmt: skip
    parts += ["**Power**: how often ties of that weight show, 200 worlds.", power(records)]
    write(parts)
    tables = {name: one.table() for name, one in found.items()}
    tables["medical, prior 1"] = firm.table()
    tables |= {f"{name}, future": one.table() for name, one in ahead.items()}
    rows = pd.concat(tables, names=["record"]).round(5)
    rows.to_csv(HERE / "results.csv", lineterminator="\n")


def write(parts: list[str]) -> None:
    page = HERE / "README.md"
    text = page.read_text("utf-8")
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    page.write_text("\n".join([head + BEGIN, "\n\n".join(parts), END + tail]), "utf-8")


def gains(one: Judgement, study: str | None) -> str:
    trial, trial_auc = TRIAL.get(study or "", {}), TRIAL_AUC.get(study or "", {})
    rows = []
    for name, row in one.table().iterrows():
        gain = f"{row.gain:+.3f} ({row.low:+.3f} .. {row.high:+.3f})"
        beside = trial.get(str(name))
        verdict = "" if beside is None else (
            "within" if row.low - 5e-4 <= beside <= row.high + 5e-4 else "**outside**")  # fmt: skip
        added = "" if row.ties_add != row.ties_add else (
            f"{row.ties_add:+.3f} ({row.ties_low:+.3f} .. {row.ties_high:+.3f})")  # fmt: skip
        auc = f"{row.auc:.2f} ({row.auc_low:.2f} .. {row.auc_high:.2f})"
        cells = [name, gain, "" if beside is None else f"{beside:+.3f}", verdict, added, auc,
                 trial_auc.get(str(name), ""), f"{row.brier:.4f}", number(row.slope),
                 number(row.curve_error, 3), number(row.coverage)]  # fmt: skip
        rows.append(cells if study else [cells[0], cells[1], *cells[4:6], *cells[7:]])
    base = one.base
    head = ["", f"gain over {base}, nats a person", "trial", "verdict", "ties add", "AUC",
            "trial", "Brier", "slope", "curve error", "in band"]  # fmt: skip
    return table(head if study else [head[0], head[1], *head[4:6], *head[7:]], rows)


def controls(found: dict[str, Judgement]) -> str:
    rows = []
    for study, one in found.items():
        for (name, control), row in one.controls().iterrows():
            left = "" if row.left != row.left else f"{row.left:.0%}"
            rows.append([
                study, name, control, f"{row.ties:.3f}", f"{row.ties_control:.3f}", left,
                f"{row.p:.3f}", f"{row.loglik:.1f}", number(row.gain_control, 3),
            ])  # fmt: skip
    head = ["", "", "control", "ties", "drawn", "left", "p", "log-likelihood", "gain drawn"]
    return table(head, rows)


def calibration(one: Judgement, name: str) -> str:
    rows = one.calibration("popularity + ties")
    shown = [[name, "predicted", *(f"{x:.3f}" for x in rows["predicted"])],
             [name, "observed", *(f"{x:.3f}" for x in rows["observed"])]]  # fmt: skip
    return table(["", "", *map(str, range(1, len(rows) + 1))], shown)


def power(records: dict[str, kb.Diffusion]) -> str:
    rows = []
    asked = (("medical", TIES, "refit"), ("medical", TIES, "kept"), ("medical", BESIDE, "refit"),
             ("korea", BESIDE, "refit"))  # fmt: skip
    for study, formula, others in asked:
        one = kb.power(records[study], formula, values=[0.0, 0.05, 0.1, 0.25], worlds=200,
                       rng=KEY, others=others, intervals=False)  # fmt: skip
        for sides, level in (("one", 0.05), ("two", 0.025)):
            shares = (one.p < level).mean(axis=1)
            rows.append([study, formula, others, sides, *(f"{share:.0%}" for share in shares)])
    return table(["", "", "other parameters", "sides of the test at 5 %", "0", ".05", ".1", ".25"],
                 rows)  # fmt: skip


def number(value: float, digits: int = 2) -> str:
    return "" if value != value else f"{value:.{digits}f}"


def table(head: list[str], rows: list[list[Any]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in row) + " |" for row in lines)


if __name__ == "__main__":
    main()
