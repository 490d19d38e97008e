"""From a population to the per-person arrays of the world, and the classes that engines look up.

A class holds all that fit depends on: level of expertise, segment, the products a person would
pay for, and taste group.  Called by `build_world`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core import codes
from koubei_sim.core.compiling import kernel
from koubei_sim.core.draws import draw, draw32, exponential_units, stream
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world.arrays import Graphs, People
from koubei_sim.model.world.population import Population
from koubei_sim.model.world.tables import threshold

CLASS_CODES = 65536  # 8 segments x 128 levels x 16 sets of products x 4 taste groups
MOST_NEED = 65535


@kernel
def _class_codes(segment, level, income, group, price, effort, out, present):
    """Write the class code of each person and mark the codes that occur."""
    for i in range(out.size):
        pays = 0
        x = level[i] / 127.0
        for k in range(price.size):
            if price[k] <= income[i] and effort[k] <= x:
                pays |= 1 << k
        code = ((np.int64(segment[i]) * 128 + level[i]) * 16 + pays) * 4 + group[i]
        out[i] = code
        present[code] = True


@kernel
def _renumber(codes_of, number):
    for i in range(codes_of.size):
        codes_of[i] = number[codes_of[i]]


@kernel
def _resistances(base, scale, out):
    for i in range(out.size):
        units = exponential_units(draw(base, i))
        if scale != 1.0:
            units = np.int64(units * scale)
        out[i] = min(units, 4294967295)


@kernel
def _online(activity, share, out):
    """Threshold T such that ``draw <= T`` has probability min(1, share activity)."""
    for i in range(out.size):
        p = min(1.0, share * activity[i])
        out[i] = max(0, np.int64(p * 4294967296.0) - 1)


@kernel
def _coins(base, limit, out):
    for i in range(out.size):
        out[i] = 1 if draw32(base, i) < limit else 0


@kernel
def _needs(heard, segment, least, share, out):
    """``max(least, ceil(share heard))``; a billionth is taken off against rounding up 3.0."""
    for i in range(out.size):
        s = segment[i]
        asked = np.int64(np.ceil(share[s] * heard[i] - 1e-9))
        out[i] = min(max(least[s], asked), MOST_NEED)


def classes(
    scenario: Scenario, population: Population
) -> tuple[NDArray[np.uint16], dict[str, NDArray[np.uint8]]]:
    """Return the class of each person and the class tables of `Rules`."""
    products = list(scenario.products.values())
    price = np.array([p.price for p in products], dtype=np.float64)
    effort = np.array([p.effort for p in products], dtype=np.float64)
    of = np.empty(population.n, dtype=np.uint16)
    present = np.zeros(CLASS_CODES, dtype=np.bool_)
    _class_codes(
        population.segment,
        population.level,
        population.income,
        population.taste_group,
        price,
        effort,
        of,
        present,
    )
    found = np.flatnonzero(present)
    number = np.zeros(CLASS_CODES, dtype=np.uint16)
    number[found] = np.arange(found.size)
    _renumber(of, number)
    segment = found >> 13
    enthusiast = np.array([s.enthusiast for s in scenario.segments.values()], dtype=np.uint8)
    return of, {
        "class_level": ((found >> 6) & 127).astype(np.uint8),
        "class_segment": segment.astype(np.uint8),
        "class_enthusiast": enthusiast[segment],
        "class_pays": ((found >> 2) & 15).astype(np.uint8),
        "class_taste": (found & 3).astype(np.uint8),
    }


def enthusiasts(scenario: Scenario, population: Population) -> NDArray[np.bool_]:
    """Return who is an enthusiast, bool [N]."""
    flags = np.array([s.enthusiast for s in scenario.segments.values()], dtype=np.bool_)
    return flags[population.segment]


def needs(scenario: Scenario, population: Population, graphs: Graphs) -> NDArray[np.uint16]:
    """Return how many distinct tellings each person needs, [N], or [1] where nobody needs two.

    ``max(reinforcement, ceil(reinforcement_share * in-neighbours over all feeds))``.
    """
    segments = list(scenario.segments.values())
    if all(s.reinforcement == 1 and s.reinforcement_share == 0 for s in segments):
        return np.ones(1, dtype=np.uint16)
    heard = np.zeros(population.n, dtype=np.int64)
    for indices in graphs.indices:
        if indices.size:
            heard += np.bincount(indices, minlength=population.n)
    out = np.empty(population.n, dtype=np.uint16)
    least = np.array([s.reinforcement for s in segments], dtype=np.int64)
    share = np.array([s.reinforcement_share for s in segments], dtype=np.float64)
    _needs(heard, population.segment, least, share, out)
    return out if out.max(initial=1) > 1 else np.ones(1, dtype=np.uint16)


def build_people(
    scenario: Scenario,
    key: int,
    replicate: int,
    population: Population,
    graphs: Graphs,
    seeds: NDArray[np.int32],
) -> tuple[People, dict[str, Any]]:
    """Return the per-person arrays and the class tables.

    Resistances and who is aware at the start belong to the run: they have the address of the
    replicate even where the population is shared.
    """
    n = population.n

    def base(purpose: int) -> np.uint64:
        return np.uint64(stream(np.uint64(key), replicate, purpose, 0, 0))

    resistance = {}
    for name, purpose, scale in (
        ("resist_aware", codes.DRAW_RESIST_AWARE, 1.0),
        ("resist_adopt", codes.DRAW_RESIST_ADOPT, 1.0),
        ("resist_reject", codes.DRAW_RESIST_REJECT, scenario.market.rejection_resistance),
    ):
        resistance[name] = np.empty(n, dtype=np.uint32)
        _resistances(base(purpose), scale, resistance[name])
    online = np.empty(n, dtype=np.uint32)
    _online(population.activity, scenario.participation.online, online)
    stage = np.zeros(n, dtype=np.uint8)
    aware = threshold(scenario.market.aware_at_start)
    if aware:
        _coins(base(codes.DRAW_AWARE_AT_START), aware, stage)
    of, tables = classes(scenario, population)
    people = People(
        online_threshold=online,
        agent_class=of,
        taste=population.taste,
        channels=population.channels,
        need=needs(scenario, population, graphs),
        initial_stage=stage,
        seeds=seeds,
        **resistance,
    )
    return people, tables
