"""`Question`: what is decided between and by what, checked, and how its runs are done and read.

`plan` runs every design in every world or lets them race; `choose` halves policies.  What both ask,
the runs of it and the rounds of a race stand here once.
Called by `plan` and `choose`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import number as number_of
from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import Scenario
from koubei_sim.runs.options import RunOptions, scenario_from
from koubei_sim.runs.simulation import Outcome, measure
from koubei_sim.studies.compare.criterion import Criterion, criterion_from, take_off_bar
from koubei_sim.studies.decide.designs import (
    WorldsAsked,
    designs_from,
    every_design_in_every_world,
    outlay,
)
from koubei_sim.studies.decide.racing import Race
from koubei_sim.studies.design.plan import Sweep
from koubei_sim.studies.sweep.engine import Cells, Execution, SweepMeter

#: Outcomes that count people, who are no more than the market.
COUNTS: Final = ("users", "loyal", "die_hard", "core")


class Question(NamedTuple):
    """What is decided between, and by what.

    Attributes
    ----------
    base : Scenario
        What designs change, with its prices.
    options : RunOptions
        Key, engine, networks and people.
    designs : dict of str to dict
        Changes of those within the budget, by name.
    outlay : (D,) array
        Money that each spends whatever people do.
    over : dict of str to float
        Those over the budget, with their outlay.
    limit : float or None
        The budget.
    judged : Criterion or None
        What decides; None: the profit.
    value : float or None
        Money that a user at the end is worth.
    prices : dict
        Prices that the user gave, by dotted path.
    take_off : Criterion
        What counts as take-off: the same for all designs.
    bounds : tuple of float, or None
        Least and most that the outcome can be; None where nobody knows.
    """

    base: Scenario
    options: RunOptions
    designs: dict[str, dict[str, Any]]
    outlay: NDArray[np.float64]
    over: dict[str, float]
    limit: float | None
    judged: Criterion | None
    value: float | None
    take_off: Criterion
    bounds: tuple[float, float] | None
    prices: dict[str, Any]

    @property
    def outcome(self) -> str:
        """What decides, in words."""
        return f"profit at {self.value:g} a user" if self.judged is None else str(self.judged)

    @property
    def words(self) -> dict[str, Any]:
        """What decides, as words of `plan`; none for a function."""
        if self.judged is None:
            return {"value_per_user": self.value}
        return {} if self.functions else {"outcome": str(self.judged)}

    @property
    def bar(self) -> str:
        """What counts as take-off, in words."""
        return f"{int(self.take_off.level):,} people have adopted by the end"

    @property
    def measures(self) -> tuple[str, ...]:
        """Measures that are kept of the runs."""
        own = "users" if self.judged is None else self.judged.outcome
        names = ["cost", str(self.take_off.outcome), *([] if callable(own) else [own])]
        return tuple(dict.fromkeys(names))

    @property
    def functions(self) -> tuple[Callable[..., float], ...]:
        """A function of one's own, of (history, scenario)."""
        own = None if self.judged is None else self.judged.outcome
        return (own,) if callable(own) else ()

    def cells(
        self,
        worlds: WorldsAsked,
        replicates: int,
        execution: Execution,
        meter: SweepMeter,
        at_once: int | None = None,
    ) -> Cells:
        """Return the runs of every design in every world, to be done when they are asked for."""
        planned = Sweep(
            self.base,
            every_design_in_every_world(self.base, self.designs, worlds),
            replicates,
            self.options.key,
            self.options.engine,
            self.measures,
            supplied=dict(self.options.inputs.digests),
            given=self.options.inputs or None,
            luck=tuple(replicates * w for _ in self.designs for w in range(worlds.number)),
            keep=bool(self.functions) and execution.out is not None,
        )
        functions = () if planned.keep else self.functions
        return Cells(planned, execution, meter, functions, True, at_once)

    def read(self, cells: Cells) -> tuple[NDArray[np.float64], ...]:
        """Return outcome, spend and take-off (1 or 0) of runs, each [D, W, R]; NaN: not done."""
        done = cells.kept.done
        if cells.execution.out is None:
            table = cells.numbers()
        else:
            found = cells.result()
            table = np.stack([found.values(name).ravel() for name in self.measures], axis=1)
        column = {name: table[:, at] for at, name in enumerate(self.measures)}
        spend = column["cost"]
        taken = self.take_off.values(column[str(self.take_off.outcome)])
        if self.judged is None:
            values = (self.value or 0.0) * column["users"] - spend
        elif not self.functions:
            values = self.judged.values(column[str(self.judged.outcome)])
        elif table.shape[1] > len(self.measures):
            values = self.judged.values(table[:, -1])
        else:  # a function has no name in a journal: it is taken of the histories there
            measured = np.full(done.size, np.nan)
            for run in np.flatnonzero(done).tolist():
                point, _ = cells.planned.place(run)
                scenario = cells.planned.scenario_at(point)
                measured[run] = measure(
                    cells.history(run), scenario, cells.planned.key, self.functions[0]
                )
            values = self.judged.values(measured)
        shape = (len(self.designs), -1, cells.planned.replicates)
        return tuple(each.reshape(shape) for each in (values, spend, taken))

    def run_race(self, race: Race, cells: Cells, worlds: int) -> None:
        """Run worlds round by round, in each the designs that are still in the race."""
        replicates = cells.planned.replicates
        while race.worlds < worlds and int(race.running.sum()) > 1:
            first, last = race.worlds, race.next_look(worlds)
            runs = [
                (design * worlds + world) * replicates + replicate
                for design in np.flatnonzero(race.running).tolist()
                for world in range(first, last)
                for replicate in range(replicates)
            ]
            cells.meter.expect(len(runs))
            cells.do(runs)
            race.take(self.read(cells)[0][:, first:last].mean(axis=2).T)


def question_from(
    scenario: Any,
    designs: Any,
    options: RunOptions,
    value_per_user: float | None,
    prices: Mapping[str, Any] | None,
    budget: float | None,
    outcome: Outcome | None,
    bounds: Any,
) -> Question:
    """Return what is asked, every word of it checked.

    Raises
    ------
    KoubeiError
    """
    key, own = options.key, options.own_people
    base = scenario_from("scenario", scenario, own)
    asked_prices = {} if prices is None else _prices(prices)
    if asked_prices:
        base = base.changed(asked_prices, own)
    value = None if value_per_user is None else number_of("value_per_user", value_per_user, 0.0)
    if (outcome is None) == (value is None):
        raise KoubeiError(
            "value_per_user",
            "needed where profit decides" if value is None else "means nothing beside outcome",
            got=value_per_user, fix="value_per_user=100.0" if value is None else "one of the two",
        )  # fmt: skip
    judged = None if outcome is None else criterion_from(outcome)
    asked = designs_from(base, designs, key)
    made = {name: base.changed(changes, own) for name, changes in asked.items()}
    costs = {name: outlay(each) for name, each in made.items()}
    limit = None if budget is None else number_of("budget", budget, 0.0)
    if limit is not None and not any(costs.values()):
        raise KoubeiError(
            "budget", "nothing that the designs do has a price, and none is invented", got=limit,
            fix="prices={'seeding.recruit_cost': 80.0}",
        )  # fmt: skip
    over = {name: cost for name, cost in costs.items() if limit is not None and cost > limit}
    if len(over) == len(asked):
        cheapest = min(costs, key=lambda name: costs[name])
        raise KoubeiError(
            "budget", "no design keeps within it", got=limit,
            allowed=f"{costs[cheapest]:,.6g} or more, for {cheapest}",
        )  # fmt: skip
    kept = {name: changes for name, changes in asked.items() if name not in over}
    if judged is not None:
        judged.check_bars(made[name] for name in kept)
    bar = max(take_off_bar(made[name]) for name in kept)
    return Question(
        base,
        options,
        kept,
        np.array([costs[name] for name in kept]),
        over,
        limit,
        judged,
        value,
        Criterion("adoptions", "P", float(bar)),
        _bounds(bounds, judged, value, [made[n] for n in kept], [costs[n] for n in kept]),
        asked_prices,
    )


def _bounds(
    given: Any,
    judged: Criterion | None,
    value: float | None,
    designs: list[Scenario],
    outlays: list[float],
) -> tuple[float, float] | None:
    """Return least and most that the outcome can be; None where nobody knows."""
    if given is not None:
        if not hasattr(given, "__len__") or isinstance(given, (str, bytes)) or len(given) != 2:
            raise KoubeiError(
                "bounds", "not two numbers", got=repr(given), fix="bounds=(0.0, 1000.0)"
            )
        low, high = (number_of("bounds", end) for end in given)
        if not low < high:
            raise KoubeiError("bounds", "the least is not below the most", got=f"{low}..{high}")
        return low, high
    market = float(max(each.n_agents * each.people_per_agent for each in designs))
    if judged is None:
        high = (value or 0.0) * market - min(outlays)
        return (-max(outlays), high) if high > -max(outlays) else None
    if judged.shares:
        return 0.0, 1.0
    if judged.outcome in COUNTS:
        return 0.0, float(np.log1p(market)) if judged.form == "log1p" else market
    return None


def _prices(given: Any) -> dict[str, Any]:
    """Return prices by dotted path."""
    if not isinstance(given, Mapping):
        raise KoubeiError(
            "prices", "not prices by path", got=repr(given), fix="{'seeding.recruit_cost': 80.0}"
        )
    return dict(given)
