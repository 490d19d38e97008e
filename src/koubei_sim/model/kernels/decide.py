"""decide: the claimed adopt or wait, in one order for all."""

from __future__ import annotations

import numpy as np

from koubei_sim.core.compiling import part
from koubei_sim.core.prefetch import prefetch
from koubei_sim.model.kernels.supply import adopt_or_wait

CLAIMS_AHEAD = 12


@part
def settle_claims(s, r, t, row):
    """Let the claimed adopt, or wait: by ascending number, for one may be the other's recruiter."""
    count = s.n_claims[0]
    if count > 0:
        order = np.argsort(s.claims[:count]["agent"])
        actors, listeners = s.actor.ctypes.data, s.listener.ctypes.data
        width, listener_width = np.uintp(s.actor.itemsize), np.uintp(s.listener.itemsize)
        for k in range(count):
            if k + CLAIMS_AHEAD < count:
                ahead = s.claims[order[k + CLAIMS_AHEAD]]
                prefetch(actors + np.uintp(ahead.agent) * width)
                prefetch(listeners + np.uintp(ahead.agent) * listener_width)
                if ahead.recruiter >= 0:
                    prefetch(actors + np.uintp(ahead.recruiter) * width)
            adopt_or_wait(s, r, t, s.claims[order[k]], row)
