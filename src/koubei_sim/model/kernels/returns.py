"""returns: who left the market comes back on a keyed day, aware and with a clean slate."""

from __future__ import annotations

from koubei_sim.core.bits import insert
from koubei_sim.core.codes import AWARE
from koubei_sim.core.compiling import part
from koubei_sim.core.draws import draw, exponential_units, stream
from koubei_sim.model.kernels.reinforcement import forget_tellers
from koubei_sim.model.kernels.sets import set_stage
from koubei_sim.model.mechanisms.returns import DRAW_RETURN, T_RETURNS


@part
def schedule_return(s, r, i, t, stage, mean):
    """Put agent `i`, who left for `stage` at `t`, into the calendar of returns; mean 0: never."""
    if mean == 0:
        return
    wait = exponential_units(draw(stream(r.key, r.replicate, DRAW_RETURN, t, stage), i))
    day = t + 1 + ((wait * mean) >> 26)
    if day < r.ticks:
        s.return_next[i] = s.return_head[day]
        s.return_head[day] = i


@part
def back_to_aware(s, r, i, t):
    """Return an agent to the hearing set with a clean slate of arguments."""
    set_stage(s, i, AWARE)
    v = s.listener[i]
    v.hazard = 0
    v.touched = t
    forget_tellers(s, r, i)
    insert(s.hearing, i)


@part
def come_back(s, r, t, row):
    """Let those come back whose day it is; they have nothing new to relay."""
    i = s.return_head[t]
    while i >= 0:
        following = s.return_next[i]
        back_to_aware(s, r, i, t)
        s.actor[i].talk_until = t
        row[T_RETURNS] += 1
        i = following
