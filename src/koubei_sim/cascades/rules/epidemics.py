"""Epidemics: SIR (interest that fades), fractional SIR (attention that is divided), SIS."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from koubei_sim.cascades import checks
from koubei_sim.cascades.arcs import Arcs, per_arc, per_contact, split_brands, thresholds
from koubei_sim.cascades.kernels.arrival import ArrivalRule
from koubei_sim.cascades.kernels.arrival_arcs import (
    CONSTANT,
    EXPONENTIAL,
    SIR_STEPS,
    rates_of_chances,
)
from koubei_sim.cascades.kernels.arrival_arcs import SIR as SIR_TIMES
from koubei_sim.cascades.kernels.contacts import (
    ContactsIllnessRule,
    contacts_illness_batch,
    contacts_scratch,
)
from koubei_sim.cascades.kernels.queue import bucket_width
from koubei_sim.cascades.kernels.sis import (
    SisRule,
    SisStepsRule,
    sis_batch,
    sis_scratch,
    sis_steps_batch,
    sis_steps_scratch,
)
from koubei_sim.cascades.rules.base import (
    Prepared,
    Rule,
    block,
    contacts_of,
    last_step,
    last_time,
    one_or_each,
    rows_of,
)
from koubei_sim.cascades.rules.delayed import FINENESS, arrivals, rate_of_chance
from koubei_sim.errors import KoubeiError
from koubei_sim.networks import TemporalNetwork

SIS_FINENESS = 256.0  # contacts are taken one by one, so the heap of a bucket should be short


@dataclass(frozen=True, eq=False, repr=False)
class Infection(Rule):
    """What SIR, SIS and fractional SIR have in common."""

    beta: Any = 0.1
    gamma: Any = 1.0
    steps: bool = False

    @property
    def per_replicate(self) -> tuple[str, ...]:
        """What may be one number a replicate."""
        return ("beta", "gamma")

    def __post_init__(self) -> None:
        """Check rates (or probabilities per step)."""
        object.__setattr__(self, "steps", checks.yes_no("steps", self.steps))
        top = 1.0 if self.steps else np.inf
        beta = checks.probability("beta", self.beta, ("weights",), top=top)
        object.__setattr__(self, "beta", beta)
        object.__setattr__(self, "gamma", checks.number("gamma", self.gamma, 0.0, top))

    @property
    def by_steps(self) -> bool:
        """Whether time counts steps."""
        return self.steps

    def rates(self, arcs: Arcs, key: int) -> Any:
        """`beta` of each arc: one float, or one an arc."""
        beta = per_arc("beta", self.beta, arcs, key)
        if self.steps and isinstance(beta, np.ndarray):
            thresholds("beta", beta)  # weights may lie above 1: refuse them as probabilities
        return beta

    def meetings(
        self, network: TemporalNetwork, horizon: float | None, *, constant: bool, again: bool
    ) -> Prepared:
        """Return SIR, or SIS where people are infected `again`, ready to run on contacts."""
        if isinstance(self.beta, float) and self.beta > 1.0:
            raise KoubeiError(
                "beta", "is the chance of one contact here", got=self.beta, allowed="0..1"
            )
        each = [per_contact("beta", self.beta, network)]
        top, rest, tops, rests = split_brands(each, network.n_contacts)
        bounds = tops[0] if tops.size else np.empty(0, np.uint8)
        rule = ContactsIllnessRule(
            top, rest, tops, rests, int(top[0]), bounds, self.gamma, int(constant), int(again),
            last_time(horizon),
        )  # fmt: skip
        return Prepared(
            batch=contacts_illness_batch,
            rule=block(rule),
            scratch=lambda want, room: contacts_scratch(network.n_nodes, room),
            keeps=("kind", "until", "visited"),
            removal=True,
            repeats=again,
            **contacts_of(network),
        )


@dataclass(frozen=True, eq=False, repr=False)
class SIR(Infection):
    """Susceptible, infected, recovered: interest that fades.

    Parameters
    ----------
    beta : float, mapping, array or "weights"
        Rate of passing on along an arc, per unit of time (with `steps`: probability per step).
    gamma : float
        Rate of recovery per unit of time (probability per step); 0: never.
    steps : bool
        Discrete steps in place of continuous time.
    duration : {"exponential", "constant"}
        Law of the infectious period, of mean 1 / gamma (steps: geometric, or 1 / gamma rounded).
    """

    command: ClassVar[str] = "sir"

    duration: Literal["exponential", "constant"] = "exponential"

    def __post_init__(self) -> None:
        """Check the law of the duration."""
        super().__post_init__()
        checks.word("duration", self.duration, ("exponential", "constant"))

    @property
    def goes_on(self) -> str:
        """Those not recovered, where a duration does not remember how long it has lasted."""
        return "ill" if self.duration == "exponential" else ""

    def on_arcs(self, arcs: Arcs, key: int, horizon: float | None) -> Prepared:
        """Times of arrival, whether an arc transmits before its source recovers."""
        rule = self.numbers(arcs, key, horizon)
        return arrivals(arcs, rule, removal=True, steps=self.steps)

    def numbers(self, arcs: Arcs, key: int, horizon: float | None) -> ArrivalRule:
        """Return the numbers of the kernel."""
        beta = self.rates(arcs, key)
        duration = None
        if self.duration == "constant":
            duration = math.inf if self.gamma == 0.0 else 1.0 / self.gamma
            if self.steps and math.isfinite(duration):
                duration = max(1.0, np.floor(duration + 0.5))
        ending = rate_of_chance(self.gamma) if self.steps else self.gamma
        if self.steps:
            each = rates_of_chances(np.atleast_1d(np.asarray(beta, np.float64)))
            beta = each if isinstance(beta, np.ndarray) else float(each[0])
        rate, rates = one_or_each(beta, np.float64)
        if rates.size:
            rate = rates.max()
        # What ends a wait beside an arc: the recovery, or (as 1 / rate) the constant duration.
        other = ending if duration is None else (1.0 / duration if duration > 0 else 0.0)
        return ArrivalRule(
            mode=SIR_STEPS if self.steps else SIR_TIMES,
            horizon=last_time(horizon),
            width=1.0 if self.steps else bucket_width(beta, other, FINENESS),
            rate=float(rate),
            rates=rates,
            duration_law=EXPONENTIAL if duration is None else CONSTANT,
            recovery=ending if duration is None else float(duration),
        )

    def on_contacts(self, network: TemporalNetwork, horizon: float | None) -> Prepared:
        """`beta` is the chance of one contact."""
        return self.meetings(network, horizon, constant=self.duration == "constant", again=False)


@dataclass(frozen=True, eq=False, repr=False)
class FractionalSIR(SIR):
    """SIR under competition for attention: the rate of an arc is beta / arcs into the target.

    Notes
    -----
    Source: Feng et al. 2015 (FSIR).  Restores a finite threshold on heavy-tailed graphs.
    """

    command: ClassVar[str] = "fractional-sir"

    def rates(self, arcs: Arcs, key: int) -> Any:
        """`beta` of each arc, divided among the arcs into its target."""
        # Nobody without arcs is a target; the largest of 1 and their number only avoids a warning.
        return super().rates(arcs, key) / np.maximum(arcs.into(), 1)[arcs.rows.indices]

    on_contacts = Rule.on_contacts  # attention is divided among all whom one listens to


@dataclass(frozen=True, eq=False, repr=False)
class SIS(Infection):
    """Susceptible, infected, susceptible again.  Needs a horizon.

    Parameters
    ----------
    beta, gamma, steps
        As in `SIR`.
    """

    command: ClassVar[str] = "sis"
    needs_horizon: ClassVar[bool] = True

    def on_arcs(self, arcs: Arcs, key: int, horizon: float | None) -> Prepared:
        """By steps a sweep a step, in time contact by contact."""
        beta = self.rates(arcs, key)
        rows = rows_of(arcs)
        again: dict[str, Any] = {"keeps": ("kind", "until"), "removal": True, "repeats": True}
        if self.steps:
            threshold = one_or_each(thresholds("beta", beta), np.int64)
            recover = int(thresholds("gamma", self.gamma))
            return Prepared(
                batch=sis_steps_batch,
                rows=rows,
                rule=block(SisStepsRule(*threshold, recover, last_step(horizon))),
                scratch=lambda want, room: sis_steps_scratch(arcs.n, want.forest),
                method="steps",
                **again,
            )
        rate, rates = one_or_each(beta, np.float64)
        width = bucket_width(beta, self.gamma, SIS_FINENESS)
        return Prepared(
            batch=sis_batch,
            rows=rows,
            rule=block(SisRule(float(rate), rates, self.gamma, last_time(horizon), width)),
            scratch=lambda want, room: sis_scratch(arcs.n, room),
            method="events",
            tick=None,
            **again,
        )

    def on_contacts(self, network: TemporalNetwork, horizon: float | None) -> Prepared:
        """`beta` is the chance of one contact."""
        return self.meetings(network, horizon, constant=False, again=True)
