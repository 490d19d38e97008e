"""The watch launch: three reported numbers and eleven hours from two free parameters.

``python experiments/watch_launch/run.py`` (some minutes on one core).  In each cell of a grid of
assumptions the chance to share is fitted to the reported shares and the chance to order to the
reported orders; the groups reached, and the hour by which the orders are there, are then predicted
on other luck.  Writes `cells.csv`, `figure.png` and the table of the README.
"""

from __future__ import annotations

import argparse
from itertools import product
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import koubei_sim as kb
from koubei_sim.plots import drawing

HERE = Path(__file__).parent
KEY = 20130905
POSTS, GROUPS, SHARES, ORDERS, HOUR = 10, 100, 3_000, 18_698, 11
NEAR = 2.0  # a prediction is met within this factor
HOURS = 24  # the day of the launch
LEAST, MOST = 30, 500  # people in a chat group
FITTED, PREDICTED = 25, 200  # replicates
STEPS = 14  # halvings of the log of the chance to share
BEGIN, END = "<!-- cells -->", "<!-- /cells -->"

#: Assumptions, fixed before the first run: people, groups a person, law of sizes (exponent), who
#: opens a group at all, half-life of opening it in hours.
RANGE = {
    "people": (30_000, 120_000),
    "per_person": (2.0, 4.0),
    "exponent": (2.0, 0.0),
    "opens": (0.3, 0.8),
    "half_life": (1.0, 4.0),
}
#: A circle in which a hundred groups can hold so many people at all: only full groups, people in
#: two of them on average, since who has one only can share nothing on.
CLOSED = {"people": GROUPS * MOST // 2, "per_person": 2.0, "exponent": 0.0}


def cells() -> list[dict[str, Any]]:
    """Return the grid, then the closed circle."""
    names = list(RANGE)
    grid = [dict(zip(names, values, strict=True)) for values in product(*RANGE.values())]
    lives = product(RANGE["opens"], RANGE["half_life"])
    closed = [{**CLOSED, "opens": p, "half_life": h} for p, h in lives]
    return [{"world": "open", **c} for c in grid] + [{"world": "closed", **c} for c in closed]


def waiting_of(opens: float, half_life: float) -> np.ndarray:
    """Return the chance to open the group in hour 1, 2, ...: geometric with a half-life."""
    left = 0.5 ** (np.arange(HOURS + 1) / half_life)
    return opens * (left[:-1] - left[1:])


def launched(table: kb.Groups, cell: dict[str, Any], share: float, order: float,
             replicates: int, key: int) -> kb.GroupLaunch:  # fmt: skip
    """Run a cell."""
    waiting = waiting_of(cell["opens"], cell["half_life"])
    return kb.group_launch(table, POSTS, order=order, share=share, waiting=waiting, hours=HOURS,
                           replicates=replicates, rng=key, threads=1)  # fmt: skip


def shares_at(table: kb.Groups, cell: dict[str, Any], share: float, key: int) -> float:
    """Return median shares of the replicates that took off, 0 where none did."""
    found = launched(table, cell, share, 0.0, FITTED, key)
    return float(np.median(found.shares[found.took_off].sum(axis=1))) if found.took_off.any() else 0


def fit(table: kb.Groups, cell: dict[str, Any], key: int) -> tuple[float, float]:
    """Return the chances to share and to order; NaN where nothing gives the numbers."""
    low, high = 1e-5, 1.0
    if shares_at(table, cell, high, key) < SHARES:
        return np.nan, np.nan
    for _ in range(STEPS):
        middle = float(np.sqrt(low * high))
        low, high = (
            (middle, high) if shares_at(table, cell, middle, key) < SHARES else (low, middle)
        )
    share = float(np.sqrt(low * high))
    found = launched(table, cell, share, 0.0, FITTED, key)
    if not found.took_off.any():
        return np.nan, np.nan
    return share, ORDERS / float(np.median(found.readers[found.took_off].sum(axis=1)))


def verdict(row: pd.Series, reported: float) -> str:
    """Decide by the interval of the median."""
    if not np.isfinite(row["low"]):
        return "not decided"
    if row["high"] < reported / NEAR or row["low"] > reported * NEAR:
        return "refused"
    return "met" if row["low"] >= reported / NEAR and row["high"] <= reported * NEAR else "depends"


def one(number: int, cell: dict[str, Any]) -> dict[str, Any]:
    """Fit a cell, and predict."""
    least = MOST if cell["world"] == "closed" else LEAST
    table = kb.random_groups(cell["people"], cell["per_person"], KEY + number, least=least,
                             most=MOST, exponent=cell["exponent"])  # fmt: skip
    row = {**cell, "mean_size": table.sizes.mean(), "groups_there": len(table)}
    share, order = fit(table, cell, KEY + 1_000 + number)
    row |= {"share": share, "order": order}
    if not order <= 1.0:
        said = "too few readers" if order > 1.0 else "no such number of shares"
        return row | {"groups_verdict": said, "hour_verdict": said}
    told = launched(table, cell, share, order, PREDICTED, KEY + 2_000 + number).summary()
    row["take_off"] = told.loc["take_off", "estimate"]
    for name in ("shares", "orders", "groups", "hour_of_orders"):
        for column in ("estimate", "low", "high", "q05", "q95"):
            row[f"{name}_{column}"] = told.loc[name, column]
    row["groups_verdict"] = verdict(told.loc["groups"], GROUPS)
    row["hour_verdict"] = verdict(told.loc["hour_of_orders"], HOUR)
    return row


def draw(frame: pd.DataFrame, path: Path) -> None:
    """Draw groups, hours and the chance to order of every cell against what was reported."""
    kinds = [
        ((frame["world"] == "open") & (frame["people"] == people), f"{people:,} people", colour)
        for people, colour in zip(RANGE["people"], ("#0072B2", "#009E73"), strict=True)
    ]
    kinds.append((frame["world"] == "closed", f"{GROUPS} full groups, no others", "#D55E00"))
    with drawing("en"):
        figure, axes = plt.subplots(1, 2, figsize=(11.5, 4.6))
        for inside, name, colour in kinds:
            part = frame[inside]
            for ax, what in zip(axes, ("groups", "hour_of_orders"), strict=True):
                middle = part[f"{what}_estimate"]
                gaps = [middle - part[f"{what}_q05"], part[f"{what}_q95"] - middle]
                ax.errorbar(part["order"], middle, yerr=gaps, fmt="o", ms=5, lw=1, color=colour,
                            label=name)  # fmt: skip
        for ax, reported in zip(axes, (GROUPS, HOUR), strict=True):
            ax.axhspan(reported / NEAR, reported * NEAR, color="#cccccc", alpha=0.5, lw=0)
            ax.axhline(reported, color="#666666", lw=1)
            ax.set_xlabel("chance that a reader orders, fitted to 18,698 orders")
            ax.set_xlim(0.0, 1.0)
        orders = np.geomspace(frame["order"].min(), 1.0, 100)
        axes[0].plot(orders, ORDERS / (MOST * orders), color="black", ls="--", lw=1,
                     label=f"fewer cannot hold the readers ({MOST} each)")  # fmt: skip
        axes[0].set_yscale("log")
        axes[0].set_ylim(30, 20_000)
        axes[0].set_ylabel("groups reached")
        axes[0].set_title("Reported: about 100 groups")
        axes[0].legend(loc="upper right", fontsize=8)
        axes[1].set_ylabel("hour by which 95 % of the orders are there")
        axes[1].set_ylim(0, HOURS + 1)
        axes[1].set_title("Reported: 11 hours")
        figure.savefig(path, dpi=150)
        plt.close(figure)


def band(row: pd.Series, what: str) -> str:
    """Return a median with its quantiles .05 and .95, nothing where there is none."""
    middle, low, high = (row[f"{what}_{part}"] for part in ("estimate", "q05", "q95"))
    return f"{middle:,.0f} ({low:,.0f} .. {high:,.0f})" if np.isfinite(middle) else ""


def table_of(frame: pd.DataFrame) -> str:
    """Return the cells as a table of the README."""
    lines = [
        "| world | people | groups a person | mean size (groups there) | opens, half-life "
        "| share s | order o | took off | groups, 5 .. 95 % | | hour, 5 .. 95 % | |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for _, row in frame.iterrows():
        said = [band(row, what) for what in ("groups", "hour_of_orders")]
        lines.append(
            f"| {row['world']} | {row['people']:,} | {row['per_person']:g} "
            f"| {row['mean_size']:.0f} ({row['groups_there']:,}) "
            f"| {row['opens']:g}, {row['half_life']:g} h | {row['share']:.4f} | {row['order']:.2f} "
            f"| {row['take_off']:.2f} | {said[0]} | {row['groups_verdict']} "
            f"| {said[1]} | {row['hour_verdict']} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Run all cells, write the table, the figure and the part of the README."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, help="only the first so many")
    wanted = cells()[: parser.parse_args().cells]
    rows = []
    for number, cell in enumerate(wanted):
        rows.append(one(number, cell))
        print(f"{number + 1}/{len(wanted)}: {rows[-1]}", flush=True)
    frame = pd.DataFrame(rows)
    frame.to_csv(HERE / "cells.csv", index=False, float_format="%.6g")
    draw(frame, HERE / "figure.png")
    page = HERE / "README.md"
    if page.exists():
        before, _, rest = page.read_text("utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        page.write_text(f"{before}{BEGIN}\n{table_of(frame)}\n{END}{after}", "utf-8")


if __name__ == "__main__":
    main()
