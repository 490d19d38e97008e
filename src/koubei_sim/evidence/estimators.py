"""Estimators of contagion that are tried in worlds with known truth.

A hazard by its formula, two of the controls of `controls`, which break what contagion would make
(ties rewired, times shuffled), and matching.  Each is a function of a record; so is one of a
user's own.
Called by `bench`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from koubei_sim.cascades import checks
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.controls import controlled
from koubei_sim.evidence.design import exposures, model_of
from koubei_sim.evidence.diffusion import Diffusion
from koubei_sim.evidence.hazard import hazard
from koubei_sim.evidence.terms import parsed
from koubei_sim.networks import TemporalNetwork

#: Controls: so many records with ties rewired or times shuffled; the p-value is a rank, and 19 are
#: the fewest of which it can be .05.
CONTROLS: Final = 19
NORMAL: Final = 1.959963984540054
FORMULAS: Final = {
    "naive": "constant + ties(share)",
    "calendar": "calendar + ties(share)",
    "calendar + trait": "calendar + trait + ties(share)",
    "calendar + noisy proxy": "calendar + proxy + ties(share)",
}


class Estimate(NamedTuple):
    """What an estimator says of one record; NaN for what it does not say."""

    estimate: float
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan


#: A record and the key of the replicate to an estimate.
Estimator = Callable[[Diffusion, int], Estimate]


def estimator_of(name: str, given: Any) -> Estimator:
    """Return an estimator: one by name, a formula with ties, or a function of one's own.

    Examples
    --------
    >>> estimator_of("own", lambda d: {"estimate": 0.0})(None, 0)
    Estimate(estimate=0.0, low=nan, high=nan, p=nan)
    """
    if callable(given):
        return lambda d, key: read(name, given(d))
    if not isinstance(given, str):
        raise KoubeiError(f"estimators.{name}", "neither a formula nor a function",
                          got=type(given).__name__)  # fmt: skip
    if given in KNOWN:
        return KNOWN[given]
    if "(" not in given and "+" not in given and given.strip() != "ties":
        checks.word("estimators", given, (*FORMULAS, *KNOWN))
    formula = FORMULAS.get(given, given)
    ties = [str(term) for term in parsed(formula) if term.name == "ties"]
    if len(ties) != 1:
        raise KoubeiError(f"estimators.{name}", "not one term ties", got=formula,
                          allowed="a formula with ties in it once")  # fmt: skip
    return lambda d, key: by_hazard(d, formula, ties[0])


def read(name: str, found: Any) -> Estimate:
    """Return what a function of one's own gave back, checked."""
    if isinstance(found, Mapping):
        unknown = [word for word in found if word not in Estimate._fields]
        if unknown or "estimate" not in found:
            raise KoubeiError(f"estimators.{name}", "gave back something else",
                              got=", ".join(map(str, found)),
                              allowed=", ".join(Estimate._fields))  # fmt: skip
        return Estimate(**{word: float(value) for word, value in found.items()})
    try:
        return Estimate(float(found))
    except (TypeError, ValueError):
        raise KoubeiError(f"estimators.{name}", "gave back no estimate", got=repr(found),
                          allowed=", ".join(Estimate._fields)) from None  # fmt: skip


def by_hazard(d: Diffusion, formula: str, term: str) -> Estimate:
    """Return the weight of ties in a hazard, with its profile interval and p-value."""
    fit = hazard(d, formula)
    if term not in fit.names:  # a fading that was estimated is written out
        term = next(name for name in fit.names if name.startswith("ties"))
    return Estimate(fit.value(term), *fit.interval(term), fit.p_value(term))


def _against(control: str) -> Estimator:
    def estimate(d: Diffusion, key: int) -> Estimate:
        if control == "rewired" and isinstance(d.network, TemporalNetwork):
            raise KoubeiError("estimators", "ties of contacts cannot be rewired",
                              got="ties rewired")  # fmt: skip
        found = controlled(hazard(d, FORMULAS["calendar"]), control, key, CONTROLS)
        return Estimate(found.value - float(found.values.mean()), p=found.p)

    return estimate


# Matching ---------------------------------------------------------------------------------------


def matched(d: Diffusion, key: int, by: str = "trait") -> Estimate:
    """Return the difference that exposure makes between people matched on a trait.

    In each period those with an adopter among those they listen to are matched, one to one and with
    replacement, to the person at risk without any whose chance to be exposed, a logistic function
    of the trait, is nearest (Aral, Muchnik and Sundararajan 2009); with one trait that is the
    nearest by the trait.  The difference of their hazards over the difference of their shares
    of adopters is on the scale of b.  Its error counts how often each person serves as a match
    (Abadie and Imbens 2006).
    """
    risk = d.risk()
    shares = exposures(model_of(d, "constant + ties(share)"), d)[:, :, 0]
    trait = d.covariates.get(by)
    if trait is None or trait.dtype.kind != "f":
        raise KoubeiError("estimators.matching", "the record has no such number", got=by)
    exposed = shares[risk.person, risk.period]
    mine: list[NDArray[np.float64]] = []
    other: list[NDArray[np.float64]] = []
    share: list[NDArray[np.float64]] = []
    used = np.zeros(exposed.size)
    for period in range(d.periods):
        rows = np.flatnonzero(risk.period == period)
        yes, no = rows[exposed[rows] > 0.0], rows[exposed[rows] == 0.0]
        if not yes.size or not no.size:
            continue
        order = no[np.argsort(trait[risk.person[no]], kind="stable")]
        near = _nearest(trait[risk.person[order]], trait[risk.person[yes]])
        np.add.at(used, order[near], 1.0)
        mine.append(risk.adopted[yes].astype(np.float64))
        other.append(risk.adopted[order[near]].astype(np.float64))
        share.append(exposed[yes])
    if not mine:
        raise KoubeiError("estimators.matching", "nobody to compare with", got="0 pairs")
    one, two, mean = (np.concatenate(x) for x in (mine, other, share))
    scale = float(mean.mean())
    value = float(one.mean() - two.mean()) / scale
    variance = [float(x.mean() * (1.0 - x.mean())) for x in (one, two)]
    spread = variance[0] / one.size + variance[1] * float(used @ used) / one.size**2
    error = math.sqrt(spread) / scale
    p = 2.0 * float(special.ndtr(-abs(value) / error)) if error > 0.0 else math.nan
    return Estimate(value, value - NORMAL * error, value + NORMAL * error, p)


def _nearest(sorted_: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the place of the nearest of some numbers in order."""
    after = np.clip(np.searchsorted(sorted_, wanted), 1, max(sorted_.size - 1, 1))
    before = after - 1
    after = np.minimum(after, sorted_.size - 1)
    closer = np.abs(sorted_[after] - wanted) < np.abs(sorted_[before] - wanted)
    return np.where(closer, after, before)


KNOWN: Final[dict[str, Estimator]] = {
    "ties rewired": _against("rewired"),
    "times shuffled": _against("times shuffled"),
    "matching": matched,
}
#: What `bench` tries unless told otherwise.
USUAL: Final = (*FORMULAS, *KNOWN)
