"""The people of the reference engine: section 8 of docs/model.md, person by person.

What was drawn of each (segment, level, activity, income, taste) is given; here it becomes what a
run needs to know: classes, thresholds, resistances and needs.  Called by `tables`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from koubei_sim.core.draws import exponential_units
from koubei_sim.model.mechanisms.hearing import DRAW_AWARE_AT_START, DRAW_RESIST_ADOPT
from koubei_sim.model.mechanisms.rejection import DRAW_RESIST_REJECT
from koubei_sim.model.mechanisms.seeding import DRAW_BY_HAND
from koubei_sim.model.reference.coins import Coins
from koubei_sim.model.world.arrays import Graphs, People

MOST = (1 << 32) - 1  # of a resistance, and of the threshold of being online


def classes(scenario: Any, population: Any) -> tuple[dict[str, Any], list[int]]:
    """Return the tables of the classes, and the class of each person.

    A class is all that fit is looked up by: segment, level, the products one would pay for, and
    taste group; those that occur are numbered in this order.
    """
    found = []
    rows = zip(
        population.segment.tolist(),
        population.level.tolist(),
        population.income.tolist(),
        population.taste_group.tolist(),
        strict=True,
    )
    for segment, level, income, group in rows:
        pays = 0
        for k, product in enumerate(scenario.products.values()):
            if product.price <= income and product.effort <= level / 127.0:
                pays += 1 << k
        found.append((segment, level, pays, group))
    kinds = sorted(set(found))
    place = {kind: number for number, kind in enumerate(kinds)}
    segments = list(scenario.segments.values())

    def bytes_of(values: Any) -> Any:
        return np.array(list(values), dtype=np.uint8)

    return {
        "class_segment": bytes_of(segment for segment, _, _, _ in kinds),
        "class_level": bytes_of(level for _, level, _, _ in kinds),
        "class_pays": bytes_of(pays for _, _, pays, _ in kinds),
        "class_taste": bytes_of(group for _, _, _, group in kinds),
        "class_enthusiast": bytes_of(segments[segment].enthusiast for segment, _, _, _ in kinds),
    }, [place[kind] for kind in found]


def segments(scenario: Any) -> dict[str, Any]:
    """Return what each kind of people does more or less than others, and from when on."""
    kinds = list(scenario.segments.values())

    def whole(factors: list[float]) -> Any:
        return np.array([int(factor * 65536.0) for factor in factors], dtype=np.int64)

    return {
        "segments_differ": int(not all(k.join == k.tell == k.leave == k.gain == 1 for k in kinds)),
        "segment_join16": whole([k.join for k in kinds]),
        "segment_tell16": whole([k.tell for k in kinds]),
        "segment_leave16": whole([k.leave for k in kinds]),
        "segment_opens": np.array([k.opens_at for k in kinds], dtype=np.int64),
        "segment_gain": np.array([k.gain for k in kinds], dtype=np.float64),
    }


def people(
    scenario: Any,
    key: int,
    replicate: int,
    population: Any,
    graphs: Graphs,
    seeds: Any,
    number: list[int],
) -> People:
    """Return what a run knows of each person; `number` is that of the class."""
    coins = Coins(key, replicate)
    everybody = range(scenario.n_agents)
    w = scenario.participation.online
    aware = scenario.market.aware_at_start
    scale = scenario.market.rejection_resistance

    def online(activity: float) -> int:
        return max(0, int(min(1.0, w * activity) * 4294967296.0) - 1)

    def exponential(purpose: int, i: int) -> int:
        return int(exponential_units(np.uint64(coins.word(purpose, 0, 0, i))))

    def is_aware(i: int) -> bool:
        return coins.coin(DRAW_AWARE_AT_START, 0, 0, i) < int(aware * 4294967296.0)

    adopt = [min(MOST, exponential(DRAW_RESIST_ADOPT, i)) for i in everybody]
    reject = [min(MOST, int(exponential(DRAW_RESIST_REJECT, i) * scale)) for i in everybody]
    return People(
        agent_class=np.array(number, dtype=np.uint16),
        channels=population.channels,
        seeds=seeds,
        seed_day=np.array(turns(scenario, coins, seeds.tolist()), dtype=np.int32),
        taste=population.taste,
        online_threshold=np.array([online(a) for a in population.activity.tolist()], np.uint32),
        resist_adopt=np.array(adopt, dtype=np.uint32),
        initial_stage=np.array([is_aware(i) for i in everybody], dtype=np.uint8),
        need=np.array(needs(scenario, population, graphs), dtype=np.uint16),
        resist_reject=np.array(reject, dtype=np.uint32),
        income=np.array(population.income if scenario.goods else [1.0], dtype=np.float64),
    )


def turns(scenario: Any, coins: Coins, seeds: list[int]) -> list[int]:
    """Return the day on which each seed has its turn; one number -1 where all start at once."""
    a_day = scenario.seeding.per_day / scenario.people_per_agent
    if a_day == float("inf"):
        return [-1]
    words = [coins.word(DRAW_BY_HAND, 0, 0, i) for i in seeds]
    before = [sum(other < word for other in words) for word in words]
    return [int(min(scenario.ticks, q / a_day)) for q in before]


def needs(scenario: Any, population: Any, graphs: Graphs) -> list[int]:
    """Return how many tellings each person needs; one number 1 where nobody needs more."""
    heard = [0] * scenario.n_agents
    for listeners in graphs.indices:
        for listener in listeners.tolist():
            heard[listener] += 1
    segments, found = list(scenario.segments.values()), []
    for i, segment in enumerate(population.segment.tolist()):
        share = math.ceil(segments[segment].reinforcement_share * heard[i] - 1e-9)
        found.append(min(65535, max(segments[segment].reinforcement, share)))
    return found if max(found) > 1 else [1]
