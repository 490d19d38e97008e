"""engagement: how much a user is bound, its lazy decay, and promotion through the tiers.

Stored as (value, tick of last change).  The lazy form *is* the definition: a value is decayed
once, over the whole gap, when it is next used.  Called by all submodels in which users gain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.core.codes import CASUAL, CORE
from koubei_sim.model.reference.segments import gains_as

if TYPE_CHECKING:
    from koubei_sim.model.reference.state import Person, Pyramid

MOST_INVITES = 255


def present_engagement(model: Pyramid, t: int, user: Person) -> float:
    """Return the engagement of a user at tick t."""
    decay = model.rules.engagement_decay[user.rank]
    return user.engagement * decay[t - user.engagement_at]


def store_engagement(t: int, user: Person, value: float) -> None:
    """Keep `value` as the engagement at tick t."""
    user.engagement = value
    user.engagement_at = t


def add_engagement(model: Pyramid, t: int, user: Person, gain: float) -> None:
    """Add a gain at tick t and promote.

    A gain of exactly 0.0 is no gain: storing would round the lazy decay differently, and a
    mechanism at its neutral value must leave every bit as it was.
    """
    gain = gains_as(model, user, gain)
    if gain == 0.0:
        return
    store_engagement(t, user, present_engagement(model, t, user) + gain)
    promote(model, user)


def first_invites(model: Pyramid, user: Person) -> None:
    """Grant the invites of the lowest tier, and no others."""
    user.invites = min(MOST_INVITES, model.rules.invite_grant[CASUAL])


def promote(model: Pyramid, user: Person) -> None:
    """Raise the tier while the stored engagement reaches the next one; each grants invites."""
    rules = model.rules
    while user.tier < CORE and user.engagement >= rules.tier_threshold[user.tier + 1]:
        user.tier += 1
        user.invites = min(MOST_INVITES, user.invites + rules.invite_grant[user.tier])


def stick(model: Pyramid, t: int, user: Person, c: int) -> None:
    """Let the half-life of channel c hold from now on, if it is longer than the present one.

    What has decayed so far has decayed at the old half-life: settle first.
    """
    rank = model.rules.channel_rank[c]
    if rank > user.rank:
        store_engagement(t, user, present_engagement(model, t, user))
        user.rank = rank
