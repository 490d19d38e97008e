"""Figures over time: the pyramid, growth, channels, the product, stages, reproduction.

Each takes a `Result` and returns matplotlib Axes; nothing is computed here that a number in a
table could disagree with (measures come from `metrics`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim import metrics
from koubei_sim.checks import Lang
from koubei_sim.core.codes import STAGES, USER
from koubei_sim.metrics.runs import scale_of
from koubei_sim.plots.style import (
    BLACK,
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
    takes,
    thousands,
    time_axis,
)
from koubei_sim.plots.words import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: The steps of the founders' story.
GUIDES: Final = (100, 5_000, 100_000, 1_000_000)
_WEEK: Final = 7


@takes("Result", "run(...)", "histories", "scenario")
def pyramid(result: Any, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw users, loyal and die-hard over time on a log scale.

    Grey guide lines stand at 100, 5,000, 100,000 and 1,000,000; counts reported in the world
    (``scenario.milestones``) are drawn as open circles where they fall into the run
    and are no more than its people.

    Parameters
    ----------
    result : Result
    ax : matplotlib Axes, optional
        Where to draw; a new figure without it.
    lang : {"en", "zh"}

    Returns
    -------
    matplotlib.axes.Axes
    """
    with drawing(lang) as spoken:
        ax = axes_for(ax)
        x = time_axis(ax, result, spoken)
        scale = scale_of(result)
        levels = (
            ("users", metrics.users, BLUE),
            ("loyal", metrics.loyal_and_above, ORANGE),
            ("die_hard", metrics.die_hard_and_core, RED),
        )
        stacked = {
            name: np.stack([count(h) for h in result.histories]) * scale
            for name, count, _ in levels
        }
        milestones = _milestones(result, x)
        top = max(10.0, stacked["users"].max(), *(count for _, count, _ in milestones))
        ax.set_yscale("log")
        ax.set_ylim(max(1.0, scale), top * 2)
        for guide in GUIDES:
            if guide <= top * 2:
                ax.axhline(guide, color="#DDDDDD", linewidth=0.8, zorder=0)
                if guide == GUIDES[1] > ax.get_ylim()[0]:  # the one that no tick of the axis names
                    note = {"color": GREY, "fontsize": 9, "va": "bottom"}
                    ax.text(0.01, guide, f"{guide:,}", transform=ax.get_yaxis_transform(), **note)
        ends = []
        for name, _, colour in levels:
            middle = band(ax, x, stacked[name], colour)
            ends.append((x[-1], float(middle[-1]), say(name, spoken), colour))
        _draw_milestones(ax, milestones, spoken)
        ax.set_ylabel(say("people_log", spoken))
        thousands(ax)
        ax.set_title(say("pyramid", spoken))
        replicate_note(ax, result, spoken)
        label_ends(ax, ends)
    return ax


def _milestones(result: Any, x: NDArray[Any]) -> list[tuple[Any, float, str]]:
    """Counts reported in the world that fall into the time of the run and fit into its market."""
    scenario, found = result.scenario, []
    people = scenario.n_agents * scenario.people_per_agent
    for milestone in getattr(scenario, "milestones", ()) or ():
        at: Any = milestone.day
        if milestone.date is not None:
            if x.dtype.kind != "M":
                continue
            at = np.datetime64(milestone.date.isoformat(), "D")
        elif x.dtype.kind == "M":
            at = x[0] + np.timedelta64(int(milestone.day), "D")
        if x[0] <= at <= x[-1] and 0 < milestone.count <= people:
            found.append((at, float(milestone.count), milestone.label))
    return found


def _draw_milestones(ax: Any, milestones: list[tuple[Any, float, str]], lang: str) -> None:
    if not milestones:
        return
    style = {"marker": "o", "mfc": "white", "mec": BLACK, "ms": 6, "ls": "none"}
    at = [when for when, _, _ in milestones]
    ax.plot(at, [count for _, count, _ in milestones], zorder=5, mew=1.3, clip_on=False, **style)
    when, count, _ = max(milestones, key=lambda entry: entry[1])
    ax.annotate(
        say("reported", lang),
        (when, count),
        xytext=(-8, 4),  # to the left: names of lines stand on the right
        textcoords="offset points",
        ha="right",
        va="bottom",
        color=BLACK,
        fontsize=9.5,
        bbox={"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 1},
    )


def _weekly(daily: NDArray[Any]) -> NDArray[np.float64]:
    """Sums over whole weeks along the last axis; a rest of less than a week is left out."""
    weeks = max(1, daily.shape[-1] // _WEEK)
    whole = daily[..., : weeks * _WEEK]
    return whole.reshape(*daily.shape[:-1], weeks, -1).sum(axis=-1).astype(np.float64)


@takes("Result", "run(...)", "histories", "scenario")
def growth(result: Any, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw new users and leavers per week; see `pyramid` for the arguments."""
    with drawing(lang) as spoken:
        ax = axes_for(ax)
        x = time_axis(ax, result, spoken)
        scale = scale_of(result)
        came = np.stack([metrics.adoptions(h) for h in result.histories]) * scale
        left = np.stack(
            [metrics.block(h, "lapses") + metrics.block(h, "churns") for h in result.histories]
        )
        ends = []
        for word, daily, colour in (("adoptions", came, BLUE), ("leavers", left * scale, RED)):
            weekly = _weekly(daily)
            at = x[np.minimum(np.arange(weekly.shape[1]) * _WEEK + _WEEK - 1, x.size - 1)]
            mean = band(ax, at, weekly, colour)
            ends.append((at[-1], float(mean[-1]), say(word, spoken), colour))
        ax.set_ylim(bottom=0)
        ax.set_ylabel(say("people_a_week", spoken))
        thousands(ax)
        ax.set_title(say("growth", spoken))
        replicate_note(ax, result, spoken)
        label_ends(ax, ends)
    return ax


@takes("Result", "run(...)", "histories", "scenario")
def channels(result: Any, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw all adoptions so far by the channel that brought them; see `pyramid`."""
    with drawing(lang) as spoken:
        ax = axes_for(ax)
        x = time_axis(ax, result, spoken)
        scale = scale_of(result)
        by_person = np.stack([metrics.block(h, "adoptions_channel") for h in result.histories])
        by_media = np.stack([metrics.block(h, "adoptions_media") for h in result.histories])
        series = [
            (name, by_person[:, :, number], PALETTE[number % len(PALETTE)])
            for number, name in enumerate(result.scenario.channels)
        ]
        if by_media.any():
            series.append((say("own_media", spoken), by_media.sum(axis=2), GREY))
        ends = []
        for name, daily, colour in series:
            mean = band(ax, x, np.cumsum(daily, axis=1) * scale, colour)
            ends.append((x[-1], float(mean[-1]), name, colour))
        ax.set_ylim(bottom=0)
        ax.set_ylabel(say("cumulative_people", spoken))
        thousands(ax)
        ax.set_title(say("channels", spoken))
        replicate_note(ax, result, spoken)
        label_ends(ax, ends)
    return ax


@takes("Result", "run(...)", "histories", "scenario")
def product(
    result: Any, ax: Axes | None = None, lang: Lang = "en", which: str | None = None
) -> Axes:
    """Draw quality and difficulty of a product, and the reputation of the brand; see `pyramid`.

    Parameters
    ----------
    which : str, optional
        Name of the product; the first without it.
    """
    names = list(result.scenario.products)
    if which is not None and which not in names:
        from koubei_sim.errors import KoubeiError

        raise KoubeiError("which", "unknown product", got=which, allowed=", ".join(names))
    number = 0 if which is None else names.index(which)
    with drawing(lang) as spoken:
        ax = axes_for(ax)
        x = time_axis(ax, result, spoken)
        reputation = np.stack([metrics.reputation_index(h) for h in result.histories])
        series = (
            ("quality", np.stack([h.quality[:, number] for h in result.histories]), BLUE),
            ("difficulty", np.stack([h.difficulty[:, number] for h in result.histories]), RED),
            ("reputation", _moving(reputation), ORANGE),
        )
        ends = []
        for word, values, colour in series:
            mean = band(ax, x, values, colour)
            known = np.flatnonzero(np.isfinite(mean))
            if known.size:
                ends.append((x[-1], float(mean[known[-1]]), say(word, spoken), colour))
        lowest = min(0.0, float(np.nanmin(series[2][1], initial=0.0)))
        ax.set_ylim(max(-1.02, lowest - 0.02), 1.02)
        if lowest < 0:
            ax.axhline(0, color="#DDDDDD", linewidth=0.8, zorder=0)
        ax.set_ylabel(say("index", spoken))
        name = names[number]
        ax.set_title(say("product", spoken) + (f" ({name})" if len(names) > 1 else ""))
        replicate_note(ax, result, spoken)
        label_ends(ax, ends)
    return ax


def _moving(values: NDArray[np.float64], width: int = _WEEK) -> NDArray[np.float64]:
    """Mean of the last `width` defined values at each tick, along the last axis."""
    known = np.isfinite(values)
    total = np.cumsum(np.where(known, values, 0.0), axis=-1)
    count = np.cumsum(known, axis=-1)
    zeros = np.zeros((*values.shape[:-1], min(width, values.shape[-1])))
    total = total - np.concatenate([zeros, total[..., :-width]], axis=-1)
    count = count - np.concatenate([zeros, count[..., :-width]], axis=-1)
    return np.divide(total, count, out=np.full(values.shape, np.nan), where=count > 0)


_STAGE_COLOURS: Final = ("#EDEDED", "#BFD9EC", "#F0E442", BLUE, "#B0A8B9", "#CC79A7", "#8A8A8A")


@takes("Result", "run(...)", "histories", "scenario")
def stages(result: Any, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw the shares of people by stage as stacked areas, means over replicates; see `pyramid`."""
    with drawing(lang) as spoken:
        ax = axes_for(ax)
        x = time_axis(ax, result, spoken)
        mean = np.mean([metrics.block(h, "stage") for h in result.histories], axis=0)
        share = mean / mean.sum(axis=1, keepdims=True)
        # Users at the bottom: their share can be read off the axis.
        order = [3, 2, 1, 4, 5, 6, 0]
        shown = [stage for stage in order if share[:, stage].max() > 0]
        ax.stackplot(x, share[:, shown].T, colors=[_STAGE_COLOURS[s] for s in shown], linewidth=0)
        ax.set_ylim(0, 1)
        ax.yaxis.set_major_formatter("{x:.0%}")
        ax.set_ylabel(say("share_of_people", spoken))
        ax.set_title(say("stages", spoken))
        if result.replicates > 1:
            subtitle(ax, say("pooled", spoken, replicates=result.replicates))
        below = np.zeros(share.shape[0])
        for stage in shown:
            widest = int(np.argmax(share[:, stage]))
            if share[widest, stage] > 0.06:  # labelled inside, where there is room
                side = 0.02 if widest < 0.1 * x.size else 0.98 if widest > 0.9 * x.size else None
                ax.text(
                    x[widest] if side is None else side,
                    below[widest] + share[widest, stage] / 2,
                    say(STAGES[stage], spoken),
                    transform=ax.transData if side is None else ax.get_yaxis_transform(),
                    ha={None: "center", 0.02: "left", 0.98: "right"}[side],
                    va="center",
                    color="white" if stage == USER else BLACK,
                    fontsize=10,
                )
            below = below + share[:, stage]
    return ax


@takes("Result", "run(...)", "histories", "scenario")
def reproduction(result: Any, ax: Axes | None = None, lang: Lang = "en", window: int = 30) -> Axes:
    """Draw the mean recruits of an adopter within `window` days, by week of adoption.

    Above the line at 1 a cohort more than replaces itself.  Only cohorts seen for the whole
    window are drawn.  See `pyramid` for the other arguments.
    """
    with drawing(lang) as spoken:
        ax = axes_for(ax)
        x = time_axis(ax, result, spoken)
        found = [metrics.reproduction_number(h, _WEEK, window) for h in result.histories]
        number = np.where(found[0].complete, np.stack([each.number for each in found]), np.nan)
        band(ax, x[found[0].start], number, BLUE)
        ax.axhline(1.0, color=GREY, linewidth=1.0, linestyle=(0, (4, 3)))
        ax.set_ylim(bottom=0)
        ax.set_ylabel(say("recruits", spoken))
        ax.set_title(say("reproduction", spoken))
        subtitle(ax, say("fully_seen", spoken))
    return ax


_MOST_COHORTS = 6


@takes("Result", "run(...)", "histories", "scenario")
def retention(
    result: Any, ax: Axes | None = None, lang: Lang = "en", cohort: int | None = None
) -> Axes:
    """Draw the share of each adoption cohort that is still in unbroken use d days later.

    Replicates are pooled, each counting with its adopters.

    Parameters
    ----------
    result : Result
    ax : matplotlib Axes, optional
    lang : {"en", "zh"}
    cohort : int, optional
        Width of a cohort in ticks; without it a sixth of the run, at least a week.

    Returns
    -------
    matplotlib.axes.Axes
    """
    import matplotlib as mpl

    ticks = result.histories[0].table.shape[0]
    width = max(7, -(-ticks // _MOST_COHORTS)) if cohort is None else cohort
    found = [metrics.retention(history, width) for history in result.histories]
    adopters = np.stack([each.adopters for each in found]).astype(float)
    # A cohort is drawn as far as every replicate that has it was seen.
    share = np.stack([np.where(each.adopters[:, None] > 0, each.share, 0.0) for each in found])
    total = adopters.sum(axis=0)
    pooled = (share * adopters[:, :, None]).sum(axis=0)
    empty = np.full(pooled.shape, np.nan)
    pooled = np.divide(pooled, total[:, None], out=empty, where=total[:, None] > 0)
    with drawing(lang) as spoken:
        ax = axes_for(ax)
        # Light to dark with time; one hue, so that order is seen without a legend.
        ramp = mpl.colormaps["Blues"](np.linspace(0.4, 1.0, max(2, pooled.shape[0])))
        ends: list[tuple[float, int, str]] = []
        longest = 1
        for number, curve in enumerate(pooled):
            known = np.flatnonzero(np.isfinite(curve))
            if known.size < 2:
                continue
            colour = mpl.colors.to_hex(ramp[number])
            ax.plot(found[0].days[known], curve[known], color=colour)
            start = int(found[0].start[number])
            longest = max(longest, int(found[0].days[known[-1]]))
            ends.append((float(curve[known[-1]]), start, colour))
        ax.set_xlim(0, longest)
        ax.set_ylim(0, 1.02)
        ax.yaxis.set_major_formatter("{x:.0%}")
        ax.set_xlabel(say("days_after", spoken))
        ax.set_ylabel(say("share_still_users", spoken))
        ax.set_title(say("retention", spoken))
        if result.replicates > 1:
            subtitle(ax, say("pooled", spoken, replicates=result.replicates))
        # Short curves end inside; their labels stand at the right edge at the same height.
        edge = ax.get_xlim()[1]
        label_ends(ax, [(edge, y, say("cohort_from", spoken, start=s), c) for y, s, c in ends])
    return ax
