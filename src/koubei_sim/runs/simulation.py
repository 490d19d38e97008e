"""`Simulation`: one scenario under one key, whose replicates are made when they are asked for.

The one place where a replicate is put together: people, graphs, seeds, engine.  Replicate r is
the same bytes alone, among others, on any number of threads, in whatever process.
Made by `RunOptions.simulation` for `run`, `fork`, `KoubeiModel`, `run_partitioned` and studies,
and by the workers of sweeps.
"""

from __future__ import annotations

import hashlib
import inspect
import threading
from collections.abc import Callable, Iterable
from functools import cached_property, partial
from typing import Any, Final, NamedTuple, get_args

from numpy.typing import NDArray

from koubei_sim.checks import Engine
from koubei_sim.core.stopping import look
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics import measures
from koubei_sim.model.mechanisms.numbers import scaled
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world import build
from koubei_sim.model.world.arrays import History, World
from koubei_sim.model.world.noted import note
from koubei_sim.model.world.population import Who, population_replicate
from koubei_sim.runs.archive import EventStream
from koubei_sim.runs.fitting import check_memory, useful_threads
from koubei_sim.runs.inputs import Given, Inputs
from koubei_sim.runs.progress import Found, Meter, Progress, in_turn
from koubei_sim.runs.result import Result
from koubei_sim.runs.worlds import WORLDS, Parts, give_way, of_people

ENGINES: Final[tuple[Engine, ...]] = get_args(Engine)
#: What a study measures: a measure (`metrics.measure`), or a number made of a `Result` of one
#: replicate, or of (history, scenario).
Outcome = str | Callable[[Result], float] | Callable[[History, Scenario], float]
#: Rounding that changes a number of people by this share or more is told.
_TOLD: Final = 0.1


class OneRun(NamedTuple):
    """A run of one replicate, as the metrics want it (`metrics.runs.Run`)."""

    scenario: Scenario
    histories: tuple[History, ...]
    key: int


class Simulation:
    """One scenario under one key.

    Nothing is drawn before it is asked for; what replicates share is drawn once, for all threads.

    Parameters
    ----------
    scenario : Scenario
    key : int
        Key of all randomness; simulations with the same key share all draws that they have in
        common.
    inputs : Inputs, optional
        Networks and people that replace those of the scenario.
    engine : {"compiled", "reference"}
    threads : int, optional
        Replicates side by side; those left over work inside large runs.  As many as cores and
        memory allow without it.  No result depends on it.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> simulation = Simulation(kb.Scenario.load("tiny"), key=7)
    >>> made = simulation.histories(range(3))
    >>> bool((simulation.history(2).table == made[2].table).all())
    True
    >>> simulation.world(2).rules.replicate
    2
    """

    def __init__(
        self,
        scenario: Scenario,
        key: int,
        inputs: Inputs | None = None,
        engine: Engine = "compiled",
        threads: int | None = None,
    ) -> None:
        self.scenario = scenario
        self.key = key
        self.inputs = Inputs() if inputs is None else inputs
        self.engine = engine
        self.threads = threads
        self._lock = threading.Lock()
        self._shared: Parts | None = None

    # What replicates are made of ----------------------------------------------------------------

    @property
    def who(self) -> Who:
        """What people are called, and their table."""
        return self._given.who

    @cached_property
    def _given(self) -> Given:
        return self.inputs.of(self.scenario)

    @cached_property
    def _of_people(self) -> str:
        return of_people(self.scenario)

    def name(self, replicate: int) -> str:
        """Return the digest of all that people and graphs of a replicate hang on."""
        number = population_replicate(self.scenario, replicate)
        with self._lock:  # files are read by one thread for all
            given = self._given
        text = f"{self.key} {number} {given.digest} {self._of_people}"
        return hashlib.sha256(text.encode()).hexdigest()

    def parts(self, replicate: int) -> Parts:
        """Return the people and graphs of a replicate, made where this process keeps none.

        Raises
        ------
        KoubeiError
            When they would not fit into memory, or a graph or a table cannot be had.
        """
        name = self.name(replicate)
        found = WORLDS.parts(name, lambda: self._made(replicate), self._given.lasting)
        if self.scenario.shared_world:
            self._shared = found  # however large: the other replicates want it
        return found

    def _made(self, replicate: int) -> Parts:
        scenario, key, given = self.scenario, self.key, self._given
        if given.networks is None:
            give_way(build.predict_memory(scenario))
            build.check_fits(scenario)
        people = build.build_population(scenario, key, replicate, given.who)
        drawn = build.complete_networks(scenario, given.networks, key, replicate, people)
        made = Parts(people, build.build_graphs(scenario, drawn, people))
        return made.locked(copied=bool(self.inputs) or given.who.table is not None)

    def world(self, replicate: int, parts: Parts | None = None) -> World:
        """Return what the engine reads of one replicate.

        Parameters
        ----------
        replicate : int
        parts : Parts, optional
            Its people and graphs, where the caller has them.

        Raises
        ------
        KoubeiError
            When it would not fit into memory, or a graph, a table or the seeds cannot be had.
        """
        parts = parts or self.parts(replicate)
        drawn: dict[str, Any] = {"population": parts.population, "graphs": parts.graphs}
        if self.engine == "reference":
            from koubei_sim.model.reference import make_tables

            drawn["tables"] = make_tables
        return build.build_world(self.scenario, self.key, replicate, agents=self.who, **drawn)

    # Running them -------------------------------------------------------------------------------

    def play(
        self,
        world: World,
        tell: Progress | None = look,
        sink: Callable[[NDArray[Any]], None] | None = None,
        threads: int = 1,
    ) -> History:
        """Run a world to its end.

        Parameters
        ----------
        world : World
            As `world` gives it.
        tell : callable, optional
            Told (ticks done, ticks in all) from time to time.
        sink : callable, optional
            Is handed the log as it comes (the compiled engine only).
        threads : int
            Threads of this one run (the compiled engine only).
        """
        return _engine_function(self.engine, sink, threads)(world, tell)

    def history(self, replicate: int) -> History:
        """Run one replicate: the bytes that `koubei_sim.run` gives for it."""
        return self.histories((replicate,))[0]

    def histories(
        self,
        replicates: Iterable[int],
        meter: Meter | None = None,
        log: EventStream | None = None,
    ) -> list[History]:
        """Run replicates, side by side; `log` takes their events, which the histories then lack."""
        return self.each(lambda history: history, replicates, meter, log)

    def each(
        self,
        of: Callable[[History], Found],
        replicates: Iterable[int],
        meter: Meter | None = None,
        log: EventStream | None = None,
    ) -> list[Found]:
        """Run replicates and keep what `of` makes of each; an interrupt gets through at once.

        Parameters
        ----------
        of : callable
            Called where the replicate was run, with its history, which is not kept.
        replicates : iterable of int
        meter : Meter, optional
            Told how far they are.
        log : EventStream, optional
            Takes the event logs, which the histories then lack.
        """
        numbers = list(replicates)
        side_by_side, within = self.shared_out(len(numbers))
        if meter is not None:
            meter.announce(len(numbers) * self.scenario.ticks, len(numbers))

        def one(replicate: int) -> Found:
            tell = look if meter is None else meter.callback()
            sink = None if log is None else log.sink(replicate)
            history = self.play(self.world(replicate), tell, sink, within)
            if log is not None:
                log.finish(replicate)
            return of(history)

        return in_turn(one, numbers, side_by_side)

    # What fits ----------------------------------------------------------------------------------

    def shared_out(self, replicates: int) -> tuple[int, int]:
        """Return how many replicates run side by side, and on how many threads each."""
        threads = self.threads
        if threads is None:  # Python alone is no faster on several threads
            alone = self.engine == "reference"
            threads = 1 if alone else useful_threads(self.scenario, replicates)
        side_by_side = max(1, min(threads, replicates))
        return side_by_side, threads // side_by_side

    def check_memory(self, replicates: int, kept: bool = True) -> None:
        """Refuse runs that would not fit into memory, before anything is drawn.

        Parameters
        ----------
        replicates : int
        kept : bool
            Whether their daily tables are kept to the end.

        Raises
        ------
        KoubeiError
        """
        runs, _ = self.shared_out(replicates)
        worlds = 1 if self.scenario.shared_world else runs
        check_memory(self.scenario, worlds, runs, replicates if kept else None)

    # What a result must say ---------------------------------------------------------------------

    def notes(self) -> tuple[str, ...]:
        """Return what was guessed and what rounding has changed, a line each.

        Examples
        --------
        >>> import koubei_sim as kb
        >>> large = kb.Scenario.load("tiny").replace(people_per_agent=1000.0)
        >>> Simulation(large, key=7).notes()[0]
        'seeding.number = 20 people become 1,000: an agent is 1,000 people'
        """
        found, g = [], self.scenario.people_per_agent
        for where, wanted, agents in _rounded(self.scenario):
            if wanted > 0 and abs(agents * g - wanted) >= _TOLD * wanted:
                become = agents * g
                found.append(note("rounded", where=where, wanted=wanted, become=become, each=g))
        if g > 1 and self.scenario.seeding.strategy == "ids":
            found.append(note("each_of_ids", each=g))
        return (*found, *self.who.notes)


def _rounded(scenario: Scenario) -> list[tuple[str, float, int]]:
    g = scenario.people_per_agent
    rows = []
    if scenario.seeding.strategy != "ids":
        rows.append(("seeding.number", float(scenario.seeding.number), scenario.seed_agents))
    for name, event in scenario.events.items():
        if event.offline:
            rows.append((f"events.{name}.size_cap", event.size_cap, scaled(event.size_cap, g)))
    for name, channel in scenario.channels.items():
        capacity = channel.service_capacity
        rows.append((f"channels.{name}.service_capacity", capacity, scaled(capacity, g)))
    return rows


def _engine_function(
    name: str, sink: Callable[[NDArray[Any]], None] | None, threads: int
) -> Callable[[World, Progress | None], History]:
    if name == "reference":
        from koubei_sim.model.reference import run_reference

        return run_reference
    from koubei_sim.model.compiled import run_compiled

    return partial(run_compiled, sink=sink, threads=threads)


def takes(function: Callable[..., Any], number: int) -> bool:
    """Return whether a function can be called with so many things; also where it does not say.

    Examples
    --------
    >>> takes(lambda result: 1.0, 1), takes(lambda result: 1.0, 2)
    (True, False)
    """
    try:
        inspect.signature(function).bind(*[None] * number)
    except TypeError:
        return False
    except ValueError:
        pass  # it does not say what it takes
    return True


def measure(history: History, scenario: Scenario, key: int, outcome: Outcome) -> float:
    """Return one number of one history."""
    if isinstance(outcome, str):
        return float(measures(OneRun(scenario, (history,), key), [outcome])[outcome][0])
    given: Any = outcome  # whichever of the two it takes
    if takes(outcome, 1):  # what else it takes has a default: it is closed over, not asked for
        value = given(Result(scenario, key, "compiled", (history,)))
    else:
        value = given(history, scenario)
    try:
        return float(value)
    except (TypeError, ValueError):
        raise KoubeiError(
            "outcome", "the function gave no number", got=repr(value), allowed="a number, or NaN"
        ) from None
