"""Mechanisms of the user's own in the compiled engine: compiled once, called between the steps.

Their functions are not among the kernels of the library, so the days of a run that has some are
driven from Python, step by step (`parts`).  Called by `CompiledRun`.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba import njit

from koubei_sim.core.block import Block
from koubei_sim.core.codes import FULL16
from koubei_sim.model.mechanisms import State
from koubei_sim.model.world.arrays import World


@cache
def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a rule compiled by numba; one that is compiled already as it is."""
    if hasattr(function, "py_func"):
        return function
    made: Callable[..., Any] = njit(nogil=True)(function)
    return made


class OwnMechanisms:
    """The mechanisms of a world, with what people carry of them.

    Parameters
    ----------
    world : World
    before : OwnMechanisms, optional
        Those of a run that goes on under other rules: what people carry stays.
    """

    def __init__(self, world: World, before: OwnMechanisms | None = None) -> None:
        self.people: dict[str, dict[str, np.ndarray]] = {}
        self._calls: list[tuple[str, Callable[..., Any], Block]] = []
        for own in world.own:
            carried = None if before is None else before.people.get(own.name)
            if carried is None:
                carried = {
                    name: np.full(world.rules.n, initial, dtype)
                    for name, (dtype, initial) in own.people.items()
                }
            self.people[own.name] = carried
            fields = {**own.numbers, **carried}
            record: Any = namedtuple("Own", fields)(**fields)
            block = Block(f"own {own.name}", record)
            self._calls.append((own.when, compiled(own.compiled), block))

    def run(
        self, when: str, state: State, block: Block, rules: Block, t: int, row: np.ndarray
    ) -> None:
        """Run those of a moment; in the morning yesterday's factors go."""
        if when == "morning":
            state.tell16[:] = FULL16
            state.join16[:] = FULL16
        for moment, function, own in self._calls:
            if moment == when:
                function(block, rules, own, t, row)
