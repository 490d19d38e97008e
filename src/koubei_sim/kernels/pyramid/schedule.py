"""The schedule: nine steps a tick, in the fixed order of docs/model.md."""

from __future__ import annotations

from ..compiling import kernel
from .age import age
from .decide import decide
from .hear import hear
from .observe import observe
from .online import take_turns, tick_bases, who_is_online
from .release import fit_table, release
from .serve import serve
from .state import N_CLAIMS, N_LOG, N_LOG_BEFORE, N_REPORTS, N_TIES
from .supply import supply


@kernel
def advance(s, r, table, quality, difficulty, begin, until):
    """Run ticks `begin` .. `until` - 1; stop early when the log should be emptied.

    Returns the next tick to run.
    """
    for t in range(begin, until):
        if s.log.size - s.counts[N_LOG] < r.n:
            return t
        row = table[t]
        for k in range(N_CLAIMS, N_TIES):  # today's lists; log, online and ties live longer
            s.counts[k] = 0
        for k in range(N_TIES + 1, N_REPORTS):
            s.counts[k] = 0
        s.counts[N_LOG_BEFORE] = s.counts[N_LOG]
        tick_bases(s, r, t)
        released = release(s, r, t, row)
        if released or t in (0, r.open_to_all):
            fit_table(s, r, t)
        else:
            for k in range(r.n_products):
                if r.launch[k] == t:
                    fit_table(s, r, t)
        who_is_online(s)
        take_turns(s, r, t, row)
        hear(s, r, t, row)
        decide(s, r, t, row)
        if r.supply_on == 1:
            supply(s, r, t, row)
        serve(s, r, t, row)
        age(s, r, t)
        observe(s, row)
        for k in range(r.n_products):
            quality[t, k] = s.quality[k]
            difficulty[t, k] = s.difficulty[k]
    return until
