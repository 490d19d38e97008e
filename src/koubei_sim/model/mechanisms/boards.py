"""boards: members read a pool of posts; a post has as many readers on a small board."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.block import Record
from koubei_sim.model.mechanisms.declaration import (
    FloatArray,
    IntArray,
    Made,
    Mechanism,
    Purpose,
    array,
    arrays,
)
from koubei_sim.model.mechanisms.fields import TRIAL, Part, Real, infinite, people

DRAW_BOARD_PICK = Purpose(34, "tick, 4 * channel + product")
DRAW_READ = Purpose(44, "tick, 4 * channel + product (blame: 32 + channel)")


class Pool(Part):
    """Of a channel: how posts are read."""

    readers_per_post: Real = people(
        0.0,
        "people one post reaches (boards)",
        neutral=0.0,
        low=0.0,
        high=1e9,
        source=TRIAL,
    )
    reading: Real = infinite("posts/day", "posts a day that a member reads at most (boards)")


@dataclass(frozen=True)
class BoardRules(Record):
    """How posts are read."""

    readers_per_post: FloatArray  # [8]
    reading: FloatArray  # [8] posts a day a member reads; inf: no limit


@arrays
class BoardState(Record):
    """Who has posted, of one board at a time, and how much of it a member reads."""

    posters: NDArray[np.int32] = array(np.int32, "people", scratch=True)
    #: Hazards of the posts before each place; the last entry is the sum of all.
    posted: IntArray = array(np.int64, lambda rules: rules.n + 1, scratch=True)
    #: Thresholds of reading at most so many posts, from the smallest number in question on.
    read32: IntArray = array(np.int64, lambda rules: rules.n + 1, scratch=True)
    weights: FloatArray = array(np.float64, lambda rules: rules.n + 1, scratch=True)


def numbers(made: Made) -> BoardRules:
    """Return how posts are read."""

    def of_boards(name: str, fill: float) -> FloatArray:
        return made.by_channel(
            np.float64, lambda c: getattr(c, name) if c.medium == "board" else fill, fill
        )

    return BoardRules(
        readers_per_post=of_boards("readers_per_post", 0.0),
        reading=of_boards("reading", math.inf),
    )


BOARDS = Mechanism(
    "boards",
    numbers=numbers,
    state=BoardState,
    purposes=(DRAW_BOARD_PICK, DRAW_READ),
)
