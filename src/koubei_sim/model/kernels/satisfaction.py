"""satisfaction: what the product gives this user, less what the user asks of it."""

from __future__ import annotations

from koubei_sim.core.compiling import part
from koubei_sim.model.kernels.engagement import present


@part
def satisfaction(s, r, a, t):
    """Satisfaction of actor record `a`; below zero the user is unhappy."""
    k = a.product
    x = r.class_level[a.agent_class] / 127.0
    e = present(a, r, t)
    value = (
        s.quality[k]
        - s.difficulty[k] * (1.0 - x)
        + a.taste
        - r.bar[k]
        + r.loyalty_bonus * (e / (1.0 + e))
    )
    if a.served_until >= t:
        value = value + r.service_bonus * (a.served_worth / 65536.0)
    return value
