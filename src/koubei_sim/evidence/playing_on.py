"""A fitted hazard played on from what was seen: how many will have adopted later, and how surely.

Luck is one reason why nobody knows, the parameters are another: each world has its own draw of
both.  Called by `Hazard.forecast` and `Hazard.simulate` (`changed`, `worlds_of`); `drawn_values`
also by `effects`, for total effects.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import special

from koubei_sim.cascades import checks
from koubei_sim.core.codes import DRAW_HAZARD_RESAMPLE
from koubei_sim.core.draws import units_drawn
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.diffusion import Diffusion
from koubei_sim.evidence.likelihood import Height, additive, by_link, with_priors
from koubei_sim.evidence.worlds import simulate
from koubei_sim.networks import TemporalNetwork

if TYPE_CHECKING:
    import pandas as pd

VALUES, EFFECTS = 2, 3  # the tick of an address
QUANTILES: Final = (0.5, 0.05, 0.95)
MOST_PERIODS: Final = 100_000
FEWEST: Final = 20  # worlds: of fewer, 5 % is less than one
CELLS: Final = 1 << 27  # people times worlds: 1 GB each for periods, and for effects of groups
SWEEPS: Final = 20  # of several weights that rest at 0
FLAT: Final = 1e3
LEAST, MOST = 0.05, 10.0  # of the likelihood lost one standard error on; near a normal law .5


def foretold(fit: Any, record: Diffusion, periods: Any, worlds: Any, rng: Any) -> pd.DataFrame:
    """Return median and 90 % of the number of adopters at later periods; see `Hazard.forecast`."""
    import pandas as pd

    from koubei_sim.looks.frames import Table

    if fit.model.calendar == "periods":
        raise KoubeiError("formula", "a calendar knows no later periods", got=fit.formula,
                          fix="constant in place of calendar")  # fmt: skip
    asked = _later(periods, record)
    count, key = worlds_of(worlds, record.n, FEWEST), checks.key(rng)
    longer = _longer(record, asked[-1])
    theta = drawn_values(fit, count, key, DRAW_HAZARD_RESAMPLE, 0, VALUES)
    scale = None
    if fit.effects is not None:
        theta, scale = theta[:, :-1], _factors(fit, record, count, key)
    at = simulate(fit.model, theta, longer, key, count, link=fit.link, since=record.until + 1,
                  scale=scale)  # fmt: skip
    ends = np.array(asked) - record.start
    adopted = np.stack([(at <= end).sum(axis=1) for end in ends])  # NEVER is later than all
    middle, low, high = np.quantile(adopted, QUANTILES, axis=1, method="inverted_cdf")
    last = record.start + record.periods - 1
    note = f"adopted: median and 90 % of {count} worlds, played on from period {last}"
    when = pd.Index(asked, name="when")
    return Table({"median": middle, "low": low, "high": high}, index=when).told(note=note)


def worlds_of(given: Any, people: int, least: int = 1) -> int:
    """Return a number of worlds of so many people that a memory can hold."""
    return checks.whole("worlds", given, least, max(least, CELLS // max(people, 1)))


def _later(given: Any, record: Diffusion) -> list[int]:
    """Return periods after the record, rising, each once."""
    listed = np.atleast_1d(np.asarray(given, dtype=object)).ravel().tolist()
    if not listed:
        raise KoubeiError("periods", "none given", allowed="periods after the record")
    first = record.start + record.periods
    most = record.start + MOST_PERIODS - 1
    return sorted({checks.whole("periods", one, first, most) for one in listed})


def _longer(record: Diffusion, last: int) -> Diffusion:
    """Return the record with everybody watched to a later period, in which nothing is known."""
    if isinstance(record.network, TemporalNetwork):
        ends = int(np.floor(record.network.time).max(initial=record.start - 1))
        if ends < last:
            raise KoubeiError(
                "periods", "the contacts end before", got=last, allowed=f"up to {ends}",
                fix="a network without times",
            )  # fmt: skip
    other = object.__new__(Diffusion)
    other.__dict__.update(record.__dict__)
    other.periods = last - record.start + 1
    other.until = np.full(record.n, other.periods - 1)
    return other


def _factors(fit: Any, record: Diffusion, worlds: int, key: int) -> NDArray[np.float64]:
    """Return the factor of each person in each world: of a group, as likely as the record says."""
    if fit.link not in ("additive", "cloglog"):
        raise KoubeiError("link", "effects of groups are not played", got=fit.link,
                          allowed="additive, cloglog")  # fmt: skip
    fit.effects.height(fit.values)  # its points and shares are those of the estimates
    of = fit.effects.marginal
    mean, spread = np.zeros(len(record.groups)), np.full(len(record.groups), fit.values[-1])
    known = fit.effects.codes
    mean[known] = (of.shares * of.points).sum(axis=0)
    spread[known] = np.sqrt((of.shares * (of.points - mean[known]) ** 2).sum(axis=0))
    units = units_drawn(mean.size * worlds, key, DRAW_HAZARD_RESAMPLE, 0, EFFECTS)
    normal = np.round(special.ndtri(units.reshape(worlds, mean.size)), 9)
    return np.asarray(np.exp(mean + spread * normal)[:, record.group])


def changed(fit: Any, change: Mapping[str, float] | None) -> NDArray[np.float64]:
    """Return the estimates, some of them with other values."""
    if not isinstance(change, (Mapping, type(None))):
        raise KoubeiError("change", "not values by name", got=repr(change),
                          allowed="a mapping of names of parameters to numbers")  # fmt: skip
    values = fit.values.copy()
    for name, value in (change or {}).items():
        checks.word("change", name, fit.names)
        pushes = fit.names.index(name) < fit.model.bins + fit.rows.pushes.shape[1]
        low = 0.0 if pushes and fit.link == "additive" else -math.inf
        values[fit.names.index(name)] = checks.number(f"change.{name}", value, low)
    return np.asarray(values)


def drawn_values(fit: Any, number: int, key: int, *address: int) -> NDArray[np.float64]:
    """Return parameters drawn from what the data leave open, (number, P).

    A normal law around the top of the likelihood, cut at 0 for what cannot be below.  Weights that
    rest at 0 have the part above 0 of that law, whose mean lies below; all others move with them.

    Parameters
    ----------
    fit : Hazard
    number, key : int
    address : int
        Purpose, replicate and tick of the draws.
    """
    values, free = fit.values, fit.top.free
    known = fit.covariance[np.ix_(free, free)]
    if not np.isfinite(known).all():
        raise KoubeiError("values", "the record leaves them open: no covariance", got=fit.formula)
    _near_normal(fit)
    units = units_drawn(values.size * number, key, *address).reshape(number, values.size)
    out = np.repeat(values[None, :], number, axis=0)
    spread, turn = np.linalg.eigh(known)
    # The symmetric root: the one that does not depend on signs that a library may choose.
    root = (turn * np.sqrt(np.maximum(spread, 0.0))) @ turn.T
    out[:, free] += np.round(special.ndtri(units[:, free]), 9) @ root.T
    if fit.link != "additive":
        return out
    resting = ~free
    resting[values.size - (fit.effects is not None) :] = False  # the spread of effects
    if resting.any():
        bend = -fit.top.curvature
        across = known @ bend[np.ix_(free, resting)]
        # What is left of the bends at 0 where the others take their best values.
        left = bend[np.ix_(resting, resting)] - bend[np.ix_(resting, free)] @ across
        more = SWEEPS * values.size * number if resting.sum() > 1 else units.size
        sweeps = units_drawn(more, key, *address).reshape(-1, number, values.size)
        slope = _height(fit, values).gradient[resting]
        out[:, resting] = _above(slope, left, sweeps[:, :, resting])
        out[:, free] -= out[:, resting] @ across.T
    floor = fit.rows.bins + fit.rows.pushes.shape[1]
    out[:, :floor] = np.maximum(out[:, :floor], 0.0)
    return out


def _near_normal(fit: Any) -> None:
    """Refuse a weight that ran away: one standard error on, the likelihood is not that of a law.

    Only what multiplies and weights of links can (what pushes ends at 0).  Near a normal law half a
    unit of the likelihood is lost; where all or none who have a trait adopt, nothing or thousands.
    """
    pushes = fit.rows.bins + fit.rows.pushes.shape[1]
    first = pushes if fit.link == "additive" else 0
    for k in reversed(range(first, fit.values.size - (fit.effects is not None))):
        step = np.nan_to_num(fit.covariance[:, k]) / fit.errors[k]
        with np.errstate(all="ignore"):  # beyond all numbers is far beyond `MOST`
            lost = [fit.posterior - _height(fit, fit.values + way * step).value for way in (-1, 1)]
        if not (lost[0] > LEAST and lost[1] > LEAST and max(lost) < MOST):
            raise KoubeiError(
                "values", "the record leaves one open: its standard error is no measure of it",
                got=f"{fit.names[k]} {fit.values[k]:.4g} with error {fit.errors[k]:.4g}",
                fix="a formula without it",
            )  # fmt: skip


def _height(fit: Any, values: NDArray[np.float64]) -> Height:
    """Return the height with priors, of pushes that are cut at 0, and its gradient."""
    place = values.copy()
    if fit.link == "additive":
        pushes = fit.rows.bins + fit.rows.pushes.shape[1]
        place[:pushes] = np.maximum(place[:pushes], 0.0)
    if fit.effects is not None:
        modes = fit.effects.marginal.modes
        value, _, gradient = fit.effects.height(place)
        fit.effects.marginal.modes = modes  # a search from far away may not find back
        return Height(value, gradient, fit.top.curvature)
    bare = additive(place, fit.rows) if fit.link == "additive" else by_link(
        place, fit.rows, fit.link
    )  # fmt: skip
    return with_priors(bare, place, fit.link, fit.pulls)


def _above(
    gradient: NDArray[np.float64], bend: NDArray[np.float64], units: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return draws of a normal law at 0 and above, (number, K), by its slope and bend at 0.

    One weight after the other given the rest (Gibbs), in as many sweeps as there are units.
    """
    drawn = np.zeros(units.shape[1:])
    for sweep in units:
        for k in range(gradient.size):
            curve = max(float(bend[k, k]), 0.0)
            slope = gradient[k] - drawn @ bend[k] + drawn[:, k] * bend[k, k]
            root = math.sqrt(curve)
            straight = slope < -FLAT * root  # as good as no bend: an exponential law
            middle = np.where(straight, 0.0, slope / max(root, 1e-150))
            tail = np.log(sweep[:, k]) + special.log_ndtr(middle)
            bent = (middle - special.ndtri_exp(tail)) / max(root, 1e-150)
            falling = -np.log(sweep[:, k]) / np.where(straight, -slope, 1.0)
            drawn[:, k] = np.clip(np.where(straight, falling, bent), 0.0, 1e3)
    return drawn
