"""Who starts each replicate of a cascade: a fixed list, a list a replicate, or people at random.

docs/cascades.md 5.  `SeedPlan` turns what a caller gave into the flat arrays of the kernels, for
any range of replicates, so that replicate r has the same seeds whoever asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from koubei_sim.cascades import checks
from koubei_sim.cascades.checks import is_list_of_lists, listed, rows_of
from koubei_sim.cascades.kernels.frame import Seeds
from koubei_sim.core.codes import DRAW_SEEDS_RANDOM
from koubei_sim.core.draws import draw32, stream
from koubei_sim.errors import KoubeiError


@dataclass(frozen=True)
class RandomSeeds:
    """Seeds drawn anew for every replicate, uniformly and without repeats.

    Parameters
    ----------
    count : int
        How many.
    among : list of people, optional
        Draw from these people only; named as in `cascade`, by label where there are labels.

    Examples
    --------
    >>> RandomSeeds(10)
    RandomSeeds(count=10, among=None)
    """

    count: int
    among: ArrayLike | None = None

    def __post_init__(self) -> None:
        """Check the number."""
        object.__setattr__(self, "count", checks.whole("count", self.count, 0))


@njit(cache=True, nogil=True)
def _draw_seeds(key, first, count, pool, taken, people, start, attempts):
    """Write `count` seeds of replicate ``first + i`` at ``people[i, start:]``.

    Those of earlier brands, already written, are skipped; ``attempts[i]`` goes on counting.
    """
    n = pool.size if pool.size > 0 else taken.size
    for i in range(people.shape[0]):
        base = stream(key, first + i, DRAW_SEEDS_RANDOM, 0, 0)
        row = people[i]
        for k in range(start):
            taken[row[k]] = True
        m = attempts[i]
        found = 0
        while found < count:
            at = (draw32(base, m) * n) >> 32
            m += 1
            v = pool[at] if pool.size > 0 else at
            if not taken[v]:
                taken[v] = True
                row[start + found] = v
                found += 1
        attempts[i] = m
        for k in range(start + count):
            taken[row[k]] = False


def _fixed(where: str, value: Any, n: int, labels: NDArray[Any] | None) -> NDArray[np.int32]:
    """Return the rows of people named once each, ascending."""
    rows = rows_of(where, value, n, labels)
    unique, counts = np.unique(rows, return_counts=True)
    if unique.size != rows.size:
        twice = unique[counts > 1][0]
        name = twice if labels is None else labels[twice]
        raise KoubeiError(where, "names a person twice", got=repr(name.item()))
    return unique.astype(np.int32)


class SeedPlan:
    """Seeds of any range of replicates.

    Parameters
    ----------
    seed_agents : array, list of lists, `RandomSeeds`, or mapping of brand to these
    n : int
        Number of people.
    brands : tuple of str
        Names of the brands; empty where the rule has none.
    replicates, first : int
        Numbers of the replicates for which a list of lists gives the seeds.
    labels : (n,) array, optional
        What the people are called; without it they are named by their rows.
    """

    def __init__(
        self,
        seed_agents: Any,
        n: int,
        brands: Sequence[str],
        replicates: int,
        first: int,
        labels: NDArray[Any] | None = None,
    ) -> None:
        self.n = n
        self.first = first
        self.labels = labels
        # The nodes of networkx are a mapping too: a set of people with what is known of each.
        by_brand = isinstance(seed_agents, Mapping) and not isinstance(seed_agents, Set)
        if brands:
            if seed_agents is None:
                fix = f"{{{brands[0]!r}: RandomSeeds(1)}}"
                raise KoubeiError("seed_agents", "none given", fix=fix)
            if not by_brand:
                raise KoubeiError(
                    "seed_agents", "one list for several brands", allowed="{brand: people}"
                )
            unknown = [name for name in seed_agents if name not in brands]
            if unknown:
                raise KoubeiError(
                    "seed_agents", "unknown brand", got=unknown[0], allowed=", ".join(brands)
                )
            given = [seed_agents.get(name, []) for name in brands]
            where = [f"seed_agents[{name}]" for name in brands]
        else:
            if by_brand:
                raise KoubeiError(
                    "seed_agents", "brands given, but the rule has none", allowed="a list of people"
                )
            given, where = [seed_agents], ["seed_agents"]
        self._parts = [self._part(w, g, replicates) for w, g in zip(where, given, strict=True)]
        fixed = [part for part in self._parts if isinstance(part, np.ndarray)]
        joined = np.concatenate(fixed) if fixed else np.empty(0, np.int32)
        if np.unique(joined).size != joined.size:
            raise KoubeiError("seed_agents", "a person starts with two brands")
        wanted = sum(p.count if isinstance(p, RandomSeeds) else 0 for p in self._parts)
        if wanted + joined.size > n:
            raise KoubeiError(
                "seed_agents", "more seeds than people", got=wanted, allowed=f"0..{n}"
            )

    def _part(self, where: str, given: Any, replicates: int) -> Any:
        if given is None:
            raise KoubeiError(where, "none given", allowed="RandomSeeds(1), or [] for nobody")
        if isinstance(given, RandomSeeds):
            if given.among is None:
                return given
            pool = _fixed(f"{where}.among", given.among, self.n, self.labels)
            if given.count > pool.size:
                raise KoubeiError(
                    where, "more than are named", got=given.count, allowed=f"0..{pool.size}"
                )
            return RandomSeeds(given.count, pool)
        found = listed(where, given, self.n, self.labels)
        if not is_list_of_lists(found, self.labels):
            return _fixed(where, found, self.n, self.labels)
        if len(found) != replicates:
            raise KoubeiError(
                where, "not one list a replicate", got=len(found), allowed=str(replicates)
            )
        return [_fixed(f"{where}[{k}]", row, self.n, self.labels) for k, row in enumerate(found)]

    @property
    def least(self) -> int:
        """Seeds of a replicate, as far as they are the same number in all."""
        sizes = (
            part.count
            if isinstance(part, RandomSeeds)
            else len(part[0])
            if isinstance(part, list)
            else part.size
            for part in self._parts
        )
        return max(1, sum(sizes))

    @property
    def same(self) -> bool:
        """Whether all replicates start alike."""
        return all(isinstance(part, np.ndarray) for part in self._parts)

    def arrays(self, key: int, first: int, count: int) -> Seeds:
        """Return the seeds of replicates ``first .. first + count - 1``."""
        if all(isinstance(part, (np.ndarray, RandomSeeds)) for part in self._parts):
            return self._rectangle(key, first, count)
        rows: list[NDArray[np.int32]] = []
        kinds: list[NDArray[np.int8]] = []
        for i in range(first, first + count):
            one, kind = self._single(key, i)
            rows.append(one)
            kinds.append(kind)
        starts = np.zeros(count + 1, np.int64)
        np.cumsum([row.size for row in rows], out=starts[1:])
        return Seeds(np.uint64(key), first, starts, np.concatenate(rows), np.concatenate(kinds))

    def _single(self, key: int, replicate: int) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
        """Seeds of one replicate where some brand has a list for each."""
        people: list[int] = []
        kinds: list[int] = []
        at = np.zeros(1, np.int64)
        # Those named first, whatever their brand: random ones keep off them.
        parts = sorted(enumerate(self._parts), key=lambda pair: isinstance(pair[1], RandomSeeds))
        for kind, part in parts:
            if isinstance(part, list):
                found = part[replicate - self.first].tolist()
                if set(found) & set(people):
                    raise KoubeiError(
                        "seed_agents", f"a person starts with two brands in replicate {replicate}"
                    )
            elif isinstance(part, RandomSeeds):
                found = self._random(key, replicate, 1, part, np.array(people, np.int32), at)
                found = found[len(people) :].tolist()
            else:
                found = part.tolist()
                if set(found) & set(people):
                    raise KoubeiError(
                        "seed_agents", f"a person starts with two brands in replicate {replicate}"
                    )
            people += found
            kinds += [kind] * len(found)
        order = np.argsort(np.array(people, np.int64), kind="stable")
        return np.array(people, np.int32)[order], np.array(kinds, np.int8)[order]

    def _random(
        self,
        key: int,
        first: int,
        count: int,
        part: RandomSeeds,
        before: NDArray[np.int32],
        attempts: NDArray[np.int64],
    ) -> NDArray[np.int32]:
        """Rows of seeds with those of `part` put after the ones `before`, flat."""
        had = before.size // count
        people = np.empty((count, had + part.count), np.int32)
        people[:, :had] = before.reshape(count, had)
        pool = np.empty(0, np.int32) if part.among is None else np.asarray(part.among, np.int32)
        taken = np.zeros(self.n, np.bool_)
        _draw_seeds(np.uint64(key), first, part.count, pool, taken, people, had, attempts)
        return people.reshape(-1)

    def _rectangle(self, key: int, first: int, count: int) -> Seeds:
        """The common case: the same number of seeds in every replicate."""
        flat = np.empty(0, np.int32)
        kinds: list[int] = []
        attempts = np.zeros(count, np.int64)
        fixed = sum(part.size for part in self._parts if isinstance(part, np.ndarray))
        # Fixed seeds first, whatever their brand: random ones keep off them.
        parts = sorted(enumerate(self._parts), key=lambda pair: isinstance(pair[1], RandomSeeds))
        for kind, part in parts:
            if isinstance(part, np.ndarray):
                had = flat.size // count
                rows = np.empty((count, had + part.size), np.int32)
                rows[:, :had] = flat.reshape(count, had)
                rows[:, had:] = part
                flat = rows.reshape(-1)
                kinds += [kind] * part.size
            else:
                room = self.n if part.among is None else np.asarray(part.among).size
                if part.among is not None and part.count + fixed > room:
                    # Some of those named may be taken: see that enough are left.
                    left = np.setdiff1d(part.among, flat[: flat.size // count])
                    if left.size < part.count:
                        raise KoubeiError("seed_agents", "too few left to draw", got=left.size)
                flat = self._random(key, first, count, part, flat, attempts)
                kinds += [kind] * part.count
        width = len(kinds)
        people = flat.reshape(count, width)
        order = np.argsort(people, axis=1, kind="stable")
        starts = np.arange(count + 1, dtype=np.int64) * width
        sorted_people = np.take_along_axis(people, order, axis=1).reshape(-1)
        sorted_kinds = np.array(kinds, np.int8)[order].reshape(-1)
        return Seeds(np.uint64(key), first, starts, sorted_people, sorted_kinds)
