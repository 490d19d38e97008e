"""What all generators share: checks, members, groups, keyed orders and heavy-tailed weights.

A generator works on ``count`` people numbered 0..count-1; where only some of ``n`` people are on
the channel (`members`), their rows are put in place at the end by `spread`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koubei_sim import checks
from koubei_sim.core.compiling import kernel
from koubei_sim.core.draws import draw, exp_neg_portable, log_portable, stream, unit_open
from koubei_sim.errors import KoubeiError
from koubei_sim.networks.edges import check_room, checked_count, checked_ids
from koubei_sim.networks.network import Network, one_layer


class Population(NamedTuple):
    """Who is on the channel.  `members` is None when everybody is."""

    n: int
    size: int
    members: NDArray[np.int32] | None


class Address(NamedTuple):
    """The fields that all draws of one graph share."""

    key: np.uint64
    replicate: int
    layer: int


def population(n: int, members: ArrayLike | None, ties: float = 0.0) -> Population:
    """Check `n` and `members` (ids among n, all different, in any order).

    `ties` is about how many arcs a person has, so that what memory cannot hold is refused at once.
    """
    n = checked_count(n)
    each = ties if isinstance(ties, (int, float)) and 0.0 <= ties < n else 0.0
    count = n if members is None else np.size(members)
    if count * (1.0 + each) > 1e7:
        check_room("n", n, count * each)
    if members is None:
        return Population(n, n, None)
    ids = checked_ids(members, "members", n)
    if ids.size == 0:
        raise KoubeiError("members", "nobody", allowed="one or more ids")
    ids = np.sort(ids)
    if (ids[1:] == ids[:-1]).any():
        raise KoubeiError(
            "members", "somebody is named twice", got=int(ids[:-1][ids[1:] == ids[:-1]][0])
        )
    return Population(n, ids.size, ids)


def address(key: int, replicate: int, layer: int) -> Address:
    """Check the address of a graph's draws."""
    return Address(
        np.uint64(checks.whole("key", key, 0, (1 << 64) - 1)),
        checks.whole("replicate", replicate, 0, (1 << 62) - 1),
        checks.whole("layer", layer, 0, (1 << 62) - 1),
    )


def real(where: str, value: object, low: float, high: float, *, open_low: bool = False) -> float:
    """Return a finite number in ``[low, high]`` (or ``(low, high]``) as a float."""
    found = checks.number(where, value, low, high)
    if open_low and found == low:
        allowed = f"above {low:g}..{high:g}"
        raise KoubeiError(where, "out of range", got=value, allowed=allowed)
    return found


class Groups(NamedTuple):
    """People by kind: `of` person -> group; `people` sorted by (group, id); `rank` its inverse."""

    of: NDArray[np.int32]
    starts: NDArray[np.int64]
    people: NDArray[np.int32]
    rank: NDArray[np.int32]


def grouped(who: Population, groups: ArrayLike | None, homophily: float) -> Groups:
    """Check `groups` (an int for each of the n people) and sort the channel's people by them."""
    if groups is None:
        if homophily > 0.0:
            raise KoubeiError(
                "groups", "homophily needs to know the groups", fix="groups=array of n kinds"
            )
        kinds = np.zeros(who.size, dtype=np.int32)
    else:
        array = np.asarray(groups)
        if array.shape != (who.n,) or array.dtype.kind not in "iub":
            raise KoubeiError(
                "groups",
                "not a whole number for each person",
                got=f"{array.dtype} {array.shape}",
                allowed=f"({who.n},)",
            )
        if who.members is not None:
            array = array[who.members]
        kinds = np.unique(array, return_inverse=True)[1].astype(np.int32)
    starts = np.zeros(int(kinds.max()) + 2, dtype=np.int64)
    np.cumsum(np.bincount(kinds), out=starts[1:])
    people = np.argsort(kinds, kind="stable").astype(np.int32)
    rank = np.empty_like(people)
    rank[people] = np.arange(people.size, dtype=np.int32)
    return Groups(kinds, starts, people, rank)


def spread(
    who: Population,
    name: str,
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    directed: bool,
    notes: Mapping[str, Any],
) -> Network:
    """Make the network, putting the rows of the members in place among all people."""
    if who.members is not None:
        # Members ascend, so rows stay sorted.
        indices = np.take(who.members, indices)
        full = np.zeros(who.n + 1, dtype=np.int64)
        full[who.members + 1] = np.diff(indptr)
        indptr = np.cumsum(full)
    return one_layer(name, indptr, indices, directed, notes)


@kernel
def keyed_order(base, count):
    """Return a permutation of 0..count-1: Fisher and Yates's shuffle with addressed draws.

    The place is the upper half of ``32 random bits * (i + 1)`` (bias below count / 2**32).
    """
    order = np.arange(count).astype(np.int32)
    for i in range(count - 1, 0, -1):
        j = (np.int64(draw(base, i) >> np.uint64(32)) * np.int64(i + 1)) >> 32
        other = order[j]
        order[j] = order[i]
        order[i] = other
    return order


@kernel
def pareto_weights(base, count, exponent, mean):
    """Return `count` Pareto weights, density falling as ``w**-exponent``, scaled to mean `mean`.

    Inverse transform: ``w = U**(-1 / (exponent - 1))``.  The scale is that of the sample, so the
    mean is exact although the law may have no variance.
    """
    weights = np.empty(count)
    total = 0.0
    power = 1.0 / (exponent - 1.0)
    for i in range(count):
        w = 1.0 / exp_neg_portable(-log_portable(unit_open(draw(base, i))) * power)
        weights[i] = w
        total += w
    scale = mean * np.float64(count) / total
    for i in range(count):
        weights[i] *= scale
    return weights


def draws_base(where: Address, purpose: int) -> np.uint64:
    """Return the base of the draws of a graph for one purpose (as a numpy word: a Python int
    of over 63 bits would not find the compiled function that takes it).
    """
    return np.uint64(stream(where.key, where.replicate, purpose, where.layer, 0))
