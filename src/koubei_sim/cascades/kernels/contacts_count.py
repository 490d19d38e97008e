"""Reinforcement over contacts with time stamps: convinced by the n-th contact (docs/cascades.md 4).

One pass over the contacts in order of time, with a count for each person.  With a window the
times of a person's last `need` contacts stand in a ring: the person is convinced when the oldest
of them is still inside the window.  Contacts of one time stamp need no bookkeeping: each of them
can only help, so it does not matter which of them completes the count.  Some 7 ns a contact
where everybody is reached, 14 with a window.

Called through `contacts_count_batch` by `koubei_sim.cascades`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from koubei_sim.cascades.kernels.coins import ONE
from koubei_sim.cascades.kernels.contacts import contacts_until, forget_active, plant_contacts
from koubei_sim.cascades.kernels.record import FIT, record
from koubei_sim.core.codes import DRAW_ARC_TIE
from koubei_sim.core.draws import draw, stream
from koubei_sim.core.prefetch import prefetch

AHEAD = 16  # contacts ahead of which the count of the target is asked for


class ContactsCountRule(NamedTuple):
    """How many contacts convince whom."""

    need: NDArray[np.int32]  # (n,)
    free: NDArray[np.int32]  # people with need 0 or below, ascending
    rings: NDArray[np.int64]  # (n + 1,): where rings start, or (0,) without a window
    window: float  # inf: all contacts count
    horizon: float  # last time


class ContactsCountScratch(NamedTuple):
    """What one thread needs for cascades over n people."""

    order: NDArray[np.int32]  # (n + 1,)
    time: NDArray[np.float64]  # (n + 1,)
    parent: NDArray[np.int32]  # (n + 1,) or (0,)
    kind: NDArray[np.int8]  # (0,)
    until: NDArray[np.float64]  # (0,)
    active: NDArray[np.uint64]  # bitset of n
    place: NDArray[np.int32]  # (n,): place in order of the active
    count: NDArray[np.int32]  # (n,): contacts with active people so far
    best: NDArray[np.int64]  # (n,) or (0,): first among equals of the latest time stamp
    ring: NDArray[np.float64]  # (rings[n],) or (0,)
    touched: NDArray[np.int32]  # (n,): people whose count is not 0


def contacts_count_scratch(n: int, forest: bool, rings: NDArray[np.int64]) -> ContactsCountScratch:
    """Make clean scratch space for n people and the rings of the rule."""
    return ContactsCountScratch(
        order=np.empty(n + 1, np.int32),
        time=np.empty(n + 1, np.float64),
        parent=np.empty(n + 1 if forest else 0, np.int32),
        kind=np.empty(0, np.int8),
        until=np.empty(0, np.float64),
        active=np.zeros((n + 63) >> 6, np.uint64),
        place=np.empty(n, np.int32),
        count=np.zeros(n, np.int32),
        best=np.empty(n if forest else 0, np.int64),
        ring=np.empty(int(rings[-1]) if rings.size else 0, np.float64),
        touched=np.empty(n, np.int32),
    )


def ring_starts(need: NDArray[np.int32], target: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return where each person's ring of contact times starts, (n + 1,) int64.

    People with fewer contacts than they need are never convinced and have no ring.

    Examples
    --------
    >>> ring_starts(np.array([2, 1, 2], np.int32), np.array([0, 1, 0, 2], np.int32)).tolist()
    [0, 2, 3, 3]
    """
    met = np.bincount(target, minlength=need.size)
    starts = np.zeros(need.size + 1, np.int64)
    np.cumsum(np.where((need > 0) & (met >= need), need, 0), out=starts[1:])
    return starts


@njit(cache=True, nogil=True)
def _convinced(rule, s, v, now):
    """Count one more contact of `v`, at time `now`; return whether it has met enough."""
    count = s.count[v] + 1
    s.count[v] = count
    need = np.int64(rule.need[v])
    if rule.rings.size == 0:
        return count >= need
    start = rule.rings[v]
    if rule.rings[v + 1] == start:
        return False
    s.ring[start + count % need] = now
    return count >= need and s.ring[start + (count + 1) % need] > now - rule.window


@njit(cache=True, nogil=True)
def _run(contacts, rule, s, tie, n):
    """Run one replicate whose `n` seeds are planted; return (people, people touched)."""
    active, place, time, count = s.active, s.place, s.time, s.count
    source, target, when = contacts.source, contacts.target, contacts.time
    at_count = count.ctypes.data
    forest = s.parent.size > 0
    seeds = n
    touched = 0
    last = contacts_until(contacts, rule.horizon)
    if last > 0:
        for v in rule.free:  # nobody has to convince them: at the first contact of all
            if not (active[v >> 6] >> np.uint64(v & 63)) & ONE:
                active[v >> 6] |= ONE << np.uint64(v & 63)
                place[v] = n
                s.order[n] = v
                time[n] = when[0]
                if forest:
                    s.parent[n] = -1
                n += 1
    if n == 0:
        return 0, 0
    for c in range(last):
        if c + AHEAD < last:
            prefetch(np.uint64(at_count + 4 * np.int64(target[c + AHEAD])))
        u = source[c]
        if not (active[u >> 6] >> np.uint64(u & 63)) & ONE:
            continue
        now = when[c]
        if place[u] >= seeds and time[place[u]] >= now:
            continue
        v = target[c]
        if (active[v >> 6] >> np.uint64(v & 63)) & ONE:
            k = place[v]
            if forest and time[k] == now and s.parent[k] >= 0:
                a = draw(tie, c)
                b = draw(tie, s.best[v])
                if a < b or (a == b and c < s.best[v]):
                    s.best[v] = c
                    s.parent[k] = u
            elif n == contacts.n and now > time[n - 1]:
                break
            continue
        if count[v] == 0:
            s.touched[touched] = v
            touched += 1
            if forest:
                s.best[v] = c
        elif forest:
            if when[s.best[v]] == now:
                a = draw(tie, c)
                b = draw(tie, s.best[v])
                if a < b or (a == b and c < s.best[v]):
                    s.best[v] = c
            else:
                s.best[v] = c
        if _convinced(rule, s, v, now):
            active[v >> 6] |= ONE << np.uint64(v & 63)
            place[v] = n
            s.order[n] = v
            time[n] = now
            if forest:
                s.parent[n] = source[s.best[v]]
            n += 1
    return n, touched


@njit(cache=True, nogil=True)
def contacts_count_batch(contacts, rule, scratch, seeds, out, key, first, lo, hi):
    """Run replicates ``first + lo .. first + hi - 1``; return `hi`, or the first that did not fit.

    All arguments but the last four are blocks: `Contacts`, `ContactsCountRule`,
    `ContactsCountScratch`, `Seeds`, `Output`.
    """
    for i in range(lo, hi):
        n = plant_contacts(contacts, scratch, seeds, out, i)
        tie = stream(key, first + i, DRAW_ARC_TIE, 0, 0)
        n, touched = _run(contacts, rule, scratch, tie, n)
        fit = record(out, scratch, i, first + i, n, n)
        for k in range(touched):
            scratch.count[scratch.touched[k]] = 0
        forget_active(scratch, n)
        if fit != FIT:
            return i
    return hi
