"""Strategies: each gives every person a rank number, and keyed draws break ties.

The people with the smallest rank numbers are chosen, separately among enthusiasts and newbies,
so purity and strategy do not get into each other's way.  A strategy's draws have the address
``(key, replicate, DRAW_SEEDING, 0, number of the strategy)``: raising the number of seeds, or
their purity, adds people and removes none but for the other kind.
Called by `choose_seeds` and by the functions of the package face.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.codes import DRAW_SEEDING
from koubei_sim.core.draws import draw_many, stream
from koubei_sim.errors import KoubeiError
from koubei_sim.networks.seeding import orders

STRATEGY_NUMBER: Final = {
    "random": 0,
    "degree": 1,
    "kshell": 2,
    "nomination": 3,
    "community": 4,
    "staff_friends": 5,
}
NAMING: Final = 16  # added to the number for the second draw of a strategy
UNREACHED: Final = np.iinfo(np.int64).max


class Rows(NamedTuple):
    """A graph as compressed rows."""

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]


class Address(NamedTuple):
    """Where the draws of seeding lie."""

    key: int
    replicate: int

    def base(self, strategy: str, second: bool = False) -> np.uint64:
        """Return the stream of a strategy."""
        j = STRATEGY_NUMBER[strategy] + (NAMING if second else 0)
        return np.uint64(stream(np.uint64(self.key), self.replicate, DRAW_SEEDING, 0, j))


def keyed_draws(address: Address, strategy: str, n: int) -> NDArray[np.uint64]:
    """Return the 64-bit draw of each person."""
    out = np.empty(n, dtype=np.uint64)
    draw_many(address.base(strategy), 0, out)
    return out


def smallest(
    rank: NDArray[np.int64] | NDArray[np.uint64],
    draws: NDArray[np.uint64],
    ids: NDArray[np.int64],
    k: int,
) -> NDArray[np.int64]:
    """Return the `k` of `ids` with the smallest rank, ties by the smallest draw, best first."""
    if k == 0:
        return np.empty(0, dtype=np.int64)
    mine = rank[ids]
    limit = np.partition(mine, k - 1)[k - 1]
    near = ids[mine <= limit]  # a superset of the answer: all ties at the limit
    return near[np.lexsort((draws[near], rank[near]))][:k]


def ranks(
    strategy: str,
    rows: Rows | None,
    enthusiast: NDArray[np.bool_],
    wanted: tuple[int, int],
    address: Address,
    staff: int = 10,
) -> tuple[NDArray[np.int64] | NDArray[np.uint64], NDArray[np.uint64]]:
    """Return rank numbers (small is chosen first) and the draws that break ties.

    Parameters
    ----------
    strategy : str
        ``random``: all equal.  ``degree``: most listeners first.  ``kshell``: highest core number
        first (arcs of both directions; Kitsak et al. 2010).  ``nomination``: people in keyed
        order each name one listener at random, and those named first come first (Kim et al.
        2015; friends have more friends than people do, Feld 1991).  ``community``: one keyed
        person, then those fewest steps away.  ``staff_friends``: `staff` keyed people, then
        those fewest steps away.
    rows : Rows or None
        The graph; not needed for ``random``.
    enthusiast : (N,) bool array
    wanted : (int, int)
        Newbies and enthusiasts that will be taken; the search may stop when it has met them.
    address : Address
    staff : int
        People from whom ``staff_friends`` starts.
    """
    n = enthusiast.size
    draws = keyed_draws(address, strategy, n)
    if strategy == "random":
        return np.zeros(n, dtype=np.int64), draws
    if rows is None:
        raise KoubeiError(
            "seeding.strategy",
            "this strategy needs a feed",
            got=strategy,
            allowed="random, ids",
            fix="random",
        )
    if strategy == "degree":
        return -np.diff(rows.indptr), draws
    if strategy == "kshell":
        back = orders.turned_round(rows.indptr, rows.indices)
        return -orders.core_numbers(rows.indptr, rows.indices, *back), draws
    if strategy == "nomination":
        named = np.full(n, np.iinfo(np.uint64).max, dtype=np.uint64)
        orders.first_nominations(
            rows.indptr, rows.indices, address.base(strategy), address.base(strategy, True), named
        )
        return named, draws
    sources = 1 if strategy == "community" else min(staff, n)
    with_ties = np.flatnonzero(np.diff(rows.indptr) > 0)
    if with_ties.size < sources:  # nearly empty graph: anybody will do
        with_ties = np.arange(n)
    start = smallest(np.zeros(n, dtype=np.int64), draws, with_ties, sources)
    distance = np.full(n, UNREACHED, dtype=np.int64)
    orders.distances(
        rows.indptr,
        rows.indices,
        start,
        enthusiast.astype(np.uint8),
        np.array(wanted, dtype=np.int64),
        distance,
    )
    return distance, draws
