"""Figures of a cascade result: sizes, curves, generations, people, and one tree drawn out.

Take a `CascadeResult`, return matplotlib Axes.  The words of these figures stand here, because
they are about steps and people active, not about the days and users of the pyramid model.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koubei_sim import checks
from koubei_sim.checks import Lang, Naming
from koubei_sim.errors import KoubeiError
from koubei_sim.plots.style import (
    BLACK,
    BLUE,
    GREY,
    MOST_THREADS,
    ORANGE,
    PALETTE,
    RED,
    axes_for,
    beside,
    drawing,
    headline,
    label_ends,
    legend,
    subtitle,
    takes,
    thousands,
    threads,
)
from koubei_sim.plots.trees import draw_dots, radial
from koubei_sim.reports.words import said

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
    "people_log": ("people (log scale)", "人数(对数坐标)"),
    "generation": ("generation", "代"),
    "mean_size": ("mean size", "平均规模"),
    "share": ("share of replicates in which one is reached", "被触达的重复比例"),
    "simulated": ("simulated", "模拟"),
    "theory": ("theory", "理论"),
    "mean": ("mean", "均值"),
    "seed": ("root", "起点"),
    "convinced": ("convinced", "被影响者"),
    "threads": (
        "bold: mean; thin: {shown:,} of {replicates:,} replicates",
        "粗线为均值,细线为{replicates:,}次重复中的{shown:,}次",
    ),
    "one": ("one replicate", "单次模拟"),
    "replicates": ("{replicates:,} replicates", "{replicates:,}次重复"),
    "intervals": (
        "bars: mean and 95 % interval; numbers: people convinced by one of the generation "
        "(red: more than one)",
        "柱为均值与95%区间;数字为该代人均影响人数(红色:大于1)",
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


_say = partial(said, _WORDS)


@takes("CascadeResult", "kb.cascade(...)", "outcome", "kind_names")
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
    from koubei_sim.cascades.statistics import tail  # brings the kernels with it

    with drawing(lang) as spoken:
        ax = axes_for(ax)
        headline(ax, _say("sizes", spoken))
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
                at: dict[str, Any] = {"transform": ax.transAxes, "ha": "right", "va": "top"}
                ax.text(0.98, 0.97 - 0.07 * row, _say(word, spoken), color=colour, **at)
        thousands(ax, "x")
        ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
    return ax


@takes("CascadeResult", "kb.cascade(...)", "outcome", "kind_names")
def cascade_curve(
    result: Any,
    ax: Axes | None = None,
    lang: Lang = "en",
    what: Literal["curve", "prevalence"] = "curve",
) -> Axes:
    """Draw activations over time, by kind: the mean, and replicates as thin lines.

    Parameters
    ----------
    what : {"curve", "prevalence"}
        Activations so far, or people active at the time (rules with recovery).

    See `cascade_sizes` for the others.
    """
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
            mean = np.nanmean(values[:, kind].astype(float), axis=0)
            ax.plot(time, mean, color=colour, zorder=3)
            if len(values) > 1:
                threads(ax, time, values[:, kind], colour)
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
        headline(ax, _say(what, spoken))
        shown = {"shown": min(len(values), MOST_THREADS), "replicates": len(values)}
        subtitle(ax, _say("threads" if len(values) > 1 else "one", spoken, **shown))
        label_ends(ax, ends)
    return ax


@takes("CascadeResult", "kb.cascade(...)", "outcome", "kind_names")
def cascade_generations(result: Any, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw the mean sizes of generations, and over the bars the reproduction number of each.

    Needs the log of activations; at most 30 generations are drawn.  See `cascade_sizes`.
    """
    table = result.generations().iloc[:_MOST_GENERATIONS]
    with drawing(lang) as spoken:
        ax = axes_for(ax)
        headline(ax, _say("generations", spoken))
        ax.set_xlabel(_say("generation", spoken))
        ax.set_ylabel(_say("mean_size", spoken))
        subtitle(ax, _say("intervals", spoken))
        mean = table["mean"].to_numpy()
        ax.bar(table.index, mean, color="#7FB8D9", width=0.8)
        low, high = mean - table["low"], table["high"] - mean
        known = np.isfinite(high.to_numpy())
        if known.any():
            error = np.stack([low, high])[:, known]
            style: dict[str, Any] = {"fmt": "none", "ecolor": "#333333", "elinewidth": 1.0}
            ax.errorbar(table.index[known], mean[known], yerr=error, **style)
        top = np.where(known, table["high"], mean)
        # Where few replicates got so far the number is noise.
        seen = table["reached"].to_numpy() * result.replicates >= _LEAST_REACHED
        for generation, (height, number) in enumerate(zip(top, table["R"])):
            if np.isfinite(number) and (seen[generation] or not generation):
                # Growing generations in red, dwindling ones in grey.
                colour = RED if number > 1 else GREY
                text = ax.annotate(
                    f"{number:.2f}",
                    (generation, height),
                    xytext=(0, 3),
                    textcoords="offset points",
                    ha="center",
                    va="bottom",
                    fontsize=9,
                    color=colour,
                )
                beside(ax, text)  # where bars are narrow, only some have room
        from matplotlib.ticker import MaxNLocator

        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        thousands(ax)
        ax.margins(y=0.08)
        ax.set_xlim(-0.7, max(len(table), 4) - 0.3)
    return ax


@takes("CascadeResult", "kb.cascade(...)", "outcome", "kind_names")
def cascade_probability(
    result: Any, ax: Axes | None = None, lang: Lang = "en", bins: int = 50
) -> Axes:
    """Draw how many people are reached in which share of the replicates (counts on a log axis).

    Needs per-person counts or the log.  See `cascade_sizes`.
    """
    bins = checks.whole("bins", bins, 1)
    probability = result.probability
    with drawing(lang) as spoken:
        ax = axes_for(ax)
        headline(ax, _say("probability", spoken))
        # Shares are k of the replicates: a bar holds one k, or as many as each other bar.
        times = np.rint(probability * result.replicates).astype(np.int64)
        step = -(-(result.replicates + 1) // bins)
        counts = np.bincount(times // step)
        middles = (np.arange(counts.size) * step + (step - 1) / 2.0) / result.replicates
        width = step / result.replicates
        ax.bar(middles, counts, width=0.9 * width, color=BLUE, lw=0)
        ax.set_yscale("log")
        ax.set_ylim(0.7, max(2.0, counts.max() * 1.6))
        ax.set_xlim(-0.6 * width, 1.0 + 0.6 * width)
        ax.xaxis.set_major_formatter("{x:.0%}")
        ax.set_xlabel(_say("share", spoken))
        ax.set_ylabel(_say("people_log", spoken))
        thousands(ax)
        values = {
            "some": int((probability > 0).sum()),
            "people": result.n,
            "always": int((probability == 1).sum()),
        }
        replicates = _say("replicates", spoken, replicates=result.replicates)
        subtitle(ax, f"{_say('reached', spoken, **values)}; {replicates}")
    return ax


@takes("CascadeResult", "kb.cascade(...)", "outcome", "kind_names")
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
        headline(ax, _say("tree", spoken))
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
    dots, words = [], []
    for kind in np.unique(kinds).tolist():
        colour = PALETTE[kind % len(PALETTE)]
        dots.append((1 + np.flatnonzero(kinds[1:] == kind), colour))
        if len(names) > 1:
            words.append((names[kind], colour))
    ring = PALETTE[int(kinds[0]) % len(PALETTE)] if len(names) > 1 else BLACK
    draw_dots(ax, xy, parent, dots, ring)
    legend(ax, [(_say("seed", lang), ring)], "ring")
    legend(ax, words or [(_say("convinced", lang), PALETTE[0])], "dot")
