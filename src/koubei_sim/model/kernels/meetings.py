"""offline meetings: users come together, are moved by it, and leave with new ties."""

from __future__ import annotations

from koubei_sim.core.codes import USER
from koubei_sim.core.compiling import part
from koubei_sim.core.draws import draw32, stream
from koubei_sim.model.kernels.bonds import visit
from koubei_sim.model.kernels.engagement import add_engagement
from koubei_sim.model.kernels.sets import smallest
from koubei_sim.model.mechanisms.meetings import DRAW_ATTEND, DRAW_MEET, T_MEETING_ATTENDEES

BASE_ATTEND = 5


@part
def prepare(s, r, t):
    """Compute the base of today's coins."""
    number = max(0, r.meeting_at[t])
    s.bases[BASE_ATTEND] = stream(r.key, r.replicate, DRAW_ATTEND, t, number)


@part
def attend(s, r, t, i):
    """Let online user `i` want to come to today's meeting."""
    meeting = r.meeting_at[t]
    if (
        meeting >= 0
        and (s.actor[i].channels >> r.meeting_channel[meeting]) & 1
        and draw32(s.bases[BASE_ATTEND], i) < r.meeting_attend32[meeting]
    ):
        s.attendees[s.n_attendees[0]] = i
        s.n_attendees[0] += 1


@part
def choose_attendees(s, r, t, row):
    """Keep as many of those who would come to the meeting as there is room for."""
    meeting = r.meeting_at[t]
    if meeting >= 0:
        wanted = min(s.n_attendees[0], r.meeting_cap[meeting])
        base = stream(r.key, r.replicate, DRAW_MEET, t, meeting)
        smallest(s.attendees, s.n_attendees[0], wanted, base, s.sort_keys)
        s.n_attendees[0] = wanted
        row[T_MEETING_ATTENDEES] += wanted


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
            visit(s, r, s.attendees[k], t, m)
    reach = min(r.meeting_ties[m], (present_now - 1) // 2)
    for k in range(present_now):
        for step in range(1, reach + 1):
            u, v = s.attendees[k], s.attendees[(k + step) % present_now]
            add_tie(s, u, v, r.meeting_channel[m])
            add_tie(s, v, u, r.meeting_channel[m])
