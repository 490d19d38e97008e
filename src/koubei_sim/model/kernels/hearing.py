"""What one listener does with what arrives: shared by feeds, boards and own media.

Whether something is seen is a keyed coin of its own (`feeds`, `boards`).  What is seen makes aware
and persuades, both at once, and persuasion needs no draw: a listener converts when its accumulated
hazard crosses a resistance drawn once (Sellke 1983), so what is seen only adds an integer.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from koubei_sim.core.codes import AWARE, CLAIMED, UNAWARE
from koubei_sim.core.compiling import part
from koubei_sim.core.draws import HAZARD_CAP, RESISTANCE_SHIFT, exp_neg_portable
from koubei_sim.model.kernels.copying import crowded
from koubei_sim.model.kernels.events import lifted
from koubei_sim.model.kernels.reinforcement import enough_tellers
from koubei_sim.model.kernels.relays import note_newly
from koubei_sim.model.mechanisms.hearing import T_NEWLY_AWARE
from koubei_sim.model.mechanisms.population import T_STAGE


@njit(cache=True, inline="always")
def touch(v, t, memory_leak, memory20):
    """Let the hazard leak for the ticks since anything was last seen.

    The table is passed by itself: loops over listeners take it out of the rules once.
    """
    since = t - np.int64(v.touched)
    if since > 0:
        if memory_leak:
            v.hazard = (v.hazard * memory20[since]) >> 20
        v.touched = t


@part
def seen_below(s, r, c, t):
    """Return what the coin of a message on feed `c` must stay below to be seen today."""
    hazard = crowded(s, lifted(r, r.see_hazard[c], c, t))
    return np.int64((1.0 - exp_neg_portable(np.float64(hazard) / 4294967296.0)) * 4294967296.0)


@part
def become_aware(s, r, i, t, heard, row):
    """Cross from unaware to aware, now: what comes later in the tick can already claim."""
    v = s.listener[i]
    v.stage = AWARE
    v.heard = heard
    s.stage[i] = AWARE
    s.change[T_STAGE + UNAWARE] -= 1
    s.change[T_STAGE + AWARE] += 1
    s.actor[i].last_story = t
    row[T_NEWLY_AWARE] += 1
    note_newly(s, r, i)


@part
def claim(s, i, recruiter, channel, product):
    """Note who won agent `i`; it hears no more in this tick."""
    s.listener[i].stage = CLAIMED
    k = s.n_claims[0]
    c = s.claims[k]
    c.agent = i
    c.recruiter = recruiter
    c.channel = channel
    c.product = product
    s.n_claims[0] = k + 1


@njit(cache=True, inline="always")
def notice(s, r, i, v, t, heard, row):
    """See something: who was unaware is aware from now on (`heard`: as in its record)."""
    if v.stage == UNAWARE:
        become_aware(s, r, i, t, heard, row)


@njit(cache=True, inline="always")
def hears_positive(v, y, fit, reinforcement, need, i):
    """Add hazard `y`; return whether all conditions of adoption now hold."""
    total = min(v.hazard + y, HAZARD_CAP)
    v.hazard = total
    return (
        v.stage == AWARE
        and total >= np.int64(v.resist_adopt) << RESISTANCE_SHIFT
        and fit > 0
        and enough_tellers(v, reinforcement, need, i)
    )
