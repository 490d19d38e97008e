"""`follow_graph`: a directed graph with a heavy-tailed number of followers (Weibo's shape).

Every person chooses whom to follow; popularity is Pareto distributed.  Row ``u`` (those whom the
word of ``u`` reaches) is drawn directly, sorted, by skipping from follower to follower, so the
graph needs no memory but its own: one pass counts, an identical one writes.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koubei_sim.core import codes
from koubei_sim.core.block import Block
from koubei_sim.core.compiling import kernel
from koubei_sim.core.csr import prefix_sum
from koubei_sim.core.draws import draw, exp_neg_portable, log_portable, stream, unit_open
from koubei_sim.errors import KoubeiError
from koubei_sim.networks.generators.population import (
    address,
    draws_base,
    grouped,
    pareto_weights,
    population,
    real,
    spread,
)
from koubei_sim.networks.network import Network
from koubei_sim.networks.row_blocks import over_rows

_TWO = np.uint64(2)
_NO_INDICES = np.empty(0, dtype=np.int32)


@kernel
def row_scale(weights, mean):
    """Return c with ``mean over u of n (1 - exp(-c w_u)) = mean`` (Newton, from below).

    A pair that would be drawn several times counts once; c makes up for what that loses, which
    matters only where the most popular are followed by a large share of all.
    """
    n = np.float64(weights.size)
    goal = mean * n / (n - 1.0)  # nobody follows themselves
    total = 0.0
    for u in range(weights.size):
        total += weights[u]
    c = goal / total
    for _ in range(60):
        value = 0.0
        slope = 0.0
        for u in range(weights.size):
            e = exp_neg_portable(c * weights[u])
            value += 1.0 - e
            slope += weights[u] * e
        if value >= goal * (1.0 - 1e-9):
            break
        c += (goal - value) / slope
    return c


class Follow(NamedTuple):
    """Rates of being followed and the address of the draws; people by group as in `Groups`."""

    key: np.uint64
    replicate: int
    layer: int
    inside: NDArray[np.float64]  # [N] rate in the own group
    outside: NDArray[np.float64]  # [N] rate among all
    of: NDArray[np.int32]
    starts: NDArray[np.int64]
    people: NDArray[np.int32]


@kernel
def follower_rows(lo, hi, f, write, indptr, indices):
    """Draw the followers of ``lo..hi-1``: count them into ``indptr[u + 1]``, or write them.

    Two sorted sequences are merged: followers from the own group (rate ``inside[u]`` per person)
    and from all (rate ``outside[u]``).  Gaps are ``floor(Exp(1) / rate)``, so each person is met
    with probability ``1 - exp(-rate)``.
    """
    key, replicate, layer = f.key, f.replicate, f.layer
    inside, outside = f.inside, f.outside
    group_of, starts, people = f.of, f.starts, f.people
    n = group_of.size
    for u in range(lo, hi):
        base = stream(key, replicate, codes.DRAW_FOLLOWERS, layer, u)
        g = group_of[u]
        first, size = starts[g], np.float64(starts[g + 1] - starts[g])
        slow = 1.0 / inside[u] if inside[u] > 0.0 else -1.0
        wide = 1.0 / outside[u] if outside[u] > 0.0 else -1.0
        a = -1.0  # place in the own group
        b = -1.0  # place among all
        a_id = n if slow < 0.0 else -1
        b_id = n if wide < 0.0 else -1
        turn_a = np.uint64(0)
        turn_b = np.uint64(1)
        last = -1
        at = indptr[u] if write else np.int64(0)
        while True:
            if a_id == last and a_id < n:
                a += 1.0 + np.floor(-log_portable(unit_open(draw(base, turn_a))) * slow)
                turn_a += _TWO
                a_id = np.int64(people[first + np.int64(a)]) if a < size else n
            if b_id == last and b_id < n:
                b += 1.0 + np.floor(-log_portable(unit_open(draw(base, turn_b))) * wide)
                turn_b += _TWO
                b_id = np.int64(b) if b < n else n
            last = min(a_id, b_id)
            if last == n:
                break
            if last != u:
                if write:
                    indices[at] = last
                at += 1
        if not write:
            indptr[u + 1] = at


def follow_graph(
    n: int,
    mean_degree: float = 15.0,
    exponent: float = 2.3,
    homophily: float = 0.0,
    groups: ArrayLike | None = None,
    *,
    key: int,
    audience_cap: float = 1.0,
    members: ArrayLike | None = None,
    replicate: int = 0,
    layer: int = 0,
    name: str = "follow",
) -> Network:
    """Draw a follow graph: arcs run from the followed to the follower, as the word does.

    Law: each person follows a Poisson number of accounts with mean `mean_degree`, choosing each
    with probability proportional to its popularity, a Pareto variable whose density falls as
    ``w**-exponent``; with probability `homophily` the choice is among the own group only.
    Repeated choices count once.  Hence follower counts have a tail of that exponent, and the
    share of arcs within groups is ``homophily + (1 - homophily) * share by chance``.

    Parameters
    ----------
    n : int
        Number of people.
    mean_degree : float
        Mean number of followers (and of accounts followed), above 0 and below people - 1.
    exponent : float
        Exponent of the follower counts, above 2 (else the mean does not exist) to 10.
    homophily : float
        Share of choices made within the own group, 0 (neutral) to 1.
    groups : (n,) int array, optional
        Kind of each person; needed where `homophily` is above 0.
    key : int
        The key of all draws, 0 to 2**64 - 1.
    audience_cap : float
        Largest share of all who may be expected to follow one account, above 0 to 1 (no cap).
        Without a cap an ordinary account may be heard by most: at exponent 2.3 the first of a
        million has some 9 to 63 % of them.
    members : array of int, optional
        People on the channel; others have no arcs.
    replicate, layer : int
        Further fields of the address of the draws.
    name : str
        Name of the layer.

    Returns
    -------
    Network
        One directed layer, without loops or parallel arcs.

    Raises
    ------
    KoubeiError
        Any value out of range.

    References
    ----------
    Chung, F. and Lu, L. (2002), Connected components in random graphs with given expected
    degree sequences, Annals of Combinatorics 6, 125-145.  Batagelj, V. and Brandes, U. (2005),
    Efficient generation of large random networks, Physical Review E 71, 036113 (the skipping).

    Examples
    --------
    >>> net = follow_graph(1000, mean_degree=10, key=1)
    >>> net.layer().directed, 9 < net.n_arcs / 1000 < 11
    (True, True)
    """
    who = population(n, members, mean_degree)
    exponent = real("exponent", exponent, 2.0, 10.0, open_low=True)
    homophily = real("homophily", homophily, 0.0, 1.0)
    mean = real("mean_degree", mean_degree, 0.0, max(who.size - 1, 0), open_low=True)
    if mean >= who.size - 1:
        raise KoubeiError(
            "mean_degree", "as many as there are people", got=mean, allowed=f"below {who.size - 1}"
        )
    cap = real("audience_cap", audience_cap, 0.0, 1.0, open_low=True)
    if mean >= cap * (who.size - 1):
        raise KoubeiError(
            "audience_cap",
            f"too small for {mean:g} followers each of {who.size} people",
            got=cap,
            allowed=f"above {mean / (who.size - 1):.3g}",
        )
    where = address(key, replicate, layer)
    kinds = grouped(who, groups, homophily)
    base = draws_base(where, codes.DRAW_POPULARITY)
    weights = capped(pareto_weights(base, who.size, exponent, 1.0), mean, cap)
    inside, outside = _rates(weights, homophily, kinds.of)
    indptr = np.zeros(who.size + 1, dtype=np.int64)
    rates = Follow(
        key=np.uint64(where.key),
        replicate=where.replicate,
        layer=where.layer,
        inside=inside,
        outside=outside,
        of=kinds.of,
        starts=kinds.starts,
        people=kinds.people,
    )
    fixed = Block("follow", rates)
    over_rows(follower_rows, who.size, fixed, False, indptr, _NO_INDICES)
    prefix_sum(indptr)
    indices = np.empty(int(indptr[-1]), dtype=np.int32)
    over_rows(follower_rows, who.size, fixed, True, indptr, indices, work=indptr)
    notes = {
        "generator": "follow_graph",
        "mean_degree": mean,
        "exponent": exponent,
        "homophily": homophily,
        **({"audience_cap": cap} if cap < 1.0 else {}),
        "key": int(key),
        "replicate": where.replicate,
        "layer": where.layer,
    }
    return spread(who, name, indptr, indices, True, notes)


def capped(weights: NDArray[np.float64], mean: float, cap: float) -> NDArray[np.float64]:
    """Return rates of being followed with that mean, none of them above ``-log(1 - cap)``.

    Weights are cut where they are too large; what that loses is made up for by all, so it is done
    again until nobody is above.
    """
    rates = weights * row_scale(weights, mean)
    if cap < 1.0:
        most = -log_portable(1.0 - cap)
        while rates.max() > most * (1.0 + 1e-9):
            rates = np.minimum(rates, most)
            rates *= row_scale(rates, mean)
    return rates


def _rates(
    rate: NDArray[np.float64], homophily: float, group_of: NDArray[np.int32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Split the rate per follower of each account into that of the own group and of all.

    A follower makes the same number of choices whatever its group: within a group the weights
    are shares of the group's popularity, among all shares of everybody's.
    """
    if homophily == 0.0:
        return np.zeros_like(rate), rate
    popularity = np.bincount(group_of, weights=rate)
    # An exactly rounded sum: numpy's order of adding depends on the processor.
    total = math.fsum(popularity.tolist())
    return rate * (homophily * total / popularity)[group_of], rate * (1.0 - homophily)
