"""`Desk`: one visitor's runs; a new setting calls the old one off, and the last one always wins.

Runs of all visitors go through one `Gate`, so many at once as there are processors, first looks
before refinements.  What was run is kept for a while, for all visitors: the scenario as it is, is
the same for everybody.
Called by `page`, a desk a visitor, and by `server`, which runs the first one before anybody comes.
"""

from __future__ import annotations

import heapq
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from koubei_sim.app.answers import Answer
from koubei_sim.app.design import FIRST, SECOND, Settings
from koubei_sim.core.stopping import Stopped, checked_by
from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world.arrays import History
from koubei_sim.runs.progress import Meter
from koubei_sim.runs.result import Result
from koubei_sim.runs.simulation import Simulation

#: Seconds that one replicate may take once it runs.
LONGEST: Final = 120.0
#: Bytes of histories that are kept for all visitors.
MOST_KEPT: Final = 2**29
#: Worlds after which an answer is shown; the last is as many as were asked for.
LOOKS: Final = (1, 8)

FIRST_LOOK, REFINEMENT = 0, 1


class Gate:
    """Lets so many in at once; who waits goes by rank, then by the time of coming.

    Parameters
    ----------
    places : int, optional
        As many as there are processors, without it.
    """

    def __init__(self, places: int | None = None) -> None:
        self._free = max(1, os.cpu_count() or 1) if places is None else places
        self._waiting: list[tuple[int, int]] = []
        self._come = 0
        self._change = threading.Condition()

    @contextmanager
    def turn(self, rank: int, look: Callable[[], None]) -> Iterator[None]:
        """Wait for a place and hold it; `look` is called while waiting and may raise."""
        with self._change:
            self._come += 1
            ticket = rank, self._come
            heapq.heappush(self._waiting, ticket)
            try:
                while not (self._free and self._waiting[0] == ticket):
                    self._change.wait(0.05)
                    look()
            except BaseException:
                self._waiting.remove(ticket)
                heapq.heapify(self._waiting)
                self._change.notify_all()
                raise
            heapq.heappop(self._waiting)
            self._free -= 1
        try:
            yield
        finally:
            with self._change:
                self._free += 1
                self._change.notify_all()


class Kept:
    """Histories by what they hang on; the least recently used goes first."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self.nbytes = 0
        self._most = most
        self._lock = threading.Lock()
        self._found: OrderedDict[tuple[str, int, int], tuple[History, int]] = OrderedDict()

    def get(self, name: tuple[str, int, int]) -> History | None:
        """Return what is kept under a name."""
        with self._lock:
            if name not in self._found:
                return None
            self._found.move_to_end(name)
            return self._found[name][0]

    def put(self, name: tuple[str, int, int], history: History) -> None:
        """Keep a history, and let go of what is too much."""
        size = sum(getattr(part, "nbytes", 0) for part in history)
        with self._lock:
            if name not in self._found and size <= self._most:
                self._found[name] = history, size
                self.nbytes += size
            while self.nbytes > self._most:
                self.nbytes -= self._found.popitem(last=False)[1][1]


#: Those of this process.
GATE: Final = Gate()
KEPT: Final = Kept()
#: Set once the compiled code is there.
READY: Final = threading.Event()


class Desk:
    """The runs of one visitor.

    Attributes
    ----------
    answer : Answer or None
        The last one that was shown; downloads are made of it.
    """

    def __init__(self, gate: Gate = GATE, kept: Kept = KEPT) -> None:
        self.answer: Answer | None = None
        self._gate, self._kept = gate, kept
        self._lock = threading.Lock()
        self._number = 0

    def take(self) -> int:
        """Call off what is being run, and return the number of the next setting."""
        with self._lock:
            self._number += 1
            return self._number

    def current(self, number: int) -> bool:
        """Return whether nothing newer was asked for."""
        return number == self._number

    def look(self, number: int) -> None:
        """End the work on a setting once something newer was asked for.

        Raises
        ------
        Stopped
        """
        if not self.current(number):
            raise Stopped

    def show(self, number: int, action: Callable[[], None]) -> None:
        """Do what shows something, unless something newer was asked for meanwhile.

        Raises
        ------
        Stopped
            Where it was.
        """
        with self._lock:
            if number != self._number:
                raise Stopped
            action()

    def answers(
        self,
        settings: Settings,
        number: int | None = None,
        there: Callable[[], bool] = lambda: True,
    ) -> Iterator[Answer]:
        """Run both designs and yield what is known after the first worlds, and after all.

        Parameters
        ----------
        settings : Settings
        number : int, optional
            As `take` gave it; taken here without it.
        there : callable
            Whether the visitor is still there.

        Raises
        ------
        Stopped
            Once something newer was asked for, or the visitor has gone.
        KoubeiError
            When it would not fit into memory, or takes too long.
        """
        mine = self.take() if number is None else number

        def look() -> None:
            if not self.current(mine) or not there():
                raise Stopped

        look()
        scenarios = {FIRST: settings.design(settings.first)}
        if not settings.same:
            scenarios[SECOND] = settings.design(settings.second)
        simulations = {
            name: Simulation(scenario, settings.key, threads=1)
            for name, scenario in scenarios.items()
        }
        histories: dict[str, list[History]] = {name: [] for name in simulations}
        done, looks = 0, sorted({min(k, settings.worlds) for k in (*LOOKS, settings.worlds)})
        for until in looks:
            rank = FIRST_LOOK if done == 0 else REFINEMENT
            for replicate in range(done, until):
                for name, simulation in simulations.items():
                    found = self._history(simulation, replicate, rank, look)
                    histories[name].append(found)
            done = until
            runs = {name: _result(simulations[name], histories[name]) for name in simulations}
            answer = Answer(settings, runs)
            look()
            self.answer = answer
            yield answer

    def _history(
        self, simulation: Simulation, replicate: int, rank: int, look: Callable[[], None]
    ) -> History:
        name = simulation.scenario.digest(), simulation.key, replicate
        found = self._kept.get(name)
        if found is not None:
            return found
        with self._gate.turn(rank, look), checked_by(look):
            look()
            found = self._kept.get(name)  # by whom we waited for
            if found is None:
                simulation.check_memory(1)
                with Meter(_watch(simulation.scenario)) as meter:
                    found = simulation.histories((replicate,), meter)[0]
                self._kept.put(name, found)
        return found


def _watch(scenario: Scenario) -> Callable[[int, int], None]:
    """Return what is told of the days of a run: it ends one that takes too long."""
    begun: list[float] = []  # the first word comes once the code is compiled

    def tell(days: int, of: int) -> None:
        begun.append(time.monotonic())
        if begun[-1] - begun[0] > LONGEST:
            raise KoubeiError(
                "people", f"a world takes over {LONGEST:g} s, and was stopped",
                got=scenario.n_agents, fix="fewer people or days",
            )  # fmt: skip

    return tell


def _result(simulation: Simulation, histories: list[History]) -> Result:
    words: dict[str, Any] = {"who": simulation.who, "notes": simulation.notes()}
    return Result(simulation.scenario, simulation.key, simulation.engine, list(histories), **words)
