"""Exact laws of cascades round by round: one message, one that may turn bad, two that compete.

In each round everybody who became active in the round before tries once to win each inactive
listener; all tries of a round are made at once and independently.
`cascade_law` and `live_arc_law` are two roads to one law: the first tosses coins as the cascade
goes, the second tosses all of them before.
Called by the tests of the cascade kernels.

References
----------
[1] Kempe, D., Kleinberg, J. and Tardos, E. (2003), Maximizing the spread of influence through a
social network, KDD, 137-146 (claim 2.3: live edges).
[2] Chen, W. et al. (2011), Influence maximization in social networks when negative opinions may
emerge and propagate, SDM, 379-390.
[3] Bharathi, S., Kempe, D. and Salek, M. (2007), Competitive influence maximization in social
networks, WINE, 306-311.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koubei_sim.checks import word
from koubei_sim.errors import KoubeiError
from koubei_sim.theory.checks import numbers, real
from verification.exact_laws.chains import (
    Arc,
    FloatArray,
    State,
    StateLaw,
    arcs_of,
    by_rounds,
    few_people,
    ids,
    in_arcs,
    on_arcs,
    people_of,
)

MOST_ARCS = 20
ONE = ("inactive", "active")


def cascade_law(n: int, arcs: Sequence[Arc], p: ArrayLike, seeds: Sequence[int]) -> StateLaw:
    """Return the law of an Independent Cascade after every round, by following the cascade.

    An inactive person told by the set F of fresh adopters becomes active with probability
    ``1 - prod_{u in F} (1 - p_u)``.

    Parameters
    ----------
    n : int
        People, up to 14.
    arcs : sequence of (int, int)
        From teller to listener; `both_ways` makes the arcs of mutual ties.
    p : float or (arcs,) array
        Probability of each arc, in [0, 1].
    seeds : sequence of int
        Active in round 0.

    Returns
    -------
    StateLaw
        Letters "inactive" and "active", rounds 0..n.

    Raises
    ------
    KoubeiError
        Ids or probabilities out of range, or too many people.

    Examples
    --------
    >>> found = cascade_law(3, [(0, 1), (1, 2)], 0.5, [0])
    >>> found.mean("active").tolist()
    [1.0, 1.5, 1.75, 1.75]
    """
    n, arcs, seeds = few_people(n), arcs_of(arcs), ids("seeds", seeds)
    heard = in_arcs(n, arcs, on_arcs("p", n, arcs, p))
    people_of(n, seeds)

    def moves(state: State) -> list[dict[int, float]]:
        out: list[dict[int, float]] = []
        for person, letter in enumerate(state):  # 0 inactive, 1 active, 2 active since last round
            if letter:
                out.append({1: 1.0})
            else:
                escape = float(np.prod([1.0 - a for u, a in heard[person] if state[u] == 2]))
                out.append({0: escape, 2: 1.0 - escape})
        return out

    start = tuple(2 if i in set(seeds) else 0 for i in range(n))
    return by_rounds({start: 1.0}, moves, ONE, (0, 1, 1))


def spread_cases(
    n: int,
    arcs: Sequence[Arc],
    live: Sequence[NDArray[np.bool_]],
    weight: FloatArray,
    seeds: Sequence[int],
) -> StateLaw:
    """Return the law of the set that seeds reach, when each case says which arcs are live.

    Parameters
    ----------
    n : int
    arcs : sequence of (int, int)
    live : (arcs,) sequence of (cases,) bool arrays
        Whether the arc is live in each case.
    weight : (cases,) float array
        Probability of each case.
    seeds : sequence of int

    Returns
    -------
    StateLaw
        Row t: people at a distance of at most t live arcs from the seeds.
    """
    people_of(n, seeds)
    reached = np.full(weight.size, sum(1 << s for s in set(seeds)), dtype=np.int64)
    law = np.zeros((n + 1, 1 << n))
    for row in range(n + 1):
        law[row] = np.bincount(reached, weights=weight, minlength=1 << n)
        before = reached.copy()
        for (u, v), alive in zip(arcs, live):
            reached |= (alive & (before >> u & 1).astype(np.bool_)).astype(np.int64) << v
    return StateLaw(ONE, n, np.arange(n + 1, dtype=np.float64), law)


def live_arc_law(n: int, arcs: Sequence[Arc], p: ArrayLike, seeds: Sequence[int]) -> StateLaw:
    """Return the law of an Independent Cascade from all ``2**arcs`` sets of live arcs [1].

    In round t those are active whom a path of at most t live arcs joins to a seed.

    Parameters and return value are those of `cascade_law`, with at most 20 arcs.

    Examples
    --------
    >>> live_arc_law(3, [(0, 1), (1, 2)], 0.5, [0]).sizes("active")[-1].tolist()
    [0.0, 0.5, 0.25, 0.25]
    """
    n, arcs, seeds = few_people(n), arcs_of(arcs), ids("seeds", seeds)
    chance = on_arcs("p", n, arcs, p)
    live, weight = coin_cases(chance)
    return spread_cases(n, arcs, live, weight, seeds)


def coin_cases(chance: FloatArray) -> tuple[list[NDArray[np.bool_]], FloatArray]:
    """Return whether each coin shows heads in each of the 2**coins cases, and their weights."""
    if chance.size > MOST_ARCS:
        raise KoubeiError(
            "arcs", "too many for enumeration", got=chance.size, allowed=f"0..{MOST_ARCS}"
        )
    cases = np.arange(1 << chance.size, dtype=np.int64)
    live = [(cases >> e & 1).astype(np.bool_) for e in range(chance.size)]
    weight = np.ones(cases.size)
    for alive, p in zip(live, chance):
        weight = weight * np.where(alive, p, 1.0 - p)
    return live, weight


def _winner(attempts: Sequence[tuple[int, float]]) -> dict[int, float]:
    """Law of the brand of the try that wins, uniform among the successful tries of a round.

    `attempts` holds the brand and the probability of each try; key -1: none succeeds.
    """
    law: dict[int, float] = {-1: 0.0}
    for heads in itertools.product((False, True), repeat=len(attempts)):
        weight = 1.0
        for (_, p), head in zip(attempts, heads):
            weight *= p if head else 1.0 - p
        won = [brand for (brand, _), head in zip(attempts, heads) if head]
        for brand in won:
            law[brand] = law.get(brand, 0.0) + weight / len(won)
        if not won:
            law[-1] += weight
    return law


def _lowest(attempts: Sequence[tuple[int, float]], brands: int) -> dict[int, float]:
    """Law of the lowest brand with a successful try; key -1: none succeeds."""
    law, left = {}, 1.0
    for brand in range(brands):
        none = float(np.prod([1.0 - a for other, a in attempts if other == brand]))
        law[brand] = left * (1.0 - none)
        left *= none
    law[-1] = left
    return law


def negative_law(
    n: int, arcs: Sequence[Arc], p: ArrayLike, seeds: Sequence[int], quality: float
) -> StateLaw:
    """Return the law of a cascade in which some adopters turn against the product (IC-N) [2].

    A seed likes the product with probability q = `quality`.  Whoever is won by one who likes it
    likes it too with probability q; whoever is won by one who does not, does not.  Among the
    successful tries of a round each is equally likely to be the one that counts.
    At distance d along a path, people like it with probability ``p**d q**(d + 1)``.

    Parameters
    ----------
    n, arcs, p, seeds
        As for `cascade_law`; up to 9 people.
    quality : float
        q in [0, 1].

    Returns
    -------
    StateLaw
        Letters "inactive", "negative" and "positive", rounds 0..n.

    Examples
    --------
    >>> found = negative_law(2, [(0, 1)], 0.5, [0], 0.8)
    >>> found.mean("positive").round(12).tolist(), found.mean("negative").round(12).tolist()
    ([0.8, 1.12, 1.12], [0.2, 0.38, 0.38])
    """
    n, arcs, seeds = few_people(n), arcs_of(arcs), ids("seeds", seeds)
    heard = in_arcs(n, arcs, on_arcs("p", n, arcs, p))
    people_of(n, seeds)
    q = real("quality", quality, 0.0, 1.0)

    def moves(state: State) -> list[dict[int, float]]:
        out: list[dict[int, float]] = []
        for person, letter in enumerate(state):  # 0; 1 negative, 2 positive; fresh: 3 and 4
            if letter:
                out.append({letter if letter <= 2 else letter - 2: 1.0})
                continue
            law = _winner([(state[u] - 3, a) for u, a in heard[person] if state[u] >= 3])
            liked = law.get(1, 0.0) * q
            out.append({0: law[-1], 4: liked, 3: law.get(0, 0.0) + law.get(1, 0.0) * (1.0 - q)})
        return out

    start: dict[State, float] = {}
    chosen = sorted(set(seeds))
    for letters in itertools.product((3, 4), repeat=len(chosen)):
        given = dict(zip(chosen, letters))
        weight = float(np.prod([q if letter == 4 else 1.0 - q for letter in letters]))
        start[tuple(given.get(i, 0) for i in range(n))] = weight
    return by_rounds(start, moves, ("inactive", "negative", "positive"), (0, 1, 2, 1, 2))


def competing_law(
    n: int,
    arcs: Sequence[Arc],
    p: ArrayLike,
    seeds: Sequence[Sequence[int]],
    tie: str = "random",
) -> StateLaw:
    """Return the law of brands that compete for the same people [3].

    Everybody keeps the first brand that wins it and passes on that brand.

    Parameters
    ----------
    n, arcs
        As for `cascade_law`; (brands + 1)**n up to 20,000: two brands, 9 people.
    p : array that broadcasts to (brands, arcs)
        Probability of each arc for each brand: one number, one per arc, or a column per brand.
    seeds : sequence of sequences of int
        Users of each brand in round 0; nobody of two.
    tie : {"random", "priority"}
        Which of the successful tries of one round counts: any, with equal probability, or one
        of the brand with the lowest number.

    Returns
    -------
    StateLaw
        Letters "inactive", "0", "1", .., rounds 0..n.

    Examples
    --------
    >>> found = competing_law(3, [(0, 2), (1, 2)], 0.5, [[0], [1]])
    >>> found.chance("0")[-1].tolist(), found.chance("1")[-1].tolist()
    ([1.0, 0.0, 0.375], [0.0, 1.0, 0.375])
    >>> first = competing_law(3, [(0, 2), (1, 2)], 0.5, [[0], [1]], tie="priority")
    >>> first.chance("0")[-1].tolist(), first.chance("1")[-1].tolist()
    ([1.0, 0.0, 0.5], [0.0, 1.0, 0.25])
    """
    if isinstance(seeds, (str, bytes)) or not isinstance(seeds, Iterable):
        raise KoubeiError("seeds", "not a list of groups", got=repr(seeds), fix="[[0], [1]]")
    n, arcs = few_people(n), arcs_of(arcs)
    seeds = [ids("seeds", group) for group in seeds]
    brands = len(seeds)
    people_of(n, *seeds)
    if brands < 1 or sum(map(len, map(set, seeds))) != len(set().union(*seeds)):
        raise KoubeiError("seeds", "not disjoint groups", allowed="one or more disjoint groups")
    word("tie", tie, ("random", "priority"))
    try:
        table = np.broadcast_to(numbers("p", p), (brands, len(arcs)))
    except KoubeiError:
        raise
    except ValueError:
        raise KoubeiError(
            "p", "wrong shape", got=str(np.shape(p)), allowed=f"({brands}, {len(arcs)})"
        ) from None
    heard = [in_arcs(n, arcs, on_arcs("p", n, arcs, row)) for row in table]

    def moves(state: State) -> list[dict[int, float]]:
        out: list[dict[int, float]] = []
        for person, letter in enumerate(state):  # 0; brand b: 1 + b, fresh: 1 + b + brands
            if letter:
                out.append({letter if letter <= brands else letter - brands: 1.0})
                continue
            tries = [
                (brand, a)
                for brand in range(brands)
                for u, a in heard[brand][person]
                if state[u] == 1 + brand + brands
            ]
            law = _winner(tries) if tie == "random" else _lowest(tries, brands)
            out.append({(1 + b + brands if b >= 0 else 0): weight for b, weight in law.items()})
        return out

    brand_of = {person: b for b, group in enumerate(seeds) for person in group}
    start = tuple(1 + brand_of[i] + brands if i in brand_of else 0 for i in range(n))
    letters = ("inactive", *map(str, range(brands)))
    public = (0, *range(1, brands + 1), *range(1, brands + 1))
    return by_rounds({start: 1.0}, moves, letters, public)
