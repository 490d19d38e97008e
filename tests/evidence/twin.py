"""Naive twin of records, exposures, likelihoods and worlds: loops over people, nothing shared.

It reads what a record was *given* (lists), not what the library made of it.  Used by the tests of
`koubei_sim.evidence` and by the faults planted there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import koubei_sim as kb
from koubei_sim.core import codes
from koubei_sim.core.draws import RESISTANCE_SHIFT, draw, exponential_units, stream

UNIT = 4294967296.0


@dataclass
class Given:
    """What a record is made of, as lists; `make` lays it before the library."""

    n: int
    arcs: list[tuple[int, int]]
    times: list[int | None]
    until: list[int]
    entered: list[int]
    start: int
    groups: list[int]
    age: list[float]
    seeds: list[int] = field(default_factory=list)
    kinds: list[str | None] | None = None
    contacts: list[tuple[int, int, float]] | None = None

    def make(self, record: Any = kb.Diffusion, **more: Any) -> Any:
        if self.contacts is None:
            source, target = [a for a, _ in self.arcs], [b for _, b in self.arcs]
            net: Any = kb.Network.from_edges(source, target, self.n)
        else:
            columns = [np.array([c[k] for c in self.contacts]) for k in range(3)]
            net = kb.TemporalNetwork(self.n, columns[0].astype(int), columns[1].astype(int),
                                     columns[2].astype(float))  # fmt: skip
        return record(
            net, self.times, self.until, start=self.start, seeds=self.seeds, entered=self.entered,
            groups=self.groups, covariates={"age": self.age}, kinds=self.kinds, **more,
        )  # fmt: skip

    # who is active when -------------------------------------------------------------------------

    def seed(self, i: int) -> bool:
        when = self.times[i]
        return i in self.seeds or (when is not None and when < self.start)

    def when(self, i: int) -> int | None:
        """Period of adoption as it was seen; that before the start for those active from it."""
        when = self.times[i]
        if when is None:
            return self.start - 1 if i in self.seeds else None
        if when > self.until[i]:
            return None
        return max(when, self.start - 1)

    def last(self) -> int:
        return max(self.until)

    def risk(self, kind: str | None = None) -> Iterator[tuple[int, int, bool]]:
        for i in range(self.n):
            for t in range(max(self.entered[i], self.start), self.last() + 1):
                if self.seed(i) or t > self.until[i]:
                    continue
                when = self.when(i)
                if when is not None and when < t:
                    continue
                took = kind is None or (self.kinds is not None and self.kinds[i] == kind)
                yield i, t, when == t and took

    # what reaches whom --------------------------------------------------------------------------

    def felt(self, j: int, t: int, lag: int, fading: float, window: int | None,
             of: str | None) -> float:  # fmt: skip
        """How much of the adoption of j is felt in period t; seeds are felt from the start on."""
        when = self.when(j)
        if when is None or (of is not None and (self.kinds is None or self.kinds[j] != of)):
            return 0.0
        since = t - self.start if when < self.start else t - when - lag
        if since < 0 or (window is not None and since >= window):
            return 0.0
        return fading**since

    def listens(self, i: int, t: int, side: str) -> list[int]:
        if self.contacts is not None:
            pairs = [(a, b) for a, b, at in self.contacts if math.floor(at) == t]
        else:
            pairs = sorted(set(self.arcs))
        found = [a for a, b in pairs if b == i] if side in ("named", "both") else []
        if side in ("naming", "both"):
            found += [b for a, b in pairs if a == i]
        if side == "both" and self.contacts is None:
            found = sorted(set(found))
        return found

    def ties(
        self, i: int, t: int, measure: str = "share", side: str = "named", lag: int = 1,
        fading: float = 1.0, window: int | None = None, of: str | None = None,
    ) -> float:  # fmt: skip
        heard = self.listens(i, t, side)
        whole = sum(self.felt(j, t, lag, fading, window, of) for j in heard)
        if measure == "any":
            return float(whole > 0)
        return whole / max(len(heard), 1) if measure == "share" else whole

    def crowd(self, i: int, t: int, measure: str = "share", lag: int = 1, fading: float = 1.0,
              window: int | None = None, of: str | None = None) -> float:  # fmt: skip
        others = [j for j in range(self.n) if self.groups[j] == self.groups[i] and j != i]
        whole = sum(self.felt(j, t, lag, fading, window, of) for j in others)
        return whole / max(len(others), 1) if measure == "share" else whole


def chance(link: str, pushed: float, trait: float) -> float:
    """The chance to adopt in a period."""
    if link == "additive":
        return 1.0 - math.exp(-math.exp(trait) * pushed)
    eta = pushed + trait
    if link == "cloglog":
        return 1.0 - math.exp(-math.exp(eta))
    if link == "logit":
        return 1.0 / (1.0 + math.exp(-eta))
    return 0.5 * math.erfc(-eta / math.sqrt(2.0))


def loglik(link: str, rows: list[tuple[bool, float, list[float], list[float]]], a: Any, b: Any,
           c: Any) -> float:  # fmt: skip
    """Sum over rows of (adopted, base, pushes, traits); `base` is a place in `a`."""
    total = 0.0
    for adopted, base, pushes, traits in rows:
        pushed = a[int(base)] + sum(w * z for w, z in zip(b, pushes))
        h = chance(link, pushed, sum(w * x for w, x in zip(c, traits)))
        total += math.log(h) if adopted else math.log1p(-h)
    return total


def world(given: Given, base: list[float], weight: float, effect: float, key: int, number: int,
          link: str = "additive", **options: Any) -> list[int | None]:  # fmt: skip
    """Play calendar + ties + age: the place of each adoption, -1 for seeds, None for never."""
    stem = stream(np.uint64(key), number, codes.DRAW_RESISTANCE, 0, 0)
    left = [int(exponential_units(draw(stem, i))) << RESISTANCE_SHIFT for i in range(given.n)]
    mean = sum(given.age) / given.n
    now = Given(**{**given.__dict__, "times": [
        given.times[i] if given.seed(i) else None for i in range(given.n)],
        "until": list(given.until)})  # fmt: skip
    found: list[int | None] = [
        -1 if now.when(i) == given.start - 1 else None for i in range(given.n)
    ]
    for i in range(given.n):
        if given.seed(i) and now.when(i) is not None and (now.when(i) or 0) >= given.start:
            found[i] = (now.when(i) or 0) - given.start
    for t in range(given.start, given.last() + 1):
        new = []
        for i in range(given.n):
            if found[i] is not None or given.seed(i) or t < given.entered[i]:
                continue
            pushed = base[t - given.start] + weight * now.ties(i, t, **options)
            trait = effect * (given.age[i] - mean)
            if link == "additive":
                hazard = math.exp(trait) * pushed
            else:
                hazard = -math.log1p(-chance(link, pushed, trait))
            left[i] -= math.floor(hazard * UNIT + 0.5)
            if left[i] < 0:
                new.append(i)
        for i in new:
            found[i] = t - given.start
            now.times[i] = t
            now.until[i] = max(now.until[i], t)  # others see it, whether we were watching or not
    return [None if at is not None and at + given.start > given.until[i] and at >= 0
            and not given.seed(i) else at for i, at in enumerate(found)]  # fmt: skip


def drawn(number: int, n: int = 24, periods: int = 7, contacts: bool = False) -> Given:
    """Draw a record of every oddity: late entry, early ends, seeds of both kinds, two products."""
    rng = np.random.default_rng(number)
    start = int(rng.integers(-3, 4))
    last = start + periods - 1
    arcs = {(int(a), int(b)) for a, b in rng.integers(0, n, (4 * n, 2)) if a != b}
    times: list[int | None] = [
        None if rng.random() < 0.3 else int(rng.integers(start, last + 1)) for _ in range(n)
    ]
    for i in rng.choice(n, 3, replace=False):
        times[i] = start - int(rng.integers(1, 4))
    until = [last if rng.random() < 0.7 else int(rng.integers(start, last + 1)) for _ in range(n)]
    until[0] = last
    entered = [start if rng.random() < 0.7 else int(rng.integers(start, last)) for _ in range(n)]
    seeds = [int(i) for i in rng.choice(n, 3, replace=False)]
    for i in range(n):  # a seed is watched; who adopts had entered
        when = times[i]
        if when is not None and when >= start:
            entered[i] = min(entered[i], when)
        if i in seeds:
            until[i] = last
    groups = [int(g) for g in rng.integers(0, 4, n)]
    groups[-1] = 9  # one person alone in a group
    kinds = [None if t is None else str(rng.choice(["red", "blue"])) for t in times]
    for i in seeds:
        kinds[i] = kinds[i] or "red"
    met = None
    if contacts:
        moment = np.sort(rng.uniform(start, last + 1, 6 * n))
        met = [
            (int(a), int(b), float(t))
            for a, b, t in zip(*rng.integers(0, n, (2, 6 * n)), moment)
            if a != b
        ]
    return Given(n, sorted(arcs), times, until, entered, start, groups,
                 [float(x) for x in rng.normal(size=n)], seeds, kinds, met)  # fmt: skip
