"""Figures of the study of three levers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from analysis import GOAL, NUMBERS, SHAPE, TAKEN, USERS, _outcomes, _pure_and_ordinary, _regret
from budget import CHEAP, LEVERS, MARKETS, MIDDLE, SPLITS, by_market
from shares import lever_shares, resampled

from koubei_sim.plots import drawing
from koubei_sim.plots.style import subtitle
from koubei_sim.studies.compare.strata import strata
from worlds import LEVELS

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#bbbbbb"
KINDS = (("both take off", GREEN), ("only with pure seeds", BLUE),
         ("only with ordinary seeds", ORANGE), ("neither", GREY))  # fmt: skip


def draw(found: dict[str, Any], tables: dict[str, pd.DataFrame], folder: Path) -> None:
    """Write `figure.png`, the page's one figure, `more.png` and `budget.png`."""
    with drawing("en"):
        figure, axes = plt.subplots(1, 3, figsize=(14.5, 4.9), width_ratios=(1.1, 1.0, 1.0))
        figure.subplots_adjust(left=0.055, right=0.985, top=0.83, bottom=0.17, wspace=0.3)
        _phase(axes[0], found)
        _surface(axes[1], found)
        _exchange(axes[2], found, tables["exchange"])
        figure.savefig(folder / "figure.png", dpi=150)
        plt.close(figure)
        figure, axes = plt.subplots(1, 3, figsize=(14.5, 4.9))
        figure.subplots_adjust(left=0.06, right=0.985, top=0.83, bottom=0.15, wspace=0.75)
        _levers(axes[0], found)
        _best(axes[1], found)
        _information(axes[2], tables["information"])
        figure.savefig(folder / "more.png", dpi=150)
        plt.close(figure)
        figure, axes = plt.subplots(1, 4, figsize=(14.5, 4.4), width_ratios=(1.0, 1.0, 1.0, 1.25))
        figure.subplots_adjust(left=0.03, right=0.985, top=0.8, bottom=0.17, wspace=0.25)
        _splits(axes[:3], found)
        _regret_lines(axes[3], tables["regret"])
        figure.savefig(folder / "budget.png", dpi=150)
        plt.close(figure)


def _phase(ax: Any, found: dict[str, Any]) -> None:
    one, other = _pure_and_ordinary(found)
    taken, worlds = found["preset"][TAKEN] == 1.0, found["worlds"]
    kinds = strata(taken[one], taken[other])
    x, y = worlds.composites["newbie_margin"], worlds.composites["reproduction"]
    for kind, (name, colour) in reversed(list(enumerate(KINDS))):
        inside = kinds == kind
        label = f"{name}: {inside.mean():.0%}"
        ax.scatter(x[inside], y[inside], s=26, color=colour, label=label, lw=0, alpha=0.9)
    ax.set_yscale("log")
    ax.axvline(0.0, color="#999999", lw=0.8, zorder=0)
    ax.axhline(1.0, color="#999999", lw=0.8, zorder=0)
    ax.set_xlabel("margin of a newbie: satisfaction to start with")
    ax.set_ylabel("reproduction number of the market")
    ax.set_title("Do pure seeds decide?")
    subtitle(ax, "a dot a world, two years; lines: nobody is pleased, nothing grows")
    handles, labels = ax.get_legend_handles_labels()
    ax.legend(
        handles[::-1],
        labels[::-1],
        frameon=False,
        fontsize=8.5,
        loc="lower right",
        handletextpad=0.2,
    )


def _surface(ax: Any, found: dict[str, Any]) -> None:
    taken = found["preset"][TAKEN].reshape(*SHAPE, -1).mean(axis=1)
    values = taken.mean(axis=-1)
    image = ax.imshow(values, origin="lower", cmap="cividis", aspect="auto", vmin=0.0)
    for (row, column), value in np.ndenumerate(values):
        ink = "white" if image.norm(value) < 0.55 else "#222222"
        ax.text(column, row, f"{value:.2f}", ha="center", va="center", color=ink, fontsize=11)
    ax.set_xticks(range(SHAPE[2]), [name.replace(" and ", "\nand ") for name in LEVELS[2]])
    ax.set_yticks(range(SHAPE[0]), LEVELS[0])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_xlabel("interaction design")
    ax.set_ylabel("seeds")
    ax.set_title("Does it take off?")
    subtitle(ax, f"chance, {taken.shape[-1]} worlds, three orders of channels")


def _exchange(ax: Any, found: dict[str, Any], table: pd.DataFrame) -> None:
    taken = (found["seeds"][USERS] >= GOAL).astype(float)
    mean, pure = taken[1:].mean(axis=1), float(taken[0].mean())
    draws = resampled(taken.shape[1], 5)
    low, high = np.quantile(
        [taken[1:, rows].mean(axis=1) for rows in draws], [0.025, 0.975], axis=0
    )
    ax.fill_between(NUMBERS, low, high, color=ORANGE, alpha=0.18, lw=0)
    ax.plot(NUMBERS, mean, color=ORANGE, marker="o", ms=4)
    ax.axhline(pure, color=BLUE, lw=1.2)
    ax.annotate("100 pure seeds", (NUMBERS[-1], pure), xytext=(0, -13), textcoords="offset points",
                ha="right", color=BLUE, fontsize=9.5)  # fmt: skip
    ax.annotate("ordinary seeds", (NUMBERS[-1], mean[-1]), xytext=(0, 12), ha="right",
                textcoords="offset points", color=ORANGE, fontsize=9.5)  # fmt: skip
    row = table[table["equal in"].str.startswith("chance")].iloc[0]
    if np.isfinite(row["ordinary seeds for one pure"]):
        at = 100.0 * row["ordinary seeds for one pure"]
        ax.plot([at, at], [0.0, pure], color="#666666", lw=0.9, ls=(0, (4, 3)))
        ax.annotate(
            f"{at:.0f}", (at, 0.02), xytext=(4, 0), textcoords="offset points", fontsize=9.5
        )
    ax.set_xscale("log")
    ax.set_xticks(NUMBERS, [str(n) for n in NUMBERS])
    ax.minorticks_off()
    ax.set_ylim(0.0, 1.0)
    ax.set_xlabel("seeds")
    ax.set_ylabel(f"chance of {GOAL:,} users after two years")
    ax.set_title("What are pure seeds worth?")
    subtitle(ax, f"{taken.shape[1]} worlds; band: 95 %, bootstrap over worlds")


def _levers(ax: Any, found: dict[str, Any]) -> None:
    outcomes = _outcomes(found["preset"])
    for place, (_, values) in enumerate(outcomes.items()):
        shares, _ = lever_shares(values.reshape(*SHAPE, -1))
        left = 0.0
        for share, colour in zip(shares, (BLUE, GREEN, ORANGE), strict=True):
            ax.barh(-place, share, left=left, color=colour, height=0.6)
            if share > 0.1:
                ax.text(left + share / 2, -place, f"{share:.0%}", ha="center", va="center",
                        color="white", fontsize=10)  # fmt: skip
            left += share
    ax.set_yticks([-k for k in range(len(outcomes))], list(outcomes))
    ax.tick_params(axis="y", length=0)
    ax.set_xlim(0.0, 1.0)
    ax.set_ylim(-len(outcomes) + 0.6, 0.7)
    ax.set_title("Whose doing is it?")
    subtitle(ax, "shares in what the three levers do (Shapley)")
    for colour, name, at in zip(
        (BLUE, GREEN, ORANGE), ("purity", "order", "interaction"), (0.0, 0.3, 0.6)
    ):
        ax.text(at, 0.45, name, color=colour, fontsize=9.5)


def _best(ax: Any, found: dict[str, Any]) -> None:
    _, best = _regret(found["preset"][USERS])
    order = np.argsort(-found["preset"][USERS].mean(axis=1), kind="stable")[:10]
    ax.barh(range(10), best[order], color=BLUE, height=0.6)
    ax.set_yticks(range(10), [" / ".join(found["designs"][k]) for k in order], fontsize=8.5)
    ax.invert_yaxis()
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("share of worlds in which it is the best")
    ax.set_title("Which design?")
    subtitle(ax, "the ten with most expected users")


def _information(ax: Any, table: pd.DataFrame) -> None:
    rows = table.iloc[::-1]
    places = np.arange(len(rows))
    ax.hlines(places, rows["low"], rows["high"], color=BLUE, lw=2)
    ax.plot(rows["gain"], places, ls="none", marker="o", color=BLUE, ms=6)
    ax.axvline(0.0, color="#999999", lw=0.8)
    ax.set_yticks(places, [name.strip("`") for name in rows["known"]])
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("gain in expected users, as a share")
    ax.set_title("What is knowing worth?")
    subtitle(ax, "95 %; paid in worlds left out")


def _splits(axes: Any, found: dict[str, Any]) -> None:
    """Draw what each split loses against the best: all worlds, a poor product, cheap adverts."""
    users, margin = by_market(found["budget"][USERS]), found["budget worlds"].margin
    low = margin < np.median(margin)
    middle, cheap = f"{MIDDLE:,} yuan", next(n for n, m in MARKETS.items() if m[1] is CHEAP)
    panels = (
        ("One budget, three levers", f"{middle}, {low.size} worlds", users[middle]),
        ("... newbies displeased", f"{int(low.sum())} worlds of low margin", users[middle][:, low]),
        ("... adverts at a third", f"{middle}, {low.size} worlds", users[cheap]),
    )
    shares = np.array(SPLITS)
    height = np.sqrt(0.75)
    x, y = shares[:, 1] + shares[:, 2] / 2.0, shares[:, 2] * height
    for ax, (title, words, values) in zip(axes, panels, strict=True):
        mean = values.mean(axis=1)
        lost = 1.0 - mean / mean.max()
        image = ax.tricontourf(x, y, lost.clip(0.0, 0.5), levels=np.linspace(0.0, 0.5, 11),
                               cmap="cividis_r")  # fmt: skip
        ax.plot(x, y, ls="none", marker="o", ms=2.2, color="#222222", alpha=0.5)
        best = int(mean.argmax())
        ax.plot(x[best], y[best], marker="*", ms=15, mfc=ORANGE, mec="white", clip_on=False)
        corners = (((0, 0), "left", -13), ((1, 0), "right", -13), ((0.5, height), "center", 6))
        for name, (at, align, drop) in zip(LEVERS, corners, strict=True):
            ax.annotate(f"all on {name}", at, xytext=(0, drop), textcoords="offset points",
                        ha=align, fontsize=9)  # fmt: skip
        ax.set_aspect("equal")
        ax.set_axis_off()
        ax.set_title(title, y=1.21)
        ax.text(0.0, 1.19, words, transform=ax.transAxes, fontsize=9, color="#666666", va="top")
    bar = axes[0].figure.colorbar(image, ax=list(axes), orientation="horizontal", shrink=0.5,
                                  aspect=40, pad=0.12)  # fmt: skip
    bar.set_label("share of expected users lost against the best split (star)")
    bar.ax.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    bar.outline.set_visible(False)


def _regret_lines(ax: Any, table: pd.DataFrame) -> None:
    """Draw what not knowing the world costs, by budget and rule."""
    colours = (BLUE, ORANGE, GREEN)
    for (rule, rows), colour in zip(table.groupby("rule", sort=False), colours, strict=True):
        ax.fill_between(rows["budget"], rows["low"], rows["high"], color=colour, alpha=0.15, lw=0)
        ax.plot(rows["budget"], rows["regret"], color=colour, marker="o", ms=4, label=rule)
    ax.set_xscale("log")
    ticks = sorted(set(table["budget"]))
    ax.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    ax.minorticks_off()
    ax.set_ylim(0.0, 1.35 * table["high"].max())  # room for the legend
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    ax.set_xlabel("budget, yuan")
    ax.set_title("What does not knowing cost?")
    subtitle(ax, "regret, as a share of expected users; 95 %")
    ax.legend(frameon=False, fontsize=9)
