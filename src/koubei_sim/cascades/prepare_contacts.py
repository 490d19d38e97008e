"""A rule on contacts with time stamps, made ready for its kernel (docs/cascades.md 4).

Contacts take the place of arcs: a value "per arc" is one per contact.  Rules that speak of all
sources of a person at once have no meaning here and are refused.  Called by `run`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from koubei_sim.cascades import checks, rules
from koubei_sim.cascades.arcs import split_brands, thresholds
from koubei_sim.cascades.kernels import rivals
from koubei_sim.cascades.kernels.contacts import (
    Contacts,
    ContactsRule,
    contacts_batch,
    contacts_scratch,
)
from koubei_sim.cascades.kernels.contacts_count import (
    ContactsCountRule,
    contacts_count_batch,
    contacts_count_scratch,
    ring_starts,
)
from koubei_sim.cascades.kernels.contacts_illness import (
    ContactsIllnessRule,
    contacts_illness_batch,
    contacts_illness_scratch,
)
from koubei_sim.cascades.prepare import brand_values
from koubei_sim.cascades.ready import Prepared, by_kind, for_people, last_time
from koubei_sim.core.block import Block
from koubei_sim.errors import KoubeiError
from koubei_sim.networks import TemporalNetwork

MOST_NEED = (1 << 31) - 1  # more contacts than there can be convince nobody


def prepare_contacts(network: TemporalNetwork, rule: rules.Rule, horizon: float | None) -> Prepared:
    """Return a rule ready to run on contacts.

    Raises
    ------
    KoubeiError
        Rules that are not defined on contacts; arguments that do not fit.
    """
    for kind, make in _MAKERS:
        if isinstance(rule, kind):
            if isinstance(rule, rules.FractionalSIR):
                break
            return make(network, rule, horizon)
    raise KoubeiError(
        "rule",
        "not defined on contacts with time stamps",
        got=type(rule).__name__,
        allowed="IndependentCascade, CompetingCascades, NegativeCascade, SIR, SIS, Reinforcement",
        fix="network.aggregate()",
    )


def _block(network: TemporalNetwork) -> Block:
    return Block(
        "Contacts",
        Contacts(network.n_nodes, network.source, network.target, network.time),
    )


def _origin(network: TemporalNetwork) -> float:
    return float(network.start) if network.n_contacts else 0.0


def _thresholds(where: str, value: Any, network: TemporalNetwork) -> Any:
    """Threshold of every contact: one int, or one a contact."""
    if isinstance(value, str):
        if value != "weights":
            raise KoubeiError(where, "not defined on contacts", got=value, allowed="weights")
        if network.weights is None:
            raise KoubeiError(where, "the contacts have no weights", fix="weight=")
        return thresholds(where, network.weights.astype(np.float64))
    if checks.by_pair(value):
        raise KoubeiError(
            where,
            "goes by pairs, but contacts are many a pair",
            fix="'weights', of from_contacts(..., weight=...)",
        )
    if isinstance(value, Mapping):
        raise KoubeiError(where, "goes by layer, but contacts have none", fix="one number")
    if isinstance(value, np.ndarray) and (value.ndim != 1 or value.size != network.n_contacts):
        raise KoubeiError(
            where, "not one value a contact", got=value.shape, allowed=str(network.n_contacts)
        )
    return thresholds(where, value)


def _brands(
    network: TemporalNetwork,
    values: list[Any],
    mode: int,
    quality: int,
    names: tuple[str, ...],
    horizon: float | None,
) -> Prepared:
    top, rest, tops, rests = split_brands(values, network.n_contacts)
    bounds = tops.max(axis=0) if tops.size else np.empty(0, np.uint8)
    rule = ContactsRule(
        top, rest, tops, rests, int(top.max()), bounds, mode, quality, last_time(horizon)
    )
    n = network.n_nodes
    return Prepared(
        batch=contacts_batch,
        rows=_block(network),
        rule=Block("ContactsRule", rule),
        title="ContactsScratch",
        scratch=lambda want, room: contacts_scratch(n, want.forest),
        method="contacts",
        kind_names=names,
        tick=None,
        origin=_origin(network),
    )


def _independent(
    network: TemporalNetwork, rule: rules.IndependentCascade, horizon: float | None
) -> Prepared:
    if rule.kinds is not None:
        kinds = for_people("kinds", rule.kinds, network)
        value = rule.p[kinds[network.source], kinds[network.target]]
    else:
        value = rule.p
    t = _thresholds("p", value, network)
    return _brands(network, [t], rivals.RANDOM, 0, ("active",), horizon)


def _competing(
    network: TemporalNetwork, rule: rules.CompetingCascades, horizon: float | None
) -> Prepared:
    values = [
        _thresholds(f"p[{name}]", value, network)
        for name, value in zip(rule.brands, brand_values(rule), strict=True)
    ]
    mode = rivals.RANDOM if rule.tie == "random" else rivals.PRIORITY
    return _brands(network, values, mode, 0, rule.brands, horizon)


def _negative(
    network: TemporalNetwork, rule: rules.NegativeCascade, horizon: float | None
) -> Prepared:
    quality = thresholds("quality", rule.quality)
    assert isinstance(quality, int)
    t = _thresholds("p", rule.p, network)
    return _brands(network, [t], rivals.NEGATIVE, quality, ("positive", "negative"), horizon)


def _illness(network: TemporalNetwork, rule: Any, horizon: float | None) -> Prepared:
    if isinstance(rule.beta, float) and rule.beta > 1.0:
        raise KoubeiError(
            "beta", "is the chance of one contact here", got=rule.beta, allowed="0..1"
        )
    again = isinstance(rule, rules.SIS)
    top, rest, tops, rests = split_brands(
        [_thresholds("beta", rule.beta, network)], network.n_contacts
    )
    bounds = tops[0] if tops.size else np.empty(0, np.uint8)
    constant = int(getattr(rule, "duration", "") == "constant")
    illness = ContactsIllnessRule(
        top, rest, tops, rests, int(top[0]), bounds, rule.gamma, constant, int(again),
        last_time(horizon),
    )  # fmt: skip
    n = network.n_nodes
    return Prepared(
        batch=contacts_illness_batch,
        rows=_block(network),
        rule=Block("ContactsIllnessRule", illness),
        title="ContactsIllnessScratch",
        scratch=lambda want, room: contacts_illness_scratch(
            n, want.forest, 4 * room + 1024 if again else n + 1
        ),
        method="contacts",
        removal=True,
        tick=None,
        origin=_origin(network),
        repeats=again,
    )


def _reinforcement(
    network: TemporalNetwork, rule: rules.Reinforcement, horizon: float | None
) -> Prepared:
    n = network.n_nodes
    need = by_kind("need", rule.need, rule.kinds, network)
    needs = np.minimum(np.broadcast_to(need, (n,)), MOST_NEED).astype(np.int32)
    windowed = rule.window is not None
    rings = ring_starts(needs, network.target) if windowed else np.empty(0, np.int64)
    window = rule.window if rule.window is not None else np.inf
    free = np.flatnonzero(needs <= 0).astype(np.int32)
    count = ContactsCountRule(needs, free, rings, float(window), last_time(horizon))
    return Prepared(
        batch=contacts_count_batch,
        rows=_block(network),
        rule=Block("ContactsCountRule", count),
        title="ContactsCountScratch",
        scratch=lambda want, room: contacts_count_scratch(n, want.forest, rings),
        method="contacts",
        tick=None,
        origin=_origin(network),
    )


_MAKERS: list[tuple[Any, Callable[..., Prepared]]] = [
    (rules.IndependentCascade, _independent),
    (rules.CompetingCascades, _competing),
    (rules.NegativeCascade, _negative),
    ((rules.SIR, rules.SIS), _illness),
    (rules.Reinforcement, _reinforcement),
]
