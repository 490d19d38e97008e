"""Numbers that the threshold kernels take: who picks which arc, how many arcs a person needs.

Linear threshold divides 0..2**32 among the arcs into a person, in order of arc number
(docs/cascades.md 2; Kempe, Kleinberg and Tardos 2003).  The kernels read their arcs row by row,
so an arc's share is stored beside its target, in one word: no look at the target is needed to
see that an arc does nothing.  Shares of fractions and counts become whole needs here, once.

Called by `koubei_sim.cascades.prepare`; the words are read by `cascades.kernels.choice` and
`adding`, the needs by `counting`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from koubei_sim.core.prefetch import prefetch
from koubei_sim.errors import KoubeiError

UNIT: Final = 1 << 32
LANES: Final = 8  # words that the kernels read at a time, so up to 7 beyond the last
STRETCH: Final = 256  # largest need that a counter of one byte can hold
SLACK: Final = 1e-6  # by how much rounded weights into a person may exceed 1 in sum
AHEAD: Final = 24  # arcs ahead of which the state of a target is asked for
_ONE, _LOW16 = np.uint64(1), np.uint64(0xFFFF)
_S16, _S31, _S32, _S48 = np.uint64(16), np.uint64(31), np.uint64(32), np.uint64(48)


@njit(cache=True)
def _units(share):
    """Return a bound of an interval, 0..2**32: ``floor(min(1, share) 2**32 + 1/2)``."""
    return np.uint64(np.floor(min(1.0, share) * 4294967296.0 + 0.5))


@njit(cache=True, nogil=True, error_model="numpy")
def _fill(indices, weights, degree, rank, total, words, ends):
    """Lay out the arcs in order of number: `choice_words`, or `width_words` if `ends` is empty.

    `rank` counts the arcs into each person so far, where weights are equal (`weights` is empty);
    else `total` adds their weights up.
    """
    equal = weights.size == 0
    arcs = indices.size
    at_state = rank.ctypes.data if equal else total.ctypes.data
    size = 4 if equal else 8
    at_degrees = degree.ctypes.data
    for e in range(arcs):
        if e + AHEAD < arcs:
            prefetch(np.uint64(at_state + size * np.int64(indices[e + AHEAD])))
            prefetch(np.uint64(at_degrees + 4 * np.int64(indices[e + AHEAD])))
        v = indices[e]
        if equal:
            m = np.uint64(rank[v])
            rank[v] += 1
            low = (m << _S32) // np.uint64(degree[v])
            high = ((m + _ONE) << _S32) // np.uint64(degree[v])
        else:
            low = _units(total[v])
            total[v] += weights[e]
            high = _units(total[v])
        if ends.size == 0:
            words[e] = np.uint64(v) | ((high - low) << _S31)
            continue
        last = high - _ONE
        if high == low:  # an empty interval, held as one that ends before it begins
            low, last = _ONE, np.uint64(0)
        from16 = low >> _S16
        words[e] = np.uint64(v) | (from16 << _S32) | (((last >> _S16) - from16) << _S48)
        ends[e] = np.uint32(((low & _LOW16) << _S16) | (last & _LOW16))


def _lay_out(
    indices: NDArray[np.int32],
    degree: NDArray[np.integer],
    weights: NDArray[np.floating] | None,
    words: NDArray[np.uint64],
    ends: NDArray[np.uint32],
) -> None:
    """Call `_fill` with arrays of size 0 for what is not used; refuse weights of more than 1."""
    n = degree.size
    equal = weights is None
    given = np.empty(0) if equal else np.ascontiguousarray(weights, dtype=np.float64)
    rank, total = np.zeros(n if equal else 0, np.int32), np.zeros(0 if equal else n)
    counts = np.ascontiguousarray(degree, dtype=np.int32)
    _fill(np.ascontiguousarray(indices), given, counts, rank, total, words, ends)
    _within_one(total)


def _within_one(total: NDArray[np.float64]) -> None:
    if total.size and total.max() > 1.0 + SLACK:
        at = int(np.argmax(total))
        raise KoubeiError(
            "weights",
            f"those of the arcs into person {at} add up to more than 1",
            got=float(total[at]),
            allowed="0..1",
            fix="weights=None (1 / number of arcs into the target)",
        )


def choice_words(
    indices: NDArray[np.int32],
    degree: NDArray[np.integer],
    weights: NDArray[np.floating] | None = None,
) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
    """Return for each arc its target and the interval of draws by which the target picks it.

    Parameters
    ----------
    indices : (arcs,) int32 array
        Targets, in order of arc number.
    degree : (n,) int array
        Number of arcs into each person.
    weights : (arcs,) float array, optional
        Share of each arc, at least 0; 1 / degree of the target where None.

    Returns
    -------
    words : (arcs + 8,) uint64 array
        Target in bits 0..31, top half of the interval's first draw in bits 32..47, and in bits
        48..63 how far the top half of its last draw lies above that.  The last 8 are padding.
    ends : (arcs,) uint32 array
        Lower halves of the first draw (bits 16..31) and the last (bits 0..15).  An empty interval
        is held as first draw 1, last draw 0.

    Raises
    ------
    KoubeiError
        The weights into one person add up to more than 1 (and rounding).

    Examples
    --------
    Of two arcs into person 1 each owns half of the draws, so the first owns 0 .. 0x7FFFFFFF.

    >>> words, ends = choice_words(np.array([1, 1], np.int32), np.array([0, 2]))
    >>> [hex(int(word)) for word in words[:2]], [hex(int(end)) for end in ends]
    (['0x7fff000000000001', '0x7fff800000000001'], ['0xffff', '0xffff'])
    """
    words = np.zeros(indices.size + LANES, np.uint64)
    ends = np.empty(indices.size, np.uint32)
    _lay_out(indices, degree, weights, words, ends)
    return words, ends


def width_words(
    indices: NDArray[np.int32],
    degree: NDArray[np.integer],
    weights: NDArray[np.floating] | None = None,
) -> NDArray[np.uint64]:
    """Return for each arc its target (bits 0..30) and its interval's width (bits 31..63, 0..2**32).

    Parameters and errors are those of `choice_words`; the last 8 words are padding too.

    Examples
    --------
    >>> words = width_words(np.array([1, 1, 0], np.int32), np.array([1, 2]))
    >>> [(int(word) & 0x7FFFFFFF, int(word) >> 31) for word in words[:3]]
    [(1, 2147483648), (1, 2147483648), (0, 4294967296)]
    """
    words = np.zeros(indices.size + LANES, np.uint64)
    _lay_out(indices, degree, weights, words, np.empty(0, np.uint32))
    return words


def threshold_range(low: float, high: float) -> tuple[int, np.uint64]:
    """Return ``(T(low), T(high) - T(low))``: where thresholds drawn from an interval lie.

    Examples
    --------
    >>> threshold_range(0.0, 0.5)
    (0, np.uint64(2147483648))
    """
    first = int(np.floor(low * UNIT + 0.5))
    return first, np.uint64(int(np.floor(high * UNIT + 0.5)) - first)


def fixed_thresholds(values: ArrayLike) -> NDArray[np.uint32]:
    """Return the thresholds of people, 0..1, as the draw that they stand for: ``max(T, 1) - 1``.

    Examples
    --------
    >>> fixed_thresholds([0.0, 0.5, 1.0]).tolist()
    [0, 2147483647, 4294967295]
    """
    units = np.floor(np.asarray(values, np.float64) * UNIT + 0.5).astype(np.int64)
    return (np.maximum(units, 1) - 1).astype(np.uint32)


def needs_of_fractions(
    threshold: ArrayLike, degree: NDArray[np.integer], strict: bool = False
) -> NDArray[np.int64]:
    """Return how many of the arcs into each person make up its threshold.

    Parameters
    ----------
    threshold : float or (n,) array
        Share of the arcs, 0..1.
    degree : (n,) int array
        Number of arcs into each person.
    strict : bool
        More than the threshold is needed.

    Returns
    -------
    (n,) int64 array
        The smallest m with ``m / degree >= threshold`` (strict: ``>``), the quotient taken in
        float64; may be ``degree + 1``, which is never met.  Nobody without arcs is convinced
        (need 1), but by a threshold of 0 that is not strict (need 0).

    Examples
    --------
    >>> degree = np.array([5, 10, 0])
    >>> needs_of_fractions(0.2, degree).tolist(), needs_of_fractions(0.2, degree, True).tolist()
    ([1, 2, 1], [2, 3, 1])
    """
    share = np.broadcast_to(np.asarray(threshold, np.float64), degree.shape)
    d = np.maximum(degree, 1).astype(np.float64)

    def met(m: NDArray[np.float64]) -> NDArray[np.bool_]:
        return m / d > share if strict else m / d >= share

    # Within 1 of the answer, as a product and a quotient are rounded once each.
    m = np.ceil(share * d)
    while (low := (m > 0) & met(m - 1)).any():
        m = m - low
    while (high := ~met(m)).any():
        m = m + high
    alone = 0 if not strict else 1
    need = m.astype(np.int64)
    return np.where(degree > 0, need, np.where(share == 0.0, alone, 1))


def split_needs(
    need: ArrayLike, n: int
) -> tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.uint64], NDArray[np.int32]]:
    """Return needs as the counting kernel takes them: a byte a person, and what goes beyond it.

    Parameters
    ----------
    need : int or (n,) int array
        Number of arcs from active people that convinces, at least 0.
    n : int
        Number of people.

    Returns
    -------
    first : (n,) uint8 array
        The need modulo 256: a byte that counts down from it comes to 0 at the need, and every
        256 arcs after.
    more : (n,) int32 array, or (0,)
        At how many zeros the person is not yet convinced; size 0 where nobody needs more than 256.
    large : bitset of n, uint64, or (0,)
        Those who need more than 256; size 0 as `more`.
    free : int32 array
        Those who need nothing, ascending.

    Examples
    --------
    >>> first, more, large, free = split_needs([0, 2, 256, 300], 4)
    >>> first.tolist(), more.tolist(), large.tolist(), free.tolist()
    ([0, 2, 0, 44], [0, 0, 0, 1], [8], [0])
    >>> split_needs(2, 3)[1].size
    0
    """
    # 2**31 arcs into one person do not exist, so a larger need is as good as this one.
    whole = np.minimum(np.broadcast_to(np.asarray(need, np.int64), (n,)), 1 << 31)
    free = np.flatnonzero(whole == 0).astype(np.int32)
    first = (whole % STRETCH).astype(np.uint8)
    if not (whole > STRETCH).any():
        return first, np.empty(0, np.int32), np.empty(0, np.uint64), free
    more = (np.maximum(whole - 1, 0) // STRETCH).astype(np.int32)
    bits = np.zeros(((n + 63) >> 6) * 64, np.uint8)
    bits[:n] = more > 0
    large = np.packbits(bits, bitorder="little").view("<u8").astype(np.uint64)
    return first, more, large, free
