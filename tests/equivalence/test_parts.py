"""A run cut into parts, on several threads, returns the bytes of a run of one part.

Cases are random worlds with every mechanism on by chance, large enough for several parts of 64
people; the smallest size of a part is lowered for them.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from tests.equivalence.coverage import MARKS, fired
from tests.worlds import filling_world, random_world

from koubei_sim.model.compiled import CompiledRun, parts, run_compiled
from koubei_sim.model.mechanisms import State
from koubei_sim.model.world.arrays import World
from koubei_sim.runs.differences import difference

WORLDS = 40
BLOCK = 10


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a part have as few as 64 people."""
    monkeypatch.setattr(parts, "PEOPLE_PER_PART", 1)
    monkeypatch.setattr(parts, "ALIGNED", 64)


def world_of(number: int) -> World:
    return random_world(1000 + number, n=200 + 37 * (number % 9))


@pytest.mark.parametrize("first", range(0, WORLDS, BLOCK))
def test_parts_make_the_bytes_of_one(first: int) -> None:
    """Catches a list put together in another order, a count lost or added twice, a row cut at the
    wrong listener, and whatever a part reads that another part writes in the same phase."""
    for number in range(first, first + BLOCK):
        world = world_of(number)
        alone = run_compiled(world)
        for threads in (2, 3 + number % 3):
            found = difference(alone, run_compiled(world, threads=threads))
            assert found is None, f"world_of({number}), {threads} threads: {found}"


def test_boards_that_fill() -> None:
    """Catches two parts that walk the same people who may register, or add up a member twice."""
    compared = 0
    for number in range(12):
        world = filling_world(7000 + number, 330)
        alone = run_compiled(world)
        compared += "registration by interest" in fired(world, alone)
        found = difference(alone, run_compiled(world, threads=3))
        assert found is None, f"filling_world({7000 + number}, 330): {found}"
    assert compared >= 5


def test_the_worlds_are_worth_it() -> None:
    """Catches cases too quiet to tell: every mechanism must fire in one of them at least."""
    seen: set[str] = set()
    for number in range(WORLDS):
        world = world_of(number)
        seen |= fired(world, run_compiled(world))
    assert set(MARKS) <= seen, set(MARKS) - seen


def test_parts_may_be_stopped_and_watched() -> None:
    """Catches state kept between days by the parts: stopping after each tick changes nothing."""
    world = world_of(3)
    alone = run_compiled(world)
    run = CompiledRun(world, threads=3)
    while run.tick < world.rules.ticks:
        run.advance(run.tick + 1)
    assert difference(alone, run.history()) is None
    switched = CompiledRun(world, threads=3)
    switched.advance(4)
    switched.threads = 1  # the state is that of the run, so that any number may go on
    switched.advance(9)
    switched.threads = 4
    switched.advance()
    assert switched._parts is not None and switched._parts.number == 4
    assert difference(alone, switched.history()) is None


def test_people_are_cut_at_whole_words() -> None:
    """Catches two parts that write to the same word of a set, people left out, or dealt twice."""
    for n in (1, 63, 64, 65, 500, 1000):
        for number in (1, 2, 3, 7):
            cuts = parts.boundaries(n, number)
            assert cuts[0] == 0 and cuts[-1] == n and len(cuts) == number + 1
            assert all(a <= b for a, b in itertools.pairwise(cuts))
            assert all(cut % 64 == 0 for cut in cuts[:-1] if cut < n)


def test_small_runs_are_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches threads that would cost more than they bring."""
    monkeypatch.setattr(parts, "PEOPLE_PER_PART", 50_000)
    assert [parts.number_of_parts(n, 4) for n in (10, 99_999, 100_000, 10**7)] == [1, 1, 2, 4]


def test_lists_of_parts_are_their_own() -> None:
    """Catches a work list that two threads would write to at the same time."""
    run = CompiledRun(world_of(0), threads=2)
    run.advance(1)
    one, two = run._parts.parts  # type: ignore[union-attr]
    own = {*parts.LISTS, *(name for name, array in parts.ARRAYS.items() if array.count)} | {
        "change", "counts", "daily", "posters", "reports",
        "posted", "read32", "weights",
            "block_listener", "block_message", "block_arc", "block_coin",
    }  # fmt: skip
    for name in State._fields:
        a, b = getattr(one.state, name), getattr(two.state, name)
        if isinstance(a, np.ndarray) and a.size:
            shared = np.shares_memory(a, b)
            assert shared != (name in own or name == "outbox"), name
