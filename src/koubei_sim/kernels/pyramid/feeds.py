"""hear, on feeds: tellings travel along arcs.

The cost of the whole model is in this file, and it is cache misses, so: arcs are filtered by
the bitset of the hearing set before a listener is touched, survivors are collected in a block
whose records are being prefetched, then the block is applied.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ..codes import ATTENTION_SIZE, AWARE, DRAW_ORDER, T_ARCS_HEARD, T_ARCS_TOLD
from ..block import view_int32, view_int64, view_uint8
from ..draws import draw, pick, stream
from ..prefetch import prefetch
from .hearing import claim, hears_awareness, hears_negative, hears_positive, touch
from .sets import has
from .state import BLOCK, N_MESSAGES, N_NEGATIVE, N_TIES

LOW32 = np.uint64(0xFFFFFFFF)


@njit(cache=True)
def apply_block(s, r, t, c, count, attention, ties, row):
    """Apply the collected arcs of channel `c`, in order."""
    lift = r.lift_visibility16[c, t]
    base_awareness = (r.awareness_hazard[c] * lift) >> 16
    for k in range(count):
        i = s.block_listener[k]
        v = s.listener[i]
        if v.stage > AWARE:
            continue
        m = s.messages[c, s.block_message[k]]
        touch(v, r, t)
        a = base_awareness
        y = m.hazard
        if ties:
            y = (y * r.tie16[c, s.block_tie[k]]) >> 16
        fit = np.int64(0)
        if m.negative == 0:
            fit = s.fit16[m.product, v.agent_class]
            y = (y * fit) >> 16
        if attention:
            arriving = min(np.int64(s.arrivals[c, i]), ATTENTION_SIZE - 1)
            att16 = r.attention16[c, r.class_segment[v.agent_class], arriving]
            a = (a * att16) >> 16
            y = (y * att16) >> 16
        hears_awareness(s, r, i, v, t, a, m.hop, m.product, m.negative, row)
        if m.negative == 1:
            hears_negative(s, r, i, v, y, m.product)
        else:
            if r.reinforcement_on == 1 and m.first == 1 and v.tellers < 65535:
                v.tellers += 1
            if hears_positive(s, r, i, v, y, fit):
                claim(s, i, m.teller, c, m.product)


@njit(cache=True)
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
def nth_in_order(k, count, start, descending):
    """Position of the k-th message to be heard: cyclic from `start`, either way round."""
    if descending:
        p = start - 1 - k
        return p + count if p < 0 else p
    p = start + k
    return p - count if p >= count else p


@njit(cache=True)
def feed(s, r, t, c, negative, start, descending, row):
    """Carry all tellings of one sign on feed `c` to those who hear."""
    indptr = view_int64(s.graph_at[c, 0], s.graph_size[c, 0])
    indices = view_int32(s.graph_at[c, 1], s.graph_size[c, 1])
    tie = view_uint8(s.graph_at[c, 2], s.graph_size[c, 2])
    messages = s.messages[c]
    count = s.counts[N_MESSAGES + c]
    attention = r.attention_on == 1
    ties = r.tie_on[c] == 1
    meetings = s.counts[N_TIES] > 0
    reserve = s.listener.ctypes.data
    width = np.uintp(s.listener.itemsize)
    arrivals = s.arrivals[c if attention else 0].ctypes.data
    rows, arcs_at, ties_at = indptr.ctypes.data, indices.ctypes.data, tie.ctypes.data
    pending, told, heard = 0, np.int64(0), np.int64(0)
    for k in range(count):
        if k + 24 < count:
            ahead = messages[nth_in_order(k + 24, count, start, descending)].teller
            prefetch(rows + np.uintp(ahead) * np.uintp(8))
        if k + 10 < count:
            ahead = messages[nth_in_order(k + 10, count, start, descending)].teller
            begin = np.uintp(indptr[ahead])
            prefetch(arcs_at + begin * np.uintp(4))
            prefetch(arcs_at + begin * np.uintp(4) + np.uintp(64))
            if ties:
                prefetch(ties_at + begin)
        p = nth_in_order(k, count, start, descending)
        m = messages[p]
        if m.negative != negative:
            continue
        told += indptr[m.teller + 1] - indptr[m.teller]
        for e in range(indptr[m.teller], indptr[m.teller + 1]):
            i = indices[e]
            if not has(s.hearing, i):
                continue
            prefetch(reserve + np.uintp(i) * width)
            if attention:
                prefetch(arrivals + np.uintp(i) * np.uintp(2))
            s.block_listener[pending] = i
            s.block_message[pending] = p
            if ties:
                s.block_tie[pending] = tie[e]
            pending += 1
            if pending == BLOCK:
                apply_block(s, r, t, c, pending, attention, ties, row)
                heard += pending
                pending = 0
        if meetings:
            e = s.tie_head[m.teller]
            while e >= 0:
                if s.ties[e].channel == c:
                    told += 1
                    i = s.ties[e].target
                    if has(s.hearing, i):
                        s.block_listener[pending] = i
                        s.block_message[pending] = p
                        s.block_tie[pending] = 255
                        pending += 1
                        if pending == BLOCK:
                            apply_block(s, r, t, c, pending, attention, ties, row)
                            heard += pending
                            pending = 0
                e = s.ties[e].following
    apply_block(s, r, t, c, pending, attention, ties, row)
    row[T_ARCS_TOLD] += told
    row[T_ARCS_HEARD] += heard + pending


@njit(cache=True)
def count_arrivals(s, c, step):
    """Count (`step` 1) or clear (`step` 0) what arrives at each listener on feed `c`."""
    indptr = view_int64(s.graph_at[c, 0], s.graph_size[c, 0])
    indices = view_int32(s.graph_at[c, 1], s.graph_size[c, 1])
    arrivals = s.arrivals[c]
    messages = s.messages[c]
    count = s.counts[N_MESSAGES + c]
    rows, arcs_at = indptr.ctypes.data, indices.ctypes.data
    meetings = s.counts[N_TIES] > 0
    for k in range(count):
        if k + 16 < count:
            prefetch(rows + np.uintp(messages[k + 16].teller) * np.uintp(8))
        if k + 8 < count:
            begin = np.uintp(indptr[messages[k + 8].teller])
            prefetch(arcs_at + begin * np.uintp(4))
            prefetch(arcs_at + begin * np.uintp(4) + np.uintp(64))
        teller = messages[k].teller
        for e in range(indptr[teller], indptr[teller + 1]):
            i = indices[e]
            if has(s.hearing, i):
                arrivals[i] = min(65535, arrivals[i] + 1) * step
        if meetings:
            e = s.tie_head[teller]
            while e >= 0:
                if s.ties[e].channel == c and has(s.hearing, s.ties[e].target):
                    i = s.ties[e].target
                    arrivals[i] = min(65535, arrivals[i] + 1) * step
                e = s.ties[e].following


@njit(cache=True)
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
        if r.is_board[c] == 1:
            continue
        tellings, bad = s.counts[N_MESSAGES + c], s.counts[N_NEGATIVE + c]
        if (bad if negative else tellings - bad) == 0:
            continue
        start = first_teller(s.messages[c], tellings, offset)
        feed(s, r, t, c, negative, start, descending, row)
