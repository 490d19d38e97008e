"""One planted fault: what is replaced by what in which module, and a world that shows it."""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """A wrong rule.

    Attributes
    ----------
    module : str
        Module of the reference engine.
    witness : int
        Seed of a `random_world` whose history the fault changes.
    what : str
        What is wrong, in the words of the model.
    old, new : str
        Text that occurs exactly once in the module, and what takes its place.
    """

    module: str
    witness: int
    what: str
    old: str
    new: str
