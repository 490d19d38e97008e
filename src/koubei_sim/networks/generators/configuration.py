"""`configuration`: mutual ties with given numbers of friends, otherwise random (Qzone's shape).

The stubs of all people are matched by a keyed permutation of their numbers that can be computed
forwards and backwards, so row ``u`` is found directly from the stubs of ``u``: no list of edges,
no passes over it, and rows may be done in any order or thread.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from koubei_sim.checks import whole
from koubei_sim.core import codes
from koubei_sim.core import csr as graphs
from koubei_sim.core.compiling import kernel
from koubei_sim.core.draws import draw32, pick, stream
from koubei_sim.errors import KoubeiError
from koubei_sim.networks.edges import checked_ids, shrink
from koubei_sim.networks.generators.population import (
    Address,
    address,
    draws_base,
    keyed_order,
    pareto_weights,
    population,
    real,
    spread,
)
from koubei_sim.networks.network import Network
from koubei_sim.networks.row_blocks import over_rows

ROUNDS = 4
SHUFFLED = 1 << 16  # fewer stubs than this are shuffled one by one: tiny tables are not random
NO_WEIGHTS = np.empty(0, dtype=np.float32)


@kernel
def round_degrees(weights, base, top, degrees):
    """Round weights up or down at random so that their mean stays; cut at `top`."""
    for i in range(weights.size):
        whole_part = np.floor(weights[i])
        extra = np.int64((weights[i] - whole_part) * 4294967296.0)
        degree = np.int64(whole_part) + (1 if draw32(base, i) < extra else 0)
        degrees[i] = min(degree, top)


@kernel
def feistel_tables(key, replicate, purpose, layer, side):
    """Return the random round functions, int32 (ROUNDS, side): values 0..side-1."""
    tables = np.empty((ROUNDS, side), dtype=np.int32)
    for r in range(ROUNDS):
        base = stream(key, replicate, purpose, layer, r)
        for x in range(side):
            tables[r, x] = pick(draw32(base, x), side)
    return tables


@njit(cache=True, nogil=True, inline="always")
def permute(x, side, stubs, tables):
    """Place of stub `x` in the keyed order: four Feistel rounds on its two digits base `side`.

    Results outside 0..stubs-1 are permuted again (cycle walking), so this is a permutation of
    0..stubs-1 (Luby and Rackoff 1988; Black and Rogaway 2002).
    """
    while True:
        left = np.int32(np.uint32(x) // np.uint32(side))
        right = np.int32(np.uint32(x) - np.uint32(left) * np.uint32(side))
        for r in range(ROUNDS):
            total = left + tables[r, right]
            if total >= side:
                total -= side
            left = right
            right = total
        x = np.int64(left) * side + right
        if x < stubs:
            return x


@njit(cache=True, nogil=True, inline="always")
def unpermute(x, side, stubs, tables):
    """The stub whose place is `x`: `permute` backwards."""
    while True:
        left = np.int32(np.uint32(x) // np.uint32(side))
        right = np.int32(np.uint32(x) - np.uint32(left) * np.uint32(side))
        for back in range(ROUNDS):
            r = ROUNDS - 1 - back
            total = right - tables[r, left]
            if total < 0:
                total += side
            right = left
            left = total
        x = np.int64(left) * side + right
        if x < stubs:
            return x


@kernel
def matched_rows(lo, hi, indptr, owner, side, tables, indices):
    """Write, for each stub of rows ``lo..hi-1``, the owner of the stub that it is matched with.

    Stubs at places 2k and 2k + 1 of the keyed order are matched.  A person matched with itself
    writes its own number; `drop_repeats` removes it.
    """
    stubs = owner.size
    for s in range(indptr[lo], indptr[hi]):
        place = permute(s, side, stubs, tables)
        indices[s] = owner[unpermute(place ^ 1, side, stubs, tables)]


@kernel
def drop_repeats(lo, hi, indptr, indices, lengths):
    """Sort rows, drop loops and repeats (erased model); return (loop stubs, repeated stubs)."""
    loops = 0
    repeats = 0
    for u in range(lo, hi):
        row = indices[indptr[u] : indptr[u + 1]]
        graphs.sort_row(row)
        kept = 0
        for k in range(row.size):
            if row[k] == u:
                loops += 1
            elif kept > 0 and row[kept - 1] == row[k]:
                repeats += 1
            else:
                row[kept] = row[k]
                kept += 1
        lengths[u] = kept
    return loops, repeats


def configuration(
    degrees: ArrayLike | None = None,
    n: int | None = None,
    mean_degree: float = 15.0,
    exponent: float = 3.0,
    max_degree: int | None = None,
    *,
    key: int,
    members: ArrayLike | None = None,
    replicate: int = 0,
    layer: int = 0,
    name: str = "ties",
) -> Network:
    """Draw mutual ties with given degrees: the erased configuration model.

    Law: every person has as many stubs as its degree; all stubs are matched at random (by a
    keyed shuffle, or beyond 65,536 stubs a four-round Feistel permutation with random
    tables); loops and repeated ties are
    erased and counted in the notes.  Degrees that are not given are Pareto variables, density
    falling as ``k**-exponent``, scaled to `mean_degree`, rounded at random, cut at `max_degree`.

    Parameters
    ----------
    degrees : (n,) int array, optional
        Degree of each person (of each of the `members` in ascending order), sum even.
    n : int, optional
        Number of people; needed where `degrees` is not given, or with `members`.
    mean_degree : float
        Mean degree before erasing, above 0.
    exponent : float
        Exponent of the degrees, above 2 to 10.
    max_degree : int, optional
        Largest degree drawn, at most (and where not given) people - 1.
    key, members, replicate, layer, name
        As for `follow_graph`.

    Returns
    -------
    Network
        One mutual layer.

    Raises
    ------
    KoubeiError
        Any value out of range; an odd sum of given degrees.

    References
    ----------
    Molloy, M. and Reed, B. (1995), Random Structures and Algorithms 6, 161-180.  Britton, T.,
    Deijfen, M. and Martin-Loef, A. (2006), Journal of Statistical Physics 124, 1377-1397
    (erased model).  Luby, M. and Rackoff, C. (1988), SIAM Journal on Computing 17, 373-386.

    Examples
    --------
    >>> net = configuration([2, 1, 1, 2], key=3)
    >>> bool((net.degrees() <= [2, 1, 1, 2]).all())
    True
    """
    if n is None:
        if degrees is None or members is not None:
            raise KoubeiError("n", "number of people not given", fix="n=1000")
        n = int(np.size(degrees))  # type: ignore[arg-type]
    who = population(n, members)
    where = address(key, replicate, layer)
    notes: dict[str, object] = {"generator": "configuration", "key": int(key)}
    if degrees is None:
        stubs = _drawn_degrees(who.size, mean_degree, exponent, max_degree, where)
        notes |= {"mean_degree": float(mean_degree), "exponent": float(exponent)}
    else:
        stubs = checked_ids(degrees, "degrees", None)
        if stubs.size != who.size:
            raise KoubeiError(
                "degrees", "not one for each person", got=stubs.size, allowed=str(who.size)
            )
        if stubs.max() >= who.size:
            raise KoubeiError(
                "degrees",
                "more friends than people",
                got=int(stubs.max()),
                allowed=f"0..{who.size - 1}",
            )
        if int(stubs.sum(dtype=np.int64)) % 2:
            raise KoubeiError(
                "degrees",
                "their sum is odd",
                got=int(stubs.sum(dtype=np.int64)),
                fix="one more or less",
            )
    indptr, indices, loops, repeats = _matched(stubs, where)
    # Each erased loop was two stubs, each repeated tie two.
    notes |= {"replicate": where.replicate, "layer": where.layer}
    notes |= {"self_loops_dropped": loops // 2, "parallel_merged": repeats // 2}
    return spread(who, name, indptr, indices, False, notes)


def _drawn_degrees(
    count: int, mean_degree: float, exponent: float, max_degree: int | None, where: Address
) -> NDArray[np.int32]:
    exponent = real("exponent", exponent, 2.0, 10.0, open_low=True)
    mean = real("mean_degree", mean_degree, 0.0, max(count - 1, 0), open_low=True)
    top = count - 1 if max_degree is None else whole("max_degree", max_degree, 1, count - 1)
    base = draws_base(where, codes.DRAW_DEGREES)
    weights = pareto_weights(base, count, exponent, mean)
    base = draws_base(where, codes.DRAW_DEGREE_ROUNDING)
    degrees = np.empty(count, dtype=np.int32)
    round_degrees(weights, base, top, degrees)
    if int(degrees.sum(dtype=np.int64)) % 2:
        base = draws_base(where, codes.DRAW_ODD_STUB)
        lucky = int(pick(draw32(base, 0), count))
        degrees[lucky] += 1 if degrees[lucky] < count - 1 else -1
    return degrees


def _matched(
    stubs: NDArray[np.int32], where: Address
) -> tuple[NDArray[np.int64], NDArray[np.int32], int, int]:
    count = stubs.size
    indptr = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(stubs, out=indptr[1:])
    total = int(indptr[-1])
    if total >= 2**32 - 2**17:
        raise KoubeiError("degrees", "too many ties", got=total, allowed="sum below 4.29e9")
    owner = np.repeat(np.arange(count, dtype=np.int32), stubs)
    indices = np.empty(total, dtype=np.int32)
    if total <= SHUFFLED:
        place = keyed_order(draws_base(where, codes.DRAW_MATCHING), total)
        indices[place[0::2]] = owner[place[1::2]]
        indices[place[1::2]] = owner[place[0::2]]
    else:
        fields = (where.key, where.replicate, codes.DRAW_MATCHING, where.layer)
        side = math.isqrt(total - 1) + 1  # side * side >= total
        tables = feistel_tables(*fields, side)
        over_rows(matched_rows, count, indptr, owner, side, tables, indices, work=indptr)
    del owner
    lengths = np.empty(count, dtype=np.int64)
    erased = over_rows(drop_repeats, count, indptr, indices, lengths, work=indptr)
    arcs = int(graphs.compact(indptr, lengths, indices, NO_WEIGHTS))
    shrink(indices, arcs)
    return (
        indptr,
        indices,
        sum(int(loops) for loops, _ in erased),
        sum(int(more) for _, more in erased),
    )
