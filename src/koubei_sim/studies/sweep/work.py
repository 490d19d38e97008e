"""What a worker does: a batch of runs, each to one row of numbers or to a failure.

A batch is plain data and a pure function of it is the result, so threads, processes and machines of
a cluster are interchangeable.  Runs of one point share its world where the scenario says so.
A run that fails is a row too, with stage and message; the rest goes on.
Called by `backends`.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim._version import __version__
from koubei_sim.checks import Engine
from koubei_sim.core.stopping import Stopped
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics import measures
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world.arrays import History
from koubei_sim.runs.inputs import Inputs
from koubei_sim.runs.simulation import OneRun, Simulation, measure
from koubei_sim.studies.design.kept_curves import NO_CURVES, Kept
from koubei_sim.studies.design.plan import point_key, run_key

#: Stages at which a run can fail, in order; at the last one it took its worker along.
STAGES = ("scenario", "world", "run", "outcomes", "worker")
#: What is said of a run whose worker did not live through it, wherever that was.
KILLED = "its worker was killed each time that it was at this run, also alone (out of memory?)"
#: Networks and people of one's own that this process has been sent, by digests.
_RECEIVED: dict[str, Inputs] = {}


class Task(NamedTuple):
    """A batch of runs.

    `runs` holds (run, point, replicate); `changes` the changes of each point that occurs;
    `scenarios` those of them that are made already (for workers in the same process); `supplied`
    the digests of networks and people that were handed over.  `functions` of (history, scenario)
    give further numbers, after those of `outcomes`; with `keep` the histories come back, too.
    `threads` are those of each run; `curves` says which daily curves come back.
    """

    runs: tuple[tuple[int, int, int], ...]
    base: Scenario
    changes: dict[int, dict[str, Any]]
    scenarios: dict[int, Scenario]
    key: int
    engine: Engine
    outcomes: tuple[str, ...]
    version: str
    own_key: bool = False
    supplied: Mapping[str, str] = {}
    functions: tuple[Callable[..., float], ...] = ()
    keep: bool = False
    threads: int = 1
    curves: Kept = NO_CURVES


class Row(NamedTuple):
    """One run: its numbers, or the stage at which it failed and why (numbers are NaN then).

    What no table of numbers holds comes last: the history where it is kept, the error itself where
    the worker is a thread of this process, and the daily curves that are kept, each as one row.
    """

    run: int
    point: int
    replicate: int
    values: tuple[float, ...]
    failed: str | None
    message: str | None
    run_key: str
    history: History | None = None
    error: Exception | None = None
    curves: tuple[NDArray[np.float64], ...] | None = None


class Makers:
    """The last simulations of a process: batches of one point need not begin anew.

    Each holds its people and graphs where its replicates share them, so that these are there for
    the next points whatever `runs.worlds` keeps.

    Parameters
    ----------
    most : int
        How many are kept.
    """

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, threading.Lock()
        self._made: OrderedDict[tuple[str, int], Simulation] = OrderedDict()

    def of(
        self, scenario: Scenario, digest: str, key: int, given: Inputs, engine: Engine
    ) -> Simulation:
        """Return the simulation of a scenario; nothing is drawn here."""
        with self._lock:
            name = (digest, key)
            if name not in self._made:
                self._made[name] = Simulation(scenario, key, given, engine)
            self._made.move_to_end(name)
            while len(self._made) > self._most:
                self._made.popitem(last=False)
            return self._made[name]


def receive(given: Inputs) -> None:
    """Keep networks and people for the batches of this process that say they need them."""
    _RECEIVED.clear()  # of one sweep at a time: graphs are large
    _RECEIVED[_name(given.digests)] = given


def _name(digests: Mapping[str, str]) -> str:
    return ";".join(f"{name}={digest}" for name, digest in sorted(digests.items()))


def run_batch(
    task: Task,
    given: Inputs | None = None,
    stopped: Callable[[], bool] | None = None,
    makers: Makers | None = None,
) -> tuple[list[Row], float]:
    """Do the runs of a batch; return their rows and the seconds that it took.

    `given` is what the batch needs of networks and people, where it was not received before;
    `stopped` says whether somebody has called it off; `makers` are those of the process in which
    the caller is, too.
    """
    if task.version != __version__:
        raise KoubeiError("worker", "has another koubei_sim", got=__version__, allowed=task.version)
    started = time.perf_counter()
    if task.supplied and given is None:
        given = _RECEIVED[_name(task.supplied)]
    given = given or Inputs()  # one for all points, so that a file of the scenario is read once
    rows: list[Row] = []
    for point, runs in groupby(task.runs, key=lambda run: run[1]):
        rows += _runs_of_a_point(task, point, list(runs), given, stopped, makers)
    return rows, time.perf_counter() - started


def given_up(task: Task) -> list[Row]:
    """Return the rows of runs that killed every worker that was at them."""
    nothing = _nothing(task)
    rows = []
    for run, point, replicate in task.runs:
        name = _run_key(task, _scenario(task, point).digest(), point, replicate)
        rows.append(Row(run, point, replicate, nothing, "worker", KILLED, name))
    return rows


def _scenario(task: Task, point: int) -> Scenario:
    ready = task.scenarios.get(point)
    if ready is not None:
        return ready
    return task.base.changed(task.changes[point], "agents" in task.supplied)


def _key(task: Task, point: int) -> int:
    return point_key(task.key, point) if task.own_key else task.key


def _run_key(task: Task, digest: str, point: int, replicate: int) -> str:
    key = _key(task, point)
    return run_key(digest, key, replicate, task.engine, task.version, task.supplied)


def _runs_of_a_point(
    task: Task,
    point: int,
    runs: list[tuple[int, int, int]],
    given: Inputs,
    stopped: Callable[[], bool] | None,
    makers: Makers | None,
) -> list[Row]:
    def look(*_: int) -> None:
        if stopped is not None and stopped():
            raise Stopped

    def failed(run: tuple[int, int, int], stage: str, error: Exception, name: str) -> Row:
        here = None if makers is None else error
        return Row(*run, _nothing(task), stage, said(error), name, None, here)

    try:
        scenario = _scenario(task, point)
        digest = scenario.digest()
    except Exception as error:
        return [failed(run, "scenario", error, "") for run in runs]
    rows: list[Row] = []
    kept = Makers(1) if makers is None else makers
    simulation = kept.of(scenario, digest, _key(task, point), given, task.engine)
    tell = None if stopped is None else look
    for run in runs:
        look()
        replicate, stage = run[2], "world"
        name = _run_key(task, digest, point, replicate)
        try:
            world = simulation.world(replicate)
            stage = "run"
            history = simulation.play(world, tell, threads=task.threads)
            stage = "outcomes"
            found = measures(OneRun(scenario, (history,), simulation.key), task.outcomes)
            values = [float(found[outcome][0]) for outcome in task.outcomes]
            values += [measure(history, scenario, simulation.key, of) for of in task.functions]
            kept_history = history if task.keep else None
            curves = task.curves.of(history, scenario) if task.curves.names else None
            row = Row(*run, tuple(values), None, None, name, kept_history, curves=curves)
            rows.append(row)
        except Exception as error:
            rows.append(failed(run, stage, error, name))
    return rows


def _nothing(task: Task) -> tuple[float, ...]:
    return (float("nan"),) * (len(task.outcomes) + len(task.functions))


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
