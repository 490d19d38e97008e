"""Figures of a cascade result: sizes, curves, generations, people, and one tree drawn out.

Take a `CascadeResult`, return matplotlib Axes.  The words of these figures stand here, because
they are about steps and people active, not about the days and users of the pyramid model.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koubei_sim import checks
from koubei_sim.checks import Lang, Naming
from koubei_sim.errors import KoubeiError
from koubei_sim.plots.style import (
    BLUE,
    GREY,
    ORANGE,
    PALETTE,
    RED,
    axes_for,
    band,
    drawing,
    label_ends,
    replicate_note,
    subtitle,
    thousands,
)
from koubei_sim.plots.trees import draw_dots, radial
from koubei_sim.plots.words import LANGUAGES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WORDS: Final[dict[str, tuple[str, str]]] = {
    "sizes": ("Sizes of cascades", "传播规模的分布"),
    "curve": ("People active so far", "累计激活人数"),
    "prevalence": ("People active at the time", "当前激活人数"),
    "generations": ("Generations of the cascade", "传播的代际规模"),
    "probability": ("How likely people are to be reached", "每个人被触达的概率"),
    "tree": ("Who convinced whom", "谁影响了谁"),
    "size": ("people reached", "触达人数"),
    "share_larger": ("share of replicates at least so large", "不小于该规模的重复比例"),
    "step": ("step", "步"),
    "time": ("time", "时间"),
    "people": ("people", "人数"),
    "generation": ("generation", "代"),
    "mean_size": ("mean size", "平均规模"),
    "share": ("share of replicates in which one is reached", "被触达的重复比例"),
    "simulated": ("simulated", "模拟"),
    "theory": ("theory", "理论"),
    "mean": ("mean", "均值"),
    "seed": ("root", "起点"),
    "replicates": ("{replicates:,} replicates", "{replicates:,}次重复"),
    "intervals": (
        "bars: mean and 95 % interval; above: people convinced by one of the generation",
        "柱为均值与95%区间,上方数字为该代人均影响人数",
    ),
    "tree_note": (
        "replicate {replicate}: {size:,} people, {depth} generations, "
        "structural virality {virality:.1f}",
        "第{replicate}次重复:{size:,}人,{depth}代,结构性传播度{virality:.1f}",
    ),
    "cut": ("first {shown:,} shown", "仅画出前{shown:,}人"),
    "reached": (
        "{some:,} of {people:,} people are ever reached, {always:,} always",
        "{people:,}人中{some:,}人曾被触达,{always:,}人每次都被触达",
    ),
}
_MOST_GENERATIONS: Final = 30
_LEAST_REACHED: Final = 10  # replicates that reach a generation, for its number to be written


def _say(word: str, lang: str, **values: object) -> str:
    return _WORDS[word][LANGUAGES.index(lang)].format(**values)


def _checked(result: Any) -> None:
    """Refuse what is no result of a cascade."""
    if not hasattr(result, "outcome") or not hasattr(result, "kind_names"):
        raise KoubeiError(
            "result", "not a result of a cascade", got=type(result).__name__, fix="kb.cascade(...)"
        )


def cascade_sizes(
    result: Any,
    ax: Axes | None = None,
    lang: Lang = "en",
    theory: Callable[[NDArray[np.float64]], ArrayLike] | None = None,
) -> Axes:
    """Draw the share of replicates that reach at least so many people (log-log).

    Heavy tails are straight here; a supercritical rule shows two steps with a gap between.

    Parameters
    ----------
    result : CascadeResult
    ax : matplotlib Axes, optional
        Where to draw; a new figure without it.
    lang : {"en", "zh"}
    theory : callable, optional
        Maps sizes (array) to the probability of at least that size; drawn as a dashed line.

    Returns
    -------
    matplotlib.axes.Axes
    """
    _checked(result)
    from koubei_sim.cascades.statistics import tail  # brings the kernels with it

    with drawing(lang) as spoken:
        ax = axes_for(ax)
        ax.set_title(_say("sizes", spoken))
        ax.set_xlabel(_say("size", spoken))
        ax.set_ylabel(_say("share_larger", spoken))
        values, share = tail(result.sizes[result.sizes > 0])
        share = share * float((result.sizes > 0).mean()) if values.size else share
        subtitle(ax, _say("replicates", spoken, replicates=result.replicates))
        if not values.size:
            return ax
        ax.set_xscale("log")
        ax.set_yscale("log")
        # The share of at least s falls just beyond each size: steps before the points.
        ax.plot(values, share, color=BLUE, drawstyle="steps-pre", linewidth=1.4)
        ax.plot(values, share, color=BLUE, ls="none", marker="o", ms=3)
        ax.set_xlim(values[0] / 1.3, max(values[-1], 2 * values[0]) * 1.6)
        ax.set_ylim(share[-1] / 2.0, 1.6)
        if theory is not None:
            grid = np.unique(np.rint(np.geomspace(values[0], values[-1], 200)))
            ax.plot(grid, np.asarray(theory(grid)), color=ORANGE, ls="--", lw=1.8, zorder=3)
            for row, (word, colour) in enumerate((("simulated", BLUE), ("theory", ORANGE))):
                at = {"transform": ax.transAxes, "ha": "right", "va": "top"}
                ax.text(0.98, 0.97 - 0.07 * row, _say(word, spoken), color=colour, **at)
        thousands(ax, "x")
        ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
    return ax


def cascade_curve(
    result: Any,
    ax: Axes | None = None,
    lang: Lang = "en",
    what: Literal["curve", "prevalence"] = "curve",
) -> Axes:
    """Draw activations over time, by kind: mean and 5 to 95 % of the replicates.

    Parameters
    ----------
    what : {"curve", "prevalence"}
        Activations so far, or people active at the time (rules with recovery).

    See `cascade_sizes` for the others.
    """
    _checked(result)
    checks.word("what", what, ("curve", "prevalence"))
    if what == "curve":
        values = result.outcome.curve.cumsum(axis=2)
    else:
        values = result.prevalence.to_numpy()[:, None, :]
    with drawing(lang) as spoken:
        ax = axes_for(ax)
        time = result.outcome.time
        ends = []
        single = values.shape[1] == 1
        for kind in range(values.shape[1]):
            colour = PALETTE[kind % len(PALETTE)]
            mean = band(ax, time, values[:, kind].astype(float), colour, np.nanmean)
            name = _say("mean", spoken) if single else result.kind_names[kind]
            ends.append((time[-1], float(mean[-1]), name, colour))
        ax.set_xlim(time[0], max(time[-1], time[0] + 1e-9))
        ax.set_ylim(bottom=0)
        ax.set_xlabel(_say("step" if result.steps else "time", spoken))
        ax.set_ylabel(_say("people", spoken))
        if result.steps:
            from matplotlib.ticker import MaxNLocator

            ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        thousands(ax)
        ax.set_title(_say(what, spoken))
        replicate_note(ax, result, spoken, "band_of_means")
        label_ends(ax, ends)
    return ax


def cascade_generations(result: Any, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw the mean sizes of generations, and over the bars the reproduction number of each.

    Needs the log of activations; at most 30 generations are drawn.  See `cascade_sizes`.
    """
    _checked(result)
    table = result.generations().iloc[:_MOST_GENERATIONS]
    with drawing(lang) as spoken:
        ax = axes_for(ax)
        ax.set_title(_say("generations", spoken))
        ax.set_xlabel(_say("generation", spoken))
        ax.set_ylabel(_say("mean_size", spoken))
        subtitle(ax, _say("intervals", spoken))
        mean = table["mean"].to_numpy()
        ax.bar(table.index, mean, color=BLUE, width=0.75)
        low, high = mean - table["low"], table["high"] - mean
        known = np.isfinite(high.to_numpy())
        if known.any():
            error = np.stack([low, high])[:, known]
            style = {"fmt": "none", "ecolor": "#444444", "elinewidth": 1.1, "capsize": 2.5}
            ax.errorbar(table.index[known], mean[known], yerr=error, **style)
        top = np.where(known, table["high"], mean)
        # Where few replicates got so far the number is noise.
        seen = table["reached"].to_numpy() * result.replicates >= _LEAST_REACHED
        upright = len(table) > 12
        for generation, (height, number) in enumerate(zip(top, table["R"])):
            if np.isfinite(number) and (seen[generation] or not generation):
                # Growing generations in red, dwindling ones in grey.
                colour = RED if number > 1 else GREY
                ax.annotate(
                    f"{number:.2f}",
                    (generation, height),
                    xytext=(0, 3),
                    textcoords="offset points",
                    ha="center",
                    fontsize=8.5 if upright else 9,
                    rotation=90 if upright else 0,
                    color=colour,
                )
        from matplotlib.ticker import MaxNLocator

        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        thousands(ax)
        ax.margins(y=0.14 if upright else 0.08)
    return ax


def cascade_probability(
    result: Any, ax: Axes | None = None, lang: Lang = "en", bins: int = 50
) -> Axes:
    """Draw how many people are reached in which share of the replicates (counts on a log axis).

    Needs per-person counts or the log.  See `cascade_sizes`.
    """
    _checked(result)
    bins = checks.whole("bins", bins, 1)
    probability = result.probability
    with drawing(lang) as spoken:
        ax = axes_for(ax)
        ax.set_title(_say("probability", spoken))
        edges = np.linspace(0.0, 1.0, min(bins, result.replicates) + 1)
        counts, _ = np.histogram(probability, edges)
        ax.bar(edges[:-1], counts, width=np.diff(edges), align="edge", color=BLUE, lw=0)
        ax.set_yscale("log")
        ax.set_ylim(0.7, max(2.0, counts.max() * 1.6))
        ax.set_xlim(0, 1)
        ax.xaxis.set_major_formatter("{x:.0%}")
        ax.set_xlabel(_say("share", spoken))
        ax.set_ylabel(_say("people", spoken))
        thousands(ax)
        values = {
            "some": int((probability > 0).sum()),
            "people": result.n,
            "always": int((probability == 1).sum()),
        }
        subtitle(ax, _say("reached", spoken, **values))
    return ax


def activation_tree(
    result: Any,
    root: Any = None,
    ax: Axes | None = None,
    lang: Lang = "en",
    *,
    replicate: int | None = None,
    most: int = 1500,
    by: Naming = "label",
) -> Axes:
    """Draw one tree of who convinced whom, generations on rings, coloured by kind.

    Parameters
    ----------
    result : CascadeResult
    root : label or row, optional
        Person at the root, by label where there are labels; the largest tree without it.
    ax : matplotlib Axes, optional
    lang : {"en", "zh"}
    replicate : int, optional
        Number of the replicate; the largest that can be drawn whole without it.
    most : int
        Largest number of people drawn, the earliest ones.
    by : {"label", "row"}
        "row": `root` is a row although there are labels.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    KoubeiError
        When there is no log, no such replicate, or no such root.
    """
    _checked(result)
    most = checks.whole("most", most, 1)
    if replicate is None:
        # The largest that can be drawn whole, or the smallest of all.
        sizes = result.sizes.astype(float)
        fit = np.where(sizes <= most, sizes, -sizes)
        replicate = int(result.outcome.replicates[np.argmax(fit)])
    forest = result.forest(replicate)
    log, roots = forest.activations, forest.roots
    if not roots.size:
        raise KoubeiError("replicate", "nobody became active in it", got=replicate)
    sizes = forest.below[roots]
    if root is None:
        number = int(np.argmax(sizes))
    else:
        from koubei_sim.cascades.result import rows_of_tree

        mine = rows_of_tree(result, forest, root, by)
        number = int(mine[np.argmax(sizes[mine])])
    rows = np.flatnonzero(forest.tree == number)
    # Parents before children even where a word takes no time, and the earliest first.
    rows = rows[np.lexsort((forest.generation[rows], log.time[rows]))]
    shown = rows[:most]
    place = np.full(log.person.size + 1, -1, np.int64)
    place[shown] = np.arange(shown.size)
    parent = place[forest.above[shown]]
    depth = forest.generation[shown].astype(np.int64)
    xy = radial(parent, depth)
    # Number of infection, not of a kind, where people are infected again: one colour then.
    kinds = log.kind[shown] if len(result.kind_names) > 1 else np.zeros(shown.size, np.int8)
    shape = result.trees(replicate).iloc[number]
    with drawing(lang) as spoken:
        ax = axes_for(ax)
        _draw(ax, xy, parent, kinds, result.kind_names, spoken)
        ax.set_title(_say("tree", spoken))
        note = _say(
            "tree_note",
            spoken,
            replicate=replicate,
            size=rows.size,
            depth=int(shape["depth"]),
            virality=float(np.nan_to_num(shape["virality"])),
        )
        if shown.size < rows.size:
            note += "; " + _say("cut", spoken, shown=shown.size)
        subtitle(ax, note)
    return ax


def _draw(
    ax: Any,
    xy: NDArray[np.float64],
    parent: NDArray[np.int64],
    kinds: NDArray[np.int8],
    names: tuple[str, ...],
    lang: str,
) -> None:
    words = [(f"○ {_say('seed', lang)}", GREY)]
    dots = []
    for kind in np.unique(kinds).tolist():
        colour = PALETTE[kind % len(PALETTE)]
        dots.append((1 + np.flatnonzero(kinds[1:] == kind), colour))
        if len(names) > 1:
            words.append((f"● {names[kind]}", colour))
    ring = PALETTE[int(kinds[0]) % len(PALETTE)] if len(names) > 1 else "black"
    draw_dots(ax, xy, parent, dots, ring, words)
