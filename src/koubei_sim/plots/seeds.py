"""The figure of seeds that were chosen: reach by their number, and what no choice can exceed.

Takes anything with the curve, the reach and the bound of `koubei_sim.seeding.Seeds`, whose room
this one does not know.  Called by people and by ``koubei seeds``.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from koubei_sim.checks import Lang
from koubei_sim.plots.style import (
    BLUE,
    ORANGE,
    axes_for,
    drawing,
    headline,
    label_ends,
    subtitle,
    takes,
    thousands,
)
from koubei_sim.reports.words import said

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WORDS: Final[dict[str, tuple[str, str]]] = {
    "title": ("Reach by number of seeds", "种子人数与预期触达"),
    "seeds": ("seeds, best first", "种子人数(按选择次序)"),
    "reach": ("expected reach", "预期触达"),
    "chosen": ("these {k:,}: {mean:,.4g}", "所选{k:,}人:{mean:,.4g}"),
    "bound": ("any choice: at most {bound:,.4g}", "任何选法:至多{bound:,.4g}"),
    "proven": (
        "{ratio:.1%} of the best is proven; bar: bounds of the reach of all {k:,}",
        "已证明达到最优的{ratio:.1%};竖线为全部{k:,}人触达的上下界",
    ),
}


_say = partial(said, _WORDS)


@takes("choice of seeds", "kb.seeding.maximise(...)", "curve", "reach", "at_most", "ratio")
def seeds_curve(found: Any, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw the reach of the first seeds by their number, and the bound on any choice.

    The line is an estimate; the bar at its end holds the bounds of the reach of all seeds, the
    dashed line what no choice within the limits exceeds.  Only these two are proven.

    Parameters
    ----------
    found : Seeds
        What `koubei_sim.seeding.maximise` gives.
    ax : matplotlib Axes, optional
        Where to draw; a new figure without it.
    lang : {"en", "zh"}

    Returns
    -------
    matplotlib.axes.Axes
    """
    from matplotlib.ticker import MaxNLocator

    curve, reach, k = found.curve, found.reach, len(found.curve) - 1
    with drawing(lang) as spoken:
        ax = axes_for(ax)
        ax.plot(np.arange(k + 1), curve, color=BLUE)
        # Seeds count themselves, which can lie above an estimate.
        bar = [[max(0.0, reach.mean - reach.low)], [max(0.0, reach.high - reach.mean)]]
        ax.errorbar([k], [reach.mean], bar, color=BLUE, capsize=5, lw=1.6, marker="o", ms=5)
        ax.axhline(found.at_most, color=ORANGE, ls="--", lw=1.6, zorder=1)
        ax.set_xlim(0, max(1, k) * 1.02)  # room for the bar
        ax.set_ylim(0, max(found.at_most, reach.high, 1e-9) * 1.06)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
        thousands(ax, "x")
        thousands(ax)
        headline(ax, _say("title", spoken))
        ax.set_xlabel(_say("seeds", spoken))
        ax.set_ylabel(_say("reach", spoken))
        subtitle(ax, _say("proven", spoken, ratio=found.ratio, k=k))
        ends = [
            (k, float(reach.mean), _say("chosen", spoken, k=k, mean=reach.mean), BLUE),
            (k, found.at_most, _say("bound", spoken, bound=found.at_most), ORANGE),
        ]
        label_ends(ax, ends)
    return ax
