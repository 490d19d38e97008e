"""seeding: the first users, before tick 0 or won by hand one after the other.

Who they are was decided when the world was built (`World.people.seeds`); here they adopt and
become core users who can fade like everybody else.  Called by `PyramidModel`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.core.codes import AWARE, CORE, RECRUITER_SEED, UNAWARE
from koubei_sim.model.mechanisms.hearing import T_NEWLY_AWARE
from koubei_sim.model.mechanisms.seeding import T_WON_BY_HAND
from koubei_sim.model.reference.adoption import adopt
from koubei_sim.model.reference.day import Day
from koubei_sim.model.reference.engagement import first_invites, store_engagement

if TYPE_CHECKING:
    from koubei_sim.model.reference.state import Person, Pyramid

BEFORE = -1  # the tick before the first


def seeding(model: Pyramid) -> None:
    """Let the seeds adopt at tick -1, in ascending order, unless they are won by hand.

    They are no flow of any tick: the day they adopt on has no row in the table; the log has
    them at tick -1.
    """
    if not model.rules.by_hand:
        day = Day(BEFORE, [0] * model.width)
        for number in sorted(model.people_arrays.seeds):
            become_seed(model, day, model.people[number])


def by_hand(model: Pyramid, day: Day) -> None:
    """Win those whose turn is today, in ascending order, where they can still be won."""
    if not model.rules.by_hand:
        return
    arrays = model.people_arrays
    for number, turn in zip(arrays.seeds, arrays.seed_day, strict=True):
        seed = model.people[number]
        if turn == day.t and seed.stage in (UNAWARE, AWARE):
            day.row[T_NEWLY_AWARE] += int(seed.stage == UNAWARE)
            become_seed(model, day, seed)
            day.row[T_WON_BY_HAND] += 1


def become_seed(model: Pyramid, day: Day, seed: Person) -> None:
    """Let a seed adopt on this day and become a core user."""
    seed.recruiter = RECRUITER_SEED
    seed.channel = -1
    seed.product = 0
    adopt(model, day, seed)
    store_engagement(day.t, seed, model.rules.seed_engagement)
    if model.rules.seed_home >= 0:
        seed.rank = model.rules.channel_rank[model.rules.seed_home]
    seed.tier = CORE
    seed.was_seed = True
    # Whatever the newcomer's engagement would have promoted to grants nothing here.
    first_invites(model, seed)
    seed.last_story = max(day.t, 0)
