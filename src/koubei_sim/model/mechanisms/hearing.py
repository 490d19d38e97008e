"""hear: what is seen makes aware and persuades, weighed by ties and attention, and leaks away."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.block import Record
from koubei_sim.core.codes import ATTENTION_SIZE, MAX_CHANNELS
from koubei_sim.core.compiling import kernel
from koubei_sim.core.draws import draw, draw32, exponential_units, hazard_units
from koubei_sim.model.mechanisms.declaration import (
    Bits,
    Column,
    Composite,
    Int8Array,
    IntArray,
    Made,
    Mechanism,
    Module,
    Purpose,
    Sentence,
    Slot,
    array,
    arrays,
    of_world,
    set_of_people,
)
from koubei_sim.model.mechanisms.fields import (
    Part,
    Real,
    choice,
    fraction,
    infinite,
    parameter,
)
from koubei_sim.model.mechanisms.numbers import (
    Table,
    floor16,
    halving,
    lasting_days,
    threshold,
)

DRAW_RESIST_ADOPT = Purpose(9, "run: 0, 0")
DRAW_AWARE_AT_START = Purpose(11, "run: 0, 0")
DRAW_ORDER = Purpose(33, "tick, 0; agent field 0")
DRAW_SEE = Purpose(43, "tick, channel; teller, then listener")
T_NEWLY_AWARE = Column(56, "newly_aware", "people who became aware")
T_ARCS_TOLD = Column(177, "arcs_told", "ties that carried a telling", unit="arcs")
T_ARCS_HEARD = Column(
    178, "arcs_heard", "of these, ties to people who could still hear", unit="arcs"
)
BLOCK: Final = 512  # arcs that are looked at together


class Memory(Part):
    """Of hearing: how long what was heard stays."""

    gone: ClassVar[dict[str, str]] = {
        "awareness_half_life": "leave it out: what is seen makes aware at once"
    }
    memory_half_life: Real = infinite("days", "half-life of what was heard for and against")


class ReadingBudget(Part):
    """Of a segment: attention."""

    reading_budget: Real = infinite(
        "messages/day", "messages a day that a listener can take in on one feed"
    )


class Load(Part):
    """Of a channel: what else competes for attention."""

    background_load: Real = parameter(
        0.0,
        "other messages a day that compete for attention",
        unit="messages/day",
        neutral=0.0,
        low=0.0,
        high=1e6,
    )


class TieStrength(Part):
    """Of a channel: strong ties carry more."""

    tie: Literal["none", "overlap", "weight"] = choice(
        "none",
        "what makes a tie strong: nothing, shared neighbours, or the weights of the file",
        "none",
        "overlap",
        "weight",
        neutral="none",
        source="Onnela et al. 2007, neighbourhood overlap",
    )
    tie_floor: Real = fraction(1.0, "weight of a message across the weakest tie", neutral=1.0)


class Awareness(Part):
    """Of the market: who knows of it."""

    aware_at_start: Real = fraction(0.0, "share of people who know of it at the start", neutral=1.0)


@dataclass(frozen=True)
class HearingRules(Record):
    """What is seen, ties, attention and forgetting."""

    see_hazard: IntArray  # [8] of seeing one message; 2**-32
    tie_on: Int8Array  # [8]
    tie16: IntArray  # [8, 256]
    attention_on: int
    attention16: IntArray  # [8, S, 256]
    memory_leak: int
    memory20: IntArray  # [T + 2]


@arrays
class HearingPeople(Record):
    """Resistances in units of 2**-26, and who is aware at the start."""

    resist_adopt: NDArray[np.uint32] = of_world(np.uint32)
    initial_stage: Int8Array = of_world(np.uint8)  # 0 unaware or 1 aware


@arrays
class HearingState(Record):
    """Who hears, what arrives at whom, and the arcs looked at together."""

    hearing: Bits = set_of_people()
    arrivals: Int8Array = array(np.uint8, MAX_CHANNELS, "people", fill=0, needed="attention_on")
    block_listener: NDArray[np.int32] = array(np.int32, BLOCK, scratch=True)
    block_message: NDArray[np.int32] = array(np.int32, BLOCK, scratch=True)
    block_arc: IntArray = array(np.int64, BLOCK, scratch=True)
    block_coin: IntArray = array(np.int64, BLOCK, scratch=True)


def tie_weights(channel: Any, scenario: Any) -> Table:
    """Return the weight of a message by tie byte b, overlap o = b / 255, in 16.16 [256].

    ``(w0 + (1 - w0) o) (1 - referral_weak_taint r (1 - o))`` with w0 the tie floor and r the
    referral reward.
    """
    telling = scenario.telling
    overlap = np.arange(256) / 255.0
    weight = channel.tie_floor + (1.0 - channel.tie_floor) * overlap
    weight = weight * (
        1.0 - telling.referral_weak_taint * telling.referral_reward * (1.0 - overlap)
    )
    return floor16(weight)


def numbers(made: Made) -> HearingRules:
    """Return what is seen, ties, attention and forgetting."""
    scenario, hearing = made.scenario, made.scenario.hearing
    size = scenario.ticks + 2
    segments = list(scenario.segments.values())
    see = np.zeros(MAX_CHANNELS, dtype=np.int64)
    tie_on = np.zeros(MAX_CHANNELS, dtype=np.uint8)
    tie16 = np.full((MAX_CHANNELS, 256), 65536, dtype=np.int64)
    attention = np.full((MAX_CHANNELS, len(segments), ATTENTION_SIZE), 65536, dtype=np.int64)
    arriving = np.arange(ATTENTION_SIZE, dtype=np.float64)
    for c, channel in enumerate(scenario.channels.values()):
        if channel.medium == "board":
            continue
        see[c] = hazard_units(channel.visibility)
        if channel.tie != "none":
            tie_on[c] = 1
            tie16[c] = tie_weights(channel, scenario)
        for s, segment in enumerate(segments):
            if math.isfinite(segment.reading_budget):
                load = np.maximum(arriving + channel.background_load, 1e-300)
                attention[c, s] = floor16(np.minimum(1.0, segment.reading_budget / load))

    memory = halving(hearing.memory_half_life, size)
    return HearingRules(
        see_hazard=see,
        tie_on=tie_on,
        tie16=tie16,
        attention_on=int(any(math.isfinite(s.reading_budget) for s in segments)),
        attention16=attention,
        memory_leak=int(math.isfinite(hearing.memory_half_life)),
        memory20=np.floor(memory * 1048576.0).astype(np.int64),
    )


def belonging(scenario: Any, channel: str) -> float:
    """Return the people who belong on a channel, expected."""
    shares = (s.share * s.membership.get(channel, 1.0) for s in scenario.segments.values())
    return float(scenario.n_agents * sum(shares))


def listeners(scenario: Any, channel: str) -> float:
    """Return how many hear one telling: ties of a member of a feed, readers of a post.

    NaN for a graph in a file.  All who belong on a board count as members.
    """
    medium, people = scenario.channels[channel], belonging(scenario, channel)
    if medium.network is None:
        return float(min(medium.readers_per_post, people))
    spec, others = medium.network, max(0.0, people - 1.0)
    if spec.kind == "file":
        return math.nan
    if spec.kind == "lattice":
        return min(8.0 if spec.moore else 4.0, others)
    return float(others if spec.kind == "complete" else min(spec.mean_degree, others))


def seen(scenario: Any, channel: str, segment: Any) -> float:
    """Return the chance that one of `listeners` sees a telling that arrives alone."""
    medium = scenario.channels[channel]
    if medium.network is None:
        return 1.0  # those who read a post have seen it
    budget = segment.reading_budget
    attention = 1.0 if math.isinf(budget) else min(1.0, budget / (1.0 + medium.background_load))
    return float(medium.visibility * attention)


def listener_shares(scenario: Any, channel: str) -> dict[str, float]:
    """Return the share of each segment among the people of a channel."""
    found = {n: s.share * s.membership.get(channel, 1.0) for n, s in scenario.segments.items()}
    people = sum(found.values())
    return {name: share / people if people else 0.0 for name, share in found.items()}


def _reach(scenario: Any) -> dict[str, float]:
    """Return how many see one telling on each channel."""
    found = {}
    for channel in scenario.channels:
        shares = listener_shares(scenario, channel)
        eyes = sum(
            share * seen(scenario, channel, scenario.segments[name])
            for name, share in shares.items()
        )
        found[channel] = listeners(scenario, channel) * eyes
    return found


def _memory_days(scenario: Any) -> float:
    return lasting_days(scenario.hearing.memory_half_life, scenario.ticks)


@kernel
def _resistances(base, scale, out):
    for i in range(out.size):
        units = exponential_units(draw(base, i))
        if scale != 1.0:
            units = np.int64(units * scale)
        out[i] = min(units, 4294967295)


@kernel
def _coins(base, limit, out):
    for i in range(out.size):
        out[i] = 1 if draw32(base, i) < limit else 0


def resistances(made: Made, purpose: Purpose, scale: float = 1.0) -> NDArray[np.uint32]:
    """Return a resistance a person, Exp(1) times `scale` in units of 2**-26."""
    out = np.empty(made.population.n, dtype=np.uint32)
    _resistances(made.base(purpose), scale, out)
    return out


def people(made: Made) -> dict[str, Any]:
    """Return resistances, and who is aware at the start.

    They belong to the run: they have the address of the replicate even where the population is
    shared.
    """
    stage = np.zeros(made.population.n, dtype=np.uint8)
    aware = threshold(made.scenario.market.aware_at_start)
    if aware:
        _coins(made.base(DRAW_AWARE_AT_START), aware, stage)
    return {
        "resist_adopt": resistances(made, DRAW_RESIST_ADOPT),
        "initial_stage": stage,
    }


def _leaks(scenario: Any, say: Callable[..., str]) -> Iterator[str]:
    half_life = scenario.hearing.memory_half_life
    yield say("leak", memory="∞" if math.isinf(half_life) else f"{half_life:g}")


def _start(scenario: Any, say: Callable[..., str]) -> Iterator[str]:
    yield say("aware", share=scenario.market.aware_at_start)


HEARING = Mechanism(
    "hear",
    people=people,
    numbers=numbers,
    state=HearingState,
    listener=(
        Slot("hazard", "i8"),  # H: positive minus negative, 2**-32
        Slot("resist_adopt", "u4"),  # 2**-26
        Slot("touched", "u2"),  # tick at which anything was last seen
        # What made it aware: hop (4 bits), product (2), negative (1); and `returns.KNEW`.
        Slot("heard", "u1"),
    ),
    columns=(T_NEWLY_AWARE, T_ARCS_TOLD, T_ARCS_HEARD),
    purposes=(DRAW_RESIST_ADOPT, DRAW_AWARE_AT_START, DRAW_ORDER, DRAW_SEE),
    modules=(
        Module(
            "attention",
            ("segments.*.reading_budget", "channels.*.background_load"),
            "listeners have limited attention",
            "听众的注意力有限",
        ),
        Module(
            "awareness",
            ("market.aware_at_start",),
            "people must first notice it",
            "先要知道，才会考虑",
        ),
        Module(
            "leak",
            ("hearing.memory_half_life",),
            "what was heard is forgotten",
            "听过的会遗忘",
        ),
        Module(
            "ties",
            ("channels.*.tie", "channels.*.tie_floor"),
            "strong ties carry more",
            "强关系传得更多",
        ),
    ),
    sentences=(Sentence("do", 4, _leaks), Sentence("start", 2, _start)),
    words={
        "leak": (
            "What was heard halves in {memory} days",
            "听到的内容 {memory} 天减半",
        ),
        "aware": (
            "{share:.0%} of the people know of it at the start",
            "开始时 {share:.0%} 的人已知道",
        ),
    },
    composites=(
        Composite("reach", "people who see one telling on a channel", "people", _reach),
        Composite(
            "memory_days",
            "days for which what was heard counts in all, up to the horizon",
            "days",
            _memory_days,
        ),
    ),
)
