"""engagement: stored with the tick of its last change, decayed when looked at; tiers follow it."""

from __future__ import annotations

from numba import njit

from koubei_sim.core.bits import insert, remove
from koubei_sim.core.compiling import part
from koubei_sim.model.kernels.segments import gaining
from koubei_sim.model.mechanisms.loyalty import T_ENTHUSIAST_TIER, T_TIER


@njit(cache=True, inline="always")
def present(a, r, t):
    """Engagement of actor record `a` now: the lazy form is the definition."""
    return a.engagement * r.engagement_decay[a.rank, t - a.engaged]


@part
def move_tier(s, r, i, a, tier):
    """Put a user into another tier and keep the stocks right."""
    old = a.tier
    if tier > 0:
        insert(s.raised, i)
    else:
        remove(s.raised, i)
    s.change[T_TIER + old] -= 1
    s.change[T_TIER + tier] += 1
    if r.class_enthusiast[a.agent_class] == 1:
        s.change[T_ENTHUSIAST_TIER + old] -= 1
        s.change[T_ENTHUSIAST_TIER + tier] += 1
    a.tier = tier


@part
def first_invites(r, a):
    """Grant the invites of the lowest tier, and no others."""
    a.invites = min(255, r.invite_grant[0])


@part
def begin_as_user(s, r, t, i, a):
    """Let agent `i` begin as a user: unbound, in the tier that its engagement gives."""
    a.engagement = r.newcomer_engagement
    a.engaged = t
    a.rank = 0
    a.tier = 0
    first_invites(r, a)
    s.change[T_TIER] += 1
    if r.class_enthusiast[a.agent_class] == 1:
        s.change[T_ENTHUSIAST_TIER] += 1
    promote(s, r, i, a)


@part
def leave_tier(s, r, i, a):
    """Take a user who leaves out of its tier."""
    s.change[T_TIER + a.tier] -= 1
    if r.class_enthusiast[a.agent_class] == 1:
        s.change[T_ENTHUSIAST_TIER + a.tier] -= 1
    remove(s.raised, i)


@part
def promote(s, r, i, a):
    """Raise the tier at the moment of the gain; each new tier grants its invites."""
    while a.tier < 3 and a.engagement >= r.tier_threshold[a.tier + 1]:
        move_tier(s, r, i, a, a.tier + 1)
        a.invites = min(255, a.invites + r.invite_grant[a.tier])


@part
def add_engagement(s, r, i, t, gain):
    """Add `gain` to the present engagement of user `i` (a gain of 0 is no gain)."""
    if gain == 0.0:
        return
    a = s.actor[i]
    gain = gaining(r, a, gain)
    if gain == 0.0:
        return
    a.engagement = present(a, r, t) + gain
    a.engaged = t
    if a.tier < 3 and a.engagement >= r.tier_threshold[a.tier + 1]:
        promote(s, r, i, a)


@part
def stick(s, r, i, t, channel):
    """A longer half-life sticks: that of the stickiest channel that answered or was joined."""
    a = s.actor[i]
    if r.channel_rank[channel] > a.rank:
        a.engagement = present(a, r, t)
        a.engaged = t
        a.rank = r.channel_rank[channel]
