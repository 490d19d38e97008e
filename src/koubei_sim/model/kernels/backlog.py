"""backlog: what users miss in a product, votes that bring it up, releases that meet and break.

Whether a person has a need is a keyed coin of person and need, tossed anew whenever it is asked: so
nothing is stored by person.  A need is had by experts or by newbies rather, by a weight that is
linear in the level of expertise.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from koubei_sim.core.codes import USER
from koubei_sim.core.compiling import part
from koubei_sim.core.draws import (
    draw,
    draw32,
    exp_neg_portable,
    log_portable,
    pick,
    stream,
    unit_open,
)
from koubei_sim.model.mechanisms.backlog import (
    DRAW_FIX,
    DRAW_HAS_NEED,
    DRAW_NEED,
    DRAW_NEW_NEEDS,
    DRAW_VOTE,
    KIND,
    REGRESS,
    SEVERITY,
    SHARE,
    SLOTS,
    T_NEEDS_MET,
    T_NEEDS_NEW,
    T_NEEDS_OPEN,
)

MOST_ASKED, LOUDEST, SEVEREST = 0, 1, 2


@njit(cache=True, inline="always")
def share_of_level(share32, expert, level):
    """Return the threshold of having a need at a level of expertise: twice the mean at one end."""
    weight = level if expert == 1 else 127 - level
    return (share32 * 2 * weight) // 127


@part
def property_of(r, k, number, which):
    """Return 64 bits that belong to a need."""
    return draw(stream(r.key, r.replicate, DRAW_NEED, number, 4 * which + k), 0)


@part
def come_up(s, r, k, row):
    """Let a new need of product `k` come up, where there is a free slot."""
    number = s.needs_so_far[k]
    for slot in range(SLOTS):
        if s.need_number[k, slot] >= 0:
            continue
        e = r.need_exponent[k]
        tail = exp_neg_portable(-log_portable(unit_open(property_of(r, k, number, SHARE))) / e)
        share = min(1.0, r.need_share[k] * (e - 1.0) / e / tail)
        severe = -log_portable(unit_open(property_of(r, k, number, SEVERITY)))
        kind = np.int64(property_of(r, k, number, KIND) >> np.uint64(32))
        s.need_number[k, slot] = number
        s.need_base[k, slot] = stream(r.key, r.replicate, DRAW_HAS_NEED, number, k)
        s.need_share32[k, slot] = np.int64(share * 4294967296.0)
        s.need_expert[k, slot] = 1 if kind < r.expert_needs32[k] else 0
        s.need_loss[k, slot] = r.need_severity[k] * severe
        s.need_votes[k, slot] = 0
        s.needs_so_far[k] = number + 1
        row[T_NEEDS_NEW] += 1
        return


@part
def morning(s, r, t, row):
    """Let the needs of the day come up."""
    if r.backlog_on == 0:
        return
    for k in range(r.n_products):
        if t == r.launch[k]:
            for _ in range(r.needs[k]):
                come_up(s, r, k, row)
        elif t > r.launch[k]:
            coin = draw32(stream(r.key, r.replicate, DRAW_NEW_NEEDS, t, k), 0)
            whole = np.int64(r.new_needs[k])
            rest = np.int64((r.new_needs[k] - np.float64(whole)) * 4294967296.0)
            for _ in range(whole + np.int64(coin < rest)):
                come_up(s, r, k, row)


@part
def has_need(s, k, slot, i, level):
    """Say whether agent `i` has the need in a slot, which is open."""
    limit = share_of_level(s.need_share32[k, slot], s.need_expert[k, slot], level)
    return draw32(s.need_base[k, slot], i) < limit


@part
def missed(s, r, i, k, level):
    """Return the satisfaction that agent `i` loses by what it misses in product `k`."""
    lost = 0.0
    if r.backlog_on == 1:
        for slot in range(SLOTS):
            if s.need_number[k, slot] >= 0 and has_need(s, k, slot, i, level):
                lost += s.need_loss[k, slot]
    return lost


@part
def missed_on_average(s, r, k, level):
    """Return what people of a level of expertise miss in product `k` on average."""
    lost = 0.0
    if r.backlog_on == 1:
        for slot in range(SLOTS):
            if s.need_number[k, slot] >= 0:
                limit = share_of_level(s.need_share32[k, slot], s.need_expert[k, slot], level)
                share = np.float64(min(limit, 1 << 32)) / 4294967296.0
                lost += s.need_loss[k, slot] * share
    return lost


@part
def vote_of(s, r, t, k, i):
    """Return the slot of the need that a report of agent `i` speaks of, or -1."""
    level = np.int64(r.class_level[s.actor[i].agent_class])
    count = 0
    for slot in range(SLOTS):
        if s.need_number[k, slot] >= 0 and has_need(s, k, slot, i, level):
            count += 1
    if count == 0:
        return -1
    wanted = pick(draw32(stream(r.key, r.replicate, DRAW_VOTE, t, k), i), count)
    for slot in range(SLOTS):
        if s.need_number[k, slot] >= 0 and has_need(s, k, slot, i, level):
            if wanted == 0:
                return slot
            wanted -= 1
    return -1


@part
def count_votes(s, r, t, k):
    """Read the reports on product `k` as votes; the content of a report is now its slot."""
    heap = s.reports[k]
    for m in range(s.n_reports[k]):
        i = heap[m].agent
        slot = vote_of(s, r, t, k, i)
        heap[m].content = slot
        if slot >= 0:
            weight = 1
            if r.fix_rule[k] == LOUDEST and s.stage[i] == USER:
                weight = 1 << np.int64(s.actor[i].tier)
            s.need_votes[k, slot] += weight


@part
def urgency(s, r, t, k, slot):
    """Return by what the needs that were asked for are put in order."""
    if r.fix_rule[k] == MOST_ASKED or r.fix_rule[k] == LOUDEST:
        return np.float64(s.need_votes[k, slot])
    if r.fix_rule[k] == SEVEREST:
        return s.need_loss[k, slot]
    base = stream(r.key, r.replicate, DRAW_FIX, s.need_number[k, slot], k)
    return np.float64(draw32(base, t))


@part
def meet_needs(s, r, t, k, row):
    """Meet the most urgent needs that were asked for; a fix may break something.

    Returns the slots that were met, as bits.
    """
    met = np.uint64(0)
    for _ in range(r.fixes[k]):
        best = -1
        most = -1.0
        for slot in range(SLOTS):
            if s.need_number[k, slot] < 0 or s.need_votes[k, slot] == 0:
                continue
            if urgency(s, r, t, k, slot) > most:
                best = slot
                most = urgency(s, r, t, k, slot)
        if best < 0:
            break
        met |= np.uint64(1) << np.uint64(best)
        number = s.need_number[k, best]
        s.need_votes[k, best] = 0
        s.need_number[k, best] = -1
        row[T_NEEDS_MET] += 1
        if np.int64(property_of(r, k, number, REGRESS) >> np.uint64(32)) < r.regressions32[k]:
            come_up(s, r, k, row)
    return met


@njit(cache=True, inline="always")
def is_met(met, slot):
    """Say whether a slot (or none, -1) is among those that were met."""
    return slot >= 0 and (met >> np.uint64(slot)) & np.uint64(1) != 0


@part
def evening(s, r, row):
    """Count the open needs."""
    if r.backlog_on == 1:
        for k in range(r.n_products):
            for slot in range(SLOTS):
                row[T_NEEDS_OPEN] += np.int64(s.need_number[k, slot] >= 0)
