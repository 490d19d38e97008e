"""A rule on a network, made ready for its kernel.

`prepare` looks at the class of the rule, works out its numbers per arc and per person, and
returns the blocks that the batch kernel takes, with a way to make scratch space.  This is the
only place that knows which kernel runs which rule.  Called by `run`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from koubei_sim.cascades import bass_tables, rules
from koubei_sim.cascades.arcs import (
    Arcs,
    per_arc,
    split,
    split_brands,
    thresholds,
    weighted_split,
    weights_of,
)
from koubei_sim.cascades.arrival_tables import (
    delayed_rule,
    divided_rates,
    sir_rule,
    sis_rule,
    sis_steps_rule,
)
from koubei_sim.cascades.kernels import rivals
from koubei_sim.cascades.kernels.adding import AddingRule, adding_batch, adding_scratch
from koubei_sim.cascades.kernels.arrival import ArrivalRule, arrival_batch, arrival_scratch
from koubei_sim.cascades.kernels.bass_exact import (
    BassExactRule,
    bass_exact_batch,
    bass_exact_scratch,
)
from koubei_sim.cascades.kernels.bass_ticks import (
    BassTicksRule,
    bass_ticks_batch,
    bass_ticks_scratch,
)
from koubei_sim.cascades.kernels.choice import ChoiceRule, choice_batch, choice_scratch
from koubei_sim.cascades.kernels.counting import CountingRule, counting_batch, counting_scratch
from koubei_sim.cascades.kernels.independent import (
    IndependentRule,
    independent_batch,
    independent_scratch,
)
from koubei_sim.cascades.kernels.record import Rows
from koubei_sim.cascades.kernels.sis import sis_batch, sis_scratch
from koubei_sim.cascades.kernels.sis_steps import sis_steps_batch, sis_steps_scratch
from koubei_sim.cascades.ready import Prepared, by_kind, for_people, last_step, last_time
from koubei_sim.cascades.threshold_tables import (
    choice_words,
    fixed_thresholds,
    needs_of_fractions,
    split_needs,
    threshold_range,
    width_words,
)
from koubei_sim.core.block import Block
from koubei_sim.errors import KoubeiError


def graph_block(arcs: Arcs) -> Block:
    """Return the rows of a network as a block."""
    return Block("Rows", Rows(arcs.n, arcs.rows.indptr, arcs.rows.indices))


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
    if isinstance(rule.p, str) and rule.p == "weighted":
        parts = weighted_split(arcs)
    else:
        parts = split(thresholds("p", per_arc("p", rule.p, arcs, key, rule.kinds)))
    return Prepared(
        batch=independent_batch,
        rows=graph_block(arcs),
        rule=Block("IndependentRule", IndependentRule(*parts, last_step(horizon))),
        title="IndependentScratch",
        scratch=lambda want, room: independent_scratch(arcs.n, want.forest, want.people),
        method="blocks",
        wide=True,
    )


def _linear(arcs: Arcs, rule: rules.LinearThreshold, key: int, horizon: float | None) -> Prepared:
    if rule.weights is None:
        weights = None
    elif isinstance(rule.weights, str) and rule.weights == "weights":
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
        fixed = fixed_thresholds(for_people("thresholds", rule.thresholds, arcs.network))
    widths = width_words(arcs.rows.indices, into, weights)
    return Prepared(
        batch=adding_batch,
        rows=graph_block(arcs),
        rule=Block("AddingRule", AddingRule(widths, fixed, low, span, last_step(horizon))),
        title="AddingScratch",
        scratch=lambda want, room: adding_scratch(arcs.n, want.forest, want.people),
        method="sum",
    )


def _counting(
    arcs: Arcs,
    rule: rules.FractionalThreshold | rules.Reinforcement,
    key: int,
    horizon: float | None,
) -> Prepared:
    if isinstance(rule, rules.FractionalThreshold):
        threshold = by_kind("threshold", rule.threshold, rule.kinds, arcs.network)
        need = needs_of_fractions(threshold, arcs.into(), rule.strict)
    else:
        if rule.window is not None:
            raise KoubeiError("window", "only for contacts with time stamps", got=rule.window)
        need = by_kind("need", rule.need, rule.kinds, arcs.network)
    counting = CountingRule(*split_needs(need, arcs.n), last_step(horizon))
    return Prepared(
        batch=counting_batch,
        rows=graph_block(arcs),
        rule=Block("CountingRule", counting),
        title="CountingScratch",
        scratch=lambda want, room: counting_scratch(counting, want.forest, want.people),
        method="counts",
    )


def brand_values(rule: rules.CompetingCascades) -> list[Any]:
    """Return what `p` is for each brand."""
    if isinstance(rule.p, Mapping) and set(rule.p) == set(rule.brands):
        return [rule.p[name] for name in rule.brands]
    return [rule.p] * len(rule.brands)


def _competing(
    arcs: Arcs, rule: rules.CompetingCascades, key: int, horizon: float | None
) -> Prepared:
    values = [
        thresholds(f"p[{name}]", per_arc(f"p[{name}]", value, arcs, key))
        for name, value in zip(rule.brands, brand_values(rule), strict=True)
    ]
    mode = rivals.RANDOM if rule.tie == "random" else rivals.PRIORITY
    return _rivals(arcs, values, mode, 0, rule.brands, horizon)


def _negative(arcs: Arcs, rule: rules.NegativeCascade, key: int, horizon: float | None) -> Prepared:
    t = thresholds("p", per_arc("p", rule.p, arcs, key))
    quality = thresholds("quality", rule.quality)
    assert isinstance(quality, int)
    return _rivals(arcs, [t], rivals.NEGATIVE, quality, ("positive", "negative"), horizon)


def _rivals(
    arcs: Arcs,
    values: list[Any],
    mode: int,
    quality: int,
    names: tuple[str, ...],
    horizon: float | None,
) -> Prepared:
    rule = rivals.RivalsRule(*split_brands(values, arcs.count), mode, quality, last_step(horizon))
    return Prepared(
        batch=rivals.rivals_batch,
        rows=graph_block(arcs),
        rule=Block("RivalsRule", rule),
        title="RivalsScratch",
        scratch=lambda want, room: rivals.rivals_scratch(arcs.n, want.forest),
        method="brands",
        kind_names=names,
    )


def _bass(arcs: Arcs, rule: rules.Bass, key: int, horizon: float | None) -> Prepared:
    n, into = arcs.n, arcs.into()
    p = by_kind("p", rule.p, None, arcs.network)
    q = by_kind("q", rule.q, None, arcs.network)
    end = last_time(horizon)
    if rule.dt is None:
        own, word = bass_tables.exact_hazards(p, q, into)
        exact = BassExactRule(own, word, end, bass_tables.stretch(n, p, q))
        return Prepared(
            batch=bass_exact_batch,
            rows=graph_block(arcs),
            rule=Block("BassExactRule", exact),
            title="BassExactScratch",
            scratch=lambda want, room: bass_exact_scratch(n, want.forest),
            method="events",
            tick=None,
        )
    ticks = bass_tables.last_tick(end, rule.dt)
    sweep = bass_tables.sweeps(n, arcs.count, ticks)
    hazards = bass_tables.tick_hazards(p, q, rule.dt, into)
    by_ticks = BassTicksRule(*hazards, rule.dt, ticks, int(sweep))
    return Prepared(
        batch=bass_ticks_batch,
        rows=graph_block(arcs),
        rule=Block("BassTicksRule", by_ticks),
        title="BassTicksScratch",
        scratch=lambda want, room: bass_ticks_scratch(n, want.forest, sweep),
        method="sweep" if sweep else "prediction",
        tick=rule.dt,
    )


def _beta(arcs: Arcs, rule: Any, key: int) -> Any:
    """Rate of each arc: one float, or one an arc."""
    beta = per_arc("beta", rule.beta, arcs, key)
    if rule.steps and isinstance(beta, np.ndarray):
        thresholds("beta", beta)  # weights may lie above 1: refuse them as probabilities
    return beta


def _sir(arcs: Arcs, rule: rules.SIR, key: int, horizon: float | None) -> Prepared:
    beta = _beta(arcs, rule, key)
    if isinstance(rule, rules.FractionalSIR):
        if isinstance(beta, float):
            beta = divided_rates(beta, arcs.rows.indices, arcs.into())
        else:
            beta = beta / np.maximum(arcs.into(), 1)[arcs.rows.indices]
    duration = None
    if rule.duration == "constant":
        duration = np.inf if rule.gamma == 0.0 else 1.0 / rule.gamma
        if rule.steps and np.isfinite(duration):
            duration = max(1.0, np.floor(duration + 0.5))
    arrival = sir_rule(
        beta, rule.gamma, steps=rule.steps, duration=duration, horizon=last_time(horizon)
    )
    return _arrivals(arcs, arrival, removal=True, steps=rule.steps)


def _arrivals(arcs: Arcs, arrival: ArrivalRule, *, removal: bool, steps: bool) -> Prepared:
    return Prepared(
        batch=arrival_batch,
        rows=graph_block(arcs),
        rule=Block("ArrivalRule", arrival),
        title="ArrivalScratch",
        scratch=lambda want, room: arrival_scratch(arcs.n, arcs.count, want.forest),
        method="arrivals",
        removal=removal,
        tick=1.0 if steps else None,
    )


def _sis(arcs: Arcs, rule: rules.SIS, key: int, horizon: float | None) -> Prepared:
    beta = _beta(arcs, rule, key)
    if rule.steps:
        recover = thresholds("gamma", rule.gamma)
        assert isinstance(recover, int)
        by_steps = sis_steps_rule(thresholds("beta", beta), recover, horizon=last_step(horizon))
        return Prepared(
            batch=sis_steps_batch,
            rows=graph_block(arcs),
            rule=Block("SisStepsRule", by_steps),
            title="SisStepsScratch",
            scratch=lambda want, room: sis_steps_scratch(
                arcs.n, arcs.count, want.forest, 4 * room + 1024
            ),
            method="steps",
            removal=True,
            repeats=True,
        )
    events = sis_rule(beta, rule.gamma, horizon=last_time(horizon))
    return Prepared(
        batch=sis_batch,
        rows=graph_block(arcs),
        rule=Block("SisRule", events),
        title="SisScratch",
        scratch=lambda want, room: sis_scratch(arcs.n, arcs.count, want.forest, 4 * room + 1024),
        method="events",
        removal=True,
        tick=None,
        repeats=True,
    )


def _delayed(arcs: Arcs, rule: rules.DelayedCascade, key: int, horizon: float | None) -> Prepared:
    t = thresholds("p", per_arc("p", rule.p, arcs, key, rule.kinds))
    law, latency = "constant", rule.latency
    if isinstance(latency, tuple):
        law, latency = latency
    elif not isinstance(latency, float):
        law, latency = "given", np.asarray(per_arc("latency", latency, arcs, key))
        if not (latency > 0.0).all():
            raise KoubeiError("latency", "must be above 0 on every arc", got=0.0)
    arrival = delayed_rule(t, law, latency, horizon=last_time(horizon))
    return _arrivals(arcs, arrival, removal=False, steps=False)


_MAKERS: list[tuple[Any, Callable[..., Prepared]]] = [
    (rules.IndependentCascade, _independent),
    (rules.LinearThreshold, _linear),
    ((rules.FractionalThreshold, rules.Reinforcement), _counting),
    (rules.CompetingCascades, _competing),
    (rules.NegativeCascade, _negative),
    (rules.Bass, _bass),
    (rules.SIR, _sir),
    (rules.SIS, _sis),
    (rules.DelayedCascade, _delayed),
]
