"""Whole labels: a layout that fits text to a figure of any size, each time it is drawn.

A figure that a person hands over may be small, may have no layout of its own, and may be resized
afterwards.  `Whole` stands in for its layout engine: it wraps titles and notes, keeps labels at
the ends of lines apart, thins ticks, arranges legends, and leaves out numbers that would lie on
others; then it lets matplotlib's constrained layout (or the engine that the figure had) make room
for them.  This file imports matplotlib at once, so `style` imports it when something is drawn.
Called by `style` only.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import numpy as np
from matplotlib.layout_engine import ConstrainedLayoutEngine, LayoutEngine, TightLayoutEngine
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator
from matplotlib.transforms import Bbox, ScaledTranslation

#: Points between a text and the edge of the figure, and between two texts.
EDGE: Final = 4.0
#: Points between names at ticks, which are made smaller before one is left out.
_NAMES: Final = 0.3
#: Share of the width that labels at the ends of lines may take before they are broken.
_ENDS: Final = 0.27
#: Sizes tried where labels do not fit, and the smallest text in points.
_SHRINK: Final = (1.0, 0.88, 0.77, 0.68, 0.6)
_LEAST: Final = 4.6
#: Chinese signs may be broken anywhere, but none of these may begin a line.
_PIECES: Final = re.compile(r"\s+|[\u2e80-\uffff]|[^\s\u2e80-\uffff]+")
_HELD: Final = frozenset("，。、；：）”」%;,.:)")


@dataclass(eq=False)
class End:
    """A label to the right of the axes, at the height of the end of a line."""

    text: Any
    x: Any
    y: float
    words: str


@dataclass(eq=False)
class Near:
    """A label beside a point; the first place that is free is taken.

    `places` are (points right, points up, "left" or "right", "bottom", "center" or "top"); without
    places it stays where it is.  One that is not `needed` is left out where nothing is free.
    """

    text: Any
    places: Sequence[tuple[float, float, str, str]] = ()
    needed: bool = False


@dataclass(eq=False)
class Parts:
    """What is kept whole on one set of axes."""

    title: Any = None
    note: Any = None
    legend: Any = None
    under: Any = None  # transform of what is under the axes
    pad: float = 5.0  # points between axes and what stands over them
    ends: list[End] = field(default_factory=list)
    near: list[Near] = field(default_factory=list)
    entries: list[tuple[str, str, str]] = field(default_factory=list)  # words, colour, mark
    scale: float = 1.0  # of all text, by the size of the figure
    sizes: dict[Any, float] = field(default_factory=dict)  # of each text, before it is shrunk
    ticks: dict[Any, float] = field(default_factory=dict)  # of the labels of each axis
    words: dict[Any, tuple[str, str]] = field(default_factory=dict)  # as meant, as broken
    thinned: list[Any] = field(default_factory=list)
    shrink: float = 1.0
    family: list[str] = field(default_factory=list)  # of fonts, for Chinese


class _Flat(Legend):
    """A legend that, while there is made room for it, is as high as it is but has no width.

    It may be wider than the axes: making these narrower would not make it fit.
    """

    flat = False

    def get_tightbbox(self, renderer: Any = None) -> Any:
        """Return where it lies."""
        box = super().get_tightbbox(renderer)
        if self.flat and box is not None:
            axes = self.axes.get_window_extent(renderer)
            middle = (axes.x0 + axes.x1) / 2.0
            return Bbox([[middle, box.y0], [middle, box.y1]])
        return box


class Whole(TightLayoutEngine):
    """The layout of a figure on which something of ours is drawn.

    It is a `TightLayoutEngine` by name, so that ``figure.tight_layout()`` and
    ``figure.subplots_adjust()`` take over without a warning, as they do from no engine at all.

    Parameters
    ----------
    figure : matplotlib Figure
    inner : LayoutEngine, optional
        That of the figure; constrained layout without it.
    """

    def __init__(self, figure: Any, inner: LayoutEngine | None) -> None:
        LayoutEngine.__init__(self)
        self.inner = ConstrainedLayoutEngine(h_pad=0.07) if inner is None else inner
        self._colorbar_gridspec = self.inner.colorbar_gridspec
        self.parts: dict[Any, Parts] = {}
        self.margins = _margins(figure)

    def set(self, **kwargs: Any) -> None:  # type: ignore[override]
        """Set parameters of the engine that makes room."""
        self.inner.set(**kwargs)

    def get(self) -> Any:
        """Return parameters of the engine that makes room."""
        return self.inner.get()

    def execute(self, figure: Any) -> None:
        """Fit all text of ours, and make room for it."""
        shown = {ax: parts for ax, parts in self.parts.items() if ax.figure and ax.get_visible()}
        for ax, parts in shown.items():
            _forget(ax, parts)
        for shrink in _SHRINK:
            renderer = figure._get_renderer()
            for ax, parts in shown.items():
                _resize(ax, parts, shrink)
                _arrange(ax, parts, renderer)
            self._room(figure, shown)
            for ax, parts in shown.items():
                _thin(ax, parts, renderer)
                _break_labels(ax, parts, renderer)
            self._room(figure, shown)
            for ax, parts in shown.items():
                _place_heads(ax, parts, renderer)
                if parts.legend is not None:
                    _centre(ax, parts, renderer)
            if all(_fits(ax, parts, renderer) for ax, parts in shown.items()):
                break
        for ax, parts in shown.items():
            _place_ends(ax, parts, renderer)
        for ax, parts in shown.items():
            _place_near(ax, parts, renderer)

    def _room(self, figure: Any, shown: dict[Any, Parts]) -> None:
        """Let the engine make room, unless the person has set margins by hand since."""
        if _margins(figure) != self.margins:
            return
        notes = [parts.note for parts in shown.values() if parts.note is not None]
        notes += [near.text for parts in shown.values() for near in parts.near if not near.needed]
        legends = [parts.legend for parts in shown.values() if parts.legend is not None]
        for note in notes:  # their width is not to push the axes aside
            note.set_in_layout(False)
        for legend in legends:
            legend.flat = True
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # too small: smaller text is tried next
            self.inner.execute(figure)
        for ax in shown:
            ax.apply_aspect()
        for note in notes:
            note.set_in_layout(True)
        for legend in legends:
            legend.flat = False


def _margins(figure: Any) -> tuple[float, ...]:
    found = figure.subplotpars
    return (found.left, found.right, found.bottom, found.top, found.wspace, found.hspace)


def parts_of(ax: Any) -> Parts:
    """Return what is kept whole on `ax`; its figure gets the layout the first time."""
    figure = ax.figure.canvas.figure  # of a subfigure the whole one
    engine = figure.get_layout_engine()
    if not isinstance(engine, Whole):
        engine = Whole(figure, engine)
        figure.set_layout_engine(engine)
    return engine.parts.setdefault(ax, Parts())


def scale_of(ax: Any) -> float:
    """Return how large text is to be on axes: 1 at 5 to 8 inches, .7 on a stamp, 1.3 on a wall."""
    cell = cell_of(ax)
    dpi = ax.figure.canvas.figure.dpi
    wide, high = cell.width / dpi, cell.height / dpi
    small = min(1.0, wide / 5.0, high / 3.4)
    return float(max(0.7, small) * np.clip(min(wide / 8.5, high / 5.5), 1.0, 1.3))


def cell_of(ax: Any) -> Bbox:
    """Return the part of the figure that is for these axes, labels included, in pixels."""
    whole = ax.figure.bbox
    spec = ax.get_subplotspec()
    if spec is None or type(spec.get_gridspec()).__name__ != "GridSpec":
        return Bbox(whole.get_points())
    grid = spec.get_gridspec()
    right = np.r_[0.0, np.cumsum(grid.get_width_ratios())]
    down = np.r_[0.0, np.cumsum(grid.get_height_ratios())]
    across, along = right / right[-1], 1.0 - down / down[-1]
    columns, rows = spec.colspan, spec.rowspan
    return Bbox(
        [
            [whole.x0 + whole.width * across[columns.start],
             whole.y0 + whole.height * along[rows.stop]],
            [whole.x0 + whole.width * across[columns.stop],
             whole.y0 + whole.height * along[rows.start]],
        ]
    )  # fmt: skip


def finish(ax: Any) -> None:
    """Give text the size that fits the figure; called once all is drawn."""
    parts = parts_of(ax)
    parts.scale = scale_of(ax)
    for text in _texts(ax):
        if text not in parts.sizes:
            parts.sizes[text] = text.get_fontsize() * parts.scale
            text.set_fontsize(parts.sizes[text])
            if parts.family:  # titles and names of axes are older than our settings
                text.set_fontfamily(parts.family)
    for each in (ax, *ax.child_axes):
        for axis in (each.xaxis, each.yaxis):
            labels = axis.get_ticklabels()
            if labels and labels[0].get_fontsize() != parts.ticks.get(axis):
                parts.ticks[axis] = labels[0].get_fontsize() * parts.scale
                axis.set_tick_params(labelsize=parts.ticks[axis], pad=3.5 * parts.scale)
                if parts.family:
                    axis.set_tick_params(labelfontfamily=parts.family)


def _texts(ax: Any) -> list[Any]:
    """All text but that of ticks and legends."""
    titles = [ax.title, *(child for child in ax.get_children() if isinstance(child, Text))]
    found = [*titles, *ax.texts]
    for each in (ax, *ax.child_axes):
        found += [each.xaxis.label, each.yaxis.label]
    return list(dict.fromkeys(found))


def _forget(ax: Any, parts: Parts) -> None:
    """Forget what the person has taken from the axes since, or cleared with them."""
    there = set(_texts(ax))
    parts.title = parts.title if parts.title in there else None
    parts.note = parts.note if parts.note in there else None
    parts.ends = [end for end in parts.ends if end.text in there]
    parts.near = [near for near in parts.near if near.text in there]
    parts.sizes = {text: size for text, size in parts.sizes.items() if text in there}
    if parts.legend is not None and ax.get_legend() is not parts.legend:
        parts.legend, parts.entries = None, []


def _resize(ax: Any, parts: Parts, shrink: float) -> None:
    """Show all text again, at a share of its size."""
    for label in parts.thinned:
        label.set_visible(True)
    parts.thinned.clear()
    for near in parts.near:
        near.text.set_visible(True)
    if shrink == parts.shrink:
        return
    for text, size in parts.sizes.items():
        if abs(text.get_fontsize() - max(_LEAST, size * parts.shrink)) > 0.01:
            parts.sizes[text] = text.get_fontsize()  # the person has chosen another
            continue
        text.set_fontsize(max(_LEAST, size * shrink))
    for axis, size in parts.ticks.items():
        axis.set_tick_params(labelsize=max(_LEAST, size * shrink))
    parts.shrink = shrink


# ---------------------------------------------------------------- before there is room


def _arrange(ax: Any, parts: Parts, renderer: Any) -> None:
    """Break what stands over, beside and under the axes, by the width of their cell."""
    cell, point = cell_of(ax), renderer.points_to_pixels(1.0)
    wide = cell.width - 2.0 * EDGE * point
    over = parts.pad
    if parts.note is not None:
        _break(parts, parts.note, wide, renderer)
        over += parts.note.get_window_extent(renderer).height / point + 4.0
    if parts.title is not None:
        _break(parts, parts.title, wide, renderer)
        ax.set_title(
            parts.title.get_text(), loc="left", pad=over, fontsize=parts.title.get_fontsize(),
            fontweight=parts.title.get_fontweight(), color=parts.title.get_color(),
        )  # fmt: skip
    for end in parts.ends:
        end.text.set_text(broken(end.words, _ENDS * cell.width, end.text, renderer))
    if parts.entries:
        _legend(ax, parts, wide, renderer)


def _break(parts: Parts, text: Any, wide: float, renderer: Any) -> None:
    """Break a text; words that the person has written over ours count from then on."""
    words, as_broken = parts.words.get(text, ("", ""))
    if text.get_text() != as_broken:
        words = text.get_text()
    text.set_text(broken(words, wide, text, renderer))
    parts.words[text] = (words, text.get_text())


def broken(words: str, wide: float, text: Any, renderer: Any) -> str:
    """Return words in lines that are no wider than `wide` pixels where they can be broken."""
    font = text.get_fontproperties()

    def width(line: str) -> float:
        return float(renderer.get_text_width_height_descent(line, font, False)[0])

    lines = []
    for paragraph in words.split("\n"):
        line = ""
        for piece in _PIECES.findall(paragraph):
            if line and piece[0] not in _HELD and width((line + piece).rstrip()) > wide:
                lines.append(line.rstrip())
                line = piece.lstrip()
            else:
                line += piece
        lines.append(line.rstrip())
    return "\n".join(lines)


def _legend(ax: Any, parts: Parts, wide: float, renderer: Any) -> None:
    """Write the legend under what is under the axes, in as many columns as fit."""
    point = renderer.points_to_pixels(1.0)
    size = max(_LEAST, 10.0 * parts.scale * parts.shrink)
    under = ax.xaxis.get_tightbbox(renderer)
    box = ax.get_window_extent(renderer)
    down = 6.0 if under is None else max(6.0, (box.y0 - under.y0) / point + 5.0)
    figure = ax.figure.canvas.figure
    drop = ScaledTranslation(0.0, -down / 72.0, figure.dpi_scale_trans)
    handles = [_mark(colour, mark) for _, colour, mark in parts.entries]
    font = {"size": size, **({"family": parts.family} if parts.family else {})}
    for columns in range(len(handles), 0, -1):
        made = _Flat(
            ax, handles, [words for words, _, _ in parts.entries], loc="upper center", prop=font,
            bbox_to_anchor=(0.5, 0.0), bbox_transform=ax.transAxes + drop, ncols=columns,
            frameon=False, handlelength=1.0, handleheight=1.0, borderpad=0.0, borderaxespad=0.0,
            columnspacing=1.4, labelcolor="#444444",
        )  # fmt: skip
        if made.get_window_extent(renderer).width <= wide:
            break
    ax.legend_ = parts.legend = made
    parts.under = ax.transAxes + drop


def _mark(colour: str, mark: str) -> Any:
    """Return what stands before the words of a legend: a patch, a dot or a ring."""
    if mark == "patch":
        return Patch(color=colour)
    face = "white" if mark == "ring" else colour
    return Line2D([], [], ls="none", marker="o", ms=7, mfc=face, mec=colour, mew=1.4)


def _centre(ax: Any, parts: Parts, renderer: Any) -> None:
    """Move the legend inside the cell where it is wider than the axes."""
    box, cell = ax.get_window_extent(renderer), cell_of(ax)
    middle = (box.x0 + box.x1) / 2.0
    half = parts.legend.get_window_extent(renderer).width / 2.0
    half += EDGE * renderer.points_to_pixels(1.0)
    middle = min(max(middle, cell.x0 + half), cell.x1 - half)
    place = ((middle - box.x0) / max(box.width, 1.0), 0.0)
    parts.legend.set_bbox_to_anchor(place, parts.under)


# ---------------------------------------------------------------- once there is room


def _thin(ax: Any, parts: Parts, renderer: Any) -> None:
    """Leave out labels of ticks that would lie on each other; names are made smaller first."""
    for each in (ax, *ax.child_axes):
        for axis, side in ((each.xaxis, 0), (each.yaxis, 1)):
            if not axis.get_visible() or not each.axison:
                continue
            gap = 2.0
            if isinstance(axis.get_major_locator(), FixedLocator):
                gap = _NAMES
                _smaller(axis, parts, renderer)
            labels = [label for label in axis.get_ticklabels() if label.get_text()]
            labels = _inside(labels, axis, side, renderer)
            step = next((s for s in range(1, 13) if not _crowded(labels[::s], renderer, gap)), 13)
            hidden = [label for k, label in enumerate(labels) if k % step]
            for label in hidden:
                label.set_visible(False)
            parts.thinned += hidden


def _inside(labels: list[Any], axis: Any, side: int, renderer: Any) -> list[Any]:
    """Labels of ticks that lie within the axes, which alone are drawn."""
    box = axis.axes.get_window_extent(renderer)
    low, high = (box.x0, box.x1) if side == 0 else (box.y0, box.y1)
    found = []
    for label in labels:
        at = label.get_transform().transform(label.get_position())[side]
        if low - 1.0 <= at <= high + 1.0:
            found.append((at, label))
    return [label for _, label in sorted(found, key=lambda pair: pair[0])]


def _crowded(labels: Sequence[Any], renderer: Any, gap: float) -> bool:
    boxes = [label.get_window_extent(renderer) for label in labels]
    near = gap * renderer.points_to_pixels(1.0)
    return any(meet(one, other, near) for one, other in pairwise(boxes))


def _smaller(axis: Any, parts: Parts, renderer: Any) -> None:
    """Make names at ticks smaller until they do not touch."""
    size = max(_LEAST, parts.ticks.get(axis, 10.0) * parts.shrink)
    axis.set_tick_params(labelsize=size)
    while size > _LEAST and _crowded(axis.get_ticklabels(), renderer, _NAMES):
        size = max(_LEAST, size * 0.93)
        axis.set_tick_params(labelsize=size)


def _break_labels(ax: Any, parts: Parts, renderer: Any) -> None:
    """Break the names of axes that are longer than there is room."""
    cell, box = cell_of(ax), ax.get_window_extent(renderer)
    edge = EDGE * renderer.points_to_pixels(1.0)
    for each in (ax, *ax.child_axes):
        for axis, low, high, begin, end in (
            (each.xaxis, cell.x0, cell.x1, box.x0, box.x1),
            (each.yaxis, box.y0 - edge, box.y1 + edge, box.y0, box.y1),  # under the title
        ):
            middle = (begin + end) / 2.0
            room = 2.0 * min(middle - low, high - middle) - 2.0 * edge
            _break(parts, axis.label, room, renderer)


def _place_heads(ax: Any, parts: Parts, renderer: Any) -> None:
    """Begin title and note at the left edge of the cell, where most of their words fit."""
    cell, box = cell_of(ax), ax.get_window_extent(renderer)
    left = (cell.x0 + EDGE * renderer.points_to_pixels(1.0) - box.x0) / max(box.width, 1.0)
    left = min(left, 0.0)
    if parts.title is not None:
        parts.title.set_x(left)
    if parts.note is not None:
        parts.note.xy = (left, 1.0)
        parts.note.set_position((0.0, parts.pad))


def _fits(ax: Any, parts: Parts, renderer: Any) -> bool:
    """Whether all needed text lies in the figure, and something is left for the picture."""
    figure, cell = ax.figure.canvas.figure.bbox, cell_of(ax)
    box = ax.get_window_extent(renderer)
    if box.width < 0.3 * cell.width or box.height < 0.3 * cell.height:
        return False
    high = sum(end.text.get_window_extent(renderer).height + 1.0 for end in parts.ends)
    if high > box.height:
        return False
    return all(
        one.x0 >= figure.x0 - 1.0 and one.x1 <= figure.x1 + 1.0
        and one.y0 >= figure.y0 - 1.0 and one.y1 <= figure.y1 + 1.0
        for one in _taken(ax, parts, renderer)
    )  # fmt: skip


def _place_ends(ax: Any, parts: Parts, renderer: Any) -> None:
    """Put labels at the heights of their lines, kept apart and between bottom and top."""
    ends = [end for end in parts.ends if end.text.get_visible()]
    if not ends:
        return
    box = ax.get_window_extent(renderer)
    wanted = np.array(
        [ax.transData.transform((ax.convert_xunits(end.x), end.y))[1] for end in ends]
    )
    order = np.argsort(wanted, kind="stable")
    needed = sum(end.text.get_window_extent(renderer).height + 1.0 for end in ends)
    step = max(1, int(np.ceil(needed / max(box.height, 1.0) - 1e-6)))
    for at in order[np.arange(len(ends)) % step > 0]:  # on a stamp: as those of ticks
        ends[at].text.set_visible(False)
        parts.thinned.append(ends[at].text)
    order = order[::step]
    high = np.array([ends[k].text.get_window_extent(renderer).height + 1.0 for k in order])
    at = apart(np.clip(wanted[order], box.y0, box.y1), high, box.y0, box.y1)
    for k, height in zip(order, at):
        ends[k].text.xy = (1.0, (height - box.y0) / max(box.height, 1.0))


def apart(wanted: Any, high: Any, low: float, top: float) -> Any:
    """Return middles as near to the wanted ones as can be, for labels that are so high.

    Parameters
    ----------
    wanted : array, shape [n]
        In order.
    high : array, shape [n]
    low, top : float
        Bounds of the labels, edges included; the lower one wins.

    Examples
    --------
    >>> apart(np.array([1.0, 1.0]), np.array([2.0, 2.0]), 0.0, 10.0)
    array([1., 3.])
    """
    # Without their heights all lie at offsets from the first: then they only need to rise.
    offset = np.cumsum(high) - high / 2.0 - high[0] / 2.0
    blocks: list[tuple[float, int]] = []  # pools that violate the order take their mean
    for value in np.asarray(wanted, dtype=float) - offset:
        mean, number = float(value), 1
        while blocks and blocks[-1][0] > mean:
            above, others = blocks.pop()
            mean, number = (mean * number + above * others) / (number + others), number + others
        blocks.append((mean, number))
    flat = np.repeat([mean for mean, _ in blocks], [number for _, number in blocks])
    flat = np.minimum(flat, top - high[-1] / 2.0 - offset[-1])
    return np.maximum(flat, low + high[0] / 2.0) + offset


def _place_near(ax: Any, parts: Parts, renderer: Any) -> None:
    """Put labels beside their points where there is room, the first ones first."""
    if not parts.near:
        return
    figure = ax.figure.canvas.figure.bbox
    inside = ax.get_window_extent(renderer)
    mine = {near.text for near in parts.near}
    taken = _taken(ax, parts, renderer, mine)
    gap = renderer.points_to_pixels(1.0)
    for near in parts.near:
        best, least = None, np.inf
        for place in near.places or (None,):
            _put(near.text, place)
            box = near.text.get_window_extent(renderer)
            lost = 0.0 if within(box, figure if near.needed else inside) else 1e9
            lost += sum(overlap(box, other, gap) for other in taken)
            if lost < least:
                best, least = place, lost
            if lost == 0.0:
                break
        _put(near.text, best)
        if least == 0.0 or near.needed:
            taken.append(near.text.get_window_extent(renderer))
        else:
            near.text.set_visible(False)


def _put(text: Any, place: tuple[float, float, str, str] | None) -> None:
    if place is not None:
        text.set_position(place[:2])
        text.set(ha=place[2], va=place[3])


def _taken(ax: Any, parts: Parts, renderer: Any, without: Iterable[Any] = ()) -> list[Bbox]:
    """Boxes of all text that is needed."""
    optional = {near.text for near in parts.near if not near.needed} | set(without)
    found = [text for text in _texts(ax) if text not in optional]
    for each in (ax, *ax.child_axes):
        if each.axison:
            for axis, side in ((each.xaxis, 0), (each.yaxis, 1)):
                found += _inside(axis.get_ticklabels(), axis, side, renderer)
    shown = [text for text in found if text.get_visible() and text.get_text().strip()]
    shown += [] if parts.legend is None else [parts.legend]
    return [text.get_window_extent(renderer) for text in shown]


def within(box: Bbox, whole: Bbox) -> bool:
    """Whether a box lies inside another."""
    return bool(
        box.x0 >= whole.x0 and box.x1 <= whole.x1 and box.y0 >= whole.y0 and box.y1 <= whole.y1
    )


def overlap(one: Bbox, other: Bbox, gap: float) -> float:
    """Return the area in which a box and another, made larger by a gap, lie on each other."""
    wide = min(one.x1, other.x1 + gap) - max(one.x0, other.x0 - gap)
    high = min(one.y1, other.y1 + gap) - max(one.y0, other.y0 - gap)
    return float(max(0.0, wide) * max(0.0, high))


def meet(one: Bbox, other: Bbox, gap: float = 0.0) -> bool:
    """Whether two boxes come nearer than `gap`."""
    return bool(
        one.x0 < other.x1 + gap
        and other.x0 < one.x1 + gap
        and one.y0 < other.y1 + gap
        and other.y0 < one.y1 + gap
    )
