"""The hub: what many people want at once, settled in one place for all shards.

Recruits, units for sale, answers of the staff and places at a meeting depend on an order among
all people.  There are few of them beside the tellings, so the hub has the shards send it the
records in question, runs the very kernels of a run of one part on them, and sends them back.
Its arrays are as long as the population, and empty but for what it is sent.

A day is: release (at the hub), turns (shards), tellings from shard to shard, hearing (shards),
settling (hub, with the records of claimed and recruiters), separate ways (shards).
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.block import Block
from koubei_sim.core.codes import LAPSED, MAX_CHANNELS, USER
from koubei_sim.model.compiled.allocation import NEWS, allocate
from koubei_sim.model.compiled.records import forget, pack_records, unpack_records
from koubei_sim.model.kernels.release import file_reports
from koubei_sim.model.kernels.schedule import (
    ALL,
    SCHEDULE,
    begin_day,
    grow_older,
    hear,
    sell_and_answer,
    settle_claims,
    take_turns,
)
from koubei_sim.model.kernels.serve import who_leaves_queues
from koubei_sim.model.mechanisms import TABLE_WIDTH, arrays_of
from koubei_sim.model.world.arrays import Graphs, History, People, Rules, World, history_of
from koubei_sim.runs.partition.workers import Handle, Watched


def weight(payload: Any) -> int:
    """Return the bytes of an array, or of a number."""
    return int(payload.nbytes) if isinstance(payload, np.ndarray) else 8


@dataclass
class Day:
    """Traffic and time of one day of a partitioned run.

    All but `seconds` and `busy` are bytes: what numpy arrays hold, without the envelope that the
    transport adds.
    """

    tick: int
    tellings: int = 0  # on feeds, from shard to shard
    posts: int = 0  # on boards, from shard to shard
    claims: int = 0  # who was won, complains, reports, would come, has left: to the hub
    records: int = 0  # of people whose affairs are settled: to the hub and back
    news: int = 0  # products, stocks and flows: between the hub and everybody
    seconds: float = 0.0  # from morning to evening
    waiting: float = 0.0  # of these, what the hub waited for shards and transport
    busy: list[float] = field(default_factory=list)  # of the shards: turns, hearing, closing

    @property
    def total(self) -> int:
        """All bytes of the day."""
        return self.tellings + self.posts + self.claims + self.records + self.news


COLUMNS = (
    "tick",
    "tellings",
    "posts",
    "claims",
    "records",
    "news",
    "total",
    "seconds",
    "waiting",
    "busy",
)


def table(days: Iterable[Day], shards: int) -> Any:
    """Return a data frame with a row a day.

    `busy` is the time of the slowest shard in each phase: `seconds` less `waiting` is the work of
    the hub, and `waiting` less `busy` what the transport takes (where shards run side by side).

    Parameters
    ----------
    days : iterable of Day
    shards : int
        Number of shards.

    Returns
    -------
    pandas.DataFrame
    """
    import pandas as pd

    rows = []
    for day in days:
        busy = np.reshape(day.busy, (-1, shards)).max(axis=1).sum() if day.busy else 0.0
        rows.append([getattr(day, name) for name in COLUMNS[:-1]] + [float(busy)])
    return pd.DataFrame(rows, columns=list(COLUMNS))


_NONE = np.empty(0, np.int32)


def _nobody(rules: Rules) -> World:
    """Return a world of the right size in which nothing is known of anybody."""
    n = rules.n
    arrays: dict[str, Any] = {name: np.zeros(n, a.dtype) for name, a in arrays_of(People)}
    people = People(seeds=_NONE, seed_day=_NONE, **arrays)
    empty: tuple[Any, ...] = tuple(np.zeros(1, np.int64) for _ in range(MAX_CHANNELS))
    arcs: tuple[Any, ...] = tuple(np.zeros(0, np.int32) for _ in range(MAX_CHANNELS))
    ties: tuple[Any, ...] = tuple(np.zeros(0, np.uint8) for _ in range(MAX_CHANNELS))
    return World(people, Graphs(empty, arcs, ties), rules)


class Hub:
    """Runs the days of a partitioned run.

    Parameters
    ----------
    rules : Rules
    cuts : list of int
        First person of each shard, and the number of people.
    shards : list of Handle
    """

    def __init__(self, rules: Rules, cuts: list[int], shards: list[Handle]) -> None:
        self._rules, self._cuts, self._spent = rules, np.array(cuts), [0.0]
        self._shards = [Watched(shard, self._spent) for shard in shards]
        self._world = _nobody(rules)
        self._state = allocate(self._world, 0, 0)._replace(first=0, last=rules.n)
        self._block, self._rules_block = Block("state", self._state), Block("rules", rules)
        self._table = np.zeros((rules.ticks, TABLE_WIDTH), np.int64)
        self._chunks: list[NDArray[np.void]] = []
        self._held = np.empty(0, np.int32)  # whose records are here now, ascending
        self._turns: list[Any] = []  # what the shards did today
        self.days: list[Day] = []
        self.tick = 0
        for stocks in self._all("stocks"):
            self._state.stocks[:] += stocks
        # Stages and days of complaints known here only spare records that need not be fetched, but
        # for who has left: one taken for a user would hide those behind it in a queue.
        for seeds in self._all("seeds"):
            self._state.stage[seeds] = USER
        heard = self._all("listens_to")
        for p, shard in enumerate(self._shards):
            shard.call("set_reach", [heard[q][p] for q in range(len(shards))]).result()

    def _all(self, method: str, *arguments: Any) -> list[Any]:
        """Ask all shards the same, and wait for their answers."""
        answers = [shard.call(method, *arguments) for shard in self._shards]
        return [answer.result() for answer in answers]

    # records ----------------------------------------------------------------------------------

    def _by_owner(self, agents: NDArray[np.int32]) -> list[NDArray[np.int32]]:
        """Cut an ascending list of people at the borders of the shards."""
        return np.split(agents, np.searchsorted(agents, self._cuts[1:-1]))

    def _fetch(self, day: Day, *groups: NDArray[Any]) -> None:
        """Have the records of all these people here; those that are stay as they are."""
        wanted = np.unique(np.concatenate([_NONE, *(np.asarray(g, np.int32) for g in groups)]))
        wanted = np.setdiff1d(wanted[wanted >= 0], self._held, assume_unique=True)
        if not wanted.size:
            return
        asked = [
            (shard, ids) for shard, ids in zip(self._shards, self._by_owner(wanted)) if ids.size
        ]
        answers = [shard.call("fetch", ids) for shard, ids in asked]
        for answer, (_, ids) in zip(answers, asked):
            records = answer.result()
            unpack_records(self._state, records)
            day.records += weight(records) + weight(ids)
        self._held = np.union1d(self._held, wanted).astype(np.int32)

    def _give_back(self, day: Day) -> list[NDArray[np.void]]:
        """Pack all records that are here for their owners."""
        parcels = [pack_records(self._state, ids) for ids in self._by_owner(self._held)]
        day.records += sum(weight(parcel) for parcel in parcels)
        self._held = np.empty(0, np.int32)
        return parcels

    # the day ----------------------------------------------------------------------------------

    def day(self) -> None:
        """Run the next day on all shards."""
        begun = time.perf_counter()
        t, row = self.tick, self._table[self.tick]
        day, self._spent[0] = Day(t), 0.0
        if self._state.log.size - self._state.n_log[0] < self._rules.n:
            self._drain()
        needed = {
            begin_day: self._authors,
            settle_claims: self._claims,
            sell_and_answer: self._winners,
        }
        # What is done for each part is done by the shards; going and ageing in one message.
        by_shards = {
            take_turns: self._take_turns,
            hear: self._hear,
            grow_older: self._close,
        }
        for step in SCHEDULE:
            if step.scope == ALL:
                if step.run in needed:
                    self._fetch(day, *needed[step.run](t))
                step.run(self._block, self._rules_block, t, row)
            elif step.run in by_shards:
                by_shards[step.run](t, day, row)
        day.seconds, day.waiting = time.perf_counter() - begun, self._spent[0]
        self.days.append(day)
        self.tick += 1

    def _authors(self, t: int) -> list[NDArray[np.int32]]:
        """Say whose reports are read today."""
        state, since = self._state, t - self._rules.launch
        if not ((since > 0) & (since % self._rules.release_interval == 0)).any():
            return []
        pools = zip(state.reports, state.n_reports)
        return [pool[:size]["agent"] for pool, size in pools]

    def _take_turns(self, t: int, day: Day, row: NDArray[np.int64]) -> None:
        state = self._state
        news = {name: getattr(state, name) for name in NEWS}  # what everybody must know
        day.news = sum(map(weight, news.values())) * len(self._shards)
        back = self._give_back(day)
        answers = [
            shard.call("turns", t, news, records) for shard, records in zip(self._shards, back)
        ]
        self._turns = [answer.result() for answer in answers]
        for turn in self._turns:
            for k, reports in enumerate(turn.reports):
                file_reports(self._block, self._rules_block, k, reports)
                day.claims += weight(reports)
            for c, agents in enumerate(turn.complaints):
                at = int(state.n_complaints[c])
                state.complaints[c, at : at + agents.size] = agents
                state.n_complaints[c] = at + agents.size
                state.actor["complained"][agents] = t
                day.claims += weight(agents)
            at = int(state.n_attendees[0])
            state.attendees[at : at + turn.attendees.size] = turn.attendees
            state.n_attendees[0] = at + turn.attendees.size
            day.claims += weight(turn.attendees)
            self._add(turn, day, row)

    def _hear(self, t: int, day: Day, row: NDArray[np.int64]) -> None:
        state = self._state
        answers = []
        for q, shard in enumerate(self._shards):
            incoming = [turn.tellings[q] for turn in self._turns]
            for told in incoming:
                for (_, c), lines in told.items():
                    if self._rules.is_board[c]:
                        day.posts += weight(lines)
                    else:
                        day.tellings += weight(lines)
            answers.append(shard.call("hear", t, incoming))
        for answer in answers:
            heard = answer.result()
            at = int(state.n_claims[0])
            state.claims[at : at + heard.claims.size] = heard.claims
            state.n_claims[0] = at + heard.claims.size
            day.claims += weight(heard.claims)
            self._add(heard, day, row)

    def _claims(self, t: int) -> list[NDArray[np.int32]]:
        """Say who was won, by whom, and who may leave the queues today.

        Queues are asked for before claims are settled, to save a round: whoever becomes a user
        again today is counted as not yet one, so that perhaps a few too many are named, and never
        too few.
        """
        state = self._state
        claims, out = state.claims[: state.n_claims[0]], state.waiters  # nobody waits anew yet
        number = who_leaves_queues(self._block, self._rules_block, t, out)
        return [claims["agent"], claims["recruiter"], out[:number].copy()]

    def _winners(self, t: int) -> list[NDArray[np.int32]]:
        """Say who has won a unit today, and by whom it was won."""
        winners = self._state.waiters[: self._state.n_winners[0]]
        return [winners, self._state.wait_recruiter[winners]] if winners.size else []

    def _close(self, t: int, day: Day, row: NDArray[np.int64]) -> None:
        state = self._state
        attendees = state.attendees[: state.n_attendees[0]].copy()
        day.news += weight(attendees) * len(self._shards)
        answers = [
            shard.call("close", t, records, attendees)
            for shard, records in zip(self._shards, self._give_back(day))
        ]
        for answer in answers:
            closed = answer.result()
            state.stage[closed.left] = LAPSED
            forget(state.waiting, closed.gave_up)
            forget(state.invited, closed.gave_up)
            day.claims += weight(closed.left) + weight(closed.gave_up)
            self._add(closed, day, row)

    def _add(self, flows: Any, day: Day, row: NDArray[np.int64]) -> None:
        row += flows.row
        self._state.stocks[:] += flows.change
        day.news += weight(flows.row) + weight(flows.change)
        day.busy = [*day.busy, flows.seconds]

    # the end ----------------------------------------------------------------------------------

    def _drain(self) -> None:
        self._chunks.append(self._state.log[: self._state.n_log[0]].copy())
        self._state.n_log[0] = 0

    def history(self) -> History:
        """Tables and log of all shards, in canonical order."""
        self._drain()
        log = np.concatenate([*self._chunks, *self._all("log")])
        done, state = slice(0, self.tick), self._state
        return history_of(
            self._table[done], state.quality_path[done], state.difficulty_path[done], log
        )

    def memory(self) -> list[int]:
        """Bytes of memory of the process of each shard."""
        return self._all("memory")
