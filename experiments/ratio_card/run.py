"""The ratio card: eleven reported ratios, with word of mouth and without it.

``python experiments/ratio_card/run.py`` (some minutes on one core) runs the worlds of the presets
`xiaomi` and `xiaomi_phone` once more with nobody telling, on the key of the experiments that made
their cards, and lays both beside what was reported.  A ratio that comes out right either way is no
evidence on word of mouth.  Writes `card.csv`, `figure.png` and the table of the README.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import koubei_sim as kb
from koubei_sim.plots import drawing
from koubei_sim.studies import Ensemble

HERE = Path(__file__).parent
BEGIN, END = "<!-- card -->", "<!-- /card -->"
PRESETS = {"xiaomi": "xiaomi_shape", "xiaomi_phone": "xiaomi_phone"}  # and who made their cards
SHARES_A_GROUP, TWICE = 30.0, 2.0


class Asked(NamedTuple):
    """What is asked of a ratio of the card, beside its value and limits."""

    level: str  # at which level of the model it speaks
    by: str  # the preset whose forum grows to the size it was reported at
    how: str  # how the model came to its value
    source: str


#: In the order of the cards of the two experiments.
ASKED = (
    Asked("macro", "xiaomi", "fitted", "a little over 100, class report, usbmi.com"),
    Asked("macro", "xiaomi", "fitted", "more than 2 million, usbmi.com"),
    Asked("macro", "xiaomi_phone", "fitted", "2 million registered, 1 million phones, usbmi.com"),
    Asked("macro", "xiaomi_phone", "by hand", "1 of 9 million registered, book notes"),
    Asked("macro", "xiaomi_phone", "held out", "7 % of 29 million over 11 % of 9 million"),
    Asked("micro", "xiaomi_phone", "held out", "100,000 posts of 2 million visitors, class report"),
    Asked("macro", "xiaomi_phone", "by hand", "100,000 posts of 29 million registered, the same"),
    Asked("micro", "xiaomi_phone", "by hand", "messages to the company account a follower"),
    Asked("demand", "xiaomi_phone", "fitted", "reservations on Weibo, 2012-12"),
    Asked("micro", "watch_launch", "fitted", "18,698 orders, over 3,000 shares, press"),
)


def experiment(name: str) -> ModuleType:
    """Return the script of another experiment, which is no package."""
    path = HERE.parent / name / "run.py"
    spec = importlib.util.spec_from_file_location(f"experiment_{name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent))  # it imports files that stand beside it
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    return module


def silent(preset: str, worlds: int, threads: int) -> np.ndarray:
    """Return the ten ratios with nobody telling, [worlds, ratios], NaN where there is none."""
    script = experiment(PRESETS[preset])
    drawn = kb.ensemble(preset, worlds)
    if preset == "xiaomi_phone":
        drawn = drawn.replace(ticks=script.TICKS)
    nobody = drawn.parameters.assign(**dict.fromkeys(script.SILENT, 0.0))
    found = Ensemble(drawn.scenario, nobody).run(rng=script.KEY, threads=threads)
    pairs = zip(found.histories, found.ensemble.scenarios, strict=True)
    if preset == "xiaomi_phone":
        return np.array([script.ratios(history, scenario) for history, scenario in pairs])
    return np.array(
        [
            [np.nan if one.of is None else one.of(history, scenario) for one in script.CARD]
            for history, scenario in pairs
        ]
    )


def middle(values: np.ndarray) -> float:
    """Return the median, NaN where half of the worlds or fewer have a value."""
    known = values[np.isfinite(values)]
    return float(np.median(known)) if 2 * known.size > values.size else np.nan


def table(worlds: int, threads: int) -> pd.DataFrame:
    """Return the card: reported, with word of mouth, without it, and what follows."""
    told = {
        name: pd.read_csv(HERE.parent / folder / "card.csv") for name, folder in PRESETS.items()
    }
    quiet = {name: silent(name, worlds, threads) for name in PRESETS}
    rows = []
    for k, asked in enumerate(ASKED):
        first = told["xiaomi"].iloc[k]
        row = {
            "ratio": first["ratio"],
            "level": asked.level,
            "reported": first["reported"],
            "low": first["low"],
            "high": first["high"],
            "by": asked.by,
            "how": asked.how,
        }
        if asked.by == "watch_launch":
            rows.append(row | watch("orders_estimate") | {"source": asked.source})
            continue
        column = {"xiaomi": "median", "xiaomi_phone": "xiaomi_phone"}[asked.by]
        row["with"] = float(told[asked.by].iloc[k][column])
        row["without"] = middle(quiet[asked.by][:, k])
        rows.append(row | {"source": asked.source})
    rows.append(
        {"ratio": "watch: shares per group", "level": "micro", "reported": SHARES_A_GROUP,
         "low": SHARES_A_GROUP / TWICE, "high": SHARES_A_GROUP * TWICE, "by": "watch_launch",
         "how": "predicted", "source": "over 3,000 shares in about 100 groups, press"}
        | watch("shares_estimate", "groups_estimate")
    )  # fmt: skip
    frame = pd.DataFrame(rows)
    for name in ("with", "without"):
        inside = (frame["low"] <= frame[name]) & (frame[name] <= frame["high"])
        frame[f"near {name}"] = inside
    frame["says"] = [
        said(row) for row in frame[["near with", "near without", "how", "by"]].to_dict("records")
    ]
    return frame


def watch(above: str, below: str = "shares_estimate") -> dict[str, float]:
    """Return a ratio of the launch in chat groups: the median of its open cells, and nothing."""
    cells = pd.read_csv(HERE.parent / "watch_launch" / "cells.csv")
    open_ = cells[cells["world"] == "open"]
    return {"with": float((open_[above] / open_[below]).median()), "without": np.nan}


def said(row: dict[str, Any]) -> str:
    """Return what a line is worth."""
    if not row["near with"]:
        return "missed"
    if row["near without"]:
        return "met, and without it too"
    return "met" if row["how"] in ("held out", "predicted") else f"met, {row['how']}"


def draw(frame: pd.DataFrame, path: Path) -> None:
    """Draw each ratio over its reported value: the band that is near, with and without."""
    with drawing("en"):
        figure, ax = plt.subplots(figsize=(10.5, 5.4))
        for k, row in frame.iterrows():
            at = len(frame) - int(k)
            ax.plot([row["low"] / row["reported"], row["high"] / row["reported"]], [at, at],
                    color="#cccccc", lw=10, solid_capstyle="butt", zorder=1)  # fmt: skip
            for name, colour, marker in (("with", "#0072B2", "o"), ("without", "#D55E00", "X")):
                if np.isfinite(row[name]) and row[name] > 0.0:
                    ax.plot(row[name] / row["reported"], at, color=colour, marker=marker, ms=8,
                            ls="none", zorder=3)  # fmt: skip
        for name, colour, marker in (("with", "#0072B2", "o"), ("without", "#D55E00", "X")):
            ax.plot([], [], color=colour, marker=marker, ls="none", label=f"{name} word of mouth")
        ax.axvline(1.0, color="#666666", lw=1)
        ax.set_xscale("log")
        ax.set_yticks(range(len(frame), 0, -1), frame["ratio"])
        ax.legend(loc="lower left", fontsize=9)
        ax.set_xlabel("over the reported value (grey: near)")
        ax.set_title("Eleven ratios, with and without word of mouth")
        figure.savefig(path, dpi=130)
        plt.close(figure)


def shown(value: float) -> str:
    """Return a number with three digits, whole from a hundred on."""
    if not np.isfinite(value):
        return "none"
    return f"{value:,.0f}" if abs(value) >= 100.0 else f"{value:.3g}"


def markdown(frame: pd.DataFrame) -> str:
    """Return the table of the README."""
    lines = [
        "| ratio | level | reported | near | by | with word of mouth | without | says | source |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in frame.to_dict("records"):
        values = [shown(row[name]) for name in ("reported", "with", "without")]
        near = f"{shown(row['low'])} .. {shown(row['high'])}"
        lines.append(
            f"| {row['ratio']} | {row['level']} | {values[0]} | {near} | {row['by']} "
            f"| {values[1]} | {values[2]} | {row['says']} | {row['source']} |"
        )
    near, without = int(frame["near with"].sum()), int(frame["near without"].sum())
    alone = int(frame["says"].eq("met").sum())
    lines += [
        "",
        f"Near: {near} of {len(frame)}; without word of mouth {without}. Met without having been "
        f"fitted or set by hand, and not met without word of mouth: {alone}.",
    ]
    return "\n".join(lines)


def main() -> None:
    """Run the silent worlds; write table, figure and the part of the README."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=HERE)
    options = parser.parse_args()
    frame = table(options.worlds, options.threads)
    frame.to_csv(options.out / "card.csv", index=False, float_format="%.5g")
    draw(frame, options.out / "figure.png")
    page = options.out / "README.md"
    if page.exists():
        before, _, rest = page.read_text("utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        page.write_text(f"{before}{BEGIN}\n{markdown(frame)}\n{END}{after}", "utf-8")
    print(markdown(frame))


if __name__ == "__main__":
    main()
