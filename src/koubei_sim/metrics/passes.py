"""What the summary takes from the event log, of logs that need not fit into memory.

`recruitment_forest` and `spells` hold an array entry for every adoption.  Where the log lies in a
file, the same numbers come from two passes over it that hold entries for *people* only:

- forwards, each person's latest adoption is known, hence the parent, the depth and the timely
  recruits of each adoption, and how long each spell of use lasted;
- backwards, what a person has brought since is known when his adoption is met, hence the size of
  each tree and, by sums of sizes of subtrees and of their squares, its structural virality.

Called by `overview`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.codes import LOG_ADOPT, LOG_LAPSE
from koubei_sim.metrics.forest import ForestSummary, forest_summary, k_factor, recruitment_forest
from koubei_sim.metrics.staying import behaviour_tiers
from koubei_sim.model.world.arrays import is_stored, log_pieces

_NEVER: Final = -2  # before the first tick of a log, which is -1
_LATE: Final = 2**31 - 1


class LogFacts(NamedTuple):
    """Numbers of one replicate that only its log can tell."""

    forest: ForestSummary
    k_factor: float  # within 30 days
    recruiters: int
    observed: int  # adopted early enough to be seen for 90 days
    active: int  # of these, in unbroken use on the last of them


def log_facts(history: Any) -> LogFacts:
    """Return the facts of a log, wherever it is."""
    if is_stored(history):
        return facts_by_passes(history)
    forest = recruitment_forest(history)
    behaviour = behaviour_tiers(history, forest=forest)
    return LogFacts(
        forest_summary(history, forest),
        k_factor(history, forest=forest),
        behaviour.recruiters,
        behaviour.observed,
        behaviour.active,
    )


def facts_by_passes(history: Any, day: int = 90, days: int = 30) -> LogFacts:
    """Return the facts of a log in memory that grows with people, not with events.

    Parameters
    ----------
    history : History or archive.StoredHistory
    day : int
        Days after adoption at which use is looked at, as in `behaviour_tiers`.
    days : int
        Days within which recruits are counted, as in `k_factor`.
    """
    forwards = _Forwards(history, day, days)
    for tick, agent, kind, recruiter in _by_tick(history):
        forwards.see(tick, agent, kind, recruiter)
    backwards = _Backwards(forwards.first)
    for tick, agent, kind, recruiter in _by_tick(history, backward=True):
        adopted = kind == LOG_ADOPT
        backwards.see(tick, agent[adopted], recruiter[adopted])
    active = forwards.active
    still = (forwards.since > _NEVER) & (forwards.since + day <= forwards.end)
    return LogFacts(
        backwards.summary(forwards.deepest, forwards.depths),
        forwards.timely / forwards.followed if forwards.followed else float("nan"),
        int(forwards.recruited.sum()),
        int(forwards.observed.sum()),
        int((active | still).sum()),
    )


def _by_tick(history: Any, backward: bool = False) -> Iterator[tuple[int, Any, Any, Any]]:
    """Yield tick, agents, kinds, recruiters of each tick that has events, in the log's order."""
    for tick, *columns in _whole_ticks(history, backward):
        edges = [0, *(np.flatnonzero(np.diff(tick)) + 1).tolist(), tick.size]
        spans = list(pairwise(edges))
        for begin, stop in reversed(spans) if backward else spans:
            agent, kind, recruiter = (column[begin:stop] for column in columns)
            yield int(tick[begin]), agent, kind, recruiter


def _whole_ticks(history: Any, backward: bool) -> Iterator[list[NDArray[Any]]]:
    """Yield pieces of a log that cut no tick in two: what may go on in the next piece waits."""
    waiting: list[NDArray[Any]] | None = None
    for piece in log_pieces(history, "tick", "agent", "kind", "recruiter", backward=backward):
        found = list(piece)
        if not found[0].size:
            continue
        if waiting is not None:
            pairs = zip(found, waiting) if backward else zip(waiting, found)
            found = [np.concatenate(pair) for pair in pairs]
        tick = found[0]
        if backward:
            cut = int(np.searchsorted(tick, tick[0], side="right"))
            ready, waiting = [c[cut:] for c in found], [c[:cut] for c in found]
        else:
            cut = int(np.searchsorted(tick, tick[-1]))
            ready, waiting = [c[:cut] for c in found], [c[cut:] for c in found]
        if ready[0].size:
            yield ready
    if waiting is not None:
        yield waiting


class _Forwards:
    """The pass from the first event to the last; arrays have an entry a person."""

    def __init__(self, history: Any, day: int, days: int) -> None:
        n = int(history.table[0, :7].sum())
        self.end = history.table.shape[0] - 1
        self._day, self._days = day, days
        self.first = np.full(n, _LATE, np.int32)  # tick of the first adoption
        self._last = np.full(n, _NEVER, np.int32)  # tick of the latest
        self._depth = np.zeros(n, np.int32)  # of the latest
        self.since = np.full(n, _NEVER, np.int32)  # the oldest adoption that no lapse has followed
        self.recruited = np.zeros(n, np.bool_)
        self.observed = np.zeros(n, np.bool_)
        self.active = np.zeros(n, np.bool_)
        self.deepest = self.depths = self.timely = self.followed = 0

    def see(self, tick: int, agent: Any, kind: Any, recruiter: Any) -> None:
        # A lapse ends the adoptions before its tick, so lapses come first.
        left = agent[kind == LOG_LAPSE]
        since = self.since[left]
        stayed = (since > _NEVER) & (since + self._day <= self.end) & (tick - since > self._day)
        self.active[left[stayed]] = True
        self.since[left] = _NEVER

        adopted = kind == LOG_ADOPT
        agent, recruiter = agent[adopted], recruiter[adopted]
        by = np.maximum(recruiter, 0)
        child = (recruiter >= 0) & (self._last[by] > _NEVER)
        by = by[child]
        depth = np.zeros(agent.size, np.int32)
        depth[child] = self._depth[by] + 1
        self.recruited[by] = True
        seen = (tick - self._last[by] <= self._days) & (self._last[by] + self._days <= self.end)
        self.timely += int(seen.sum())
        self.followed += agent.size if tick + self._days <= self.end else 0
        self.depths += int(depth.sum(dtype=np.int64))
        self.deepest = max(self.deepest, int(depth.max(initial=0)))
        if tick + self._day <= self.end:
            self.observed[agent] = True
        self.first[agent] = np.minimum(self.first[agent], tick)
        self._last[agent] = tick
        self._depth[agent] = depth
        self.since[agent] = np.where(self.since[agent] == _NEVER, tick, self.since[agent])


class _Backwards:
    """The pass from the last adoption to the first."""

    def __init__(self, first: NDArray[np.int32]) -> None:
        self._first = first
        n = first.size
        # Of what a person brought after the tick at hand: adoptions below; the sizes of all
        # subtrees, added up; their squares.
        self._below = np.zeros(n, np.int64)
        self._sizes, self._squares = np.zeros(n), np.zeros(n)
        self._trees = self._single = self._adoptions = 0
        self._largest = (0, 0.0, 0.0)

    def see(self, tick: int, agent: Any, recruiter: Any) -> None:
        self._adoptions += agent.size
        size = self._below[agent] + 1
        sizes, squares = self._sizes[agent], self._squares[agent]
        self._below[agent] = 0
        self._sizes[agent] = self._squares[agent] = 0.0
        by = np.maximum(recruiter, 0)
        child = (recruiter >= 0) & (self._first[by] < tick)
        by = by[child]
        whole = size[child].astype(np.float64)
        np.add.at(self._below, by, size[child])
        np.add.at(self._sizes, by, sizes[child] + whole)
        np.add.at(self._squares, by, squares[child] + whole * whole)
        root = np.flatnonzero(~child)
        if root.size:
            self._trees += root.size
            self._single += int((size[root] == 1).sum())
            best = root[np.argmax(size[root])]
            if size[best] >= self._largest[0]:  # of equal ones the earliest, which comes last
                self._largest = (int(size[best]), float(sizes[best]), float(squares[best]))

    def summary(self, deepest: int, depths: int) -> ForestSummary:
        if not self._trees:
            return ForestSummary(0, 0, 0, np.nan, np.nan, 0, np.nan, np.nan)
        size, sizes, squares = self._largest
        pairs = float(size) * (size - 1.0)
        return ForestSummary(
            trees=self._trees,
            adoptions=self._adoptions,
            largest=size,
            largest_share=size / self._adoptions,
            single=self._single / self._trees,
            depth=deepest,
            mean_depth=depths / self._adoptions,
            virality=2.0 * (size * sizes - squares) / pairs if pairs else np.nan,
        )
