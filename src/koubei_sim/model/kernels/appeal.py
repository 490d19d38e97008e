"""appeal: the best of what is told is seen more and retold more, and may be shown to everybody."""

from __future__ import annotations

import numpy as np
from numba import njit

from koubei_sim.core.codes import KIND_RELAY, UNAWARE
from koubei_sim.core.compiling import part
from koubei_sim.core.draws import draw32, pick, stream
from koubei_sim.model.kernels.boards import UNIT32, expose, next_seers
from koubei_sim.model.kernels.copying import crowded
from koubei_sim.model.kernels.hearing import claim
from koubei_sim.model.mechanisms.appeal import (
    CLASSES,
    DRAW_AMPLIFY,
    DRAW_AMPLIFY_TIE,
    DRAW_APPEAL,
    DRAW_RIDE,
    MOST8,
    ONE8,
    T_AMPLIFIED,
)
from koubei_sim.model.mechanisms.telling import MOST_RATE32


@part
def matters(r):
    """Say whether tellings differ: to be asked before a loop."""
    return r.appeal_on == 1


@part
def retold(s, r, i, kind, threshold):
    """Return the threshold of telling of a relay by the appeal of what it heard."""
    if kind == KIND_RELAY and r.appeal_on == 1:
        return min(MOST_RATE32, (threshold * np.int64(s.heard_appeal[i])) >> 8)
    return threshold


@part
def of_telling(s, r, i, t, c, kind):
    """Return the appeal of what `i` tells on channel `c` today, in units of 1/256."""
    if r.appeal_on == 0:
        return np.int64(ONE8)
    if kind == KIND_RELAY:
        g = (np.int64(s.heard_appeal[i]) * r.fidelity16[c]) >> 16
    else:
        coin = draw32(stream(r.key, r.replicate, DRAW_APPEAL, t, c), i)
        g = r.appeal8[pick(coin, CLASSES)]
    rides = r.ride32[c, t]
    if rides > 0 and draw32(stream(r.key, r.replicate, DRAW_RIDE, t, c), i) < rides:
        g = (g * r.ride16[c, t]) >> 16
    return min(g, MOST8)


@njit(cache=True, inline="always")
def shown_below(limit, m):
    """Return what the coin of seeing must stay below for message `m`."""
    return min(UNIT32, (limit * np.int64(m.appeal)) >> 8)


@njit(cache=True, inline="always")
def keep(s, i, v, appeal):
    """Let one who has never heard of it, and sees this now, remember how much it appealed."""
    if v.stage == UNAWARE:
        s.heard_appeal[i] = appeal


@njit(cache=True, inline="always")
def drop(s, r, i):
    """Let one who forgets what it heard hear of it as for the first time."""
    if r.appeal_on == 1:
        s.heard_appeal[i] = ONE8


@part
def comes_first(messages, base, k, other):
    """Say whether a message appeals more than another; lots are drawn between equal ones."""
    one, two = messages[k].appeal, messages[other].appeal
    if one != two:
        return one > two
    lot, against = draw32(base, messages[k].teller), draw32(base, messages[other].teller)
    return lot < against or (lot == against and k < other)


@part
def next_best(messages, base, count, before):
    """Return the place of the most appealing message after that at place `before` (-1: of all)."""
    best = -1
    for k in range(count):
        if before >= 0 and (k == before or not comes_first(messages, base, before, k)):
            continue
        if best < 0 or comes_first(messages, base, k, best):
            best = k
    return best


@part
def amplify(s, r, t, row):
    """Show the most appealing praise of the day to the members of each channel that wants it."""
    for c in range(r.n_channels):
        count = min(r.amplify[c], s.told[0, c])
        best = np.int64(-1)
        lots = stream(r.key, r.replicate, DRAW_AMPLIFY_TIE, t, c)
        for rank in range(count):
            best = next_best(s.messages[0, c], lots, s.told[0, c], best)
            show(s, r, t, c, rank, s.messages[0, c, best], row)
        if s.first == 0:
            row[T_AMPLIFIED + c] += count


@part
def show(s, r, t, c, rank, m, row):
    """Let a story be seen by members of channel `c`; nobody is won by its own."""
    least = UNIT32 - crowded(s, r.amplify32[c])
    if least == UNIT32:
        return
    base = stream(r.key, r.replicate, DRAW_AMPLIFY, t, 8 * rank + c)
    product = np.int64(m.product)
    reading = (np.int64(0), np.int64(0), np.int64(0), m.hazard)
    w = s.first >> 6
    while w < (s.last + 63) >> 6:
        w, seers = next_seers(s, c, w, base, least)
        if r.appeal_on == 1:
            for k in range(seers):
                i = s.block_listener[k]
                keep(s, i, s.listener[i], m.appeal)
        for winner in range(expose(s, r, t, seers, product, reading, 8 + c, row)):
            i = s.block_listener[s.block_message[winner]]
            if i != m.teller:
                claim(s, i, m.teller, c, product)
