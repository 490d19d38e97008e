"""Messages that differ, and sizes after an hour: repost trees of Weibo, or of a log of your own.

``KOUBEI_DATA=... python experiments/repost_shapes/run.py`` (a minute or two on one core) fits how
much messages differ to the shapes of the trees, judges it on trees that the fit has not seen, and
holds forecasts of sizes against trees that they were not learnt from.  Writes `appeal.csv`,
`choices.csv`, `sizes.csv`, `figure.png` and the tables between the marks of README.md.

``python experiments/repost_shapes/run.py LOG.csv --times COLUMN [--root NAME]`` does the same with
a table of your own (columns cascade, message, parent, and one of times in seconds): it shows the
tables and writes nothing but ``--figure``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import koubei_sim as kb
from koubei_sim.evidence import (
    AppealFit,
    RepostTrees,
    SizeJudgement,
    fit_appeal,
    judge_sizes,
    read_higgs_first,
    read_weibo_reposts,
)
from koubei_sim.plots.style import BLUE, GREEN, GREY, ORANGE, drawing

HERE: Final = Path(__file__).parent
BEGIN, END = "<!-- made -->", "<!-- /made -->"
SHAPES: Final = ("virality", "depth", "broadcast_share")
CHOICES: Final[dict[str, dict[str, Any]]] = {
    "as above": {},
    "audiences with exponent 2.1": {"exponent": 2.1},
    "audiences with exponent 2.5": {"exponent": 2.5},
    "told by anybody": {"teller": "anybody"},
    "a tenth of messages comments": {"comments": 0.1},
    "a fifth of messages comments": {"comments": 0.2},
    "sizes too, of the model": {"sizes": "model", "statistics": ("size", *SHAPES)},
}


def shapes(trees: RepostTrees, name: str) -> dict[str, object]:
    """Return quantiles of the shapes of the trees of 100 to 999 messages."""
    table = trees.trees()
    mine = table[table["size"].between(100, 999)]
    row: dict[str, object] = {"trees": name, "of 100 to 999 messages": len(mine)}
    for what in SHAPES:
        ten, half, ninety = mine[what].quantile([0.1, 0.5, 0.9])
        row[what.replace("_", " ")] = f"{ten:.3g} {half:.3g} {ninety:.3g}"
    return row


def chosen(trees: RepostTrees) -> pd.DataFrame:
    """Return distances under other choices of what the fit does not choose."""
    rows = []
    for name, named in CHOICES.items():
        table = fit_appeal(trees, splits=20, **named).table()
        row: dict[str, object] = {"choice": name}
        for law in ("beta", "gamma", "lognormal"):
            row[law] = table.loc[law, "unseen"]
        best = table.loc[["beta", "gamma", "lognormal"], "unseen"].idxmin()
        row |= {"nearest": best, "R": table.loc[best, "R"], "spread": table.loc[best, "spread"]}
        row["one R"] = table.loc["one R", "unseen"]
        rows.append(row)
    return pd.DataFrame(rows)


def draw(fit: AppealFit, judged: SizeJudgement, path: Path) -> None:
    """Draw distribution functions of shapes, and errors of forecasts."""
    looks = {
        "beta": (BLUE, "-", "own R (beta law)"),
        "ten values": (GREEN, "--", "own R (ten values)"),
        "one R": (ORANGE, "-", "one R for all"),
        "data": ("black", "-", "repost trees"),
    }
    titles = {
        "virality": "Structural virality", "depth": "Generations",
        "broadcast_share": "Largest broadcast, share",
    }  # fmt: skip
    with drawing("en"):
        figure, axes = plt.subplots(1, 5, figsize=(16.5, 4.2), width_ratios=[1, 1, 1, 1.05, 1.05])
        for ax, name in zip(axes, SHAPES):
            mine = fit.curves[fit.curves["statistic"] == name]
            for candidate, (colour, dashes, label) in looks.items():
                one = mine[mine["candidate"] == candidate]
                ax.plot(one["value"], one["share"], color=colour, ls=dashes, label=label,
                        lw=1.2 if candidate == "data" else 1.9, drawstyle="steps-post")  # fmt: skip
            ax.set_title(titles[name], pad=8)
            ax.set_ylim(0.0, 1.02)
            if name != "broadcast_share":
                ax.set_xscale("log")
                ax.minorticks_off()
                ticks = (2, 3, 5, 8) if name == "virality" else (1, 2, 5, 10, 20)
                ax.set_xticks(ticks, [str(tick) for tick in ticks])
                ax.set_xlim(1.95, 9) if name == "virality" else ax.set_xlim(1, 25)
            else:
                ax.set_xlim(0, 1)
        axes[0].set_ylabel("share of trees at most")
        axes[0].legend(loc="lower right", fontsize=7.5, facecolor="white", framealpha=1.0)
        table = judged.table()
        names = list(table.index)[::-1]
        place = np.arange(len(names))
        rows = table.loc[names]
        for ax, (middle, low, high), title in (
            (axes[3], ("error", "low", "high"), "After an hour"),
            (axes[4], ("median", "median_low", "median_high"), "At 100 messages"),
        ):
            reach = [rows[middle] - rows[low], rows[high] - rows[middle]]
            ax.errorbar(rows[middle], place, xerr=reach, fmt="o", color=BLUE, ms=5, lw=1.5)
            ax.set_yticks(place, names if ax is axes[3] else [""] * len(names))
            ax.set_title(title, pad=8)
            ax.set_ylim(-0.5, len(names) - 0.5)
            ax.grid(axis="x", alpha=0.4)
        axes[3].set_xlabel("median relative error of the size")
        axes[4].set_xlabel("AUC for reaching the median")
        axes[3].set_xlim(0.0, 0.68)
        axes[4].set_xlim(0.45, 0.9)
        axes[4].axvline(0.5, color=GREY, lw=1.0, ls=":")
        figure.savefig(path, dpi=110)
        plt.close(figure)


def spans(table: pd.DataFrame, columns: dict[str, tuple[str, str, str]]) -> pd.DataFrame:
    """Return a table with numbers and their ranges as text."""
    found = {}
    for name, (middle, low, high) in columns.items():
        rows = zip(table[middle], table[low], table[high], strict=True)
        found[name] = [f"{m:.3f} ({a:.3f} .. {b:.3f})" for m, a, b in rows]
    return pd.DataFrame(found, index=table.index)


def markdown(table: pd.DataFrame) -> str:
    """Return a table as Markdown."""

    def cell(value: object) -> str:
        if isinstance(value, float):
            return "" if np.isnan(value) else f"{value:.3f}"
        return str(value)

    lines = ["| " + " | ".join(map(str, table.columns)) + " |", "|" + "---|" * table.shape[1]]
    lines += ["| " + " | ".join(map(cell, row)) + " |" for row in table.itertuples(index=False)]
    return "\n".join(lines)


def told(fit: AppealFit, judged: SizeJudgement) -> list[str]:
    """Return the tables of a fit and of a judgement."""
    table = fit.table()
    appeal = spans(table, {"mean distance": ("unseen", "low", "high")})
    appeal = pd.concat([table[["R", "spread"]], appeal, table[list(SHAPES)]], axis=1)
    sizes = judged.table()
    columns = {
        "median relative error": ("error", "low", "high"),
        f"AUC, {2 * (judged.k or 0)}": ("twice", "twice_low", "twice_high"),
        f"AUC, median {judged.middle:.0f}": ("median", "median_low", "median_high"),
    }
    counts = (
        f"{int(sizes['trees'].iloc[0]):,} trees with 50 messages or more in the first "
        f"{judged.at:g} seconds, {int(sizes['trees_k'].iloc[0]):,} with {judged.k} or more in all."
    )
    pairs = (
        ("times + tree", "times"), ("times + tree", "log-linear"), ("times + tree", "Hawkes"),
        ("log-linear", "popularity"),
    )  # fmt: skip
    nearer = []
    for one, other in pairs:
        share, low, high = judged.nearer(one, other)
        nearer.append(f"{one} than {other} in {share:.3f} ({low:.3f} .. {high:.3f})")
    return [
        f"{fit.trees:,} trees of 100 to 999 messages; {fit.stories:,} stories told.",
        markdown(appeal.reset_index()),
        counts,
        markdown(spans(sizes, columns).reset_index()),
        f"Nearer after {judged.at:g} seconds, share of trees: {'; '.join(nearer)}.",
    ]


def main() -> None:
    """Read, fit, judge, draw, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log", nargs="?", help="a table of your own")
    parser.add_argument("--times", default="time_s")
    parser.add_argument("--root", default=None)
    parser.add_argument("--figure", default=None)
    asked = parser.parse_args()
    try:
        if asked.log is not None:
            table = pd.read_csv(asked.log)
            root = asked.root
            if root is not None and table["parent"].dtype.kind in "iuf":
                root = type(table["parent"].iloc[0].item())(root)
            trees = kb.trees_of(table, asked.times, root=root, early="keep", missing="root")
        else:
            trees = read_weibo_reposts()
    except kb.KoubeiError as refused:
        raise SystemExit(str(refused)) from None
    fit, judged = fit_appeal(trees), judge_sizes(trees)
    lines = told(fit, judged)
    if asked.log is not None:
        print("\n\n".join(lines))
        if asked.figure:
            draw(fit, judged, Path(asked.figure))
        return
    draw(fit, judged, HERE / "figure.png")
    choices = chosen(trees)
    fewer = judge_sizes(trees, k=None, least=10).table()
    lines.append(
        f"With 10 messages or more in the first hour ({int(fewer['trees'].iloc[0]):,} trees): "
        + ", ".join(f"{name} {row['error']:.3f}" for name, row in fewer.iterrows())
        + "."
    )
    lines += ["Other choices:", markdown(choices)]
    kinds = [shapes(trees, "Weibo")]
    try:
        kinds.append(shapes(read_higgs_first(), "Higgs, first retweets"))
    except kb.KoubeiError as absent:
        print(absent)
    lines.append(markdown(pd.DataFrame(kinds)))
    for name, table in (
        ("appeal", fit.table()), ("sizes", judged.table()), ("choices", choices),
    ):  # fmt: skip
        table.to_csv(
            HERE / f"{name}.csv", lineterminator="\n", float_format="%.4g", index=name != "choices"
        )
    text = "\n\n".join(lines)
    print(text)
    page = HERE / "README.md"
    before, rest = page.read_text("utf-8").split(BEGIN)
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", "utf-8")


if __name__ == "__main__":
    main()
