"""Estimators of a total effect: what a treatment of all would do to the share that adopts.

*difference*: treated less untreated.  *exposure*: a regression on one's own treatment and the share
of treated neighbours.  *model*: a hazard in which what the treatment changes has a weight of its
own for each arm, estimated from the experiment and played on the same network with all treated and
with nobody treated, at parameters drawn from what the data leave open.
Called by `experiment`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse, special

from koubei_sim.core import draws
from koubei_sim.core.codes import DRAW_ASSIGNED
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.design import Model, model_of, rows_of
from koubei_sim.evidence.diffusion import NEVER, Diffusion
from koubei_sim.evidence.estimators import NORMAL, Estimate
from koubei_sim.evidence.hazard import Hazard, fitted
from koubei_sim.evidence.likelihood import Priors
from koubei_sim.evidence.playing_on import drawn_values
from koubei_sim.evidence.terms import arcs_into
from koubei_sim.evidence.worlds import Change, simulate
from koubei_sim.networks import union_rows

DRAWS: Final = 100  # parameters drawn, each played in a world of its own
PLAYED, NORMALS = 12, 13  # the tick of an address


@dataclass(frozen=True)
class Treatment:
    """What a treatment changes: factors of the base hazard and of the push of ties, and on whom."""

    p: float
    q: float
    on: str

    def changes(
        self, model: Model, values: NDArray[np.float64], d: Diffusion,
        treated: NDArray[np.bool_] | None, when: NDArray[np.bool_] | None,
    ) -> list[Change]:  # fmt: skip
        """Return what is added in worlds where `treated` (n, worlds) are; None: everybody."""
        found = []
        bins = model.bins
        if self.p != 1.0:
            base = values[:bins][model.bin_of(d, np.arange(d.periods))]
            found.append(Change(None, base[:, None] * (self.p - 1.0), None, treated, when))
        if self.q != 1.0:
            for k, term in enumerate(model.push_terms):
                if term.name == "ties":
                    added = np.array([values[bins + k] * (self.q - 1.0)])
                    teller = treated if self.on in ("teller", "tie") else None
                    listener = treated if self.on in ("listener", "tie") else None
                    found.append(Change(k, added, teller, listener, when))
        return found


@dataclass(frozen=True)
class Trial:
    """One experiment as its analyst sees it.

    Parameters
    ----------
    record : Diffusion
        With the treatments ``treated``, ``unit`` and ``counted``.
    when : (periods,) bool array or None
        Treated periods of a switchback.
    treatment : Treatment
    formula : str
        The hazard that is taken for true.
    key, number : int
    """

    record: Diffusion
    when: NDArray[np.bool_] | None
    treatment: Treatment
    formula: str
    key: int
    number: int

    @property
    def treated(self) -> NDArray[np.bool_]:
        """Who is treated."""
        return self.record.treatments["treated"] > 0.5


def share_adopting(at: NDArray[np.int64], d: Diffusion) -> NDArray[np.float64]:
    """Return the share of those who are no seeds that adopts, in each world, (worlds,)."""
    return np.asarray((at[:, ~d.seeded] != NEVER).mean(axis=1))


# Comparisons ------------------------------------------------------------------------------------


def difference(trial: Trial) -> Estimate:
    """Return treated less untreated, the error by units."""
    d = trial.record
    if trial.when is not None:
        return _between_periods(d, trial.when)
    use = (d.treatments["counted"] > 0.5) & ~d.seeded
    y, t = d.adopted[use].astype(np.float64), trial.treated[use]
    unit = d.treatments["unit"][use].astype(np.int64)
    if t.all() or not t.any():
        raise KoubeiError("record", "only one arm is seen", got="nobody to compare with")
    means, spread, count = [], 0.0, 0
    for arm in (False, True):
        own = t == arm
        mean = float(y[own].mean())
        off = np.bincount(unit[own], y[own] - mean)
        groups = np.unique(unit[own]).size
        spread += float(off @ off) / own.sum() ** 2 * groups / max(groups - 1, 1)
        means.append(mean)
        count += groups
    half = float(special.stdtrit(max(count - 2, 1), 0.975)) * math.sqrt(spread)
    value = means[1] - means[0]
    return Estimate(value, value - half, value + half)


def _between_periods(d: Diffusion, when: NDArray[np.bool_]) -> Estimate:
    """Return what the mean hazard of treated periods, in all of them, would add to the share."""
    risk = d.risk()
    at_risk = np.bincount(risk.period, minlength=d.periods)
    adopts = np.bincount(risk.period, risk.adopted, minlength=d.periods)
    chance = np.minimum((adopts + 0.5) / (at_risk + 1.0), 0.999)
    hazards = -np.log1p(-chance)
    total, spread = [], []
    for arm in (False, True):
        own = hazards[when == arm]
        total.append(float(own.mean()) * d.periods)
        spread.append(float(own.var(ddof=1)) / own.size * d.periods**2)
    left = [math.exp(-one) for one in total]
    error = math.sqrt(sum(one * one * each for one, each in zip(left, spread, strict=True)))
    value = left[0] - left[1]
    half = float(special.stdtrit(d.periods - 2, 0.975)) * error
    return Estimate(value, value - half, value + half)


def exposure(trial: Trial) -> Estimate:
    """Return own treatment plus share of treated neighbours in a regression, error by units."""
    d = trial.record
    if trial.when is not None:
        return Estimate(math.nan)
    into = arcs_into(union_rows(d.network), "named")
    total = np.asarray(into.sum(axis=1)).ravel()
    treated = trial.treated.astype(np.float64)
    near = np.asarray(into @ treated) / np.where(total > 0.0, total, 1.0)
    use = (d.treatments["counted"] > 0.5) & ~d.seeded
    x = np.column_stack([np.ones(d.n), treated, near])[use]
    y, unit = d.adopted[use].astype(np.float64), d.treatments["unit"][use].astype(np.int64)
    bread = np.linalg.pinv(x.T @ x)
    beta = bread @ (x.T @ y)
    groups, code = np.unique(unit, return_inverse=True)
    member = sparse.csr_array((np.ones(code.size), (code, np.arange(code.size))))
    scores = np.asarray(member @ (x * (y - x @ beta)[:, None]))
    scale = groups.size / max(groups.size - 1, 1)
    cov = bread @ (scores.T @ scores) @ bread * scale
    both = np.array([0.0, 1.0, 1.0])
    value = float(both @ beta)
    half = float(special.stdtrit(max(groups.size - 3, 1), 0.975) * math.sqrt(both @ cov @ both))
    return Estimate(value, value - half, value + half)


# The hazard that is played ----------------------------------------------------------------------


def check_model(d: Diffusion, formula: str, treatment: Treatment) -> Model:
    """Return the hazard of the analyst, refused where it cannot say what the treatment does."""
    model = model_of(d, formula)
    ties = [term for term in model.push_terms if term.name == "ties"]
    if treatment.q != 1.0 and len(ties) != 1:
        raise KoubeiError("formula", "not one term ties, which the treatment changes", got=formula,
                          allowed="a formula with ties in it once")  # fmt: skip
    if treatment.q != 1.0 and ties[0].word == "any":
        raise KoubeiError("formula", "what treated and untreated tell does not add up", got=formula,
                          allowed="ties(share) or ties(count)")  # fmt: skip
    if treatment.p != 1.0 and not model.bins:
        raise KoubeiError("formula", "no base hazard, which the treatment changes", got=formula,
                          fix=f"'constant + {formula}'")  # fmt: skip
    return model


def by_model(trial: Trial) -> Estimate:
    """Return what the fitted hazard says of all treated against nobody treated."""
    d, treatment, when = trial.record, trial.treatment, trial.when
    model = check_model(d, trial.formula, treatment)
    if treatment.p != 1.0 and when is not None and model.calendar == "periods":
        return Estimate(math.nan)  # a period is treated or not: its own base hazard says all
    fit = _arms(trial, model)
    theta = drawn_values(fit, DRAWS, trial.key, DRAW_ASSIGNED, trial.number, NORMALS)
    bins, k = model.bins, len(model.push_terms)
    none, both = theta[:, :bins], theta[:, :bins]
    first = bins
    if treatment.p != 1.0:
        both, first = theta[:, bins : 2 * bins], 2 * bins
    pushes = theta[:, first : first + k]
    rest = theta[:, first + k + (treatment.q != 1.0) :]
    other = pushes
    if treatment.q != 1.0:
        place = _place(model)
        other = pushes.copy()
        other[:, place] = theta[:, first + k]
    luck = int(draws.stream(np.uint64(trial.key), trial.number, DRAW_ASSIGNED, PLAYED, 0))
    all_, nobody = (
        share_adopting(simulate(model, np.hstack(parts), d, luck, DRAWS), d)
        for parts in ((both, other, rest), (none, pushes, rest))
    )
    gain = all_ - nobody
    low, high = np.quantile(gain, [0.025, 0.975])
    return Estimate(float(gain.mean()), float(low), float(high))


def _place(model: Model) -> int:
    return next(k for k, term in enumerate(model.push_terms) if term.name == "ties")


def _arms(trial: Trial, model: Model) -> Hazard:
    """Fit the hazard with a base for each arm, or a weight for ties of each arm, behind the others.

    The treatment is drawn, so how much of what somebody meets is treated has nothing to do with who
    that is: the difference of the two weights is no matter of homophily.
    """
    d, treatment, treated = trial.record, trial.treatment, trial.treated
    rows, risk = rows_of(model, d)
    now = np.ones((d.n, d.periods), bool) if trial.when is None else np.broadcast_to(
        trial.when, (d.n, d.periods)
    )  # fmt: skip
    if treatment.q != 1.0:
        place = _place(model)
        push = model.pushes(d)[place]
        if treatment.on in ("teller", "tie") and trial.when is None:
            among = treated if push.among is None else treated & push.among
            push = replace(push, among=among)
        own = push.along(d.at, d.periods) * now
        if treatment.on in ("listener", "tie") and trial.when is None:
            own *= treated[:, None]
        theirs = own[risk.person, risk.period]
        pushes = np.column_stack([rows.pushes, theirs])
        pushes[:, place] -= theirs
        rows = rows._replace(pushes=np.ascontiguousarray(pushes))
        names = [f"{model.names[model.bins + place]} treated"]
        cut = model.bins + len(model.push_terms)
        model = replace(
            model, push_terms=(*model.push_terms, model.push_terms[place]),
            names=(*model.names[:cut], *names, *model.names[cut:]),
        )  # fmt: skip
    if treatment.p != 1.0:
        bins = model.bins
        arm = treated[risk.person] if trial.when is None else trial.when[risk.period]
        rows = rows._replace(period=rows.period + bins * arm, bins=2 * bins)
        base = [f"{name} treated" for name in model.names[:bins]]
        model = replace(model, calendar="periods", periods=2 * bins, width=1,
                        names=(*model.names[:bins], *base, *model.names[bins:]))  # fmt: skip
    return fitted(model, rows, risk, "additive", Priors())


EFFECTS: Final[dict[str, Callable[[Trial], Estimate]]] = {
    "difference": difference, "exposure": exposure, "model": by_model,
}  # fmt: skip
__all__ = ["EFFECTS", "NORMAL", "Treatment", "Trial", "check_model", "share_adopting"]
