"""backlog: what users miss in a product, votes that bring it up, releases that meet and break."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.block import Record
from koubei_sim.model.mechanisms.declaration import (
    Column,
    FloatArray,
    Int8Array,
    IntArray,
    Made,
    Mechanism,
    Module,
    Purpose,
    Sentence,
    array,
    arrays,
)
from koubei_sim.model.mechanisms.fields import (
    STRUCTURE,
    Part,
    Real,
    Whole,
    choice,
    factor,
    fraction,
    only_with,
    parameter,
)
from koubei_sim.model.mechanisms.numbers import threshold, whole

DRAW_NEED = Purpose(47, "number of the need, 4 * property + product; 64 bits, agent field 0")
DRAW_HAS_NEED = Purpose(48, "number of the need, product")
DRAW_NEW_NEEDS = Purpose(49, "tick, product; agent field 0")
DRAW_VOTE = Purpose(50, "tick, product")
DRAW_FIX = Purpose(51, "number of the need, product; agent field: tick")
T_NEEDS_NEW = Column(189, "needs_new", "needs that came up, also by a fix", unit="needs")
T_NEEDS_MET = Column(190, "needs_met", "needs met by a release", unit="needs")
T_NEEDS_OPEN = Column(191, "needs_open", "needs open at the end of the tick", unit="needs")

SLOTS: Final = 64  # needs that may be open at a time, a product
SHARE, SEVERITY, KIND, REGRESS = range(4)  # properties of a need that are drawn
RULES: Final = ("most_asked", "loudest", "severest", "random")
LOUD: Final = (1, 2, 4, 8)  # weight of a vote by tier, where the loudest are heard


class Backlog(Part):
    """Of a product: what users miss, and how it is met."""

    needs: Whole = parameter(
        0, "needs of users that are open at the start", unit="needs", neutral=0, low=0, high=SLOTS
    )
    new_needs: Real = parameter(
        0.0, "needs that come up", unit="needs/day", neutral=0.0, low=0.0, high=SLOTS
    )
    need_share: Real = only_with(
        "needs",
        fraction(0.1, "share of people who have a need, on average over needs", neutral=STRUCTURE),
    )
    need_exponent: Real = only_with(
        "needs",
        factor(
            1.5,
            "Pareto exponent of the shares of people who have a need",
            neutral=STRUCTURE,
            low=1.05,
            high=10.0,
        ),
    )
    need_severity: Real = only_with(
        "needs",
        factor(
            0.1,
            "satisfaction that an open need costs those who have it, mean",
            neutral=0.0,
            high=10.0,
        ),
    )
    expert_needs: Real = only_with(
        "needs",
        fraction(0.5, "share of needs that experts have rather than newbies", neutral=STRUCTURE),
    )
    fixes: Whole = only_with(
        "needs",
        parameter(
            5, "needs that a release can meet", unit="needs", neutral=STRUCTURE, low=0, high=SLOTS
        ),
    )
    fix_rule: Literal["most_asked", "loudest", "severest", "random"] = choice(
        "most_asked",
        "which of the needs that were asked for are met: most votes, votes weighed by tier, the "
        "most severe, or any",
        *RULES,
        neutral=STRUCTURE,
    )
    regressions: Real = fraction(0.0, "probability that meeting a need breaks something else")


@dataclass(frozen=True)
class BacklogRules(Record):
    """What users miss, and how it is met."""

    backlog_on: int
    needs: IntArray  # [K] at the start
    new_needs: FloatArray  # [K] a day
    need_share: FloatArray  # [K]
    need_exponent: FloatArray  # [K]
    need_severity: FloatArray  # [K]
    expert_needs32: IntArray  # [K]
    fixes: IntArray  # [K] a release
    fix_rule: IntArray  # [K] place in RULES
    regressions32: IntArray  # [K]


def _slots(rules: Any) -> int:
    return SLOTS if rules.backlog_on else 1


@arrays
class BacklogState(Record):
    """The open needs of each product, by slot; a free slot has number -1."""

    need_number: IntArray = array(np.int64, "products", _slots, fill=-1, news=True)
    need_base: NDArray[np.uint64] = array(np.uint64, "products", _slots, fill=0, news=True)
    need_share32: IntArray = array(np.int64, "products", _slots, fill=0, news=True)
    need_expert: Int8Array = array(np.uint8, "products", _slots, fill=0, news=True)
    need_loss: FloatArray = array(np.float64, "products", _slots, fill=0, news=True)
    need_votes: IntArray = array(np.int64, "products", _slots, fill=0)
    needs_so_far: IntArray = array(np.int64, "products", fill=0)


def numbers(made: Made) -> BacklogRules:
    """Return what users miss, and how it is met."""
    products = list(made.scenario.products.values())

    def column(name: str) -> FloatArray:
        return np.array([getattr(p, name) for p in products], dtype=np.float64)

    return BacklogRules(
        backlog_on=int(any(p.needs > 0 or p.new_needs > 0.0 for p in products)),
        needs=whole(p.needs for p in products),
        new_needs=column("new_needs"),
        need_share=column("need_share"),
        need_exponent=column("need_exponent"),
        need_severity=column("need_severity"),
        expert_needs32=whole(threshold(p.expert_needs) for p in products),
        fixes=whole(p.fixes for p in products),
        fix_rule=whole(RULES.index(p.fix_rule) for p in products),
        regressions32=whole(threshold(p.regressions) for p in products),
    )


def missed(product: Any, x: Any) -> Any:
    """Return the satisfaction that people of expertise x miss on average by the first needs.

    A person has a need of share S with probability min(1, 2 z min(1, S)), z = x for an expert need
    and 1 - x for another; S is Pareto's with the mean `need_share`, a need costs `need_severity`.
    """
    a, mean = product.need_exponent, product.need_share
    least = mean * (a - 1.0) / a

    def has(z: Any) -> Any:
        twice = np.maximum(2.0 * np.asarray(z, dtype=np.float64), 1e-300)
        most = np.minimum(1.0, 1.0 / twice)  # E[min(S, most)]
        cut = mean - least**a * np.maximum(most, least) ** (1.0 - a) / (a - 1.0)
        return twice * np.where(most > least, cut, most)

    has_one = product.expert_needs * has(x) + (1.0 - product.expert_needs) * has(1.0 - x)
    return product.needs * product.need_severity * has_one


def _told(scenario: Any, say: Callable[..., str]) -> Iterator[str]:
    for name, product in scenario.products.items():
        if product.needs or product.new_needs:
            yield say(
                "needs",
                name=name,
                needs=product.needs,
                new=product.new_needs,
                fixes=product.fixes,
                rule=product.fix_rule,
            )


BACKLOG = Mechanism(
    "backlog",
    numbers=numbers,
    state=BacklogState,
    columns=(T_NEEDS_NEW, T_NEEDS_MET, T_NEEDS_OPEN),
    purposes=(DRAW_NEED, DRAW_HAS_NEED, DRAW_NEW_NEEDS, DRAW_VOTE, DRAW_FIX),
    modules=(
        Module(
            "backlog",
            ("products.*.needs", "products.*.new_needs"),
            "users miss things, and new needs come up",
            "用户总有未满足的需求",
        ),
    ),
    sentences=(Sentence("product", 2, _told),),
    words={
        "needs": (
            "{name}: users miss {needs} things at the start and {new:g} more a day; a release "
            "meets {fixes} of what they ask for ({rule})",
            "{name}：开始时有 {needs} 个未满足的需求，每天新增 {new:g} 个；"
            "每版满足其中 {fixes} 个（{rule}）",
        ),
    },
)
