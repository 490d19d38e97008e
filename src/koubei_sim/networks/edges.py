"""From lists of edges to compressed rows: checks, a counting sort, what is dropped or merged.

Called by `Network.from_edges`, `Network.subgraph` and `Network.relabel`.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koubei_sim import checks
from koubei_sim.core import csr as graphs
from koubei_sim.errors import KoubeiError
from koubei_sim.networks.row_blocks import in_order, over_rows, thread_count

Rows = tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32] | None]
MAX_NODES = 2**31 - 2  # node numbers are int32
USUAL = (None, "add")  # laws that sorting the arcs applies by itself where they have directions
PART_EDGES = 1 << 18  # fewer edges than this are not worth a thread


def checked_count(n: object, where: str = "n") -> int:
    """Return a number of people as an int; refuse what is none, or more than memory holds."""
    found = checks.whole(where, n, 1, MAX_NODES)
    if found > 10_000_000:
        check_room(where, found, 0)
    return found


def check_room(where: str, n: int, arcs: float) -> None:
    """Refuse a network for which there is no memory, before it is begun."""
    import psutil

    need, have = 16.0 * n + 12.0 * arcs, psutil.virtual_memory().available
    if need > 0.9 * have:
        raise KoubeiError(
            where, "more than memory holds", got=f"{n:,} people, about {need / 2**30:.1f} GiB",
            allowed=f"{have / 2**30:.1f} GiB are free", fix="fewer people",
        )  # fmt: skip


def checked_ids(values: ArrayLike, where: str, n: int | None) -> NDArray[np.int32]:
    """Return node numbers as int32; refuse what is negative, too large, fractional or no number."""
    if np.ma.is_masked(values):
        raise KoubeiError(where, "masked entries among the ids")
    array = np.asarray(values)
    if array.ndim != 1:
        raise KoubeiError(where, "not one list of ids", got=f"shape {array.shape}", allowed="(m,)")
    if array.size == 0:
        return np.empty(0, dtype=np.int32)
    if array.dtype.kind == "f":
        wrong = ~np.isfinite(array) | (array != np.floor(array))
        if wrong.any():
            at = int(np.argmax(wrong))
            raise KoubeiError(f"{where}[{at}]", "not a whole number", got=float(array[at]))
    elif array.dtype.kind not in "iu":
        named = where in ("src", "dst") and array.dtype.kind in "UOS"  # else no labels= is there
        fix = ("labels='auto'" if n is None else "labels='auto' without n") if named else None
        raise KoubeiError(
            where, "ids are not whole numbers", got=str(array.dtype), allowed="integers", fix=fix
        )
    top = (MAX_NODES if n is None else n) - 1
    low, high = array.min(), array.max()
    if low < 0 or high > top:
        at = int(np.argmin(array) if low < 0 else np.argmax(array))
        fix = "labels='auto'" if where in ("src", "dst") and n is None and low >= 0 else None
        raise KoubeiError(
            f"{where}[{at}]", "id out of range", got=int(array[at]), allowed=f"0..{top}", fix=fix
        )
    return np.ascontiguousarray(array, dtype=np.int32)


def checked_weights(values: ArrayLike, m: int, where: str) -> NDArray[np.float32]:
    """Return weights as float32 (m,); refuse what is negative, infinite or no number."""
    if np.ma.is_masked(values):
        raise KoubeiError(f"{where}.weight", "masked entries among the weights")
    array = np.asarray(values)
    if array.shape != (m,):
        raise KoubeiError(
            f"{where}.weight",
            "not one for each edge",
            got=f"shape {array.shape}",
            allowed=f"({m},)",
        )
    if array.dtype.kind not in "fiub":
        raise KoubeiError(f"{where}.weight", "not numbers", got=str(array.dtype))
    limit = np.finfo(np.float32).max
    # One pass of two reductions; NaN fails both comparisons.
    if m and not (array.min() >= 0 and array.max() <= limit):
        at = int(np.argmax(~((array >= 0) & (array <= limit))))
        raise KoubeiError(
            f"{where}.weight[{at}]", "out of range", got=float(array[at]), allowed="0..3.4e38"
        )
    return np.ascontiguousarray(array, dtype=np.float32)


def compressed_rows(
    src: ArrayLike,
    dst: ArrayLike,
    n: int | None,
    weight: ArrayLike | None,
    directed: bool,
    self_loops: str,
    parallel: str,
    merge: str | None = None,
    labels: NDArray[Any] | None = None,
) -> tuple[Rows, dict[str, Any]]:
    """Check a list of edges and sort it into rows; return them and the counts of what went.

    The time is linear in the edges: one pass counts, one scatters, one sorts within rows.
    """
    if self_loops not in ("drop", "error"):
        raise KoubeiError("self_loops", "unknown", got=self_loops, allowed="'drop', 'error'")
    if parallel not in ("merge", "keep", "error"):
        raise KoubeiError("parallel", "unknown", got=parallel, allowed="'merge', 'keep', 'error'")
    if n is not None:
        n = checked_count(n)
    if np.shape(src) != np.shape(dst):  # type: ignore[arg-type]
        raise KoubeiError(
            "src, dst",
            "lengths differ",
            got=f"{np.shape(src)} and {np.shape(dst)}",  # type: ignore[arg-type]
            allowed="equal",
        )
    first, second = checked_ids(src, "src", n), checked_ids(dst, "dst", n)
    if n is None:
        if first.size == 0:
            raise KoubeiError("n", "no edges and no number of people", fix="n=1 or more")
        n = int(max(first.max(), second.max())) + 1
    if merge is not None:
        checks.word("merge", merge, LAWS)
        if parallel == "keep":
            raise KoubeiError("merge", "given, but parallel arcs are kept", fix="parallel='merge'")
    weights = None if weight is None else checked_weights(weight, first.size, "edges")
    rows, notes = sorted_rows(first, second, n, weights, directed, self_loops, parallel)
    if weights is not None and notes["parallel_merged"] and not (directed and merge in USUAL):
        # Some arcs are repeated: bring the list to one line a tie, by the law, and sort again.
        first, second, weights = merged_ties(first, second, n, weights, directed, merge, labels)
        rows = sorted_rows(first, second, n, weights, directed)[0]
    return rows, dict(notes)


def sorted_rows(
    src: NDArray[np.int32],
    dst: NDArray[np.int32],
    n: int,
    weight: NDArray[np.float32] | None,
    directed: bool,
    self_loops: str = "drop",
    parallel: str = "merge",
) -> tuple[Rows, dict[str, int]]:
    """`compressed_rows` for arrays that are known to be sound."""
    both = not directed
    cuts = parts_of(src.size, n)
    loops, indptr, cursors = _row_starts(src, dst, n, both, cuts)
    if loops and self_loops == "error":
        at = int(np.argmax(src == dst))
        raise KoubeiError(f"edges[{at}]", "a self loop", got=int(src[at]), fix="self_loops='drop'")
    indices = np.empty(int(indptr[-1]), dtype=np.int32)
    weights = np.empty(0 if weight is None else indices.size, dtype=np.float32)
    _scatter(src, dst, weight, both, cuts, cursors, indices, weights)
    lengths = cursors[0]  # all is written; their memory serves again
    merge = parallel != "keep"
    if weight is None:
        over_rows(graphs.tidy_rows, n, indptr, merge, indices, lengths, work=indptr)
    else:
        over_rows(graphs.tidy_weighted, n, indptr, merge, indices, weights, lengths, work=indptr)
    before = indices.size
    arcs = int(graphs.compact(indptr, lengths, indices, weights))
    del cursors, lengths
    merged = (before - arcs) // (2 if both else 1)
    if merged and parallel == "error":
        raise KoubeiError("edges", "parallel arcs", got=merged, fix="parallel='merge'")
    shrink(indices, arcs)
    if weight is not None:
        shrink(weights, arcs)
    notes = {"self_loops_dropped": loops, "parallel_merged": merged}
    return (indptr, indices, None if weight is None else weights), notes


def parts_of(m: int, n: int) -> list[tuple[int, int]]:
    """Cut `m` things so that each thread sorts a part by people; a part costs 16 bytes a person."""
    parts = max(1, min(thread_count(), 4, m // max(n, PART_EDGES)))
    return [(m * part // parts, m * (part + 1) // parts) for part in range(parts)]


def _row_starts(
    src: NDArray[np.int32],
    dst: NDArray[np.int32],
    n: int,
    both: bool,
    cuts: list[tuple[int, int]],
) -> tuple[int, NDArray[np.int64], NDArray[np.int64]]:
    """Count; return the number of self loops, the row starts, and a cursor of each part (p, n)."""
    counts = np.zeros((len(cuts), n + 1), dtype=np.int64)

    def count(p: int) -> int:
        a, b = cuts[p]
        return int(graphs.count_arcs(src[a:b], dst[a:b], both, counts[p]))

    loops = sum(in_order(count, range(len(cuts))))
    cursors = np.empty((len(cuts), n), dtype=np.int64)
    graphs.stagger(counts, cursors)
    return loops, counts[0].copy() if len(cuts) > 1 else counts[0], cursors


def _scatter(
    src: NDArray[np.int32],
    dst: NDArray[np.int32],
    weight: NDArray[np.float32] | None,
    both: bool,
    cuts: list[tuple[int, int]],
    cursors: NDArray[np.int64],
    indices: NDArray[np.int32],
    weights: NDArray[np.float32],
) -> None:
    """Write the arcs (and their weights) of every part to where its cursor stands."""
    given = weights if weight is None else weight  # of size 0 where there are none

    def scatter(p: int) -> None:
        a, b = cuts[p]
        graphs.scatter_arcs(src[a:b], dst[a:b], given[a:b], both, cursors[p], indices, weights)

    deque(in_order(scatter, range(len(cuts))), maxlen=0)


def shrink(array: NDArray[Any], size: int) -> None:
    """Give the end of an array that nothing else refers to back to the system, in place."""
    if size < array.size:
        array.resize(size, refcheck=False)


def frozen(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array as one that cannot be written to; its owner may still write to it."""
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array


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


def merged_ties(
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
