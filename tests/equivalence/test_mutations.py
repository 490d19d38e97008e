"""The comparison of the engines is sharp: it notices every one of the planted faults.

A fault is planted in a copy of the reference engine, and the copy is compared with the compiled
engine on the fault's witness.  A fault that survives means that both engines could have it.
"""

from __future__ import annotations

from functools import cache

import pytest
from tests.equivalence.cases import coarse_world
from tests.equivalence.fault import Fault
from tests.equivalence.mutations import FAULTS
from tests.equivalence.planted import MODULES, copy_of_reference, source
from tests.worlds import random_world

from koubei_sim.model.compiled import run_compiled
from koubei_sim.model.reference import run_reference
from koubei_sim.model.world.arrays import History, World
from koubei_sim.runs.differences import difference

FALLBACK = range(100)  # searched where a witness no longer shows its fault
BLOCK = 12
BLOCKS = [FAULTS[k : k + BLOCK] for k in range(0, len(FAULTS), BLOCK)]
# Memory of a tick; the order in which rules of users are called; tables have faults of their own.
WITHOUT_RULES = {"conversions", "day", "own", "people", "tables", "tables_content"}


@cache
def twin(seed: int, coarse: bool = False) -> tuple[World, History]:
    """Return a random or coarse world and what the compiled engine makes of it."""
    world = coarse_world(seed) if coarse else random_world(seed)
    return world, run_compiled(world)


def is_caught(fault: Fault) -> bool:
    """Say whether some world shows the fault; a copy that crashes on a world proves nothing."""
    text = source(fault.module).replace(fault.old, fault.new)
    with copy_of_reference(fault.module, text) as copy:
        for seed in (fault.witness, *FALLBACK):
            world, expected = twin(seed, fault.coarse)
            try:
                if difference(copy.run_reference(world), expected) is not None:
                    return True
            except (ArithmeticError, LookupError):
                continue
    return False


def test_the_copy_without_a_fault_agrees() -> None:
    """Catches a copy that differs from the engine by the copying, which would catch anything."""
    with copy_of_reference() as copy:
        for seed in range(5):
            world, expected = twin(seed)
            assert difference(copy.run_reference(world), expected) is None


def test_a_fault_lives_in_the_copy_only() -> None:
    """Catches a planted fault that reaches the engine itself, or outlives its test."""
    fault = FAULTS[0]
    world, expected = twin(fault.witness)
    text = source(fault.module).replace(fault.old, fault.new)
    with copy_of_reference(fault.module, text) as copy:
        assert difference(copy.run_reference(world), expected) is not None
        assert difference(run_reference(world), expected) is None
    with copy_of_reference() as copy:
        assert difference(copy.run_reference(world), expected) is None


def test_faults_are_written_for_the_present_code() -> None:
    """Catches a list that rots: text that has gone or stands twice, or a module without fault."""
    wrong = {
        (fault.module, fault.old): source(fault.module).count(fault.old)
        for fault in FAULTS
        if source(fault.module).count(fault.old) != 1 or fault.old == fault.new
    }
    assert not wrong, f"not exactly once in its module: {wrong}"
    assert len({(fault.module, fault.old, fault.new) for fault in FAULTS}) == len(FAULTS)
    assert {fault.module for fault in FAULTS} == set(MODULES) - WITHOUT_RULES
    assert len(FAULTS) >= 150


@pytest.mark.sampled(9)
@pytest.mark.parametrize("block", range(len(BLOCKS)))
def test_every_planted_fault_is_caught(block: int) -> None:
    """Catches worlds too tame to show a wrong rule: the fault could sit in both engines."""
    survivors = [f"{fault.module}: {fault.what}" for fault in BLOCKS[block] if not is_caught(fault)]
    assert not survivors, f"these faults would go unnoticed: {survivors}"
