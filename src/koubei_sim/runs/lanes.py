"""Lanes: one scenario under one key, whose replicates are made when they are asked for.

Studies compare scenarios replicate by replicate.  They need replicate 17 alone, more replicates
than a moment ago, and the same people and graphs for all of them; `simulate.run` gives whole
results.  A lane holds what its replicates share and makes any of them.
Called by `compare`, `explain` and `breakeven`.
"""

from __future__ import annotations

import inspect
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import whole
from koubei_sim.core.draws import key_from
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics import check_measure, measures
from koubei_sim.model.compiled import run_compiled
from koubei_sim.model.mechanisms import TABLE_WIDTH
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world import build
from koubei_sim.model.world.arrays import History
from koubei_sim.runs.result import Result
from koubei_sim.runs.simulate import check_memory
from koubei_sim.runs.stopping import Stopped
from koubei_sim.workers import LOOK, Workers

if TYPE_CHECKING:
    import pandas as pd

#: What a study measures: a measure (`metrics.measure`), or a number made of one history.
Outcome = str | Callable[[History, Scenario], float]


#: Threads or processes at most; each takes memory, and none makes more cores.
MOST_WORKERS: Final = 1_024
#: Of each thread: what says that nobody waits for its work any more.
_HERE = threading.local()


class _One(NamedTuple):
    """A run of one replicate, as the metrics want it."""

    scenario: Scenario
    histories: tuple[History, ...]
    key: int


class Lane:
    """One scenario under one key.

    Parameters
    ----------
    scenario : Scenario
    key : int
        Key of all randomness; lanes with the same key share all draws that they have in common.
    networks : Network or mapping, optional
        Graphs that replace those of the scenario.
    agents : path or data frame, optional
        Table of people.

    Raises
    ------
    KoubeiError
        When a replicate would not fit into memory.
    """

    def __init__(
        self,
        scenario: Scenario,
        key: int,
        networks: object = None,
        agents: str | Path | pd.DataFrame | None = None,
    ) -> None:
        check_memory(scenario)
        self.scenario = scenario
        self.key = key
        given = build.with_files(scenario, networks_of(networks))
        self._agents = build.who_is_who(scenario, given, agents)
        self._shared: dict[str, Any] = {"networks": given}
        if scenario.shared_world:
            self._shared = apart(self._world)

    def _world(self) -> dict[str, Any]:
        """Return the people and graphs that all replicates share."""
        scenario, key, given = self.scenario, self.key, self._shared["networks"]
        population = build.build_population(scenario, key, 0, self._agents)
        drawn = build.complete_networks(scenario, given, key, 0, population)
        graphs = build.build_graphs(scenario, drawn, population)
        return {"population": population, "graphs": graphs}

    def history(self, replicate: int) -> History:
        """Run one replicate: the bytes that `simulate.run` gives for it."""
        return apart(self._history, replicate)

    def _history(self, replicate: int) -> History:
        world = build.build_world(
            self.scenario, self.key, replicate, agents=self._agents, **self._shared
        )
        return run_compiled(world, _look)

    def value(self, replicate: int, outcome: Outcome) -> float:
        """Run one replicate and return one number of it; the history is not kept."""
        return measure(self.history(replicate), self.scenario, self.key, outcome)

    def values(self, replicates: range, outcome: Outcome, threads: int = 1) -> NDArray[np.float64]:
        """Return the outcome of each of the replicates, NaN where it is not defined."""
        found = in_turn(lambda r: self.value(r, outcome), replicates, threads)
        return np.array(found, dtype=np.float64)


def measure(history: History, scenario: Scenario, key: int, outcome: Outcome) -> float:
    """Return one number of one history."""
    if isinstance(outcome, str):
        return float(measures(_One(scenario, (history,), key), [outcome])[outcome][0])
    value = outcome(history, scenario)
    try:
        return float(value)
    except (TypeError, ValueError):
        raise KoubeiError(
            "outcome", "the function gave no number", got=repr(value), allowed="a number, or NaN"
        ) from None


def in_turn(work: Callable[[int], Any], replicates: range, threads: int) -> list[Any]:
    """Return ``work(r)`` of each replicate in order, side by side where threads are given."""
    if threads <= 1 and not _on_main_thread():
        return [work(replicate) for replicate in replicates]
    with _Guarded(max(1, threads)) as pool:
        tasks = ((pool.stop, work, replicate) for replicate in replicates)
        return list(pool.workers.in_order(_guarded, tasks))


def apart(action: Callable[..., Any], *arguments: Any) -> Any:
    """Do one call so that Ctrl-C gets through: compiled code on the main thread holds it up."""
    if not _on_main_thread():
        return action(*arguments)
    with _Guarded(1) as pool:
        future = pool.workers.submit(_guarded, pool.stop, action, *arguments)
        while not future.done():
            wait([future], LOOK)
        return future.result()


class _Guarded:
    """Threads that end at their next look once nobody waits for them any more."""

    def __init__(self, threads: int) -> None:
        self.workers, self.stop = Workers(threads), threading.Event()

    def __enter__(self) -> _Guarded:
        return self

    def __exit__(self, *error: Any) -> None:
        if error[0] is not None:
            self.stop.set()
        self.workers.__exit__(*error)


def _guarded(stop: threading.Event, action: Callable[..., Any], *arguments: Any) -> Any:
    _HERE.stop = stop
    try:
        return action(*arguments)
    finally:
        _HERE.stop = None


def _look(*_: int) -> None:
    """End the work of this thread where it was called off; told by the engine as it goes."""
    stop = getattr(_HERE, "stop", None)
    if stop is not None and stop.is_set():
        raise Stopped


def _on_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def networks_of(given: object) -> Any:
    """Turn the `networks` of a call into what `build` takes (None stays None)."""
    if given is None:
        return None
    from koubei_sim.networks import as_network

    if isinstance(given, Mapping):
        return {name: as_network(network) for name, network in given.items()}
    return as_network(given)


# Checking what is asked for ---------------------------------------------------------------------


def scenario_from(where: str, given: object) -> Scenario:
    """Return the scenario that somebody named: itself, a preset, a path, a dict or a result."""
    if isinstance(given, Scenario):
        return given
    if isinstance(given, Result) or hasattr(given, "steps"):  # of a branch the last one
        found: Scenario = given.scenario  # type: ignore[attr-defined]
        return found
    if isinstance(given, (str, os.PathLike)):
        return Scenario.load(Path(given))
    if isinstance(given, Mapping):
        return Scenario.from_dict(given)
    raise KoubeiError(
        where,
        "wrong type",
        got=type(given).__name__,
        allowed="Scenario, preset name, path, mapping or Result",
    )


def key_of(rng: object) -> int:
    """Return the key of `rng`, with our error for a wrong one."""
    try:
        return key_from(rng)
    except (ValueError, TypeError) as error:
        raise KoubeiError("rng", str(error).removeprefix("rng: ")) from None


def threads_of(given: object) -> int:
    """Return a number of threads that a system can start."""
    return whole("threads", given, 1, MOST_WORKERS)


def texts(where: str, given: object) -> list[str]:
    """Return names as a list: one alone, or several of a list, a column, an array, a mapping.

    Raises
    ------
    KoubeiError
        For anything else, and where one stands twice.

    Examples
    --------
    >>> texts("modules", "relays"), texts("modules", ("relays", "events"))
    (['relays'], ['relays', 'events'])
    """
    if isinstance(given, str):
        return [given]
    if isinstance(given, bytes) or not isinstance(given, Iterable):
        raise KoubeiError(where, "not names", got=repr(given), allowed="text, or a list of texts")
    found = list(given)
    wrong = next((name for name in found if not isinstance(name, str)), None)
    if wrong is not None or None in found:
        raise KoubeiError(where, "not a name", got=repr(wrong), allowed="text")
    if len(set(found)) < len(found):
        twice = next(name for name in found if found.count(name) > 1)
        raise KoubeiError(where, "one stands there twice", got=repr(twice))
    return [str(name) for name in found]


def outcome_from(outcome: object) -> Outcome:
    """Return a known measure, or the function that was given, of (history, scenario)."""
    if not callable(outcome):
        return check_measure(outcome)
    try:
        inspect.signature(outcome).bind(None, None)
    except TypeError:
        raise KoubeiError(
            "outcome", "not a function of two things", got=repr(outcome),
            allowed="(history, scenario)", fix="lambda history, scenario: ...",
        ) from None  # fmt: skip
    except ValueError:
        pass  # it does not say what it takes
    return outcome


def check_kept(where: str, scenario: Scenario, runs: int) -> None:
    """Refuse to keep more histories than there is memory, before any is made.

    Raises
    ------
    KoubeiError
        Naming what they need at least (tables by day; logs come on top) and what there is.
    """
    import psutil

    need, have = 8.0 * runs * scenario.ticks * TABLE_WIDTH, psutil.virtual_memory().available
    if need > 0.9 * have:
        raise KoubeiError(
            where, "needs more memory than there is",
            got=f"{runs:,} runs, about {need / 2**30:,.0f} GiB",
            allowed=f"{have / 2**30:.1f} GiB available",
            fix="a smaller at_most" if where == "at_most" else "fewer replicates",
        )  # fmt: skip
