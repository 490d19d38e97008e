"""rejection: blame adds up until an agent turns away, who then warns others for some days."""

from __future__ import annotations

import numpy as np
from numba import njit

from koubei_sim.core.bits import insert, remove
from koubei_sim.core.codes import AWARE, LOG_REJECT, REJECTED
from koubei_sim.core.compiling import part
from koubei_sim.core.draws import HAZARD_CAP, RESISTANCE_SHIFT
from koubei_sim.model.kernels.returns import schedule_return
from koubei_sim.model.kernels.sets import log_event, set_stage
from koubei_sim.model.mechanisms.rejection import T_REJECTIONS


@part
def reject(s, i, product):
    """Note that agent `i` has heard too much against the product."""
    v = s.listener[i]
    v.stage = REJECTED
    v.heard = np.uint8((v.heard & 0b11001111) | (product << 4))
    s.rejected[s.n_rejected[0]] = i
    s.n_rejected[0] += 1


@njit(cache=True, inline="always")
def hears_negative(s, r, i, v, y, product):
    """Subtract hazard `y`; reject where it suffices (product -1: keep what was heard of)."""
    v.hazard = max(v.hazard - y, -HAZARD_CAP)
    if (
        r.rejection_on == 1
        and v.stage == AWARE
        and -v.hazard >= np.int64(s.resist_reject[i]) << RESISTANCE_SHIFT
    ):
        reject(s, i, np.int64((v.heard >> 4) & 3) if product < 0 else product)


@part
def turn_away(s, r, t, row):
    """Let those go who have rejected today."""
    for k in range(s.n_rejected[0]):
        i = s.rejected[k]
        set_stage(s, i, REJECTED)
        remove(s.hearing, i)
        insert(s.talkers, i)
        s.actor[i].talk_until = t + r.rejecter_days
        row[T_REJECTIONS] += 1
        log_event(s, t, i, LOG_REJECT, -1, -1, (s.listener[i].heard >> 4) & 3, 0)
        schedule_return(s, r, i, t, REJECTED, r.rejected_return)
