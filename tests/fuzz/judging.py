"""What is allowed to come of a wrong input: a result, or one line; and soon."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from koubei_sim import KoubeiError

PATIENCE = 5.0  # seconds of work of the thread that called
WAIT = 30.0  # seconds by the clock, after which a call is ended: a busy machine takes longer
ROOM = 6 * 2**30  # bytes above what the process holds already


class TooLong(BaseException):
    """A call did not end within the time allowed; no handler of the library catches it."""


@contextmanager
def patience(seconds: float = WAIT) -> Iterator[None]:
    """End what runs longer, where the system has a clock for that."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def late(*_: Any) -> None:
        raise TooLong(f"over {seconds:g} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def bounded_memory(room: int = ROOM) -> Iterator[None]:
    """Let memory be asked for only so far: MemoryError instead of a machine that swaps."""
    try:
        import resource

        import psutil
    except ImportError:
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(
        resource.RLIMIT_AS, (psutil.Process(os.getpid()).memory_info().vms + room, before[1])
    )
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def timely(call: Callable[[], Any]) -> Any:
    """Call it, once more where the first call took long: it may have compiled something.

    Raises
    ------
    AssertionError
        It takes longer than anyone should wait for a refusal, or does not end.
    """
    for _ in range(2):
        started = time.thread_time()
        try:
            with patience():
                found = call()
        except TooLong as late:
            raise AssertionError(str(late)) from None
        if time.thread_time() - started < PATIENCE:
            return found
    raise AssertionError(f"over {PATIENCE:g} s of work, twice")


def one_line_or_result(call: Callable[[], Any]) -> str:
    """Call it; return "result" or the line of the refusal.

    Raises
    ------
    AssertionError
        It took too long, or the refusal is not one line.
    Exception
        Whatever else it raises: that is what must not be.
    """

    def answered() -> str:
        try:
            call()
        except KoubeiError as error:
            return str(error)
        return "result"

    said: str = timely(answered)
    assert said.strip(), "an empty message"
    assert len(said.splitlines()) == 1, f"more than a line: {said!r}"
    assert len(said) < 2000, f"a long line: {said[:200]!r}"
    return said
