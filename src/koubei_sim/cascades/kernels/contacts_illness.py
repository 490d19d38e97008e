"""SIR and SIS over contacts with time stamps (docs/cascades.md 4).

An infection at time s lasts while ``t <= s + D``; a contact with a live coin passes it on.  One
pass over the contacts, coins first, as in `contacts`; nothing is scheduled, because whether an
infection is over is seen from its end when the next contact comes.

Called through `contacts_illness_batch` by `koubei_sim.cascades`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from koubei_sim.cascades.kernels.coins import ONE
from koubei_sim.cascades.kernels.contacts import (
    BLOCK,
    contacts_until,
    forget_active,
    is_live,
    plant_contacts,
    toss_contacts,
)
from koubei_sim.cascades.kernels.record import FIT, SCRATCH_FULL, record
from koubei_sim.core.codes import DRAW_ARC, DRAW_ARC_TIE, DRAW_DURATION
from koubei_sim.core.draws import draw, log_portable, stream, unit_open

MOST_NAMED = 127  # infections are numbered up to this in the results


class ContactsIllnessRule(NamedTuple):
    """Threshold of contacts as the top byte and the rest of ``T(beta)``; length of infections."""

    top: NDArray[np.int64]  # (1,): 0..255
    rest: NDArray[np.int64]  # (1,): 0..2**24
    tops: NDArray[np.uint8]  # (1, m + 8), or (0, 0) where all contacts have one threshold
    rests: NDArray[np.uint32]  # (1, m) or (0, 0)
    bound: int  # top[0]
    bounds: NDArray[np.uint8]  # (m + 8,), row 0 of `tops`, or (0,)
    gamma: float  # per unit of time; 0: never over
    constant: int  # 1: every infection lasts 1 / gamma
    again: int  # 1: SIS
    horizon: float  # last time


class ContactsIllnessScratch(NamedTuple):
    """What one thread needs; `room` infections (n for SIR)."""

    order: NDArray[np.int32]  # (room,)
    time: NDArray[np.float64]  # (room,)
    parent: NDArray[np.int32]  # (room,) or (0,)
    kind: NDArray[np.int8]  # (room,): number of the infection, at most 127
    until: NDArray[np.float64]  # (room,): end of the infection
    number: NDArray[np.int64]  # (room,): number of the infection of its person, from 0
    active: NDArray[np.uint64]  # bitset of n: infected at some time
    place: NDArray[np.int32]  # (n,): place of the latest infection
    through: NDArray[np.int64]  # (room,): contact that passed it on
    maybe: NDArray[np.uint64]  # (BLOCK,)
    listed: NDArray[np.int64]  # (8 BLOCK,)


def contacts_illness_scratch(n: int, forest: bool, room: int) -> ContactsIllnessScratch:
    """Make clean scratch space for n people and `room` infections (n at least)."""
    room = max(room, n, 1)
    return ContactsIllnessScratch(
        order=np.empty(room, np.int32),
        time=np.empty(room, np.float64),
        parent=np.empty(room if forest else 0, np.int32),
        kind=np.empty(room, np.int8),
        until=np.empty(room, np.float64),
        number=np.empty(room, np.int64),
        active=np.zeros((n + 63) >> 6, np.uint64),
        place=np.empty(n, np.int32),
        through=np.empty(room, np.int64),
        maybe=np.empty(BLOCK, np.uint64),
        listed=np.empty(8 * BLOCK, np.int64),
    )


@njit(cache=True, nogil=True)
def _lasts(rule, key, replicate, number, v):
    """How long infection `number` of person `v` lasts."""
    if rule.gamma == 0.0:
        return np.inf
    if rule.constant != 0:
        return 1.0 / rule.gamma
    base = stream(key, replicate, DRAW_DURATION, number, 0)
    return -log_portable(unit_open(draw(base, v))) / rule.gamma


@njit(cache=True, nogil=True)
def _infect(rule, s, key, replicate, k, v, number, now):
    """Person `v` is infected for the time `number` (from 0), at place `k`; return the end."""
    s.order[k] = v
    s.time[k] = now
    s.number[k] = number
    s.kind[k] = np.int8(min(number, MOST_NAMED)) if rule.again != 0 else np.int8(0)
    end = now + _lasts(rule, key, replicate, number, v)
    s.until[k] = end
    s.place[v] = k
    return end


@njit(cache=True, nogil=True)
def _run(contacts, rule, s, key, replicate, n):
    """Run one replicate whose `n` seeds are planted; return (infections, people).

    People are -1 where the infections did not fit.
    """
    base = stream(key, replicate, DRAW_ARC, 0, 0)
    low = stream(key, replicate, DRAW_ARC, 0, 1)
    tie = stream(key, replicate, DRAW_ARC_TIE, 0, 0)
    active, place, time, until = s.active, s.place, s.time, s.until
    source, target, when = contacts.source, contacts.target, contacts.time
    forest = s.parent.size > 0
    seeds = n
    people = n
    over = -np.inf  # when the last infection ends
    for k in range(seeds):
        over = max(over, _infect(rule, s, key, replicate, k, s.order[k], 0, time[k]))
    last = contacts_until(contacts, rule.horizon) if n > 0 else 0
    for begin in range(0, last, 8 * BLOCK):
        if when[begin] > over:
            break
        if rule.again == 0 and people == contacts.n and when[begin] > time[n - 1]:
            break
        end = min(begin + 8 * BLOCK, last)
        count = toss_contacts(rule, s, base, begin, end)
        for i in range(count):
            c = s.listed[i]
            u = source[c]
            if not (active[u >> 6] >> np.uint64(u & 63)) & ONE:
                continue
            now = when[c]
            of = place[u]
            if until[of] < now or (of >= seeds and time[of] >= now):
                continue
            v = target[c]
            number = np.int64(0)
            if (active[v >> 6] >> np.uint64(v & 63)) & ONE:
                k = place[v]
                if k >= seeds and time[k] == now:  # infected at this moment: who came first?
                    if forest and is_live(rule, base, low, c, 0):
                        a = draw(tie, c)
                        b = draw(tie, s.through[k])
                        if a < b or (a == b and c < s.through[k]):
                            s.through[k] = c
                            s.parent[k] = u
                    continue
                if rule.again == 0 or now <= until[k]:
                    continue
                number = s.number[k] + 1
            if not is_live(rule, base, low, c, 0):
                continue
            if n == s.order.size:
                return n, np.int64(-1)
            if number == 0:
                active[v >> 6] |= ONE << np.uint64(v & 63)
                people += 1
            over = max(over, _infect(rule, s, key, replicate, n, v, number, now))
            s.through[n] = c
            if forest:
                s.parent[n] = u
            n += 1
    return n, people


@njit(cache=True, nogil=True)
def contacts_illness_batch(contacts, rule, scratch, seeds, out, key, first, lo, hi):
    """Run replicates ``first + lo .. first + hi - 1``; return `hi`, or the first that did not fit.

    All arguments but the last four are blocks: `Contacts`, `ContactsIllnessRule`,
    `ContactsIllnessScratch`, `Seeds`, `Output`.
    """
    for i in range(lo, hi):
        n = plant_contacts(contacts, scratch, seeds, out, i)
        n, people = _run(contacts, rule, scratch, key, first + i, n)
        if people < 0:
            out.state[1] = SCRATCH_FULL
            fit = SCRATCH_FULL
        else:
            fit = record(out, scratch, i, first + i, n, people)
        forget_active(scratch, n)
        if fit != FIT:
            return i
    return hi
