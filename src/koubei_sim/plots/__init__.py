"""Figures of a result: functions from a `Result` to matplotlib Axes.

All take ``(result, ax=None, lang="en")`` and leave the person's matplotlib settings alone;
`save_all` writes the whole set.  matplotlib is imported when something is drawn.

Called by people and by the command line; may import everything below it.
"""

from koubei_sim.plots.cohorts import retention
from koubei_sim.plots.curves import channels, growth, product, pyramid, reproduction, stages
from koubei_sim.plots.files import FIGURES, save_all
from koubei_sim.plots.style import drawing
from koubei_sim.plots.trees import cascade_tree, forest

__all__ = [
    "FIGURES",
    "cascade_tree",
    "channels",
    "drawing",
    "forest",
    "growth",
    "product",
    "pyramid",
    "reproduction",
    "retention",
    "save_all",
    "stages",
]
