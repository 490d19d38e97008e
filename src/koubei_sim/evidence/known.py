"""`World`: records whose truth is known: ties with homophily, a trait, a calendar, contagion b.

People who are alike are tied (homophily), and the trait that makes them alike makes them adopt; so
neighbours adopt together where nobody tells anybody anything.  The trial of an estimator is whether
it can tell that from contagion (Shalizi and Thomas 2011).
Called by `bench`, and by people who want one record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import special

from koubei_sim.cascades import checks
from koubei_sim.core import draws
from koubei_sim.core.codes import DRAW_WORLD_PEOPLE, DRAW_WORLD_TIES
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.diffusion import Diffusion
from koubei_sim.evidence.worlds import as_record, simulate, truth
from koubei_sim.networks import Network

TRAIT, PROXY = 0, 1  # the tick of an address
FORMULA: Final = "calendar + trait + ties(share)"


def hump(periods: int, level: float) -> list[float]:
    """Return base hazards that rise and fall, with mean `level`.

    Examples
    --------
    >>> [round(h, 3) for h in hump(3, 0.03)]
    [0.022, 0.045, 0.022]
    """
    shape = np.sin(np.pi * (np.arange(periods) + 0.5) / periods)
    return [float(h) for h in level * shape / shape.mean()]


@dataclass(frozen=True)
class World:
    """A family of records with known truth, one a replicate.

    Parameters
    ----------
    homophily : float
        Of the ties that a person makes, the share that goes to people with nearly the same trait,
        0 .. 1; the others go to anybody.  It is the correlation of the trait over ties.
    contagion : float
        b: what the hazard of a period grows by when all those one listens to have adopted.
    trait : float
        Logarithm of the factor of the hazard for one standard deviation of the trait more.
    people, periods : int
    ties : int
        Each person names half as many; ties are mutual, and two who name each other have one, so
        the mean number of ties is a little smaller.  Even.
    calendar : float or list, optional
        Mean base hazard of a period, which rises and falls (`hump`); or one for each period.
    proxy : float
        Correlation of the covariate ``proxy`` with the trait.

    Notes
    -----
    A record has the covariates ``trait`` and ``proxy``.  Worlds of one key differ only by what was
    changed: the luck of each person, its trait, whom it would name near and far are the same.

    Examples
    --------
    >>> world = World(homophily=0.6, contagion=0.1, people=500)
    >>> d = world.record(7)
    >>> sorted(d.covariates), d.n, d.periods
    (['proxy', 'trait'], 500, 20)
    """

    homophily: float = 0.0
    contagion: float = 0.0
    trait: float = 1.0
    people: int = 1500
    periods: int = 20
    ties: int = 8
    calendar: float | Sequence[float] = 0.02
    proxy: float = 0.75
    base: tuple[float, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse what is no world."""
        checks.number("world.homophily", self.homophily, 0.0, 1.0)
        checks.number("world.contagion", self.contagion, 0.0, 100.0)
        checks.number("world.trait", self.trait, -10.0, 10.0)
        checks.number("world.proxy", self.proxy, -1.0, 1.0)
        checks.whole("world.people", self.people, 10)
        checks.whole("world.periods", self.periods, 1)
        if checks.whole("world.ties", self.ties, 2) % 2 or self.ties >= self.people // 2:
            raise KoubeiError("world.ties", "not an even number of ties", got=self.ties,
                              allowed=f"2, 4, .. below {self.people // 2}")  # fmt: skip
        if np.ndim(self.calendar) == 0:
            level = checks.number("world.calendar", self.calendar, 0.0, 10.0)
            found = hump(self.periods, level)
        else:
            found = checks.values("world.calendar", self.calendar, 0.0, 10.0).tolist()
            if len(found) != self.periods:
                raise KoubeiError("world.calendar", "not one a period", got=len(found),
                                  allowed=str(self.periods))  # fmt: skip
        object.__setattr__(self, "base", tuple(found))

    @property
    def truth(self) -> float:
        """What an estimator of contagion should find."""
        return float(self.contagion)

    def record(self, rng: Any, replicate: int = 0) -> Diffusion:
        """Return the record of one replicate, wholly seen."""
        key = checks.key(rng)
        trait = _normal(self.people, key, replicate, TRAIT)
        noise = _normal(self.people, key, replicate, PROXY)
        proxy = self.proxy * trait + np.sqrt(1.0 - self.proxy**2) * noise
        network = homophilous(trait, self.ties, self.homophily, key, replicate)
        empty = Diffusion(
            network, [None] * self.people, self.periods, start=1,
            covariates={"trait": trait, "proxy": proxy},
        )  # fmt: skip
        model, values = truth(empty, FORMULA, {
            "calendar": np.array(self.base), "trait": self.trait, "ties(share)": self.contagion,
        })  # fmt: skip
        return as_record(empty, simulate(model, values, empty, key, 1, first=replicate)[0])


def _normal(n: int, key: int, replicate: int, tick: int) -> NDArray[np.float64]:
    units = draws.units_drawn(n, key, DRAW_WORLD_PEOPLE, replicate, tick)
    return np.round(special.ndtri(units), 9)


def homophilous(
    trait: NDArray[np.float64], ties: int, homophily: float, key: int, replicate: int
) -> Network:
    """Return a mutual network in which a share of the ties goes to people with a near trait.

    Each person names ``ties / 2`` people: with chance `homophily` one of the ``ties`` nearest
    above or below by the rank of the trait, else anybody.
    """
    n, half = trait.size, ties // 2
    order = np.argsort(trait, kind="stable")
    rank = np.empty(n, np.int64)
    rank[order] = np.arange(n)
    named = np.empty((half, n), np.int64)
    for k in range(half):
        whom = draws.units_drawn(n, key, DRAW_WORLD_TIES, replicate, k, 0)
        near = draws.units_drawn(n, key, DRAW_WORLD_TIES, replicate, k, 1) < homophily
        step = np.floor(whom * 2 * ties).astype(np.int64) - ties
        step += step >= 0  # -ties .. -1, 1 .. ties
        goal = rank + step
        # Beyond the ends of the order people turn round: 2 places beyond is 2 places inside.
        goal = np.where(goal < 0, -goal, np.where(goal >= n, 2 * (n - 1) - goal, goal))
        far = np.floor(whom * (n - 1)).astype(np.int64)
        far += far >= np.arange(n)
        named[k] = np.where(near, order[goal], far)
    return Network.from_edges(np.tile(np.arange(n), half), named.ravel(), n=n, directed=False)
