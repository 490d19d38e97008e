"""Which seeds to try next: single swaps, a person with a neighbour, a person with its circle.

Where gains by single people see nothing (who needs two tellers is moved by no single one), only
several seeds that stand together do.  Moves keep the number of seeds of each kind.
Called by `improving`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, combinations, count, islice
from math import comb

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.codes import DRAW_SEED_SETS
from koubei_sim.core.draws import drawn
from koubei_sim.networks import Network
from koubei_sim.networks import seeding as rankings
from koubei_sim.seeding.judge import Rows, name

NEAR = 64  # people near somebody who are looked at
BESIDE = 4  # of them, those with whom a candidate is tried together


class Place:
    """The people among whom seeds are sought, and who stands near whom.

    Parameters
    ----------
    network : Network
        Of one layer, without labels.
    kind : (n,) int64 array
        Kind of each person; -1: may not be chosen.
    key : int
    """

    def __init__(self, network: Network, kind: NDArray[np.int64], key: int) -> None:
        self.network, self.kind, self.key = network, kind, key
        self.rows, self.back = network.layer(), network.layer().reverse()
        self.allowed = np.flatnonzero(kind >= 0)

    def fitting(self, order: Iterable[int], wanted: NDArray[np.int64]) -> Rows:
        """Return the first people of an order, so many of each kind as are wanted."""
        left, found = wanted.copy(), []
        for v in order:
            kind = self.kind[v]
            if kind >= 0 and left[kind] > 0:
                left[kind] -= 1
                found.append(v)
                if not left.any():
                    break
        return np.array(found, np.int64)

    def in_any_order(self, purpose: int, number: int) -> Rows:
        """Return all who may be chosen in an order by draws; that of each number is another."""
        draws = drawn(self.kind.size, self.key, DRAW_SEED_SETS, number, purpose)
        return self.allowed[np.argsort(draws[self.allowed], kind="stable")]

    def near(self, v: int) -> list[int]:
        """Return who hears a person, who is heard by it, and who speaks to the same listeners."""
        hears, heard = self.rows.heard_by(v)[:NEAR], self.back.heard_by(v)[:NEAR]
        beside = (self.back.heard_by(int(w))[:NEAR] for w in hears)
        found = dict.fromkeys(chain(hears.tolist(), heard.tolist()))
        found |= dict.fromkeys(int(w) for w in islice(chain.from_iterable(beside), NEAR))
        found.pop(v, None)
        return [w for w in found if self.kind[w] >= 0]

    def rankings(self, wanted: NDArray[np.int64], best: Rows) -> dict[str, Rows]:
        """Return orders of people by where they come from, best first."""
        n, net, k = self.kind.size, self.network, int(wanted.sum())
        most = min(n, 4 * k + 64)
        found = {"surrogate": best}
        for way in ("degree", "degree_discount", "kshell", "pagerank", "circle", "community"):
            found[way] = getattr(rankings, way)(net, most, key=self.key).astype(np.int64)
        # Seeds that stand around those of whom several are heard by the same people.
        centres = rankings.wide_bridges(net, min(n, k), key=self.key)
        circles = rankings.circle(net, most, around=centres, key=self.key)
        found["wide_bridges"] = circles.astype(np.int64)
        return found


def every(place: Place, k: int, most: int) -> Iterator[Rows] | None:
    """Return all choices of `k`, where there are no more than `most` and all are of one kind."""
    if place.kind.max() > 0 or comb(place.allowed.size, k) > most:
        return None
    return (np.array(rows, np.int64) for rows in combinations(place.allowed.tolist(), k))


def moves(place: Place, seeds: Rows, ranked: Rows) -> Iterator[Rows]:
    """Yield sets that differ little from `seeds`, the likeliest first, each once.

    Parameters
    ----------
    place : Place
    seeds : rows
        Strongest first: the last ones are given up first.
    ranked : rows
        People by how much is hoped of them; those near a seed are taken in turn with these.
    """
    met = {name(seeds)}
    order = _in_turn(place, seeds, ranked)
    known: list[int] = []
    for step in count():
        new = next(order, None)
        if new is not None:
            known.append(new)
        elif step - seeds.size >= len(known) - 1:
            return
        # Candidate i for the seed j from the end, i + j = step: likely ones meet weak ones first.
        tried = [
            ([known[i]], seeds.size - 1 - (step - i))
            for i in range(max(0, step - seeds.size + 1), min(step + 1, len(known)))
        ]
        if new is not None and seeds.size > 1:
            near = place.near(new)
            tried += [([new, w], -1) for w in near[:BESIDE]]
            if len(near) > 1 and seeds.size > 2:
                heard = place.rows.heard_by(new)[: seeds.size].tolist()
                tried.append(([new, *heard][: seeds.size], -1))
        for newcomers, instead in tried:
            found = _with(place, seeds, newcomers, instead)
            if found is not None and name(found) not in met:
                met.add(name(found))
                yield found


def _with(place: Place, seeds: Rows, newcomers: list[int], instead: int) -> Rows | None:
    """Return seeds with newcomers in the place of the last of their kinds, or of one at a place."""
    there = set(seeds.tolist())
    new = [v for v in dict.fromkeys(newcomers) if v not in there and place.kind[v] >= 0]
    if not new:
        return None
    stay = np.ones(seeds.size, np.bool_)
    for v in new:
        at = np.flatnonzero(stay & (place.kind[seeds] == place.kind[v]))
        if instead >= 0:
            at = at[at == instead]
        if not at.size:
            return None
        stay[at[-1]] = False
    return np.concatenate([np.array(new, np.int64), seeds[stay]])


def _in_turn(place: Place, seeds: Rows, ranked: Rows) -> Iterator[int]:
    """Yield candidates: of the ranked ones and of those near a seed in turn, then all others."""
    beside = chain.from_iterable(place.near(int(v)) for v in seeds)
    given, met = set(seeds.tolist()), set()
    queues = [iter(ranked.tolist()), iter(beside)]
    while queues:
        for queue in list(queues):
            one = next((v for v in queue if v not in met and v not in given), None)
            if one is None:
                queues.remove(queue)
            else:
                met.add(one)
                yield one
    for v in place.in_any_order(1, 0).tolist():
        if v not in met and v not in given:
            yield v
