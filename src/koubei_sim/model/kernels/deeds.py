"""deeds: answers that helped are told by who got them, and make the next ones better."""

from __future__ import annotations

import numpy as np

from koubei_sim.core.compiling import part
from koubei_sim.core.draws import draw32, exp_neg_portable, stream
from koubei_sim.model.kernels.release import give_story
from koubei_sim.model.mechanisms.deeds import DRAW_DEED


@part
def learn(s, r):
    """Reckon how likely an answer helps today."""
    s.answer_now32[0] = r.answer32
    if r.deed_rate > 0.0:
        missing = np.float64(4294967296 - r.answer32)
        left = exp_neg_portable(r.deed_rate * np.float64(s.helped[0]))
        s.answer_now32[0] = 4294967296 - np.int64(missing * left)


@part
def note_deed(s, r, t, i, c):
    """Note that user `i` was helped on channel `c`: perhaps a story."""
    if r.deed32 > 0 and draw32(stream(r.key, r.replicate, DRAW_DEED, t, c), i) < r.deed32:
        give_story(s, r, t, i)
