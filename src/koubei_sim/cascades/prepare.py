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
from koubei_sim.cascades.arcs import Arcs, per_arc, split, thresholds, weights_of
from koubei_sim.errors import KoubeiError
from koubei_sim.cascades.threshold_tables import (
    choice_words,
    fixed_thresholds,
    needs_of_fractions,
    split_needs,
    threshold_range,
    width_words,
)
from koubei_sim.kernels.block import Block
from koubei_sim.kernels.cascades.adding import AddingRule, adding_batch, adding_scratch
from koubei_sim.kernels.cascades.choice import ChoiceRule, choice_batch, choice_scratch
from koubei_sim.kernels.cascades.counting import CountingRule, counting_batch, counting_scratch
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


def _linear(
    arcs: Arcs, rule: rules.LinearThreshold, key: int, horizon: float | None
) -> Prepared:
    if rule.weights is None:
        weights = None
    elif isinstance(rule.weights, str):
        weights = weights_of("weights", arcs)
    else:
        weights = np.asarray(per_arc("weights", rule.weights, arcs, key))
    into = arcs.into()
    if rule.method == "choice":
        words = choice_words(arcs.rows.indices, into, weights)
        return Prepared(
            batch=choice_batch,
            rows=graph_block(arcs),
            rule=Block("ChoiceRule", ChoiceRule(*words, last_step(horizon))),
            title="ChoiceScratch",
            scratch=lambda want, room: choice_scratch(arcs.n, want.forest, want.people),
            method="choice",
        )
    fixed = np.empty(0, np.uint32)
    low, span = 0, np.uint64(0)
    if isinstance(rule.thresholds, tuple):
        low, span = threshold_range(*rule.thresholds)
    else:
        fixed = fixed_thresholds(for_people("thresholds", rule.thresholds, arcs.n))
    widths = width_words(arcs.rows.indices, into, weights)
    return Prepared(
        batch=adding_batch,
        rows=graph_block(arcs),
        rule=Block("AddingRule", AddingRule(widths, fixed, low, span, last_step(horizon))),
        title="AddingScratch",
        scratch=lambda want, room: adding_scratch(arcs.n, want.forest, want.people),
        method="sum",
    )


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


def _counting(
    arcs: Arcs,
    rule: rules.FractionalThreshold | rules.Reinforcement,
    key: int,
    horizon: float | None,
) -> Prepared:
    if isinstance(rule, rules.FractionalThreshold):
        threshold = by_kind("threshold", rule.threshold, rule.kinds, arcs.n)
        need = needs_of_fractions(threshold, arcs.into(), rule.strict)
    else:
        if rule.window is not None:
            raise KoubeiError("window", "only for contacts with time stamps", got=rule.window)
        need = by_kind("need", rule.need, rule.kinds, arcs.n)
    counting = CountingRule(*split_needs(need, arcs.n), last_step(horizon))
    return Prepared(
        batch=counting_batch,
        rows=graph_block(arcs),
        rule=Block("CountingRule", counting),
        title="CountingScratch",
        scratch=lambda want, room: counting_scratch(counting, want.forest, want.people),
        method="counts",
    )


_MAKERS: list[tuple[Any, Callable[..., Prepared]]] = [
    (rules.IndependentCascade, _independent),
    (rules.LinearThreshold, _linear),
    ((rules.FractionalThreshold, rules.Reinforcement), _counting),
]
