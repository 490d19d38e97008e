"""seeding: the first users adopt before tick 0, and become core users."""

from __future__ import annotations

from koubei_sim.core.codes import CORE, RECRUITER_SEED
from koubei_sim.core.compiling import kernel
from koubei_sim.model.kernels.adoption import adopt
from koubei_sim.model.kernels.engagement import first_invites, move_tier
from koubei_sim.model.kernels.goods import first_needs
from koubei_sim.model.kernels.rival import first_offers


@kernel
def start(s, r, seeds, row):
    """Place the seeds and fill the calendars of offers and needs, before tick 0."""
    for k in range(seeds.size):
        i = seeds[k]
        claim = s.claims[0]
        claim.agent = i
        claim.recruiter = RECRUITER_SEED
        claim.channel = -1
        claim.product = 0
        adopt(s, r, -1, claim, row)
        a = s.actor[i]
        a.engagement = r.seed_engagement
        a.last_story = 0
        if r.seed_home >= 0:
            a.rank = r.channel_rank[r.seed_home]
        move_tier(s, r, i, a, CORE)
        first_invites(r, a)
    first_offers(s, r)
    first_needs(s, r, -1)
