"""`plan`: designs under a budget, each in every world, on common luck; which one to take.

The questions that a budget asks are about all levers at once and about many possible worlds: so
every design is run in every world, with the luck of that world, and judged by what it brings on
average, how often it is the best, and what one misses with it.  With `racing` runs go where they
decide something.
Called by people, and by ``koubei plan``, which reads the same from a file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import number as number_of
from koubei_sim.checks import whole, yes_no
from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import Scenario
from koubei_sim.runs.options import options_from, scenario_from
from koubei_sim.runs.progress import Progress as Told
from koubei_sim.runs.simulation import Outcome, measure
from koubei_sim.studies.compare.criterion import Criterion, criterion_from, take_off_bar
from koubei_sim.studies.decide.decision import Plan
from koubei_sim.studies.decide.designs import (
    designs_from,
    every_design_in_every_world,
    outlay,
    worlds_from,
)
from koubei_sim.studies.decide.racing import Race
from koubei_sim.studies.design.plan import Sweep
from koubei_sim.studies.sweep.engine import Cells, SweepMeter, Tell, execution_from, kept_key

#: Outcomes that count people, who are no more than the market.
COUNTS: Final = ("users", "loyal", "die_hard", "core")


def plan(
    scenario: Any,
    designs: Any,
    worlds: Any = 64,
    *,
    value_per_user: float | None = None,
    prices: Mapping[str, Any] | None = None,
    budget: float | None = None,
    outcome: Outcome | None = None,
    replicates: int = 1,
    racing: bool = False,
    error: float = 0.05,
    bounds: tuple[float, float] | None = None,
    rng: object = None,
    networks: object = None,
    agents: Any = None,
    engine: str = "compiled",
    threads: int | None = None,
    out: str | Path | None = None,
    backend: str | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: bool | Tell | Told | None = None,
) -> Plan:
    """Run designs in worlds on common luck, and say which to take.

    Parameters
    ----------
    scenario : Scenario, preset name or path
        What designs and worlds change.
    designs : mapping, design or table
        ``{name: {path: value}}``; or levers, ``{path: levels}``: every combination; or whatever
        else `sweep` takes for points.  What a design leaves out is as in the scenario.
    worlds : int or design
        A number of worlds that differ in luck alone, or points over what is not known:
        `prior_sample`, `ensemble`.
    value_per_user : float, optional
        Money that a user at the end is worth.  Then the outcome is the profit: this times the
        users, less all that was spent (`metrics.spend`).
    prices : mapping, optional
        Prices by dotted path (``seeding.recruit_cost``, ``channels.*.staff_cost``, ``costs.*``) in
        the place of the scenario's.  A design may set prices of its own.
    budget : float, optional
        Money at most.  A design whose outlay (`designs.outlay`: what it spends whatever people do)
        is above it is not run, and named in ``over_budget``.  What success costs on top of that is
        no part of the outlay, since success pays it; it is part of spend and profit.
    outcome : str or callable, optional
        What is decided by in the place of the profit, the more the better: a measure,
        ``P(users >= 1000)``, ``log1p(users)``, or a function of (history, scenario).
    replicates : int
        Runs of each design in each world; two or more part the luck of a world from the world.
    racing : bool
        Whether a design is no longer run as soon as it is surely not the best.
    error : float
        Chance at most that the best design is dropped.
    bounds : tuple of float, optional
        Least and most that the outcome can be.  Known without it for the profit (no less than
        minus the largest outlay, no more than all the market as users), for chances and for
        counts of people.  The narrower, the sooner a race ends.
    rng, networks, agents, engine, threads, progress, out, backend, workers, scheduler
        As in `sweep`.

    Returns
    -------
    Plan

    Raises
    ------
    KoubeiError
        For wrong arguments, before anything runs.

    Notes
    -----
    Replicate r of world w has the luck of replicate ``w * replicates + r`` for every design.
    Worlds of a design (`prior_sample`) are run in an order drawn from the key.  Racing is by
    betting (`racing.Race`): its error holds over all looks and designs, for any law of the outcome
    within the bounds, where worlds are drawn independently; a Latin hypercube is more even than
    that.  Without racing the same evidence says which designs may still be the best.

    Examples
    --------
    >>> from koubei_sim.model.scenario import Scenario
    >>> base = Scenario.load("tiny").replace(n_agents=300, ticks=15)
    >>> few = {"few pure": {"seeding.number": 10, "seeding.purity": 1.0}}
    >>> many = {"many mixed": {"seeding.number": 25, "seeding.purity": 0.2}}
    >>> dear = {"too many": {"seeding.number": 100, "seeding.purity": 0.2}}
    >>> found = plan(base, few | many | dear, 8, value_per_user=90.0, budget=22000.0, rng=1)
    >>> found.names, list(found.over_budget)
    (('few pure', 'many mixed'), ['too many'])
    """
    execution = execution_from(out, backend, workers, scheduler, threads, progress)
    options = options_from(kept_key(rng, execution.out), networks, agents, engine)
    key, own = options.key, options.own_people
    base = scenario_from("scenario", scenario, own)
    if prices is not None:
        base = base.changed(_prices(prices), own)
    value = None if value_per_user is None else number_of("value_per_user", value_per_user, 0.0)
    if (outcome is None) == (value is None):
        raise KoubeiError(
            "value_per_user",
            "needed where profit decides" if value is None else "means nothing beside outcome",
            got=value_per_user, fix="value_per_user=100.0" if value is None else "one of the two",
        )  # fmt: skip
    judged = None if outcome is None else criterion_from(outcome)
    number = whole("replicates", replicates, 1)
    racing = yes_no("racing", racing)
    error = number_of("error", error, 0.0, 0.5)
    if not error > 0.0:
        raise KoubeiError("error", "out of range", got=error, allowed="above 0, to 0.5", fix="0.05")
    asked = designs_from(base, designs, key)
    made = {name: base.changed(changes, own) for name, changes in asked.items()}
    costs = {name: outlay(each) for name, each in made.items()}
    limit = None if budget is None else number_of("budget", budget, 0.0)
    over = {name: cost for name, cost in costs.items() if limit is not None and cost > limit}
    if len(over) == len(asked):
        cheapest = min(costs, key=lambda name: costs[name])
        raise KoubeiError(
            "budget", "no design keeps within it", got=limit,
            allowed=f"{costs[cheapest]:,.6g} or more, for {cheapest}",
        )  # fmt: skip
    kept = {name: changes for name, changes in asked.items() if name not in over}
    known = worlds_from(base, worlds, key)
    if judged is not None:
        judged.check_bars(made[name] for name in kept)
    limits = _bounds(bounds, judged, value, [made[n] for n in kept], [costs[n] for n in kept])
    if racing and limits is None:
        raise KoubeiError(
            "bounds", "needed for a race by this outcome", got="none", fix="bounds=(0.0, 1000.0)"
        )
    bar = max(take_off_bar(made[name]) for name in kept)
    asking = _Asking(judged, value, Criterion("adoptions", "P", float(bar)))
    functions = asking.functions
    planned = Sweep(
        base,
        every_design_in_every_world(base, kept, known),
        number,
        key,
        options.engine,
        asking.measures,
        supplied=dict(options.inputs.digests),
        given=options.inputs or None,
        luck=tuple(number * w for _ in kept for w in range(known.number)),
        keep=bool(functions) and execution.out is not None,
    )
    shape = (len(kept), known.number, number)
    race = None if limits is None else Race(len(kept), *limits, error)
    with (
        SweepMeter(execution.progress) as meter,
        Cells(planned, execution, meter, () if planned.keep else functions, True) as cells,
    ):
        if racing and race is not None:
            _run_race(race, cells, shape, asking)
        else:
            meter.expect(planned.runs)
            cells.do()
        values, spend, taken = (each.reshape(shape) for each in asking.read(cells))
    if not np.isfinite(values[np.isfinite(taken)]).all():
        raise KoubeiError(
            "outcome", "is not defined in every run, and so has no mean", got=str(judged),
            allowed="a number in every run", fix="outcome='users'",
        )  # fmt: skip
    if race is not None and not racing:
        try:
            race.take(values.mean(axis=2).T)
        except KoubeiError:  # outside the usual bounds: nothing is said about how sure it is
            race = None
    return Plan(
        kept,
        known.columns,
        values,
        spend,
        taken,
        np.array([costs[name] for name in kept]),
        over,
        f"profit at {value:g} a user" if judged is None else str(judged),
        f"{bar:,} people have adopted by the end",
        limit,
        race,
        key,
    )


class _Asking(NamedTuple):
    """What is measured of each run, and what a plan makes of it."""

    judged: Criterion | None  # None: the profit
    value: float | None
    take_off: Criterion

    @property
    def measures(self) -> tuple[str, ...]:
        """Measures that the plan of runs keeps."""
        own = "users" if self.judged is None else self.judged.outcome
        names = ["cost", str(self.take_off.outcome), *([] if callable(own) else [own])]
        return tuple(dict.fromkeys(names))

    @property
    def functions(self) -> tuple[Callable[..., float], ...]:
        """A function of one's own, of (history, scenario)."""
        own = None if self.judged is None else self.judged.outcome
        return (own,) if callable(own) else ()

    def read(self, cells: Cells) -> tuple[NDArray[np.float64], ...]:
        """Return outcome, spend and take-off (1 or 0) of every run; NaN: not done."""
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
            return (self.value or 0.0) * column["users"] - spend, spend, taken
        if not self.functions:
            measured = column[str(self.judged.outcome)]
        elif table.shape[1] > len(self.measures):
            measured = table[:, -1]
        else:  # a function has no name in a journal: it is taken of the histories there
            measured = np.full(done.size, np.nan)
            for run in np.flatnonzero(done).tolist():
                point, _ = cells.planned.place(run)
                scenario = cells.planned.scenario_at(point)
                measured[run] = measure(
                    cells.history(run), scenario, cells.planned.key, self.functions[0]
                )
        return self.judged.values(measured), spend, taken


def _run_race(race: Race, cells: Cells, shape: tuple[int, int, int], asking: _Asking) -> None:
    """Run worlds round by round, in each the designs that are still in the race."""
    _, worlds, replicates = shape
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
        values = asking.read(cells)[0].reshape(shape)
        race.take(values[:, first:last].mean(axis=2).T)


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
