"""When the word passes: numbers of rules with time, or a horizon, as `kernels.timed` takes them.

Laws, rates and latencies are those that the rule prepares for its own kernel, put in the order of
the arcs into each person.  docs/seeding.md 7 is the norm.

Called by `seeding.rows`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades.arcs import Arcs
from koubei_sim.cascades.kernels import arrival_arcs
from koubei_sim.cascades.rules import SIR, DelayedCascade
from koubei_sim.seeding.kernels.live import ONE32
from koubei_sim.seeding.kernels.timed import (
    CONSTANT,
    CONTACTS,
    DELAYS,
    EXPONENTIAL,
    GEOMETRIC,
    INFECTION,
    STEPS,
    Timing,
)

NONE = np.empty(0, np.float64)
_LAWS = {
    arrival_arcs.CONSTANT: CONSTANT,
    arrival_arcs.GIVEN: CONSTANT,
    arrival_arcs.EXPONENTIAL: EXPONENTIAL,
    arrival_arcs.GEOMETRIC: GEOMETRIC,
}


def steps(horizon: float | None, n: int, quality: int = ONE32) -> Timing | None:
    """Return the timing of a rule by steps; None where every path is short enough."""
    limit = float(n) if horizon is None else float(np.floor(horizon))
    if quality == ONE32 and limit >= n - 1:
        return None
    return Timing(STEPS, limit, quality, CONSTANT, 0.0, NONE, 0.0, 0)


def contacts(time: NDArray[np.float64], horizon: float | None) -> Timing:
    """Return the timing of contacts, whose times are given by place."""
    before = math.inf if horizon is None else float(np.nextafter(horizon, np.inf))
    return Timing(CONTACTS, before, ONE32, CONSTANT, 0.0, time, 0.0, 0)


def delays(
    rule: DelayedCascade, arcs: Arcs, order: NDArray[np.int64], key: int, horizon: float | None
) -> Timing | None:
    """Return the timing of a delayed cascade; None without a horizon."""
    if horizon is None:
        return None
    record = rule.numbers(arcs, key, horizon)
    each = record.latencies[order] if record.latencies.size else NONE
    law = _LAWS[record.latency_law]
    return Timing(DELAYS, horizon, ONE32, law, record.latency, each, 0.0, 0)


def infection(
    rule: SIR, arcs: Arcs, order: NDArray[np.int64], key: int, horizon: float | None
) -> Timing:
    """Return the timing of SIR."""
    record = rule.numbers(arcs, key, horizon)
    each = record.rates[order] if record.rates.size else NONE
    law = _LAWS[record.duration_law]
    stepped = int(record.mode == arrival_arcs.SIR_STEPS)
    return Timing(
        INFECTION, record.horizon, ONE32, law, record.rate, each, record.recovery, stepped
    )
