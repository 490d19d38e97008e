"""Run a row kernel over all rows, or tasks in order, in as many threads as are wanted.

The kernels release the interpreter lock and each range of rows writes only its own places, so
plain threads do what ``prange`` would, without its threading layer: two callers may build graphs
at the same time, a process may fork afterwards, and the bytes are those of one thread.

Called by the generators, the readers, by `edges`, `network`, `union` and `strength`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import numpy as np

from koubei_sim.core.workers import cores
from koubei_sim.errors import KoubeiError

BLOCKS_PER_THREAD = 8  # blocks of rows differ in cost; several per thread even that out
Task = TypeVar("Task")
Done = TypeVar("Done")
_threads: ContextVar[int | None] = ContextVar("threads", default=None)


def thread_count() -> int:
    """Threads in use: those of `threads`, or all cores (`core.workers.cores`)."""
    return _threads.get() or cores()


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Build graphs with `count` threads inside a ``with`` block (same bytes, other speed).

    Examples
    --------
    >>> with threads(1):
    ...     thread_count()
    1
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise KoubeiError("threads", "not a number of threads", got=count, allowed="1 or more")
    token = _threads.set(count)
    try:
        yield
    finally:
        _threads.reset(token)


def over_rows(kernel: Callable[..., Any], n: int, *args: Any, work: Any = None) -> list[Any]:
    """Call ``kernel(lo, hi, *args)`` on ranges that cover ``0..n-1``; return the results in order.

    Parameters
    ----------
    kernel : callable
        A compiled function that releases the lock.
    n : int
        Number of rows.
    *args : object
        Passed on.
    work : (n + 1,) int64 array, optional
        Running total of the cost of the rows (``indptr``): ranges get equal shares of it.
    """
    count = thread_count()
    if count == 1 or n < 4096:
        return [kernel(0, n, *args)]
    parts = count * BLOCKS_PER_THREAD
    if work is None:
        bounds = np.linspace(0, n, parts + 1).astype(np.int64)
    else:
        # A row costs its arcs and a little for itself.
        goals = np.linspace(0, int(work[-1]), parts + 1)[1:-1]
        bounds = np.concatenate(([0], np.searchsorted(work, goals), [n])).astype(np.int64)
        bounds = np.minimum(np.unique(bounds), n)
    ranges = list(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True))
    # The first range runs alone: it compiles (or loads) the kernel once.
    results = [kernel(ranges[0][0], ranges[0][1], *args)]
    with ThreadPoolExecutor(count) as pool:
        rest = [pool.submit(kernel, lo, hi, *args) for lo, hi in ranges[1:]]
        results.extend(future.result() for future in rest)
    return results


def in_order(action: Callable[[Task], Done], tasks: Iterable[Task]) -> Iterator[Done]:
    """Do tasks in threads, a few at a time, and yield what comes of them in their order."""
    count = thread_count()
    if count == 1:
        yield from map(action, tasks)
        return
    pool: ThreadPoolExecutor | None = None
    waiting: deque[Future[Done]] = deque()
    try:
        for task in tasks:
            pool = pool or ThreadPoolExecutor(count)
            waiting.append(pool.submit(action, task))
            if len(waiting) > count:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        if pool is not None:
            pool.shutdown(cancel_futures=True)
