"""The figure of a map: a surface over two axes or over the triangle of a split.

Takes anything with the `grid`, `values`, `at` and `table` of a `koubei_sim.map`, whose room lies
above this one, and draws its tables, nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import Lang
from koubei_sim.metrics import OUTCOMES
from koubei_sim.metrics.words import outcome_in
from koubei_sim.plots.studies import NOBODY
from koubei_sim.plots.style import (
    BLUE,
    GREEN,
    ORANGE,
    axes_for,
    bar_of_colours,
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

FloatArray = NDArray[np.float64]

#: Of the strata: both, only one, only the other, neither.
_STRATA: Final = (GREEN, BLUE, ORANGE, NOBODY)
#: Pixels along a side of the picture of strata, which is white where no stratum has any share.
_PIXELS: Final = 400
_TICKS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)


@takes("Map", "map(...)", "grid", "values", "at", "table")
def phase(
    found: Any,
    ax: Axes | None = None,
    lang: Lang = "en",
    what: Literal["answer", "interaction"] = "answer",
) -> Axes:
    """Draw a map: the estimate as a surface, or the stratum of two arms that has most runs.

    Dots are where it was run, so they lie close where the answer changes; they are open where 95 %
    intervals leave it open.  Of the chance of take-off the line is where it is even.

    Parameters
    ----------
    found : Map
    ax : matplotlib Axes, optional
        Where to draw; a new figure without it.
    lang : {"en", "zh"}
    what : {"answer", "interaction"}
        The second draws `Map.interaction`.

    Returns
    -------
    matplotlib.axes.Axes
    """
    triangle = len(found.axes) == 3
    with drawing(lang) as spoken:
        ax = axes_for(ax, (6.4, 5.2))
        if what == "interaction":
            _contrasts(ax, found, spoken)
        elif found.arms:
            _strata(ax, found, spoken)
        else:
            _surface(ax, found, spoken)
        (_corners if triangle else _sides)(ax, found)
    return ax


def _xy(found: Any, points: Any) -> tuple[FloatArray, FloatArray]:
    """Return where points lie in the picture: in the unit square, or the triangle of side 1."""
    i, j = np.array(points, dtype=np.float64).T / found.grid.side
    if len(found.axes) == 3:  # the first share at the top, the second right, the third left
        return j + 0.5 * i, i * np.sqrt(0.75)
    return i, j


def _surface(ax: Any, found: Any, lang: str) -> None:
    table, chance = found.table(), found.chances
    values = table["estimate"].to_numpy()
    # A hair over 1, as the last colour does not hold its end.
    levels = np.linspace(0.0, 1.0 + 1e-9, 11) if chance else 10
    x, y = _xy(found, sorted(found.values))
    image = _filled(ax, x, y, values, "cividis", levels)
    low, high = table["low"].to_numpy(), table["high"].to_numpy()
    open_at = (low <= 0.5) & (high >= 0.5) if chance else np.zeros(values.size, dtype=bool)
    _dots(ax, x, y, open_at)
    if chance and values.min() < 0.5 < values.max():
        ax.tricontour(x, y, values, levels=[0.5], colors=["white"], linewidths=2.0)
    headline(ax, _title(found, lang))
    _note(ax, found, "marks_half" if chance else "marks_none", lang)
    _bar(ax, image, np.linspace(0.0, 1.0, 6) if chance else None)


def _contrasts(ax: Any, found: Any, lang: str) -> None:
    table = found.interaction()
    across, up = (axis.name for axis in found.axes)
    known = {found.at(point): point for point in found.values}
    points = [known[place] for place in zip(table[across], table[up])]
    times = (table["kind"] == "times").any()
    nothing = 1.0 if times else 0.0
    values = table["estimate"].to_numpy()
    values = np.log(values) if times else values
    x, y = _xy(found, points)
    reach = (float(np.nanmax(np.abs(values), initial=0.0)) or 1.0) * (1.0 + 1e-9)
    image = _filled(ax, x, y, values, "PuOr_r", np.linspace(-reach, reach, 12))
    _dots(ax, x, y, ((table["low"] <= nothing) & (table["high"] >= nothing)).to_numpy())
    headline(ax, say("interaction", lang))
    _note(ax, found, "marks_times" if times else "marks_zero", lang)
    _bar(ax, image, np.linspace(-reach, reach, 5), times)


def _filled(
    ax: Any, x: FloatArray, y: FloatArray, values: FloatArray, cmap: str, levels: Any
) -> Any:
    """Fill the plane between the points whose value is known; two or none in a row fill nothing."""
    known = np.isfinite(values)
    if np.unique(x[known]).size < 2 or np.unique(y[known]).size < 2:
        return ax.scatter(x[known], y[known], c=values[known], cmap=cmap)
    if not isinstance(levels, int) or np.ptp(values[known]) > 0.0:
        return ax.tricontourf(x[known], y[known], values[known], levels=levels, cmap=cmap)
    return ax.tripcolor(x[known], y[known], values[known], cmap=cmap, shading="gouraud")


def _strata(ax: Any, found: Any, lang: str) -> None:
    """Colour each place by the stratum of most runs, the paler the fewer."""
    from matplotlib.colors import to_rgb
    from matplotlib.tri import LinearTriInterpolator, Triangulation

    table = found.table()
    x, y = _xy(found, sorted(found.values))
    top = 1.0 if len(found.axes) == 2 else float(np.sqrt(0.75))
    across, up = np.meshgrid(np.linspace(0.0, 1.0, _PIXELS), np.linspace(0.0, top, _PIXELS))
    net = Triangulation(x, y)
    shares = (
        np.ma.stack(
            [
                LinearTriInterpolator(net, table[name].to_numpy())(across, up)
                for name in found.strata
            ]
        )
        .filled(0.0)
        .clip(0.0, 1.0)
    )
    best, share = shares.argmax(axis=0), shares.max(axis=0)[..., None]
    colours = np.array([to_rgb(colour) for colour in _STRATA])[best]
    ax.imshow(
        share * colours + (1.0 - share), origin="lower", extent=(0.0, 1.0, 0.0, top), aspect="auto"
    )  # fmt: skip
    _dots(ax, x, y, ~table["sure"].to_numpy(dtype=bool))
    names = [say("both", lang), *(say("only", lang, arm=arm) for arm in found.arms)]
    legend(ax, list(zip([*names, say("neither", lang)], _STRATA)))
    headline(ax, say("strata", lang))
    _note(ax, found, "marks_sure", lang)


def _dots(ax: Any, x: FloatArray, y: FloatArray, open_at: NDArray[np.bool_]) -> None:
    for at, face, edge in ((~open_at, "#222222", "white"), (open_at, "white", "#222222")):
        ax.plot(x[at], y[at], ls="none", marker="o", ms=3.6, mfc=face, mec=edge, mew=0.9,
                clip_on=False, zorder=4)  # fmt: skip


def _sides(ax: Any, found: Any) -> None:
    """Name the axes, and write their values at even shares of the way."""
    for side, axis in ((ax.xaxis, found.axes[0]), (ax.yaxis, found.axes[1])):
        texts = {share: f"{axis.range.at(share):.3g}" for share in _TICKS}
        side.set_ticks(list(texts), list(texts.values()))
        side.set_label_text(axis.name)
    ax.set_xlim(0.0, 1.0)
    ax.set_ylim(0.0, 1.0)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0, pad=6)


def _corners(ax: Any, found: Any) -> None:
    """Name the corners: all of it to one of the three."""
    ax.set_axis_off()
    ax.set_aspect("equal")
    ax.plot([0.0, 1.0, 0.5, 0.0], [0.0, 0.0, np.sqrt(0.75), 0.0], color="#999999", lw=1.0)
    places = ((0.5, np.sqrt(0.75), "center", 7), (1.0, 0.0, "right", -18), (0.0, 0.0, "left", -18))
    for axis, (x, y, align, up) in zip(found.axes, places):
        ax.annotate(
            f"{axis.name} {axis.range.high:g}", (x, y), xytext=(0, up),
            textcoords="offset points", ha=align, color="#444444", fontsize=10,
            annotation_clip=False,
        )  # fmt: skip
    ax.set_xlim(-0.05, 1.05)
    ax.set_ylim(-0.08, 0.95)


def _title(found: Any, lang: str) -> str:
    if callable(found.outcome):
        return str(getattr(found.outcome, "__name__", "outcome"))
    return outcome_in(lang, found.outcome) if found.outcome in OUTCOMES else str(found.outcome)


def _note(ax: Any, found: Any, marks: str, lang: str) -> None:
    runs = next(iter(found.values.values())).shape[1]
    points = len(found.values)
    subtitle(ax, say("map_note", lang, points=points, runs=runs, marks=say(marks, lang)))


def _bar(ax: Any, image: Any, ticks: Any = None, times: bool = False) -> None:
    bar = bar_of_colours(ax, image, ticks)
    bar.ax.tick_params(length=0)
    thousands(bar.ax)
    if ticks is not None:
        said = [f"x {np.exp(tick):.3g}" if times else f"{tick:.2g}" for tick in ticks]
        bar.ax.set_yticks(ticks, said)
