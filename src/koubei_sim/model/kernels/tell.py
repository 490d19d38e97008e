"""tell: online users, relays, waiting agents and rejecters talk on their channels."""

from __future__ import annotations

import numpy as np

from koubei_sim.core.codes import (
    AWARE,
    CORE,
    FULL16,
    HOPS,
    KIND_REJECTER,
    KIND_RELAY,
    KIND_WAITING,
    NO_STORY,
    USER,
    WAITING,
)
from koubei_sim.core.compiling import part
from koubei_sim.core.draws import HAZARD_CAP, draw32, stream
from koubei_sim.model.kernels import team
from koubei_sim.model.kernels.appeal import of_telling, retold
from koubei_sim.model.kernels.bonds import bind, trusted
from koubei_sim.model.kernels.engagement import add_engagement, stick
from koubei_sim.model.kernels.events import guessing, lifts_of_telling, take_part
from koubei_sim.model.kernels.registration import lurks
from koubei_sim.model.kernels.segments import telling
from koubei_sim.model.kernels.surprises import surprised
from koubei_sim.model.kernels.talking_points import hear_news
from koubei_sim.model.mechanisms.dilution import T_TELLS_ENTHUSIAST
from koubei_sim.model.mechanisms.rejection import T_TELLS_REJECTER
from koubei_sim.model.mechanisms.relays import T_TELLS_RELAY
from koubei_sim.model.mechanisms.sharing import T_SHARES
from koubei_sim.model.mechanisms.telling import (
    DRAW_REPLY,
    DRAW_TELL,
    FIRST,
    T_REPLIES,
    T_TELLS_HOP,
    T_TELLS_NEGATIVE,
    T_TELLS_POSITIVE,
)
from koubei_sim.model.mechanisms.waiting import T_TELLS_WAITING

BASE_TELL, BASE_REPLY = 40, 48  # offsets in State.bases


@part
def prepare(s, r, t):
    """Compute the bases of today's coins."""
    for c in range(r.n_channels):
        s.bases[BASE_TELL + c] = stream(r.key, r.replicate, DRAW_TELL, t, c)
        s.bases[BASE_REPLY + c] = stream(r.key, r.replicate, DRAW_REPLY, t, c)
    team.prepare(s, r, t)


@part
def tell(s, r, i, t, value, row):
    """Let online talker `i` pass all channels in turn (`value`: satisfaction of a user)."""
    a = s.actor[i]
    stage = s.stage[i]
    story = 0
    hop = 0
    product = a.product
    negative = 0
    if stage == USER:
        hear_news(s, r, i, t)
        kind = np.int64(a.tier)
        negative = 1 if value < 0.0 else 0
        if a.story != NO_STORY and t <= a.story_until:
            story = 1 + np.int64(a.story)
    elif stage == WAITING:
        if r.waiting16 == 0:
            return
        kind = KIND_WAITING
        negative = 1 if r.waiting_sign < 0 else 0
    else:
        heard = s.listener[i].heard
        product = np.uint8((heard >> 4) & 3)
        if stage == AWARE:
            kind = KIND_RELAY
            hop = np.int64(heard & 15) + 1
            if hop >= HOPS:
                return
            negative = np.int64(heard >> 6) & 1
        else:
            kind = KIND_REJECTER
            negative = 1
    told_any, present = False, False
    novelty = r.novelty16[t - a.last_story]
    # Taken out of their blocks here, or every store below would have them read again.
    opens, tell32, lift_tell16, bases = r.channel_opens, r.tell32, lifts_of_telling(r), s.bases
    own16 = s.tell16[i] if r.own_on == 1 else FULL16
    differs = r.segments_differ == 1 and stage == USER
    channels = np.int64(a.channels)
    for c in range(r.n_channels):
        if (channels >> c) & 1 == 0 or t < opens[c]:
            continue
        threshold = retold(s, r, i, kind, (tell32[c, kind] * novelty) >> 16)
        threshold = (threshold * lift_tell16[c, t]) >> 16
        if differs:
            threshold = telling(r, a, threshold)
        elif kind == KIND_RELAY:
            threshold = guessing(r, threshold, c, t)
        threshold = (threshold * own16) >> 16
        coin = draw32(bases[BASE_TELL + c], i)
        shared = False
        if coin >= threshold:
            if kind > CORE or negative or coin - threshold >= r.share32[c]:
                continue
            shared = True
        if lurks(s, r, i, c):
            continue
        told_any = True
        times = np.int64((a.told >> np.uint64(8 * c)) & np.uint64(255))
        h = r.message_hazard[c, kind, story, hop]
        h = (h * r.repeat16[times]) >> 16
        if negative:
            h = (h * r.negativity16) >> 16
        if kind == KIND_WAITING:
            h = (h * r.waiting16) >> 16
        elif kind <= CORE and negative == 0:
            h = trusted(s, r, i, t, h)
            if shared:
                h = (h * r.share16[c]) >> 16
                row[T_SHARES + c] += 1
        h = min(h, HAZARD_CAP)
        if times < 255:
            a.told += np.uint64(1) << np.uint64(8 * c)
        first = 0
        if negative == 0 and (a.told_positive >> c) & 1 == 0:
            first = FIRST
            a.told_positive |= np.uint8(1 << c)
        k = s.told[negative, c]
        m = s.outbox[negative, c, k]
        m.hazard = h
        m.teller = i
        m.product = product
        m.hop = hop | first
        m.appeal = of_telling(s, r, i, t, c, kind)
        s.told[negative, c] = k + 1
        row[T_TELLS_HOP + hop] += 1
        if kind > CORE:
            if kind == KIND_RELAY:
                row[T_TELLS_RELAY + c] += 1
            elif kind == KIND_WAITING:
                row[T_TELLS_WAITING + c] += 1
            else:
                row[T_TELLS_REJECTER + c] += 1
            continue
        if negative:
            row[T_TELLS_NEGATIVE + c] += 1
        else:
            row[T_TELLS_POSITIVE + c] += 1
        replies = 0
        row[T_TELLS_ENTHUSIAST + c] += r.class_enthusiast[a.agent_class]
        if draw32(s.bases[BASE_REPLY + c], i) < (r.reply32[c] * s.reply16[c]) >> 16:
            replies = 1
            row[T_REPLIES + c] += 1
        elif team.replied(s, r, i, c, row):
            replies = 1
        if replies == 1:
            add_engagement(s, r, i, t, r.reply_gain)
            stick(s, r, i, t, c)
            bind(s, r, i, t)
        take_part(s, r, t, i, c, replies, row)
        if surprised(s, r, t, i, c, row):
            present = True
    if present:  # something to tell of from tomorrow on
        a.last_story = t
    if told_any and stage == USER:
        a.story = NO_STORY
