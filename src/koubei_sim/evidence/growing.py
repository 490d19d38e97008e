"""Trees of messages at many reproduction numbers, from which any law of them can be put together.

Stories are told until enough of their trees lie in a window of sizes, at each of M reproduction
numbers (levels).  Weighing the levels by a law of R is the same as drawing R for each story, so a
thousand laws cost no more than one.  Trees are those of a branching process whose audiences have a
heavy tail (Goel, Anderson, Hofman and Watts 2016), or of an independent cascade on a network.
Called by `appeal_fit`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import trees
from koubei_sim.cascades.outcome import Activations
from koubei_sim.cascades.rules import IndependentCascade
from koubei_sim.cascades.run import cascade
from koubei_sim.core.codes import DRAW_TELLER
from koubei_sim.core.draws import draw_many, stream
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.kernels.growing import GrownRows, Growth, grow_many
from koubei_sim.networks import Network

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]

CLASSES: Final = 1 << 16  # of audiences, equally likely
LARGEST: Final = 1e5  # audience, in units of the smallest
ROOM: Final = 1 << 20  # rows of trees of a level that are kept at most
TELLERS: Final = ("followers", "anybody")
SHAPES: Final = ("size", "depth", "virality", "breadth_share", "broadcast_share")


class Grown(NamedTuple):
    """Trees of stories, of each of M reproduction numbers."""

    levels: FloatArray  # (M,) rising, equal steps of the logarithm
    told: NDArray[np.int64]  # (M,) stories told
    alone: FloatArray  # (M,) share that nobody passed on
    deeper: FloatArray  # (M,) share of trees beyond one degree
    trees: pd.DataFrame  # trees in the window: columns `SHAPES` and `level`, a number below M


class Telling(NamedTuple):
    """How many stories are told."""

    window: tuple[int, int]  # sizes that are kept, both ends included
    enough: int  # trees in the window of a level
    most: int  # stories told for them at most
    key: int


def audiences(exponent: float | None, teller: str = "followers") -> tuple[FloatArray, FloatArray]:
    """Return audiences of first tellers and of others, equally likely classes of mean 1 (A,).

    Parameters
    ----------
    exponent : float or None
        Of the law ``P(k) ~ k ** -exponent`` of the number of followers, above 2, up to 100,000
        times the smallest; None: all have as many.
    teller : {"followers", "anybody"}
        Whether stories are told in proportion to followers first (then that audience has a mean of
        more than 1), or by anybody.

    Examples
    --------
    >>> first, others = audiences(2.3)
    >>> others.mean().round(9), bool(first.mean() > 50)
    (np.float64(1.0), True)
    """
    if exponent is None:
        return np.ones(1), np.ones(1)
    at = (np.arange(CLASSES) + 0.5) / CLASSES
    values = np.minimum((1.0 - at) ** (-1.0 / (exponent - 1.0)), LARGEST)
    values = values / values.mean()
    if teller == "anybody":
        return values, values
    below = np.cumsum(values) / values.sum()
    return values[np.minimum(np.searchsorted(below, at), CLASSES - 1)], values


def grow(
    levels: FloatArray, law: tuple[FloatArray, FloatArray], comments: float, telling: Telling
) -> Grown:
    """Tell stories of a branching process until enough trees of each level are in a window.

    Parameters
    ----------
    levels : (M,) array
    law : (first, others)
        From `audiences`.
    comments : float
        Share of messages that hang on the first one without having been passed on, below 1.
    telling : Telling
    """
    (low, high), enough, most, key = telling
    room = min(ROOM, 3 * enough * high)
    told = np.zeros((levels.size, 5), np.int64)
    parts = []
    for m, level in enumerate(levels):
        growth = Growth(np.uint64(key), m, float(level), *law, comments, low, high)
        tree, person, parent = (np.empty(room, np.int32) for _ in range(3))
        rows = GrownRows(tree, person, parent, np.empty(high, np.int32))
        mine, piece = told[m], 2000
        while mine[3] < enough and mine[0] < most:
            before = mine[0]
            grow_many(growth, rows, mine[0], min(piece, most - mine[0]), mine)
            if mine[0] < before + min(piece, most - before):
                break  # the rows are full
            piece = min(2 * piece, 200_000)
        count = mine[4]
        log = Activations(
            rows.tree[:count], rows.person[:count], rows.parent[:count],
            rows.person[:count].astype(np.float64), np.full(count, np.inf),
            np.zeros(count, np.int8),
        )  # fmt: skip
        shapes = trees.trees_of(trees.forest_of(log, high))
        parts.append(measured(shapes, m))
    return _grown(levels, told[:, :3], parts)


def grow_on(network: Network, levels: FloatArray, teller: str, telling: Telling) -> Grown:
    """Tell stories on a network, each an independent cascade of one probability.

    Whoever hears passes on with the chance ``level / mean degree``; first tellers as of
    `audiences`.
    """
    window, enough, most, key = telling
    degrees = network.degrees().astype(np.float64)
    if levels[-1] > degrees.mean():
        raise KoubeiError(
            "network", "too few arcs", got=f"{degrees.mean():.3g} a person",
            allowed=f"{levels[-1]:.3g} or more",
        )  # fmt: skip
    below = np.cumsum(degrees) / degrees.sum() if teller == "followers" else None
    told = np.zeros((levels.size, 3), np.int64)
    parts = []
    for m, level in enumerate(levels):
        # A key of its own for each level: key + m would share draws with the next key.
        own = int(stream(np.uint64(key), 0, DRAW_TELLER, m, 1))
        # Above 1 a story may reach nearly everybody, which takes a thousand times as long.
        piece, last = (20_000, most) if level < 0.95 else (500, max(500, most // 200))
        hits = 0
        while hits < enough and told[m, 0] < last:
            bits = np.empty(piece, np.uint64)
            draw_many(stream(np.uint64(key), 0, DRAW_TELLER, m, 0), int(told[m, 0]), bits)
            at = (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53
            who = (
                np.minimum((at * degrees.size).astype(np.int64), degrees.size - 1)
                if below is None
                else np.minimum(np.searchsorted(below, at, side="right"), degrees.size - 1)
            )
            rule = IndependentCascade(float(level / degrees.mean()))
            found = cascade(
                network, rule, who[:, None], piece, own, first=int(told[m, 0]),
                record="forest", threads=1, by="row",
            )  # fmt: skip
            shapes = trees.trees_of(found.forest())
            told[m] += piece, int((shapes.size == 1).sum()), int((shapes.depth > 1).sum())
            every = measured(shapes, m)
            parts.append(every[every["size"].between(*window)])
            hits += len(parts[-1])
    return _grown(levels, told, parts)


def measured(shapes: trees.CascadeTrees, level: int) -> pd.DataFrame:
    """Return the shapes of trees as a table."""
    from koubei_sim.looks.frames import Table

    return Table(
        {
            "size": shapes.size,
            "depth": shapes.depth,
            "virality": shapes.virality,
            "breadth_share": shapes.breadth / shapes.size,
            "broadcast_share": shapes.broadcast / shapes.size,
            "level": level,
        }
    )


def _grown(levels: FloatArray, told: NDArray[np.int64], parts: Any) -> Grown:
    import pandas as pd

    stories = told[:, 0]
    return Grown(
        levels, stories, told[:, 1] / stories, told[:, 2] / stories,
        pd.concat(parts, ignore_index=True),
    )  # fmt: skip
