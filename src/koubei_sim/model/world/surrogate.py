"""What a scenario passes on along each arc of its feeds, as an independent cascade.

The model has no reverse sets: people tell again and again, tire, forget and turn away.  Its nearest
relative that has them is a cascade in which an arc passes the word with ``1 - exp(-H)``, H the
hazard that a listener can expect to hear along it until the horizon.  In the neutral limit (each
tells once, no leak, no rejection, no attention) the two reach the same people.  Section 8 of
docs/model.md is the norm, with what is left out.

Read by `seeds`, for the strategy ``reach``, and by `seeding.improve`, which says how well the one
ranks seeds of the other.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.compiling import kernel
from koubei_sim.core.draws import exp_neg_portable, log_portable
from koubei_sim.errors import KoubeiError
from koubei_sim.model.mechanisms.backlog import missed
from koubei_sim.model.mechanisms.fit import first_satisfaction
from koubei_sim.model.mechanisms.hearing import seen, tie_weights
from koubei_sim.model.mechanisms.numbers import halving
from koubei_sim.model.mechanisms.telling import kind_factors
from koubei_sim.model.scenario import Channel, Scenario
from koubei_sim.model.world.arrays import Graphs
from koubei_sim.model.world.population import Population

#: A hazard that convinces for certain, as in the tables.
CERTAIN = 40.0


class Surrogate(NamedTuple):
    """The arcs of all feeds, and the chance that one passes the word."""

    indptr: NDArray[np.int64]  # [N + 1]
    indices: NDArray[np.int32]  # [arcs] ascending in a row; an arc on two feeds stands there twice
    chance: NDArray[np.float64]  # [arcs]


def surrogate(
    scenario: Scenario, population: Population, graphs: Graphs, only: str | None = None
) -> Surrogate:
    """Return the independent cascade nearest to a scenario.

    Parameters
    ----------
    scenario : Scenario
    population : Population
    graphs : Graphs
        Of the same replicate.
    only : str, optional
        The one feed to look at; all of them without it.

    Returns
    -------
    Surrogate

    Raises
    ------
    KoubeiError
        For a scenario without feeds.

    Examples
    --------
    >>> from koubei_sim.model.world import build
    >>> sc = Scenario.load("ic").replace(n_agents=100)
    >>> people = build.build_population(sc, 1)
    >>> found = surrogate(sc, people, build.build_graphs(sc, build.build_networks(sc, 1), people))
    >>> bool((found.chance.round(12) == 0.05).all())  # persuasion of the channel
    True
    """
    if not scenario.feeds:
        raise KoubeiError(
            "seeding.strategy", "there is no feed on which seeds could reach anybody",
            got="reach", fix="strategy = 'active'",
        )  # fmt: skip
    fit, need = _fits(scenario, population), _needs(scenario, population, graphs)
    parts = []
    for c, (name, channel) in enumerate(scenario.channels.items()):
        if channel.network is None or only not in (None, name):
            continue
        sees = np.array([seen(scenario, name, s) for s in scenario.segments.values()])
        tie = np.ones(256) if channel.tie == "none" else tie_weights(channel, scenario) / 65536.0
        told = _tellings(scenario, channel, population)
        indptr, indices, ties = graphs.indptr[c], graphs.indices[c], graphs.ties[c]
        arcs = tie[ties] if ties.size else np.full(indices.size, tie[255])
        pull = _hazard(scenario, channel) * fit
        _chances(indptr, indices, told, sees[population.segment], pull, need, arcs)
        parts.append((indptr, indices, arcs))
    return _together(parts)


def _fits(scenario: Scenario, people: Population) -> NDArray[np.float64]:
    """Return the fit of the first product on the first day, the gate open, in 16 bits."""
    product, market = next(iter(scenario.products.values())), scenario.market
    x = np.arange(128) / 127.0
    by_level = product.quality - product.difficulty * (1.0 - x) - missed(product, x)
    fit = np.clip(by_level, 0.0, 1.0)[people.level]
    if product.taste_group is not None:
        fit = np.where(people.taste_group == product.taste_group, fit, fit * market.off_taste)
    pays = (product.price <= people.income) & (product.effort <= x[people.level])
    found: NDArray[np.float64] = np.floor(np.where(pays, fit, 0.0) * 65536.0) / 65536.0
    return found


def _needs(scenario: Scenario, people: Population, graphs: Graphs) -> NDArray[np.float64]:
    """Return how many must have told each, as the mechanism of reinforcement has it."""
    segments = list(scenario.segments.values())
    least = np.array([float(s.reinforcement) for s in segments])[people.segment]
    share = np.array([s.reinforcement_share for s in segments])[people.segment]
    heard = np.zeros(people.n)
    for indices in graphs.indices:
        heard += np.bincount(indices, minlength=people.n)
    found: NDArray[np.float64] = np.maximum(np.maximum(1.0, least), np.ceil(share * heard - 1e-9))
    return found


def _hazard(scenario: Scenario, channel: Channel) -> float:
    """Return the hazard of one telling of a casual user without a story, seen, at fit 1."""
    _, credibility = kind_factors(scenario)
    force = channel.persuasion * credibility[0] * scenario.telling.plain_authenticity
    return CERTAIN if force >= 1.0 else min(CERTAIN, -float(log_portable(1.0 - force)))


def _tellings(scenario: Scenario, channel: Channel, people: Population) -> NDArray[np.float64]:
    """Return how many tellings each person is good for until the horizon, tired ones counted less.

    With N the tellings so far and f the fatigue, ``E[f**N]`` moves by a factor ``1 - tells (1 -
    f)`` a day, so the sum of ``tells * E[f**N]`` needs no law of N.
    """
    telling, online = scenario.telling, scenario.participation.online
    rates, _ = kind_factors(scenario)
    days = max(0, scenario.ticks - channel.opens_at)
    news = halving(telling.novelty_half_life, days + 1)
    news = telling.novelty_floor + (1.0 - telling.novelty_floor) * news
    activity, row = np.unique(people.activity, return_inverse=True)
    there = np.minimum(1.0, online * activity)
    found = np.zeros(people.n)
    content = _content(scenario, people)
    for s, segment in enumerate(scenario.segments.values()):
        stays = 1.0 - min(1.0, scenario.service.churn * segment.leave)
        left, fresh, total = 1.0, np.ones(activity.size), np.zeros(activity.size)
        for day in range(days):
            rate = min(1.0, channel.tell * rates[0] / online * float(news[day + 1]) * segment.tell)
            tells = there * rate
            total = total + left * tells * fresh
            fresh = fresh * (1.0 - tells * (1.0 - telling.repeat_fatigue))
            left = left * stays
        mine = (people.segment == s) & content
        found[mine] = total[row[mine]]
    return found


def _content(scenario: Scenario, people: Population) -> NDArray[np.bool_]:
    """Return who would not be unhappy on the first day; who is tells nothing good."""
    by_level = first_satisfaction(scenario, np.arange(128) / 127.0)
    found: NDArray[np.bool_] = by_level[people.level] + people.taste >= 0.0
    return found


@kernel
def _chances(indptr, indices, told, sees, pull, need, arcs):
    """Write ``1 - (1 - V (1 - exp(-h f w)))**T`` over the need of the listener for each arc.

    `pull` is h f of the listener; `arcs` come in as the weights w of the ties.
    """
    for u in range(indptr.size - 1):
        for k in range(indptr[u], indptr[u + 1]):
            v = indices[k]
            wins = sees[v] * (1.0 - exp_neg_portable(pull[v] * arcs[k]))
            each = CERTAIN if wins >= 1.0 else min(CERTAIN, -log_portable(1.0 - wins))
            arcs[k] = (1.0 - exp_neg_portable(told[u] * each)) / need[v]


def _together(parts: list[tuple[Any, Any, Any]]) -> Surrogate:
    """Lay the arcs of all feeds into one list of rows; parallel arcs stay, each with its coin."""
    if len(parts) == 1:
        return Surrogate(*parts[0])
    n = parts[0][0].size - 1
    source = np.concatenate([np.repeat(np.arange(n), np.diff(part[0])) for part in parts])
    target = np.concatenate([part[1] for part in parts])
    order = np.lexsort((target, source))
    indptr = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.bincount(source, minlength=n), out=indptr[1:])
    chance = np.concatenate([part[2] for part in parts])
    return Surrogate(indptr, target[order].astype(np.int32), chance[order])
