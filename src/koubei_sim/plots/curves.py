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
from koubei_sim.core.codes import STAGES
from koubei_sim.metrics import hurdle
from koubei_sim.metrics.overview import reported
from koubei_sim.metrics.runs import scale_of
from koubei_sim.plots.style import (
    BLACK,
    BLUE,
    GREY,
    ORANGE,
    PALETTE,
    PINK,
    RED,
    YELLOW,
    axes_for,
    band,
    beside,
    drawing,
    headline,
    label_ends,
    number,
    replicate_note,
    subtitle,
    takes,
    thousands,
    threads,
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
        milestones = [(x[day], one.count, one.label) for day, one in reported(result.scenario)]
        top = max(10.0, stacked["users"].max(), *(count for _, count, _ in milestones))
        ax.set_yscale("log")
        ax.set_ylim(max(1.0, scale), top * 2)
        for guide in GUIDES:
            if guide <= top * 2:
                ax.axhline(guide, color="#DDDDDD", linewidth=0.8, zorder=0)
                if guide == GUIDES[1] > ax.get_ylim()[0]:  # the one that no tick of the axis names
                    note: dict[str, Any] = {"color": GREY, "fontsize": 9, "va": "bottom"}
                    ax.text(0.01, guide, f"{guide:,}", transform=ax.get_yaxis_transform(), **note)
        ends = []
        for name, _, colour in levels:
            middle = band(ax, x, stacked[name], colour)
            ends.append((x[-1], float(middle[-1]), say(name, spoken), colour))
        _draw_milestones(ax, milestones)
        ax.set_ylabel(say("people_log", spoken))
        thousands(ax)
        headline(ax, say("pyramid", spoken))
        notes = [_said("band", result, spoken)]
        if milestones:
            notes.append(say("reported", spoken))
        subtitle(ax, "; ".join([*notes, *_hurdle(result, spoken)]))
        label_ends(ax, ends)
    return ax


def _draw_milestones(ax: Any, milestones: list[tuple[Any, float, str]]) -> None:
    """Draw reported counts as circles, each with what was counted where there is room."""
    if not milestones:
        return
    style = {"marker": "o", "mfc": "white", "mec": BLACK, "ms": 6, "ls": "none"}
    at = [when for when, _, _ in milestones]
    ax.plot(at, [count for _, count, _ in milestones], zorder=5, mew=1.3, clip_on=False, **style)
    places = [
        (right, up, side, level)
        for up, level in ((0, "center"), (7, "bottom"), (-7, "top"))
        for right, side in ((-8, "right"), (8, "left"))
    ]
    for when, count, what in sorted(milestones, key=lambda entry: -entry[1]):
        text = ax.annotate(
            f"{number(count)} {what}".rstrip(),
            (when, count),
            xytext=places[0][:2],
            textcoords="offset points",
            color=BLACK,
            fontsize=9.5,
            bbox={"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 1},
        )
        beside(ax, text, places)


def _middle(result: Any) -> int:
    """Return the replicate with the median number of adoptions, of those that took off if any.

    What is drawn bold is a replicate that there is: where they take off in different months, means
    and medians of each day have waves and steps that none of them has.
    """
    total = np.array([metrics.adoptions(h).sum() for h in result.histories])
    rows = np.flatnonzero(hurdle.kept(_taken(result)).rows)
    return int(rows[np.argsort(total[rows], kind="stable")[(rows.size - 1) // 2]])


def _median_of(word: str, result: Any, lang: str) -> str:
    """Say which replicate is drawn bold, and of what it is the median."""
    if 0 < sum(_taken(result)) < result.replicates:
        word += "_of_taken"
    return _said(word, result, lang)


def _taken(result: Any) -> list[bool]:
    return [metrics.took_off(history) for history in result.histories]


def _hurdle(result: Any, lang: str) -> list[str]:
    """Say how many replicates took off, with the 95 % interval of the chance; nothing of one."""
    if result.replicates == 1:
        return []
    taken = sum(_taken(result))
    low, high = metrics.wilson(taken, result.replicates)
    said = {"low": f"{100 * low:.0f}", "high": f"{100 * high:.0f}"}
    return [say("hurdle", lang, taken=taken, replicates=result.replicates, **said)]


def _said(word: str, result: Any, lang: str) -> str:
    return say(word if result.replicates > 1 else "one_run", lang, replicates=result.replicates)


def _weekly(daily: NDArray[Any]) -> NDArray[np.float64]:
    """Sums over whole weeks along the last axis; a rest of less than a week is left out."""
    weeks = max(1, daily.shape[-1] // _WEEK)
    whole = daily[..., : weeks * _WEEK]
    return whole.reshape(*daily.shape[:-1], weeks, -1).sum(axis=-1).astype(np.float64)


def _bundle(ax: Any, x: Any, values: NDArray[Any], middle: int, colour: str) -> None:
    """Draw all replicates thin, and the middle one bold."""
    ax.plot(x, values[middle], color=colour, zorder=3)
    if len(values) > 1:
        threads(ax, x, values, colour)


@takes("Result", "run(...)", "histories", "scenario")
def growth(result: Any, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw new users and leavers per week; see `pyramid` for the arguments.

    Thin lines are the replicates, the bold ones that with the median number of adoptions.
    """
    with drawing(lang) as spoken:
        ax = axes_for(ax)
        x = time_axis(ax, result, spoken)
        scale = scale_of(result)
        came = np.stack([metrics.adoptions(h) for h in result.histories]) * scale
        left = np.stack(
            [metrics.block(h, "lapses") + metrics.block(h, "churns") for h in result.histories]
        )
        ends, middle = [], _middle(result)
        for word, daily, colour in (("adoptions", came, BLUE), ("leavers", left * scale, RED)):
            weekly = _weekly(daily)
            at = x[np.minimum(np.arange(weekly.shape[1]) * _WEEK + _WEEK - 1, x.size - 1)]
            _bundle(ax, at, weekly, middle, colour)
            ends.append((at[-1], float(weekly[middle, -1]), say(word, spoken), colour))
        ax.set_ylim(bottom=0)
        ax.set_ylabel(say("people_a_week", spoken))
        thousands(ax)
        headline(ax, say("growth", spoken))
        subtitle(ax, "; ".join([_median_of("threads", result, spoken), *_hurdle(result, spoken)]))
        label_ends(ax, ends)
    return ax


@takes("Result", "run(...)", "histories", "scenario")
def channels(result: Any, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw all adoptions so far by the channel that brought them; see `growth`."""
    with drawing(lang) as spoken:
        ax = axes_for(ax)
        x = time_axis(ax, result, spoken)
        scale = scale_of(result)
        by_person = np.stack([metrics.block(h, "adoptions_channel") for h in result.histories])
        by_media = np.stack([metrics.block(h, "adoptions_media") for h in result.histories])
        series = [
            (name, by_person[:, :, k], PALETTE[k % len(PALETTE)])
            for k, name in enumerate(result.scenario.channels)
        ]
        if by_media.any():
            series.append((say("own_media", spoken), by_media.sum(axis=2), GREY))
        ends, middle = [], _middle(result)
        for name, daily, colour in series:
            so_far = np.cumsum(daily, axis=1) * scale
            _bundle(ax, x, so_far, middle, colour)
            ends.append((x[-1], float(so_far[middle, -1]), name, colour))
        ax.set_ylim(bottom=0)
        ax.set_ylabel(say("cumulative_people", spoken))
        thousands(ax)
        headline(ax, say("channels", spoken))
        subtitle(ax, "; ".join([_median_of("threads", result, spoken), *_hurdle(result, spoken)]))
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
    place = 0 if which is None else names.index(which)
    with drawing(lang) as spoken:
        ax = axes_for(ax)
        x = time_axis(ax, result, spoken)
        reputation = np.stack([metrics.reputation_index(h) for h in result.histories])
        series = (
            ("quality", np.stack([h.quality[:, place] for h in result.histories]), BLUE),
            ("difficulty", np.stack([h.difficulty[:, place] for h in result.histories]), RED),
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
        name = names[place]
        headline(ax, say("product", spoken) + (f" ({name})" if len(names) > 1 else ""))
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


#: Of each stage: its area, and its name beside it, which must be read on white.
_STAGE_COLOURS: Final = (
    ("#EDEDED", "#777777"),
    ("#BFD9EC", "#4F7FA3"),
    (YELLOW, "#7F6A00"),
    (BLUE, BLUE),
    ("#B0A8B9", "#766A85"),
    (PINK, "#A4568A"),
    (GREY, "#555555"),
)
#: Stages that never hold this share of the people are drawn, but not named.
_NAMED: Final = 0.004


@takes("Result", "run(...)", "histories", "scenario")
def stages(result: Any, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw the shares of people by stage as stacked areas; see `pyramid` for the arguments.

    It shows the replicate with the median number of adoptions, of those that took off.
    """
    with drawing(lang) as spoken:
        ax = axes_for(ax)
        x = time_axis(ax, result, spoken)
        count = metrics.block(result.histories[_middle(result)], "stage").astype(float)
        share = count / count.sum(axis=1, keepdims=True)
        # Users at the bottom: their share can be read off the axis.
        shown = [stage for stage in (3, 2, 1, 4, 5, 6, 0) if share[:, stage].max() > 0]
        areas = [_STAGE_COLOURS[stage][0] for stage in shown]
        ax.stackplot(x, share[:, shown].T, colors=areas, linewidth=0)
        ax.set_ylim(0, 1)
        ax.yaxis.set_major_formatter("{x:.0%}")
        ax.set_ylabel(say("share_of_people", spoken))
        headline(ax, say("stages", spoken))
        subtitle(ax, "; ".join([_median_of("middle", result, spoken), *_hurdle(result, spoken)]))
        top = np.cumsum(share[-1, shown])
        ends = []
        for stage, edge in zip(shown, top):
            if share[:, stage].max() >= _NAMED:
                middle = float(edge - share[-1, stage] / 2)
                ends.append((x[-1], middle, say(STAGES[stage], spoken), _STAGE_COLOURS[stage][1]))
        label_ends(ax, ends)
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
        recruits = np.stack([each.number for each in found])
        recruits = np.where(found[0].complete, recruits, np.nan)
        band(ax, x[found[0].start], recruits, BLUE)
        ax.axhline(1.0, color=GREY, linewidth=1.0, linestyle=(0, (4, 3)))
        ax.set_ylim(bottom=0)
        ax.set_ylabel(say("recruits", spoken))
        headline(ax, say("reproduction", spoken))
        seen = say("fully_seen", spoken, window=window)
        subtitle(ax, f"{seen}; {_said('band', result, spoken)}")
        text = ax.text(
            0.99, 1.0, say("replaces", spoken), transform=ax.get_yaxis_transform(), color=GREY,
            fontsize=9.5, ha="right", va="bottom",
        )  # fmt: skip
        beside(ax, text)
    return ax


_MOST_COHORTS = 6
#: Places of the name of a cohort: right of the end of its line, at its height where that is free.
_BESIDE: Final = [(5.0, 6.0 * up, "left", "center") for up in sorted(range(-7, 8), key=abs)]


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
        ramp = mpl.colormaps["Blues"](np.linspace(0.45, 1.0, max(2, pooled.shape[0])))
        longest, lowest = 1, 1.0
        for k, curve in enumerate(pooled):
            known = np.flatnonzero(np.isfinite(curve))
            if known.size < 2:
                continue
            colour = mpl.colors.to_hex(ramp[k])
            days = found[0].days[known]
            ax.plot(days, curve[known], color=colour)
            longest, lowest = max(longest, int(days[-1])), min(lowest, float(curve[known].min()))
            said = say("cohort_from", spoken, start=int(found[0].start[k]), people=int(total[k]))
            text = ax.annotate(
                said, (days[-1], curve[known[-1]]), xytext=_BESIDE[0][:2],
                textcoords="offset points", color=colour, fontsize=9.5, annotation_clip=False,
                ha=_BESIDE[0][2], va=_BESIDE[0][3],
                bbox={"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 0.5},
            )  # fmt: skip
            beside(ax, text, _BESIDE, needed=True)
        ax.set_xlim(0, longest)
        # Lines, not bars: where nearly all stay, the axis begins where there is something to see.
        ax.set_ylim(max(0.0, np.floor(10.0 * lowest - 1.0) / 10.0), 1.02)
        ax.yaxis.set_major_formatter("{x:.0%}")
        ax.set_xlabel(say("days_after", spoken))
        ax.set_ylabel(say("share_still_users", spoken))
        headline(ax, say("retention", spoken))
        subtitle(ax, "; ".join([_said("pooled", result, spoken), say("in_brackets", spoken)]))
    return ax
