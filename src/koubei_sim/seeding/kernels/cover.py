"""Maximum cover over reverse sets: greedy with lazy gains, hits, and an upper bound by duality.

A choice of people covers the sets that hold one of them.  Only the inverse index is kept - the sets
of each person - and gains are counted against a bitmap of covered sets.  All sums are integers, so
every number is exact and has no order; where quotients of float64 decide (a budget), the bound is
rounded up.  Which choices there are, `Limits` says: so many of each group, or what a budget pays
for.  docs/seeding.md 3 and 4 are the norm.

Called by `seeding.loop` and `seeding.fewest_seeds`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from koubei_sim.core.bits import has, insert
from koubei_sim.core.csr import FAR, NEAR
from koubei_sim.core.prefetch import prefetch

UNIT: Final = 1 << 20  # weights of sets in the bound are in units of 2**-20
BUDGET: Final = 1 << 50  # costs are in units of 2**-50 of the budget
PARTS: Final = 6  # a person whom a budget pays for in part counts in units of 2**-6
SHARE: Final = 1 << PARTS


class Index(NamedTuple):
    """Which sets hold each person."""

    starts: NDArray[np.int64]  # (n + 1,)
    sets: NDArray[np.int32]  # (pairs,): batch after batch within a person
    number: int  # of sets in all


class Limits(NamedTuple):
    """Which choices of people there are."""

    allowed: NDArray[np.bool_]  # (n,): who may be chosen
    group: NDArray[np.int64]  # (n,): 0 .. groups - 1, of who may be chosen
    quota: NDArray[np.int64]  # (groups,): most people of each
    units: NDArray[np.int64]  # (n,): cost, 1 or more; (0,) without costs
    budget: int  # most units in all


@njit(cache=True, nogil=True)
def invert(pairs, ends, first, cursor, sets):
    """Write the sets of a chunk to where the cursor of each of their people stands.

    `first` is the number of its first batch.  Places are random, so memory is asked for ahead.
    """
    who, of = pairs.who, pairs.of
    at_cursor, at_sets = cursor.ctypes.data, sets.ctypes.data
    last = ends[ends.size - 1]
    for b in range(ends.size - 1):
        for i in range(ends[b], ends[b + 1]):
            if i + FAR < last:
                prefetch(np.uint64(at_cursor + 8 * np.int64(who[i + FAR])))
                prefetch(np.uint64(at_sets + 4 * cursor[who[i + NEAR]]))
            v = who[i]
            sets[cursor[v]] = 64 * (first + b) + of[i]
            cursor[v] += 1


@njit(cache=True, nogil=True)
def take(index, v, covered):
    """Mark the sets of `v` as covered and return how many were not."""
    gain = np.int64(0)
    for i in range(index.starts[v], index.starts[v + 1]):
        s = index.sets[i]
        gain += np.int64(not has(covered, s))
        insert(covered, s)
    return gain


@njit(cache=True)
def _gain(index, v, covered):
    gain = np.int64(0)
    for i in range(index.starts[v], index.starts[v + 1]):
        gain += np.int64(not has(covered, index.sets[i]))
    return gain


@njit(cache=True)
def _sift(worth, who, at, size):
    """Put the entry at `at` of a heap (best first, then smaller number) where it belongs."""
    key, v = worth[at], who[at]
    while True:
        below = 2 * at + 1
        if below >= size:
            break
        if below + 1 < size and (
            worth[below + 1] > worth[below]
            or (worth[below + 1] == worth[below] and who[below + 1] < who[below])
        ):
            below += 1
        if worth[below] < key or (worth[below] == key and who[below] > v):
            break
        worth[at], who[at] = worth[below], who[below]
        at = below
    worth[at], who[at] = key, v


@njit(cache=True, nogil=True)
def greedy(index, limits, covered, seeds, gains):
    """Fill `seeds` with the people who add most sets, one after the other, and `gains` beside.

    Returns how many were found: fewer than there is room for where the limits allow no more.  With
    costs, who adds most for a unit comes first, and nobody is paid for who adds nothing.  Equal:
    the smaller number first; so those who add nothing come last, by number.  A gain counted earlier
    is an upper bound (Minoux 1978): only who stands at the top is counted again.
    """
    n = limits.allowed.size
    group, units, priced = limits.group, limits.units, limits.units.size > 0
    left, money = limits.quota.copy(), limits.budget
    worth = np.empty(n, np.float64)  # gain, or gain for a unit
    who = np.empty(n, np.int32)
    step = np.full(n, -1, np.int32)  # how many seeds there were when the gain was counted
    size = 0
    for v in range(n):
        if limits.allowed[v]:
            worth[size] = np.float64(index.starts[v + 1] - index.starts[v])
            if priced:
                worth[size] /= np.float64(units[v])
            who[size] = v
            size += 1
    for at in range(size // 2 - 1, -1, -1):
        _sift(worth, who, at, size)
    k = 0
    while k < seeds.size and size > 0:
        v = who[0]
        fits = left[group[v]] > 0 and (not priced or units[v] <= money)
        if fits and step[v] != k and worth[0] > 0.0:
            worth[0] = np.float64(_gain(index, v, covered))
            if priced:
                worth[0] /= np.float64(units[v])
            step[v] = k
            _sift(worth, who, 0, size)
            continue
        if priced and worth[0] == 0.0:
            break
        if fits:
            seeds[k] = v
            gains[k] = take(index, v, covered)
            left[group[v]] -= 1
            if priced:
                money -= units[v]
            k += 1
        size -= 1
        worth[0], who[0] = worth[size], who[size]
        if size:
            _sift(worth, who, 0, size)
    return k


@njit(cache=True, nogil=True)
def hits(pairs, ends, rank, out):
    """Count sets by the least rank among their people: ``out[r]``; rank ``out.size``: no seed."""
    least = np.empty(64, np.int64)
    for b in range(ends.size - 1):
        least[:] = out.size
        for i in range(ends[b], ends[b + 1]):
            r = rank[pairs.who[i]]
            s = pairs.of[i]
            least[s] = min(least[s], r)
        for s in range(64):
            if least[s] < out.size:
                out[least[s]] += 1


@njit(cache=True)
def _sum(index, v, y):
    total = np.int64(0)
    for i in range(index.starts[v], index.starts[v + 1]):
        total += y[index.sets[i]]
    return total


@njit(cache=True)
def _add(index, v, share, count):
    for i in range(index.starts[v], index.starts[v + 1]):
        count[index.sets[i]] += share


@njit(cache=True)
def _sets(index, v):
    return index.starts[v + 1] - index.starts[v]


@njit(cache=True)
def _best_in_group(index, quota, y, people, sums, count):
    """Return the `quota` largest sums of y among `people`; `count` gains 1 in their sets."""
    some = people.size
    k = min(quota, some)
    done, limit = 0, np.int64(0)
    while done < some and k > 0:
        # Whoever is left lies in too few sets to be among the k.
        if done >= k and _sets(index, people[done]) * UNIT <= limit:
            break
        upto = min(some, max(4 * k, 2 * done))
        for x in range(done, upto):
            sums[x] = _sum(index, people[x], y)
        done = upto
        limit = np.partition(sums[:done], done - k)[done - k]
    total, taken = np.int64(0), 0
    for equal in range(2):  # those above the limit, then those at it, up to k
        for x in range(done):
            if taken == k:
                break
            if (sums[x] == limit) if equal else (sums[x] > limit):
                taken += 1
                total += sums[x]
                _add(index, people[x], 1, count)
    return total


@njit(cache=True)
def _best_for_budget(index, limits, y, people, sums, count):
    """Return the largest sum of y that the budget pays for, one person in part, rounded up.

    `count` gains `SHARE` in the sets of those paid for, and a part of it for the one in part.  Who
    is taken goes by quotients of float64, and is best but for 2**-52 of the value; with the
    rounding of the part that is less than three units.
    """
    some, done, value = people.size, 0, np.int64(0)
    ratios = np.empty(some, np.float64)
    while True:
        upto = min(some, max(256, 2 * done))
        for x in range(done, upto):
            sums[x] = _sum(index, people[x], y)
            ratios[x] = -np.float64(sums[x]) / np.float64(limits.units[people[x]])
        done = upto
        order = np.argsort(ratios[:done], kind="mergesort")
        money, whole, value = limits.budget, 0, np.int64(0)
        while whole < done and limits.units[people[order[whole]]] <= money:
            money -= limits.units[people[order[whole]]]
            value += sums[order[whole]]
            whole += 1
        if done == some:
            break
        # Whoever is left lies in too few sets for a unit to be better than the one paid in part.
        rest = people[done]
        most = -np.float64(_sets(index, rest) * UNIT) / np.float64(limits.units[rest])
        if whole < done and most >= ratios[order[whole]]:
            break
    for x in order[:whole]:
        _add(index, people[x], SHARE, count)
    if whole < done:
        x = order[whole]
        part = np.float64(money) / np.float64(limits.units[people[x]])
        value += np.int64(np.floor(np.float64(sums[x]) * part)) + 3
        _add(index, people[x], np.int64(np.floor(part * SHARE)), count)
    return value


@njit(cache=True)
def best_modular(index, limits, y, people, ends, sums, count):
    """Return an upper bound on the sum of `sums` of y over any choice within the limits.

    That is all that the bound by duality asks of the limits.  It is reached by a choice, with a
    person in part where there is a budget, whose share in every set is added to `count`.  `people`
    are ordered by group (``ends``) and, in a group, by the sets they lie in, for a unit of cost.
    """
    if limits.units.size > 0:
        return _best_for_budget(index, limits, y, people, sums, count)
    total = np.int64(0)
    for g in range(limits.quota.size):
        part = people[ends[g] : ends[g + 1]]
        total += _best_in_group(index, limits.quota[g], y, part, sums, count)
    return total


@njit(cache=True)
def _candidates(index, limits):
    """Return who may be chosen and lies in any set, as `best_modular` wants them, and `ends`."""
    n, some = limits.allowed.size, 0
    people, worth = np.empty(n, np.int64), np.empty(n, np.float64)
    ends = np.zeros(limits.quota.size + 1, np.int64)
    for v in range(n):
        if limits.allowed[v] and _sets(index, v) > 0:
            people[some] = v
            worth[some] = -np.float64(_sets(index, v))
            if limits.units.size > 0:
                worth[some] /= np.float64(limits.units[v])
            ends[limits.group[v] + 1] += 1
            some += 1
    for g in range(limits.quota.size):
        ends[g + 1] += ends[g]
    at = ends.copy()
    ordered = np.empty(some, np.int64)
    for x in np.argsort(worth[:some], kind="mergesort"):
        g = limits.group[people[x]]
        ordered[at[g]] = people[x]
        at[g] += 1
    return ordered, ends


@njit(cache=True, nogil=True)
def dual_bound(index, limits, before, seeds, cover, goal, steps):
    """Return an upper bound on the sets that any choice within the limits covers, in `UNIT`.

    Weak duality of the linear programme of maximum cover: for any weights y of the sets in [0, 1],
    no choice covers more than the largest sum of y over the sets of each of its people, plus the
    sum of 1 - y.  Subgradient steps with Polyak's length lower it until it is at most `goal` or
    `steps` are done; every y on the way is a proof.  `before` are the sets covered at the start by
    others (their y is 0), `cover` is what they and `seeds` cover.  Sums are int64.
    """
    number = index.number
    y = np.empty(number, np.int64)
    count = np.zeros(number, np.int64)
    for v in seeds:
        _add(index, v, 1, count)
    for j in range(number):
        y[j] = 0 if count[j] > 1 or has(before, j) else UNIT
    parts = PARTS if limits.units.size > 0 else 0
    one = 1 << parts  # what `count` has for one person
    people, ends = _candidates(index, limits)
    sums = np.empty(people.size, np.int64)
    best = number * UNIT
    for _ in range(steps):
        count[:] = 0
        total = best_modular(index, limits, y, people, ends, sums, count)
        for j in range(number):
            total += UNIT - y[j]
        best = min(best, total)
        if best <= goal or total <= cover * UNIT:
            break
        norm = np.int64(0)
        for j in range(number):
            g = one - count[j]
            if not has(before, j) and not ((y[j] == 0 and g < 0) or (y[j] == UNIT and g > 0)):
                norm += g * g
        if norm == 0:
            break
        length = max(1, ((total - cover * UNIT) << (2 * parts)) // norm)
        for j in range(number):
            if not has(before, j):
                y[j] = min(UNIT, max(0, y[j] + (length * (one - count[j]) >> parts)))
    return best
