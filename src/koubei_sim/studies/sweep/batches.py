"""The runs of a sweep cut into batches, and a batch as a task that any worker can do.

A batch grows until it takes about a second, so that handing it out costs little and being killed
loses little.  No result depends on how runs are cut.  Called by `backends`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from koubei_sim.studies.sweep.work import Task

if TYPE_CHECKING:
    from koubei_sim.model.scenario import Scenario
    from koubei_sim.studies.design.plan import Sweep

#: A batch never has more runs than this, however short they are.
MOST_RUNS: Final = 2_000
#: A batch is at most this many times as large as those known to be quick enough.
_GROWTH: Final = 8


class Batches:
    """The runs still to do, cut into batches of about `seconds` each, cut as they are asked for.

    Parameters
    ----------
    runs : sequence of int
        Runs to do, ascending.
    replicates : int
        Runs of one point; a cut between points is preferred, because a point shares its world.
    workers : int
        Batches at the same time; the last ones are kept small enough for all to have one.  May be
        changed on the way.
    seconds : float
        Wanted length of a batch.

    Examples
    --------
    >>> batches = iter(Batches(range(10), replicates=5, workers=1, seconds=1.0))
    >>> next(batches)
    [0]
    """

    def __init__(
        self, runs: Sequence[int], replicates: int, workers: int, seconds: float = 1.0
    ) -> None:
        self.workers = workers
        self._runs, self._replicates = [int(run) for run in runs], replicates
        self._seconds = seconds
        self._each: float | None = None
        self._largest = 1

    def learn(self, runs: int, seconds: float) -> None:
        """Take note of how long a batch took.  The first one may have had to compile."""
        each = seconds / max(runs, 1)
        self._each = each if self._each is None else min(each, 2.0 * self._each)
        self._largest = max(self._largest, runs)

    def __iter__(self) -> Iterator[list[int]]:
        start = 0
        while start < len(self._runs):
            end = self._end(start)
            yield self._runs[start:end]
            start = end

    def _end(self, start: int) -> int:
        left = len(self._runs) - start
        size = 1
        if self._each is not None:
            wanted = self._seconds / max(self._each, 1e-9)
            size = int(min(wanted, _GROWTH * self._largest, MOST_RUNS, left / self.workers))
        end = start + max(1, size)
        if end >= len(self._runs):
            return len(self._runs)
        whole = end
        while whole > start and self._point(whole - 1) == self._point(whole):
            whole -= 1
        return whole if whole > start else end

    def _point(self, at: int) -> int:
        return self._runs[at] // self._replicates


def task_of(sweep: Sweep, batch: Sequence[int], scenarios: Mapping[int, Scenario]) -> Task:
    """Return a batch as a task; `scenarios` are those that workers may use as they are."""
    runs = tuple((run, *sweep.place(run)) for run in batch)
    points = {point for _, point, _ in runs}
    return Task(
        runs,
        sweep.scenario,
        {point: sweep.points.at(point) for point in points if point not in scenarios},
        {point: scenarios[point] for point in points if point in scenarios},
        sweep.key,
        sweep.engine,
        sweep.outcomes,
        sweep.version,
        sweep.luck == "own",
        sweep.supplied,
    )
