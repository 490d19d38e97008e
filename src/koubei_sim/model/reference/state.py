"""The state variables of the reference engine (docs/model.md section 2): persons and their world.

The classes only hold state; what people do stands in the submodels, one file each, and the order
in which they do it in `PyramidModel`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from mesa import Agent, Model

from koubei_sim.core.codes import (
    AWARE,
    CASUAL,
    FULL16,
    MAX_CHANNELS,
    MAX_GOODS,
    MAX_NODES,
    NO_STORY,
)
from koubei_sim.model.mechanisms.appeal import ONE8
from koubei_sim.model.mechanisms.backlog import SLOTS
from koubei_sim.model.mechanisms.goods import NOTHING
from koubei_sim.model.reference.coins import Coins
from koubei_sim.model.world.arrays import Graphs, Own, People, Rules, World, width_of

NEVER = -1  # a stored tick that has not happened
INFINITY = float("inf")


class Person(Agent):
    """A person, or `people_per_agent` of them.

    Parameters
    ----------
    model : Pyramid
        The model; its plain rules and people must be there already.
    number : int
        Row of the person in `World.people`, 0..n-1 (Mesa's own `unique_id` starts at 1).
    """

    def __init__(self, model: Pyramid, number: int) -> None:
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
        self.resist_adopt = people.resist_adopt[number]  # units of 2**-26, like the next one
        self.resist_reject = people.resist_reject[number]
        self.need = people.need[number] if rules.reinforcement_on else 1
        self.income = people.income[number] if rules.goods_on else INFINITY

        # Where the person can be reached, and where it stands in the decision.
        bits = people.channels[number]
        self.channels = {c for c in range(rules.n_channels) if bits >> c & 1}
        self.belongs = set(self.channels)  # where it may become a member
        self.stage = people.initial_stage[number]
        self.hazard = 0  # H, positive minus negative, units of 2**-32
        self.touched = NEVER
        self.tellers = 0
        self.board_heard: set[int] = set()  # c: board of channel c; 8 + c: own media on c
        self.hop_heard = 0
        self.sign_heard = 1
        self.product_heard = 0
        self.heard_appeal = ONE8  # of what made it aware, units of 1/256
        self.return_at = NEVER
        self.unfollowed: set[int] = set()  # campaigns that it has left
        self.fans8 = 0  # fans among those whom it hears, units of 1/255
        self.returns_as = AWARE  # the stage on its return
        self.offers = 0  # offers of the rival that have passed
        self.offer_at_hazard: int | None = None  # cumulative hazard at which the next one falls

        # As a teller.
        self.last_story = NEVER
        self.talk_until = NEVER
        self.rested = 0  # tick up to which it has recovered
        self.told = [0] * MAX_CHANNELS
        self.told_positive: set[int] = set()
        self.story = NO_STORY
        self.story_until = NEVER
        self.voted = False
        self.bond = 0.0  # to the place, 0 to 1, as it was at `bound_at`
        self.bound_at = 0

        self.tell16 = FULL16  # factors of today, which mechanisms of the user's own may change
        self.join16 = FULL16

        # As one who waits or uses: filled when claimed and at adoption.
        self.recruiter = -1
        self.channel = -1
        self.product = 0
        self.generation = 0
        self.waits_since = NEVER
        self.invited = False
        self.adopted_at = NEVER

        # As one who has a device, or needs one.
        self.has = NOTHING  # number of a good, or RIVALS
        self.booking = NOTHING  # number of a good
        self.device_need = 0  # number of the need that is scheduled, or was last
        self.device_at = NEVER  # tick on which it falls
        self.given = False  # got a device while it was scheduled

        # As a user.
        self.was_seed = False
        self.expected = 0.0
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


@dataclass(frozen=True)
class Report:
    """One report in the pool of a product."""

    priority: int  # 64 bits; the smallest are read
    author: Person
    content16: int


@dataclass
class Need:
    """Something that some users miss."""

    number: int  # never used again for the same product
    share32: int  # of people, 2**-32
    expert: bool  # had by experts rather than by newbies
    loss: float  # satisfaction
    votes: int = 0

    def limit(self, level: int) -> int:
        """Return the threshold of having it at a level of expertise."""
        return self.share32 * 2 * (level if self.expert else 127 - level) // 127


class LogRow(NamedTuple):
    """One event; kinds are the ``LOG_`` codes."""

    tick: int
    agent: int
    kind: int
    recruiter: int
    channel: int
    product: int
    generation: int


class OwnRule:
    """One such mechanism: its numbers and what people carry, as attributes.

    Parameters
    ----------
    given : Own
    n : int
        Number of people.
    """

    def __init__(self, given: Own, n: int) -> None:
        self.rule, self.when = given.readable, given.when
        carried = {name: [initial] * n for name, (_, initial) in given.people.items()}
        self.__dict__ |= {**given.numbers, **carried}

    def __getattr__(self, name: str) -> Any:
        """Say which names there are where another is asked for."""
        known = ", ".join(word for word in self.__dict__ if word not in ("rule", "when"))
        raise AttributeError(f"own has no {name!r}, only {known}")


class Pyramid(Model):
    """Everything that the submodels read and write; `PyramidModel` adds the schedule.

    Parameters
    ----------
    world : World
        What `build_world` made; it is only read.

    Attributes
    ----------
    rules : Rules
        The rules with lists and Python numbers in place of arrays.
    people : list of Person
        By number.
    listeners : list
        ``listeners[c][i]``: (listener, tie byte) of each arc of person i on feed c.
    quality, difficulty : list of float
        Present q and d by product.
    fit16 : list of list of int
        ``fit16[product][class]`` of this tick, 16.16 fixed point.
    reports : list of list of Report
        Reports by product since its last release.
    queues : list of list of Person
        Complaint queues by channel, head first.
    needs : list of list
        Open needs by product and slot, None where a slot is free.
    needs_so_far : list of int
        Needs that have come up by product.
    week : list of (list of int, list of int)
        Tellings of users and of enthusiasts among them, by channel, of each of the last seven days.
    reply16, surprise_chance : list of int
        What is left of replies today by channel, 16.16 fixed point.
    stock : int
        Units left unsold.
    good_stock, good_sold : list of int
        Units of each good that are left, and that were sold so far.
    good_price, good_cost : list of float
        Price and unit cost of each good today.
    attention : list of float
        What talk has added to each campaign.
    room16 : int
        What others leave of all that is seen today, 16.16 fixed point.
    followed : float
        Share of users that others have followed.
    heard_there : list of list of int
        Whom each person hears on the feed whose ties count, without ties made at meetings.
    capacity : list of int
        Complaints that can be handled today, by channel.
    spare : list of float
        Minutes of the staff that complaints left yesterday, by channel.
    staff_reply32 : list of int
        Chance of a reply by staff today by channel, in units of 2**-32.
    helped : int
        Answers that have helped so far.
    squeak : float
        Factor on complaint rates, from the answers of the tick before.
    """

    def __init__(self, world: World) -> None:
        # Mesa wants a seed for generators of its own; nothing here ever uses them.
        super().__init__(rng=0)
        self.rules: Rules = plain(world.rules)
        self.people_arrays: People = plain(world.people)
        rules = self.rules
        self.width = width_of(world)
        self.own = [OwnRule(own, rules.n) for own in world.own]
        self.coins = Coins(rules.key, rules.replicate)
        self.people = [Person(self, number) for number in range(rules.n)]
        self.listeners = arcs_of(world.graphs, rules)
        self.quality: list[float] = list(rules.quality)
        self.difficulty: list[float] = list(rules.difficulty)
        self.fit16: list[list[int]] = []
        self.reports: list[list[Report]] = [[] for _ in range(rules.n_products)]
        self.queues: list[list[Person]] = [[] for _ in range(rules.n_channels)]
        self.needs: list[list[Need | None]] = [[None] * SLOTS for _ in range(rules.n_products)]
        self.needs_so_far = [0] * rules.n_products
        self.week: list[tuple[list[int], list[int]]] = []
        self.reply16: list[int] = []
        self.surprise_chance: list[int] = []
        self.stock = 0
        self.good_stock = [0] * MAX_GOODS
        self.good_sold = [0] * MAX_GOODS
        self.good_price = [0.0] * MAX_GOODS
        self.good_cost = [0.0] * MAX_GOODS
        self.attention = [0.0] * len(rules.media_lead)
        self.room16 = FULL16
        self.followed = 0.0
        self.heard_there = tellers_of(self.listeners[rules.tribe]) if rules.tribe >= 0 else []
        self.capacity = list(rules.service_capacity)
        self.spare = [0.0] * MAX_CHANNELS
        self.staff_reply32: list[int] = []
        self.helped = 0
        self.squeak = 1.0
        self.table: list[list[int]] = []
        self.quality_path: list[list[float]] = []
        self.difficulty_path: list[list[float]] = []
        self.log: list[LogRow] = []

    def dissolve(self) -> None:
        """Let go of all agents.

        Mesa before 3.4 keeps every model alive for ever in a class-wide counter of agent numbers;
        without this a long series of runs would fill the memory.
        """
        self.remove_all_agents()
        getattr(Person, "_ids", {}).pop(self, None)


def plain(arrays: Any) -> Any:
    """Return a NamedTuple of arrays with lists and Python numbers in their place.

    The border of the engine: behind it integers are unbounded, ``>>`` floors and floats are
    plain IEEE doubles, so nothing can wrap or be widened by the array library.

    Examples
    --------
    >>> from typing import NamedTuple
    >>> class Two(NamedTuple):
    ...     a: object
    ...     b: object
    >>> plain(Two(np.arange(3), np.uint64(7)))
    Two(a=[0, 1, 2], b=7)
    """
    return type(arrays)(
        *(
            value.tolist() if isinstance(value, np.ndarray | np.generic) else value
            for value in arrays
        )
    )


def arcs_of(graphs: Graphs, rules: Rules) -> list[list[list[tuple[int, int]]]]:
    """Return ``[channel][teller] -> [(listener, tie byte), ...]``; boards have no arcs.

    The tie byte is 255 where the channel does not use ties.
    """
    listeners: list[list[list[tuple[int, int]]]] = []
    for c in range(rules.n_channels):
        rows: list[list[tuple[int, int]]] = [[] for _ in range(rules.n)]
        if not rules.is_board[c]:
            indptr = graphs.indptr[c].tolist()
            indices = graphs.indices[c].tolist()
            ties = graphs.ties[c].tolist() if rules.tie_on[c] else [255] * len(indices)
            for i in range(rules.n):
                arcs = range(indptr[i], indptr[i + 1])
                rows[i] = [(indices[arc], ties[arc]) for arc in arcs]
        listeners.append(rows)
    return listeners


def tellers_of(listeners: list[list[tuple[int, int]]]) -> list[list[int]]:
    """Return whom each person hears on a feed, once for each arc."""
    heard: list[list[int]] = [[] for _ in listeners]
    for teller, arcs in enumerate(listeners):
        for listener, _ in arcs:
            heard[listener].append(teller)
    return heard
