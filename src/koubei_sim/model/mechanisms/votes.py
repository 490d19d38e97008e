"""votes: who has voted on what is to come wants it more when it is there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from koubei_sim.core.block import Record
from koubei_sim.model.mechanisms.declaration import (
    Bits,
    Int8Array,
    Made,
    Mechanism,
    Module,
    arrays,
    set_of_people,
)
from koubei_sim.model.mechanisms.fields import Part, Real, Truth, factor, only_with, truth


class Vote(Part):
    """Of a node: whether it is a vote on what is to come."""

    vote: Truth = truth(False, "joining is a vote on what is to come: who voted wants it more")


class VoteWeight(Part):
    """Of buying: what it is worth to have voted."""

    vote_weight: Real = only_with(
        "nodes.*.vote",
        factor(
            0.0,
            "utility of a good of ours for who has ever voted",
            high=100.0,
            source="Cialdini 1984 on commitment; Norton, Mochon and Ariely 2012 on labour; "
            "form and value are assumptions",
        ),
    )


@dataclass(frozen=True)
class VoteRules(Record):
    """Which nodes are votes, and what it is worth to have voted."""

    node_votes: Int8Array  # [J]
    vote_weight: float


@arrays
class VoteState(Record):
    """Who has ever voted."""

    voters: Bits = set_of_people()


def numbers(made: Made) -> VoteRules:
    """Return which nodes are votes, and what it is worth to have voted."""
    nodes = made.scenario.nodes.values()
    return VoteRules(
        node_votes=np.array([node.vote for node in nodes], dtype=np.uint8),
        vote_weight=made.scenario.buying.vote_weight,
    )


VOTES = Mechanism(
    "votes",
    numbers=numbers,
    state=VoteState,
    modules=(
        Module("votes", ("buying.vote_weight",), "who voted wants it more", "投过票的人更想买"),
    ),
)
