"""The compiled engine: allocates the state, calls the kernels, hands back the history.

`run_compiled` runs one replicate to the end; `CompiledRun` can be advanced tick by tick, which
is what progress bars and the Mesa model use.  Kernels release the interpreter lock, so
replicates run side by side in threads; a run never uses more than one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from koubei_sim.kernels import codes
from koubei_sim.kernels.block import Block
from koubei_sim.kernels.pyramid import state as st
from koubei_sim.kernels.pyramid.schedule import advance
from koubei_sim.kernels.pyramid.seeding import start
from koubei_sim.world import History, World, canonical

_STOCKS = codes.T_STOCK + 1
_CACHE_LINE = 64
_REPORTS_AT_MOST = 50_000_000


def aligned_zeros(count: int, dtype: np.dtype) -> np.ndarray:
    """Return `count` zeroed records whose first begins a cache line.

    numpy aligns to 16 bytes only; a record that straddles two lines costs two cache misses,
    measured as half of the speed of hearing.
    """
    size = count * dtype.itemsize
    raw = np.zeros(size + _CACHE_LINE, np.uint8)
    start = -raw.ctypes.data % _CACHE_LINE
    records: np.ndarray = raw[start : start + size].view(dtype)
    return records


def allocate(world: World) -> st.State:
    """Make the state of a world before its seeds are placed.

    Lists are sized for the worst case but only touched, and so only occupy memory, as needed.
    """
    people, rules = world.people, world.rules
    n, ticks, channels = rules.n, rules.ticks, max(1, rules.n_channels)
    words = (n + 63) // 64

    listener = aligned_zeros(n, st.LISTENER)
    listener["resist_aware"] = people.resist_aware
    listener["resist_adopt"] = people.resist_adopt
    listener["agent_class"] = people.agent_class
    listener["stage"] = people.initial_stage
    actor = aligned_zeros(n, st.ACTOR)
    actor["taste"] = people.taste
    actor["agent_class"] = people.agent_class
    actor["channels"] = people.channels
    actor["story"] = codes.NO_STORY
    actor["served_until"] = -1
    actor["talk_until"] = -1
    actor["last_story"] = -1

    hearing = np.full(words, ~np.uint64(0))
    if n % 64:
        hearing[-1] = np.uint64((1 << (n % 64)) - 1)
    members = np.zeros((codes.MAX_CHANNELS, words), np.uint64)
    stocks = np.zeros(_STOCKS, np.int64)
    for c in range(rules.n_channels):
        bits = np.packbits((people.channels >> c) & 1, bitorder="little")
        members[c].view(np.uint8)[: bits.size] = bits
        stocks[codes.T_MEMBERS + c] = int(((people.channels >> c) & 1).sum(dtype=np.int64))
    stages = np.bincount(people.initial_stage, minlength=7)
    stocks[codes.T_STAGE : codes.T_STAGE + 7] = stages[:7]

    def per_agent(dtype: Any, needed: object, fill: int | None = None) -> np.ndarray:
        size = n if needed else 1
        return np.empty(size, dtype) if fill is None else np.full(size, fill, dtype)

    events = bool((rules.event_gain > 0).any())
    meetings = int((rules.meeting_at >= 0).sum())
    returns = rules.lapsed_return or rules.rejected_return or rules.replacement_days
    new_ties = 0
    for m in rules.meeting_at[rules.meeting_at >= 0]:
        new_ties += 2 * min(n, int(rules.meeting_cap[m])) * int(rules.meeting_ties[m])
    capacity = int(rules.reading_capacity.max(initial=0))
    return st.State(
        listener=listener,
        actor=actor,
        stage=people.initial_stage.astype(np.uint8),
        resist_reject=people.resist_reject,
        need=people.need,
        online_threshold=people.online_threshold,
        board_heard=np.zeros(n if rules.reinforcement_on else 1, np.uint16),
        recruits_today=np.zeros(n if events else 1, np.int32),
        hearing=hearing,
        talkers=np.zeros(words, np.uint64),
        waiting=np.zeros(words, np.uint64),
        raised=np.zeros(words, np.uint64),
        members=members,
        arrivals=np.zeros((codes.MAX_CHANNELS, n) if rules.attention_on else (1, 1), np.uint8),
        wait_since=per_agent(np.int16, rules.supply_on),
        wait_recruiter=per_agent(np.int32, rules.supply_on),
        wait_channel=per_agent(np.int8, rules.supply_on),
        return_head=np.full(ticks, -1, np.int32),
        return_next=per_agent(np.int32, returns),
        rival_head=np.full(ticks, -1, np.int32),
        rival_next=per_agent(np.int32, rules.rival_on),
        rival_level=per_agent(np.int64, rules.rival_on, 0),
        rival_offers=per_agent(np.uint16, rules.rival_on, 0),
        queue_head=np.full(codes.MAX_CHANNELS, -1, np.int32),
        queue_tail=np.full(codes.MAX_CHANNELS, -1, np.int32),
        queue_next=np.empty(n, np.int32),
        reports=np.empty(
            (max(1, rules.n_products), max(1, min(capacity, _REPORTS_AT_MOST))), st.REPORT
        ),
        tie_head=per_agent(np.int32, meetings, -1),
        ties=np.empty(max(1, new_ties), st.TIE),
        online=np.empty(n, np.int32),
        messages=np.empty((2, channels, n), st.MESSAGE),
        claims=np.empty(n, st.CLAIM),
        rejected=np.empty(n, np.int32),
        newly=np.empty(n, np.int32),
        leavers=np.empty(n, np.int32),
        leaver_kind=np.empty(n, np.uint8),
        complaints=np.empty((codes.MAX_CHANNELS, n), np.int32),
        participants=np.empty(channels * n, st.PARTICIPANT),
        attendees=np.empty(n, np.int32),
        waiters=np.empty(n, np.int32),
        sort_keys=np.empty(n, np.uint64),
        posters=np.empty(n, np.int32),
        block_listener=np.empty(st.BLOCK, np.int32),
        block_message=np.empty(st.BLOCK, np.int32),
        block_tie=np.zeros(st.BLOCK, np.uint8),
        bases=np.zeros(64, np.uint64),
        graph_at=np.array(
            [[a[c].ctypes.data for a in world.graphs] for c in range(codes.MAX_CHANNELS)], np.uint64
        ),
        graph_size=np.array([[a[c].size for a in world.graphs] for c in range(codes.MAX_CHANNELS)]),
        fit16=np.zeros((max(1, rules.n_products), rules.class_level.size), np.int64),
        quality=rules.quality.copy(),
        difficulty=rules.difficulty.copy(),
        floats=np.ones(1),
        counts=np.zeros(st.COUNTS, np.int64),
        stocks=stocks,
        log=np.empty(2 * n + 4096, st.LOG),
    )


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
    sink : callable or None
        Is handed the lines of the log (`kernels.pyramid.state.LOG`) as they come, whole ticks at
        a time, each tick once and in no order inside it; the array is good only during the call.
        Without it the run keeps them for `history`.
    """

    world: World
    tick: int = 0
    sink: Callable[[np.ndarray], None] | None = field(default=None, repr=False)
    _chunks: list[np.ndarray] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        rules = self.world.rules
        self._state = allocate(self.world)
        self._block = Block("state", self._state)
        self._rules = Block("rules", rules)
        self._table = np.zeros((rules.ticks, codes.TABLE_WIDTH), np.int64)
        self._quality = np.zeros((rules.ticks, rules.n_products))
        self._difficulty = np.zeros((rules.ticks, rules.n_products))
        start(
            self._block, self._rules, self.world.people.seeds, np.zeros(codes.TABLE_WIDTH, np.int64)
        )

    def advance(self, until: int | None = None) -> int:
        """Run up to (not including) tick `until`, default the end; return the next tick."""
        rules = self.world.rules
        stop = rules.ticks if until is None else min(until, rules.ticks)
        while self.tick < stop:
            self.tick = int(
                advance(
                    self._block,
                    self._rules,
                    self._table,
                    self._quality,
                    self._difficulty,
                    self.tick,
                    stop,
                )
            )
            self._drain()
        return self.tick

    def _drain(self) -> None:
        used = int(self._state.counts[st.N_LOG])
        if used:
            lines = self._state.log[:used]
            self._state.counts[st.N_LOG] = 0
            if self.sink is None:
                self._chunks.append(lines.copy())
            else:
                self.sink(lines)

    def row(self, tick: int) -> np.ndarray:
        """Row of the daily table (int64 view), see `kernels.codes.TABLE`."""
        view: np.ndarray = self._table[tick]
        return view

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
        log = np.concatenate(self._chunks) if self._chunks else np.empty(0, st.LOG)
        done = slice(0, self.tick)
        return canonical(
            History(
                table=self._table[done].copy(),
                quality=self._quality[done].copy(),
                difficulty=self._difficulty[done].copy(),
                log_tick=log["tick"].copy(),
                log_agent=log["agent"].copy(),
                log_kind=log["kind"].copy(),
                log_recruiter=log["recruiter"].copy(),
                log_channel=log["channel"].copy(),
                log_product=log["product"].copy(),
                log_generation=log["generation"].copy(),
            )
        )


def run_compiled(
    world: World,
    progress: Callable[[int, int], None] | None = None,
    sink: Callable[[np.ndarray], None] | None = None,
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

    Returns
    -------
    History
        The daily table and the event log.
    """
    run = CompiledRun(world, sink=sink)
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
