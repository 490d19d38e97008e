"""The schedule: nine steps a tick, in the fixed order of docs/model.md.

A tick is cut into phases where people meet: what nobody else's turn can change (`take_part_turns`,
`hear`) may be done for several parts of the people at the same time, what depends on everybody
(`begin_day`, `settle`, `end_day`) is done once.  `advance` runs them all for a run of one part;
`phases` has them one by one, for runs of several parts.
"""

from __future__ import annotations

from koubei_sim.core.compiling import kernel, part
from koubei_sim.model.kernels.age import forget_recruits, meet, review, reward_participants
from koubei_sim.model.kernels.decide import settle_claims, turn_away
from koubei_sim.model.kernels.hear import hear
from koubei_sim.model.kernels.observe import observe
from koubei_sim.model.kernels.online import choose_attendees, take_turns, tick_bases, who_is_online
from koubei_sim.model.kernels.release import fit_table, release
from koubei_sim.model.kernels.serve import answer_queues, let_leavers_go, queue_up
from koubei_sim.model.kernels.state import N_CLAIMS, N_LOG, N_LOG_BEFORE, N_REPORTS, N_TIES
from koubei_sim.model.kernels.supply import (
    draw_lots,
    lose_patience,
    sell_on_invites,
    sell_to_winners,
)


@part
def clear_lists(s):
    """Forget yesterday's work lists; log, online and ties live longer."""
    for k in range(N_CLAIMS, N_TIES):
        s.counts[k] = 0
    for k in range(N_TIES + 1, N_REPORTS):
        s.counts[k] = 0
    s.counts[N_LOG_BEFORE] = s.counts[N_LOG]


@part
def begin_day(s, r, t, row):
    """Prepare the coins of the day; release what is due."""
    clear_lists(s)
    tick_bases(s, r, t)
    released = release(s, r, t, row)
    if released or t in (0, r.open_to_all):
        fit_table(s, r, t)
    else:
        for k in range(r.n_products):
            if r.launch[k] == t:
                fit_table(s, r, t)


@part
def take_part_turns(s, r, t, row):
    """Online: the people of a part act, each for itself."""
    who_is_online(s)
    take_turns(s, r, t, row)


@part
def settle(s, r, t, row):
    """Settle what several people want at once: places, units, answers, recruits."""
    choose_attendees(s, r, t, row)
    settle_claims(s, r, t, row)
    if r.supply_on == 1:
        sell_on_invites(s, r, t, row)
        sell_to_winners(s, r, t, draw_lots(s, r, t), row)
    queue_up(s, r, t)
    answer_queues(s, r, t, row)


@part
def go_separate_ways(s, r, t, row):
    """Let those go who turn away, give up or leave, and come back who return: each for itself."""
    turn_away(s, r, t, row)
    if r.supply_on == 1:
        lose_patience(s, r, t, row)
    let_leavers_go(s, r, t, row)


@part
def end_day(s, r, t, quality, difficulty, row):
    """Write the stocks and the products into the day's rows."""
    observe(s, row)
    for k in range(r.n_products):
        quality[t, k] = s.quality[k]
        difficulty[t, k] = s.difficulty[k]


@part
def close_day(s, r, t, row):
    """Do all that comes after hearing, but for writing it down."""
    settle(s, r, t, row)
    go_separate_ways(s, r, t, row)
    meet(s, r, t)
    reward_participants(s, r, t)
    forget_recruits(s)
    review(s, r, t)


@part
def finish_day(s, r, t, quality, difficulty, row):
    """Do all that comes after hearing."""
    close_day(s, r, t, row)
    end_day(s, r, t, quality, difficulty, row)


@kernel
def advance(s, r, table, quality, difficulty, begin, until):
    """Run ticks `begin` .. `until` - 1; stop early when the log should be emptied.

    Returns the next tick to run.
    """
    for t in range(begin, until):
        if s.log.size - s.counts[N_LOG] < r.n:
            return t
        row = table[t]
        begin_day(s, r, t, row)
        take_part_turns(s, r, t, row)
        hear(s, r, t, row)
        finish_day(s, r, t, quality, difficulty, row)
    return until
