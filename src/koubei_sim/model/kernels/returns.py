"""returns: who left the market comes back on a keyed day, with a clean slate."""

from __future__ import annotations

from koubei_sim.core.bits import insert
from koubei_sim.core.codes import AWARE, RIVAL, UNAWARE
from koubei_sim.core.compiling import part
from koubei_sim.core.draws import draw, exponential_units, stream
from koubei_sim.model.kernels.reinforcement import forget_tellers
from koubei_sim.model.kernels.sets import set_stage
from koubei_sim.model.mechanisms.returns import (
    DRAW_RETURN,
    KNEW,
    T_RETURNS,
    T_RETURNS_UNAWARE,
)


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
def back_to_market(s, r, i, t, stage):
    """Return an agent to the hearing set with a clean slate of arguments."""
    set_stage(s, i, stage)
    v = s.listener[i]
    v.hazard = 0
    v.touched = t
    forget_tellers(s, r, i)
    insert(s.hearing, i)


@part
def come_back(s, r, t, row):
    """Let those come back whose day it is; they have nothing new to relay.

    Whom the rival took before it had ever heard of the product has not heard of it now.
    """
    i = s.return_head[t]
    while i >= 0:
        following = s.return_next[i]
        if s.stage[i] == RIVAL and s.listener[i].heard & KNEW == 0:
            back_to_market(s, r, i, t, UNAWARE)
            row[T_RETURNS_UNAWARE] += 1
        else:
            back_to_market(s, r, i, t, AWARE)
        s.actor[i].talk_until = t
        row[T_RETURNS] += 1
        i = following
