"""The reproduction number that a scenario starts with: a composite of telling, hearing and fit.

How many people of each segment one new user wins while all others are still outside, as a matrix;
its largest eigenvalue is the threshold of the two-type branching process of `theory.branching`.
It belongs to no one mechanism; declared by `adoption`.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.model.mechanisms.backlog import missed
from koubei_sim.model.mechanisms.fit import first_satisfaction
from koubei_sim.model.mechanisms.hearing import listener_shares, listeners, seen
from koubei_sim.model.mechanisms.numbers import geometric
from koubei_sim.model.mechanisms.telling import TOLD, kind_factors, tellings_of_a_stay

Matrix = NDArray[np.float64]
#: People of a segment, equally likely, over whom expertise is averaged.
_PEOPLE: Final = 64
#: Graphs whose generator knows homophily.
_HOMOPHILOUS: Final = ("follow", "small_world")


def reproduction(scenario: Any) -> float:
    """Return the largest eigenvalue of the mean matrix; NaN with a graph in a file."""
    matrix = mean_matrix(scenario)
    if not np.isfinite(matrix).all():
        return math.nan
    return float(np.abs(np.linalg.eigvals(matrix)).max())


def mean_matrix(scenario: Any) -> Matrix:
    """Return how many people of segment b a new user of segment a wins, [a, b].

    The user has activity 1, is casual, and tells until it leaves or the horizon comes (section 9
    of docs/model.md).  A segment whose people need several tellers is won by no single one.
    """
    segments, channels = scenario.segments, scenario.channels
    experts = {name: _experts(segment) for name, segment in segments.items()}
    fits = {name: _fits(scenario, x) for name, x in experts.items()}
    content = {name: _contented(scenario, x) for name, x in experts.items()}
    pays = {name: _pays(scenario, segment) for name, segment in segments.items()}
    _, credibility = kind_factors(scenario)
    believed = credibility[0] * scenario.telling.plain_authenticity
    ties = sum(listeners(scenario, c) for c in channels if channels[c].network is not None)
    found = np.zeros((len(segments), len(segments)))
    for c, channel in channels.items():
        told = {
            (kind.tell, kind.leave): tellings_of_a_stay(scenario, channel, kind.tell, kind.leave)
            for kind in segments.values()
        }
        tired = geometric(scenario.telling.repeat_fatigue, TOLD)
        force = np.minimum(1.0, channel.persuasion * believed * tired)
        shares, hear = listener_shares(scenario, c), listeners(scenario, c)
        for b, (listener, kind) in enumerate(segments.items()):
            if kind.reinforcement > 1 or kind.reinforcement_share * ties > 1.0:
                continue
            sees = seen(scenario, c, kind)
            won = {
                way: np.mean([_won(channel, force, more, sees, fit) for fit in fits[listener]])
                for way, more in told.items()
            }
            for a, (teller, own) in enumerate(segments.items()):
                alike = 0.0
                if channel.network is not None and channel.network.kind in _HOMOPHILOUS:
                    alike = channel.network.homophily
                there = alike * (a == b) + (1.0 - alike) * shares[listener]
                talks = content[teller] * _posts(channel, own.membership.get(c, 1.0))
                found[a, b] += talks * hear * there * pays[listener] * won[own.tell, own.leave]
    return found


def _experts(segment: Any) -> Matrix:
    from scipy.special import betaincinv

    places = (np.arange(_PEOPLE) + 0.5) / _PEOPLE
    found: Matrix = betaincinv(segment.expertise_a, segment.expertise_b, places)
    return found


def _fits(scenario: Any, x: Matrix) -> Matrix:
    """Return the fit of the first product to people of expertise x, the gate being open.

    Of a product made for one taste group the mean over the groups is taken.
    """
    product, market = next(iter(scenario.products.values())), scenario.market
    fit = np.clip(product.quality - product.difficulty * (1.0 - x) - missed(product, x), 0.0, 1.0)
    if product.taste_group is not None:
        others = market.taste_groups - 1
        fit = fit * (1.0 + others * market.off_taste) / market.taste_groups
    found: Matrix = np.where(x >= product.effort, fit, 0.0)
    return found


def _contented(scenario: Any, x: Matrix) -> float:
    """Return the share of new users of expertise x who are not unhappy on the first day."""
    from scipy.special import ndtr

    margin, spread = first_satisfaction(scenario, x), scenario.market.taste_sd
    return float(np.mean(ndtr(margin / spread) if spread else margin >= 0.0))


def _pays(scenario: Any, segment: Any) -> float:
    """Return the share of a segment that would spend the price of the first product."""
    from scipy.special import ndtr

    price = next(iter(scenario.products.values())).price
    if price == 0.0 or math.isinf(segment.income_median):
        return 1.0
    if segment.income_sigma == 0.0:
        return float(price <= segment.income_median)
    return float(ndtr(math.log(segment.income_median / price) / segment.income_sigma))


def _posts(channel: Any, belongs: float) -> float:
    """Return the chance that a user tells on a channel at all."""
    if channel.network is not None:
        return belongs
    member = 1.0 - (1.0 - belongs) * (1.0 - channel.join_on_adoption)
    return float(member * (1.0 - channel.lurkers))


def _won(channel: Any, force: Matrix, more: Matrix, sees: float, fit: float) -> float:
    """Return the chance that one listener is won; of a board, how many of one reader a telling.

    Telling n convinces who sees it with ``1 - (1 - force_n)**fit``; on a feed all tellings of a
    user go to the same people, and nobody is won twice.
    """
    if fit <= 0.0:
        return 0.0
    each = sees * (1.0 - (1.0 - force) ** fit)
    if channel.network is None:
        return float(more @ each)
    left = np.concatenate([[1.0], np.cumprod(1.0 - each)[:-1]])
    return float(more @ (left * each))
