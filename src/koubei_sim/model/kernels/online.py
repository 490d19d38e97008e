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
from koubei_sim.model.kernels import bonds, expectations, fatigue, leaving, meetings
from koubei_sim.model.kernels import complain as complaining
from koubei_sim.model.kernels import participate as participating
from koubei_sim.model.kernels import tell as telling
from koubei_sim.model.kernels.satisfaction import satisfaction
from koubei_sim.model.kernels.sets import thinned
from koubei_sim.model.mechanisms.fit import T_PROMOTERS_ONLINE, T_UNHAPPY_ONLINE
from koubei_sim.model.mechanisms.online import DRAW_ONLINE, T_ONLINE_USERS

BASE_ONLINE = 0


@part
def tick_bases(s, r, t):
    """Compute the stream bases of the tick's coins once."""
    s.bases[BASE_ONLINE] = stream(r.key, r.replicate, DRAW_ONLINE, t, 0)
    complaining.prepare(s, r, t)
    expectations.prepare(s, r, t)
    fatigue.prepare(s, r, t)
    leaving.prepare(s, r, t)
    meetings.prepare(s, r, t)
    participating.prepare(s, r, t)
    telling.prepare(s, r, t)


@part
def who_is_online(s, r):
    """List the talkers whose coin falls, in ascending id, and the users who will leave today."""
    base, leave = s.bases[BASE_ONLINE], s.bases[leaving.BASE_CHURN]
    most = leaving.most_churn(r)
    talkers, online, threshold = s.talkers, s.online, s.online_threshold
    count = 0
    for w in range(s.first >> 6, (s.last + 63) >> 6):
        word = talkers[w]
        leavers = thinned(word, leave, w, most)
        while leavers != 0:
            i = (w << 6) + lowest_bit(leavers)
            leavers &= leavers - ONE
            if draw32(leave, i) < most and s.stage[i] == USER:
                leaving.drift(s, r, i)
        while word != 0:  # without a branch on the coin, which would be mispredicted
            i = (w << 6) + lowest_bit(word)
            word &= word - ONE
            online[count] = i
            count += np.int64(draw32(base, i) <= threshold[i])
    s.n_online[0] = count


@part
def take_turns(s, r, t, row):
    """Participate, complain and tell, agent by agent (nobody sees another's turn)."""
    count = s.n_online[0]
    actors = s.actor.ctypes.data
    width = np.uintp(s.actor.itemsize)
    for k in range(count):
        if k + 8 < count:
            prefetch(actors + np.uintp(s.online[k + 8]) * width)
            expectations.fetch(s, r, s.online[k + 8])
            bonds.fetch(s, r, s.online[k + 8])
        i = s.online[k]
        stage = s.stage[i]
        value = 0.0
        if stage == USER:
            fatigue.recover(s, r, i, t)
            value = satisfaction(s, r, i, t)
            row[T_ONLINE_USERS] += 1
            if value < 0.0:
                row[T_UNHAPPY_ONLINE] += 1
            elif value >= r.promoter:
                row[T_PROMOTERS_ONLINE] += 1
            participating.participate(s, r, i, t, row)
            complaining.complain(s, r, i, t, value, row)
            leaving.think_of_leaving(s, r, i, value)
            meetings.attend(s, r, t, i)
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
        if stage != USER:
            fatigue.recover(s, r, i, t)
        telling.tell(s, r, i, t, value, row)
