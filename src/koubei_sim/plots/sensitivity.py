"""Figures of a sensitivity study: the tornado, and which parameters act together.

Take what `koubei_sim.studies.sensitivity` gives back (or anything with its `method`, `outcomes`,
`table` and `pairs`), and draw its tables, nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from koubei_sim.checks import Lang
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics import offset
from koubei_sim.metrics.words import outcome_in
from koubei_sim.plots.style import (
    BLUE,
    GREY,
    ORANGE,
    axes_for,
    bar_of_colours,
    beside,
    drawing,
    headline,
    legend,
    subtitle,
    takes,
    thousands,
)
from koubei_sim.plots.words import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Parameters shown; the rest are counted under the title.
MOST: Final = 15
#: Labels in the plane of mu* and sigma; more would lie on each other.
_LABELS: Final = 8


@takes("Sensitivity", "sensitivity(...)", "outcomes", "method")
def tornado(
    study: Any,
    outcome: str | None = None,
    ax: Axes | None = None,
    lang: Lang = "en",
    most: int = MOST,
) -> Axes:
    """Draw how much an outcome hangs on each parameter, the most important on top.

    One at a time: the change at either end of a range, with the value at that end; of counts and
    money on an axis of ratios, where both take off, and at the right by how much the chance of
    take-off is larger at the high end (``tornado(study, "take_off")`` draws that).  Morris: mu* as
    a bar, sigma as an open circle.  Sobol: total and first order index.  Thin lines are 95 %
    intervals.

    Parameters
    ----------
    study : Sensitivity
    outcome : str, optional
        The study's first outcome without it.
    ax : matplotlib Axes, optional
        Where to draw; a new figure without it.
    lang : {"en", "zh"}
    most : int
        Parameters shown.

    Returns
    -------
    matplotlib.axes.Axes
    """
    name = study.outcomes[0] if outcome is None else outcome
    whole = study.table(name)
    if most < 1:
        raise KoubeiError("most", "out of range", got=most, allowed="1 or more")
    table = whole.head(most).iloc[::-1]  # the axis counts from below
    with drawing(lang) as spoken:
        ax = axes_for(ax)
        places = np.arange(len(table))
        draw = {"oat": _ends, "morris": _morris, "sobol": _sobol}[study.method]
        draw(ax, table, places, spoken)
        ax.set_yticks(places, list(table.index))
        ax.tick_params(axis="y", length=0)
        ax.set_ylim(-0.6, len(table) - 0.4)
        ax.spines["left"].set_visible(False)
        ax.axvline(0.0, color="#999999", linewidth=0.8, zorder=1)
        headline(ax, say("tornado", spoken, outcome=_named(study, name, spoken)))
        note = say(f"tornado_{study.method}", spoken, replicates=study.replicates)
        if len(whole) > len(table):
            note += say("and_others", spoken, others=len(whole) - len(table))
        subtitle(ax, note)
    return ax


def _named(study: Any, name: str, lang: str) -> str:
    """Return what an outcome is called; of sizes, whose indices are of the logarithm, that too."""
    said = outcome_in(lang, name)
    log = study.method != "oat" and offset(name) is not None
    return say("log_of", lang, outcome=said) if log else said


def _ends(ax: Any, table: Any, places: Any, lang: str) -> None:
    """Both ends in one row; where they lie on one side the shorter bar is in front."""
    ends = (("at_low", "at_high", BLUE, "from"), ("at_high", "at_low", ORANGE, "to"))
    marks = [f"{end}{word}" for end in ("at_low", "at_high") for word in ("", "_from", "_to")]
    times = (table["kind"] == "times").all()
    if times:
        table = table.assign(**np.log(table[marks]))
    for place, (_, row) in zip(places, table.iterrows()):
        known = [0.0] + [row[mark] for mark in marks if np.isfinite(row[mark])]
        for end, other, colour, value in ends:
            front = abs(row[end]) <= abs(row[other])
            ax.barh(place, row[end], 0.62, color=colour, zorder=3 if front else 2)
            _whisker(ax, row, end, place + (0.12 if end == "at_low" else -0.12))
            alone = row[end] * row[other] < 0.0 or not front
            if alone and abs(row[end]) > 0.0:  # else its value would lie on that of the longer bar
                right = row[end] > 0.0
                text = ax.annotate(
                    _short(row[value]), (max(known) if right else min(known), place),
                    xytext=(4 if right else -4, 0), textcoords="offset points", color="#555555",
                    fontsize=8.5, va="center", ha="left" if right else "right",
                )  # fmt: skip
                beside(ax, text)
        if times and row["take_off"]:
            ax.text(
                1.03,
                place,
                say("takes_off_by", lang, more=f"{row['take_off']:+.2f}"),
                transform=ax.get_yaxis_transform(),
                va="center",
                color="#555555",
                fontsize=8.5,
            )
    ax.margins(x=0.12)
    if times:
        _ratios(ax)
    else:
        thousands(ax, "x")
    ax.set_xlabel(say("times_of_outcome" if times else "change_of_outcome", lang))
    legend(ax, ((say("low_end", lang), BLUE), (say("high_end", lang), ORANGE)))


def _ratios(ax: Any) -> None:
    """Write an axis of logarithms as ratios, at round ones."""
    from matplotlib.ticker import LogLocator, MaxNLocator

    low, high = np.exp(np.clip(ax.get_xlim(), -700.0, 700.0))
    subs = (1.0,) if high > 100.0 * low else (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)
    ticks = MaxNLocator(5) if high < 2.0 * low else LogLocator(10, subs=subs)
    inside = [tick for tick in ticks.tick_values(low, high) if low <= tick <= high]
    ax.set_xticks(np.log(inside), [f"x {tick:g}" for tick in inside])


def _morris(ax: Any, table: Any, places: Any, lang: str) -> None:
    ax.barh(places, table["mu_star"], 0.62, color=BLUE, zorder=2)
    for place, (_, row) in zip(places, table.iterrows()):
        _whisker(ax, row, "mu_star", place)
    ax.plot(
        table["sigma"], places, ls="none", marker="o", mfc="white", mec=ORANGE, mew=1.6, ms=6,
        zorder=5,
    )  # fmt: skip
    thousands(ax, "x")
    ax.set_xlim(left=0.0)
    ax.set_xlabel(say("effect_per_range", lang))
    legend(ax, ((say("mu_star", lang), BLUE), (say("sigma", lang), ORANGE)))


def _sobol(ax: Any, table: Any, places: Any, lang: str) -> None:
    for column, colour, shift in (("ST", BLUE, 0.19), ("S1", ORANGE, -0.19)):
        ax.barh(places + shift, table[column], 0.36, color=colour, zorder=2)
        for place, (_, row) in zip(places, table.iterrows()):
            _whisker(ax, row, column, place + shift)
    ax.set_xlabel(say("share_of_variance", lang))
    legend(ax, ((say("total_order", lang), BLUE), (say("first_order", lang), ORANGE)))


def _whisker(ax: Any, row: Any, column: str, place: float) -> None:
    low, high = row[f"{column}_from"], row[f"{column}_to"]
    if np.isfinite(low) and high > low:
        for colour, width in (("white", 2.6), ("#333333", 1.1)):  # seen on any bar
            ax.plot([low, high], [place, place], color=colour, linewidth=width, zorder=4)


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, (int, float, np.number)) else str(value)


@takes("Sensitivity", "sensitivity(...)", "outcomes", "method")
def interactions(
    study: Any, outcome: str | None = None, ax: Axes | None = None, lang: Lang = "en"
) -> Axes:
    """Draw which parameters act together.

    Sobol: the second order index of each pair as a matrix, bold where its interval leaves out 0.
    Morris: the plane of mu* and sigma; above the line sigma = mu* an effect hangs on where the
    other parameters are (or on its own place), below sigma = mu* / 10 it is nearly the same
    everywhere (lines as in Garcia Sanchez et al. 2014, Energy and Buildings 68:741-750).

    Parameters
    ----------
    study : Sensitivity
        Of method ``"morris"``, or ``"sobol"`` with second order.
    outcome, ax, lang
        As in `tornado`.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    KoubeiError
        For a study that does not tell.
    """
    name = study.outcomes[0] if outcome is None else outcome
    pairs = study.pairs(name) if study.method == "sobol" else None
    if study.method != "morris" and (pairs is None or not len(pairs)):
        raise KoubeiError(
            "interactions",
            "this study does not tell what acts together",
            got=study.method,
            allowed="morris, or sobol with second order and two parameters or more",
        )
    with drawing(lang) as spoken:
        ax = axes_for(ax)
        if pairs is None:
            _plane(ax, study.table(name), spoken)
        else:
            _matrix(ax, pairs, list(study.ranges), spoken)
        headline(ax, say("interactions", spoken, outcome=_named(study, name, spoken)))
        subtitle(ax, say(f"interactions_{study.method}", spoken))
    return ax


def _plane(ax: Any, table: Any, lang: str) -> None:
    star, sigma = table["mu_star"].to_numpy(), table["sigma"].to_numpy()
    right, top = np.nanmax(star, initial=0.0) * 1.3 or 1.0, np.nanmax(sigma, initial=0.0) * 1.2
    top = top or right
    lines = []
    for slope in (0.1, 1.0):
        reach = min(right, top / slope)
        ax.plot([0.0, reach], [0.0, slope * reach], color="#BBBBBB", linewidth=1.0, ls="--")
        word = "sigma = mu*" if slope == 1.0 else f"sigma = {slope:g} mu*"
        steep = reach < right  # ends at the upper edge: the label goes to its left
        text = ax.annotate(
            word, (reach, slope * reach), xytext=(-10, -2) if steep else (-3, 4),
            textcoords="offset points", color=GREY, fontsize=9, ha="right",
            va="top" if steep else "bottom",
        )  # fmt: skip
        lines.append(text)
    ax.plot(star, sigma, ls="none", marker="o", ms=7, color=BLUE, alpha=0.85, zorder=3)
    places = [(7, 2, "left", "bottom"), (-7, 2, "right", "bottom"), (7, -2, "left", "top"),
              (-7, -2, "right", "top")]  # fmt: skip
    for path, x, y in zip(table.index[:_LABELS], star, sigma):
        if np.isfinite(x) and np.isfinite(y):
            # Left out where it would lie on that of a more important one; the table has it.
            text = ax.annotate(
                path, (x, y), xytext=(7, 2), textcoords="offset points", fontsize=9,
                color="#333333", ha="left", va="bottom",
            )  # fmt: skip
            beside(ax, text, places)
    for text in lines:
        beside(ax, text)
    ax.set_xlim(0.0, right)
    ax.set_ylim(0.0, top)
    thousands(ax, "x")
    thousands(ax, "y")
    ax.set_xlabel(say("mu_star_axis", lang))
    ax.set_ylabel(say("sigma_axis", lang))


def _matrix(ax: Any, pairs: Any, paths: list[str], lang: str) -> None:
    """Rows and columns in the study's order, the lower triangle only."""
    cells = np.full((len(paths), len(paths)), np.nan)
    sure = np.zeros(cells.shape, dtype=bool)
    for row in pairs.itertuples():
        one, other = paths.index(row.first), paths.index(row.second)
        cells[max(one, other), min(one, other)] = row.S2
        sure[max(one, other), min(one, other)] = row.S2_from > 0.0 or row.S2_to < 0.0
    reach = float(np.nanmax(np.abs(cells), initial=0.0)) or 1.0
    shown = cells[1:, :-1]
    image = ax.imshow(shown, cmap="PuOr_r", vmin=-reach, vmax=reach, aspect="auto")
    for (row_at, column), value in np.ndenumerate(shown):
        if np.isfinite(value):
            certain = sure[1:, :-1][row_at, column]
            text = f"{round(value, 2) + 0.0:.2f}"  # no -0.00
            ax.text(
                column, row_at, text, ha="center", va="center", fontsize=9,
                fontweight="bold" if certain else "normal",
                color="white" if abs(value) > 0.7 * reach else "#222222" if certain else GREY,
            )  # fmt: skip
    ax.set_yticks(range(len(paths) - 1), paths[1:])
    ax.set_xticks(range(len(paths) - 1), [path.replace(".", ".\n") for path in paths[:-1]])
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    bar_of_colours(ax, image).set_label(say("second_order", lang), color="#444444")
