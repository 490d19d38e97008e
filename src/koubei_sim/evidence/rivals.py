"""The plainest rivals that every estimate has to beat, and how formulas and own estimators stand
beside them.

An estimator is a function ``fit(d)`` that returns an object with ``predict(d)``, the chance to
adopt of each row of ``d.risk()``; with ``simulate(d, worlds, rng, since=)`` it is also judged by
the curves that it makes.  Called by `judge`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import checks
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.diffusion import NEVER, Diffusion
from koubei_sim.evidence.folds import everybody
from koubei_sim.evidence.kernels.resistance import resistances
from koubei_sim.evidence.terms import listed_words, parsed
from koubei_sim.evidence.worlds import UNIT

#: Plain rivals by formula; `persistence` is no formula.
RIVALS: Final = {
    "calendar": "calendar",
    "Bass": "constant + crowd",
    "Hawkes": "constant + wave(fading=?)",
    "degree": "calendar + degree",
    "popularity": "calendar + degree(side=naming)",
}
STRENGTHS: Final = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 1e6)


class Persistence:
    """The hazard of the last period in one's group carried on, pulled towards the mean hazard.

    ``h = (A + s m) / (R + s)`` with A adoptions of R at risk in the period before, the mean hazard
    m of what it learnt from, and the strength s that fits best there.
    """

    def __init__(self, d: Diffusion) -> None:
        risk = d.risk()
        if not risk.adopted.any():
            raise KoubeiError("record", "nobody adopts while watched", got="0 adoptions")
        self.mean = float(risk.adopted.mean())
        before = carried(d)
        heights = [self._height(d, before, strength) for strength in STRENGTHS]
        self.strength = STRENGTHS[int(np.argmax(heights))]

    def _height(self, d: Diffusion, before: NDArray[Any], strength: float) -> float:
        risk = d.risk()
        h = self._hazard(before, strength)[d.group[risk.person], risk.period]
        h = np.clip(h, 1e-12, 1 - 1e-12)
        return float(np.where(risk.adopted, np.log(h), np.log1p(-h)).sum())

    def _hazard(self, before: NDArray[Any], strength: float) -> NDArray[np.float64]:
        return np.asarray((before[0] + strength * self.mean) / (before[1] + strength))

    def predict(self, d: Diffusion) -> NDArray[np.float64]:
        """Return the chance to adopt of each row at risk."""
        risk = d.risk()
        return self._hazard(carried(d), self.strength)[d.group[risk.person], risk.period]

    def simulate(
        self, d: Diffusion, worlds: int, rng: Any, *, since: int | None = None
    ) -> NDArray[np.float64]:
        """Play it on from a period: (worlds, n) periods of adoption, NaN for never."""
        first = 0 if since is None else since - d.start
        left = np.empty((d.n, worlds), np.int64)
        resistances(np.uint64(checks.key(rng)), 0, left)
        at = np.where(d.seeded | (d.at < first), d.at, NEVER)
        at = np.repeat(at[:, None], worlds, axis=1)
        apart = np.arange(len(d.groups))[:, None] == d.group[None, :]
        for t in range(first, d.periods):
            came = ~d.seeded & (d.entered <= t - 1) & (d.until >= t - 1)
            adopted = apart.astype(np.float64) @ (came[:, None] & (at == t - 1))
            exposed = apart.astype(np.float64) @ (came[:, None] & (at >= t - 1))
            h = self._hazard(np.stack([adopted, exposed]), self.strength)[d.group]
            met = np.floor(-np.log1p(-np.minimum(h, 1 - 1e-12)) * UNIT + 0.5).astype(np.int64)
            open_ = (at == NEVER) & ((d.entered <= t) & (d.until >= t) & ~d.seeded)[:, None]
            left -= np.where(open_, met, 0)
            at[open_ & (left < 0)] = t
        return np.where(at == NEVER, np.nan, at + d.start).T


def carried(d: Diffusion) -> NDArray[np.float64]:
    """Return, of each group and period, how many adopted of how many at risk in the one before."""
    out = np.zeros((2, len(d.groups), d.periods))
    risk = everybody(d).risk()
    place = d.group[risk.person], risk.period + 1
    inside = risk.period + 1 < d.periods
    np.add.at(out[0], (place[0][inside], place[1][inside]), risk.adopted[inside])
    np.add.at(out[1], (place[0][inside], place[1][inside]), 1.0)
    return out


def estimators(formulas: Any, rivals: Any) -> dict[str, Any]:
    """Return all that is judged by name: an estimator, or the formula that it is.

    A formula is text; an own estimator is called.
    """
    found: dict[str, Any] = {}
    for name in _rivals(rivals):
        found[name] = Persistence if name == "persistence" else RIVALS[name]
    given = formulas if isinstance(formulas, Mapping) else _listed(formulas)
    for name, one in given.items():
        if name in found and found[name] != one:
            raise KoubeiError("formulas", "a name twice", got=name, fix="another name")
        if isinstance(one, str):
            parsed(one)
        elif not callable(one):
            raise KoubeiError(f"formulas.{name}", "neither a formula nor a function of a record",
                              got=type(one).__name__)  # fmt: skip
        found[str(name)] = one
    return found


def _rivals(rivals: Any) -> list[str]:
    known = [*RIVALS, "persistence"]
    if rivals is None:
        return known
    return [checks.word("rivals", name, known) for name in listed_words("rivals", rivals)]


def _listed(formulas: Any) -> dict[str, Any]:
    if isinstance(formulas, str) or callable(formulas):
        formulas = [formulas]
    try:
        items = list(formulas)
    except TypeError:
        raise KoubeiError("formulas", "no list of formulas", got=type(formulas).__name__) from None
    found: dict[str, Any] = {}
    for one in items:
        name = one if isinstance(one, str) else getattr(one, "__name__", type(one).__name__)
        if name in found:
            raise KoubeiError("formulas", "given twice", got=name)
        found[name] = one
    return found
