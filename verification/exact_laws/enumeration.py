"""Exact answers on graphs of a few people, by going through every case.

`independent_cascade` adds up all outcomes of all coins; `threshold_rounds` applies a rule until
nothing changes.  Both are slow, short and plain: they are what fast code is tested against.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koubei_sim.checks import whole, yes_no
from koubei_sim.errors import KoubeiError
from koubei_sim.theory.checks import few, numbers
from verification.exact_laws.chains import arcs_of, ids

FloatArray = NDArray[np.float64]
MOST_EDGES = 20
MOST_PEOPLE = 32


class TinyCascade(NamedTuple):
    """The exact law of an Independent Cascade."""

    spread: float  # expected number of people reached, seeds included
    reach: FloatArray  # (n,) probability that each person is reached
    sizes: FloatArray  # (n + 1,) probability that 0, 1, .., n people are reached


def independent_cascade(
    n: int,
    edges: Sequence[tuple[int, int]],
    p: ArrayLike,
    seeds: Sequence[int],
    directed: bool = False,
) -> TinyCascade:
    """Return the exact law of a cascade, by enumeration of the 2**m sets of live edges.

    Each edge is live with its probability; those whom a live path joins to a seed are reached
    (Kempe, Kleinberg and Tardos 2003, section 2).  One coin serves both directions of a mutual
    tie: only the direction tried first matters.

    Parameters
    ----------
    n : int
        People, 1 to 32.
    edges : sequence of (int, int)
        At most 20.
    p : float or (m,) array
        Probability of each edge, in [0, 1].
    seeds : sequence of int
    directed : bool
        Whether word passes from the first to the second of a pair only.

    Returns
    -------
    TinyCascade

    Raises
    ------
    KoubeiError
        Too many edges or people, ids or probabilities out of range.

    Examples
    --------
    >>> k3 = [(0, 1), (1, 2), (0, 2)]
    >>> round(independent_cascade(3, k3, 0.3, [0]).spread, 12)
    1.726
    """
    n, edges, seeds = whole("n", n, 1), arcs_of(edges, "edges"), ids("seeds", seeds)
    directed = yes_no("directed", directed)
    m = len(edges)
    if not 1 <= n <= MOST_PEOPLE or m > MOST_EDGES:
        raise KoubeiError(
            "edges",
            "too many for enumeration",
            got=f"{n} people, {m} edges",
            allowed=f"1..{MOST_PEOPLE} people, 0..{MOST_EDGES} edges",
        )
    chance = numbers("p", p)
    if chance.ndim and chance.shape != (m,):
        raise KoubeiError(
            "p", "another number than edges", got=str(chance.shape), allowed=f"one or {m}"
        )
    chance = np.broadcast_to(chance, (m,))
    if not ((chance >= 0) & (chance <= 1)).all():
        raise KoubeiError("p", "out of range", allowed="0..1")
    for person in (*seeds, *(end for edge in edges for end in edge)):
        if not 0 <= person < n:
            raise KoubeiError("edges", "no such person", got=person, allowed=f"0..{n - 1}")
    cases = np.arange(1 << m, dtype=np.int64)
    live = [(cases >> e & 1).astype(bool) for e in range(m)]
    weight = np.ones(cases.size)
    for e in range(m):
        weight *= np.where(live[e], chance[e], 1.0 - chance[e])
    arcs = [(e, u, v) for e, (u, v) in enumerate(edges)]
    if not directed:
        arcs += [(e, v, u) for e, u, v in arcs]
    # Bit i of reached[case]: person i is reached in that case.
    reached = np.full(cases.size, sum(1 << s for s in set(seeds)), dtype=np.int64)
    while True:
        before = reached.copy()
        for e, u, v in arcs:
            reached |= (live[e] & (reached >> u & 1).astype(bool)).astype(np.int64) << v
        if np.array_equal(before, reached):
            break
    members = [(reached >> i & 1) for i in range(n)]
    size = np.sum(members, axis=0)
    sizes = np.zeros(n + 1)
    np.add.at(sizes, size, weight)
    reach = np.array([float(weight @ member) for member in members])
    return TinyCascade(float(reach.sum()), reach, sizes)


def threshold_rounds(
    n: int, sources: ArrayLike, targets: ArrayLike, need: ArrayLike, seeds: ArrayLike
) -> NDArray[np.int64]:
    """Return when everybody adopts who adopts once `need` of those it hears have.

    In each round all decide at once by the state after the round before.

    Parameters
    ----------
    n : int
        People.
    sources, targets : (arcs,) arrays of int
        Arc e: ``targets[e]`` hears ``sources[e]`` (a mutual tie is two arcs).
    need : int or (n,) array of int
        Tellings needed, at least 1.
    seeds : array of int
        Who has adopted at the start.

    Returns
    -------
    (n,) int64 array
        Round of adoption: 0 for seeds, -1 for those who never adopt.

    Raises
    ------
    KoubeiError
        Arrays that do not fit together, or a need below 1.

    Examples
    --------
    >>> threshold_rounds(4, [0, 1, 2], [2, 2, 3], [1, 1, 2, 1], [0, 1]).tolist()
    [0, 0, 1, 2]
    """
    n = few("n", n)
    origin, listener = (
        numbers(where, ends, 0, n - 1, whole=True).astype(np.int64)
        for where, ends in (("sources", sources), ("targets", targets))
    )
    first = numbers("seeds", seeds, 0, n - 1, whole=True).astype(np.int64)
    asked = numbers("need", need, whole=True).astype(np.int64)
    if asked.ndim and asked.shape != (n,):
        raise KoubeiError(
            "need", "another number than people", got=str(asked.shape), allowed=f"one or {n}"
        )
    needed = np.broadcast_to(asked, (n,))
    if origin.shape != listener.shape:
        raise KoubeiError(
            "targets", "another number than sources", got=listener.size, allowed=str(origin.size)
        )
    if not (needed >= 1).all():
        raise KoubeiError("need", "out of range", allowed="1 or more")
    rounds = np.full(n, -1, dtype=np.int64)
    rounds[first] = 0
    for now in range(1, n + 1):
        adopted = rounds >= 0
        heard = np.bincount(listener[adopted[origin]], minlength=n)
        new = ~adopted & (heard >= needed)
        if not new.any():
            break
        rounds[new] = now
    return rounds


def threshold_closure(
    n: int, sources: ArrayLike, targets: ArrayLike, need: ArrayLike, seeds: ArrayLike
) -> NDArray[np.bool_]:
    """Return who adopts in the end under the rule of `threshold_rounds`.

    The rule is monotone, so the end does not depend on the order in which people decide.

    Examples
    --------
    >>> threshold_closure(4, [0, 1], [2, 2], [1, 1, 2, 1], [0, 1]).tolist()
    [True, True, True, False]
    """
    return threshold_rounds(n, sources, targets, need, seeds) >= 0
