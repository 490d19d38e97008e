"""The look of all figures: quiet, readable from the back of a room, safe for colour blindness.

One matplotlib context (`drawing`) with our settings, so that the person's own are never touched;
the palette; direct labels at the ends of lines; the font for Chinese.  Called by every figure.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache, wraps
from inspect import signature
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from koubei_sim import checks
from koubei_sim.checks import Lang
from koubei_sim.errors import KoubeiError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_Figure = TypeVar("_Figure", bound=Callable[..., Any])

#: Okabe and Ito's palette (2008), told apart with any kind of colour vision.
BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
SKY, PINK, YELLOW, BLACK = "#56B4E9", "#CC79A7", "#F0E442", "#222222"
#: In the order in which series take them (yellow last: it is faint on white).
PALETTE: Final = (BLUE, ORANGE, GREEN, RED, SKY, PINK, "#7F6A00", BLACK)
GREY: Final = "#8A8A8A"

#: Families that hold Chinese, by platform; the first one installed is taken.
CHINESE_FONTS: Final = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Microsoft YaHei",
    "SimHei",
    "PingFang SC",
    "Heiti SC",
    "Noto Sans CJK TC",
    "Noto Sans CJK JP",
)

#: Files of fonts that were read because matplotlib's list had none for Chinese.
_LOOKED_AT: Final[set[str]] = set()

#: Replicates drawn as thin lines; more would be a cloud.
MOST_THREADS: Final = 100

_LOOK: Final[dict[str, Any]] = {
    "figure.figsize": (7.0, 4.2),
    "figure.dpi": 110,
    "savefig.dpi": 200,
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.h_pad": 0.07,
    "font.size": 11,
    "axes.titlesize": 13,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 22,
    "axes.labelsize": 11,
    "axes.labelcolor": "#444444",
    "axes.edgecolor": "#999999",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "xtick.color": "#666666",
    "ytick.color": "#666666",
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "lines.linewidth": 2.2,
    "lines.solid_capstyle": "round",
    "axes.prop_cycle": "cycler('color', ['#0072B2', '#E69F00', '#009E73', '#D55E00'])",
    "axes.unicode_minus": False,  # some Chinese fonts lack that sign
    "svg.hashsalt": "koubei_sim",
}


def settle() -> None:
    """Give matplotlib a temporary folder where there is no home folder that it could use."""
    if "matplotlib" in sys.modules or os.environ.get("MPLCONFIGDIR"):
        return
    from koubei_sim.core import store

    for name, usual in (("XDG_CONFIG_HOME", "~/.config"), ("XDG_CACHE_HOME", "~/.cache")):
        home = os.path.expanduser(os.environ.get(name) or usual)
        if not os.path.isabs(home) or store.is_shut(os.path.join(home, "matplotlib")):
            place = store.temporary()
            if place is not None:
                os.environ["MPLCONFIGDIR"] = os.path.join(place, "matplotlib")
            return


def chinese_font() -> str | None:
    """Return the first installed family of `CHINESE_FONTS`, or None.

    matplotlib keeps a list of the fonts that it once found, in a file.  Where that list has none
    of ours, the folders are looked through again: a font may have been installed since.
    """
    from matplotlib import font_manager

    manager = font_manager.fontManager
    for _ in range(2):
        installed = {font.name for font in manager.ttflist if os.path.exists(font.fname)}
        found = next((name for name in CHINESE_FONTS if name in installed), None)
        if found is not None:
            return found
        known = {font.fname for font in manager.ttflist} | _LOOKED_AT
        for path in sorted(set(font_manager.findSystemFonts()) - known):
            _LOOKED_AT.add(path)
            with suppress(Exception):  # a broken file among the fonts: there are others
                manager.addfont(path)
    return None


@cache
def _warn_once() -> None:
    print(
        "koubei: no Chinese font found (looked for "
        + ", ".join(CHINESE_FONTS[:3])
        + ", ...); figures are labelled in English, installing fonts-noto-cjk mends it",
        file=sys.stderr,
    )


def language(lang: str) -> Lang:
    """Return the language that can be drawn: `lang`, or English where its font is missing.

    One warning line on stderr says so, once a process.

    Raises
    ------
    KoubeiError
        For an unknown language.
    """
    spoken = checks.lang(lang)
    if spoken == "zh" and chinese_font() is None:
        _warn_once()
        return "en"
    return spoken


@contextmanager
def drawing(lang: str = "en") -> Iterator[Lang]:
    """Draw with our look; yields the language in which to label.

    The settings of the person come back afterwards.  Those that are not part of the look are left
    alone: a notebook makes its figures show themselves when the first one is drawn, which may be
    here, and `matplotlib.rc_context` would undo that.
    """
    import matplotlib as mpl

    spoken = language(lang)
    look = dict(_LOOK)
    if spoken == "zh":
        look["axes.titleweight"] = "normal"  # few machines have a bold Chinese face
        look["font.family"] = [str(chinese_font()), "DejaVu Sans"]
    settings: Any = mpl.rcParams
    before = {name: settings[name] for name in look}
    settings.update(look)
    ours = {name: settings[name] for name in look}
    try:
        yield spoken
    finally:
        for name, value in before.items():
            if settings[name] == ours[name]:  # else the person, or the notebook, has set it
                settings[name] = value


def takes(kind: str, source: str, *parts: str) -> Callable[[_Figure], _Figure]:
    """Decorate a figure so that it refuses what it cannot draw, and what it cannot draw on.

    Parameters
    ----------
    kind, source : str
        Name of what it draws, and the call that gives it.
    *parts : str
        Attributes by which that is known; whatever has them is drawn.
    """

    def decorate(draw: _Figure) -> _Figure:
        first = next(iter(signature(draw).parameters))

        @wraps(draw)
        def checked(*words: Any, **named: Any) -> Any:
            of = words[0] if words else named.get(first)
            if isinstance(of, type) or not all(hasattr(of, part) for part in parts):
                name = draw.__name__
                got = type(of).__name__
                raise KoubeiError(name, f"draws a {kind}", got=got, fix=f"what {source} gives")
            return finished(draw(*words, **named))

        return cast(_Figure, checked)

    return decorate


def finished(drawn: Any) -> Any:
    """Give the text of a figure the size that fits where it is drawn; return it."""
    from matplotlib.axes import Axes

    if isinstance(drawn, Axes):
        from koubei_sim.plots.whole import finish

        finish(drawn)
    return drawn


def new_axes(figsize: tuple[float, float] | None = None, **rows: Any) -> Any:
    """Return a new figure of pyplot and its axes."""
    import matplotlib.pyplot as plt

    try:
        return plt.subplots(figsize=figsize, **rows)
    except ImportError as error:  # a window was asked for where there is none
        raise KoubeiError(
            "matplotlib", str(error).rstrip("."), fix="MPLBACKEND=Agg in the environment"
        ) from None


def axes_for(ax: Any, figsize: tuple[float, float] | None = None) -> Axes:
    """Return `ax`, or the axes of a new figure, with ticks in our look.

    Ticks are made when the figure is drawn, when our context is gone: they are told here.

    Raises
    ------
    KoubeiError
        For what are no axes: a figure, or all the axes of ``plt.subplots(1, 2)``.
    """
    from matplotlib.axes import Axes

    if ax is None:
        ax = new_axes(figsize)[1]
    if not isinstance(ax, Axes):
        got = type(ax).__name__
        raise KoubeiError("ax", "not matplotlib Axes", got=got, fix="ax=plt.subplots()[1]")
    from matplotlib import rcParams

    from koubei_sim.plots.whole import parts_of

    if chinese_font() in rcParams["font.family"]:
        parts_of(ax).family = list(rcParams["font.family"])
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=10, colors="#666666", which="both")
    return ax


def number(value: float) -> str:
    """Return a number as axes write it.

    Examples
    --------
    >>> number(5000), number(1_500_000), number(0.25)
    ('5,000', '1.5 M', '0.25')
    """
    if abs(value) >= 1e6:
        return f"{value / 1e6:,.4g} M"
    return f"{value:,.0f}" if abs(value) >= 10 or value == int(value) else f"{value:g}"


def thousands(ax: Any, axis: str = "y") -> None:
    """Write ticks as 5,000 and 1 M."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    side = ax.yaxis if axis == "y" else ax.xaxis
    side.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    side.set_minor_formatter(NullFormatter())


def time_axis(ax: Any, result: Any, lang: str) -> NDArray[Any]:
    """Return the x values of the ticks (dates where the scenario has them), and set up the axis."""
    from koubei_sim.plots.words import say
    from koubei_sim.runs.dataset import dates_of

    ticks = result.histories[0].table.shape[0]
    dates = dates_of(result.scenario)
    if dates is None:
        ax.set_xlabel(say("day", lang))
        ax.set_xlim(0, max(1, ticks - 1))
        return np.arange(ticks)
    date_ticks(ax, ticks > 120)
    dates = dates[:ticks]
    ax.set_xlim(dates[0], max(dates[-1], dates[0] + np.timedelta64(1, "D")))
    return dates


def date_ticks(ax: Any, long: bool) -> None:
    """Write months on an axis of dates, or days where it is short."""
    import matplotlib.dates as mdates

    ax.xaxis.set_major_locator(mdates.AutoDateLocator(minticks=3, maxticks=6))
    ax.xaxis.set_major_formatter(mdates.DateFormatter("%Y-%m" if long else "%m-%d"))


def band(
    ax: Any,
    x: NDArray[Any],
    values: NDArray[Any],
    colour: str,
    centre: Callable[..., Any] = np.nanmedian,
    **line: Any,
) -> NDArray[Any]:
    """Draw the median over replicates and a band of the 5 to 95 % quantiles; return the median.

    A mean of runs that died and runs that live would be nobody's curve.

    Parameters
    ----------
    x : array, shape [T]
    values : array, shape [replicates, T]
        On a log axis values that are not positive leave gaps.
    centre : callable
        What the line is, `numpy.nanmedian` or `numpy.nanmean`.
    """
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # columns that are all NaN
        middle = centre(values, axis=0)
        # With nothing missing the plain one gives the same, and is not asked column by column.
        quantile = np.quantile if np.isfinite(values).all() else np.nanquantile
        low, high = quantile(values, [0.05, 0.95], axis=0)
    if ax.get_yscale() == "log":
        floor = ax.get_ylim()[0]
        middle = np.where(middle > 0, middle, np.nan)
        low, high = np.maximum(low, floor), np.where(high > 0, high, np.nan)
    ax.plot(x, middle, color=colour, **line)
    if values.shape[0] > 1:
        ax.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
    return middle


def threads(
    ax: Any, x: NDArray[Any], values: NDArray[Any], colour: str, most: int = MOST_THREADS
) -> None:
    """Draw replicates as thin lines, the first ones where there are many.

    Parameters
    ----------
    x : array, shape [T]
    values : array, shape [replicates, T]
    """
    from matplotlib.collections import LineCollection

    at = np.asarray(ax.convert_xunits(x), dtype=float)
    lines = [np.column_stack([at, row]) for row in np.asarray(values, dtype=float)[:most]]
    alpha = float(np.clip(3.0 / max(1, len(lines)), 0.12, 0.45))
    ax.add_collection(LineCollection(lines, colors=colour, linewidths=0.9, alpha=alpha, zorder=1.5))
    ax.autoscale_view(scalex=False)


def replicate_note(ax: Any, result: Any, lang: str, word: str = "band") -> None:
    """Say under the title what line and band are."""
    from koubei_sim.plots.words import say

    note = say(word if result.replicates > 1 else "one_run", lang, replicates=result.replicates)
    subtitle(ax, note)


def headline(ax: Any, text: str) -> None:
    """Write the title, over the left end of the axes."""
    from koubei_sim.plots.whole import parts_of

    parts_of(ax).title = ax.set_title(text, loc="left")


def subtitle(ax: Any, text: str) -> None:
    """Write a small grey line between title and figure."""
    from koubei_sim.plots.whole import parts_of

    parts_of(ax).note = ax.annotate(
        text,
        (0.0, 1.0),
        xycoords="axes fraction",
        xytext=(0, 5),  # in points: a share of the height would grow into the title on tall axes
        textcoords="offset points",
        color=GREY,
        fontsize=9.5,
        va="bottom",
        ha="left",
        annotation_clip=False,
    )


def legend(ax: Any, entries: Iterable[tuple[str, str]], mark: str = "patch") -> None:
    """Write what colours mean under the axes, for figures without lines to label.

    Parameters
    ----------
    entries : iterable of (text, colour)
    mark : {"patch", "dot", "ring"}
        What stands before the words; called again, it adds entries.
    """
    from koubei_sim.plots.whole import parts_of

    parts_of(ax).entries += [(text, colour, mark) for text, colour in entries]


def label_ends(ax: Any, ends: Sequence[tuple[Any, float, str, str]], size: float = 10.5) -> None:
    """Write labels to the right of the axes at the heights of the ends of lines, kept apart.

    Parameters
    ----------
    ends : sequence of (x, y, text, colour)
        End of each line in data coordinates.
    size : float
        Points.
    """
    from koubei_sim.plots.whole import End, parts_of

    for x, y, words, colour in ends:
        if np.isfinite(y):
            text = ax.annotate(
                words,
                (1.0, 0.5),
                xycoords="axes fraction",
                xytext=(6, 0),
                textcoords="offset points",
                color=colour,
                va="center",
                ha="left",
                fontsize=size,
                annotation_clip=False,
            )
            parts_of(ax).ends.append(End(text, x, y, words))


def beside(
    ax: Any,
    text: Any,
    places: Sequence[tuple[float, float, str, str]] = (),
    needed: bool = False,
) -> None:
    """Let a text take the first place that is free, or leave it out; see `whole.Near`."""
    from koubei_sim.plots.whole import Near, parts_of

    parts_of(ax).near.append(Near(text, places, needed))


def bar_of_colours(ax: Any, image: Any, ticks: Any = None) -> Any:
    """Add the bar of an image to the right of its axes, which works with any layout."""
    place = ax.inset_axes([1.03, 0.0, 0.045, 1.0])
    bar = ax.figure.colorbar(image, cax=place, ticks=ticks)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=9, colors="#666666")
    return bar
