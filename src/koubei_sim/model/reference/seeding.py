"""seeding: the first users, before tick 0.

Who they are was decided when the world was built (`World.people.seeds`); here they adopt and
become core users who can fade like everybody else.  Called once by `PyramidModel`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.core.codes import CORE, RECRUITER_SEED
from koubei_sim.model.reference.adoption import adopt
from koubei_sim.model.reference.day import Day
from koubei_sim.model.reference.engagement import first_invites, store_engagement

if TYPE_CHECKING:
    from koubei_sim.model.reference.state import Pyramid

BEFORE = -1  # the tick before the first


def seeding(model: Pyramid) -> None:
    """Let the seeds adopt at tick -1, in ascending order.

    They are no flow of any tick: the day they adopt on has no row in the table; the log has
    them at tick -1.
    """
    day = Day(BEFORE, [0] * model.width)
    for number in sorted(model.people_arrays.seeds):
        seed = model.people[number]
        seed.recruiter = RECRUITER_SEED
        seed.channel = -1
        seed.product = 0
        adopt(model, day, seed)
        store_engagement(BEFORE, seed, model.rules.seed_engagement)
        if model.rules.seed_home >= 0:
            seed.rank = model.rules.channel_rank[model.rules.seed_home]
        seed.tier = CORE
        # Whatever the newcomer's engagement would have promoted to grants nothing here.
        first_invites(model, seed)
        seed.last_story = 0
