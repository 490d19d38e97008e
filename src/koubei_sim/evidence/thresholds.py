"""Thresholds of adopters (Valente 1996): how many of one's ties had adopted when one did.

A threshold that is seen is not a cause: who adopts late has a high one for that reason alone.
Called by people; drawn by `plots.thresholds`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.diffusion import Diffusion
from koubei_sim.evidence.terms import parsed, push_of
from koubei_sim.looks import Look

if TYPE_CHECKING:
    import pandas as pd

BY_TIME: Final = ("early adopter", "early majority", "late majority", "laggard")
BY_THRESHOLD: Final = ("very low", "low", "high", "very high")


@dataclass(frozen=True, eq=False, repr=False)
class Thresholds(Look):
    """What each adopter was exposed to when adopting.

    Parameters
    ----------
    people : (adopters,) array
        Names.
    times : (adopters,) int64 array
        Period of adoption.
    exposure : (adopters,) float64 array
        Of the term in that period; NaN for who has no ties.
    term : str
    """

    people: NDArray[Any]
    times: NDArray[np.int64]
    exposure: NDArray[np.float64]
    term: str

    @property
    def mean(self) -> float:
        """Mean threshold of those who have ties."""
        return float(np.nanmean(self.exposure))

    def table(self) -> pd.DataFrame:
        """Return a row for each adopter.

        Returns
        -------
        DataFrame
            ``time``, ``threshold``; ``by_time`` (early adopters before mean less one standard
            deviation of all times, laggards after mean plus one; Rogers) and ``by_threshold`` (the
            same of thresholds: very low, low, high, very high).
        """
        import pandas as pd

        from koubei_sim.looks.frames import Table

        return Table(
            {
                "time": self.times,
                "threshold": self.exposure,
                "by_time": classes(self.times.astype(np.float64), BY_TIME),
                "by_threshold": classes(self.exposure, BY_THRESHOLD),
            },
            index=pd.Index(self.people, name="person"),
        )

    def __repr__(self) -> str:
        """Say how many and how high."""
        return f"Thresholds({self.times.size} adopters, mean {self.mean:.3f} of {self.term})"


def thresholds(d: Diffusion, term: str = "ties(share)", *, together: bool = False) -> Thresholds:
    """Return the exposure of each adopter when adopting.

    Parameters
    ----------
    d : Diffusion
        Seeds are no adopters.
    term : str
        A push of a formula: ``ties(share)``, ``ties(count)``, ``crowd``, ...
    together : bool
        Whether those who adopt in the same period count too, as where exposure is read at the end
        of a period; else only those who had adopted before, as in `hazard`.

    Returns
    -------
    Thresholds

    Raises
    ------
    KoubeiError
        In one line: what is no push; a record in which nobody adopts.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> line = kb.Network.from_edges([0, 1, 3], [1, 2, 2])
    >>> found = thresholds(kb.Diffusion(line, [0, 1, 2, None]))
    >>> found.exposure.tolist()
    [nan, 1.0, 0.5]
    """
    if not isinstance(d, Diffusion):
        raise KoubeiError("record", "not a Diffusion", got=type(d).__name__,
                          fix="kb.Diffusion(network, times)")  # fmt: skip
    asked = parsed(term)
    if len(asked) != 1 or asked[0].name not in ("ties", "crowd", "wave"):
        raise KoubeiError("term", "no push of others", got=term, fix="'ties(share)'")
    if together and asked[0].name != "ties":
        raise KoubeiError("together", "of ties only: oneself is in the crowd", got=term)
    rows = np.flatnonzero(d.adopted & ~d.seeded)
    if not rows.size:
        raise KoubeiError("record", "nobody adopts while watched", got="0 adoptions")
    push = push_of(asked[0], d)
    at = np.where(d.adopted & together & (d.at >= 0), d.at - 1, d.at)
    exposed = push.along(at, d.periods)
    if asked[0].name == "ties":
        everybody = push.apply(0, np.ones((d.n, 1)))[:, 0]
        exposed[everybody == 0.0] = np.nan
    return Thresholds(
        d.network.people(rows), d.at[rows] + d.start, exposed[rows, d.at[rows]], str(asked[0])
    )


def classes(values: NDArray[np.float64], names: tuple[str, ...]) -> NDArray[Any]:
    """Return classes cut at mean less, at, and plus one standard deviation; "" where unknown.

    Examples
    --------
    >>> classes(np.array([1.0, 3.0, 4.0, 5.0, 9.0]), BY_TIME).tolist()[:3]
    ['early adopter', 'early majority', 'early majority']
    """
    known = np.isfinite(values)
    mean, spread = values[known].mean(), values[known].std(ddof=1) if known.sum() > 1 else 0.0
    place = np.searchsorted([mean - spread, mean, mean + spread], values, side="left")
    found = np.array([*names, ""])
    return np.asarray(found[np.where(known, np.minimum(place, 3), 4)])
