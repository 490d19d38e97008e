"""Twins of Bass diffusion on a network, by ticks and in exact time (docs/cascades.md 2 and 3)."""

from __future__ import annotations

import math

import numpy as np
from tests.cascades.twins.graph import Activation, Arcs
from tests.cascades.twins.luck import Luck

from koubei_sim.core import codes
from koubei_sim.core.draws import exponential_units


def resistance(luck: Luck, person: int) -> int:
    """What a person withstands, in units of 2**-26."""
    return int(exponential_units(np.uint64(luck.bits(codes.DRAW_RESISTANCE, 0, 0, person))))


def by_ticks(
    arcs: Arcs,
    luck: Luck,
    seeds: list[int],
    p: list[float],
    q: list[float],
    dt: float,
    horizon: float,
    schedule: list[float] | None = None,
) -> list[Activation]:
    """Bass by ticks of length `dt`; `p` and `q` per person; `schedule` multiplies p by ticks."""
    alone, each, limit = {}, {}, {}
    for person in range(arcs.n):
        d = arcs.degree(person)
        alone[person] = math.floor(p[person] * dt * 4294967296.0 + 0.5)
        each[person] = math.floor(q[person] * dt / d * 4294967296.0 + 0.5) if d else 0
        limit[person] = resistance(luck, person) << 6
    adopted = {person: Activation(0.0, person) for person in seeds}
    exposure = dict.fromkeys(range(arcs.n), 0)
    tick = 0
    while len(adopted) < arcs.n and (tick + 1) * dt <= horizon:
        tick += 1
        now = []
        for person in range(arcs.n):
            if schedule is not None:
                factor = schedule[tick - 1]
                alone[person] = math.floor(p[person] * dt * factor * 4294967296.0 + 0.5)
            if person not in adopted:
                m = sum(arcs.source[arc] in adopted for arc in arcs.into[person])
                exposure[person] += alone[person] + each[person] * m
                if exposure[person] > limit[person]:
                    now.append(person)
        for person in now:
            adopted[person] = Activation(tick * dt, person)
    return list(adopted.values())


def exact(
    arcs: Arcs, luck: Luck, seeds: list[int], p: list[float], q: list[float], horizon: float
) -> list[Activation]:
    """Bass in exact time: the next to adopt is looked for among all, every time."""
    adopted: dict[int, Activation] = {}
    # H, s, rate and m of everybody who has not adopted
    state = {person: (0.0, 0.0, p[person], 0) for person in range(arcs.n)}
    limit = {person: (resistance(luck, person) + 0.5) * 2.0**-26 for person in range(arcs.n)}

    def adopt(person: int, time: float) -> None:
        adopted[person] = Activation(time, person)
        del state[person]
        for arc in arcs.out[person]:
            v = arcs.target[arc]
            if v in state:
                hazard, since, rate, m = state[v]
                hazard = hazard + rate * (time - since)
                m = m + 1
                state[v] = (hazard, time, p[v] + (q[v] / arcs.degree(v)) * m, m)

    for person in sorted(seeds):
        adopt(person, 0.0)
    now = 0.0
    while True:
        due = [
            (since + (limit[person] - hazard) / rate, person)
            for person, (hazard, since, rate, _) in state.items()
            if rate > 0.0
        ]
        if not due or min(due)[0] > horizon:
            return list(adopted.values())
        time, person = min(due)
        now = max(now, time)
        adopt(person, now)
