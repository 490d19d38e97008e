"""leaving: coins are tossed every day, and settled when the staff have answered."""

from __future__ import annotations

from numba import njit

from koubei_sim.core.bits import has, remove
from koubei_sim.core.codes import LAPSED, LOG_LAPSE, USER
from koubei_sim.core.compiling import part
from koubei_sim.core.draws import draw32, stream
from koubei_sim.model.kernels import segments
from koubei_sim.model.kernels.engagement import leave_tier
from koubei_sim.model.kernels.returns import schedule_return
from koubei_sim.model.kernels.serve import is_served
from koubei_sim.model.kernels.sets import log_event, set_stage
from koubei_sim.model.mechanisms.leaving import DRAW_CHURN, DRAW_LAPSE, T_CHURNS, T_LAPSES
from koubei_sim.model.mechanisms.population import T_SEGMENT_USERS

BASE_LAPSE, BASE_CHURN = 3, 4


@part
def prepare(s, r, t):
    """Compute the bases of today's coins."""
    s.bases[BASE_LAPSE] = stream(r.key, r.replicate, DRAW_LAPSE, t, 0)
    s.bases[BASE_CHURN] = stream(r.key, r.replicate, DRAW_CHURN, t, 0)


@njit(cache=True, inline="always")
def most_churn(r):
    """Return the largest threshold of leaving of itself: to be asked before a loop."""
    most = max(r.churn32[0], r.churn32[1], r.churn32[2], r.churn32[3])
    return segments.most_leaving(r, most)


@part
def stays(s, r, i):
    """Say whether user `i` never leaves: staff."""
    return r.seeds_stay == 1 and has(s.won_first, i)


@part
def drift(s, r, i):
    """Toss the coin of leaving for no reason in the model of user `i`, online or not."""
    a = s.actor[i]
    leaves = draw32(s.bases[BASE_CHURN], i) < segments.leaving(r, a, r.churn32[a.tier])
    if leaves and not stays(s, r, i):
        s.drifters[s.n_drifters[0]] = i
        s.n_drifters[0] += 1


@part
def think_of_leaving(s, r, i, value):
    """Toss the coin of leaving of online user `i` with satisfaction `value`."""
    if value < 0.0 and draw32(s.bases[BASE_LAPSE], i) < r.lapse32 and not stays(s, r, i):
        s.leavers[s.n_leavers[0]] = i
        s.n_leavers[0] += 1


@part
def let_leavers_go(s, r, t, row):
    """Turn those into lapsed ones who leave of themselves, or whom no answer of today has kept."""
    for k in range(s.n_drifters[0]):
        row[T_CHURNS] += 1
        leave(s, r, s.drifters[k], t)
    for k in range(s.n_leavers[0]):
        i = s.leavers[k]
        if s.stage[i] == USER and not is_served(s.actor[i], t):
            row[T_LAPSES] += 1
            leave(s, r, i, t)


@part
def leave(s, r, i, t):
    """Turn a user into a lapsed one."""
    a = s.actor[i]
    s.change[T_SEGMENT_USERS + r.class_segment[a.agent_class]] -= 1
    leave_tier(s, r, i, a)
    set_stage(s, i, LAPSED)
    remove(s.talkers, i)
    log_event(s, t, i, LOG_LAPSE, -1, -1, a.product, a.generation)
    schedule_return(s, r, i, t, LAPSED, r.lapsed_return)
