"""The compiled engine: allocates the state, calls the kernels, hands back the history.

`run_compiled` runs one replicate to the end; `CompiledRun` can be advanced tick by tick, which
is what progress bars and the Mesa model use.  Kernels release the interpreter lock, so
replicates run side by side in threads; one large run may use several itself (`parts`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from koubei_sim.core.block import Block
from koubei_sim.model.compiled.allocation import allocate
from koubei_sim.model.compiled.own import OwnMechanisms
from koubei_sim.model.compiled.parts import Parts, number_of_parts
from koubei_sim.model.kernels.schedule import advance
from koubei_sim.model.kernels.seeding import start
from koubei_sim.model.mechanisms import TABLE_WIDTH
from koubei_sim.model.mechanisms.observe import LOG
from koubei_sim.model.world.arrays import History, World, history_of, width_of


@dataclass
class CompiledRun:
    """One replicate that can be advanced step by step.

    Parameters
    ----------
    world : World
        The arrays made by `build.build_world`; only read.

    Attributes
    ----------
    tick : int
        The next tick to run, from 0.
    threads : int
        Threads of this run, at most one for `parts.PEOPLE_PER_PART` people; the bytes do not
        depend on it.
    parts : int or None
        So many parts whatever the threads and the number of people, cut at multiples of 64; for
        checks.
    sink : callable or None
        Is handed the lines of the log (`model.mechanisms.observe.LOG`) as they come, whole ticks at
        a time, each tick once and in no order inside it; the array is good only during the call.
        Without it the run keeps them for `history`.
    """

    world: World
    tick: int = 0
    threads: int = 1
    parts: int | None = None
    sink: Callable[[np.ndarray], None] | None = field(default=None, repr=False)
    _chunks: list[np.ndarray] = field(default_factory=list, repr=False)
    _parts: Parts | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        rules = self.world.rules
        self._state = allocate(self.world)
        self._block = Block("state", self._state)
        self._rules = Block("rules", rules)
        self._own = OwnMechanisms(self.world) if self.world.own else None
        self._table = np.zeros((rules.ticks, width_of(self.world)), np.int64)
        people, row = self.world.people, np.zeros(TABLE_WIDTH, np.int64)
        start(self._block, self._rules, people.seeds, people.seed_day, row)

    def advance(self, until: int | None = None) -> int:
        """Run up to (not including) tick `until`, default the end; return the next tick."""
        rules = self.world.rules
        stop = rules.ticks if until is None else min(until, rules.ticks)
        number = self.parts or number_of_parts(rules.n, self.threads)
        if number > 1 or self._own is not None:
            self._advance_parts(stop, number)
        while self.tick < stop:
            self.tick = int(advance(self._block, self._rules, self._table, self.tick, stop))
            self._drain()
        return self.tick

    def _advance_parts(self, stop: int, number: int) -> None:
        """Run up to tick `stop` in so many parts."""
        parts = self._parts
        # Another state has come by `switch`, another number by a change of `threads`.
        if parts is None or parts.whole is not self._state or parts.number != number:
            parts = self._parts = Parts(
                self._state,
                self.world.rules,
                self._block,
                self._rules,
                number,
                self._own,
                64 if self.parts else None,
            )
        while self.tick < stop:
            if self._state.log.size - self._state.n_log[0] < self.world.rules.n:
                self._drain()
            parts.day(self.tick, self._table[self.tick])
            self.tick += 1
        self._drain()

    def _drain(self) -> None:
        used = int(self._state.n_log[0])
        if used:
            lines = self._state.log[:used]
            self._state.n_log[0] = 0
            if self.sink is None:
                self._chunks.append(lines.copy())
            else:
                self.sink(lines)

    def row(self, tick: int) -> np.ndarray:
        """Row of the daily table (int64 view), see `model.mechanisms.COLUMNS`."""
        view: np.ndarray = self._table[tick]
        return view

    @property
    def rows(self) -> np.ndarray:
        """Rows of the daily table so far (int64 view)."""
        return self._table[: self.tick]

    @property
    def stage(self) -> np.ndarray:
        """Stage of every agent now (uint8 view)."""
        return self._state.stage

    @property
    def tier(self) -> np.ndarray:
        """Tier of every agent now (meaningful for users)."""
        tiers: np.ndarray = self._state.actor["tier"]
        return tiers

    @property
    def quality(self) -> np.ndarray:
        """Present quality of every product (float64 view)."""
        return self._state.quality

    @property
    def difficulty(self) -> np.ndarray:
        """Present difficulty of every product (float64 view)."""
        return self._state.difficulty

    def engagement(self) -> np.ndarray:
        """Present engagement of every agent (float64), decayed to the tick just run."""
        actor, now = self._state.actor, max(self.tick - 1, 0)
        decay = self.world.rules.engagement_decay[actor["rank"], now - actor["engaged"]]
        value: np.ndarray = actor["engagement"] * decay
        return value

    def history(self) -> History:
        """Tables and log of the ticks run so far, in canonical order; no log if a sink has it."""
        self._drain()
        log = np.concatenate(self._chunks) if self._chunks else np.empty(0, LOG)
        done, state = slice(0, self.tick), self._state
        return history_of(
            self._table[done], state.quality_path[done], state.difficulty_path[done], log
        )


def run_compiled(
    world: World,
    progress: Callable[[int, int], None] | None = None,
    sink: Callable[[np.ndarray], None] | None = None,
    threads: int = 1,
) -> History:
    """Run one replicate to the end.

    Parameters
    ----------
    world : World
        The replicate's arrays.
    progress : callable, optional
        Called as ``progress(tick, ticks)`` about fifty times.
    sink : callable, optional
        Is handed the log after each tick (see `CompiledRun`), which the history then lacks.
    threads : int
        Threads of this one run.

    Returns
    -------
    History
        The daily table and the event log.
    """
    run = CompiledRun(world, sink=sink, threads=threads)
    ticks = world.rules.ticks
    stride = ticks if progress is None else max(1, ticks // 50)
    # The buffer of the log takes up memory only as far as it is ever filled: a tick at a time.
    step = stride if sink is None else 1
    while run.tick < ticks:
        stop = min(run.tick + stride, ticks)
        while run.tick < stop:
            run.advance(min(run.tick + step, stop))
        if progress is not None:
            progress(run.tick, ticks)
    return run.history()
