"""Log-likelihoods of hazards with their first and second derivatives, and the climb to their top.

Two families.  *Additive*: ``h = 1 - exp(-exp(x'c) (a(t) + sum b z))`` with a, b >= 0, the form in
which word of mouth adds to what comes from outside.  *Link*: ``h = F(a(t) + z'b + x'c)`` with
complementary log-log, logit or probit, the forms of generalised linear models.  Both are sums over
the rows of a risk set; the calendar is an index, not a column for each period.
Called by `hazard`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, special

from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.kernels.sums import summed

TINY: Final = 1e-300
Link = Literal["additive", "cloglog", "logit", "probit"]
LINKS: Final[tuple[Link, ...]] = get_args(Link)
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


class Says(NamedTuple):
    """What each row says, (rows,) each: its share of the height, slopes and bends.

    `push` and `trait` are slopes to what adds and to what multiplies; then those of pairs.
    """

    each: NDArray[np.float64]
    push: NDArray[np.float64]
    trait: NDArray[np.float64]
    two_pushes: NDArray[np.float64]
    push_trait: NDArray[np.float64]
    two_traits: NDArray[np.float64]


def said(
    theta: NDArray[np.float64], rows: Rows, link: str, shift: NDArray[np.float64] | None = None
) -> Says:
    """Return what each row says at ``theta = (a, b, c)``; `shift` is added to its traits."""
    if link != "additive":
        return _said_by_link(theta, rows, link, shift)
    bins, k = rows.bins, rows.pushes.shape[1]
    a, b, c = theta[:bins], theta[bins : bins + k], theta[bins + k :]
    trait = weighed(rows.traits, c)
    scale = np.exp(trait if shift is None else trait + shift)
    total = weighed(rows.pushes, b)
    if bins:
        total = total + a[rows.period]
    whole = np.maximum(scale * total, TINY)
    # Rows without an adoption say only "- whole": logarithms are taken where somebody adopts.
    yes = np.flatnonzero(rows.adopted)
    met = whole[yes]
    grown = np.maximum(np.expm1(np.minimum(met, 700.0)), 1e-150)  # its square is a number
    each, slope, bend = -whole, np.full(whole.size, -1.0), np.zeros(whole.size)
    each[yes] = np.log(-np.expm1(-met))
    slope[yes] = 1.0 / grown
    bend[yes] = -(grown + 1.0) / grown / grown
    mixed = bend * scale * whole + slope * scale
    return Says(each, slope * scale, slope * whole, bend * scale * scale, mixed,
                bend * whole * whole + slope * whole)  # fmt: skip


def additive(theta: NDArray[np.float64], rows: Rows) -> Height:
    """Return the height of an additive hazard at ``theta = (a, b, c)``."""
    return _assembled(rows, said(theta, rows, "additive"))


def weighed(columns: NDArray[np.float64], by: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``columns @ by`` (rows,), on one thread."""
    return np.asarray(np.einsum("rk,k->r", columns, by))


def _assembled(rows: Rows, says: Says) -> Height:
    """Return sums over rows of what each row says of pushes, traits, and pairs of them."""
    size = rows.bins + rows.pushes.shape[1] + rows.traits.shape[1]
    gradient, curvature = np.zeros(size), np.zeros((size, size))
    parts = np.stack(says[1:])
    summed(rows.period, rows.bins, rows.pushes, rows.traits, parts, gradient, curvature)
    lower = np.tril_indices(size, -1)
    curvature[lower] = curvature.T[lower]
    return Height(float(says.each.sum()), gradient, curvature)


def by_link(theta: NDArray[np.float64], rows: Rows, link: str) -> Height:
    """Return the height of a generalised linear model at ``theta = (a, b, c)``."""
    return _assembled(rows, said(theta, rows, link))


def _said_by_link(
    theta: NDArray[np.float64], rows: Rows, link: str, shift: NDArray[np.float64] | None
) -> Says:
    bins, k = rows.bins, rows.pushes.shape[1]
    eta = weighed(rows.pushes, theta[bins : bins + k]) + weighed(rows.traits, theta[bins + k :])
    if bins:
        eta = eta + theta[:bins][rows.period]
    if shift is not None:
        eta = eta + shift
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
    return Says(each, slope, slope, bend, bend, bend)


def slopes_of(says: Says, rows: Rows) -> NDArray[np.float64]:
    """Return the gradient of each row, (rows, parameters)."""
    base = np.zeros((rows.adopted.size, rows.bins))
    if rows.bins:
        base[np.arange(rows.adopted.size), rows.period] = says.push
    return np.hstack([base, says.push[:, None] * rows.pushes, says.trait[:, None] * rows.traits])


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


def chances(
    theta: NDArray[np.float64], rows: Rows, link: str, shift: float | NDArray[np.float64] = 0.0
) -> NDArray[np.float64]:
    """Return the chance to adopt of each row; `shift` is added to its traits."""
    bins, k = rows.bins, rows.pushes.shape[1]
    pushed = weighed(rows.pushes, theta[bins : bins + k])
    if bins:
        pushed = pushed + theta[:bins][rows.period]
    return combined(pushed, weighed(rows.traits, theta[bins + k :]) + shift, link)


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
    # A logarithm keeps the calendar above nothing where there is a prior.
    logs = np.zeros(theta.size, bool)
    logs[: rows.bins] = link == "additive" and pulls.calendar > 0.0

    def at(place: NDArray[np.float64]) -> tuple[Height, float]:
        bare = additive(place, rows) if link == "additive" else by_link(place, rows, link)
        return with_priors(bare, place, link, pulls), bare.value

    now, bare = at(theta)
    steps, free = 0, ~held
    while steps < STEPS:
        steps += 1
        pressed = (theta <= floor) & (now.gradient <= 0.0)
        free = ~(held | pressed)
        step = _within(theta, now, free, np.where(logs, 0.05 * theta, floor))
        if float(step @ now.gradient) <= GAIN * (1.0 + abs(now.value)):
            # The last step gains less than a sum of logarithms can show, but makes values exact.
            theta = theta + step
            now, bare = at(theta)
            break
        size = 1.0
        for _ in range(60):
            place = theta + size * step
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


def _within(
    theta: NDArray[np.float64],
    now: Height,
    free: NDArray[np.bool_],
    least: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return Newton's step where weights have a least: the top of the parabola among those allowed.

    An active set: what meets its least is held there, and set free where the slope then calls.
    """
    low = least - theta
    step, held = np.zeros(theta.size), ~free
    for _ in range(5 * theta.size):
        slope = now.gradient + now.curvature @ step
        toward, moving = np.zeros(theta.size), ~held
        toward[moving] = ascent(-now.curvature[np.ix_(moving, moving)], slope[moving])
        over = np.flatnonzero(moving & (step + toward < low))
        if over.size:
            part = (low[over] - step[over]) / toward[over]
            first = over[np.argmin(part)]
            step += max(float(part.min()), 0.0) * toward
            step[first], held[first] = low[first], True
            continue
        step += toward
        calls = np.where(free & held, now.gradient + now.curvature @ step, 0.0)
        if calls.max() <= 1e-9 * (1.0 + np.abs(now.gradient).max()):
            break
        held[np.argmax(calls)] = False
    return step


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
