"""`choose`: the best of many policies for few runs, by halving on common luck.

Where seeds have no live edges (thresholds, reinforcement, the whole pyramid) no choice can be
proven good, but policies can be tried: whom to ask, how pure, how many.  `plan` runs each in every
world and says which may still be the best; here runs go where the best is looked for.
Called by people, as `koubei_sim.seeding.choose`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from koubei_sim.checks import Backend, Engine, whole
from koubei_sim.checks import number as number_of
from koubei_sim.runs.options import options_from
from koubei_sim.runs.progress import Progress as Told
from koubei_sim.runs.simulation import Outcome
from koubei_sim.studies.decide.choice import Choice
from koubei_sim.studies.decide.designs import WorldsAsked
from koubei_sim.studies.decide.question import question_from
from koubei_sim.studies.decide.racing import Halving, error_from
from koubei_sim.studies.sweep.engine import SweepMeter, Tell, execution_from, kept_key

#: Least and most of the runs that may be kept for the last round.
LEAST_SHARE: Final = 0.05
MOST_SHARE: Final = 0.95
#: Bounds of an outcome that nobody knows: no bet wins or loses anything between these.
UNKNOWN: Final = (-math.inf, math.inf)


def choose(
    scenario: Any,
    policies: Any,
    outcome: Outcome | None = None,
    runs: int = 192,
    *,
    confirm: float = 0.25,
    value_per_user: float | None = None,
    prices: Mapping[str, Any] | None = None,
    budget: float | None = None,
    bounds: tuple[float, float] | None = None,
    error: float = 0.05,
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
) -> Choice:
    """Choose the best of many policies: halve them on common luck, confirm in fresh worlds.

    Parameters
    ----------
    scenario : Scenario, preset name or path
        What policies change.
    policies : mapping or list
        ``{path: values}``: every combination; ``{name: {path: value}}``; a list of
        ``{path: value}``; or whatever else `plan` takes for designs.
    outcome : str or callable, optional
        What is decided by, the more the better, in expectation: a measure (``users@90``),
        ``P(users >= 1000)``, ``log1p(users)``, or a function of (history, scenario).
    runs : int
        Runs in all.
    confirm : float
        Share of them for the last round, 0.05..0.95: two policies in fresh worlds.
    value_per_user, prices, budget
        As in `plan`: profit in the place of the outcome, and what a policy may spend.
    bounds, error
        As in `plan`.  Known without bounds for chances and counts of people; then it is said which
        policies are surely not the best.
    rng, networks, agents, engine, threads, out, backend, workers, scheduler, progress
        As in `sweep`.

    Returns
    -------
    Choice

    Raises
    ------
    KoubeiError
        For wrong arguments, before anything runs; for an outcome that some run does not have.

    Notes
    -----
    Replicate r has the same luck under every policy.  A round runs those that are left in the same
    replicates, keeps what the rounds before have shown, and drops the worse half.  The last two
    meet in replicates that had no part in finding them, and the interval of their difference is of
    these alone: the best of many looks better in the runs that it was chosen by.  A policy that was
    dropped is not shown to be worse.  Source: Karnin, Koren and Somekh (2013), see `racing`.

    Examples
    --------
    >>> from koubei_sim.model.scenario import Scenario
    >>> base = Scenario.load("tiny").replace(n_agents=300, ticks=15)
    >>> asked = {"seeding.number": [5, 60], "seeding.purity": [0.1, 0.9]}
    >>> found = choose(base, asked, "users", runs=60, rng=1)
    >>> found.policy["seeding.number"], found.runs
    (60, 60)
    """
    execution = execution_from(out, backend, workers, scheduler, threads, progress)
    options = options_from(kept_key(rng, execution.out), networks, agents, engine)
    number = whole("runs", runs, 1)
    share = number_of("confirm", confirm, LEAST_SHARE, MOST_SHARE)
    error = error_from(error)
    asked = question_from(
        scenario, policies, options, value_per_user, prices, budget, outcome, bounds
    )
    judged = asked.judged
    # A profit may be below what a policy spends beforehand, so that its usual bounds do not hold.
    known = bounds is not None or (judged is not None and asked.bounds is not None)
    limits = asked.bounds if known else None
    race = Halving(len(asked.designs), number, share, *(limits or UNKNOWN), error)
    worlds = race.rounds[-1][1]
    with (
        SweepMeter(execution.progress) as meter,
        asked.cells(WorldsAsked(worlds, {}), 1, execution, meter, number) as cells,
    ):
        asked.run_race(race, cells, worlds)
        values, _, taken = asked.read(cells)
    return Choice(
        asked.designs,
        values[:, :, 0],
        taken[:, :, 0],
        asked.outlay,
        asked.over,
        asked.outcome,
        asked.bar,
        False if judged is None else judged.shares,
        race,
        options.key,
    )
