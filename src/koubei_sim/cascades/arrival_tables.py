"""Numbers that the kernels of arrival times and of SIS need, from those that a user gives.

Plain floats and arrays in, rule tuples out; the checks of what a user may give stand in the
rules themselves.  Called by `cascades.prepare`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades.kernels.arrival import ArrivalRule
from koubei_sim.cascades.kernels.arrival_arcs import (
    CONSTANT,
    DELAYED,
    EXPONENTIAL,
    GEOMETRIC,
    GIVEN,
    SIR,
    SIR_STEPS,
    rates_of_chances,
)
from koubei_sim.cascades.kernels.sis import SisRule
from koubei_sim.cascades.kernels.sis_steps import SisStepsRule

LATENCY_LAWS = {
    "constant": CONSTANT,
    "given": GIVEN,
    "exponential": EXPONENTIAL,
    "geometric": GEOMETRIC,
}
FINENESS = 32.0  # buckets in a typical delay: fewer redo more, more cost more loops
SIS_FINENESS = 256.0  # contacts are taken one by one, so the heap of a bucket should be short
NO_STEP = 1 << 62  # horizon of a rule by steps without one

_NO_FLOATS = np.empty(0, np.float64)
_NO_UNITS = np.empty(0, np.int64)


def rate_of_chance(chance: float) -> float:
    """``c(p) = -log(1 - p)``: infinite at 1, 0 at 0.

    Parameters
    ----------
    chance : float
        A probability per step.

    Examples
    --------
    >>> rate_of_chance(0.5)
    0.6931471805599453
    >>> rate_of_chance(1.0)
    inf
    """
    return float(rates_of_chances(np.array([chance], np.float64))[0])


def divided_rates(
    beta: float, indices: NDArray[np.int32], in_degrees: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Rates per arc of fractional SIR: ``beta / d(target)`` (Feng et al. 2015).

    Parameters
    ----------
    beta : float
        Rate at which a person pays attention, per unit of time.
    indices : (arcs,) int32 array
        Target of each arc.
    in_degrees : (n,) int array
        Number of arcs into each person.

    Examples
    --------
    >>> divided_rates(1.0, np.array([0, 1, 1], np.int32), np.array([1, 2])).tolist()
    [1.0, 0.5, 0.5]
    """
    # Nobody with d = 0 is a target; the largest of 1 and d only avoids a warning.
    return (beta / np.maximum(in_degrees, 1))[indices]


def _typical(values: float | NDArray[np.float64]) -> float:
    """Median of the values that are positive and finite; 0 if there are none."""
    values = np.atleast_1d(np.asarray(values, np.float64))
    sound = values[(values > 0) & np.isfinite(values)]
    return float(np.median(sound)) if sound.size else 0.0


def _width(rate: float, fineness: float) -> float:
    """Width of buckets where things happen at a typical rate; 1 where nothing does."""
    return 1.0 / (rate * fineness) if 0.0 < rate < math.inf else 1.0


def sir_rule(
    beta: float | NDArray[np.float64],
    gamma: float,
    *,
    steps: bool = False,
    duration: float | None = None,
    horizon: float = math.inf,
) -> ArrivalRule:
    """Numbers of SIR; with ``beta = divided_rates(...)`` of fractional SIR.

    Parameters
    ----------
    beta : float or (arcs,) float64 array
        Rate of transmission per unit of time; by steps a chance per step.
    gamma : float
        Rate of recovery; by steps a chance per step; 0: never.
    steps : bool
        SIR by steps.
    duration : float or None
        Everybody is infectious for just so long (``1 / gamma`` for ``duration="constant"``; by
        steps a number of steps); None: exponential (geometric) durations.
    horizon : float
        Nothing happens after this time.

    Examples
    --------
    >>> rule = sir_rule(0.4, 1.0)
    >>> rule.rate, rule.recovery, rule.rates.size
    (0.4, 1.0, 0)
    """
    own = isinstance(beta, np.ndarray)
    if steps:
        if isinstance(beta, np.ndarray):
            beta = rates_of_chances(np.asarray(beta, np.float64))
        else:
            beta = rate_of_chance(beta)
    law = EXPONENTIAL if duration is None else CONSTANT
    if duration is not None:
        recovery = float(duration)
    else:
        recovery = rate_of_chance(gamma) if steps else float(gamma)
    if steps:
        width = 1.0
    else:
        ending = recovery if duration is None else (1.0 / recovery if recovery > 0 else 0.0)
        width = _width(_typical(beta) + ending, FINENESS)
    return ArrivalRule(
        mode=SIR_STEPS if steps else SIR,
        rate=float(np.max(beta, initial=0.0)) if own else float(beta),
        rates=np.ascontiguousarray(beta, np.float64) if own else _NO_FLOATS,
        threshold=0,
        thresholds=_NO_UNITS,
        latency_law=CONSTANT,
        latency=0.0,
        latencies=_NO_FLOATS,
        duration_law=law,
        recovery=recovery,
        horizon=float(horizon),
        width=width,
    )


def delayed_rule(
    threshold: int | NDArray[np.int64],
    law: str,
    latency: float | NDArray[np.float64],
    *,
    horizon: float = math.inf,
) -> ArrivalRule:
    """Numbers of the delayed cascade.

    Parameters
    ----------
    threshold : int or (arcs,) int64 array
        ``T(p)`` in units of 2**-32, 0..2**32.
    law : str
        ``constant``, ``given`` (a latency per arc), ``exponential`` or ``geometric``.
    latency : float or (arcs,) float64 array
        The constant, the array, or the mean.
    horizon : float
        Nothing happens after this time.

    Examples
    --------
    >>> rule = delayed_rule(1 << 31, "geometric", 2.0)
    >>> rule.latency  # c(1/2)
    0.6931471805599453
    """
    own = isinstance(threshold, np.ndarray)
    given = law == "given"
    typical = _typical(latency)
    number = 0.0 if given else float(latency)
    if law == "geometric":
        number = rate_of_chance(1.0 / float(latency))
    return ArrivalRule(
        mode=DELAYED,
        rate=1.0,
        rates=_NO_FLOATS,
        threshold=0 if own else int(threshold),
        thresholds=np.ascontiguousarray(threshold, np.int64) if own else _NO_UNITS,
        latency_law=LATENCY_LAWS[law],
        latency=number,
        latencies=np.ascontiguousarray(latency, np.float64) if given else _NO_FLOATS,
        duration_law=CONSTANT,
        recovery=math.inf,
        horizon=float(horizon),
        width=_width(1.0 / typical if typical > 0 else 0.0, FINENESS),
    )


def sis_rule(
    beta: float | NDArray[np.float64], gamma: float, *, horizon: float = math.inf
) -> SisRule:
    """Numbers of SIS in continuous time: rates per unit of time, `beta` one or one per arc.

    Examples
    --------
    >>> sis_rule(0.5, 1.0, horizon=10.0).recovery
    1.0
    """
    own = isinstance(beta, np.ndarray)
    typical = _typical(beta) + float(gamma)
    return SisRule(
        rate=1.0 if own else float(beta),
        rates=np.ascontiguousarray(beta, np.float64) if own else _NO_FLOATS,
        recovery=float(gamma),
        horizon=float(horizon),
        width=_width(typical, SIS_FINENESS),
    )


def sis_steps_rule(
    threshold: int | NDArray[np.int64], recover: int, *, horizon: int | None = None
) -> SisStepsRule:
    """Numbers of SIS by steps: ``T(beta)``, one or one per arc, and ``T(gamma)``, 0..2**32.

    Examples
    --------
    >>> sis_steps_rule(1 << 30, 1 << 31, horizon=100).recover
    2147483648
    """
    own = isinstance(threshold, np.ndarray)
    return SisStepsRule(
        threshold=0 if own else int(threshold),
        thresholds=np.ascontiguousarray(threshold, np.int64) if own else _NO_UNITS,
        recover=int(recover),
        horizon=NO_STEP if horizon is None else int(horizon),
    )
