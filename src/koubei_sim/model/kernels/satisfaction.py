"""satisfaction: what the product gives this user, less what the user asks of it."""

from __future__ import annotations

import numpy as np

from koubei_sim.core.compiling import part
from koubei_sim.model.kernels.backlog import missed
from koubei_sim.model.kernels.belonging import contented
from koubei_sim.model.kernels.engagement import present
from koubei_sim.model.kernels.expectations import asked_for, follow


@part
def satisfaction(s, r, i, t):
    """Satisfaction of user `i`; below zero it is unhappy.  What it expects follows."""
    a = s.actor[i]
    k = a.product
    level = np.int64(r.class_level[a.agent_class])
    given = s.quality[k] - s.difficulty[k] * (1.0 - level / 127.0) + a.taste
    e = present(a, r, t)
    value = given - asked_for(s, r, i, k, level) + r.loyalty_bonus * (e / (1.0 + e))
    if a.served_until >= t:
        value = value + r.service_bonus * (a.served_worth / 65536.0)
    value = value + contented(s, r, i)
    lost = missed(s, r, i, k, level)
    follow(s, r, i, t, given - lost)
    return value - lost
