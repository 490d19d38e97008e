"""`plan`: designs under a budget, each in every world, on common luck; which one to take.

The questions that a budget asks are about all levers at once and about many possible worlds: so
every design is run in every world, with the luck of that world, and judged by what it brings on
average, how often it is the best, and what one misses with it.  With `racing` runs go where they
decide something.
Called by people, and by ``koubei plan``, which reads the same from a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from koubei_sim.checks import Backend, Engine, whole, yes_no
from koubei_sim.checks import currency as currency_of
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics import may_never_come
from koubei_sim.runs.options import options_from
from koubei_sim.runs.progress import Progress as Told
from koubei_sim.runs.simulation import Outcome
from koubei_sim.studies.decide.decision import Plan
from koubei_sim.studies.decide.designs import worlds_from
from koubei_sim.studies.decide.question import question_from
from koubei_sim.studies.decide.racing import Race, error_from
from koubei_sim.studies.sweep.engine import SweepMeter, Tell, execution_from, kept_key


def plan(
    scenario: Any,
    designs: Any,
    worlds: Any = 64,
    *,
    value_per_user: float | None = None,
    prices: Mapping[str, Any] | None = None,
    budget: float | None = None,
    currency: str | None = None,
    outcome: Outcome | None = None,
    replicates: int = 1,
    racing: bool = False,
    error: float = 0.05,
    bounds: tuple[float, float] | None = None,
    rng: object = None,
    networks: object = None,
    agents: Any = None,
    engine: Engine = "compiled",
    threads: int | None = None,
    out: str | Path | None = None,
    backend: Backend | None = None,
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
        no part of the outlay, since success pays it; it is part of spend and profit.  Refused where
        nothing that the designs do has a price: none is invented.
    currency : str, optional
        What money is called, ``"CNY"``; shown beside amounts, never converted.
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
    number = whole("replicates", replicates, 1)
    racing = yes_no("racing", racing)
    error = error_from(error)
    money = currency_of(currency, budget if value_per_user is None else value_per_user)
    asked = question_from(
        scenario, designs, options, value_per_user, prices, budget, outcome, bounds
    )
    known = worlds_from(asked.base, worlds, options.key)
    if racing and asked.bounds is None:
        raise KoubeiError(
            "bounds", "needed for a race by this outcome", got="none", fix="bounds=(0.0, 1000.0)"
        )
    race = None if asked.bounds is None else Race(len(asked.designs), *asked.bounds, error)
    with (
        SweepMeter(execution.progress) as meter,
        asked.cells(known, number, execution, meter) as cells,
    ):
        if racing and race is not None:
            asked.run_race(race, cells, known.number)
        else:
            meter.expect(cells.planned.runs)
            cells.do()
        values, spend, taken = asked.read(cells)
    if not np.isfinite(values[np.isfinite(taken)]).all():
        raise KoubeiError(
            "outcome", "is not defined in every run, and so has no mean", got=asked.outcome,
            allowed="a number in every run", fix="outcome='users'",
        )  # fmt: skip
    if may_never_come(asked.outcome):
        made = (asked.base.changed(each, options.own_people) for each in asked.designs.values())
        days = max(scenario.ticks for scenario in made)
        if (values[np.isfinite(taken)] >= days).all():
            raise KoubeiError(
                "outcome", "a day that no run reached: nothing is known of it", got=asked.outcome,
                allowed=f"a day before {days}", fix="outcome='users'",
            )  # fmt: skip
    if race is not None and not racing:
        try:
            race.take(values.mean(axis=2).T)
        except KoubeiError:  # outside the usual bounds: nothing is said about how sure it is
            race = None
    return Plan(
        asked.designs,
        known.columns,
        values,
        spend,
        taken,
        asked.outlay,
        asked.over,
        asked.outcome,
        asked.bar,
        asked.limit,
        race,
        options.key,
        currency=money,
        prices=asked.prices,
        scenario=asked.base,
        asked={
            **asked.words,
            **({"racing": True} if racing else {}),
            **({} if error == 0.05 else {"error": error}),
            **({} if bounds is None else {"bounds": tuple(map(float, bounds))}),
            **({} if options.engine == "compiled" else {"engine": options.engine}),
        },
        supplied=dict(options.inputs.digests),
    )
