"""serve: staff answer the day's complaints in turn; late answers are worth less; some leave."""

from __future__ import annotations

import numpy as np

from koubei_sim.core.codes import CORE, USER, WORTH_BINS
from koubei_sim.core.compiling import part
from koubei_sim.core.draws import draw32, pick, stream
from koubei_sim.model.kernels.bonds import bind
from koubei_sim.model.kernels.deeds import learn, note_deed
from koubei_sim.model.kernels.engagement import add_engagement, stick
from koubei_sim.model.kernels.sets import keyed_order
from koubei_sim.model.kernels.team import plan, rest
from koubei_sim.model.mechanisms.complaints import T_COMPLAINTS
from koubei_sim.model.mechanisms.loyalty import T_TIER
from koubei_sim.model.mechanisms.service import (
    DRAW_ANSWER,
    DRAW_QUEUE,
    T_ANSWERED,
    T_DROPPED,
    T_UNHELPED,
)


@part
def serves(r, c):
    """Return whether anybody ever answers on channel `c`."""
    return r.service_capacity[c] > 0 or r.moderation[c] > 0.0


@part
def on_duty(s, r, t):
    """Reckon what staff and core users can do today, and how well."""
    core = np.float64(s.stocks[T_TIER + CORE])
    for c in range(r.n_channels):
        s.capacity[c] = r.service_capacity[c] + np.int64(r.moderation[c] * core)
    plan(s, r, t)
    learn(s, r)


@part
def forget_answers(a):
    """Let a new user remember no answer."""
    a.served_until = -1


@part
def is_served(a, t):
    """Return whether a user remembers an answer."""
    return a.served_until >= t


@part
def service_channel(s, r, i, t, bits):
    """Return the channel on which `i` complains, picked by 32 bits; -1 when none would take it."""
    channels = s.actor[i].channels
    count = 0
    for c in range(r.n_channels):
        if serves(r, c) and t >= r.channel_opens[c] and (channels >> c) & 1:
            count += 1
    if count == 0:
        return -1
    wanted = pick(bits, count)
    for c in range(r.n_channels):
        if serves(r, c) and t >= r.channel_opens[c] and (channels >> c) & 1:
            if wanted == 0:
                return c
            wanted -= 1
    return -1


@part
def readiness(s):
    """Return the factor on complaining that yesterday's answers have taught."""
    return s.squeak[0]


@part
def pop(s, c):
    """Take the head of the queue of channel `c` out of it and return it."""
    i = s.queue_head[c]
    s.queue_head[c] = s.queue_next[i]
    if s.queue_head[c] < 0:
        s.queue_tail[c] = -1
    s.actor[i].pending = 0
    return i


@part
def answer(s, r, t, c, i, position, base, row):
    """Handle the complaint of user `i` as number `position` of the day."""
    if draw32(base, i) >= s.answer_now32[0]:
        row[T_UNHELPED + c] += 1
        return
    a = s.actor[i]
    bin_of_day = (position * WORTH_BINS) // s.capacity[c]
    worth = r.answer_worth16[(t - a.complained) * WORTH_BINS + bin_of_day]
    a.served_worth = worth
    a.served_until = t + r.bonus_days
    row[T_ANSWERED + c] += 1
    add_engagement(s, r, i, t, r.answer_gain * (worth / 65536.0))
    stick(s, r, i, t, c)
    bind(s, r, i, t)
    note_deed(s, r, t, i, c)


@part
def queue_up(s, r, t):
    """Let today's complaints join the queues, in keyed order."""
    for c in range(r.n_channels):
        if not serves(r, c):
            continue
        count = s.n_complaints[c]
        queue_base = stream(r.key, r.replicate, DRAW_QUEUE, t, c)
        keyed_order(s.complaints[c], count, queue_base, s.sort_keys)
        for k in range(count):
            i = s.complaints[c, k]
            s.queue_next[i] = -1
            if s.queue_tail[c] < 0:
                s.queue_head[c] = i
            else:
                s.queue_next[s.queue_tail[c]] = i
            s.queue_tail[c] = i


@part
def answer_queues(s, r, t, row):
    """Drop who has waited too long, then answer as many as there is staff for."""
    public, complaints = np.int64(0), np.int64(0)
    for c in range(r.n_channels):
        if not serves(r, c):
            rest(s, r, c, 0)
            continue
        while s.queue_head[c] >= 0 and t - s.actor[s.queue_head[c]].complained > r.patience:
            pop(s, c)
            row[T_DROPPED + c] += 1
        base = stream(r.key, r.replicate, DRAW_ANSWER, t, c)
        handled = 0
        while s.queue_head[c] >= 0 and handled < s.capacity[c]:
            i = pop(s, c)
            if s.stage[i] != USER:
                continue
            answer(s, r, t, c, i, handled, base, row)
            handled += 1
        rest(s, r, c, handled)
        s.helped[0] += row[T_ANSWERED + c]
        complaints += row[T_COMPLAINTS + c]
        if r.service_public[c] == 1:
            public += row[T_ANSWERED + c]
    share = min(1.0, np.float64(public) / np.float64(max(1, complaints)))
    s.squeak[0] = 1.0 + r.squeaky_wheel * share


@part
def who_leaves_queues(s, r, t, out):
    """List whom `answer_queues` will take out of the queues today; return their number.

    For runs that must fetch their records first (`partition`).  Changes nothing.
    """
    count = 0
    for c in range(r.n_channels):
        if not serves(r, c):
            continue
        i = s.queue_head[c]
        while i >= 0 and t - s.actor[i].complained > r.patience:
            out[count] = i
            count += 1
            i = s.queue_next[i]
        handled = 0
        while i >= 0 and handled < s.capacity[c]:
            out[count] = i
            count += 1
            handled += s.stage[i] == USER
            i = s.queue_next[i]
    return count
