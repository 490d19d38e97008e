"""Doing the runs of a sweep on a backend, and going on when workers die.

The runs are cut into batches that grow until one takes about a second, so that handing it out costs
little and being killed loses little.  Batches come back in any order; only the caller writes.  When
a worker is killed (out of memory, by a person, with its machine), what was lost with it is done
again run by run, and runs that are lost once more are done alone, so that it shows whose fault it
was: a run that kills its worker every time ends as a failed row, and the rest goes on.  No result
depends on any of this.

Workers are threads here, fresh processes (loky) or the machines of a Dask cluster: a pool takes
tasks and gives back futures, says how many it can be at, and whether a failed future means that a
worker died.
Called by `engine`.
"""

from __future__ import annotations

import contextlib
import importlib
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from koubei_sim.checks import Backend
from koubei_sim.core.workers import LOOK, Workers
from koubei_sim.runs.inputs import Inputs
from koubei_sim.runs.partition.workers import PRINTED, trouble_at
from koubei_sim.studies.sweep.journal import SweepStopped
from koubei_sim.studies.sweep.work import Makers, Row, Task, given_up, receive, run_batch

if TYPE_CHECKING:
    from koubei_sim.model.scenario import Scenario
    from koubei_sim.studies.design.plan import Sweep


#: Seconds that idle processes are kept for the next sweep.
_KEPT: Final = 300
#: A process does one run at a time, so its libraries need no threads of their own.
_ONE_EACH: Final = dict.fromkeys(
    ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"
)
#: Batches that a cluster is offered at least, so that one which grows with demand sees some.
_OFFERED: Final = 16


class Pool(Protocol):
    """What `backends` needs of a pool.

    Attributes
    ----------
    together : bool
        Whether all workers go when one dies.
    """

    together: bool

    @property
    def workers(self) -> int:
        """Batches that it can be at now."""

    @property
    def ahead(self) -> int:
        """Batches that are handed out at most, so that no worker waits for the next one."""

    def submit(self, task: Task) -> Any:
        """Hand out a task and return its future."""

    def died(self, error: BaseException) -> int:
        """Return how many workers have died with a task, by the error of its future."""

    def renew(self) -> None:
        """Make it fit for work again after a worker died."""

    def close(self, flying: Sequence[Any]) -> None:
        """End, without waiting for more than what cannot be called off."""


class Threads:
    """Threads of this process; they die only with it."""

    together = True

    def __init__(self, workers: int, given: Inputs | None) -> None:
        self._threads = Workers(workers)
        self._given, self._stop = given, threading.Event()
        self._makers = Makers(workers)
        # One alone is handed the next batch when it is known how long the last one took.
        self.workers, self.ahead = workers, 2 * workers if workers > 1 else 1

    def submit(self, task: Task) -> Future[Any]:
        """Hand out a task."""
        return self._threads.submit(run_batch, task, self._given, self._stop.is_set, self._makers)

    def died(self, error: BaseException) -> int:
        """Return 0."""
        return 0

    def renew(self) -> None:
        """Do nothing."""

    def close(self, flying: Sequence[Any]) -> None:
        """End the threads; what is being done ends at its next look, and nobody waits for it."""
        self._stop.set()
        for future in flying:
            future.cancel()
        self._threads.__exit__(SweepStopped if flying else None, None, None)


class Processes:
    """Fresh processes on this machine, kept for a while for the next sweep."""

    together = True

    def __init__(self, workers: int, given: Inputs | None) -> None:
        self.workers, self.ahead = workers, 2 * workers
        self._given = given
        self.renew()

    def renew(self) -> None:
        """Take the processes of the last sweep, or new ones where these are broken."""
        loky: Any = importlib.import_module("loky")
        # What is handed over goes to each process once.
        self._broken = loky.BrokenProcessPool
        self._executor = loky.get_reusable_executor(
            max_workers=self.workers, timeout=_KEPT, env=_ONE_EACH,
            initializer=_begin, initargs=(self._given,),
        )  # fmt: skip

    def submit(self, task: Task) -> Any:
        """Hand out a task; to a broken pool, a future that says so."""
        try:
            return self._executor.submit(run_batch, task)
        except self._broken as error:
            future: Future[Any] = Future()
            future.set_exception(error)
            return future

    def died(self, error: BaseException) -> int:
        """Return 1 where a process died (loky ends all its fellows with it)."""
        return int(isinstance(error, self._broken))

    def close(self, flying: Sequence[Any]) -> None:
        """Leave the processes for the next sweep, or end them where they are at something."""
        if any(not future.done() for future in flying):
            self._executor.shutdown(wait=True, kill_workers=True)  # an interrupt does not wait


class Cluster:
    """The workers of a Dask cluster; the scheduler brings a task to another when one dies."""

    together = False

    def __init__(self, scheduler: str, given: Inputs | None) -> None:
        distributed: Any = importlib.import_module("distributed")
        if (trouble := trouble_at(scheduler)) is not None:
            raise SweepStopped(
                "scheduler", f"cannot be reached ({trouble})", got=repr(scheduler), fix=PRINTED
            )
        try:
            self._client = distributed.Client(scheduler, timeout=20, set_as_default=False)
        except (OSError, ValueError) as error:
            said = (str(error).splitlines() or [type(error).__name__])[0]
            raise SweepStopped(
                "scheduler", f"cannot be reached ({said})", got=repr(scheduler), fix=PRINTED
            ) from None
        self._killed = distributed.KilledWorker
        self._given = given
        self._sent: Any = None
        self._counted, self._workers = -1.0, 1
        self.renew()

    @property
    def workers(self) -> int:
        """Threads of all workers that are there, counted once a second."""
        now = time.monotonic()
        if self._counted < 0.0 or now > self._counted + 1.0:
            self._workers = max(1, sum(self._client.nthreads().values()))
            self._counted = now
        return self._workers

    @property
    def ahead(self) -> int:
        """Two batches a worker, and some at least."""
        return max(2 * self.workers, _OFFERED)

    def renew(self) -> None:
        """Send networks and people to the workers."""
        if self._given is not None:
            # As the result of a task, so that the scheduler has it made again where it is lost.
            quiet = {"distributed.admin.large-graph-warning-threshold": "100 TB"}
            with importlib.import_module("dask").config.set(quiet):
                self._sent = self._client.submit(_same, self._given, pure=False)

    def submit(self, task: Task) -> Any:
        """Hand out a task."""
        words = () if self._sent is None else (self._sent,)
        return self._client.submit(run_batch, task, *words, pure=False)

    def died(self, error: BaseException) -> int:
        """Return how many workers died before the scheduler gave the task up (4, by default)."""
        if not isinstance(error, self._killed):
            return 0
        return 1 + int(getattr(error, "allowed_failures", 0))

    def close(self, flying: Sequence[Any]) -> None:
        """Call off what has not been begun and go."""
        with contextlib.suppress(Exception):  # the cluster may be gone
            self._client.cancel(list(flying), force=True)
        self._sent = None
        self._client.close()


def _begin(given: Inputs | None) -> None:
    """Make a process ready: Ctrl-C is for the one that it works for, which ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if given is not None:
        receive(given)


def _same(given: Inputs) -> Inputs:
    return given


def open_pool(
    backend: str, workers: int, scheduler: str | None, given: Inputs | None = None
) -> Pool:
    """Return the workers that a sweep asks for."""
    if backend == "dask":
        return Cluster(str(scheduler), given)
    return (Threads if backend == "threads" else Processes)(workers, given)


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
        sweep.measures,
        sweep.version,
        sweep.luck == "own",
        sweep.supplied,
        (*(own.call for own in sweep.functions.values() if own.call is not None), *how.functions),
        how.keep,
        how.threads,
        sweep.curves,
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

    backend: Backend = "threads"
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
