"""Rules on contacts with time stamps: competing (and independent), SIR and SIS, reinforcement.

docs/cascades.md 4; one pass over the contacts in order of time.  Coins come first: they do not
depend on who is active, so those of 8,192 contacts are tossed in vectors, and only the contacts
whose coin can be below the threshold are looked at.  A person acts strictly after its own
activation, so comparing two times replaces any bookkeeping of time stamps: a target that became
active at this very time is one for which several contacts compete.  An infection is not scheduled
to end: whether it is over is seen from its end when the next contact comes.  Reinforcement has no
coins but a count for each person; with a window the times of a person's last `need` contacts stand
in a ring, and the person is convinced when the oldest of them is still inside the window.

Measured on one core of a Zen 5 class machine, 2 M contacts among 100 k people: 0.2 ns a contact
at p = .01, 2.4 at p = .1 (a quarter reached), 7 at p = 1 (all reached; nothing but wrong guesses
of branches); reinforcement 7, with a window 14.  Replicates as bits of a word would spare nothing,
since each needs coins of its own.

Called by `koubei_sim.cascades.rules`: `competing`, `epidemics`, `counting`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from koubei_sim.cascades.kernels.coins import (
    BYTES,
    HIGH,
    coins_of,
    first_among_equals,
    load_bytes,
    low_bits,
    members,
    not_above,
)
from koubei_sim.cascades.kernels.competing import NEGATIVE, beats, sign_seeds, take_kind
from koubei_sim.cascades.kernels.frame import forget, run_batch
from koubei_sim.core.bits import ONE, has, insert, lowest_bit
from koubei_sim.core.codes import DRAW_ARC_TIE, DRAW_DURATION, DRAW_SIGN
from koubei_sim.core.draws import GOLDEN, draw, log_portable, mix64, stream, unit_open
from koubei_sim.core.prefetch import prefetch

BLOCK: Final = 1024  # groups in a block
MOST_NAMED: Final = 127  # infections are numbered up to this in the results
AHEAD: Final = 16  # contacts ahead of which the count of the target is asked for


class ContactsCompetingRule(NamedTuple):
    """Thresholds of K brands (K = 1 in mode NEGATIVE), as the top byte and the rest of ``T``."""

    top: NDArray[np.int64]  # (K,): 0..255
    rest: NDArray[np.int64]  # (K,): 0..2**24
    tops: NDArray[np.uint8]  # (K, m + 8), or (0, 0) where all contacts of a brand have one
    rests: NDArray[np.uint32]  # (K, m) or (0, 0)
    bound: int  # largest of `top`
    bounds: NDArray[np.uint8]  # (m + 8,) or (0,): largest of `tops` over the brands
    mode: int  # `competing.RANDOM`, PRIORITY or NEGATIVE
    quality: int  # mode NEGATIVE: T(quality), else 0
    horizon: float  # last time


class ContactsScratch(NamedTuple):
    """What one thread needs; `room` activations."""

    place: NDArray[np.int32]  # (n,): place in order of the (latest) activation
    through: NDArray[np.int64]  # (room,): by place, the contact that convinced
    giver: NDArray[np.int32]  # (room,): by place, the place of its source
    number: NDArray[np.int64]  # (room,): by place, number of the infection of its person, from 0
    maybe: NDArray[np.uint64]  # (BLOCK,): contacts of a group whose coin may be low enough
    listed: NDArray[np.int64]  # (8 BLOCK,): the same as numbers


def contacts_scratch(n: int, room: int) -> ContactsScratch:
    """Make clean scratch space for n people and `room` activations."""
    return ContactsScratch(
        place=np.empty(n, np.int32),
        through=np.empty(room, np.int64),
        giver=np.empty(room, np.int32),
        number=np.empty(room, np.int64),
        maybe=np.empty(BLOCK, np.uint64),
        listed=np.empty(8 * BLOCK, np.int64),
    )


@njit(cache=True, nogil=True)
def contacts_until(contacts, horizon):
    """Number of contacts with a time up to `horizon`."""
    lo, hi = 0, contacts.time.size
    while lo < hi:
        mid = (lo + hi) >> 1
        if contacts.time[mid] <= horizon:
            lo = mid + 1
        else:
            hi = mid
    return lo


@njit(cache=True, nogil=True)
def toss_contacts(rule, s, base, begin, end):
    """List the contacts of one block (`begin` a multiple of 8) whose coin may be low enough.

    Those whose byte is at most the bound; the rest of the coin is left to `is_live`, which is
    asked only where source and target are such that it matters.
    """
    maybe, listed = s.maybe, s.listed
    groups = (end - begin + 7) >> 3
    if rule.bounds.size == 0:
        top = np.uint64(rule.bound) * BYTES
        for i in range(groups):
            x = mix64(base + GOLDEN * np.uint64(begin + 8 * i + 1))
            maybe[i] = not_above(x, top) & HIGH
    else:
        address = rule.bounds.ctypes.data + begin
        for i in range(groups):
            x = mix64(base + GOLDEN * np.uint64(begin + 8 * i + 1))
            maybe[i] = not_above(x, load_bytes(np.uint64(address + 8 * i))) & HIGH
    if groups > 0:
        maybe[groups - 1] &= members(end - begin - 8 * (groups - 1))
    count = 0
    for i in range(groups):
        hit = maybe[i]
        while hit:
            listed[count] = begin + 8 * i + (lowest_bit(hit) >> 3)
            hit &= hit - ONE
            count += 1
    return count


@njit(cache=True, nogil=True)
def is_live(rule, coins, contact, brand):
    """Whether the coin of a contact is below the threshold of a brand."""
    place = contact & 7
    byte = np.int64(draw(coins.base, contact - place) >> np.uint64(8 * place)) & 255
    if rule.tops.size == 0:
        top, rest = rule.top[brand], rule.rest[brand]
    else:
        top, rest = np.int64(rule.tops[brand, contact]), np.int64(rule.rests[brand, contact])
    return byte < top or (byte == top and low_bits(coins.low, contact) < rest)


@njit(cache=True, nogil=True)
def spread_competing(contacts, rule, s, t, key, replicate, n):
    """Run one replicate of `n` seeds of competing brands, or of a word and its contrary."""
    coins = coins_of(key, replicate, 0)
    sign = stream(key, replicate, DRAW_SIGN, 0, 0)
    sign_seeds(rule, t, sign, n)
    active, place, time = t.visited, s.place, t.time
    for k in range(n):
        place[t.order[k]] = k
    source, target, when = contacts.source, contacts.target, contacts.time
    seeds = n
    last = contacts_until(contacts, rule.horizon) if n > 0 else 0
    for begin in range(0, last, 8 * BLOCK):
        if n == contacts.n and when[begin] > time[n - 1]:
            break
        end = min(begin + 8 * BLOCK, last)
        count = toss_contacts(rule, s, coins.base, begin, end)
        for i in range(count):
            c = s.listed[i]
            u = source[c]
            if not has(active, u):
                continue
            now = when[c]
            of = place[u]
            if of >= seeds and time[of] >= now:
                continue
            v = target[c]
            known = has(active, v)
            if known and (place[v] < seeds or time[place[v]] < now):
                continue
            brand = np.int64(t.kind[of]) if rule.mode != NEGATIVE else 0
            if not is_live(rule, coins, c, brand):
                continue
            if known:
                k = place[v]
                if not beats(rule, s, t, coins.tie, c, of, k):
                    continue
            else:
                k = n
                n += 1
                insert(active, v)
                place[v] = k
                t.order[k] = v
                time[k] = now
            s.through[k] = c
            s.giver[k] = of
            take_kind(rule, s, t, sign, k)
    forget(active, t.order, n)
    return n, n, -1


@njit(cache=True, nogil=True)
def contacts_competing_batch(contacts, rule, s, t, seeds, out, lo, hi):
    """Run a batch; see `frame.run_batch`."""
    return run_batch(spread_competing, contacts, rule, s, t, seeds, out, (lo, hi))


# SIR and SIS -----------------------------------------------------------------------------------


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


@njit(cache=True, nogil=True)
def _lasts(rule, draws, number, v):
    """How long infection `number` of person `v` lasts."""
    if rule.gamma == 0.0:
        return np.inf
    if rule.constant != 0:
        return 1.0 / rule.gamma
    base = stream(draws[0], draws[1], DRAW_DURATION, number, 0)
    return -log_portable(unit_open(draw(base, v))) / rule.gamma


@njit(cache=True, nogil=True)
def _infect(rule, s, t, draws, k, v, number, now):
    """Person `v` is infected for the time `number` (from 0), at place `k`; return the end.

    `draws` is (key, replicate).
    """
    t.order[k] = v
    t.time[k] = now
    s.number[k] = number
    t.kind[k] = np.int8(min(number, MOST_NAMED)) if rule.again != 0 else np.int8(0)
    end = now + _lasts(rule, draws, number, v)
    t.until[k] = end
    s.place[v] = k
    return end


@njit(cache=True, nogil=True)
def spread_illness(contacts, rule, s, t, key, replicate, n):
    """Run one replicate of `n` seeds of SIR or SIS."""
    coins, draws = coins_of(key, replicate, 0), (key, replicate)
    active, place, time, until = t.visited, s.place, t.time, t.until
    source, target, when = contacts.source, contacts.target, contacts.time
    forest = t.parent.size > 0
    seeds = n
    people = n
    over = -np.inf  # when the last infection ends
    for k in range(seeds):
        over = max(over, _infect(rule, s, t, draws, k, t.order[k], 0, time[k]))
    last = contacts_until(contacts, rule.horizon) if n > 0 else 0
    for begin in range(0, last, 8 * BLOCK):
        if when[begin] > over:
            break
        if rule.again == 0 and people == contacts.n and when[begin] > time[n - 1]:
            break
        end = min(begin + 8 * BLOCK, last)
        count = toss_contacts(rule, s, coins.base, begin, end)
        for i in range(count):
            c = s.listed[i]
            u = source[c]
            if not has(active, u):
                continue
            now = when[c]
            of = place[u]
            if until[of] < now or (of >= seeds and time[of] >= now):
                continue
            v = target[c]
            number = np.int64(0)
            if has(active, v):
                k = place[v]
                if k >= seeds and time[k] == now:  # infected at this moment: who came first?
                    sooner = forest and first_among_equals(coins.tie, c, s.through[k])
                    if sooner and is_live(rule, coins, c, 0):
                        s.through[k] = c
                        t.parent[k] = u
                    continue
                if rule.again == 0 or now <= until[k]:
                    continue
                number = s.number[k] + 1
            if not is_live(rule, coins, c, 0):
                continue
            if n == t.order.size:
                forget(active, t.order, n)
                return n, -1, -1
            if number == 0:
                insert(active, v)
                people += 1
            over = max(over, _infect(rule, s, t, draws, n, v, number, now))
            s.through[n] = c
            if forest:
                t.parent[n] = u
            n += 1
    forget(active, t.order, n)
    return n, people, -1


@njit(cache=True, nogil=True)
def contacts_illness_batch(contacts, rule, s, t, seeds, out, lo, hi):
    """Run a batch; see `frame.run_batch`."""
    return run_batch(spread_illness, contacts, rule, s, t, seeds, out, (lo, hi))


# Reinforcement ---------------------------------------------------------------------------------


class ContactsCountRule(NamedTuple):
    """How many contacts convince whom."""

    need: NDArray[np.int32]  # (n,)
    free: NDArray[np.int32]  # people with need 0 or below, ascending
    rings: NDArray[np.int64]  # (n + 1,): where rings start, or (0,) without a window
    window: float  # inf: all contacts count
    horizon: float  # last time


class ContactsCountScratch(NamedTuple):
    """What one thread needs for cascades over n people."""

    place: NDArray[np.int32]  # (n,): place in order of the active
    count: NDArray[np.int32]  # (n,): contacts with active people so far
    best: NDArray[np.int64]  # (n,) or (0,): first among equals of the latest time stamp
    ring: NDArray[np.float64]  # (rings[n],) or (0,)
    touched: NDArray[np.int32]  # (n,): people whose count is not 0


def contacts_count_scratch(n: int, forest: bool, rings: NDArray[np.int64]) -> ContactsCountScratch:
    """Make clean scratch space for n people and the rings of the rule."""
    return ContactsCountScratch(
        place=np.empty(n, np.int32),
        count=np.zeros(n, np.int32),
        best=np.empty(n if forest else 0, np.int64),
        ring=np.empty(int(rings[-1]) if rings.size else 0, np.float64),
        touched=np.empty(n, np.int32),
    )


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
def _free(contacts, rule, s, t, n):
    """Activate those who need nobody, at the first contact of all; return the number of people."""
    for v in rule.free:
        if not has(t.visited, v):
            insert(t.visited, v)
            s.place[v] = n
            t.order[n] = v
            t.time[n] = contacts.time[0]
            if t.parent.size > 0:
                t.parent[n] = -1
            n += 1
    return n


@njit(cache=True, nogil=True)
def spread_count(contacts, rule, s, t, key, replicate, n):
    """Run one replicate of `n` seeds of reinforcement."""
    tie = stream(key, replicate, DRAW_ARC_TIE, 0, 0)
    active, place, time, count = t.visited, s.place, t.time, s.count
    source, target, when = contacts.source, contacts.target, contacts.time
    at_count = count.ctypes.data
    forest = t.parent.size > 0
    seeds = n
    for k in range(n):
        place[t.order[k]] = k
    touched = 0
    last = contacts_until(contacts, rule.horizon)
    if last > 0:
        n = _free(contacts, rule, s, t, n)
    for c in range(last if n > 0 else 0):
        if c + AHEAD < last:
            prefetch(np.uint64(at_count + 4 * np.int64(target[c + AHEAD])))
        u = source[c]
        if not has(active, u):
            continue
        now = when[c]
        if place[u] >= seeds and time[place[u]] >= now:
            continue
        v = target[c]
        if has(active, v):
            k = place[v]
            if forest and time[k] == now and t.parent[k] >= 0:
                if first_among_equals(tie, c, s.best[v]):
                    s.best[v] = c
                    t.parent[k] = u
            elif n == contacts.n and now > time[n - 1]:
                break
            continue
        if count[v] == 0:
            s.touched[touched] = v
            touched += 1
            if forest:
                s.best[v] = c
        elif forest and (when[s.best[v]] < now or first_among_equals(tie, c, s.best[v])):
            s.best[v] = c
        if _convinced(rule, s, v, now):
            insert(active, v)
            place[v] = n
            t.order[n] = v
            time[n] = now
            if forest:
                t.parent[n] = source[s.best[v]]
            n += 1
    for k in range(touched):
        count[s.touched[k]] = 0
    forget(active, t.order, n)
    return n, n, -1


@njit(cache=True, nogil=True)
def contacts_count_batch(contacts, rule, s, t, seeds, out, lo, hi):
    """Run a batch; see `frame.run_batch`."""
    return run_batch(spread_count, contacts, rule, s, t, seeds, out, (lo, hi))
