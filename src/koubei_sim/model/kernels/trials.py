"""trials: in the evening of a given day chosen users get a unit of a good."""

from __future__ import annotations

import numpy as np

from koubei_sim.core.codes import USER
from koubei_sim.core.compiling import part
from koubei_sim.core.draws import stream
from koubei_sim.model.kernels.engagement import add_engagement
from koubei_sim.model.kernels.sets import smallest
from koubei_sim.model.mechanisms.goods import NOTHING, RIVALS, T_HAVING, T_SPENT, T_SWITCHED_TO
from koubei_sim.model.mechanisms.trials import DRAW_TRIAL, T_TRIALS


@part
def candidates(s, r, first):
    """Write the users without a good of ours, and no booking, into `s.buyers`, some first.

    Returns their number and how many of them are enthusiasts, who stand in front where `first`.
    """
    count, front = 0, 0
    for i in range(s.first, s.last):
        if s.stage[i] != USER or s.booking[i] != NOTHING or s.has[i] not in (NOTHING, RIVALS):
            continue
        s.buyers[count] = i
        if first and r.class_enthusiast[s.actor[i].agent_class] == 1:
            s.buyers[count] = s.buyers[front]
            s.buyers[front] = i
            front += 1
        count += 1
    return count, front


@part
def hand_out(s, r, t, row):
    """Hand the trial units of today out, and something to tell of with them."""
    for g in range(r.n_goods):
        if r.trials[g] == 0 or t != r.trials_at[g]:
            continue
        count, front = candidates(s, r, r.trials_first[g] == 1)
        wanted = min(count, r.trials[g])
        base = stream(r.key, r.replicate, DRAW_TRIAL, t, g)
        early = min(front, wanted)
        smallest(s.buyers, front, early, base, s.sort_keys)
        if wanted > early:
            smallest(s.buyers[front:], count - front, wanted - early, base, s.sort_keys)
        for k in range(wanted):
            i = s.buyers[k]
            row[T_TRIALS + g] += 1
            row[T_SPENT + g] += np.int64(s.cost_now[g] * 100.0)
            row[T_SWITCHED_TO] += np.int64(s.has[i] == RIVALS)
            row[T_HAVING + g] += 1
            s.has[i] = g
            s.given[i] = 1
            add_engagement(s, r, i, t, r.trials_gain[g])
            s.actor[i].last_story = t
