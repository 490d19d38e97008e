"""Workers that do batches: threads here, fresh processes (loky), the machines of a Dask cluster.

A pool takes tasks and gives back futures; it says how many it can be at, and whether a failed
future means that a worker died.  What is then done about it stands in `backends`, which calls
this.
"""

from __future__ import annotations

import contextlib
import importlib
import signal
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any, Final, Protocol

from koubei_sim.core.workers import Workers
from koubei_sim.runs.inputs import Inputs
from koubei_sim.runs.partition.scheduler import PRINTED, trouble_at
from koubei_sim.studies.sweep.journal import SweepStopped
from koubei_sim.studies.sweep.work import Makers, Task, receive, run_batch

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
        # Through joblib, which brings loky along; what is handed over goes to each process once.
        loky: Any = importlib.import_module("joblib.externals.loky")
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
