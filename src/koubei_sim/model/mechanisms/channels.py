"""channels: where people meet - feeds over a graph of listeners, boards with a pool of posts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pydantic import Field, model_validator

from koubei_sim.core.block import Record
from koubei_sim.core.codes import MAX_CHANNELS
from koubei_sim.errors import KoubeiError
from koubei_sim.model.mechanisms.declaration import (
    Bits,
    Column,
    Int8Array,
    IntArray,
    Made,
    Mechanism,
    Module,
    Purpose,
    Sentence,
    Slot,
    arrays,
    of_world,
    set_of_people,
)
from koubei_sim.model.mechanisms.fields import (
    STRUCTURE,
    TRIAL,
    Named,
    Part,
    Real,
    Truth,
    Whole,
    choice,
    factor,
    fraction,
    name,
    only_with,
    parameter,
    people,
    tick,
    truth,
)

DRAW_MEMBER = Purpose(4, "population: 0, channel")
T_MEMBERS = Column(23, "members", "members by channel", "channel")


class Membership(Part):
    """Of a segment: where its people are members."""

    membership: Named[Real] = parameter(
        dict,
        "probability to be a member, by channel; a channel not named: 1",
        unit="1",
        neutral={},
        low=0.0,
        high=1.0,
        source=TRIAL,
    )


class NetworkSpec(Part):
    """The graph of one feed: who hears whom among the members of the channel."""

    kind: Literal[
        "follow",
        "small_world",
        "configuration",
        "barabasi_albert",
        "erdos_renyi",
        "ring",
        "lattice",
        "complete",
        "file",
    ] = choice(
        "small_world",
        "generator, or file",
        "follow",
        "small_world",
        "configuration",
        "barabasi_albert",
        "erdos_renyi",
        "ring",
        "lattice",
        "complete",
        "file",
    )
    mean_degree: Real = people(
        15.0,
        "listeners a member has on average",
        neutral=STRUCTURE,
        low=0.0,
        high=10000.0,
        source=TRIAL,
    )
    exponent: Real = factor(
        2.3,
        "exponent of the heavy tail of degrees (follow, configuration)",
        neutral=STRUCTURE,
        low=2.01,
        high=10.0,
        source="Goel, Anderson, Hofman and Watts 2016, model of Twitter cascades",
    )
    audience_cap: Real = factor(
        1.0,
        "largest share of all who may follow one account (follow)",
        neutral=1.0,
        above=0.0,
        low=None,
        high=1.0,
    )
    rewire: Real = fraction(
        0.1,
        "share of ties that lead out of the community (small_world)",
        neutral=STRUCTURE,
        source="Watts and Strogatz 1998, small-world region",
    )
    community_size: Whole = only_with(
        "kind=small_world",
        people(
            100, "people in a community (small_world)", neutral=STRUCTURE, low=3, high=1_000_000
        ),
    )
    homophily: Real = fraction(
        0.0, "share of ties drawn within one's own segment (follow, small_world)"
    )
    directed: Truth = truth(
        False,
        "ties of one direction (erdos_renyi, file); follow graphs always are",
        neutral=STRUCTURE,
    )
    rows: Whole = people(
        0,
        "rows of a lattice; 0: the square root of the number of people",
        neutral=STRUCTURE,
        high=1_000_000,
    )
    moore: Truth = truth(True, "a lattice with eight neighbours instead of four", neutral=STRUCTURE)
    path: str | None = name(
        None, "file of the graph, or the name of a known data set (file)", "a path"
    )
    stand_in: Literal["refuse", "small_world"] = choice(
        "refuse",
        "what to do where the file is absent: refuse, or warn and use a small world",
        "refuse",
        "small_world",
    )

    @model_validator(mode="after")
    def _path_given(self) -> NetworkSpec:
        if (self.kind == "file") != (self.path is not None):
            raise KoubeiError(
                "path",
                "a network of kind file, and no other, has a path",
                got=self.path or "none",
                allowed="a path with kind file",
                fix="kind = 'file' and a path",
            )
        return self


class Medium(Part):
    """Of a channel: feed or board, and the graph of a feed."""

    medium: Literal["feed", "board"] = choice(
        "feed",
        "feed: the teller's listeners hear; board: members read a pool of posts",
        "feed",
        "board",
    )
    network: NetworkSpec | None = Field(default=None, description="graph of a feed")

    @model_validator(mode="before")
    @classmethod
    def _feeds_have_a_graph(cls, given: object) -> object:
        """Give a feed that names no network the default one."""
        if isinstance(given, dict) and given.get("medium", "feed") == "feed":
            return (
                given if given.get("network") is not None else {**given, "network": NetworkSpec()}
            )
        return given


class Opening(Part):
    """Of a channel: when it opens."""

    opens_at: Whole = tick(0, "tick at which the channel opens", neutral=0)


@dataclass(frozen=True)
class ChannelRules(Record):
    """Which channels there are."""

    n_channels: int
    is_board: Int8Array  # [8]
    channel_opens: IntArray  # [8] tick


@arrays
class ChannelPeople(Record):
    """Bit c: member of channel c at the start."""

    channels: Int8Array = of_world(np.uint8)


@arrays
class ChannelState(Record):
    """Members, and the graphs as addresses and sizes of their arrays (`compiled.allocation`)."""

    members: Bits = set_of_people(MAX_CHANNELS)  # [8, W]
    graph_at: Bits  # [8, 3] uint64: indptr, indices, ties
    graph_size: IntArray  # [8, 3]


def numbers(made: Made) -> ChannelRules:
    """Return which channels there are."""
    return ChannelRules(
        n_channels=len(made.scenario.channels),
        is_board=made.by_channel(np.uint8, lambda channel: channel.medium == "board"),
        channel_opens=made.by_channel(np.int64, lambda channel: channel.opens_at),
    )


def members(made: Made) -> dict[str, Any]:
    """Return where each person is a member."""
    return {"channels": made.population.channels}


def _told(scenario: Any, say: Callable[..., str]) -> Iterator[str]:
    for title, channel in scenario.channels.items():
        common = {"name": title, "persuasion": channel.persuasion, "tell": channel.tell}
        if channel.network is None:
            text = say("board", readers=channel.readers_per_post, **common)
        else:
            text = say(
                "feed",
                kind=channel.network.kind,
                degree=channel.network.mean_degree,
                visibility=channel.visibility,
                **common,
            )
        yield text + (say("opens", day=channel.opens_at) if channel.opens_at else "")


CHANNELS = Mechanism(
    "channels",
    people=members,
    numbers=numbers,
    state=ChannelState,
    actor=(Slot("channels", "u1"),),
    columns=(T_MEMBERS,),
    purposes=(DRAW_MEMBER,),
    modules=(
        Module(
            "homophily",
            ("channels.*.network.homophily",),
            "ties run within one's own kind",
            "物以类聚",
        ),
    ),
    sentences=(Sentence("where", 1, _told),),
    words={
        "feed": (
            "{name}: a feed over a {kind} graph, {degree:g} listeners each on average; a listener "
            "sees {visibility:.0%} of the messages, each convinces with {persuasion:.3g}; a casual "
            "user of activity 1 tells {tell:g} times a day",
            "{name}：信息流，{kind} 网络，平均 {degree:g} 位听众；看到 {visibility:.0%} 的消息，"
            "每条说服概率 {persuasion:.3g}；"
            "活跃度为 1 的普通用户每天说 {tell:g} 次",
        ),
        "board": (
            "{name}: a board; a post reaches {readers:g} members and convinces with "
            "{persuasion:.3g}; a casual user of activity 1 posts {tell:g} times a day",
            "{name}：论坛；每帖到达 {readers:g} 人，说服概率 {persuasion:.3g}；"
            "活跃度为 1 的普通用户每天发 {tell:g} 次",
        ),
        "opens": ("; opens on day {day}", "；第 {day} 天开放"),
    },
)
