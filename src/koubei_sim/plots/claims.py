"""The figure of a claim: its effect in every world of the prior, and what carries it.

Takes anything with the `content` and `worlds` of a verdict (`koubei_sim.studies.claims.Verdict`),
whose room lies above this one.  Called by people and by the command line.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from koubei_sim.checks import Lang
from koubei_sim.core.draws import drawn
from koubei_sim.plots.style import (
    BLACK,
    BLUE,
    GREY,
    ORANGE,
    axes_for,
    drawing,
    headline,
    label_ends,
    new_axes,
    subtitle,
    takes,
)
from koubei_sim.plots.words import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MATTERS: Final = BLUE
_REVERSED: Final = ORANGE
_SHADE: Final = {"supported": BLUE, "rejected": ORANGE}


@takes("Verdict", "claim(...)", "content", "worlds")
def claim_worlds(verdict: Any, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw the effect of each test in each world: a dot a world, in units of what matters.

    Parameters
    ----------
    verdict : Verdict
    ax : matplotlib Axes, optional
    lang : {"en", "zh"}

    Returns
    -------
    matplotlib Axes
    """
    rows = [row for row in verdict.content["tests"] if verdict.worlds.get(row["id"]) is not None]
    rows = [row for row in rows if verdict.worlds[row["id"]].size]
    with drawing(lang) as spoken:
        ax = axes_for(ax, (9.0, 1.9 + 0.62 * len(rows)))
        for place, row in enumerate(rows):
            _strip(ax, -place, verdict.worlds[row["id"]], row)
        ax.set_xscale("symlog", linthresh=1.0, linscale=0.9)
        reach = max((_reach(verdict.worlds[row["id"]], row) for row in rows), default=2.0)
        ax.set_xlim(-reach, reach)
        ax.axvline(0.0, color=GREY, lw=0.8)
        ax.axvline(1.0, color=_MATTERS, lw=0.8, ls=(0, (4, 3)))
        ax.set_ylim(-len(rows) + 0.45, 0.6)
        ax.set_yticks([-place for place in range(len(rows))])
        ax.set_yticklabels([_label(row) for row in rows], fontsize=9.5, color=BLACK)
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        ax.set_xlabel(say("in_smallest", spoken))
        _ticks(ax, reach)
        headline(ax, f"{verdict.content['id']}: {verdict.content['title']}")
        subtitle(ax, say("claim_worlds", spoken))
    return ax


def _strip(ax: Any, height: float, effects: Any, row: Mapping[str, Any]) -> None:
    units = np.asarray(effects, dtype=float) / _unit(row)
    spread = (drawn(units.size, 1, 0) >> np.uint64(11)).astype(float) * 2.0**-53 - 0.5
    colours = np.where(units > 1.0, _MATTERS, np.where(units < -1.0, _REVERSED, "#B5B5B5"))
    ax.scatter(units, height + 0.42 * spread, s=11, c=colours, alpha=0.65, lw=0, zorder=2)
    low, middle, high = np.quantile(units, [0.05, 0.5, 0.95])
    ax.plot([low, high], [height, height], color=BLACK, lw=1.1, zorder=3)
    ax.plot([middle], [height], color=BLACK, marker="o", ms=5.5, zorder=4)
    verdict = str(row["verdict"])
    said = f"{verdict}\n{100 * row['share']:.0f} % of {row['worlds']} worlds"
    label_ends(ax, [(0.0, height, said, _SHADE.get(verdict, BLACK))], 9.0)


def _unit(row: Mapping[str, Any]) -> float:
    return float(row["smallest"]) or 1.0


def _reach(effects: Any, row: Mapping[str, Any]) -> float:
    most = float(np.abs(np.asarray(effects)).max()) / _unit(row)
    return float(max(2.0, 1.25 * most))


def _ticks(ax: Any, reach: float) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    steps = [s for s in (1.0, 3.0, 10.0, 30.0, 100.0, 1e3, 1e4, 1e5, 1e6) if s <= reach]
    if len(steps) > 5:
        steps = [s for s in steps if s in (1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6)]
    ax.xaxis.set_major_locator(FixedLocator([-s for s in reversed(steps)] + [0.0] + steps))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))


def _label(row: Mapping[str, Any]) -> str:
    text = row["statement"] if row["model"] == "pyramid" else f"{row['statement']} [{row['model']}]"
    return "\n".join(textwrap.wrap(("> " if row["main"] else "") + text, 44))


@takes("Verdict", "claim(...)", "content", "worlds")
def claim_ladder(verdict: Any, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw the effect of the main test with each mechanism switched off, with 95 % intervals.

    Parameters
    ----------
    verdict : Verdict
        With a ladder.
    ax : matplotlib Axes, optional
    lang : {"en", "zh"}

    Returns
    -------
    matplotlib Axes
    """
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    rows = verdict.content["ladder"]
    ratio = next(r for r in verdict.content["tests"] if r["main"])["effect"] == "ratio"
    values = np.array([[r["effect"], r["low"], r["high"]] for r in rows], dtype=float)
    places = -np.arange(len(rows), dtype=float)
    nothing = 1.0 if ratio else 0.0
    if ratio:
        values = np.maximum(1.0 + values, 1e-6)
    with drawing(lang) as spoken:
        ax = axes_for(ax, (7.0, 1.6 + 0.36 * len(rows)))
        for place, (middle, low, high) in zip(places, values):
            colour = BLACK if place == 0 else BLUE
            ax.plot([nothing, middle], [place, place], color=colour, lw=6, alpha=0.3)
            ax.plot([low, high], [place, place], color=colour, lw=1.4)
            ax.plot([middle], [place], color=colour, marker="o", ms=6)
        ax.axvline(nothing, color=GREY, lw=0.8)
        if ratio:
            ax.set_xscale("log")
            reach = float(np.nanmax(np.abs(np.log10(values))))
            if reach < 0.5:  # less than a factor of three: per cent read better than powers of ten
                ax.xaxis.set_major_locator(MaxNLocator(6))
                text = "{:+.0f} %"
                ax.xaxis.set_major_formatter(
                    FuncFormatter(lambda x, _: text.format(100.0 * (x - 1.0)))
                )
            else:
                steps = (1.0,) if reach > 1.5 else (1.0, 2.0, 5.0)
                ax.xaxis.set_major_locator(LogLocator(subs=steps))
                ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"x {x:g}"))
            ax.xaxis.set_minor_formatter(NullFormatter())
        ax.set_yticks(places)
        ax.set_yticklabels([r["module"] for r in rows], color=BLACK)
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        ax.set_xlabel(say("ladder_axis", spoken))
        headline(ax, say("claim_ladder", spoken))
    return ax


@takes("Verdict", "claim(...)", "content", "worlds")
def claim(verdict: Any, lang: Lang = "en") -> Figure:
    """Draw the whole figure of a claim: the worlds, and the ladder where there is one.

    Returns
    -------
    matplotlib Figure
    """
    shown = [row for row in verdict.content["tests"] if verdict.worlds.get(row["id"]) is not None]
    ladder = verdict.content["ladder"]
    upper = 1.9 + 0.62 * len(shown)
    lower = 1.5 + 0.34 * len(ladder) if ladder else 0.0
    with drawing(lang):
        if not ladder:
            figure, ax = new_axes((9.0, upper))
            claim_worlds(verdict, ax, lang)
            return figure
        figure, (top, bottom) = new_axes(
            (9.0, upper + lower), nrows=2, height_ratios=[upper, lower]
        )
        claim_worlds(verdict, top, lang)
        claim_ladder(verdict, bottom, lang)
    return figure
