"""The world as flat arrays: everything a run needs, each shape, dtype and unit stated once.

`build.build_world` makes it from a scenario, networks and a key; both engines only read it.
All randomness of the *population* is already in it; the randomness of the *run* is drawn by
the engines from `Rules.key` and `Rules.replicate`.
C channels, J nodes, K products, S segments, N agents, T ticks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.codes import TABLE_WIDTH

Int8Array = NDArray[np.uint8]
IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


class People(NamedTuple):
    """Per-agent arrays, fixed for a run."""

    online_threshold: NDArray[np.uint32]  # [N] online when the 32-bit draw is <= this
    agent_class: NDArray[np.uint16]  # [N] row of the class tables of Rules
    taste: FloatArray  # [N] added to satisfaction
    channels: NDArray[np.uint8]  # [N] bit c: member of channel c at the start
    resist_aware: NDArray[np.uint32]  # [N] units of 2**-26
    resist_adopt: NDArray[np.uint32]  # [N]
    resist_reject: NDArray[np.uint32]  # [N]
    need: NDArray[np.uint16]  # [N] distinct tellings needed; [1] where reinforcement is off
    initial_stage: NDArray[np.uint8]  # [N] 0 unaware or 1 aware
    seeds: NDArray[np.int32]  # seed agents, ascending


class Graphs(NamedTuple):
    """One entry a channel (8, padded with empty ones); boards have empty arrays."""

    indptr: tuple[NDArray[np.int64], ...]  # [N + 1] (or [1] for boards and unused entries)
    indices: tuple[NDArray[np.int32], ...]  # listeners of each teller, sorted in a row
    ties: tuple[NDArray[np.uint8], ...]  # [arcs] overlap 0..255, or [0] where ties are off


class Rules(NamedTuple):
    """Scalars and tables.  Names follow docs/model.md section 5."""

    # sizes and addresses
    n: int
    ticks: int
    n_channels: int
    n_nodes: int
    n_products: int
    n_segments: int
    key: np.uint64
    replicate: int
    # classes
    class_level: NDArray[np.uint8]  # [classes]
    class_segment: NDArray[np.uint8]
    class_enthusiast: NDArray[np.uint8]
    class_pays: NDArray[np.uint8]  # bit k: would pay price and effort of product k
    class_taste: NDArray[np.uint8]
    # channels
    is_board: NDArray[np.uint8]  # [8]
    channel_opens: IntArray  # [8] tick
    channel_rank: IntArray  # [8] 1.. by half-life; 0 is the base half-life
    tell32: IntArray  # [8, 7] rate / w by channel and kind, times 2**32 (may exceed 2**32)
    message_hazard: IntArray  # [8, 7, J + 2, 16] channel, kind, authenticity, hop; 2**-32
    awareness_hazard: IntArray  # [8]
    readers_per_post: FloatArray  # [8]
    reading: FloatArray  # [8] posts a day a member reads; inf: no limit
    tie_on: NDArray[np.uint8]  # [8]
    tie16: IntArray  # [8, 256]
    attention_on: int
    attention16: IntArray  # [8, S, 256]
    join_board32: IntArray  # [8]
    reply32: IntArray  # [8]
    service_capacity: IntArray  # [8] complaints a day; 0: no service
    service_public: NDArray[np.uint8]  # [8]
    # time
    novelty16: IntArray  # [T + 2] by ticks since the last story
    repeat16: IntArray  # [256] by tellings before
    engagement_decay: FloatArray  # [ranks, T + 2]
    memory_leak: int
    memory20: IntArray  # [T + 2]
    awareness_leak: int
    awareness20: IntArray  # [T + 2]
    # nodes
    node_opens: IntArray  # [J]
    node_channel: IntArray  # [J] or -1
    join32: IntArray  # [J, 128]
    join_fatigue16: IntArray  # [256]
    node_reward: FloatArray  # [J]
    node_reports: NDArray[np.uint8]  # [J]
    node_content16: IntArray  # [J]
    story32: IntArray  # [J]
    story_life: int
    # products
    quality: FloatArray  # [K] at the start
    difficulty: FloatArray  # [K]
    launch: IntArray  # [K]
    release_interval: IntArray  # [K]
    reading_capacity: IntArray  # [K] reports a release
    learn_quality: FloatArray
    learn_difficulty: FloatArray
    scale_quality: FloatArray  # [K] expert reports
    scale_difficulty: FloatArray
    visible_progress: FloatArray
    bar: FloatArray  # [K]
    product_taste: IntArray  # [K] taste group or -1
    off_taste: float
    admission: float
    open_to_all: int  # tick
    honour_gain: float
    release_story32: int
    # users
    loyalty_bonus: float
    service_bonus: float
    complaint_rate: float  # per unit of dissatisfaction and online day
    complaint_gain: float
    lapse32: int
    churn32: int
    reply_gain: float
    recruit_gain: float
    newcomer_engagement: float
    seed_engagement: float
    tier_threshold: FloatArray  # [4], [0] unused
    tier_keep: FloatArray  # [4], [0] unused: demoted below this at the review
    invite_grant: IntArray  # [4]
    # other tellers
    relay_on: int
    relay_days: int
    waiting_tells: int
    waiting_sign: int  # +1 or -1
    waiting16: int
    negativity16: int
    rejection_on: int
    rejecter_days: int
    reinforcement_on: int
    # events
    lift_tell16: IntArray  # [8, T]
    lift_visibility16: IntArray  # [8, T]
    event_gain: FloatArray  # [8, T]
    event_saturation: FloatArray  # [8, T]
    meeting_at: IntArray  # [T] meeting number or -1
    meeting_channel: IntArray  # [M]
    meeting_attend32: IntArray  # [M]
    meeting_cap: IntArray  # [M]
    meeting_gain: FloatArray  # [M]
    meeting_ties: IntArray  # [M]
    # own media
    media_channel: IntArray  # [A]
    media_product: IntArray
    media_start: IntArray
    media_end: IntArray
    media_hazard: IntArray  # 2**-32
    media_awareness: IntArray
    # supply and market
    supply_on: int
    units: IntArray  # [T]
    give_up32: int
    give_up_rival32: int
    rival_on: int
    rival_cumulative: IntArray  # [T] units of 2**-26, non-decreasing
    replacement_days: int
    rejected_return: int
    lapsed_return: int
    # service
    patience: int
    answer32: int
    answer_worth16: IntArray  # [(patience + 1) * 64]
    answer_gain: float
    bonus_days: int
    squeaky_wheel: float


class OwnRules(NamedTuple):
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
    own: tuple[OwnRules, ...] = ()


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
