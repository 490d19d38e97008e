"""Log-likelihoods of hazards with their first and second derivatives, and the climb to their top.

Two families.  *Additive*: ``h = 1 - exp(-exp(x'c) (a(t) + sum b z))`` with a, b >= 0, the form in
which word of mouth adds to what comes from outside.  *Link*: ``h = F(a(t) + z'b + x'c)`` with
complementary log-log, logit or probit, the forms of generalised linear models.  Both are sums over
the rows of a risk set; the calendar is an index, not a column for each period.
Called by `hazard`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, special

from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.kernels.sums import summed

TINY: Final = 1e-300
LINKS: Final = ("additive", "cloglog", "logit", "probit")
STEPS: Final = 200
GAIN: Final = 1e-11  # a climb ends where the next step promises less than this much of the whole


class Rows(NamedTuple):
    """The rows of a risk set.

    Parameters
    ----------
    adopted : (rows,) bool array
    period : (rows,) int64 array
        Which of the `bins` of the calendar; all 0 where there is one.
    bins : int
        Number of bins of the calendar, 0 for none.
    pushes : (rows, K) float64 array
    traits : (rows, J) float64 array
    """

    adopted: NDArray[np.bool_]
    period: NDArray[np.int64]
    bins: int
    pushes: NDArray[np.float64]
    traits: NDArray[np.float64]


class Height(NamedTuple):
    """A log-likelihood, its gradient and its second derivatives."""

    value: float
    gradient: NDArray[np.float64]
    curvature: NDArray[np.float64]


@dataclass(frozen=True)
class Priors:
    """What is believed before the data, so that empty periods and separated groups have an answer.

    Parameters
    ----------
    calendar : float
        The hazard of each period is pulled to the mean hazard as if by so many adoptions more in
        each (additive hazards: a Gamma law; links: a normal law of the same strength).  0: none.
    traits : float
        Standard deviation of a normal law, mean 0, for the effect of one standard deviation of a
        trait; infinite for none.
    """

    calendar: float = 0.1
    traits: float = 3.0

    def __post_init__(self) -> None:
        """Refuse what is no prior."""
        if not 0.0 <= self.calendar < np.inf:
            raise KoubeiError("priors.calendar", "out of range", got=self.calendar,
                              allowed="0 or more")  # fmt: skip
        if not self.traits > 0.0:
            raise KoubeiError("priors.traits", "out of range", got=self.traits, allowed="above 0")


def additive(theta: NDArray[np.float64], rows: Rows) -> Height:
    """Return the height of an additive hazard at ``theta = (a, b, c)``."""
    bins, k = rows.bins, rows.pushes.shape[1]
    a, b, c = theta[:bins], theta[bins : bins + k], theta[bins + k :]
    scale = np.exp(weighed(rows.traits, c)) if c.size else np.ones(rows.adopted.size)
    total = weighed(rows.pushes, b)
    if bins:
        total = total + a[rows.period]
    whole = np.maximum(scale * total, TINY)
    # Rows without an adoption say only "- whole": logarithms are taken where somebody adopts.
    yes = np.flatnonzero(rows.adopted)
    met = whole[yes]
    grown = np.expm1(np.minimum(met, 700.0))
    value = float(np.log(-np.expm1(-met)).sum() + met.sum() - whole.sum())
    slope, bend = np.full(whole.size, -1.0), np.zeros(whole.size)
    slope[yes] = 1.0 / grown
    bend[yes] = -(grown + 1.0) / grown / grown
    return _assembled(value, rows, slope * scale, slope * whole,
                      (bend * scale * scale, bend * scale * whole + slope * scale,
                       bend * whole * whole + slope * whole))  # fmt: skip


def weighed(columns: NDArray[np.float64], by: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``columns @ by`` (rows,), on one thread."""
    return np.asarray(np.einsum("rk,k->r", columns, by))


def _assembled(
    value: float,
    rows: Rows,
    to_push: NDArray[np.float64],
    to_trait: NDArray[np.float64],
    bends: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
) -> Height:
    """Return sums over rows of what each row says of pushes, traits, and pairs of them."""
    size = rows.bins + rows.pushes.shape[1] + rows.traits.shape[1]
    gradient, curvature = np.zeros(size), np.zeros((size, size))
    says = np.stack([to_push, to_trait, *bends])
    summed(rows.period, rows.bins, rows.pushes, rows.traits, says, gradient, curvature)
    lower = np.tril_indices(size, -1)
    curvature[lower] = curvature.T[lower]
    return Height(value, gradient, curvature)


def by_link(theta: NDArray[np.float64], rows: Rows, link: str) -> Height:
    """Return the height of a generalised linear model at ``theta = (a, b, c)``."""
    bins, k = rows.bins, rows.pushes.shape[1]
    eta = weighed(rows.pushes, theta[bins : bins + k]) + weighed(rows.traits, theta[bins + k :])
    if bins:
        eta = eta + theta[:bins][rows.period]
    yes = rows.adopted
    if link == "cloglog":
        whole = np.exp(np.clip(eta, -690.0, 6.5))
        grown = np.expm1(np.minimum(whole, 700.0))
        each = np.where(yes, np.log(-np.expm1(-whole)), -whole)
        slope = np.where(yes, whole / grown, -whole)
        bend = np.where(yes, whole / grown - whole * whole * (grown + 1.0) / grown / grown, -whole)
    elif link == "logit":
        share = special.expit(eta)
        each = np.where(yes, -np.logaddexp(0.0, -eta), -np.logaddexp(0.0, eta))
        slope, bend = yes - share, -share * (1.0 - share)
    else:
        sign = np.where(yes, 1.0, -1.0)
        each = special.log_ndtr(sign * eta)
        mills = np.exp(-0.5 * eta * eta - 0.5 * np.log(2.0 * np.pi) - each)
        slope, bend = sign * mills, -mills * (sign * eta + mills)
    return _assembled(float(each.sum()), rows, slope, slope, (bend, bend, bend))


def with_priors(height: Height, theta: NDArray[np.float64], link: str, pulls: Pulls) -> Height:
    """Return a height with what the priors add."""
    value, gradient, curvature = height.value, height.gradient.copy(), height.curvature.copy()
    bins = pulls.bins
    if pulls.calendar and bins:
        a = theta[:bins]
        if link == "additive":
            safe = np.maximum(a, TINY)
            value += pulls.calendar * float((np.log(safe / pulls.mean) - safe / pulls.mean).sum())
            gradient[:bins] += pulls.calendar * (1.0 / safe - 1.0 / pulls.mean)
            curvature[np.arange(bins), np.arange(bins)] -= pulls.calendar / safe / safe
        else:
            away = a - pulls.mean
            value -= 0.5 * pulls.calendar * float((away * away).sum())
            gradient[:bins] -= pulls.calendar * away
            curvature[np.arange(bins), np.arange(bins)] -= pulls.calendar
    if pulls.traits.size:
        own = np.arange(theta.size - pulls.traits.size, theta.size)
        c = theta[own]
        value -= 0.5 * float((pulls.traits * c * c).sum())
        gradient[own] -= pulls.traits * c
        curvature[own, own] -= pulls.traits
    return Height(value, gradient, curvature)


def chances(theta: NDArray[np.float64], rows: Rows, link: str) -> NDArray[np.float64]:
    """Return the chance to adopt of each row."""
    bins, k = rows.bins, rows.pushes.shape[1]
    pushed = weighed(rows.pushes, theta[bins : bins + k])
    if bins:
        pushed = pushed + theta[:bins][rows.period]
    return combined(pushed, weighed(rows.traits, theta[bins + k :]), link)


def combined(
    pushed: NDArray[np.float64], trait: NDArray[np.float64], link: str
) -> NDArray[np.float64]:
    """Return chances from the sum of pushes and the sum of traits."""
    if link == "additive":
        return np.asarray(-np.expm1(-np.exp(trait) * pushed))
    eta = pushed + trait
    if link == "cloglog":
        return np.asarray(-np.expm1(-np.exp(np.minimum(eta, 6.5))))
    return np.asarray(special.expit(eta) if link == "logit" else special.ndtr(eta))


class Pulls(NamedTuple):
    """Priors as numbers: strength and centre of the calendar, precisions of traits."""

    bins: int
    calendar: float
    mean: float
    traits: NDArray[np.float64]


class Top(NamedTuple):
    """Where a climb ended: the place, the log-likelihood with and without priors, curvature."""

    theta: NDArray[np.float64]
    posterior: float
    loglik: float
    curvature: NDArray[np.float64]
    free: NDArray[np.bool_]
    steps: int


def climb(
    start: NDArray[np.float64],
    rows: Rows,
    link: str,
    pulls: Pulls,
    fixed: NDArray[np.bool_] | None = None,
) -> Top:
    """Return the top of a log-likelihood: Newton's steps, pushes of additive hazards kept >= 0.

    A step that does not gain is halved; where second derivatives point up, the step is damped.
    """
    theta = start.copy()
    held = np.zeros(theta.size, bool) if fixed is None else fixed
    floor = np.full(theta.size, -np.inf)
    if link == "additive":
        floor[: rows.bins + rows.pushes.shape[1]] = 0.0

    def at(place: NDArray[np.float64]) -> tuple[Height, float]:
        bare = additive(place, rows) if link == "additive" else by_link(place, rows, link)
        return with_priors(bare, place, link, pulls), bare.value

    now, bare = at(theta)
    steps, free = 0, ~held
    while steps < STEPS:
        steps += 1
        pressed = (theta <= floor) & (now.gradient <= 0.0)
        free = ~(held | pressed)
        step = np.zeros(theta.size)
        step[free] = ascent(-now.curvature[np.ix_(free, free)], now.gradient[free])
        if float(step @ now.gradient) <= GAIN * (1.0 + abs(now.value)):
            break
        size = 1.0
        for _ in range(60):
            place = theta + size * step
            # A weight that would go below nothing goes most of the way there, or all of it.
            place = np.where(place < floor, np.where(theta > 1e-9, 0.05 * theta, floor), place)
            there, plain = at(place)
            if there.value >= now.value:
                break
            size *= 0.5
        else:
            break
        gained = there.value - now.value
        theta, now, bare = place, there, plain
        if gained <= 1e-13 * (1.0 + abs(now.value)) and size < 1.0:
            break
    return Top(theta, now.value, bare, now.curvature, free, steps)


def ascent(bend: NDArray[np.float64], slope: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve ``bend step = slope``, with enough added to the diagonal that the step goes up."""
    size = np.maximum(np.abs(np.diag(bend)), 1e-12)
    for damping in (0.0, 1e-6, 1e-4, 1e-2, 1e-1, 1.0, 10.0, 1e3, 1e6):
        try:
            factor = linalg.cho_factor(bend + np.diag(damping * size), check_finite=False)
        except linalg.LinAlgError:
            continue
        step = np.asarray(linalg.cho_solve(factor, slope, check_finite=False))
        if np.isfinite(step).all():
            return step
    return slope / size
