"""events: for some days more is told and noticed, and who takes part gains by what it achieves."""

from __future__ import annotations

import numpy as np
from numba import njit

from koubei_sim.core.codes import USER
from koubei_sim.core.compiling import part
from koubei_sim.model.kernels.engagement import add_engagement
from koubei_sim.model.mechanisms.events import T_EVENT_PARTICIPANTS
from koubei_sim.model.mechanisms.telling import MOST_RATE32


@njit(cache=True, inline="always")
def lifted(r, hazard, c, t):
    """Return a hazard on channel `c` as it is noticed today."""
    return (hazard * r.lift_visibility16[c, t]) >> 16


@njit(cache=True, inline="always")
def lifts_of_telling(r):
    """Return the factors on telling [8, T]: to be asked before a loop."""
    return r.lift_tell16


@njit(cache=True, inline="always")
def guessing(r, threshold, c, t):
    """Return the threshold of telling of one who only heard of it, under the riddle of today."""
    return (min(threshold, MOST_RATE32) * r.lift_retelling16[c, t]) >> 16


@part
def take_part(s, r, t, i, c, replies, row):
    """Note a telling of user `i` on channel `c`, where an event with a gain runs there."""
    if r.event_gain[c, t] > 0.0:
        k = s.n_participants[0]
        p = s.participants[k]
        p.agent = i
        p.channel = c
        p.replies = replies
        s.n_participants[0] = k + 1
        row[T_EVENT_PARTICIPANTS] += 1


@part
def count_recruit(s, recruiter):
    """Count a recruit of today."""
    if s.recruits_today.size > 1:
        s.recruits_today[recruiter] += 1


@part
def reward_participants(s, r, t):
    """Participants of events gain from the replies and recruits that they got themselves."""
    for k in range(s.n_participants[0]):
        p = s.participants[k]
        i = p.agent
        n = p.replies + s.recruits_today[i]
        if n > 0 and s.stage[i] == USER:
            share = np.float64(n) / (np.float64(n) + r.event_saturation[p.channel, t])
            add_engagement(s, r, i, t, r.event_gain[p.channel, t] * share)


@part
def forget_recruits(s):
    """Count tomorrow's recruits from nought: today's adoptions are the end of the log."""
    if s.recruits_today.size > 1:
        for k in range(s.n_log_before[0], s.n_log[0]):
            if s.log[k].recruiter >= 0:
                s.recruits_today[s.log[k].recruiter] = 0
