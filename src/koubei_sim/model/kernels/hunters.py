"""hunters: a coin for each person and node says who is there for the reward alone."""

from __future__ import annotations

from koubei_sim.core.compiling import part
from koubei_sim.core.draws import draw32, stream
from koubei_sim.model.mechanisms.hunters import DRAW_HUNTER, T_HUNTED

BASE_HUNTER = 64  # offset in State.bases


@part
def prepare(s, r, j):
    """Compute the base of the coins of node `j`: the same every day."""
    s.bases[BASE_HUNTER + j] = stream(r.key, r.replicate, DRAW_HUNTER, 0, j)


@part
def hunts(s, r, i, j, row):
    """Say whether user `i`, who joins node `j`, is there for the reward alone."""
    if r.hunters32[j] == 0:
        return False
    if draw32(s.bases[BASE_HUNTER + j], i) >= r.hunters32[j]:
        return False
    row[T_HUNTED] += 1
    return True
