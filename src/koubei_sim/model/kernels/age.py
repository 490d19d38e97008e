"""age: meetings and events leave their mark, and once a week tiers are looked at again."""

from __future__ import annotations

import numpy as np

from koubei_sim.core.bits import ONE, lowest_bit
from koubei_sim.core.codes import USER
from koubei_sim.core.compiling import part
from koubei_sim.core.prefetch import prefetch
from koubei_sim.model.kernels.engagement import add_engagement, move_tier, present


@part
def add_tie(s, u, v, channel):
    """Let `v` hear what `u` tells on `channel` from now on."""
    k = s.n_ties[0]
    s.ties[k].target = v
    s.ties[k].channel = channel
    s.ties[k].following = s.tie_head[u]
    s.tie_head[u] = k
    s.n_ties[0] = k + 1


@part
def meet(s, r, t):
    """Gains and new ties of those present at today's meeting, around a keyed circle."""
    m = r.meeting_at[t]
    if m < 0:
        return
    present_now = s.n_attendees[0]
    for k in range(present_now):
        if s.stage[s.attendees[k]] == USER:
            add_engagement(s, r, s.attendees[k], t, r.meeting_gain[m])
    reach = min(r.meeting_ties[m], (present_now - 1) // 2)
    for k in range(present_now):
        for step in range(1, reach + 1):
            u, v = s.attendees[k], s.attendees[(k + step) % present_now]
            add_tie(s, u, v, r.meeting_channel[m])
            add_tie(s, v, u, r.meeting_channel[m])


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
def review(s, r, t):
    """Once a week demote every user whose present engagement no longer keeps the tier."""
    if (t + 1) % 7 != 0:
        return
    actors = s.actor.ctypes.data
    width = np.uintp(s.actor.itemsize)
    raised = s.raised
    end = (s.last + 63) >> 6
    for w in range(s.first >> 6, end):
        word = raised[w]
        ahead = raised[w + 1] if w + 1 < end else np.uint64(0)
        while ahead != 0:
            i = ((w + 1) << 6) + lowest_bit(ahead)
            prefetch(actors + np.uintp(i) * width)
            ahead &= ahead - ONE
        while word != 0:
            i = (w << 6) + lowest_bit(word)
            word &= word - ONE
            a = s.actor[i]
            e = present(a, r, t)
            tier = a.tier
            while tier > 0 and e < r.tier_keep[tier]:
                tier -= 1
            if tier != a.tier:
                move_tier(s, r, i, a, tier)


@part
def forget_recruits(s):
    """Count tomorrow's recruits from nought: today's adoptions are the end of the log."""
    if s.recruits_today.size > 1:
        for k in range(s.n_log_before[0], s.n_log[0]):
            if s.log[k].recruiter >= 0:
                s.recruits_today[s.log[k].recruiter] = 0
