"""`Seeds` and `Fewest`: who was chosen, whom they reach, and what no choice can better.

Made by `maximise` and `fewest`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.looks import Look, money_text, wrapped

if TYPE_CHECKING:
    import pandas as pd


class Reach(NamedTuple):
    """Expected number of people reached, or sum of what they count, with bounds.

    Parameters
    ----------
    mean : float
        Estimate from sets that had no part in the choice.
    low, high : float
        Bounds.
    """

    mean: float
    low: float
    high: float


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Chosen(Look):
    """People chosen on reverse sets, best first, and how they were found."""

    seeds: NDArray[Any]
    reach: Reach
    ratio: float
    curve: NDArray[np.float64]
    stopped: str
    sets: int
    pairs: int
    target: float
    delta: float
    key: int
    rule: Any
    seconds: float
    horizon: float | None = None
    costs: NDArray[np.float64] | None = None
    currency: str = ""

    @property
    def cost(self) -> float | None:
        """What all of them cost together, where costs were given."""
        return None if self.costs is None else math.fsum(self.costs)

    def table(self) -> pd.DataFrame:
        """Return a row for each seed, best first: ``seed``, ``reach`` up to it, ``gain`` by it.

        Where costs were given, ``cost`` of each, ``spent`` up to it, and ``per_1000``: people
        reached more for 1,000 spent on this one.
        """
        import pandas as pd

        from koubei_sim.looks.frames import Table

        columns = {"seed": self.seeds, "reach": self.curve[1:], "gain": np.diff(self.curve)}
        if self.costs is not None:
            columns |= {"cost": self.costs, "spent": np.cumsum(self.costs)}
            columns["per_1000"] = 1000.0 * np.diff(self.curve) / self.costs
        found = Table(columns, index=pd.RangeIndex(1, len(self.seeds) + 1, name="number"))
        return found.told(note=f"costs as given, in {self.currency}" if self.currency else "")

    def _reached(self) -> str:
        paid = "" if self.cost is None else f" for {money_text(self.cost, self.currency)}"
        low, high = self.reach.low, self.reach.high
        return (
            f"{len(self.seeds)} people{paid}, reach {self.reach.mean:.6g} in {low:.6g}..{high:.6g}"
        )

    def _missed(self) -> str:
        return "" if self.ratio >= self.target else f" (target {self.target:.0%} not reached)"


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Seeds(Chosen):
    """The people chosen, with a proof.

    Parameters
    ----------
    seeds : (k,) array
        Best first: the first j are the choice for j.  Labels where the network has them, or rows.
    reach : Reach
        Of all of them, with `given`.  Seeds count as reached.
    at_most : float
        No other choice within the limits reaches more.
    ratio : float
        Proven share of the best: ``reach.low / at_most``.
    curve : (k + 1,) float64 array
        Estimated reach of the first 0, 1, .. k seeds; `given` alone at 0.
    stopped : {"target", "sets", "memory"}
        Why sampling ended: target reached, or no more sets allowed, or no more memory.
    sets, pairs : int
        How many sets were made, both collections together, and pairs of person and set.
    target, delta, key, rule, horizon
        As asked; all bounds together hold with probability 1 - delta.
    seconds : float
        Wall time.
    costs : (k,) float64 array or None
        What each of them costs, where costs were given.
    currency : str
        What their money is called; empty where that was not said.
    """

    at_most: float

    def __repr__(self) -> str:
        """Say reach, bound and what is proven, in one line."""
        return wrapped(
            f"Seeds({self._reached()}, none reach more than {self.at_most:.6g}: "
            f"{self.ratio:.1%} proven{self._missed()})"
        )


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Fewest(Chosen):
    """The people found to be enough, and how many any choice needs.

    Parameters
    ----------
    seeds : (k,) array
        Best first.  Labels where the network has them, or rows.
    wanted : float
        The reach that was asked for.
    at_least : int
        No fewer people reach `wanted`; one more than may be chosen where all of them do not.
    ratio : float
        ``at_least / k``: 1 where no choice is smaller, 0 where `wanted` could not be proven.
    reach : Reach
        Of all of them, with `given`.  ``low`` is `wanted`, or what the seeds count themselves if
        that is more: the number of seeds was chosen on the sets that judge them, so that the mean
        lies a little high, and no more than that is proven.
    curve : (k + 1,) float64 array
        Estimated reach of the first 0, 1, .. k seeds; `given` alone at 0.
    stopped : {"target", "sets", "memory"}
        Why sampling ended: target reached, or no more sets allowed, or no more memory.
    sets, pairs : int
        How many sets were made, both collections together, and pairs of person and set.
    target, delta, key, rule
        As asked; all bounds together hold with probability 1 - delta.
    seconds : float
        Wall time.
    """

    wanted: float
    at_least: int

    def __repr__(self) -> str:
        """Say how many are enough and how many are needed, in one line."""
        found = "proven" if self.reach.low >= self.wanted else "NOT proven"
        return wrapped(
            f"Fewest({self._reached()}; {self.wanted:.6g} is {found}, "
            f"no fewer than {self.at_least} can{self._missed()})"
        )
