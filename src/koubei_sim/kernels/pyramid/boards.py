"""hear, on boards and own media: one integer per tick, kind and class, for every member.

A board is a pool: a post reaches `readers_per_post` people, whatever the size of the board, so
the chance that a member sees one falls with membership.  Own media are external hazards on the
members of a channel.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ..codes import AWARE, DRAW_BOARD_PICK, RECRUITER_MEDIA, T_MEMBERS
from ..draws import HAZARD_CAP, draw32, hazard_units, pick, stream
from ..prefetch import prefetch
from .hearing import claim, hears_awareness, hears_negative, hears_positive, touch
from .bits import ONE, lowest_bit
from .state import BLOCK, N_MESSAGES


@njit(cache=True)
def collect_posts(s, c, negative, product):
    """List the posters of one sign (and product, where positive); return count and hazard sum."""
    count, total = 0, np.int64(0)
    for k in range(s.counts[N_MESSAGES + 8 * negative + c]):
        m = s.messages[negative, c, k]
        if negative == 0 and m.product != product:
            continue
        s.posters[count] = m.teller
        count += 1
        total += m.hazard
    return count, total


@njit(cache=True)
def next_readers(s, c, w):
    """Collect members of `c` who still hear, from word `w` of the sets on, prefetching them.

    Returns the word to go on from and the number collected.
    """
    members, hearing, block = s.members[c], s.hearing, s.block_listener
    records, width = s.listener.ctypes.data, np.uintp(s.listener.itemsize)
    count = 0
    while w < hearing.size and count + 64 <= BLOCK:
        word = members[w] & hearing[w]
        while word != 0:
            i = (w << 6) + lowest_bit(word)
            word &= word - ONE
            prefetch(records + np.uintp(i) * width)
            block[count] = i
            count += 1
        w += 1
    kept = 0
    listener = s.listener
    for k in range(count):
        i = block[k]
        if listener[i].stage <= AWARE:
            block[kept] = i
            kept += 1
    return w, kept


@njit(cache=True)
def count_once(s, r, i, v, bit):
    """Count a board or a campaign as one teller, the first time."""
    if r.reinforcement_on == 1 and (s.board_heard[i] >> bit) & 1 == 0:
        s.board_heard[i] |= np.uint16(1 << bit)
        if v.tellers < 65535:
            v.tellers += 1


@njit(cache=True)
def board(s, r, t, c, negative, product, row):
    """Let all members of board `c` read today's posts of one sign (and product)."""
    count, total = collect_posts(s, c, negative, product)
    members = s.stocks[T_MEMBERS + c]
    if count == 0 or members == 0:
        return
    posts = s.counts[N_MESSAGES + c] + s.counts[N_MESSAGES + 8 + c]
    seen = min(1.0, r.readers_per_post[c] / np.float64(members))
    if not np.isinf(r.reading[c]):
        seen = min(seen, r.reading[c] / np.float64(posts))
    base = HAZARD_CAP
    weighted = np.float64(total) * seen
    if weighted < np.float64(HAZARD_CAP):
        base = np.int64(weighted)
    each = hazard_units(seen)
    awareness = HAZARD_CAP if each > HAZARD_CAP // count else each * count
    awareness = (awareness * r.lift_visibility16[c, t]) >> 16
    pick_base = stream(r.key, r.replicate, DRAW_BOARD_PICK, t, 4 * c + product)
    w, waiting = 0, 0
    while w < s.hearing.size:
        w, waiting = next_readers(s, c, w)
        for k in range(waiting):
            i = s.block_listener[k]
            v = s.listener[i]
            touch(v, r, t)
            hears_awareness(s, r, i, v, t, awareness, 0, product, negative, row)
            if negative == 1:
                hears_negative(s, r, i, v, base, -1)
                continue
            fit = s.fit16[product, v.agent_class]
            count_once(s, r, i, v, c)
            if hears_positive(s, r, i, v, (base * fit) >> 16, fit):
                place = pick(draw32(pick_base, i), count)
                if s.posters[place] == i:  # nobody is won by a post of its own
                    if count == 1:
                        continue
                    place = (place + 1) % count
                claim(s, i, s.posters[place], c, product)


@njit(cache=True)
def own_media(s, r, t, m, row):
    """Expose all members of the campaign's channel to its hazard."""
    c, product = r.media_channel[m], r.media_product[m]
    w, waiting = 0, 0
    while w < s.hearing.size:
        w, waiting = next_readers(s, c, w)
        for k in range(waiting):
            i = s.block_listener[k]
            v = s.listener[i]
            touch(v, r, t)
            hears_awareness(s, r, i, v, t, r.media_awareness[m], 0, product, 0, row)
            fit = s.fit16[product, v.agent_class]
            count_once(s, r, i, v, 8 + c)
            if hears_positive(s, r, i, v, (r.media_hazard[m] * fit) >> 16, fit):
                claim(s, i, RECRUITER_MEDIA, c, product)
