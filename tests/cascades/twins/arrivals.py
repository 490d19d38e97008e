"""Twins of the rules with arrival times: delayed cascade, SIR in time and by steps.

docs/cascades.md 2 and 3.  Whether and how late an arc passes the word on does not depend on when
its source became active, so the times of activation are lengths of shortest paths.  Here they
are found by relaxing all arcs until nothing changes: no queue, no order of events.
"""

from __future__ import annotations

import math

from tests.cascades.twins.graph import Activation, Arcs
from tests.cascades.twins.luck import Luck, c

from koubei_sim.core import codes

NEVER = math.inf


def earliest(
    arcs: Arcs, luck: Luck, seeds: list[int], delay: list[float], horizon: float
) -> list[Activation]:
    """Everybody becomes active when the word first arrives; `delay` is infinite for dead arcs."""
    time = dict.fromkeys(range(arcs.n), NEVER) | dict.fromkeys(seeds, 0.0)
    changed = True
    while changed:
        changed = False
        for arc, wait in enumerate(delay):
            arrival = time[arcs.source[arc]] + wait
            if arrival < time[arcs.target[arc]]:
                time[arcs.target[arc]] = arrival
                changed = True
    out = []
    for person in range(arcs.n):
        if time[person] > horizon or time[person] == NEVER:
            continue
        parent = -1
        if person not in seeds:
            moment = [
                arc
                for arc in arcs.into[person]
                if time[arcs.source[arc]] + delay[arc] == time[person]
            ]
            parent = arcs.source[luck.first_among_equals(moment)]
        out.append(Activation(time[person], person, parent))
    return out


def latency_of(luck: Luck, arc: int, law: str, mean: float) -> float:
    """The delay of an arc: law "constant", "exponential" or "geometric"."""
    if law == "constant":
        return mean
    x = luck.exponential(codes.DRAW_LATENCY, 0, 0, arc)
    if law == "exponential":
        return x * mean
    return 1.0 if mean == 1.0 else 1.0 + math.floor(x / c(1.0 / mean))


def delayed(
    arcs: Arcs,
    luck: Luck,
    seeds: list[int],
    chance: list[int],
    latency: list[float] | tuple[str, float],
    horizon: float,
) -> list[Activation]:
    """Delayed cascade; `latency` is given per arc, or as a law and its mean."""
    delay = []
    for arc in range(len(arcs.source)):
        wait = (
            latency_of(luck, arc, *latency) if isinstance(latency, tuple) else float(latency[arc])
        )
        delay.append(wait if luck.coin(arcs, arc) < chance[arc] else NEVER)
    return earliest(arcs, luck, seeds, delay, horizon)


def quotient(x: float, rate: float) -> float:
    """x / rate, infinite at rate 0."""
    return x / rate if rate > 0.0 else NEVER


def sir(
    arcs: Arcs,
    luck: Luck,
    seeds: list[int],
    beta: list[float],
    gamma: float,
    constant: bool,
    horizon: float,
) -> list[Activation]:
    """SIR in continuous time; `beta` per arc."""
    lasts = {}
    for person in range(arcs.n):
        x = 1.0 if constant else luck.exponential(codes.DRAW_DURATION, 0, 0, person)
        lasts[person] = quotient(x, gamma)
    delay = []
    for arc, rate in enumerate(beta):
        wait = quotient(luck.arc_exponential(arcs, arc), rate)
        delay.append(wait if wait < lasts[arcs.source[arc]] else NEVER)
    events = earliest(arcs, luck, seeds, delay, horizon)
    return [event._replace(until=event.time + lasts[event.person]) for event in events]


def steps_until(x: float, chance: float) -> float:
    """1 + floor(x / c(chance)): the step at which something of that chance per step happens."""
    if chance == 1.0:
        return 1.0
    hazard = c(chance)
    return 1.0 + math.floor(x / hazard) if hazard > 0.0 else NEVER


def sir_steps(
    arcs: Arcs,
    luck: Luck,
    seeds: list[int],
    beta: list[float],
    gamma: float,
    constant: bool,
    horizon: float,
) -> list[Activation]:
    """SIR by steps; `beta` per arc and step."""
    lasts = {}
    for person in range(arcs.n):
        if gamma == 0.0:
            lasts[person] = NEVER
        elif constant:
            lasts[person] = float(math.floor(1.0 / gamma + 0.5))
        else:
            x = luck.exponential(codes.DRAW_DURATION, 0, 0, person)
            lasts[person] = steps_until(x, gamma)
    delay = []
    for arc, chance in enumerate(beta):
        wait = steps_until(luck.arc_exponential(arcs, arc), chance)
        delay.append(wait if wait <= lasts[arcs.source[arc]] else NEVER)
    events = earliest(arcs, luck, seeds, delay, horizon)
    return [event._replace(until=event.time + lasts[event.person]) for event in events]
