"""The model and its schedule (docs/model.md section 3).

`PyramidModel` makes one Mesa agent per person and runs the nine steps of a tick in their fixed
order.  Called by `run_reference`; tests step it themselves to look between ticks.
"""

from __future__ import annotations

from koubei_sim.model.reference import (
    age,
    backlog,
    belonging,
    complain,
    copying,
    decide,
    dilution,
    fatigue,
    goods,
    hear,
    leaving,
    meetings,
    observe,
    online,
    own,
    participate,
    press,
    registration,
    release,
    satisfaction,
    seeding,
    serve,
    supply,
    surprises,
    team,
    tell,
    trials,
)
from koubei_sim.model.reference.day import Day
from koubei_sim.model.reference.state import Pyramid
from koubei_sim.model.world.arrays import World


class PyramidModel(Pyramid):
    """The fan pyramid, person by person.

    Parameters
    ----------
    world : World
        What `build_world` made; it is only read.
    """

    def __init__(self, world: World) -> None:
        super().__init__(world)
        registration.first_members(self)
        seeding.seeding(self)
        goods.first_needs(self)

    def step(self) -> None:
        """Run one tick: the schedule."""
        day = Day(self.steps - 1, [0] * self.width)  # Mesa counts the step before it runs it
        self.coins.forget()

        dilution.look_back(self)
        goods.morning(self, day)
        copying.look_around(self)
        belonging.look_around(self, day)
        serve.staff(self)
        surprises.wrap(self)
        team.plan(self)
        backlog.morning(self, day)
        release.release(self, day)  # 1
        own.begin(self, day)

        day.churn_candidates = leaving.drifters(self, day)
        day.online = online.online(self, day)
        for person in day.online:
            fatigue.recover(self, day, person)
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
        leaving.leave(self, day)
        seeding.by_hand(self, day)
        goods.buy(self, day)
        age.age(self, day)  # 8
        own.end(self, day)
        dilution.remember(self, day)
        backlog.evening(self, day)
        trials.hand_out(self, day)
        goods.evening(self, day)
        press.listen(self, day)
        observe.observe(self, day)  # 9
