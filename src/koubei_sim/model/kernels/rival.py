"""rival: offers fall on people by a calendar, and take those who have not decided."""

from __future__ import annotations

from koubei_sim.core.bits import remove
from koubei_sim.core.codes import AWARE, LOG_RIVAL, RIVAL, UNAWARE
from koubei_sim.core.compiling import part
from koubei_sim.core.draws import draw, exponential_units, stream
from koubei_sim.model.kernels.returns import schedule_return
from koubei_sim.model.kernels.sets import log_event, set_stage
from koubei_sim.model.mechanisms.returns import KNEW
from koubei_sim.model.mechanisms.rival import DRAW_RIVAL, T_RIVAL_TAKEN, T_RIVAL_TAKEN_UNAWARE


@part
def next_offer(s, r, i, after):
    """Put the rival's next offer to agent `i`, later than tick `after`, into the calendar."""
    number = s.rival_offers[i]
    wait = max(1, exponential_units(draw(stream(r.key, r.replicate, DRAW_RIVAL, number, 0), i)))
    level = s.rival_level[i] + wait
    s.rival_level[i] = level
    s.rival_offers[i] = number + 1
    low, high = 0, r.ticks
    while low < high:  # first tick whose cumulative hazard reaches the level
        middle = (low + high) >> 1
        if r.rival_cumulative[middle] < level:
            low = middle + 1
        else:
            high = middle
    day = max(low, after + 1)
    if day < r.ticks:
        s.rival_next[i] = s.rival_head[day]
        s.rival_head[day] = i


@part
def first_offers(s, r):
    """Fill the calendar, before tick 0."""
    if r.rival_on == 1:
        for i in range(s.first, s.last):
            next_offer(s, r, i, -1)


@part
def go_to_rival(s, r, i, t, product):
    """Turn an agent into one of the rival's, who may come back as aware as it went."""
    if s.stage[i] != UNAWARE:
        s.listener[i].heard |= KNEW
    set_stage(s, i, RIVAL)
    remove(s.talkers, i)
    log_event(s, t, i, LOG_RIVAL, -1, -1, product, 0)
    schedule_return(s, r, i, t, RIVAL, r.replacement_days)


@part
def offer(s, r, t, row):
    """Let today's offers take who has not decided."""
    if r.rival_on == 0:
        return
    i = s.rival_head[t]
    while i >= 0:
        following = s.rival_next[i]
        if s.stage[i] == AWARE or s.stage[i] == UNAWARE:
            remove(s.hearing, i)
            row[T_RIVAL_TAKEN] += 1
            if s.stage[i] == UNAWARE:
                row[T_RIVAL_TAKEN_UNAWARE] += 1
            go_to_rival(s, r, i, t, 0)
        next_offer(s, r, i, t)
        i = following
