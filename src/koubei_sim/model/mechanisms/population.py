"""population: who is there, how expert, and the classes that everything about fit is looked up in.

A class holds all that fit depends on: level of expertise, segment, the products a person would
pay for, and taste group.  People themselves are drawn in `world.population`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.block import Record
from koubei_sim.core.compiling import kernel
from koubei_sim.model.mechanisms.declaration import (
    Column,
    Int8Array,
    Made,
    Mechanism,
    Purpose,
    Sentence,
    Slot,
    arrays,
    by_person,
    of_world,
)
from koubei_sim.model.mechanisms.fields import STRUCTURE, TRIAL, Part, Real, Truth, factor, truth

DRAW_SEGMENT = Purpose(1, "population: 0, 0")
DRAW_LEVEL = Purpose(2, "population: 0, 0")
T_STAGE = Column(0, "stage", "people by stage at the end of the tick", "stage", variable="by_stage")
T_SEGMENT_USERS = Column(15, "segment_users", "users by segment", "segment")

CLASS_CODES: Final = 65536  # 8 segments x 128 levels x 16 sets of products x 4 taste groups


class Kind(Part):
    """Of a segment: how many people, and how expert."""

    share: Real = factor(1.0, "share of the population", neutral=STRUCTURE, high=1.0, source=TRIAL)
    enthusiast: Truth = truth(
        False,
        "an enthusiast (fashaoyou); all others are newbies (xiaobai)",
        neutral=STRUCTURE,
    )
    expertise_a: Real = factor(
        2.0,
        "first shape of the Beta law of expertise",
        neutral=STRUCTURE,
        low=0.05,
        high=1000.0,
        source=TRIAL,
    )
    expertise_b: Real = factor(
        6.0,
        "second shape of the Beta law of expertise",
        neutral=STRUCTURE,
        low=0.05,
        high=1000.0,
        source=TRIAL,
    )


@dataclass(frozen=True)
class PopulationRules(Record):
    """Sizes, the address of the run, and the classes."""

    n: int
    ticks: int
    n_segments: int
    key: np.uint64
    replicate: int
    class_level: Int8Array  # [classes]
    class_segment: Int8Array
    class_enthusiast: Int8Array
    class_pays: Int8Array  # bit k: would pay price and effort of product k
    class_taste: Int8Array


@arrays
class PopulationPeople(Record):
    """The class of each person: row of the class tables."""

    agent_class: NDArray[np.uint16] = of_world(np.uint16)


@arrays
class PopulationState(Record):
    """Where people stand."""

    stage: Int8Array = by_person(np.uint8, travels=True)  # also in the record of a listener


def numbers(made: Made) -> PopulationRules:
    """Return sizes, address and classes."""
    scenario = made.scenario
    return PopulationRules(
        n=scenario.n_agents,
        ticks=scenario.ticks,
        n_segments=len(scenario.segments),
        key=np.uint64(made.key),
        replicate=made.replicate,
        **made.people["classes"],
    )


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


def people(made: Made) -> dict[str, Any]:
    """Return the class of each person, and the tables of the classes."""
    scenario, drawn = made.scenario, made.population
    products = list(scenario.products.values())
    price = np.array([p.price for p in products], dtype=np.float64)
    effort = np.array([p.effort for p in products], dtype=np.float64)
    of = np.empty(drawn.n, dtype=np.uint16)
    present = np.zeros(CLASS_CODES, dtype=np.bool_)
    _class_codes(
        drawn.segment, drawn.level, drawn.income, drawn.taste_group, price, effort, of, present
    )
    found = np.flatnonzero(present)
    number = np.zeros(CLASS_CODES, dtype=np.uint16)
    number[found] = np.arange(found.size)
    _renumber(of, number)
    segment = found >> 13
    enthusiast = np.array([s.enthusiast for s in scenario.segments.values()], dtype=np.uint8)
    classes = {
        "class_level": ((found >> 6) & 127).astype(np.uint8),
        "class_segment": segment.astype(np.uint8),
        "class_enthusiast": enthusiast[segment],
        "class_pays": ((found >> 2) & 15).astype(np.uint8),
        "class_taste": (found & 3).astype(np.uint8),
    }
    return {"agent_class": of, "classes": classes}


def enthusiasts(scenario: Any, population: Any) -> NDArray[np.bool_]:
    """Return who is an enthusiast, bool [N]."""
    flags = np.array([s.enthusiast for s in scenario.segments.values()], dtype=np.bool_)
    return flags[population.segment]


def mean_expertise(segment: Any) -> float:
    """Return the mean of the Beta law of expertise."""
    return float(segment.expertise_a / (segment.expertise_a + segment.expertise_b))


def _told(scenario: Any, say: Callable[..., str]) -> Iterator[str]:
    for name, segment in scenario.segments.items():
        memberships = ", ".join(
            f"{c} {segment.membership.get(c, 1.0):.0%}" for c in scenario.channels
        )
        yield say(
            "segment",
            name=name,
            share=segment.share,
            kind=say("enthusiasts" if segment.enthusiast else "newbies"),
            x=mean_expertise(segment),
            member=say("member", list=memberships),
        )


POPULATION = Mechanism(
    "population",
    people=people,
    numbers=numbers,
    state=PopulationState,
    listener=(Slot("agent_class", "u2"), Slot("stage", "u1")),
    actor=(Slot("agent_class", "u2"),),
    columns=(T_STAGE, T_SEGMENT_USERS),
    purposes=(DRAW_SEGMENT, DRAW_LEVEL),
    sentences=(Sentence("who", 1, _told),),
    words={
        "enthusiasts": ("enthusiasts", "发烧友"),
        "newbies": ("newbies", "小白"),
        "segment": (
            "{name}: {share:.0%} of people, {kind}; mean expertise {x:.2f}; {member}",
            "{name}：占 {share:.0%}，{kind}，平均水平 {x:.2f}；{member}",
        ),
        "member": ("member of {list}", "加入 {list}"),
    },
)
