"""Bass's curve of adoption, what a network makes of it, and what a time step does to it.

F(t) is the share that has adopted by time t; p is the coefficient of innovation (outside
influence) and q that of imitation (word of mouth), both per unit of time.
Called by the test of the Bass limit and by whoever fits or checks an S-curve.

References
----------
[1] Bass, F. M. (1969), A new product growth for model consumer durables, Management Science 15,
215-227.
[2] Fibich, G. and Gibori, R. (2010), Aggregate diffusion dynamics in agent-based models with a
spatial structure, Operations Research 58, 1450-1468.
[3] Fibich, G. and Levin, T. (2023), arXiv 2312.05450 (bounds of all networks).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koubei_sim.checks import number, yes_no
from koubei_sim.errors import KoubeiError
from koubei_sim.theory.checks import numbers, positive, real, rounds

FloatArray = NDArray[np.float64]
MOST_RATE = 1e100


def _inputs(t: ArrayLike, p: float, q: float) -> tuple[FloatArray, float, float]:
    return numbers("t", t, 0.0), *_rates(p, q)


def _rates(p: float, q: float) -> tuple[float, float]:
    """Return p and q, of which squares and ratios are still numbers."""
    return number("p", positive("p", p), 1 / MOST_RATE, MOST_RATE), number("q", q, 0.0, MOST_RATE)


def cumulative(t: ArrayLike, p: float, q: float) -> FloatArray:
    """Share of adopters where everybody hears everybody: the solution of F' = (p + q F)(1 - F).

    ``F(t) = (1 - e^{-(p+q)t}) / (1 + (q/p) e^{-(p+q)t})`` [1].

    Parameters
    ----------
    t : array of float
        Times, at least 0.
    p, q : float
        Per unit of time, p > 0 and q >= 0.

    Returns
    -------
    float array of the shape of `t`
        In [0, 1].

    Examples
    --------
    >>> cumulative([1, 10], p=0.03, q=0.38).round(5).tolist()
    [0.03576, 0.8128]
    """
    times, p, q = _inputs(t, p, q)
    decay = np.exp(-(p + q) * times)
    return -np.expm1(-(p + q) * times) / (1.0 + (q / p) * decay)


def rate(t: ArrayLike, p: float, q: float) -> FloatArray:
    """Adoptions per person and unit of time, f = F' = (p + q F)(1 - F) [1]."""
    share = cumulative(t, p, q)
    p, q = float(p), float(q)
    return (p + q * share) * (1.0 - share)


def peak_time(p: float, q: float) -> float:
    """Time of the most adoptions, ``ln(q/p) / (p + q)`` [1]; 0 where q <= p.

    Examples
    --------
    >>> round(peak_time(0.03, 0.38), 4)
    6.1926
    """
    p, q = _rates(p, q)
    return math.log(q / p) / (p + q) if q > p else 0.0


def peak_share(p: float, q: float) -> float:
    """Share of adopters at the peak, ``1/2 - p/(2q)``; 0 where q <= p."""
    p, q = _rates(p, q)
    return 0.5 - p / (2.0 * q) if q > p else 0.0


def peak_rate(p: float, q: float) -> float:
    """Rate of adoption at the peak, ``(p + q)**2 / (4 q)`` [1]; p where q <= p."""
    p, q = _rates(p, q)
    return (p + q) ** 2 / (4.0 * q) if q > p else p


def time_to(share: float, p: float, q: float) -> float:
    """Time at which `share` has adopted: the inverse of `cumulative`.

    Examples
    --------
    >>> round(time_to(0.5, 0.03, 0.38), 4)
    6.5502
    """
    (p, q), share = _rates(p, q), number("share", share)
    if not 0.0 <= share < 1.0:
        raise KoubeiError("share", "out of range", got=share, allowed="0 or more, below 1")
    return math.log((1.0 + q / p * share) / (1.0 - share)) / (p + q)


def circle(t: ArrayLike, p: float, q: float) -> FloatArray:
    """Share of adopters on an infinite circle, each neighbour exerting q/2 (or one exerting q).

    ``F(t) = 1 - exp(-(p + q) t + q (1 - e^{-p t}) / p)`` [2].  A lower bound for grids
    and small worlds, as `cumulative` is an upper one.

    Examples
    --------
    >>> circle([5, 10], p=0.03, q=0.38).round(5).tolist()
    [0.24846, 0.55826]
    """
    times, p, q = _inputs(t, p, q)
    return -np.expm1(-(p + q) * times - q * np.expm1(-p * times) / p)


def two_node(t: ArrayLike, p: float, q: float) -> FloatArray:
    """Share of adopters in pairs who hear only each other: the lower bound of all networks [3].

    ``F(t) = 1 - e^{-2pt} - p (e^{-2pt} - e^{-(p+q)t}) / (q - p)``, with its limit at q = p.

    Examples
    --------
    >>> two_node([5, 10], p=0.03, q=0.38).round(5).tolist()
    [0.20672, 0.40557]
    """
    times, p, q = _inputs(t, p, q)
    both = np.exp(-2.0 * p * times)
    # Far out, where q < p, the first factor is 0 and the second beyond numbers.
    near = np.minimum(times, 700.0 / (p - q)) if q < p else times
    gap = near if q == p else -np.expm1(-(q - p) * near) / (q - p)
    alone = np.exp(-(p + q) * times) / (p - q) if q < p else 0.0
    return 1.0 - both - p * np.where(near < times, alone, both * gap)


def discrete(p: float, q: float, step: float, steps: int, *, euler: bool = False) -> FloatArray:
    """Share of adopters when everybody decides at once every `step` (synchronous updating).

    ``F_{k+1} = F_k + (1 - F_k) (1 - exp(-(p + q F_k) step))``: what a model with hazards and
    ticks converges to as it grows; its distance from `cumulative` falls in proportion to
    `step`.  With `euler`, the last factor is ``(p + q F_k) step`` (at most 1).

    Parameters
    ----------
    p, q : float
        Per unit of time.
    step : float
        Length of a tick, above 0.
    steps : int
        Number of ticks, at least 0.
    euler : bool
        Probability proportional to the step instead of a hazard.

    Returns
    -------
    (steps + 1,) float array
        F at times 0, step, 2 step, ..

    Examples
    --------
    >>> float(discrete(0.03, 0.38, 1.0, 10, euler=True)[-1].round(5))
    0.78264
    """
    p, q, step = real("p", p), real("q", q), positive("step", step)
    steps, euler = rounds("steps", steps, 25), yes_no("euler", euler)
    shares = np.zeros(steps + 1)
    share = 0.0
    for k in range(steps):
        hazard = (p + q * share) * step
        share += (1.0 - share) * (min(1.0, hazard) if euler else -math.expm1(-hazard))
        shares[k + 1] = share
    return shares
