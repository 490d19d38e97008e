"""Resistances of people in many worlds at once, the draws of `cascades` for Bass by ticks.

Called by `worlds`.
"""

from __future__ import annotations

import numpy as np

from koubei_sim.core.codes import DRAW_RESISTANCE
from koubei_sim.core.compiling import kernel
from koubei_sim.core.draws import RESISTANCE_SHIFT, draw, exponential_units, stream


@kernel
def resistances(key, first, out):
    """Fill ``out[i, r]`` (int64) with what person i of world ``first + r`` resists, in 2**-32."""
    people, worlds = out.shape
    for r in range(worlds):
        base = stream(np.uint64(key), first + r, DRAW_RESISTANCE, 0, 0)
        for i in range(people):
            out[i, r] = exponential_units(draw(base, i)) << RESISTANCE_SHIFT
