"""`small_world` and `watts_strogatz`: clustered mutual ties (WeChat's shape).

People sit on circles (their communities) and know those next to them; a share of these ties is
rewired to somebody anywhere.  Ties within circles are recomputed from their addresses at both
ends and never stored; only the rewired ones are listed before they are sorted into rows.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koubei_sim.checks import whole
from koubei_sim.core import codes
from koubei_sim.core import csr as graphs
from koubei_sim.core.block import Block
from koubei_sim.core.compiling import kernel, part
from koubei_sim.core.draws import draw, draw32, pick
from koubei_sim.errors import KoubeiError
from koubei_sim.networks.edges import shrink
from koubei_sim.networks.generators.population import (
    Address,
    Groups,
    Population,
    address,
    draws_base,
    grouped,
    keyed_order,
    population,
    real,
    spread,
)
from koubei_sim.networks.network import Network
from koubei_sim.networks.row_blocks import over_rows

_SHIFT = np.int64(16)  # ties are numbered (place << 16) | offset
MAX_HALF = 30_000
NO_WEIGHTS = np.empty(0, dtype=np.float32)


@kernel
def community_bounds(base, count, low, high):
    """Cut 0..count-1 into circles of uniform random size `low` to `high`; return the cuts."""
    cuts = np.empty(count // low + 2, dtype=np.int64)
    cuts[0] = 0
    number = 0
    while cuts[number] < count:
        size = low + pick(draw32(base, number), high - low + 1)
        if count - cuts[number] - size < low:  # the last circle takes the rest
            size = count - cuts[number]
        cuts[number + 1] = cuts[number] + size
        number += 1
    return cuts[: number + 1].copy()


@kernel
def section_order(order, group_of, people, homophily_root, base, n_groups):
    """Order people by section: the own group's with probability sqrt(homophily), else anybody's.

    Two neighbours on a circle are then of one group with probability
    ``homophily + (1 - homophily) * share of the group``: both must have gone to their own.
    """
    count = order.size
    section = np.empty(count, dtype=np.int32)
    starts = np.zeros(n_groups + 1, dtype=np.int64)
    for i in range(count):
        g = group_of[i]
        if draw32(base, 2 * i) >= homophily_root:
            g = group_of[people[pick(draw32(base, 2 * i + 1), count)]]
        section[i] = g
        starts[g + 1] += 1
    graphs.prefix_sum(starts)
    placed = np.empty(count, dtype=np.int32)
    for p in range(count):
        i = order[p]
        placed[starts[section[i]]] = i
        starts[section[i]] += 1
    return placed


@part
def tie_state(base, p, o, half, fraction, rewire):
    """State of tie (place p, offset o): 0 absent, 1 in its circle, 2 rewired."""
    bits = draw(base, (np.int64(p) << _SHIFT) | np.int64(o))
    if o > half and np.int64(bits & np.uint64(0xFFFFFFFF)) >= fraction:
        return 0
    return 2 if np.int64(bits >> np.uint64(32)) < rewire else 1


class Circles(NamedTuple):
    """Who sits where, and which of the possible ties there are."""

    cuts: NDArray[np.int64]  # [circles + 1] first place of each
    order: NDArray[np.int32]  # [places] who sits there
    base: np.uint64  # of the draws that rewire
    half: int  # ties to this many on each side, and ...
    fraction: int  # ... to one more with this chance, units of 2**-32
    rewire: int  # chance of being rewired, units of 2**-32


class Far(NamedTuple):
    """How the far end of a rewired tie is drawn; people by group as in `Groups`."""

    of: NDArray[np.int32]
    people: NDArray[np.int32]
    starts: NDArray[np.int64]
    rank: NDArray[Any]
    base: np.uint64
    homophily: int  # chance of being drawn within the group, units of 2**-32


@kernel
def circle_degrees(lo, hi, s, degrees, far):
    """Count ties within circles (by person) and rewired ties (by circle), circles ``lo..hi-1``."""
    cuts, order, base = s.cuts, s.order, s.base
    half, fraction, rewire = s.half, s.fraction, s.rewire
    reach = half + (1 if fraction > 0 else 0)
    for c in range(lo, hi):
        a, b = cuts[c], cuts[c + 1]
        rewired = 0
        for p in range(a, b):
            degree = 0
            for o in range(1, reach + 1):
                state = tie_state(base, p, o, half, fraction, rewire)
                degree += state == 1
                rewired += state == 2
                q = p - o
                if q < a:
                    q += b - a
                degree += tie_state(base, q, o, half, fraction, rewire) == 1
            degrees[order[p] + 1] = degree
        far[c + 1] = rewired


@kernel
def far_ties(lo, hi, s, f, far, src, dst):
    """List the rewired ties of circles ``lo..hi-1``: the far end is anybody, or of the group."""
    cuts, order, base = s.cuts, s.order, s.base
    half, fraction, rewire = s.half, s.fraction, s.rewire
    group_of, starts, people, rank = f.of, f.starts, f.people, f.rank
    base_far, homophily = f.base, f.homophily
    reach = half + (1 if fraction > 0 else 0)
    count = order.size
    for c in range(lo, hi):
        at = far[c]
        for p in range(cuts[c], cuts[c + 1]):
            for o in range(1, reach + 1):
                if tie_state(base, p, o, half, fraction, rewire) != 2:
                    continue
                i = order[p]
                tie = (np.int64(p) << _SHIFT) | np.int64(o)
                bits = draw(base_far, tie)
                chance = np.int64(bits >> np.uint64(32))
                g = group_of[i]
                first = starts[g]
                size = starts[g + 1] - first
                if np.int64(bits & np.uint64(0xFFFFFFFF)) < homophily and size > 1:
                    k = pick(chance, size - 1)
                    if k >= rank[i] - first:
                        k += 1
                    j = np.int64(people[first + k])
                else:
                    j = pick(chance, count - 1)
                    if j >= i:
                        j += 1
                src[at] = i
                dst[at] = j
                at += 1


@kernel
def circle_rows(lo, hi, s, cursor, indices):
    """Write the ties within circles ``lo..hi-1`` into the rows of both ends."""
    cuts, order, base = s.cuts, s.order, s.base
    half, fraction, rewire = s.half, s.fraction, s.rewire
    reach = half + (1 if fraction > 0 else 0)
    for c in range(lo, hi):
        a, b = cuts[c], cuts[c + 1]
        for p in range(a, b):
            i = order[p]
            at = cursor[i]
            for o in range(1, reach + 1):
                if tie_state(base, p, o, half, fraction, rewire) == 1:
                    q = p + o
                    if q >= b:
                        q -= b - a
                    indices[at] = order[q]
                    at += 1
                q = p - o
                if q < a:
                    q += b - a
                if tie_state(base, q, o, half, fraction, rewire) == 1:
                    indices[at] = order[q]
                    at += 1
            cursor[i] = at


def _circles(
    who: Population,
    order: NDArray[np.int32],
    cuts: NDArray[np.int64],
    mean_degree: float,
    rewire: float,
    homophily: float,
    kinds: Groups,
    where: Address,
) -> tuple[NDArray[np.int64], NDArray[np.int32], int]:
    """Build the rows; return them and the number of rewired ties that met an existing one."""
    base = draws_base(where, codes.DRAW_FRIEND_REWIRE)
    half = int(mean_degree // 2)
    fraction = round((mean_degree / 2 - half) * 2**32)
    rewired = round(rewire * 2**32)
    seats = Block("circles", Circles(cuts, order, np.uint64(base), half, fraction, rewired))
    circles = cuts.size - 1
    indptr = np.zeros(who.size + 1, dtype=np.int64)
    far = np.zeros(circles + 1, dtype=np.int64)
    over_rows(circle_degrees, circles, seats, indptr, far)
    graphs.prefix_sum(far)
    src, dst = np.empty(int(far[-1]), dtype=np.int32), np.empty(int(far[-1]), dtype=np.int32)
    base = draws_base(where, codes.DRAW_FRIEND_FAR)
    ends = Far(**kinds._asdict(), base=np.uint64(base), homophily=round(homophily * 2**32))
    over_rows(far_ties, circles, seats, Block("far ends", ends), far, src, dst)
    graphs.count_arcs(src, dst, True, indptr)
    graphs.prefix_sum(indptr)
    indices = np.empty(int(indptr[-1]), dtype=np.int32)
    cursor = indptr[:-1].copy()
    over_rows(circle_rows, circles, seats, cursor, indices)
    graphs.scatter_arcs(src, dst, NO_WEIGHTS, True, cursor, indices, NO_WEIGHTS)
    del src, dst
    over_rows(graphs.tidy_rows, who.size, indptr, True, indices, cursor, work=indptr)
    before = indices.size
    arcs = int(graphs.compact(indptr, cursor, indices, NO_WEIGHTS))
    shrink(indices, arcs)
    return indptr, indices, (before - arcs) // 2


def small_world(
    n: int,
    mean_degree: float = 20.0,
    rewire: float = 0.1,
    community_size: int = 100,
    homophily: float = 0.0,
    groups: ArrayLike | None = None,
    *,
    key: int,
    members: ArrayLike | None = None,
    replicate: int = 0,
    layer: int = 0,
    name: str = "friends",
) -> Network:
    """Draw mutual ties among friends: dense communities and a share of far ties.

    Law: people are placed in a keyed order on circles of uniform random size,
    ``community_size / 2`` to ``3 / 2 community_size``.  Each person has a tie to the next
    ``mean_degree / 2`` on its circle (a fraction is a probability); each tie is rewired with
    probability `rewire` to a person drawn anywhere.  A rewired tie that meets an existing one
    is dropped (counted in the notes).  Without rewiring the clustering coefficient is
    ``3 (k - 2) / (4 (k - 1))``, with it about that times ``(1 - rewire)**3``.
    With `homophily` h, people of a group sit together and rewire within their group so that the
    share of ties within groups is ``h + (1 - h) * share by chance``.

    Parameters
    ----------
    n : int
        Number of people.
    mean_degree : float
        Mean number of friends, at least 2 and below the smallest community.
    rewire : float
        Share of ties to anywhere, 0 to 1.
    community_size : int
        Mean size of a community (one circle where fewer people are on the channel).
    homophily : float
        0 (neutral) to 1.
    groups : (n,) int array, optional
        Kind of each person; needed where `homophily` is above 0.
    key, members, replicate, layer, name
        As for `follow_graph`.

    Returns
    -------
    Network
        One mutual layer.

    Raises
    ------
    KoubeiError
        Any value out of range.

    References
    ----------
    Watts, D. J. and Strogatz, S. H. (1998), Collective dynamics of small-world networks,
    Nature 393, 440-442.  Barrat, A. and Weigt, M. (2000), European Physical Journal B 13,
    547-560 (clustering after rewiring).

    Examples
    --------
    >>> net = small_world(1000, mean_degree=10, rewire=0.1, key=1)
    >>> net.layer().directed, 9.8 < net.n_arcs / 1000 <= 10
    (False, True)
    """
    who = population(n, members)
    mean = real("mean_degree", mean_degree, 2.0, 2.0 * MAX_HALF)
    rewire = real("rewire", rewire, 0.0, 1.0)
    homophily = real("homophily", homophily, 0.0, 1.0)
    size = whole("community_size", community_size, 4, 2**31 - 1)
    where = address(key, replicate, layer)
    kinds = grouped(who, groups, homophily)
    low = max(min(size - size // 2, who.size), 1)
    _check_room(mean, low, "community_size" if low < who.size else "n")
    base = draws_base(where, codes.DRAW_COMMUNITY_SIZE)
    cuts = community_bounds(base, who.size, low, max(low, size + size // 2))
    base = draws_base(where, codes.DRAW_FRIEND_ORDER)
    order = keyed_order(base, who.size)
    if homophily > 0.0:
        base = draws_base(where, codes.DRAW_FRIEND_SECTION)
        root = round(math.sqrt(homophily) * 2**32)
        order = section_order(order, kinds.of, kinds.people, root, base, kinds.starts.size - 1)
    indptr, indices, erased = _circles(who, order, cuts, mean, rewire, homophily, kinds, where)
    notes = {
        "generator": "small_world",
        "mean_degree": mean,
        "rewire": rewire,
        "community_size": size,
        "homophily": homophily,
        "key": int(key),
        "replicate": where.replicate,
        "layer": where.layer,
        "communities": cuts.size - 1,
        "parallel_merged": erased,
    }
    return spread(who, name, indptr, indices, False, notes)


def watts_strogatz(
    n: int,
    k: int = 20,
    p: float = 0.1,
    *,
    key: int,
    members: ArrayLike | None = None,
    replicate: int = 0,
    layer: int = 0,
    name: str = "ties",
) -> Network:
    """Draw Watts and Strogatz's small world: one circle, ids in order around it.

    Law: everybody has ties to the `k` nearest (even); each is rewired with probability `p` to a
    person drawn anywhere else; one that meets an existing tie is dropped (counted in the notes).

    References
    ----------
    Watts, D. J. and Strogatz, S. H. (1998), Nature 393, 440-442.

    Examples
    --------
    >>> watts_strogatz(10, k=4, p=0.0, key=1).layer().heard_by(0).tolist()
    [1, 2, 8, 9]
    """
    who = population(n, members, 2 * k if isinstance(k, int) else 0)
    k = whole("k", k, 2, 2 * MAX_HALF)
    if k % 2:
        raise KoubeiError("k", "odd", got=k, allowed="even numbers", fix=f"k={k + 1}")
    p = real("p", p, 0.0, 1.0)
    where = address(key, replicate, layer)
    _check_room(k, who.size, "n")
    order = np.arange(who.size, dtype=np.int32)
    cuts = np.array([0, who.size], dtype=np.int64)
    indptr, indices, erased = _circles(who, order, cuts, k, p, 0.0, grouped(who, None, 0.0), where)
    notes = {
        "generator": "watts_strogatz",
        "k": k,
        "p": p,
        "key": int(key),
        "parallel_merged": erased,
    }
    return spread(who, name, indptr, indices, False, notes)


def _check_room(mean_degree: float, smallest: int, where: str) -> None:
    """Refuse circles so small that a person would be its own neighbour or meet one twice."""
    needed = 2 * math.ceil(mean_degree / 2) + 1
    if smallest < needed:
        fix = f"community_size={2 * needed}" if where == "community_size" else "a smaller degree"
        raise KoubeiError(
            where,
            "circles too small for the degree",
            got=f"{smallest} people for {mean_degree:g} ties",
            allowed=f"{needed} people or more",
            fix=fix,
        )
