"""State of a running world: the arrays that the kernels read and write.

Two records carry the hot fields.  A *listener* (32 bytes, half a cache line) holds all that
hearing touches; an *actor* (64 bytes, one line) holds all that an online user touches.  Sets of
agents (hearing, talkers, waiting, members) are bitsets in id order: 125 kB per million agents,
so testing a listener costs no cache miss.  Work lists are allocated for the worst case and
stay untouched, hence unmapped, until used.  Allocated by `model/compiled.py`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

LISTENER = np.dtype(
    [
        ("hazard", "i8"),  # H: positive minus negative, 2**-32
        ("awareness", "i8"),  # A, 2**-32
        ("resist_aware", "u4"),  # 2**-26
        ("resist_adopt", "u4"),
        ("touched", "u2"),  # tick at which anything last arrived
        ("agent_class", "u2"),
        ("tellers", "u2"),
        ("stage", "u1"),  # mirrors State.stage; CLAIMED inside a tick
        ("heard", "u1"),  # what made it aware: hop (4 bits), product (2), negative (1)
    ],
    align=True,
)

ACTOR = np.dtype(
    [
        ("engagement", "f8"),
        ("taste", "f8"),
        ("told", "u8"),  # byte c: tellings on channel c so far
        ("joined", "u8"),  # byte j: participations at node j so far
        ("served_worth", "i4"),
        ("generation", "i4"),
        ("engaged", "i2"),  # tick of `engagement`
        ("last_story", "i2"),
        ("story_until", "i2"),
        ("served_until", "i2"),
        ("complained", "i2"),
        ("talk_until", "i2"),
        ("agent_class", "u2"),
        ("channels", "u1"),
        ("story", "u1"),
        ("tier", "u1"),
        ("rank", "u1"),
        ("product", "u1"),
        ("invites", "u1"),
        ("told_positive", "u1"),  # bit c: has told positively on c
        ("pending", "u1"),
    ],
    align=True,
)

MESSAGE = np.dtype(
    [("hazard", "i8"), ("teller", "i4"), ("product", "u1"), ("hop", "u1"), ("first", "u1")],
    align=True,
)

REPORT = np.dtype([("priority", "u8"), ("agent", "i4"), ("content", "i4")], align=True)
CLAIM = np.dtype(
    [("agent", "i4"), ("recruiter", "i4"), ("channel", "i4"), ("product", "i4")], align=True
)
LOG = np.dtype(
    [
        ("tick", "i4"),
        ("agent", "i4"),
        ("recruiter", "i4"),
        ("generation", "i4"),
        ("kind", "u1"),
        ("channel", "i1"),
        ("product", "u1"),
    ],
    align=True,
)
PARTICIPANT = np.dtype([("agent", "i4"), ("channel", "i2"), ("replies", "i2")], align=True)
TIE = np.dtype([("target", "i4"), ("following", "i4"), ("channel", "i4")], align=True)

# Fields of State.counts
N_LOG, N_ONLINE, N_CLAIMS, N_REJECTED, N_NEWLY, N_LEAVERS = 0, 1, 2, 3, 4, 5
N_PARTICIPANTS, N_ATTENDEES, N_WAITERS, N_TIES = 6, 7, 8, 9
N_COMPLAINTS = 10  # 8 entries
N_MESSAGES = 18  # 16 entries: positive by channel, then negative by channel
N_REPORTS = 34  # 4 entries: reports kept in the heap
N_LOG_BEFORE = 38  # length of the log when the tick began
COUNTS = 40


class State(NamedTuple):
    """Arrays of a run, or of a part of it.  W = ceil(N / 64) words a bitset.

    A part is the people `first` .. `last` - 1: a kernel that walks over people walks over these,
    and nobody else's are written to.  Parts of a run share the arrays of people and have work
    lists, `counts`, `change` and `outbox` of their own (docs/performance.md).  In a run of one
    part `change` is `stocks`, and `outbox` is `messages`.
    """

    first: int  # a multiple of 64, so that no two parts share a word of a bitset
    last: int
    listener: np.ndarray  # [N] LISTENER
    actor: np.ndarray  # [N] ACTOR
    stage: np.ndarray  # [N] uint8
    resist_reject: np.ndarray  # [N] uint32
    need: np.ndarray  # [N] uint16, or [1]
    online_threshold: np.ndarray  # [N] uint32
    board_heard: np.ndarray  # [N] uint16, or [1] without reinforcement
    recruits_today: np.ndarray  # [N] int32, or [1] without events
    hearing: np.ndarray  # [W] uint64
    talkers: np.ndarray  # [W]
    waiting: np.ndarray  # [W]
    raised: np.ndarray  # [W] users above the lowest tier
    members: np.ndarray  # [8, W]
    arrivals: np.ndarray  # [8, N] uint8, or [1, 1] without attention
    # waiting
    wait_since: np.ndarray  # [N] int16, or [1] without supply
    wait_recruiter: np.ndarray  # [N] int32
    wait_channel: np.ndarray  # [N] int8
    # calendars: heads by tick, following agent
    return_head: np.ndarray  # [T] int32
    return_next: np.ndarray  # [N] int32, or [1]
    rival_head: np.ndarray  # [T] int32
    rival_next: np.ndarray  # [N] int32, or [1]
    rival_level: np.ndarray  # [N] int64, or [1]
    rival_offers: np.ndarray  # [N] uint16, or [1]
    # service queues
    queue_head: np.ndarray  # [8] int32
    queue_tail: np.ndarray  # [8]
    queue_next: np.ndarray  # [N] int32
    # reports: a max-heap by priority for each product
    reports: np.ndarray  # [K, capacity] REPORT
    # ties made at meetings
    tie_head: np.ndarray  # [N] int32, or [1] without meetings
    ties: np.ndarray  # [pool] TIE
    # work lists of a tick
    online: np.ndarray  # [N] int32
    messages: np.ndarray  # [2, C, N] MESSAGE: positive, negative; ascending tellers: is heard
    outbox: np.ndarray  # [2, C, N] MESSAGE: what the people of this part tell
    claims: np.ndarray  # [N] CLAIM
    rejected: np.ndarray  # [N] int32
    newly: np.ndarray  # [N] int32
    leavers: np.ndarray  # [N] int32: who may leave today
    leaver_kind: np.ndarray  # [N] uint8: 1 churn, 2 unserved
    complaints: np.ndarray  # [8, N] int32
    participants: np.ndarray  # [C N] PARTICIPANT
    attendees: np.ndarray  # [N] int32
    waiters: np.ndarray  # [N] int32
    sort_keys: np.ndarray  # [N] uint64
    posters: np.ndarray  # [N] int32
    block_listener: np.ndarray  # [BLOCK] int32
    block_message: np.ndarray  # [BLOCK] int32
    block_tie: np.ndarray  # [BLOCK] uint8
    bases: np.ndarray  # [64] uint64: stream bases of the tick
    # graphs: address and size of the arrays of each channel
    graph_at: np.ndarray  # [8, 3] uint64: indptr, indices, ties
    graph_size: np.ndarray  # [8, 3] int64
    tell16: np.ndarray  # [N] int64 factor of telling today, units of 2**-16; [0]: nobody changes it
    join16: np.ndarray  # [N] the same of joining
    # tables
    fit16: np.ndarray  # [K, classes] int64
    quality: np.ndarray  # [K] float64
    difficulty: np.ndarray  # [K]
    floats: np.ndarray  # [1] squeak
    counts: np.ndarray  # [COUNTS] int64
    stocks: np.ndarray  # [stock columns of the table] int64
    change: np.ndarray  # [stock columns] what is added to the stocks
    log: np.ndarray  # [2 N + slack] LOG


BLOCK = 512
