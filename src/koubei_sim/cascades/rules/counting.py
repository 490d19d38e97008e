"""Convinced by so many: fractional threshold, and k-reinforcement (complex contagion).

Shares of fractions become whole needs here, once; the kernel counts down from them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koubei_sim.cascades import checks
from koubei_sim.cascades.arcs import Arcs, by_kind
from koubei_sim.cascades.kernels.contacts import (
    ContactsCountRule,
    contacts_count_batch,
    contacts_count_scratch,
)
from koubei_sim.cascades.kernels.thresholds import CountingRule, counting_batch, threshold_scratch
from koubei_sim.cascades.rules.base import (
    Prepared,
    Rule,
    block,
    contacts_of,
    last_step,
    last_time,
    rows_of,
)
from koubei_sim.errors import KoubeiError
from koubei_sim.networks import TemporalNetwork

STRETCH = 256  # largest need that a counter of one byte can hold
MOST_NEED = (1 << 31) - 1  # more contacts than there can be convince nobody


@dataclass(frozen=True, eq=False, repr=False)
class FractionalThreshold(Rule):
    """Fractional threshold: convinced when a share of those one listens to is active.

    Parameters
    ----------
    threshold : float, (n,) array, or sequence by kind
        Share of the arcs into a person, 0..1.
    strict : bool
        More than the threshold is needed (False: at least).  The two differ where the
        threshold is a fraction that can be met exactly, such as 1/5.
    kinds : (n,) array of int, optional
        Kind of each person; then `threshold` has one value a kind.

    Notes
    -----
    Source: Watts 2002; Granovetter 1978 on a complete graph.
    """

    command: ClassVar[str] = "threshold"

    threshold: Any = 0.18
    strict: bool = False
    kinds: Any = None

    @property
    def goes_on(self) -> str:
        """All who are active count."""
        return "active"

    @property
    def per_replicate(self) -> tuple[str, ...]:
        """What may be one number a replicate."""
        return ("threshold",)

    def __post_init__(self) -> None:
        """Check thresholds and kinds."""
        object.__setattr__(self, "strict", checks.yes_no("strict", self.strict))
        value = checks.per_person("threshold", self.threshold, 0.0, 1.0)
        object.__setattr__(self, "threshold", value)
        object.__setattr__(self, "kinds", checks.kinds_of(self.kinds, value))

    def on_arcs(self, arcs: Arcs, key: int, horizon: float | None) -> Prepared:
        """Shares of the arcs into each person become whole needs, once."""
        share = by_kind("threshold", self.threshold, self.kinds, arcs.network)
        return _by_count(arcs, needs_of_fractions(share, arcs.into(), self.strict), horizon)


@dataclass(frozen=True, eq=False, repr=False)
class Reinforcement(Rule):
    """k-reinforcement (complex contagion): convinced by `need` active sources.

    Parameters
    ----------
    need : int, (n,) array, or sequence by kind
        Number of arcs from active people that convinces; 0: adopts at step 1 without a seed.
    window : float, optional
        On contacts with time stamps: only contacts less than this ago count.
    kinds : (n,) array of int, optional

    Notes
    -----
    Source: Centola and Macy 2007.
    """

    command: ClassVar[str] = "reinforcement"

    need: Any = 2
    window: float | None = None
    kinds: Any = None

    @property
    def goes_on(self) -> str:
        """All who are active count."""
        return "active"

    @property
    def per_replicate(self) -> tuple[str, ...]:
        """What may be one number a replicate."""
        return ("need",) if self.window is None else ()  # rings of times hang on it

    def __post_init__(self) -> None:
        """Check needs and kinds."""
        value = checks.whole_per_person("need", self.need)
        object.__setattr__(self, "need", value)
        if self.window is not None:
            object.__setattr__(self, "window", checks.positive("window", self.window))
        object.__setattr__(self, "kinds", checks.kinds_of(self.kinds, value))

    def on_arcs(self, arcs: Arcs, key: int, horizon: float | None) -> Prepared:
        """Arcs from active people are counted."""
        if self.window is not None:
            raise KoubeiError("window", "only for contacts with time stamps", got=self.window)
        return _by_count(arcs, by_kind("need", self.need, self.kinds, arcs.network), horizon)

    def on_contacts(self, network: TemporalNetwork, horizon: float | None) -> Prepared:
        """Contacts with active people are counted, those within the window."""
        n = network.n_nodes
        need = by_kind("need", self.need, self.kinds, network)
        needs = np.minimum(np.broadcast_to(need, (n,)), MOST_NEED).astype(np.int32)
        rings = np.empty(0, np.int64)
        if self.window is not None:
            rings = ring_starts(needs, network.target)
        free = np.flatnonzero(needs <= 0).astype(np.int32)
        window = math.inf if self.window is None else self.window
        return Prepared(
            batch=contacts_count_batch,
            rule=block(ContactsCountRule(needs, free, rings, window, last_time(horizon))),
            scratch=lambda want, room: contacts_count_scratch(n, want.forest, rings),
            keeps=("visited",),
            **contacts_of(network),
        )


def _by_count(arcs: Arcs, need: Any, horizon: float | None) -> Prepared:
    counting = CountingRule(*split_needs(need, arcs.n), last_step(horizon))
    return Prepared(
        batch=counting_batch,
        rows=rows_of(arcs),
        rule=block(counting),
        scratch=lambda want, room: threshold_scratch(arcs.n, want.forest, counting),
        method="counts",
        holds=True,
        keeps=("starts", "visited"),
    )


# Numbers of the kernels ------------------------------------------------------------------------


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


def ring_starts(need: NDArray[np.int32], target: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return where each person's ring of contact times starts, (n + 1,) int64.

    People with fewer contacts than they need are never convinced and have no ring.

    Examples
    --------
    >>> ring_starts(np.array([2, 1, 2], np.int32), np.array([0, 1, 0, 2], np.int32)).tolist()
    [0, 2, 3, 3]
    """
    met = np.bincount(target, minlength=need.size)
    starts = np.zeros(need.size + 1, np.int64)
    np.cumsum(np.where((need > 0) & (met >= need), need, 0), out=starts[1:])
    return starts
