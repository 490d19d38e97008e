"""What `prepare` hands to the runner, and small helps for making it.

A `Prepared` is a rule on a network (or on contacts) as its kernel sees it.  Called by `prepare`,
`prepare_contacts`, `runner` and `paired`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from koubei_sim.cascades.people import aligned
from koubei_sim.core.block import Block
from koubei_sim.errors import KoubeiError

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


def for_people(where: str, values: Any, network: Any) -> Any:
    """Return one value for each person, by row; refuses arrays of another length.

    Values keyed by the names of people are put in order; an array is by row, in the order of
    ``network.people(range(n))``.
    """
    n = network.n_nodes
    if isinstance(values, Mapping):
        return aligned(where, values, n, network.labels)
    if np.size(values) != n:
        raise KoubeiError(where, "not one value a person", got=np.size(values), allowed=str(n))
    return values


def by_kind(where: str, values: Any, kinds: Any, network: Any) -> Any:
    """Return a number for all, or one a person, from values by person or by kind."""
    if kinds is not None:
        return values[for_people("kinds", kinds, network)]
    if np.ndim(values) == 0 and not isinstance(values, Mapping):
        return values
    return for_people(where, values, network)
