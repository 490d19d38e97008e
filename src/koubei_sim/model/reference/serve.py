"""serve: the staff answer complaints, as many as they can, and who was not helped may leave.

A queue per channel; the worth of an answer falls with the days waited and with the place in
the day's work.  Seventh step of the schedule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.core.codes import CORE, USER, WORTH_BINS
from koubei_sim.model.mechanisms.service import (
    DRAW_ANSWER,
    DRAW_QUEUE,
    T_ANSWERED,
    T_DROPPED,
    T_UNHELPED,
)
from koubei_sim.model.reference.bonds import bind
from koubei_sim.model.reference.deeds import answer_chance32, perhaps_tell_of_it
from koubei_sim.model.reference.engagement import add_engagement, stick
from koubei_sim.model.reference.team import count_minutes

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day
    from koubei_sim.model.reference.state import Person, Pyramid


def staff(model: Pyramid) -> None:
    """Reckon how many complaints staff and moderators, core users, can handle today."""
    rules = model.rules
    core = sum(person.stage == USER and person.tier == CORE for person in model.people)
    for c in range(rules.n_channels):
        model.capacity[c] = rules.service_capacity[c] + int(rules.moderation[c] * core)


def has_service(model: Pyramid, c: int) -> bool:
    """Say whether complaints are taken on a channel, by staff or by moderators."""
    return bool(model.rules.service_capacity[c] > 0 or model.rules.moderation[c] > 0)


def serve(model: Pyramid, day: Day) -> None:
    """Work the queues, set tomorrow's squeak."""
    rules = model.rules
    answered_in_public = answered_today = 0
    chance32 = answer_chance32(model)  # what is done well today is learnt from tomorrow on
    for c in range(rules.n_channels):
        if has_service(model, c):
            answered = work_queue(model, day, c, chance32)
            answered_today += answered
            if rules.service_public[c]:
                answered_in_public += answered
        else:
            count_minutes(model, c, 0)
    model.helped += answered_today
    complaints = sum(len(filed) for filed in day.complaints.values())
    model.squeak = 1.0 + rules.squeaky_wheel * min(1.0, answered_in_public / max(1, complaints))


def service_channels(model: Pyramid, t: int, user: Person) -> list[int]:
    """Return the open channels with service that the user is a member of, ascending."""
    rules = model.rules
    return [
        c
        for c in range(rules.n_channels)
        if has_service(model, c) and t >= rules.channel_opens[c] and c in user.channels
    ]


def work_queue(model: Pyramid, day: Day, c: int, chance32: int) -> int:
    """Take in today's complaints of channel c, drop the stale, handle up to the capacity.

    Returns
    -------
    int
        The number of people answered.
    """
    rules, t, queue = model.rules, day.t, model.queues[c]
    today = day.complaints.get(c, [])
    queue.extend(sorted(today, key=lambda user: model.coins.word(DRAW_QUEUE, t, c, user.number)))

    while queue and t - queue[0].complained_at > rules.patience:
        queue.pop(0).complaint_pending = False
        day.row[T_DROPPED + c] += 1

    handled = answered = 0
    while queue and handled < model.capacity[c]:
        user = queue.pop(0)
        user.complaint_pending = False
        if user.stage != USER:  # has left: costs no capacity
            continue
        if model.coins.coin(DRAW_ANSWER, t, c, user.number) < chance32:
            answer(model, t, user, c, place=handled)
            answered += 1
            day.row[T_ANSWERED + c] += 1
        else:
            day.row[T_UNHELPED + c] += 1
        handled += 1
    count_minutes(model, c, handled)
    return answered


def is_served(user: Person, t: int) -> bool:
    """Say whether a user still remembers an answer of the staff."""
    return user.served_until >= t


def answer(model: Pyramid, t: int, user: Person, c: int, place: int) -> None:
    """Help a user; `place` is the position in the day's work, from 0."""
    rules = model.rules
    bin_of_day = place * WORTH_BINS // model.capacity[c]
    worth = rules.answer_worth16[(t - user.complained_at) * WORTH_BINS + bin_of_day]
    user.served_worth = worth
    user.served_until = t + rules.bonus_days
    add_engagement(model, t, user, rules.answer_gain * (worth / 65536.0))
    stick(model, t, user, c)
    bind(model, t, user)
    perhaps_tell_of_it(model, t, user, c)
