"""One run on several threads: the people in parts, the days in phases.

Most of a day touches one person at a time: whether it is online and what it then does, and what
it makes of all that it hears.  These two phases are done for all parts at the same time; what
people want at once (units, answers, places, recruits) is settled in between by one thread, in
the order that a run of one part has.  A draw is a function of its address and a listener hears
the tellings of all parts in the same keyed order, so the bytes are those of one thread.

Parts share the arrays of people and write to their own people only.  What they count and list is
their own, and is put together at the end of a phase, in the order of the parts: then every list
is in the order in which one thread would have made it.  Called by `CompiledRun`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from koubei_sim.core import codes
from koubei_sim.core.block import Block
from koubei_sim.model.compiled.allocation import aligned_zeros, work_lists
from koubei_sim.model.compiled.own import OwnMechanisms
from koubei_sim.model.kernels import state as st
from koubei_sim.model.kernels.phases import (
    begin_day,
    close_day,
    end_day,
    file_reports,
    finish_day,
    hear_all,
    take_turns,
)

#: Below this many people a phase is over before a second thread has begun it.
PEOPLE_PER_PART: Final = 50_000
ALIGNED = 4096  # people: no two parts share a word of a set, or a page of a record
LISTS: Final = (
    ("claims", st.N_CLAIMS),
    ("rejected", st.N_REJECTED),
    ("newly", st.N_NEWLY),
    ("leavers", st.N_LEAVERS),
    ("leaver_kind", st.N_LEAVERS),
    ("participants", st.N_PARTICIPANTS),
    ("attendees", st.N_ATTENDEES),
)
_MESSAGES = slice(st.N_MESSAGES, st.N_MESSAGES + 16)


def number_of_parts(n: int, threads: int) -> int:
    """Return into how many parts a run of `n` people on so many threads is cut."""
    return max(1, min(threads, n // PEOPLE_PER_PART))


def boundaries(n: int, parts: int, smallest: int | None = None) -> list[int]:
    """Return the first person of each part, and `n`; cuts are multiples of `smallest`.

    Examples
    --------
    >>> boundaries(100_000, 2)
    [0, 49152, 100000]
    """
    unit = ALIGNED if smallest is None else smallest
    inner = [round(n * k / parts / unit) * unit for k in range(1, parts)]
    return [0, *(min(b, n) for b in inner), n]


@dataclass
class Part:
    """The people `first` .. `last` - 1 of a run."""

    state: st.State
    block: Block
    row: np.ndarray  # what they add to the row of the day

    @property
    def counts(self) -> np.ndarray:
        """Lengths of the work lists."""
        return self.state.counts


def _own(dtype: np.dtype, count: int) -> np.ndarray:
    """Zeros on cache lines that no other part writes to."""
    return aligned_zeros(count + 64 // dtype.itemsize, dtype)[:count]


def part_of(whole: st.State, first: int, last: int) -> Part:
    """Return a part: the shared arrays of people, its own lists and counters."""
    m, n = max(1, last - first), whole.stage.size
    channels = whole.messages.shape[1]
    int64 = np.dtype(np.int64)
    state = whole._replace(
        first=first,
        last=last,
        change=_own(int64, whole.stocks.size),
        counts=_own(int64, st.COUNTS),
        outbox=whole.messages if first == 0 else np.empty((2, channels, m), st.MESSAGE),
        **work_lists(m, channels),
        posters=np.empty(n, np.int32),
        reports=np.empty_like(whole.reports),
        block_listener=_own(np.dtype(np.int32), st.BLOCK),
        block_message=_own(np.dtype(np.int32), st.BLOCK),
        block_tie=_own(np.dtype(np.uint8), st.BLOCK),
    )
    return Part(state, Block("state", state), _own(int64, codes.TABLE_WIDTH))


class Parts:
    """All parts of a run, and the threads that work on them.

    Parameters
    ----------
    whole : State
        The state of the run; parts share its arrays of people.
    block, rules : Block
        The same state, and the rules, as the kernels take them.
    number : int
        Number of parts, one thread each (`number_of_parts`).
    own : OwnMechanisms, optional
        Mechanisms of the user's own.
    smallest : int, optional
        Parts are cut at multiples of this.
    """

    def __init__(
        self,
        whole: st.State,
        block: Block,
        rules: Block,
        number: int,
        own: OwnMechanisms | None = None,
        smallest: int | None = None,
    ) -> None:
        self._own = own
        self.whole, self.number, self._block, self._rules = whole, number, block, rules
        cuts = boundaries(whole.stage.size, number, smallest)
        self.parts = [part_of(whole, a, b) for a, b in itertools.pairwise(cuts) if a < b]
        self._pool = ThreadPoolExecutor(max(1, len(self.parts) - 1), "koubei-part")

    def day(self, t: int, row: np.ndarray, quality: np.ndarray, difficulty: np.ndarray) -> None:
        """Run tick `t`; the same phases in the same order as `model.kernels.schedule.advance`."""
        whole, rules = self._block, self._rules
        begin_day(whole, rules, t, row)
        if self._own is not None:
            self._own.begin(self.whole, rules, whole, t, row)
        for part in self.parts:
            part.counts[:] = 0
            part.counts[st.N_TIES] = self.whole.counts[st.N_TIES]
        self._side_by_side(take_turns, t)
        self._collect_turns(row)
        self._side_by_side(hear_all, t)
        self._collect_heard(row)
        if self._own is None:
            finish_day(whole, rules, t, quality, difficulty, row)
            return
        close_day(whole, rules, t, row)
        self._own.end(rules, whole, t, row)
        end_day(whole, rules, t, quality, difficulty, row)

    def _side_by_side(self, phase: Callable[..., Any], t: int) -> None:
        others = [
            self._pool.submit(phase, part.block, self._rules, t, part.row)
            for part in self.parts[1:]
        ]
        phase(self.parts[0].block, self._rules, t, self.parts[0].row)
        for other in others:
            other.result()

    def _collect_turns(self, row: np.ndarray) -> None:
        """Put together what was told, filed, complained; give every part all tellings to hear."""
        whole = self.whole
        told = whole.counts[_MESSAGES]
        told[:] = 0
        for part in self.parts:
            own = part.counts[_MESSAGES]
            if part.state.first > 0:
                for sign, c in np.argwhere(own.reshape(2, 8)):
                    k, at = own[8 * sign + c], told[8 * sign + c]
                    _copy(whole.messages[sign, c], at, part.state.outbox[sign, c], k)
            told += own
            for k, reports in enumerate(part.state.reports):
                kept = part.counts[st.N_REPORTS + k]
                if kept:
                    file_reports(self._block, self._rules, k, reports[:kept])
                part.counts[st.N_REPORTS + k] = 0
            for c in range(codes.MAX_CHANNELS):
                k = part.counts[st.N_COMPLAINTS + c]
                _copy(
                    whole.complaints[c],
                    whole.counts[st.N_COMPLAINTS + c],
                    part.state.complaints[c],
                    k,
                )
                whole.counts[st.N_COMPLAINTS + c] += k
        for part in self.parts:
            part.counts[_MESSAGES] = told
        self._add_up(row)

    def _collect_heard(self, row: np.ndarray) -> None:
        """Put the lists of all parts together."""
        whole = self.whole
        for part in self.parts:
            for name, number in LISTS:
                _copy(
                    getattr(whole, name),
                    whole.counts[number],
                    getattr(part.state, name),
                    part.counts[number],
                )
            for number in {number for _, number in LISTS}:
                whole.counts[number] += part.counts[number]
        self._add_up(row)

    def _add_up(self, row: np.ndarray) -> None:
        for part in self.parts:
            row[: codes.TABLE_WIDTH] += part.row
            self.whole.stocks[:] += part.state.change
            part.row[:] = 0
            part.state.change[:] = 0


def _copy(target: np.ndarray, at: int, source: np.ndarray, count: int) -> None:
    """Copy `count` records to place `at`, as bytes (records field by field take far longer)."""
    if count:
        width = target.dtype.itemsize
        octets = target.view(np.uint8)
        octets[at * width : (at + count) * width] = source.view(np.uint8)[: count * width]
