"""Classic graphs, for comparison with theory: random ones, and regular ones without luck.

`erdos_renyi` and `barabasi_albert` are drawn as the upper half of a mutual graph and mirrored
(`directed` Erdos-Renyi rows are drawn whole); `complete`, `ring` and `lattice` draw nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koubei_sim import checks
from koubei_sim.checks import whole
from koubei_sim.core import codes
from koubei_sim.core import csr as graphs
from koubei_sim.core.block import Block
from koubei_sim.core.compiling import kernel
from koubei_sim.core.draws import draw, draw32, log_portable, pick, stream, unit_open
from koubei_sim.errors import KoubeiError
from koubei_sim.networks.edges import sorted_rows
from koubei_sim.networks.generators.population import (
    address,
    draws_base,
    keyed_order,
    population,
    real,
    spread,
)
from koubei_sim.networks.network import Network
from koubei_sim.networks.row_blocks import over_rows

_NO_INDICES = np.empty(0, dtype=np.int32)


@kernel
def rate_of(p):
    """Return ``-log(1 - p)``, accurate for small `p` too (p below 1)."""
    q = 1.0 - p
    return -log_portable(q) + (p - (1.0 - q)) / q


class Pairs(NamedTuple):
    """The rate of a pair, who is in it, and the address of the draws."""

    n: int
    rate: float  # 0: everybody
    upper: int  # 1: only people after the first
    key: np.uint64
    replicate: int
    layer: int


@kernel
def pair_rows(lo, hi, p, write, indptr, indices):
    """Draw rows ``lo..hi-1``: each person (after u where `upper`) with ``1 - exp(-rate)``."""
    n, rate, upper = p.n, p.rate, p.upper == 1
    key, replicate, layer = p.key, p.replicate, p.layer
    mean_gap = 1.0 / rate if rate > 0.0 else 0.0  # a rate of 0 means: everybody
    for u in range(lo, hi):
        base = stream(key, replicate, codes.DRAW_INDEPENDENT_PAIRS, layer, u)
        at = indptr[u] if write else np.int64(0)
        v = np.float64(u) if upper else -1.0
        turn = np.uint64(0)
        while True:
            v += 1.0 + np.floor(-log_portable(unit_open(draw(base, turn))) * mean_gap)
            turn += np.uint64(1)
            if v >= n:
                break
            if np.int64(v) != u:
                if write:
                    indices[at] = np.int64(v)
                at += 1
        if not write:
            indptr[u + 1] = at


@kernel
def attach(key, replicate, purpose, layer, n, m, earlier):
    """Fill ``earlier[v - m - 1]`` with the `m` distinct earlier people whom newcomer v ties to.

    The first m + 1 people all know each other.  A newcomer repeats "take a uniform stub of all
    ties so far and go to its owner" until it has m different ones, so each is found with
    probability proportional to its degree.  Stubs are not stored: stub 2e + 1 of a tie is its
    older end, 2e its newer.
    """
    first = m * (m + 1)  # stubs of the complete start
    for v in range(m + 1, n):
        base = stream(key, replicate, purpose, layer, v)
        stubs = first + 2 * m * (v - m - 1)
        row = earlier[v - m - 1]
        kept = 0
        trial = 0
        while kept < m:
            # 64-bit multiply and shift of 32 bits is too coarse beyond 2**32 stubs only.
            s = pick(draw32(base, trial), stubs)
            trial += 1
            if s < first:
                x = s // m  # the owner of a stub of the start
            else:
                tie = (s - first) >> 1
                newer = m + 1 + tie // m
                x = newer if (s - first) & 1 == 0 else np.int64(earlier[newer - m - 1, tie % m])
            fresh = True
            for k in range(kept):
                if row[k] == x:
                    fresh = False
                    break
            if fresh:
                row[kept] = x
                kept += 1


def _mirrored(
    indptr: NDArray[np.int64], indices: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the mutual graph whose upper half is given."""
    full = np.zeros(indptr.size, dtype=np.int64)
    full[1:] = np.diff(indptr)
    graphs.count_targets(indices, full)
    graphs.prefix_sum(full)
    both = np.empty(2 * indices.size, dtype=np.int32)
    graphs.mirror_upper(indptr, indices, full[:-1].copy(), both)
    return full, both


def erdos_renyi(
    n: int,
    mean_degree: float | None = None,
    p: float | None = None,
    directed: bool = False,
    *,
    key: int,
    members: ArrayLike | None = None,
    replicate: int = 0,
    layer: int = 0,
    name: str = "ties",
) -> Network:
    """Draw G(n, p): every pair (every ordered pair where `directed`) independently.

    Parameters
    ----------
    n : int
        Number of people.
    mean_degree, p : float
        One of the two; ``p = mean_degree / (people - 1)``, 0 to 1.
    directed : bool
        Draw the two arcs of a pair separately.
    key, members, replicate, layer, name
        As for `follow_graph`.

    Returns
    -------
    Network
        One layer.  Time and memory go with the arcs, not with the pairs.

    Raises
    ------
    KoubeiError
        Any value out of range; both or none of `mean_degree` and `p`.

    References
    ----------
    Gilbert, E. N. (1959), Random graphs, Annals of Mathematical Statistics 30, 1141-1144.
    Batagelj, V. and Brandes, U. (2005), Physical Review E 71, 036113.

    Examples
    --------
    >>> erdos_renyi(5, p=1.0, key=1).n_arcs
    20
    """
    directed = checks.yes_no("directed", directed)
    who = population(n, members, mean_degree or 0.0)
    if (mean_degree is None) == (p is None):
        raise KoubeiError(
            "mean_degree, p", "give one of the two", got="both" if p is not None else "none"
        )
    if mean_degree is not None:
        p = real("mean_degree", mean_degree, 0.0, who.size - 1) / max(who.size - 1, 1)
    p = real("p", p, 0.0, 1.0)
    where = address(key, replicate, layer)
    notes = {
        "generator": "erdos_renyi",
        "p": p,
        "key": int(key),
        "replicate": where.replicate,
        "layer": where.layer,
    }
    indptr = np.zeros(who.size + 1, dtype=np.int64)
    indices = _NO_INDICES
    if p > 0.0:
        rate = float(rate_of(p)) if p < 1.0 else 0.0
        key_of = np.uint64(where.key), where.replicate, where.layer
        fixed = Block("pairs", Pairs(who.size, rate, int(not directed), *key_of))
        over_rows(pair_rows, who.size, fixed, False, indptr, indices)
        graphs.prefix_sum(indptr)
        indices = np.empty(int(indptr[-1]), dtype=np.int32)
        over_rows(pair_rows, who.size, fixed, True, indptr, indices, work=indptr)
    if not directed:
        indptr, indices = _mirrored(indptr, indices)
    return spread(who, name, indptr, indices, directed, notes)


def barabasi_albert(
    n: int,
    m: int = 5,
    *,
    key: int,
    shuffle: bool = True,
    members: ArrayLike | None = None,
    replicate: int = 0,
    layer: int = 0,
    name: str = "ties",
) -> Network:
    """Draw a graph grown by preferential attachment: degree tail of exponent 3.

    Law: m + 1 people who all know each other; each newcomer ties to `m` different earlier
    people, found by following uniform stubs.  With `shuffle` the order of arrival is hidden:
    arrivals get ids in a keyed order (ids carry no meaning); without it, id is arrival.

    Returns
    -------
    Network
        One mutual layer with ``m (m + 1) / 2 + m (people - m - 1)`` ties.

    References
    ----------
    Barabasi, A.-L. and Albert, R. (1999), Emergence of scaling in random networks,
    Science 286, 509-512.  Batagelj, V. and Brandes, U. (2005), Physical Review E 71, 036113.

    Examples
    --------
    >>> barabasi_albert(100, m=3, key=1).n_arcs
    588
    """
    shuffle = checks.yes_no("shuffle", shuffle)
    who = population(n, members, 2 * m if isinstance(m, int) else 0)
    m = whole("m", m, 1, 10_000)
    if who.size < m + 1:
        raise KoubeiError("m", "more ties than people", got=m, allowed=f"1..{who.size - 1}")
    where = address(key, replicate, layer)
    earlier = np.empty((who.size - m - 1, m), dtype=np.int32)
    attach(where.key, where.replicate, codes.DRAW_ATTACHMENT, where.layer, who.size, m, earlier)
    start_src, start_dst = np.triu_indices(m + 1, 1)
    src = np.concatenate(
        (start_src.astype(np.int32), np.repeat(np.arange(m + 1, who.size, dtype=np.int32), m))
    )
    dst = np.concatenate((start_dst.astype(np.int32), earlier.ravel()))
    if shuffle:
        base = draws_base(where, codes.DRAW_ATTACHMENT_ORDER)
        arrival = keyed_order(base, who.size)
        src, dst = arrival[src], arrival[dst]
    (indptr, indices, _), _ = sorted_rows(src, dst, who.size, None, False)
    notes = {"generator": "barabasi_albert", "m": m, "key": int(key), "shuffle": shuffle}
    return spread(who, name, indptr, indices, False, notes)


MAX_COMPLETE = 40_000  # 1.6e9 arcs, 6.4 GB


def ring(
    n: int, k: int = 2, *, key: int = 0, members: ArrayLike | None = None, name: str = "ties"
) -> Network:
    """Return a circle on which everybody has ties to the `k` nearest (even, below people).

    Examples
    --------
    >>> ring(6, k=2).layer().heard_by(0).tolist()
    [1, 5]
    """
    who = population(n, members, k)
    k = whole("k", k, 0, max(who.size - 1, 0))
    if k % 2:
        raise KoubeiError("k", "odd", got=k, allowed="even numbers", fix=f"k={k - 1}")
    people = np.arange(who.size, dtype=np.int64)[:, None]
    offsets = np.arange(1, k // 2 + 1, dtype=np.int64)[None, :]
    near = np.concatenate((people - offsets, people + offsets), axis=1) % who.size
    near.sort(axis=1)
    indptr = np.arange(who.size + 1, dtype=np.int64) * k
    return spread(
        who, name, indptr, near.astype(np.int32).ravel(), False, {"generator": "ring", "k": k}
    )


def lattice(
    rows: int,
    columns: int,
    moore: bool = True,
    wrap: bool = False,
    *,
    n: int | None = None,
    key: int = 0,
    members: ArrayLike | None = None,
    name: str = "ties",
) -> Network:
    """Return a grid; person ``row * columns + column`` knows the 8 (4 without `moore`) around it.

    With `wrap` the edges meet (a torus).  With `members` (as many as cells) `n` is needed.

    Examples
    --------
    >>> lattice(3, 3, moore=False).layer().heard_by(4).tolist()
    [1, 3, 5, 7]
    """
    moore, wrap = checks.yes_no("moore", moore), checks.yes_no("wrap", wrap)
    rows, columns = whole("rows", rows, 1, 2**31 - 2), whole("columns", columns, 1, 2**31 - 2)
    if members is not None and n is None:
        raise KoubeiError("n", "number of people not given", fix="n=1000")
    who = population(rows * columns if n is None else n, members, 16)
    if who.size != rows * columns:
        raise KoubeiError(
            "lattice", "cells and people differ", got=who.size, allowed=str(rows * columns)
        )
    cells = np.arange(who.size, dtype=np.int32).reshape(rows, columns)
    steps = [(0, 1), (1, 0)] + ([(1, 1), (1, -1)] if moore else [])
    src, dst = [], []
    for down, right in steps:
        other = np.roll(cells, (-down, -right), axis=(0, 1))
        here = cells
        if not wrap:
            kept = np.ones(cells.shape, dtype=bool)
            kept[rows - down :] = False
            if right == 1:
                kept[:, columns - 1] = False
            elif right == -1:
                kept[:, 0] = False
            here, other = cells[kept], other[kept]
        src.append(here.ravel())
        dst.append(other.ravel())
    (indptr, indices, _), _ = sorted_rows(
        np.concatenate(src), np.concatenate(dst), who.size, None, False
    )
    notes = {"generator": "lattice", "rows": rows, "columns": columns, "moore": moore, "wrap": wrap}
    return spread(who, name, indptr, indices, False, notes)


def complete(
    n: int, *, key: int = 0, members: ArrayLike | None = None, name: str = "ties"
) -> Network:
    """Return the graph in which everybody knows everybody.

    Examples
    --------
    >>> complete(4).layer().heard_by(1).tolist()
    [0, 2, 3]
    """
    who = population(n, members, n if isinstance(n, int) and n <= MAX_COMPLETE else 0)
    if who.size > MAX_COMPLETE:
        raise KoubeiError(
            "n", "too many for a complete graph", got=who.size, allowed=f"1..{MAX_COMPLETE}"
        )
    others = np.arange(who.size - 1, dtype=np.int32)[None, :].repeat(who.size, axis=0)
    others += others >= np.arange(who.size, dtype=np.int32)[:, None]
    indptr = np.arange(who.size + 1, dtype=np.int64) * (who.size - 1)
    return spread(who, name, indptr, others.ravel(), False, {"generator": "complete"})
