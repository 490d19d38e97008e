"""participate: users join what is opened to them, which binds, informs and gives stories."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from koubei_sim.core.block import Record
from koubei_sim.core.codes import LEVELS, NO_STORY
from koubei_sim.core.draws import power_portable
from koubei_sim.model.mechanisms.declaration import (
    Column,
    Composite,
    FloatArray,
    Flows,
    Int8Array,
    IntArray,
    Made,
    Mechanism,
    Module,
    Money,
    Price,
    Purpose,
    Sentence,
    Slot,
)
from koubei_sim.model.mechanisms.fields import (
    STRUCTURE,
    TRIAL,
    Part,
    Real,
    Truth,
    Whole,
    days,
    fraction,
    money,
    name,
    parameter,
    tick,
    truth,
)
from koubei_sim.model.mechanisms.numbers import (
    fixed16,
    floor16,
    geometric,
    lasting_days,
    threshold,
    whole,
)
from koubei_sim.model.mechanisms.population import mean_expertise
from koubei_sim.model.mechanisms.votes import Vote

DRAW_JOIN = Purpose(21, "tick, node")
DRAW_STORY = Purpose(22, "tick, node")
T_JOINS = Column(131, "joins", "participations by node", "node")


class Joining(Part):
    """Of participation: joining nodes, and what comes of it."""

    join: Real = parameter(
        0.08,
        "joins a day of a node that is needed by all and simple, at activity 1",
        unit="1/day",
        neutral=0.0,
        low=0.0,
        high=100.0,
        source=TRIAL,
    )
    join_fatigue: Real = fraction(1.0, "factor on joining for each time joined before", neutral=1.0)
    story_life: Whole = days(7, "days for which a story can be told", neutral=STRUCTURE)
    report_loss: Real = fraction(0.0, "content that the reports of a fully simple node lose")
    reward_taint: Real = fraction(0.0, "credibility that the story of a fully rewarding node loses")


class Node(Vote):
    """A participation node: something users can join in."""

    need: Real = fraction(0.5, "share of the users it concerns", source=TRIAL)
    simple: Real = fraction(
        0.5,
        "simplicity: raises joining among newbies, lowers the content of reports",
        neutral=STRUCTURE,
        source=TRIAL,
    )
    rewarding: Real = fraction(0.5, "engagement gained by joining", source=TRIAL)
    fun: Real = fraction(0.2, "probability that joining gives a story to tell", source=TRIAL)
    authentic: Real = fraction(0.8, "credibility of that story", neutral=STRUCTURE, source=TRIAL)
    gives_reports: Truth = truth(True, "joining files a report that the staff may read")
    channel: str | None = name(
        None, "channel it lives on; none: anywhere", "a channel of the scenario", neutral=None
    )
    opens_at: Whole = tick(0, "tick at which it opens", neutral=0)
    design_cost: Real = money("cost of designing it")


class JoinCosts(Part):
    """Price of rewards."""

    per_join: Real = money("cost of rewarding a join of a fully rewarding node")


@dataclass(frozen=True)
class ParticipationRules(Record):
    """The nodes."""

    n_nodes: int
    node_opens: IntArray  # [J]
    node_channel: IntArray  # [J] or -1
    join32: IntArray  # [J, 128]
    join_fatigue16: IntArray  # [256]
    node_reward: FloatArray  # [J]
    node_reports: Int8Array  # [J]
    node_content16: IntArray  # [J]
    story32: IntArray  # [J]
    story_life: int


def numbers(made: Made) -> ParticipationRules:
    """Return joining by level, fatigue, rewards, reports and stories of the nodes.

    ``join32 = floor(min(1, join need simple**(1 - x) / online) 2**32)`` at expertise
    x = level / 127; ``node_content16 = floor((1 - report_loss simple) 65536)``.
    """
    scenario = made.scenario
    part, nodes = scenario.participation, list(scenario.nodes.values())
    names = list(scenario.channels)
    join32 = np.zeros((len(nodes), LEVELS), dtype=np.int64)
    for j, node in enumerate(nodes):
        for level in range(LEVELS):
            ease = power_portable(node.simple, 1.0 - level / 127.0)
            join32[j, level] = threshold(part.join * node.need * ease / part.online)
    return ParticipationRules(
        n_nodes=len(nodes),
        node_opens=whole(n.opens_at for n in nodes),
        node_channel=whole(-1 if n.channel is None else names.index(n.channel) for n in nodes),
        join32=join32,
        join_fatigue16=floor16(geometric(part.join_fatigue, 256)),
        node_reward=np.array([n.rewarding for n in nodes], dtype=np.float64),
        node_reports=np.array([n.gives_reports for n in nodes], dtype=np.uint8),
        node_content16=whole(fixed16(1.0 - part.report_loss * n.simple) for n in nodes),
        story32=whole(threshold(n.fun) for n in nodes),
        story_life=part.story_life,
    )


def authenticities(scenario: Any) -> list[float]:
    """Return the credibility of what is told: plain, a story of each node, the release story.

    A story of node j: ``authentic_j (1 - reward_taint rewarding_j)``; the release story: 1.
    """
    taint = scenario.participation.reward_taint
    stories = [n.authentic * (1.0 - taint * n.rewarding) for n in scenario.nodes.values()]
    return [scenario.telling.plain_authenticity, *stories, 1.0]


def _nodes(scenario: Any, say: Callable[..., str]) -> Iterator[str]:
    for title, node in scenario.nodes.items():
        yield say(
            "node",
            name=title,
            need=node.need,
            simple=node.simple,
            fun=node.fun,
            rewarding=node.rewarding,
            authentic=node.authentic,
            where=say("on_channel", channel=node.channel) if node.channel else "",
        )


def _online(scenario: Any, say: Callable[..., str]) -> Iterator[str]:
    part, loyalty = scenario.participation, scenario.loyalty
    yield say(
        "online",
        online=part.online,
        join=part.join,
        loyal=loyalty.loyal,
        die_hard=loyalty.die_hard,
        core=loyalty.core,
    )


def _design(scenario: Any, flows: Flows) -> Money:
    spent = np.zeros(flows.days.size)
    for node in scenario.nodes.values():
        if node.opens_at < flows.days.size:
            spent[node.opens_at] += node.design_cost
    return spent


def _rewards(scenario: Any, flows: Flows) -> Money:
    spent = np.zeros(flows.days.size)
    for number, node in enumerate(scenario.nodes.values()):
        joins = flows.block("joins")[:, number]
        spent += scenario.costs.per_join * node.rewarding * joins * flows.scale
    return spent


def _newbie_engagement(scenario: Any) -> float:
    """Return what joining gives in a day, times the days that it lasts, over the loyal threshold.

    Of a newbie of mean expertise and activity 1 who is a member everywhere and does not tire, held
    by the node's channel that holds longest.
    """
    newbies = [s for s in scenario.segments.values() if not s.enthusiast]
    people = sum(s.share for s in newbies)
    if not people or not scenario.loyalty.loyal:
        return math.nan
    part, lasts = scenario.participation, scenario.loyalty.base_half_life
    gain = 0.0
    for node in scenario.nodes.values():
        if node.channel is not None:
            lasts = max(lasts, scenario.channels[node.channel].half_life)
        for segment in newbies:
            ease = node.simple ** (1.0 - mean_expertise(segment))
            joins = min(part.online, part.join * node.need * ease)
            gain += segment.share / people * joins * node.rewarding
    return float(gain * lasting_days(lasts, scenario.ticks) / scenario.loyalty.loyal)


PARTICIPATION = Mechanism(
    "participate",
    numbers=numbers,
    actor=(
        Slot("joined", "u8"),  # byte j: participations at node j so far
        Slot("story_until", "i2"),
        Slot("story", "u1", NO_STORY),
    ),
    columns=(T_JOINS,),
    purposes=(DRAW_JOIN, DRAW_STORY),
    modules=(
        Module(
            "participation",
            ("participation.join",),
            "users take part in open nodes",
            "用户参与开放的节点",
        ),
        Module(
            "stories",
            ("nodes.*.fun", "loyalty.release_story"),
            "taking part gives stories to tell",
            "参与产生可讲的故事",
        ),
        Module(
            "taint",
            ("participation.reward_taint", "participation.report_loss"),
            "rewards cost credibility, ease costs content",
            "奖励损可信，简单损内容",
        ),
    ),
    sentences=(Sentence("part", 1, _nodes), Sentence("do", 1, _online)),
    words={
        "node": (
            "{name}: needed by {need:.0%}, simple {simple:g}, rewarding {rewarding:g}, fun {fun:g},"
            " authentic {authentic:g}{where}",
            "{name}：需要者 {need:.0%}，简单 {simple:g}，获益 {rewarding:g}，有趣 {fun:g}，"
            "真实 {authentic:g}{where}",
        ),
        "on_channel": (", on {channel}", "，在 {channel}"),
        "online": (
            "Online on {online:.0%} of days at activity 1; each node is joined up to {join:g} times"
            " a day; tiers begin at engagement {loyal:g}, {die_hard:g}, {core:g}",
            "活跃度为 1 时 {online:.0%} 的日子在线；每个节点每天最多参与 {join:g} 次；"
            "各层门槛 {loyal:g}、{die_hard:g}、{core:g}",
        ),
    },
    prices=(
        Price(4, "design", "``design_cost`` of each node, on the tick it opens", _design),
        Price(7, "rewards", "``costs.per_join * rewarding`` of the node, for each join", _rewards),
    ),
    composites=(
        Composite(
            "newbie_engagement",
            "engagement that taking part keeps up in a newbie of mean expertise; 1 is loyal",
            "of the loyal threshold",
            _newbie_engagement,
        ),
    ),
)
