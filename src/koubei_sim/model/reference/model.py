"""The model and its schedule (docs/model.md section 3).

`PyramidModel` turns the built arrays into plain Python values once, makes one Mesa agent per
person and runs the nine steps of a tick in their fixed order.  Called by `run_reference`; tests
step it themselves to look between ticks.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from mesa import Model

from koubei_sim.model.reference import (
    age,
    complain,
    decide,
    hear,
    meetings,
    observe,
    online,
    own,
    participate,
    release,
    satisfaction,
    seeding,
    serve,
    supply,
    tell,
)
from koubei_sim.model.reference.coins import Coins
from koubei_sim.model.reference.day import Day
from koubei_sim.model.reference.person import Person
from koubei_sim.model.reference.release import Report
from koubei_sim.model.world.arrays import Graphs, People, Rules, World, width_of


class PyramidModel(Model):
    """The fan pyramid, person by person.

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
    stock : int
        Units left unsold.
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
        self.own = [own.OwnRule(rules_of, rules.n) for rules_of in world.own]
        self.coins = Coins(rules.key, rules.replicate)
        self.people = [Person(self, number) for number in range(rules.n)]
        self.listeners = arcs_of(world.graphs, rules)
        self.quality: list[float] = list(rules.quality)
        self.difficulty: list[float] = list(rules.difficulty)
        self.fit16: list[list[int]] = []
        self.reports: list[list[Report]] = [[] for _ in range(rules.n_products)]
        self.queues: list[list[Person]] = [[] for _ in range(rules.n_channels)]
        self.stock = 0
        self.squeak = 1.0
        self.table: list[list[int]] = []
        self.quality_path: list[list[float]] = []
        self.difficulty_path: list[list[float]] = []
        self.log: list[observe.LogRow] = []
        seeding.seeding(self)

    def step(self) -> None:
        """Run one tick: the schedule."""
        day = Day(self.steps - 1, [0] * self.width)  # Mesa counts the step before it runs it
        self.coins.forget()

        release.release(self, day)  # 1
        own.begin(self, day)

        day.online = online.online(self, day)
        for person in online.users(day):  # 2
            content = satisfaction.satisfaction(self, day, person)
            participate.participate(self, day, person)
            complain.complain(self, day, person, content)

        tell.tell(self, day)  # 3
        meetings.gather(self, day)

        hear.hear(self, day)  # 4
        decide.decide(self, day)  # 5
        supply.supply(self, day)  # 6
        serve.serve(self, day)  # 7
        age.age(self, day)  # 8
        own.end(self, day)
        observe.observe(self, day)  # 9

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
