"""Work that was called off ends at the next `look`, wherever it is.

Compiled code cannot be interrupted, and making a world or running it takes seconds to hours: what
runs long calls `look` from time to time, and who started it says in `checked_by` what ends it.
Called by `runs.progress`, `model.world` and the live page.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Of each thread: what says that nobody waits for its work any more.
_HERE = threading.local()


class Stopped(BaseException):
    """Raised inside a run that was called off; no failure of the run, so no `Exception`."""


def look(*_: int) -> None:
    """End the work of this thread where it was called off; an engine tells it how far it is."""
    here()()


def here() -> Callable[[], None]:
    """Return what `look` calls on this thread, for threads that work for it."""
    found: Callable[[], None] = getattr(_HERE, "check", _nothing)
    return found


def _nothing() -> None:
    """Let the work go on."""


@contextmanager
def checked_by(check: Callable[[], None]) -> Iterator[None]:
    """Let `look` call `check` on this thread, which raises once nobody waits for the work.

    Examples
    --------
    >>> def gone():
    ...     raise Stopped
    >>> with checked_by(gone):
    ...     look()
    Traceback (most recent call last):
    ...
    koubei_sim.core.stopping.Stopped
    """
    before = here()
    _HERE.check = check
    try:
        yield
    finally:
        _HERE.check = before
