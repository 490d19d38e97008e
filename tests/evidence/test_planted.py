"""The comparisons with the twin are sharp: each of the planted faults is noticed.

A fault that survives means that the room could have it.
"""

from __future__ import annotations

import pytest
from tests.evidence.faults import FAULTS, Fault
from tests.evidence.planted import CHECKS, MODULES, ROOM, planted, source


def notices(fault: Fault) -> bool:
    """Whether the check of a fault fails on the copy that has it."""
    with planted(fault.module, source(fault.module).replace(fault.old, fault.new)) as room:
        try:
            return not CHECKS[fault.check](room)
        except (ArithmeticError, LookupError, NameError, ValueError):
            return True


def test_a_copy_without_a_fault_agrees() -> None:
    """Catches a copy that differs by the copying, which would catch anything."""
    with planted("terms", source("terms")) as room:
        for name, check in CHECKS.items():
            assert check(room), name


def test_faults_are_written_for_the_present_code() -> None:
    """Catches a list that rots: text that has gone or stands twice, a module without a fault."""
    wrong = {
        (fault.module, fault.what): source(fault.module).count(fault.old)
        for fault in FAULTS
        if source(fault.module).count(fault.old) != 1
    }
    assert not wrong, f"not exactly once in its module: {wrong}"
    assert len(FAULTS) >= 51
    there = {name for name in MODULES if (ROOM / f"{name}.py").exists()}
    assert there == {fault.module for fault in FAULTS}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.what)
def test_a_planted_fault_is_noticed(fault: Fault) -> None:
    """Catches comparisons too tame to show a wrong rule."""
    assert notices(fault)
