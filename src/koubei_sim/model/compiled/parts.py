"""One run on several threads: the people in parts, the days step by step.

Most of a day touches one person at a time: whether it is online and what it then does, and what
it makes of all that it hears.  These two steps are done for all parts at the same time; what
people want at once (units, answers, places, recruits) is settled in between by one thread, in
the order that a run of one part has.  A draw is a function of its address and a listener hears
the tellings of all parts in the same keyed order, so the bytes are those of one thread.

Parts share the arrays of people and write to their own people only.  What they count and list is
their own, and is put together at the end of a step, in the order of the parts: then every list
is in the order in which one thread would have made it.  Called by `CompiledRun`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from koubei_sim.core.block import Block
from koubei_sim.model.compiled.allocation import ARRAYS, LISTS, aligned_zeros, counters, make
from koubei_sim.model.compiled.own import OwnMechanisms
from koubei_sim.model.kernels.hear import hear
from koubei_sim.model.kernels.release import file_reports
from koubei_sim.model.kernels.schedule import OWN, SCHEDULE, take_turns
from koubei_sim.model.mechanisms import TABLE_WIDTH, Rules, State
from koubei_sim.model.mechanisms.telling import MESSAGE

#: Below this many people a step is over before a second thread has begun it.
PEOPLE_PER_PART: Final = 50_000
ALIGNED = 4096  # people: no two parts share a word of a set, or a page of a record
#: Lists that are put together after hearing; what is told and filed is wanted before.
AFTER_HEARING: Final = [name for name in LISTS if name != "online"]
SCRATCH: Final = [name for name, array in ARRAYS.items() if array.scratch]


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

    state: State
    block: Block
    row: np.ndarray  # what they add to the row of the day


def _own(dtype: Any, count: int) -> np.ndarray:
    """Zeros on cache lines that no other part writes to."""
    return aligned_zeros(count + 64 // np.dtype(dtype).itemsize, dtype)[:count]


def _own_like(array: np.ndarray) -> np.ndarray:
    """Room as large as that of the whole; small pieces on cache lines of their own."""
    small = array.ndim == 1 and array.nbytes <= 4096
    return _own(array.dtype, array.size) if small else np.empty_like(array)


def part_of(whole: State, rules: Rules, first: int, last: int) -> Part:
    """Return a part: the shared arrays of people, its own lists and counters."""
    m, channels = max(1, last - first), whole.messages.shape[1]
    state = whole._replace(
        first=first,
        last=last,
        change=_own(np.int64, whole.stocks.size),
        outbox=whole.messages if first == 0 else np.empty((2, channels, m), MESSAGE),
        **counters(),
        **make(LISTS, rules, m),
        **{name: _own_like(getattr(whole, name)) for name in SCRATCH},
    )
    return Part(state, Block("state", state), _own(np.int64, TABLE_WIDTH))


class Parts:
    """All parts of a run, and the threads that work on them.

    Parameters
    ----------
    whole : State
        The state of the run; parts share its arrays of people.
    rules : Rules
    block, rules_block : Block
        The same state and rules, as the kernels take them.
    number : int
        Number of parts, one thread each (`number_of_parts`).
    own : OwnMechanisms, optional
        Mechanisms of the user's own.
    smallest : int, optional
        Parts are cut at multiples of this.
    """

    def __init__(
        self,
        whole: State,
        rules: Rules,
        block: Block,
        rules_block: Block,
        number: int,
        own: OwnMechanisms | None = None,
        smallest: int | None = None,
    ) -> None:
        self._own = own
        self.whole, self.number, self._block, self._rules = whole, number, block, rules_block
        cuts = boundaries(whole.stage.size, number, smallest)
        self.parts = [part_of(whole, rules, a, b) for a, b in itertools.pairwise(cuts) if a < b]
        self._pool = ThreadPoolExecutor(max(1, len(self.parts) - 1), "koubei-part")

    def day(self, t: int, row: np.ndarray) -> None:
        """Run tick `t`: the steps of the schedule, the long ones for all parts at the same time."""
        collect = {take_turns: self._collect_turns, hear: self._collect_heard}
        for part in self.parts:
            part.state.counts[:] = 0
        for step in SCHEDULE:
            if step.scope == OWN:
                if self._own is not None:
                    self._own.run(step.holds[0], self.whole, self._block, self._rules, t, row)
            elif step.long:
                self._side_by_side(step.run, t)
                collect[step.run](row)
            else:
                step.run(self._block, self._rules, t, row)

    def _side_by_side(self, phase: Callable[..., Any], t: int) -> None:
        others = [
            self._pool.submit(phase, part.block, self._rules, t, part.row)
            for part in self.parts[1:]
        ]
        phase(self.parts[0].block, self._rules, t, self.parts[0].row)
        for other in others:
            other.result()

    def _collect_turns(self, row: np.ndarray) -> None:
        """Put together what was told and filed; give every part all tellings to hear."""
        whole = self.whole
        whole.told[:] = 0
        for part in self.parts:
            own = part.state
            if own.first > 0:
                for sign, c in np.argwhere(own.told):
                    k, at = own.told[sign, c], whole.told[sign, c]
                    _copy(whole.messages[sign, c], at, own.outbox[sign, c], k)
            whole.told[:] += own.told
            for k, reports in enumerate(own.reports):
                if own.n_reports[k]:
                    file_reports(self._block, self._rules, k, reports[: own.n_reports[k]])
            own.n_reports[:] = 0
        for part in self.parts:
            part.state.told[:] = whole.told
        self._add_up(row)

    def _collect_heard(self, row: np.ndarray) -> None:
        """Put the lists of all parts together."""
        whole = self.whole
        for part in self.parts:
            for name in AFTER_HEARING:
                target, source = getattr(whole, name), getattr(part.state, name)
                counts = zip(getattr(whole, LISTS[name]), getattr(part.state, LISTS[name]))
                for c, (at, k) in enumerate(counts):  # one list, or one for each channel
                    _copy(
                        *((target, at, source) if target.ndim == 1 else (target[c], at, source[c])),
                        k,
                    )
            for counter in {LISTS[name] for name in AFTER_HEARING}:
                getattr(whole, counter)[:] += getattr(part.state, counter)
        self._add_up(row)

    def _add_up(self, row: np.ndarray) -> None:
        for part in self.parts:
            row[:TABLE_WIDTH] += part.row
            self.whole.stocks[:] += part.state.change
            part.row[:] = 0
            part.state.change[:] = 0


def _copy(target: np.ndarray, at: int, source: np.ndarray, count: int) -> None:
    """Copy `count` records to place `at`, as bytes (records field by field take far longer)."""
    if count:
        width = target.dtype.itemsize
        octets = target.view(np.uint8)
        octets[at * width : (at + count) * width] = source.view(np.uint8)[: count * width]
