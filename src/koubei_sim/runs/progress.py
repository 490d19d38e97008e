"""While runs go on: how far they are, and calls on threads that nobody need wait for.

Compiled code on the main thread cannot be interrupted, and a day of ten million people takes
seconds; the main thread therefore waits while other threads compute, so that Ctrl-C gets through.
Whatever runs long calls `core.stopping.look`, which ends it once it was called off.
Called by `run`, `Simulation` and studies.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any, Final, TypeVar

from koubei_sim.core.progress import Bar, progress_bar
from koubei_sim.core.stopping import Stopped, checked_by, here, look
from koubei_sim.core.workers import Workers

Found = TypeVar("Found")
Item = TypeVar("Item")

_GRACE: Final = 1.0  # seconds in which threads that were told to stop may come to an end


def in_turn(work: Callable[[Item], Found], items: Iterable[Item], threads: int = 1) -> list[Found]:
    """Return ``work(item)`` of each item in order, done side by side.

    Raises
    ------
    BaseException
        What the first of them raised, once the others came to an end; an interrupt at once.

    Examples
    --------
    >>> in_turn(lambda k: k * k, range(4), 2)
    [0, 1, 4, 9]
    """
    if threads <= 1 and threading.current_thread() is not threading.main_thread():
        return [work(item) for item in items]  # no interrupt comes here
    stop, faults, outer = threading.Event(), list[BaseException](), here()

    def check() -> None:
        if stop.is_set():
            raise Stopped
        outer()

    def guarded(item: Item) -> Found:
        try:
            with checked_by(check):
                look()
                return work(item)
        except BaseException as fault:
            faults.append(fault)
            stop.set()
            raise

    try:
        with Workers(max(1, threads)) as workers:
            try:
                return list(workers.in_order(guarded, ((item,) for item in items)))
            except BaseException as fault:
                stop.set()
                workers.leave(
                    None if faults and isinstance(fault, (Exception, Stopped)) else _GRACE
                )
                raise
    except Stopped:  # by a fault further on
        raise faults[0] from None


def apart(action: Callable[..., Found], *arguments: Any) -> Found:
    """Return what a single call gives, done so that an interrupt need not wait for it."""
    return in_turn(lambda _: action(*arguments), (None,))[0]


#: Told (ticks done, ticks in all) over all runs.
Progress = Callable[[int, int], None]


class Meter:
    """Adds up the ticks of runs, whichever thread reports them, for a bar or a callable.

    Use it in a `with` block.

    Parameters
    ----------
    progress : bool, callable or None
        As at every door: True for a bar, None for one where somebody watches.
    planned : int
        Ticks in all, as far as they are known beforehand.
    """

    def __init__(self, progress: bool | Progress | None, planned: int = 0) -> None:
        self._planned, self._announced, self._done = planned, 0, 0
        self._lock = threading.Lock()
        self._tell: Progress | None = progress if callable(progress) else None
        self._opened: AbstractContextManager[Bar | None] = progress_bar(progress, planned, "day")
        self._bar: Bar | None = None
        self._running = ""

    def __enter__(self) -> Meter:
        self._bar = self._opened.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.__exit__(None, None, None)

    def announce(self, ticks: int, runs: int = 1) -> None:
        """Say that so many ticks are about to be run, of so many replicates."""
        self._announced += ticks
        self._running = "running" if runs == 1 else f"running {runs:,} replicates"
        if self._bar is not None:
            self._bar.say("building the world")

    def callback(self) -> Progress:
        """Return what the engine of one run tells how far it is."""
        before = 0

        def report(tick: int, _: int) -> None:
            nonlocal before
            look()
            with self._lock:
                self._done += tick - before
                before = tick
                if self._bar is not None:
                    self._bar.say(self._running)
                    self._bar.move(self._done, max(self._planned, self._announced))
                if self._tell is not None:
                    self._tell(self._done, max(self._planned, self._announced))

        return report
