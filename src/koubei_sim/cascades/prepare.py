"""A rule on a network, made ready for its kernel.

`prepare` looks at the class of the rule, works out its numbers per arc and per person, and
returns the blocks that the batch kernel takes, with a way to make scratch space.  This is the
only place that knows which kernel runs which rule.  Called by `run`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from koubei_sim.cascades import rules
from koubei_sim.cascades.arcs import Arcs, per_arc, split, thresholds
from koubei_sim.errors import KoubeiError
from koubei_sim.kernels.block import Block
from koubei_sim.kernels.cascades.independent import (
    IndependentRule,
    independent_batch,
    independent_scratch,
)
from koubei_sim.kernels.cascades.record import Rows

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


def graph_block(arcs: Arcs) -> Block:
    """Return the rows of a network as a block."""
    return Block("Rows", Rows(arcs.n, arcs.rows.indptr, arcs.rows.indices))


def last_step(horizon: float | None) -> int:
    """Return the horizon of a rule by steps as an int."""
    return FOREVER if horizon is None else int(np.floor(horizon))


def prepare(arcs: Arcs, rule: rules.Rule, key: int, horizon: float | None) -> Prepared:
    """Return a rule ready to run on the arcs of a network.

    Raises
    ------
    KoubeiError
        Arguments of the rule that do not fit the network; a rule that needs a horizon.
    """
    for kind, make in _MAKERS:
        if isinstance(rule, kind):
            return make(arcs, rule, key, horizon)
    raise KoubeiError(
        "rule", "not a rule of cascades", got=type(rule).__name__, fix="kb.cascades.rules"
    )


def _independent(
    arcs: Arcs, rule: rules.IndependentCascade, key: int, horizon: float | None
) -> Prepared:
    t = thresholds("p", per_arc("p", rule.p, arcs, key, rule.kinds))
    return Prepared(
        batch=independent_batch,
        rows=graph_block(arcs),
        rule=Block("IndependentRule", IndependentRule(*split(t), last_step(horizon))),
        title="IndependentScratch",
        scratch=lambda want, room: independent_scratch(arcs.n, want.forest, want.people),
        method="blocks",
        wide=True,
    )


_MAKERS: list[tuple[type, Callable[..., Prepared]]] = [
    (rules.IndependentCascade, _independent),
]
