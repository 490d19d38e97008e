"""team: minutes that complaints leave are good for replies to what users tell, a day later."""

from __future__ import annotations

import numpy as np

from koubei_sim.core.compiling import part
from koubei_sim.core.draws import draw32, stream
from koubei_sim.model.mechanisms.dilution import WEEK
from koubei_sim.model.mechanisms.team import DRAW_STAFF_REPLY, T_STAFF_REPLIES

BASE_STAFF_REPLY = 56  # offset in State.bases


@part
def prepare(s, r, t):
    """Compute the bases of today's coins."""
    for c in range(r.n_channels):
        s.bases[BASE_STAFF_REPLY + c] = stream(r.key, r.replicate, DRAW_STAFF_REPLY, t, c)


@part
def plan(s, r, t):
    """Reckon the chance of a reply by staff on each channel, from what users told yesterday."""
    if r.minutes_per_reply == 0.0:
        return
    for c in range(r.n_channels):
        told = s.told_in_week[c, (t + WEEK - 1) % WEEK]
        wanted = r.minutes_per_reply * np.float64(told)
        chance = min(1.0, s.spare[c] / wanted) if told > 0 else 0.0
        s.staff_reply32[c] = np.int64(chance * 4294967296.0)


@part
def replied(s, r, i, c, row):
    """Say whether staff reply to user `i`, who told on channel `c` and got no reply of a user."""
    if r.minutes_per_reply == 0.0:
        return False
    if draw32(s.bases[BASE_STAFF_REPLY + c], i) >= s.staff_reply32[c]:
        return False
    row[T_STAFF_REPLIES + c] += 1
    return True


@part
def rest(s, r, c, handled):
    """Note what the complaints handled today leave of the minutes of channel `c`."""
    spent = r.minutes_per_answer * np.float64(handled)
    s.spare[c] = max(0.0, r.staff_minutes[c] - spent)
