"""One person: the Mesa agent of the reference engine, with its state variables (section 2).

The class only holds state; what people do stands in the submodels, one file each.  Made by
`PyramidModel`, one per row of `World.people`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesa import Agent

from koubei_sim.core.codes import CASUAL, FULL16, MAX_CHANNELS, MAX_NODES, NO_STORY

if TYPE_CHECKING:
    from koubei_sim.model.reference.model import PyramidModel

NEVER = -1  # a stored tick that has not happened


class Person(Agent):
    """A person, or `people_per_agent` of them.

    Parameters
    ----------
    model : PyramidModel
        The model; its plain rules and people must be there already.
    number : int
        Row of the person in `World.people`, 0..n-1 (Mesa's own `unique_id` starts at 1).
    """

    def __init__(self, model: PyramidModel, number: int) -> None:
        super().__init__(model)
        people, rules = model.people_arrays, model.rules
        self.number = number

        # Static: who the person is.
        self.person_class = people.agent_class[number]
        self.level = rules.class_level[self.person_class]
        self.expertise = self.level / 127.0
        self.segment = rules.class_segment[self.person_class]
        self.enthusiast = rules.class_enthusiast[self.person_class] != 0
        self.taste = people.taste[number]
        self.online_threshold = people.online_threshold[number]
        self.resist_aware = people.resist_aware[number]  # units of 2**-26, like the next two
        self.resist_adopt = people.resist_adopt[number]
        self.resist_reject = people.resist_reject[number]
        self.need = people.need[number] if rules.reinforcement_on else 1

        # Where the person can be reached, and where it stands in the decision.
        bits = people.channels[number]
        self.channels = {c for c in range(rules.n_channels) if bits >> c & 1}
        self.stage = people.initial_stage[number]
        self.awareness = 0  # A, units of 2**-32
        self.hazard = 0  # H, positive minus negative, units of 2**-32
        self.touched = NEVER
        self.tellers = 0
        self.board_heard: set[int] = set()  # c: board of channel c; 8 + c: own media on c
        self.hop_heard = 0
        self.sign_heard = 1
        self.product_heard = 0
        self.return_at = NEVER
        self.offers = 0  # offers of the rival that have passed
        self.offer_at_hazard: int | None = None  # cumulative hazard at which the next one falls

        # As a teller.
        self.last_story = NEVER
        self.talk_until = NEVER
        self.told = [0] * MAX_CHANNELS
        self.told_positive: set[int] = set()
        self.story = NO_STORY
        self.story_until = NEVER

        self.tell16 = FULL16  # factors of today, which mechanisms of the user's own may change
        self.join16 = FULL16
        # As one who waits or uses: filled when claimed and at adoption.
        self.recruiter = -1
        self.channel = -1
        self.product = 0
        self.generation = 0
        self.waits_since = NEVER
        self.adopted_at = NEVER

        # As a user.
        self.engagement = 0.0  # as it was at `engagement_at`
        self.engagement_at = NEVER
        self.rank = 0
        self.tier = CASUAL
        self.invites = 0
        self.joined = [0] * MAX_NODES
        self.complaint_pending = False
        self.complained_at = NEVER
        self.served_until = NEVER
        self.served_worth = 0  # 16.16 fixed point
