"""A shard: the people of one part, with all they are and hear, in a process of its own.

A shard holds the records of its people, and of every feed the arcs *to* them.  It is told what
others tell, lets its people act and hear, and hands out records of those whose affairs are
settled elsewhere (`hub`).  The kernels are those of any run: arrays are as long as the
population, so that a person has the same number everywhere, but only its own part of them is
ever written to, and memory that nobody writes to is not taken.
Made and called by `hub`, here or in another process.
"""

from __future__ import annotations

import itertools
import time
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.block import Block
from koubei_sim.core.codes import LOG_GIVE_UP, LOG_LAPSE, LOG_RIVAL
from koubei_sim.model.compiled.allocation import allocate
from koubei_sim.model.compiled.records import pack_records, unpack_records
from koubei_sim.model.kernels.schedule import (
    begin_part,
    go_separate_ways,
    grow_older,
    hear,
    take_turns,
)
from koubei_sim.model.kernels.seeding import start
from koubei_sim.model.mechanisms import TABLE_WIDTH
from koubei_sim.model.mechanisms.observe import LOG
from koubei_sim.model.mechanisms.telling import MESSAGE
from koubei_sim.model.world.arrays import Graphs, People, Rules, World

#: Arrays of people with an entry a seed.
SEEDS = ("seeds", "seed_day")
#: Tellings of one sign on one channel, by (sign, channel).
Tellings = dict[tuple[int, int], NDArray[np.void]]


class Turns(NamedTuple):
    """What the people of a shard did: for other shards, and for the hub."""

    tellings: list[Tellings]  # by receiving shard; its own is empty
    reports: list[NDArray[np.void]]  # by product
    complaints: list[NDArray[np.int32]]  # by channel
    attendees: NDArray[np.int32]
    row: NDArray[np.int64]
    change: NDArray[np.int64]
    seconds: float


class Heard(NamedTuple):
    """What the people of a shard made of what they heard."""

    claims: NDArray[np.void]
    row: NDArray[np.int64]
    change: NDArray[np.int64]
    seconds: float


class Closed(NamedTuple):
    """How the day of a shard ended."""

    left: NDArray[np.int32]  # users who lapsed
    gave_up: NDArray[np.int32]  # who wait no longer
    row: NDArray[np.int64]
    change: NDArray[np.int64]
    seconds: float


class Parcel(NamedTuple):
    """All that a shard is made from: its share of a world."""

    number: int
    cuts: list[int]  # first person of each shard, and N
    people: People  # of its own people only; seeds: its own
    graphs: Graphs  # arcs to its own people
    rules: Rules


def parcel_of(world: World, cuts: list[int], number: int) -> Parcel:
    """Cut the share of shard `number` out of a world."""
    first, last = cuts[number], cuts[number + 1]
    shares = {
        name: values[first:last].copy() if values.size == world.rules.n else values
        for name, values in world.people._asdict().items()
        if name not in SEEDS
    }
    seeds, seed_day = world.people.seeds, world.people.seed_day
    own = (first <= seeds) & (seeds < last)
    if world.rules.by_hand:
        seed_day = seed_day[own]
    people = People(seeds=seeds[own], seed_day=seed_day, **shares)
    cut: dict[str, list[NDArray[Any]]] = {"indptr": [], "indices": [], "ties": []}
    for indptr, indices, ties in zip(*world.graphs, strict=True):
        mine = (first <= indices) & (indices < last)
        before = np.concatenate([[0], np.cumsum(mine, dtype=np.int64)])
        cut["indptr"].append(before[indptr])
        cut["indices"].append(indices[mine])
        cut["ties"].append(ties[mine] if ties.size == mine.size else ties)
    graphs = Graphs(**{name: tuple(arrays) for name, arrays in cut.items()})
    return Parcel(number, cuts, people, graphs, world.rules)


def _spread(values: NDArray[Any], first: int, last: int, n: int) -> NDArray[Any]:
    """Put own values where they belong in an array of everybody, the rest of it untouched."""
    if values.size != last - first:
        return values
    everybody = np.zeros(n, values.dtype)
    everybody[first:last] = values
    return everybody


class Shard:
    """The state of one part of the people, and what can be asked of it.

    Parameters
    ----------
    parcel : Parcel
        Its share of the world, from `parcel_of`.
    """

    def __init__(self, parcel: Parcel) -> None:
        rules, cuts, number = parcel.rules, parcel.cuts, parcel.number
        self.number, self.cuts = number, cuts
        first, last = cuts[number], cuts[number + 1]
        people = parcel.people._asdict()
        for name, values in people.items():
            if name not in SEEDS:
                people[name] = _spread(values, first, last, rules.n)
        world = World(People(**people), parcel.graphs, rules)
        self._world = world  # the kernels hold addresses of its arrays
        state = allocate(world, first, last)
        self._state = state._replace(
            change=np.zeros_like(state.stocks), outbox=np.empty_like(state.messages)
        )
        self._block, self._rules = Block("state", self._state), Block("rules", rules)
        self._row = np.zeros(TABLE_WIDTH, np.int64)
        self._chunks: list[NDArray[np.void]] = []
        self._reach: list[NDArray[np.bool_]] = []
        start(self._block, self._rules, world.people.seeds, world.people.seed_day, self._row)
        self._row[:] = 0

    # before the first day ---------------------------------------------------------------------

    def stocks(self) -> NDArray[np.int64]:
        """Stocks of its people before the first day."""
        total = self._state.stocks + self._state.change
        self._state.change[:] = 0
        return total

    def seeds(self) -> NDArray[np.int32]:
        """Its seeds, as far as they use it before the first day."""
        seeds = self._world.people.seeds
        return seeds[:0] if self._world.rules.by_hand else seeds

    def listens_to(self) -> list[NDArray[np.uint8]]:
        """For each shard, whose tellings reach somebody here, by channel (packed bits)."""
        heard = []
        for a, b in zip(self.cuts, self.cuts[1:]):
            rows = [
                np.diff(p[a : b + 1]) > 0 if p.size > 1 else np.zeros(b - a, bool)
                for p in self._world.graphs.indptr
            ]
            heard.append(np.packbits(np.stack(rows), axis=1))
        return heard

    def set_reach(self, reach: list[NDArray[np.uint8]]) -> None:
        """Say for each shard which of its people are heard there, from `listens_to`."""
        own = self.cuts[self.number + 1] - self.cuts[self.number]
        self._reach = [np.unpackbits(bits, axis=1, count=own).astype(bool) for bits in reach]

    # the day ----------------------------------------------------------------------------------

    def turns(self, t: int, news: dict[str, NDArray[Any]], records: NDArray[np.void]) -> Turns:
        """Let its people act on day `t`."""
        begun = time.perf_counter()
        state, block, rules = self._state, self._block, self._rules
        unpack_records(state, records)
        for name, values in news.items():
            getattr(state, name)[...] = values
        if state.log.size - state.n_log[0] < 2 * self._world.rules.n:
            self._drain()
        begin_part(block, rules, t)
        take_turns(block, rules, t, self._row)
        pools = zip(state.reports, state.n_reports)
        reports = [pool[:size].copy() for pool, size in pools]
        state.n_reports[:] = 0
        complaints = [
            filed[:size].copy() for filed, size in zip(state.complaints, state.n_complaints)
        ]
        attendees = state.attendees[: state.n_attendees[0]].copy()
        tellings = [self._tellings_for(q) for q in range(len(self.cuts) - 1)]
        row, change = self._flows()
        seconds = time.perf_counter() - begun
        return Turns(tellings, reports, complaints, attendees, row, change, seconds)

    def hear(self, t: int, incoming: list[Tellings]) -> Heard:
        """Let its people hear what was told, own tellings among that of the shards in order."""
        begun = time.perf_counter()
        state = self._state
        own = state.told.copy()
        for sign, c in itertools.product(range(2), range(self._world.rules.n_channels)):
            at = 0
            for source, told in enumerate(incoming):
                if source == self.number:
                    lines = state.outbox[sign, c, : own[sign, c]]
                else:
                    lines = told.get((sign, c), lines_of_nobody)
                state.messages[sign, c, at : at + lines.size] = lines
                at += lines.size
            state.told[sign, c] = at
        hear(self._block, self._rules, t, self._row)
        claims = state.claims[: state.n_claims[0]].copy()
        row, change = self._flows()
        return Heard(claims, row, change, time.perf_counter() - begun)

    def fetch(self, agents: NDArray[np.int32]) -> NDArray[np.void]:
        """Hand out the records of some of its people."""
        return pack_records(self._state, agents)

    def close(self, t: int, records: NDArray[np.void], attendees: NDArray[np.int32]) -> Closed:
        """Take back the records of settled people and end the day."""
        begun = time.perf_counter()
        state, block, rules = self._state, self._block, self._rules
        unpack_records(state, records)
        before = int(state.n_log[0])
        go_separate_ways(block, rules, t, self._row)
        state.attendees[: attendees.size] = attendees
        state.n_attendees[0] = attendees.size
        self._widen_reach(t, attendees)
        grow_older(block, rules, t, self._row)
        if state.recruits_today.size > 1:
            state.recruits_today[records["agent"]] = 0
        lines = state.log[before : state.n_log[0]]
        left = lines["agent"][lines["kind"] == LOG_LAPSE].copy()
        gave_up = lines["agent"][
            (lines["kind"] == LOG_GIVE_UP) | (lines["kind"] == LOG_RIVAL)
        ].copy()
        row, change = self._flows()
        return Closed(left, gave_up, row, change, time.perf_counter() - begun)

    def log(self) -> NDArray[np.void]:
        """All lines of the event log of its people, but for adoptions by recruit (the hub's)."""
        self._drain()
        return np.concatenate(self._chunks) if self._chunks else np.empty(0, LOG)

    def memory(self) -> int:
        """Bytes of memory of the process."""
        import psutil

        return int(psutil.Process().memory_info().rss)

    # inside -----------------------------------------------------------------------------------

    def _flows(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        row, change = self._row.copy(), self._state.change.copy()
        self._row[:] = 0
        self._state.change[:] = 0
        return row, change

    def _drain(self) -> None:
        if self._state.n_log[0]:
            self._chunks.append(self._state.log[: self._state.n_log[0]].copy())
            self._state.n_log[0] = 0

    def _tellings_for(self, receiver: int) -> Tellings:
        """Tellings that reach somebody there: by an arc, or as a post or a story for all."""
        if receiver == self.number:
            return {}
        state, rules = self._state, self._world.rules
        first = self.cuts[self.number]
        chosen: Tellings = {}
        for sign in range(2):
            for c in range(rules.n_channels):
                count = int(state.told[sign, c])
                if not count:
                    continue
                lines = state.outbox[sign, c, :count]
                if not self._for_all(c):
                    lines = lines[self._reach[receiver][c][lines["teller"] - first]]
                if lines.size:
                    chosen[sign, c] = lines.copy()
        return chosen

    def _for_all(self, c: int) -> bool:
        """Say whether what is told on a channel matters everywhere: a post, a story shown to all.

        So does a contest, which compares all of them.
        """
        rules = self._world.rules
        shown = rules.is_board[c] or rules.amplify[c] > 0
        return bool(shown or rules.contest_winners[c].any())

    def _widen_reach(self, t: int, attendees: NDArray[np.int32]) -> None:
        """Note who of its people is heard elsewhere through ties made at today's meeting."""
        rules = self._world.rules
        m = int(rules.meeting_at[t])
        if m < 0 or attendees.size < 3:
            return
        c, first, last = (
            int(rules.meeting_channel[m]),
            self.cuts[self.number],
            self.cuts[self.number + 1],
        )
        reach = min(int(rules.meeting_ties[m]), (attendees.size - 1) // 2)
        for step in range(1, reach + 1):
            other = np.roll(attendees, -step)
            for u, v in ((attendees, other), (other, attendees)):
                own = (first <= u) & (u < last)
                there = np.searchsorted(self.cuts, v[own], side="right") - 1
                for q in np.unique(there):
                    self._reach[q][c][u[own][there == q] - first] = True


lines_of_nobody = np.empty(0, MESSAGE)
