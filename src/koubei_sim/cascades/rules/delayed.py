"""Delayed cascade: the word takes time along each arc; times of activation are shortest paths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from koubei_sim.cascades import checks
from koubei_sim.cascades.arcs import Arcs, per_arc, thresholds
from koubei_sim.cascades.kernels.arrival import (
    SLACK,
    ArrivalRule,
    arrival_batch,
    arrival_scratch,
)
from koubei_sim.cascades.kernels.arrival_arcs import (
    CONSTANT,
    DELAYED,
    EXPONENTIAL,
    GEOMETRIC,
    GIVEN,
    rates_of_chances,
)
from koubei_sim.cascades.kernels.queue import bucket_width
from koubei_sim.cascades.rules.base import (
    Prepared,
    Rule,
    block,
    last_time,
    one_or_each,
    rows_of,
)
from koubei_sim.errors import KoubeiError

FINENESS = 32.0  # buckets in a typical delay
_LAWS = {"constant": CONSTANT, "given": GIVEN, "exponential": EXPONENTIAL, "geometric": GEOMETRIC}


@dataclass(frozen=True, eq=False, repr=False)
class DelayedCascade(Rule):
    """Independent cascade in which the word takes time along each arc.

    Parameters
    ----------
    p : as in `IndependentCascade`
    latency : float, array, name of an edge attribute, values keyed by pairs, or (law, mean)
        Constant; one value an arc (all above 0), as for `IndependentCascade`;
        ``("exponential", mean)``; ``("geometric", mean)`` with a mean of at least 1.
    kinds : (n,) array of int, optional

    Notes
    -----
    Source: Saito et al. 2010; Gomez-Rodriguez et al. 2011 for exponential delays.
    """

    command: ClassVar[str] = "delayed"
    sequences: ClassVar[tuple[str, ...]] = ("latency",)

    p: Any = 0.1
    latency: Any = ("exponential", 1.0)
    kinds: Any = None

    @property
    def per_replicate(self) -> tuple[str, ...]:
        """What may be one number a replicate."""
        return ("p", "latency")

    def __post_init__(self) -> None:
        """Check probabilities and latencies."""
        object.__setattr__(self, "p", checks.probability("p", self.p, checks.WORDS, matrix=True))
        object.__setattr__(self, "kinds", checks.kinds_of(self.kinds, self.p))
        value = self.latency
        if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str):
            checks.word("latency[0]", value[0], ("exponential", "geometric"))
            if value[0] == "geometric":
                value = (value[0], checks.number("latency[1]", value[1], 1.0, np.inf))
            else:
                value = (value[0], checks.positive("latency[1]", value[1]))
        elif isinstance(value, str) or checks.by_pair(value):
            value = checks.probability("latency", value, (), top=np.inf)
        elif np.ndim(value) == 0:
            value = checks.positive("latency", value)
        else:
            value = checks.values("latency", value, 0.0, np.inf)
            if not (value > 0.0).all():
                raise KoubeiError("latency", "must be above 0 on every arc", got=0.0)
        object.__setattr__(self, "latency", value)

    def with_numbers(self, values: Mapping[str, float]) -> Rule:
        """Return the rule with other numbers: of a law of latencies the mean."""
        changed: dict[str, Any] = dict(values)
        if isinstance(self.latency, tuple) and "latency" in changed:
            changed["latency"] = (self.latency[0], changed["latency"])
        return replace(self, **changed)

    @property
    def by_steps(self) -> bool:
        """Time is continuous."""
        return False

    def on_arcs(self, arcs: Arcs, key: int, horizon: float | None) -> Prepared:
        """Coins of the independent cascade, and a latency for each live arc."""
        return arrivals(arcs, self.numbers(arcs, key, horizon), removal=False, steps=False)

    def numbers(self, arcs: Arcs, key: int, horizon: float | None) -> ArrivalRule:
        """Return the numbers of the kernel."""
        t = thresholds("p", per_arc("p", self.p, arcs, key, self.kinds))
        law, latency = "constant", self.latency
        if isinstance(latency, tuple):
            law, latency = latency
        elif not isinstance(latency, float):
            law, latency = "given", np.asarray(per_arc("latency", latency, arcs, key))
            if not (latency > 0.0).all():
                raise KoubeiError("latency", "must be above 0 on every arc", got=0.0)
        threshold, each = one_or_each(t, np.int64)
        number, given = one_or_each(latency, np.float64)
        return ArrivalRule(
            mode=DELAYED,
            horizon=last_time(horizon),
            width=bucket_width(1.0 / np.asarray(latency), 0.0, FINENESS),
            threshold=threshold,
            thresholds=each,
            latency_law=_LAWS[law],
            latency=rate_of_chance(1.0 / number) if law == "geometric" else float(number),
            latencies=given,
        )


def rate_of_chance(chance: float) -> float:
    """``c(p) = -log(1 - p)`` of a chance per step: infinite at 1, 0 at 0.

    Examples
    --------
    >>> rate_of_chance(0.5)
    0.6931471805599453
    """
    return float(rates_of_chances(np.array([chance], np.float64))[0])


def arrivals(arcs: Arcs, rule: ArrivalRule, *, removal: bool, steps: bool) -> Prepared:
    """Return a rule of arrival times (this one, SIR) ready to run."""
    return Prepared(
        batch=arrival_batch,
        rows=rows_of(arcs),
        rule=block(rule),
        scratch=lambda want, room: arrival_scratch(arcs.n, want.forest),
        method="arrivals",
        keeps=("until",),
        removal=removal,
        tick=1.0 if steps else None,
        spare=SLACK,
    )
