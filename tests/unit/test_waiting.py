"""Calls on threads that can be called off: order, faults, and who is left when it is over."""

from __future__ import annotations

import threading
import time

import pytest

from koubei_sim.core.stopping import Stopped, checked_by, look
from koubei_sim.runs.progress import in_turn


def test_what_comes_back_is_in_order_whoever_is_first() -> None:
    """Catches results in the order in which threads finish."""
    found = in_turn(lambda k: (time.sleep(0.02 * (3 - k)), k)[1], range(4), threads=4)
    assert found == [0, 1, 2, 3]


def test_a_fault_further_on_ends_the_others_and_is_the_one_told() -> None:
    """Catches a fault that waits for those before it, or comes out as the stop that it caused."""
    ended = []

    def work(k: int) -> int:
        if k == 1:
            raise ValueError("the second")
        try:
            for _ in range(5_000):  # a run that looks up from time to time
                look()
                time.sleep(0.001)
            return k
        except Stopped:
            ended.append(k)
            raise

    with pytest.raises(ValueError, match="the second"):
        in_turn(work, range(4), threads=2)
    assert ended == [0]  # those that had not begun never did, and this one was waited for


def test_a_call_in_a_thread_of_its_own_starts_no_other() -> None:
    """Catches a thread for each call inside a worker, where no interrupt comes."""
    found: list[bool] = []

    def inside() -> None:
        here = threading.current_thread()
        found.extend(in_turn(lambda _: threading.current_thread() is here, range(2)))

    worker = threading.Thread(target=inside)
    worker.start()
    worker.join()
    assert found == [True, True]


def test_what_calls_off_the_caller_ends_its_threads() -> None:
    """Catches threads that work on for a caller whose work nobody wants."""
    looks: list[int] = []

    def gone() -> None:
        looks.append(1)
        if len(looks) > 20:
            raise Stopped

    def work(_: int) -> None:
        for _ in range(1_000):
            look()

    with pytest.raises(Stopped), checked_by(gone):
        in_turn(work, range(2), threads=2)
    assert len(looks) < 30
    before = len(looks)
    look()  # nobody asks any more
    assert len(looks) == before
