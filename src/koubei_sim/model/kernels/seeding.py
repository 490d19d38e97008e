"""seeding: the first users adopt before tick 0, or are won by hand; they become core users."""

from __future__ import annotations

import numpy as np

from koubei_sim.core.bits import insert
from koubei_sim.core.codes import AWARE, CORE, RECRUITER_SEED, UNAWARE
from koubei_sim.core.compiling import kernel, part
from koubei_sim.model.kernels.adoption import adopt
from koubei_sim.model.kernels.engagement import first_invites, move_tier
from koubei_sim.model.kernels.goods import first_needs
from koubei_sim.model.kernels.rival import first_offers
from koubei_sim.model.mechanisms.hearing import T_NEWLY_AWARE
from koubei_sim.model.mechanisms.seeding import T_WON_BY_HAND


@part
def win(s, r, t, i, row):
    """Let seed `i` adopt at tick `t` (-1: before the first) and become a core user."""
    insert(s.won_first, i)
    claim = s.claims[0]
    claim.agent = i
    claim.recruiter = RECRUITER_SEED
    claim.channel = -1
    claim.product = 0
    adopt(s, r, t, claim, row)
    a = s.actor[i]
    a.engagement = r.seed_engagement
    a.last_story = max(t, 0)
    if r.seed_home >= 0:
        a.rank = r.channel_rank[r.seed_home]
    move_tier(s, r, i, a, CORE)
    first_invites(r, a)


@kernel
def start(s, r, seeds, seed_day, row):
    """Place the seeds, now or in the calendar, and fill those of offers and needs."""
    for k in range(seeds.size):
        i = seeds[k]
        if r.by_hand == 0:
            win(s, r, -1, i, row)
        elif seed_day[k] < r.ticks:
            s.hand_next[i] = s.hand_head[seed_day[k]]
            s.hand_head[seed_day[k]] = i
    first_offers(s, r)
    first_needs(s, r, -1)


@part
def win_by_hand(s, r, t, row):
    """Win the seeds whose turn is today, as far as they can still be won."""
    if r.by_hand == 0:
        return
    i = s.hand_head[t]
    while i >= 0:
        if s.stage[i] in (UNAWARE, AWARE):
            row[T_NEWLY_AWARE] += np.int64(s.stage[i] == UNAWARE)
            row[T_WON_BY_HAND] += 1
            win(s, r, t, i, row)
        i = s.hand_next[i]
