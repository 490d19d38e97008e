"""segments: kinds of people join, tell, leave and become bound more or less than others.

Enthusiasts, plain users and mere buyers are told apart by factors on what all of them do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from koubei_sim.core.block import Record
from koubei_sim.model.mechanisms.declaration import (
    FloatArray,
    IntArray,
    Made,
    Mechanism,
    Module,
    Sentence,
)
from koubei_sim.model.mechanisms.fields import Part, Real, factor
from koubei_sim.model.mechanisms.numbers import fixed16

MOST: Final = 16.0  # keeps the engines' integers below 2**63
FACTORS: Final = ("join", "tell", "leave", "gain")


class Conduct(Part):
    """Of a segment: what its people do more or less than others."""

    join: Real = factor(1.0, "factor on joining nodes", neutral=1.0, high=MOST)
    tell: Real = factor(1.0, "factor on telling as a user", neutral=1.0, high=MOST)
    leave: Real = factor(1.0, "factor on leaving of itself", neutral=1.0, high=MOST)
    gain: Real = factor(1.0, "factor on all that engagement gains", neutral=1.0, high=MOST)


@dataclass(frozen=True)
class SegmentRules(Record):
    """What each segment does more or less, 16.16 fixed point but for the gain."""

    segments_differ: int
    segment_join16: IntArray  # [S]
    segment_tell16: IntArray
    segment_leave16: IntArray
    segment_gain: FloatArray


def numbers(made: Made) -> SegmentRules:
    """Return what each segment does more or less."""
    segments = list(made.scenario.segments.values())
    factors = [[getattr(segment, name) for segment in segments] for name in FACTORS]

    def fixed(values: list[float]) -> IntArray:
        return np.array([fixed16(value) for value in values], dtype=np.int64)

    return SegmentRules(
        segments_differ=int(any(value != 1.0 for values in factors for value in values)),
        segment_join16=fixed(factors[0]),
        segment_tell16=fixed(factors[1]),
        segment_leave16=fixed(factors[2]),
        segment_gain=np.array(factors[3], dtype=np.float64),
    )


def _told(scenario: Any, say: Callable[..., str]) -> Iterator[str]:
    for name, segment in scenario.segments.items():
        factors = {factor: getattr(segment, factor) for factor in FACTORS}
        if set(factors.values()) != {1.0}:
            yield say("conduct", name=name, **factors)


SEGMENTS = Mechanism(
    "segments",
    numbers=numbers,
    modules=(
        Module(
            "segments",
            tuple(f"segments.*.{name}" for name in FACTORS),
            "kinds of people act differently",
            "各类人群行为不同",
        ),
    ),
    sentences=(Sentence("who", 2, _told),),
    words={
        "conduct": (
            "{name}: {join:g} times the joining, {tell:g} the telling, {leave:g} the leaving, "
            "{gain:g} the gains of engagement",
            "{name}：参与 {join:g} 倍，发言 {tell:g} 倍，离开 {leave:g} 倍，投入感增量 {gain:g} 倍",
        ),
    },
)
