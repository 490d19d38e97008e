"""`ring`, `lattice` and `complete`: graphs without chance, for hand-checked cases and limits.

They take a `key` like the other generators, so that a scenario may name any of them, and do not
use it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from koubei_sim import checks
from koubei_sim.errors import KoubeiError
from koubei_sim.networks.edges import sorted_rows
from koubei_sim.networks.generators.population import population, spread, whole
from koubei_sim.networks.network import Network

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
