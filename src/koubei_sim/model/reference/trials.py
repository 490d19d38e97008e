"""trials: units of a good handed to users by lot, who have something to tell of then.

Called by the schedule in the evening, before what is in stock is sold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.core.codes import USER
from koubei_sim.model.mechanisms.goods import NOTHING, RIVALS, T_SPENT, T_SWITCHED_TO
from koubei_sim.model.mechanisms.trials import DRAW_TRIAL, T_TRIALS
from koubei_sim.model.reference.engagement import add_engagement
from koubei_sim.model.reference.goods import CENTS, has_good

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day
    from koubei_sim.model.reference.state import Person, Pyramid


def hand_out(model: Pyramid, day: Day) -> None:
    """Hand out the units whose day it is."""
    rules, t = model.rules, day.t
    for g in range(rules.n_goods):
        if t == rules.trials_at[g]:
            line = [person for person in model.people if may_try(person)]
            line.sort(key=lambda person: model.coins.word(DRAW_TRIAL, t, g, person.number))
            if rules.trials_first[g]:
                line.sort(key=lambda person: not person.enthusiast)
            for person in line[: rules.trials[g]]:
                try_out(model, day, person, g)


def may_try(person: Person) -> bool:
    """Say whether a person is a user who has no good and is waiting for none."""
    return person.stage == USER and not has_good(person) and person.booking == NOTHING


def try_out(model: Pyramid, day: Day, user: Person, g: int) -> None:
    """Give a user a unit; it is neither paid for nor taken from the stock."""
    day.row[T_TRIALS + g] += 1
    day.row[T_SPENT + g] += int(model.good_cost[g] * CENTS)
    day.row[T_SWITCHED_TO] += int(user.has == RIVALS)
    user.has = g
    user.given = True
    add_engagement(model, day.t, user, model.rules.trials_gain[g])
    user.last_story = day.t
