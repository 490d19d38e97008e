"""What a run of a cascade rule leaves: plain arrays, one row a replicate.

Replicates are run in pieces, some in a row; `together` makes one `Outcome` of them, whose face for
people is `result.CascadeResult`.  The curves of a piece have as many bins as it needed; beyond
`MOST_BINS` they are made twice as wide.  Putting pieces together gives them all the bins of the
widest and the width of the coarsest, so nothing depends on how the replicates were cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades.kernels.frame import TIME_UNIT

MOST_BINS = 4096  # beyond these the bins of the curves are made twice as wide


class Activations(NamedTuple):
    """Who became active when, and through whom: one row an activation.

    Sorted by replicate, time, person.  In a rule without reinfection the rows of a replicate form
    a forest: `parent` is the person that convinced, -1 for seeds and for those whom no single
    person convinced (need 0, Bass).
    """

    replicate: NDArray[np.int32]
    person: NDArray[np.int32]
    parent: NDArray[np.int32]
    time: NDArray[np.float64]  # step, or time in the unit of the rule
    until: NDArray[np.float64]  # recovery (SIR, SIS), else inf
    kind: NDArray[np.int8]  # brand (competing), 0 positive / 1 negative; number of infection (SIS)


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """Arrays of R replicates over n people; K kinds, W points of time.

    Attributes
    ----------
    replicates : (R,) int64
        Numbers of the replicates.
    sizes : (R,) int64
        Different people who were ever active, seeds included.
    events : (R,) int64
        Activations; more than `sizes` only where people can be infected again.
    ends : (R,) float64
        Time of the last activation (0: only seeds).
    time : (W,) float64
        Points of time of the curves: steps 0, 1, 2, ..., or a grid in the unit of time.
    curve : (R, K, W) int64
        New activations in ``(time[w-1], time[w]]`` by kind; at ``w = 0`` the seeds.
    removed : (R, W) int64 or None
        Recoveries in the same intervals (SIR, SIS).
    node_count : (n,) int64 or None
        In how many replicates a person was active.
    node_time : (n,) float64 or None
        Sum over those replicates of the time of first activation.
    times : (R, n) float32 or None
        Time of first activation, NaN where never.
    kinds : (R, n) int8 or None
        Kind of first activation, -1 where never.
    activations : Activations or None
        The log, where it was kept in memory.
    """

    replicates: NDArray[np.int64]
    sizes: NDArray[np.int64]
    events: NDArray[np.int64]
    ends: NDArray[np.float64]
    time: NDArray[np.float64]
    curve: NDArray[np.int64]
    removed: NDArray[np.int64] | None = None
    node_count: NDArray[np.int64] | None = None
    node_time: NDArray[np.float64] | None = None
    times: NDArray[np.float32] | None = None
    kinds: NDArray[np.int8] | None = None
    activations: Activations | None = None


@dataclass
class Piece:
    """Outputs of some replicates in a row."""

    first: int
    sizes: NDArray[np.int64]
    events: NDArray[np.int64]
    ends: NDArray[np.float64]
    curve: NDArray[np.int64]
    removed: NDArray[np.int64]
    times: NDArray[np.float32]
    kinds: NDArray[np.int8]
    tick: float
    activations: Activations | None = None

    def widen(self) -> None:
        """Give the curves more bins, or wider ones."""
        width = self.curve.shape[-1]
        if width < MOST_BINS:
            self.curve = padded(self.curve, 2 * width)
            self.removed = padded(self.removed, 2 * width)
        else:
            self.coarsen()

    def coarsen(self) -> None:
        """Make the bins twice as wide."""
        self.curve, self.removed = coarser(self.curve), coarser(self.removed)
        self.tick *= 2.0


def none_of(dtype: Any, dimensions: int = 1) -> NDArray[Any]:
    """Return an array of size 0."""
    return np.empty((0,) * dimensions, dtype)


@dataclass(frozen=True)
class Shape:
    """What `together` must know of a run beside its pieces."""

    n: int
    origin: float
    removal: bool
    people: bool  # per-person sums were kept
    times: bool
    kinds: bool
    log: bool  # the activations are in the pieces


def together(
    pieces: list[Piece],
    counters: list[tuple[NDArray[np.int64], NDArray[np.int64]]],
    shape: Shape,
) -> Outcome:
    """Put pieces together, in order of replicates.

    Parameters
    ----------
    pieces : list of Piece
    counters : list of (n,) int64 pairs
        For each thread: activations of every person, and sums of their times.
    shape : Shape
    """
    tick = max(piece.tick for piece in pieces)
    for piece in pieces:
        while piece.tick < tick:
            piece.coarsen()
    width = max(piece.curve.shape[-1] for piece in pieces)
    curve = np.concatenate([padded(piece.curve, width) for piece in pieces])
    removed = np.concatenate([padded(p.removed, width) for p in pieces]) if shape.removal else None
    busy = curve.any(axis=(0, 1))
    if removed is not None:
        busy |= removed.any(axis=0)
    used = int(np.flatnonzero(busy)[-1]) + 1 if busy.any() else 1
    used = min(max(used, 2), width)
    counts = sum((pair[0] for pair in counters), np.zeros(shape.n, np.int64))
    sums = sum((pair[1] for pair in counters), np.zeros(shape.n, np.int64))
    logs = [p.activations for p in pieces if p.activations is not None]
    return Outcome(
        replicates=np.concatenate([p.first + np.arange(p.sizes.size) for p in pieces]),
        sizes=np.concatenate([p.sizes for p in pieces]),
        events=np.concatenate([p.events for p in pieces]),
        ends=np.concatenate([p.ends for p in pieces]),
        time=shape.origin + tick * np.arange(used, dtype=np.float64),
        curve=curve[:, :, :used],
        removed=None if removed is None else removed[:, :used],
        node_count=counts if shape.people else None,
        node_time=sums / float(TIME_UNIT) + shape.origin * counts if shape.people else None,
        times=np.concatenate([p.times for p in pieces]) if shape.times else None,
        kinds=np.concatenate([p.kinds for p in pieces]) if shape.kinds else None,
        activations=joined(logs) if shape.log else None,
    )


def new_log(rows: int) -> Activations:
    """Return empty columns for a number of activations."""
    return Activations(
        np.empty(rows, np.int32),
        np.empty(rows, np.int32),
        np.empty(rows, np.int32),
        np.empty(rows, np.float64),
        np.empty(rows, np.float64),
        np.empty(rows, np.int8),
    )


def joined(logs: list[Activations]) -> Activations:
    """Put logs behind each other."""
    return Activations._make(np.concatenate(columns) for columns in zip(*logs, strict=True))


def sorted_log(logs: list[Activations]) -> Activations:
    """Join logs and sort by replicate, time, person."""
    log = joined(logs or [new_log(0)])
    order = np.lexsort((log.person, log.time, log.replicate))
    return Activations._make(column[order] for column in log)


def padded(array: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    """Give the last axis a width, with zeros."""
    if array.size == 0 or array.shape[-1] == width:
        return array
    out = np.zeros((*array.shape[:-1], width), array.dtype)
    out[..., : array.shape[-1]] = array
    return out


def coarser(array: NDArray[np.int64]) -> NDArray[np.int64]:
    """Join bins two by two: bin w of width 2 holds the old bins 2 w - 1 and 2 w; bin 0 stays."""
    if array.size == 0:
        return array
    out = np.zeros_like(array)
    half = array[..., 1::2]
    other = array[..., 2::2]
    out[..., 0] = array[..., 0]
    out[..., 1 : 1 + half.shape[-1]] = half
    out[..., 1 : 1 + other.shape[-1]] += other
    return out
