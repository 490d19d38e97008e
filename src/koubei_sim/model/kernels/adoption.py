"""adoption: how somebody becomes a user, the one door for all."""

from __future__ import annotations

from koubei_sim.core.bits import insert, remove
from koubei_sim.core.codes import (
    LOG_ADOPT,
    RECRUITER_GOODS,
    RECRUITER_MEDIA,
    RECRUITER_SEED,
    USER,
)
from koubei_sim.core.compiling import part
from koubei_sim.model.kernels.engagement import add_engagement, begin_as_user
from koubei_sim.model.kernels.events import count_recruit
from koubei_sim.model.kernels.expectations import begin as begin_to_expect
from koubei_sim.model.kernels.participate import forget_stories
from koubei_sim.model.kernels.registration import join_boards
from koubei_sim.model.kernels.serve import forget_answers
from koubei_sim.model.kernels.sets import log_event, set_stage
from koubei_sim.model.mechanisms.adoption import T_ADOPTIONS_CHANNEL, T_ADOPTIONS_SEGMENT
from koubei_sim.model.mechanisms.media import T_ADOPTIONS_MEDIA
from koubei_sim.model.mechanisms.population import T_SEGMENT_USERS


@part
def adopt(s, r, t, claim, row):
    """Make the agent of a claim a user at tick `t` (seeds: -1)."""
    i, recruiter, channel = claim.agent, claim.recruiter, claim.channel
    set_stage(s, i, USER)
    a = s.actor[i]
    generation = 0
    if recruiter in (RECRUITER_MEDIA, RECRUITER_GOODS):
        generation = 1
    elif recruiter >= 0:
        generation = min(65535, s.actor[recruiter].generation + 1)
    a.generation = generation
    a.product = claim.product
    a.last_story = t
    forget_stories(a)
    forget_answers(a)
    s.listener[i].hazard = 0
    segment = r.class_segment[a.agent_class]
    s.change[T_SEGMENT_USERS + segment] += 1
    begin_as_user(s, r, t, i, a)
    begin_to_expect(s, r, i, claim.product)
    remove(s.hearing, i)
    insert(s.talkers, i)
    join_boards(s, r, max(t, 0), i)
    log_event(s, t, i, LOG_ADOPT, recruiter, channel, claim.product, generation)
    if t < 0:  # a seed of the start is no flow of any day
        return
    row[T_ADOPTIONS_SEGMENT + segment] += 1
    if recruiter in (RECRUITER_SEED, RECRUITER_GOODS):
        return
    if recruiter == RECRUITER_MEDIA:
        row[T_ADOPTIONS_MEDIA + channel] += 1
        return
    row[T_ADOPTIONS_CHANNEL + channel] += 1
    if s.stage[recruiter] == USER:
        count_recruit(s, recruiter)
        add_engagement(s, r, recruiter, t, r.recruit_gain)
