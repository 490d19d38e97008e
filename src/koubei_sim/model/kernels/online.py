"""online: one keyed coin per talker and tick decides who acts; then the turns are taken.

The list of who is online is made first, in a sequential scan over a bitset and a 4-byte
threshold; only the few who are online have their records touched, with the next ones
being prefetched meanwhile.
"""

from __future__ import annotations

import numpy as np

from koubei_sim.core.bits import ONE, lowest_bit, remove
from koubei_sim.core.codes import AWARE, REJECTED, USER, WAITING
from koubei_sim.core.compiling import part
from koubei_sim.core.draws import draw32, stream
from koubei_sim.core.prefetch import prefetch
from koubei_sim.model.kernels.complain import (
    BASE_CHURN,
    BASE_COMPLAIN,
    BASE_COMPLAIN_CHANNEL,
    BASE_LAPSE,
    BASE_REPORT_OF_COMPLAINT,
    complain,
)
from koubei_sim.model.kernels.participate import BASE_JOIN, BASE_REPORT, BASE_STORY, participate
from koubei_sim.model.kernels.satisfaction import satisfaction
from koubei_sim.model.kernels.sets import smallest
from koubei_sim.model.kernels.tell import BASE_REPLY, BASE_TELL, tell
from koubei_sim.model.mechanisms.complaints import DRAW_COMPLAIN, DRAW_COMPLAIN_CHANNEL
from koubei_sim.model.mechanisms.fit import T_UNHAPPY_ONLINE
from koubei_sim.model.mechanisms.leaving import DRAW_CHURN, DRAW_LAPSE
from koubei_sim.model.mechanisms.meetings import DRAW_ATTEND, DRAW_MEET, T_MEETING_ATTENDEES
from koubei_sim.model.mechanisms.online import DRAW_ONLINE, T_ONLINE_USERS
from koubei_sim.model.mechanisms.participation import DRAW_JOIN, DRAW_STORY
from koubei_sim.model.mechanisms.release import DRAW_REPORT, REPORT_OF_COMPLAINT
from koubei_sim.model.mechanisms.telling import DRAW_REPLY, DRAW_TELL

BASE_ONLINE, BASE_ATTEND = 0, 5


@part
def tick_bases(s, r, t):
    """Compute the stream bases of the tick's coins once."""
    key, rep = r.key, r.replicate
    s.bases[BASE_ONLINE] = stream(key, rep, DRAW_ONLINE, t, 0)
    s.bases[BASE_COMPLAIN] = stream(key, rep, DRAW_COMPLAIN, t, 0)
    s.bases[BASE_COMPLAIN_CHANNEL] = stream(key, rep, DRAW_COMPLAIN_CHANNEL, t, 0)
    s.bases[BASE_LAPSE] = stream(key, rep, DRAW_LAPSE, t, 0)
    s.bases[BASE_CHURN] = stream(key, rep, DRAW_CHURN, t, 0)
    s.bases[BASE_ATTEND] = stream(key, rep, DRAW_ATTEND, t, max(0, r.meeting_at[t]))
    for j in range(r.n_nodes):
        s.bases[BASE_JOIN + j] = stream(key, rep, DRAW_JOIN, t, j)
        s.bases[BASE_STORY + j] = stream(key, rep, DRAW_STORY, t, j)
        s.bases[BASE_REPORT + j] = stream(key, rep, DRAW_REPORT, t, j)
    s.bases[BASE_REPORT_OF_COMPLAINT] = stream(key, rep, DRAW_REPORT, t, REPORT_OF_COMPLAINT)
    for c in range(r.n_channels):
        s.bases[BASE_TELL + c] = stream(key, rep, DRAW_TELL, t, c)
        s.bases[BASE_REPLY + c] = stream(key, rep, DRAW_REPLY, t, c)


@part
def who_is_online(s):
    """List the talkers whose coin falls, in ascending id."""
    base = s.bases[BASE_ONLINE]
    count = 0
    for w in range(s.first >> 6, (s.last + 63) >> 6):
        word = s.talkers[w]
        while word != 0:
            i = (w << 6) + lowest_bit(word)
            word &= word - ONE
            if draw32(base, i) <= s.online_threshold[i]:
                s.online[count] = i
                count += 1
    s.n_online[0] = count


@part
def take_turns(s, r, t, row):
    """Participate, complain and tell, agent by agent (nobody sees another's turn)."""
    count = s.n_online[0]
    actors = s.actor.ctypes.data
    width = np.uintp(s.actor.itemsize)
    meeting = r.meeting_at[t]
    for k in range(count):
        if k + 8 < count:
            prefetch(actors + np.uintp(s.online[k + 8]) * width)
        i = s.online[k]
        stage = s.stage[i]
        value = 0.0
        if stage == USER:
            a = s.actor[i]
            value = satisfaction(s, r, a, t)
            row[T_ONLINE_USERS] += 1
            if value < 0.0:
                row[T_UNHAPPY_ONLINE] += 1
            participate(s, r, i, t, row)
            complain(s, r, i, t, value, row)
            if (
                meeting >= 0
                and (a.channels >> r.meeting_channel[meeting]) & 1
                and draw32(s.bases[BASE_ATTEND], i) < r.meeting_attend32[meeting]
            ):
                s.attendees[s.n_attendees[0]] = i
                s.n_attendees[0] += 1
        elif stage == WAITING:
            if r.waiting_tells == 0:
                continue
        elif stage in (AWARE, REJECTED):
            if t > s.actor[i].talk_until:
                remove(s.talkers, i)
                continue
        else:
            remove(s.talkers, i)
            continue
        tell(s, r, i, t, value, row)


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
