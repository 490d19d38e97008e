"""seeding and adoption: how somebody becomes a user, and how the first ones do."""

from __future__ import annotations

from koubei_sim.core.bits import insert, remove
from koubei_sim.core.codes import CORE, LOG_ADOPT, NO_STORY, RECRUITER_MEDIA, RECRUITER_SEED, USER
from koubei_sim.core.compiling import kernel, part
from koubei_sim.core.draws import draw, draw32, exponential_units, stream
from koubei_sim.model.kernels.engagement import add_engagement, move_tier, promote
from koubei_sim.model.kernels.sets import log_event, set_stage
from koubei_sim.model.mechanisms.adoption import T_ADOPTIONS_CHANNEL, T_ADOPTIONS_SEGMENT
from koubei_sim.model.mechanisms.boards import DRAW_JOIN_BOARD
from koubei_sim.model.mechanisms.channels import T_MEMBERS
from koubei_sim.model.mechanisms.loyalty import T_ENTHUSIAST_TIER, T_TIER
from koubei_sim.model.mechanisms.media import T_ADOPTIONS_MEDIA
from koubei_sim.model.mechanisms.population import T_SEGMENT_USERS
from koubei_sim.model.mechanisms.rival import DRAW_RIVAL


@part
def adopt(s, r, t, i, recruiter, channel, product, row):
    """Make agent `i` a user at tick `t` (seeds: -1)."""
    set_stage(s, i, USER)
    a = s.actor[i]
    generation = 0
    if recruiter == RECRUITER_MEDIA:
        generation = 1
    elif recruiter >= 0:
        generation = min(65535, s.actor[recruiter].generation + 1)
    a.generation = generation
    a.product = product
    a.engagement = r.newcomer_engagement
    a.engaged = t
    a.rank = 0
    a.tier = 0
    a.invites = min(255, r.invite_grant[0])
    a.story = NO_STORY
    a.last_story = t
    a.served_until = -1
    s.listener[i].hazard = 0
    segment = r.class_segment[a.agent_class]
    s.change[T_TIER] += 1
    s.change[T_SEGMENT_USERS + segment] += 1
    if r.class_enthusiast[a.agent_class] == 1:
        s.change[T_ENTHUSIAST_TIER] += 1
    promote(s, r, i, a)
    remove(s.hearing, i)
    insert(s.talkers, i)
    for c in range(r.n_channels):
        if r.is_board[c] == 0 or r.join_board32[c] == 0 or max(t, 0) < r.channel_opens[c]:
            continue
        if (a.channels >> c) & 1:
            continue
        if draw32(stream(r.key, r.replicate, DRAW_JOIN_BOARD, 0, c), i) < r.join_board32[c]:
            a.channels |= 1 << c
            insert(s.members[c], i)
            s.change[T_MEMBERS + c] += 1
    log_event(s, t, i, LOG_ADOPT, recruiter, channel, product, generation)
    if recruiter == RECRUITER_SEED:
        return
    row[T_ADOPTIONS_SEGMENT + segment] += 1
    if recruiter == RECRUITER_MEDIA:
        row[T_ADOPTIONS_MEDIA + channel] += 1
        return
    row[T_ADOPTIONS_CHANNEL + channel] += 1
    if s.stage[recruiter] == USER:
        if s.recruits_today.size > 1:
            s.recruits_today[recruiter] += 1
        add_engagement(s, r, recruiter, t, r.recruit_gain)


@part
def next_offer(s, r, i, after):
    """Put the rival's next offer to agent `i`, later than tick `after`, into the calendar."""
    number = s.rival_offers[i]
    wait = max(1, exponential_units(draw(stream(r.key, r.replicate, DRAW_RIVAL, number, 0), i)))
    level = s.rival_level[i] + wait
    s.rival_level[i] = level
    s.rival_offers[i] = number + 1
    low, high = 0, r.ticks
    while low < high:  # first tick whose cumulative hazard reaches the level
        middle = (low + high) >> 1
        if r.rival_cumulative[middle] < level:
            low = middle + 1
        else:
            high = middle
    day = max(low, after + 1)
    if day < r.ticks:
        s.rival_next[i] = s.rival_head[day]
        s.rival_head[day] = i


@kernel
def start(s, r, seeds, row):
    """Place the seeds and fill the rival's calendar, before tick 0."""
    for k in range(seeds.size):
        i = seeds[k]
        adopt(s, r, -1, i, RECRUITER_SEED, -1, 0, row)
        a = s.actor[i]
        a.engagement = r.seed_engagement
        a.last_story = 0
        move_tier(s, r, i, a, CORE)
        a.invites = min(255, r.invite_grant[0])
    if r.rival_on == 1:
        for i in range(s.first, s.last):
            next_offer(s, r, i, -1)
