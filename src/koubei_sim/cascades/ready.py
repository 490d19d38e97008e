"""What `prepare` hands to the runner, and small helps for making it.

A `Prepared` is a rule on a network (or on contacts) as its kernel sees it.  Called by `prepare`,
`prepare_contacts`, `runner` and `paired`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from koubei_sim.errors import KoubeiError
from koubei_sim.kernels.block import Block

FOREVER = 1 << 62  # horizon of rules by steps that have none


@dataclass(frozen=True)
class Wanted:
    """What is to be kept of single people."""

    forest: bool
    people: bool


@dataclass(frozen=True)
class Prepared:
    """A rule on a network as its kernel sees it."""

    batch: Callable[..., int]
    rows: Block
    rule: Block
    title: str  # of the blocks of scratch space
    scratch: Callable[[Wanted, int], Any]  # (what is kept, room for activations) -> named tuple
    method: str
    kind_names: tuple[str, ...] = ("active",)
    removal: bool = False  # people recover, at `until`
    tick: float | None = 1.0  # width of the bins of curves; None: to be found from a pilot
    origin: float = 0.0
    repeats: bool = False  # people can be activated again
    wide: bool = False  # one replicate can be run on several threads (`single`)


def last_step(horizon: float | None) -> int:
    """Return the horizon of a rule by steps as an int."""
    return FOREVER if horizon is None else int(np.floor(horizon))


def last_time(horizon: float | None) -> float:
    """Return the horizon of a rule in continuous time."""
    return math.inf if horizon is None else horizon


def for_people(where: str, values: Any, n: int) -> Any:
    """Return one value for each person; refuses arrays of another length."""
    if np.size(values) != n:
        raise KoubeiError(where, "not one value a person", got=np.size(values), allowed=str(n))
    return values


def by_kind(where: str, values: Any, kinds: Any, n: int) -> Any:
    """Return a number for all, or one a person, from values by person or by kind."""
    if np.ndim(values) == 0:
        return values
    if kinds is None:
        return for_people(where, values, n)
    return values[for_people("kinds", kinds, n)]
