"""Reverse sets in plain Python, from docs/seeding.md alone; and whole laws of tiny graphs.

Shared with the library: the logarithm and exponential of `core.draws`, nothing else.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from koubei_sim.core.draws import exp_neg_portable, log_portable
from koubei_sim.networks import Layer, Network

ONE32 = 1 << 32
U64 = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15


def mix(z):
    z &= U64
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & U64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & U64
    return z ^ (z >> 31)


def bits(key, number, purpose, tick, j, i):
    for field in (number, purpose, tick, j, i):
        key = mix(key + GOLDEN * (field + 1))
    return key


def units(p):
    return int(np.floor(p * 2.0**32 + 0.5))


def at_most(d, q):
    """P(at most c of d), c = 0, 1, .. 15, in units of 2**-32; None where it does not end there."""
    p = q * 2.0**-32
    if q == ONE32:
        return [0] * d + [ONE32] if d < 16 else None
    exactly, total, out = exp_neg_portable(-float(d) * log_portable(1.0 - p)), 0.0, []
    for c in range(min(d, 16)):
        total += exactly
        out.append(min(ONE32, units(total)))
        exactly *= float(d - c) / float(c + 1) * p / (1.0 - p)
    if d < 16:
        return [*out, ONE32]
    return [*out[:15], ONE32] if out[15] >= ONE32 - 1 else None


def some_of(d, q, draw):
    """Numbers 0..d-1, each chosen with chance q; and the number of the next draw."""
    line = at_most(d, q)
    first = draw(0)
    if line is not None:
        c = next(c for c, limit in enumerate(line) if first >> 32 < limit)
        if c == 1:
            return [((first & (ONE32 - 1)) * d) >> 32], 1
        if c in (0, d):
            return list(range(c)), 1
        out = []
        for i in range(c):
            at = ((draw(i + 1) >> 32) * (d - c + i + 1)) >> 32
            out.append(at if at not in out else d - c + i)
        return out, c + 1
    if q == ONE32:
        return list(range(d)), 0
    per, at, out, i = 1.0 / log_portable(1.0 - q * 2.0**-32), -1.0, [], 0
    while True:
        unit = ((draw(i) >> 12) + 0.5) * 2.0**-52
        at += 1.0 + np.floor(log_portable(unit) * per)
        i += 1
        if at >= d:
            return out, i
        out.append(int(at))


class Plain:
    """The arcs of a network as lists: into each person (arc, source) in order of arc number."""

    def __init__(self, network):
        source, target = (ends.tolist() for ends in network.arcs())
        self.n = network.n_nodes
        self.into = [[] for _ in range(self.n)]
        for e, (u, v) in enumerate(zip(source, target, strict=True)):
            self.into[v].append((e, u))
        out = np.bincount(source, minlength=self.n)
        self.row = (np.cumsum(out) - out).tolist()

    def root(self, key, number, collection=0):
        return ((bits(key, number, 131, collection, 0, 0) >> 32) * self.n) >> 32

    def search(self, root, live):
        met, todo = {root}, [root]
        while todo:
            for u in live(todo.pop()):  # another order than the kernel's
                if u not in met:
                    met.add(u)
                    todo.append(u)
        return met

    def counted(self, key, number, p, collection=0, root=None):
        """Independent cascade; `p` is a threshold for each arc."""

        def live(v):
            arcs = self.into[v]
            if not arcs:
                return []
            ts = [p[e] for e, _ in arcs]
            q = max(ts)
            if min(ts) < q:
                step = max(1, 1 << max(0, q.bit_length() - 4))
                q = -(-q // step) * step
            found, i = some_of(len(arcs), q, lambda i: bits(key, number, 132, collection, v, i))
            out = []
            for m in found:
                accept = units(ts[m] / max(1, q)) if min(ts) < max(ts) else ONE32
                if accept < ONE32:
                    i += 1
                    if bits(key, number, 132, collection, v, i - 1) >> 32 >= accept:
                        continue
                out.append(arcs[m][1])
            return out

        return self.search(self.root(key, number, collection) if root is None else root, live)

    def picked(self, key, number, weights, collection=0):
        """Linear threshold; `weights` by arc, or None for equal shares."""

        def live(v):
            theta = bits(key, number, 132, collection, v, 0) >> 32
            d, total = len(self.into[v]), 0.0
            for m, (e, u) in enumerate(self.into[v]):
                if weights is None:
                    end = ((m + 1) << 32) // d
                else:
                    total += weights[e]
                    end = units(min(1.0, total))
                if theta < end:
                    return [u]
            return []

        return self.search(self.root(key, number, collection), live)


def spreads(n, arcs, p, k, weights=None):
    """Exact reach of each choice of `k` people, by listing all worlds (every arc on or off)."""
    worlds = np.arange(1 << len(arcs))
    chance = np.ones(worlds.size)
    reach = np.repeat([1 << np.arange(n)], worlds.size, axis=0)
    for i, q in enumerate(p):
        chance *= np.where(worlds >> i & 1, q, 1.0 - q)
    for _ in range(n):
        for i, (u, v) in enumerate(arcs):
            reach[:, u] |= np.where(worlds >> i & 1, reach[:, v], 0)
    counts = np.ones(n) if weights is None else np.asarray(weights)
    out = {}
    for chosen in combinations(range(n), k):
        met = np.bitwise_or.reduce(reach[:, list(chosen)], axis=1) if k else 0 * worlds
        value = sum(counts[v] * (met >> v & 1) for v in range(n))
        out[chosen] = float(chance @ value)
    return out


def tiny(number):
    """A network of 7 people and at most 11 arcs with chances of their own."""
    rng = np.random.default_rng(number)
    arcs = sorted({(int(a), int(b)) for a, b in rng.integers(0, 7, (14, 2)) if a != b})[:11]
    return arcs, rng.random(len(arcs))


def kept(source, target, n, weight=None):
    """A network with loops and parallel arcs as they come."""
    source, target = np.asarray(source), np.asarray(target)
    order = np.lexsort((target, source))
    starts = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=n))])
    weight = None if weight is None else np.asarray(weight, np.float32)[order]
    return Network((Layer("ties", starts, target[order].astype(np.int32), weight),))


def best_within(sums, sizes, limits):
    """The largest sum within the limits, a person in part where there is a budget; and shares."""
    people = [v for v in np.flatnonzero(limits.allowed).tolist() if sizes[v]]
    share, total = dict.fromkeys(people, 0), 0
    if limits.units.size:
        worth = {v: int(sums[v]) / int(limits.units[v]) for v in people}
        people.sort(key=lambda v: (-worth[v], -int(sizes[v]) / int(limits.units[v]), v))
        money = int(limits.budget)
        for v in people:
            if limits.units[v] > money:
                part = money / int(limits.units[v])
                share[v] = int(np.floor(64 * part))
                return total + int(np.floor(int(sums[v]) * part)) + 3, share
            money -= int(limits.units[v])
            share[v] = 64
            total += int(sums[v])
        return total, share
    for g, quota in enumerate(limits.quota.tolist()):
        mine = sorted(
            (v for v in people if limits.group[v] == g),
            key=lambda v: (-int(sums[v]), -int(sizes[v]), v),
        )
        for v in mine[:quota]:
            share[v] = 1
            total += int(sums[v])
    return total, share


def bound_twin(member, limits, given, seeds, cover, steps):
    """The bound by duality of docs/seeding.md 4; `member` says which person lies in which set."""
    unit, one = 1 << 20, 64 if limits.units.size else 1
    sizes, sets = member.sum(1), range(member.shape[1])
    twice = member[seeds].sum(0) > 1
    y = [0 if twice[j] or given[j] else unit for j in sets]
    best = unit * len(y)
    for _ in range(steps):
        sums = [sum(y[j] for j in sets if row[j]) for row in member]
        value, share = best_within(sums, sizes, limits)
        value += sum(unit - one_y for one_y in y)
        best = min(best, value)
        if value <= cover * unit:
            break
        miss = [one - sum(part for v, part in share.items() if member[v, j]) for j in sets]
        moved = [
            j for j in sets
            if not given[j] and not ((y[j] == 0 and miss[j] < 0) or (y[j] == unit and miss[j] > 0))
        ]  # fmt: skip
        norm = sum(miss[j] ** 2 for j in moved)
        if norm == 0:
            break
        length = max(1, (value - cover * unit) * one * one // norm)
        for j in moved:
            y[j] = min(unit, max(0, y[j] + length * miss[j] // one))
    return best
