"""registration: those who belong on a board join it out of interest, or as they become users.

Whoever belongs there and was no member at the start is in the set `outside`, which is walked once a
day: few people belong on a board, and of these only the stage is looked at.
"""

from __future__ import annotations

import numpy as np

from koubei_sim.core.bits import ONE, insert, lowest_bit
from koubei_sim.core.codes import AWARE
from koubei_sim.core.compiling import part
from koubei_sim.core.draws import draw32, stream
from koubei_sim.model.kernels.sets import thinned
from koubei_sim.model.mechanisms.channels import T_MEMBERS
from koubei_sim.model.mechanisms.registration import (
    DRAW_JOIN_BOARD,
    DRAW_LURK,
    DRAW_REGISTER,
    T_REGISTERS,
)


@part
def become_member(s, i, c):
    """Enter a person as a member of a board; it reads from the next tick."""
    s.actor[i].channels |= np.uint8(1 << c)
    insert(s.members[c], i)
    s.change[T_MEMBERS + c] += 1


@part
def join_boards(s, r, t, i):
    """Let a new user join open boards; the coin is the same whenever it adopts."""
    for c in range(r.n_channels):
        if r.is_board[c] == 0 or r.join_board32[c] == 0 or t < r.channel_opens[c]:
            continue
        if (s.actor[i].channels >> c) & 1:
            continue
        if draw32(stream(r.key, r.replicate, DRAW_JOIN_BOARD, 0, c), i) < r.join_board32[c]:
            become_member(s, i, c)


@part
def register(s, r, t, row):
    """Let those register who are aware at the end of decide, and belong on an open board."""
    for c in range(r.n_channels):
        if r.is_board[c] == 0 or r.register16[c] == 0 or t < r.channel_opens[c]:
            continue
        base, most = stream(r.key, r.replicate, DRAW_REGISTER, t, c), r.register16[c] << 16
        for w in range(s.first >> 6, (s.last + 63) >> 6):
            word = thinned(s.outside[c, w] & ~s.members[c, w], base, w, most)
            while word != 0:
                i = (w << 6) + lowest_bit(word)
                word &= word - ONE
                coin = draw32(base, i)
                if coin >= most or s.stage[i] != AWARE:
                    continue
                online = np.int64(s.online_threshold[i]) + 1
                if coin < (online * r.register16[c]) >> 16:
                    become_member(s, i, c)
                    row[T_REGISTERS + c] += 1


@part
def lurks(s, r, i, c):
    """Tell whether a member of a board never posts there."""
    if r.is_board[c] == 0 or r.lurk32[c] == 0:
        return False
    return draw32(stream(r.key, r.replicate, DRAW_LURK, 0, c), i) < r.lurk32[c]
