"""hear, on boards and own media: one integer per tick, kind and class, for every member.

A board is a pool: a post reaches `readers_per_post` people, whatever the size of the board, so
the chance that a member sees one falls with membership.  Own media are external hazards on the
members of a channel.
"""

from __future__ import annotations

import numpy as np

from koubei_sim.core.bits import ONE, insert, lowest_bit
from koubei_sim.core.codes import AWARE, RECRUITER_MEDIA
from koubei_sim.core.compiling import part
from koubei_sim.core.draws import HAZARD_CAP, draw32, hazard_units, pick, stream
from koubei_sim.core.prefetch import prefetch
from koubei_sim.model.kernels.events import lifted
from koubei_sim.model.kernels.hearing import claim, hears_awareness, hears_positive, touch
from koubei_sim.model.kernels.reinforcement import count_source, needed
from koubei_sim.model.kernels.rejection import hears_negative
from koubei_sim.model.mechanisms.boards import DRAW_BOARD_PICK, DRAW_JOIN_BOARD
from koubei_sim.model.mechanisms.channels import T_MEMBERS
from koubei_sim.model.mechanisms.hearing import BLOCK


@part
def collect_posts(s, c, negative, product):
    """List the posters of one sign (and product, where positive); return count and hazard sum."""
    count, total = 0, np.int64(0)
    for k in range(s.told[negative, c]):
        m = s.messages[negative, c, k]
        if negative == 0 and m.product != product:
            continue
        s.posters[count] = m.teller
        count += 1
        total += m.hazard
    return count, total


@part
def next_readers(s, c, w):
    """Collect members of `c` who hear, from word `w` of the sets on, prefetching them.

    Returns the word to go on from and the number collected.
    """
    members, hearing, block = s.members[c], s.hearing, s.block_listener
    records, width = s.listener.ctypes.data, np.uintp(s.listener.itemsize)
    count = 0
    end = (s.last + 63) >> 6
    while w < end and count + 64 <= BLOCK:
        word = members[w] & hearing[w]
        while word != 0:
            i = (w << 6) + lowest_bit(word)
            word &= word - ONE
            prefetch(records + np.uintp(i) * width)
            block[count] = i
            count += 1
        w += 1
    return w, count


@part
def expose(s, r, t, count, product, hazards, bit, row):
    """Expose the collected members to praise of `product`; return how many are won.

    The won stand at the front of `block_message`.  `hazards` are those of awareness and, before
    fit, of conversion; `bit` is the mark under which a board or
    a campaign counts as one teller, the first time.
    """
    listener, block, won = s.listener, s.block_listener, s.block_message
    fit16 = s.fit16[product]
    memory20, awareness20 = r.memory20, r.awareness20
    memory_leak, awareness_leak = r.memory_leak == 1, r.awareness_leak == 1
    reinforcement, need = needed(s, r)
    awareness, base = hazards
    mark = np.uint16(1 << bit)
    winners = 0
    for k in range(count):
        i = block[k]
        v = listener[i]
        if v.stage > AWARE:
            continue
        touch(v, t, memory_leak, memory20, awareness_leak, awareness20)
        hears_awareness(s, r, i, v, t, awareness, product << 4, row)
        if reinforcement:
            count_source(s, i, v, mark)
        fit = fit16[v.agent_class]
        if hears_positive(v, (base * fit) >> 16, fit, reinforcement, need, i):
            won[winners] = i
            winners += 1
    return winners


@part
def warn(s, r, t, count, awareness, base, row):
    """Expose the collected members to the bad news of a board."""
    for k in range(count):
        i = s.block_listener[k]
        v = s.listener[i]
        if v.stage > AWARE:
            continue
        touch(v, t, r.memory_leak == 1, r.memory20, r.awareness_leak == 1, r.awareness20)
        hears_awareness(s, r, i, v, t, awareness, 1 << 6, row)
        hears_negative(s, r, i, v, base, -1)


@part
def board(s, r, t, c, negative, product, row):
    """Let all members of board `c` read today's posts of one sign (and product)."""
    count, total = collect_posts(s, c, negative, product)
    members = s.stocks[T_MEMBERS + c]
    if count == 0 or members == 0:
        return
    posts = s.told[0, c] + s.told[1, c]
    seen = min(1.0, r.readers_per_post[c] / np.float64(members))
    if not np.isinf(r.reading[c]):
        seen = min(seen, r.reading[c] / np.float64(posts))
    base = HAZARD_CAP
    weighted = np.float64(total) * seen
    if weighted < np.float64(HAZARD_CAP):
        base = np.int64(weighted)
    each = hazard_units(seen)
    awareness = HAZARD_CAP if each > HAZARD_CAP // count else each * count
    awareness = lifted(r, awareness, c, t)
    pick_base = stream(r.key, r.replicate, DRAW_BOARD_PICK, t, 4 * c + product)
    w = s.first >> 6
    while w < (s.last + 63) >> 6:
        w, readers = next_readers(s, c, w)
        if negative == 1:
            warn(s, r, t, readers, awareness, base, row)
            continue
        for k in range(expose(s, r, t, readers, product, (awareness, base), c, row)):
            i = s.block_message[k]
            place = pick(draw32(pick_base, i), count)
            if s.posters[place] == i:  # nobody is won by a post of its own
                if count == 1:
                    continue
                place = (place + 1) % count
            claim(s, i, s.posters[place], c, product)


@part
def join_boards(s, r, t, i):
    """Let a new user join open boards; the coin is the same whenever it adopts."""
    a = s.actor[i]
    for c in range(r.n_channels):
        if r.is_board[c] == 0 or r.join_board32[c] == 0 or t < r.channel_opens[c]:
            continue
        if (a.channels >> c) & 1:
            continue
        if draw32(stream(r.key, r.replicate, DRAW_JOIN_BOARD, 0, c), i) < r.join_board32[c]:
            a.channels |= 1 << c
            insert(s.members[c], i)
            s.change[T_MEMBERS + c] += 1


@part
def own_media(s, r, t, m, row):
    """Expose all members of the campaign's channel to its hazard."""
    c, product = r.media_channel[m], r.media_product[m]
    hazards = (r.media_awareness[m], r.media_hazard[m])
    w = s.first >> 6
    while w < (s.last + 63) >> 6:
        w, readers = next_readers(s, c, w)
        for k in range(expose(s, r, t, readers, product, hazards, 8 + c, row)):
            claim(s, s.block_message[k], RECRUITER_MEDIA, c, product)
