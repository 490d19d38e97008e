"""Calls on threads that nobody need wait for, so that Ctrl-C gets through while kernels run.

Compiled code on the main thread cannot be interrupted, and a day of ten million people takes
seconds; the main thread therefore waits while other threads compute.  Whatever runs long calls
`look` from time to time, which ends it once it was called off.
Called by `Simulation` and by whoever does several runs side by side.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from koubei_sim.core.workers import Workers

Found = TypeVar("Found")
Item = TypeVar("Item")

_GRACE: Final = 1.0  # seconds in which threads that were told to stop may come to an end
#: Of each thread: what says that nobody waits for its work any more.
_HERE = threading.local()


class Stopped(BaseException):
    """Raised inside a run that was called off; no failure of the run, so no `Exception`."""


def look(*_: int) -> None:
    """End the work of this thread where it was called off; an engine tells it how far it is."""
    stop = getattr(_HERE, "stop", None)
    if stop is not None and stop.is_set():
        raise Stopped


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
    stop, faults = threading.Event(), list[BaseException]()

    def guarded(item: Item) -> Found:
        _HERE.stop = stop
        try:
            look()
            return work(item)
        except BaseException as fault:
            faults.append(fault)
            stop.set()
            raise
        finally:
            _HERE.stop = None

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
