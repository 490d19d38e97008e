"""What a long computation needs: threads through which Ctrl-C gets, and how many there are.

Compiled code on the main thread cannot be interrupted; the main thread therefore waits while
threads compute.  Unlike those of an executor, these are not waited for when the program ends: a
replicate that takes minutes keeps nobody from leaving.  Called by `cascades.runner` and `paired`,
`runs.progress` and the pools of sweeps; `cores` wherever no number of threads is given.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait
from itertools import islice
from queue import SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any

from koubei_sim.errors import KoubeiError

LOOK = 0.5  # seconds after which the waiting thread looks up, where a signal does not wake it


def cores() -> int:
    """Return how many threads are used where no number is given; no result depends on it.

    The cores that this process may use; no more than NUMBA_NUM_THREADS, which pools of processes
    (joblib, loky, those of a sweep) set for theirs; one in a process that another one started.
    """
    if multiprocessing.parent_process() is not None:
        return 1
    mine = hasattr(os, "sched_getaffinity")
    found = len(os.sched_getaffinity(0)) if mine else os.cpu_count() or 1
    limit = os.environ.get("NUMBA_NUM_THREADS", "")
    return max(1, min(found, int(limit))) if limit.isdecimal() else found


class Workers:
    """A number of threads that do calls one after the other.

    Examples
    --------
    >>> with Workers(2) as workers:
    ...     list(workers.in_order(abs, [(-1,), (2,), (-3,)]))
    [1, 2, 3]
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._threads: list[Thread] = []
        self._calls: SimpleQueue[Any] = SimpleQueue()

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            future, action, arguments = call
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(action(*arguments))
                except BaseException as error:
                    future.set_exception(error)

    def submit(self, action: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Have a call done by the next thread that is free."""
        future: Future[Any] = Future()
        self._calls.put((future, action, arguments))
        if len(self._threads) < self.count:
            thread = Thread(target=self._work, daemon=True, name="koubei")
            try:
                thread.start()
                self._threads.append(thread)
            except RuntimeError:  # the system gives no more
                if not self._threads:
                    raise KoubeiError("threads", "the system starts no thread") from None
                self.count = len(self._threads)
        return future

    def in_order(
        self, action: Callable[..., Any], tasks: Iterable[tuple[Any, ...]]
    ) -> Iterator[Any]:
        """Do a call for each task, never far ahead, and yield what comes of them in order."""
        rest = iter(tasks)
        waiting: deque[Future[Any]] = deque()
        try:
            waiting.extend(self.submit(action, *task) for task in islice(rest, 4 * self.count))
            while waiting:
                while not waiting[0].done():
                    wait([waiting[0]], LOOK)
                yield waiting.popleft().result()
                waiting.extend(self.submit(action, *task) for task in islice(rest, 1))
        finally:
            for future in waiting:
                future.cancel()

    def leave(self, seconds: float | None = None) -> None:
        """Send the threads home and wait for them, for so many seconds or until all are gone."""
        for _ in self._threads:
            self._calls.put(None)
        end = None if seconds is None else monotonic() + seconds
        for thread in self._threads:
            while thread.is_alive() and (end is None or monotonic() < end):
                thread.join(LOOK if end is None else max(0.0, min(LOOK, end - monotonic())))

    def __enter__(self) -> Workers:
        """Return the workers themselves."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Send the threads home; they are waited for only where nothing went wrong."""
        self.leave(None if kind is None else 0.0)
