"""What travels between shards and hub: bytes of each day, and what they would be at scale."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np


def weight(payload: Any) -> int:
    """Return the bytes of an array, or of a number."""
    return int(payload.nbytes) if isinstance(payload, np.ndarray) else 8


@dataclass
class Day:
    """Traffic and time of one day of a partitioned run.

    All but `seconds` and `busy` are bytes: what numpy arrays hold, without the envelope that the
    transport adds.
    """

    tick: int
    tellings: int = 0  # on feeds, from shard to shard
    posts: int = 0  # on boards, from shard to shard
    claims: int = 0  # who was won, complains, reports, would come, has left: to the hub
    records: int = 0  # of people whose affairs are settled: to the hub and back
    news: int = 0  # products, stocks and flows: between the hub and everybody
    seconds: float = 0.0  # from morning to evening
    waiting: float = 0.0  # of these, what the hub waited for shards and transport
    busy: list[float] = field(default_factory=list)  # of the shards: turns, hearing, closing

    @property
    def total(self) -> int:
        """All bytes of the day."""
        return self.tellings + self.posts + self.claims + self.records + self.news


COLUMNS = (
    "tick",
    "tellings",
    "posts",
    "claims",
    "records",
    "news",
    "total",
    "seconds",
    "waiting",
    "busy",
)


def table(days: Iterable[Day], shards: int) -> Any:
    """Return a data frame with a row a day.

    `busy` is the time of the slowest shard in each phase: `seconds` less `waiting` is the work of
    the hub, and `waiting` less `busy` what the transport takes (where shards run side by side).

    Parameters
    ----------
    days : iterable of Day
    shards : int
        Number of shards.

    Returns
    -------
    pandas.DataFrame
    """
    import pandas as pd

    rows = []
    for day in days:
        busy = np.reshape(day.busy, (-1, shards)).max(axis=1).sum() if day.busy else 0.0
        rows.append([getattr(day, name) for name in COLUMNS[:-1]] + [float(busy)])
    return pd.DataFrame(rows, columns=list(COLUMNS))
