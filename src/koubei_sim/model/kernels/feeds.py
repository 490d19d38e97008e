"""hear, on feeds: tellings travel along arcs.

The cost of the whole model is in this file, and it is cache misses, so: arcs are filtered by
the bitset of the hearing set and by the coin of being seen (without a branch: it would be
mispredicted), survivors are collected in a block, and the block is applied with its records
prefetched ahead.  Arrays are
taken out of their blocks before the loops: a store through one pointer would otherwise make the
compiler read all others again.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from koubei_sim.core.bits import ONE, has
from koubei_sim.core.block import view_int32, view_int64, view_uint8
from koubei_sim.core.codes import ATTENTION_SIZE, AWARE
from koubei_sim.core.compiling import part
from koubei_sim.core.draws import draw, draw32, pick, stream
from koubei_sim.core.prefetch import prefetch
from koubei_sim.model.kernels import belonging
from koubei_sim.model.kernels.appeal import keep, matters, shown_below
from koubei_sim.model.kernels.belonging import pulled
from koubei_sim.model.kernels.hearing import claim, hears_positive, notice, seen_below, touch
from koubei_sim.model.kernels.reinforcement import count_teller, needed
from koubei_sim.model.kernels.rejection import hears_negative
from koubei_sim.model.mechanisms.hearing import (
    BLOCK,
    DRAW_ORDER,
    DRAW_SEE,
    T_ARCS_HEARD,
    T_ARCS_TOLD,
)
from koubei_sim.model.mechanisms.telling import FIRST

LOW32 = np.uint64(0xFFFFFFFF)
MESSAGES_AHEAD_INDPTR = 24
MESSAGES_AHEAD_ARCS = 10
LISTENERS_AHEAD = 24
SLACK = 64  # a block is applied when less than this is free
CERTAIN = 1 << 32  # above every coin
ARC_OF_MEETING = -1  # a tie made at a meeting has full strength
FULL_TIE = 255


@part
def apply_block(s, r, t, c, negative, count, limit, row):
    """Apply the collected arcs of channel `c`, in order; a coin below `limit` sees."""
    listener = s.listener
    block_listener, block_message = s.block_listener, s.block_message
    block_arc, block_coin = s.block_arc, s.block_coin
    messages = s.messages[negative, c]
    tie = view_uint8(s.graph_at[c, 2], s.graph_size[c, 2])
    fit16 = s.fit16
    arrivals, attention16, class_segment = s.arrivals, r.attention16, r.class_segment
    memory_leak, memory20 = r.memory_leak == 1, r.memory20
    tie16 = r.tie16[c]
    attention, ties, differ = r.attention_on == 1, r.tie_on[c] == 1, matters(r)
    reinforcement, need = needed(s, r)
    records, width = listener.ctypes.data, np.uintp(listener.itemsize)
    arrived = arrivals[c if attention else 0].ctypes.data
    for k in range(min(count, LISTENERS_AHEAD)):
        prefetch(records + np.uintp(block_listener[k]) * width)
    for k in range(count):
        if k + LISTENERS_AHEAD < count:
            ahead = np.uintp(block_listener[k + LISTENERS_AHEAD])
            prefetch(records + ahead * width)
            belonging.fetch(s, r, ahead)
            if attention:
                prefetch(arrived + ahead)
        i = block_listener[k]
        v = listener[i]
        if v.stage > AWARE:
            continue
        m = messages[block_message[k]]
        if reinforcement and m.hop & FIRST:
            count_teller(v)
        limit_here = shown_below(limit, m) if differ else limit
        if attention:
            arriving = np.int64(arrivals[c, i])
            limit_here = (limit_here * attention16[c, class_segment[v.agent_class], arriving]) >> 16
        if block_coin[k] >= limit_here:
            continue
        touch(v, t, memory_leak, memory20)
        y = m.hazard
        if ties:
            e = block_arc[k]
            y = (y * tie16[FULL_TIE if e == ARC_OF_MEETING else np.int64(tie[e])]) >> 16
        fit = np.int64(0)
        if negative == 0:
            fit = fit16[m.product, v.agent_class]
            y = pulled(s, r, i, (y * fit) >> 16)
        if differ:
            keep(s, i, v, m.appeal)
        notice(s, r, i, v, t, np.int64(m.hop & 15) | np.int64(m.product) << 4 | negative << 6, row)
        if negative == 1:
            hears_negative(s, r, i, v, y, m.product)
            continue
        if hears_positive(v, y, fit, reinforcement, need, i):
            claim(s, i, m.teller, c, m.product)


@part
def first_teller(messages, count, offset):
    """Index of the first message (ascending tellers) whose teller is at least `offset`."""
    low, high = 0, count
    while low < high:
        middle = (low + high) >> 1
        if messages[middle].teller < offset:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, inline="always")
def first_listener(indices, begin, end, agent):
    """Place of the first listener of a row (ascending) whose number is at least `agent`.

    Halves the row without a branch, which would be mispredicted every other time.
    """
    size = end - begin
    while size > 1:
        half = size >> 1
        begin += half * np.int64(indices[begin + half - 1] < agent)
        size -= half
    if size == 1:
        begin += np.int64(indices[begin] < agent)
    return begin


@njit(cache=True, inline="always")
def nth_in_order(k, count, start, descending):
    """Position of the k-th message to be heard: cyclic from `start`, either way round."""
    if descending:
        p = start - 1 - k
        return p + count if p < 0 else p
    p = start + k
    return p - count if p >= count else p


@part
def feed(s, r, t, c, negative, start, descending, row):
    """Carry all tellings of one sign on feed `c` to those who hear."""
    indptr = view_int64(s.graph_at[c, 0], s.graph_size[c, 0])
    indices = view_int32(s.graph_at[c, 1], s.graph_size[c, 1])
    tie = view_uint8(s.graph_at[c, 2], s.graph_size[c, 2])
    hearing, messages = s.hearing, s.messages[negative, c]
    block_listener, block_message = s.block_listener, s.block_message
    block_arc, block_coin = s.block_arc, s.block_coin
    count = s.told[negative, c]
    ties = r.tie_on[c] == 1
    limit = seen_below(s, r, c, t)
    differ = matters(r)
    chance = limit < CERTAIN or r.attention_on == 1 or differ
    base = stream(r.key, r.replicate, DRAW_SEE, t, c)
    firsts_count, _ = needed(s, r)  # the first telling of each counts, seen or not
    meetings = s.n_ties[0] > 0
    rows, arcs_at, ties_at = indptr.ctypes.data, indices.ctypes.data, tie.ctypes.data
    first_ties = s.tie_head.ctypes.data
    pending, told, heard = 0, np.int64(0), np.int64(0)
    first, last, n = s.first, s.last, r.n
    for k in range(count):
        if k + MESSAGES_AHEAD_INDPTR < count:
            p = nth_in_order(k + MESSAGES_AHEAD_INDPTR, count, start, descending)
            prefetch(rows + np.uintp(messages[p].teller) * np.uintp(8))
            if meetings:
                prefetch(first_ties + np.uintp(messages[p].teller) * np.uintp(4))
        if k + MESSAGES_AHEAD_ARCS < count:
            p = nth_in_order(k + MESSAGES_AHEAD_ARCS, count, start, descending)
            begin = np.uintp(indptr[messages[p].teller])
            prefetch(arcs_at + begin * np.uintp(4))
            prefetch(arcs_at + begin * np.uintp(4) + np.uintp(64))
            if ties:
                prefetch(ties_at + begin)
        p = nth_in_order(k, count, start, descending)
        teller = messages[p].teller
        begin, end = indptr[teller], indptr[teller + 1]
        if first > 0:
            begin = first_listener(indices, begin, end, first)
        if last < n:
            end = first_listener(indices, begin, end, last)
        told += end - begin
        coins = draw(base, teller)
        kept = shown_below(limit, messages[p]) if differ else limit
        if firsts_count and messages[p].hop & FIRST:
            kept = CERTAIN
        while begin < end:
            stop = min(end, begin + (BLOCK - pending))
            for e in range(begin, stop):
                i = indices[e]
                coin = draw32(coins, i) if chance else np.int64(0)
                hears = np.int64((hearing[i >> 6] >> np.uint64(i & 63)) & ONE)
                block_listener[pending] = i
                block_message[pending] = p
                block_arc[pending] = e
                block_coin[pending] = coin
                heard += hears
                pending += hears & np.int64(coin < kept)
            begin = stop
            if pending > BLOCK - SLACK:
                apply_block(s, r, t, c, negative, pending, limit, row)
                pending = 0
        if meetings:
            e = s.tie_head[teller]
            while e >= 0:
                i = s.ties[e].target
                if s.ties[e].channel == c and first <= i < last:
                    told += 1
                    if has(hearing, i):
                        heard += 1
                        block_listener[pending] = i
                        block_message[pending] = p
                        block_arc[pending] = ARC_OF_MEETING
                        block_coin[pending] = draw32(coins, i) if chance else np.int64(0)
                        pending += 1
                        if pending > BLOCK - SLACK:
                            apply_block(s, r, t, c, negative, pending, limit, row)
                            pending = 0
                e = s.ties[e].following
    apply_block(s, r, t, c, negative, pending, limit, row)
    row[T_ARCS_TOLD] += told
    row[T_ARCS_HEARD] += heard


@njit(cache=True, inline="always")
def one_more(arrivals, i):
    """Count one arrival at `i`, up to the last row of the attention table."""
    count = np.int64(arrivals[i])
    arrivals[i] = count + (count < ATTENTION_SIZE - 1)


@part
def count_arrivals(s, c):
    """Count what arrives today at each listener on feed `c`, of both signs.

    The counters are cleared first, all of them: that brings the megabyte (per million people)
    into the cache in order, which costs less than meeting it there at random.  Arcs to people
    who do not hear are counted too: nobody reads those, and a test would cost more.
    """
    if s.told[0, c] + s.told[1, c] == 0:
        return
    arrivals = s.arrivals[c]
    first, last, n = s.first, s.last, arrivals.size
    arrivals[first:last] = 0
    indptr = view_int64(s.graph_at[c, 0], s.graph_size[c, 0])
    indices = view_int32(s.graph_at[c, 1], s.graph_size[c, 1])
    rows, arcs_at, first_ties = indptr.ctypes.data, indices.ctypes.data, s.tie_head.ctypes.data
    meetings = s.n_ties[0] > 0
    for negative in range(2):
        messages = s.messages[negative, c]
        count = s.told[negative, c]
        for k in range(count):
            if k + MESSAGES_AHEAD_INDPTR < count:
                ahead = messages[k + MESSAGES_AHEAD_INDPTR].teller
                prefetch(rows + np.uintp(ahead) * np.uintp(8))
                if meetings:
                    prefetch(first_ties + np.uintp(ahead) * np.uintp(4))
            if k + MESSAGES_AHEAD_ARCS < count:
                ahead_at = np.uintp(indptr[messages[k + MESSAGES_AHEAD_ARCS].teller])
                prefetch(arcs_at + ahead_at * np.uintp(4))
                prefetch(arcs_at + ahead_at * np.uintp(4) + np.uintp(64))
            teller = messages[k].teller
            begin, end = indptr[teller], indptr[teller + 1]
            if first > 0:
                begin = first_listener(indices, begin, end, first)
            if last < n:
                end = first_listener(indices, begin, end, last)
            for e in range(begin, end):
                one_more(arrivals, indices[e])
            if meetings:
                e = s.tie_head[teller]
                while e >= 0:
                    i = s.ties[e].target
                    if s.ties[e].channel == c and first <= i < last:
                        one_more(arrivals, i)
                    e = s.ties[e].following


@part
def hear_feeds(s, r, t, negative, row):
    """Steps (1) and (3) of hearing: channels and tellers in the tick's keyed order."""
    z = draw(stream(r.key, r.replicate, DRAW_ORDER, t, 0), 0)
    start_channel = pick(z >> np.uint64(32), r.n_channels)
    offset = pick(z & LOW32, r.n)
    descending = ((z ^ (z >> np.uint64(63))) & np.uint64(1)) == 1
    for k in range(r.n_channels):
        c = start_channel + k
        if c >= r.n_channels:
            c -= r.n_channels
        count = s.told[negative, c]
        if r.is_board[c] == 1 or count == 0:
            continue
        start = first_teller(s.messages[negative, c], count, offset)
        feed(s, r, t, c, negative, start, descending, row)
