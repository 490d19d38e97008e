"""Doing the runs of a sweep on a backend, and going on when workers die.

The runs are cut into batches that grow until one takes about a second, so that handing it out costs
little and being killed loses little.  Batches come back in any order; only the caller writes.  When
a worker is killed (out of memory, by a person, with its machine), what was lost with it is done
again run by run, and runs that are lost once more are done alone, so that it shows whose fault it
was: a run that kills its worker every time ends as a failed row, and the rest goes on.  No result
depends on any of this.
Called by `sweep`.
"""

from __future__ import annotations

import contextlib
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from koubei_sim.core.workers import LOOK
from koubei_sim.studies.sweep.journal import SweepStopped
from koubei_sim.studies.sweep.pools import Pool, open_pool
from koubei_sim.studies.sweep.work import Row, Task, given_up

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


def task_of(
    sweep: Sweep, batch: Sequence[int], scenarios: Mapping[int, Scenario], how: How | None = None
) -> Task:
    """Return a batch as a task; `scenarios` are those that workers may use as they are."""
    runs = tuple((run, *sweep.place(run)) for run in batch)
    points = {point for _, point, _ in runs}
    how = how or How()
    ready = {point: scenarios[point] for point in points if point in scenarios}
    if sweep.variants:
        ready = {point: sweep.variants[point] for point in points}
    return Task(
        runs,
        sweep.scenario,
        {point: sweep.points.at(point) for point in points if point not in ready},
        ready,
        sweep.key,
        sweep.engine,
        sweep.outcomes,
        sweep.version,
        sweep.luck == "own",
        sweep.supplied,
        how.functions,
        how.keep,
        how.threads,
    )


BACKENDS: Final = ("threads", "loky", "dask")
#: A run that has killed so many workers while it was alone is given up.
STRIKES: Final = 3
#: Workers that die so often in a row, without one run done between, end the sweep.
BARREN: Final = 20


class How(NamedTuple):
    """How runs are done: nothing that a result depends on.

    `workers` runs are done at the same time, on `threads` each where these are threads; `functions`
    and `keep` as in `work.Task`.
    """

    backend: str = "threads"
    workers: int = 1
    scheduler: str | None = None
    seconds: float = 1.0
    threads: int = 1
    functions: tuple[Callable[..., float], ...] = ()
    keep: bool = False


def execute(
    sweep: Sweep, todo: Sequence[int], how: How, scenarios: Mapping[int, Scenario]
) -> Iterator[list[Row]]:
    """Yield the rows of each batch as it is finished, in any order.

    Parameters
    ----------
    sweep : Sweep
    todo : sequence of int
        Runs to do, ascending.
    how : How
    scenarios : mapping of int to Scenario
        Scenarios that are made already, by point.

    Raises
    ------
    SweepStopped
        When workers die without end, or the cluster cannot be reached.
    """
    batches = Batches(todo, sweep.replicates, how.workers, how.seconds)
    ready = scenarios if how.backend == "threads" else {}  # others make them where they are
    pool = open_pool(how.backend, how.workers, how.scheduler, sweep.given)
    work = _Work(pool, batches, lambda batch: task_of(sweep, batch, ready, how), how.backend)
    try:
        yield from work.rows()
    finally:
        pool.close(work.futures())


class _Work:
    """Batches on their way through a pool, and those lost on the way."""

    def __init__(
        self, pool: Pool, batches: Batches, make: Callable[[Sequence[int]], Task], backend: str
    ) -> None:
        self._pool, self._batches, self._make, self._backend = pool, batches, make, backend
        self._fresh = iter(batches)
        self._flying: dict[int, tuple[Any, Task]] = {}
        self._landed: SimpleQueue[int] = SimpleQueue()
        self._number = 0
        self._mode = "fresh"
        self._doubtful: deque[int] = deque()  # lost with others: done again, each for itself
        self._alone: deque[int] = deque()  # lost again: done while nothing else is
        self._strikes: Counter[int] = Counter()
        self._barren = 0
        self._known = False

    def futures(self) -> list[Any]:
        """Return what is still on its way."""
        return [future for future, _ in self._flying.values()]

    def rows(self) -> Iterator[list[Row]]:
        """Yield the rows of each batch."""
        while True:
            while (batch := self._next()) is not None:
                self._submit(self._make(batch))
            if not self._flying:
                return
            future, task = self._flying.pop(self._wait())
            found = self._result(future)
            if isinstance(found, BaseException):
                yield from self._lost(task, found)
                continue
            yield self._good(*found)

    def _wait(self) -> int:
        """Return the number of the next batch that is done, looking up for Ctrl-C."""
        while True:
            with contextlib.suppress(Empty):
                return self._landed.get(timeout=LOOK)

    def _next(self) -> list[int] | None:
        """Return the batch to hand out now; None to wait, or at the end."""
        mode = "alone" if self._alone else "doubtful" if self._doubtful else "fresh"
        if mode != self._mode:
            if self._flying:
                return None  # who is lost with whom must be known: one kind at a time
            self._mode = mode
        if mode == "alone":
            return None if self._flying else [self._alone.popleft()]
        if mode == "doubtful":
            full = len(self._flying) >= self._pool.workers
            return None if full else [self._doubtful.popleft()]
        # Not many before it is known how long a run takes: the first batches are of one run.
        ahead = self._pool.ahead
        if len(self._flying) >= (ahead if self._known else min(ahead, 2 * self._pool.workers)):
            return None
        self._batches.workers = self._pool.workers
        return next(self._fresh, None)

    def _submit(self, task: Task) -> None:
        number, self._number = self._number, self._number + 1
        landed, future = self._landed, self._pool.submit(task)
        self._flying[number] = (future, task)
        future.add_done_callback(lambda _: landed.put(number))

    def _result(self, future: Any) -> tuple[list[Row], float] | BaseException:
        """Return what came back, or the error that says that a worker died."""
        try:
            found: tuple[list[Row], float] = future.result()
        except Exception as error:
            if self._pool.died(error):
                return error
            # Runs catch their own faults: this is the pool's.
            raise SweepStopped(
                self._backend,
                f"its workers cannot do it or cannot be reached ({_line(error)}), "
                "what is finished is kept",
                fix="the same again, once they can",
            ) from None
        return found

    def _good(self, rows: list[Row], seconds: float) -> list[Row]:
        self._barren, self._known = 0, True
        self._batches.learn(len(rows), seconds)
        return rows

    def _lost(self, task: Task, error: BaseException) -> Iterator[list[Row]]:
        """Put away what was lost, for another time; yield what came back all the same."""
        lost = [task]
        if self._pool.together:  # see what is left of the others
            for future, other in self._flying.values():
                found = self._result(future)
                if isinstance(found, BaseException):
                    lost.append(other)
                else:
                    yield self._good(*found)
            self._flying.clear()
            self._landed = SimpleQueue()  # what still lands in the old one is known already
        self._barren += 1
        if self._barren >= BARREN:
            raise SweepStopped(
                self._backend,
                f"workers died {BARREN} times without a run done between ({_line(error)}), "
                "what is finished is kept",
                fix="fewer workers, or more memory for each",
            )
        self._pool.renew()
        runs = sorted(run for each in lost for run, _, _ in each.runs)
        if self._mode == "fresh":
            self._doubtful.extend(runs)
        elif self._mode == "doubtful":
            self._alone.extend(runs)
        else:
            (run,) = runs
            self._strikes[run] += self._pool.died(error)
            if self._strikes[run] < STRIKES:
                self._alone.appendleft(run)
            else:
                yield given_up(task)


def _line(error: BaseException) -> str:
    said = (str(error).strip().splitlines() or [""])[0][:200]
    return f"{type(error).__name__}: {said}"
