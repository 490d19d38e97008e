"""The textbook kernels: what a competent engineer writes with numba in an hour.

They are the yardstick that travels between machines, and the independent law against which all
packages are checked.  Three ways to run an independent cascade, linear threshold, SIR by steps
and SIR in continuous time.  Random numbers are xoroshiro128+ (Blackman and Vigna 2018).
"""

from __future__ import annotations

import heapq

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .graphs import Graph
from .measure import Sample, batch


@njit(inline="always")
def _next(a, b):
    value = a + b
    b ^= a
    a = ((a << np.uint64(24)) | (a >> np.uint64(40))) ^ b ^ (b << np.uint64(16))
    b = (b << np.uint64(37)) | (b >> np.uint64(27))
    return a, b, np.float64(value >> np.uint64(11)) * 2.0**-53


@njit
def _start(key):
    """Two words of state, mixed from the key."""
    words = np.empty(2, np.uint64)
    x = np.uint64(key)
    for k in range(2):
        x += np.uint64(0x9E3779B97F4A7C15)
        z = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        words[k] = z ^ (z >> np.uint64(31))
    return words[0], words[1]


@njit
def cascade_stamp(indptr, indices, p, seeds, runs, key):
    """Breadth first; a visited stamp is looked up before each draw; `p` is (1,) or per arc."""
    n = indptr.size - 1
    seen, queue = np.zeros(n, np.int32), np.empty(n, np.int32)
    sizes = np.empty(runs, np.int64)
    a, b = _start(key)
    constant, same = p[0], p.size == 1
    for run in range(runs):
        tail = 0
        for s in seeds:
            seen[s] = run + 1
            queue[tail] = s
            tail += 1
        head = 0
        while head < tail:
            u = queue[head]
            head += 1
            for e in range(indptr[u], indptr[u + 1]):
                v = indices[e]
                if seen[v] != run + 1:
                    a, b, x = _next(a, b)
                    if x < (constant if same else p[e]):
                        seen[v] = run + 1
                        queue[tail] = v
                        tail += 1
        sizes[run] = tail
    return sizes


@njit
def cascade_bitset(indptr, indices, p, seeds, runs, key):
    """Breadth first; draw before looking, and only then test a bit of the target."""
    n = indptr.size - 1
    bits, queue = np.zeros((n >> 6) + 1, np.uint64), np.empty(n, np.int32)
    sizes = np.empty(runs, np.int64)
    a, b = _start(key)
    constant, same = p[0], p.size == 1
    one = np.uint64(1)
    for run in range(runs):
        tail = 0
        for s in seeds:
            bits[s >> 6] |= one << np.uint64(s & 63)
            queue[tail] = s
            tail += 1
        head = 0
        while head < tail:
            u = queue[head]
            head += 1
            for e in range(indptr[u], indptr[u + 1]):
                a, b, x = _next(a, b)
                if x < (constant if same else p[e]):
                    v = indices[e]
                    bit = one << np.uint64(v & 63)
                    if bits[v >> 6] & bit == 0:
                        bits[v >> 6] |= bit
                        queue[tail] = v
                        tail += 1
        sizes[run] = tail
        for k in range(tail):
            bits[queue[k] >> 6] = 0
    return sizes


@njit
def cascade_skip(indptr, indices, p, seeds, runs, key):
    """Breadth first; jump from success to success by geometric gaps; one `p` for all arcs."""
    n = indptr.size - 1
    bits, queue = np.zeros((n >> 6) + 1, np.uint64), np.empty(n, np.int32)
    sizes = np.empty(runs, np.int64)
    a, b = _start(key)
    scale = 1.0 / np.log1p(-p[0])
    one = np.uint64(1)
    for run in range(runs):
        tail = 0
        for s in seeds:
            bits[s >> 6] |= one << np.uint64(s & 63)
            queue[tail] = s
            tail += 1
        head = 0
        while head < tail:
            u = queue[head]
            head += 1
            e, end = float(indptr[u]), indptr[u + 1]
            while True:
                a, b, x = _next(a, b)
                e += np.floor(np.log(1.0 - x) * scale)
                if e >= end:
                    break
                v = indices[np.int64(e)]
                e += 1.0
                bit = one << np.uint64(v & 63)
                if bits[v >> 6] & bit == 0:
                    bits[v >> 6] |= bit
                    queue[tail] = v
                    tail += 1
        sizes[run] = tail
        for k in range(tail):
            bits[queue[k] >> 6] = 0
    return sizes


@njit
def threshold(indptr, indices, weight, seeds, runs, key):
    """Linear threshold: influence is summed at each target, its threshold drawn at first touch."""
    n = indptr.size - 1
    seen, touched = np.zeros(n, np.int32), np.zeros(n, np.int32)
    missing, queue = np.empty(n), np.empty(n, np.int32)
    sizes = np.empty(runs, np.int64)
    a, b = _start(key)
    for run in range(runs):
        tail = 0
        for s in seeds:
            seen[s] = run + 1
            queue[tail] = s
            tail += 1
        head = 0
        while head < tail:
            u = queue[head]
            head += 1
            for e in range(indptr[u], indptr[u + 1]):
                v = indices[e]
                if seen[v] == run + 1:
                    continue
                if touched[v] != run + 1:
                    touched[v] = run + 1
                    a, b, x = _next(a, b)
                    missing[v] = x
                missing[v] -= weight[v]
                if missing[v] < 0.0:
                    seen[v] = run + 1
                    queue[tail] = v
                    tail += 1
        sizes[run] = tail
    return sizes


@njit
def sir_steps(indptr, indices, beta, gamma, seeds, runs, key):
    """SIR by synchronous steps; whoever recovers in a step still transmits in it."""
    n = indptr.size - 1
    seen = np.zeros(n, np.int32)
    ill, fresh = np.empty(n, np.int32), np.empty(n, np.int32)
    sizes = np.empty(runs, np.int64)
    a, b = _start(key)
    for run in range(runs):
        number = 0
        for s in seeds:
            seen[s] = run + 1
            ill[number] = s
            number += 1
        size = number
        while number:
            new = kept = 0
            for k in range(number):
                u = ill[k]
                for e in range(indptr[u], indptr[u + 1]):
                    v = indices[e]
                    if seen[v] != run + 1:
                        a, b, x = _next(a, b)
                        if x < beta:
                            seen[v] = run + 1
                            fresh[new] = v
                            new += 1
                a, b, x = _next(a, b)
                if x >= gamma:
                    ill[kept] = u
                    kept += 1
            for k in range(new):
                ill[kept + k] = fresh[k]
            number = kept + new
            size += new
        sizes[run] = size
    return sizes


@njit
def sir_times(indptr, indices, tau, gamma, seeds, runs, key):
    """SIR in continuous time by a heap of arrivals; every transmission is drawn on infection."""
    n = indptr.size - 1
    seen, best = np.zeros(n, np.int32), np.empty(n)
    sizes = np.empty(runs, np.int64)
    a, b = _start(key)
    for run in range(runs):
        heap = [(0.0, np.int32(0)) for _ in range(0)]
        best[:] = np.inf
        for s in seeds:
            heapq.heappush(heap, (0.0, np.int32(s)))
        size = 0
        while heap:
            time, u = heapq.heappop(heap)
            if seen[u] == run + 1:
                continue
            seen[u] = run + 1
            size += 1
            a, b, x = _next(a, b)
            duration = -np.log(1.0 - x) / gamma
            for e in range(indptr[u], indptr[u + 1]):
                v = indices[e]
                if seen[v] != run + 1:
                    a, b, x = _next(a, b)
                    delay = -np.log(1.0 - x) / tau
                    if delay < duration and time + delay < best[v]:
                        best[v] = time + delay
                        heapq.heappush(heap, (time + delay, v))
        sizes[run] = size
    return sizes


@njit
def bass(indptr, indices, p, q, ticks, runs, key):
    """Bass by ticks: all decisions of a tick see its beginning; adopters after each, (runs, ticks).

    A person adopts in a tick with chance 1 - exp(-(p + q share of neighbours who have adopted)).
    """
    n = indptr.size - 1
    adopted, told, fresh = np.empty(n, np.bool_), np.empty(n, np.int32), np.empty(n, np.int32)
    counts = np.zeros((runs, ticks), np.int64)
    a, b = _start(key)
    for run in range(runs):
        adopted[:] = False
        told[:] = 0
        number = 0
        for tick in range(ticks):
            new = 0
            for u in range(n):
                if not adopted[u]:
                    a, b, x = _next(a, b)
                    share = told[u] / max(indptr[u + 1] - indptr[u], 1)
                    if x < -np.expm1(-(p + q * share)):
                        adopted[u] = True
                        fresh[new] = u
                        new += 1
            for k in range(new):
                for e in range(indptr[fresh[k]], indptr[fresh[k] + 1]):
                    told[indices[e]] += 1
            number += new
            counts[run, tick] = number
    return counts


@njit
def sir_one_or_none(indptr, indices, beta, gamma, days, seeds, runs, key):
    """SIR by steps with the law of epiworld: a step draws "one infection or none".

    With R the sum of the odds beta / (1 - beta) of the infected neighbours, a person is infected
    with chance R / (1 + R), not 1 - (1 - beta)**k.  Only there to tell whether this rule explains
    that package's sizes.
    """
    n = indptr.size - 1
    state, weight = np.empty(n, np.int8), np.empty(n, np.int32)
    ill, touched = np.empty(n, np.int32), np.empty(n, np.int32)
    sizes = np.empty(runs, np.int64)
    weight[:] = 0
    odds = beta / (1.0 - beta)
    a, b = _start(key)
    for run in range(runs):
        state[:] = 0
        number = 0
        for s in seeds:
            state[s] = 1
            ill[number] = s
            number += 1
        size = number
        for _ in range(days):
            reached = 0
            for k in range(number):
                for e in range(indptr[ill[k]], indptr[ill[k] + 1]):
                    v = indices[e]
                    if state[v] == 0:
                        if weight[v] == 0:
                            touched[reached] = v
                            reached += 1
                        weight[v] += 1
            kept = 0
            for k in range(number):
                a, b, x = _next(a, b)
                if x < gamma:
                    state[ill[k]] = 2
                else:
                    ill[kept] = ill[k]
                    kept += 1
            number = kept
            for k in range(reached):
                v = touched[k]
                total = odds * weight[v]
                weight[v] = 0
                a, b, x = _next(a, b)
                if x < total / (1.0 + total):
                    state[v] = 1
                    ill[number] = v
                    number += 1
                    size += 1
        sizes[run] = size
    return sizes


class Textbook:
    """The kernels above behind the methods that all packages share."""

    name = "textbook numba"
    cascade = staticmethod(cascade_stamp)

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.rows = graph.indptr, graph.indices
        self.weight = 1.0 / np.maximum(graph.degrees, 1)

    def _run(self, kernel, parameters, seeds, runs, key) -> Sample:
        return batch(runs, lambda: kernel(*self.rows, *parameters, seeds, runs, key))

    def independent(self, p: float, seeds: NDArray, runs: int, key: int) -> Sample:
        """Independent cascade with one probability."""
        return self._run(self.cascade, (np.array([p]),), seeds, runs, key)

    def weighted(self, seeds: NDArray, runs: int, key: int) -> Sample:
        """Independent cascade with 1 / degree of the target."""
        return self._run(self.cascade, (self.weight[self.graph.indices],), seeds, runs, key)

    def threshold(self, seeds: NDArray, runs: int, key: int) -> Sample:
        """Linear threshold with equal weights."""
        return self._run(threshold, (self.weight,), seeds, runs, key)

    def sir_steps(self, beta: float, gamma: float, seeds: NDArray, runs: int, key: int) -> Sample:
        """SIR by steps."""
        return self._run(sir_steps, (beta, gamma), seeds, runs, key)

    def sir_times(self, tau: float, gamma: float, seeds: NDArray, runs: int, key: int) -> Sample:
        """SIR in continuous time."""
        return self._run(sir_times, (tau, gamma), seeds, runs, key)

    def bass(
        self, p: float, q: float, looks: list[int], seeds: NDArray, runs: int, key: int
    ) -> Sample:
        """Bass diffusion by ticks; adopters after the ticks `looks`, (runs, looks)."""
        columns = np.array(looks) - 1
        return batch(runs, lambda: bass(*self.rows, p, q, looks[-1], runs, key)[:, columns])


class OneOrNone(Textbook):
    """The law of epiworld, against which its sizes are checked."""

    name = "one infection or none"

    def sir_steps(self, beta: float, gamma: float, seeds: NDArray, runs: int, key: int) -> Sample:
        """SIR by steps, one infection or none, for the hundred days that epiworld runs."""
        return self._run(sir_one_or_none, (beta, gamma, 100), seeds, runs, key)


class DrawFirst:
    """Draw first, bitset."""

    name = "draw first, bitset"

    def __init__(self, graph: Graph) -> None:
        self._all = Textbook(graph)
        self._all.cascade = cascade_bitset  # type: ignore[method-assign]
        self.independent, self.weighted = self._all.independent, self._all.weighted


class Skip:
    """Geometric gaps."""

    name = "geometric skip"

    def __init__(self, graph: Graph) -> None:
        self._all = Textbook(graph)
        self._all.cascade = cascade_skip  # type: ignore[method-assign]
        self.independent = self._all.independent
