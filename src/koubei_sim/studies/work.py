"""What a worker does: a batch of runs, each to one row of numbers or to a failure.

A batch is plain data and a pure function of it is the result, so threads, processes and machines of
a cluster are interchangeable.  Runs of one point share its world where the scenario says so.
A run that fails is a row too, with stage and message; the rest goes on.
Called by `backends`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

from koubei_sim import build
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics import measures
from koubei_sim.spec import Scenario
from koubei_sim.studies.plan import point_key, run_key
from koubei_sim.world import History

#: Stages at which a run can fail, in order.
STAGES = ("scenario", "world", "run", "outcomes")


class Task(NamedTuple):
    """A batch of runs.

    `runs` holds (run, point, replicate); `changes` the changes of each point that occurs;
    `scenarios` those of them that are made already (for workers in the same process).
    """

    runs: tuple[tuple[int, int, int], ...]
    base: Scenario
    changes: dict[int, dict[str, Any]]
    scenarios: dict[int, Scenario]
    key: int
    engine: str
    outcomes: tuple[str, ...]
    version: str
    luck: str = "common"


class Row(NamedTuple):
    """One run: its numbers, or the stage at which it failed and why (numbers are NaN then)."""

    run: int
    point: int
    replicate: int
    values: tuple[float, ...]
    failed: str | None
    message: str | None
    run_key: str


class _OneRun(NamedTuple):
    """What metrics ask for (`koubei_sim.metrics.runs.Run`)."""

    scenario: Scenario
    histories: Sequence[History]
    key: int


def run_batch(task: Task) -> tuple[list[Row], float]:
    """Do the runs of a batch; return their rows and the seconds that it took."""
    started = time.perf_counter()
    rows: list[Row] = []
    for point, runs in groupby(task.runs, key=lambda run: run[1]):
        rows += _runs_of_a_point(task, point, list(runs))
    return rows, time.perf_counter() - started


def _runs_of_a_point(task: Task, point: int, runs: list[tuple[int, int, int]]) -> list[Row]:
    nothing = (float("nan"),) * len(task.outcomes)
    try:
        scenario = task.scenarios.get(point)
        if scenario is None:
            scenario = task.base.replace(**task.changes[point])
        digest = scenario.digest()
    except Exception as error:
        return [Row(*run, nothing, "scenario", said(error), "") for run in runs]
    rows, shared = [], None
    key = task.key if task.luck == "common" else point_key(task.key, point)
    run_engine = _engine_function(task.engine)
    for run in runs:
        replicate, stage = run[2], "world"
        name = run_key(digest, key, replicate, task.engine, task.version)
        try:
            if scenario.shared_world and shared is None:
                shared = _shared(scenario, key)
            world = build.build_world(scenario, key, replicate, **(shared or {}))
            stage = "run"
            history = run_engine(world, None)
            stage = "outcomes"
            found = measures(_OneRun(scenario, (history,), key), task.outcomes)
            values = tuple(float(found[outcome][0]) for outcome in task.outcomes)
            rows.append(Row(*run, values, None, None, name))
        except Exception as error:
            rows.append(Row(*run, nothing, stage, said(error), name))
    return rows


def _shared(scenario: Scenario, key: int) -> dict[str, Any]:
    """Return population and graphs as `simulate.run` shares them between replicates."""
    population = build.build_population(scenario, key, 0)
    networks = build.complete_networks(scenario, None, key, 0, population)
    return {
        "population": population,
        "graphs": build.build_graphs(scenario, networks, population),
    }


def _engine_function(name: str) -> Any:
    if name == "reference":
        from koubei_sim.engines.reference import run_reference

        return run_reference
    from koubei_sim.engines.compiled import run_compiled

    return run_compiled


def said(error: BaseException) -> str:
    """Return an error as one line: our own as it is, others with the name of their class.

    Examples
    --------
    >>> said(MemoryError()), said(ValueError("no"))
    ('MemoryError', 'ValueError: no')
    """
    line = " ".join(str(error).split())[:500]
    if isinstance(error, KoubeiError):
        return line
    return f"{type(error).__name__}: {line}" if line else type(error).__name__
