"""leaving: some users leave of themselves, and the unhappy whom nobody helped may leave.

Who leaves of itself is known in the morning; all go when the staff have answered.  Called by the
schedule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.core.codes import LAPSED, LOG_LAPSE, USER
from koubei_sim.model.mechanisms.leaving import DRAW_CHURN, T_CHURNS, T_LAPSES
from koubei_sim.model.reference.observe import remember
from koubei_sim.model.reference.returns import schedule_return
from koubei_sim.model.reference.segments import leaves_as
from koubei_sim.model.reference.serve import is_served

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day
    from koubei_sim.model.reference.state import Person, Pyramid


def drifters(model: Pyramid, day: Day) -> list[Person]:
    """Return the users who will leave today for no reason in the model, online or not."""
    users = [user for user in model.people if user.stage == USER and not stays(model, user)]
    return [user for user in users if drifts(model, day, user)]


def stays(model: Pyramid, user: Person) -> bool:
    """Say whether a user is staff, who neither leave by themselves nor in anger."""
    return bool(model.rules.seeds_stay) and user.was_seed


def drifts(model: Pyramid, day: Day, user: Person) -> bool:
    """Toss the coin of leaving of itself; the higher tiers leave less often."""
    threshold = leaves_as(model, user, model.rules.churn32[user.tier])
    return model.coins.coin(DRAW_CHURN, day.t, 0, user.number) < threshold


def leave(model: Pyramid, day: Day) -> None:
    """Let leavers go: those who leave for no reason, then the unhappy who were not served."""
    for user in day.churn_candidates:
        if user.stage == USER:
            lapse(model, day, user)
            day.row[T_CHURNS] += 1
    for user in day.lapse_candidates:
        if user.stage == USER and not is_served(user, day.t):
            lapse(model, day, user)
            day.row[T_LAPSES] += 1


def lapse(model: Pyramid, day: Day, user: Person) -> None:
    """Make a user lapsed."""
    user.stage = LAPSED
    schedule_return(model, day.t, user, LAPSED, model.rules.lapsed_return)
    remember(model, day.t, LOG_LAPSE, user, user.product, user.generation)
