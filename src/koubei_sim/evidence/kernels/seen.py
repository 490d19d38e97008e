"""Draws by pairs of people: whether a tie is seen.

Called by `observe`.
"""

from __future__ import annotations

import numpy as np

from koubei_sim.core.compiling import kernel
from koubei_sim.core.draws import draw, stream


@kernel
def pairs_drawn(key, replicate, purpose, tick, source, target, out):
    """Fill ``out[a]`` (uint64) with the draw at the address (.., j = source[a], i = target[a])."""
    for a in range(source.size):
        base = stream(np.uint64(key), replicate, purpose, tick, source[a])
        out[a] = draw(base, target[a])
