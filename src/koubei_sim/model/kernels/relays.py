"""relays: who became aware today, and still is, talks about it for some days."""

from __future__ import annotations

from koubei_sim.core.bits import insert
from koubei_sim.core.codes import AWARE
from koubei_sim.core.compiling import part


@part
def note_newly(s, r, i):
    """Note that agent `i` has become aware."""
    if r.relay_on == 1:
        s.newly[s.n_newly[0]] = i
        s.n_newly[0] += 1


@part
def begin_to_relay(s, r, t):
    """Let those talk who became aware today and were neither won nor turned away."""
    for k in range(s.n_newly[0]):
        i = s.newly[k]
        if s.stage[i] == AWARE:
            s.actor[i].talk_until = t + r.relay_days
            insert(s.talkers, i)
