"""Linear threshold: convinced when the weights of active sources reach a person's threshold.

0..2**32 is divided among the arcs into a person, in order of arc number (docs/cascades.md 2; Kempe,
Kleinberg and Tardos 2003).  The kernels read their arcs row by row, so an arc's share is stored
beside its target, in one word: no look at the target is needed to see that an arc does nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from koubei_sim.cascades import checks
from koubei_sim.cascades.arcs import Arcs, for_people, per_arc, weights_of
from koubei_sim.cascades.kernels.choice import ChoiceRule, choice_batch, choice_scratch
from koubei_sim.cascades.kernels.thresholds import AddingRule, adding_batch, threshold_scratch
from koubei_sim.cascades.rules.base import Prepared, Rule, block, last_step, rows_of
from koubei_sim.core.prefetch import prefetch
from koubei_sim.errors import KoubeiError

UNIT: Final = 1 << 32
LANES: Final = 8  # words that the kernels read at a time, so up to 7 beyond the last
SLACK: Final = 1e-6  # by how much rounded weights into a person may exceed 1 in sum
AHEAD: Final = 24  # arcs ahead of which the state of a target is asked for
_ONE, _LOW16 = np.uint64(1), np.uint64(0xFFFF)
_S16, _S31, _S32, _S48 = np.uint64(16), np.uint64(31), np.uint64(32), np.uint64(48)


@dataclass(frozen=True, eq=False, repr=False)
class LinearThreshold(Rule):
    """Linear threshold: convinced when the weights of active sources reach a person's threshold.

    Parameters
    ----------
    weights : None, "weights", array, name of an edge attribute, or values keyed by pairs
        Weight of each arc: 1 / number of arcs into the target; the weights of the network; one
        value an arc, as for `IndependentCascade`.  Those into one person must not add up to more
        than 1.
    thresholds : (lo, hi) or (n,) array
        Drawn uniformly from the interval for every person and replicate, or fixed, 0..1.
    method : {"choice", "sum"}
        How it is computed: every person picks at most one arc and follows its source (fast), or
        weights are added up.  Equal in law at every step for thresholds on 0..1, the only
        case that *choice* can do; not equal in bits.

    Notes
    -----
    Source: Kempe, Kleinberg and Tardos 2003 (claim 2.6 for the equality).
    """

    command: ClassVar[str] = "linear-threshold"
    sequences: ClassVar[tuple[str, ...]] = ("thresholds",)

    weights: Any = None
    thresholds: Any = (0.0, 1.0)
    method: str | None = None

    def __post_init__(self) -> None:
        """Check, and settle the method."""
        if isinstance(self.weights, str) or checks.by_pair(self.weights):
            weights = checks.probability("weights", self.weights, ("weights",))
            object.__setattr__(self, "weights", weights)
        elif self.weights is not None:
            object.__setattr__(self, "weights", checks.values("weights", self.weights, 0.0, 1.0))
        limits = self.thresholds
        if isinstance(limits, tuple) and len(limits) == 2:
            low = checks.number("thresholds[0]", limits[0], 0.0, 1.0)
            high = checks.number("thresholds[1]", limits[1], low, 1.0)
            object.__setattr__(self, "thresholds", (low, high))
        elif np.ndim(limits) == 0 and not isinstance(limits, Mapping):
            raise KoubeiError(
                "thresholds",
                "one number for all",
                got=repr(limits),
                fix=f"({limits!r}, {limits!r})",
            )
        else:
            object.__setattr__(
                self, "thresholds", checks.per_person("thresholds", limits, 0.0, 1.0)
            )
        whole = isinstance(self.thresholds, tuple) and self.thresholds == (0.0, 1.0)
        method = self.method or ("choice" if whole else "sum")
        checks.word("method", method, ("choice", "sum"))
        if method == "choice" and not whole:
            raise KoubeiError(
                "method", "choice needs thresholds on 0..1", got=self.thresholds, fix="method='sum'"
            )
        object.__setattr__(self, "method", method)

    def on_arcs(self, arcs: Arcs, key: int, horizon: float | None) -> Prepared:
        """Intervals of the arcs for *choice*, their widths for *sum*."""
        if self.weights is None:
            weights = None
        elif isinstance(self.weights, str) and self.weights == "weights":
            weights = weights_of("weights", arcs)
        else:
            weights = np.asarray(per_arc("weights", self.weights, arcs, key))
        steps: dict[str, Any] = {
            "rows": rows_of(arcs),
            "keeps": ("starts", "visited"),
            "method": self.method,
        }
        if self.method == "choice":
            words = choice_words(arcs.rows.indices, arcs.into(), weights)
            return Prepared(
                batch=choice_batch,
                rule=block(ChoiceRule(*words, last_step(horizon))),
                scratch=lambda want, room: choice_scratch(),
                **steps,
            )
        fixed = np.empty(0, np.uint32)
        low, span = 0, np.uint64(0)
        if isinstance(self.thresholds, tuple):
            low, span = threshold_range(*self.thresholds)
        else:
            fixed = fixed_thresholds(for_people("thresholds", self.thresholds, arcs.network))
        widths = width_words(arcs.rows.indices, arcs.into(), weights)
        return Prepared(
            batch=adding_batch,
            rule=block(AddingRule(widths, fixed, low, span, last_step(horizon))),
            scratch=lambda want, room: threshold_scratch(arcs.n, want.forest),
            **steps,
        )


# Numbers of the kernels ------------------------------------------------------------------------


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
