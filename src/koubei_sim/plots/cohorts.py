"""The figure of retention: who stays, by time of adoption.

Takes a `Result`, returns matplotlib Axes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from koubei_sim import metrics
from koubei_sim.plots.style import (
    axes_for,
    drawing,
    label_ends,
    subtitle,
    takes,
)
from koubei_sim.plots.words import say

_MOST_COHORTS = 6


@takes("Result", "run(...)", "histories", "scenario")
def retention(result: Any, ax: Any = None, lang: str = "en", cohort: int | None = None) -> Any:
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
