"""Work on threads that nobody need wait for, so that Ctrl-C gets through while kernels run.

Compiled code on the main thread cannot be interrupted, and a day of ten million people takes
seconds; the main thread therefore waits while other threads compute.  These are not waited for
when the program ends.  Called by `run` and by `mesa_model`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final, TypeVar

from koubei_sim.runs.progress import Stopped

Found = TypeVar("Found")

_LOOK: Final = 0.25  # seconds after which the main thread looks up, where no signal wakes it
_GRACE: Final = 1.0  # seconds in which threads that were told to stop may come to an end


def in_order(
    work: Callable[[int], Found], number: int, threads: int, stop: Callable[[], None]
) -> list[Found]:
    """Return ``work(0) .. work(number - 1)``, done side by side.

    Parameters
    ----------
    work : callable
        It should raise `Stopped` soon after `stop` was called.
    number, threads : int
        How many calls, and how many of them at the same time.
    stop : callable
        Called once one of them fails, or an interrupt comes.

    Raises
    ------
    BaseException
        What the first of them raised that was not merely stopped; an interrupt at once.

    Examples
    --------
    >>> in_order(lambda k: k * k, 4, 2, lambda: None)
    [0, 1, 4, 9]
    """
    if threads == 1 and threading.current_thread() is not threading.main_thread():
        return [work(k) for k in range(number)]  # no interrupt comes here
    state = _State(number)

    def labour() -> None:
        while (k := state.next()) is not None:
            try:
                state.found[k] = work(k)
            except BaseException as fault:
                state.faults.append(fault)
                stop()
                state.drop()

    team = [
        threading.Thread(target=labour, daemon=True, name=f"koubei-run-{k}")
        for k in range(min(threads, number))
    ]
    try:
        for each in team:
            each.start()
        _join(team, None)
    except BaseException:
        state.drop()
        stop()
        _join(team, _GRACE)
        raise
    # The fault itself, not the stops that it caused in the others.
    for fault in sorted(state.faults, key=lambda fault: isinstance(fault, Stopped)):
        raise fault
    return [state.found[k] for k in range(number)]


def alone(work: Callable[[], Found]) -> Found:
    """Return what a single call gives, done so that an interrupt need not wait for it."""
    return in_order(lambda _: work(), 1, 1, lambda: None)[0]


class _State:
    """What is left to do, what was found, what went wrong."""

    def __init__(self, number: int) -> None:
        self._rest = iter(range(number))
        self._lock = threading.Lock()
        self.found: dict[int, Any] = {}
        self.faults: list[BaseException] = []

    def next(self) -> int | None:
        with self._lock:
            return next(self._rest, None)

    def drop(self) -> None:
        """Leave undone what nobody has begun."""
        with self._lock:
            self._rest = iter(())


def _join(team: list[threading.Thread], seconds: float | None) -> None:
    left = seconds
    for each in team:
        while each.is_alive():
            each.join(_LOOK if left is None else min(_LOOK, left))
            if left is not None:
                left -= _LOOK
                if left <= 0:
                    return
