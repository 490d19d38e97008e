"""contests: of the praise on a channel the most appealing wins, lots being drawn between equals."""

from __future__ import annotations

import numpy as np

from koubei_sim.core.codes import USER
from koubei_sim.core.compiling import part
from koubei_sim.core.draws import draw32, stream
from koubei_sim.model.kernels.engagement import add_engagement, present
from koubei_sim.model.mechanisms.contests import DRAW_CONTEST, T_WINNERS

MOST = np.int64(65535)  # appeal of a message


@part
def place(m, base):
    """Return where a message stands: a number, the smaller the better."""
    return (MOST - np.int64(m.appeal)) << 32 | draw32(base, m.teller)


@part
def last_place(s, messages, count, winners, base):
    """Return the place of the last winner among `count` messages, or above all of them."""
    if winners >= count:
        return np.int64(1) << 62
    for k in range(count):
        s.sort_keys[k] = np.uint64(place(messages[k], base))
    return np.int64(np.sort(s.sort_keys[:count])[winners - 1])


@part
def judge(s, r, t, row):
    """Give the prizes of today to users who are here; others who praised it there lose heart."""
    if r.contests_on == 0:
        return
    for c in range(r.n_channels):
        winners, count = r.contest_winners[c, t], s.told[0, c]
        if winners == 0 or count == 0:
            continue
        base = stream(r.key, r.replicate, DRAW_CONTEST, t, c)
        last = last_place(s, s.messages[0, c], count, winners, base)
        for k in range(count):
            m = s.messages[0, c, k]
            i = m.teller
            if i < s.first or i >= s.last or s.stage[i] != USER:
                continue
            a = s.actor[i]
            if place(m, base) <= last:
                row[T_WINNERS + c] += 1
                add_engagement(s, r, i, t, r.contest_prize[c, t])
                a.last_story = t
            elif r.contest_kept[c, t] != 1.0:
                a.engagement = present(a, r, t) * r.contest_kept[c, t]
                a.engaged = t
