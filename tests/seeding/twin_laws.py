"""Reverse sets of laws with time in plain Python, from docs/seeding.md 7 and docs/cascades.md.

Nothing is turned round: for each set the word is sent forwards from everybody, in order of time,
and those who reach the root soon enough are the set.  Shared with the library: `log_portable`.
"""

from __future__ import annotations

import heapq
import math

import numpy as np
from tests.seeding.twin import Plain, bits, some_of, units

from koubei_sim.core.draws import log_portable

FORWARD = {"arcs": 60, "latency": 67, "duration": 63}


def unit(word):
    return ((word >> 12) + 0.5) * 2.0**-52


def rate_of(p):
    if p >= 1.0:
        return math.inf
    return -log_portable(1.0 - p) if p > 0.0 else 0.0


class Laws(Plain):
    """The arcs of a network, or contacts as arcs of one row, and what a set draws for them."""

    def __init__(self, network, key, coins):
        if hasattr(network, "time"):
            self.n = network.n_nodes
            self.ends = list(zip(network.source.tolist(), network.target.tolist(), strict=True))
            self.first = [e - e % 8 for e in range(len(self.ends))]
            self.into = [[] for _ in range(self.n)]
            for e, (u, v) in enumerate(self.ends):
                self.into[v].append((e, u))
        else:
            super().__init__(network)
            source, target = (ends.tolist() for ends in network.arcs())
            self.ends = list(zip(source, target, strict=True))
            self.first = [e - (e - self.row[u]) % 8 for e, u in enumerate(source)]
        self.key, self.coins = key, coins

    def word(self, number, what, j, i):
        """Of a cascade, or of collection 0."""
        if self.coins:
            purpose = FORWARD[what]
            return bits(self.key, number, purpose, 0, j if what == "arcs" else 0, i)
        j = {"arcs": j, "latency": 2, "duration": 3}[what]
        return bits(self.key, number, 133, 0, j, i)

    def coin(self, number, e):
        byte = self.word(number, "arcs", 0, self.first[e]) >> 8 * (e - self.first[e]) & 255
        return byte << 24 | self.word(number, "arcs", 1, e) >> 40

    def live(self, number, p):
        """Numbers of the live arcs; `p` is a threshold for each arc."""
        if self.coins:
            return {e for e in range(len(self.ends)) if self.coin(number, e) < p[e]}
        out = set()
        for v, arcs in enumerate(self.into):
            if arcs:
                out |= self._some(number, v, [e for e, _ in arcs], p)
        return out

    def _some(self, number, v, arcs, p):
        ts = [p[e] for e in arcs]
        q = max(ts)
        if min(ts) < q:
            step = max(1, 1 << max(0, q.bit_length() - 4))
            q = -(-q // step) * step

        def word(i):
            return bits(self.key, number, 132, 0, v, i)

        found, i = some_of(len(arcs), q, word)
        out = set()
        for m in found:
            accept = units(ts[m] / max(1, q)) if min(ts) < max(ts) else 1 << 32
            if accept < 1 << 32:
                i += 1
                if word(i - 1) >> 32 >= accept:
                    continue
            out.add(arcs[m])
        return out

    def exponential(self, number, what, i):
        return -log_portable(unit(self.word(number, what, 0, i)))

    def of_arc(self, number, e):
        return -log_portable(1.0 - (self.coin(number, e) + 0.5) * 2.0**-32)

    # What passes, and how long it takes: {arc: delay} -------------------------------------------

    def steps(self, number, p):
        return dict.fromkeys(self.live(number, p), 1)

    def delayed(self, number, p, latency):
        out = {}
        for e in self.live(number, p):
            if isinstance(latency, tuple):
                law, mean = latency
                if law == "exponential":
                    out[e] = self.exponential(number, "latency", e) * mean
                else:
                    x = self.exponential(number, "latency", e)
                    out[e] = 1.0 + np.floor(x / rate_of(1.0 / mean))
            else:
                out[e] = latency if isinstance(latency, float) else float(latency[e])
        return out

    def infected(self, number, beta, gamma, *, steps=False, constant=False):
        """`beta` is a number for each arc."""
        out = {}
        for e, (u, _) in enumerate(self.ends):
            if steps:
                rate, ending = rate_of(beta[e]), rate_of(gamma)
            else:
                rate, ending = beta[e], gamma
            x = self.of_arc(number, e) / rate if rate > 0.0 else math.inf
            if constant:
                lasts = 1.0 / gamma if gamma > 0.0 else math.inf
                if steps and gamma > 0.0:
                    lasts = max(1.0, np.floor(lasts + 0.5))
            else:
                lasts = self.exponential(number, "duration", u)
                lasts = lasts / ending if ending > 0.0 else math.inf
                lasts = 1.0 + np.floor(lasts) if steps and lasts < math.inf else lasts
            if x == math.inf:
                continue
            x = 1.0 + np.floor(x) if steps else x
            if x < lasts or (steps and x == lasts):
                out[e] = x
        return out

    # Who reaches whom, and when ------------------------------------------------------------------

    def times(self, start, takes):
        """When each person becomes active if `start` alone is, at 0; inf: never."""
        out = [math.inf] * self.n
        rows = [[] for _ in range(self.n)]
        for e, x in takes.items():
            u, v = self.ends[e]
            rows[u].append((v, x))
        todo = [(0.0, start)]
        while todo:
            now, u = heapq.heappop(todo)
            if now < out[u]:
                out[u] = now
                for v, x in rows[u]:
                    heapq.heappush(todo, (now + x, v))
        return out

    def met(self, start, live, when):
        """When each is reached on contacts, taken one time stamp after the other."""
        out = [math.inf] * self.n
        out[start] = -math.inf
        for e, (u, v) in enumerate(self.ends):  # in order of time
            if e in live and out[u] < when[e]:
                out[v] = min(out[v], when[e])
        return out

    def set_of(self, root, horizon, times):
        """Everybody from whom the root is reached by the horizon."""
        limit = math.inf if horizon is None else horizon
        out = set()
        for s in range(self.n):
            now = times(s)[root]
            if now < math.inf and now <= limit:
                out.add(s)
        return out

    def pleased(self, number, quality):
        """How many steps the root may be away, or -1."""
        m = 0
        while m < self.n and bits(self.key, number, 133, 0, 4, m) >> 32 < units(quality):
            m += 1
        return m - 1
