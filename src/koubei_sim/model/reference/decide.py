"""decide: the claimed adopt or wait, the repelled turn away, the rival takes, some return.

Holds `adopt`, the one door through which anybody becomes a user (also called by supply and
seeding), and `schedule_return`, the one way back.  Fifth step of the schedule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from koubei_sim.core.codes import (
    AWARE,
    CASUAL,
    DRAW_JOIN_BOARD,
    DRAW_RETURN,
    DRAW_RIVAL,
    LOG_ADOPT,
    LOG_REJECT,
    LOG_RIVAL,
    NO_STORY,
    RECRUITER_MEDIA,
    RECRUITER_SEED,
    REJECTED,
    RIVAL,
    T_ADOPTIONS_CHANNEL,
    T_ADOPTIONS_MEDIA,
    T_ADOPTIONS_SEGMENT,
    T_REJECTIONS,
    T_RETURNS,
    T_RIVAL_TAKEN,
    T_WAITS,
    UNAWARE,
    USER,
    WAITING,
)
from koubei_sim.core.draws import RESISTANCE_BITS, exponential_units
from koubei_sim.model.reference.engagement import (
    MOST_INVITES,
    add_engagement,
    promote,
    store_engagement,
)
from koubei_sim.model.reference.observe import remember
from koubei_sim.model.reference.state import NEVER

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day
    from koubei_sim.model.reference.state import Person, Pyramid

LAST_GENERATION = 65535


def decide(model: Pyramid, day: Day) -> None:
    """Settle claims, rejections, relays, rival offers and returns, each in ascending order."""
    rules, t = model.rules, day.t
    for person in in_order(day.claimed):
        if rules.supply_on:
            person.stage = WAITING
            person.waits_since = t
            day.row[T_WAITS] += 1
        else:
            adopt(model, day, person)
    for person in in_order(day.rejected):
        person.talk_until = t + rules.rejecter_days
        schedule_return(model, t, person, REJECTED, rules.rejected_return)
        remember(model, t, LOG_REJECT, person, person.product_heard)
        day.row[T_REJECTIONS] += 1
    if rules.relay_on:
        for person in in_order(day.newly_aware):
            if person.stage == AWARE:
                person.talk_until = t + rules.relay_days
    if rules.rival_on:
        for person in model.people:
            rival_offer(model, day, person)
    for person in model.people:
        if person.return_at == t:
            come_back(t, person)
            person.talk_until = t  # nothing new to relay
            person.return_at = NEVER
            day.row[T_RETURNS] += 1


def in_order(people: list[Person]) -> list[Person]:
    """Return people in ascending order of their numbers."""
    return sorted(people, key=lambda person: person.number)


# ------------------------------------------------------------------ adoption


def adopt(model: Pyramid, day: Day, person: Person) -> None:
    """Make a claimed or waiting person a user of `person.product`, won by `person.recruiter`."""
    rules, t = model.rules, day.t
    recruiter = model.people[person.recruiter] if person.recruiter >= 0 else None
    if recruiter is not None:
        person.generation = min(LAST_GENERATION, recruiter.generation + 1)
    else:
        person.generation = 1 if person.recruiter == RECRUITER_MEDIA else 0

    person.stage = USER
    person.adopted_at = t
    store_engagement(t, person, rules.newcomer_engagement)
    person.rank = 0
    person.tier = CASUAL
    person.invites = min(MOST_INVITES, rules.invite_grant[CASUAL])
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
    if person.recruiter != RECRUITER_SEED:
        by = T_ADOPTIONS_MEDIA if person.recruiter == RECRUITER_MEDIA else T_ADOPTIONS_CHANNEL
        day.row[by + person.channel] += 1
        day.row[T_ADOPTIONS_SEGMENT + person.segment] += 1


def join_boards(model: Pyramid, t: int, person: Person) -> None:
    """Let a new user join open boards; the coin is the same whenever it adopts."""
    rules = model.rules
    for c in range(rules.n_channels):
        if (
            rules.is_board[c]
            and c not in person.channels
            and t >= rules.channel_opens[c]
            and model.coins.coin(DRAW_JOIN_BOARD, 0, c, person.number) < rules.join_board32[c]
        ):
            person.channels.add(c)


# ------------------------------------------------------------------ the rival, and the way back


def rival_offer(model: Pyramid, day: Day, person: Person) -> None:
    """Let today's offer of the rival reach a person, if one falls today.

    Offers form a Poisson process in cumulative hazard, at most one a tick; those to people
    who are neither unaware nor aware pass.
    """
    rules, t = model.rules, day.t
    if person.offer_at_hazard is None:
        person.offer_at_hazard = offer_gap(model, person)
    if rules.rival_cumulative[t] < person.offer_at_hazard:
        return
    person.offers += 1
    person.offer_at_hazard += offer_gap(model, person)
    if person.stage in (UNAWARE, AWARE):
        person.stage = RIVAL
        schedule_return(model, t, person, RIVAL, rules.replacement_days)
        remember(model, t, LOG_RIVAL, person)
        day.row[T_RIVAL_TAKEN] += 1


def offer_gap(model: Pyramid, person: Person) -> int:
    """Return the hazard between the last offer to a person and its next, units of 2**-26."""
    bits = model.coins.word(DRAW_RIVAL, person.offers, 0, person.number)
    return max(1, exponential(bits))


def schedule_return(model: Pyramid, t: int, person: Person, reason: int, mean_days: int) -> None:
    """Set the tick on which one who left the market comes back; mean 0: never."""
    if mean_days == 0:
        person.return_at = NEVER
        return
    bits = model.coins.word(DRAW_RETURN, t, reason, person.number)
    person.return_at = t + 1 + (exponential(bits) * mean_days >> RESISTANCE_BITS)


def exponential(bits: int) -> int:
    """Return an Exp(1) variable in units of 2**-26 from 64 bits."""
    return int(exponential_units(np.uint64(bits)))


def come_back(t: int, person: Person) -> None:
    """Put a person back into the market: aware, with nothing heard yet."""
    person.stage = AWARE
    person.hazard = 0
    person.tellers = 0
    person.board_heard.clear()
    person.touched = t
