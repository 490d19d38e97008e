"""decide: the claimed adopt or wait, the rejecting turn away, the rival and time do their part."""

from __future__ import annotations

import numpy as np

from koubei_sim.core.bits import insert, remove
from koubei_sim.core.codes import AWARE, LOG_REJECT, LOG_RIVAL, REJECTED, RIVAL, UNAWARE, WAITING
from koubei_sim.core.compiling import part
from koubei_sim.core.prefetch import prefetch
from koubei_sim.model.kernels.seeding import adopt, next_offer
from koubei_sim.model.kernels.sets import back_to_aware, log_event, schedule_return, set_stage
from koubei_sim.model.mechanisms.rejection import T_REJECTIONS
from koubei_sim.model.mechanisms.returns import T_RETURNS
from koubei_sim.model.mechanisms.rival import T_RIVAL_TAKEN
from koubei_sim.model.mechanisms.supply import T_WAITS

CLAIMS_AHEAD = 12


@part
def wait_for_supply(s, r, t, claim, row):
    """Put a claimed agent into the queue for a unit."""
    i = claim.agent
    set_stage(s, i, WAITING)
    s.wait_since[i] = t
    s.wait_recruiter[i] = claim.recruiter
    s.wait_channel[i] = claim.channel
    s.actor[i].product = claim.product
    remove(s.hearing, i)
    insert(s.waiting, i)
    insert(s.talkers, i)
    s.waiters[s.n_waiters[0]] = i
    s.n_waiters[0] += 1
    row[T_WAITS] += 1


@part
def settle_claims(s, r, t, row):
    """Let the claimed adopt, or wait: by ascending number, for one may be the other's recruiter."""
    count = s.n_claims[0]
    if count > 0:
        order = np.argsort(s.claims[:count]["agent"])
        actors, listeners = s.actor.ctypes.data, s.listener.ctypes.data
        width, listener_width = np.uintp(s.actor.itemsize), np.uintp(s.listener.itemsize)
        for k in range(count):
            if k + CLAIMS_AHEAD < count:
                ahead = s.claims[order[k + CLAIMS_AHEAD]]
                prefetch(actors + np.uintp(ahead.agent) * width)
                prefetch(listeners + np.uintp(ahead.agent) * listener_width)
                if ahead.recruiter >= 0:
                    prefetch(actors + np.uintp(ahead.recruiter) * width)
            c = s.claims[order[k]]
            if r.supply_on == 1:
                wait_for_supply(s, r, t, c, row)
            else:
                adopt(s, r, t, c.agent, c.recruiter, c.channel, c.product, row)


@part
def turn_away(s, r, t, row):
    """Settle rejections, relays, rival offers and returns, in this order."""
    for k in range(s.n_rejected[0]):
        i = s.rejected[k]
        set_stage(s, i, REJECTED)
        remove(s.hearing, i)
        insert(s.talkers, i)
        s.actor[i].talk_until = t + r.rejecter_days
        row[T_REJECTIONS] += 1
        log_event(s, t, i, LOG_REJECT, -1, -1, (s.listener[i].heard >> 4) & 3, 0)
        schedule_return(s, r, i, t, REJECTED)
    for k in range(s.n_newly[0]):
        i = s.newly[k]
        if s.stage[i] == AWARE:
            s.actor[i].talk_until = t + r.relay_days
            insert(s.talkers, i)
    if r.rival_on == 1:
        i = s.rival_head[t]
        while i >= 0:
            following = s.rival_next[i]
            if s.stage[i] == AWARE or s.stage[i] == UNAWARE:
                set_stage(s, i, RIVAL)
                remove(s.hearing, i)
                remove(s.talkers, i)
                row[T_RIVAL_TAKEN] += 1
                log_event(s, t, i, LOG_RIVAL, -1, -1, 0, 0)
                schedule_return(s, r, i, t, RIVAL)
            next_offer(s, r, i, t)
            i = following
    i = s.return_head[t]
    while i >= 0:
        following = s.return_next[i]
        back_to_aware(s, r, i, t)
        s.actor[i].talk_until = t
        row[T_RETURNS] += 1
        i = following
