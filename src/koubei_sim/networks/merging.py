"""What becomes of ties that are listed more than once with weights: the one law of merging.

Called by `edges.compressed_rows`, and only where something is repeated.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.errors import KoubeiError

LAWS: Final = ("add", "probability", "first", "last", "largest")


def combined(
    law: str | None, values: NDArray[np.float64], starts: NDArray[np.int64], where: str
) -> NDArray[np.float64]:
    """Return one value a group; groups are runs of `values` that begin at `starts`.

    Raises
    ------
    KoubeiError
        Law "probability" with a value above 1.

    Examples
    --------
    >>> combined("probability", np.array([0.5, 0.5, 0.25]), np.array([0, 2]), "p").tolist()
    [0.75, 0.25]
    """
    if law in (None, "add"):
        return np.add.reduceat(values, starts)
    if law == "largest":
        return np.maximum.reduceat(values, starts)
    if law == "first":
        return values[starts]
    if law == "last":
        return values[np.append(starts[1:], values.size) - 1]
    if (values > 1.0).any():
        raise KoubeiError(
            where, "no probability", got=float(values[values > 1.0][0]), allowed="0..1",
            fix="merge='add'",
        )  # fmt: skip
    # A value that stands alone stays as it is, to the last bit.
    alone = np.diff(np.append(starts, values.size)) == 1
    return np.where(alone, values[starts], 1.0 - np.multiply.reduceat(1.0 - values, starts))


def merged(
    src: NDArray[np.int32],
    dst: NDArray[np.int32],
    n: int,
    weight: NDArray[np.float32],
    directed: bool,
    law: str | None,
    labels: NDArray[Any] | None = None,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]:
    """Return the list with one line a tie; see `Network.from_edges` for the laws.

    Raises
    ------
    KoubeiError
        A mutual tie whose two directions have other weights, where no law is given.
    """
    values = weight.astype(np.float64)
    first, second = src.astype(np.int64), dst.astype(np.int64)
    pairs, starts, order = _groups(first * n + second)
    by_line = combined(law, values[order], starts, "edges.weight")
    if directed:
        return _ends(pairs, n, by_line)
    # One value a direction; pair (u, v) with u < v beside (v, u).
    u, v = pairs // n, pairs % n
    back = v * n + u
    place = np.minimum(np.searchsorted(pairs, back), pairs.size - 1)
    both = (pairs[place] == back) & (u != v)
    same = by_line == by_line[place]
    symmetric = bool((both | (u == v)).all()) and bool(same.all())
    if law is None or symmetric:
        differ = np.flatnonzero(both & ~same & (u < v))
        if differ.size:
            at = int(differ[0])
            ends = [u[at], v[at]] if labels is None else labels[[u[at], v[at]]].tolist()
            raise KoubeiError(
                "edges",
                "a mutual tie has another weight in each direction",
                got=f"{ends[0]} - {ends[1]}: {by_line[at]:g} and {by_line[place[at]]:g}",
                fix="merge='largest' (or 'add', 'first', 'last', 'probability'), or directed=True",
            )
        kept = (u <= v) | ~both
        return _ends(pairs[kept], n, by_line[kept])
    ties, starts, order = _groups(np.minimum(first, second) * n + np.maximum(first, second))
    return _ends(ties, n, combined(law, values[order], starts, "edges.weight"))


def _groups(
    pairs: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct pairs, where each begins in the order, and the order (stable)."""
    order = np.argsort(pairs, kind="stable")
    ordered = pairs[order]
    new = np.ones(ordered.size, dtype=np.bool_)
    new[1:] = ordered[1:] != ordered[:-1]
    starts = np.flatnonzero(new)
    return ordered[starts], starts, order


def _ends(
    pairs: NDArray[np.int64], n: int, values: NDArray[np.float64]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]:
    return (pairs // n).astype(np.int32), (pairs % n).astype(np.int32), values.astype(np.float32)
