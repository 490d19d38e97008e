"""Twins of SIS, in continuous time and by steps (docs/cascades.md 2 and 3).

The kind of an activation is the number of the infection of that person, from 0.
"""

from __future__ import annotations

import heapq
import math

from tests.cascades.twins.arrivals import quotient
from tests.cascades.twins.graph import Activation, Arcs
from tests.cascades.twins.luck import Luck, units

from koubei_sim.core import codes


def sis(
    arcs: Arcs, luck: Luck, seeds: list[int], beta: list[float], gamma: float, horizon: float
) -> list[Activation]:
    """SIS in continuous time: every contact is played, one after the other."""
    events: list[Activation] = []
    infections: dict[int, int] = {}
    until: dict[int, float] = {}
    # time, arc, number of the infection of the source, number of the contact, its end
    contacts: list[tuple[float, int, int, int, float]] = []

    def plan(arc: int, n: int, m: int, before: float, end: float) -> None:
        gap = quotient(luck.exponential(codes.DRAW_CONTACT, n, m, arc), beta[arc])
        time = before + gap
        if time < end and time <= horizon:
            heapq.heappush(contacts, (time, arc, n, m, end))

    def infect(person: int, time: float, parent: int) -> None:
        n = infections.get(person, 0)
        infections[person] = n + 1
        lasts = quotient(luck.exponential(codes.DRAW_DURATION, n, 0, person), gamma)
        until[person] = time + lasts
        events.append(Activation(time, person, parent, n, until[person]))
        for arc in arcs.out[person]:
            plan(arc, n, 0, time, until[person])

    for person in seeds:
        infect(person, 0.0, -1)
    while contacts:
        time = contacts[0][0]
        moment = []
        while contacts and contacts[0][0] == time:
            moment.append(heapq.heappop(contacts))
        reached: dict[int, list[int]] = {}
        for _, arc, n, m, end in moment:
            if until.get(arcs.target[arc], -math.inf) <= time:
                reached.setdefault(arcs.target[arc], []).append(arc)
            plan(arc, n, m + 1, time, end)
        for person, used in reached.items():
            infect(person, time, arcs.source[luck.first_among_equals(used)])
    return events


def sis_steps(
    arcs: Arcs, luck: Luck, seeds: list[int], beta: list[float], gamma: float, horizon: float
) -> list[Activation]:
    """SIS by steps: a coin for every arc of everybody infected, and one for its recovery."""
    events: list[Activation] = [Activation(0.0, person) for person in seeds]
    infected = {person: k for k, person in enumerate(seeds)}  # number of its last activation
    infections = dict.fromkeys(seeds, 1)
    step = 0
    while infected and step < horizon:
        step += 1
        reached: dict[int, list[int]] = {}
        for person in infected:
            for arc in arcs.out[person]:
                healthy = arcs.target[arc] not in infected
                if healthy and luck.coin(arcs, arc, step) < units(beta[arc]):
                    reached.setdefault(arcs.target[arc], []).append(arc)
        over = [
            person
            for person in infected
            if luck.bits32(codes.DRAW_RECOVERY, step, 0, person) < units(gamma)
        ]
        for person in over:
            number = infected.pop(person)
            events[number] = events[number]._replace(until=float(step))
        for person, used in reached.items():
            parent = arcs.source[luck.first_among_equals(used, step)]
            n = infections.get(person, 0)
            infections[person] = n + 1
            infected[person] = len(events)
            events.append(Activation(float(step), person, parent, n))
    return events
