"""A run whose people are dealt to shards returns the bytes of a run in one process.

Cases are random worlds and drawn scenarios, large enough for several shards of 64 people.  The
shards mostly live in this process, where every array still is the shard's own; `test_processes.py`
puts them into others.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from tests.equivalence.cases import over_built_worlds
from tests.equivalence.coverage import MARKS, fired
from tests.worlds import filling_world, random_world, unlimited, with_rules

from koubei_sim import Scenario, run
from koubei_sim.errors import KoubeiError
from koubei_sim.model.compiled import run_compiled
from koubei_sim.model.world import build
from koubei_sim.model.world.arrays import History, World
from koubei_sim.runs.differences import difference
from koubei_sim.runs.partition import partition_world, run_partitioned

WORLDS = 24
BLOCK = 6
SHARDS = (1, 2, 3, 5)
SMALLEST = 64  # people of a shard
SCENARIOS = 20  # in `make test`; small ones have not enough people and do not count
FULL = 12  # blocks in `make test-full`


def world_of(number: int) -> World:
    return unlimited(random_world(1020 + number, n=320 + 31 * (number % 10)))


@cache
def alone(number: int) -> History:
    """The history of world `number` in one process, made once."""
    return run_compiled(world_of(number))


@pytest.mark.sampled(2)
@pytest.mark.parametrize("first", range(0, WORLDS, BLOCK))
def test_shards_make_the_bytes_of_one_process(first: int) -> None:
    """Catches a telling that does not reach a shard, reaches it twice or in another order, a
    record that is not brought home, a count lost or added twice, and whatever the hub decides
    from what it does not know."""
    for number in range(first, first + BLOCK):
        for shards in SHARDS:
            found = difference(alone(number), partition_world(world_of(number), shards).history)
            assert found is None, f"world_of({number}), {shards} shards: {found}"


def overworked(number: int) -> World:
    """A random world whose staff answer one complaint a day and channel at most."""
    world = unlimited(random_world(5000 + number, n=320))
    return with_rules(world, service_capacity=np.minimum(world.rules.service_capacity, 1))


def test_staff_who_cannot_keep_up() -> None:
    """Catches a hub that takes those who have left for users: it would count them as answered,
    and settle people behind them whose records it has not asked for."""
    compared = 0
    for number in range(30):
        world = overworked(number)
        history = run_compiled(world)
        if {"lapse", "answer", "dropped"} <= fired(world, history):
            compared += 1
            found = difference(history, partition_world(world, 2).history)
            assert found is None, f"overworked({number}): {found}"
    assert compared >= 5


def test_households_that_would_be_cut_are_refused() -> None:
    """Catches a gift to somebody whom another shard holds."""
    world = with_rules(
        unlimited(
            random_world(next(n for n in range(99) if random_world(n).rules.goods_on), n=320)
        ),
        household=3,
    )
    with pytest.raises(KoubeiError, match=r"buying\.household: .* got 3, allowed 1, 2, 4, 8"):
        partition_world(world, 2)


def test_boards_that_fill() -> None:
    """Catches first members drawn by their number in a shard, who is outside known to the hub only
    or counted by two, and lurkers who differ from shard to shard."""
    compared = 0
    for number in range(12):
        world = unlimited(filling_world(7000 + number, 330))
        history = run_compiled(world)
        if "registration by interest" in fired(world, history):
            compared += 1
            for shards in (2, 4):
                found = difference(history, partition_world(world, shards).history)
                assert found is None, f"filling_world({7000 + number}, 330), {shards}: {found}"
    assert compared >= 5


def assert_same_with_two_shards(world: World, counted: list[set[str]]) -> None:
    if world.rules.n < 2 * SMALLEST:
        return
    history = run_compiled(world)
    counted.append(fired(world, history))
    found = difference(history, partition_world(world, 2).history)
    assert found is None, found


@cache
def drawn(block: int) -> list[set[str]]:
    """Compare the scenarios of a block; return what fired in each."""
    counted: list[set[str]] = []
    over_built_worlds(block, lambda world: assert_same_with_two_shards(unlimited(world), counted))
    return counted


def test_scenarios_too() -> None:
    """Catches what only tables of built worlds bring about: calendars, rounds of sales,
    meetings, campaigns, several products."""
    compared, block = 0, 0
    while compared < SCENARIOS:
        compared += len(drawn(block))
        block += 1
        assert block <= 8, f"only {compared} of the drawn scenarios are large enough"


@pytest.mark.slow
@pytest.mark.parametrize("block", range(8, 8 + FULL))
def test_many_scenarios(block: int) -> None:
    """Catches the same in ten times as many scenarios."""
    drawn(block)


def test_the_worlds_are_worth_it() -> None:
    """Catches cases too quiet to tell: every mechanism must fire in a tenth of them at least."""
    seen = [fired(world_of(number), alone(number)) for number in range(WORLDS)]
    rare = {name for name in MARKS if sum(name in marks for marks in seen) < 0.1 * WORLDS}
    assert not rare, rare


def test_what_a_person_calls() -> None:
    """Catches another key, replicate or scenario than that of `run`, and progress not told."""
    told: list[tuple[int, int]] = []
    scenario = Scenario.load("tiny").replace(ticks=30)
    found = run_partitioned(
        scenario, rng=5, shards=3, replicate=1, progress=lambda *where: told.append(where)
    )
    expected = run(scenario, rng=5, replicates=2).histories[1]
    assert difference(expected, found.history) is None
    assert told == [(tick, 30) for tick in range(1, 31)]
    assert len(found.memory) == 3 and min(found.memory) > 0
    world = build.build_world(scenario, 5, 1)
    assert difference(expected, partition_world(world, 4).history) is None
