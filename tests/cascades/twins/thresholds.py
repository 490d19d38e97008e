"""Twins of the rules that look at all of one's sources: linear, fractional, reinforcement.

docs/cascades.md 2.  In every step everybody is asked, by the state after the step before.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from tests.cascades.twins.graph import Activation, Arcs
from tests.cascades.twins.luck import ONE, Luck, units

from koubei_sim.core import codes

Question = Callable[[int, list[int], list[int]], int | None]


def synchronous(arcs: Arcs, seeds: list[int], horizon: float, asked: Question) -> list[Activation]:
    """Ask everybody in every step until a step changes nothing.

    Parameters
    ----------
    asked : callable (person, arcs from active sources, arcs of those new at the last step)
        Returns the parent (-1 for nobody) if the person becomes active, else None.
    """
    active = {person: Activation(0.0, person) for person in seeds}
    step = 0
    while step < horizon:
        step += 1
        fresh = {}
        for person in range(arcs.n):
            if person in active:
                continue
            told = [arc for arc in arcs.into[person] if arcs.source[arc] in active]
            news = [arc for arc in told if active[arcs.source[arc]].time == step - 1]
            parent = asked(person, told, news)
            if parent is not None:
                fresh[person] = Activation(float(step), person, parent)
        active.update(fresh)
        if not fresh:
            break
    return list(active.values())


def bounds_of(arcs: Arcs, person: int, weights: list[float] | None) -> list[int]:
    """Bounds of the intervals that the arcs into a person own, one more than there are arcs."""
    own = arcs.into[person]
    if weights is None:
        return [m * ONE // len(own) for m in range(len(own) + 1)] if own else [0]
    bounds, total = [0], 0.0
    for arc in own:
        total = total + weights[arc]
        bounds.append(units(min(1.0, total)))
    return bounds


def linear_choice(
    arcs: Arcs, luck: Luck, seeds: list[int], weights: list[float] | None, horizon: float
) -> list[Activation]:
    """Linear threshold, method choice: everybody picks at most one arc and follows its source."""
    picked: dict[int, int] = {}
    for person in range(arcs.n):
        theta = luck.bits32(codes.DRAW_CHOICE, 0, 0, person)
        bounds = bounds_of(arcs, person, weights)
        for rank, arc in enumerate(arcs.into[person]):
            if bounds[rank] <= theta < bounds[rank + 1]:
                picked[person] = arc

    def asked(person: int, _: list[int], news: list[int]) -> int | None:
        return arcs.source[picked[person]] if picked.get(person) in news else None

    return synchronous(arcs, seeds, horizon, asked)


def linear_sum(
    arcs: Arcs,
    luck: Luck,
    seeds: list[int],
    weights: list[float] | None,
    interval: tuple[float, float],
    fixed: list[float] | None,
    horizon: float,
) -> list[Activation]:
    """Linear threshold, method sum, with thresholds from an interval or fixed ones."""
    low, high = units(interval[0]), units(interval[1])
    theta, width = {}, {}
    for person in range(arcs.n):
        if fixed is not None:
            theta[person] = max(units(fixed[person]) - 1, 0)
        else:
            drawn = luck.bits32(codes.DRAW_CHOICE, 0, 0, person)
            theta[person] = low + ((drawn * (high - low)) >> 32)
        bounds = bounds_of(arcs, person, weights)
        for rank, arc in enumerate(arcs.into[person]):
            width[arc] = bounds[rank + 1] - bounds[rank]

    def asked(person: int, told: list[int], news: list[int]) -> int | None:
        if sum(width[arc] for arc in told) > theta[person]:
            return arcs.source[luck.first_among_equals(news)]
        return None

    return synchronous(arcs, seeds, horizon, asked)


def need_of_fraction(degree: int, fraction: float, strict: bool) -> float:
    """The smallest m with m / degree >= fraction (strict: >), infinite where there is none."""
    if degree == 0:
        return 0 if fraction == 0.0 and not strict else math.inf
    for m in range(degree + 1):
        if (m / degree > fraction) if strict else (m / degree >= fraction):
            return m
    return math.inf


def counting(
    arcs: Arcs, luck: Luck, seeds: list[int], need: list[float], horizon: float
) -> list[Activation]:
    """Fractional threshold and reinforcement: `need` active sources convince."""

    def asked(person: int, told: list[int], news: list[int]) -> int | None:
        if len(told) < need[person]:
            return None
        return arcs.source[luck.first_among_equals(news)] if need[person] > 0 else -1

    return synchronous(arcs, seeds, horizon, asked)
