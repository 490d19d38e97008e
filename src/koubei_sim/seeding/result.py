"""`Seeds`: who was chosen, whom they reach, and what no choice exceeds.  Made by `maximise`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

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


@dataclass(frozen=True, eq=False, repr=False)
class Seeds:
    """The people chosen, with a proof.

    Parameters
    ----------
    seeds : (k,) array
        Best first: the first j are the choice for j.  Labels where the network has them, or rows.
    reach : Reach
        Of all of them, with `given`.  Seeds count as reached.
    at_most : float
        No `k` people who may be chosen reach more.
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
    """

    seeds: NDArray[Any]
    reach: Reach
    at_most: float
    ratio: float
    curve: NDArray[np.float64]
    stopped: str
    sets: int
    pairs: int
    target: float
    delta: float
    key: int
    rule: Any
    horizon: float | None
    seconds: float

    def table(self) -> pd.DataFrame:
        """Return a row for each seed, best first: ``seed``, ``reach`` up to it, ``gain`` by it."""
        import pandas as pd

        return pd.DataFrame(
            {"seed": self.seeds, "reach": self.curve[1:], "gain": np.diff(self.curve)},
            index=pd.RangeIndex(1, len(self.seeds) + 1, name="number"),
        )

    def __repr__(self) -> str:
        """Say reach, bound and what is proven, in one line."""
        low, high = self.reach.low, self.reach.high
        short = "" if self.ratio >= self.target else f" (target {self.target:.0%} not reached)"
        return (
            f"Seeds({len(self.seeds)} people, reach {self.reach.mean:.6g} in "
            f"{low:.6g}..{high:.6g}, none reach more than {self.at_most:.6g}: "
            f"{self.ratio:.1%} proven{short})"
        )
