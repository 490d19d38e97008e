"""Figures of sweeps and comparisons: an outcome over a grid of two paths, and what a change does.

Take what `koubei_sim.studies.sweep` and `compare` give back, and draw their tables, nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from koubei_sim.checks import Lang
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics.words import outcome_in
from koubei_sim.plots.style import (
    GREY,
    PALETTE,
    axes_for,
    bar_of_colours,
    drawing,
    headline,
    label_ends,
    legend,
    subtitle,
    takes,
    thousands,
    time_axis,
)
from koubei_sim.plots.words import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Numbers are written into the cells of a heat map up to so many of them.
MOST_NUMBERS: Final = 80
#: Colour of pairs in which nothing takes off.
NOBODY: Final = "#cccccc"
#: Series of `compare` with a name of their own.
_SERIES: Final = {"users": "users", "loyal": "loyal", "die_hard": "die_hard"}


@takes("SweepResult", "sweep(...)", "summary", "sweep")
def heatmap(
    swept: Any,
    outcome: str = "users",
    ax: Axes | None = None,
    lang: Lang = "en",
    x: str | None = None,
) -> Axes:
    """Draw an outcome over a grid of two paths, as `SweepResult.summary` tells it.

    Parameters
    ----------
    swept : SweepResult
        Of a grid over exactly two paths; whatever has `summary(outcome)` and `sweep.points`.
    outcome : str
    ax : matplotlib Axes, optional
        Where to draw; a new figure without it.
    lang : {"en", "zh"}
    x : str, optional
        The path along the horizontal axis, the first without it.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    KoubeiError
        For other than two paths, or points that are no grid.
    """
    paths = list(swept.sweep.points.columns)
    if len(paths) != 2:
        raise KoubeiError(
            "heatmap", "needs two paths", got=", ".join(paths), fix="a grid over two paths"
        )
    across = paths[0] if x is None else x
    if across not in paths:
        raise KoubeiError("x", "not a path of this sweep", got=across, allowed=", ".join(paths))
    up = paths[1] if across == paths[0] else paths[0]
    found = swept.summary(outcome)
    columns, rows = _levels(found[across]), _levels(found[up])
    if len(columns) * len(rows) != len(found):
        raise KoubeiError(
            "heatmap",
            "the points are no grid",
            got=f"{len(found)} points, {len(columns)} x {len(rows)} values",
            fix="studies.Grid",
        )
    cells = np.full((len(rows), len(columns)), np.nan)
    for point in range(len(found)):
        place = rows.index(found[up].iloc[point]), columns.index(found[across].iloc[point])
        cells[place] = found["estimate"].iloc[point]
    with drawing(lang) as spoken:
        ax = axes_for(ax)
        image = ax.imshow(cells, origin="lower", aspect="auto", cmap="cividis")
        if cells.size <= MOST_NUMBERS:
            _numbers(ax, image, cells)
        for side, levels, path in ((ax.xaxis, columns, across), (ax.yaxis, rows, up)):
            side.set_ticks(range(len(levels)), [_short(level) for level in levels])
            side.set_label_text(path)
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)
        thousands(bar_of_colours(ax, image).ax)
        headline(ax, outcome_in(spoken, outcome))
        subtitle(ax, say("mean_of", spoken, replicates=swept.sweep.replicates))
    return ax


def _levels(column: Any) -> list[Any]:
    """Values of a path: numbers in order, others as they come."""
    found = list(dict.fromkeys(column))
    numbers = all(isinstance(v, (int, float, np.number)) for v in found)
    return sorted(found) if numbers else found


def _numbers(ax: Any, image: Any, cells: Any) -> None:
    for (row, column), value in np.ndenumerate(cells):
        if np.isfinite(value):
            dark = image.norm(value) < 0.55
            ax.text(
                column, row, f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}",
                ha="center", va="center", fontsize=9, color="white" if dark else "#222222",
            )  # fmt: skip


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, (float, np.floating)) else str(value)


@takes("Comparison", "compare(...)", "names", "over_time")
def compare(
    comparison: Any,
    series: str = "users",
    ax: Axes | None = None,
    lang: Lang = "en",
    outcomes: Sequence[str] | None = None,
) -> Axes:
    """Draw what other scenarios do against the baseline, in the pairs in which both take off.

    Over time: the ratio (geometric mean of the pairs) with its 95 % interval, each day alone.  With
    `outcomes`: counts and money as ratios, one row each; of the chance of take-off see `strata`.

    Parameters
    ----------
    comparison : Comparison
    series : str
        As in `Comparison.over_time`.
    ax : matplotlib Axes, optional
        Where to draw; a new figure without it.
    lang : {"en", "zh"}
    outcomes : sequence of str, optional
        Outcomes to draw instead of the course over time.

    Returns
    -------
    matplotlib.axes.Axes
    """
    if outcomes is not None and not len(outcomes):
        raise KoubeiError("outcomes", "none given", fix="outcomes=['users']")
    others = list(comparison.names[1:])
    with drawing(lang) as spoken:
        ax = axes_for(ax)
        if outcomes is None:
            _course(ax, comparison, series, others, spoken)
        else:
            names = [outcomes] if isinstance(outcomes, str) else list(outcomes)
            _shares(ax, comparison, names, others, spoken)
    return ax


def _course(ax: Any, comparison: Any, series: str, others: list[str], lang: str) -> None:
    tables = {name: comparison.over_time(series, name) for name in others}
    days = time_axis(ax, comparison.runs[comparison.baseline], lang)
    ends = []
    for number, (name, table) in enumerate(tables.items()):
        colour, x = PALETTE[number % len(PALETTE)], days[: len(table)]
        ax.plot(x, table["effect"], color=colour)
        ax.fill_between(x, table["low"], table["high"], color=colour, alpha=0.18, linewidth=0)
        ends.append((x[-1], float(table["effect"].iloc[-1]), name, colour))
    ax.axhline(1.0, color=GREY, linewidth=0.8, zorder=0)
    ax.set_yscale("log")
    _times(ax.yaxis)
    ax.set_ylabel(say("times_baseline", lang, baseline=comparison.baseline))
    said = say(_SERIES[series], lang) if series in _SERIES else series
    said = say("cumulative_people", lang) if series == "adoptions" else said
    headline(ax, say("effect_over_time", lang, series=said))
    note = {"baseline": comparison.baseline, "replicates": comparison.replicates}
    subtitle(ax, say("pairs", lang, **note))
    label_ends(ax, ends)


def _shares(ax: Any, comparison: Any, names: list[str], others: list[str], lang: str) -> None:
    """One row an outcome, one point a scenario."""
    places = np.arange(len(names))[::-1]
    step = 0.5 / max(1, len(others))
    for number, other in enumerate(others):
        table = comparison.table(other)
        for name in names:
            if name not in table.index:
                raise KoubeiError(
                    "outcomes", "unknown outcome", got=name, allowed=", ".join(table.index)
                )
        found = table.loc[names]
        for name in names:
            if found.loc[name, "kind"] != "times":
                raise KoubeiError(
                    "outcomes", "its effect is a difference, no ratio", got=name,
                    allowed=", ".join(table.index[table["kind"] == "times"]), fix="strata(...)",
                )  # fmt: skip
        middle, low, high = (found[c] for c in ("effect", "low", "high"))
        colour = PALETTE[number % len(PALETTE)]
        y = places + step * ((len(others) - 1) / 2 - number)
        ax.hlines(y, low, high, color=colour, linewidth=2.0)
        ax.plot(middle, y, ls="none", marker="o", ms=6, color=colour)
    ax.set_xscale("log")
    _times(ax.xaxis)
    ax.axvline(1.0, color=GREY, linewidth=0.8, zorder=0)
    ax.set_yticks(places, [outcome_in(lang, name) for name in names])
    ax.set_ylim(-0.6, len(names) - 0.4)
    ax.tick_params(axis="y", length=0)
    legend(ax, [(other, PALETTE[at % len(PALETTE)]) for at, other in enumerate(others)])
    ax.set_xlabel(say("times_baseline", lang, baseline=comparison.baseline))
    headline(ax, say("differences", lang))
    subtitle(ax, say("pairs_of", lang, replicates=comparison.replicates))


def _times(axis: Any) -> None:
    """Write a logarithmic axis of ratios in plain numbers, also where it spans less than ten."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    low, high = axis.get_view_interval()
    near = high < 4.0 * low
    axis.set_major_locator(MaxNLocator(5) if near else LogLocator(10, subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"x {value:g}"))
    axis.set_minor_formatter(NullFormatter())


@takes("Comparison", "compare(...)", "names", "strata")
def strata(
    comparison: Any, outcome: str = "users", ax: Axes | None = None, lang: Lang = "en"
) -> Axes:
    """Draw in which pairs a change decides about take-off: one bar a scenario, four kinds of pairs.

    Under the bar stands the effect on `outcome` in the pairs in which both take off, with its 95 %
    interval.

    Parameters
    ----------
    comparison : Comparison
    outcome : str
    ax : matplotlib Axes, optional
        Where to draw; a new figure without it.
    lang : {"en", "zh"}

    Returns
    -------
    matplotlib.axes.Axes
    """
    others = list(comparison.names[1:])
    colours = (PALETTE[2], PALETTE[0], PALETTE[1], NOBODY)
    with drawing(lang) as spoken:
        ax = axes_for(ax)
        for row, name in enumerate(others):
            table, left = comparison.strata(outcome, name), 0.0
            for colour, (_, found) in zip(colours, table.iterrows(), strict=True):
                share = float(found["share"])
                ax.barh(-row, share, left=left, height=0.55, color=colour)
                if share >= 0.06:
                    ink = "#222222" if colour == NOBODY else "white"
                    ax.text(
                        left + share / 2, -row, f"{share:.0%}",
                        ha="center", va="center", fontsize=10, color=ink,
                    )  # fmt: skip
                left += share
            both = table.loc["both"]
            if np.isfinite(both["effect"]):
                sign = "x " if both["kind"] == "times" else ""
                said = f"{outcome_in(spoken, outcome)}: {sign}{both['effect']:.3g}"
                if np.isfinite(both["low"]):
                    said += f" ({both['low']:.3g} .. {both['high']:.3g})"
                ax.text(0.0, -row - 0.34, said, ha="left", va="top", fontsize=9, color="#444444")
        ax.set_yticks([-row for row in range(len(others))], others)
        ax.set_ylim(-len(others) + 0.3, 0.6)
        ax.set_xlim(0.0, 1.0)
        ax.tick_params(axis="y", length=0)
        from matplotlib.ticker import PercentFormatter

        ax.xaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
        words = ("both", "only_change", "only_baseline", "neither")
        legend(ax, [(say(word, spoken, baseline=comparison.baseline), colour)
                    for word, colour in zip(words, colours)])  # fmt: skip
        headline(ax, say("strata", spoken))
        subtitle(ax, say("pairs_of_worlds", spoken, replicates=comparison.replicates))
    return ax
