"""The comparison with the twins is sharp: it notices every one of the planted faults.

A fault is planted in a copy of a kernel (or of what prepares its numbers), which is compiled and
compared with the twin on the fault's witness.  A fault that survives means that the kernel could
have it.  Each copy takes seconds to compile, so the quick tests plant one fault in each module.
"""

from __future__ import annotations

import pytest
from tests.cascades.cases import case
from tests.cascades.fault import Fault, shows
from tests.cascades.library import by_replicate, difference, library, twins
from tests.cascades.mutations import FAULTS
from tests.cascades.planted import modules, planted, source

FALLBACK = tuple(range(120))  # searched where a witness no longer shows its fault
BLOCK = 8
BLOCKS = [FAULTS[k : k + BLOCK] for k in range(0, len(FAULTS), BLOCK)]
# Other ways to the same numbers (test_methods); no rule of `cascade`, with faults of its own.
ELSEWHERE = {"paired", "groups", "counted"}  # test_groups, test_counted
COSTLY = {"arrival", "arrival_arcs", "queue", "sis"}  # to compile


def one_of_each_module() -> list[Fault]:
    """The first fault of each module that is quick to compile."""
    first: dict[str, Fault] = {}
    for fault in FAULTS:
        if fault.module.rpartition(".")[2] not in COSTLY:
            first.setdefault(fault.module, fault)
    return list(first.values())


def assert_caught(faults: tuple[Fault, ...] | list[Fault]) -> None:
    survivors = [
        f"{fault.module}: {fault.what}"
        for fault in faults
        if shows(fault, (fault.witness, *FALLBACK)) is None
    ]
    assert not survivors, f"these faults would go unnoticed: {survivors}"


def test_the_copy_without_a_fault_agrees() -> None:
    """Catches a copy that differs from the library by the copying, which would catch anything."""
    for module, family in (
        ("cascades.seeds", "independent"),
        ("cascades.kernels.bass_exact", "bass_exact"),
    ):
        with planted(module, source(module)) as run:
            for number in range(5):
                one = case(family, number)
                assert difference(by_replicate(library(one, run)), twins(one)) is None


def test_a_fault_lives_in_the_copy_only() -> None:
    """Catches a planted fault that reaches the library itself, or outlives its test."""
    fault = next(fault for fault in FAULTS if fault.module == "cascades.arcs")
    one = case(fault.family, fault.witness)
    expected = twins(one)
    with planted(fault.module, source(fault.module).replace(fault.old, fault.new)) as run:
        assert difference(by_replicate(library(one, run)), expected) is not None
        assert difference(by_replicate(library(one)), expected) is None
    with planted(fault.module, source(fault.module)) as run:
        assert difference(by_replicate(library(one, run)), expected) is None


def test_faults_are_written_for_the_present_code() -> None:
    """Catches a list that rots: text that has gone or stands twice, or a kernel without fault."""
    wrong = {
        (fault.module, fault.what): source(fault.module).count(fault.old)
        for fault in FAULTS
        if source(fault.module).count(fault.old) != 1 or fault.old == fault.new
    }
    assert not wrong, f"not exactly once in its module: {wrong}"
    assert len({(fault.module, fault.old, fault.new) for fault in FAULTS}) == len(FAULTS)
    kernels = {name for name in modules() if name.startswith("cascades.kernels.")}
    assert len(kernels) > 10
    bare = {name for name in kernels if name.rpartition(".")[2] not in ELSEWHERE}
    assert bare <= {fault.module for fault in FAULTS}
    assert len(FAULTS) >= 139


@pytest.mark.sampled(9)
@pytest.mark.parametrize("fault", one_of_each_module(), ids=lambda fault: fault.module)
def test_a_planted_fault_is_caught(fault: Fault) -> None:
    """Catches cases too tame to show a wrong rule: the kernel could have it."""
    assert_caught([fault])


@pytest.mark.slow
@pytest.mark.parametrize("block", range(len(BLOCKS)))
def test_every_planted_fault_is_caught(block: int) -> None:
    """Catches the same, for all faults."""
    assert_caught(BLOCKS[block])
