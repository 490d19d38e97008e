"""adoption: the one door through which anybody becomes a user.

Called by decide, supply, goods and seeding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.core.codes import (
    CASUAL,
    LOG_ADOPT,
    NO_STORY,
    RECRUITER_GOODS,
    RECRUITER_MEDIA,
    RECRUITER_SEED,
    USER,
)
from koubei_sim.model.mechanisms.adoption import T_ADOPTIONS_CHANNEL, T_ADOPTIONS_SEGMENT
from koubei_sim.model.mechanisms.media import T_ADOPTIONS_MEDIA
from koubei_sim.model.reference.engagement import (
    add_engagement,
    first_invites,
    promote,
    store_engagement,
)
from koubei_sim.model.reference.expectations import told_to
from koubei_sim.model.reference.observe import remember
from koubei_sim.model.reference.registration import join_boards
from koubei_sim.model.reference.state import NEVER

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day
    from koubei_sim.model.reference.state import Person, Pyramid

LAST_GENERATION = 65535


def adopt(model: Pyramid, day: Day, person: Person) -> None:
    """Make a person a user of `person.product`, won by `person.recruiter`."""
    rules, t = model.rules, day.t
    recruiter = model.people[person.recruiter] if person.recruiter >= 0 else None
    if recruiter is not None:
        person.generation = min(LAST_GENERATION, recruiter.generation + 1)
    else:
        person.generation = 0 if person.recruiter == RECRUITER_SEED else 1

    person.stage = USER
    person.adopted_at = t
    store_engagement(t, person, rules.newcomer_engagement)
    person.rank = 0
    person.tier = CASUAL
    first_invites(model, person)
    person.expected = told_to(model, person)
    person.story = NO_STORY
    person.last_story = t
    person.served_until = NEVER
    promote(model, person)
    join_boards(model, max(t, 0), person)
    if recruiter is not None and recruiter.stage == USER:
        day.recruits[recruiter.number] += 1
        add_engagement(model, t, recruiter, rules.recruit_gain)
    person.hazard = 0

    remember(model, t, LOG_ADOPT, person, person.product, person.generation)
    if t < 0:
        return
    day.row[T_ADOPTIONS_SEGMENT + person.segment] += 1
    if person.recruiter not in (RECRUITER_GOODS, RECRUITER_SEED):
        by = T_ADOPTIONS_MEDIA if person.recruiter == RECRUITER_MEDIA else T_ADOPTIONS_CHANNEL
        day.row[by + person.channel] += 1
