"""satisfaction: what the product gives a user today, over the bar.

Called by the schedule at the start of the turn of each online user; complain and tell ask
whether it came out negative.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.model.mechanisms.fit import T_PROMOTERS_ONLINE, T_UNHAPPY_ONLINE
from koubei_sim.model.mechanisms.online import T_ONLINE_USERS
from koubei_sim.model.reference.backlog import missed
from koubei_sim.model.reference.belonging import content_among_fans
from koubei_sim.model.reference.engagement import present_engagement
from koubei_sim.model.reference.expectations import expected, follow
from koubei_sim.model.reference.serve import is_served

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day
    from koubei_sim.model.reference.state import Person, Pyramid


def satisfaction(model: Pyramid, day: Day, user: Person) -> float:
    """Return s of an online user; note the unhappy (s < 0) and the promoters (s >= `promoter`).

    ``s = q - d (1 - x) + taste - bar + loyalty_bonus e / (1 + e)``, plus the service bonus
    while an answer of the staff is remembered and what it is to be among fans, less what the user
    misses.  The order of the sums is part of the model.  What it expects then follows what it
    found.

    Parameters
    ----------
    model : Pyramid
    day : Day
    user : Person
        At the start of its turn: nothing it does today is in e yet.

    Returns
    -------
    float
        Satisfaction; no unit, 0 is indifference.
    """
    rules, k = model.rules, user.product
    e = present_engagement(model, day.t, user)
    given = model.quality[k] - model.difficulty[k] * (1.0 - user.expertise) + user.taste
    s = given - expected(model, user) + rules.loyalty_bonus * (e / (1.0 + e))
    if is_served(user, day.t):
        s = s + rules.service_bonus * (user.served_worth / 65536.0)
    s = s + content_among_fans(model, user)
    lost = missed(model, k, user)
    s = s - lost
    follow(model, day, user, given - lost)
    day.row[T_ONLINE_USERS] += 1
    if s < 0.0:
        day.unhappy.add(user.number)
        day.row[T_UNHAPPY_ONLINE] += 1
    elif s >= rules.promoter:
        day.row[T_PROMOTERS_ONLINE] += 1
    return s
