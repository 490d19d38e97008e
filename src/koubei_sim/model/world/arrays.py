"""The world as flat arrays: everything a run needs; and the history that comes out.

`build.build_world` makes it from a scenario, networks and a key; both engines only read it.
All randomness of the *population* is already in it; the randomness of the *run* is drawn by
the engines from `Rules.key` and `Rules.replicate`.  People and rules are put together by
`mechanisms`, where each array has its shape, dtype and unit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.model.mechanisms import TABLE_WIDTH, People, Rules
from koubei_sim.model.mechanisms.declaration import FloatArray, IntArray

__all__ = [
    "LOG_COLUMNS", "LOG_TYPES", "PIECE", "Graphs", "History", "Own", "People", "Rules", "World",
    "canonical", "canonical_order", "events_in", "history_of", "is_stored", "log_pieces",
    "width_of",
]  # fmt: skip


class Graphs(NamedTuple):
    """One entry a channel (8, padded with empty ones); boards have empty arrays."""

    indptr: tuple[NDArray[np.int64], ...]  # [N + 1] (or [1] for boards and unused entries)
    indices: tuple[NDArray[np.int32], ...]  # listeners of each teller, sorted in a row
    ties: tuple[NDArray[np.uint8], ...]  # [arcs] overlap 0..255, or [0] where ties are off


class Own(NamedTuple):
    """A mechanism of the user's own in this world (`model.scenario.own.Mechanism`)."""

    name: str
    when: str  # "morning" or "evening"
    readable: Callable[..., None]
    compiled: Callable[..., None]
    numbers: dict[str, int | float]  # parameters, purposes of draws, numbers of columns
    people: dict[str, tuple[Any, Any]]  # dtype and initial value of what each person carries
    columns: int  # how many of the daily table are its own


class World(NamedTuple):
    """People, graphs and rules of one replicate."""

    people: People
    graphs: Graphs
    rules: Rules
    own: tuple[Own, ...] = ()


def width_of(world: World) -> int:
    """Return the number of columns of the daily table: those of the library, then the user's."""
    return TABLE_WIDTH + sum(own.columns for own in world.own)


class History(NamedTuple):
    """What an engine returns: the daily table and the event log of one replicate.

    The log is in canonical order: by tick, then kind, then agent.
    """

    table: IntArray  # [T, width_of(world)]
    quality: FloatArray  # [T, K]
    difficulty: FloatArray  # [T, K]
    log_tick: NDArray[np.int32]
    log_agent: NDArray[np.int32]
    log_kind: NDArray[np.uint8]
    log_recruiter: NDArray[np.int32]
    log_channel: NDArray[np.int8]
    log_product: NDArray[np.uint8]
    log_generation: NDArray[np.int32]


#: The columns of the log, in the order of `History`.
LOG_COLUMNS: Final = ("tick", "agent", "kind", "recruiter", "channel", "product", "generation")
LOG_TYPES: Final[dict[str, Any]] = {
    "tick": np.int32,
    "agent": np.int32,
    "kind": np.uint8,
    "recruiter": np.int32,
    "channel": np.int8,
    "product": np.uint8,
    "generation": np.int32,
}
#: Lines of a log that are looked at together where it need not be in memory as a whole.
PIECE: Final = 1 << 20


def canonical_order(
    tick: NDArray[np.int32], kind: NDArray[np.uint8], agent: NDArray[np.int32]
) -> NDArray[np.intp]:
    """Return the order by tick, kind, agent (a unique key: nobody does a thing twice in a tick)."""
    return np.lexsort((agent, kind, tick))


def canonical(history: History) -> History:
    """Sort the log into canonical order."""
    order = canonical_order(history.log_tick, history.log_kind, history.log_agent)
    return history._replace(
        **{name: getattr(history, name)[order] for name in History._fields if name[:4] == "log_"}
    )


def history_of(
    table: IntArray, quality: FloatArray, difficulty: FloatArray, log: NDArray[Any]
) -> History:
    """Return a history of copies, its log taken from records and put into canonical order.

    Parameters
    ----------
    table, quality, difficulty : array
        As in `History`.
    log : structured array [lines]
        With the fields `LOG_COLUMNS`, in any order of lines.
    """
    columns = {f"log_{name}": log[name].copy() for name in LOG_COLUMNS}
    return canonical(History(table.copy(), quality.copy(), difficulty.copy(), **columns))


def is_stored(history: Any) -> bool:
    """Say whether the log of a history lies in a file (`archive.StoredHistory`)."""
    return not isinstance(history, History)


def events_in(history: Any) -> int:
    """Return the number of lines of a log, wherever it is."""
    return int(history.events if is_stored(history) else history.log_tick.size)


def log_pieces(
    history: Any, *columns: str, backward: bool = False, ticks: tuple[int, int] | None = None
) -> Iterator[tuple[NDArray[Any], ...]]:
    """Walk through some columns of a log, wherever it is, in bounded memory.

    Parameters
    ----------
    history : History or archive.StoredHistory
    *columns : str
        Of `LOG_COLUMNS`.
    backward : bool
        From the last piece to the first; lines inside a piece keep their order.
    ticks : (int, int), optional
        Only lines from the first to the last of these.

    Yields
    ------
    tuple of array
        At most `PIECE` lines.
    """
    if is_stored(history):
        yield from history.pieces(*columns, backward=backward, ticks=ticks)
        return
    low, high = 0, history.log_tick.size
    if ticks is not None:
        low = int(np.searchsorted(history.log_tick, ticks[0]))
        high = int(np.searchsorted(history.log_tick, ticks[1], side="right"))
    begins = range(low, high, PIECE)
    for begin in reversed(begins) if backward else begins:
        part = slice(begin, min(begin + PIECE, high))
        yield tuple(getattr(history, f"log_{column}")[part] for column in columns)
