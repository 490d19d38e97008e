"""Figures of the recruitment forest: the sizes of all trees, and one tree drawn out.

Take a `Result`, return matplotlib Axes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim import checks, metrics
from koubei_sim.checks import Lang
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics.forest import Forest
from koubei_sim.plots.style import (
    BLACK,
    BLUE,
    PALETTE,
    axes_for,
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


@takes("Result", "run(...)", "histories", "scenario")
def forest(result: Any, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw the share of recruitment trees that have at least so many adoptions (log-log).

    Trees of all replicates are pooled; sizes are agents.  See `pyramid` for the arguments.
    """
    sizes = np.concatenate(
        [metrics.trees(metrics.recruitment_forest(history)).size for history in result.histories]
    )
    with drawing(lang) as spoken:
        ax = axes_for(ax)
        headline(ax, say("forest", spoken))
        if not sizes.size:
            subtitle(ax, say("nothing", spoken))
            return ax
        values, counts = np.unique(sizes, return_counts=True)
        tail = counts[::-1].cumsum()[::-1] / sizes.size
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.plot(values, tail, color=BLUE, drawstyle="steps-post", linewidth=1.4)
        ax.plot(values, tail, color=BLUE, ls="none", marker="o", ms=3.5)
        ax.set_xlim(0.8, values[-1] * 1.6)
        ax.set_ylim(tail[-1] / 1.8, 1.5)
        ax.set_xlabel(say("tree_size", spoken))
        ax.set_ylabel(say("share_of_trees", spoken))
        thousands(ax, "x")
        ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
        note = say("single_trees", spoken, share=float((sizes == 1).mean()), trees=sizes.size)
        if result.replicates > 1:
            note += "; " + say("pooled", spoken, replicates=result.replicates)
        subtitle(ax, note)
    return ax


@takes("Result", "run(...)", "histories", "scenario")
def cascade_tree(
    result: Any,
    root: int | None = None,
    ax: Axes | None = None,
    lang: Lang = "en",
    *,
    replicate: int = 0,
    most: int = 1500,
    layout: str = "radial",
) -> Axes:
    """Draw one recruitment tree, coloured by the channel that brought each person.

    Parameters
    ----------
    result : Result
    root : int, optional
        Agent at the root; the largest tree without it.
    ax : matplotlib Axes, optional
    lang : {"en", "zh"}
    replicate : int
        Replicate of which the tree is drawn.
    most : int
        Largest number of people drawn, the earliest ones (a tree of earlier people is whole).
    layout : {"radial", "spring"}
        Generations on rings, or the force layout of networkx (slow beyond some hundreds).

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    KoubeiError
        When there is no such replicate, layout or root.
    """
    replicate = checks.whole("replicate", replicate, 0, result.replicates - 1)
    most = checks.whole("most", most, 1)
    layout = checks.word("layout", layout, ("radial", "spring"))
    whole = metrics.recruitment_forest(result.histories[replicate])
    found = metrics.trees(whole)
    if not found.size.size:
        raise KoubeiError("root", "nobody adopted in this replicate")
    number = _tree_number(whole, found, root)
    nodes = np.flatnonzero(whole.root == found.root[number])  # in order of time
    shown = nodes[:most]
    place = np.full(whole.parent.size, -1, dtype=np.int64)
    place[shown] = np.arange(shown.size)
    parent = np.where(whole.parent[shown] >= 0, place[whole.parent[shown]], -1)
    parent[0] = -1
    xy = radial(parent, whole.depth[shown]) if layout == "radial" else _spring(parent)
    with drawing(lang) as spoken:
        ax = axes_for(ax)
        _draw_tree(ax, xy, parent, whole.channel[shown], list(result.scenario.channels), spoken)
        headline(ax, say("tree", spoken))
        note = say(
            "tree_note",
            spoken,
            size=int(found.size[number]),
            depth=int(found.depth[number]),
            virality=float(np.nan_to_num(found.virality[number])),
        )
        if shown.size < nodes.size:
            note += "; " + say("tree_cut", spoken, shown=shown.size, size=int(nodes.size))
        subtitle(ax, note)
    return ax


def _tree_number(whole: Forest, found: metrics.Trees, root: int | None) -> int:
    if root is None:
        return int(np.argmax(found.size))
    at = np.flatnonzero(whole.agent[found.root] == root)
    if not at.size:
        some = ", ".join(str(a) for a in whole.agent[found.root[:5]])
        raise KoubeiError(
            "root", "this agent is not the root of a tree", got=root, allowed=f"such as {some}"
        )
    return int(at[np.argmax(found.size[at])])


def radial(parent: NDArray[np.int64], depth: NDArray[np.int64]) -> NDArray[np.float64]:
    """Generations on rings; each subtree gets an angle in proportion to its leaves."""
    n = parent.size
    leaves = np.zeros(n)
    has_child = np.zeros(n, dtype=bool)
    has_child[parent[1:]] = True
    leaves[~has_child] = 1.0
    for node in range(n - 1, 0, -1):  # parents come before children
        leaves[parent[node]] += leaves[node]
    start, angle = np.zeros(n), np.zeros(n)
    used = np.zeros(n)
    for node in range(n):
        width = 2 * np.pi * leaves[node] / leaves[0]
        if node:
            above = parent[node]
            start[node] = start[above] + used[above]
            used[above] += width
        angle[node] = start[node] + width / 2
    return np.stack([depth * np.cos(angle), depth * np.sin(angle)], axis=1)


def _spring(parent: NDArray[np.int64]) -> NDArray[np.float64]:
    import networkx as nx

    graph = nx.Graph()
    graph.add_nodes_from(range(parent.size))
    graph.add_edges_from((int(p), node) for node, p in enumerate(parent) if p >= 0)
    found = nx.spring_layout(graph, seed=1)  # its own local generator; no global state
    return np.array([found[node] for node in range(parent.size)])


def _draw_tree(
    ax: Any,
    xy: NDArray[np.float64],
    parent: NDArray[np.int64],
    channel: NDArray[np.int64],
    names: list[str],
    lang: str,
) -> None:
    present = [number for number in range(len(names)) if (channel[1:] == number).any()]
    colours = [PALETTE[number % len(PALETTE)] for number in present]
    dots = [(1 + np.flatnonzero(channel[1:] == number)) for number in present]
    legend(ax, [(say("seed" if channel[0] < 0 else "root", lang), BLACK)], "ring")
    legend(ax, [(names[number], colour) for number, colour in zip(present, colours)], "dot")
    draw_dots(ax, xy, parent, zip(dots, colours), BLACK)


def draw_dots(
    ax: Any,
    xy: NDArray[np.float64],
    parent: NDArray[np.int64],
    dots: Iterable[tuple[NDArray[np.intp], str]],
    ring: str,
) -> None:
    """Draw a tree: its ties, rows of people as dots of a colour, a ring as root."""
    from matplotlib.collections import LineCollection

    child = np.arange(1, parent.size)
    lines = np.stack([xy[parent[child]], xy[child]], axis=1)
    ax.add_collection(LineCollection(list(lines), colors="#CFCFCF", linewidths=0.7, zorder=1))
    size = float(np.clip(6000 / parent.size, 4, 60))
    for mine, colour in dots:
        ax.scatter(*xy[mine].T, s=size, color=colour, linewidths=0, zorder=2)
    ax.scatter(*xy[0], s=90, color="white", edgecolors=ring, linewidths=1.6, zorder=3)
    ax.set_aspect("equal")
    # A square: people in one line, or one alone, would leave axes of no width.
    middle = (xy.min(axis=0) + xy.max(axis=0)) / 2.0
    reach = 1.06 * max(float(np.abs(xy - middle).max()), 1e-3)
    ax.set_xlim(middle[0] - reach, middle[0] + reach)
    ax.set_ylim(middle[1] - reach, middle[1] + reach)
    ax.set_axis_off()
