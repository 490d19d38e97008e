"""Bass diffusion on a network: hazard p + q times the active share of one's sources.

The kernels take hazards in integer units (by ticks) or as floats (in exact time); the formulas are
those of docs/cascades.md 2 and 3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koubei_sim.cascades import checks
from koubei_sim.cascades.arcs import Arcs, by_kind
from koubei_sim.cascades.kernels.bass_exact import (
    BassExactRule,
    bass_exact_batch,
    bass_exact_scratch,
)
from koubei_sim.cascades.kernels.bass_ticks import (
    BassTicksRule,
    bass_ticks_batch,
    bass_ticks_scratch,
)
from koubei_sim.cascades.rules.base import Prepared, Rule, block, last_time, rows_of
from koubei_sim.errors import KoubeiError

UNIT = 4294967296.0  # 2**32
MOST_PER_TICK = float(1 << 20)  # hazards of a tick below this fit the integers of the kernels
PEAK_PER_STRETCH = 16.0  # adoptions in a slot of the wheel at the peak
SWEEP_ROUNDS = 25  # what predicting an arc anew costs, in people swept ...
SWEEP_SET_UP = 50  # ... and predicting everybody at first


@dataclass(frozen=True, eq=False, repr=False)
class Bass(Rule):
    """Bass diffusion on a network: hazard p + q times the active share of one's sources.

    Parameters
    ----------
    p, q : float or (n,) array
        Innovation and imitation, per unit of time, at least 0.
    dt : float, optional
        Length of a tick: all adoptions of a tick see the state at its beginning.  Without it,
        time is exact (event by event).  Against the continuous formula, a tick of 1 year at
        p = .03, q = .38 is off by 7 to 8 points, one of .05 by less than one.
    schedule : (ticks,) array, optional
        By what p is multiplied in each tick, at least 0: a campaign, seasons, a calendar that was
        estimated (`Hazard.to_rule`).  Needs `dt`, and a tick for each up to the horizon.

    Notes
    -----
    Source: Bass 1969; on networks Fibich and Gibori 2010.  Needs a horizon.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> campaign = Bass(0.05, 0.0, dt=1.0, schedule=[0.0, 1.0, 0.0])
    >>> r = kb.cascade(kb.networks.ring(500, 2), campaign, [], 1, rng=1, horizon=3)
    >>> r.outcome.curve[0, 0].tolist()  # by tick
    [0, 0, 27]
    """

    command: ClassVar[str] = "bass"
    needs_horizon: ClassVar[bool] = True

    p: Any = 0.03
    q: Any = 0.38
    dt: float | None = None
    schedule: Any = None

    @property
    def goes_on(self) -> str:
        """All who are active count."""
        return "active"

    @property
    def per_replicate(self) -> tuple[str, ...]:
        """What may be one number a replicate."""
        return ("p", "q")

    def __post_init__(self) -> None:
        """Check the rates."""
        object.__setattr__(self, "p", checks.per_person("p", self.p, 0.0, np.inf))
        object.__setattr__(self, "q", checks.per_person("q", self.q, 0.0, np.inf))
        if self.dt is not None:
            object.__setattr__(self, "dt", checks.positive("dt", self.dt))
        if self.schedule is not None:
            if self.dt is None:
                raise KoubeiError("schedule", "needs ticks", got="no dt", fix="dt=1")
            found = checks.values("schedule", self.schedule, 0.0, np.inf)
            if found.ndim != 1:
                raise KoubeiError("schedule", "has too many dimensions", got=found.shape,
                                  allowed="one")  # fmt: skip
            object.__setattr__(self, "schedule", found)

    @property
    def by_steps(self) -> bool:
        """Ticks are counted, but time is in units of the rates."""
        return False

    def on_arcs(self, arcs: Arcs, key: int, horizon: float | None) -> Prepared:
        """Exact time: event by event; ticks: by the kernel that is quicker for the size."""
        n, into = arcs.n, arcs.into()
        p = by_kind("p", self.p, None, arcs.network)
        q = by_kind("q", self.q, None, arcs.network)
        if self.dt is None:
            hazards = exact_hazards(p, q, into)
            return Prepared(
                batch=bass_exact_batch,
                rows=rows_of(arcs),
                rule=block(BassExactRule(*hazards, last_time(horizon), stretch(n, p, q))),
                scratch=lambda want, room: bass_exact_scratch(n),
                method="events",
                tick=None,
            )
        ticks = last_tick(last_time(horizon), self.dt)
        by_ticks = tick_hazards(p, q, self.dt, into)
        alone, schedule = np.empty(0), np.empty(0)
        if self.schedule is not None:
            alone, schedule = scheduled(p, self.dt, self.schedule, ticks)
            by_ticks = (np.zeros(1, np.int64), by_ticks[1])
        sweep = schedule.size > 0 or sweeps(n, arcs.count, ticks)
        return Prepared(
            batch=bass_ticks_batch,
            rows=rows_of(arcs),
            rule=block(BassTicksRule(*by_ticks, self.dt, ticks, int(sweep), alone, schedule)),
            scratch=lambda want, room: bass_ticks_scratch(n, sweep),
            method="sweep" if sweep else "prediction",
            tick=self.dt,
        )


# Numbers of the kernels ------------------------------------------------------------------------


def tick_hazards(
    p: ArrayLike, q: ArrayLike, dt: float, in_degree: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the hazards A and B of ticks, in units of 2**-32.

    Parameters
    ----------
    p, q : float or (n,) array
        Innovation and imitation per unit of time, at least 0.
    dt : float
        Length of a tick, above 0.
    in_degree : (n,) int array
        Number of arcs into each person.

    Returns
    -------
    own : (1,) or (n,) int64
        ``floor(p dt 2**32 + 1/2)``.
    word : (n,) int64
        ``floor(q dt / d 2**32 + 1/2)``, 0 where d = 0.

    Raises
    ------
    KoubeiError
        If ``p dt`` or ``q dt`` is 2**20 or more: a tick is then far too long to mean anything.

    Examples
    --------
    >>> own, word = tick_hazards(0.5, 1.0, 0.5, np.array([0, 1, 4]))
    >>> (own / 2**32).tolist(), (word / 2**32).tolist()
    ([0.25], [0.0, 0.5, 0.125])
    """
    own = np.atleast_1d(np.asarray(p, np.float64)) * dt
    word = np.asarray(q, np.float64) * dt
    for name, hazard in (("p", own), ("q", word)):
        if hazard.size and not float(np.max(hazard)) < MOST_PER_TICK:
            raise KoubeiError(
                f"{name} dt", "too large", got=float(np.max(hazard)), allowed="0..2**20", fix="dt=1"
            )
    degree = np.asarray(in_degree)
    share = np.where(degree > 0, word / np.maximum(degree, 1), 0.0)
    return (
        np.floor(own * UNIT + 0.5).astype(np.int64),
        np.floor(share * UNIT + 0.5).astype(np.int64),
    )


def scheduled(
    p: ArrayLike, dt: float, schedule: NDArray[np.float64], ticks: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return ``p dt``, (1,) or (n,), and the factors of the ticks.

    Raises
    ------
    KoubeiError
        A schedule that ends before the horizon; a hazard of 2**20 or more in a tick.

    Examples
    --------
    >>> scheduled(0.5, 2.0, np.array([1.0, 0.0]), 2)[0].tolist()
    [1.0]
    """
    if schedule.size < ticks:
        raise KoubeiError("schedule", "ends before the horizon", got=f"{schedule.size} ticks",
                          allowed=f"{ticks} or more",
                          fix=f"horizon={schedule.size * dt:g}")  # fmt: skip
    alone = np.atleast_1d(np.asarray(p, np.float64)) * dt
    most = float(alone.max() * schedule.max()) if alone.size else 0.0
    if not most < MOST_PER_TICK:
        raise KoubeiError("p schedule dt", "too large", got=most, allowed="0..2**20")
    return alone, schedule


def exact_hazards(
    p: ArrayLike, q: ArrayLike, in_degree: NDArray[np.int32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return p as an array, (1,) or (n,), and ``q / d`` of each person, (n,), 0 where d = 0.

    Examples
    --------
    >>> own, word = exact_hazards(0.5, 1.0, np.array([0, 4]))
    >>> own.tolist(), word.tolist()
    ([0.5], [0.0, 0.25])
    """
    degree = np.asarray(in_degree)
    share = np.where(degree > 0, np.asarray(q, np.float64) / np.maximum(degree, 1), 0.0)
    return np.atleast_1d(np.asarray(p, np.float64)).copy(), share


def last_tick(horizon: float, dt: float) -> int:
    """Return the largest k with ``k dt <= horizon`` in float64; 2**61 where there is no horizon.

    Examples
    --------
    >>> last_tick(1.0, 0.1), last_tick(0.3, 0.1), last_tick(float("inf"), 1.0) == 1 << 61
    (10, 2, True)
    """
    if math.isinf(horizon) or horizon / dt >= 2.0**52:
        return 1 << 61
    k = int(horizon / dt)
    while float(k + 1) * dt <= horizon:
        k += 1
    while k > 0 and float(k) * dt > horizon:
        k -= 1
    return k


def sweeps(n: int, arcs: int, ticks: int) -> bool:
    """Whether going over all people in each of `ticks` ticks is cheaper than predicting.

    Sweeping costs about 0.5 ns a person and tick; predicting costs some 20 ns an arc, whatever the
    number of ticks.  With ten arcs a person the two meet at 300 ticks.  They agree to the last
    bit, so only time is at stake.

    Examples
    --------
    >>> sweeps(100_000, 1_000_000, 50), sweeps(100_000, 1_000_000, 5000)
    (True, False)
    """
    return n * ticks <= SWEEP_ROUNDS * arcs + SWEEP_SET_UP * n


def stretch(n: int, p: ArrayLike, q: ArrayLike, horizon: float = math.inf) -> float:
    """Return the width of a slot of the wheel: about 16 adoptions at the peak.

    On a complete graph n people adopt at most at the rate ``n (p + q)**2 / (4 q)``, or ``n p``
    where q <= p (Bass 1969).  The width changes no result.

    Examples
    --------
    >>> stretch(16, 1.0, 0.0)
    1.0
    """
    mean_p = float(np.mean(np.asarray(p, np.float64)))
    mean_q = float(np.mean(np.asarray(q, np.float64)))
    peak = (mean_p + mean_q) ** 2 / (4.0 * mean_q) if mean_q > mean_p else mean_p
    rate = n * peak
    # Where nobody adopts by itself, or everybody at once, any width will do.
    width = PEAK_PER_STRETCH / rate if 1e-300 < rate < 1e300 else 1.0
    if math.isfinite(horizon):  # slots up to the horizon must fit an integer
        width = max(width, horizon * 1e-18)
    return width
