"""The exact final law of an epidemic with any infectious period, from live arcs.

While u is infectious it meets each listener v at rate h_uv.  Given the period L of u its arcs are
live independently, each with probability ``1 - exp(-h_uv L)``; the period makes them alike, so the
arcs out of one person are drawn together.  Who is infected in the end is who can be reached.
A period enters by its Laplace transform only: ``E exp(-s L)``.
Called by the tests of the epidemic kernels.

References
----------
[1] Kenah, E. and Robins, J. M. (2007), Second look at the spread of epidemics on networks,
Physical Review E 76, 036113 (epidemic percolation networks).
[2] Ludwig, D. (1975), Final size distributions for epidemics, Mathematical Biosciences 23, 33-46
(the final law does not depend on latent periods or on order in time).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from koubei_sim.errors import KoubeiError
from koubei_sim.theory.checks import positive, real
from verification.exact_laws.cascades import coin_cases, spread_cases
from verification.exact_laws.chains import Arc, StateLaw, arcs_of, few_people, ids, on_arcs

Laplace = Callable[[float], float]


def constant_period(length: float) -> Laplace:
    """Return ``E exp(-s L) = exp(-s length)``: arcs become independent, as in a cascade.

    Examples
    --------
    >>> round(constant_period(2.0)(0.5), 6)
    0.367879
    """
    length = positive("length", length)
    return lambda s: float(np.exp(-s * length))


def exponential_period(recovery: float) -> Laplace:
    """Return ``E exp(-s L) = g / (g + s)`` of recovery at rate g per unit of time.

    Examples
    --------
    >>> exponential_period(1.0)(3.0)
    0.25
    """
    rate = positive("recovery", recovery)
    return lambda s: rate / (rate + s)


def geometric_period(recovery: float) -> Laplace:
    """Return ``E x**L = g x / (1 - (1 - g) x)``, x = e^{-s}, of recovery in each step.

    Infectious for L = 1, 2, .. steps; after each, recovery has the probability g in (0, 1].
    A probability p per step is the hazard ``h = -log(1 - p)``.

    Examples
    --------
    >>> round(geometric_period(1.0)(0.5), 6)
    0.606531
    """
    g = real("recovery", recovery, 0.0, 1.0)
    positive("recovery", g)
    return lambda s: float(g * np.exp(-s) / (1.0 - (1.0 - g) * np.exp(-s)))


def final_law(
    n: int, arcs: Sequence[Arc], hazard: ArrayLike, period: Laplace, seeds: Sequence[int]
) -> StateLaw:
    """Return the law of who is ever infected.

    The arcs out of u that are live are exactly the set K with probability
    ``sum_{J in K} (-1)^|J| E exp(-L (h(all but K) + h(J)))``.

    Parameters
    ----------
    n : int
        People.
    arcs : sequence of (int, int)
        At most 20; a mutual tie is two arcs.
    hazard : float or (arcs,) array
        h, per unit of time, at least 0; may be infinite.
    period : callable
        Laplace transform of the infectious period, the same for everybody.
    seeds : sequence of int

    Returns
    -------
    StateLaw
        Letters "inactive" and "active"; row t: infected by at most t passings, so the last row
        is the final law, and earlier ones are generations, not moments.

    Examples
    --------
    >>> pair = final_law(2, [(0, 1)], 1.0, exponential_period(1.0), [0])
    >>> float(pair.mean("active")[-1])
    1.5
    """
    n, arcs, seeds = few_people(n), arcs_of(arcs), ids("seeds", seeds)
    if not callable(period):
        raise KoubeiError(
            "period", "not a function", got=repr(period), fix="exponential_period(1.0)"
        )
    hazards = on_arcs("hazard", n, arcs, hazard, np.inf)
    live, _ = coin_cases(np.zeros(len(arcs)))
    weight = np.ones(1 << len(arcs))
    numbers = np.arange(weight.size, dtype=np.int64)
    for u in range(n):
        own = [e for e, arc in enumerate(arcs) if arc[0] == u]
        every = (1 << len(own)) - 1
        total = [
            float(sum(hazards[e] for bit, e in enumerate(own) if subset >> bit & 1))
            for subset in range(every + 1)
        ]
        table = np.zeros(every + 1)
        for kept in range(every + 1):
            part = kept
            while True:  # all parts of `kept`, itself and the empty one included
                sign = -1.0 if part.bit_count() % 2 else 1.0
                table[kept] += sign * period(total[every ^ kept | part])
                if part == 0:
                    break
                part = (part - 1) & kept
        index = np.zeros(weight.size, dtype=np.int64)
        for bit, e in enumerate(own):
            index |= (numbers >> e & 1) << bit
        weight = weight * np.maximum(table, 0.0)[index]
    return spread_cases(n, arcs, live, weight, seeds)
