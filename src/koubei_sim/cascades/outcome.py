"""What a run of a cascade rule leaves: plain arrays, one row a replicate.

`run.cascade` fills an `Outcome` from the outputs of the kernels; `result.CascadeResult` is its
face for people.  Nothing here computes anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


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
