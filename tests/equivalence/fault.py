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
        Seed of a `random_world` (or number of a `coarse_world`) whose history the fault changes.
    what : str
        What is wrong, in the words of the model.
    old, new : str
        Text that occurs exactly once in the module, and what takes its place.
    coarse : bool
        Whether the witness is a coarse world.
    """

    module: str
    witness: int
    what: str
    old: str
    new: str
    coarse: bool = False
