"""The state of a run before its first tick: every array, sized for the worst case.

Lists are sized for the worst case but only touched, and so only occupy memory, as needed.
Called by the compiled engine and by `runs.switching`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from koubei_sim.core import codes
from koubei_sim.model.kernels import state as st
from koubei_sim.model.world.arrays import World

_STOCKS = codes.T_STOCK + 1
_CACHE_LINE = 64
_REPORTS_AT_MOST = 50_000_000


def aligned_zeros(count: int, dtype: np.dtype) -> np.ndarray:
    """Return `count` zeroed records whose first begins a cache line.

    numpy aligns to 16 bytes only; a record that straddles two lines costs two cache misses,
    measured as half of the speed of hearing.
    """
    size = count * dtype.itemsize
    raw = np.zeros(size + _CACHE_LINE, np.uint8)
    start = -raw.ctypes.data % _CACHE_LINE
    records: np.ndarray = raw[start : start + size].view(dtype)
    return records


def work_lists(people: int, channels: int) -> dict[str, np.ndarray]:
    """Return the lists that so many people can fill in a tick, by field of the state."""
    return {
        "online": np.empty(people, np.int32),
        "claims": np.empty(people, st.CLAIM),
        "rejected": np.empty(people, np.int32),
        "newly": np.empty(people, np.int32),
        "leavers": np.empty(people, np.int32),
        "leaver_kind": np.empty(people, np.uint8),
        "complaints": np.empty((codes.MAX_CHANNELS, people), np.int32),
        "participants": np.empty(channels * people, st.PARTICIPANT),
        "attendees": np.empty(people, np.int32),
    }


def allocate(world: World, first: int = 0, last: int | None = None) -> st.State:
    """Make the state of a world before its seeds are placed.

    Parameters
    ----------
    world : World
    first, last : int, optional
        The people whose state is filled in, all without them; `first` is a multiple of 64.  The
        memory of the others is reserved, but not taken until somebody writes to it.

    Returns
    -------
    State
    """
    people, rules = world.people, world.rules
    n, ticks, channels = rules.n, rules.ticks, max(1, rules.n_channels)
    last = n if last is None else last
    own = slice(first, last)
    words, own_words = (n + 63) // 64, slice(first // 64, (last + 63) // 64)

    listener = aligned_zeros(n, st.LISTENER)
    listener["resist_aware"][own] = people.resist_aware[own]
    listener["resist_adopt"][own] = people.resist_adopt[own]
    listener["agent_class"][own] = people.agent_class[own]
    listener["stage"][own] = people.initial_stage[own]
    actor = aligned_zeros(n, st.ACTOR)
    actor["taste"][own] = people.taste[own]
    actor["agent_class"][own] = people.agent_class[own]
    actor["channels"][own] = people.channels[own]
    actor["story"][own] = codes.NO_STORY
    actor["served_until"][own] = -1
    actor["talk_until"][own] = -1
    actor["last_story"][own] = -1
    stage = np.zeros(n, np.uint8)
    stage[own] = people.initial_stage[own]

    # All sets of agents in one piece: at millions of people it is large enough for huge pages,
    # and the set of those who hear is met at random once an arc.
    sets = aligned_zeros((codes.MAX_CHANNELS + 4) * words, np.dtype(np.uint64))
    sets = sets.reshape(codes.MAX_CHANNELS + 4, words)
    members, hearing = sets[4:], sets[0]
    hearing[own_words] = ~np.uint64(0)
    if last % 64 and last > first:
        hearing[last // 64] = np.uint64((1 << (last % 64)) - 1)
    stocks = np.zeros(_STOCKS, np.int64)
    for c in range(rules.n_channels):
        belongs = (people.channels[own] >> c) & 1
        bits = np.packbits(belongs, bitorder="little")
        members[c, own_words].view(np.uint8)[: bits.size] = bits
        stocks[codes.T_MEMBERS + c] = int(belongs.sum(dtype=np.int64))
    stages = np.bincount(people.initial_stage[own], minlength=7)
    stocks[codes.T_STAGE : codes.T_STAGE + 7] = stages[:7]

    def per_agent(dtype: Any, needed: object, fill: int | None = None) -> np.ndarray:
        size = n if needed else 1
        if fill is None:
            return np.empty(size, dtype)
        return np.full(size, fill, dtype) if fill else np.zeros(size, dtype)

    events = bool((rules.event_gain > 0).any())
    meetings = int((rules.meeting_at >= 0).sum())
    returns = rules.lapsed_return or rules.rejected_return or rules.replacement_days
    new_ties = 0
    for m in rules.meeting_at[rules.meeting_at >= 0]:
        new_ties += 2 * min(n, int(rules.meeting_cap[m])) * int(rules.meeting_ties[m])
    capacity = int(rules.reading_capacity.max(initial=0))
    messages = np.empty((2, channels, n), st.MESSAGE)
    return st.State(
        first=first,
        last=last,
        listener=listener,
        actor=actor,
        stage=stage,
        resist_reject=people.resist_reject,
        need=people.need,
        online_threshold=people.online_threshold,
        board_heard=np.zeros(n if rules.reinforcement_on else 1, np.uint16),
        recruits_today=np.zeros(n if events else 1, np.int32),
        hearing=hearing,
        talkers=sets[1],
        waiting=sets[2],
        raised=sets[3],
        members=members,
        arrivals=np.zeros((codes.MAX_CHANNELS, n) if rules.attention_on else (1, 1), np.uint8),
        wait_since=per_agent(np.int16, rules.supply_on),
        wait_recruiter=per_agent(np.int32, rules.supply_on),
        wait_channel=per_agent(np.int8, rules.supply_on),
        return_head=np.full(ticks, -1, np.int32),
        return_next=per_agent(np.int32, returns),
        rival_head=np.full(ticks, -1, np.int32),
        rival_next=per_agent(np.int32, rules.rival_on),
        rival_level=per_agent(np.int64, rules.rival_on, 0),
        rival_offers=per_agent(np.uint16, rules.rival_on, 0),
        queue_head=np.full(codes.MAX_CHANNELS, -1, np.int32),
        queue_tail=np.full(codes.MAX_CHANNELS, -1, np.int32),
        queue_next=np.empty(n, np.int32),
        reports=np.empty(
            (max(1, rules.n_products), max(1, min(capacity, _REPORTS_AT_MOST))), st.REPORT
        ),
        tie_head=per_agent(np.int32, meetings, -1),
        ties=np.empty(max(1, new_ties), st.TIE),
        messages=messages,
        outbox=messages,
        **work_lists(n, channels),
        waiters=np.empty(n, np.int32),
        sort_keys=np.empty(n, np.uint64),
        posters=np.empty(n, np.int32),
        block_listener=np.empty(st.BLOCK, np.int32),
        block_message=np.empty(st.BLOCK, np.int32),
        block_tie=np.zeros(st.BLOCK, np.uint8),
        bases=np.zeros(64, np.uint64),
        graph_at=np.array(
            [[a[c].ctypes.data for a in world.graphs] for c in range(codes.MAX_CHANNELS)], np.uint64
        ),
        graph_size=np.array([[a[c].size for a in world.graphs] for c in range(codes.MAX_CHANNELS)]),
        tell16=np.full(n if world.own else 0, codes.FULL16),
        join16=np.full(n if world.own else 0, codes.FULL16),
        fit16=np.zeros((max(1, rules.n_products), rules.class_level.size), np.int64),
        quality=rules.quality.copy(),
        difficulty=rules.difficulty.copy(),
        floats=np.ones(1),
        counts=np.zeros(st.COUNTS, np.int64),
        stocks=stocks,
        change=stocks,
        log=np.empty(2 * n + 4096, st.LOG),
    )
