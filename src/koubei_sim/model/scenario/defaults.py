"""The parts of a scenario that nobody named: the four channels and the two kinds of people.

Values are those that gave a pyramid in an early trial of the model; they are assumptions, and
the parameter table says so.  Called by `Scenario`.
"""

from __future__ import annotations

from collections.abc import Iterable

from koubei_sim.model.mechanisms.channels import NetworkSpec
from koubei_sim.model.mechanisms.fields import FrozenDict
from koubei_sim.model.mechanisms.participation import Node
from koubei_sim.model.scenario.parts import Channel, Product, Segment


def segments(channels: Iterable[str]) -> FrozenDict[str, Segment]:
    """Return one tenth enthusiasts and nine tenths newbies, members of the given channels."""
    forum = "forum" in channels
    return FrozenDict(
        enthusiast=Segment(
            share=0.1,
            enthusiast=True,
            expertise_a=6.0,
            expertise_b=2.0,
            membership={"forum": 0.4} if forum else {},
        ),
        newbie=Segment(
            share=0.9,
            expertise_a=2.0,
            expertise_b=6.0,
            membership={"forum": 0.07} if forum else {},
        ),
    )


def channels() -> FrozenDict[str, Channel]:
    """Return a forum (board) and three feeds: Weibo, WeChat and Qzone."""
    return FrozenDict(
        forum=Channel(
            medium="board",
            persuasion=0.1,
            tell=0.03,
            fidelity=0.98,
            half_life=60.0,
            readers_per_post=60.0,
            reading=20.0,
        ),
        weibo=Channel(
            network=NetworkSpec(kind="follow", mean_degree=15.0, exponent=2.3),
            visibility=0.1,
            persuasion=0.025,
            tell=0.02,
            fidelity=0.95,
            half_life=20.0,
        ),
        wechat=Channel(
            network=NetworkSpec(kind="small_world", mean_degree=20.0),
            visibility=0.5,
            persuasion=0.08,
            tell=0.02,
            fidelity=0.98,
            half_life=30.0,
        ),
        qzone=Channel(
            network=NetworkSpec(kind="configuration", mean_degree=15.0, exponent=2.5),
            visibility=0.3,
            persuasion=0.05,
            tell=0.02,
            fidelity=0.97,
            half_life=20.0,
        ),
    )


def products() -> FrozenDict[str, Product]:
    """Return one product."""
    return FrozenDict(product=Product())


def nodes() -> FrozenDict[str, Node]:
    """Return three participation nodes: a simple, a demanding and a rewarding one."""
    return FrozenDict(
        vote=Node(need=0.9, simple=0.9, rewarding=0.3, fun=0.1, authentic=0.6),
        report=Node(need=0.3, simple=0.4, rewarding=0.6, fun=0.2, authentic=0.9),
        contest=Node(need=0.15, simple=0.6, rewarding=1.0, fun=0.6, authentic=0.9),
    )
