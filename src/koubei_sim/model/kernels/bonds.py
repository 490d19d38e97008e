"""bonds: stored with the tick of their last change, faded when looked at."""

from __future__ import annotations

import numpy as np

from koubei_sim.core.compiling import part
from koubei_sim.core.prefetch import prefetch


@part
def fetch(s, r, i):
    """Ask for the bond of agent `i`, before it is its turn."""
    if r.bonds_on == 1:
        prefetch(s.bond.ctypes.data + np.uintp(8) * np.uintp(i))
        prefetch(s.bound_at.ctypes.data + np.uintp(4) * np.uintp(i))


@part
def bound(s, r, i, t):
    """Return the bond of agent `i` now, between 0 and 1."""
    if r.bonds_on == 0:
        return 0.0
    return s.bond[i] * r.bond_left[t - s.bound_at[i]]


@part
def move(s, r, i, t, share, towards):
    """Take the bond of agent `i` a share of the way towards a level."""
    if r.bonds_on == 0 or share == 0.0:
        return
    b = bound(s, r, i, t)
    s.bond[i] = b + share * (towards - b)
    s.bound_at[i] = t


@part
def bind(s, r, i, t):
    """Let a reply or an answer bind agent `i`."""
    move(s, r, i, t, r.bond_growth, 1.0)


@part
def visit(s, r, i, t, m):
    """Let user `i` see for itself, at meeting `m`, what the product is worth to it."""
    if r.meeting_visit[m] > 0.0:
        a = s.actor[i]
        move(s, r, i, t, r.meeting_visit[m], s.fit16[a.product, a.agent_class] / 65536.0)


@part
def trusted(s, r, i, t, hazard):
    """Return the hazard of what user `i` praises, who convinces more where it is bound."""
    if r.bonds_on == 0:
        return hazard
    gain = 1.0 + r.bond_gain * bound(s, r, i, t)
    return (hazard * np.int64(gain * 65536.0)) >> 16
