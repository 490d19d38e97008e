"""One planted fault of a cascade kernel, and whether the comparison with the twins notices it."""

from __future__ import annotations

import functools
from typing import NamedTuple

from tests.cascades.cases import Case, case
from tests.cascades.library import Runs, by_replicate, difference, library, outputs_fault, twins
from tests.cascades.planted import planted, source


class Fault(NamedTuple):
    """A wrong rule.

    Attributes
    ----------
    module : str
        Module with the fault, below the library's own name.
    family, witness : str, int
        A case (`cases.case`) that shows it.
    what : str
        What is wrong, in the words of docs/cascades.md.
    old, new : str
        Text that occurs exactly once in the module, and what takes its place.
    """

    module: str
    family: str
    witness: int
    what: str
    old: str
    new: str


@functools.cache
def expected(family: str, number: int) -> tuple[Case, Runs]:
    """Return a case and what its twin makes of it."""
    one = case(family, number)
    return one, twins(one)


def shows(fault: Fault, numbers: tuple[int, ...]) -> int | None:
    """Return the first of the cases that the fault changes, or None.

    A copy that fails with an error of arithmetic proves nothing.
    """
    with planted(fault.module, source(fault.module).replace(fault.old, fault.new)) as run:
        for number in numbers:
            one, runs = expected(fault.family, number)
            try:
                found = difference(by_replicate(library(one, run)), runs)
                if found is not None or outputs_fault(one, run) is not None:
                    return number
            except (ArithmeticError, LookupError):
                continue
    return None
